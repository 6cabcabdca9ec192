/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/clock.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "hugepages/base/atomic.h"

static const uint64_t *fake; /* set by tests, before threads start */

static uint64_t
read_ns(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t
vega_realtime_ns(void)
{
	return fake != NULL ? vega_load_relaxed(fake) : read_ns(CLOCK_REALTIME);
}

uint64_t
vega_monotonic_ns(void)
{
	return fake != NULL ? vega_load_relaxed(fake) : read_ns(CLOCK_MONOTONIC);
}

int64_t
vega_tai_offset_ns(void)
{
	const int64_t second_ns = 1000000000;
	int64_t diff_ns;

	if (fake != NULL)
		return 0;
	/* The offset is whole seconds; what the two reads lie apart is rounded away. */
	diff_ns = (int64_t)(read_ns(CLOCK_TAI) - read_ns(CLOCK_REALTIME));
	return (diff_ns + second_ns / 2) / second_ns * second_ns;
}

void
vega_sleep_until_ns(uint64_t deadline_ns)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(deadline_ns / 1000000000u),
		.tv_nsec = (long)(deadline_ns % 1000000000u),
	};

	if (fake == NULL)
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* Ticks and CLOCK_MONOTONIC_RAW at one instant: the tightest of a few brackets, so a preemption does not count. */
struct tick_sample {
	uint64_t ticks;
	uint64_t raw_ns;
};

static struct tick_sample
sample_ticks(void)
{
	struct tick_sample best = {0};
	uint64_t width_min = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		const uint64_t before = vega_ticks();
		const uint64_t raw_ns = read_ns(CLOCK_MONOTONIC_RAW);
		const uint64_t width = vega_ticks() - before;

		if (width < width_min) {
			width_min = width;
			best.ticks = before + width / 2;
			best.raw_ns = raw_ns;
		}
	}
	return best;
}

static uint64_t ticks_hz;

static void
measure_ticks_hz(void)
{
	const struct timespec window = {.tv_nsec = 20000000};
	const struct tick_sample first = sample_ticks();
	struct tick_sample last;

	do {
		(void)nanosleep(&window, NULL); /* a signal may cut it short */
		last = sample_ticks();
	} while (last.raw_ns - first.raw_ns < (uint64_t)window.tv_nsec);
	ticks_hz = (uint64_t)((double)(last.ticks - first.ticks) * 1e9 /
			      (double)(last.raw_ns - first.raw_ns));
}

uint64_t
vega_ticks_hz(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, measure_ticks_hz);
	return ticks_hz;
}

void
vega_clock_fake(const uint64_t *fake_ns)
{
	fake = fake_ns;
}
