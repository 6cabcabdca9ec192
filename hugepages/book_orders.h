/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_ORDERS_H
#define VEGA_HUGEPAGES_BOOK_ORDERS_H
/*
 * The orders of a feed's books by id: one open-addressing table of fixed size, half empty, without tombstones: what follows a removed
 * order moves up. Order ids of two instruments may be the same.
 *
 * An order whose generation is not its instrument's is dead: a CLEAR costs a number, and a sweep of a few slots at a time finds what it left.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

struct vega_order {
	uint64_t id;
	int64_t price;
	uint64_t qty; /* 0: the slot is free */
	uint32_t instrument_idx;
	uint32_t is_ask     : 1;
	uint32_t generation : 31; /* of its instrument, when it came */
};
static_assert(sizeof(struct vega_order) == 32, "two in a line");

struct vega_orders {
	struct vega_order *slots;
	uint64_t mask;
	unsigned shift; /* of the hash */
	uint64_t cnt;   /* dead ones too */
	uint64_t dead_cnt;
	uint64_t swept; /* slots, modulo mask + 1 */
	uint64_t capacity;
};

/* Slots for so many orders: a power of two, at least twice as many. */
static inline uint64_t
vega_orders_slot_cnt(uint64_t capacity)
{
	uint64_t cnt = 64;

	while (cnt < 2 * capacity)
		cnt *= 2;
	return cnt;
}

/* Ids that follow each other stand together, by eights: who adds orders in their sequence writes lines that are there. */
static VEGA_ALWAYS_INLINE uint64_t
vega_orders_slot(const struct vega_orders *o, uint64_t id)
{
	return ((id >> 3) * 0x9E3779B97F4A7C15u >> o->shift & ~7ull) | (id & 7);
}

/* The order's slot, or the free one where it would stand (qty 0). at: vega_orders_slot of it. */
static VEGA_ALWAYS_INLINE struct vega_order *
vega_orders_find(const struct vega_orders *o, uint64_t id, uint32_t instrument_idx, uint64_t at)
{
	while (o->slots[at].qty != 0 &&
		(o->slots[at].id != id || o->slots[at].instrument_idx != instrument_idx))
		at = (at + 1) & o->mask;
	return &o->slots[at];
}

/* Make memory of vega_orders_slot_cnt(capacity) slots, zeroed, a table. */
void vega_orders_init(struct vega_orders *o, struct vega_order *slots, uint64_t capacity);

/* Free an order's slot. No pointer into the table is good after it. */
void vega_orders_remove(struct vega_orders *o, struct vega_order *order);

/* All orders are gone. Cost: the whole table. */
void vega_orders_clear(struct vega_orders *o);

#endif
