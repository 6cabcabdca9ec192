/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_STAMP_H
#define VEGA_CAPTURE_STAMP_H
/*
 * Ticks into nanoseconds: a tick counter (the TSC, or a port's clock) disciplined against CLOCK_REALTIME.
 *
 *	ns = base_ns + (ticks - base_ticks) * rate
 *
 * The control thread takes a sample every 100 ms and bends the line: it stays joined at the new sample (so time is
 * monotone), takes the rate measured since the last sample, and adds what wipes out the remaining error in half a second. An
 * error of VEGA_STAMP_STEP_NS or more is no slewing but a step of the clock: the line is broken there and the break
 * counted, so that rx can seal and flag it.
 *
 * The line travels to the rx lcores through a cell of words with one writer:
 *
 *	S1 control  store `sequence` odd, before the first word of the line
 *	S2 control  store each word, release
 *	S3 control  store `sequence` even, release
 *	S4 rx	    load `sequence`, acquire; pairs with S3
 *	S5 rx	    load each word, acquire; pairs with S2: who sees a new word also sees S1's odd number
 *	S6 rx	    load `sequence` again: the copy is good if and only if it is even and the same as in S4
 *
 * A copy that is not good is not tried again: rx keeps its old line, which is right to well below a microsecond.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/attr.h"
#include "hugepages/vega_block.h"

/* chrony slews by up to 8.4 %, 8.4 ms in 100 ms: below it is slewing, from it on a step. */
#define VEGA_STAMP_STEP_NS     10000000
#define VEGA_STAMP_INTERVAL_NS 100000000u

/* One look at both clocks; the true time of `ticks` lies within window_ticks. */
struct vega_stamp_sample {
	uint64_t ticks;
	uint64_t realtime_ns;
	uint64_t window_ticks;
	int64_t tai_offset_ns;
};

/* The line, and the sample it ends at. All words, so that it can travel through the cell. */
struct vega_stamp {
	uint64_t base_ticks;
	uint64_t base_ns;
	uint64_t rate_q32; /* ns a tick, 32 bits of fraction */
	uint64_t step_cnt; /* breaks so far */
	uint64_t back_cnt; /* of those, backward */
	struct vega_stamp_sample sample;
	uint64_t ticks_hz;
};

#define VEGA_STAMP_WORD_CNT (sizeof(struct vega_stamp) / sizeof(uint64_t))

struct vega_stamp_cell {
	uint64_t sequence VEGA_ALIGNED(VEGA_GUARD_BYTES);
	uint64_t words[VEGA_STAMP_WORD_CNT];
	uint8_t guard[VEGA_GUARD_BYTES];
};

/* Begin a line at a sample. Params: ticks_hz the counter's nominal or measured rate, not 0. */
void vega_stamp_begin(
	struct vega_stamp *stamp, const struct vega_stamp_sample *sample, uint64_t ticks_hz);

/* Bend the line to a later sample, or break it. Pure. Returns the error the line had at the sample, in ns. */
int64_t vega_stamp_bend(struct vega_stamp *stamp, const struct vega_stamp_sample *sample);

/* Time of a tick count, before or after the base. */
static inline uint64_t
vega_stamp_ns(const struct vega_stamp *stamp, uint64_t ticks)
{
	const __int128 diff = (int64_t)(ticks - stamp->base_ticks);

	return stamp->base_ns + (uint64_t)(int64_t)((diff * (__int128)stamp->rate_q32) >> 32);
}

/* Take a sample of the TSC: the narrowest of eight looks. */
void vega_stamp_take(struct vega_stamp_sample *ret_sample);

/* The clock block of the line's newest sample. Params: flags VEGA_CLOCK_*, interface_id of a NIC's clock, else 0. */
void vega_stamp_block(const struct vega_stamp *stamp, uint32_t flags, uint32_t interface_id,
	struct vega_clock_block *ret_block);

/* S1 to S3. Threads: the control thread only. */
void vega_stamp_publish(struct vega_stamp_cell *cell, const struct vega_stamp *stamp);

/*
 * S4 to S6: take the newest line, once a burst.
 *
 * Params: seen	the sequence of the caller's copy, 0 at first
 * Returns true when *stamp was replaced. Never waits.
 */
static inline bool
vega_stamp_refresh(const struct vega_stamp_cell *cell, uint64_t *seen, struct vega_stamp *stamp)
{
	union {
		struct vega_stamp stamp;
		uint64_t words[VEGA_STAMP_WORD_CNT];
	} copy;
	const uint64_t sequence = vega_load_acquire(&cell->sequence); /* S4: pairs with S3 */

	if (vega_likely(sequence == *seen) || (sequence & 1) != 0)
		return false;
	for (unsigned i = 0; i < VEGA_STAMP_WORD_CNT; i++)
		copy.words[i] = vega_load_acquire(&cell->words[i]); /* S5: pairs with S2 */
	if (vega_load_relaxed(&cell->sequence) != sequence)         /* S6 */
		return false;
	*stamp = copy.stamp;
	*seen = sequence;
	return true;
}

#endif
