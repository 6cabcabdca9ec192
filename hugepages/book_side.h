/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_SIDE_H
#define VEGA_HUGEPAGES_BOOK_SIDE_H
/*
 * One side of a book, but for its ten best levels, which stand in the instrument's entry of the state table: those behind them.
 *
 *	next	level[0] level[1] ... level[cnt - 1]	the best last; 32 at most
 *	far	a zip tree by key, behind the first of next; empty where next is
 *
 * Nearly all that happens, happens in the ten. When one of them goes, the best comes up from here; when one more comes, the tenth goes
 * down: both at the end of next, which a tree of n levels fills and empties in sixteens, at log n each, whatever prices come in which order:
 * the ranks of its nodes are hashes of their places.
 *
 * A key orders the prices of a side, better ones are smaller: an ask's price, a bid's complement. The pool of nodes is one for all
 * sides of a feed.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

#define VEGA_NEXT_CNT 32u
#define VEGA_FAR_NONE UINT32_MAX

struct vega_side_level {
	int64_t key;
	uint64_t qty;
	uint32_t orders;
};

struct vega_side {
	uint32_t cnt; /* of next */
	uint32_t far; /* root; VEGA_FAR_NONE */
	struct vega_side_level next[VEGA_NEXT_CNT];
};

struct vega_far_node {
	int64_t key;
	uint64_t qty;
	uint32_t orders;
	uint32_t left; /* better ones */
	uint32_t right;
	uint32_t reserved;
};

struct vega_far_pool {
	struct vega_far_node *nodes;
	uint32_t capacity;
	uint32_t used; /* nodes that were ever taken */
	uint32_t free; /* chain of those given back, by left */
};

static inline int64_t
vega_side_key(int64_t price, bool is_ask)
{
	return price ^ ((int64_t)is_ask - 1);
}

void vega_side_init(struct vega_side *side);

/*
 * Add to a level behind the ten, and make it if need be / take from it, and remove it when no order is left / make it exactly so, 0
 * removes it.
 *
 * Params: qty, orders	quantity and orders that come or go; of vega_side_take at most what is there counts
 * Returns false where a level could not be made: no node is free.
 */
bool vega_side_add(struct vega_side *side, struct vega_far_pool *pool,
	const struct vega_side_level *level) VEGA_MUST_CHECK;
void vega_side_take(
	struct vega_side *side, struct vega_far_pool *pool, const struct vega_side_level *level);
bool vega_side_set(struct vega_side *side, struct vega_far_pool *pool, int64_t key,
	uint64_t qty) VEGA_MUST_CHECK;

/* A level that is better than all here, of the ten. Returns false: no node is free. */
bool vega_side_push(struct vega_side *side, struct vega_far_pool *pool,
	const struct vega_side_level *level) VEGA_MUST_CHECK;

/* The best one goes up to the ten. Returns false: there is none. */
bool vega_side_pop(
	struct vega_side *side, struct vega_far_pool *pool, struct vega_side_level *ret_level);

/* What goes of a level, in place. Returns whether it is to go itself: no order, or nobody counts them, is left. */
static inline bool
vega_side_reduce(uint64_t *level_qty, uint32_t *level_orders, uint64_t qty, uint32_t orders)
{
	*level_qty -= qty < *level_qty ? qty : *level_qty;
	*level_orders -= orders < *level_orders ? orders : *level_orders;
	return *level_orders == 0 || *level_qty == 0;
}

/* Empty it. Cost: its levels. */
void vega_side_clear(struct vega_side *side, struct vega_far_pool *pool);

#endif
