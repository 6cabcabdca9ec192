/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/bus_filter.h"

#include <stdbool.h>
#include <stdlib.h>

#include "hugepages/base/err.h"

/* A set by open addressing, at most half full; 0 is no member: it is always wanted. */
struct vega_bus_filter {
	union vega_record held[VEGA_BUS_HELD_MAX]; /* a PACKET kept back, its TIME before it */
	uint32_t held_cnt;
	uint32_t mask;
	uint32_t slots[];
};

static uint32_t
hash(uint32_t instrument)
{
	return (instrument * 0x9E3779B1u) >> 7;
}

static void
add(struct vega_bus_filter *filter, uint32_t instrument)
{
	uint32_t at = hash(instrument) & filter->mask;

	while (filter->slots[at] != 0 && filter->slots[at] != instrument)
		at = (at + 1) & filter->mask;
	filter->slots[at] = instrument;
}

static bool
has(const struct vega_bus_filter *filter, uint32_t instrument)
{
	uint32_t at = hash(instrument) & filter->mask;

	while (filter->slots[at] != 0 && filter->slots[at] != instrument)
		at = (at + 1) & filter->mask;
	return filter->slots[at] == instrument; /* also of 0 */
}

int
vega_bus_filter_new(const uint32_t *instruments, uint32_t cnt, struct vega_bus_filter **ret_filter)
{
	struct vega_bus_filter *filter;
	uint64_t slot_cnt = 16;

	while (slot_cnt < 2ull * cnt)
		slot_cnt *= 2;
	filter = calloc(1, sizeof(*filter) + slot_cnt * sizeof(filter->slots[0]));
	if (filter == NULL || slot_cnt > UINT32_MAX) {
		free(filter);
		return VEGA_ERR(-ENOMEM, "need memory for %u instruments, found none", cnt);
	}
	filter->mask = (uint32_t)slot_cnt - 1;
	for (uint32_t i = 0; i < cnt; i++)
		if (instruments[i] != 0)
			add(filter, instruments[i]);
	*ret_filter = filter;
	return 0;
}

void
vega_bus_filter_delete(struct vega_bus_filter *filter)
{
	free(filter);
}

void
vega_bus_filter_forget(struct vega_bus_filter *filter)
{
	filter->held_cnt = 0;
}

static bool
is_wanted(const struct vega_bus_filter *filter, const union vega_record *r)
{
	const uint32_t kind = vega_record_kind(r);

	if (kind == VEGA_GAP || kind == VEGA_SEGMENT || kind == VEGA_LOSS || kind == VEGA_EPOCH)
		return true;
	return has(filter, vega_record_instrument(r));
}

uint32_t
vega_bus_filter_keep(struct vega_bus_filter *filter, union vega_record *to,
	const union vega_record *from, uint32_t cnt)
{
	uint32_t kept = 0;
	uint32_t step;

	for (uint32_t i = 0; i < cnt; i += step) {
		const union vega_record *r = &from[i];

		step = i + 1 < cnt && vega_record_kind(r) == VEGA_TIME ? 2 : 1;
		r += step - 1; /* the record that the TIME is of decides */
		if (vega_record_kind(r) == VEGA_PACKET) {
			for (uint32_t k = 0; k < step; k++)
				filter->held[k] = from[i + k];
			filter->held_cnt = step;
			continue;
		}
		if (!is_wanted(filter, r))
			continue;
		if (vega_record_kind(r) != VEGA_EPOCH) /* which is the first of its batch */
			for (uint32_t k = 0; k < filter->held_cnt; k++)
				to[kept++] = filter->held[k];
		filter->held_cnt = 0;
		for (uint32_t k = 0; k < step; k++)
			to[kept++] = from[i + k];
	}
	return kept;
}
