/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_RECORD_BLOCK_H
#define VEGA_STORE_RECORD_BLOCK_H
/*
 * A block of records: from records to a data block that the writer takes, and back.
 *
 *	0           256                288                                stored_bytes
 *	+-----------+------------------+-----------------+-----+--------+---------+
 *	| block hdr | vega_records_hdr | as the codec has| 0.. | length | padding |
 *	+-----------+------------------+-----------------+-----+--------+---------+
 */
#include "hugepages/vega_block.h"
#include "hugepages/vega_record.h"
#include "store/columns.h"

/* A run of records without a hole, and what was known in front of it. */
struct vega_record_run {
	const union vega_record *records;
	uint32_t cnt; /* 1 to VEGA_COLUMNS_RECORD_CNT_MAX */
	uint32_t day; /* YYYYMMDD */
	uint64_t position;
	uint64_t generation;
	uint64_t recv_ns;               /* of the last PACKET; 0: none yet. Moved on */
	struct vega_record_clock clock; /* moved on */
	enum vega_seal seal;
};

/* Room that a block of so many records may take, the header's and the padding included; a multiple of 4096. */
uint64_t vega_record_block_bytes(uint32_t cnt);

/*
 * Params: columns	working memory; NULL: VEGA_CODEC_PLAIN
 *	   hdr		4096-aligned, vega_record_block_bytes(run->cnt); all but the writer's fields is set
 */
void vega_record_block_make(
	struct vega_record_run *run, struct vega_columns *columns, struct vega_block_hdr *hdr);

/*
 * The records of a block whose checksums hold; who wrote it may be hostile.
 *
 * Params: columns	working memory
 *	   to		VEGA_COLUMNS_RECORD_CNT_MAX records
 * Returns 0: hdr->record_cnt records and the epoch in force at the first; or -EBADMSG, without a message.
 */
int vega_record_block_open(const struct vega_block_hdr *hdr, struct vega_columns *columns,
	union vega_record *to, uint64_t *ret_epoch_ns) VEGA_MUST_CHECK;

#endif
