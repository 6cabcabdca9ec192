/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_STATE_PAST_H
#define VEGA_STORE_STATE_PAST_H
/*
 * The state of a feed's instruments at an instant T of a journal: that of the last capture that had begun by then, before the first packet that it
 * received after T.
 *
 *	place	by index: the lane's files, and the block that T ends in
 *	find	the last whole keyframe before that block; none: the capture's start
 *	fold	the records from the keyframe's first slice on, up to T; each other slice is laid over where the fold comes to its position
 *
 * Cost: the index of each file that is looked into, a keyframe, the records behind it.
 */
#include "hugepages/fold.h"
#include "hugepages/vega_state.h"
#include "store/reader.h"

struct vega_state_past_want {
	uint64_t at_ns;
	uint64_t capacity; /* of the table; 0: as many as there are */
	bool from_start;   /* leave the keyframes alone */
};

struct vega_state_past {
	struct vega_state_view view;
	struct vega_state_table *table; /* NULL: nothing was captured by then, or only orders */
	uint64_t table_bytes;
	uint64_t generation; /* 0: nothing was captured by then */
	uint64_t position;   /* of the lane: what is before it is in the table */
	uint64_t keyframe_position;
	uint64_t record_cnt; /* that were folded */
	uint64_t damaged;    /* extents that were passed over */
	uint32_t price_scale;
	bool has_keyframe;
	bool is_book;    /* the lane is the feed's book lane */
	bool has_orders; /* alone: it needs books, and none were journalled */
};

/* Params: journal	of vega_journal_open_lazy. Returns 0, -ENOMEM, -EIO. Life: the caller clears it. */
int vega_state_past_make(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_state_past_want *want, struct vega_state_past *ret_past) VEGA_MUST_CHECK;
void vega_state_past_clear(struct vega_state_past *past);

#endif
