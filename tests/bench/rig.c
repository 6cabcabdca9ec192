/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/bench/rig.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/zone.h"

#define BUFFER_CNT   512u
#define BUFFER_BYTES 2048u
#define BURST_CNT    32u

static pthread_t discarder;
static uint64_t stop;

/* A burst later than the pace allows none: 0 packets, as a quiet port. */
static bool
is_due(struct rig_source *s)
{
	const uint64_t now_ns = vega_monotonic_ns();

	if (s->start_ns == 0)
		s->start_ns = now_ns;
	return (double)s->handed_bytes <=
	       (double)(now_ns - s->start_ns) * 1e-9 * (double)s->bytes_per_s;
}

static int
burst(struct vega_source *source, struct vega_packet *packets, uint32_t max)
{
	struct rig_source *s = (struct rig_source *)(void *)source;
	const uint32_t cnt = max < BURST_CNT ? max : BURST_CNT;

	if (s->bytes_per_s != 0 && !is_due(s))
		return 0;
	for (uint32_t i = 0; i < cnt; i++) {
		packets[i].data =
			s->buffers + (size_t)(s->next++ % BUFFER_CNT) * BUFFER_BYTES + 128;
		packets[i].recv_ns = s->recv_ns += 40;
		packets[i].captured_bytes = s->frame_bytes;
		packets[i].wire_bytes = s->frame_bytes;
		packets[i].interface_id = 0;
	}
	s->handed_bytes += cnt * s->frame_bytes;
	return (int)cnt;
}

static void
release(struct vega_source *source)
{
	(void)source;
}

static const struct vega_source_ops ops = {.name = "memory", .burst = burst, .release = release};

int
rig_open(struct rig *rig, uint64_t lane_bytes, uint32_t frame_bytes, bool lossless)
{
	const struct vega_layout_feed feed = {.name = "default",
		.zone = "UTC",
		.numa = UINT32_MAX,
		.frame_lane_bytes = lane_bytes,
		.if_cnt = 1,
		.if_name = {"memory"}};
	const struct vega_region_conf conf = {
		.name = rig->name, .feeds = &feed, .feed_cnt = 1, .lcore_cnt = 1, .port_cnt = 1};
	int rc;

	(void)snprintf(rig->name, sizeof(rig->name), "bench-%d", (int)getpid());
	if ((rc = vega_zone_new("UTC", 0, &rig->zone)) < 0 ||
		(rc = vega_region_create(&conf, &rig->region)) < 0)
		return rc;
	vega_frame_writer_init(
		&rig->feed.writer, vega_region_frame_lane(rig->region, 0), rig->zone);
	rig->feed.cells = &rig->region->rx[0];
	rig->feed.frames_only = true;
	rig->source =
		(struct rig_source){.source = {.ops = &ops, .linktype = 1, .lossless = lossless},
			.buffers = calloc(BUFFER_CNT, BUFFER_BYTES),
			.frame_bytes = frame_bytes,
			.recv_ns = vega_realtime_ns()};
	rig->sources[0] = &rig->source.source;
	rig->rx = (struct vega_rx){.sources = rig->sources,
		.source_cnt = 1,
		.feed_cnt = 1,
		.feeds = &rig->feed,
		.default_feed = &rig->feed,
		.cells = &rig->region->lcores[0],
		.packets_left = UINT64_MAX,
		.ended = rig->ended};
	return 0;
}

void
rig_close(struct rig *rig)
{
	vega_region_close(rig->region);
	vega_zone_delete(rig->zone);
	free(rig->source.buffers);
}

void
rig_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		cpu += (int)sysconf(_SC_NPROCESSORS_ONLN);
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void *
discard(void *arg)
{
	struct vega_frame_lane *lane = arg;
	uint64_t released = 0;

	rig_pin(0);
	while (!vega_load_relaxed(&stop)) {
		const uint64_t sealed = vega_frame_sealed(lane); /* F3 */

		if (sealed == released)
			(void)usleep(50);
		vega_frame_release(lane, released = sealed); /* F4 */
	}
	return NULL;
}

void
rig_discard(struct vega_frame_lane *lane)
{
	(void)pthread_create(&discarder, NULL, discard, lane);
}

void
rig_discard_end(void)
{
	vega_store_relaxed(&stop, 1);
	(void)pthread_join(discarder, NULL);
}
