/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_H
#define VEGA_HUGEPAGES_BOOK_H
/*
 * Full order books: the records of a feed of orders become the records of its book lane.
 *
 *	ORDER_*, TRADE + ORDER_REF	-> LEVEL: what changed of the ten best levels a side; LAST: price, quantity, average, volume
 *	LEVEL by price			-> LEVEL by number
 *	all others			-> as they are
 *
 * Before the first record that a packet brings to the lane stands its PACKET record; the last one of each exchange message has
 * VEGA_RECORD_LAST. A level that goes is a DELETE, and a SET of the tenth that comes up; one that comes is an INSERT.
 *
 * Rules: an order that is added again, or modified, is as it is now; one that nobody knows is nothing, but a MODIFY of it is an ADD where
 * the feed says so (MTBT). Elsewhere a MODIFY or a REPLACE of it says that an order rests whose side is not known (ITCH U, DEEP+ M): its
 * instrument is stale, if it was not. A trade takes its quantity off the orders it names (MTBT); where executions do that (ITCH, DEEP+)
 * it names none. Orders and trades of spreads are left out. A new trading day empties all.
 *
 * While a gap is open, what comes for each order is noted (book_watch.h). When what was missing comes, each message is put into its place
 * among those of its order, what was replaced before it came too, and the GAP record that tells of it has VEGA_GAP_IN_PLACE: the books
 * are sound when the last one came. Where a place is not known, as of a packet that fills a gap and brings more, a LOSS record makes that
 * instrument stale. What is lost for good, or came before the capture began, leaves all instruments of the channel stale until each is
 * cleared: an order of then may rest unseen for as long as it likes, so nothing that follows proves a book whole.
 *
 * All memory is the caller's and of fixed size. An order that finds no room is counted, and told by a LOSS record of its instrument.
 *
 * The ten best levels a side stand in the state table alone, and are changed there in the same step that lays the record: the fold
 * (fold.h) has nothing to read again. Over the lane's records it comes to the same table.
 */
#include "hugepages/book_orders.h"
#include "hugepages/book_side.h"
#include "hugepages/book_watch.h"
#include "hugepages/fold.h"
#include "hugepages/ring.h"
#include "hugepages/state_table.h"
#include "hugepages/vega_record.h"

/* An instrument's, by its index in the state table: what its entry there does not have. */
struct VEGA_ALIGNED(64) vega_book_instrument {
	uint64_t volume;
	int64_t turnover;    /* sum of price times quantity */
	uint32_t generation; /* of its orders: one more with each CLEAR */
	uint32_t order_cnt;
	bool has_average;          /* the turnover fits */
	struct vega_side sides[2]; /* bid, ask: behind the ten best levels */
	uint64_t level_position;   /* of the lane when a level by price came last, while watched */
};

struct vega_book_conf {
	struct vega_record_lane *lane; /* the book lane, made */
	uint64_t lane_bytes;
	struct vega_fold *fold; /* of the lane; outlives the book */
	uint64_t order_cnt;     /* orders at a time, and levels behind the near ones */
	bool modify_adds;       /* a MODIFY of an unknown order adds it */
};

struct vega_book {
	struct vega_ring_writer ring;
	struct vega_fold *fold;
	struct vega_state_writer *table; /* the fold's */
	struct vega_book_instrument *instruments;
	struct vega_orders orders;
	struct vega_far_pool pool;
	struct vega_book_watch *watch; /* while sequences are missing */
	bool modify_adds;
	bool packet_laid; /* the packet's record is in the lane */
	bool is_in_place; /* what is left of the packet came late, and is put into its place */
	bool is_unplaced; /* what is left of the packet may be late, and its place is not known */
	bool is_spoilt;   /* no watch until nothing is missing: it would not know all */
	uint64_t missing_cnt;             /* sequences, of all channels */
	uint64_t watch_from;              /* position where the watch began */
	uint64_t seq[VEGA_STATE_GAP_CNT]; /* by channel, while watched: no newer one is less */
	bool time_given;
	uint64_t time_ns;
	uint64_t epoch_ns;
	uint64_t event_from; /* position of the event's first record */
	union vega_record packet;
	uint64_t packet_ns;       /* of the TIME record before it; 0: none */
	union vega_record before; /* the record that an ORDER_REF speaks of; its qty whole: */
	uint64_t before_qty;
	int64_t before_price;
};

/* Bytes of memory that a book needs. Pure. */
uint64_t vega_book_bytes(const struct vega_book_conf *conf);

/* Make a book in zeroed memory, aligned to 64 bytes. */
void vega_book_init(struct vega_book *book, const struct vega_book_conf *conf, void *memory);

/*
 * Take records that follow each other, publish what they make, and fold it into the state table. A record is published before it is seen
 * in the table.
 *
 * Returns how many were taken, as vega_fold_apply.
 * Cost: no allocation. An order costs cache misses that are asked for ahead, and what of the best ten changes; a CLEAR the levels it
 * empties, one of a channel a look at each instrument; for some time after it each call looks at some orders.
 */
uint64_t vega_book_apply(struct vega_book *book, const union vega_record *records, uint64_t cnt);

/* Records were lost: lay it into the lane. */
void vega_book_lapped(struct vega_book *book, uint64_t cnt, uint64_t position, uint64_t epoch_ns);

#endif
