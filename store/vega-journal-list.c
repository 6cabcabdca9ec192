/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal ls and info: what the files say about themselves, without reading their data.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/linktype.h"
#include "hugepages/base/zone.h"
#include "store/vega-journal-verbs.h"
#include "store/vega_journal.h"

static bool
is_records(const struct vega_journal_file *f)
{
	return f->kind != VEGA_KIND_FRAMES;
}

static const char *
kind_name(const struct vega_journal_file *f)
{
	return f->kind == VEGA_KIND_BOOK ? "book" : is_records(f) ? "records" : "frames";
}

static json_t *
file_json(const struct vega_journal_file *f)
{
	return json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:I}",
		"path", vega_json_text(f->path), "feed", vega_json_text(f->feed), "kind",
		kind_name(f), "records", (json_int_t)f->record_cnt, "day", (json_int_t)f->day,
		"file_number", (json_int_t)f->file_number, "linktype", (json_int_t)f->linktype,
		"sealed", f->sealed, "bytes", (json_int_t)f->file_bytes, "blocks",
		(json_int_t)f->block_cnt, "packets", (json_int_t)f->packet_cnt, "first_ns",
		(json_int_t)f->first_ns, "last_ns", (json_int_t)f->last_ns, "generation",
		(json_int_t)f->generation, "damaged_blocks", (json_int_t)f->damaged_blocks, "holes",
		(json_int_t)f->hole_cnt);
}

static int
ls_json(const struct vega_journal *journal)
{
	json_t *files = json_array();

	for (uint32_t i = 0; i < vega_journal_file_cnt(journal); i++)
		(void)json_array_append_new(files, file_json(vega_journal_file(journal, i)));
	return vega_cli_json(json_pack("{s:o}", "files", files));
}

static void
ls_line(const struct vega_journal_file *f)
{
	char bytes[32];
	char first[40];
	char last[40];

	(void)printf("%s  %10" PRIu64 " %s  %10s  %s .. %s  %s", f->path,
		is_records(f) ? f->record_cnt : f->packet_cnt,
		is_records(f) ? "records" : "packets", vega_text_bytes(bytes, f->file_bytes),
		f->packet_cnt != 0 ? vega_text_time(first, f->first_ns) : "-",
		f->packet_cnt != 0 ? vega_text_time(last, f->last_ns) : "-",
		f->sealed ? "sealed" : "unsealed");
	if (f->hole_cnt != 0)
		(void)printf("  %" PRIu64 " holes", f->hole_cnt);
	if (f->damaged_blocks != 0)
		(void)printf("  %" PRIu64 " DAMAGED", f->damaged_blocks);
	(void)putchar('\n');
}

int
verb_ls(const struct verb_options *o)
{
	struct vega_journal *journal;
	int rc = vega_journal_open(o->path, &journal);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; !o->json && i < vega_journal_file_cnt(journal); i++)
		ls_line(vega_journal_file(journal, i));
	rc = o->json ? ls_json(journal) : 0;
	vega_journal_close(journal);
	return rc;
}

/* All files together; path and feed say nothing here. */
struct total {
	struct vega_journal_file sum;
	uint64_t lost_records; /* to storage */
	uint64_t book_records;
	uint64_t lost_book_records; /* to storage */
	uint64_t sealed;
	json_t *feeds;
	json_t *days;
	json_t *linktypes;
};

static void
add_once(json_t *array, json_t *value)
{
	size_t i;
	json_t *known;

	json_array_foreach(array, i, known)
	{
		if (json_equal(known, value)) {
			json_decref(value);
			return;
		}
	}
	(void)json_array_append_new(array, value);
}

static void
add_file(struct total *total, const struct vega_journal_file *f)
{
	struct vega_journal_file *sum = &total->sum;

	sum->file_bytes += f->file_bytes;
	sum->block_cnt += f->block_cnt;
	sum->damaged_blocks += f->damaged_blocks;
	sum->hole_cnt += f->hole_cnt;
	total->sealed += f->sealed;
	add_once(total->feeds, vega_json_text(f->feed));
	add_once(total->days, json_integer(f->day));
	if (f->kind == VEGA_KIND_BOOK) {
		total->book_records += f->record_cnt;
		total->lost_book_records += f->lost_disk;
		return;
	}
	if (is_records(f)) {
		sum->record_cnt += f->record_cnt;
		total->lost_records += f->lost_disk;
		return;
	}
	if (f->packet_cnt != 0 && (sum->packet_cnt == 0 || f->first_ns < sum->first_ns))
		sum->first_ns = f->first_ns;
	if (f->last_ns > sum->last_ns)
		sum->last_ns = f->last_ns;
	sum->packet_cnt += f->packet_cnt;
	sum->lost_lane_full += f->lost_lane_full;
	sum->lost_oversize += f->lost_oversize;
	sum->lost_port += f->lost_port;
	sum->lost_disk += f->lost_disk;
	add_once(total->linktypes, json_integer(f->linktype));
}

static json_t *
info_json(const struct total *total, uint64_t files)
{
	const struct vega_journal_file *s = &total->sum;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:O, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"packets", (json_int_t)s->packet_cnt, "blocks", (json_int_t)s->block_cnt,
		"first_ns", (json_int_t)s->first_ns, "last_ns", (json_int_t)s->last_ns, "files",
		(json_int_t)files, "bytes", (json_int_t)s->file_bytes, "feeds", total->feeds,
		"days", total->days, "linktypes", total->linktypes, "sealed_files",
		(json_int_t)total->sealed, "unsealed_files", (json_int_t)(files - total->sealed),
		"damaged_blocks", (json_int_t)s->damaged_blocks, "holes", (json_int_t)s->hole_cnt,
		"lost_lane_full", (json_int_t)s->lost_lane_full, "lost_oversize",
		(json_int_t)s->lost_oversize, "lost_port", (json_int_t)s->lost_port, "lost_disk",
		(json_int_t)s->lost_disk, "records", (json_int_t)s->record_cnt, "lost_records",
		(json_int_t)total->lost_records, "book_records", (json_int_t)total->book_records,
		"lost_book_records", (json_int_t)total->lost_book_records);
}

static void
info_text(const struct total *total, const struct vega_journal *journal)
{
	const struct vega_journal_file *s = &total->sum;
	char text[40];
	size_t i;
	json_t *value;

	(void)printf("packets    %" PRIu64 " in %" PRIu64 " blocks\n", s->packet_cnt, s->block_cnt);
	if (s->record_cnt != 0)
		(void)printf("records    %" PRIu64 "; %" PRIu64 " lost to storage\n", s->record_cnt,
			total->lost_records);
	if (total->book_records != 0)
		(void)printf("book lanes %" PRIu64 " records; %" PRIu64 " lost to storage\n",
			total->book_records, total->lost_book_records);
	if (s->packet_cnt != 0) {
		(void)printf("first      %s\n", vega_text_time(text, s->first_ns));
		(void)printf("last       %s\n", vega_text_time(text, s->last_ns));
	}
	(void)printf("files      %u, %s; %" PRIu64 " sealed\n", vega_journal_file_cnt(journal),
		vega_text_bytes(text, s->file_bytes), total->sealed);
	(void)printf("feeds     ");
	for (uint32_t feed = 0; feed < vega_journal_feed_cnt(journal); feed++)
		(void)printf(" %s", vega_journal_feed(journal, feed));
	(void)printf("\ndays      ");
	json_array_foreach(total->days, i, value)(void)
		printf(" %" JSON_INTEGER_FORMAT, json_integer_value(value));
	(void)printf(" (%s)\nlink types", vega_journal_zone(journal));
	json_array_foreach(total->linktypes, i, value)(void)
		printf(" %s", vega_linktype_text(text, (uint32_t)json_integer_value(value)));
	(void)printf("\nlost       %" PRIu64 " lane full, %" PRIu64 " oversize, %" PRIu64
		     " port, %" PRIu64 " disk\n",
		s->lost_lane_full, s->lost_oversize, s->lost_port, s->lost_disk);
	(void)printf("damaged    %" PRIu64 "; holes covered by recover %" PRIu64 "\n",
		s->damaged_blocks, s->hole_cnt);
}

int
verb_info(const struct verb_options *o)
{
	struct total total = {
		.feeds = json_array(), .days = json_array(), .linktypes = json_array()};
	struct vega_journal *journal;
	int rc = vega_journal_open(o->path, &journal);

	if (rc == 0) {
		for (uint32_t i = 0; i < vega_journal_file_cnt(journal); i++)
			add_file(&total, vega_journal_file(journal, i));
		if (!o->json)
			info_text(&total, journal);
		rc = o->json ? vega_cli_json(info_json(&total, vega_journal_file_cnt(journal))) : 0;
		vega_journal_close(journal);
	}
	json_decref(total.feeds);
	json_decref(total.days);
	json_decref(total.linktypes);
	return rc;
}
