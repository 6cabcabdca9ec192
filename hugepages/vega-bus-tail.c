/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-bus tail: a feed's records as they come.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

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

struct tail {
	const struct verb_options *options;
	uint64_t left; /* lines; UINT64_MAX: no end */
	struct vega_bus *bus;
	struct vega_bus_cursor *cursor;
};

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
		&records[idx], wide, t->options->json ? VEGA_RECORD_JSON : VEGA_RECORD_LINE, text);
	if (t->options->json && ns == UINT64_MAX)
		(void)printf("{\"ns\":null,%s}\n", text);
	else if (t->options->json)
		(void)printf("{\"ns\":%" PRIu64 ",%s}\n", ns, text);
	else
		(void)printf("%-30s %s\n", ns == UINT64_MAX ? "-" : vega_text_time(time, ns), text);
}

static void
print_lost(const struct tail *t, uint64_t cnt)
{
	if (t->options->json)
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
	for (uint32_t i = 0; i < cnt && t->left > 0; i++) {
		const uint32_t kind = vega_record_kind(&records[i]);

		if (kind == VEGA_TIME || kind == VEGA_WIDE)
			continue;
		print_record(t, batch, records, i, cnt);
		if (t->left != UINT64_MAX)
			t->left--;
	}
	return vega_cli_flush();
}

/* ---- the capture ---------------------------------------------------------------------------------------------- */

static void
say(const struct tail *t, const char *what)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, PROGRAM ": region '%s': %s\n", t->options->region, what);
}

/* Nothing new came: is it that there will be nothing? Returns 1 at the end, 0 to go on. */
static int
check_capture(struct tail *t)
{
	const enum vega_bus_state state = vega_bus_check(t->bus);
	int rc;

	if (state == VEGA_BUS_LIVE)
		return 0;
	if (!t->options->follow && state == VEGA_BUS_STOPPED)
		return 1;
	if (!t->options->follow)
		return VEGA_ERR(-EIO,
			"need the capture of region '%s' to live, found it %s; with --follow this "
			"waits for the next one",
			t->options->region, vega_bus_state_name(state));
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

	while (rc >= 0 && t->left > 0 && !verb_stop_asked()) {
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
	if (t->options->from == NULL || strcmp(t->options->from, "now") == 0)
		return 0;
	*ret_from = VEGA_BUS_OLDEST;
	if (strcmp(t->options->from, "oldest") == 0)
		return 0;
	*ret_from = VEGA_BUS_TIME;
	for (uint32_t i = 0; vega_bus_feed(t->bus, i, &feed) == 0; i++)
		if (strcmp(feed.name, t->options->feed) == 0 &&
			vega_zone_new(feed.zone, 0, &zone) == 0)
			today = vega_zone_day(zone, vega_realtime_ns()).yyyymmdd;
	rc = vega_parse_time("--from", t->options->from, zone, today, ret_value);
	vega_zone_delete(zone);
	return rc;
}

static int
open_tail(struct tail *t)
{
	enum vega_bus_from from;
	uint64_t value;
	uint32_t token;
	int rc = vega_bus_attach(t->options->region, &t->bus);

	if (rc == 0)
		rc = parse_from(t, &from, &value);
	if (rc == 0)
		rc = vega_bus_open(t->bus, t->options->feed, from, value, NULL, &t->cursor);
	if (rc == 1)
		say(t, "the lane goes back no further than this");
	if (rc < 0 || t->options->instrument == NULL)
		return rc < 0 ? rc : 0;
	rc = instrument_find(t->bus, t->options->feed, t->options->instrument, &token);
	return rc < 0 ? rc : vega_bus_subscribe(t->cursor, &token, 1);
}

int
verb_tail(const struct verb_options *o)
{
	struct tail t = {.options = o, .left = o->count != 0 ? o->count : UINT64_MAX};
	int rc;

	if (o->feed == NULL)
		return VEGA_ERR(-EINVAL, "tail: need --feed FEED, found none; see `vega-bus stat`");
	rc = verb_stop_by(SIGINT) ?: verb_stop_by(SIGTERM) ?: open_tail(&t);
	if (rc == 0)
		rc = run(&t);
	vega_bus_close(t.cursor);
	vega_bus_detach(t.bus);
	return rc;
}
