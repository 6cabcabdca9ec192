/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "replay/sender.h"
#include "replay/thread.h"

struct seen {
	cpu_set_t cpus;
	int policy;
	int nice;
};

static void *
look(void *arg)
{
	struct seen *seen = arg;

	(void)sched_getaffinity(0, sizeof(seen->cpus), &seen->cpus);
	seen->policy = sched_getscheduler(0);
	seen->nice = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

static struct seen
start_and_look(void)
{
	struct vega_thread thread;
	struct seen seen = {.policy = -1};

	assert_int_equal(vega_thread_start(&thread, look, &seen), 0);
	vega_thread_join(&thread);
	return seen;
}

/* What a sender starts while it is pinned and real-time has neither from it. */
static void
test_beside_the_sender(void **state)
{
	struct vega_sender sender;
	struct seen seen;
	cpu_set_t cpus;
	int cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (CPU_COUNT(&cpus) < 2)
		skip();
	while (!CPU_ISSET((size_t)cpu, &cpus))
		cpu++;
	assert_true(vega_thread_keep_free(cpu));
	assert_int_equal(vega_sender_prepare(&sender, cpu, true), 0);
	seen = start_and_look();
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	assert_false(CPU_ISSET((size_t)cpu, &seen.cpus));
	assert_int_equal(CPU_COUNT(&seen.cpus), CPU_COUNT(&cpus) - 1);
	assert_int_equal(seen.policy, SCHED_OTHER);
	assert_int_equal(seen.nice, 0);
}

/* The only processor is everybody's, and then no sender spins for long. */
static void
test_one_processor(void **state)
{
	struct vega_sender sender;
	struct seen seen;
	cpu_set_t cpus;
	cpu_set_t one;
	int cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	while (!CPU_ISSET((size_t)cpu, &cpus))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_false(vega_thread_keep_free(cpu));
	assert_int_equal(vega_sender_prepare(&sender, cpu, false), 0);
	assert_int_equal(sender.spin_ns, VEGA_SENDER_SPIN_NS);
	seen = start_and_look();
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	assert_true(CPU_EQUAL(&seen.cpus, &one));
	assert_true(vega_thread_keep_free(-1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside_the_sender),
		cmocka_unit_test(test_one_processor),
	};

	return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
