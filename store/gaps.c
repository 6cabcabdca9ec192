/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/gaps.h"

#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"

#define ENTRY_CNT_MAX (4u << 20) /* no day has so many; a hostile file may */

/* Where a feed's records are read. */
struct scan {
	struct vega_gaps *gaps;
	uint32_t feed_idx;
	struct vega_gap_channel *channel; /* of the last packet */
	uint32_t first;                   /* of the feed's channels */
};

/* NULL: no memory, with a message. Pointers to channels hold until the next one is added. */
static struct vega_gap_channel *
channel_of(struct scan *scan, uint32_t channel)
{
	struct vega_gaps *gaps = scan->gaps;
	struct vega_gap_channel *grown;

	for (uint32_t i = scan->first; i < gaps->channel_cnt; i++)
		if (gaps->channels[i].channel == channel)
			return &gaps->channels[i];
	grown = realloc(gaps->channels, (gaps->channel_cnt + 1) * sizeof(*grown));
	if (grown == NULL) {
		(void)VEGA_ERR(
			-ENOMEM, "need memory for %u channels, found none", gaps->channel_cnt + 1);
		return NULL;
	}
	gaps->channels = grown;
	grown += gaps->channel_cnt++;
	memset(grown, 0, sizeof(*grown));
	grown->feed_idx = scan->feed_idx;
	grown->channel = channel;
	return grown;
}

/* Add an entry and remember that it may change. */
static int
add_entry(struct vega_gaps *gaps, struct vega_gap_channel *channel,
	const struct vega_gap_entry *entry)
{
	if (gaps->entry_cnt == ENTRY_CNT_MAX)
		return VEGA_ERR(-EBADMSG,
			"need a ledger of at most %u gaps, found more; is the file damaged?",
			ENTRY_CNT_MAX);
	if (gaps->entry_cnt == gaps->entry_cap) {
		const uint64_t cap = gaps->entry_cap == 0 ? 256 : gaps->entry_cap * 2;
		void *grown = realloc(gaps->entries, cap * sizeof(*gaps->entries));

		if (grown == NULL)
			return VEGA_ERR(-ENOMEM, "need memory for %llu gaps, found none",
				(unsigned long long)cap);
		gaps->entries = grown;
		gaps->entry_cap = cap;
	}
	if (channel->live_cnt == VEGA_GAPS_LIVE_MAX)
		memmove(channel->live, channel->live + 1,
			--channel->live_cnt * sizeof(channel->live[0]));
	channel->live[channel->live_cnt++] = gaps->entry_cnt;
	gaps->entries[gaps->entry_cnt++] = *entry;
	return 0;
}

static void
drop_live(struct vega_gap_channel *channel, uint32_t idx)
{
	channel->live_cnt--;
	memmove(&channel->live[idx], &channel->live[idx + 1],
		(channel->live_cnt - idx) * sizeof(channel->live[0]));
}

/* What of an entry lies outside [first, end) becomes entries of their own, as it was. */
static int
split(struct vega_gaps *gaps, struct vega_gap_channel *channel, uint64_t idx, uint64_t first,
	uint64_t end)
{
	const struct vega_gap_entry whole = gaps->entries[idx];
	const uint64_t whole_end = whole.first + whole.cnt;
	struct vega_gap_entry part = whole;
	int rc = 0;

	gaps->entries[idx].first = first > whole.first ? first : whole.first;
	gaps->entries[idx].cnt = (end < whole_end ? end : whole_end) - gaps->entries[idx].first;
	if (first > whole.first) {
		part.cnt = first - whole.first;
		rc = add_entry(gaps, channel, &part);
	}
	if (rc == 0 && end < whole_end) {
		part.first = end;
		part.cnt = whole_end - end;
		rc = add_entry(gaps, channel, &part);
	}
	return rc;
}

/* Does a record of this fate change an entry? One that is lost can still be recovered; nothing else changes again. */
static bool
changes(const struct vega_gap_entry *entry, enum vega_gap_state fate)
{
	return entry->fate == VEGA_GAP_OPEN ||
	       (entry->fate == VEGA_GAP_LOST && fate == VEGA_GAP_RECOVERED);
}

static int
settle(struct vega_gaps *gaps, struct vega_gap_channel *channel, const struct vega_gap_record *r,
	uint64_t ns)
{
	const uint64_t end = r->first + r->cnt;
	const enum vega_gap_state fate = (enum vega_gap_state)(r->state & 0xFFu);
	uint64_t left =
		r->cnt; /* a sequence is settled once: two sequences of the wire may share a channel */

	for (uint32_t i = channel->live_cnt; left != 0 && i-- > 0;) {
		const uint64_t idx = channel->live[i];
		struct vega_gap_entry *entry = &gaps->entries[idx];
		int rc;

		if (!changes(entry, fate) || entry->first >= end ||
			entry->first + entry->cnt <= r->first)
			continue;
		if (fate != VEGA_GAP_LOST)
			drop_live(channel, i);
		rc = split(gaps, channel, idx, r->first, end);
		if (rc < 0)
			return rc;
		entry = &gaps->entries[idx];
		entry->fate = fate;
		entry->settled_ns = ns;
		entry->line = (uint8_t)(r->state >> 8);
		left -= entry->cnt < left ? entry->cnt : left;
		i = i < channel->live_cnt ? i : channel->live_cnt;
	}
	return 0;
}

static int
take_gap(struct scan *scan, const struct vega_gap_record *r, uint64_t ns)
{
	struct vega_gap_channel *channel = channel_of(scan, r->channel);
	const struct vega_gap_entry entry = {
		.first = r->first,
		.cnt = r->cnt,
		.opened_ns = ns,
		.feed_idx = scan->feed_idx,
		.channel = r->channel,
		.fate = VEGA_GAP_OPEN,
		.line = (uint8_t)(r->state >> 8),
	};

	scan->channel = NULL; /* it may have moved */
	if (channel == NULL)
		return -ENOMEM;
	channel->has_sequence = true;
	if ((r->state & 0xFFu) != VEGA_GAP_OPEN)
		return settle(scan->gaps, channel, r, ns);
	channel->gaps++;
	return add_entry(scan->gaps, channel, &entry);
}

/* Another sequence space: what was lost of the old one stays lost. */
static int
take_segment(struct scan *scan, const struct vega_segment_record *r)
{
	struct vega_gap_channel *channel = channel_of(scan, r->channel);

	scan->channel = NULL;
	if (channel == NULL)
		return -ENOMEM;
	if (r->what != VEGA_SEGMENT_SESSION && r->what != VEGA_SEGMENT_RESTART)
		return 0;
	for (uint32_t i = channel->live_cnt; i-- > 0;)
		if (scan->gaps->entries[channel->live[i]].fate == VEGA_GAP_LOST)
			drop_live(channel, i);
	return 0;
}

static int
take_packet(struct scan *scan, const struct vega_packet_record *r)
{
	if (scan->channel == NULL || scan->channel->channel != r->channel)
		scan->channel = channel_of(scan, r->channel);
	if (scan->channel == NULL)
		return -ENOMEM;
	scan->channel->has_sequence |= r->seq != UINT64_MAX;
	return 0;
}

static int
take_batch(struct scan *scan, const struct vega_record_batch *batch)
{
	struct vega_record_clock clock = batch->clock;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < batch->cnt; i++) {
		const union vega_record *r = &batch->records[i];
		const uint64_t ns = vega_record_ns(&clock, r);
		const uint32_t kind = vega_record_kind(r);

		if (kind == VEGA_PACKET)
			rc = take_packet(scan, &r->packet);
		else if (kind == VEGA_GAP)
			rc = take_gap(scan, &r->gap, ns);
		else if (kind == VEGA_SEGMENT)
			rc = take_segment(scan, &r->segment);
	}
	return rc;
}

/* Totals of the feed's channels, from their entries. */
static void
sum_up(struct scan *scan, uint64_t entry_first)
{
	for (uint64_t i = entry_first; i < scan->gaps->entry_cnt; i++) {
		const struct vega_gap_entry *entry = &scan->gaps->entries[i];
		struct vega_gap_channel *channel = channel_of(scan, entry->channel);

		if (channel == NULL)
			return;
		channel->missing_seqs += entry->cnt;
		if (entry->fate == VEGA_GAP_OPEN)
			channel->open_seqs += entry->cnt;
		else if (entry->fate == VEGA_GAP_FILLED)
			channel->filled_seqs += entry->cnt;
		else if (entry->fate == VEGA_GAP_RECOVERED)
			channel->recovered_seqs += entry->cnt;
		else
			channel->lost_seqs += entry->cnt;
	}
}

int
vega_gaps_add(struct vega_gaps *gaps, struct vega_journal *journal, uint32_t feed_idx,
	void (*hole)(void *arg, const struct vega_hole *hole), void *hole_arg)
{
	const struct vega_records_want want = {
		.to_ns = UINT64_MAX, .hole = hole, .hole_arg = hole_arg};
	struct scan scan = {.gaps = gaps, .feed_idx = feed_idx, .first = gaps->channel_cnt};
	const uint64_t entry_first = gaps->entry_cnt;
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	int rc = vega_records_open(journal, feed_idx, &want, &cursor);

	if (rc < 0)
		return rc;
	while ((rc = vega_records_next(cursor, &batch)) == 1) {
		rc = take_batch(&scan, &batch);
		if (rc < 0)
			break;
	}
	vega_records_close(cursor);
	sum_up(&scan, entry_first);
	return rc;
}

void
vega_gaps_clear(struct vega_gaps *gaps)
{
	free(gaps->entries);
	free(gaps->channels);
	*gaps = (struct vega_gaps){0};
}
