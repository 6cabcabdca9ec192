/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_LZO1Z_STORE_H
#define VEGA_TESTS_LZO1Z_STORE_H
/*
 * The simplest LZO1Z stream: all bytes as literals, and the end marker.
 */
#include <stdint.h>
#include <string.h>

/* Returns the stream's bytes; `to` has room for bytes + bytes / 255 + 8. */
static inline uint32_t
lzo1z_store(const uint8_t *from, uint32_t bytes, uint8_t *to)
{
	static const uint8_t end[] = {0x11, 0, 0};
	uint32_t at = 0;

	if (bytes != 0 && bytes <= 238) {
		to[at++] = (uint8_t)(17 + bytes);
	} else if (bytes != 0) {
		uint32_t more = bytes - 3 - 15;

		to[at++] = 0;
		for (; more > 255; more -= 255)
			to[at++] = 0;
		to[at++] = (uint8_t)more;
	}
	memcpy(to + at, from, bytes);
	memcpy(to + at + bytes, end, sizeof(end));
	return at + bytes + (uint32_t)sizeof(end);
}

#endif
