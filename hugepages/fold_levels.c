/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/fold_levels.h"

#define CNT VEGA_STATE_LEVEL_CNT

/* Where a side's parts are. */
struct at {
	struct vega_state_level *levels;
	uint32_t *orders;
	uint8_t cnt;
	bool is_ask;
};

static struct at
side_of(struct vega_state_entry *e, bool is_ask)
{
	return is_ask ? (struct at){e->asks, e->ask_orders, e->ask_cnt, true}
		      : (struct at){e->bids, e->bid_orders, e->bid_cnt, false};
}

static VEGA_ALWAYS_INLINE void
put_level(const struct at *s, uint32_t idx, struct vega_state_level level)
{
	vega_state_set(&s->levels[idx].price, (uint64_t)level.price);
	vega_state_set(&s->levels[idx].qty, level.qty);
}

/* Counts of orders lie two in a word. */
static VEGA_ALWAYS_INLINE void
put_orders(const struct at *s, uint32_t idx, uint32_t orders)
{
	uint32_t *pair = &s->orders[idx & ~1u];
	const uint64_t low = (idx & 1) != 0 ? pair[0] : orders;
	const uint64_t high = (idx & 1) != 0 ? orders : pair[1];

	if (s->orders[idx] != orders)
		vega_state_set(pair, low | high << 32);
}

/* The counts of levels share a word with channel and digits. */
static void
put_cnt(struct vega_state_entry *e, bool is_ask, uint32_t cnt)
{
	uint64_t word;

	memcpy(&word, &e->channel, sizeof(word));
	word &= ~(0xFFull << (is_ask ? 40 : 32));
	vega_state_set(&e->channel, word | (uint64_t)cnt << (is_ask ? 40 : 32));
}

static void
set(struct vega_state_entry *e, const struct at *s, uint32_t idx, struct vega_state_level level,
	uint32_t orders)
{
	uint32_t cnt = s->cnt;

	if (level.qty == 0) {
		level.price = 0;
		orders = 0;
	}
	put_level(s, idx, level);
	put_orders(s, idx, orders);
	if (level.qty != 0 && idx >= cnt)
		cnt = idx + 1;
	while (cnt != 0 && s->levels[cnt - 1].qty == 0)
		cnt--;
	if (cnt != s->cnt)
		put_cnt(e, s->is_ask, cnt);
}

static void
insert_level(struct vega_state_entry *e, const struct at *s, uint32_t idx,
	struct vega_state_level level, uint32_t orders)
{
	const uint32_t last = s->cnt < CNT ? s->cnt : CNT - 1;

	if (idx >= s->cnt) {
		set(e, s, idx, level, orders);
		return;
	}
	for (uint32_t i = last; i > idx; i--) {
		put_level(s, i, s->levels[i - 1]);
		put_orders(s, i, s->orders[i - 1]);
	}
	put_level(s, idx, level);
	put_orders(s, idx, orders);
	if (s->cnt != last + 1)
		put_cnt(e, s->is_ask, last + 1);
}

static void
delete_level(struct vega_state_entry *e, const struct at *s, uint32_t idx)
{
	if (idx >= s->cnt)
		return;
	for (uint32_t i = idx; i + 1 < s->cnt; i++) {
		put_level(s, i, s->levels[i + 1]);
		put_orders(s, i, s->orders[i + 1]);
	}
	set(e, s, s->cnt - 1u, (struct vega_state_level){0}, 0);
}

static void
cut(struct vega_state_entry *e, const struct at *s, uint32_t idx)
{
	if (idx >= s->cnt)
		return;
	for (uint32_t i = idx; i < s->cnt; i++) {
		put_level(s, i, (struct vega_state_level){0});
		put_orders(s, i, 0);
	}
	put_cnt(e, s->is_ask, idx);
}

void
vega_fold_level(struct vega_state_entry *e, bool is_ask, enum vega_level_action action,
	uint32_t number, struct vega_state_level level, uint32_t orders)
{
	const struct at s = side_of(e, is_ask);
	const uint32_t idx = number - 1;

	if (number == 0 || number > CNT)
		return;
	switch (action) {
	case VEGA_LEVEL_SET:
		set(e, &s, idx, level, orders);
		break;
	case VEGA_LEVEL_INSERT:
		insert_level(e, &s, idx, level, orders);
		break;
	case VEGA_LEVEL_DELETE:
		delete_level(e, &s, idx);
		break;
	case VEGA_LEVEL_CUT:
		cut(e, &s, idx);
		break;
	}
}

void
vega_fold_clear(struct vega_state_entry *e)
{
	const struct at bids = side_of(e, false);
	const struct at asks = side_of(e, true);

	cut(e, &bids, 0);
	cut(e, &asks, 0);
}
