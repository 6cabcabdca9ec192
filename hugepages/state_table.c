/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/state_table.h"

#include "hugepages/state_parts.h"
#include "hugepages/vega_layout.h"

uint64_t
vega_state_table_bytes(uint64_t capacity)
{
	return capacity == 0 || capacity > VEGA_INSTRUMENT_CNT_MAX
		       ? 0
		       : vega_state_parts(capacity).bytes;
}

void
vega_state_table_new(
	struct vega_state_table *table, uint64_t capacity, uint32_t feed_id, uint64_t generation)
{
	table->version = VEGA_STATE_VERSION;
	table->feed_id = feed_id;
	table->capacity = capacity;
	table->generation = generation;
	/* M1: last, a table with a magic is whole; pairs with M2 */
	vega_store_release(&table->magic, VEGA_STATE_MAGIC);
}

void
vega_state_writer_init(struct vega_state_writer *w, struct vega_state_table *table)
{
	const struct vega_state_parts parts = vega_state_parts(table->capacity);
	uint8_t *memory = (uint8_t *)table;

	*w = (struct vega_state_writer){
		.table = table,
		.buckets = (void *)(memory + parts.buckets_off),
		.entries = (void *)(memory + parts.entries_off),
		.events = (void *)(memory + parts.events_off),
		.bucket_mask = parts.bucket_cnt - 1,
		.capacity = (uint32_t)table->capacity,
		.cnt = (uint32_t)table->instrument_cnt,
	};
}

uint32_t
vega_state_add(struct vega_state_writer *w, uint32_t token)
{
	uint64_t at = vega_state_hash(token) & w->bucket_mask;
	struct vega_state_entry *e;

	for (; w->buckets[at] != 0; at = (at + 1) & w->bucket_mask)
		if ((uint32_t)w->buckets[at] == token)
			return (uint32_t)(w->buckets[at] >> 32) - 1;
	if (w->cnt == w->capacity)
		return VEGA_STATE_NONE;
	e = &w->entries[w->cnt++];
	e->token = token;
	e->digits = 255;
	e->seq = UINT64_MAX;
	/* T7: the entry is whole */
	vega_store_release(&w->buckets[at], token | (uint64_t)w->cnt << 32);
	vega_store_release(&w->table->instrument_cnt, w->cnt); /* T7, for readers by index */
	return w->cnt - 1;
}
