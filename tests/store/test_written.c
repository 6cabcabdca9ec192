/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the drain writes, the verifier finds whole and the reader serves: three readings of the format that must agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/tree.h"
#include "store/vega_journal.h"
#include "store/verify.h"
#include "tests/store/journal_make.h"
#include "tests/store/rig.h"

#define FRAME_CNT 9000u

static void
tell(void *arg, const struct vega_damage *damage)
{
	(void)arg;
	print_error(
		"%s: %llu: %s\n", damage->path, (unsigned long long)damage->file_off, damage->what);
}

static struct vega_verify_sum
verify_all(const char *path)
{
	const struct vega_verify_hooks hooks = {.damage = tell};
	struct vega_verify_sum sum = {0};
	struct vega_tree tree;

	assert_int_equal(vega_tree_list(jmake_io, path, &tree), 0);
	for (uint32_t i = 0; i < tree.file_cnt; i++)
		assert_int_equal(vega_verify_file(jmake_io, tree.files[i].path, &hooks, &sum), 0);
	vega_tree_free(&tree);
	assert_int_equal(sum.damaged_blocks, 0);
	return sum;
}

static uint64_t
serve(struct vega_cursor *cursor, uint64_t number)
{
	struct vega_frame frame;

	while (vega_cursor_next(cursor, &frame) == 1) {
		assert_int_equal(frame.frame_number, number);
		assert_int_equal(frame.recv_ns, RIG_T0_NS + number * 1000);
		number++;
	}
	return number;
}

static void
rig_start(struct rig *rig, const char *name)
{
	static char journal[4096];

	(void)snprintf(journal, sizeof(journal), "%s/%s", jmake_dir, name);
	rig_new(rig, 2, 4);
	rig->conf.journal_dir = journal;
	rig->conf.io = "pwrite";
	rig->conf.file_bytes_max = 3u << 20;
	assert_int_equal(vega_drain_new(&rig->conf, &rig->drain), 0);
}

/* Lay frames up to `until`, draining whenever the lane is full. */
static void
lay(struct rig *rig, uint32_t feed, uint64_t until)
{
	while (rig->writers[feed].frame_next < until)
		if (!rig_frame(rig, feed, 1000))
			rig_settle(rig);
}

/* Several files a feed, read while they are written and again when they are sealed. */
static void
all_readings_agree(void **state)
{
	struct vega_verify_sum sum;
	struct vega_journal *journal;
	struct vega_cursor *cursor;
	uint64_t served;
	uint64_t packets = 0;
	struct rig rig;

	(void)state;
	rig_start(&rig, "agree");
	lay(&rig, 0, 2000);
	rig_seal(&rig, 0, VEGA_SEAL_AGE);
	rig_settle(&rig);
	assert_int_equal(vega_journal_open(rig.conf.journal_dir, &journal), 0);
	assert_int_equal(vega_cursor_open(journal, 0, 0, UINT64_MAX, NULL, NULL, &cursor), 0);
	served = serve(cursor, 0);
	assert_int_equal(served, 2000);
	sum = verify_all(rig.conf.journal_dir);
	assert_int_equal(sum.unsealed_files, 1);
	assert_int_equal(sum.packets, 2000);
	lay(&rig, 0, 2500);
	rig_seal(&rig, 0, VEGA_SEAL_AGE);
	rig_settle(&rig);
	assert_int_equal(serve(cursor, served), 2500);
	vega_cursor_close(cursor);
	vega_journal_close(journal);

	lay(&rig, 0, FRAME_CNT);
	lay(&rig, 1, FRAME_CNT);
	rig_seal(&rig, 0, VEGA_SEAL_STOP);
	rig_seal(&rig, 1, VEGA_SEAL_STOP);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	sum = verify_all(rig.conf.journal_dir);
	assert_int_equal(sum.unsealed_files, 0);
	assert_int_equal(sum.packets, 2 * FRAME_CNT);
	assert_true(sum.files > 4);
	assert_int_equal(vega_journal_open(rig.conf.journal_dir, &journal), 0);
	assert_int_equal(vega_journal_feed_cnt(journal), 2);
	for (uint32_t i = 0; i < vega_journal_file_cnt(journal); i++) {
		assert_true(vega_journal_file(journal, i)->sealed);
		assert_int_equal(vega_journal_file(journal, i)->damaged_blocks, 0);
		packets += vega_journal_file(journal, i)->packet_cnt;
	}
	assert_int_equal(packets, 2 * FRAME_CNT);
	for (uint32_t feed = 0; feed < 2; feed++) {
		assert_int_equal(
			vega_cursor_open(journal, feed, 0, UINT64_MAX, NULL, NULL, &cursor), 0);
		assert_int_equal(serve(cursor, 0), FRAME_CNT);
		vega_cursor_close(cursor);
	}
	vega_journal_close(journal);
	rig_delete(&rig);
}

/* The lane overflows at the very end, and no block follows to tell it: verified, and served once. */
static void
losses_at_the_end_are_told(void **state)
{
	const struct vega_journal_file *file;
	struct vega_journal *journal;
	struct rig rig;
	uint64_t lost = 0;

	(void)state;
	rig_start(&rig, "losses");
	lay(&rig, 0, 100);
	rig.writers[0].losses.oversize = 2;
	rig_seal(&rig, 0, VEGA_SEAL_AGE);
	while (lost < 10)
		lost += rig_frame(&rig, 0, 1000) == 0;
	rig.writers[0].losses.port_missed = 5;
	rig_seal(&rig, 0, VEGA_SEAL_STOP);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	(void)verify_all(rig.conf.journal_dir);
	assert_int_equal(vega_journal_open(rig.conf.journal_dir, &journal), 0);
	lost = 0;
	for (uint32_t i = 0; i < vega_journal_file_cnt(journal); i++) {
		file = vega_journal_file(journal, i);
		lost += file->lost_lane_full;
		assert_int_equal(file->lost_oversize, i == 0 ? 2 : 0);
		assert_int_equal(file->lost_port, i + 1 == vega_journal_file_cnt(journal) ? 5 : 0);
	}
	assert_int_equal(lost, 10);
	vega_journal_close(journal);
	rig_delete(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_readings_agree),
		cmocka_unit_test(losses_at_the_end_are_told),
	};

	return cmocka_run_group_tests(tests, jmake_setup, jmake_teardown);
}
