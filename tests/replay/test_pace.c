/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "replay/pace.h"
#include "tests/lib/rng.h"

#define DAY_NS 86400000000000ull
#define BASE   1748403900000240869ull
#define START  5000000000ull

static struct vega_pace
pace_at(uint64_t speed_millionths)
{
	struct vega_pace pace = {.speed_millionths = speed_millionths};

	vega_pace_start(&pace, BASE, START);
	return pace;
}

static void
test_as_recorded(void **state)
{
	const struct vega_pace pace = pace_at(VEGA_SPEED_UNIT);

	(void)state;
	assert_true(vega_pace_due_ns(&pace, BASE) == START);
	assert_true(vega_pace_due_ns(&pace, BASE + 1) == START + 1);
	assert_true(vega_pace_due_ns(&pace, BASE + 400 * DAY_NS + 7) == START + 400 * DAY_NS + 7);
}

static void
test_speed(void **state)
{
	struct vega_pace pace = pace_at(2 * VEGA_SPEED_UNIT);

	(void)state;
	assert_true(vega_pace_due_ns(&pace, BASE + 1000) == START + 500);
	assert_true(vega_pace_due_ns(&pace, BASE + 1001) == START + 500);
	pace = pace_at(VEGA_SPEED_MIN);
	assert_true(vega_pace_due_ns(&pace, BASE + DAY_NS + 1) == START + 1000 * (DAY_NS + 1));
	pace = pace_at(VEGA_SPEED_MAX);
	assert_true(vega_pace_due_ns(&pace, BASE + DAY_NS) == START + DAY_NS / 1000);
	pace = pace_at(333333);
	assert_true(vega_pace_due_ns(&pace, BASE + 333333) == START + 1000000);
}

/* However many frames there are, each deadline is exact: the sum of rounded gaps would not be. */
static void
test_no_drift(void **state)
{
	struct vega_pace pace = pace_at(3 * VEGA_SPEED_UNIT);
	struct rng rng = {rng_seed(1)};
	uint64_t at_ns = BASE;

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++) {
		at_ns += rng_below(&rng, 1000);
		vega_pace_take(&pace, at_ns, vega_pace_due_ns(&pace, at_ns));
		assert_true(pace.due_last_ns == START + (at_ns - BASE) / 3);
	}
}

static void
test_backward(void **state)
{
	struct vega_pace pace = pace_at(VEGA_SPEED_UNIT);

	(void)state;
	assert_true(vega_pace_due_ns(&pace, BASE - 1) == START);
	assert_true(vega_pace_due_ns(&pace, 0) == START);
	vega_pace_take(&pace, BASE + 100, vega_pace_due_ns(&pace, BASE + 100));
	assert_true(vega_pace_due_ns(&pace, BASE + 40) == START + 100);
	assert_true(vega_pace_due_ns(&pace, 0) == START + 100);
	assert_true(vega_pace_due_ns(&pace, BASE + 101) == START + 101);
}

static void
test_edges(void **state)
{
	struct vega_pace pace = pace_at(VEGA_SPEED_UNIT);

	(void)state;
	assert_true(vega_pace_due_ns(&pace, UINT64_MAX) == START + (UINT64_MAX - BASE));
	vega_pace_start(&pace, 0, START);
	assert_true(vega_pace_due_ns(&pace, UINT64_MAX) == UINT64_MAX);
	pace = pace_at(VEGA_SPEED_MIN);
	assert_true(vega_pace_due_ns(&pace, UINT64_MAX) == UINT64_MAX);
	assert_true(vega_pace_wait_ns(5, 5) == 0);
	assert_true(vega_pace_wait_ns(5, 6) == 0);
	assert_true(vega_pace_wait_ns(5, 4) == 1);
}

static void
test_max(void **state)
{
	const struct vega_pace pace = pace_at(0);

	(void)state;
	assert_true(vega_pace_is_max(&pace));
	assert_true(vega_pace_due_ns(&pace, BASE) == START);
	assert_true(vega_pace_due_ns(&pace, BASE + DAY_NS) == START);
}

/* Frames at 0, 10 s, 10.1 s, 100 s; no gap longer than a second. */
static void
test_longest_gap(void **state)
{
	static const uint64_t at_ns[] = {0, 10000000000, 10100000000, 100000000000, 99000000000};
	static const uint64_t due_ns[] = {0, 1000000000, 1100000000, 2100000000, 2100000000};
	struct vega_pace pace = pace_at(VEGA_SPEED_UNIT);

	(void)state;
	pace.gap_ns_max = 1000000000;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(at_ns); i++) {
		const uint64_t due = vega_pace_due_ns(&pace, BASE + at_ns[i]);

		assert_true(due == START + due_ns[i]);
		assert_true(vega_pace_due_ns(&pace, BASE + at_ns[i]) == due);
		vega_pace_take(&pace, BASE + at_ns[i], due);
	}
}

/* Thirds of a second: rounded down each, never added up. */
static void
test_fixed_rate(void **state)
{
	struct vega_pace pace = pace_at(0);

	(void)state;
	pace.rate_pps = 3;
	assert_false(vega_pace_is_max(&pace));
	for (uint64_t i = 0; i < 3000; i++) {
		const uint64_t due = vega_pace_due_ns(&pace, 7);

		assert_true(due == START + i * 1000000000 / 3);
		vega_pace_take(&pace, 7, due);
	}
}

static void
test_change_and_delay(void **state)
{
	struct vega_pace pace = pace_at(VEGA_SPEED_UNIT);

	(void)state;
	vega_pace_take(&pace, BASE + 100, vega_pace_due_ns(&pace, BASE + 100));
	vega_pace_delay(&pace, 50);
	assert_true(vega_pace_due_ns(&pace, BASE + 90) == START + 150);
	assert_true(vega_pace_due_ns(&pace, BASE + 200) == START + 250);
	vega_pace_change(&pace, VEGA_SPEED_UNIT / 2, BASE + 200, START + 1000);
	assert_true(vega_pace_due_ns(&pace, BASE + 200) == START + 1000);
	assert_true(vega_pace_due_ns(&pace, BASE + 300) == START + 1200);
}

static void
test_parse(void **state)
{
	static const char *const refused[] = {
		"", "fast", "0", "0.0009", "1000.1", "-1", "1x", "nan", "inf", "max ", "1e9"};
	uint64_t speed = 77;

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(refused); i++) {
		assert_int_equal(vega_pace_parse(refused[i], &speed), -EINVAL);
		assert_non_null(strstr(vega_err_text(), "--speed"));
		assert_int_equal(speed, 77);
	}
	assert_int_equal(vega_pace_parse("1", &speed), 0);
	assert_int_equal(speed, VEGA_SPEED_UNIT);
	assert_int_equal(vega_pace_parse("0.001", &speed), 0);
	assert_int_equal(speed, VEGA_SPEED_MIN);
	assert_int_equal(vega_pace_parse("1000", &speed), 0);
	assert_int_equal(speed, VEGA_SPEED_MAX);
	assert_int_equal(vega_pace_parse("0.1", &speed), 0);
	assert_int_equal(speed, 100000);
	assert_int_equal(vega_pace_parse("max", &speed), 0);
	assert_int_equal(speed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_recorded),
		cmocka_unit_test(test_speed),
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_backward),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_max),
		cmocka_unit_test(test_longest_gap),
		cmocka_unit_test(test_fixed_rate),
		cmocka_unit_test(test_change_and_delay),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
