/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_FOLD_LEVELS_H
#define VEGA_HUGEPAGES_FOLD_LEVELS_H
/*
 * The ten levels of an entry's sides, changed as a LEVEL record says. Private to fold.c and the books; the entry is begun.
 */
#include <stdbool.h>

#include "hugepages/state_table.h"
#include "hugepages/vega_record.h"

/* A side of an entry. */
struct vega_ten {
	struct vega_state_level *levels;
	uint32_t *orders; /* two in a word */
	uint32_t cnt;
};

/* Bids and asks lie one behind the other: no branch to guess. */
static_assert(offsetof(struct vega_state_entry, asks) - offsetof(struct vega_state_entry, bids) ==
			      sizeof(((struct vega_state_entry *)0)->bids) &&
		      offsetof(struct vega_state_entry, ask_orders) -
				      offsetof(struct vega_state_entry, bid_orders) ==
			      sizeof(((struct vega_state_entry *)0)->bid_orders),
	"bids, asks");

/* Where they are, the entry not looked at: cnt is 0. */
static VEGA_ALWAYS_INLINE struct vega_ten
vega_ten_at(struct vega_state_entry *e, bool is_ask)
{
	uint8_t *at = (uint8_t *)e;

	return (struct vega_ten){
		.levels = (void *)(at + offsetof(struct vega_state_entry, bids) +
				   is_ask * sizeof(e->bids)),
		.orders = (void *)(at + offsetof(struct vega_state_entry, bid_orders) +
				   is_ask * sizeof(e->bid_orders)),
	};
}

static VEGA_ALWAYS_INLINE struct vega_ten
vega_ten_of(struct vega_state_entry *e, bool is_ask)
{
	struct vega_ten ten = vega_ten_at(e, is_ask);

	ten.cnt = ((const uint8_t *)e)[offsetof(struct vega_state_entry, bid_cnt) + is_ask];
	return ten;
}

static VEGA_ALWAYS_INLINE void
vega_ten_put(const struct vega_ten *s, uint32_t idx, struct vega_state_level level)
{
	vega_state_set(&s->levels[idx].price, (uint64_t)level.price);
	vega_state_set(&s->levels[idx].qty, level.qty);
}

static VEGA_ALWAYS_INLINE uint64_t
vega_ten_word(const struct vega_ten *s, uint32_t word)
{
	return vega_load_acquire_at(&s->orders[2 * word]); /* the writer's own */
}

static VEGA_ALWAYS_INLINE void
vega_ten_put_orders(const struct vega_ten *s, uint32_t idx, uint32_t orders)
{
	const uint64_t pair = vega_ten_word(s, idx / 2);

	vega_state_set(&s->orders[idx & ~1u], (idx & 1) != 0
						      ? (uint32_t)pair | (uint64_t)orders << 32
						      : pair >> 32 << 32 | orders);
}

/* The counts of levels share a word with channel and digits. */
static VEGA_ALWAYS_INLINE void
vega_ten_put_cnt(struct vega_state_entry *e, bool is_ask, uint32_t cnt)
{
	const unsigned shift = is_ask ? 40 : 32;

	vega_state_set(&e->channel,
		(vega_load_acquire_at(&e->channel) & ~(0xFFull << shift)) | (uint64_t)cnt << shift);
}

/* There are cnt levels, but for those without a quantity at the end: a feed of levels may leave such ones between. */
static VEGA_ALWAYS_INLINE void
vega_ten_trim(struct vega_state_entry *e, bool is_ask, uint32_t cnt)
{
	const struct vega_ten s = vega_ten_of(e, is_ask);

	while (cnt != 0 && s.levels[cnt - 1].qty == 0)
		cnt--;
	if (cnt != s.cnt)
		vega_ten_put_cnt(e, is_ask, cnt);
}

/* A level comes at idx, cnt or less; those from there on move down, the tenth goes. */
static inline void
vega_ten_insert(struct vega_state_entry *e, bool is_ask, uint32_t idx,
	struct vega_state_level level, uint32_t orders)
{
	const struct vega_ten s = vega_ten_of(e, is_ask);
	const uint32_t last = s.cnt < VEGA_STATE_LEVEL_CNT ? s.cnt : VEGA_STATE_LEVEL_CNT - 1;

	for (uint32_t i = last; i > idx; i--)
		vega_ten_put(&s, i, s.levels[i - 1]);
	vega_ten_put(&s, idx, level);
	for (uint32_t w = last / 2; w > idx / 2; w--)
		vega_state_set(&s.orders[2 * w],
			vega_ten_word(&s, w) << 32 | vega_ten_word(&s, w - 1) >> 32);
	if ((idx & 1) == 0)
		vega_state_set(&s.orders[idx], vega_ten_word(&s, idx / 2) << 32 | orders);
	else
		vega_ten_put_orders(&s, idx, orders);
	if (s.cnt != last + 1)
		vega_ten_put_cnt(e, is_ask, last + 1);
}

/* The level at idx, less than cnt, goes; those behind it move up. */
static inline void
vega_ten_delete(struct vega_state_entry *e, bool is_ask, uint32_t idx)
{
	const struct vega_ten s = vega_ten_of(e, is_ask);
	const uint32_t last = s.cnt - 1;
	uint64_t behind;

	for (uint32_t i = idx; i < last; i++)
		vega_ten_put(&s, i, s.levels[i + 1]);
	vega_ten_put(&s, last, (struct vega_state_level){0});
	for (uint32_t w = idx / 2; w <= last / 2; w++) {
		const uint64_t pair = vega_ten_word(&s, w);

		behind = w < last / 2 ? vega_ten_word(&s, w + 1) : 0;
		vega_state_set(&s.orders[2 * w],
			(2 * w < idx ? (uint32_t)pair : pair >> 32) | behind << 32);
	}
	vega_ten_trim(e, is_ask, last);
}

/* The level at idx is so; without a quantity there is none, and behind the last one there are none. */
static inline void
vega_ten_set(struct vega_state_entry *e, bool is_ask, uint32_t idx, struct vega_state_level level,
	uint32_t orders)
{
	const struct vega_ten s = vega_ten_of(e, is_ask);

	if (level.qty == 0) {
		level.price = 0;
		orders = 0;
	}
	vega_ten_put(&s, idx, level);
	if (s.orders[idx] != orders)
		vega_ten_put_orders(&s, idx, orders);
	if (vega_unlikely(idx + 1 >= s.cnt))
		vega_ten_trim(e, is_ask, idx >= s.cnt ? idx + 1 : s.cnt);
}

/* The level at idx and all behind it go. */
static inline void
vega_ten_cut(struct vega_state_entry *e, bool is_ask, uint32_t idx)
{
	const struct vega_ten s = vega_ten_of(e, is_ask);

	if (idx >= s.cnt)
		return;
	for (uint32_t i = idx; i < s.cnt; i++) {
		vega_ten_put(&s, i, (struct vega_state_level){0});
		vega_ten_put_orders(&s, i, 0);
	}
	vega_ten_put_cnt(e, is_ask, idx);
}

/* Both sides are empty. */
static inline void
vega_ten_clear(struct vega_state_entry *e)
{
	vega_ten_cut(e, false, 0);
	vega_ten_cut(e, true, 0);
}

#endif
