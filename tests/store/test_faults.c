/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk that refuses to read, answers in pieces, or cuts a file just after it told its size. What is read is right, and
 * what is not read is reported: by an error, a hole, or damage counted on opening. The same of the verifier.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/recover.h"
#include "store/verify.h"
#include "tests/lib/io_mem.h"
#include "tests/lib/rng.h"
#include "tests/store/readback.h"
#include "tests/store/rig.h"

#define DISKS 60u
#define RUNS  60u /* of faults, a disk */
#define FEEDS 2u

/* What the runs came to: else the test proves nothing. */
static unsigned error_runs;   /* the reader gave up */
static unsigned told_runs;    /* it went on; what is missing of a whole journal is told */
static unsigned all_runs;     /* it served all there is */
static unsigned refused_runs; /* the verifier gave up */
static unsigned agreed_runs;  /* it found what it finds without faults */
static uint64_t seed_now;
static bool passed;

/* What a disk holds, read without a fault. */
struct truth {
	struct readback read[FEEDS];
	struct vega_verify_sum sum[FEEDS];
};

static void
capture(struct vega_io *io, struct rng *rng)
{
	struct rig rig;

	rig_new(&rig, FEEDS, 8);
	rig.conf.file_bytes_max = 16384 + rng_below(rng, 100000);
	rig_drain_mem(&rig, io);
	for (uint64_t n = 10 + rng_below(rng, 60); n > 0; n--) {
		const uint32_t feed = (uint32_t)rng_below(rng, FEEDS);

		for (uint64_t frames = 1 + rng_below(rng, 30); frames > 0; frames--)
			(void)rig_frame(&rig, feed, (uint32_t)rng_below(rng, 1500));
		rig_seal(&rig, feed, VEGA_SEAL_AGE);
		rig.now_ns += rng_below(rng, 700000000);
		(void)vega_drain_poll(rig.drain, rig.now_ns);
	}
	if (rng_one_in(rng, 2))
		(void)!vega_drain_finish(rig.drain);
	rig_delete(&rig);
}

/* Sealed, unsealed, torn and recovered files, and idx files beside some. */
static struct vega_io *
make_disk(struct rng *rng)
{
	struct vega_io *io = io_mem_new(rng_next(rng));
	struct vega_recover_report report;
	const char *path;
	char name[256];

	io_mem_faults(io)->reorder = true;
	io_mem_faults(io)->power_ops = rng_one_in(rng, 2) ? 0 : 40 + rng_below(rng, 200);
	capture(io, rng);
	if (io_mem_power_is_off(io) || rng_one_in(rng, 2))
		io_mem_crash(io);
	*io_mem_faults(io) = (struct io_mem_faults){0};
	for (uint32_t i = 0; (path = io_mem_path(io, i)) != NULL; i++) {
		(void)snprintf(name, sizeof(name), "%s", path);
		if (strstr(name, ".idx") == NULL && rng_one_in(rng, 4))
			(void)!vega_recover_file(io, name, NULL, NULL, &report);
	}
	return io;
}

static struct io_mem_faults
draw_faults(struct rng *rng)
{
	const uint32_t short_one_in = 1 + (uint32_t)rng_below(rng, 4);
	const uint32_t eio_one_in = 1u << rng_below(rng, 10);
	const uint32_t shrink_one_in = 1 + (uint32_t)rng_below(rng, 12);

	switch (rng_below(rng, 4)) {
	case 0:
		return (struct io_mem_faults){.read_short_one_in = short_one_in};
	case 1:
		return (struct io_mem_faults){.read_eio_one_in = eio_one_in};
	case 2:
		return (struct io_mem_faults){.shrink_one_in = shrink_one_in};
	default:
		return (struct io_mem_faults){
			.read_short_one_in = short_one_in,
			.read_eio_one_in = eio_one_in,
			.shrink_one_in = shrink_one_in,
		};
	}
}

/* Short reads are no fault: nobody may notice them. */
static bool
may_be_noticed(const struct io_mem_faults *faults)
{
	return faults->read_eio_one_in != 0 || faults->shrink_one_in != 0;
}

static void
check_reader(struct vega_io *io, const struct io_mem_faults *faults, uint32_t feed,
	uint64_t from_frame, const struct readback *truth)
{
	static struct readback read;
	const uint64_t told_before = truth->holes + truth->damaged_blocks;
	uint64_t missing = 0;

	readback_feed(io, feed, RIG_T0_NS + from_frame * 1000, &read);
	for (uint64_t n = from_frame; n < READBACK_FRAMES_MAX; n++) {
		assert_true(read.seen[n] <= truth->seen[n]);
		missing += truth->seen[n] && !read.seen[n];
	}
	if (!may_be_noticed(faults)) {
		assert_int_equal(read.rc, truth->rc);
		assert_int_equal(missing, 0);
	}
	if (read.rc < 0) {
		error_runs++;
	} else if (missing == 0) {
		all_runs++;
	} else {
		assert_true(read.holes + read.damaged_blocks != 0);
		told_runs += told_before == 0;
	}
}

static void
check_verifier(struct vega_io *io, const struct io_mem_faults *faults, uint32_t feed,
	const struct vega_verify_sum *truth)
{
	struct vega_verify_sum sum;
	const int rc = readback_verify(io, feed, &sum);

	if (rc < 0) {
		assert_true(may_be_noticed(faults));
		refused_runs++;
		return;
	}
	assert_int_equal(sum.packets, truth->packets);
	assert_int_equal(sum.blocks, truth->blocks);
	assert_int_equal(sum.damaged_blocks, truth->damaged_blocks);
	assert_int_equal(sum.tail_bytes, truth->tail_bytes);
	assert_int_equal(sum.hole_bytes, truth->hole_bytes);
	agreed_runs++;
}

static void
run_faults(const struct vega_io *disk, struct rng *rng, const struct truth *truth)
{
	const struct io_mem_faults faults = draw_faults(rng);
	const uint32_t feed = (uint32_t)rng_below(rng, FEEDS);
	const uint64_t frames = truth->read[feed].frames;
	const uint64_t from_frame = frames == 0 || rng_one_in(rng, 2) ? 0 : rng_below(rng, frames);
	struct vega_io *io = io_mem_copy(disk, rng_next(rng));

	*io_mem_faults(io) = faults;
	check_reader(io, &faults, feed, from_frame, &truth->read[feed]);
	vega_io_delete(io);
	io = io_mem_copy(disk, rng_next(rng));
	*io_mem_faults(io) = faults;
	check_verifier(io, &faults, feed, &truth->sum[feed]);
	vega_io_delete(io);
}

static void
test_read_faults(void **state)
{
	static struct truth truth;
	const uint64_t seed = rng_seed(1);

	(void)state;
	for (uint64_t n = 0; n < DISKS; n++) {
		struct rng rng = {seed_now = seed + n};
		struct vega_io *disk = make_disk(&rng);

		for (uint32_t feed = 0; feed < FEEDS; feed++) {
			readback_feed(disk, feed, 0, &truth.read[feed]);
			assert_int_equal(readback_verify(disk, feed, &truth.sum[feed]), 0);
		}
		for (uint32_t run = 0; run < RUNS; run++)
			run_faults(disk, &rng, &truth);
		vega_io_delete(disk);
	}
	print_message("reader: %u errors, %u losses told of whole journals, %u served all; "
		      "verifier: %u errors, %u agreed\n",
		error_runs, told_runs, all_runs, refused_runs, agreed_runs);
	assert_true(error_runs > 100 && told_runs > 100 && all_runs > 100);
	assert_true(refused_runs > 100 && agreed_runs > 100);
	passed = true;
}

static int
name_the_seed(void **state)
{
	(void)state;
	if (!passed)
		print_message("the disk that failed is the first one of VEGA_SEED=%llu\n",
			(unsigned long long)seed_now);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_faults),
	};

	return cmocka_run_group_tests(tests, NULL, name_the_seed);
}
