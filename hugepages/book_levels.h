/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_LEVELS_H
#define VEGA_HUGEPAGES_BOOK_LEVELS_H
/*
 * What an order does to the levels of its book: the change of the ten, made in the state table's entry and told in the book lane, each
 * by the same step; and the levels behind them. Private to book*.c.
 */
#include "hugepages/book.h"

/* A record as it is applied: values whole. */
struct vega_book_in {
	const union vega_record *r;
	uint32_t flags;
	uint32_t instrument_idx; /* VEGA_STATE_NONE: the table is full */
	uint64_t slot;           /* where its order's search begins; of records with an order */
	int64_t price;
	uint64_t qty;
};

/* Orders or quantity come to a price / go from it / are so at it, which 0 ends. Returns false: a new level finds no room. */
bool vega_book_level_add(struct vega_book *b, const struct vega_book_in *in, bool is_ask,
	int64_t price, uint64_t qty, uint32_t orders) VEGA_MUST_CHECK;
void vega_book_level_take(struct vega_book *b, const struct vega_book_in *in, bool is_ask,
	int64_t price, uint64_t qty, uint32_t orders);
bool vega_book_level_set(struct vega_book *b, const struct vega_book_in *in, bool is_ask,
	int64_t price, uint64_t qty) VEGA_MUST_CHECK;

/* Price and quantity, which are 0 where no trade is told, average and volume of the day. */
void vega_book_last(
	struct vega_book *b, const struct vega_book_in *in, int64_t price, uint64_t qty);

/* An order, or a level, is not in the book as it should be. */
void vega_book_order_lost(struct vega_book *b, const struct vega_book_in *in);

/* What came late has no place: the instrument is stale. */
void vega_book_stale(struct vega_book *b, const struct vega_book_in *in);

/* A record as it is, with its WIDE one (cnt 2). */
void vega_book_forward(struct vega_book *b, const union vega_record *r, uint64_t cnt);

/* An exchange message ends: its last record says so, and the entry can be read. */
void vega_book_end_event(struct vega_book *b);

#endif
