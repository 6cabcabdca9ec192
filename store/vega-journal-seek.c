/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal seek: the first frame and the first record at or after a time, and what it cost to find them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "store/feed_names.h"
#include "store/vega-journal-verbs.h"
#include "store/vega_journal.h"

struct place {
	const char *feed;
	const char *path;
	uint64_t block_off;
	uint64_t recv_ns;
	uint64_t frame_number;
	uint64_t position; /* of the first record at or after the time */
	uint64_t blocks_read;
	bool found; /* a frame; or a record, of a feed without frames */
	bool has_frame;
	bool has_record;
};

static int
seek_frame(struct vega_journal *journal, uint32_t feed, uint64_t at_ns, struct place *place)
{
	struct vega_cursor *cursor;
	struct vega_frame frame;
	int rc = vega_cursor_open(journal, feed, at_ns, UINT64_MAX, NULL, NULL, &cursor);

	if (rc < 0)
		return rc;
	rc = vega_cursor_next(cursor, &frame);
	if (rc == 1)
		*place = (struct place){
			.feed = vega_journal_feed(journal, feed),
			.path = vega_cursor_file(cursor)->path,
			.block_off = vega_cursor_block_off(cursor),
			.recv_ns = frame.recv_ns,
			.frame_number = frame.frame_number,
			.blocks_read = vega_cursor_blocks_read(cursor),
			.found = true,
			.has_frame = true,
		};
	vega_cursor_close(cursor);
	return rc < 0 ? rc : 0;
}

/* The place is the frame's where there is one. */
static int
seek_record(struct vega_journal *journal, uint32_t feed, uint64_t at_ns, struct place *place)
{
	const struct vega_records_want want = {.from_ns = at_ns, .to_ns = UINT64_MAX};
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	int rc = vega_records_open(journal, feed, &want, &cursor);

	if (rc < 0)
		return rc;
	rc = vega_records_next(cursor, &batch);
	if (rc == 1) {
		if (!place->has_frame) {
			place->feed = vega_journal_feed(journal, feed);
			place->path = vega_records_file(cursor)->path;
			place->block_off = vega_records_block_off(cursor);
			place->recv_ns = batch.recv_ns;
		}
		place->position = batch.position;
		place->blocks_read += vega_records_blocks_read(cursor);
		place->found = place->has_record = true;
	}
	vega_records_close(cursor);
	return rc < 0 ? rc : 0;
}

/* What a feed has at or after at_ns, if it is earlier than what other feeds have. */
static int
seek_feed(struct vega_journal *journal, uint32_t feed, uint64_t at_ns, struct place *best)
{
	struct place place = {0};
	int rc = seek_frame(journal, feed, at_ns, &place);

	if (rc == 0)
		rc = seek_record(journal, feed, at_ns, &place);
	if (rc == 0 && place.found && (!best->found || place.recv_ns < best->recv_ns))
		*best = place;
	return rc;
}

static int
print_json(const struct place *place)
{
	char text[40];
	json_t *said = json_pack("{s:o, s:o, s:I, s:I, s:s, s:I}", "feed",
		vega_json_text(place->feed), "file", vega_json_text(place->path), "block_offset",
		(json_int_t)place->block_off, "recv_ns", (json_int_t)place->recv_ns, "recv_time",
		vega_text_time(text, place->recv_ns), "blocks_read",
		(json_int_t)place->blocks_read);

	if (said != NULL && place->has_frame)
		(void)json_object_set_new(
			said, "frame_number", json_integer((json_int_t)place->frame_number));
	if (said != NULL && place->has_record)
		(void)json_object_set_new(
			said, "position", json_integer((json_int_t)place->position));
	return vega_cli_json(said);
}

static int
print_place(const struct place *place, bool json)
{
	char text[40];

	if (json)
		return print_json(place);
	(void)printf("%s ", vega_text_time(text, place->recv_ns));
	if (place->has_frame)
		(void)printf(" frame %" PRIu64, place->frame_number);
	if (place->has_record)
		(void)printf(" record %" PRIu64, place->position);
	(void)printf(" of %s\n%s, block at byte %" PRIu64 "; %" PRIu64 " data blocks read\n",
		place->feed, place->path, place->block_off, place->blocks_read);
	return 0;
}

static int
seek(const struct verb_options *o, struct vega_journal *journal)
{
	struct place best = {0};
	uint64_t at_ns;
	int rc = verb_time(journal, "--at", o->at, &at_ns)
			 ?: vega_feeds_check(journal, o->feeds, o->feed_cnt);

	for (uint32_t feed = 0; rc == 0 && feed < vega_journal_feed_cnt(journal); feed++)
		if (vega_feed_is_chosen(o->feeds, o->feed_cnt, vega_journal_feed(journal, feed)))
			rc = seek_feed(journal, feed, at_ns, &best);
	if (rc < 0)
		return rc;
	if (!best.found)
		return VEGA_ERR(-ENOENT,
			"need a frame at or after --at %s in %s, found none; `vega-journal info` "
			"gives the last",
			o->at, o->path);
	return print_place(&best, o->json);
}

int
verb_seek(const struct verb_options *o)
{
	struct vega_journal *journal;
	int rc;

	if (o->at == NULL)
		return VEGA_ERR(-EINVAL, "need --at TIME, found none");
	rc = vega_journal_open(o->path, &journal);
	if (rc < 0)
		return rc;
	rc = seek(o, journal);
	vega_journal_close(journal);
	return rc;
}
