/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal gaps: the ledger of what the exchange's sequences say is missing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/zone.h"
#include "store/feed_names.h"
#include "store/gaps.h"
#include "store/vega-journal-verbs.h"

static const char *
fate_text(enum vega_gap_state fate)
{
	static const char *const texts[] = {"unknown", "open", "filled", "recovered", "lost"};

	return texts[(unsigned)fate < VEGA_ARRAY_CNT(texts) ? fate : 0];
}

/* A line's name as text; "-" when there is none. */
static const char *
line_text(const struct vega_gap_entry *entry, char buf[2])
{
	(void)snprintf(buf, 2, "%c", entry->line > ' ' && entry->line <= '~' ? entry->line : '-');
	return buf;
}

static json_t *
entry_json(const struct vega_journal *journal, const struct vega_gap_entry *entry)
{
	char line[2];

	return json_pack("{s:o, s:I, s:I, s:I, s:s, s:s, s:I, s:I}", "feed",
		vega_json_text(vega_journal_feed(journal, entry->feed_idx)), "channel",
		(json_int_t)entry->channel, "first", (json_int_t)entry->first, "cnt",
		(json_int_t)entry->cnt, "fate", fate_text(entry->fate), "line",
		line_text(entry, line), "opened_ns", (json_int_t)entry->opened_ns, "settled_ns",
		(json_int_t)entry->settled_ns);
}

static json_t *
channel_json(const struct vega_journal *journal, const struct vega_gap_channel *c)
{
	return json_pack("{s:o, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "feed",
		vega_json_text(vega_journal_feed(journal, c->feed_idx)), "channel",
		(json_int_t)c->channel, "has_sequence", c->has_sequence, "gaps",
		(json_int_t)c->gaps, "missing_seqs", (json_int_t)c->missing_seqs, "filled_seqs",
		(json_int_t)c->filled_seqs, "recovered_seqs", (json_int_t)c->recovered_seqs,
		"lost_seqs", (json_int_t)c->lost_seqs, "open_seqs", (json_int_t)c->open_seqs);
}

static int
print_json(const struct vega_journal *journal, const struct vega_gaps *gaps, uint64_t damaged)
{
	json_t *entries = json_array();
	json_t *channels = json_array();

	for (uint64_t i = 0; i < gaps->entry_cnt; i++)
		(void)json_array_append_new(entries, entry_json(journal, &gaps->entries[i]));
	for (uint32_t i = 0; i < gaps->channel_cnt; i++)
		(void)json_array_append_new(channels, channel_json(journal, &gaps->channels[i]));
	return vega_cli_json(json_pack("{s:o, s:o, s:I}", "gaps", entries, "channels", channels,
		"damaged_extents", (json_int_t)damaged));
}

static void
print_entry(const struct vega_journal *journal, const struct vega_gap_entry *entry)
{
	char opened[40];
	char settled[40] = "-";
	char line[2];

	if (entry->settled_ns != 0)
		(void)vega_text_time(settled, entry->settled_ns);
	(void)printf("%s  channel %u  %" PRIu64 " x %" PRIu64 "  %-9s  line %s  opened %s  settled "
		     "%s\n",
		vega_journal_feed(journal, entry->feed_idx), entry->channel, entry->first,
		entry->cnt, fate_text(entry->fate), line_text(entry, line),
		vega_text_time(opened, entry->opened_ns), settled);
}

static void
print_channel(const struct vega_journal *journal, const struct vega_gap_channel *c)
{
	(void)printf("%s  channel %u  ", vega_journal_feed(journal, c->feed_idx), c->channel);
	if (!c->has_sequence)
		(void)printf("no sequence: gaps cannot be seen\n");
	else
		(void)printf("%" PRIu64 " gaps, %" PRIu64 " missing: %" PRIu64 " filled, %" PRIu64
			     " recovered, %" PRIu64 " lost, %" PRIu64 " open\n",
			c->gaps, c->missing_seqs, c->filled_seqs, c->recovered_seqs, c->lost_seqs,
			c->open_seqs);
}

static int
print_text(const struct vega_journal *journal, const struct vega_gaps *gaps, uint64_t damaged)
{
	for (uint64_t i = 0; i < gaps->entry_cnt; i++)
		print_entry(journal, &gaps->entries[i]);
	for (uint32_t i = 0; i < gaps->channel_cnt; i++)
		print_channel(journal, &gaps->channels[i]);
	if (gaps->channel_cnt == 0)
		(void)printf("no records: a feed of frames only has no ledger\n");
	if (damaged != 0)
		(void)printf("damaged: %" PRIu64 " extents were passed over\n", damaged);
	return 0;
}

static void
count_hole(void *arg, const struct vega_hole *hole)
{
	uint64_t *damaged = arg;

	*damaged += !hole->recovered;
}

int
verb_gaps(const struct verb_options *o)
{
	struct vega_gaps gaps = {0};
	struct vega_journal *journal;
	uint64_t damaged = 0;
	int rc = vega_journal_open(o->path, &journal);

	if (rc < 0)
		return rc;
	rc = vega_feeds_check(journal, o->feeds, o->feed_cnt);
	for (uint32_t i = 0; rc == 0 && i < vega_journal_feed_cnt(journal); i++)
		if (vega_feed_is_chosen(o->feeds, o->feed_cnt, vega_journal_feed(journal, i)))
			rc = vega_gaps_add(&gaps, journal, i, count_hole, &damaged);
	if (rc == 0)
		rc = o->json ? print_json(journal, &gaps, damaged)
			     : print_text(journal, &gaps, damaged);
	vega_gaps_clear(&gaps);
	vega_journal_close(journal);
	return rc;
}
