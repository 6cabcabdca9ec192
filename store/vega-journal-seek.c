/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal seek: the first frame at or after a time, and what it cost to find it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "store/export.h"
#include "store/vega-journal-verbs.h"

struct place {
	const char *feed;
	const char *path;
	uint64_t block_off;
	uint64_t recv_ns;
	uint64_t frame_number;
	uint64_t blocks_read;
	bool found;
};

static bool
is_chosen(const struct verb_options *o, const char *feed)
{
	for (uint32_t i = 0; i < o->feed_cnt; i++)
		if (vega_feed_is(o->feeds[i], feed))
			return true;
	return o->feed_cnt == 0;
}

/* A feed's first frame at or after at_ns, if it is earlier than what other feeds have. */
static int
seek_feed(struct vega_journal *journal, uint32_t feed, uint64_t at_ns, struct place *best)
{
	struct vega_cursor *cursor;
	struct vega_frame frame;
	int rc = vega_cursor_open(journal, feed, at_ns, UINT64_MAX, NULL, NULL, &cursor);

	if (rc < 0)
		return rc;
	rc = vega_cursor_next(cursor, &frame);
	if (rc == 1 && (!best->found || frame.recv_ns < best->recv_ns))
		*best = (struct place){
			.feed = vega_journal_feed(journal, feed),
			.path = vega_cursor_file(cursor)->path,
			.block_off = vega_cursor_block_off(cursor),
			.recv_ns = frame.recv_ns,
			.frame_number = frame.frame_number,
			.blocks_read = vega_cursor_blocks_read(cursor),
			.found = true,
		};
	vega_cursor_close(cursor);
	return rc < 0 ? rc : 0;
}

static int
print_place(const struct place *place, bool json)
{
	char text[40];

	if (json)
		return vega_cli_json(json_pack("{s:s?, s:s?, s:I, s:I, s:s, s:I, s:I}", "feed",
			place->feed, "file", place->path, "block_offset",
			(json_int_t)place->block_off, "recv_ns", (json_int_t)place->recv_ns,
			"recv_time", vega_text_time(text, place->recv_ns), "frame_number",
			(json_int_t)place->frame_number, "blocks_read",
			(json_int_t)place->blocks_read));
	(void)printf("%s  frame %" PRIu64 " of %s\n%s, block at byte %" PRIu64 "; %" PRIu64
		     " data blocks read\n",
		vega_text_time(text, place->recv_ns), place->frame_number, place->feed, place->path,
		place->block_off, place->blocks_read);
	return fflush(stdout) == 0
		       ? 0
		       : VEGA_ERR(-EIO, "need to write standard output, found it closed or full");
}

static int
seek(const struct verb_options *o, struct vega_journal *journal)
{
	struct place best = {0};
	uint64_t at_ns;
	int rc = verb_time(journal, "--at", o->at, &at_ns);

	for (uint32_t feed = 0; rc == 0 && feed < vega_journal_feed_cnt(journal); feed++)
		if (is_chosen(o, vega_journal_feed(journal, feed)))
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
