/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_AHEAD_H
#define VEGA_HUGEPAGES_BOOK_AHEAD_H
/*
 * All that an order changes lies in far memory, and is asked for while the records before it are applied: in how many records its order is
 * wanted, the entry of its instrument, and what that tells of. Private to book*.c; in line, for the loop that applies records.
 */
#include "hugepages/book.h"
#include "hugepages/fold_levels.h"

/* Records ahead whose order is asked for, then its entry, then what the entry tells of. */
#define VEGA_BOOK_AHEAD_ORDER 20u
#define VEGA_BOOK_AHEAD_ENTRY 10u
#define VEGA_BOOK_AHEAD_REST  4u
#define VEGA_BOOK_AHEAD_CNT   32u /* a power of two above them */

/* Orders, trades and levels without a number have an instrument with a book. */
static VEGA_ALWAYS_INLINE bool
vega_book_is_order(uint32_t kind)
{
	return kind >= VEGA_ORDER_ADD && kind <= VEGA_TRADE;
}

/* What is asked for ahead of a record. */
struct vega_book_ahead {
	uint64_t slot;
	uint32_t idx; /* of its entry where it is known, or VEGA_STATE_NONE */
	bool is_ask;
};

static VEGA_ALWAYS_INLINE void
vega_book_ask_order(
	const struct vega_book *b, const union vega_record *r, struct vega_book_ahead *ret_ahead)
{
	const struct vega_state_writer *t = b->table;

	ret_ahead->slot = vega_orders_slot(&b->orders, r->order.order_id);
	vega_prefetch(&b->orders.slots[ret_ahead->slot]);
	vega_prefetch(&b->orders.slots[ret_ahead->slot] + 1); /* who goes looks behind itself */
	vega_prefetch(&t->buckets[vega_state_hash(r->order.instrument) & t->bucket_mask]);
}

/* The entry's lines that its record will change: of one side, the order's own if it is there already; else as the record says. */
static VEGA_ALWAYS_INLINE void
vega_book_ask_entry(
	const struct vega_book *b, const union vega_record *r, struct vega_book_ahead *ahead)
{
	const struct vega_order *order = &b->orders.slots[ahead->slot];
	const uint32_t kind = vega_record_kind(r);
	const struct vega_book_instrument *i;
	struct vega_state_entry *e;
	struct vega_ten ten;

	ahead->idx = VEGA_STATE_NONE;
	if (!vega_book_is_order(kind) && kind != VEGA_LEVEL)
		return;
	ahead->idx = vega_state_find(b->table, r->order.instrument);
	if (ahead->idx == VEGA_STATE_NONE)
		return;
	ahead->is_ask = order->id == r->order.order_id ? order->is_ask != 0
						       : (r->word[0] >> 56 & VEGA_RECORD_ASK) != 0;
	e = &b->table->entries[ahead->idx];
	i = &b->instruments[ahead->idx];
	ten = vega_ten_at(e, ahead->is_ask);
	vega_prefetch(e);
	vega_prefetch(&e->event_cnt);
	vega_prefetch(e->bids);
	vega_prefetch(ten.levels);
	vega_prefetch(ten.levels + 4);
	vega_prefetch(ten.levels + 8);
	vega_prefetch(ten.orders);
	vega_prefetch(i);
	vega_prefetch(&i->sides[ahead->is_ask]);
}

/* The place of the entry's next event, and the best level behind the ten. */
static VEGA_ALWAYS_INLINE void
vega_book_ask_rest(const struct vega_book *b, const struct vega_book_ahead *ahead)
{
	const struct vega_side *side;
	const struct vega_state_writer *t = b->table;

	if (ahead->idx == VEGA_STATE_NONE)
		return;
	side = &b->instruments[ahead->idx].sides[ahead->is_ask];
	vega_prefetch(&t->events[(uint64_t)ahead->idx * VEGA_STATE_EVENT_CNT +
				 t->entries[ahead->idx].event_cnt % VEGA_STATE_EVENT_CNT]);
	vega_prefetch(&side->next[side->cnt] - 1);
}

#endif
