/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Count the frames and bytes of each feed of a journal.
 *
 *	cc journal_count.c $(pkg-config --cflags --libs vega-store) -o journal_count
 *	./journal_count /data/journal
 */
#include <inttypes.h>
#include <stdio.h>

#include <store/vega_journal.h>

static int
count(struct vega_journal *journal, uint32_t feed_idx)
{
	struct vega_cursor *cursor;
	struct vega_frame frame;
	uint64_t frames = 0;
	uint64_t bytes = 0;
	int rc = vega_cursor_open(journal, feed_idx, 0, UINT64_MAX, NULL, NULL, &cursor);

	if (rc < 0)
		return rc;
	while ((rc = vega_cursor_next(cursor, &frame)) == 1) {
		frames++;
		bytes += frame.captured_bytes;
	}
	vega_cursor_close(cursor);
	printf("%s: %" PRIu64 " frames, %" PRIu64 " bytes\n", vega_journal_feed(journal, feed_idx),
		frames, bytes);
	return rc;
}

int
main(int argc, char **argv)
{
	struct vega_journal *journal;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: %s JOURNAL\n", argv[0]);
		return 64;
	}
	rc = vega_journal_open(argv[1], &journal);
	for (uint32_t i = 0; rc == 0 && i < vega_journal_feed_cnt(journal); i++)
		rc = count(journal, i);
	if (rc < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], vega_err_text());
		return 65;
	}
	vega_journal_close(journal);
	return 0;
}
