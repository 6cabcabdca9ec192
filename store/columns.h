/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_COLUMNS_H
#define VEGA_STORE_COLUMNS_H
/*
 * Records, small: each as a class, a time and what differs from the last record like it, then zstd. A block starts fresh, so each
 * decodes alone. The bytes are drawn in columns.c and docs/JOURNAL-FORMAT.md. The codec of block headers: VEGA_CODEC_COLUMNS.
 */
#include <stddef.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_record.h"

#define VEGA_CODEC_PLAIN   0u /* records as they lie */
#define VEGA_CODEC_COLUMNS 2u /* 1 was a draft that no reader knows */

#define VEGA_COLUMNS_RECORD_CNT_MAX 131072u /* of a block: 4 MiB of records */

/* How hard to try. */
enum vega_columns_effort {
	VEGA_COLUMNS_LIVE = 0, /* keeps up with a lane */
	VEGA_COLUMNS_BEST = 1  /* for sealed files */
};

struct vega_columns; /* working memory of one thread, for both directions */

int vega_columns_new(struct vega_columns **ret_columns) VEGA_MUST_CHECK; /* 0 or -ENOMEM */
void vega_columns_delete(struct vega_columns *columns);

/* Bytes that `cnt` records never exceed. */
size_t vega_columns_bound(uint32_t cnt);

/*
 * Params: cnt	1 to VEGA_COLUMNS_RECORD_CNT_MAX records: any words at all
 *	   to	vega_columns_bound(cnt) bytes
 * Returns bytes written.
 */
size_t vega_columns_encode(struct vega_columns *columns, const union vega_record *records,
	uint32_t cnt, enum vega_columns_effort effort, void *to);

/*
 * Params: from	any bytes at all
 *	   to	cnt records, exactly what was encoded
 * Returns 0, or -EBADMSG: not that many records, or damaged (what `to` holds then means nothing).
 */
int vega_columns_decode(struct vega_columns *columns, const void *from, size_t bytes, uint32_t cnt,
	union vega_record *to) VEGA_MUST_CHECK;

#endif
