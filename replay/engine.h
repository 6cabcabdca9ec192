/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_ENGINE_H
#define VEGA_REPLAY_ENGINE_H
/*
 * The engine: inputs -> merge -> pace -> output, one step at a time.
 *
 *	           peek, pop               due?                 send_burst
 *	inputs ------------> next frames ---------> burst of <= 64 ---------> output
 *
 * Frames with one deadline leave together, and so do those that have become due meanwhile, or will while the output sends the
 * ones before them; order is the merge's, always.
 * The burst is laid ready before its time, so that at the deadline only the hand-over is left.
 */
#include "replay/call_cost.h"
#include "replay/merge.h"
#include "replay/pace.h"
#include "replay/report.h"
#include "replay/sender.h"
#include "replay/tx.h"

/* What is asked of a replay while it runs: one word, so that it is whole. */
enum vega_wish {
	VEGA_WISH_NONE = 0,
	VEGA_WISH_PAUSE = 1, /* or go on */
	VEGA_WISH_STEP = 2,  /* send one packet, and pause */
	VEGA_WISH_SPEED = 3, /* millionths; 0: max */
	VEGA_WISH_SEEK = 4   /* to a recorded time, in us, not 0 */
};

struct vega_replay_conf {
	uint64_t speed_millionths; /* 0: max */
	uint64_t rate_pps;         /* 0: as recorded */
	uint64_t gap_ns_max;       /* of recorded time; 0: no limit */
	/* CLOCK_MONOTONIC time of the first frame; 0: as soon as it is known */
	uint64_t start_ns;
	/* Without start_ns: how long after it is known the first frame is due. A cold one would leave late, and all others seem early. */
	uint64_t settle_ns;
	uint64_t packet_first; /* of the merged stream, from 0 on: those before are passed over */
	uint64_t packet_end;   /* 0: no limit; else this one and those behind it are left out */
	bool paused;           /* from the beginning */
	bool no_warm_up;       /* leave the output cold before a departure */
};

struct vega_replay {
	struct vega_merge *merge;
	struct vega_tx *tx;
	struct vega_report *report;
	struct vega_pace pace;
	struct vega_replay_conf conf;
	bool started;
	/* While paused: the schedule begins anew, at the frame sent last (0: none was, at the next). */
	bool stepped;
	uint64_t stepped_ns;
	uint64_t packet_idx; /* of the next frame of the merge */
	uint64_t paused_since_ns;
	uint64_t paused;           /* 0 or 1; for a display (relaxed) */
	uint64_t speed_millionths; /* for a display (relaxed) */
	uint64_t wish;             /* by another thread: kind << 60 | argument; 0: none (K1, K2) */
	uint64_t seek_ns;          /* poll has ended for this; 0: it has not */
	uint64_t starved_since_ns; /* 0: not starved */
	uint64_t looked_ns; /* at the clock, last, and nothing but spinning followed; else 0 */
	/* When the processor was away last while the sender spun: what became due then waited for it. */
	uint64_t away_begin_ns;
	uint64_t away_end_ns;
	struct vega_call_cost cost; /* of a serial output */
	uint64_t warm_ns;           /* when the output last sent, or was warmed up */
	bool may_warm_up;
	uint64_t progress_frames; /* for a display on another thread (relaxed) */
	uint64_t progress_ns;     /* recorded time of the last frame handed over */
	uint32_t burst_cnt;
	uint32_t burst_sent;
	struct vega_frame burst[VEGA_TX_BURST_CNT_MAX];
	uint64_t due_ns[VEGA_TX_BURST_CNT_MAX];
};

/* All that is passed in must outlive the replay; the configuration is copied. */
void vega_replay_init(struct vega_replay *replay, struct vega_merge *merge, struct vega_tx *tx,
	struct vega_report *report, const struct vega_replay_conf *conf);

/*
 * The merge begins anew, from another time or for another lap: its first frame is due at once.
 * Params: packet_idx	of its first frame
 */
void vega_replay_again(struct vega_replay *replay, uint64_t packet_idx);

/*
 * Ask something, from another thread. One wish at a time: it is taken at the sender's next poll.
 * Returns false when the last one has not been taken yet: try again.
 */
bool vega_replay_ask(struct vega_replay *replay, enum vega_wish wish, uint64_t argument);

/*
 * Bounded work: make the next burst ready and, when it is due, hand it over.
 *
 * Returns the number of frames the output took; 0: none, for the next one is due in *ret_wait_ns, or, when that is 0, the reader is
 * behind or the output full; -ENODATA: all is done, or a seek asked for (seek_ns); another negative errno with a message: the output failed.
 * Cost: two reads of the clock; no allocation, no syscall but the output's, nor its warm-up before a departure after a while without.
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
