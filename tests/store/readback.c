/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/store/readback.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "store/reader.h"
#include "store/verify.h"
#include "tests/lib/io_mem.h"

static void
count_hole(void *arg, const struct vega_hole *hole)
{
	struct readback *read = arg;

	read->holes += !hole->recovered;
}

static void
take(struct readback *read, const struct vega_frame *frame, uint32_t feed)
{
	const uint64_t number = frame->frame_number;

	assert_true(number < READBACK_FRAMES_MAX);
	rig_frame_check(frame, feed, number);
	if (read->seen[number])
		fail_msg("frame %llu comes twice", (unsigned long long)number);
	read->seen[number] = true;
	read->frames++;
}

static int
serve(struct vega_journal *journal, uint32_t idx, uint32_t feed, uint64_t from_ns,
	struct readback *read)
{
	struct vega_cursor *cursor;
	struct vega_frame frame;
	uint64_t next = 0;
	int rc;

	assert_int_equal(
		vega_cursor_open(journal, idx, from_ns, UINT64_MAX, count_hole, read, &cursor), 0);
	while ((rc = vega_cursor_next(cursor, &frame)) == 1) {
		assert_true(frame.frame_number >= next && frame.recv_ns >= from_ns);
		next = frame.frame_number + 1;
		take(read, &frame, feed);
	}
	vega_cursor_close(cursor);
	return rc;
}

void
readback_feed(struct vega_io *io, uint32_t feed, uint64_t from_ns, struct readback *ret_read)
{
	struct vega_journal *journal;
	char name[16];

	*ret_read = (struct readback){0};
	(void)snprintf(name, sizeof(name), "feed%u", feed);
	ret_read->rc = vega_journal_open_io(io, "/j", &journal);
	if (ret_read->rc < 0) {
		assert_true(vega_err_text()[0] != '\0');
		return;
	}
	for (uint32_t i = 0; i < vega_journal_file_cnt(journal); i++)
		if (strcmp(vega_journal_file(journal, i)->feed, name) == 0)
			ret_read->damaged_blocks += vega_journal_file(journal, i)->damaged_blocks;
	for (uint32_t i = 0; i < vega_journal_feed_cnt(journal) && ret_read->rc == 0; i++)
		if (strcmp(vega_journal_feed(journal, i), name) == 0)
			ret_read->rc = serve(journal, i, feed, from_ns, ret_read);
	vega_journal_close(journal);
	assert_int_equal(io_mem_open_files(io), 0);
}

bool
readback_is_of(const char *path, uint32_t feed)
{
	char folder[16];

	(void)snprintf(folder, sizeof(folder), "/feed%u/", feed);
	return strstr(path, folder) != NULL && strstr(path, ".idx") == NULL;
}

int
readback_verify(struct vega_io *io, uint32_t feed, struct vega_verify_sum *ret_sum)
{
	const char *path;
	int rc = 0;

	*ret_sum = (struct vega_verify_sum){0};
	for (uint32_t i = 0; rc == 0 && (path = io_mem_path(io, i)) != NULL; i++) {
		if (!readback_is_of(path, feed))
			continue;
		rc = vega_verify_file(io, path, NULL, ret_sum);
		if (rc == -EBADMSG) {
			ret_sum->damaged_blocks++;
			rc = 0;
		}
	}
	assert_int_equal(io_mem_open_files(io), 0);
	return rc;
}
