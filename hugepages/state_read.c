/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Readers of a state table. The memory may hold any bytes: what is read from it is compared before it is used.
 */
#include <errno.h>
#include <stdbool.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/err.h"
#include "hugepages/state_parts.h"
#include "hugepages/state_table.h"
#include "hugepages/vega_layout.h"

/* An entry is written in well under a microsecond: a lock that stands still for so many looks is a dead writer's. */
#define TRIES_MAX (1u << 20)

#define WORDS(what) (sizeof(what) / 8)

int
vega_state_open(const void *memory, uint64_t bytes, struct vega_state_view *ret_view)
{
	const struct vega_state_table *table = memory;
	const uint8_t *at = memory;
	struct vega_state_parts parts;
	uint64_t capacity;

	if (bytes < sizeof(*table) ||
		vega_load_acquire(&table->magic) != VEGA_STATE_MAGIC || /* M2: pairs with M1 */
		table->version != VEGA_STATE_VERSION)
		return VEGA_ERR(-EBADMSG, "need a state table of version %u, found none",
			VEGA_STATE_VERSION);
	capacity = vega_load_relaxed(&table->capacity);
	if (capacity == 0 || capacity > VEGA_INSTRUMENT_CNT_MAX ||
		(parts = vega_state_parts(capacity)).bytes > bytes)
		return VEGA_ERR(-EBADMSG,
			"need a state table in %llu bytes, found one of %llu instruments",
			(unsigned long long)bytes, (unsigned long long)capacity);
	*ret_view = (struct vega_state_view){
		.table = table,
		.buckets = (const void *)(at + parts.buckets_off),
		.entries = (const void *)(at + parts.entries_off),
		.events = (const void *)(at + parts.events_off),
		.capacity = capacity,
		.bucket_mask = parts.bucket_cnt - 1,
	};
	return 0;
}

/* The entry's index, or the capacity: there is none. */
static uint64_t
find(const struct vega_state_view *view, uint32_t token)
{
	uint64_t at = vega_state_hash(token) & view->bucket_mask;

	for (uint64_t i = 0; i <= view->bucket_mask; i++) {
		const uint64_t bucket = vega_load_acquire(&view->buckets[at]); /* T8 */
		const uint64_t idx = (bucket >> 32) - 1;

		if (bucket == 0)
			break;
		if ((uint32_t)bucket == token)
			return idx < view->capacity ? idx : view->capacity;
		at = (at + 1) & view->bucket_mask;
	}
	return view->capacity;
}

/* All lines of an entry on their way at once: the lock is read first, and would be waited for alone. */
static VEGA_ALWAYS_INLINE void
prefetch_lines(const void *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += VEGA_LINE_BYTES)
		vega_prefetch((const uint8_t *)at + i);
}

static void
copy_words(void *to, const uint8_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++) {
		const uint64_t word = vega_load_acquire_at(&from[i * 8]); /* T5 */

		memcpy((uint8_t *)to + i * 8, &word, 8);
	}
}

/* A gap anywhere that may have taken something of this one, since it was sound? */
static bool
is_stale(const struct vega_state_table *table, const struct vega_state_entry *e)
{
	const uint64_t gap =
		vega_load_relaxed(&table->gap_position[e->channel % VEGA_STATE_GAP_CNT]);
	const uint64_t lost = vega_load_relaxed(&table->lost_position);

	return e->sound_from < gap || e->sound_from < lost;
}

int
vega_state_at(const struct vega_state_view *view, uint64_t idx, struct vega_state_entry *ret_entry)
{
	const struct vega_state_entry *e;

	if (idx >= vega_state_cnt(view))
		return -ENOENT;
	e = &view->entries[idx];
	prefetch_lines(e, sizeof(*e));
	for (uint32_t i = 0; i < TRIES_MAX; i++) {
		const uint64_t lock = vega_load_acquire(&e->lock); /* T4 */

		if (vega_unlikely((lock & 1) != 0))
			continue;
		copy_words((uint8_t *)ret_entry, (const uint8_t *)e, WORDS(*e));
		if (vega_unlikely(vega_load_relaxed(&e->lock) != lock)) /* T6 */
			continue;
		if (is_stale(view->table, ret_entry))
			ret_entry->flags |= VEGA_STATE_STALE;
		return 0;
	}
	return -EAGAIN;
}

int
vega_state_latest(
	const struct vega_state_view *view, uint32_t token, struct vega_state_entry *ret_entry)
{
	return vega_state_at(view, find(view, token), ret_entry);
}

uint64_t
vega_state_cnt(const struct vega_state_view *view)
{
	const uint64_t cnt = vega_load_acquire(&view->table->instrument_cnt); /* T8 */

	return cnt < view->capacity ? cnt : view->capacity;
}

/* From the ring into the order of time, the newest first. */
static uint32_t
sort_events(uint64_t event_cnt, const struct vega_state_event ring[VEGA_STATE_EVENT_CNT],
	struct vega_state_event ret_events[VEGA_STATE_EVENT_CNT])
{
	const uint32_t cnt =
		event_cnt < VEGA_STATE_EVENT_CNT ? (uint32_t)event_cnt : VEGA_STATE_EVENT_CNT;

	for (uint32_t i = 0; i < cnt; i++)
		ret_events[i] = ring[(event_cnt - 1 - i) % VEGA_STATE_EVENT_CNT];
	return cnt;
}

int
vega_state_recent(const struct vega_state_view *view, uint32_t token,
	struct vega_state_event ret_events[VEGA_STATE_EVENT_CNT], uint32_t *ret_cnt)
{
	const uint64_t idx = find(view, token);
	struct vega_state_event ring[VEGA_STATE_EVENT_CNT];
	uint64_t words[WORDS(ring)];
	const struct vega_state_entry *e;
	const uint8_t *from;

	if (idx >= vega_state_cnt(view))
		return -ENOENT;
	e = &view->entries[idx];
	from = (const uint8_t *)&view->events[idx * VEGA_STATE_EVENT_CNT];
	prefetch_lines(from, sizeof(ring));
	for (uint32_t i = 0; i < TRIES_MAX; i++) {
		const uint64_t lock = vega_load_acquire(&e->lock);           /* T4 */
		const uint64_t event_cnt = vega_load_acquire(&e->event_cnt); /* T5 */

		if (vega_unlikely((lock & 1) != 0))
			continue;
		copy_words(words, from, VEGA_ARRAY_CNT(words));
		if (vega_unlikely(vega_load_relaxed(&e->lock) != lock)) /* T6 */
			continue;
		memcpy(ring, words, sizeof(ring));
		*ret_cnt = sort_events(event_cnt, ring, ret_events);
		return 0;
	}
	return -EAGAIN;
}
