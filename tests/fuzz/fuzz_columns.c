/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record block of any bytes: refused, or records that encode and decode to themselves.
 *
 * The first two bytes are the record count. Then the bytes are also taken as records, which must come back.
 */
#include <errno.h>
#include <string.h>

#include "store/columns.h"
#include "tests/fuzz/fuzz.h"

#define CNT_MAX 4096u

static void
round_trip(struct vega_columns *columns, const union vega_record *records, uint32_t cnt)
{
	static uint8_t to[1 + CNT_MAX * VEGA_RECORD_BYTES];
	static union vega_record back[CNT_MAX];
	size_t bytes;

	FUZZ_CHECK(vega_columns_bound(cnt) <= sizeof(to));
	bytes = vega_columns_encode(columns, records, cnt, VEGA_COLUMNS_LIVE, to);
	FUZZ_CHECK(bytes <= vega_columns_bound(cnt));
	FUZZ_CHECK(vega_columns_decode(columns, to, bytes, cnt, back) == 0);
	FUZZ_CHECK(memcmp(back, records, cnt * sizeof(*back)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct vega_columns *columns;
	static union vega_record records[CNT_MAX];
	uint32_t cnt;
	int rc;

	if (columns == NULL)
		FUZZ_CHECK(vega_columns_new(&columns) == 0);
	if (bytes < 2)
		return 0;
	cnt = (data[0] | (uint32_t)data[1] << 8) % CNT_MAX + 1;
	rc = vega_columns_decode(columns, data + 2, bytes - 2, cnt, records);
	FUZZ_CHECK(rc == 0 || rc == -EBADMSG);
	if (rc == 0)
		round_trip(columns, records, cnt);
	cnt = (uint32_t)(bytes / VEGA_RECORD_BYTES);
	if (cnt != 0 && cnt <= CNT_MAX) {
		memcpy(records, data, cnt * sizeof(*records));
		round_trip(columns, records, cnt);
	}
	return 0;
}
