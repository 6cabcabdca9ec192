/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Export: choose feeds, merge them, hand each frame to the format, and put the finished file in its place.
 *
 * The journal is read through store/io.h; what is made is not. It is no part of a journal but a stream, often to a pipe,
 * which the formats print to: stdio is the table for that.
 */
#include "store/export.h"
#include "store/target.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/err.h"

#define LOOK_CNT         (1u << 16) /* frames or records between two looks at the stop flag */
#define OUT_BUFFER_BYTES (1u << 20)

static const struct vega_export_format *const formats[] = {
	&vega_export_pcap,
	&vega_export_pcapng,
	&vega_export_csv,
	&vega_export_jsonl,
};
static const struct vega_export_format *const record_formats[] = {
	&vega_export_record_csv,
	&vega_export_record_jsonl,
};

/* One feed being merged: its cursor and the frame, or the record, at its head. */
struct source {
	struct vega_cursor *cursor; /* of frames */
	struct vega_frame frame;
	struct vega_record_rows *rows; /* of records */
	struct vega_record_row row;
	uint64_t recv_ns;
	bool ended;
};

struct work {
	const struct vega_export_conf *conf;
	struct vega_journal *journal;
	const struct vega_export_format *format;
	struct vega_export_sum *sum;
	struct source *sources;
	uint32_t source_cnt;
};

int
vega_export_fopen(const char *path, FILE **ret_out)
{
	FILE *out = strcmp(path, "-") == 0 ? fdopen(dup(STDOUT_FILENO), "wb") : fopen(path, "wb");

	if (out == NULL) {
		const int rc = -errno;

		return VEGA_ERR_EX(rc, rc == -EACCES ? EX_NOPERM : EX_CANTCREAT,
			"need to create %s, found: %s; choose another -o", path, strerror(-rc));
	}
	(void)setvbuf(out, NULL, _IOFBF, OUT_BUFFER_BYTES);
	*ret_out = out;
	return 0;
}

int
vega_export_fclose(const char *path, FILE *out)
{
	bool failed = ferror(out) != 0;

	failed |= fclose(out) != 0;
	return failed ? VEGA_ERR(-EIO, "need to write %s, found: %s; is there room?", path,
				strerror(errno))
		      : 0;
}

/* The format of that name for records; NULL: they have none. */
static const struct vega_export_format *
find_record_format(const char *name)
{
	for (size_t i = 0; i < VEGA_ARRAY_CNT(record_formats); i++)
		if (strcmp(name, record_formats[i]->name) == 0)
			return record_formats[i];
	return NULL;
}

static int
find_format(const char *name, const struct vega_export_format **ret_format)
{
	for (size_t i = 0; i < VEGA_ARRAY_CNT(formats); i++)
		if (strcmp(name, formats[i]->name) == 0) {
			*ret_format = formats[i];
			return 0;
		}
	return VEGA_ERR(-EINVAL, "--format: need pcap, pcapng, csv or jsonl, found '%s'", name);
}

static bool
is_chosen(const struct vega_export_conf *conf, const char *feed)
{
	return vega_feed_is_chosen(conf->feeds, conf->feed_cnt, feed);
}

static void
count_hole(void *arg, const struct vega_hole *hole)
{
	struct work *work = arg;

	if (hole->recovered)
		work->sum->recovered_holes++;
	else
		work->sum->damaged_extents++;
	work->sum->lost_bytes += hole->bytes;
	if (work->conf->hole != NULL)
		work->conf->hole(work->conf->arg, hole);
}

static int
advance(struct source *source)
{
	int rc = source->rows != NULL ? vega_record_rows_next(source->rows, &source->row)
				      : vega_cursor_next(source->cursor, &source->frame);

	source->ended = rc == 0;
	if (rc == 1)
		source->recv_ns =
			source->rows != NULL ? source->row.recv_ns : source->frame.recv_ns;
	return rc < 0 ? rc : 0;
}

static int
open_source(struct work *work, uint32_t feed, struct source *source)
{
	const struct vega_export_conf *conf = work->conf;
	const struct vega_records_want want = {
		.from_ns = conf->from_ns,
		.to_ns = conf->to_ns,
		.hole = count_hole,
		.hole_arg = work,
	};

	return work->format->record != NULL
		       ? vega_record_rows_open(
				 work->journal, feed, &want, conf->instrument, &source->rows)
		       : vega_cursor_open(work->journal, feed, conf->from_ns, conf->to_ns,
				 count_hole, work, &source->cursor);
}

static int
open_sources(struct work *work)
{
	const uint32_t cnt = vega_journal_feed_cnt(work->journal);
	int rc = vega_feeds_check(work->journal, work->conf->feeds, work->conf->feed_cnt);

	work->sources = calloc(cnt + 1u, sizeof(*work->sources));
	if (rc == 0 && work->sources == NULL)
		rc = VEGA_ERR(-ENOMEM, "need memory for %u feeds, found none", cnt);
	for (uint32_t i = 0; rc == 0 && i < cnt; i++) {
		struct source *source = &work->sources[work->source_cnt];

		if (!is_chosen(work->conf, vega_journal_feed(work->journal, i)))
			continue;
		rc = open_source(work, i, source);
		if (rc < 0)
			return rc;
		work->source_cnt++;
		rc = advance(source);
	}
	return rc;
}

static void
close_sources(struct work *work)
{
	for (uint32_t i = 0; i < work->source_cnt; i++) {
		vega_cursor_close(work->sources[i].cursor);
		vega_record_rows_close(work->sources[i].rows);
	}
	free(work->sources);
}

/* The earliest head; of equal ones the feed that comes first, so that the order never depends on chance. */
static struct source *
earliest(struct work *work)
{
	struct source *best = NULL;

	for (uint32_t i = 0; i < work->source_cnt; i++) {
		struct source *source = &work->sources[i];

		if (!source->ended && (best == NULL || source->recv_ns < best->recv_ns))
			best = source;
	}
	return best;
}

/* Write what is at the head of a source. */
static int
copy_one(struct work *work, struct vega_export *x, const struct source *source)
{
	if (source->rows != NULL) {
		work->sum->records++;
		return work->format->record(x, &source->row);
	}
	work->sum->packets++;
	work->sum->captured_bytes += source->frame.captured_bytes;
	return work->format->frame(x, vega_cursor_file(source->cursor), &source->frame);
}

/* Now and then: is it to stop, and how far is it? */
static int
look_up(const struct work *work, uint64_t cnt, uint64_t recv_ns)
{
	const struct vega_export_conf *conf = work->conf;

	if (conf->stop != NULL && vega_load_relaxed(conf->stop) != 0)
		return VEGA_ERR(
			-EINTR, "need to run to the end, found a signal; nothing was left behind");
	if (conf->progress != NULL)
		conf->progress(conf->arg, cnt, recv_ns);
	return 0;
}

static int
copy_all(struct work *work, struct vega_export *x)
{
	struct source *source;
	uint64_t cnt = 0;

	while ((source = earliest(work)) != NULL) {
		int rc = copy_one(work, x, source);

		if (rc == 0 && ++cnt % LOOK_CNT == 0)
			rc = look_up(work, cnt, source->recv_ns);
		if (rc == 0)
			rc = advance(source);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Which link types the chosen files have; a file without packets has none. */
static void
look_at_linktypes(const struct work *work, struct vega_export *x)
{
	bool any = false;

	for (uint32_t i = 0; i < vega_journal_file_cnt(work->journal); i++) {
		const struct vega_journal_file *file = vega_journal_file(work->journal, i);

		if (!is_chosen(work->conf, file->feed) || file->kind != VEGA_KIND_FRAMES ||
			file->packet_cnt == 0 || file->last_ns < work->conf->from_ns ||
			file->first_ns >= work->conf->to_ns)
			continue;
		if (any && file->linktype != x->linktype)
			x->linktypes_differ = true;
		if (!any)
			x->linktype = file->linktype;
		any = true;
	}
	if (!any && vega_journal_file_cnt(work->journal) != 0)
		x->linktype = vega_journal_file(work->journal, 0)->linktype;
}

static int
write_to(struct work *work, const char *path)
{
	struct vega_export x = {.journal = work->journal, .path = path};
	struct vega_err err;
	int closed;
	int rc;

	look_at_linktypes(work, &x);
	rc = work->format->open(&x);
	if (rc < 0)
		return rc;
	rc = copy_all(work, &x);
	vega_err_save(&err, rc);
	closed = work->format->close(&x);
	return rc < 0 ? vega_err_restore(&err) : closed;
}

/* Standard output, devices and pipes are written as they are; a file beside its name first. */
static int
write_out(struct work *work)
{
	const char *out_path = work->conf->out_path;
	char part[PATH_MAX];
	struct stat st;
	int rc;

	if (strcmp(out_path, "-") == 0 || (stat(out_path, &st) == 0 && !S_ISREG(st.st_mode)))
		return write_to(work, out_path);
	if ((size_t)snprintf(part, sizeof(part), "%s.part-%d", out_path, (int)getpid()) >=
		sizeof(part))
		return VEGA_ERR_EX(-ENAMETOOLONG, EX_CANTCREAT,
			"-o: need a path of less than %d bytes, found a longer one", PATH_MAX - 32);
	rc = write_to(work, part);
	if (rc == 0 && rename(part, out_path) < 0) {
		rc = -errno;
		rc = VEGA_ERR_EX(rc, EX_CANTCREAT, "need to put the export at %s, found: %s",
			out_path, strerror(-rc));
	}
	if (rc < 0)
		(void)unlink(part);
	return rc;
}

static bool
has_records(const struct work *work)
{
	for (uint32_t i = 0; i < vega_journal_file_cnt(work->journal); i++) {
		const struct vega_journal_file *file = vega_journal_file(work->journal, i);

		if (file->kind == VEGA_KIND_RECORDS && is_chosen(work->conf, file->feed))
			return true;
	}
	return false;
}

/* Records where there are any and the format can hold them, else frames. */
static int
choose_format(struct work *work)
{
	const struct vega_export_conf *conf = work->conf;
	const struct vega_export_format *of_records = find_record_format(conf->format);
	int rc = find_format(conf->format, &work->format);

	if (rc < 0)
		return rc;
	if (of_records != NULL && !conf->frames && has_records(work))
		work->format = of_records;
	else if (conf->instrument != NULL)
		return VEGA_ERR(-EBADMSG, "--instrument: need records, found %s",
			of_records == NULL || conf->frames
				? "an export of frames; use csv or jsonl, without --frames"
				: "a journal of frames; leave it out to export frames");
	return 0;
}

int
vega_export(struct vega_journal *journal, const struct vega_export_conf *conf,
	struct vega_export_sum *ret_sum)
{
	struct vega_export_sum sum = {0};
	struct work work = {.conf = conf, .journal = journal, .sum = &sum};
	int rc = vega_target_check("-o", conf->out_path, journal);

	if (rc == 0)
		rc = choose_format(&work);
	if (rc == 0)
		rc = open_sources(&work);
	if (rc == 0)
		rc = write_out(&work);
	close_sources(&work);
	if (rc == 0)
		*ret_sum = sum;
	return rc;
}
