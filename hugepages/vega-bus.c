/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-bus: look at a region, living, stopped or dead. Needs neither DPDK nor the capture's privileges.
 */
#include <signal.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/region.h"
#include "hugepages/stat.h"
#include "hugepages/vega-bus-readers.h"
#include "hugepages/vega-bus-verbs.h"

#define REGION_DEFAULT "vega"
#define NS_PER_S       1000000000ull

enum {
	OPT_ALL = 256,
	OPT_COUNT,
	OPT_FEED,
	OPT_FOLLOW,
	OPT_FROM,
	OPT_INSTRUMENT,
	OPT_INTERVAL,
	OPT_JSON,
	OPT_REGION
};

static const struct argp_option latest_options[] = {
	{"region", OPT_REGION, "NAME", 0, "The region (default " REGION_DEFAULT ")", 0},
	{"feed", OPT_FEED, "FEED", 0, "The feed", 0},
	{"instrument", OPT_INSTRUMENT, "N|SYMBOL", 0, "Its token, or its name", 0},
	{"json", OPT_JSON, NULL, 0, "JSON; prices are the feed's integers", 0},
	{0},
};

static const struct argp_option ls_options[] = {
	{"json", OPT_JSON, NULL, 0, "JSON", 0},
	{0},
};

static const struct argp_option stat_options[] = {
	{"region", OPT_REGION, "NAME", 0, "The region (default " REGION_DEFAULT ")", 0},
	{"feed", OPT_FEED, "FEED", 0, "Only this feed; `default` stands for every default feed", 0},
	{"interval", OPT_INTERVAL, "T", 0, "Again every T (2, 500ms), with rates", 0},
	{"count", OPT_COUNT, "N", 0, "End after N reports", 0},
	{"all", OPT_ALL, NULL, 0, "Counters that are zero, too", 0},
	{"json", OPT_JSON, NULL, 0, "JSON, one object a report", 0},
	{0},
};

static const struct argp_option tail_options[] = {
	{"region", OPT_REGION, "NAME", 0, "The region (default " REGION_DEFAULT ")", 0},
	{"feed", OPT_FEED, "FEED", 0, "The feed; FEED.book for the book made of its orders", 0},
	{"instrument", OPT_INSTRUMENT, "N|SYMBOL", 0,
		"Only this instrument: its token, or its name in the feed's state table", 0},
	{"from", OPT_FROM, "oldest|now|TIME", 0, "Where to begin (default now)", 0},
	{"count", OPT_COUNT, "N", 0, "End after N records", 0},
	{"follow", OPT_FOLLOW, NULL, 0, "When the capture ends, wait for the next one", 0},
	{"json", OPT_JSON, NULL, 0, "JSON, one object a line", 0},
	{0},
};

static const struct argp_option top_options[] = {
	{"region", OPT_REGION, "NAME", 0, "The region (default " REGION_DEFAULT ")", 0},
	{"feed", OPT_FEED, "FEED", 0, "Begin with this feed's instruments", 0},
	{"instrument", OPT_INSTRUMENT, "N|SYMBOL", 0, "Begin with this instrument", 0},
	{"interval", OPT_INTERVAL, "T", 0, "Look every T (2, 500ms; default 1)", 0},
	{0},
};

static uint64_t stop_asked;

static void
ask_stop(int signal_number)
{
	(void)signal_number;
	vega_store_relaxed(&stop_asked, 1);
}

int
verb_stop_by(int signal_number)
{
	const struct sigaction act = {.sa_handler = ask_stop};

	if (sigaction(signal_number, &act, NULL) != 0)
		return VEGA_ERR(-errno, "need to catch signals, cannot");
	return 0;
}

bool
verb_stop_asked(void)
{
	return vega_load_relaxed(&stop_asked) != 0;
}

/* "2" is two seconds, "500ms" says its unit. */
static int
parse_interval(const char *text, uint64_t *ret_ns)
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
	struct verb_options *o = state->input;

	switch (key) {
	case OPT_ALL:
		o->all = true;
		return 0;
	case OPT_COUNT:
		return vega_parse_u64("--count", arg, 1, UINT32_MAX, &o->count);
	case OPT_FEED:
		o->feed = arg;
		return 0;
	case OPT_FOLLOW:
		o->follow = true;
		return 0;
	case OPT_FROM:
		o->from = arg;
		return 0;
	case OPT_INSTRUMENT:
		o->instrument = arg;
		return 0;
	case OPT_INTERVAL:
		return parse_interval(arg, &o->interval_ns);
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_REGION:
		o->region = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int
verb_take_stat(const char *name, struct vega_stat *ret_stat, struct readers *readers)
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

static const struct vega_verb verbs[] = {
	{"latest", "the state of an instrument", latest_options,
		"Print the state of an instrument.", verb_latest},
	{"ls", "list the regions", ls_options, "List the regions of this user.", verb_ls},
	{"stat", "counters, rates and the durable position of a region", stat_options,
		"Print every counter of a region, and how far each feed is durable.", verb_stat},
	{"tail", "the records of a feed as they come", tail_options,
		"Print the records of a feed as they come.", verb_tail},
	{"top", "all of it on a terminal, and the ladder of an instrument", top_options,
		"Show a region on a terminal: feeds, readers, instruments, a ladder, trades.",
		verb_top},
	{0},
};

int
main(int argc, char **argv)
{
	static const struct vega_program program = {.name = PROGRAM,
		.doc = "Look at a capture's region, living or dead.",
		.parse = parse_option,
		.verbs = verbs};
	struct verb_options options = {.region = REGION_DEFAULT};

	vega_cli_init(PROGRAM);
	return vega_cli_verb(argc, argv, &program, &options);
}
