/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book.h"

#include <string.h>

#define AHEAD_ORDER      16u /* records ahead whose order is asked for */
#define AHEAD_INSTRUMENT 8u  /* records ahead whose levels are asked for */

/* A record as it is applied: values whole. */
struct in {
	const union vega_record *r;
	uint64_t head; /* its first word, without flags */
	uint32_t flags;
	uint32_t instrument_idx; /* VEGA_STATE_NONE: the table is full */
	int64_t price;
	uint64_t qty;
};

/* ---- what goes into the lane ------------------------------------------------------------------------------------ */

static VEGA_COLD void
lay_time(struct vega_book *b, uint64_t ns)
{
	vega_ring_put(&b->ring, VEGA_TS_NONE | (uint64_t)VEGA_TIME << 48, 0, ns, 0);
}

static VEGA_COLD void
lay_packet(struct vega_book *b)
{
	const uint64_t *word = b->packet.word;

	b->packet_laid = true;
	if (b->packet_ns != 0)
		lay_time(b, b->packet_ns);
	if (word[0] != 0)
		vega_ring_put(&b->ring, word[0], word[1], word[2], word[3]);
}

static VEGA_ALWAYS_INLINE void
before_put(struct vega_book *b)
{
	if (vega_unlikely(!b->packet_laid))
		lay_packet(b);
	if (vega_unlikely(b->time_given))
		lay_time(b, b->time_ns);
}

static void
forward(struct vega_book *b, const union vega_record *r, uint64_t cnt)
{
	before_put(b);
	for (uint64_t i = 0; i < cnt; i++)
		vega_ring_put(&b->ring, r[i].word[0], r[i].word[1], r[i].word[2], r[i].word[3]);
}

/* The source's time, another kind. */
static VEGA_ALWAYS_INLINE uint64_t
head_of(const struct in *in, uint32_t kind, uint32_t flags)
{
	return (in->head & VEGA_TS_NONE) | (uint64_t)kind << 48 | (uint64_t)flags << 56;
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
static void
put_level(struct vega_book *b, const struct in *in, bool is_ask, enum vega_level_action action,
	uint32_t idx)
{
	const struct vega_side *side = &b->instruments[in->instrument_idx].sides[is_ask];
	const bool has = action == VEGA_LEVEL_SET || action == VEGA_LEVEL_INSERT;
	const int64_t price = has ? vega_side_key(side->key[idx], is_ask) : 0;
	const uint64_t qty = has ? side->qty[idx] : 0;
	const uint32_t orders = has ? side->orders[idx] : 0;
	const uint64_t head = head_of(in, VEGA_LEVEL, VEGA_RECORD_ACTION(action));
	const uint32_t word = VEGA_LEVEL_WORD(idx + 1, is_ask ? VEGA_SIDE_ASK : VEGA_SIDE_BID,
		is_ask ? 0 : orders, is_ask ? orders : 0);
	const uint32_t token = in->r->order.instrument;

	before_put(b);
	if (vega_likely(is_narrow(price) && qty <= UINT32_MAX && orders >> 12 == 0)) {
		const uint64_t value = pair((uint64_t)price, qty);

		vega_ring_put(
			&b->ring, head, pair(token, word), is_ask ? 0 : value, is_ask ? value : 0);
		return;
	}
	const uint64_t counts = (uint64_t)(orders >> 12 & 0xFFFF) << (is_ask ? 16 : 0);
	const uint64_t value[5] = {word | counts << 32, is_ask ? 0 : (uint64_t)price,
		is_ask ? 0 : qty, is_ask ? (uint64_t)price : 0, is_ask ? qty : 0};

	put_wide(b, head, token, value);
}

/* Price and quantity, which are 0 where no trade is told, average and volume of the day. */
static void
put_last(struct vega_book *b, const struct in *in, int64_t price, uint64_t qty)
{
	const struct vega_book_instrument *i = &b->instruments[in->instrument_idx];
	const int64_t average = i->has_average && i->volume != 0 && i->volume <= INT64_MAX
					? i->turnover / (int64_t)i->volume
					: 0;
	const uint64_t head = head_of(in, VEGA_LAST, in->flags & VEGA_RECORD_ASK);
	const uint32_t token = in->r->order.instrument;

	before_put(b);
	if (vega_likely(is_narrow(price) && is_narrow(average) && qty <= UINT32_MAX)) {
		vega_ring_put(&b->ring, head, pair(token, (uint64_t)price),
			pair(qty, (uint64_t)average), i->volume);
		return;
	}
	/* The volume's place holds 8 bytes: its halves are not wide. */
	const uint64_t value[5] = {
		(uint64_t)price, qty, (uint64_t)average, (uint32_t)i->volume, i->volume >> 32};

	put_wide(b, head, token, value);
}

static void
put_orders_lost(struct vega_book *b, const struct in *in)
{
	vega_count(&b->table->table->order_refused_cnt, 1);
	before_put(b);
	vega_ring_put(&b->ring, head_of(in, VEGA_LOSS, 0),
		pair(in->r->order.instrument, VEGA_LOSS_ORDERS), 1, 0);
}

/* An exchange message ends: its last record says so. */
static void
end_event(struct vega_book *b)
{
	uint64_t *slot;

	if (b->ring.next != b->event_from && b->ring.next != b->ring.publish) {
		slot = vega_ring_slot(&b->ring, b->ring.next - 1);
		vega_store_release(&slot[0], slot[0] | (uint64_t)VEGA_RECORD_LAST << 56); /* W2 */
		b->event_from = b->ring.next;
	}
}

/* ---- levels ----------------------------------------------------------------------------------------------------- */

static void
show(struct vega_book *b, const struct in *in, bool is_ask, struct vega_side_change change)
{
	switch (change.how) {
	case VEGA_SIDE_SAME:
		break;
	case VEGA_SIDE_CHANGED:
		put_level(b, in, is_ask, VEGA_LEVEL_SET, change.idx);
		break;
	case VEGA_SIDE_INSERTED:
		put_level(b, in, is_ask, VEGA_LEVEL_INSERT, change.idx);
		break;
	case VEGA_SIDE_REMOVED:
		put_level(b, in, is_ask, VEGA_LEVEL_DELETE, change.idx);
		if (b->instruments[in->instrument_idx].sides[is_ask].cnt >= VEGA_SHOWN_CNT)
			put_level(b, in, is_ask, VEGA_LEVEL_SET, VEGA_SHOWN_CNT - 1);
		break;
	case VEGA_SIDE_FULL:
		put_orders_lost(b, in);
		break;
	}
}

/* Returns whether the book has it. */
static bool
add_to_level(struct vega_book *b, const struct in *in, bool is_ask, int64_t price, uint64_t qty)
{
	struct vega_side *side = &b->instruments[in->instrument_idx].sides[is_ask];
	const struct vega_side_change change =
		vega_side_add(side, &b->pool, vega_side_key(price, is_ask), qty, 1);

	side->channel = b->packet.packet.channel;

	show(b, in, is_ask, change);
	return change.how != VEGA_SIDE_FULL;
}

static void
take_from_level(struct vega_book *b, const struct in *in, const struct vega_order *order,
	uint64_t qty, uint32_t orders)
{
	const bool is_ask = order->is_ask != 0;

	show(b, in, is_ask,
		vega_side_take(&b->instruments[in->instrument_idx].sides[is_ask], &b->pool,
			vega_side_key(order->price, is_ask), qty, orders));
}

/* ---- orders ----------------------------------------------------------------------------------------------------- */

static struct vega_order *
find_order(const struct vega_book *b, const struct in *in, uint64_t id)
{
	return vega_orders_find(&b->orders, id, in->instrument_idx);
}

/* Into the free slot of its id. */
static void
insert_order(struct vega_book *b, const struct in *in, struct vega_order *slot,
	const struct vega_order *order)
{
	if (vega_unlikely(order->qty == 0))
		return;
	if (vega_unlikely(b->orders.cnt == b->orders.capacity)) {
		put_orders_lost(b, in);
		return;
	}
	if (!add_to_level(b, in, order->is_ask != 0, order->price, order->qty))
		return;
	*slot = *order;
	b->orders.cnt++;
}

static void
remove_order(struct vega_book *b, const struct in *in, struct vega_order *order)
{
	take_from_level(b, in, order, order->qty, 1);
	vega_orders_remove(&b->orders, order);
}

/* Take a quantity off; the order goes with its last. */
static void
reduce_order(struct vega_book *b, const struct in *in, struct vega_order *order, uint64_t qty)
{
	if (qty >= order->qty) {
		remove_order(b, in, order);
		return;
	}
	take_from_level(b, in, order, qty, 0);
	order->qty -= qty;
}

/* As it is now: at its own level more or less, or at another. */
static void
move_order(struct vega_book *b, const struct in *in, struct vega_order *order,
	const struct vega_order *now)
{
	if (now->price == order->price && now->is_ask == order->is_ask && now->qty != 0) {
		struct vega_side *side =
			&b->instruments[in->instrument_idx].sides[order->is_ask != 0];
		const int64_t key = vega_side_key(order->price, order->is_ask != 0);

		if (now->qty > order->qty)
			show(b, in, order->is_ask != 0,
				vega_side_add(side, &b->pool, key, now->qty - order->qty, 0));
		else if (now->qty < order->qty)
			show(b, in, order->is_ask != 0,
				vega_side_take(side, &b->pool, key, order->qty - now->qty, 0));
		order->qty = now->qty;
		return;
	}
	remove_order(b, in, order);
	insert_order(b, in, find_order(b, in, now->id), now);
}

static void
add_order(struct vega_book *b, const struct in *in)
{
	const struct vega_order now = {.id = in->r->order.order_id,
		.price = in->price,
		.qty = in->qty,
		.instrument_idx = in->instrument_idx,
		.is_ask = (in->flags & VEGA_RECORD_ASK) != 0};
	struct vega_order *order = find_order(b, in, now.id);

	if (vega_likely(order->qty == 0))
		insert_order(b, in, order, &now);
	else
		move_order(b, in, order, &now);
}

static void
modify_order(struct vega_book *b, const struct in *in)
{
	const struct vega_order_record *r = &in->r->order;
	struct vega_order *order;
	struct vega_order now;

	if ((r->reference & VEGA_ORDER_REPLACE) != 0)
		return; /* the ORDER_REF behind it has the new id */
	order = find_order(b, in, r->order_id);
	if (vega_unlikely(order->qty == 0)) {
		if (b->modify_adds)
			add_order(b, in);
		return;
	}
	now = *order;
	if ((r->reference & VEGA_ORDER_NO_PRICE) == 0)
		now.price = in->price;
	if ((r->reference & VEGA_ORDER_NO_QTY) == 0)
		now.qty = in->qty;
	if (b->modify_adds) /* then its side flag is told too */
		now.is_ask = (in->flags & VEGA_RECORD_ASK) != 0;
	move_order(b, in, order, &now);
}

static void
delete_order(struct vega_book *b, const struct in *in)
{
	struct vega_order *order = find_order(b, in, in->r->order.order_id);

	if (vega_unlikely(order->qty == 0))
		return;
	if ((in->r->order.reference & VEGA_ORDER_REDUCE) != 0)
		reduce_order(b, in, order, in->qty);
	else
		remove_order(b, in, order);
}

/* ---- trades ----------------------------------------------------------------------------------------------------- */

/* A price that was traded: the last one, and of the day's sums. */
static void
note_trade(struct vega_book *b, const struct in *in, int64_t price, uint64_t qty)
{
	struct vega_book_instrument *i = &b->instruments[in->instrument_idx];
	int64_t turnover;

	if (i->volume == 0)
		i->has_average = true;
	i->has_average = i->has_average && qty <= INT64_MAX &&
			 !__builtin_mul_overflow(price, (int64_t)qty, &turnover) &&
			 !__builtin_add_overflow(i->turnover, turnover, &i->turnover);
	i->volume += qty;
	put_last(b, in, price, qty);
}

/* A trade that is taken back leaves the last price as it is. */
static void
break_trade(struct vega_book *b, const struct in *in)
{
	struct vega_book_instrument *i = &b->instruments[in->instrument_idx];
	int64_t turnover;

	if (in->qty == 0 || in->qty > i->volume)
		return;
	i->has_average = i->has_average &&
			 !__builtin_mul_overflow(in->price, (int64_t)in->qty, &turnover) &&
			 !__builtin_sub_overflow(i->turnover, turnover, &i->turnover);
	i->volume -= in->qty;
	put_last(b, in, 0, 0);
}

static void
execute_order(struct vega_book *b, const struct in *in)
{
	const struct vega_order_record *r = &in->r->order;
	struct vega_order *order = find_order(b, in, r->order_id);
	const bool is_known = order->qty != 0;
	const bool has_price = (r->reference & VEGA_ORDER_NO_PRICE) == 0;

	if ((r->reference & VEGA_ORDER_NO_PRINT) == 0 && (has_price || is_known))
		note_trade(b, in, has_price ? in->price : order->price, in->qty);
	if (is_known)
		reduce_order(b, in, order, in->qty);
}

static void
apply_trade(struct vega_book *b, const struct in *in)
{
	if ((in->r->trade.condition & VEGA_TRADE_BREAK) != 0)
		break_trade(b, in);
	else
		note_trade(b, in, in->price, in->qty);
}

/* ---- what an ORDER_REF says of the record before ---------------------------------------------------------------- */

static void
replace_order(struct vega_book *b, const struct in *in, uint64_t old_id, uint64_t new_id)
{
	struct vega_order *order = find_order(b, in, old_id);
	struct vega_order now;

	if (order->qty == 0)
		return;
	now = *order;
	now.id = new_id;
	now.price = b->before_price;
	now.qty = b->before_qty;
	remove_order(b, in, order);
	order = find_order(b, in, new_id);
	if (vega_unlikely(order->qty != 0))
		move_order(b, in, order, &now);
	else
		insert_order(b, in, order, &now);
}

static void
reduce_both(struct vega_book *b, const struct in *in, const uint64_t ids[2])
{
	for (uint32_t i = 0; i < 2; i++) {
		struct vega_order *order = find_order(b, in, ids[i]);

		if (ids[i] != 0 && order->qty != 0)
			reduce_order(b, in, order, b->before_qty);
	}
}

static void
apply_ref(struct vega_book *b, const struct in *in)
{
	const struct vega_ref_record *ref = &in->r->ref;
	const uint32_t before = vega_record_kind(&b->before);
	const uint64_t ids[2] = {ref->id, ref->id2};

	if (b->before.word[0] == 0 || b->before.order.instrument != ref->instrument)
		return;
	if (ref->what == VEGA_REF_REPLACE && before == VEGA_ORDER_MODIFY)
		replace_order(b, in, ref->id, ref->id2);
	else if (ref->what == VEGA_REF_BUY_SELL && before == VEGA_TRADE &&
		 (b->before.trade.condition & VEGA_TRADE_BREAK) == 0)
		reduce_both(b, in, ids);
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

/* Levels without a number have their price; those with one are as the feed has them, and pass. */
static void
apply_level(struct vega_book *b, const struct in *in, const union vega_record *r, uint64_t cnt)
{
	const struct vega_level_record *l = &r->level;
	const bool is_ask = (l->level >> 6 & VEGA_SIDE_ASK) != 0;
	const uint32_t *high = cnt == 2 ? r[1].wide.high : NULL;
	const uint32_t low_price = (uint32_t)(is_ask ? l->ask_price : l->bid_price);
	const uint32_t low_qty = is_ask ? l->ask_qty : l->bid_qty;
	const int64_t price =
		high == NULL ? (int32_t)low_price : (int64_t)pair(low_price, high[is_ask ? 3 : 1]);
	const uint64_t qty = high == NULL ? low_qty : pair(low_qty, high[is_ask ? 4 : 2]);
	struct vega_side *side;

	if ((l->level & 63) != VEGA_LEVEL_BY_PRICE) {
		forward(b, r, cnt);
		return;
	}
	if (vega_unlikely(in->instrument_idx == VEGA_STATE_NONE))
		return;
	side = &b->instruments[in->instrument_idx].sides[is_ask];
	side->channel = b->packet.packet.channel;
	show(b, in, is_ask, vega_side_set(side, &b->pool, vega_side_key(price, is_ask), qty));
}

static void
clear_instrument(struct vega_book *b, uint32_t idx)
{
	if ((b->instruments[idx].sides[0].cnt | b->instruments[idx].sides[1].cnt) == 0)
		return;
	vega_side_clear(&b->instruments[idx].sides[0], &b->pool);
	vega_side_clear(&b->instruments[idx].sides[1], &b->pool);
	vega_orders_clear(&b->orders, idx);
}

static void
clear_channel(struct vega_book *b, uint32_t channel)
{
	for (uint32_t i = 0; i < b->table->cnt; i++) {
		const struct vega_side *sides = b->instruments[i].sides;

		if ((sides[0].cnt != 0 && sides[0].channel == channel) ||
			(sides[1].cnt != 0 && sides[1].channel == channel))
			clear_instrument(b, i);
	}
}

static void
clear_all(struct vega_book *b)
{
	for (uint32_t i = 0; i < b->table->cnt; i++) {
		struct vega_book_instrument *in = &b->instruments[i];

		vega_side_clear(&in->sides[0], &b->pool);
		vega_side_clear(&in->sides[1], &b->pool);
		in->volume = 0;
		in->turnover = 0;
	}
	vega_orders_clear(&b->orders, UINT32_MAX);
}

/* The lane has the same epochs as the record lane. */
static void
apply_epoch(struct vega_book *b, const union vega_record *r)
{
	const bool is_new_day = b->epoch_ns != 0 && r->epoch.ns > b->epoch_ns;

	b->epoch_ns = r->epoch.ns;
	vega_store_relaxed(&b->ring.tail->epoch_ns, b->epoch_ns);
	vega_store_release(&b->ring.tail->epoch_from, b->ring.next); /* as rx does: W3 follows */
	vega_ring_put(&b->ring, r->word[0], r->word[1], r->word[2], b->ring.next);
	if (is_new_day)
		clear_all(b);
}

/* Orders, trades and levels without a number have an instrument with a book. */
static VEGA_ALWAYS_INLINE bool
is_order(uint32_t kind)
{
	return kind >= VEGA_ORDER_ADD && kind <= VEGA_TRADE;
}

static VEGA_ALWAYS_INLINE bool
is_spread(const union vega_record *r, uint32_t kind)
{
	return kind == VEGA_TRADE       ? (r->trade.condition & VEGA_TRADE_SPREAD) != 0
	       : kind == VEGA_ORDER_REF ? false
					: (r->order.reference & VEGA_ORDER_SPREAD) != 0;
}

static VEGA_ALWAYS_INLINE void
apply_order(struct vega_book *b, const struct in *in, uint32_t kind)
{
	if (vega_unlikely(is_spread(in->r, kind) || in->instrument_idx == VEGA_STATE_NONE)) {
		vega_count(&b->table->table->ignored_cnt, 1);
		b->before.word[0] = 0;
		return;
	}
	switch (kind) {
	case VEGA_ORDER_ADD:
		add_order(b, in);
		break;
	case VEGA_ORDER_MODIFY:
		modify_order(b, in);
		break;
	case VEGA_ORDER_DELETE:
		delete_order(b, in);
		break;
	case VEGA_ORDER_EXECUTE:
		execute_order(b, in);
		break;
	case VEGA_TRADE:
		apply_trade(b, in);
		break;
	case VEGA_ORDER_REF:
		apply_ref(b, in);
		return;
	}
	b->before = *in->r;
	b->before_qty = in->qty;
	b->before_price = in->price;
}

static VEGA_NOINLINE void
apply_rest(struct vega_book *b, const struct in *in, uint32_t kind, uint64_t cnt)
{
	const union vega_record *r = in->r;

	switch (kind) {
	case VEGA_LEVEL:
		apply_level(b, in, r, cnt);
		return;
	case VEGA_PACKET:
		end_event(b);
		b->packet = *r;
		b->packet_ns = b->time_given ? b->time_ns : 0;
		b->packet_laid = false;
		return;
	case VEGA_EPOCH:
		apply_epoch(b, r);
		return;
	case VEGA_CLEAR:
		if (r->clear.instrument == 0)
			clear_channel(b, b->packet.packet.channel);
		else if (in->instrument_idx != VEGA_STATE_NONE)
			clear_instrument(b, in->instrument_idx);
		break;
	}
	forward(b, r, cnt);
}

/* The index of a record's instrument, which then is in the table. */
static VEGA_ALWAYS_INLINE uint32_t
instrument_of(struct vega_book *b, const union vega_record *r)
{
	const uint32_t idx = vega_state_add(b->table, r->order.instrument);

	if (vega_unlikely(idx == VEGA_STATE_NONE)) {
		vega_count(&b->table->table->refused_cnt, 1);
		return idx;
	}
	return idx;
}

/* One record with its WIDE one: cnt 1 or 2. */
static VEGA_ALWAYS_INLINE void
apply(struct vega_book *b, const union vega_record *r, uint64_t cnt)
{
	const uint32_t kind = vega_record_kind(r);
	struct in in = {.r = r,
		.head = r->word[0],
		.flags = vega_record_flags(r),
		.price = r->order.price,
		.qty = r->order.qty,
		.instrument_idx = VEGA_STATE_NONE};

	if (vega_unlikely(cnt == 2)) {
		in.flags |= vega_record_flags(r + 1) & VEGA_RECORD_LAST;
		in.price = (int64_t)pair((uint32_t)r->order.price, r[1].wide.high[3]);
		in.qty = pair(r->order.qty, r[1].wide.high[0]);
	}
	if (is_order(kind) || kind == VEGA_LEVEL || kind == VEGA_CLEAR)
		in.instrument_idx = r->order.instrument != 0 || kind != VEGA_CLEAR
					    ? instrument_of(b, r)
					    : VEGA_STATE_NONE;
	if (vega_likely(is_order(kind)))
		apply_order(b, &in, kind);
	else
		apply_rest(b, &in, kind, cnt);
	b->time_given = false;
	if ((in.flags & VEGA_RECORD_LAST) != 0)
		end_event(b);
}

/* The side that an order will change: its own, if it is there already; else as its record says. */
static VEGA_ALWAYS_INLINE bool
is_ask_likely(const struct vega_book *b, const union vega_record *r)
{
	const struct vega_order *order =
		&b->orders.slots[vega_orders_slot(&b->orders, r->order.order_id)];

	return order->id == r->order.order_id ? order->is_ask != 0
					      : (r->word[0] >> 56 & VEGA_RECORD_ASK) != 0;
}

/* Ask for what the records ahead will change. */
static VEGA_ALWAYS_INLINE void
prefetch(const struct vega_book *b, const union vega_record *records, uint64_t i, uint64_t cnt)
{
	const union vega_record *r = &records[i];
	const struct vega_state_writer *t = b->table;
	const uint8_t *side;
	uint32_t idx;

	if (i + AHEAD_ORDER >= cnt)
		return;
	if (is_order(vega_record_kind(r + AHEAD_ORDER))) {
		vega_orders_prefetch(&b->orders, r[AHEAD_ORDER].order.order_id);
		vega_prefetch(&t->buckets[vega_state_hash(r[AHEAD_ORDER].order.instrument) &
					  t->bucket_mask]);
	}
	r += AHEAD_INSTRUMENT;
	if (!is_order(vega_record_kind(r)))
		return;
	idx = vega_state_find(t, r->order.instrument);
	if (idx == VEGA_STATE_NONE)
		return;
	side = (const uint8_t *)&b->instruments[idx].sides[is_ask_likely(b, r)];
	for (uint32_t line = 0; line < sizeof(struct vega_side) / VEGA_LINE_BYTES; line++)
		vega_prefetch(side + VEGA_LINE_BYTES * line);
}

uint64_t
vega_book_apply(struct vega_book *b, const union vega_record *records, uint64_t cnt)
{
	uint64_t i = 0;

	while (i < cnt) {
		const union vega_record *r = &records[i];
		uint64_t n = 1;

		prefetch(b, records, i, cnt);
		if (vega_unlikely((vega_record_flags(r) & VEGA_RECORD_WIDE) != 0)) {
			if (i + 1 == cnt)
				break;
			n = vega_record_kind(r + 1) == VEGA_WIDE ? 2 : 1;
		}
		i += n;
		if (vega_unlikely(vega_record_kind(r) == VEGA_TIME)) {
			b->time_ns = r->epoch.ns;
			b->time_given = true;
			continue;
		}
		apply(b, r, n);
	}
	vega_ring_publish(&b->ring);
	vega_store_relaxed(&b->table->table->order_cnt, b->orders.cnt);
	return i;
}

void
vega_book_lapped(struct vega_book *b, uint64_t cnt, uint64_t position, uint64_t epoch_ns)
{
	b->packet_laid = true; /* nobody knows whose records follow, up to the next one */
	b->time_given = false;
	b->before.word[0] = 0;
	if (epoch_ns != 0 && epoch_ns != b->epoch_ns)
		apply_epoch(b, &(union vega_record){.epoch = {.head = (uint64_t)VEGA_EPOCH << 48,
							    .ns = epoch_ns}});
	vega_ring_put(&b->ring,
		VEGA_TS_NONE | (uint64_t)VEGA_LOSS << 48 | (uint64_t)VEGA_RECORD_LAST << 56,
		(uint64_t)VEGA_LOSS_LAPPED << 32, cnt, position);
	b->event_from = b->ring.next;
	vega_ring_publish(&b->ring);
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

struct parts {
	uint64_t nodes_off;
	uint64_t instruments_off;
	uint64_t bytes;
};

static struct parts
parts_of(const struct vega_book_conf *conf)
{
	struct parts parts;

	parts.nodes_off = vega_orders_slot_cnt(conf->order_cnt) * sizeof(struct vega_order);
	parts.instruments_off = vega_align_up(
		parts.nodes_off + conf->order_cnt * sizeof(struct vega_far_node), VEGA_LINE_BYTES);
	parts.bytes =
		parts.instruments_off + conf->table->capacity * sizeof(struct vega_book_instrument);
	return parts;
}

uint64_t
vega_book_bytes(const struct vega_book_conf *conf)
{
	return parts_of(conf).bytes;
}

void
vega_book_init(struct vega_book *b, const struct vega_book_conf *conf, void *memory)
{
	const struct parts parts = parts_of(conf);
	uint8_t *at = memory;

	*b = (struct vega_book){
		.table = conf->table,
		.instruments = (void *)(at + parts.instruments_off),
		.pool = {.nodes = (void *)(at + parts.nodes_off),
			.capacity = (uint32_t)conf->order_cnt,
			.free = VEGA_FAR_NONE},
		.modify_adds = conf->modify_adds,
		.packet_laid = true,
	};
	for (uint32_t i = 0; i < conf->table->capacity; i++) {
		vega_side_init(&b->instruments[i].sides[0]);
		vega_side_init(&b->instruments[i].sides[1]);
	}
	vega_orders_init(&b->orders, memory, conf->order_cnt);
	vega_ring_writer_init(&b->ring, conf->lane, conf->lane_bytes);
}
