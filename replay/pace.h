/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_PACE_H
#define VEGA_REPLAY_PACE_H
/*
 * When a frame is due: a pure function of its recorded time and of the instant the replay began.
 *
 *	due = start + (recorded - base - cut) / speed		as recorded
 *	due = start + taken / rate				at a fixed rate
 *
 * where `cut` is what a limit on idle gaps has taken out so far, and `taken` counts frames.
 *
 * Each deadline is computed from the start, in whole numbers, never from the frame before: an error of one
 * departure is not carried to the next, so there is no drift. A recorded time that goes backward is due
 * together with the frame before it: recorded order is kept, and no frame counts as late for the recorder's clock.
 *
 * No clock is read here; tests pass times as they like.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

#define VEGA_SPEED_UNIT 1000000u /* speeds are whole millionths: 0.001 is exact, and so is 1 */
#define VEGA_SPEED_MIN  1000u
#define VEGA_SPEED_MAX  1000000000u /* 1000 x; beyond it, "max" */

#define VEGA_RATE_MAX 1000000000u /* packets a second */

struct vega_pace {
	uint64_t speed_millionths; /* 0: every frame is due at once */
	uint64_t rate_pps;         /* 0: as recorded; else speed and gaps count for nothing */
	uint64_t gap_ns_max;       /* of recorded time; 0: no limit */
	uint64_t base_ns;          /* recorded time that is due at start_ns */
	uint64_t start_ns;         /* of the sender's clock */
	uint64_t due_last_ns;      /* of the frame before */
	uint64_t recv_last_ns;     /* the latest so far; kept with a limit on gaps only */
	uint64_t cut_ns;
	uint64_t taken_cnt;
};

/*
 * A speed as a person writes it: "1", "0.25", "100", or "max".
 * Returns 0, or -EINVAL with a message.
 */
int vega_pace_parse(const char *text, uint64_t *ret_speed_millionths) VEGA_MUST_CHECK;

/* The frame recorded at base_ns is due at start_ns. */
void vega_pace_start(struct vega_pace *pace, uint64_t base_ns, uint64_t start_ns);

/* When a frame that was recorded at recv_ns and follows the last one taken is due. Changes nothing. */
uint64_t vega_pace_due_ns(const struct vega_pace *pace, uint64_t recv_ns);

/* The part of take that only a limit on gaps needs. */
void vega_pace_note_gap(struct vega_pace *pace, uint64_t recv_ns);

/* The frame recorded at recv_ns, due at due_ns, is taken: none after it is due earlier. */
static inline void
vega_pace_take(struct vega_pace *pace, uint64_t recv_ns, uint64_t due_ns)
{
	pace->due_last_ns = due_ns;
	pace->taken_cnt++;
	if (vega_unlikely(pace->gap_ns_max != 0))
		vega_pace_note_gap(pace, recv_ns);
}

/* From now on at another speed, not 0: what was recorded at `recv_ns`, or is the next to be taken, is due at now_ns. */
void vega_pace_change(
	struct vega_pace *pace, uint64_t speed_millionths, uint64_t recv_ns, uint64_t now_ns);

/* Everything to come is due so much later. */
void vega_pace_delay(struct vega_pace *pace, uint64_t delay_ns);

/* So much after a time; no further than the clock goes. */
static inline uint64_t
vega_pace_later_ns(uint64_t ns, uint64_t by_ns)
{
	return ns < UINT64_MAX - by_ns ? ns + by_ns : UINT64_MAX;
}

/* How long the sender has to wait for due_ns; 0: send now. */
static inline uint64_t
vega_pace_wait_ns(uint64_t due_ns, uint64_t now_ns)
{
	return due_ns > now_ns ? due_ns - now_ns : 0;
}

static inline bool
vega_pace_is_max(const struct vega_pace *pace)
{
	return pace->speed_millionths == 0 && pace->rate_pps == 0;
}

#endif
