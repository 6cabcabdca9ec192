/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/fold.h"

#include <string.h>

#include "hugepages/fold_entry.h"
#include "hugepages/fold_levels.h"

/*
 * All that a record changes lies in far memory, and is asked for while those before it are applied: in how many records the bucket of its
 * token is wanted, its entry, and the place of the entry's next event.
 */
#define AHEAD_BUCKET 24u
#define AHEAD_ENTRY  12u
#define AHEAD_EVENT  5u
#define AHEAD_CNT    32u /* a power of two above them */

/* Records of one instrument. */
#define KINDS_OF_INSTRUMENTS                                                                 \
	(1u << VEGA_LEVEL | 1u << VEGA_LAST | 1u << VEGA_TRADE | 1u << VEGA_INTEREST |       \
		1u << VEGA_OHLC | 1u << VEGA_GREEKS | 1u << VEGA_INDEX | 1u << VEGA_STATUS | \
		1u << VEGA_DEFINITION | 1u << VEGA_CLEAR)

/* A record and, where it is wide, its high halves. */
struct wide {
	const union vega_record *r;
	const uint32_t *high; /* by field at 12, 16, 20, 24, 28; NULL: not wide */
	uint64_t position;
	uint32_t flags;
	uint32_t idx; /* of its entry, or of another one, or VEGA_STATE_NONE */
};

static VEGA_ALWAYS_INLINE int64_t
price_of(const struct wide *w, unsigned field, int32_t low)
{
	return w->high == NULL ? low : (int64_t)((uint64_t)w->high[field] << 32 | (uint32_t)low);
}

static VEGA_ALWAYS_INLINE uint64_t
qty_of(const struct wide *w, unsigned field, uint32_t low)
{
	return w->high == NULL ? low : (uint64_t)w->high[field] << 32 | low;
}

/* ---- the entry that is being changed ---------------------------------------------------------------------------- */

/* A message that came late is sound where nothing newer of its instrument came before it. */
static void
judge_late(const struct vega_fold *f, struct vega_state_entry *e)
{
	const uint64_t from = f->gaps[f->channel % VEGA_STATE_GAP_CNT].from;

	if (e->ordered_position >= from && e->ordered_position < f->packet_position)
		vega_fold_set_flags(e, VEGA_STATE_STALE, 0);
}

static void
set_channel(struct vega_state_entry *e, uint32_t channel, uint8_t digits)
{
	vega_state_set(&e->channel, channel | (uint64_t)e->bid_cnt << 32 |
					    (uint64_t)e->ask_cnt << 40 | (uint64_t)digits << 48);
}

VEGA_COLD void
vega_fold_open_odd(struct vega_fold *f, struct vega_state_entry *e)
{
	const uint8_t digits = f->digits[f->channel % VEGA_STATE_GAP_CNT];

	set_channel(e, f->channel, digits != 0 ? (uint8_t)(digits - 1) : e->digits);
	if (f->is_late)
		judge_late(f, e);
}

static void
make_sound(struct vega_state_entry *e, uint64_t position)
{
	vega_state_set(&e->sound_from, position + 1);
	vega_fold_set_flags(e, 0, VEGA_STATE_STALE);
}

/* Index of a record's entry, which is made if need be. It was asked for ahead, but where a WIDE record was passed over. */
static VEGA_ALWAYS_INLINE uint32_t
idx_of(struct vega_fold *f, const struct wide *w, uint32_t token)
{
	if (vega_likely(w->idx != VEGA_STATE_NONE && f->table->entries[w->idx].token == token))
		return w->idx;
	return vega_state_add(f->table, token);
}

/* The entry of a record's instrument, begun; NULL: the table is full. */
static VEGA_ALWAYS_INLINE struct vega_state_entry *
entry_of(struct vega_fold *f, const struct wide *w)
{
	const uint32_t token = w->r->order.instrument;
	const uint64_t ts48 = vega_record_ts48(w->r);
	struct vega_state_entry *e = f->open;

	if (e == NULL || e->token != token) {
		const uint32_t idx = idx_of(f, w, token);

		vega_fold_close(f);
		if (vega_unlikely(idx == VEGA_STATE_NONE)) {
			vega_count(&f->table->table->refused_cnt, 1);
			return NULL;
		}
		e = &f->table->entries[idx];
		vega_fold_open(f, e);
	}
	vega_fold_touch(f, e, w->position,
		ts48 == VEGA_TS_NONE ? 0
		: f->time_given      ? f->time_ns
				     : f->epoch_ns + ts48);
	return e;
}

/* ---- records of one instrument ---------------------------------------------------------------------------------- */

/*
 * A message that sets all that a side can show, on both sides at once, makes the book whole: TOPS, with its one level; NNF, whose
 * levels say that they are a snapshot. Level by level the last one decides.
 */
static bool
is_refresh(const struct vega_state_entry *e, const struct wide *w, uint32_t number, uint32_t sides)
{
	return vega_record_action(w->r) == VEGA_LEVEL_SET &&
	       sides == (VEGA_SIDE_BID | VEGA_SIDE_ASK) &&
	       ((w->flags & VEGA_RECORD_SNAPSHOT) != 0 ||
		       (number == 1 && e->bid_cnt <= 1 && e->ask_cnt <= 1));
}

/* One side of a LEVEL record; what is behind the tenth is not kept. */
static void
change_level(struct vega_state_entry *e, bool is_ask, enum vega_level_action action,
	uint32_t number, struct vega_state_level level, uint32_t orders)
{
	const uint32_t cnt = is_ask ? e->ask_cnt : e->bid_cnt;
	const uint32_t idx = number - 1;

	if (number == 0 || number > VEGA_STATE_LEVEL_CNT)
		return;
	switch (action) {
	case VEGA_LEVEL_INSERT:
		if (idx < cnt) {
			vega_ten_insert(e, is_ask, idx, level, orders);
			break;
		}
		/* fall through */
	case VEGA_LEVEL_SET:
		vega_ten_set(e, is_ask, idx, level, orders);
		break;
	case VEGA_LEVEL_DELETE:
		if (idx < cnt)
			vega_ten_delete(e, is_ask, idx);
		break;
	case VEGA_LEVEL_CUT:
		vega_ten_cut(e, is_ask, idx);
		break;
	}
}

static void
apply_level(struct vega_fold *f, const struct wide *w)
{
	const struct vega_level_record *l = &w->r->level;
	const uint32_t number = l->level & 63;
	const uint32_t sides = l->level >> 6 & 3;
	const uint32_t counts = w->high != NULL ? w->high[0] : 0;
	const enum vega_level_action action = (enum vega_level_action)vega_record_action(w->r);
	const struct vega_state_level bid = {
		price_of(w, 1, l->bid_price), qty_of(w, 2, l->bid_qty)};
	const struct vega_state_level ask = {
		price_of(w, 3, l->ask_price), qty_of(w, 4, l->ask_qty)};
	struct vega_state_entry *e;

	if (number == VEGA_LEVEL_BY_PRICE || (number & VEGA_LEVEL_IMPLIED) != 0) {
		vega_count(&f->table->table->ignored_cnt, 1);
		return;
	}
	e = entry_of(f, w);
	if (e == NULL)
		return;
	if (sides & VEGA_SIDE_BID)
		change_level(e, false, action, number, bid,
			(l->level >> 8 & 0xFFF) | (counts & 0xFFFF) << 12);
	if (sides & VEGA_SIDE_ASK)
		change_level(e, true, action, number, ask,
			(l->level >> 20 & 0xFFF) | (counts >> 16) << 12);
	if (is_refresh(e, w, number, sides))
		make_sound(e, w->position);
}

/* The day's prices are the trades' own, where the feed tells none. */
static void
take_trade_price(struct vega_state_entry *e, int64_t price)
{
	if ((e->flags & VEGA_STATE_OHLC_GIVEN) != 0)
		return;
	if ((e->flags & VEGA_STATE_HAS_OPEN) == 0)
		vega_state_set(&e->open, (uint64_t)price);
	if ((e->flags & VEGA_STATE_HAS_HIGH) == 0 || price > e->high)
		vega_state_set(&e->high, (uint64_t)price);
	if ((e->flags & VEGA_STATE_HAS_LOW) == 0 || price < e->low)
		vega_state_set(&e->low, (uint64_t)price);
	vega_fold_set_flags(e, VEGA_STATE_HAS_OPEN | VEGA_STATE_HAS_HIGH | VEGA_STATE_HAS_LOW, 0);
}

static void
take_last(struct vega_fold *f, struct vega_state_entry *e, int64_t price, uint64_t qty,
	uint32_t flags)
{
	vega_state_set(&e->last_price, (uint64_t)price);
	vega_state_set(&e->last_qty, qty);
	vega_fold_set_flags(e, VEGA_STATE_HAS_LAST, 0);
	vega_fold_add_event(f, e,
		&(struct vega_state_event){.price = price,
			.qty = qty,
			.what = VEGA_STATE_TRADE,
			.flags = flags & ~(VEGA_RECORD_LAST | VEGA_RECORD_WIDE)});
}

void
vega_fold_last(struct vega_fold *f, struct vega_state_entry *e, int64_t price, uint64_t qty,
	int64_t average, uint64_t volume, uint32_t flags)
{
	if (price != 0 || qty != 0) {
		/* A feed of states tells the same trade again and again. */
		if (f->is_book || price != e->last_price || qty != e->last_qty ||
			volume != e->volume)
			take_last(f, e, price, qty, flags);
		if (f->is_book)
			take_trade_price(e, price);
	}
	if (average != 0) {
		vega_state_set(&e->average_price, (uint64_t)average);
		vega_fold_set_flags(e, VEGA_STATE_HAS_AVERAGE, 0);
	}
	if (volume != UINT64_MAX) {
		vega_state_set(&e->volume, volume);
		vega_fold_set_flags(e, VEGA_STATE_HAS_VOLUME | VEGA_STATE_VOLUME_GIVEN, 0);
	}
}

static void
apply_last(struct vega_fold *f, const struct wide *w)
{
	const struct vega_last_record *l = &w->r->last;
	struct vega_state_entry *e = entry_of(f, w);

	if (e != NULL)
		vega_fold_last(f, e, price_of(w, 0, l->price), qty_of(w, 1, l->qty),
			price_of(w, 2, l->average), l->volume, w->flags);
}

static void
apply_trade(struct vega_fold *f, const struct wide *w)
{
	const struct vega_trade_record *t = &w->r->trade;
	const int64_t price = price_of(w, 3, t->price);
	const uint64_t qty = qty_of(w, 0, t->qty);
	struct vega_state_entry *e;

	if ((t->condition & (VEGA_TRADE_BREAK | VEGA_TRADE_SPREAD)) != 0) {
		vega_count(&f->table->table->ignored_cnt, 1);
		return;
	}
	e = entry_of(f, w);
	if (e == NULL)
		return;
	take_last(f, e, price, qty, w->flags | (t->condition & 0xFFF) << 8);
	take_trade_price(e, price);
	if ((e->flags & VEGA_STATE_VOLUME_GIVEN) == 0) {
		vega_state_set(&e->volume, e->volume + qty);
		vega_fold_set_flags(e, VEGA_STATE_HAS_VOLUME, 0);
	}
}

static void
apply_interest(struct vega_fold *f, const struct wide *w)
{
	const struct vega_interest_record *i = &w->r->interest;
	struct vega_state_entry *e = entry_of(f, w);

	if (e == NULL)
		return;
	vega_state_set(&e->oi, i->oi);
	if (i->iv != 0)
		vega_state_set(&e->iv, i->iv);
	vega_fold_set_flags(e, VEGA_STATE_HAS_OI | (i->iv != 0 ? VEGA_STATE_HAS_IV : 0), 0);
}

static void
apply_ohlc(struct vega_fold *f, const struct wide *w)
{
	const struct vega_ohlc_record *o = &w->r->ohlc;
	const int64_t price[4] = {price_of(w, 0, o->open), price_of(w, 1, o->high),
		price_of(w, 2, o->low), price_of(w, 3, o->close)};
	struct vega_state_entry *e = entry_of(f, w);

	if (e == NULL)
		return;
	for (uint32_t i = 0; i < 4; i++)
		if ((o->given >> i & 1) != 0)
			vega_state_set(&e->open + i, (uint64_t)price[i]);
	vega_fold_set_flags(e, (o->given & 15) * VEGA_STATE_HAS_OPEN | VEGA_STATE_OHLC_GIVEN, 0);
}

static void
apply_greeks(struct vega_fold *f, const struct wide *w)
{
	const struct vega_greeks_record *g = &w->r->greeks;
	struct vega_state_entry *e = entry_of(f, w);
	uint64_t words[3];

	if (e == NULL)
		return;
	memcpy(words, &e->status_what, sizeof(uint32_t)); /* theirs begin in the middle of a word */
	memcpy((uint8_t *)words + sizeof(uint32_t), &g->delta, 5 * sizeof(float));
	vega_state_set(&e->status_what, words[0]);
	vega_state_set(&e->theta, words[1]);
	vega_state_set(&e->vega, words[2]);
	vega_fold_set_flags(e, VEGA_STATE_HAS_GREEKS, 0);
}

static void
apply_index(struct vega_fold *f, const struct wide *w)
{
	const struct vega_index_record *i = &w->r->index;
	struct vega_state_entry *e = entry_of(f, w);

	if (e == NULL || i->what != 0)
		return;
	vega_state_set(&e->index_value, (uint64_t)price_of(w, 0, i->value));
	vega_state_set(&e->index_change, (uint64_t)price_of(w, 1, i->change));
	vega_fold_set_flags(e, VEGA_STATE_HAS_INDEX, 0);
}

static void
apply_status(struct vega_fold *f, const struct wide *w)
{
	const struct vega_status_record *s = &w->r->status;
	struct vega_state_entry *e;
	uint64_t word;

	if (s->instrument == 0)
		return;
	e = entry_of(f, w);
	if (e == NULL)
		return;
	vega_state_set(&e->status, s->value);
	memcpy(&word, &e->status_what, sizeof(word));
	vega_state_set(&e->status_what, (word & ~0xFFFFFFFFull) | s->what);
	vega_fold_set_flags(e, VEGA_STATE_HAS_STATUS, 0);
}

/* Names of up to 32 bytes are kept; instrument 0 tells the digits of its channel. */
static void
apply_definition(struct vega_fold *f, const struct wide *w)
{
	const struct vega_definition_record *d = &w->r->definition;
	struct vega_state_entry *e;
	uint64_t text[2];

	if (d->instrument == 0) {
		f->digits[f->channel % VEGA_STATE_GAP_CNT] = (uint8_t)(d->digits + 1);
		return;
	}
	e = entry_of(f, w);
	if (e == NULL)
		return;
	memcpy(text, d->text, sizeof(text));
	if (d->unit == 0 && d->part < VEGA_STATE_SYMBOL_BYTES / 16) {
		vega_state_set(&e->symbol[d->part * 16], text[0]);
		vega_state_set(&e->symbol[d->part * 16 + 8], text[1]);
	}
	set_channel(e, e->channel, d->digits);
}

static void
clear_entry(struct vega_fold *f, struct vega_state_entry *e, uint64_t position)
{
	vega_ten_clear(e);
	make_sound(e, position);
	if (f->open != e)
		vega_state_end(e);
}

static void
apply_clear(struct vega_fold *f, const struct wide *w)
{
	struct vega_state_entry *e;

	if (w->r->clear.instrument != 0) {
		e = entry_of(f, w);
		if (e != NULL)
			clear_entry(f, e, w->position);
		return;
	}
	vega_fold_close(f);
	for (uint32_t i = 0; i < f->table->cnt; i++) {
		e = &f->table->entries[i];
		if (e->channel != f->channel)
			continue;
		vega_state_begin(e);
		clear_entry(f, e, w->position);
	}
}

/* ---- records of a channel, or of all ---------------------------------------------------------------------------- */

static void
take_off(uint64_t *cnt, uint64_t *ret_left)
{
	const uint64_t n = *ret_left < *cnt ? *ret_left : *cnt;

	*cnt -= n;
	*ret_left -= n;
}

static void
lose(struct vega_fold_gap *gap, uint64_t cnt)
{
	gap->lost_cnt = gap->lost_cnt < VEGA_FOLD_LOST_EARLIER - cnt ? gap->lost_cnt + cnt
								     : VEGA_FOLD_LOST_EARLIER;
}

/*
 * What is missing. What comes late, after it was given up, is told like what comes out of order: it is taken off what is lost first, so
 * that a channel is called sound too late rather than too early.
 */
static void
apply_gap(struct vega_fold *f, const struct wide *w)
{
	const struct vega_gap_record *g = &w->r->gap;
	const uint32_t slot = g->channel % VEGA_STATE_GAP_CNT;
	struct vega_fold_gap *gap = &f->gaps[slot];
	uint64_t *told = &f->table->table->gap_position[slot];
	uint64_t left = g->cnt;

	vega_fold_close(f);
	switch (g->state & 0xFF) {
	case VEGA_GAP_OPEN:
		if (gap->open_cnt == 0 && !f->is_late &&
			(gap->lost_cnt == 0 || gap->lost_cnt == VEGA_FOLD_LOST_EARLIER))
			gap->from = w->position + 1;
		gap->open_cnt += left;
		vega_store_relaxed(told, w->position + 1);
		f->whole_slot = 0;
		return;
	case VEGA_GAP_LOST:
		take_off(&gap->open_cnt, &left);
		lose(gap, g->cnt);
		return;
	case VEGA_GAP_RECOVERED:
		if (gap->lost_cnt != VEGA_FOLD_LOST_EARLIER)
			take_off(&gap->lost_cnt, &left);
		break;
	}
	take_off(&gap->open_cnt, &left);
	f->is_late = (g->state & VEGA_GAP_IN_PLACE) == 0;
	if (gap->open_cnt == 0 && gap->lost_cnt == 0)
		f->whole_slot = slot + 1;
}

/*
 * A sequence space of which this lane has not all: what its first messages made is not known, and never told. Where the other line brings
 * some of it still, nothing says that it was all.
 */
static void
apply_segment(struct vega_fold *f, const struct wide *w)
{
	const struct vega_segment_record *s = &w->r->segment;
	const uint32_t slot = s->channel % VEGA_STATE_GAP_CNT;

	if (s->what == VEGA_SEGMENT_END || s->seq <= 1)
		return;
	vega_fold_close(f);
	f->gaps[slot].lost_cnt = VEGA_FOLD_LOST_EARLIER;
	vega_store_relaxed(&f->table->table->gap_position[slot], w->position + 1);
	f->whole_slot = 0;
}

/* All that was missing has come, and what came late was judged: the channel is whole. */
static VEGA_COLD void
end_gaps(struct vega_fold *f)
{
	vega_store_relaxed(&f->table->table->gap_position[f->whole_slot - 1], 0);
	f->gaps[f->whole_slot - 1].from = 0;
	f->whole_slot = 0;
}

static void
apply_packet(struct vega_fold *f, const struct wide *w)
{
	const struct vega_packet_record *p = &w->r->packet;

	vega_fold_close(f);
	if (vega_unlikely(f->whole_slot != 0))
		end_gaps(f);
	f->recv_ns = f->time_given ? f->time_ns : f->epoch_ns + vega_record_ts48(w->r);
	f->seq = p->seq;
	f->channel = p->channel;
	f->packet_position = w->position;
	f->has_seq = p->seq != UINT64_MAX;
	f->is_late = false;
}

/* Orders' books and the day's figures end with the day, and so does what it lacked; the last price stays. */
static void
end_day(struct vega_fold *f, uint64_t position)
{
	const uint32_t gone = VEGA_STATE_HAS_AVERAGE | VEGA_STATE_HAS_VOLUME | VEGA_STATE_HAS_OPEN |
			      VEGA_STATE_HAS_HIGH | VEGA_STATE_HAS_LOW;

	for (uint32_t i = 0; i < f->table->cnt; i++) {
		struct vega_state_entry *e = &f->table->entries[i];

		vega_state_begin(e);
		vega_state_set(&e->volume, 0);
		vega_state_set(&e->average_price, 0);
		for (uint32_t k = 0; k < 3; k++)
			vega_state_set(&e->open + k, 0);
		vega_fold_set_flags(e, 0, gone);
		clear_entry(f, e, position);
	}
	memset(f->gaps, 0, sizeof(f->gaps));
	for (uint32_t i = 0; i < VEGA_STATE_GAP_CNT; i++)
		vega_store_relaxed(&f->table->table->gap_position[i], 0);
	vega_store_relaxed(&f->table->table->lost_position, 0);
	f->whole_slot = 0;
}

static void
apply_epoch(struct vega_fold *f, const struct wide *w)
{
	const bool is_new_day = f->epoch_ns != 0 && w->r->epoch.ns > f->epoch_ns;

	vega_fold_close(f);
	f->epoch_ns = w->r->epoch.ns;
	if (is_new_day && f->is_book)
		end_day(f, w->position);
}

static void
apply_loss(struct vega_fold *f, const struct wide *w)
{
	struct vega_state_table *table = f->table->table;
	struct vega_state_entry *e;

	switch (w->r->loss.cause) {
	case VEGA_LOSS_ORDERS:
		e = entry_of(f, w);
		if (e != NULL)
			vega_fold_set_flags(e, VEGA_STATE_STALE, 0);
		break;
	case VEGA_LOSS_PORT: /* where there are sequences, gaps say what was lost */
		if (f->has_seq)
			break;
		/* fall through */
	default:
		vega_store_relaxed(&table->lost_position, w->position + 1);
		break;
	}
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static VEGA_ALWAYS_INLINE void
apply(struct vega_fold *f, const struct wide *w)
{
	switch (vega_record_kind(w->r)) {
	case VEGA_PACKET:
		apply_packet(f, w);
		break;
	case VEGA_LEVEL:
		apply_level(f, w);
		break;
	case VEGA_LAST:
		apply_last(f, w);
		break;
	case VEGA_TRADE:
		apply_trade(f, w);
		break;
	case VEGA_INTEREST:
		apply_interest(f, w);
		break;
	case VEGA_OHLC:
		apply_ohlc(f, w);
		break;
	case VEGA_GREEKS:
		apply_greeks(f, w);
		break;
	case VEGA_INDEX:
		apply_index(f, w);
		break;
	case VEGA_STATUS:
		apply_status(f, w);
		break;
	case VEGA_DEFINITION:
		apply_definition(f, w);
		break;
	case VEGA_CLEAR:
		apply_clear(f, w);
		break;
	case VEGA_GAP:
		apply_gap(f, w);
		break;
	case VEGA_LOSS:
		apply_loss(f, w);
		break;
	case VEGA_SEGMENT:
		apply_segment(f, w);
		break;
	case VEGA_EPOCH:
		apply_epoch(f, w);
		break;
	}
	if ((w->flags & VEGA_RECORD_LAST) != 0)
		vega_fold_close(f);
}

static VEGA_ALWAYS_INLINE bool
has_instrument(const union vega_record *r)
{
	return (KINDS_OF_INSTRUMENTS >> (vega_record_kind(r) & 31) & 1) != 0;
}

static VEGA_ALWAYS_INLINE void
prefetch_entry(const struct vega_state_entry *e, const union vega_record *r)
{
	const bool is_ask = (r->level.level >> 6 & VEGA_SIDE_BID) == 0;
	const struct vega_state_level *levels = is_ask ? e->asks : e->bids;

	vega_prefetch(e);
	vega_prefetch(&e->event_cnt);
	vega_prefetch(levels);
	vega_prefetch(levels + 4);
	vega_prefetch(is_ask ? &e->ask_orders[0] : &e->bid_orders[0]);
}

/* Ask for what the records ahead will change; idx: their entries, by number modulo AHEAD_CNT. */
static VEGA_ALWAYS_INLINE void
prefetch(const struct vega_fold *f, const union vega_record *records, uint64_t i, uint64_t cnt,
	uint32_t idx[AHEAD_CNT])
{
	const union vega_record *r = &records[i];
	uint32_t entry;

	if (i + AHEAD_BUCKET < cnt)
		vega_prefetch(&f->table->buckets[vega_state_hash(r[AHEAD_BUCKET].order.instrument) &
						 f->table->bucket_mask]);
	if (i + AHEAD_ENTRY < cnt) {
		entry = has_instrument(r + AHEAD_ENTRY)
				? vega_state_find(f->table, r[AHEAD_ENTRY].order.instrument)
				: VEGA_STATE_NONE;
		idx[(i + AHEAD_ENTRY) % AHEAD_CNT] = entry;
		if (entry != VEGA_STATE_NONE)
			prefetch_entry(&f->table->entries[entry], r + AHEAD_ENTRY);
	}
	entry = i + AHEAD_EVENT < cnt ? idx[(i + AHEAD_EVENT) % AHEAD_CNT] : VEGA_STATE_NONE;
	if (entry != VEGA_STATE_NONE)
		vega_prefetch(&f->table->events[(uint64_t)entry * VEGA_STATE_EVENT_CNT +
						f->table->entries[entry].event_cnt %
							VEGA_STATE_EVENT_CNT]);
}

void
vega_fold_init(struct vega_fold *fold, struct vega_state_writer *table, bool is_book)
{
	*fold = (struct vega_fold){.table = table, .is_book = is_book, .seq = UINT64_MAX};
}

/* Take records[i], with its WIDE one; idx as of struct wide. Returns records taken, 0: its WIDE one is not among them. */
static VEGA_ALWAYS_INLINE uint64_t
take(struct vega_fold *f, const union vega_record *r, uint64_t cnt, uint64_t position, uint32_t idx)
{
	struct wide w = {.r = r, .position = position, .flags = vega_record_flags(r), .idx = idx};
	uint64_t n = 1;

	if (vega_unlikely((w.flags & VEGA_RECORD_WIDE) != 0)) {
		if (cnt == 1)
			return 0;
		if (vega_record_kind(r + 1) == VEGA_WIDE) {
			w.high = r[1].wide.high;
			w.flags |= vega_record_flags(r + 1) & VEGA_RECORD_LAST;
			n = 2;
		}
	}
	if (vega_unlikely(vega_record_kind(r) == VEGA_TIME)) {
		f->time_ns = r->epoch.ns;
		f->time_given = true;
		return n;
	}
	apply(f, &w);
	f->time_given = false;
	return n;
}

uint64_t
vega_fold_apply(
	struct vega_fold *fold, const union vega_record *records, uint64_t cnt, uint64_t position)
{
	uint32_t idx[AHEAD_CNT];
	uint64_t i = 0, taken;

	memset(idx, 0xFF, sizeof(idx)); /* VEGA_STATE_NONE */
	while (i < cnt) {
		prefetch(fold, records, i, cnt, idx);
		taken = take(fold, &records[i], cnt - i, position + i, idx[i % AHEAD_CNT]);
		if (taken == 0)
			break;
		i += taken;
	}
	return i;
}

void
vega_fold_one(struct vega_fold *fold, const union vega_record *r, uint64_t cnt, uint64_t position)
{
	(void)take(fold, r, cnt, position, VEGA_STATE_NONE);
}

void
vega_fold_end(struct vega_fold *fold)
{
	vega_fold_close(fold);
}

void
vega_fold_lapped(struct vega_fold *fold, uint64_t position, uint64_t cnt, uint64_t epoch_ns)
{
	vega_count(&fold->table->table->lapped_cnt, cnt);
	vega_store_relaxed(&fold->table->table->lost_position, position + 1);
	if (epoch_ns != 0)
		fold->epoch_ns = epoch_ns;
	fold->time_given = false;
}
