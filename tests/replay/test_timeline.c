/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/timeline.h"
#include "tests/lib/rng.h"

#define BEGIN 5000000000ull

static struct vega_timeline_bin
sum_of(const struct vega_timeline *t)
{
	struct vega_timeline_bin sum = {0};

	for (uint32_t i = 0; i < VEGA_TIMELINE_BIN_CNT; i++) {
		sum.due_cnt += t->bins[i].due_cnt;
		sum.sent_cnt += t->bins[i].sent_cnt;
		sum.error_ns_sum += t->bins[i].error_ns_sum;
		if (t->bins[i].error_ns_max > sum.error_ns_max)
			sum.error_ns_max = t->bins[i].error_ns_max;
	}
	return sum;
}

static void
test_each_in_its_bin(void **state)
{
	static struct vega_timeline t;
	uint64_t width;

	(void)state;
	vega_timeline_init(&t);
	assert_int_equal(vega_timeline_used(&t), 0);
	for (uint64_t i = 0; i < 1000000; i++)
		vega_timeline_due(
			&t, BEGIN + i * 1000, 1, i == 700000 ? 99 : 1, i == 700000 ? 99 : 1);
	width = 1ull << t.bin_lg2;
	assert_true(width * VEGA_TIMELINE_BIN_CNT >= 1000000000);
	assert_true(width * VEGA_TIMELINE_BIN_CNT < 2000000000);
	assert_int_equal(vega_timeline_used(&t), 999999000 / width + 1);
	assert_int_equal(t.bins[700000000 / width].error_ns_max, 99);
	assert_int_equal(t.bins[0].due_cnt, (width + 999) / 1000);
	assert_int_equal(sum_of(&t).due_cnt, 1000000);
	assert_int_equal(sum_of(&t).error_ns_sum, 1000098);
}

/* Times from anywhere: nothing is lost, and nothing is out of place (the sanitizers look on). */
static void
test_any_times(void **state)
{
	static struct vega_timeline t;
	struct rng rng = {rng_seed(7)};

	(void)state;
	vega_timeline_init(&t);
	for (uint32_t i = 0; i < 100000; i++) {
		vega_timeline_sent(&t, 1 + (rng_next(&rng) >> rng_below(&rng, 64)), 3);
		if (i == 50000)
			vega_timeline_sent(&t, UINT64_MAX, 3);
	}
	assert_int_equal(sum_of(&t).sent_cnt, 300003);
	assert_true(vega_timeline_used(&t) >= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_in_its_bin),
		cmocka_unit_test(test_any_times),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
