/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book_levels.h"

#include "hugepages/fold_entry.h"
#include "hugepages/fold_levels.h"

#define TEN VEGA_STATE_LEVEL_CNT

/* ---- what goes into the lane ------------------------------------------------------------------------------------ */

static VEGA_COLD void
lay_time(struct vega_book *b, uint64_t ns)
{
	vega_ring_put(&b->ring, VEGA_TS_NONE | (uint64_t)VEGA_TIME << 48, 0, ns, 0);
	b->fold->time_ns = ns;
	b->fold->time_given = true;
}

/* The records that stand there already count for the fold: the last one of them, its WIDE one behind it. */
static void
lay(struct vega_book *b, const union vega_record *r, uint64_t cnt)
{
	const uint64_t position = b->ring.next;

	for (uint64_t i = 0; i < cnt; i++)
		vega_ring_put(&b->ring, r[i].word[0], r[i].word[1], r[i].word[2], r[i].word[3]);
	vega_fold_one(b->fold, r, cnt, position);
}

static VEGA_NOINLINE void
lay_packet(struct vega_book *b)
{
	b->packet_laid = true;
	if (b->packet_ns != 0)
		lay_time(b, b->packet_ns);
	if (b->packet.word[0] != 0)
		lay(b, &b->packet, 1);
	b->fold->time_given = false;
}

void
vega_book_forward(struct vega_book *b, const union vega_record *r, uint64_t cnt)
{
	if (!b->packet_laid)
		lay_packet(b);
	if (vega_unlikely(b->time_given))
		lay_time(b, b->time_ns);
	lay(b, r, cnt);
}

/* The entry of a record, open, before the record is laid. */
static VEGA_ALWAYS_INLINE struct vega_state_entry *
open_entry(struct vega_book *b, const struct vega_book_in *in)
{
	struct vega_state_entry *e = &b->table->entries[in->instrument_idx];

	if (vega_unlikely(!b->packet_laid))
		lay_packet(b);
	if (b->fold->open != e) {
		vega_fold_close(b->fold);
		vega_fold_open(b->fold, e);
	}
	if (vega_unlikely(b->time_given)) {
		lay_time(b, b->time_ns);
		b->fold->time_given = false;
	}
	return e;
}

/* The record that changes it comes next. */
static VEGA_ALWAYS_INLINE void
touch(struct vega_book *b, const struct vega_book_in *in, struct vega_state_entry *e)
{
	const uint64_t ts48 = vega_record_ts48(in->r);

	vega_fold_touch(b->fold, e, b->ring.next,
		ts48 == VEGA_TS_NONE           ? 0
		: vega_unlikely(b->time_given) ? b->time_ns
					       : b->fold->epoch_ns + ts48);
}

/* The source's time, another kind. */
static VEGA_ALWAYS_INLINE uint64_t
head_of(const struct vega_book_in *in, uint32_t kind, uint32_t flags)
{
	return (in->r->word[0] & VEGA_TS_NONE) | (uint64_t)kind << 48 | (uint64_t)flags << 56;
}

static VEGA_ALWAYS_INLINE uint64_t
pair(uint64_t low, uint64_t high)
{
	return (uint32_t)low | high << 32;
}

/* The record with values by place, low halves, and behind it the WIDE record with the high ones. */
static VEGA_COLD void
put_wide(struct vega_book *b, uint64_t head, uint32_t token, const uint64_t value[5])
{
	vega_ring_put(&b->ring, head | (uint64_t)VEGA_RECORD_WIDE << 56, pair(token, value[0]),
		pair(value[1], value[2]), pair(value[3], value[4]));
	vega_ring_put(&b->ring, (head & VEGA_TS_NONE) | (uint64_t)VEGA_WIDE << 48,
		pair(token, value[0] >> 32), pair(value[1] >> 32, value[2] >> 32),
		pair(value[3] >> 32, value[4] >> 32));
}

static VEGA_ALWAYS_INLINE bool
is_narrow(int64_t price)
{
	return price == (int32_t)price;
}

/* One side of one level. */
static VEGA_ALWAYS_INLINE void
put_level(struct vega_book *b, const struct vega_book_in *in, bool is_ask,
	enum vega_level_action action, uint32_t idx, struct vega_state_level level, uint32_t orders)
{
	const uint64_t head = head_of(in, VEGA_LEVEL, VEGA_RECORD_ACTION(action));
	const uint32_t word = VEGA_LEVEL_WORD(idx + 1, VEGA_SIDE_BID << is_ask, 0, 0) |
			      (orders & 0xFFF) << (8 + 12 * is_ask);
	const uint32_t token = in->r->order.instrument;
	const uint64_t ask = 0 - (uint64_t)is_ask; /* a mask, and its complement the bid's */

	if (vega_likely(is_narrow(level.price) && level.qty <= UINT32_MAX && orders >> 12 == 0)) {
		const uint64_t value = pair((uint64_t)level.price, level.qty);

		vega_ring_put(&b->ring, head, pair(token, word), value & ~ask, value & ask);
		return;
	}
	const uint64_t counts = (uint64_t)(orders >> 12 & 0xFFFF) << (is_ask ? 16 : 0);
	const uint64_t price = (uint64_t)level.price;
	const uint64_t value[5] = {
		word | counts << 32, price & ~ask, level.qty & ~ask, price & ask, level.qty & ask};

	put_wide(b, head, token, value);
}

void
vega_book_last(struct vega_book *b, const struct vega_book_in *in, int64_t price, uint64_t qty)
{
	const struct vega_book_instrument *i = &b->instruments[in->instrument_idx];
	const int64_t average = i->has_average && i->volume != 0 && i->volume <= INT64_MAX
					? i->turnover / (int64_t)i->volume
					: 0;
	const uint32_t flags = in->flags & VEGA_RECORD_ASK;
	const uint64_t head = head_of(in, VEGA_LAST, flags);
	const uint32_t token = in->r->order.instrument;
	struct vega_state_entry *e = open_entry(b, in);

	touch(b, in, e);
	if (vega_likely(is_narrow(price) && is_narrow(average) && qty <= UINT32_MAX)) {
		vega_ring_put(&b->ring, head, pair(token, (uint64_t)price),
			pair(qty, (uint64_t)average), i->volume);
		vega_fold_last(b->fold, e, price, qty, average, i->volume, flags);
		return;
	}
	/* The volume's place holds 8 bytes: its halves are not wide. */
	const uint64_t value[5] = {
		(uint64_t)price, qty, (uint64_t)average, (uint32_t)i->volume, i->volume >> 32};

	put_wide(b, head, token, value);
	vega_fold_last(b->fold, e, price, qty, average, i->volume, flags | VEGA_RECORD_WIDE);
}

void
vega_book_stale(struct vega_book *b, const struct vega_book_in *in)
{
	const union vega_record r = {
		.word = {head_of(in, VEGA_LOSS, 0), pair(in->r->order.instrument, VEGA_LOSS_ORDERS),
			1, 0}};

	vega_book_forward(b, &r, 1);
}

void
vega_book_order_lost(struct vega_book *b, const struct vega_book_in *in)
{
	vega_count(&b->table->table->order_refused_cnt, 1);
	vega_book_stale(b, in);
}

void
vega_book_end_event(struct vega_book *b)
{
	uint64_t *slot;

	if (b->ring.next != b->event_from && b->ring.next != b->ring.publish) {
		slot = vega_ring_slot(&b->ring, b->ring.next - 1);
		vega_store_release(&slot[0], slot[0] | (uint64_t)VEGA_RECORD_LAST << 56); /* W2 */
		b->event_from = b->ring.next;
		vega_ring_publish(&b->ring);
	}
	vega_fold_close(b->fold);
}

/* ---- the ten: each change is told, and made -------------------------------------------------------------------- */

static void
set_level(struct vega_book *b, const struct vega_book_in *in, bool is_ask, uint32_t idx,
	struct vega_state_level level, uint32_t orders)
{
	struct vega_state_entry *e = open_entry(b, in);

	touch(b, in, e);
	put_level(b, in, is_ask, VEGA_LEVEL_SET, idx, level, orders);
	vega_ten_set(e, is_ask, idx, level, orders);
}

static void
insert_level(struct vega_book *b, const struct vega_book_in *in, bool is_ask, uint32_t idx,
	struct vega_state_level level, uint32_t orders)
{
	struct vega_state_entry *e = open_entry(b, in);

	touch(b, in, e);
	put_level(b, in, is_ask, VEGA_LEVEL_INSERT, idx, level, orders);
	if (idx < vega_ten_of(e, is_ask).cnt)
		vega_ten_insert(e, is_ask, idx, level, orders);
	else
		vega_ten_set(e, is_ask, idx, level, orders);
}

/* One of the ten goes, and the eleventh becomes the tenth. */
static void
delete_level(struct vega_book *b, const struct vega_book_in *in, bool is_ask, uint32_t idx)
{
	struct vega_side *side = &b->instruments[in->instrument_idx].sides[is_ask];
	struct vega_state_entry *e = open_entry(b, in);
	const bool was_full = vega_ten_of(e, is_ask).cnt == TEN;
	struct vega_side_level up;

	touch(b, in, e);
	put_level(b, in, is_ask, VEGA_LEVEL_DELETE, idx, (struct vega_state_level){0}, 0);
	vega_ten_delete(e, is_ask, idx);
	if (was_full && vega_side_pop(side, &b->pool, &up))
		set_level(b, in, is_ask, TEN - 1,
			(struct vega_state_level){vega_side_key(up.key, is_ask), up.qty},
			up.orders);
}

/* ---- levels by price ------------------------------------------------------------------------------------------- */

/*
 * Where a price is among the ten, or would be: levels that are better. No branch to guess: all ten are compared, and those that are
 * none, whose price is 0, taken off again.
 */
static VEGA_ALWAYS_INLINE uint32_t
place(const struct vega_ten *s, bool is_ask, int64_t price)
{
	const int64_t key = vega_side_key(price, is_ask);
	uint32_t idx = 0;

	for (uint32_t i = 0; i < TEN; i++)
		idx += vega_side_key(s->levels[i].price, is_ask) < key;
	idx -= (TEN - s->cnt) * (vega_side_key(0, is_ask) < key);
	return idx < s->cnt ? idx : s->cnt;
}

static VEGA_ALWAYS_INLINE struct vega_ten
ten_of(const struct vega_book *b, const struct vega_book_in *in, bool is_ask)
{
	return vega_ten_of(&b->table->entries[in->instrument_idx], is_ask);
}

static VEGA_ALWAYS_INLINE bool
is_at(const struct vega_ten *s, uint32_t idx, int64_t price)
{
	return idx < s->cnt && s->levels[idx].price == price;
}

/* A level that is not there yet, with its place: among the ten, and then the tenth goes down, or behind them. */
static bool
make_level(struct vega_book *b, const struct vega_book_in *in, bool is_ask,
	const struct vega_ten *s, uint32_t idx, const struct vega_side_level *level)
{
	struct vega_side *side = &b->instruments[in->instrument_idx].sides[is_ask];
	struct vega_side_level tenth;

	if (s->cnt == TEN) {
		tenth = (struct vega_side_level){vega_side_key(s->levels[TEN - 1].price, is_ask),
			s->levels[TEN - 1].qty, s->orders[TEN - 1]};
		if (!vega_side_push(side, &b->pool, &tenth))
			return false;
	}
	insert_level(b, in, is_ask, idx,
		(struct vega_state_level){vega_side_key(level->key, is_ask), level->qty},
		level->orders);
	return true;
}

bool
vega_book_level_add(struct vega_book *b, const struct vega_book_in *in, bool is_ask, int64_t price,
	uint64_t qty, uint32_t orders)
{
	const struct vega_side_level level = {vega_side_key(price, is_ask), qty, orders};
	const struct vega_ten s = ten_of(b, in, is_ask);
	const uint32_t idx = place(&s, is_ask, price);

	if (is_at(&s, idx, price)) {
		set_level(b, in, is_ask, idx,
			(struct vega_state_level){price, s.levels[idx].qty + qty},
			s.orders[idx] + orders);
		return true;
	}
	if (idx == TEN)
		return vega_side_add(
			&b->instruments[in->instrument_idx].sides[is_ask], &b->pool, &level);
	return make_level(b, in, is_ask, &s, idx, &level);
}

void
vega_book_level_take(struct vega_book *b, const struct vega_book_in *in, bool is_ask, int64_t price,
	uint64_t qty, uint32_t orders)
{
	const struct vega_ten s = ten_of(b, in, is_ask);
	const uint32_t idx = place(&s, is_ask, price);
	struct vega_state_level level;
	uint32_t left;

	if (idx == TEN) {
		vega_side_take(&b->instruments[in->instrument_idx].sides[is_ask], &b->pool,
			&(struct vega_side_level){vega_side_key(price, is_ask), qty, orders});
		return;
	}
	if (!is_at(&s, idx, price))
		return;
	level = s.levels[idx];
	left = s.orders[idx];
	if (vega_side_reduce(&level.qty, &left, qty, orders))
		delete_level(b, in, is_ask, idx);
	else
		set_level(b, in, is_ask, idx, level, left);
}

bool
vega_book_level_set(struct vega_book *b, const struct vega_book_in *in, bool is_ask, int64_t price,
	uint64_t qty)
{
	const struct vega_side_level level = {vega_side_key(price, is_ask), qty, 0};
	const struct vega_ten s = ten_of(b, in, is_ask);
	const uint32_t idx = place(&s, is_ask, price);

	if (is_at(&s, idx, price) && qty == 0)
		delete_level(b, in, is_ask, idx);
	else if (is_at(&s, idx, price))
		set_level(b, in, is_ask, idx, (struct vega_state_level){price, qty}, 0);
	else if (idx == TEN)
		return vega_side_set(&b->instruments[in->instrument_idx].sides[is_ask], &b->pool,
			level.key, qty);
	else if (qty != 0)
		return make_level(b, in, is_ask, &s, idx, &level);
	return true;
}
