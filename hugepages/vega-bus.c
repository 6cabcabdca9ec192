/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-bus: look at a region, living, stopped or dead. Needs neither DPDK nor the capture's privileges.
 */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "hugepages/region.h"
#include "hugepages/stat.h"
#include "hugepages/vega-bus-readers.h"
#include "hugepages/vega-bus-verbs.h"

#define NS_PER_S 1000000000ull

enum {
	OPT_ALL = 256,
	OPT_COUNT,
	OPT_FEED,
	OPT_INTERVAL,
	OPT_JSON,
	OPT_REGION
};

struct options {
	const char *region;
	const char *feed;
	uint64_t interval_ns; /* 0: once */
	uint64_t count;       /* reports; 0: until interrupted */
	bool json;
	bool all;
};

static uint64_t stop_asked;

static void
ask_stop(int signal_number)
{
	(void)signal_number;
	vega_store_relaxed(&stop_asked, 1);
}

bool
verb_stop_by(int signal_number)
{
	const struct sigaction act = {.sa_handler = ask_stop};

	return sigaction(signal_number, &act, NULL) == 0;
}

bool
verb_stop_asked(void)
{
	return vega_load_relaxed(&stop_asked) != 0;
}

int
verb_parse_interval(const char *text, uint64_t *ret_ns)
{
	uint64_t seconds;

	if (vega_parse_u64("--interval", text, 1, 86400, &seconds) == 0) {
		*ret_ns = seconds * NS_PER_S;
		return 0;
	}
	return vega_parse_duration("--interval", text, ret_ns);
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	int rc = 0;

	switch (key) {
	case OPT_ALL:
		o->all = true;
		break;
	case OPT_COUNT:
		rc = vega_parse_u64("--count", arg, 1, UINT32_MAX, &o->count);
		break;
	case OPT_FEED:
		o->feed = arg;
		break;
	case OPT_INTERVAL:
		rc = verb_parse_interval(arg, &o->interval_ns);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_REGION:
		o->region = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (rc != 0)
		argp_failure(state, EX_USAGE, 0, "%s", vega_err_text());
	return 0;
}

static const struct argp_option stat_options[] = {
	{"region", OPT_REGION, "NAME", 0, "The region (default " REGION_DEFAULT ")", 0},
	{"feed", OPT_FEED, "FEED", 0, "Only this feed; `default` stands for every default feed", 0},
	{"interval", OPT_INTERVAL, "T", 0, "Again every T (2, 500ms), with rates", 0},
	{"count", OPT_COUNT, "N", 0, "End after N reports", 0},
	{"all", OPT_ALL, NULL, 0, "Counters that are zero, too", 0},
	{"json", OPT_JSON, NULL, 0, "JSON, one object a report", 0},
	{0},
};
static const struct argp stat_argp = {stat_options, parse_option, NULL,
	"Print every counter of a region, and how far each feed is durable.", NULL, NULL, NULL};

static const struct argp_option ls_options[] = {
	{"json", OPT_JSON, NULL, 0, "JSON", 0},
	{0},
};
static const struct argp ls_argp = {
	ls_options, parse_option, NULL, "List the regions of this user.", NULL, NULL, NULL};

/* Map, copy, unmap: between two reports another capture may have taken the name. readers: NULL: they are not wanted. */
static int
take(const char *name, struct vega_stat *ret_stat, struct readers *readers)
{
	struct vega_region *region;
	int rc = vega_region_open(name, &region);

	if (rc != 0)
		return rc;
	vega_stat_take(region, vega_region_alive(name), vega_realtime_ns(), ret_stat);
	if (readers != NULL)
		readers_take(region, name, readers);
	vega_region_release(region);
	return 0;
}

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
print_stat(const struct vega_stat *stat, const struct vega_stat *before, const struct options *o)
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
	const struct options *o)
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
	if (fflush(stdout) != 0)
		return VEGA_ERR(-EIO, "need to write to standard output, found it closed or full");
	return 0;
}

static int
report_all(const struct options *o, struct vega_stat stats[2])
{
	static struct readers readers;
	uint64_t deadline_ns = vega_monotonic_ns();
	int rc = take(o->region, &stats[0], &readers);

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
		rc = take(o->region, &stats[i % 2], &readers);
		if (rc == 0)
			rc = report(&stats[i % 2], &stats[(i + 1) % 2], &readers, o);
	}
	return rc;
}

static int
verb_stat(int argc, char **argv)
{
	struct options o = {.region = REGION_DEFAULT};
	struct vega_stat *stats;
	int rc;

	(void)argp_parse(&stat_argp, argc, argv, 0, NULL, &o);
	if (o.interval_ns != 0 && !(verb_stop_by(SIGINT) && verb_stop_by(SIGTERM)))
		return EX_OSERR;
	stats = calloc(2, sizeof(*stats));
	if (stats == NULL)
		return vega_err_exit(
			PROGRAM, VEGA_ERR(-ENOMEM, "need memory for two reports, found none"));
	rc = report_all(&o, stats);
	free(stats);
	return vega_err_exit(PROGRAM, rc);
}

static void
print_region(const struct vega_stat *stat)
{
	const struct vega_control *c = &stat->image.control;
	char since[40];
	char size[32];

	(void)printf("%-16s %-11s %-31s %8" PRIu64 " %6u %12s\n", c->name, vega_stat_state(stat),
		vega_text_time(since, c->generation), c->pid, c->feed_cnt,
		vega_text_bytes(size, c->lanes_bytes));
}

static json_t *
region_json(const struct vega_stat *stat)
{
	const struct vega_control *c = &stat->image.control;
	json_t *object = json_object();

	(void)json_object_set_new(object, "region", json_string(c->name));
	(void)json_object_set_new(object, "state", json_string(vega_stat_state(stat)));
	(void)json_object_set_new(object, "generation", json_integer((json_int_t)c->generation));
	(void)json_object_set_new(object, "pid", json_integer((json_int_t)c->pid));
	(void)json_object_set_new(object, "feed_cnt", json_integer(c->feed_cnt));
	(void)json_object_set_new(object, "lanes_bytes", json_integer((json_int_t)c->lanes_bytes));
	return object;
}

/* Every folder of the root that holds a control file; what is none is passed over with a word. */
static void
list(DIR *dir, struct vega_stat *stat, json_t *regions)
{
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		int rc;

		if (entry->d_type == DT_REG || !vega_name_ok(entry->d_name))
			continue;
		rc = take(entry->d_name, stat, NULL);
		if (rc == -ENOENT)
			continue;
		if (rc != 0)
			(void)vega_err_exit(PROGRAM, rc);
		else if (regions != NULL)
			(void)json_array_append_new(regions, region_json(stat));
		else
			print_region(stat);
	}
}

static int
verb_ls(int argc, char **argv)
{
	struct options o = {.region = REGION_DEFAULT};
	json_t *regions = NULL;
	struct vega_stat *stat;
	char root[224];
	DIR *dir;

	(void)argp_parse(&ls_argp, argc, argv, 0, NULL, &o);
	stat = calloc(1, sizeof(*stat));
	if (stat == NULL)
		return vega_err_exit(
			PROGRAM, VEGA_ERR(-ENOMEM, "need memory for a report, found none"));
	if (o.json)
		regions = json_array();
	else
		(void)printf("%-16s %-11s %-31s %8s %6s %12s\n", "REGION", "STATE", "SINCE", "PID",
			"FEEDS", "LANES");
	vega_region_root(root);
	dir = opendir(root);
	if (dir != NULL) {
		list(dir, stat, regions);
		(void)closedir(dir);
	}
	free(stat);
	if (regions == NULL)
		return EX_OK;
	return vega_err_exit(PROGRAM, vega_cli_json(json_pack("{s:o}", "regions", regions)));
}

int
main(int argc, char **argv)
{
	static const struct vega_verb verbs[] = {
		{"latest", "the state of an instrument", verb_latest},
		{"ls", "list the regions", verb_ls},
		{"stat", "counters, rates and the durable position of a region", verb_stat},
		{"tail", "the records of a feed as they come", verb_tail},
		{"top", "all of it on a terminal, and the ladder of an instrument", verb_top},
		{0},
	};

	vega_cli_init(PROGRAM);
	return vega_cli_verb(argc, argv, verbs, "Look at a capture's region, living or dead.");
}
