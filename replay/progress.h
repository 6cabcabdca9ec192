/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_PROGRESS_H
#define VEGA_REPLAY_PROGRESS_H
/*
 * The line that shows how far a replay is: on a thread of its own, so that writing it never delays a packet.
 */
#include <pthread.h>
#include <stdbool.h>

#include "replay/engine.h"

struct vega_replay_progress {
	const struct vega_replay *replay;
	uint64_t stop;
	bool running;
	pthread_t thread;
};

/* Nothing happens when standard error is no terminal, or no thread can be had. */
void vega_replay_progress_start(
	struct vega_replay_progress *progress, const struct vega_replay *replay);
void vega_replay_progress_stop(struct vega_replay_progress *progress);

#endif
