/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_SIDE_H
#define VEGA_HUGEPAGES_BOOK_SIDE_H
/*
 * One side of a book: its price levels, the best ones in an array, the others in a tree.
 *
 *	near	key[0] key[1] ... key[cnt - 1]		ascending: the best first; 12 at most
 *	far	a zip tree by key, behind the last of near; empty as long as near has room
 *
 * What is shown are ten levels. Nearly all that happens, happens there, so it costs a look along 12 keys and a short move; a level is
 * pushed into the tree when a better one comes and near is full, and comes back when near falls below ten. A tree of n levels costs
 * log n, whatever prices come in which order: the ranks of its nodes are hashes of their places.
 *
 * A key orders the prices of a side, better ones are smaller: an ask's price, a bid's complement. The pool of nodes is one for all
 * sides of a feed.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define VEGA_NEAR_CNT  12u
#define VEGA_SHOWN_CNT 10u
#define VEGA_FAR_NONE  UINT32_MAX

struct vega_side {
	int64_t key[VEGA_NEAR_CNT]; /* INT64_MAX where there is no level */
	uint64_t qty[VEGA_NEAR_CNT];
	uint32_t orders[VEGA_NEAR_CNT];
	uint32_t cnt;     /* of near */
	uint32_t far;     /* root; VEGA_FAR_NONE */
	uint32_t channel; /* that its last new level came on: the user's */
	uint32_t reserved;
};
static_assert(sizeof(struct vega_side) == 256, "four lines");

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

/* What became of near, for those who show it. */
enum vega_side_how {
	VEGA_SIDE_SAME,     /* nothing that is shown changed */
	VEGA_SIDE_CHANGED,  /* quantity or orders of level idx */
	VEGA_SIDE_INSERTED, /* a level, at idx; those behind it moved down */
	VEGA_SIDE_REMOVED,  /* the level at idx; those behind it moved up */
	VEGA_SIDE_FULL      /* no node was free: the level is not in the book */
};
struct vega_side_change {
	enum vega_side_how how;
	uint32_t idx;
};

static inline int64_t
vega_side_key(int64_t price, bool is_ask)
{
	return is_ask ? price : ~price;
}

void vega_side_init(struct vega_side *side);

/*
 * Add to a level, and make it if need be / take from it, and remove it when nothing is left / make it exactly so, 0 removes it.
 *
 * Params: qty, orders	quantity and orders that come or go; of vega_side_take at most what is there counts
 */
struct vega_side_change vega_side_add(struct vega_side *side, struct vega_far_pool *pool,
	int64_t key, uint64_t qty, uint32_t orders);
struct vega_side_change vega_side_take(struct vega_side *side, struct vega_far_pool *pool,
	int64_t key, uint64_t qty, uint32_t orders);
struct vega_side_change vega_side_set(
	struct vega_side *side, struct vega_far_pool *pool, int64_t key, uint64_t qty);

/* Empty it. Cost: its levels. */
void vega_side_clear(struct vega_side *side, struct vega_far_pool *pool);

#endif
