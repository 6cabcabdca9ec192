/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rx poll and frame lane of one lcore, the drain discarding: packets a second, and the system calls and page faults it took.
 *
 * The source hands out packets that lie in memory as a port's do (each in its own 2 KiB buffer), so that what is measured is
 * what VEGA adds to a port. Prints one JSON object.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture/rx.h"
#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "hugepages/region.h"

#define BUFFER_CNT   512u
#define BUFFER_BYTES 2048u

struct memory_source {
	struct vega_source source; /* first: what rx sees */
	uint8_t *buffers;
	uint32_t next;
	uint32_t frame_bytes;
	uint64_t now_ns;
};

static int
memory_burst(struct vega_source *source, struct vega_packet *packets, uint32_t max)
{
	struct memory_source *m = (struct memory_source *)(void *)source;
	const uint32_t cnt = max < 32 ? max : 32;

	for (uint32_t i = 0; i < cnt; i++) {
		packets[i].data =
			m->buffers + (size_t)(m->next++ % BUFFER_CNT) * BUFFER_BYTES + 128;
		packets[i].recv_ns = m->now_ns += 40;
		packets[i].captured_bytes = m->frame_bytes;
		packets[i].wire_bytes = m->frame_bytes;
		packets[i].interface_id = 0;
	}
	return (int)cnt;
}

static void
memory_release(struct vega_source *source)
{
	(void)source;
}

static const struct vega_source_ops memory_ops = {
	.name = "memory", .burst = memory_burst, .release = memory_release};

struct discard {
	struct vega_frame_lane *lane;
	uint64_t stop;
	uint64_t blocks;
	int cpu;
};

static void
pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void *
discard_main(void *arg)
{
	struct discard *d = arg;

	pin(d->cpu);
	while (!vega_load_relaxed(&d->stop)) {
		const uint64_t sealed = vega_frame_sealed(d->lane);

		if (sealed == d->blocks) {
			(void)usleep(50);
			continue;
		}
		d->blocks = sealed;
		vega_frame_release(d->lane, sealed);
	}
	return NULL;
}

static int
run(uint64_t seconds, uint64_t lane_mib, uint32_t frame_bytes)
{
	char name[32];
	struct vega_layout_feed feed = {
		.name = "default", .zone = "UTC", .frame_lane_bytes = lane_mib << 20, .if_cnt = 1};
	const struct vega_region_conf conf = {
		.name = name, .feeds = &feed, .feed_cnt = 1, .lcore_cnt = 1, .port_cnt = 1};
	struct memory_source source = {.source = {.ops = &memory_ops, .linktype = 1},
		.frame_bytes = frame_bytes,
		.now_ns = vega_realtime_ns()};
	struct vega_source *sources[1] = {&source.source};
	static struct vega_rx_feed rx_feed = {.frames_only = true};
	static struct vega_rx rx;
	uint8_t ended[1] = {0};
	struct vega_region *region;
	struct vega_zone *zone;
	struct rusage before;
	struct rusage after;
	struct discard discard = {.cpu = 0};
	pthread_t thread;
	uint64_t t0;
	uint64_t t1;
	json_t *out;
	int rc;

	(void)snprintf(name, sizeof(name), "bench-rx-%d", (int)getpid());
	source.buffers = calloc(BUFFER_CNT, BUFFER_BYTES);
	if ((rc = vega_region_create(&conf, &region)) < 0 ||
		(rc = vega_zone_new("UTC", 0, &zone)) < 0)
		return vega_err_exit("bench_rx", rc);
	vega_frame_writer_init(&rx_feed.writer, vega_region_frame_lane(region, 0), zone);
	rx_feed.cells = &region->rx[0];
	rx = (struct vega_rx){.sources = sources,
		.source_cnt = 1,
		.feed_cnt = 1,
		.feeds = &rx_feed,
		.default_feed = &rx_feed,
		.cells = &region->lcores[0],
		.packets_left = UINT64_MAX,
		.ended = ended};
	discard.lane = vega_region_frame_lane(region, 0);
	(void)pthread_create(&thread, NULL, discard_main, &discard);
	pin((int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
	for (unsigned i = 0; i < 1000000; i++)
		(void)vega_rx_poll(&rx, t0 = vega_ticks());
	(void)getrusage(RUSAGE_THREAD, &before);
	const uint64_t taken0 = region->lcores[0].packets_polled;
	const uint64_t drops0 = region->rx[0].drop_lane_full;
	t0 = vega_monotonic_ns();
	do {
		for (unsigned i = 0; i < 10000; i++)
			(void)vega_rx_poll(&rx, t0 + i);
		t1 = vega_monotonic_ns();
	} while (t1 - t0 < seconds * 1000000000u);
	(void)getrusage(RUSAGE_THREAD, &after);
	const double packets = (double)(region->lcores[0].packets_polled - taken0);
	const double drops = (double)(region->rx[0].drop_lane_full - drops0);

	vega_store_relaxed(&discard.stop, 1);
	(void)pthread_join(thread, NULL);
	out = json_pack("{s:f, s:f, s:f, s:I, s:I, s:I, s:I}", "rx_packets_per_s",
		packets * 1e9 / (double)(t1 - t0), "rx_packet_ns", (double)(t1 - t0) / packets,
		"rx_dropped_packets", drops, "frame_bytes", (json_int_t)frame_bytes, "lane_bytes",
		(json_int_t)(lane_mib << 20), "page_faults",
		(json_int_t)(after.ru_minflt - before.ru_minflt + after.ru_majflt -
			     before.ru_majflt),
		"page_bytes", (json_int_t)region->control->page_bytes);
	vega_region_close(region);
	vega_zone_delete(zone);
	free(source.buffers);
	return vega_err_exit("bench_rx", vega_cli_json(out));
}

int
main(int argc, char **argv)
{
	return run(argc > 1 ? strtoull(argv[1], NULL, 10) : 3,
		argc > 2 ? strtoull(argv[2], NULL, 10) : 256,
		argc > 3 ? (uint32_t)strtoull(argv[3], NULL, 10) : 167);
}
