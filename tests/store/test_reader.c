/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading journals: sealed, left behind by a crash, and while they are written.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "store/vega_journal.h"
#include "tests/store/journal_make.h"

static struct jmake m;

/* What a cursor gave, and the holes it told. */
struct got {
	uint64_t ns[64];
	uint64_t number[64];
	uint32_t cnt;
	struct vega_hole holes[8];
	uint32_t hole_cnt;
	uint64_t blocks_read;
};

static void
keep_hole(void *arg, const struct vega_hole *hole)
{
	struct got *got = arg;

	assert_true(got->hole_cnt < 8);
	got->holes[got->hole_cnt++] = *hole;
}

static void
check_frame(const struct vega_frame *frame)
{
	for (uint32_t i = 0; i < frame->captured_bytes; i++)
		assert_int_equal(frame->data[i], jmake_byte(frame->frame_number, i));
}

static void
drain(struct vega_cursor *cursor, struct got *got)
{
	struct vega_frame frame;

	while (vega_cursor_next(cursor, &frame) == 1) {
		assert_true(got->cnt < 64);
		check_frame(&frame);
		got->ns[got->cnt] = frame.recv_ns;
		got->number[got->cnt++] = frame.frame_number;
	}
	got->blocks_read = vega_cursor_blocks_read(cursor);
}

static struct got
take(const char *path, uint64_t from_ns, uint64_t to_ns)
{
	struct vega_journal *journal;
	struct vega_cursor *cursor;
	struct got got = {0};

	assert_int_equal(vega_journal_open(path, &journal), 0);
	assert_int_equal(vega_cursor_open(journal, 0, from_ns, to_ns, keep_hole, &got, &cursor), 0);
	drain(cursor, &got);
	vega_cursor_close(cursor);
	vega_journal_close(journal);
	return got;
}

/* A block of three frames 10 ns apart, from first_ns on. */
static void
add_block(uint64_t first_ns)
{
	const struct jframe frames[] = {
		{.recv_ns = first_ns, .captured_bytes = 60, .wire_bytes = 60},
		{.recv_ns = first_ns + 10,
			.captured_bytes = 61,
			.wire_bytes = 1500,
			.interface_id = 1},
		{.recv_ns = first_ns + 20, .captured_bytes = 62, .wire_bytes = 62},
	};

	jmake_block(&m, frames, 3);
}

static void
save_sealed(const char *path, uint32_t file_number, uint64_t first_ns, uint32_t block_cnt)
{
	jmake_begin(&m, "FEED", 20261120, file_number, 500);
	m.frame_next = file_number * 100;
	for (uint32_t i = 0; i < block_cnt; i++)
		add_block(first_ns + i * 100);
	jmake_seal(&m);
	jmake_save(&m, path);
	jmake_free(&m);
}

static void
sealed_file_tells_everything(void **state)
{
	const struct jframe frame = {.recv_ns = 77,
		.captured_bytes = 3,
		.wire_bytes = 9,
		.interface_id = 1,
		.drop_cnt = 12};
	const char *path = jmake_path(jmake_dir, "one/20261120/FEED/frames-0000.pcapng");
	const struct vega_journal_file *file;
	struct vega_journal *journal;
	struct vega_cursor *cursor;
	struct vega_frame got;

	(void)state;
	jmake_begin(&m, "FEED", 20261120, 0, 500);
	m.head.day_start_s = 3600;
	jmake_head(&m);
	jmake_block(&m, &frame, 1);
	m.trailer.end_lane_full = 1;
	m.trailer.end_oversize = 2;
	m.trailer.end_port_missed = 3;
	m.trailer.end_port_nombuf = 4;
	m.trailer.end_disk = 5;
	jmake_seal(&m);
	jmake_save(&m, path);
	assert_int_equal(vega_journal_open(jmake_path(jmake_dir, "one"), &journal), 0);
	assert_int_equal(vega_journal_file_cnt(journal), 1);
	assert_int_equal(vega_journal_feed_cnt(journal), 1);
	assert_string_equal(vega_journal_feed(journal, 0), "FEED");
	assert_null(vega_journal_feed(journal, 1));
	assert_null(vega_journal_file(journal, 1));
	assert_string_equal(vega_journal_zone(journal), "Asia/Kolkata");
	assert_int_equal(vega_journal_day(journal), 20261120);
	assert_int_equal(vega_journal_day_start_s(journal), 3600);
	file = vega_journal_file(journal, 0);
	assert_true(file->sealed);
	assert_int_equal(file->file_bytes, m.len);
	assert_int_equal(file->packet_cnt, 1);
	assert_int_equal(file->block_cnt, 1);
	assert_int_equal(file->first_ns, 77);
	assert_int_equal(file->last_ns, 77);
	assert_int_equal(file->generation, 500);
	assert_int_equal(file->lost_lane_full, 13);
	assert_int_equal(file->lost_oversize, 2);
	assert_int_equal(file->lost_port, 7);
	assert_int_equal(file->lost_disk, 5);
	assert_int_equal(file->damaged_blocks, 0);
	assert_string_equal(vega_journal_if_name(file, 1), "right");
	assert_string_equal(vega_journal_if_name(file, 2), "");
	assert_int_equal(vega_cursor_open(journal, 1, 0, UINT64_MAX, NULL, NULL, &cursor), -EINVAL);
	assert_int_equal(vega_cursor_open(journal, 0, 0, UINT64_MAX, NULL, NULL, &cursor), 0);
	assert_int_equal(vega_cursor_next(cursor, &got), 1);
	assert_int_equal(got.captured_bytes, 3);
	assert_int_equal(got.wire_bytes, 9);
	assert_int_equal(got.interface_id, 1);
	assert_int_equal(got.drop_cnt, 12);
	assert_int_equal(got.linktype, 1);
	check_frame(&got);
	assert_int_equal(vega_cursor_next(cursor, &got), 0);
	assert_int_equal(vega_cursor_block_off(cursor), VEGA_HEAD_BYTES);
	assert_ptr_equal(vega_cursor_file(cursor), file);
	vega_cursor_close(cursor);
	vega_journal_close(journal);
	jmake_free(&m);
}

/* Journal, day, feed or file: the same frames. */
static void
any_level_can_be_named(void **state)
{
	static const char *const levels[] = {"lv", "lv/", "lv/20261120", "lv/20261120/FEED",
		"lv/20261120/FEED/frames-0000.pcapng"};

	(void)state;
	save_sealed(jmake_path(jmake_dir, "lv/20261120/FEED/frames-0000.pcapng"), 0, 1000, 2);
	jmake_write(jmake_path(jmake_dir, "lv/20261120/FEED/records-0000.vega"), "x", 1);
	jmake_write(jmake_path(jmake_dir, "lv/20261120/FEED/frames-0000.pcapng.idx"), "x", 1);
	jmake_write(jmake_path(jmake_dir, "lv/20261120/notes.txt"), "x", 1);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(levels); i++)
		assert_int_equal(take(jmake_path(jmake_dir, levels[i]), 0, UINT64_MAX).cnt, 6);
}

/* Feed by feed; in a feed by generation, day and number, whatever the names' order on disk. */
static void
files_come_in_recorded_order(void **state)
{
	struct vega_journal *journal;
	struct got got;

	(void)state;
	save_sealed(
		jmake_path(jmake_dir, "order/20261120/FEED/frames-10000.pcapng"), 10000, 9000, 1);
	save_sealed(jmake_path(jmake_dir, "order/20261120/FEED/frames-0002.pcapng"), 2, 5000, 1);
	save_sealed(jmake_path(jmake_dir, "order/20261119/FEED/frames-0003.pcapng"), 3, 1000, 1);
	save_sealed(jmake_path(jmake_dir, "order/20261120/ALPHA/frames-0000.pcapng"), 0, 1, 1);
	assert_int_equal(vega_journal_open(jmake_path(jmake_dir, "order"), &journal), 0);
	assert_int_equal(vega_journal_feed_cnt(journal), 2);
	assert_string_equal(vega_journal_feed(journal, 0), "ALPHA");
	assert_string_equal(vega_journal_feed(journal, 1), "FEED");
	assert_int_equal(vega_journal_file(journal, 1)->file_number, 3);
	assert_int_equal(vega_journal_file(journal, 2)->file_number, 2);
	assert_int_equal(vega_journal_file(journal, 3)->file_number, 10000);
	vega_journal_close(journal);
	got = take(jmake_path(jmake_dir, "order/20261120/FEED"), 0, UINT64_MAX);
	assert_int_equal(got.cnt, 6);
	assert_int_equal(got.ns[0], 5000);
	assert_int_equal(got.ns[5], 9020);
}

/* For every T: the frames at or after it, the first of them found with one block read. */
static void
seek_reads_one_block(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "seek/20261120/FEED/frames-%04u.pcapng", i);
		save_sealed(jmake_path(jmake_dir, name), i, 10000 + i * 1000, 4);
	}
	for (uint64_t t = 9990; t < 12400; t++) {
		struct vega_journal *journal;
		struct vega_cursor *cursor;
		struct vega_frame frame;
		uint64_t need = UINT64_MAX;
		int rc;

		for (uint64_t file = 0; file < 3; file++)
			for (uint64_t ns = 0; ns < 12 && need == UINT64_MAX; ns++) {
				const uint64_t at =
					10000 + file * 1000 + ns / 3 * 100 + ns % 3 * 10;

				need = at >= t ? at : need;
			}
		assert_int_equal(vega_journal_open(jmake_path(jmake_dir, "seek"), &journal), 0);
		assert_int_equal(
			vega_cursor_open(journal, 0, t, UINT64_MAX, NULL, NULL, &cursor), 0);
		rc = vega_cursor_next(cursor, &frame);
		assert_int_equal(rc, need != UINT64_MAX);
		if (rc == 1)
			assert_int_equal(frame.recv_ns, need);
		assert_int_equal(vega_cursor_blocks_read(cursor), rc);
		vega_cursor_close(cursor);
		vega_journal_close(journal);
	}
}

/* Times go backward in real captures: nothing is missed, and what is outside is not read. */
static void
times_that_go_backward(void **state)
{
	const char *path = jmake_path(jmake_dir, "back.pcapng");
	struct got got;

	(void)state;
	jmake_begin(&m, "FEED", 20261120, 0, 1);
	add_block(5000);
	add_block(1000);
	add_block(7000);
	add_block(6000);
	jmake_seal(&m);
	jmake_save(&m, path);
	jmake_free(&m);
	got = take(path, 5500, UINT64_MAX);
	assert_int_equal(got.cnt, 6);
	assert_int_equal(got.ns[0], 7000);
	assert_int_equal(got.ns[3], 6000);
	assert_int_equal(got.blocks_read, 2);
	got = take(path, 0, 1020);
	assert_int_equal(got.cnt, 2);
	assert_int_equal(got.number[0], 3);
	assert_int_equal(got.blocks_read, 1);
	got = take(path, 1010, 5010);
	assert_int_equal(got.cnt, 3);
	assert_int_equal(got.ns[0], 5000);
	assert_int_equal(got.ns[2], 1020);
}

/* Left behind by a crash: with all of its .idx, some, none, or one that lies. */
static void
unsealed_with_any_idx(void **state)
{
	const char *path = jmake_path(jmake_dir, "crash/20261120/FEED/frames-0000.pcapng");

	(void)state;
	jmake_begin(&m, "FEED", 20261120, 0, 1);
	for (uint32_t i = 0; i < 5; i++)
		add_block(1000 + i * 100);
	jmake_torn(&m, 3000); /* the crash's torn tail */
	jmake_save(&m, path);
	assert_int_equal(take(path, 0, UINT64_MAX).cnt, 15);
	for (uint32_t known = 0; known <= 5; known++) {
		jmake_save_idx(&m, path, known);
		assert_int_equal(take(path, 0, UINT64_MAX).cnt, 15);
	}
	m.entries[2].recv_ns_max ^= 1; /* its checksum fails: believed up to here, then walked */
	jmake_save_idx(&m, path, 5);
	assert_int_equal(take(path, 0, UINT64_MAX).cnt, 15);
	assert_int_equal(take(path, 1400, UINT64_MAX).blocks_read, 1);
	jmake_free(&m);
}

static void
holes_are_told_with_their_times(void **state)
{
	const char *path = jmake_path(jmake_dir, "holes.pcapng");
	struct got got;

	(void)state;
	for (int sealed = 0; sealed < 2; sealed++) {
		jmake_begin(&m, "FEED", 20261120, 0, 1);
		add_block(1000);
		if (sealed)
			jmake_hole(&m, 8192);
		else
			jmake_torn(&m, 8192);
		add_block(2000);
		if (sealed)
			jmake_seal(&m);
		jmake_save(&m, path);
		jmake_free(&m);
		got = take(path, 0, UINT64_MAX);
		assert_int_equal(got.cnt, 6);
		assert_int_equal(got.hole_cnt, 1);
		assert_int_equal(got.holes[0].file_off, 8192);
		assert_int_equal(got.holes[0].bytes, 8192);
		assert_int_equal(got.holes[0].before_ns, 1020);
		assert_int_equal(got.holes[0].after_ns, 2000);
		assert_int_equal(got.holes[0].recovered, sealed);
		assert_int_equal(
			take(path, 2000, UINT64_MAX).hole_cnt, 1); /* what it held may be at 2000 */
		assert_int_equal(take(path, 2001, UINT64_MAX).hole_cnt, 0);
		assert_int_equal(take(path, 0, 1020).hole_cnt, 0);
	}
}

/* A block that the index knows and that fails on reading costs itself alone. */
static void
damaged_block_is_a_hole(void **state)
{
	const char *path = jmake_path(jmake_dir, "damaged.pcapng");
	struct got got;

	(void)state;
	jmake_begin(&m, "FEED", 20261120, 0, 1);
	add_block(1000);
	add_block(2000);
	add_block(3000);
	jmake_seal(&m);
	m.bytes[8192 + 300] ^= 1;
	jmake_save(&m, path);
	got = take(path, 0, UINT64_MAX);
	assert_int_equal(got.cnt, 6);
	assert_int_equal(got.number[3], 6);
	assert_int_equal(got.hole_cnt, 1);
	assert_int_equal(got.holes[0].file_off, 8192);
	assert_int_equal(got.holes[0].bytes, 4096);
	assert_int_equal(got.holes[0].before_ns, 1020);
	assert_int_equal(got.holes[0].after_ns, 3000);
	assert_false(got.holes[0].recovered);
	jmake_free(&m);
}

/* A checksum that holds over a payload that is no chain of blocks: what can be walked is served, the rest is a hole. */
static void
payload_that_is_no_chain(void **state)
{
	const char *path = jmake_path(jmake_dir, "chain.pcapng");
	const uint32_t lies[][4] = {
		{6, 16, 0, 16}, {6, 4096, 0, 16}, {6, 0, 0, 0}, {6, 16, 0, 12}, {6, 13, 0, 13}};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(lies); i++) {
		struct got got;

		jmake_begin(&m, "FEED", 20261120, 0, 1);
		add_block(1000);
		jmake_raw(&m, lies[i], sizeof(lies[i]), NULL, 1);
		add_block(2000);
		jmake_seal(&m);
		jmake_save(&m, path);
		jmake_free(&m);
		got = take(path, 0, UINT64_MAX);
		assert_int_equal(got.cnt, 6);
		assert_int_equal(got.hole_cnt, 1);
		assert_int_equal(got.holes[0].file_off, 8192 + VEGA_BLOCK_HDR_BYTES);
	}
}

/* A cursor at the end of a file that is being written goes on when there is more, to the seal and beyond. */
static void
follows_a_growing_file(void **state)
{
	const char *path = jmake_path(jmake_dir, "grow/20261120/FEED/frames-0000.pcapng");
	char idx[PATH_MAX];
	struct vega_journal *journal;
	struct vega_cursor *cursor;
	struct got got = {0};

	(void)state;
	jmake_begin(&m, "FEED", 20261120, 0, 1);
	jmake_save(&m, path);
	jmake_save_idx(&m, path, 0);
	assert_int_equal(vega_journal_open(jmake_path(jmake_dir, "grow"), &journal), 0);
	assert_int_equal(vega_cursor_open(journal, 0, 0, UINT64_MAX, keep_hole, &got, &cursor), 0);
	drain(cursor, &got);
	assert_int_equal(got.cnt, 0);
	for (uint32_t i = 0; i < 6; i++) {
		add_block(1000 + i * 100);
		jmake_save(&m, path);
		if (i % 2 == 0)
			jmake_save_idx(&m, path, i); /* the index may lag */
		drain(cursor, &got);
		assert_int_equal(got.cnt, 3 * (i + 1));
	}
	add_block(5000);
	jmake_seal(&m);
	jmake_save(&m, path);
	(void)snprintf(idx, sizeof(idx), "%s.idx", path);
	assert_int_equal(unlink(idx), 0);
	drain(cursor, &got);
	assert_int_equal(got.cnt, 21);
	drain(cursor, &got);
	assert_int_equal(got.cnt, 21);
	assert_int_equal(got.hole_cnt, 0);
	vega_cursor_close(cursor);
	vega_journal_close(journal);
	jmake_free(&m);
}

/* Writes complete in any order: what was a gap when the file was opened may be a block when the cursor comes by. */
static void
a_late_block_is_no_hole(void **state)
{
	const char *path = jmake_path(jmake_dir, "late.pcapng");
	struct vega_journal *journal;
	struct vega_cursor *cursor;
	struct got got = {0};
	uint8_t block[4096];

	(void)state;
	jmake_begin(&m, "FEED", 20261120, 0, 1);
	add_block(1000);
	add_block(2000);
	add_block(3000);
	memcpy(block, m.bytes + 8192, sizeof(block));
	memset(m.bytes + 8192, 0, sizeof(block));
	jmake_save(&m, path);
	jmake_save_idx(&m, path, 1);
	assert_int_equal(vega_journal_open(path, &journal), 0);
	assert_int_equal(vega_cursor_open(journal, 0, 0, UINT64_MAX, keep_hole, &got, &cursor), 0);
	memcpy(m.bytes + 8192, block, sizeof(block));
	jmake_save(&m, path);
	jmake_save_idx(&m, path, 3);
	drain(cursor, &got);
	assert_int_equal(got.cnt, 9);
	assert_int_equal(got.hole_cnt, 0);
	vega_cursor_close(cursor);
	vega_journal_close(journal);
	jmake_free(&m);
}

/* The fast path gives whole blocks; walking them gives what vega_cursor_next gives. */
static void
blocks_and_frames_agree(void **state)
{
	const char *path = jmake_path(jmake_dir, "fast.pcapng");
	void *buffer = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, VEGA_BLOCK_BYTES_MAX);
	const struct vega_block_hdr *hdr;
	struct vega_journal *journal;
	struct vega_cursor *cursor;
	struct vega_frame frame;
	uint64_t number = 0;
	uint32_t linktype;
	int rc;

	(void)state;
	save_sealed(path, 0, 1000, 20);
	assert_int_equal(vega_journal_open(path, &journal), 0);
	assert_int_equal(vega_cursor_open(journal, 0, 0, UINT64_MAX, NULL, NULL, &cursor), 0);
	while ((rc = vega_cursor_block(cursor, buffer, &hdr, &linktype)) == 1) {
		uint32_t at = 0;

		assert_ptr_equal(hdr, buffer);
		assert_int_equal(linktype, 1);
		assert_int_equal(hdr->frame_first, number);
		while (vega_frame_walk(hdr, at, &frame, &at) == 1) {
			assert_int_equal(frame.recv_ns, 1000 + number / 3 * 100 + number % 3 * 10);
			frame.frame_number = number++;
			check_frame(&frame);
		}
	}
	assert_int_equal(rc, 0);
	assert_int_equal(number, 60);
	vega_cursor_close(cursor);
	vega_journal_close(journal);
	free(buffer);
}

static void
refused(const char *path, int rc, int status, const char *needle)
{
	struct vega_journal *journal;

	assert_int_equal(vega_journal_open(path, &journal), rc);
	assert_int_equal(vega_err_status(), status);
	if (strstr(vega_err_text(), needle) == NULL)
		fail_msg("'%s' does not say '%s'", vega_err_text(), needle);
}

static void
what_is_no_journal_is_refused(void **state)
{
	const char *path = jmake_path(jmake_dir, "bad.pcapng");
	char text[8192] = "some text";

	(void)state;
	refused("/nonexistent/journal", -ENOENT, EX_NOINPUT, "/nonexistent/journal");
	(void)jmake_path(jmake_dir, "empty/x");
	refused(jmake_path(jmake_dir, "empty"), -ENOENT, EX_NOINPUT, "frames-NNNN.pcapng");
	jmake_write(path, text, 0);
	refused(path, -EBADMSG, EX_DATAERR, "found 0");
	jmake_write(path, text, sizeof(text));
	refused(path, -EBADMSG, EX_DATAERR, "another kind of file");
	refused("/dev/null", -EBADMSG, EX_DATAERR, "device");

	jmake_begin(&m, "FEED", 20261120, 0, 1);
	m.bytes[VEGA_HEAD_OFF + offsetof(struct vega_head, version)] = 2;
	jmake_save(&m, path);
	refused(path, -EBADMSG, EX_DATAERR, "version 2");
	jmake_head(&m);
	m.bytes[VEGA_HEAD_OFF + offsetof(struct vega_head, incompat_flags)] = 4;
	jmake_save(&m, path);
	refused(path, -EBADMSG, EX_DATAERR, "0x4");
	jmake_free(&m);
}

/* In a folder, a file without a usable head costs itself alone. */
static void
one_bad_file_among_many(void **state)
{
	struct vega_journal *journal;
	uint64_t damaged = 0;

	(void)state;
	save_sealed(jmake_path(jmake_dir, "many/20261120/FEED/frames-0000.pcapng"), 0, 1000, 1);
	jmake_write(jmake_path(jmake_dir, "many/20261120/FEED/frames-0001.pcapng"), "junk", 4);
	save_sealed(jmake_path(jmake_dir, "many/20261120/FEED/frames-0002.pcapng"), 2, 2000, 1);
	assert_int_equal(vega_journal_open(jmake_path(jmake_dir, "many"), &journal), 0);
	assert_int_equal(vega_journal_file_cnt(journal), 3);
	for (uint32_t i = 0; i < 3; i++)
		damaged += vega_journal_file(journal, i)->damaged_blocks;
	assert_int_equal(damaged, 1);
	vega_journal_close(journal);
	assert_int_equal(take(jmake_path(jmake_dir, "many"), 0, UINT64_MAX).cnt, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_file_tells_everything),
		cmocka_unit_test(any_level_can_be_named),
		cmocka_unit_test(files_come_in_recorded_order),
		cmocka_unit_test(seek_reads_one_block),
		cmocka_unit_test(times_that_go_backward),
		cmocka_unit_test(unsealed_with_any_idx),
		cmocka_unit_test(holes_are_told_with_their_times),
		cmocka_unit_test(damaged_block_is_a_hole),
		cmocka_unit_test(payload_that_is_no_chain),
		cmocka_unit_test(follows_a_growing_file),
		cmocka_unit_test(a_late_block_is_no_hole),
		cmocka_unit_test(blocks_and_frames_agree),
		cmocka_unit_test(what_is_no_journal_is_refused),
		cmocka_unit_test(one_bad_file_among_many),
	};

	return cmocka_run_group_tests(tests, jmake_setup, jmake_teardown);
}
