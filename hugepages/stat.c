/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/stat.h"

#include <string.h>

#include "hugepages/base/atomic.h"

/* End a text and take out what would confuse a terminal or a JSON reader. */
static void
tame(char *text, size_t bytes)
{
	text[bytes - 1] = '\0';
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void
limit(uint32_t *cnt, uint32_t max)
{
	*cnt = *cnt < max ? *cnt : max;
}

static void
make_safe(struct vega_control_image *image)
{
	struct vega_control *c = &image->control;

	limit(&c->feed_cnt, VEGA_FEED_CNT_MAX);
	limit(&c->lane_cnt, VEGA_LANE_CNT_MAX);
	limit(&c->lcore_cnt, VEGA_LCORE_CNT_MAX);
	limit(&c->port_cnt, VEGA_PORT_CNT_MAX);
	tame(c->name, sizeof(c->name));
	tame(c->journal, sizeof(c->journal));
	tame(c->lanes_path, sizeof(c->lanes_path));
	tame(c->io, sizeof(c->io));
	for (uint32_t i = 0; i < c->feed_cnt; i++) {
		tame(image->feeds[i].name, sizeof(image->feeds[i].name));
		tame(image->feeds[i].zone, sizeof(image->feeds[i].zone));
	}
	for (uint32_t i = 0; i < c->port_cnt; i++)
		tame(image->ports[i].name, sizeof(image->ports[i].name));
	for (uint32_t i = 0; i < VEGA_CHANNEL_ROW_CNT; i++)
		tame(image->channels[i].format, sizeof(image->channels[i].format));
}

void
vega_stat_take(
	const struct vega_region *region, bool alive, uint64_t now_ns, struct vega_stat *ret_stat)
{
	const uint64_t *from = (const uint64_t *)(const void *)region->control;
	uint64_t *to = (uint64_t *)(void *)&ret_stat->image;

	for (size_t i = 0; i < VEGA_CONTROL_BYTES / sizeof(*to); i++)
		to[i] = vega_load_relaxed(&from[i]);
	make_safe(&ret_stat->image);
	ret_stat->taken_ns = now_ns;
	ret_stat->alive = alive;
}

const char *
vega_stat_state(const struct vega_stat *stat)
{
	switch (stat->image.control.state) {
	case VEGA_STATE_LIVE:
		return stat->alive ? "live" : "dead";
	case VEGA_STATE_STOPPED:
		return "stopped";
	case VEGA_STATE_SUPERSEDED:
		return "superseded";
	default:
		return "unknown";
	}
}

const uint64_t *
vega_stat_cells(const struct vega_stat *stat, enum vega_group group, uint32_t idx)
{
	switch (group) {
	case VEGA_GROUP_DRAIN:
		return (const void *)&stat->image.drain[idx];
	case VEGA_GROUP_LCORE:
		return (const void *)&stat->image.lcores[idx];
	case VEGA_GROUP_PORT:
		return (const void *)&stat->image.ports[idx];
	case VEGA_GROUP_CHANNEL:
		return (const void *)&stat->image.channels[idx];
	case VEGA_GROUP_RX:
	default:
		return (const void *)&stat->image.rx[idx];
	}
}

static uint32_t
member_cnt(const struct vega_stat *stat, enum vega_group group)
{
	const struct vega_control *c = &stat->image.control;

	if (group == VEGA_GROUP_LCORE)
		return c->lcore_cnt;
	return group == VEGA_GROUP_PORT ? c->port_cnt : c->feed_cnt;
}

/* One counter over all members of its group. */
static uint64_t
sum(const struct vega_stat *stat, enum vega_group group, uint32_t counter_idx)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < member_cnt(stat, group); i++)
		total += vega_stat_cells(stat, group, i)[counter_idx];
	return total;
}

void
vega_stat_totals(const struct vega_stat *stat, struct vega_totals *t)
{
	const struct vega_control_image *image = &stat->image;

	memset(t, 0, sizeof(*t));
	for (uint32_t i = 0; i < image->control.feed_cnt; i++) {
		t->packets_published += image->rx[i].packets_published;
		t->packets_framed += image->rx[i].packets_framed - image->drain[i].lost_disk;
		t->bytes += image->rx[i].bytes_published;
	}
	for (uint32_t i = 0; i < image->control.lcore_cnt; i++)
		t->packets_received += image->lcores[i].packets_polled;
	for (enum vega_group group = 0; group < VEGA_GROUP_LEDGER_CNT; group++) {
		const struct vega_counter_group *g = &vega_counter_groups[group];

		for (uint32_t k = 0; k < g->counter_cnt; k++) {
			if (vega_counter_drop_cause(&g->counters[k]) != NULL)
				t->packets_dropped += sum(stat, group, k);
			if (vega_counter_drop_cause(&g->counters[k]) != NULL &&
				group == VEGA_GROUP_PORT)
				t->packets_received += sum(stat, group, k);
			if (vega_counter_lost_cause(&g->counters[k]) != NULL)
				t->frames_lost += sum(stat, group, k);
		}
	}
	t->packets_unaccounted =
		(int64_t)(t->packets_received - t->packets_published - t->packets_dropped);
}

bool
vega_stat_feed_wanted(const struct vega_stat *stat, uint32_t feed_idx, const char *name)
{
	const char *found = stat->image.feeds[feed_idx].name;

	if (name == NULL || strcmp(found, name) == 0)
		return true;
	return strcmp(name, "default") == 0 && strncmp(found, "default.", 8) == 0;
}

bool
vega_stat_channel_wanted(const struct vega_stat *stat, uint32_t row, const char *feed)
{
	const struct vega_channel_cells *cells = &stat->image.channels[row];

	return cells->in_use != 0 && cells->feed_id < stat->image.control.feed_cnt &&
	       vega_stat_feed_wanted(stat, cells->feed_id, feed);
}

struct vega_lead
vega_stat_lead(const uint64_t buckets[VEGA_LEAD_BUCKET_CNT])
{
	struct vega_lead lead = {0};
	uint64_t seen = 0;

	for (uint32_t b = 0; b < VEGA_LEAD_BUCKET_CNT; b++)
		lead.cnt += buckets[b];
	for (uint32_t b = 0; b < VEGA_LEAD_BUCKET_CNT; b++) {
		const uint64_t below_ns = 1ull << b;

		if (buckets[b] == 0)
			continue;
		if (seen <= lead.cnt / 2)
			lead.ns_p50 = below_ns;
		if (seen <= lead.cnt - lead.cnt / 100 - 1)
			lead.ns_p99 = below_ns;
		seen += buckets[b];
	}
	return lead;
}
