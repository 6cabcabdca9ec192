/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_STATE_PARTS_H
#define VEGA_HUGEPAGES_STATE_PARTS_H
/*
 * Where the parts of a state table lie: it follows from the capacity, so a reader believes no offset.
 */
#include "hugepages/base/attr.h"
#include "hugepages/vega_state.h"

struct vega_state_parts {
	uint64_t bucket_cnt;
	uint64_t buckets_off;
	uint64_t entries_off;
	uint64_t events_off;
	uint64_t bytes;
};

/* Params: capacity	1 to VEGA_INSTRUMENT_CNT_MAX */
static inline struct vega_state_parts
vega_state_parts(uint64_t capacity)
{
	struct vega_state_parts parts = {.bucket_cnt = 64};

	while (parts.bucket_cnt < 2 * capacity)
		parts.bucket_cnt *= 2;
	parts.buckets_off = sizeof(struct vega_state_table);
	parts.entries_off = parts.buckets_off + parts.bucket_cnt * sizeof(uint64_t);
	parts.events_off = parts.entries_off + capacity * sizeof(struct vega_state_entry);
	parts.bytes = parts.events_off +
		      capacity * VEGA_STATE_EVENT_CNT * sizeof(struct vega_state_event);
	return parts;
}

#endif
