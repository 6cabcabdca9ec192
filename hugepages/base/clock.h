/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_CLOCK_H
#define VEGA_BASE_CLOCK_H
/*
 * All time of the tree comes from here, so that a test can set it.
 */
#include <stdint.h>

/* ns since the Unix epoch (CLOCK_REALTIME); ns of CLOCK_MONOTONIC; CLOCK_TAI - CLOCK_REALTIME in ns. */
uint64_t vega_realtime_ns(void);
uint64_t vega_monotonic_ns(void);
int64_t vega_tai_offset_ns(void);

/* Sleep until CLOCK_MONOTONIC reads deadline_ns, or a signal; returns at once when a fake clock is set. */
void vega_sleep_until_ns(uint64_t deadline_ns);

/* The processor's tick counter and its rate (TSC on x86-64, the virtual counter on Arm). */
static inline uint64_t
vega_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
#error "VEGA needs x86-64 or 64-bit Arm"
#endif
}

/* Measured against CLOCK_MONOTONIC_RAW at the first call (20 ms), then kept. */
uint64_t vega_ticks_hz(void);

/* For tests: both clocks read *fake_ns from now on; NULL gives the real ones back. */
void vega_clock_fake(const uint64_t *fake_ns);

#endif
