/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/compare.h"
#include "replay/pace.h"
#include "tests/lib/rng.h"

#define WINDOW 16u
#define T0     1748403900000000000ull

static struct vega_compare c;

static int
setup(void **state)
{
	(void)state;
	return vega_compare_open(&c, VEGA_SPEED_UNIT, WINDOW);
}

static int
teardown(void **state)
{
	(void)state;
	vega_compare_close(&c);
	return 0;
}

/* Each letter is a packet of that content, 100 ns after the one before it. */
static void
compare(const char *original, const char *captured)
{
	const size_t original_cnt = strlen(original);
	size_t at = 0;

	for (size_t i = 0; i <= strlen(captured); i++) {
		for (; at < original_cnt && vega_compare_wants(&c); at++)
			vega_compare_original(&c, (uint64_t)(uint8_t)original[at], T0 + at * 100);
		if (captured[i] != '\0')
			vega_compare_captured(&c, (uint64_t)(uint8_t)captured[i], T0 + 7 + i * 100);
	}
	vega_compare_finish(&c);
	for (; at < original_cnt; at++)
		vega_compare_original(&c, (uint64_t)(uint8_t)original[at], 0);
	vega_compare_finish(&c);
}

static void
check(uint64_t matched, uint64_t missing, uint64_t doubled, uint64_t foreign, uint64_t reordered)
{
	assert_int_equal(c.counts.matched, matched);
	assert_int_equal(c.counts.missing, missing);
	assert_int_equal(c.counts.doubled, doubled);
	assert_int_equal(c.counts.foreign, foreign);
	assert_int_equal(c.counts.reordered, reordered);
	assert_int_equal(c.counts.original, matched + missing);
	assert_int_equal(c.counts.captured, matched + doubled + foreign);
}

static void
test_the_same(void **state)
{
	(void)state;
	compare("abcdefgh", "abcdefgh");
	check(8, 0, 0, 0, 0);
	assert_int_equal(c.time_error.cnt, 7);
	assert_int_equal(c.time_error.max, 0);
	assert_int_equal(c.gap_error.max, 0);
}

static void
test_missing_doubled_foreign_reordered(void **state)
{
	(void)state;
	compare("abcdefgh", "abXcceefh");
	check(6, 2, 2, 1, 0);
}

static void
test_reordered(void **state)
{
	(void)state;
	compare("abcdefgh", "acbdefgh");
	check(8, 0, 0, 0, 1);
	assert_int_equal(c.gap_error.max, 200); /* b: 100 ns after c instead of before */
}

/* A heartbeat, h, that is lost takes no other's place, and one that came twice takes none. */
static void
test_equal_packets(void **state)
{
	(void)state;
	compare("habhcdhefh", "habcdhefh");
	check(9, 1, 0, 0, 0);
	assert_int_equal(c.time_error_ns_min, -100);
	assert_int_equal(c.time_error_ns_max, 0);
}

static void
test_equal_packets_doubled(void **state)
{
	(void)state;
	compare("habchdefh", "hhabchdefh");
	check(9, 0, 1, 0, 0);
	assert_int_equal(c.time_error_ns_max, 100);
	assert_int_equal(c.drift_ns, 100);
}

static void
test_all_equal(void **state)
{
	(void)state;
	compare("hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
		"hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh");
	check(38, 2, 0, 0, 0);
}

/* A loss of not quite half a window is bridged; the rest of the original comes as the window moves on. */
/* Half a million packets to and fro between two far places, every other the same: minutes if the same were walked one by one. */
static void
test_to_and_fro(void **state)
{
	const uint32_t half = 1u << 18;

	(void)state;
	vega_compare_close(&c);
	assert_int_equal(vega_compare_open(&c, VEGA_SPEED_UNIT, 4 * half), 0);
	for (uint32_t i = 0; i < 2 * half; i++)
		vega_compare_original(&c, i % 2 != 0 ? 1 : 1000 + i, T0 + i);
	for (uint32_t i = 0; i < half; i += 2)
		for (uint32_t far = 0; far < 2; far++) {
			vega_compare_captured(&c, 1000 + i + far * half, T0 + i);
			vega_compare_captured(&c, 1, T0 + i);
		}
	vega_compare_finish(&c);
	check(2 * half, 0, 0, 0, half - 2);
}

static void
test_window_moves(void **state)
{
	(void)state;
	compare("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ", "abcdefghpqrstuvwxyzABCDEFGHIJ");
	check(29, 7, 0, 0, 0);
}

static void
test_nothing_fits(void **state)
{
	(void)state;
	compare("abcdefghijklmnopqrstuvwxyz", "ABC");
	check(0, 26, 0, 3, 0);
	assert_int_equal(c.time_error.cnt, 0);
}

static void
test_speed(void **state)
{
	(void)state;
	c.speed_millionths = 10 * VEGA_SPEED_UNIT;
	for (uint64_t i = 0; i < 4; i++)
		vega_compare_original(&c, i, T0 + i * 1000);
	for (uint64_t i = 0; i < 4; i++)
		vega_compare_captured(&c, i, 5000 + i * 101);
	vega_compare_finish(&c);
	check(4, 0, 0, 0, 0);
	assert_int_equal(c.time_error.max, 3);
	assert_int_equal(c.gap_error.max, 1);
	assert_int_equal(c.drift_ns, 3);
}

/* Whatever comes, both sides add up, and nothing is read out of place (the sanitizers look on). */
static void
test_random(void **state)
{
	struct rng rng = {rng_seed(5)};

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		const uint64_t kinds = 1 + rng_below(&rng, 40);

		if (vega_compare_wants(&c) && !rng_one_in(&rng, 3))
			vega_compare_original(&c, rng_below(&rng, kinds) * rng_below(&rng, 99), i);
		else
			vega_compare_captured(
				&c, rng_below(&rng, kinds) * rng_below(&rng, 99), rng_next(&rng));
	}
	vega_compare_finish(&c);
	assert_int_equal(c.counts.original, c.counts.matched + c.counts.missing);
	assert_int_equal(c.counts.captured, c.counts.matched + c.counts.doubled + c.counts.foreign);
	assert_true(c.counts.matched > 1000 && c.counts.doubled > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_missing_doubled_foreign_reordered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reordered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_equal_packets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_equal_packets_doubled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_equal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_to_and_fro, setup, teardown),
		cmocka_unit_test_setup_teardown(test_window_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
