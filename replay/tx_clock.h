/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_TX_CLOCK_H
#define VEGA_REPLAY_TX_CLOCK_H
/*
 * The sender's time in ticks of a port's clock, for ports that send on timestamp.
 *
 *	ticks = line.ticks + (ns - line.ns) * line.rate
 *
 * A line ends at the newest look at both clocks; its rate is that since the oldest of the last 16, so it follows a clock
 * that is being steered. A look that lies VEGA_TX_CLOCK_STEP_NS or more off the line is a step of the port's clock: the line
 * begins there, with the rate it had.
 *
 * Lines are made by one thread and used by the sender, through a cell of words:
 *
 *	C1 maker   store `sequence` odd, before the first word
 *	C2 maker   store each word, release
 *	C3 maker   store `sequence` even, release
 *	C4 sender  load `sequence`, acquire; pairs with C3
 *	C5 sender  load each word, acquire; pairs with C2: who sees a new word also sees C1's odd number
 *	C6 sender  load `sequence` again: the copy is good if and only if it is even and the same as in C4
 *
 * A copy that is not good is not tried again: the sender keeps its old line.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/attr.h"

#define VEGA_TX_CLOCK_STEP_NS  1000000u
#define VEGA_TX_CLOCK_LOOK_CNT 16u

/* One look at both clocks. */
struct vega_tx_clock_look {
	uint64_t ns; /* CLOCK_MONOTONIC */
	uint64_t ticks;
};

/* All words, so that it can travel through the cell. */
struct vega_tx_line {
	uint64_t ns;
	uint64_t ticks;
	uint64_t rate_q32; /* ticks a ns, 32 bits of fraction; 0: not known yet */
};

#define VEGA_TX_LINE_WORD_CNT (sizeof(struct vega_tx_line) / sizeof(uint64_t))

struct vega_tx_clock {
	struct vega_tx_clock_look looks[VEGA_TX_CLOCK_LOOK_CNT];
	uint64_t look_cnt;
	struct vega_tx_line made;
	uint64_t sequence VEGA_ALIGNED(VEGA_GUARD_BYTES);
	uint64_t words[VEGA_TX_LINE_WORD_CNT];
	uint64_t seen VEGA_ALIGNED(VEGA_GUARD_BYTES); /* the sender's, as what follows */
	struct vega_tx_line line;
};

/* Maker: bend the line to a later look. Pure. The rate is known from the second look on. */
void vega_tx_clock_bend(struct vega_tx_clock *clock, const struct vega_tx_clock_look *look);

/*
 * Maker: look at both clocks, the narrowest of eight looks, and bend the line.
 *
 * Params: read		puts the port's clock into *ret_ticks; returns 0 or a negative errno
 * Returns 0, or what read returned.
 */
int vega_tx_clock_look(
	struct vega_tx_clock *clock, int (*read)(void *arg, uint64_t *ret_ticks), void *arg);

/* Maker: C1 to C3. */
void vega_tx_clock_publish(struct vega_tx_clock *clock);

/* Sender: C4 to C6, once a burst: take the newest line. Never waits. */
static inline void
vega_tx_clock_refresh(struct vega_tx_clock *clock)
{
	union {
		struct vega_tx_line line;
		uint64_t words[VEGA_TX_LINE_WORD_CNT];
	} copy;
	const uint64_t sequence = vega_load_acquire(&clock->sequence); /* C4: pairs with C3 */

	if (vega_likely(sequence == clock->seen) || (sequence & 1) != 0)
		return;
	for (uint32_t i = 0; i < VEGA_TX_LINE_WORD_CNT; i++)
		copy.words[i] = vega_load_acquire(&clock->words[i]); /* C5: pairs with C2 */
	if (vega_load_relaxed(&clock->sequence) != sequence)         /* C6 */
		return;
	clock->line = copy.line;
	clock->seen = sequence;
}

/* A time in ticks, before or after the newest look. */
static inline uint64_t
vega_tx_line_ticks(const struct vega_tx_line *line, uint64_t ns)
{
	const __int128 diff_ns = (int64_t)(ns - line->ns);

	return line->ticks + (uint64_t)(int64_t)((diff_ns * (__int128)line->rate_q32) >> 32);
}

#endif
