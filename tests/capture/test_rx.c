/* SPDX-License-Identifier: BSD-3-Clause */
/* The rx poll: every packet is laid, dropped by name, or held; and the cells say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/rx.h"
#include "hugepages/base/zone.h"

#define START_NS 1748403900000000000ull
#define BLOCKS   2u

/* A source of equal packets that ends after `left` of them, perhaps with damage. */
struct script {
	struct vega_source source;
	uint8_t bytes[2000];
	uint64_t left;
	uint64_t given;
	uint32_t captured_bytes;
	int end_rc;
	unsigned out; /* bursts not released */
};

static int
script_burst(struct vega_source *source, struct vega_packet *packets, uint32_t max)
{
	struct script *s = (struct script *)(void *)source;
	uint32_t cnt = 0;

	assert_int_equal(s->out, 0);
	if (s->left == 0)
		return s->end_rc;
	for (; cnt < max && s->left != 0; cnt++, s->left--)
		packets[cnt] = (struct vega_packet){.data = s->bytes,
			.captured_bytes = s->captured_bytes,
			.wire_bytes = 1400,
			.recv_ns = START_NS + s->given++};
	s->out = cnt != 0;
	return (int)cnt;
}

static void
script_release(struct vega_source *source)
{
	struct script *s = (struct script *)(void *)source;

	assert_int_equal(s->out, 1);
	s->out = 0;
}

static const struct vega_source_ops script_ops = {
	.name = "script", .burst = script_burst, .release = script_release};

struct fixture {
	struct vega_zone *zone;
	struct vega_frame_lane *lane;
	struct vega_rx_cells cells;
	struct vega_lcore_cells lcore;
	struct vega_rx_feed feed;
	struct vega_rx rx;
	struct script script;
	struct vega_source *sources[1];
	uint8_t ended[1];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->lane = aligned_alloc(4096, vega_frame_lane_bytes(BLOCKS));
	memset(f->lane, 0, vega_frame_lane_bytes(BLOCKS));
	vega_frame_lane_new(f->lane, 0, BLOCKS, 1);
	assert_int_equal(vega_zone_new("UTC", 0, &f->zone), 0);
	vega_frame_writer_init(&f->feed.writer, f->lane, f->zone);
	f->feed.cells = &f->cells;
	f->feed.frames_only = true;
	f->script.source = (struct vega_source){.ops = &script_ops, .linktype = 1};
	f->script.end_rc = -ENODATA;
	f->script.captured_bytes = 1000;
	f->sources[0] = &f->script.source;
	f->rx = (struct vega_rx){.sources = f->sources,
		.source_cnt = 1,
		.feed_cnt = 1,
		.feeds = &f->feed,
		.default_feed = &f->feed,
		.cells = &f->lcore,
		.packets_left = UINT64_MAX,
		.ended = f->ended};
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	vega_zone_delete(f->zone);
	free(f->lane);
	free(f);
	return 0;
}

static void
poll_to_the_end(struct fixture *f)
{
	for (unsigned i = 0; i < 100000 && !vega_rx_done(&f->rx); i++)
		(void)vega_rx_poll(&f->rx, START_NS);
	assert_true(vega_rx_done(&f->rx));
}

static void
test_port_drops_by_name_and_the_ledgers_hold(void **state)
{
	struct fixture *f = *state;
	const uint64_t cnt = 5000;

	f->script.left = cnt;
	poll_to_the_end(f);
	assert_int_equal(f->lcore.packets_polled, cnt);
	assert_int_equal(f->lcore.bytes_polled, cnt * 1000);
	assert_true(f->cells.drop_lane_full > 0);
	assert_int_equal(f->cells.packets_published + f->cells.drop_lane_full, cnt);
	assert_int_equal(f->cells.packets_framed, f->cells.packets_published);
	assert_int_equal(f->cells.bytes_published, f->cells.packets_published * 1000);
	assert_int_equal(f->cells.packets_cut, cnt);
	assert_int_equal(f->cells.lost_lane_full, 0);
}

static void
test_feed_with_records_publishes_what_has_no_frame(void **state)
{
	struct fixture *f = *state;
	const uint64_t cnt = 5000;

	f->feed.frames_only = false;
	f->script.left = cnt;
	poll_to_the_end(f);
	assert_int_equal(f->cells.packets_published, cnt);
	assert_int_equal(f->cells.drop_lane_full, 0);
	assert_true(f->cells.lost_lane_full > 0);
	assert_int_equal(f->cells.packets_framed + f->cells.lost_lane_full, cnt);
}

static void
test_lossless_source_waits_and_loses_nothing(void **state)
{
	struct fixture *f = *state;
	const uint64_t cnt = 20000;
	uint64_t frames = 0;
	uint64_t taken = 0;

	f->script.left = cnt;
	f->script.source.lossless = true;
	for (unsigned i = 0; i < 1000000 && !vega_rx_done(&f->rx); i++) {
		if (vega_rx_poll(&f->rx, START_NS) != 0 || taken == vega_frame_sealed(f->lane))
			continue;
		frames += vega_frame_block(f->lane, taken)->packet_cnt;
		vega_frame_release(f->lane, ++taken);
	}
	assert_true(vega_rx_done(&f->rx));
	vega_rx_seal(&f->rx, VEGA_SEAL_STOP);
	for (; taken < vega_frame_sealed(f->lane); taken++)
		frames += vega_frame_block(f->lane, taken)->packet_cnt;
	assert_int_equal(frames, cnt);
	assert_int_equal(f->cells.packets_framed, cnt);
	assert_int_equal(f->cells.drop_lane_full, 0);
	assert_true(f->lcore.source_waits > 0);
	assert_int_equal(f->script.out, 0);
	assert_int_equal(f->cells.blocks_sealed, vega_frame_sealed(f->lane));
}

/* A packet that waits for room is looked at often, and counted once. */
static void
test_held_packet_counts_once_on_its_line(void **state)
{
	struct fixture *f = *state;
	const struct vega_conf_channel channel = {
		.vlan = VEGA_CONF_ANY, .udp_port = VEGA_CONF_ANY, .line = 'B'};
	struct vega_match *match = aligned_alloc(64, vega_align_up(vega_match_bytes(1), 64));
	struct vega_rx_feed *feed_of[1] = {&f->feed};
	const uint64_t cnt = 5000;
	uint64_t taken = 0;

	vega_match_begin(match, 1);
	assert_int_equal(vega_match_add(match, &channel, 0, 0).feed_idx, VEGA_MATCH_NONE);
	vega_match_end(match);
	f->rx.match = match;
	f->rx.feed_of = feed_of;
	f->script.left = cnt;
	f->script.source.lossless = true;
	for (unsigned i = 0; i < 1000000 && !vega_rx_done(&f->rx); i++)
		if (vega_rx_poll(&f->rx, START_NS) == 0 && i % 4 == 0 &&
			taken != vega_frame_sealed(f->lane))
			vega_frame_release(f->lane, ++taken);
	assert_true(vega_rx_done(&f->rx));
	assert_true(f->lcore.source_waits > 0);
	assert_int_equal(f->cells.packets_published, cnt);
	assert_int_equal(f->cells.packets_line_b, cnt);
	free(match);
}

/* The drop count that an oversize frame leaves behind needs room too: no frame may be lost for it. */
static void
test_lossless_source_waits_for_room_of_a_drop_count(void **state)
{
	struct fixture *f = *state;
	struct vega_frame_writer *w = &f->feed.writer;

	f->script.left = BLOCKS * (VEGA_FRAME_PAYLOAD_BYTES_MAX / 1032); /* fills both blocks */
	f->script.source.lossless = true;
	while (f->script.left != 0)
		(void)vega_rx_poll(&f->rx, START_NS);
	f->script.captured_bytes = (uint32_t)(w->limit - w->cursor) - VEGA_EPB_OVERHEAD_BYTES;
	assert_int_equal(
		f->script.captured_bytes % 4, 0); /* but for one packet that tells nothing */
	vega_frame_drop(w, 0, VEGA_PUT_OVERSIZE);
	f->script.left = 1;
	for (unsigned i = 0; i < 10; i++)
		(void)vega_rx_poll(&f->rx, START_NS);
	assert_int_equal(f->cells.drop_lane_full, 0);
	assert_int_equal(f->rx.held_cnt, 1);
	vega_frame_release(f->lane, 1);
	(void)vega_rx_poll(&f->rx, START_NS);
	assert_int_equal(f->rx.held_cnt, 0);
	assert_int_equal(f->cells.drop_lane_full, 0);
}

/* A lane that is idle learns of a backward step too: its next block is in a new file, and in the day of its time. */
static void
test_step_back_changes_file_and_day_of_an_idle_lane(void **state)
{
	const struct vega_clock_block clock = {.block_type = VEGA_BLOCK_CLOCK,
		.block_length = sizeof(clock),
		.realtime_ns = START_NS - 86400000000000ull,
		.block_length2 = sizeof(clock)};
	struct fixture *f = *state;

	f->script.left = 1;
	(void)vega_rx_poll(&f->rx, START_NS);
	(void)vega_rx_poll(&f->rx, START_NS + 200000000);
	assert_int_equal(vega_frame_sealed(f->lane), 1); /* by its age */
	assert_int_equal(f->cells.blocks_sealed, 1);
	assert_int_equal(vega_frame_block(f->lane, 0)->day, 20250528);
	vega_frame_release(f->lane, 1);
	vega_rx_step_back(&f->rx, &clock);
	assert_int_equal(vega_frame_sealed(f->lane), 2);
	assert_int_equal(vega_frame_block(f->lane, 1)->seal, VEGA_SEAL_CLOCK);
	vega_frame_release(f->lane, 2);
	vega_rx_clock(&f->rx, &clock);
	vega_rx_seal(&f->rx, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_block(f->lane, 2)->day, 20250527);
}

static void
test_count_stops_exactly(void **state)
{
	struct fixture *f = *state;

	f->script.left = 5000;
	f->rx.packets_left = 100;
	poll_to_the_end(f);
	assert_int_equal(f->lcore.packets_polled, 100);
	assert_int_equal(f->cells.packets_framed, 100);
}

static void
test_damage_ends_the_source_and_is_kept(void **state)
{
	struct fixture *f = *state;

	f->script.left = 10;
	f->script.end_rc = -EBADMSG;
	poll_to_the_end(f);
	assert_int_equal(f->rx.source_rc, -EBADMSG);
	assert_int_equal(f->cells.packets_framed, 10);
}

static void
test_port_losses_are_told_in_the_next_block(void **state)
{
	struct fixture *f = *state;

	vega_rx_port_losses(&f->rx, 7, 3);
	f->script.left = 1;
	poll_to_the_end(f);
	vega_rx_seal(&f->rx, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_block(f->lane, 0)->lost_port_missed, 7);
	assert_int_equal(vega_frame_block(f->lane, 0)->lost_port_nombuf, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_port_drops_by_name_and_the_ledgers_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_feed_with_records_publishes_what_has_no_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_lossless_source_waits_and_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_held_packet_counts_once_on_its_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_lossless_source_waits_for_room_of_a_drop_count, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_step_back_changes_file_and_day_of_an_idle_lane, setup, teardown),
		cmocka_unit_test_setup_teardown(test_count_stops_exactly, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_damage_ends_the_source_and_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_port_losses_are_told_in_the_next_block, setup, teardown),
	};

	return cmocka_run_group_tests_name("rx", tests, NULL, NULL);
}
