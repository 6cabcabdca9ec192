/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book.h"

#include "hugepages/book_ahead.h"
#include "hugepages/book_clear.h"
#include "hugepages/book_late.h"
#include "hugepages/book_levels.h"

#define SWEEP_CNT 256u
#define QTY_MAX   (1ull << 38) /* of an order: no sum of all that there can be is more than a word */

/* ---- orders ----------------------------------------------------------------------------------------------------- */

static bool
is_dead(const struct vega_book *b, const struct vega_order *order)
{
	return order->generation != b->instruments[order->instrument_idx].generation;
}

/* Take dead orders out of so many slots. No pointer to an order is good after it. */
static VEGA_COLD void
sweep(struct vega_book *b, uint64_t cnt)
{
	struct vega_orders *o = &b->orders;

	for (; cnt != 0 && o->dead_cnt != 0; cnt--, o->swept++) {
		struct vega_order *slot = &o->slots[o->swept & o->mask];

		while (slot->qty != 0 && is_dead(b, slot)) {
			vega_orders_remove(o, slot);
			o->dead_cnt--;
		}
	}
}

/* The order's slot, or the free one where it would stand. */
static VEGA_ALWAYS_INLINE struct vega_order *
find_at(struct vega_book *b, const struct vega_book_in *in, uint64_t id, uint64_t slot)
{
	struct vega_order *order = vega_orders_find(&b->orders, id, in->instrument_idx, slot);

	if (vega_unlikely(b->orders.dead_cnt != 0) && order->qty != 0 && is_dead(b, order)) {
		vega_orders_remove(&b->orders, order);
		b->orders.dead_cnt--;
		order = vega_orders_find(&b->orders, id, in->instrument_idx, slot);
	}
	return order;
}

/* The same by id alone, of an ORDER_REF. */
static struct vega_order *
find_order(struct vega_book *b, const struct vega_book_in *in, uint64_t id)
{
	return find_at(b, in, id, vega_orders_slot(&b->orders, id));
}

/* The record's own. */
static VEGA_ALWAYS_INLINE struct vega_order *
own_order(struct vega_book *b, const struct vega_book_in *in)
{
	return find_at(b, in, in->r->order.order_id, in->slot);
}

static void
remove_order(struct vega_book *b, struct vega_order *order)
{
	b->instruments[order->instrument_idx].order_cnt--;
	vega_orders_remove(&b->orders, order);
}

/* Into the free slot of its id. */
static void
insert_order(struct vega_book *b, const struct vega_book_in *in, struct vega_order *slot,
	const struct vega_order *now)
{
	struct vega_book_instrument *i = &b->instruments[in->instrument_idx];

	if (vega_unlikely(b->orders.cnt == b->orders.capacity)) {
		while (b->orders.cnt == b->orders.capacity && b->orders.dead_cnt != 0)
			sweep(b, SWEEP_CNT);
		slot = find_order(b, in, now->id);
	}
	if (vega_unlikely(b->orders.cnt == b->orders.capacity || now->qty > QTY_MAX) ||
		!vega_book_level_add(b, in, now->is_ask != 0, now->price, now->qty, 1)) {
		vega_book_order_lost(b, in);
		return;
	}
	*slot = *now;
	slot->generation = i->generation & 0x7FFFFFFFu;
	i->order_cnt++;
	b->orders.cnt++;
}

/* More or less at its own level. */
static void
resize_order(
	struct vega_book *b, const struct vega_book_in *in, struct vega_order *order, uint64_t qty)
{
	const bool is_ask = order->is_ask != 0;

	if (qty < order->qty)
		vega_book_level_take(b, in, is_ask, order->price, order->qty - qty, 0);
	else if (qty > order->qty &&
		 (qty > QTY_MAX ||
			 !vega_book_level_add(b, in, is_ask, order->price, qty - order->qty, 0))) {
		vega_book_order_lost(b, in);
		return;
	}
	order->qty = qty;
}

/*
 * An order becomes what it is now: it comes, changes, or goes (qty 0).
 *
 * Params: order	its slot, or the free one
 */
static void
become(struct vega_book *b, const struct vega_book_in *in, struct vega_order *order,
	const struct vega_order *now)
{
	if (order->qty == 0) {
		if (vega_likely(now->qty != 0))
			insert_order(b, in, order, now);
		return;
	}
	if (now->qty != 0 && now->price == order->price && now->is_ask == order->is_ask) {
		resize_order(b, in, order, now->qty);
		return;
	}
	vega_book_level_take(b, in, order->is_ask != 0, order->price, order->qty, 1);
	if (now->qty != 0 && now->qty <= QTY_MAX &&
		vega_book_level_add(b, in, now->is_ask != 0, now->price, now->qty, 1)) {
		order->price = now->price;
		order->qty = now->qty;
		order->is_ask = now->is_ask;
		return;
	}
	remove_order(b, order);
	if (now->qty != 0)
		vega_book_order_lost(b, in);
}

void
vega_book_become(struct vega_book *b, const struct vega_book_in *in, const struct vega_order *now)
{
	become(b, in, find_order(b, in, now->id), now);
}

/* ---- orders' messages -------------------------------------------------------------------------------------------- */

static struct vega_order
order_of(const struct vega_book_in *in)
{
	return (struct vega_order){.id = in->r->order.order_id,
		.price = in->price,
		.qty = in->qty,
		.instrument_idx = in->instrument_idx,
		.is_ask = (in->flags & VEGA_RECORD_ASK) != 0};
}

/* Take a quantity off; the order goes with its last. */
static void
reduce_order(
	struct vega_book *b, const struct vega_book_in *in, struct vega_order *order, uint64_t qty)
{
	struct vega_order now = *order;

	if (vega_unlikely(b->watch->is_on))
		vega_book_keep_price(b, in, order);
	now.qty -= qty < now.qty ? qty : now.qty;
	become(b, in, order, &now);
}

static void
add_order(struct vega_book *b, const struct vega_book_in *in)
{
	struct vega_order now = order_of(in);

	if (vega_likely(!b->watch->is_on) || vega_book_may_set(b, in, &now))
		become(b, in, own_order(b, in), &now);
}

/* Its side, at least, is the one that it had. */
static VEGA_COLD void
modify_unknown(struct vega_book *b, const struct vega_book_in *in)
{
	const struct vega_order now = order_of(in);

	if ((in->r->order.reference & (VEGA_ORDER_NO_PRICE | VEGA_ORDER_NO_QTY)) != 0)
		vega_book_lack(b, in);
	else
		vega_book_hold_order(b, in, now.id, &now);
}

static void
modify_order(struct vega_book *b, const struct vega_book_in *in)
{
	const struct vega_order_record *r = &in->r->order;
	struct vega_order *order;
	struct vega_order now;

	if ((r->reference & VEGA_ORDER_REPLACE) != 0)
		return; /* the ORDER_REF behind it has the new id */
	order = own_order(b, in);
	if (vega_unlikely(order->qty == 0)) {
		if (b->modify_adds)
			add_order(b, in);
		else
			modify_unknown(b, in);
		return;
	}
	if (vega_unlikely(b->watch->is_on) &&
		(r->reference & (VEGA_ORDER_NO_PRICE | VEGA_ORDER_NO_QTY)) != 0)
		vega_book_stale(b, in); /* the other half may come late */
	now = order_of(in);
	if ((r->reference & VEGA_ORDER_NO_PRICE) != 0)
		now.price = order->price;
	if ((r->reference & VEGA_ORDER_NO_QTY) != 0)
		now.qty = order->qty;
	if (!b->modify_adds) /* else its side flag is told too */
		now.is_ask = order->is_ask;
	if (vega_likely(!b->watch->is_on) || vega_book_may_set(b, in, &now))
		become(b, in, order, &now);
}

static void
delete_order(struct vega_book *b, const struct vega_book_in *in)
{
	const bool is_part = (in->r->order.reference & VEGA_ORDER_REDUCE) != 0;
	const uint64_t id = in->r->order.order_id;
	struct vega_order *order = own_order(b, in);

	if (vega_unlikely(b->watch->is_on) &&
		!(is_part ? vega_book_may_take(b, in, id, in->qty) : vega_book_may_end(b, in, id)))
		return;
	if (vega_likely(order->qty != 0))
		reduce_order(b, in, order, is_part ? in->qty : UINT64_MAX);
}

/* ---- trades ----------------------------------------------------------------------------------------------------- */

/* A price that was traded: the last one, and of the day's sums. */
void
vega_book_trade(struct vega_book *b, const struct vega_book_in *in, int64_t price, uint64_t qty)
{
	struct vega_book_instrument *i = &b->instruments[in->instrument_idx];
	int64_t turnover;

	if (i->volume == 0)
		i->has_average = true;
	i->has_average = i->has_average && qty <= INT64_MAX &&
			 !__builtin_mul_overflow(price, (int64_t)qty, &turnover) &&
			 !__builtin_add_overflow(i->turnover, turnover, &i->turnover);
	i->volume += qty;
	vega_book_last(b, in, price, qty);
}

/* A trade that is taken back leaves the last price as it is. */
static void
break_trade(struct vega_book *b, const struct vega_book_in *in)
{
	struct vega_book_instrument *i = &b->instruments[in->instrument_idx];
	int64_t turnover;

	if (in->qty == 0 || in->qty > i->volume)
		return;
	i->has_average = i->has_average &&
			 !__builtin_mul_overflow(in->price, (int64_t)in->qty, &turnover) &&
			 !__builtin_sub_overflow(i->turnover, turnover, &i->turnover);
	i->volume -= in->qty;
	vega_book_last(b, in, 0, 0);
}

static void
execute_order(struct vega_book *b, const struct vega_book_in *in)
{
	const struct vega_order_record *r = &in->r->order;
	struct vega_order *order = own_order(b, in);
	const bool is_known = order->qty != 0;
	const bool has_price = (r->reference & VEGA_ORDER_NO_PRICE) == 0;

	if ((r->reference & VEGA_ORDER_NO_PRINT) == 0 && (has_price || is_known))
		vega_book_trade(b, in, has_price ? in->price : order->price, in->qty);
	else if ((r->reference & VEGA_ORDER_NO_PRINT) == 0 && b->watch->is_on)
		vega_book_hold_trade(b, in, r->order_id);
	if (vega_unlikely(b->watch->is_on) && !vega_book_may_take(b, in, r->order_id, in->qty))
		return;
	if (is_known)
		reduce_order(b, in, order, in->qty);
}

static void
apply_trade(struct vega_book *b, const struct vega_book_in *in)
{
	if ((in->r->trade.condition & VEGA_TRADE_BREAK) != 0)
		break_trade(b, in);
	else
		vega_book_trade(b, in, in->price, in->qty);
}

/* ---- what an ORDER_REF says of the record before ---------------------------------------------------------------- */

static void
replace_order(struct vega_book *b, const struct vega_book_in *in, uint64_t old_id, uint64_t new_id)
{
	struct vega_order *order = find_order(b, in, old_id);
	struct vega_order now = *order; /* its side stays */

	if (vega_unlikely(b->watch->is_on) && !vega_book_may_end(b, in, old_id))
		return;
	now.id = new_id;
	now.price = b->before_price;
	now.qty = b->before_qty;
	if (vega_unlikely(order->qty == 0)) {
		vega_book_hold_order(b, in, old_id, &now);
		return;
	}
	reduce_order(b, in, order, UINT64_MAX);
	if (vega_likely(!b->watch->is_on) || vega_book_may_set(b, in, &now))
		become(b, in, find_order(b, in, new_id), &now);
}

static void
reduce_both(struct vega_book *b, const struct vega_book_in *in, const uint64_t ids[2])
{
	for (uint32_t i = 0; i < 2; i++) {
		struct vega_order *order = find_order(b, in, ids[i]);

		if (ids[i] == 0 || (vega_unlikely(b->watch->is_on) &&
					   !vega_book_may_take(b, in, ids[i], b->before_qty)))
			continue;
		if (order->qty != 0)
			reduce_order(b, in, order, b->before_qty);
	}
}

static void
apply_ref(struct vega_book *b, const struct vega_book_in *in)
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
apply_level(struct vega_book *b, const struct vega_book_in *in, uint64_t cnt)
{
	const union vega_record *r = in->r;
	const struct vega_level_record *l = &r->level;
	const bool is_ask = (l->level >> 6 & VEGA_SIDE_ASK) != 0;
	const uint32_t *high = cnt == 2 ? r[1].wide.high : NULL;
	int64_t price = is_ask ? l->ask_price : l->bid_price;
	uint64_t qty = is_ask ? l->ask_qty : l->bid_qty;

	if (vega_unlikely(b->watch->is_on || b->is_spoilt) && in->instrument_idx != VEGA_STATE_NONE)
		vega_book_judge_level(b, in);
	if ((l->level & 63) != VEGA_LEVEL_BY_PRICE) {
		vega_book_forward(b, r, cnt);
		return;
	}
	if (vega_unlikely(in->instrument_idx == VEGA_STATE_NONE))
		return;
	if (high != NULL) {
		price = (int64_t)((uint32_t)price | (uint64_t)high[is_ask ? 3 : 1] << 32);
		qty |= (uint64_t)high[is_ask ? 4 : 2] << 32;
	}
	if (!vega_book_level_set(b, in, is_ask, price, qty))
		vega_book_order_lost(b, in);
}

static VEGA_ALWAYS_INLINE bool
is_spread(const union vega_record *r, uint32_t kind)
{
	return kind == VEGA_TRADE       ? (r->trade.condition & VEGA_TRADE_SPREAD) != 0
	       : kind == VEGA_ORDER_REF ? false
					: (r->order.reference & VEGA_ORDER_SPREAD) != 0;
}

static VEGA_ALWAYS_INLINE void
apply_order(struct vega_book *b, const struct vega_book_in *in, uint32_t kind)
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
apply_rest(struct vega_book *b, const struct vega_book_in *in, uint32_t kind, uint64_t cnt)
{
	const union vega_record *r = in->r;

	switch (kind) {
	case VEGA_LEVEL:
		apply_level(b, in, cnt);
		return;
	case VEGA_PACKET:
		vega_book_end_event(b);
		if (vega_unlikely(b->watch->is_on || b->is_spoilt))
			vega_book_watch_packet(b, &r->packet);
		b->packet = *r;
		b->packet_ns = b->time_given ? b->time_ns : 0;
		b->packet_laid = false;
		return;
	case VEGA_GAP:
		vega_book_gap(b, in);
		return;
	case VEGA_EPOCH:
		vega_book_spoil_watch(b);
		vega_book_epoch(b, r);
		return;
	case VEGA_SEGMENT:
	case VEGA_LOSS:
		vega_book_spoil_watch(b);
		break;
	case VEGA_CLEAR:
		vega_book_spoil_watch(b);
		if (r->clear.instrument == 0)
			vega_book_clear_channel(b, b->packet.packet.channel);
		else if (in->instrument_idx != VEGA_STATE_NONE)
			vega_book_clear_instrument(b, in->instrument_idx);
		break;
	}
	vega_book_forward(b, r, cnt);
}

/* The index of a record's instrument, which then is in the table; VEGA_STATE_NONE: the table is full. */
static VEGA_ALWAYS_INLINE uint32_t
instrument_of(struct vega_book *b, const union vega_record *r, uint32_t idx)
{
	if (vega_unlikely(idx == VEGA_STATE_NONE))
		idx = vega_state_add(b->table, r->order.instrument);
	if (vega_unlikely(idx == VEGA_STATE_NONE))
		vega_count(&b->table->table->refused_cnt, 1);
	return idx;
}

/* One record with its WIDE one: cnt 1 or 2. */
static VEGA_ALWAYS_INLINE void
apply(struct vega_book *b, const union vega_record *r, uint64_t cnt,
	const struct vega_book_ahead *ahead)
{
	const uint32_t kind = vega_record_kind(r);
	struct vega_book_in in = {.r = r,
		.flags = vega_record_flags(r),
		.slot = ahead->slot,
		.price = r->order.price,
		.qty = r->order.qty,
		.instrument_idx = VEGA_STATE_NONE};

	if (vega_unlikely(cnt == 2)) {
		in.flags |= vega_record_flags(r + 1) & VEGA_RECORD_LAST;
		in.price = (int64_t)((uint32_t)in.price | (uint64_t)r[1].wide.high[3] << 32);
		in.qty |= (uint64_t)r[1].wide.high[0] << 32;
	}
	if (vega_book_is_order(kind) || kind == VEGA_LEVEL ||
		(kind == VEGA_CLEAR && r->clear.instrument != 0))
		in.instrument_idx = instrument_of(b, r, ahead->idx);
	if (vega_likely(vega_book_is_order(kind)))
		apply_order(b, &in, kind);
	else
		apply_rest(b, &in, kind, cnt);
	b->time_given = false;
	if ((in.flags & VEGA_RECORD_LAST) != 0)
		vega_book_end_event(b);
}

uint64_t
vega_book_apply(struct vega_book *b, const union vega_record *records, uint64_t cnt)
{
	struct vega_book_ahead ahead[VEGA_BOOK_AHEAD_CNT];
	uint64_t ordered = 0, entered = 0, rested = 0, i = 0, n;

	for (; i < cnt; i += n) {
		const union vega_record *r = &records[i];

		for (; ordered < cnt && ordered <= i + VEGA_BOOK_AHEAD_ORDER; ordered++)
			vega_book_ask_order(
				b, &records[ordered], &ahead[ordered % VEGA_BOOK_AHEAD_CNT]);
		for (; entered < cnt && entered <= i + VEGA_BOOK_AHEAD_ENTRY; entered++)
			vega_book_ask_entry(
				b, &records[entered], &ahead[entered % VEGA_BOOK_AHEAD_CNT]);
		for (; rested < cnt && rested <= i + VEGA_BOOK_AHEAD_REST; rested++)
			vega_book_ask_rest(b, &ahead[rested % VEGA_BOOK_AHEAD_CNT]);
		n = 1;
		if (vega_unlikely((vega_record_flags(r) & VEGA_RECORD_WIDE) != 0)) {
			if (i + 1 == cnt)
				break;
			n = vega_record_kind(r + 1) == VEGA_WIDE ? 2 : 1;
		}
		if (vega_unlikely(vega_record_kind(r) == VEGA_TIME)) {
			b->time_ns = r->epoch.ns;
			b->time_given = true;
			continue;
		}
		apply(b, r, n, &ahead[i % VEGA_BOOK_AHEAD_CNT]);
	}
	if (vega_unlikely(b->orders.dead_cnt != 0))
		sweep(b, SWEEP_CNT);
	vega_ring_publish(&b->ring);
	vega_store_relaxed(&b->table->table->order_cnt, b->orders.cnt - b->orders.dead_cnt);
	return i;
}

void
vega_book_lapped(struct vega_book *b, uint64_t cnt, uint64_t position, uint64_t epoch_ns)
{
	b->packet_laid = true; /* nobody knows whose records follow, up to the next one */
	b->time_given = false;
	b->before.word[0] = 0;
	vega_book_spoil_watch(b);
	if (epoch_ns != 0 && epoch_ns != b->epoch_ns)
		vega_book_epoch(
			b, &(union vega_record){
				   .epoch = {.head = (uint64_t)VEGA_EPOCH << 48, .ns = epoch_ns}});
	vega_book_forward(b,
		&(const union vega_record){
			.word = {VEGA_TS_NONE | (uint64_t)VEGA_LOSS << 48 |
					 (uint64_t)VEGA_RECORD_LAST << 56,
				(uint64_t)VEGA_LOSS_LAPPED << 32, cnt, position}},
		1);
	vega_book_end_event(b);
	vega_ring_publish(&b->ring);
}
