/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/sender.h"
#include "tests/lib/rng.h"

#define STEP_NS  1000000u
#define STEP_CNT 60000u /* a minute */
#define SECOND   1000u  /* steps */

/* A minute of steps, each spun or slept: at which of them was the thread real-time and awake? */
static void
live(uint64_t slept_permille, uint8_t *spun_real_time)
{
	struct vega_sender sender = {.window_begin_ns = 7};
	struct rng rng = {slept_permille + 1};
	bool sleeps = false;

	for (uint32_t i = 0; i < STEP_CNT; i++) {
		const uint64_t now_ns = 7 + (uint64_t)i * STEP_NS;
		const bool is_fifo = vega_sender_wants_fifo(&sender, now_ns);

		if (rng_below(&rng, 50) == 0) /* in stretches */
			sleeps = rng_below(&rng, 1000) < slept_permille;
		spun_real_time[i] = is_fifo && !sleeps;
		sender.slept_ns += sleeps ? STEP_NS : 0;
	}
}

/* The kernel's limit is 950 ms of any second; the least over all seconds is of use. */
static void
test_no_second_is_spun_through(void **state)
{
	static uint8_t spun[STEP_CNT];

	(void)state;
	for (uint64_t permille = 0; permille <= 1000; permille += 50) {
		uint32_t in_second = 0;
		uint32_t max = 0;

		live(permille, spun);
		for (uint32_t i = 0; i < STEP_CNT; i++) {
			in_second += spun[i];
			in_second -= i >= SECOND ? spun[i - SECOND] : 0u;
			max = in_second > max ? in_second : max;
		}
		assert_true(max < 945);
		assert_true(permille != 0 || max > 850);
	}
}

/* Who sleeps enough is real-time all along. */
static void
test_sleepers_keep_it(void **state)
{
	struct vega_sender sender = {.window_begin_ns = 7};

	(void)state;
	for (uint64_t i = 0; i < STEP_CNT; i++) {
		assert_true(vega_sender_wants_fifo(&sender, 7 + i * STEP_NS));
		sender.slept_ns += i % 5 == 0 ? STEP_NS : 0;
	}
}

/* A processor of its own is not let go for a wait that a scheduler could make longer. */
static void
test_pinned_spins_earlier(void **state)
{
	struct vega_sender sender;
	cpu_set_t cpus;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (CPU_COUNT(&cpus) < 2 || !CPU_ISSET(0, &cpus))
		skip(); /* it has none of its own */
	assert_int_equal(vega_sender_prepare(&sender, -1, false), 0);
	assert_false(vega_sender_wait(&sender, VEGA_SENDER_SPIN_NS));
	assert_true(vega_sender_wait(&sender, VEGA_SENDER_SPIN_NS + 1));
	assert_true(vega_sender_wait(&sender, 0));
	assert_int_equal(vega_sender_prepare(&sender, 0, false), 0);
	assert_false(vega_sender_wait(&sender, VEGA_SENDER_SPIN_PINNED_NS));
	assert_true(vega_sender_wait(&sender, VEGA_SENDER_SPIN_PINNED_NS + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_second_is_spun_through),
		cmocka_unit_test(test_sleepers_keep_it),
		cmocka_unit_test(test_pinned_spins_earlier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
