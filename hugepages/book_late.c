/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book_late.h"

#include <string.h>

/* An order's notes; NULL: its place is not known. */
static struct vega_book_watch_order *
watch_of(struct vega_book *b, const struct vega_book_in *in, uint64_t id)
{
	return b->is_unplaced ? NULL : vega_book_watch_of(b->watch, id, in->instrument_idx);
}

/* What has no place is told once. */
static void
lose_place(struct vega_book *b, const struct vega_book_in *in)
{
	if ((b->table->entries[in->instrument_idx].flags & VEGA_STATE_STALE) == 0)
		vega_book_stale(b, in);
}

/* Returns whether to go on: nothing newer undid it. */
static bool
judge(struct vega_book *b, const struct vega_book_in *in, enum vega_book_watch_how how)
{
	if (how == VEGA_BOOK_WATCH_LOST)
		lose_place(b, in);
	return how != VEGA_BOOK_WATCH_PAST;
}

/* ---- orders whose side is not known ------------------------------------------------------------------------------ */

VEGA_COLD void
vega_book_lack(struct vega_book *b, const struct vega_book_in *in)
{
	const struct vega_state_entry *e = &b->table->entries[in->instrument_idx];
	const struct vega_state_table *table = b->table->table;
	const uint32_t slot = b->packet.packet.channel % VEGA_STATE_GAP_CNT;

	/* who joins in mid-day lacks many, and is stale for good: a gap may be filled */
	if ((e->flags & VEGA_STATE_STALE) != 0 || e->sound_from < table->lost_position ||
		(b->fold->gaps[slot].lost_cnt == VEGA_FOLD_LOST_EARLIER &&
			e->sound_from < table->gap_position[slot]))
		return;
	vega_book_stale(b, in);
}

VEGA_COLD void
vega_book_hold_order(struct vega_book *b, const struct vega_book_in *in, uint64_t old_id,
	const struct vega_order *now)
{
	const uint32_t slot = b->packet.packet.channel % VEGA_STATE_GAP_CNT;
	struct vega_book_watch_order *o, *next;
	enum vega_book_watch_how how;
	uint64_t less = 0;

	if (!b->watch->is_on || b->fold->gaps[slot].open_cnt == 0) {
		vega_book_lack(b, in);
		return;
	}
	o = watch_of(b, in, old_id);
	next = watch_of(b, in, now->id);
	how = o != NULL ? vega_book_watch_set(b->watch, next, &less) : VEGA_BOOK_WATCH_LOST;
	if (how == VEGA_BOOK_WATCH_LOST) {
		lose_place(b, in);
		return;
	}
	if (o != next) {
		o->next_id = now->id;
		o->is_replaced = true;
	}
	if (how == VEGA_BOOK_WATCH_HOLDS) {
		next->is_waiting = true;
		next->held_qty = now->qty;
		next->price = now->price;
		next->has_price = true;
		b->watch->has_waiting = true;
	}
	if (next != o && next->untold != 0) {
		vega_book_trade(b, in, now->price, next->untold);
		next->untold = 0;
	}
}

/* An order that was replaced, or changed, comes: what came of it last is known now, less what was taken of it meanwhile. */
static void
end_waiting(struct vega_book *b, const struct vega_book_in *in, struct vega_book_watch_order *o,
	const struct vega_order *old)
{
	struct vega_order now = *old;

	for (uint32_t i = 0; i <= b->watch->cnt && !o->is_waiting; i++) {
		if (!o->is_replaced)
			return;
		o = watch_of(b, in, o->next_id);
		if (o == NULL)
			return;
	}
	if (!o->is_waiting)
		return;
	o->is_waiting = false;
	now.id = o->id;
	now.price = o->price;
	now.qty = o->held_qty;
	if (o->taken >= now.qty)
		return;
	now.qty -= o->taken;
	vega_book_become(b, in, &now);
}

/* What they wait for will not come, or not be known when it does. */
static void
give_up_waiting(struct vega_book *b)
{
	struct vega_book_watch *w = b->watch;

	for (uint32_t i = 0; w->has_waiting && i < VEGA_BOOK_WATCH_CNT; i++) {
		const struct vega_book_watch_order *o = &w->orders[i];
		const union vega_record r = {
			.word = {VEGA_TS_NONE, b->table->entries[o->instrument_idx].token}};
		const struct vega_book_in in = {.r = &r, .instrument_idx = o->instrument_idx};

		if (o->window == w->window && o->is_waiting)
			vega_book_lack(b, &in);
	}
	w->has_waiting = false;
}

/* ---- orders' messages -------------------------------------------------------------------------------------------- */

/* What newer messages took goes off it; what they executed without a price had its own. */
VEGA_COLD bool
vega_book_may_set(struct vega_book *b, const struct vega_book_in *in, struct vega_order *now)
{
	struct vega_book_watch_order *o = watch_of(b, in, now->id);
	uint64_t less = 0;
	const enum vega_book_watch_how how = vega_book_watch_set(b->watch, o, &less);

	if (o != NULL && o->untold != 0 && (how == VEGA_BOOK_WATCH_PAST || less != 0)) {
		vega_book_trade(b, in, now->price, o->untold);
		o->untold = 0;
	}
	if (how == VEGA_BOOK_WATCH_PAST && !o->has_price) {
		o->price = now->price;
		o->has_price = true;
	}
	if (how == VEGA_BOOK_WATCH_PAST)
		end_waiting(b, in, o, now);
	now->qty -= less < now->qty ? less : now->qty;
	return judge(b, in, how);
}

VEGA_COLD bool
vega_book_may_take(struct vega_book *b, const struct vega_book_in *in, uint64_t id, uint64_t qty)
{
	return judge(b, in, vega_book_watch_take(b->watch, watch_of(b, in, id), qty));
}

VEGA_COLD bool
vega_book_may_end(struct vega_book *b, const struct vega_book_in *in, uint64_t id)
{
	return judge(b, in, vega_book_watch_end(b->watch, watch_of(b, in, id)));
}

/* It may be gone when an execution of it comes late. */
VEGA_COLD void
vega_book_keep_price(
	struct vega_book *b, const struct vega_book_in *in, const struct vega_order *order)
{
	struct vega_book_watch_order *o = watch_of(b, in, order->id);

	if (o == NULL)
		return;
	o->price = order->price;
	o->has_price = true;
}

/* An execution, at its order's price, of an order that went already, or did not come yet: then its price is waited for. */
VEGA_COLD void
vega_book_hold_trade(struct vega_book *b, const struct vega_book_in *in, uint64_t id)
{
	struct vega_book_watch_order *o = watch_of(b, in, id);

	if (o != NULL && o->has_price)
		vega_book_trade(b, in, o->price, in->qty);
	else if (o != NULL)
		o->untold += in->qty;
}

/* Since the first of the gaps opened. Behind the ten best nothing is laid, and the entry is not touched: the book notes it. */
static bool
came_since_gap(const struct vega_book *b, const struct vega_book_in *in)
{
	const uint64_t laid = b->table->entries[in->instrument_idx].ordered_position;

	return (laid >= b->watch_from && laid < b->fold->packet_position) ||
	       b->instruments[in->instrument_idx].level_position >= b->watch_from;
}

VEGA_COLD void
vega_book_judge_level(struct vega_book *b, const struct vega_book_in *in)
{
	if (b->is_unplaced || (b->is_in_place && came_since_gap(b, in)))
		lose_place(b, in);
	else if (!b->is_in_place)
		b->instruments[in->instrument_idx].level_position = b->ring.next;
}

/* ---- gaps -------------------------------------------------------------------------------------------------------- */

/* What is watched is not all that matters: nothing is put into its place until nothing is missing. */
void
vega_book_spoil_watch(struct vega_book *b)
{
	if (!b->watch->is_on)
		return;
	give_up_waiting(b);
	b->is_spoilt = true;
	b->watch->is_on = b->is_unplaced;
}

/* Messages that follow are newer than the gap. */
static void
open_gap(struct vega_book *b, const struct vega_gap_record *g)
{
	if (b->missing_cnt == 0 && !b->watch->is_on && !b->is_spoilt) {
		vega_book_watch_begin(b->watch);
		memset(b->seq, 0, sizeof(b->seq));
		b->watch->is_on = true;
		b->watch_from = b->ring.next;
	}
	if (g->channel >= VEGA_STATE_GAP_CNT) {
		vega_book_spoil_watch(b);
		return;
	}
	b->seq[g->channel] = g->first + g->cnt;
	b->watch->seq = b->seq[g->channel];
}

/*
 * Does all of the packet fill this gap, and is all known that came since it opened? Where it brings more, it is not told which of its
 * records are late.
 */
static bool
fills(const struct vega_book *b, const struct vega_gap_record *g)
{
	const uint64_t lost_cnt = b->fold->gaps[g->channel % VEGA_STATE_GAP_CNT].lost_cnt;

	return b->watch->is_on && !b->is_unplaced && g->channel == b->packet.packet.channel &&
	       g->cnt == b->packet.packet.message_cnt && g->cnt < UINT16_MAX &&
	       (lost_cnt == 0 || lost_cnt == VEGA_FOLD_LOST_EARLIER);
}

VEGA_COLD void
vega_book_gap(struct vega_book *b, const struct vega_book_in *in)
{
	const uint64_t *open_cnt = &b->fold->gaps[in->r->gap.channel % VEGA_STATE_GAP_CNT].open_cnt;
	const uint64_t before = *open_cnt;
	union vega_record r = *in->r;

	switch (r.gap.state & 0xFF) {
	case VEGA_GAP_OPEN:
		open_gap(b, &r.gap);
		break;
	case VEGA_GAP_FILLED:
	case VEGA_GAP_RECOVERED:
		b->is_in_place = fills(b, &r.gap);
		if (b->is_in_place) {
			r.gap.state |= VEGA_GAP_IN_PLACE;
			b->watch->seq = r.gap.first;
		} else {
			vega_book_spoil_watch(b);
			b->is_spoilt = true;
			b->is_unplaced = true;
			b->watch->is_on = true; /* that its orders are looked at */
		}
		break;
	}
	vega_book_forward(b, &r, 1);
	b->missing_cnt += *open_cnt - before;
}

/* What the packet before brought is applied. */
VEGA_COLD void
vega_book_watch_packet(struct vega_book *b, const struct vega_packet_record *p)
{
	b->is_in_place = false;
	if (b->is_unplaced)
		b->watch->is_on = false;
	b->is_unplaced = false;
	if (b->missing_cnt == 0) {
		if (b->watch->is_on)
			give_up_waiting(b);
		b->watch->is_on = false;
		b->is_spoilt = false;
	} else if (p->channel < VEGA_STATE_GAP_CNT) {
		if (p->seq != UINT64_MAX && p->seq > b->seq[p->channel])
			b->seq[p->channel] = p->seq;
		b->watch->seq = b->seq[p->channel];
	} else {
		vega_book_spoil_watch(b);
	}
}
