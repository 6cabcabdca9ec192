/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_CALL_COST_H
#define VEGA_REPLAY_CALL_COST_H
/*
 * What a call into a serial output takes at the least, lately: with one frame, and for each further one.
 *
 *	lone call	|-- way in --|-- frame --|-- way out --|
 *	call of three	|-- way in --|-- frame --|-- frame --|-- frame --|-- way out --|
 *
 * A frame that stands behind n others in a call leaves n * frame_ns after the first, or later: so much before its time it may be handed
 * over. Both rise by little with each call, so that a slow one teaches nothing. Frames that are not sent take no time: where there are
 * such, nothing is known, and no frame is handed over before its time.
 */
#include <stdint.h>

#define VEGA_CALL_COST_RISE_NS 16u

struct vega_call_cost {
	uint64_t lone_ns;      /* 0: not known */
	uint64_t frame_ns;     /* 0: not known */
	uint64_t packets_sent; /* by the output, after the last call */
};

/*
 * A call took frame_cnt (1 or more) frames and call_ns; the output has sent packets_sent so far.
 * Cost: a division for more than one frame.
 */
void vega_call_cost_learn(
	struct vega_call_cost *cost, uint32_t frame_cnt, uint64_t call_ns, uint64_t packets_sent);

#endif
