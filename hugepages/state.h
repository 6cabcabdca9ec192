/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_STATE_H
#define VEGA_HUGEPAGES_STATE_H
/*
 * The state poll: an ordinary reader of a feed's record lane that keeps its state table, and its books where it has orders.
 *
 *	record lane -> (book.h -> book lane) -> fold.h -> state table
 *
 * Runs on the drain's thread or its own; rx pays nothing for it. It takes whole packets. Where it was lapped it goes on with the next
 * packet, and all is stale until it is sound again.
 *
 *	P1 poll	store the table's `record_position`, release, when what is before it was taken
 *	P2 rx	load it, acquire; pairs with P1: a lossless source does not lap the poll
 */
#include "hugepages/book.h"
#include "hugepages/fold.h"
#include "hugepages/ring.h"

struct vega_state_feed;

struct vega_state_conf {
	const struct vega_record_lane *lane; /* NULL: records come by vega_state_take alone */
	uint64_t lane_bytes;
	struct vega_record_lane *book_lane; /* NULL: a feed of levels */
	uint64_t book_lane_bytes;
	struct vega_state_table *table;
	uint64_t order_cnt;
	bool modify_adds; /* see vega_book_conf */
};

/* Returns 0, -ENOMEM, or -EBADMSG when a lane is none. Life: the caller deletes it, then the lanes. */
int vega_state_feed_new(
	const struct vega_state_conf *conf, struct vega_state_feed **ret_feed) VEGA_MUST_CHECK;
void vega_state_feed_delete(struct vega_state_feed *feed);

/* The fold that it keeps the table by, between polls, on their thread; fold->table->table is the table. */
const struct vega_fold *vega_state_feed_fold(const struct vega_state_feed *feed);

/*
 * Take what is new, at most 256 records and whole packets where that is enough for one.
 *
 * Returns records taken; 0: none is new. Cost: no allocation, no call of the kernel.
 */
unsigned vega_state_poll(struct vega_state_feed *feed);

/*
 * The same from a journal's records, a batch after the other: whole events, in order.
 *
 * Params: position	of the first; where it is not the one behind the last batch, what lies between was lost
 *	   epoch_ns	in force at the first
 */
void vega_state_take(struct vega_state_feed *feed, const union vega_record *records, uint64_t cnt,
	uint64_t position, uint64_t epoch_ns);

#endif
