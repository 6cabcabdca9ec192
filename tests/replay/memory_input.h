/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_REPLAY_MEMORY_INPUT_H
#define VEGA_TESTS_REPLAY_MEMORY_INPUT_H
/*
 * An input of frames that a test writes down as times; the test itself plays the reader thread.
 */
#include "replay/input.h"

struct memory_input_conf {
	const uint64_t *times_ns; /* one a frame */
	uint32_t frame_cnt;
	uint32_t frames_a_block;
	char tag; /* first byte of each frame; the next four are its number */
	uint64_t from_ns;
	uint64_t to_ns; /* 0: no limit */
	int end_rc;     /* how it ends: 0, or a negative errno */
};

/* conf's times must outlive the input. Aborts the test when there is no memory. */
struct vega_input *memory_input_new(const struct memory_input_conf *conf);
void memory_input_delete(struct vega_input *input);

/* Load all that its queue takes; returns the number of blocks. */
uint32_t memory_input_load_all(struct vega_input *input);

/* "A0", "B12": which frame it is, into text; returns text. */
const char *memory_input_text(char text[16], const struct vega_frame *frame);

#endif
