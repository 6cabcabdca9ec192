/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LZO1Z: the first two bytes are the room of the output, the rest is the stream.
 */
#include <errno.h>

#include "capture/feed/lzo1z.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *out;
	uint32_t room;
	int rc;

	if (bytes < 2)
		return 0;
	room = (uint32_t)(data[0] << 8 | data[1]);
	out = malloc(
		room != 0 ? room : 1); /* exactly that, so that a sanitizer sees a byte too far */
	FUZZ_CHECK(out != NULL);
	rc = vega_lzo1z_decode(data + 2, (uint32_t)(bytes - 2), out, room);
	FUZZ_CHECK(rc == -EBADMSG || (rc >= 0 && (uint32_t)rc <= room));
	free(out);
	return 0;
}
