/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal export: what was asked for, what was left out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "store/export.h"
#include "store/vega-journal-verbs.h"

#define TOLD_MAX    20u /* holes told one by one */
#define PROGRESS_NS 2000000000ull

struct work {
	uint64_t hole_cnt;
	uint64_t started_ns;
};

static void
tell_hole(void *arg, const struct vega_hole *hole)
{
	struct work *work = arg;
	char before[40] = "the start";
	char after[40] = "the end";

	if (++work->hole_cnt > TOLD_MAX)
		return;
	if (hole->before_ns != 0)
		(void)vega_text_time(before, hole->before_ns);
	if (hole->after_ns != 0)
		(void)vega_text_time(after, hole->after_ns);
	vega_progress_done();
	(void)fprintf(stderr,
		"left out: %s: %" PRIu64 " %s bytes at %" PRIu64 ", between %s and %s\n",
		hole->path, hole->bytes, hole->recovered ? "lost" : "damaged", hole->file_off,
		before, after);
}

static void
progress(void *arg, uint64_t cnt, uint64_t recv_ns)
{
	const struct work *work = arg;
	char text[40];

	if (vega_progress_wanted() && vega_monotonic_ns() - work->started_ns >= PROGRESS_NS)
		vega_progress(
			"export: %" PRIu64 " rows, at %s", cnt, vega_text_time(text, recv_ns));
}

static int
print_sum(const struct verb_options *o, const struct vega_export_sum *sum)
{
	if (strcmp(o->out_path, "-") == 0)
		return 0;
	if (o->json)
		return vega_cli_json(json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "output",
			vega_json_text(o->out_path), "packets", (json_int_t)sum->packets, "records",
			(json_int_t)sum->records, "captured_bytes", (json_int_t)sum->captured_bytes,
			"damaged_extents", (json_int_t)sum->damaged_extents, "holes",
			(json_int_t)sum->recovered_holes, "left_out_bytes",
			(json_int_t)sum->lost_bytes));
	(void)printf("%s: %" PRIu64 " %s\n", o->out_path,
		sum->records != 0 ? sum->records : sum->packets,
		sum->records != 0 ? "records" : "packets");
	return 0;
}

static int
export_journal(const struct verb_options *o, struct vega_journal *journal)
{
	struct work work = {.started_ns = vega_monotonic_ns()};
	struct vega_export_sum sum = {0};
	struct vega_export_conf conf = {
		.format = o->format,
		.out_path = o->out_path,
		.frames = o->frames,
		.instrument = o->instrument,
		.feeds = o->feeds,
		.feed_cnt = o->feed_cnt,
		.to_ns = UINT64_MAX,
		.hole = tell_hole,
		.progress = progress,
		.arg = &work,
		.stop = o->stop,
	};
	int rc = o->from == NULL ? 0 : verb_time(journal, "--from", o->from, &conf.from_ns);

	if (rc == 0 && o->to != NULL)
		rc = verb_time(journal, "--to", o->to, &conf.to_ns);
	if (rc == 0 && conf.from_ns > conf.to_ns)
		rc = VEGA_ERR(
			-EINVAL, "need --from before --to, found %s after %s", o->from, o->to);
	if (rc == 0)
		rc = vega_export(journal, &conf, &sum);
	vega_progress_done();
	if (rc == 0)
		rc = print_sum(o, &sum);
	if (rc == 0 && sum.damaged_extents != 0)
		rc = VEGA_ERR(-EBADMSG,
			"need a whole journal, found %" PRIu64
			" damaged extents; all but them is in %s",
			sum.damaged_extents, o->out_path);
	return rc;
}

int
verb_export(const struct verb_options *o)
{
	struct vega_journal *journal;
	int rc;

	if (o->format == NULL || o->out_path == NULL)
		return VEGA_ERR(-EINVAL,
			"need --format pcap|pcapng|csv|jsonl and -o OUT, found no %s",
			o->format == NULL ? "--format" : "-o");
	rc = vega_journal_open(o->path, &journal);
	if (rc < 0)
		return rc;
	rc = export_journal(o, journal);
	vega_journal_close(journal);
	return rc;
}
