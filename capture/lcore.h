/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_LCORE_H
#define VEGA_CAPTURE_LCORE_H
/*
 * The loops around the poll functions: the only `for (;;)` of a capture. Each runs on a thread of its own.
 *
 * Stopping is a one-way street: somebody sets `stop`; each rx loop takes no further burst, lays what it holds, seals its
 * blocks and sets its `done`; the drain loop ends when every rx loop is done and it finds no more to do at once. What is
 * still under way, or waits for storage that fails, is for whoever finishes the drain: the loop would wait for ever.
 *
 *	L1 whoever stops  store `stop`, release
 *	L2 rx		  load `stop`, acquire; pairs with L1
 *	L3 rx		  store `done`, release, after the last block is sealed and `err` is set
 *	L4 drain, control load `done`, acquire; pairs with L3: counts and `err` are final
 */
#include <stdbool.h>
#include <stdint.h>

#include "capture/rx.h"
#include "capture/stamp.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"

/* A thread's own idea of passing time: TSC ticks as ns, monotone, no kernel. Its zero means nothing. */
struct vega_lcore_clock {
	uint64_t begin_ticks;
	uint64_t rate_q32; /* ns a tick */
};
struct vega_lcore_clock vega_lcore_clock_begin(void);

/* Losses of a port that this lcore tells in its default feed's block headers. */
struct vega_lcore_port {
	const struct vega_port_cells *cells;
	uint64_t missed_told;
	uint64_t nombuf_told;
};

struct vega_lcore_rx {
	struct vega_rx *rx;
	enum vega_idle idle;
	struct vega_lcore_clock clock;
	const struct vega_stamp_cell *stamps; /* NULL: files bring their own times */
	uint64_t stamp_seen;
	struct vega_stamp stamp; /* the line its port sources stamp by */
	uint32_t port_cnt;
	struct vega_lcore_port ports[VEGA_IF_CNT_MAX];
	const uint64_t *stop;
	uint64_t done;       /* 1 when the loop has ended and its blocks are sealed */
	struct vega_err err; /* of a damaged source; rc 0: none */
};

/* The rx loop; arg is a struct vega_lcore_rx. Returns 0. */
int vega_lcore_rx_run(void *arg);

/* The drain as its loop sees it: capture knows nothing of the store. */
struct vega_lcore_drain {
	unsigned (*poll)(void *drain, uint64_t now_ns);
	void *drain;
	enum vega_idle idle;
	struct vega_lcore_clock clock;
	const struct vega_lcore_rx *rx;
	uint32_t rx_cnt;
};
int vega_lcore_drain_run(void *arg);

/* Has every rx loop ended? */
bool vega_lcore_rx_done(const struct vega_lcore_rx *rx, uint32_t rx_cnt);

#endif
