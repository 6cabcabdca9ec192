/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_STREAM_H
#define VEGA_REPLAY_STREAM_H
/*
 * All inputs as one stream of frames, read and merged by the calling thread: for programs that are in no hurry.
 */
#include "replay/inputs.h"
#include "replay/merge.h"

struct vega_stream {
	const struct vega_inputs *inputs;
	bool has_frame; /* the last one given is not popped yet */
	struct vega_merge merge;
};

/* inputs must outlive the stream; without any, it is at its end. */
void vega_stream_begin(struct vega_stream *stream, const struct vega_inputs *inputs);

/* The next frame, good until the next call. Returns 1, or 0 at the end: then vega_inputs_verdict says how it came. */
int vega_stream_next(struct vega_stream *stream, const struct vega_frame **ret_frame);

#endif
