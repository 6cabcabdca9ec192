/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The disciplined clock against a made-up world: a counter of some rate, and a real time that drifts, is slewed and steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "capture/stamp.h"

/* Real time runs at (1 + ppm / 1e6) of what hz says, plus an offset. */
struct world {
	uint64_t hz;
	uint64_t ticks;
	double ns;
	double ppm;
};

static void
pass(struct world *w, double seconds)
{
	w->ticks += (uint64_t)((double)w->hz * seconds);
	w->ns += 1e9 * seconds * (1 + w->ppm / 1e6);
}

/* The true time stands in the high double digits: kept relative to this. */
#define BEGIN_NS 1795000000000000000ull

static uint64_t
world_ns(const struct world *w)
{
	return BEGIN_NS + (uint64_t)w->ns;
}

static struct vega_stamp_sample
look(const struct world *w, int64_t noise_ns)
{
	return (struct vega_stamp_sample){.ticks = w->ticks,
		.realtime_ns = world_ns(w) + (uint64_t)noise_ns,
		.window_ticks = 50,
		.tai_offset_ns = 37000000000};
}

static void
test_line_passes_through_its_base(void **state)
{
	const struct world w = {.hz = 2500000000, .ticks = 1ull << 60};
	const struct vega_stamp_sample s = look(&w, 0);
	struct vega_stamp stamp;

	(void)state;
	vega_stamp_begin(&stamp, &s, w.hz);
	assert_int_equal(vega_stamp_ns(&stamp, s.ticks), BEGIN_NS);
	assert_int_equal(vega_stamp_ns(&stamp, s.ticks + 2500),
		BEGIN_NS + 999); /* the rate is rounded down */
	assert_in_range(vega_stamp_ns(&stamp, s.ticks - 2500), BEGIN_NS - 1000, BEGIN_NS - 999);
	assert_in_range(vega_stamp_ns(&stamp, s.ticks + 2500000000ull * 86400),
		BEGIN_NS + 86399999900000ull, BEGIN_NS + 86400000000000ull);
}

/* A counter whose rate is 100 ppm off, looks that are up to 50 ns off: exact to 200 ns after a few seconds. */
static void
test_follows_a_wrong_rate(void **state)
{
	struct world w = {.hz = 2100000000, .ticks = 12345, .ppm = 100};
	struct vega_stamp_sample s = look(&w, 0);
	struct vega_stamp stamp;
	uint64_t seed = 1;

	(void)state;
	vega_stamp_begin(&stamp, &s, w.hz);
	for (int i = 0; i < 600; i++) {
		int64_t error_ns;

		pass(&w, 0.1);
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		s = look(&w, (int64_t)(seed >> 33) % 101 - 50);
		error_ns = vega_stamp_bend(&stamp, &s);
		if (i > 60)
			assert_in_range((uint64_t)(error_ns + 300), 0, 600);
	}
	assert_int_equal(stamp.step_cnt, 0);
	assert_in_range(stamp.ticks_hz, 2099780000, 2099800000);
}

/* Slewing at the most chrony does, in both directions, never backward, no step. */
static void
test_slewing_is_monotone(void **state)
{
	static const double slews[] = {0, 83333, 0, -83333};
	struct world w = {.hz = 3000000000, .ticks = 7};
	struct vega_stamp_sample s = look(&w, 0);
	struct vega_stamp stamp;
	uint64_t last_ns;

	(void)state;
	vega_stamp_begin(&stamp, &s, w.hz);
	last_ns = vega_stamp_ns(&stamp, w.ticks);
	for (int i = 0; i < 400; i++) {
		w.ppm = slews[i / 50 % 4];
		for (int k = 0; k < 10; k++) {
			const uint64_t ns = (pass(&w, 0.01), vega_stamp_ns(&stamp, w.ticks));

			assert_true(ns > last_ns);
			last_ns = ns;
		}
		s = look(&w, 0);
		(void)vega_stamp_bend(&stamp, &s);
		assert_true(vega_stamp_ns(&stamp, w.ticks) >= last_ns);
	}
	assert_int_equal(stamp.step_cnt, 0);
}

static void
test_steps_are_counted(void **state)
{
	struct world w = {.hz = 1000000000, .ns = 7200e9};
	struct vega_stamp_sample s = look(&w, 0);
	struct vega_stamp stamp;

	(void)state;
	vega_stamp_begin(&stamp, &s, w.hz);
	pass(&w, 0.1);
	w.ns += 9e6; /* slewing, as far as can be told */
	s = look(&w, 0);
	(void)vega_stamp_bend(&stamp, &s);
	assert_int_equal(stamp.step_cnt, 0);

	vega_stamp_begin(&stamp, &s, w.hz);
	pass(&w, 0.1);
	w.ns += 1e9;
	s = look(&w, 0);
	assert_in_range((uint64_t)vega_stamp_bend(&stamp, &s), 999999000, 1000001000);
	assert_int_equal(stamp.step_cnt, 1);
	assert_int_equal(stamp.back_cnt, 0);
	assert_int_equal(vega_stamp_ns(&stamp, w.ticks), world_ns(&w));

	pass(&w, 0.1);
	w.ns -= 3600e9;
	s = look(&w, 0);
	assert_true(vega_stamp_bend(&stamp, &s) < 0);
	assert_int_equal(stamp.step_cnt, 2);
	assert_int_equal(stamp.back_cnt, 1);
	assert_int_equal(vega_stamp_ns(&stamp, w.ticks), world_ns(&w));
	pass(&w, 0.1); /* and goes on from there */
	assert_in_range(vega_stamp_ns(&stamp, w.ticks), world_ns(&w) - 100, world_ns(&w) + 100);
}

static void
test_clock_block(void **state)
{
	const struct world w = {.hz = 1000000000, .ticks = 99};
	const struct vega_stamp_sample s = look(&w, 0);
	struct vega_clock_block block;
	struct vega_stamp stamp;

	(void)state;
	vega_stamp_begin(&stamp, &s, w.hz);
	vega_stamp_block(&stamp, VEGA_CLOCK_START, 3, &block);
	assert_int_equal(block.block_type, VEGA_BLOCK_CLOCK);
	assert_int_equal(block.block_length, 64);
	assert_int_equal(block.block_length2, 64);
	assert_int_equal(block.ticks, 99);
	assert_int_equal(block.ticks_hz, 1000000000);
	assert_int_equal(block.realtime_ns, BEGIN_NS);
	assert_int_equal(block.tai_offset_ns, 37000000000);
	assert_int_equal(block.flags, VEGA_CLOCK_START);
	assert_int_equal(block.interface_id, 3);
}

/* A reader that comes while a line is being written keeps its own. */
static void
test_cell_hands_over_whole_lines(void **state)
{
	struct vega_stamp in = {.base_ns = 1};
	struct vega_stamp out = {.base_ns = 7};
	struct vega_stamp_cell cell = {0};
	uint64_t seen = 0;

	(void)state;
	assert_false(vega_stamp_refresh(&cell, &seen, &out));
	vega_stamp_publish(&cell, &in);
	assert_true(vega_stamp_refresh(&cell, &seen, &out));
	assert_memory_equal(&in, &out, sizeof(in));
	assert_false(vega_stamp_refresh(&cell, &seen, &out));
	vega_store_relaxed(
		&cell.sequence, cell.sequence + 1); /* S1, and then the writer is preempted */
	cell.words[0] = 99;
	assert_false(vega_stamp_refresh(&cell, &seen, &out));
	assert_int_equal(out.base_ticks, in.base_ticks);
}

#define LINE_CNT 20000u

static void *
publish_many(void *arg)
{
	for (uint64_t i = 1; i <= LINE_CNT; i++) {
		const struct vega_stamp stamp = {
			.base_ticks = i, .base_ns = i, .rate_q32 = i, .ticks_hz = i};

		vega_stamp_publish(arg, &stamp);
	}
	return NULL;
}

/* Two threads: no line is ever a mixture. */
static void
test_cell_under_a_running_writer(void **state)
{
	struct vega_stamp_cell cell = {0};
	struct vega_stamp out = {0};
	uint64_t seen = 0;
	pthread_t writer;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, publish_many, &cell), 0);
	while (out.base_ticks < LINE_CNT) {
		if (!vega_stamp_refresh(&cell, &seen, &out))
			continue;
		assert_int_equal(out.base_ns, out.base_ticks);
		assert_int_equal(out.rate_q32, out.base_ticks);
		assert_int_equal(out.ticks_hz, out.base_ticks);
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
}

static void
test_real_samples_are_narrow(void **state)
{
	struct vega_stamp_sample s = {0};

	(void)state;
	vega_stamp_take(&s);
	assert_true(s.realtime_ns > 1700000000000000000ull);
	assert_true(s.window_ticks < UINT64_MAX);
	assert_int_equal(s.tai_offset_ns % 1000000000, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_passes_through_its_base),
		cmocka_unit_test(test_follows_a_wrong_rate),
		cmocka_unit_test(test_slewing_is_monotone),
		cmocka_unit_test(test_steps_are_counted),
		cmocka_unit_test(test_clock_block),
		cmocka_unit_test(test_cell_hands_over_whole_lines),
		cmocka_unit_test(test_cell_under_a_running_writer),
		cmocka_unit_test(test_real_samples_are_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
