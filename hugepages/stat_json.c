/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/stat.h"

static void
put_text(json_t *object, const char *key, const char *text)
{
	(void)json_object_set_new(object, key, json_string(text));
}

/* KEY_per_s, where there is something to compare with. */
static void
put_rate(json_t *object, const char *key, uint64_t now, uint64_t then, const struct vega_stat *stat,
	const struct vega_stat *before)
{
	char name[64];

	if (before == NULL || stat->taken_ns <= before->taken_ns || now < then)
		return;
	(void)snprintf(name, sizeof(name), "%s_per_s", key);
	(void)json_object_set_new(object, name,
		json_real(
			(double)(now - then) * 1e9 / (double)(stat->taken_ns - before->taken_ns)));
}

static void
put_group(json_t *object, enum vega_group group, uint32_t idx, const struct vega_stat *stat,
	const struct vega_stat *before)
{
	const struct vega_counter_group *g = &vega_counter_groups[group];
	const uint64_t *now = vega_stat_cells(stat, group, idx);
	const uint64_t *then = before != NULL ? vega_stat_cells(before, group, idx) : now;

	for (uint32_t k = 0; k < g->counter_cnt; k++) {
		vega_json_put(object, g->counters[k].name, now[k]);
		if (vega_counter_has_rate(&g->counters[k]))
			put_rate(object, g->counters[k].name, now[k], then[k], stat, before);
	}
}

static json_t *
feed_json(const struct vega_stat *stat, const struct vega_stat *before, uint32_t idx)
{
	const struct vega_control_image *image = &stat->image;
	const struct vega_feed_entry *feed = &image->feeds[idx];
	json_t *object = json_object();

	put_text(object, "feed", feed->name);
	vega_json_put(object, "feed_id", idx);
	put_text(object, "zone", feed->zone);
	vega_json_put(object, "lcore_idx", feed->lcore);
	if (feed->frame_lane < image->control.lane_cnt)
		vega_json_put(
			object, "frame_lane_bytes", image->lanes[feed->frame_lane].lane_bytes);
	if (feed->record_lane < image->control.lane_cnt)
		vega_json_put(
			object, "record_lane_bytes", image->lanes[feed->record_lane].lane_bytes);
	put_group(object, VEGA_GROUP_RX, idx, stat, before);
	put_group(object, VEGA_GROUP_DRAIN, idx, stat, before);
	return object;
}

static json_t *
lcore_json(const struct vega_stat *stat, const struct vega_stat *before, uint32_t idx)
{
	json_t *object = json_object();

	vega_json_put(object, "lcore_idx", idx);
	put_group(object, VEGA_GROUP_LCORE, idx, stat, before);
	return object;
}

static json_t *
port_json(const struct vega_stat *stat, const struct vega_stat *before, uint32_t idx)
{
	json_t *object = json_object();

	put_text(object, "port", stat->image.ports[idx].name);
	put_group(object, VEGA_GROUP_PORT, idx, stat, before);
	return object;
}

static void
put_lead(json_t *object, const char *line, const uint64_t buckets[VEGA_LEAD_BUCKET_CNT])
{
	const struct vega_lead lead = vega_stat_lead(buckets);
	json_t *histogram = json_array();
	char key[32];

	for (uint32_t b = 0; b < VEGA_LEAD_BUCKET_CNT; b++)
		(void)json_array_append_new(
			histogram, json_integer((json_int_t)(buckets[b] & INT64_MAX)));
	(void)snprintf(key, sizeof(key), "line_%s_first_cnt", line);
	vega_json_put(object, key, lead.cnt);
	(void)snprintf(key, sizeof(key), "line_%s_lead_ns_p50", line);
	vega_json_put(object, key, lead.ns_p50);
	(void)snprintf(key, sizeof(key), "line_%s_lead_ns_p99", line);
	vega_json_put(object, key, lead.ns_p99);
	(void)snprintf(key, sizeof(key), "line_%s_lead_ns_log2", line);
	(void)json_object_set_new(object, key, histogram);
}

static json_t *
channel_json(const struct vega_stat *stat, const struct vega_stat *before, uint32_t row)
{
	const struct vega_channel_cells *cells = &stat->image.channels[row];
	json_t *object = json_object();

	put_text(object, "feed", stat->image.feeds[cells->feed_id].name);
	vega_json_put(object, "stream", cells->stream);
	vega_json_put(object, "wire_stream", cells->wire);
	put_text(object, "format", cells->format);
	put_group(object, VEGA_GROUP_CHANNEL, row, stat, before);
	put_lead(object, "a", cells->lead_ns_log2[0]);
	put_lead(object, "b", cells->lead_ns_log2[1]);
	return object;
}

/* Causes of all groups in one object; one that several groups have (lane_full) is added up. */
static json_t *
causes_json(const struct vega_stat *stat, const char *(*cause_of)(const struct vega_counter *))
{
	const struct vega_control *c = &stat->image.control;
	const uint32_t cnt[VEGA_GROUP_LEDGER_CNT] = {
		c->feed_cnt, c->feed_cnt, c->lcore_cnt, c->port_cnt};
	json_t *object = json_object();

	for (enum vega_group group = 0; group < VEGA_GROUP_LEDGER_CNT; group++) {
		const struct vega_counter_group *g = &vega_counter_groups[group];

		for (uint32_t k = 0; k < g->counter_cnt; k++) {
			const char *cause = cause_of(&g->counters[k]);
			uint64_t total;

			if (cause == NULL)
				continue;
			total = (uint64_t)json_integer_value(json_object_get(object, cause));
			for (uint32_t i = 0; i < cnt[group]; i++)
				total += vega_stat_cells(stat, group, i)[k];
			vega_json_put(object, cause, total);
		}
	}
	return object;
}

void
vega_stat_totals_json(const struct vega_stat *stat, json_t *object)
{
	struct vega_totals t;

	vega_stat_totals(stat, &t);
	vega_json_put(object, "packets_received", t.packets_received);
	vega_json_put(object, "packets_published", t.packets_published);
	vega_json_put(object, "packets_framed", t.packets_framed);
	vega_json_put(object, "frames_lost", t.frames_lost);
	(void)json_object_set_new(
		object, "frames_lost_by_cause", causes_json(stat, vega_counter_lost_cause));
	(void)json_object_set_new(
		object, "packets_dropped", causes_json(stat, vega_counter_drop_cause));
	(void)json_object_set_new(
		object, "packets_unaccounted", json_integer((json_int_t)t.packets_unaccounted));
	vega_json_put(object, "bytes", t.bytes);
}

static void
put_total_rates(json_t *object, const struct vega_stat *stat, const struct vega_stat *before)
{
	struct vega_totals now;
	struct vega_totals then;

	if (before == NULL)
		return;
	vega_stat_totals(stat, &now);
	vega_stat_totals(before, &then);
	put_rate(object, "packets_received", now.packets_received, then.packets_received, stat,
		before);
	put_rate(object, "packets_published", now.packets_published, then.packets_published, stat,
		before);
	put_rate(object, "packets_framed", now.packets_framed, then.packets_framed, stat, before);
	put_rate(object, "frames_lost", now.frames_lost, then.frames_lost, stat, before);
	put_rate(object, "bytes", now.bytes, then.bytes, stat, before);
}

static void
put_identity(json_t *object, const struct vega_stat *stat)
{
	const struct vega_control *c = &stat->image.control;
	const uint64_t beat = c->heartbeat_ns;

	put_text(object, "region", c->name);
	put_text(object, "state", vega_stat_state(stat));
	vega_json_put(object, "generation", c->generation);
	vega_json_put(
		object, "heartbeat_age_ns", stat->taken_ns > beat ? stat->taken_ns - beat : 0);
	vega_json_put(object, "pid", c->pid);
	put_text(object, "memory",
		c->memory == VEGA_MEMORY_HUGE  ? "huge"
		: c->memory == VEGA_MEMORY_SHM ? "shm"
					       : "unknown");
	vega_json_put(object, "page_bytes", c->page_bytes);
	vega_json_put(object, "lanes_bytes", c->lanes_bytes);
	put_text(object, "lanes_path", c->lanes_path);
	put_text(object, "journal", c->journal);
	put_text(object, "journal_io", c->io);
	(void)json_object_set_new(
		object, "replayed", json_boolean(c->flags & VEGA_REGION_REPLAYED));
}

json_t *
vega_stat_json(const struct vega_stat *stat, const struct vega_stat *before, const char *feed)
{
	const struct vega_control *c = &stat->image.control;
	json_t *object = json_object();
	json_t *feeds = json_array();
	json_t *lcores = json_array();
	json_t *ports = json_array();
	json_t *channels = json_array();

	put_identity(object, stat);
	vega_stat_totals_json(stat, object);
	put_total_rates(object, stat, before);
	for (uint32_t i = 0; i < c->feed_cnt; i++)
		if (vega_stat_feed_wanted(stat, i, feed))
			(void)json_array_append_new(feeds, feed_json(stat, before, i));
	for (uint32_t i = 0; i < c->lcore_cnt; i++)
		(void)json_array_append_new(lcores, lcore_json(stat, before, i));
	for (uint32_t i = 0; i < c->port_cnt; i++)
		(void)json_array_append_new(ports, port_json(stat, before, i));
	for (uint32_t i = 0; i < VEGA_CHANNEL_ROW_CNT; i++)
		if (vega_stat_channel_wanted(stat, i, feed))
			(void)json_array_append_new(channels, channel_json(stat, before, i));
	(void)json_object_set_new(object, "feeds", feeds);
	(void)json_object_set_new(object, "channels", channels);
	(void)json_object_set_new(object, "lcores", lcores);
	(void)json_object_set_new(object, "ports", ports);
	return object;
}
