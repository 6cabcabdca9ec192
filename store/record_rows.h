/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_RECORD_ROWS_H
#define VEGA_STORE_RECORD_ROWS_H
/*
 * Records of a feed one by one, each with what must be known to read it alone: its packet, its times, its symbol.
 *
 * TIME and WIDE are no rows: they are put into the record that they belong to.
 */
#include <stdbool.h>

#include "hugepages/base/attr.h"
#include "store/vega_journal.h"

struct vega_record_row {
	const union vega_record *record; /* valid until the next call, as all that is pointed to */
	const union vega_record *wide;   /* its high halves; NULL: none */
	const char *feed;
	const char *symbol; /* "" when unknown */
	uint64_t position;
	uint64_t recv_ns; /* of its packet; 0 unknown */
	uint64_t exch_ns; /* 0 unknown */
	uint64_t seq;     /* first sequence of its packet; UINT64_MAX: none */
	uint64_t frame;   /* of its packet; UINT64_MAX: not in the journal */
	uint32_t channel;
	uint32_t token;
	uint32_t price_scale;
	uint8_t line;     /* 'A', 'B'; 0 unknown */
	bool has_channel; /* false: no packet is known */
	bool has_token;
};

struct vega_record_rows;

/*
 * Params: want		which records; where it begins within a day, the definitions of that day are read first
 *	   instrument	a token, or a symbol; NULL: all
 * Returns 0, -EINVAL, -ENOMEM.
 */
int vega_record_rows_open(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_records_want *want, const char *instrument,
	struct vega_record_rows **ret_rows) VEGA_MUST_CHECK;
void vega_record_rows_close(struct vega_record_rows *rows);

/* Returns 1 and a row, 0 at the end, or a negative errno. */
int vega_record_rows_next(struct vega_record_rows *rows, struct vega_record_row *ret_row);

#endif
