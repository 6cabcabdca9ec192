/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-bus stat: every counter of a region, and who reads it.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "hugepages/stat.h"
#include "hugepages/vega-bus-readers.h"
#include "hugepages/vega-bus-verbs.h"

#define NS_PER_S 1000000000ull

static int
check_feed(const struct vega_stat *stat, const char *name)
{
	for (uint32_t i = 0; i < stat->image.control.feed_cnt; i++)
		if (vega_stat_feed_wanted(stat, i, name))
			return 0;
	return VEGA_ERR(-ENOENT,
		"need a feed of region '%s', found no '%s' among its %u; see `vega-bus stat`",
		stat->image.control.name, name, stat->image.control.feed_cnt);
}

static void
print_group(const struct vega_stat *stat, const struct vega_stat *before, enum vega_group group,
	uint32_t idx, bool all)
{
	const struct vega_counter_group *g = &vega_counter_groups[group];
	const uint64_t *now = vega_stat_cells(stat, group, idx);
	const uint64_t *then = before != NULL ? vega_stat_cells(before, group, idx) : now;
	char text[32];

	for (uint32_t k = 0; k < g->counter_cnt; k++) {
		if (now[k] == 0 && !all)
			continue;
		(void)printf("  %-20s %20" PRIu64, g->counters[k].name, now[k]);
		if (before != NULL && vega_counter_has_rate(&g->counters[k]) && now[k] >= then[k])
			(void)printf(" %10s/s",
				vega_text_count(
					text, (double)(now[k] - then[k]) * (double)NS_PER_S /
						      (double)(stat->taken_ns - before->taken_ns)));
		(void)printf("\n");
	}
}

static void
print_identity(const struct vega_stat *stat)
{
	const struct vega_control *c = &stat->image.control;
	const uint64_t age_ns =
		stat->taken_ns > c->heartbeat_ns ? stat->taken_ns - c->heartbeat_ns : 0;
	char since[40];
	char size[32];

	(void)printf("region %s: %s, pid %" PRIu64 ", since %s, heartbeat %" PRIu64 " ms ago\n",
		c->name, vega_stat_state(stat), c->pid, vega_text_time(since, c->generation),
		age_ns / 1000000);
	(void)printf("lanes: %s in %s\n", vega_text_bytes(size, c->lanes_bytes), c->lanes_path);
	if (c->journal[0] != '\0')
		(void)printf("journal: %s by %s\n", c->journal, c->io);
}

static void
print_totals(const struct vega_stat *stat)
{
	struct vega_totals t;

	vega_stat_totals(stat, &t);
	(void)printf("received %" PRIu64 " = published %" PRIu64 " + dropped %" PRIu64,
		t.packets_received, t.packets_published, t.packets_dropped);
	if (t.packets_unaccounted != 0)
		(void)printf(" + in hand %" PRId64, t.packets_unaccounted);
	(void)printf("\npublished %" PRIu64 " = framed %" PRIu64 " + frames lost %" PRIu64 "\n",
		t.packets_published, t.packets_framed, t.frames_lost);
}

static void
print_channel(const struct vega_stat *stat, const struct vega_stat *before, uint32_t row, bool all)
{
	const struct vega_channel_cells *cells = &stat->image.channels[row];

	(void)printf("channel %s stream %u.%u, %s\n", stat->image.feeds[cells->feed_id].name,
		cells->stream, cells->wire, cells->format);
	print_group(stat, before, VEGA_GROUP_CHANNEL, row, all);
	for (uint32_t line = 0; line < 2; line++) {
		const struct vega_lead lead = vega_stat_lead(cells->lead_ns_log2[line]);

		if (lead.cnt != 0)
			(void)printf("  line %c first %" PRIu64 " times, half by less than %" PRIu64
				     " ns, 99 %% by less than %" PRIu64 " ns\n",
				'A' + (int)line, lead.cnt, lead.ns_p50, lead.ns_p99);
	}
}

static void
print_stat(
	const struct vega_stat *stat, const struct vega_stat *before, const struct verb_options *o)
{
	const struct vega_control_image *image = &stat->image;
	char until[40];

	print_identity(stat);
	print_totals(stat);
	for (uint32_t i = 0; i < image->control.feed_cnt; i++) {
		if (!vega_stat_feed_wanted(stat, i, o->feed))
			continue;
		(void)printf("feed %s, lcore %u, durable until %s\n", image->feeds[i].name,
			image->feeds[i].lcore,
			image->drain[i].durable_ns != 0
				? vega_text_time(until, image->drain[i].durable_ns)
				: "(nothing yet)");
		print_group(stat, before, VEGA_GROUP_RX, i, o->all);
		print_group(stat, before, VEGA_GROUP_DRAIN, i, o->all);
	}
	for (uint32_t i = 0; i < VEGA_CHANNEL_ROW_CNT; i++)
		if (vega_stat_channel_wanted(stat, i, o->feed))
			print_channel(stat, before, i, o->all);
	for (uint32_t i = 0; i < image->control.lcore_cnt; i++) {
		(void)printf("lcore %u\n", i);
		print_group(stat, before, VEGA_GROUP_LCORE, i, o->all);
	}
	for (uint32_t i = 0; i < image->control.port_cnt; i++) {
		(void)printf("port %s\n", image->ports[i].name);
		print_group(stat, before, VEGA_GROUP_PORT, i, o->all);
	}
}

/* A report, with rates against the one before when both are of one generation. */
static int
report(const struct vega_stat *stat, const struct vega_stat *before, const struct readers *readers,
	const struct verb_options *o)
{
	json_t *json;

	if (before != NULL && (before->image.control.generation != stat->image.control.generation ||
				      before->taken_ns >= stat->taken_ns))
		before = NULL;
	if (o->json) {
		json = vega_stat_json(stat, before, o->feed);
		(void)json_object_set_new(json, "readers", readers_json(readers));
		return vega_cli_json(json);
	}
	print_stat(stat, before, o);
	readers_print(readers);
	return vega_cli_flush();
}

static int
report_all(const struct verb_options *o, struct vega_stat stats[2])
{
	static struct readers readers;
	uint64_t deadline_ns = vega_monotonic_ns();
	int rc = verb_take_stat(o->region, &stats[0], &readers);

	if (rc == 0 && o->feed != NULL)
		rc = check_feed(&stats[0], o->feed);
	if (rc == 0)
		rc = report(&stats[0], NULL, &readers, o);
	for (uint64_t i = 1; rc == 0 && o->interval_ns != 0 && (o->count == 0 || i < o->count);
		i++) {
		deadline_ns += o->interval_ns;
		while (vega_monotonic_ns() < deadline_ns && !verb_stop_asked())
			vega_sleep_until_ns(deadline_ns);
		if (verb_stop_asked())
			return 0;
		if (!o->json)
			(void)printf("\n");
		rc = verb_take_stat(o->region, &stats[i % 2], &readers);
		if (rc == 0)
			rc = report(&stats[i % 2], &stats[(i + 1) % 2], &readers, o);
	}
	return rc;
}

int
verb_stat(const struct verb_options *o)
{
	struct vega_stat *stats;
	int rc = o->interval_ns != 0 ? verb_stop_by(SIGINT) ?: verb_stop_by(SIGTERM) : 0;

	if (rc != 0)
		return rc;
	stats = calloc(2, sizeof(*stats));
	if (stats == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for two reports, found none");
	rc = report_all(o, stats);
	free(stats);
	return rc;
}
