/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loops, run to their end on this thread: a made-up source stops, steps the clock and loses packets in the middle; what
 * then lies in the lane is read back block by block.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "capture/lcore.h"
#include "hugepages/base/zone.h"

#define BLOCK_CNT 8u

/* Gives a packet a burst until packets_left is 0; before packet at_packet it does `then`. */
struct script {
	struct vega_source source;
	uint32_t packets_left;
	uint32_t at_packet;
	void (*then)(void);
	uint64_t recv_ns;
	uint8_t data[60];
};

static struct {
	struct script script;
	struct vega_frame_lane *lane;
	struct vega_zone *zone;
	struct vega_rx_feed feed;
	struct vega_rx_cells cells;
	struct vega_lcore_cells lcore_cells;
	struct vega_port_cells port_cells;
	struct vega_source *sources[1];
	uint8_t ended[1];
	struct vega_rx rx;
	struct vega_lcore_rx loop;
	struct vega_stamp_cell stamps;
	struct vega_stamp stamp;
	uint64_t stop;
	unsigned drain_polls;
} t;

static int
burst(struct vega_source *source, struct vega_packet *packets, uint32_t max)
{
	struct script *s = (struct script *)source;

	if (s->packets_left == 0)
		return -ENODATA;
	if (max == 0)
		return 0;
	if (s->then != NULL && s->packets_left == s->at_packet)
		s->then();
	packets[0] = (struct vega_packet){
		.data = s->data, .recv_ns = s->recv_ns++, .captured_bytes = 60, .wire_bytes = 60};
	s->packets_left--;
	return 1;
}

static void
release(struct vega_source *source)
{
	(void)source;
}

static const struct vega_source_ops ops = {.name = "script", .burst = burst, .release = release};

static int
setup(void **state)
{
	const size_t bytes = vega_frame_lane_bytes(BLOCK_CNT);

	(void)state;
	memset(&t, 0, sizeof(t));
	t.lane = aligned_alloc(4096, bytes);
	if (t.lane == NULL || vega_zone_new("UTC", 0, &t.zone) != 0)
		return -1;
	memset(t.lane, 0, bytes);
	vega_frame_lane_new(t.lane, 0, BLOCK_CNT, 1);
	vega_frame_writer_init(&t.feed.writer, t.lane, t.zone);
	vega_frame_linktype(&t.feed.writer, 1);
	t.feed.cells = &t.cells;
	t.feed.frames_only = true;
	t.script = (struct script){.source = {.ops = &ops, .linktype = 1},
		.packets_left = 100,
		.recv_ns = 1795000000000000000};
	t.sources[0] = &t.script.source;
	t.rx = (struct vega_rx){.sources = t.sources,
		.source_cnt = 1,
		.feeds = &t.feed,
		.feed_cnt = 1,
		.default_feed = &t.feed,
		.cells = &t.lcore_cells,
		.packets_left = UINT64_MAX,
		.ended = t.ended};
	t.loop = (struct vega_lcore_rx){.rx = &t.rx,
		.idle = VEGA_IDLE_ADAPTIVE,
		.clock = vega_lcore_clock_begin(),
		.stop = &t.stop};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(t.lane);
	vega_zone_delete(t.zone);
	return 0;
}

/* How many pcapng blocks of a type lie in block n of the lane; the last clock block's flags. */
static unsigned
count_blocks(uint64_t n, uint32_t type, uint32_t *ret_flags)
{
	const struct vega_block_hdr *hdr = vega_frame_block(t.lane, n);
	const uint8_t *payload = (const uint8_t *)(hdr + 1);
	unsigned cnt = 0;

	for (uint32_t at = 0; at < hdr->payload_bytes;) {
		uint32_t head[2];

		memcpy(head, payload + at, sizeof(head));
		if (head[0] == type) {
			cnt++;
			if (type == VEGA_BLOCK_CLOCK)
				memcpy(ret_flags,
					payload + at + offsetof(struct vega_clock_block, flags), 4);
		}
		at += head[1];
	}
	return cnt;
}

static void
publish_line(uint64_t step_cnt, uint64_t back_cnt)
{
	t.stamp.ticks_hz = 1000000000;
	t.stamp.sample.realtime_ns = t.script.recv_ns;
	t.stamp.step_cnt = step_cnt;
	t.stamp.back_cnt = back_cnt;
	vega_stamp_publish(&t.stamps, &t.stamp);
}

static void
test_end_of_source_seals(void **state)
{
	(void)state;
	assert_int_equal(vega_lcore_rx_run(&t.loop), 0);
	assert_true(vega_lcore_rx_done(&t.loop, 1));
	assert_int_equal(t.loop.err.rc, 0);
	assert_int_equal(t.cells.packets_framed, 100);
	assert_int_equal(t.cells.blocks_sealed, 1);
	assert_int_equal(vega_frame_block(t.lane, 0)->seal, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_block(t.lane, 0)->packet_cnt, 100);
	assert_true(t.lcore_cells.poll_ns_max > 0);
}

static void
stop_now(void)
{
	t.stop = 1;
}

static void
test_stop_takes_no_further_burst(void **state)
{
	(void)state;
	t.script.then = stop_now;
	t.script.at_packet = 60;
	assert_int_equal(vega_lcore_rx_run(&t.loop), 0);
	assert_int_equal(t.script.packets_left, 59); /* the burst in hand is laid */
	assert_int_equal(t.cells.packets_framed, 41);
	assert_int_equal(t.lcore_cells.packets_polled, 41);
}

static void
step_back(void)
{
	publish_line(1, 1);
	t.script.recv_ns -= 1000000000;
}

/* A backward step: what was laid before it is sealed, and the next block begins with the clock. */
static void
test_backward_step_seals(void **state)
{
	uint32_t flags = 0;

	(void)state;
	publish_line(0, 0);
	t.loop.stamps = &t.stamps;
	t.script.then = step_back;
	t.script.at_packet = 50;
	assert_int_equal(vega_lcore_rx_run(&t.loop), 0);
	assert_int_equal(t.lane->sealed, 2);
	assert_int_equal(vega_frame_block(t.lane, 0)->seal, VEGA_SEAL_CLOCK);
	assert_int_equal(count_blocks(0, VEGA_BLOCK_CLOCK, &flags), 1);
	assert_int_equal(flags, VEGA_CLOCK_START);
	assert_int_equal(count_blocks(1, VEGA_BLOCK_CLOCK, &flags), 1);
	assert_int_equal(flags, VEGA_CLOCK_JUMP);
	assert_int_equal(
		count_blocks(0, VEGA_PCAPNG_EPB, NULL) + count_blocks(1, VEGA_PCAPNG_EPB, NULL),
		100);
	assert_int_equal(t.lcore_cells.clock_steps, 1);
}

static void
step_forward(void)
{
	publish_line(1, 0);
}

static void
test_forward_step_is_flagged(void **state)
{
	uint32_t flags = 0;

	(void)state;
	publish_line(0, 0);
	t.loop.stamps = &t.stamps;
	t.script.then = step_forward;
	t.script.at_packet = 50;
	assert_int_equal(vega_lcore_rx_run(&t.loop), 0);
	assert_int_equal(t.lane->sealed, 1);
	assert_int_equal(count_blocks(0, VEGA_BLOCK_CLOCK, &flags), 2);
	assert_int_equal(flags, VEGA_CLOCK_JUMP);
	assert_int_equal(t.lcore_cells.clock_steps, 0);
}

static void
lose_at_port(void)
{
	t.port_cells.drop_missed = 5;
	t.port_cells.drop_errors = 2;
	t.port_cells.drop_nombuf = 3;
}

static void
test_port_losses_are_told_once(void **state)
{
	(void)state;
	t.loop.ports[0].cells = &t.port_cells;
	t.loop.port_cnt = 1;
	t.script.then = lose_at_port;
	t.script.at_packet = 50;
	assert_int_equal(vega_lcore_rx_run(&t.loop), 0);
	assert_int_equal(vega_frame_block(t.lane, 0)->lost_port_missed, 7);
	assert_int_equal(vega_frame_block(t.lane, 0)->lost_port_nombuf, 3);
}

/* The drain of a made-up store: nothing to do, then work, then nothing again, though it may still hold blocks. */
static unsigned
drain_poll(void *drain, uint64_t now_ns)
{
	(void)drain;
	assert_true(now_ns > 0);
	t.drain_polls++;
	if (t.drain_polls == 10)
		t.loop.done = 1; /* an rx loop ends while the drain is at it */
	return t.drain_polls == 11;
}

static void
test_drain_ends_when_rx_has_and_nothing_is_left_to_do(void **state)
{
	struct vega_lcore_drain loop = {.poll = drain_poll,
		.idle = VEGA_IDLE_SPIN,
		.clock = vega_lcore_clock_begin(),
		.rx = &t.loop,
		.rx_cnt = 1};

	(void)state;
	assert_int_equal(vega_lcore_drain_run(&loop), 0);
	assert_int_equal(t.drain_polls, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_end_of_source_seals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_takes_no_further_burst, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backward_step_seals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forward_step_is_flagged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_losses_are_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_drain_ends_when_rx_has_and_nothing_is_left_to_do, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
