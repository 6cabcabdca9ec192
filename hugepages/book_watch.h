/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_WATCH_H
#define VEGA_HUGEPAGES_BOOK_WATCH_H
/*
 * What came for each order while sequences were missing, so that what was missing can be put into its place when it comes late.
 *
 * An order's messages set it (ADD, MODIFY), take from it (executions, cancels of a part), or end it. What it is now is the newest that set
 * it, less all that was taken since; nothing, once it is ended. Orders do not depend on each other, so a late message is compared with
 * those of its own order alone:
 *
 *	set	is nothing if a newer one set or ended it; else it holds, less what newer ones took. If the order was not known then, what
 *		they took was held back for this
 *	take	is nothing if a newer one set or ended it; else it is taken, at once or when the order comes
 *	end	is nothing if a newer one set or ended it
 *
 * A message that replaces an order which is not known (ITCH U), or changes it (DEEP+ M), does not tell the side: what comes of it waits, and
 * is there when the old one comes. If that never comes, the book lacks an order.
 *
 * Takes are kept as a sum, with the first and the last sequence: a set that came between them cannot be placed, and neither can anything
 * once the table is full. Then the book says so, and the instrument is stale.
 *
 * A sequence is a lower bound of a message's own: it is compared with that of a gap, which holds all or nothing of another packet.
 */
#include <stdbool.h>
#include <stdint.h>

#define VEGA_BOOK_WATCH_CNT 8192u /* slots; three quarters are used */

enum vega_book_watch_how {
	VEGA_BOOK_WATCH_HOLDS, /* apply it */
	VEGA_BOOK_WATCH_PAST,  /* something newer undid it */
	VEGA_BOOK_WATCH_LOST   /* its place is not known */
};

struct vega_book_watch_order {
	uint64_t id;
	uint64_t base_seq;   /* of the newest that set or ended it; 0: none */
	uint64_t take_first; /* sequences of what was taken since; 0: nothing */
	uint64_t take_last;
	uint64_t taken;    /* quantity */
	uint64_t untold;   /* executed quantity whose price is the order's, which was not known */
	int64_t price;     /* the order's when it was seen last, with has_price */
	uint64_t next_id;  /* with is_replaced: what it became */
	uint64_t held_qty; /* with is_waiting, and has_price */
	uint32_t instrument_idx;
	uint32_t window; /* the slot is free if it is not the watch's */
	bool has_price;
	bool is_replaced; /* before it was known */
	bool is_waiting;  /* for its side: that of the order it replaced, which is not known yet */
};

struct vega_book_watch {
	struct vega_book_watch_order orders[VEGA_BOOK_WATCH_CNT];
	uint64_t seq;    /* of what comes now */
	uint32_t window; /* counts them; 0: none yet */
	uint32_t cnt;    /* orders in this one */
	bool is_on;
	bool has_waiting; /* some order waits, or did */
};

/* Nothing is known of any order. */
void vega_book_watch_begin(struct vega_book_watch *w);

/* An order's notes; NULL: there is no room. */
struct vega_book_watch_order *vega_book_watch_of(
	struct vega_book_watch *w, uint64_t id, uint32_t instrument_idx);

/*
 * A message of w->seq for an order.
 *
 * Params: o		NULL: the place is not known
 *	   ret_less	with HOLDS: what newer messages took from it
 */
enum vega_book_watch_how vega_book_watch_set(
	const struct vega_book_watch *w, struct vega_book_watch_order *o, uint64_t *ret_less);
enum vega_book_watch_how vega_book_watch_take(
	const struct vega_book_watch *w, struct vega_book_watch_order *o, uint64_t qty);
enum vega_book_watch_how vega_book_watch_end(
	const struct vega_book_watch *w, struct vega_book_watch_order *o);

#endif
