/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capture to disk: packets from memory through rx, lane and drain into a journal folder.
 *
 *	bench_drain FOLDER TOTAL_MIB [BYTES_PER_S [LANE_MIB [FRAME_BYTES]]]
 *
 * Without a pace the source waits for the lane, so the disk sets the rate; with one it drops as a port does.
 */
#include <pthread.h>
#include <stdlib.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "store/drain.h"
#include "tests/bench/rig.h"

static uint64_t stop;

static void *
rx_main(void *arg)
{
	struct rig *rig = arg;

	rig_pin(-1);
	while (!vega_load_relaxed(&stop))
		(void)vega_rx_poll(&rig->rx, vega_monotonic_ns());
	vega_rx_seal(&rig->rx, VEGA_SEAL_STOP);
	return NULL;
}

int
main(int argc, char **argv)
{
	const uint64_t total = argc > 2 ? strtoull(argv[2], NULL, 10) << 20 : 1u << 30;
	const uint64_t lane_mib = argc > 4 ? strtoull(argv[4], NULL, 10) : 256;
	const uint32_t frame_bytes = argc > 5 ? (uint32_t)strtoull(argv[5], NULL, 10) : 167;
	static struct rig rig;
	struct vega_drain_conf conf = {.journal_dir = argc > 1 ? argv[1] : ".",
		.io = "auto",
		.file_bytes_max = 1ull << 40,
		.sync_interval_ns = 1000000000u};
	struct vega_drain *drain;
	uint64_t start_ns;
	uint64_t ns;
	pthread_t thread;
	int rc = rig_open(
		&rig, lane_mib << 20, frame_bytes, argc <= 3 || strtoull(argv[3], NULL, 10) == 0);

	rig.source.bytes_per_s = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	conf.region = rig.region;
	if (rc < 0 || (rc = vega_drain_new(&conf, &drain)) < 0)
		return vega_err_exit("bench_drain", rc);
	rig_pin(0);
	start_ns = vega_monotonic_ns();
	(void)pthread_create(&thread, NULL, rx_main, &rig);
	while (vega_load_relaxed(&rig.region->drain[0].bytes_written) < total)
		(void)vega_drain_poll(drain, vega_realtime_ns());
	vega_store_relaxed(&stop, 1);
	while (!vega_drain_idle(drain))
		(void)vega_drain_poll(drain, vega_realtime_ns());
	(void)pthread_join(thread, NULL);
	rc = vega_drain_finish(drain);
	ns = vega_monotonic_ns() - start_ns;
	if (rc == 0)
		rc = vega_cli_json(json_pack("{s:f, s:I, s:f, s:I, s:I, s:I, s:s}",
			"capture_bytes_per_s",
			(double)rig.region->drain[0].bytes_written * 1e9 / (double)ns,
			"capture_bytes", (json_int_t)rig.region->drain[0].bytes_written,
			"capture_packets_per_s",
			(double)rig.region->drain[0].frames_written * 1e9 / (double)ns,
			"capture_dropped_packets", (json_int_t)rig.region->rx[0].drop_lane_full,
			"capture_lost_disk_packets", (json_int_t)rig.region->drain[0].lost_disk,
			"duration_ns", (json_int_t)ns, "io", rig.region->control->io));
	vega_drain_delete(drain);
	rig_close(&rig);
	return vega_err_exit("bench_drain", rc);
}
