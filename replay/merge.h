/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_MERGE_H
#define VEGA_REPLAY_MERGE_H
/*
 * Many inputs, one order: by recorded time, and for equal times by the order the inputs were given in.
 *
 * Every input keeps its own recorded order, also where its times go backward: only the next frame of each is
 * compared. The result is a total order that depends on the inputs alone, never on how fast they are read: while the next
 * frame of any input is unknown, nothing is given out.
 *
 * Threads: the sender's. Cost of a step: O(log inputs), one input costs no comparison; no allocation.
 */
#include "replay/input.h"

struct vega_merge_key {
	uint64_t recv_ns;
	uint32_t input_idx;
};

struct vega_merge {
	struct vega_input **inputs;
	uint32_t input_cnt;
	uint32_t heap_cnt;
	uint32_t unknown_cnt; /* inputs whose next frame is not read yet */
	uint32_t unknown[VEGA_INPUT_CNT_MAX];
	/* Smallest first; one entry an input that has a head. */
	struct vega_merge_key heap[VEGA_INPUT_CNT_MAX];
	struct vega_frame heads[VEGA_INPUT_CNT_MAX]; /* by input */
};

/* Number the inputs and begin. input_cnt is 1 to VEGA_INPUT_CNT_MAX; inputs must outlive the merge. */
void vega_merge_init(struct vega_merge *merge, struct vega_input **inputs, uint32_t input_cnt);

/*
 * The next frame in order; it stays the same until pop.
 * Returns 1 and the frame; 0 at the end of all inputs; -EAGAIN: an input is not read far enough yet.
 */
int vega_merge_peek(struct vega_merge *merge, const struct vega_frame **ret_frame);

/* Go past the frame that peek gave. Its data stays valid until release. */
void vega_merge_pop(struct vega_merge *merge);

/* Nothing popped so far is held any more: the blocks go back to the reader. */
void vega_merge_release(struct vega_merge *merge);

#endif
