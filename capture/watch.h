/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_WATCH_H
#define VEGA_CAPTURE_WATCH_H
/*
 * The control thread: everything a capture does by the clock and not by the packet. Ten times a second: heartbeat, a sample
 * of the clock, the ports' statistics, --duration, --count; twice a second the display; and the signals.
 *
 * SIGINT, SIGTERM and SIGHUP stop the capture cleanly; a second one ends the process at once.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/stamp.h"
#include "hugepages/base/attr.h"
#include "hugepages/region.h"
#include "hugepages/stat.h"

struct vega_watch {
	/* Filled by the caller. */
	struct vega_region *region;
	uint64_t duration_ns; /* 0: no end */
	uint64_t packets_max; /* stop when this many were received; UINT64_MAX: no end */
	bool stamping;        /* discipline the TSC */
	bool display;         /* a rate line on standard error */
	void (*look_at_ports)(void *arg); /* NULL: none */
	void *ports;

	/* Read by the loops. */
	uint64_t stop; /* 1: take no more packets */
	struct vega_stamp_cell stamps;

	/* The thread's own. */
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
	uint64_t asked_ns; /* when a signal first asked to stop; 0: none has */
	uint64_t quit;
	uint64_t round;
	uint64_t shown_ns;
	uint64_t shown_packets;
	uint64_t shown_bytes;
	struct vega_stamp stamp;
	struct vega_stat stat;
	cpu_set_t cpus;
	pthread_t thread;
};

/*
 * Before any other thread is made or pinned: signals are from now on the control thread's, and the processors this
 * process may run on are remembered for it.
 */
void vega_watch_prepare(struct vega_watch *watch);

/* Take the first sample and start the thread, not pinned. Returns 0 or -EAGAIN. */
int vega_watch_start(struct vega_watch *watch) VEGA_MUST_CHECK;

/* End the thread, after a last look at the ports. */
void vega_watch_finish(struct vega_watch *watch);

#endif
