/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_ENGINE_H
#define VEGA_REPLAY_ENGINE_H
/*
 * The engine: inputs -> merge -> pace -> output, one step at a time.
 *
 *	           peek, pop               due?                 send_burst
 *	inputs ------------> next frames ---------> burst of <= 64 ---------> output
 *
 * Frames with one deadline leave together, and so do those that have become due meanwhile; order is the merge's, always.
 * The burst is laid ready before its time, so that at the deadline only the hand-over is left.
 */
#include "replay/merge.h"
#include "replay/pace.h"
#include "replay/report.h"
#include "replay/sender.h"
#include "replay/tx.h"

struct vega_replay {
	struct vega_merge *merge;
	struct vega_tx *tx;
	struct vega_report *report;
	struct vega_pace pace;
	/* Sender's clock: when the first frame is due; 0: as soon as it is known. */
	uint64_t start_ns;
	bool started;
	uint64_t starved_since_ns; /* 0: not starved */
	uint64_t progress_frames;  /* for a display on another thread (relaxed) */
	uint64_t progress_ns;      /* recorded time of the last frame handed over */
	uint32_t burst_cnt;
	uint32_t burst_sent;
	struct vega_frame burst[VEGA_TX_BURST_CNT_MAX];
	uint64_t due_ns[VEGA_TX_BURST_CNT_MAX];
};

/*
 * Params: speed_millionths	0: max
 *	   start_ns		CLOCK_MONOTONIC time the first frame is due at; 0: as soon as it is known
 * All that is passed in must outlive the replay.
 */
void vega_replay_init(struct vega_replay *replay, struct vega_merge *merge, struct vega_tx *tx,
	struct vega_report *report, uint64_t speed_millionths, uint64_t start_ns);

/*
 * Bounded work: make the next burst ready and, when it is due, hand it over.
 *
 * Returns the number of frames the output took; 0: none, for the next one is due in *ret_wait_ns, or, when that is 0, the reader is
 * behind or the output full; -ENODATA: all is done; another negative errno with a message: the output failed.
 * Cost: two reads of the clock; no allocation, no syscall but the output's.
 */
int vega_replay_poll(struct vega_replay *replay, uint64_t *ret_wait_ns);

/*
 * Poll until all is sent or *stop is set.
 *
 * Returns 0, also when stopped; a negative errno with a message when the output failed. The output is flushed.
 */
int vega_replay_run(struct vega_replay *replay, struct vega_sender *sender,
	const uint64_t *stop) VEGA_MUST_CHECK;

#endif
