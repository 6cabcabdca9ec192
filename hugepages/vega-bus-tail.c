/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-bus tail: a feed's records as they come.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "hugepages/record_text.h"
#include "hugepages/vega-bus-instrument.h"
#include "hugepages/vega-bus-verbs.h"
#include "hugepages/vega_bus.h"

#define BATCH_CNT 1024u
#define WAIT_NS   100000000u

enum {
	OPT_COUNT = 256,
	OPT_FEED,
	OPT_FOLLOW,
	OPT_FROM,
	OPT_INSTRUMENT,
	OPT_JSON,
	OPT_REGION
};

struct tail {
	const char *region;
	const char *feed;
	const char *from;
	const char *instrument;
	uint64_t count; /* lines; UINT64_MAX: no end */
	bool json;
	bool follow;
	struct vega_bus *bus;
	struct vega_bus_cursor *cursor;
	uint64_t generation;
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct tail *t = state->input;

	switch (key) {
	case OPT_COUNT:
		if (vega_parse_u64("--count", arg, 1, UINT32_MAX, &t->count) != 0)
			argp_failure(state, EX_USAGE, 0, "%s", vega_err_text());
		break;
	case OPT_FEED:
		t->feed = arg;
		break;
	case OPT_FOLLOW:
		t->follow = true;
		break;
	case OPT_FROM:
		t->from = arg;
		break;
	case OPT_INSTRUMENT:
		t->instrument = arg;
		break;
	case OPT_JSON:
		t->json = true;
		break;
	case OPT_REGION:
		t->region = arg;
		break;
	case ARGP_KEY_END:
		if (t->feed == NULL)
			argp_failure(state, EX_USAGE, 0,
				"need --feed FEED, found none; see `vega-bus stat`");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
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
static const struct argp tail_argp = {
	options, parse_option, NULL, "Print the records of a feed as they come.", NULL, NULL, NULL};

/* ---- printing ------------------------------------------------------------------------------------------------- */

static void
print_record(const struct tail *t, const struct vega_bus_batch *batch,
	const union vega_record *records, uint32_t idx, uint32_t cnt)
{
	const union vega_record *wide = idx + 1 < cnt ? &records[idx + 1] : NULL;
	const uint64_t ns = vega_bus_ns(batch, records, idx);
	char text[VEGA_RECORD_TEXT_BYTES];
	char time[40];

	(void)vega_record_text(
		&records[idx], wide, t->json ? VEGA_RECORD_JSON : VEGA_RECORD_LINE, text);
	if (t->json && ns == UINT64_MAX)
		(void)printf("{\"ns\":null,%s}\n", text);
	else if (t->json)
		(void)printf("{\"ns\":%" PRIu64 ",%s}\n", ns, text);
	else
		(void)printf("%-30s %s\n", ns == UINT64_MAX ? "-" : vega_text_time(time, ns), text);
}

static void
print_lost(const struct tail *t, uint64_t cnt)
{
	if (t->json)
		(void)printf("{\"ns\":null,\"kind\":\"LAPPED\",\"cnt\":%" PRIu64 "}\n", cnt);
	else
		(void)printf("%-30s LAPPED cnt=%" PRIu64 "\n", "-", cnt);
}

/* A TIME and a WIDE record are told with the one that they belong to. */
static int
print_batch(struct tail *t, const struct vega_bus_batch *batch, const union vega_record *records,
	uint32_t cnt)
{
	if (batch->lost > 0)
		print_lost(t, batch->lost);
	for (uint32_t i = 0; i < cnt && t->count > 0; i++) {
		const uint32_t kind = vega_record_kind(&records[i]);

		if (kind == VEGA_TIME || kind == VEGA_WIDE)
			continue;
		print_record(t, batch, records, i, cnt);
		if (t->count != UINT64_MAX)
			t->count--;
	}
	if (fflush(stdout) != 0)
		return VEGA_ERR(-EIO, "need to write to standard output, found it closed or full");
	return 0;
}

/* ---- the capture ---------------------------------------------------------------------------------------------- */

static void
say(const struct tail *t, const char *what)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, PROGRAM ": region '%s': %s\n", t->region, what);
}

/* Nothing new came: is it that there will be nothing? Returns 1 at the end, 0 to go on. */
static int
check_capture(struct tail *t)
{
	const enum vega_bus_state state = vega_bus_check(t->bus);
	int rc;

	if (state == VEGA_BUS_LIVE)
		return 0;
	if (!t->follow && state == VEGA_BUS_STOPPED)
		return 1;
	if (!t->follow)
		return VEGA_ERR(-EIO,
			"need the capture of region '%s' to live, found it %s; with --follow this "
			"waits for the next one",
			t->region, vega_bus_state_name(state));
	rc = vega_bus_reattach(t->bus);
	if (rc == 1) {
		rc = vega_bus_reopen(t->cursor);
		say(t, "another capture; from its beginning");
	} else if (rc == 0 || rc == -ENOENT) { /* not there yet */
		vega_sleep_until_ns(vega_monotonic_ns() + WAIT_NS);
		rc = 0;
	}
	return rc < 0 ? rc : 0;
}

static int
run(struct tail *t)
{
	static union vega_record records[BATCH_CNT];
	struct vega_bus_batch batch;
	bool last = false; /* the capture has ended: read what it left */
	int rc = 0;

	while (rc >= 0 && t->count > 0 && !verb_stop_asked()) {
		rc = vega_bus_read(t->cursor, records, BATCH_CNT, &batch);
		if (rc > 0) {
			rc = print_batch(t, &batch, records, (uint32_t)rc);
			continue;
		}
		if (last)
			break;
		if (rc == 0 && vega_bus_wait(t->cursor, WAIT_NS) == 0) {
			rc = check_capture(t);
			last = rc == 1;
		}
	}
	return rc < 0 ? rc : 0;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* --from, where HH:MM is of today in the feed's zone. */
static int
parse_from(const struct tail *t, enum vega_bus_from *ret_from, uint64_t *ret_value)
{
	struct vega_zone *zone = NULL;
	struct vega_bus_feed feed;
	uint32_t today = 0;
	int rc;

	*ret_value = 0;
	*ret_from = VEGA_BUS_NOW;
	if (t->from == NULL || strcmp(t->from, "now") == 0)
		return 0;
	*ret_from = VEGA_BUS_OLDEST;
	if (strcmp(t->from, "oldest") == 0)
		return 0;
	*ret_from = VEGA_BUS_TIME;
	for (uint32_t i = 0; vega_bus_feed(t->bus, i, &feed) == 0; i++)
		if (strcmp(feed.name, t->feed) == 0 && vega_zone_new(feed.zone, 0, &zone) == 0)
			today = vega_zone_day(zone, vega_realtime_ns()).yyyymmdd;
	rc = vega_parse_time("--from", t->from, zone, today, ret_value);
	vega_zone_delete(zone);
	return rc;
}

static int
open_tail(struct tail *t)
{
	enum vega_bus_from from;
	uint64_t value;
	uint32_t token;
	int rc = vega_bus_attach(t->region, &t->bus);

	if (rc == 0)
		rc = parse_from(t, &from, &value);
	if (rc == 0)
		rc = vega_bus_open(t->bus, t->feed, from, value, NULL, &t->cursor);
	if (rc == 1)
		say(t, "the lane goes back no further than this");
	if (rc < 0 || t->instrument == NULL)
		return rc < 0 ? rc : 0;
	rc = instrument_find(t->bus, t->feed, t->instrument, &token);
	return rc < 0 ? rc : vega_bus_subscribe(t->cursor, &token, 1);
}

int
verb_tail(int argc, char **argv)
{
	struct tail t = {.region = REGION_DEFAULT, .count = UINT64_MAX};
	int rc;

	(void)argp_parse(&tail_argp, argc, argv, 0, NULL, &t);
	if (!verb_stop_by(SIGINT) || !verb_stop_by(SIGTERM))
		return EX_OSERR;
	rc = open_tail(&t);
	if (rc == 0)
		rc = run(&t);
	vega_bus_close(t.cursor);
	vega_bus_detach(t.bus);
	return vega_err_exit(PROGRAM, rc);
}
