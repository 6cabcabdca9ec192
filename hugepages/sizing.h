/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_SIZING_H
#define VEGA_HUGEPAGES_SIZING_H
/*
 * What follows from a configuration in bytes, pages and milliseconds. Pure functions; `vega-hugepages plan` prints them.
 */
#include <stdint.h>

#include "hugepages/base/conf.h"
#include "hugepages/host.h"
#include "hugepages/layout.h"
#include "hugepages/stage.h"

/* Traffic of one feed, as an operator guesses it. */
struct vega_traffic {
	double rate_pps;
	uint32_t frame_bytes;      /* captured bytes of a typical frame */
	double records_per_packet; /* the PACKET record and those of its messages */
};

/* A lane that holds less than this is too small: a write to disk may take as long. */
#define VEGA_LANE_HOLDS_NS_MIN 100000000u

/*
 * The feeds that the region of a configuration holds: the configured ones in order, then `default`, or
 * `default.0`, `default.1` ... where there are several rx lcores.
 *
 * Returns 0, or -EINVAL (78) above VEGA_FEED_CNT_MAX.
 */
int vega_sizing_feeds(const struct vega_conf *conf,
	struct vega_layout_feed feeds[VEGA_FEED_CNT_MAX], uint32_t *ret_feed_cnt) VEGA_MUST_CHECK;

/*
 * Hugepages by NUMA node, locked memory and processors. A feed's lanes are wanted on the node of the lcore
 * that writes them; packet buffers of DPDK ports on the node of the lcore that polls them.
 */
void vega_sizing_need(const struct vega_conf *conf, const struct vega_host *host,
	const struct vega_layout *layout, struct vega_need *ret_need);

/* About what DPDK takes: packet buffers of a port; those of all ports and its own. 0 without ports. */
uint64_t vega_sizing_port_bytes(const struct vega_conf_port *port);
uint64_t vega_sizing_dpdk_bytes(const struct vega_conf *conf);

/*
 * How long a lane takes to fill when its reader stands still. Blocks of a frame lane are sealed when full or 100 ms
 * old, so a slow feed fills blocks, not bytes. UINT64_MAX where the rate is 0, and for state tables.
 */
uint64_t vega_sizing_lane_ns(
	const struct vega_lane_entry *lane, const struct vega_traffic *traffic);

/* Bytes of one feed in a journal, headers and padding included. */
struct vega_journal_need {
	uint64_t bytes; /* all of them: */
	uint64_t frame_bytes;
	uint64_t record_bytes;
	uint64_t book_bytes;
	uint64_t keyframe_bytes; /* of as many instruments as its state table has room for */
};

/*
 * What `seconds` of the traffic make of a feed: frames to the byte, of the rest about as much as is measured. A book lane is taken to get
 * as many records as the record lane.
 */
void vega_sizing_journal(const struct vega_conf *conf, const struct vega_layout_feed *feed,
	const struct vega_traffic *traffic, uint64_t seconds, struct vega_journal_need *ret_need);

#endif
