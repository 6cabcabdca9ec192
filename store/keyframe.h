/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_KEYFRAME_H
#define VEGA_STORE_KEYFRAME_H
/*
 * A slice of a keyframe: up to 256 entries of a state table, and what its fold knew, as a block of the file whose records go on from it.
 *
 *	0           256                  320                              stored_bytes
 *	+-----------+--------------------+-----------------+-----+--------+---------+
 *	| block hdr | vega_keyframe_hdr  | columns, zstd   | 0.. | length | padding |
 *	+-----------+--------------------+-----------------+-----+--------+---------+
 *
 * All entries of a slice are of one position of the lane. A keyframe is all its slices; one that misses any is none. An entry keeps all
 * but its lock and its events. The bytes are drawn in docs/JOURNAL-FORMAT.md.
 */
#include "hugepages/fold_keep.h"
#include "hugepages/vega_block.h"
#include "hugepages/vega_state.h"

#define VEGA_KEYFRAME_SLICE_CNT 256u /* entries of a slice */

/* The most bytes that a slice can have before zstd. */
#define VEGA_KEYFRAME_PLAIN_BYTES (336u << 10)

/* Which slice of which keyframe. */
struct vega_keyframe_slice {
	uint64_t generation;
	uint64_t number;          /* of the keyframe, in its file's lane */
	uint64_t position;        /* of that lane: what is before it is in the entries */
	uint64_t record_position; /* the same, in the feed's record lane */
	uint64_t epoch_ns;        /* in force there */
	uint64_t recv_ns;         /* of the last packet before it */
	uint32_t entry_total;     /* of the keyframe, 1 to VEGA_INSTRUMENT_CNT_MAX */
	uint32_t slice;           /* 0 and up */
};

static inline uint32_t
vega_keyframe_slice_cnt(uint32_t entry_total)
{
	return (entry_total + VEGA_KEYFRAME_SLICE_CNT - 1) / VEGA_KEYFRAME_SLICE_CNT;
}

/* Entries of a slice; 0: it has no such slice. */
static inline uint32_t
vega_keyframe_entry_cnt(const struct vega_keyframe_slice *slice)
{
	const uint64_t first = (uint64_t)slice->slice * VEGA_KEYFRAME_SLICE_CNT;
	const uint64_t left = first < slice->entry_total ? slice->entry_total - first : 0;

	return left < VEGA_KEYFRAME_SLICE_CNT ? (uint32_t)left : VEGA_KEYFRAME_SLICE_CNT;
}

/* Working memory of making or opening slices. */
struct vega_keyframe_work;

int vega_keyframe_work_new(struct vega_keyframe_work **ret_work) VEGA_MUST_CHECK;
void vega_keyframe_work_delete(struct vega_keyframe_work *work);

/* Room that a slice's block may take, the header's and the padding included; a multiple of 4096. */
uint64_t vega_keyframe_block_bytes(void);

/*
 * Params: entries	vega_keyframe_entry_cnt of them; nobody writes them meanwhile
 *	   kept		of the fold, in slice 0; else not looked at
 *	   hdr		4096-aligned, vega_keyframe_block_bytes; all but day, times and the writer's fields is set
 * Cost: no allocation; a fraction of a millisecond.
 */
void vega_keyframe_make(const struct vega_keyframe_slice *slice,
	const struct vega_state_entry *entries, const struct vega_fold_kept *kept,
	struct vega_keyframe_work *work, struct vega_block_hdr *hdr);

/*
 * Which slice a block is, whose checksums hold; who wrote it may be hostile.
 *
 * Returns 0, or -EBADMSG without a message.
 */
int vega_keyframe_look(
	const struct vega_block_hdr *hdr, struct vega_keyframe_slice *ret_slice) VEGA_MUST_CHECK;

/*
 * All of it.
 *
 * Params: entries	VEGA_KEYFRAME_SLICE_CNT
 *	   ret_kept	of slice 0; else left alone
 * Returns 0, or -EBADMSG without a message; entries are any then.
 */
int vega_keyframe_open(const struct vega_block_hdr *hdr, struct vega_keyframe_work *work,
	struct vega_keyframe_slice *ret_slice, struct vega_state_entry *entries,
	struct vega_fold_kept *ret_kept) VEGA_MUST_CHECK;

#endif
