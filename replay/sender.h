/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_SENDER_H
#define VEGA_REPLAY_SENDER_H
/*
 * The sending thread: what the system grants it, and how it waits so that it is awake when a packet is due.
 *
 * Far from a deadline it sleeps, near it it spins. Who gives it a processor has it spin earlier, where there is another one for the
 * threads that read for it: a sleep lets the processor go, and on a virtual machine it may be a millisecond before the next one runs it
 * again. Real-time priority (SCHED_FIFO) is taken where it is permitted. The kernel stops a
 * real-time thread that has spun through 0.95 of a second for the rest of it, or for 50 ms: so where the schedule leaves no time to
 * sleep, a seventh of each half second is spun at nice -20 instead, and the report says so.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

/* A sleeper wakes some tens of us late, from a deep idle state more: that much before a deadline it must be awake. */
#define VEGA_SENDER_SPIN_NS        200000u
#define VEGA_SENDER_SPIN_PINNED_NS 100000000u

#define VEGA_SENDER_STEP_CNT 1024u

struct vega_sender {
	bool may_fifo;
	bool is_fifo;
	bool gave_way; /* was not real-time all along */
	bool is_nice;
	uint32_t step_cnt;
	uint64_t spin_ns;         /* before a deadline */
	uint64_t window_begin_ns; /* CLOCK_MONOTONIC */
	uint64_t slept_ns;        /* in this window */
};

/*
 * Pin the calling thread and raise its priority as far as it is permitted.
 *
 * Params: cpu		-1: leave it where it is
 *	   paced	false: full speed, which needs no priority
 * Returns 0; -ENODEV (69): no such processor.
 */
int vega_sender_prepare(struct vega_sender *sender, int cpu, bool paced) VEGA_MUST_CHECK;

/* What was granted: "fifo", "fifo, nice -20 a seventh of the time while busy", "nice -20" or "normal". */
const char *vega_sender_scheduler(const struct vega_sender *sender);

/*
 * Nothing is due for wait_ns: sleep, or return at once when it is near, so that the caller spins. 0: it is not known when,
 * for another thread or the output is behind; let it run.
 * Returns whether it gave the processor away.
 */
bool vega_sender_wait(struct vega_sender *sender, uint64_t wait_ns);

/* Should it be real-time from now on? Begins a window when one is over; changes nothing else. */
bool vega_sender_wants_fifo(struct vega_sender *sender, uint64_t now_ns);

/* Drop or regain real-time priority. Returns whether either was done. */
bool vega_sender_judge(struct vega_sender *sender);

/*
 * Call once a poll: every thousand polls or frames, see whether the thread sleeps enough to be real-time.
 * Returns whether its priority changed, which may have taken a while.
 */
static inline bool
vega_sender_step(struct vega_sender *sender, uint32_t frame_cnt)
{
	sender->step_cnt += 1 + frame_cnt;
	if (vega_likely(sender->step_cnt < VEGA_SENDER_STEP_CNT))
		return false;
	sender->step_cnt = 0;
	return vega_sender_judge(sender);
}

#endif
