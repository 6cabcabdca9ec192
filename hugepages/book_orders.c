/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/book_orders.h"

#include <string.h>

void
vega_orders_init(struct vega_orders *o, struct vega_order *slots, uint64_t capacity)
{
	const uint64_t slot_cnt = vega_orders_slot_cnt(capacity);

	*o = (struct vega_orders){
		.slots = slots,
		.mask = slot_cnt - 1,
		.shift = (unsigned)__builtin_clzll(slot_cnt - 1),
		.capacity = capacity,
	};
}

/* Each that follows moves up into the hole, unless it stands at its beginning or behind it: then it would not be found. */
void
vega_orders_remove(struct vega_orders *o, struct vega_order *order)
{
	uint64_t hole = (uint64_t)(order - o->slots);
	uint64_t at = hole;

	for (;;) {
		at = (at + 1) & o->mask;
		if (o->slots[at].qty == 0)
			break;
		if (((at - vega_orders_slot(o, o->slots[at].id)) & o->mask) <
			((at - hole) & o->mask))
			continue;
		o->slots[hole] = o->slots[at];
		hole = at;
	}
	o->slots[hole].qty = 0;
	o->cnt--;
}

void
vega_orders_clear(struct vega_orders *o)
{
	memset(o->slots, 0, (o->mask + 1) * sizeof(*o->slots));
	o->cnt = 0;
	o->dead_cnt = 0;
}
