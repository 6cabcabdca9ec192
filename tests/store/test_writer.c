/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One file: what goes into one write, when it is durable, how it is sealed or given up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/clock.h"
#include "store/writer.h"
#include "tests/lib/io_mem.h"
#include "tests/store/rig.h"

#define PATH  "/j/20231114/feed0/frames-0000.pcapng"
#define NOW   5000000000ull
#define LATER (NOW + 1000000000ull)

struct bench {
	struct rig rig;
	struct vega_io *io;
	struct vega_writer_feed feed;
	struct vega_writer *w;
	uint64_t taken;
};

/* A writer on a disk of capacity_bytes (0: no end) for a lane with `full` full blocks and one of a single frame. */
static void
begin(struct bench *b, uint32_t full, uint64_t capacity_bytes)
{
	struct vega_frame_lane *lane;

	*b = (struct bench){.io = io_mem_new(1)};
	rig_new(&b->rig, 1, 16);
	lane = vega_region_frame_lane(&b->rig.region, 0);
	io_mem_faults(b->io)->capacity_bytes = capacity_bytes;
	do
		assert_true(rig_frame(&b->rig, 0, 1400));
	while (lane->sealed < full);
	rig_seal(&b->rig, 0, VEGA_SEAL_AGE);
	b->feed = (struct vega_writer_feed){
		.journal_dir = "/j",
		.name = "feed0",
		.kind = VEGA_KIND_FRAMES,
		.zone = "Asia/Kolkata",
		.region = "rig",
		.lane = lane,
		.cells = &b->rig.region.drain[0],
		.file_bytes_max = 64ull << 20,
		.sync_interval_ns = 1000000000,
	};
	assert_int_equal(vega_writer_new(b->io, &b->feed,
				 vega_frame_block(b->rig.writers[0].lane, 0), NOW, &b->w),
		0);
}

static void
end(struct bench *b)
{
	vega_writer_delete(b->w);
	rig_delete(&b->rig);
	vega_io_delete(b->io);
}

static void
put_all(struct bench *b)
{
	struct vega_frame_lane *lane = b->rig.writers[0].lane;

	for (; b->taken < lane->sealed; b->taken++) {
		assert_true(vega_writer_wants(b->w, vega_frame_block(lane, b->taken)));
		vega_writer_put(b->w, vega_frame_block(lane, b->taken));
	}
	vega_writer_flush(b->w);
}

static void
settle(struct bench *b, uint64_t now_ns)
{
	do {
		while (vega_io_poll(b->io, false) != 0)
			;
	} while (vega_writer_poll(b->w, now_ns) != 0 || vega_io_poll(b->io, false) != 0);
}

static struct rig_file
look(struct bench *b)
{
	uint64_t bytes;
	uint8_t *at = io_mem_bytes(b->io, PATH, &bytes);

	assert_non_null(at);
	return rig_look(at, bytes, 0);
}

/* Blocks that lie one after another in memory and file are one write, up to VEGA_WRITER_RUN_MAX. */
static void
test_runs(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, 11, 0);
	assert_int_equal(b.w->run_cnt, 1); /* the head */
	put_all(&b);
	assert_int_equal(b.w->run_cnt, 3);
	assert_int_equal(b.w->runs[1].block_cnt, VEGA_WRITER_RUN_MAX);
	assert_int_equal(b.w->runs[1].bytes, VEGA_WRITER_RUN_MAX * VEGA_FRAME_BLOCK_BYTES);
	assert_int_equal(b.w->runs[2].block_cnt, 4);
	settle(&b, NOW);
	assert_int_equal(b.w->settled_cnt, 12);
	vega_writer_close(b.w);
	settle(&b, NOW);
	assert_int_equal(b.w->state, VEGA_WRITER_SEALED);
	assert_true(look(&b).sealed);
	assert_int_equal(look(&b).blocks, 12);
	end(&b);
}

static void
test_head(void **state)
{
	const uint64_t fake_ns = 1234567890;
	const struct vega_head *head;
	struct bench b;
	uint64_t bytes;

	(void)state;
	vega_clock_fake(&fake_ns);
	begin(&b, 0, 0);
	put_all(&b);
	vega_writer_close(b.w);
	settle(&b, NOW);
	head = vega_format_head_of(io_mem_bytes(b.io, PATH, &bytes));
	assert_int_equal(head->created_ns, fake_ns);
	assert_int_equal(head->generation, 7);
	assert_int_equal(head->day, 20231114);
	assert_int_equal(head->linktype, 1);
	assert_int_equal(head->file_number, 0);
	assert_string_equal(head->feed, "feed0");
	assert_string_equal(head->zone, "Asia/Kolkata");
	assert_string_equal(head->region, "rig");
	assert_memory_equal(head->file_id, b.w->file_id, 16);
	assert_int_equal(head->state, VEGA_FILE_SEALED);
	assert_int_equal(head->state_blocks, 1);
	assert_int_equal(head->state_bytes, bytes);
	end(&b);
	vega_clock_fake(NULL);
}

/* Durable takes three things: the write, a sync that began after it, and the folders. */
static void
test_durable(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, 0, 0);
	io_mem_faults(b.io)->hold_dir_syncs = true;
	put_all(&b);
	settle(&b, LATER);
	assert_int_equal(b.w->written.blocks, 1);
	assert_int_equal(b.w->durable.blocks, 0);
	io_mem_faults(b.io)->hold_dir_syncs = false;
	settle(&b, LATER - 1);
	assert_int_equal(b.w->durable.blocks, 0);
	settle(&b, LATER);
	assert_int_equal(b.w->durable.blocks, 1);

	/* a write that ends while a sync is under way is not covered by it */
	for (int i = 0; i < 2; i++) {
		assert_true(rig_frame(&b.rig, 0, 100));
		rig_seal(&b.rig, 0, VEGA_SEAL_AGE);
	}
	vega_writer_put(b.w, vega_frame_block(b.rig.writers[0].lane, 1));
	vega_writer_flush(b.w);
	(void)vega_io_poll(b.io, true);
	(void)vega_writer_poll(b.w, LATER + 1000000000);
	assert_true(b.w->sync_open);
	vega_writer_put(b.w, vega_frame_block(b.rig.writers[0].lane, 2));
	vega_writer_flush(b.w);
	while (vega_io_poll(b.io, false) != 0)
		;
	(void)vega_writer_poll(b.w, LATER + 1000000000);
	assert_int_equal(b.w->written.blocks, 3);
	assert_int_equal(b.w->durable.blocks, 2);
	assert_int_equal(b.w->durable.frames, 2);
	end(&b);
}

/* A disk of 4096-byte sectors: the state sector cannot be written alone. */
static void
test_large_sectors(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, 0, 0);
	io_mem_faults(b.io)->sector_bytes = 4096;
	put_all(&b);
	vega_writer_close(b.w);
	settle(&b, NOW);
	assert_int_equal(b.w->state, VEGA_WRITER_SEALED);
	assert_true(look(&b).sealed);
	assert_int_equal(b.feed.cells->write_errors, 0);
	end(&b);
}

/* Space for index and trailer is set aside with the blocks: a full disk can still be sealed on. */
static void
test_full_disk_is_sealed(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, 12, 10u << 20);
	for (; vega_writer_wants(b.w, vega_frame_block(b.rig.writers[0].lane, b.taken)); b.taken++)
		vega_writer_put(b.w, vega_frame_block(b.rig.writers[0].lane, b.taken));
	assert_true(b.taken > 0 && b.taken < 12);
	vega_writer_close(b.w);
	settle(&b, NOW);
	assert_int_equal(b.w->state, VEGA_WRITER_SEALED);
	assert_int_equal(look(&b).blocks, b.taken);
	assert_int_equal(b.feed.cells->write_errors, 0);
	end(&b);
}

/* The head cannot be written: nothing in the file can be read, all of it is lost, and the file goes. */
static void
test_headless(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, 0, 0);
	io_mem_faults(b.io)->eio_one_in = 1;
	(void)vega_io_poll(b.io, true);
	io_mem_faults(b.io)->eio_one_in = 0;
	put_all(&b);
	vega_writer_close(b.w);
	settle(&b, NOW);
	assert_int_equal(b.w->state, VEGA_WRITER_GIVEN_UP);
	assert_null(io_mem_path(b.io, 0));
	assert_int_equal(b.feed.cells->lost_disk, 1);
	assert_int_equal(b.feed.untold.disk, 1);
	assert_int_equal(b.feed.error.rc, -EIO);
	end(&b);
}

/* What a lost block would have told is told by the next one. */
static void
test_losses_are_told_later(void **state)
{
	struct vega_block_hdr *hdr;
	struct bench b;

	(void)state;
	begin(&b, 0, 0);
	hdr = vega_frame_block(b.rig.writers[0].lane, 0);
	hdr->lost_lane_full = 3;
	hdr->lost_port_missed = 4;
	vega_writer_lose(&b.feed, hdr);
	hdr->lost_oversize = 5;
	put_all(&b);
	assert_int_equal(hdr->lost_lane_full, 6);
	assert_int_equal(hdr->lost_port_missed, 8);
	assert_int_equal(hdr->lost_oversize, 5);
	assert_int_equal(hdr->lost_disk, 1);
	assert_int_equal(b.feed.untold.disk, 0);
	end(&b);
}

/* The newest file tells what is untold; an older one leaves it to the newer's next block. */
static void
test_newest_tells_the_end(void **state)
{
	(void)state;
	for (int newest = 0; newest < 2; newest++) {
		struct vega_writer newer = {0};
		struct bench b;

		begin(&b, 0, 0);
		put_all(&b);
		b.feed.untold.oversize = 5;
		b.w->next = newest ? NULL : &newer;
		vega_writer_close(b.w);
		settle(&b, NOW);
		assert_int_equal(b.w->state, VEGA_WRITER_SEALED);
		assert_int_equal(look(&b).lost_end, newest ? 5 : 0);
		assert_int_equal(b.feed.untold.oversize, newest ? 0 : 5);
		end(&b);
	}
}

/* Until a step of sealing has been asked for, and not yet been done. */
static void
run_to_step(struct bench *b, uint32_t step)
{
	for (;;) {
		(void)vega_writer_poll(b->w, NOW);
		if (b->w->state == VEGA_WRITER_SEALING && b->w->seal_step == step)
			return;
		(void)vega_io_poll(b->io, false);
	}
}

/* A seal that fails has told nothing, unless its trailer was durable already. */
static void
test_failed_seal_tells_nothing(void **state)
{
	enum {
		PUT_TAIL = 1,
		PUT_STATE = 3
	};

	(void)state;
	for (uint32_t fails_at = 0; fails_at <= PUT_STATE; fails_at++) {
		struct bench b;

		begin(&b, 0, 0);
		put_all(&b);
		settle(&b, NOW);
		b.feed.untold.lane_full = 5;
		b.feed.untold.disk = 6;
		vega_writer_close(b.w);
		run_to_step(&b, fails_at);
		assert_int_equal(b.feed.untold.disk, fails_at < PUT_TAIL ? 6 : 0);
		io_mem_faults(b.io)->eio_one_in = 1;
		io_mem_faults(b.io)->sync_eio_one_in = 1;
		settle(&b, NOW);
		assert_int_equal(b.w->state, VEGA_WRITER_GIVEN_UP);
		assert_int_equal(b.feed.untold.lane_full, fails_at < PUT_STATE ? 5 : 0);
		assert_int_equal(b.feed.untold.disk, fails_at < PUT_STATE ? 6 : 0);
		*io_mem_faults(b.io) = (struct io_mem_faults){0};
		end(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_durable),
		cmocka_unit_test(test_large_sectors),
		cmocka_unit_test(test_full_disk_is_sealed),
		cmocka_unit_test(test_headless),
		cmocka_unit_test(test_losses_are_told_later),
		cmocka_unit_test(test_newest_tells_the_end),
		cmocka_unit_test(test_failed_seal_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
