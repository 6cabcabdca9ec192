/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/stream.h"

void
vega_stream_begin(struct vega_stream *stream, const struct vega_inputs *inputs)
{
	stream->inputs = inputs;
	stream->has_frame = false;
	vega_merge_init(&stream->merge, inputs->inputs, inputs->input_cnt);
}

int
vega_stream_next(struct vega_stream *stream, const struct vega_frame **ret_frame)
{
	int rc;

	if (stream->has_frame)
		vega_merge_pop(&stream->merge);
	stream->has_frame = false;
	while ((rc = vega_merge_peek(&stream->merge, ret_frame)) == -EAGAIN) {
		vega_merge_release(&stream->merge);
		for (uint32_t i = 0; i < stream->inputs->input_cnt; i++)
			(void)vega_input_load(stream->inputs->inputs[i]);
	}
	stream->has_frame = rc == 1;
	return rc;
}
