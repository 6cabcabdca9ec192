/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book_watch.h"

#include <stddef.h>

void
vega_book_watch_begin(struct vega_book_watch *w)
{
	w->window++;
	w->cnt = 0;
	w->has_waiting = false;
}

struct vega_book_watch_order *
vega_book_watch_of(struct vega_book_watch *w, uint64_t id, uint32_t instrument_idx)
{
	uint64_t at = ((id ^ (uint64_t)instrument_idx << 40) * 0x9E3779B97F4A7C15u) >> 51;
	struct vega_book_watch_order *o = &w->orders[at];

	while (o->window == w->window && (o->id != id || o->instrument_idx != instrument_idx))
		o = &w->orders[++at % VEGA_BOOK_WATCH_CNT];
	if (o->window == w->window)
		return o;
	if (w->cnt == VEGA_BOOK_WATCH_CNT / 4 * 3)
		return NULL;
	w->cnt++;
	*o = (struct vega_book_watch_order){
		.id = id, .instrument_idx = instrument_idx, .window = w->window};
	return o;
}

static void
rebase(struct vega_book_watch_order *o, uint64_t seq)
{
	o->base_seq = seq;
	o->take_first = 0;
	o->take_last = 0;
	o->taken = 0;
	o->is_replaced = false;
	o->is_waiting = false;
}

enum vega_book_watch_how
vega_book_watch_set(
	const struct vega_book_watch *w, struct vega_book_watch_order *o, uint64_t *ret_less)
{
	if (o == NULL)
		return VEGA_BOOK_WATCH_LOST;
	*ret_less = 0;
	if (w->seq < o->base_seq)
		return VEGA_BOOK_WATCH_PAST;
	if (o->take_last <= w->seq) {
		rebase(o, w->seq);
		return VEGA_BOOK_WATCH_HOLDS;
	}
	if (o->take_first <= w->seq)
		return VEGA_BOOK_WATCH_LOST;
	o->base_seq = w->seq;
	o->is_replaced = false;
	o->is_waiting = false;
	*ret_less = o->taken;
	return VEGA_BOOK_WATCH_HOLDS;
}

enum vega_book_watch_how
vega_book_watch_take(const struct vega_book_watch *w, struct vega_book_watch_order *o, uint64_t qty)
{
	if (o == NULL)
		return VEGA_BOOK_WATCH_LOST;
	if (w->seq < o->base_seq)
		return VEGA_BOOK_WATCH_PAST;
	if (o->take_first == 0 || w->seq < o->take_first)
		o->take_first = w->seq;
	if (w->seq > o->take_last)
		o->take_last = w->seq;
	if (__builtin_add_overflow(o->taken, qty, &o->taken))
		o->taken = UINT64_MAX;
	return VEGA_BOOK_WATCH_HOLDS;
}

enum vega_book_watch_how
vega_book_watch_end(const struct vega_book_watch *w, struct vega_book_watch_order *o)
{
	if (o == NULL)
		return VEGA_BOOK_WATCH_LOST;
	if (w->seq < o->base_seq)
		return VEGA_BOOK_WATCH_PAST;
	rebase(o, w->seq);
	return VEGA_BOOK_WATCH_HOLDS;
}
