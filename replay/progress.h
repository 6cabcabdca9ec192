/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_PROGRESS_H
#define VEGA_REPLAY_PROGRESS_H
/*
 * The line that shows how far a replay is, and the keys that steer it: on a thread of its own, so that neither delays a packet.
 */
#include <stdbool.h>

#include "replay/engine.h"
#include "replay/thread.h"

struct vega_replay_progress {
	struct vega_replay *replay;
	uint64_t *quit;            /* set by the key q */
	uint64_t speed_millionths; /* as asked for last */
	bool may_seek;
	bool has_line; /* standard error is a terminal */
	bool has_keys; /* and so is standard input */
	uint64_t stop;
	bool running;
	struct vega_thread thread;
};

/* Nothing happens when neither standard error nor standard input is a terminal, or no thread can be had. */
void vega_replay_progress_start(struct vega_replay_progress *progress, struct vega_replay *replay,
	uint64_t *quit, bool may_seek);
void vega_replay_progress_stop(struct vega_replay_progress *progress);

#endif
