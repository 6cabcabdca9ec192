/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_FOLD_ENTRY_H
#define VEGA_HUGEPAGES_FOLD_ENTRY_H
/*
 * The entry that is being changed: one at a time is open, under its lock; what a record does to it, whoever the record comes from.
 * Private to fold.c and the books.
 */
#include "hugepages/fold.h"

static inline void
vega_fold_set_flags(struct vega_state_entry *e, uint32_t set, uint32_t clear)
{
	const uint32_t flags = (e->flags | set) & ~clear;

	if (flags != e->flags)
		vega_state_set(&e->token, e->token | (uint64_t)flags << 32);
}

static inline void
vega_fold_add_event(
	struct vega_fold *f, struct vega_state_entry *e, const struct vega_state_event *event)
{
	const uint64_t idx = (uint64_t)(e - f->table->entries);
	struct vega_state_event *to =
		&f->table->events[idx * VEGA_STATE_EVENT_CNT + e->event_cnt % VEGA_STATE_EVENT_CNT];

	vega_state_set(&to->ns, f->exch_ns != 0 ? f->exch_ns : f->recv_ns);
	vega_state_set(&to->price, (uint64_t)event->price);
	vega_state_set(&to->qty, event->qty);
	vega_state_set(&to->position, e->position);
	vega_state_set(&to->what, event->what | (uint64_t)event->flags << 32);
	vega_state_set(&e->event_cnt, e->event_cnt + 1);
}

/* Did the best price of a side change, or its quantity? */
static inline void
vega_fold_tell_best(struct vega_fold *f, struct vega_state_entry *e, bool is_ask)
{
	const struct vega_state_level *now = is_ask ? &e->asks[0] : &e->bids[0];

	if (now->price != f->best[is_ask].price || now->qty != f->best[is_ask].qty)
		vega_fold_add_event(f, e,
			&(struct vega_state_event){.price = now->price,
				.qty = now->qty,
				.what = is_ask ? VEGA_STATE_ASK : VEGA_STATE_BID});
}

/* Let go of it, that it can be read. */
static inline void
vega_fold_close(struct vega_fold *f)
{
	struct vega_state_entry *e = f->open;

	if (e == NULL)
		return;
	vega_fold_tell_best(f, e, false);
	vega_fold_tell_best(f, e, true);
	if (f->exch_ns != 0)
		vega_state_set(&e->exch_ns, f->exch_ns);
	vega_state_end(e);
	f->open = NULL;
}

/* The slow half of open: another channel than before, other digits; it came late. */
void vega_fold_open_odd(struct vega_fold *f, struct vega_state_entry *e);

static inline void
vega_fold_open(struct vega_fold *f, struct vega_state_entry *e)
{
	const uint8_t digits = f->digits[f->channel % VEGA_STATE_GAP_CNT];

	vega_state_begin(e);
	f->open = e;
	f->exch_ns = 0;
	f->best[0] = e->bids[0];
	f->best[1] = e->asks[0];
	vega_state_set(&e->recv_ns, f->recv_ns);
	vega_state_set(&e->seq, f->seq);
	if (vega_unlikely(e->channel != f->channel || (digits != 0 && e->digits != digits - 1) ||
			  f->is_late))
		vega_fold_open_odd(f, e);
}

/* It is open, and a record changes it. exch_ns: the record's time; 0: it has none. */
static VEGA_ALWAYS_INLINE void
vega_fold_touch(
	struct vega_fold *f, struct vega_state_entry *e, uint64_t position, uint64_t exch_ns)
{
	if (exch_ns != 0)
		f->exch_ns = exch_ns;
	vega_state_set(&e->position, position);
	if (vega_likely(!f->is_late))
		vega_state_set(&e->ordered_position, position);
}

/* A LAST record; one of a book lane tells each trade once. Price and quantity are 0 where it tells only what else it has. */
void vega_fold_last(struct vega_fold *f, struct vega_state_entry *e, int64_t price, uint64_t qty,
	int64_t average, uint64_t volume, uint32_t flags);

#endif
