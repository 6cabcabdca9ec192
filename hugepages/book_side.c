/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book_side.h"

#include <string.h>

#include "hugepages/base/attr.h"

struct level {
	int64_t key;
	uint64_t qty;
	uint32_t orders;
};

void
vega_side_init(struct vega_side *side)
{
	for (uint32_t i = 0; i < VEGA_NEAR_CNT; i++)
		side->key[i] = INT64_MAX;
	side->cnt = 0;
	side->far = VEGA_FAR_NONE;
}

/* ---- far: a zip tree (Tarjan, Levy, Timmel): a heap by rank, a search tree by key ------------------------------- */

/* A node's rank: its place, mixed. */
static inline uint32_t
rank_of(uint32_t node)
{
	uint32_t h = node * 0x9E3779B1u;

	h = (h ^ h >> 16) * 0x85EBCA6Bu;
	return (h ^ h >> 13) * 0xC2B2AE35u;
}

static uint32_t
take_node(struct vega_far_pool *pool)
{
	uint32_t node = pool->free;

	if (node != VEGA_FAR_NONE)
		pool->free = pool->nodes[node].left;
	else if (pool->used < pool->capacity)
		node = pool->used++;
	return node;
}

static void
give_node(struct vega_far_pool *pool, uint32_t node)
{
	pool->nodes[node].left = pool->free;
	pool->free = node;
}

static uint32_t
far_find(const struct vega_side *side, const struct vega_far_pool *pool, int64_t key)
{
	uint32_t at = side->far;

	while (at != VEGA_FAR_NONE && pool->nodes[at].key != key)
		at = key < pool->nodes[at].key ? pool->nodes[at].left : pool->nodes[at].right;
	return at;
}

/* Unzip the tree below `at` by the node's key, into its two sides. */
static void
unzip(struct vega_far_pool *pool, uint32_t at, struct vega_far_node *node)
{
	uint32_t *left = &node->left;
	uint32_t *right = &node->right;

	while (at != VEGA_FAR_NONE) {
		struct vega_far_node *n = &pool->nodes[at];

		if (n->key < node->key) {
			*left = at;
			left = &n->right;
			at = n->right;
		} else {
			*right = at;
			right = &n->left;
			at = n->left;
		}
	}
	*left = VEGA_FAR_NONE;
	*right = VEGA_FAR_NONE;
}

static bool
far_insert(struct vega_side *side, struct vega_far_pool *pool, const struct level *level)
{
	const uint32_t idx = take_node(pool);
	struct vega_far_node *node = &pool->nodes[idx];
	uint32_t *link = &side->far;

	if (idx == VEGA_FAR_NONE)
		return false;
	*node = (struct vega_far_node){
		.key = level->key, .qty = level->qty, .orders = level->orders};
	while (*link != VEGA_FAR_NONE && rank_of(*link) > rank_of(idx)) {
		struct vega_far_node *n = &pool->nodes[*link];

		link = level->key < n->key ? &n->left : &n->right;
	}
	unzip(pool, *link, node);
	*link = idx;
	return true;
}

/* Zip the sides of a node together where it stood. */
static void
far_unlink(struct vega_far_pool *pool, uint32_t *link)
{
	const uint32_t idx = *link;
	uint32_t left = pool->nodes[idx].left;
	uint32_t right = pool->nodes[idx].right;

	while (left != VEGA_FAR_NONE && right != VEGA_FAR_NONE) {
		if (rank_of(left) > rank_of(right)) {
			*link = left;
			link = &pool->nodes[left].right;
			left = *link;
		} else {
			*link = right;
			link = &pool->nodes[right].left;
			right = *link;
		}
	}
	*link = left != VEGA_FAR_NONE ? left : right;
	give_node(pool, idx);
}

static void
far_remove(struct vega_side *side, struct vega_far_pool *pool, int64_t key)
{
	uint32_t *link = &side->far;

	while (pool->nodes[*link].key != key) {
		struct vega_far_node *n = &pool->nodes[*link];

		link = key < n->key ? &n->left : &n->right;
	}
	far_unlink(pool, link);
}

/* Take the best one out; the tree is not empty. */
static struct level
far_pop(struct vega_side *side, struct vega_far_pool *pool)
{
	uint32_t *link = &side->far;
	struct level level;

	while (pool->nodes[*link].left != VEGA_FAR_NONE)
		link = &pool->nodes[*link].left;
	level = (struct level){
		pool->nodes[*link].key, pool->nodes[*link].qty, pool->nodes[*link].orders};
	far_unlink(pool, link);
	return level;
}

/* ---- near ----------------------------------------------------------------------------------------------------- */

/* Levels that are better than the key: where it is, or would be. */
static VEGA_ALWAYS_INLINE uint32_t
near_place(const struct vega_side *side, int64_t key)
{
	uint32_t idx = 0;

	for (uint32_t i = 0; i < VEGA_NEAR_CNT;
		i++) /* no branch to guess: free ones are the greatest */
		idx += side->key[i] < key;
	return idx;
}

/* Does a key that is not in near, with its place, belong behind it? */
static VEGA_ALWAYS_INLINE bool
is_far(const struct vega_side *side, uint32_t place)
{
	return place == side->cnt && (side->cnt == VEGA_NEAR_CNT || side->far != VEGA_FAR_NONE);
}

/* Make room for a level, or close the gap that one left. */
static void
near_open(struct vega_side *side, uint32_t at)
{
	for (uint32_t i = side->cnt++; i > at; i--) {
		side->key[i] = side->key[i - 1];
		side->qty[i] = side->qty[i - 1];
		side->orders[i] = side->orders[i - 1];
	}
}

static void
near_close(struct vega_side *side, uint32_t at)
{
	side->cnt--;
	for (uint32_t i = at; i < side->cnt; i++) {
		side->key[i] = side->key[i + 1];
		side->qty[i] = side->qty[i + 1];
		side->orders[i] = side->orders[i + 1];
	}
	side->key[side->cnt] = INT64_MAX;
}

static void
near_put(struct vega_side *side, uint32_t idx, const struct level *level)
{
	side->key[idx] = level->key;
	side->qty[idx] = level->qty;
	side->orders[idx] = level->orders;
}

static struct vega_side_change
changed(enum vega_side_how how, uint32_t idx)
{
	return (struct vega_side_change){idx < VEGA_SHOWN_CNT ? how : VEGA_SIDE_SAME, idx};
}

static struct vega_side_change
near_insert(
	struct vega_side *side, struct vega_far_pool *pool, uint32_t idx, const struct level *level)
{
	if (side->cnt == VEGA_NEAR_CNT) {
		const struct level last = {side->key[VEGA_NEAR_CNT - 1],
			side->qty[VEGA_NEAR_CNT - 1], side->orders[VEGA_NEAR_CNT - 1]};

		if (!far_insert(side, pool, &last))
			return (struct vega_side_change){VEGA_SIDE_FULL, 0};
		side->cnt--; /* near_open writes over it */
	}
	near_open(side, idx);
	near_put(side, idx, level);
	return changed(VEGA_SIDE_INSERTED, idx);
}

static struct vega_side_change
near_remove(struct vega_side *side, struct vega_far_pool *pool, uint32_t idx)
{
	near_close(side, idx);
	while (side->cnt < VEGA_SHOWN_CNT && side->far != VEGA_FAR_NONE) {
		const struct level level = far_pop(side, pool);

		near_put(side, side->cnt++, &level);
	}
	return changed(VEGA_SIDE_REMOVED, idx);
}

/* ---- both ----------------------------------------------------------------------------------------------------- */

static struct vega_side_change
insert(struct vega_side *side, struct vega_far_pool *pool, uint32_t place,
	const struct level *level)
{
	if (!is_far(side, place))
		return near_insert(side, pool, place, level);
	return (struct vega_side_change){
		far_insert(side, pool, level) ? VEGA_SIDE_SAME : VEGA_SIDE_FULL, 0};
}

struct vega_side_change
vega_side_add(struct vega_side *side, struct vega_far_pool *pool, int64_t key, uint64_t qty,
	uint32_t orders)
{
	const struct level level = {key, qty, orders};
	const uint32_t place = near_place(side, key);
	uint32_t node;

	if (vega_likely(place < side->cnt && side->key[place] == key)) {
		side->qty[place] += qty;
		side->orders[place] += orders;
		return changed(VEGA_SIDE_CHANGED, place);
	}
	if (place == side->cnt && (node = far_find(side, pool, key)) != VEGA_FAR_NONE) {
		pool->nodes[node].qty += qty;
		pool->nodes[node].orders += orders;
		return (struct vega_side_change){VEGA_SIDE_SAME, 0};
	}
	return insert(side, pool, place, &level);
}

/* Returns whether the level is to go: no order, or no quantity where nobody counts orders, is left. */
static bool
reduce(uint64_t *level_qty, uint32_t *level_orders, uint64_t qty, uint32_t orders)
{
	*level_qty -= qty < *level_qty ? qty : *level_qty;
	*level_orders -= orders < *level_orders ? orders : *level_orders;
	return *level_orders == 0;
}

struct vega_side_change
vega_side_take(struct vega_side *side, struct vega_far_pool *pool, int64_t key, uint64_t qty,
	uint32_t orders)
{
	const uint32_t place = near_place(side, key);
	uint32_t node;

	if (vega_likely(place < side->cnt && side->key[place] == key)) {
		if (reduce(&side->qty[place], &side->orders[place], qty, orders))
			return near_remove(side, pool, place);
		return changed(VEGA_SIDE_CHANGED, place);
	}
	node = place == side->cnt ? far_find(side, pool, key) : VEGA_FAR_NONE;
	if (node != VEGA_FAR_NONE &&
		reduce(&pool->nodes[node].qty, &pool->nodes[node].orders, qty, orders))
		far_remove(side, pool, key);
	return (struct vega_side_change){VEGA_SIDE_SAME, 0};
}

struct vega_side_change
vega_side_set(struct vega_side *side, struct vega_far_pool *pool, int64_t key, uint64_t qty)
{
	const struct level level = {key, qty, 0};
	const uint32_t place = near_place(side, key);
	uint32_t node;

	if (vega_likely(place < side->cnt && side->key[place] == key)) {
		if (qty == 0)
			return near_remove(side, pool, place);
		side->qty[place] = qty;
		return changed(VEGA_SIDE_CHANGED, place);
	}
	node = place == side->cnt ? far_find(side, pool, key) : VEGA_FAR_NONE;
	if (node == VEGA_FAR_NONE)
		return qty != 0 ? insert(side, pool, place, &level)
				: (struct vega_side_change){VEGA_SIDE_SAME, 0};
	if (qty == 0)
		far_remove(side, pool, key);
	else
		pool->nodes[node].qty = qty;
	return (struct vega_side_change){VEGA_SIDE_SAME, 0};
}

void
vega_side_clear(struct vega_side *side, struct vega_far_pool *pool)
{
	while (side->far != VEGA_FAR_NONE)
		(void)far_pop(side, pool);
	vega_side_init(side);
}
