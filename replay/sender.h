/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_SENDER_H
#define VEGA_REPLAY_SENDER_H
/*
 * What the system grants the sending thread, so that it is awake when a packet is due.
 */
#include <stdbool.h>

#include "hugepages/base/attr.h"

/*
 * Pin the calling thread and raise its priority as far as it is permitted.
 *
 * Real-time priority (SCHED_FIFO) is taken only where the kernel does not throttle it: with the usual sched_rt_runtime_us a
 * thread that spins is stopped for 50 ms in every second, which is worse than any neighbour. Elsewhere nice -20.
 *
 * Params: cpu		-1: leave it where it is
 *	   paced	false: full speed, which needs no priority
 * Returns 0 and the name of what was granted ("fifo", "nice -20", "normal"); -ENODEV (69): no such processor.
 */
int vega_sender_prepare(int cpu, bool paced, const char **ret_scheduler) VEGA_MUST_CHECK;

#endif
