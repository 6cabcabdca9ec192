/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/compare.h"

#include <stdlib.h>
#include <string.h>

#include "capture/feed/net.h"
#include "hugepages/base/err.h"
#include "replay/pace.h"

#define NONE UINT64_MAX

int
vega_compare_open(struct vega_compare *compare, uint64_t speed_millionths, uint32_t window_cnt)
{
	*compare = (struct vega_compare){
		.speed_millionths = speed_millionths,
		.window_cnt = window_cnt,
		.entries = calloc(window_cnt, sizeof(*compare->entries)),
		.buckets = calloc(window_cnt, sizeof(*compare->buckets)),
	};
	vega_histogram_init(&compare->time_error);
	vega_histogram_init(&compare->gap_error);
	vega_timeline_init(&compare->timeline);
	if (compare->entries == NULL || compare->buckets == NULL) {
		vega_compare_close(compare);
		return VEGA_ERR(-ENOMEM, "need memory to match %u packets, found none", window_cnt);
	}
	return 0;
}

void
vega_compare_close(struct vega_compare *compare)
{
	free(compare->entries);
	free(compare->buckets);
	compare->entries = NULL;
	compare->buckets = NULL;
}

/* Multiply and fold: every bit of both words reaches the result. */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	const unsigned __int128 product =
		(unsigned __int128)(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xE7037ED1A0B428DBu);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
hash_of(const uint8_t *data, uint32_t bytes)
{
	uint64_t hash = bytes;
	uint64_t word;

	for (; bytes >= 8; data += 8, bytes -= 8) {
		memcpy(&word, data, 8);
		hash = mix(hash, word);
	}
	word = 0;
	if (bytes != 0)
		memcpy(&word, data, bytes);
	return mix(mix(hash, word), bytes);
}

uint64_t
vega_compare_key(const struct vega_frame *frame)
{
	struct vega_net net;

	vega_net_parse(frame->linktype, frame->data, frame->captured_bytes, &net);
	return net.udp_port != VEGA_NET_NO_PORT
		       ? hash_of(frame->data + net.payload_off, net.payload_bytes)
		       : hash_of(frame->data, frame->captured_bytes);
}

static struct vega_compare_bucket *
bucket_of(struct vega_compare *c, uint64_t key)
{
	return &c->buckets[key & (c->window_cnt - 1)];
}

/* Links hold a place in the window plus one; the position follows, for the window holds each place once. */
static struct vega_compare_entry *
entry_at(struct vega_compare *c, uint32_t link)
{
	return &c->entries[link - 1];
}

static uint32_t
link_of(const struct vega_compare *c, uint64_t position)
{
	return (uint32_t)(position & (c->window_cnt - 1)) + 1;
}

static uint64_t
position_of(const struct vega_compare *c, uint32_t link)
{
	return c->base + ((link - 1 - c->base) & (c->window_cnt - 1));
}

void
vega_compare_original(struct vega_compare *c, uint64_t key, uint64_t ns)
{
	const uint32_t link = link_of(c, c->end++);
	struct vega_compare_bucket *bucket = bucket_of(c, key);

	*entry_at(c, link) =
		(struct vega_compare_entry){.key = key, .ns = ns, .prev = bucket->tail};
	if (bucket->tail != 0)
		entry_at(c, bucket->tail)->next = link;
	else
		bucket->cursor = link;
	bucket->tail = link;
	c->counts.original++;
}

/* The oldest of all is the oldest of its bucket. */
static void
drop_oldest(struct vega_compare *c)
{
	const uint32_t link = link_of(c, c->base);
	const struct vega_compare_entry *entry = entry_at(c, link);
	struct vega_compare_bucket *bucket = bucket_of(c, entry->key);

	if (entry->next != 0)
		entry_at(c, entry->next)->prev = 0;
	if (bucket->cursor == link)
		bucket->cursor = entry->next;
	if (bucket->tail == link)
		bucket->tail = 0;
	c->counts.missing += !entry->is_matched;
	c->base++;
}

/* From an entry of a bucket one closer to the last before `next`, or to its first when all are behind; 0: this is it. */
static uint32_t
step_closer(struct vega_compare *c, uint32_t at)
{
	const struct vega_compare_entry *entry = entry_at(c, at);

	if (position_of(c, at) >= c->next)
		return entry->prev;
	return entry->next != 0 && position_of(c, entry->next) < c->next ? entry->next : 0;
}

/*
 * The last entry of a bucket before `next`, or its first when all are behind; 0: the bucket is empty. Where `next` has jumped far
 * the bucket's chain may be long in between: then its entries are many, and looking at each packet before `next` soon meets one.
 */
static uint32_t
seek_bucket(struct vega_compare *c, const struct vega_compare_bucket *bucket)
{
	uint64_t behind = c->next < c->end ? c->next : c->end;
	uint32_t at = bucket->cursor;

	while (at != 0) {
		const uint32_t closer = step_closer(c, at);

		if (closer == 0)
			return at;
		at = closer;
		if (behind <= c->base)
			continue;
		behind--;
		if (bucket_of(c, entry_at(c, link_of(c, behind))->key) == bucket)
			return link_of(c, behind);
	}
	return 0;
}

/* Of the packets with this content the nearest on either side of `next`, one that is free where both are as near. 0: none. */
static uint32_t
nearest(struct vega_compare *c, uint64_t key)
{
	struct vega_compare_bucket *bucket = bucket_of(c, key);
	uint32_t before = seek_bucket(c, bucket);
	uint32_t after = before;
	uint64_t before_cnt;
	uint64_t after_cnt;

	bucket->cursor = before;
	if (before != 0 && position_of(c, before) < c->next)
		after = entry_at(c, before)->next;
	else
		before = 0;
	while (before != 0 && entry_at(c, before)->key != key)
		before = entry_at(c, before)->prev;
	while (after != 0 && entry_at(c, after)->key != key)
		after = entry_at(c, after)->next;
	before_cnt = before != 0 ? c->next - position_of(c, before) : NONE;
	after_cnt = after != 0 ? position_of(c, after) - c->next : NONE;
	if (before_cnt == after_cnt)
		return after != 0 && !entry_at(c, after)->is_matched ? after : before;
	return before_cnt < after_cnt ? before : after;
}

static uint64_t
magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* Captured less original time, both since the first match. */
static int64_t
time_error(const struct vega_compare *c, uint64_t original_ns, uint64_t captured_ns)
{
	const __int128 original = (__int128)original_ns - c->original_first_ns;
	const __int128 due = original * VEGA_SPEED_UNIT / (__int128)c->speed_millionths;
	const __int128 error = (__int128)captured_ns - c->captured_first_ns - due;

	if (error > INT64_MAX || error < INT64_MIN)
		return error > 0 ? INT64_MAX : INT64_MIN;
	return (int64_t)error;
}

static void
note_times(struct vega_compare *c, uint64_t original_ns, uint64_t captured_ns)
{
	int64_t error_ns;
	int64_t gap_error_ns;

	vega_timeline_sent(&c->timeline, captured_ns, 1);
	if (c->counts.matched == 0) {
		vega_timeline_due(&c->timeline, captured_ns, 1, 0, 0);
		c->original_first_ns = original_ns;
		c->captured_first_ns = captured_ns;
		return;
	}
	error_ns = time_error(c, original_ns, captured_ns);
	if (__builtin_sub_overflow(error_ns, c->error_last_ns, &gap_error_ns))
		gap_error_ns = INT64_MAX;
	c->error_last_ns = error_ns;
	c->drift_ns = error_ns;
	c->time_error_ns_min = error_ns < c->time_error_ns_min ? error_ns : c->time_error_ns_min;
	c->time_error_ns_max = error_ns > c->time_error_ns_max ? error_ns : c->time_error_ns_max;
	vega_histogram_add(&c->time_error, magnitude(error_ns));
	vega_timeline_due(&c->timeline, captured_ns - (uint64_t)error_ns, 1, magnitude(error_ns),
		magnitude(error_ns));
	vega_histogram_add(&c->gap_error, magnitude(gap_error_ns));
}

static void
match(struct vega_compare *c, uint32_t link, uint64_t captured_ns)
{
	struct vega_compare_entry *entry = entry_at(c, link);
	const uint64_t position = position_of(c, link);

	note_times(c, entry->ns, captured_ns);
	entry->is_matched = true;
	c->counts.reordered += c->counts.matched != 0 && position < c->matched_max;
	c->matched_max = position > c->matched_max ? position : c->matched_max;
	c->counts.matched++;
	c->next = position + 1;
	while (position - c->base >= c->window_cnt / 2 && position > c->base)
		drop_oldest(c);
}

void
vega_compare_captured(struct vega_compare *c, uint64_t key, uint64_t ns)
{
	const uint32_t link = nearest(c, key);

	c->counts.captured++;
	if (link == 0)
		c->counts.foreign++;
	else if (entry_at(c, link)->is_matched)
		c->counts.doubled++;
	else
		match(c, link, ns);
}

void
vega_compare_finish(struct vega_compare *c)
{
	while (c->base < c->end)
		drop_oldest(c);
}
