/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hugepages/base/clock.h"

static void
test_fake(void **state)
{
	uint64_t now_ns = 5;

	(void)state;
	vega_clock_fake(&now_ns);
	assert_int_equal(vega_realtime_ns(), 5);
	now_ns = UINT64_MAX;
	assert_true(vega_monotonic_ns() == UINT64_MAX);
	vega_sleep_until_ns(UINT64_MAX); /* returns at once */
	assert_int_equal(vega_tai_offset_ns(), 0);
	vega_clock_fake(NULL);
	assert_true(vega_realtime_ns() != UINT64_MAX);
}

static void
test_real(void **state)
{
	const uint64_t from_ns = vega_monotonic_ns();

	(void)state;
	vega_sleep_until_ns(from_ns + 1000000);
	assert_true(vega_monotonic_ns() >= from_ns + 1000000);
	vega_sleep_until_ns(from_ns); /* past: returns at once */
	assert_true(vega_realtime_ns() > 1600000000000000000u);
	assert_int_equal(vega_tai_offset_ns() % 1000000000, 0);
}

static void
test_ticks(void **state)
{
	const uint64_t hz = vega_ticks_hz();
	const uint64_t ticks = vega_ticks();

	(void)state;
	assert_true(hz > 1000000 && hz < 20000000000u);
	assert_int_equal(vega_ticks_hz(), hz);
	vega_sleep_until_ns(vega_monotonic_ns() + 1000000);
	assert_true(vega_ticks() > ticks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fake),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
