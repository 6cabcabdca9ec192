/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book_clear.h"

/* What the entry does not have of an instrument; the CLEAR that is forwarded empties that. */
void
vega_book_clear_instrument(struct vega_book *b, uint32_t idx)
{
	struct vega_book_instrument *i = &b->instruments[idx];

	vega_side_clear(&i->sides[0], &b->pool);
	vega_side_clear(&i->sides[1], &b->pool);
	if (i->order_cnt == 0)
		return;
	b->orders.dead_cnt += i->order_cnt;
	i->order_cnt = 0;
	i->generation = (i->generation + 1) & 0x7FFFFFFFu;
}

void
vega_book_clear_channel(struct vega_book *b, uint32_t channel)
{
	for (uint32_t i = 0; i < b->table->cnt; i++)
		if (b->table->entries[i].channel == channel)
			vega_book_clear_instrument(b, i);
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
		in->order_cnt = 0;
	}
	vega_orders_clear(&b->orders);
}

/* The lane has the same epochs as the record lane. */
void
vega_book_epoch(struct vega_book *b, const union vega_record *r)
{
	const bool is_new_day = b->epoch_ns != 0 && r->epoch.ns > b->epoch_ns;
	union vega_record own = *r;

	b->epoch_ns = r->epoch.ns;
	own.epoch.epoch_from = b->ring.next;
	vega_ring_epoch_begin(&b->ring, b->epoch_ns); /* E1: as rx does; W3 follows */
	vega_ring_put(&b->ring, own.word[0], own.word[1], own.word[2], own.word[3]);
	vega_fold_one(b->fold, &own, 1, own.epoch.epoch_from);
	if (is_new_day)
		clear_all(b);
}
