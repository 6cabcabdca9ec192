/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_SHAPE_H
#define VEGA_REPLAY_SHAPE_H
/*
 * An input behind an input: its frames with other times, or other addresses, made by the reader ahead of the sender.
 *
 * Exchange times come from the records of a journal; of frames that have none there (the later copy of two lines, a feed without a
 * record lane) and of capture files by decoding the frame.
 */
#include "replay/input.h"
#include "replay/rewrite.h"

struct vega_shape {
	bool exchange_clock; /* a frame's time is the exchange's; without one, that of the frame before it */
	const struct vega_conf_rewrite *rules; /* outlives the inputs */
	uint32_t rule_cnt;
};

static inline bool
vega_shape_is_wanted(const struct vega_shape *shape)
{
	return shape->exchange_clock || shape->rule_cnt != 0;
}

/*
 * Put a shape before an input, which then belongs to it. Limits of time stay those of receive time.
 *
 * Returns 0; a negative errno with a message, and the inner input stays the caller's: -EBADMSG (65): no exchange time in its first block,
 * or one too coarse.
 */
int vega_input_shape(struct vega_input *inner, const struct vega_shape *shape,
	struct vega_input **ret_input) VEGA_MUST_CHECK;

#endif
