/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_KEYFRAME_DRAIN_H
#define VEGA_STORE_KEYFRAME_DRAIN_H
/*
 * When a state table goes into the journal, and which slice is next. The drain of the lane that the table is a fold of lays the blocks.
 *
 * A keyframe is begun once so many records or so much time went by since the one before was begun, or the trading day has rolled; but not
 * before there were three records for each four bytes that that one took (docs/decisions/0013-keyframes.md).
 *
 * Threads: that of the state poll, which is the drain's.
 */
#include "hugepages/state.h"
#include "store/keyframe.h"

struct vega_keyframes;

/* When: 0 of both: never. */
struct vega_keyframes_conf {
	uint64_t interval_ns; /* 0: time does not count */
	uint64_t record_cnt;  /* 0: records do not count */
};

/* Params: state	outlives it. Returns 0, -ENOMEM, -EBADMSG (no table). */
int vega_keyframes_new(const struct vega_state_feed *state, const struct vega_keyframes_conf *conf,
	struct vega_keyframes **ret_keyframes) VEGA_MUST_CHECK;
void vega_keyframes_delete(struct vega_keyframes *keyframes);

/*
 * The next slice, where one is due.
 *
 * Params: day	YYYYMMDD of the records that are laid now; 0: not known yet
 *	   hdr	as vega_keyframe_make
 * Returns false: none is. Cost: a slice made, no allocation.
 */
bool vega_keyframes_next(struct vega_keyframes *keyframes, uint64_t now_ns, uint32_t day,
	struct vega_block_hdr *hdr);

#endif
