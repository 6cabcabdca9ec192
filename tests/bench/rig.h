/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BENCH_RIG_H
#define VEGA_BENCH_RIG_H
/*
 * A region with one feed and an rx that takes packets from memory: what the benches of the capture path stand on.
 *
 * The source hands out packets that lie as a port's do, each in its own 2 KiB buffer, so that what is measured is what VEGA
 * adds to a port.
 */
#include <stdbool.h>

#include "capture/rx.h"
#include "hugepages/region.h"

struct rig_source {
	struct vega_source source; /* first: what rx sees */
	uint8_t *buffers;
	uint32_t next;
	uint32_t frame_bytes;
	uint64_t recv_ns;
	uint64_t start_ns;     /* CLOCK_MONOTONIC at the first burst */
	uint64_t handed_bytes; /* since then */
	uint64_t bytes_per_s;  /* pace; 0: as fast as it is asked */
};

struct rig {
	char name[32];
	struct vega_region *region;
	struct vega_zone *zone;
	struct vega_rx rx;
	struct vega_rx_feed feed;
	struct rig_source source;
	struct vega_source *sources[1];
	uint8_t ended[1];
};

int rig_open(struct rig *rig, uint64_t lane_bytes, uint32_t frame_bytes, bool lossless);
void rig_close(struct rig *rig);

/* A thread, one at a time, that takes every block of a lane as a drain would, and writes none. */
void rig_discard(struct vega_frame_lane *lane);
void rig_discard_end(void);

/* Pin the calling thread; cpu counts from the end when negative. */
void rig_pin(int cpu);

#endif
