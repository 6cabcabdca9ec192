/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BENCH_DRAIN_REGION_H
#define VEGA_BENCH_DRAIN_REGION_H
/*
 * A region of this process's own, for a drain: one feed with a record lane, and a frame lane that stays empty.
 *
 *	memory	| record lane, lane_bytes | frame lane of 2 blocks |
 */
#include "hugepages/frame.h"
#include "hugepages/region.h"
#include "hugepages/ring.h"
#include "tests/lib/zeroed.h"

struct drain_region {
	struct vega_region region;
	struct vega_control control;
	struct vega_feed_entry feed;
	struct vega_lane_entry lanes[2];
	struct vega_drain_cells drain;
};

/* The region stays where it is. Returns its record lane, in whose beginning the writer stands. */
static inline struct vega_record_lane *
drain_region_new(struct drain_region *own, uint64_t lane_bytes, uint64_t generation,
	struct vega_ring_writer *ring)
{
	const uint64_t bytes = lane_bytes + vega_frame_lane_bytes(2);
	struct vega_record_lane *lane = zeroed(bytes);

	own->region = (struct vega_region){.control = &own->control,
		.feeds = &own->feed,
		.lanes = own->lanes,
		.drain = &own->drain,
		.memory = (void *)lane};
	own->control.feed_cnt = 1;
	own->control.lanes_bytes = bytes;
	own->feed = (struct vega_feed_entry){
		.name = "bench", .zone = "UTC", .frame_lane = 1, .book_lane = UINT32_MAX};
	own->lanes[0].lane_bytes = lane_bytes;
	own->lanes[1].lane_off = lane_bytes;
	vega_ring_new(lane, lane_bytes, 0, VEGA_RECORD_BYTES, generation);
	vega_ring_writer_init(ring, lane, lane_bytes);
	vega_frame_lane_new(vega_region_frame_lane(&own->region, 0), 0, 2, 1);
	return lane;
}

#endif
