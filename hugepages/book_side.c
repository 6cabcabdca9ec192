/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book_side.h"

#include <string.h>

#define HALF (VEGA_NEXT_CNT / 2)

void
vega_side_init(struct vega_side *side)
{
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
far_insert(struct vega_side *side, struct vega_far_pool *pool, const struct vega_side_level *level)
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
static struct vega_side_level
far_pop(struct vega_side *side, struct vega_far_pool *pool)
{
	uint32_t *link = &side->far;
	struct vega_side_level level;

	while (pool->nodes[*link].left != VEGA_FAR_NONE)
		link = &pool->nodes[*link].left;
	level = (struct vega_side_level){
		pool->nodes[*link].key, pool->nodes[*link].qty, pool->nodes[*link].orders};
	far_unlink(pool, link);
	return level;
}

/* ---- next ----------------------------------------------------------------------------------------------------- */

/* Those from `from` on stand at `to` now, as many as were behind. */
static void
move(struct vega_side *side, uint32_t to, uint32_t from)
{
	memmove(&side->next[to], &side->next[from], (side->cnt - from) * sizeof(side->next[0]));
	side->cnt = to + (side->cnt - from);
}

/* Levels that are worse than the key: where it is, or would be. Most are near the best. */
static uint32_t
place(const struct vega_side *side, int64_t key)
{
	uint32_t idx = side->cnt;

	while (idx != 0 && side->next[idx - 1].key <= key)
		idx--;
	return idx;
}

/* Next is full: its worst half goes into the tree. Returns false when it has no nodes for them. */
static bool
spill(struct vega_side *side, struct vega_far_pool *pool)
{
	uint32_t n = 0;

	while (n < HALF && far_insert(side, pool, &side->next[n]))
		n++;
	move(side, 0, n);
	return n != 0;
}

/* Next is empty: the best of the tree come. */
static void
fill(struct vega_side *side, struct vega_far_pool *pool)
{
	struct vega_side_level levels[HALF];
	uint32_t n = 0;

	while (n < HALF && side->far != VEGA_FAR_NONE)
		levels[n++] = far_pop(side, pool);
	while (n != 0)
		side->next[side->cnt++] = levels[--n];
}

static void
take_out(struct vega_side *side, struct vega_far_pool *pool, uint32_t idx)
{
	move(side, idx, idx + 1);
	if (side->cnt == 0)
		fill(side, pool);
}

/* Make a level that is not here. */
static bool
insert(struct vega_side *side, struct vega_far_pool *pool, const struct vega_side_level *level)
{
	uint32_t idx = place(side, level->key);

	if (side->cnt == VEGA_NEXT_CNT && idx != 0) {
		if (!spill(side, pool))
			return false;
		idx = place(side, level->key);
	}
	if (idx == 0 && (side->far != VEGA_FAR_NONE || side->cnt == VEGA_NEXT_CNT))
		return far_insert(side, pool, level);
	move(side, idx + 1, idx);
	side->next[idx] = *level;
	return true;
}

bool
vega_side_push(
	struct vega_side *side, struct vega_far_pool *pool, const struct vega_side_level *level)
{
	if (vega_unlikely(side->cnt == VEGA_NEXT_CNT) && !spill(side, pool))
		return false;
	side->next[side->cnt++] = *level;
	return true;
}

bool
vega_side_pop(struct vega_side *side, struct vega_far_pool *pool, struct vega_side_level *ret_level)
{
	if (side->cnt == 0)
		return false;
	*ret_level = side->next[--side->cnt];
	if (vega_unlikely(side->cnt == 0))
		fill(side, pool);
	return true;
}

/* ---- both ----------------------------------------------------------------------------------------------------- */

/* Where a level's quantity and orders are. */
struct found {
	uint64_t *qty; /* NULL: it is not here */
	uint32_t *orders;
	uint32_t idx; /* VEGA_NEXT_CNT: it is in the tree */
};

static struct found
find(struct vega_side *side, struct vega_far_pool *pool, int64_t key)
{
	const uint32_t idx = place(side, key);
	uint32_t node;

	if (idx < side->cnt && side->next[idx].key == key)
		return (struct found){&side->next[idx].qty, &side->next[idx].orders, idx};
	node = idx == 0 ? far_find(side, pool, key) : VEGA_FAR_NONE;
	if (node == VEGA_FAR_NONE)
		return (struct found){NULL, NULL, 0};
	return (struct found){&pool->nodes[node].qty, &pool->nodes[node].orders, VEGA_NEXT_CNT};
}

static void
drop(struct vega_side *side, struct vega_far_pool *pool, const struct found *at, int64_t key)
{
	if (at->idx == VEGA_NEXT_CNT)
		far_remove(side, pool, key);
	else
		take_out(side, pool, at->idx);
}

bool
vega_side_add(
	struct vega_side *side, struct vega_far_pool *pool, const struct vega_side_level *level)
{
	const struct found at = find(side, pool, level->key);

	if (at.qty == NULL)
		return insert(side, pool, level);
	*at.qty += level->qty;
	*at.orders += level->orders;
	return true;
}

void
vega_side_take(
	struct vega_side *side, struct vega_far_pool *pool, const struct vega_side_level *level)
{
	const struct found at = find(side, pool, level->key);

	if (at.qty != NULL && vega_side_reduce(at.qty, at.orders, level->qty, level->orders))
		drop(side, pool, &at, level->key);
}

bool
vega_side_set(struct vega_side *side, struct vega_far_pool *pool, int64_t key, uint64_t qty)
{
	const struct found at = find(side, pool, key);

	if (at.qty == NULL)
		return qty == 0 ||
		       insert(side, pool, &(struct vega_side_level){.key = key, .qty = qty});
	if (qty == 0)
		drop(side, pool, &at, key);
	else
		*at.qty = qty;
	return true;
}

void
vega_side_clear(struct vega_side *side, struct vega_far_pool *pool)
{
	while (side->far != VEGA_FAR_NONE)
		(void)far_pop(side, pool);
	vega_side_init(side);
}
