/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A region without a capture, for tests of vega-bus: region_hold NAME makes it, counts something, says "ready", and stops
 * in order when standard input ends.
 */
#include <stdio.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/err.h"
#include "hugepages/region.h"

static const struct vega_layout_feed feeds[2] = {
	{.name = "NSE_FO",
		.zone = "Asia/Kolkata",
		.record_lane_bytes = 2u << 20,
		.frame_lane_bytes = 2u << 20},
	{.name = "default", .zone = "UTC", .frame_lane_bytes = 2u << 20},
};

/* 12 packets polled and 3 missed by the port; 9 published, one of them without its frame, and 3 dropped. */
static void
count(const struct vega_region *region)
{
	vega_count(&region->lcores[0].packets_polled, 12);
	vega_count(&region->rx[0].packets_published, 9);
	vega_count(&region->rx[0].bytes_published, 900);
	vega_count(&region->rx[0].packets_framed, 8);
	vega_count(&region->rx[0].lost_lane_full, 1);
	vega_count(&region->rx[1].drop_lane_full, 3);
	vega_count(&region->ports[0].drop_missed, 3);
	vega_count(&region->drain[0].durable_frames, 7);
	vega_count(&region->drain[0].durable_ns, 1700000000000000000u);
}

int
main(int argc, char **argv)
{
	struct vega_region *region;
	struct vega_region_conf conf = {.memory = VEGA_MEMORY_SHM,
		.feeds = feeds,
		.feed_cnt = 2,
		.lcore_cnt = 1,
		.port_cnt = 1};
	int rc;

	if (argc != 2)
		return EX_USAGE;
	conf.name = argv[1];
	rc = vega_region_create(&conf, &region);
	if (rc != 0)
		return vega_err_exit("region_hold", rc);
	count(region);
	(void)puts("ready");
	(void)fflush(stdout);
	while (getchar() == 'c') {
		count(region);
		(void)puts("counted");
		(void)fflush(stdout);
	}
	vega_region_close(region);
	return 0;
}
