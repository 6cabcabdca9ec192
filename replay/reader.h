/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_READER_H
#define VEGA_REPLAY_READER_H
/*
 * The reader: one thread that keeps every input's queue full, so that the sender never touches a disk.
 */

#include "replay/input.h"
#include "replay/thread.h"

struct vega_reader {
	struct vega_input **inputs;
	uint32_t input_cnt;
	uint64_t stop;
	struct vega_thread thread;
};

/* Returns 0, or -EAGAIN when no thread can be had (with a message). */
int vega_reader_start(
	struct vega_reader *reader, struct vega_input **inputs, uint32_t input_cnt) VEGA_MUST_CHECK;

/* End the thread, whatever it has still to read, and wait for it. */
void vega_reader_stop(struct vega_reader *reader);

#endif
