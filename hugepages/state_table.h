/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_STATE_TABLE_H
#define VEGA_HUGEPAGES_STATE_TABLE_H
/*
 * The writing side of a state table (vega_state.h): making it, finding or adding an instrument, and the sequence lock of an entry.
 *
 * One thread writes; it reads its own words plainly.
 */
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/attr.h"
#include "hugepages/vega_state.h"

#define VEGA_STATE_NONE UINT32_MAX

struct vega_state_writer {
	struct vega_state_table *table;
	uint64_t *buckets;
	struct vega_state_entry *entries;
	struct vega_state_event *events;
	uint64_t bucket_mask;
	uint32_t capacity;
	uint32_t cnt; /* instruments */
};

/* Bytes of a table; 0 for capacity 0, and above VEGA_INSTRUMENT_CNT_MAX. */
uint64_t vega_state_table_bytes(uint64_t capacity);

/*
 * Make a table in zeroed memory / take its writing side, as it is made or as it was left.
 *
 * Params: capacity	1 to VEGA_INSTRUMENT_CNT_MAX
 */
void vega_state_table_new(
	struct vega_state_table *table, uint64_t capacity, uint32_t feed_id, uint64_t generation);
void vega_state_writer_init(struct vega_state_writer *w, struct vega_state_table *table);

/* Where a token's search begins: tokens that follow each other must not crowd. */
static inline uint64_t
vega_state_hash(uint32_t token)
{
	return (uint64_t)token * 0x9E3779B97F4A7C15u >> 29;
}

/* Index of a token's entry; VEGA_STATE_NONE: it has none. */
static inline uint32_t
vega_state_find(const struct vega_state_writer *w, uint32_t token)
{
	uint64_t at = vega_state_hash(token) & w->bucket_mask;

	for (; w->buckets[at] != 0; at = (at + 1) & w->bucket_mask)
		if ((uint32_t)w->buckets[at] == token)
			return (uint32_t)(w->buckets[at] >> 32) - 1;
	return VEGA_STATE_NONE;
}

/* The same, and where it has none it gets one; VEGA_STATE_NONE: the table is full. */
uint32_t vega_state_add(struct vega_state_writer *w, uint32_t token);

/* T1: what is stored into the entry and its events until vega_state_end is seen as one change. */
static inline void
vega_state_begin(struct vega_state_entry *e)
{
	vega_store_relaxed(&e->lock, e->lock + 1); /* T1 */
}

static inline void
vega_state_end(struct vega_state_entry *e)
{
	vega_store_release(&e->lock, e->lock + 1); /* T3 */
}

/* T2: one word of an entry that was begun. */
static VEGA_ALWAYS_INLINE void
vega_state_set(void *word, uint64_t value)
{
	vega_store_release_at(word, value); /* T2 */
}

#endif
