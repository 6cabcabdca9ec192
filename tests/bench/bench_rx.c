/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rx poll and frame lane of one lcore, the drain discarding: ns a packet, and the page faults it took.
 *
 *	bench_rx [SECONDS [LANE_MIB [FRAME_BYTES]]]
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "tests/bench/rig.h"

#define WARM_UP_POLLS 1000000u
#define CHUNK_POLLS   10000u

static void
poll_for(struct rig *rig, uint64_t duration_ns, uint64_t *ret_ns)
{
	const uint64_t start_ns = vega_monotonic_ns();
	uint64_t now_ns = start_ns;

	while (now_ns - start_ns < duration_ns) {
		for (unsigned i = 0; i < CHUNK_POLLS; i++)
			(void)vega_rx_poll(&rig->rx, now_ns);
		now_ns = vega_monotonic_ns();
	}
	*ret_ns = now_ns - start_ns;
}

int
main(int argc, char **argv)
{
	const uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 3;
	const uint64_t lane_mib = argc > 2 ? strtoull(argv[2], NULL, 10) : 256;
	const uint32_t frame_bytes = argc > 3 ? (uint32_t)strtoull(argv[3], NULL, 10) : 167;
	static struct rig rig;
	struct rusage before;
	struct rusage after;
	uint64_t packets;
	uint64_t drops;
	uint64_t ns;
	int rc = rig_open(&rig, lane_mib << 20, frame_bytes, false);

	if (rc < 0)
		return vega_err_exit("bench_rx", rc);
	rig_discard(vega_region_frame_lane(rig.region, 0));
	rig_pin(-1);
	for (unsigned i = 0; i < WARM_UP_POLLS; i++)
		(void)vega_rx_poll(&rig.rx, 0);
	packets = rig.region->lcores[0].packets_polled;
	drops = rig.region->rx[0].drop_lane_full;
	(void)getrusage(RUSAGE_THREAD, &before);
	poll_for(&rig, seconds * 1000000000u, &ns);
	(void)getrusage(RUSAGE_THREAD, &after);
	packets = rig.region->lcores[0].packets_polled - packets;
	drops = rig.region->rx[0].drop_lane_full - drops;
	rig_discard_end();
	rc = vega_cli_json(json_pack("{s:f, s:f, s:I, s:I, s:I, s:I, s:I}", "rx_packets_per_s",
		(double)packets * 1e9 / (double)ns, "rx_packet_ns", (double)ns / (double)packets,
		"rx_dropped_packets", (json_int_t)drops, "rx_page_faults",
		(json_int_t)(after.ru_minflt + after.ru_majflt - before.ru_minflt -
			     before.ru_majflt),
		"frame_bytes", (json_int_t)frame_bytes, "lane_bytes", (json_int_t)(lane_mib << 20),
		"page_bytes", (json_int_t)rig.region->control->page_bytes));
	rig_close(&rig);
	return vega_err_exit("bench_rx", rc);
}
