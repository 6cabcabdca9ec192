/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the lane to the disk: order, release, durability, loss, and going on when storage does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "store/format.h"
#include "tests/lib/io_mem.h"
#include "tests/lib/rng.h"
#include "tests/store/rig.h"

#define S 1000000000ull

static struct rig_file
look(struct vega_io *io, const char *path, uint32_t feed)
{
	uint64_t bytes;
	uint8_t *at = io_mem_bytes(io, path, &bytes);

	assert_non_null(at);
	return rig_look(at, bytes, feed);
}

static void
test_first_file(void **state)
{
	struct vega_io *io = io_mem_new(1);
	const struct vega_drain_cells *cells;
	struct rig_file file;
	struct rig rig;

	(void)state;
	rig_new(&rig, 1, 4);
	rig_drain_mem(&rig, io);
	cells = rig_cells(&rig, 0);
	assert_true(vega_drain_idle(rig.drain));
	assert_null(io_mem_path(io, 0));
	for (int i = 0; i < 100; i++)
		assert_true(rig_frame(&rig, 0, 60 + (uint32_t)i));
	rig_seal(&rig, 0, VEGA_SEAL_AGE);
	assert_false(vega_drain_idle(rig.drain));
	rig_settle(&rig);
	assert_true(vega_drain_idle(rig.drain));
	assert_int_equal(cells->frames_written, 100);
	assert_int_equal(cells->durable_frames, 0);
	assert_string_equal(io_mem_path(io, 0), "/j/20231114/feed0/frames-0000.pcapng");
	assert_string_equal(io_mem_path(io, 1), "/j/20231114/feed0/frames-0000.pcapng.idx");

	rig.now_ns += S - 1;
	rig_settle(&rig);
	assert_int_equal(cells->durable_frames, 0);
	rig.now_ns += 1;
	rig_settle(&rig);
	assert_int_equal(cells->durable_frames, 100);
	assert_int_equal(cells->durable_blocks, 1);
	assert_int_equal(cells->durable_ns, RIG_T0_NS + 99 * 1000);

	assert_int_equal(vega_drain_finish(rig.drain), 0);
	assert_null(io_mem_path(io, 1));
	file = look(io, io_mem_path(io, 0), 0);
	assert_true(file.sealed);
	assert_int_equal(file.frames, 100);
	assert_int_equal(file.torn_bytes, 0);
	assert_int_equal(cells->files_opened, 1);
	assert_int_equal(cells->files_sealed, 1);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* Full blocks, several at once, over a disk that answers late, short and out of order. */
static void
test_load(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		struct vega_io *io = io_mem_new(rng_seed(seed));
		const struct vega_drain_cells *cells;
		struct rig_file file;
		uint64_t frames = 0;
		struct rig rig;

		rig_new(&rig, 1, 8);
		rig.conf.depth = 5;
		*io_mem_faults(io) = (struct io_mem_faults){
			.late_one_in = 2, .short_one_in = 3, .reorder = true};
		rig_drain_mem(&rig, io);
		cells = rig_cells(&rig, 0);
		while (frames < 20000) {
			if (rig_frame(&rig, 0, 1000 + (uint32_t)frames % 500))
				frames++;
			else
				(void)vega_drain_poll(rig.drain, rig.now_ns);
		}
		rig_seal(&rig, 0, VEGA_SEAL_STOP);
		assert_int_equal(vega_drain_finish(rig.drain), 0);
		file = look(io, "/j/20231114/feed0/frames-0000.pcapng", 0);
		assert_true(file.sealed);
		assert_int_equal(file.frames, 20000);
		assert_int_equal(cells->frames_written, 20000);
		assert_int_equal(cells->durable_frames, 20000);
		assert_int_equal(cells->durable_blocks, cells->blocks_written);
		assert_int_equal(cells->lost_disk, 0);
		assert_true(cells->lag_blocks_max <= 8);
		rig_delete(&rig);
		vega_io_delete(io);
	}
}

static void
test_feeds_share_a_drain(void **state)
{
	struct vega_io *io = io_mem_new(3);
	struct rig rig;

	(void)state;
	rig_new(&rig, 3, 4);
	rig.conf.depth = 1;
	rig_drain_mem(&rig, io);
	for (int round = 0; round < 3; round++)
		for (uint32_t feed = 0; feed < 3; feed++) {
			for (int i = 0; i < 10; i++)
				assert_true(rig_frame(&rig, feed, 100));
			rig_seal(&rig, feed, VEGA_SEAL_AGE);
		}
	rig_settle(&rig);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	for (uint32_t feed = 0; feed < 3; feed++) {
		struct rig_file file = look(io, io_mem_path(io, feed), feed);

		assert_true(file.sealed);
		assert_int_equal(file.blocks, 3);
		assert_int_equal(file.frames, 30);
	}
	rig_delete(&rig);
	vega_io_delete(io);
}

static void
block_of(struct rig *rig, uint32_t frames, enum vega_seal cause)
{
	for (uint32_t i = 0; i < frames; i++)
		assert_true(rig_frame(rig, 0, 200));
	rig_seal(rig, 0, cause);
	rig_settle(rig);
}

/* Rotation: by a step of the clock, the link type, age, size and day. */
static void
test_rotation(void **state)
{
	struct vega_io *io = io_mem_new(4);
	struct rig rig;
	uint64_t frames = 0;
	uint32_t i;

	(void)state;
	rig_new(&rig, 1, 4);
	rig.conf.file_age_ns_max = 10 * S;
	rig.conf.file_bytes_max = 40960;
	rig_drain_mem(&rig, io);
	block_of(&rig, 3, VEGA_SEAL_CLOCK); /* 0 */
	block_of(&rig, 3, VEGA_SEAL_AGE);   /* 1 */
	vega_frame_linktype(&rig.writers[0], 113);
	block_of(&rig, 3, VEGA_SEAL_AGE); /* 2 */
	rig.now_ns += 10 * S;
	rig_settle(&rig);
	assert_null(io_mem_path(io, 3)); /* by age, before the next block comes */
	for (i = 0; i < 9; i++)
		block_of(&rig, 3,
			VEGA_SEAL_AGE); /* 3, and from the eighth, 4: head, blocks and tail fill 40960 */
	rig.writers[0].frame_next = 86400ull * 1000000;
	block_of(&rig, 3, VEGA_SEAL_AGE); /* the next day: 0 */
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	for (i = 0; io_mem_path(io, i) != NULL; i++) {
		uint64_t bytes;
		struct rig_file file = look(io, io_mem_path(io, i), 0);

		assert_true(file.sealed);
		(void)io_mem_bytes(io, io_mem_path(io, i), &bytes);
		assert_true(bytes <= 40960);
		frames += file.frames;
	}
	assert_int_equal(i, 6);
	assert_int_equal(frames, 39);
	assert_string_equal(io_mem_path(io, 4), "/j/20231114/feed0/frames-0004.pcapng");
	assert_string_equal(io_mem_path(io, 5), "/j/20231115/feed0/frames-0000.pcapng");
	rig_delete(&rig);
	vega_io_delete(io);
}

/* A restart goes on beside what is there. */
static void
test_restart_overwrites_nothing(void **state)
{
	struct vega_io *io = io_mem_new(5);
	struct rig rig;

	(void)state;
	for (int start = 0; start < 3; start++) {
		rig_new(&rig, 1, 4);
		rig_drain_mem(&rig, io);
		block_of(&rig, 5, VEGA_SEAL_AGE);
		if (start != 1) /* the second ends without sealing */
			assert_int_equal(vega_drain_finish(rig.drain), 0);
		rig_delete(&rig);
	}
	assert_string_equal(io_mem_path(io, 0), "/j/20231114/feed0/frames-0000.pcapng");
	assert_string_equal(io_mem_path(io, 1), "/j/20231114/feed0/frames-0001.pcapng");
	assert_string_equal(io_mem_path(io, 2), "/j/20231114/feed0/frames-0001.pcapng.idx");
	assert_string_equal(io_mem_path(io, 3), "/j/20231114/feed0/frames-0002.pcapng");
	assert_null(io_mem_path(io, 4));
	for (uint32_t i = 0; i < 4; i += i == 1 ? 2 : 1)
		assert_int_equal(look(io, io_mem_path(io, i), 0).frames, 5);
	vega_io_delete(io);
}

/* The disk fills up, stays full for a while, has room again: frames = written + lost, and the loss is told. */
static void
full_disk(bool no_reserve)
{
	struct vega_io *io = io_mem_new(6);
	const struct vega_drain_cells *cells;
	uint64_t written = 0;
	uint64_t told = 0;
	struct rig rig;

	rig_new(&rig, 1, 8);
	rig.conf.file_bytes_max = 1ull << 20;
	io_mem_faults(io)->capacity_bytes = 3u << 20;
	io_mem_faults(io)->no_reserve = no_reserve;
	rig_drain_mem(&rig, io);
	cells = rig_cells(&rig, 0);
	for (int i = 0; i < 200; i++) {
		block_of(&rig, 100, VEGA_SEAL_AGE);
		rig.now_ns += S / 4;
		if (i == 180)
			io_mem_faults(io)->capacity_bytes = 0;
	}
	assert_true(cells->lost_disk > 0);
	assert_int_equal(vega_drain_finish(rig.drain), -ENOSPC);
	assert_int_equal(cells->frames_written + cells->lost_disk, 20000);
	assert_true(cells->write_errors > 0);
	for (uint32_t i = 0; io_mem_path(io, i) != NULL; i++) {
		struct rig_file file = look(io, io_mem_path(io, i), 0);

		assert_true(file.sealed);
		assert_int_equal(file.torn_bytes, 0);
		written += file.frames;
		told += file.lost;
	}
	assert_int_equal(written, cells->frames_written);
	assert_int_equal(told, cells->lost_disk);
	assert_int_equal(cells->durable_frames, written);
	rig_delete(&rig);
	vega_io_delete(io);
}

static void
test_full_disk(void **state)
{
	(void)state;
	full_disk(false);
	full_disk(true);
}

/* Writes and syncs that fail now and then. Nothing is lost unseen, and everything written can be read. */
static void
test_failing_disk(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct vega_io *io = io_mem_new(rng_seed(0) + seed);
		const struct vega_drain_cells *cells;
		uint64_t found = 0;
		struct rig rig;
		int rc;

		rig_new(&rig, 1, 8);
		*io_mem_faults(io) = (struct io_mem_faults){.eio_one_in = seed % 2 == 0 ? 15 : 0,
			.sync_eio_one_in = seed % 3 == 0 ? 6 : 0,
			.late_one_in = 3,
			.reorder = true};
		rig_drain_mem(&rig, io);
		cells = rig_cells(&rig, 0);
		for (int i = 0; i < 40; i++) {
			for (int n = 0; n < 5; n++)
				assert_true(rig_frame(&rig, 0, 500));
			rig_seal(&rig, 0, VEGA_SEAL_AGE);
			if (i % 7 != 0)
				rig_settle(&rig);
			rig.now_ns += S / 2;
		}
		rc = vega_drain_finish(rig.drain);
		assert_int_equal(rc, cells->write_errors == 0 ? 0 : -EIO);
		assert_true(vega_drain_idle(rig.drain));
		assert_int_equal(cells->frames_written + cells->lost_disk, 200);
		assert_true(cells->durable_frames <= cells->frames_written);
		for (uint32_t i = 0; io_mem_path(io, i) != NULL; i++)
			if (strstr(io_mem_path(io, i), ".idx") == NULL)
				found += look(io, io_mem_path(io, i), 0).frames;
		assert_int_equal(found, cells->frames_written);
		rig_delete(&rig);
		vega_io_delete(io);
	}
}

/* While storage is away a quarter of the lane is kept for its return; the rest is lost and counted. */
static void
test_quarter_is_kept(void **state)
{
	struct vega_io *io = io_mem_new(7);
	struct rig rig;

	(void)state;
	rig_new(&rig, 1, 16);
	rig_drain_mem(&rig, io);
	io_mem_faults(io)->capacity_bytes = 1;
	for (int i = 0; i < 4; i++)
		block_of(&rig, 1, VEGA_SEAL_AGE);
	assert_int_equal(rig_cells(&rig, 0)->lost_disk, 0);
	for (int i = 0; i < 6; i++)
		block_of(&rig, 1, VEGA_SEAL_AGE);
	assert_int_equal(rig_cells(&rig, 0)->lost_disk, 6);
	io_mem_faults(io)->capacity_bytes = 0;
	rig.now_ns += S - 1;
	rig_settle(&rig);
	assert_int_equal(rig_cells(&rig, 0)->frames_written, 0);
	rig.now_ns += 1;
	rig_settle(&rig);
	assert_int_equal(rig_cells(&rig, 0)->frames_written, 4);
	assert_int_equal(look(io, io_mem_path(io, 0), 0).lost, 6);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* What was kept is tried once more at the end, without waiting for its time. */
static void
test_last_try(void **state)
{
	struct vega_io *io = io_mem_new(8);
	struct rig rig;

	(void)state;
	rig_new(&rig, 1, 16);
	rig_drain_mem(&rig, io);
	io_mem_faults(io)->capacity_bytes = 1;
	for (int i = 0; i < 4; i++)
		block_of(&rig, 1, VEGA_SEAL_AGE);
	io_mem_faults(io)->capacity_bytes = 0;
	assert_int_equal(vega_drain_finish(rig.drain), -ENOSPC);
	assert_int_equal(rig_cells(&rig, 0)->frames_written, 4);
	assert_int_equal(rig_cells(&rig, 0)->lost_disk, 0);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* The lane overflows at the very end and no block follows: the file's tail tells it, beside what the port lost. */
static void
test_losses_at_the_end(void **state)
{
	struct vega_io *io = io_mem_new(9);
	const struct vega_isb *isb;
	struct rig_file file;
	struct rig rig;
	uint64_t bytes;
	uint64_t lost = 0;
	uint8_t *at;

	(void)state;
	rig_new(&rig, 1, 4);
	rig_drain_mem(&rig, io);
	rig.writers[0].losses.port_missed = 2; /* told by the first block */
	while (lost < 10)
		lost += rig_frame(&rig, 0, 1400) == 0;
	rig.writers[0].losses.port_missed = 3;
	rig.writers[0].losses.port_nombuf = 4;
	rig_seal(&rig, 0, VEGA_SEAL_STOP);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	file = look(io, io_mem_path(io, 0), 0);
	assert_true(file.sealed);
	assert_int_equal(file.blocks, 4);
	assert_int_equal(file.lost_end, 17);
	assert_int_equal(file.lost, 19);
	at = io_mem_bytes(io, io_mem_path(io, 0), &bytes);
	isb = (const struct vega_isb *)(const void *)(at + bytes - VEGA_TRAILER_BYTES -
						      VEGA_ISB_BYTES);
	assert_int_equal(isb->received_cnt[0], file.frames + 19);
	assert_int_equal(isb->if_drop_cnt[0], 9);
	assert_int_equal(isb->os_drop_cnt[0], 10);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* Storage fails for good: the frames behind the last good block are told by the tail, which space is kept for. */
static void
test_last_blocks_lost(void **state)
{
	struct vega_io *io = io_mem_new(10);
	struct rig_file file;
	struct rig rig;

	(void)state;
	rig_new(&rig, 1, 4);
	rig_drain_mem(&rig, io);
	block_of(&rig, 5, VEGA_SEAL_AGE);
	io_mem_faults(io)->eio_one_in = 1;
	for (int i = 0; i < 3; i++)
		assert_true(rig_frame(&rig, 0, 200));
	rig_seal(&rig, 0, VEGA_SEAL_AGE);
	for (int i = 0; rig_cells(&rig, 0)->lost_disk == 0 && i < 100; i++)
		(void)vega_drain_poll(rig.drain, rig.now_ns);
	io_mem_faults(io)->eio_one_in = 0;
	assert_int_equal(vega_drain_finish(rig.drain), -EIO);
	file = look(io, io_mem_path(io, 0), 0);
	assert_true(file.sealed);
	assert_int_equal(file.frames, 5);
	assert_int_equal(file.lost_end, 3);
	assert_int_equal(rig_cells(&rig, 0)->lost_disk, 3);
	rig_delete(&rig);
	vega_io_delete(io);
}

static void
test_without_a_journal(void **state)
{
	struct rig rig;

	(void)state;
	rig_new(&rig, 1, 2);
	rig.conf.journal_dir = NULL;
	assert_int_equal(vega_drain_new(&rig.conf, &rig.drain), 0);
	for (int i = 0; i < 10; i++)
		block_of(&rig, 10, VEGA_SEAL_AGE);
	assert_true(vega_drain_idle(rig.drain));
	assert_int_equal(rig_cells(&rig, 0)->block_number_next, 10);
	assert_int_equal(rig_cells(&rig, 0)->lost_disk, 0);
	assert_int_equal(rig_cells(&rig, 0)->frames_written, 0);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	rig_delete(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_file),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_feeds_share_a_drain),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_restart_overwrites_nothing),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_failing_disk),
		cmocka_unit_test(test_quarter_is_kept),
		cmocka_unit_test(test_last_try),
		cmocka_unit_test(test_losses_at_the_end),
		cmocka_unit_test(test_last_blocks_lost),
		cmocka_unit_test(test_without_a_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
