/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_LATE_H
#define VEGA_HUGEPAGES_BOOK_LATE_H
/*
 * Books while sequences are missing: what came is noted (book_watch.h), and what comes late is put into its place. Private to book*.c;
 * but for the last three, and where it is said, called while the watch is on.
 */
#include "hugepages/book_levels.h"

/* May an order's message be applied: did nothing newer undo it? now: its quantity becomes what newer messages left of it. */
bool vega_book_may_set(struct vega_book *b, const struct vega_book_in *in, struct vega_order *now);
bool vega_book_may_take(
	struct vega_book *b, const struct vega_book_in *in, uint64_t id, uint64_t qty);
bool vega_book_may_end(struct vega_book *b, const struct vega_book_in *in, uint64_t id);

/* An order that is known now may be gone when an execution of it comes late. */
void vega_book_keep_price(
	struct vega_book *b, const struct vega_book_in *in, const struct vega_order *order);

/* An execution, at its order's price, of an order that went already, or did not come yet: then its price is waited for. */
void vega_book_hold_trade(struct vega_book *b, const struct vega_book_in *in, uint64_t id);

/*
 * An order that is not known became this one (of the same id: it was changed): it waits for its side while that may come, else the book
 * lacks an order. Called whether the watch is on or not.
 */
void vega_book_hold_order(struct vega_book *b, const struct vega_book_in *in, uint64_t old_id,
	const struct vega_order *now);

/* An order rests that the book does not have: stale, where it does not count as such already. Likewise. */
void vega_book_lack(struct vega_book *b, const struct vega_book_in *in);

/*
 * A level by price, called too while the watch is spoilt: it is noted, and if it comes late it makes its instrument stale where something
 * newer of that came.
 */
void vega_book_judge_level(struct vega_book *b, const struct vega_book_in *in);

/* A GAP record, forwarded / a PACKET begins / what cannot be watched: nothing is put into its place until nothing is missing. */
void vega_book_gap(struct vega_book *b, const struct vega_book_in *in);
void vega_book_watch_packet(struct vega_book *b, const struct vega_packet_record *p);
void vega_book_spoil_watch(struct vega_book *b);

/* A price that was traded: the last one, and of the day's sums / an order becomes what it is now (qty not 0); book.c has them. */
void vega_book_trade(
	struct vega_book *b, const struct vega_book_in *in, int64_t price, uint64_t qty);
void vega_book_become(
	struct vega_book *b, const struct vega_book_in *in, const struct vega_order *now);

#endif
