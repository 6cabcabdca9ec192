/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_STATES_H
#define VEGA_CAPTURE_STATES_H
/*
 * The state polls of a capture's feeds, one after the other, on the drain's thread.
 */
#include <stdio.h>

#include "capture/plan.h"
#include "hugepages/region.h"
#include "hugepages/state.h"

/* How far the drain is behind a book lane; all NULL: the feed has none. */
struct vega_states_book {
	const struct vega_state_table *table;
	const uint64_t *drained;
	uint64_t slack; /* records */
};

struct vega_states {
	struct vega_state_feed *feeds[VEGA_FEED_CNT_MAX];
	uint32_t feed_idx[VEGA_FEED_CNT_MAX]; /* whose they are, in the region */
	struct vega_states_book books[VEGA_FEED_CNT_MAX];
	uint32_t cnt;
	bool waits; /* for the drain of book lanes: the source is lossless */
};

/* One for each feed that has a state table. Returns 0, -ENOMEM (69). Life: the caller deletes it, then the region. */
int vega_states_new(const struct vega_plan *plan, const struct vega_region *region,
	struct vega_states *ret_states) VEGA_MUST_CHECK;
void vega_states_delete(struct vega_states *states);

/* Each polled once, but one that waits. Returns records taken; 0: none is new. */
unsigned vega_states_poll(struct vega_states *states);

/*
 * Was a table or a book too small? One feed at a time.
 *
 * Params: text		what to say about it, with the key to raise
 * Returns false where all of the feed had room.
 */
bool vega_states_full(
	const struct vega_region *region, uint32_t feed_idx, char *text, size_t bytes);

#endif
