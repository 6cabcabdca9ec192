/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame lane: what rx lays is what the drain finds, and what has no room is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hugepages/base/zone.h"
#include "hugepages/frame.h"

#define BLOCKS   4u
#define START_NS 1748403900000000000ull /* 2025-05-28T03:45:00Z */

struct fixture {
	struct vega_zone *zone;
	struct vega_frame_lane *lane;
	struct vega_frame_writer w;
	uint8_t frame[VEGA_FRAME_BYTES_MAX + 1];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->lane = aligned_alloc(4096, vega_frame_lane_bytes(BLOCKS));
	memset(f->lane, 0, vega_frame_lane_bytes(BLOCKS));
	vega_frame_lane_new(f->lane, 3, BLOCKS, 77);
	assert_int_equal(vega_zone_new("UTC", 0, &f->zone), 0);
	vega_frame_writer_init(&f->w, f->lane, f->zone);
	vega_frame_linktype(&f->w, 1);
	for (size_t i = 0; i < sizeof(f->frame); i++)
		f->frame[i] = (uint8_t)(i * 7 + 1);
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

static uint32_t
word(const void *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return value;
}

/* Every field and every byte of one EPB, for lengths around the padding. */
static void
test_frame_is_an_enhanced_packet_block(void **state)
{
	struct fixture *f = *state;

	for (uint32_t n = 0; n <= 700; n++) {
		const uint8_t *epb;
		const uint32_t padded = (n + 3) & ~3u;

		assert_int_equal(
			vega_frame_put(&f->w, f->frame, n, n + 100, START_NS + n, 2), VEGA_PUT_OK);
		epb = f->w.cursor - (32 + padded);
		assert_int_equal(word(epb), 6);
		assert_int_equal(word(epb + 4), 32 + padded);
		assert_int_equal(word(epb + 8), 2);
		assert_int_equal(word(epb + 12), (START_NS + n) >> 32);
		assert_int_equal(word(epb + 16), (uint32_t)(START_NS + n));
		assert_int_equal(word(epb + 20), n);
		assert_int_equal(word(epb + 24), n + 100);
		assert_memory_equal(epb + 28, f->frame, n);
		for (uint32_t i = n; i < padded; i++)
			assert_int_equal(epb[28 + i], 0);
		assert_int_equal(word(epb + 28 + padded), 32 + padded);
	}
}

static void
test_sealed_block_tells_its_content(void **state)
{
	struct fixture *f = *state;
	const struct vega_block_hdr *hdr;

	assert_int_equal(vega_frame_put(&f->w, f->frame, 60, 60, START_NS + 5, 0), VEGA_PUT_OK);
	assert_int_equal(vega_frame_put(&f->w, f->frame, 61, 61, START_NS + 1, 0), VEGA_PUT_OK);
	assert_int_equal(vega_frame_put(&f->w, f->frame, 62, 62, START_NS + 3, 0), VEGA_PUT_OK);
	assert_int_equal(vega_frame_sealed(f->lane), 0);
	vega_frame_seal(&f->w, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_sealed(f->lane), 1);
	hdr = vega_frame_block(f->lane, 0);
	assert_int_equal(hdr->block_type, VEGA_BLOCK_DATA);
	assert_int_equal(hdr->block_length, 256);
	assert_int_equal(hdr->block_length2, 256);
	assert_int_equal(hdr->payload_bytes, 3 * 32 + 60 + 64 + 64);
	assert_int_equal(hdr->packet_cnt, 3);
	assert_int_equal(hdr->frame_first, 0);
	assert_int_equal(hdr->generation, 77);
	assert_int_equal(hdr->recv_ns_first, START_NS + 5);
	assert_int_equal(hdr->recv_ns_last, START_NS + 3);
	assert_int_equal(hdr->recv_ns_min, START_NS + 1);
	assert_int_equal(hdr->recv_ns_max, START_NS + 5);
	assert_int_equal(hdr->linktype, 1);
	assert_int_equal(hdr->day, 20250528);
	assert_int_equal(hdr->seal, VEGA_SEAL_STOP);
	vega_frame_seal(&f->w, VEGA_SEAL_STOP); /* nothing open: nothing sealed */
	assert_int_equal(vega_frame_sealed(f->lane), 1);
}

/* Fill the lane until a frame has no room; returns frames laid. */
static unsigned
fill(struct fixture *f, uint32_t bytes)
{
	unsigned laid = 0;

	while (vega_frame_put(&f->w, f->frame, bytes, bytes, START_NS + laid, 1) == VEGA_PUT_OK)
		laid++;
	return laid;
}

static void
test_full_lane_drops_and_marks_the_place(void **state)
{
	struct fixture *f = *state;
	const struct vega_block_hdr *hdr;
	const uint8_t *epb;
	const uint32_t bytes = 1000;
	unsigned laid = fill(f, bytes);

	assert_int_equal(laid, BLOCKS * (VEGA_FRAME_PAYLOAD_BYTES_MAX / (32 + bytes)));
	assert_int_equal(
		vega_frame_put(&f->w, f->frame, bytes, bytes, START_NS, 1), VEGA_PUT_NO_BLOCK);
	assert_int_equal(
		vega_frame_put(&f->w, f->frame, bytes, bytes, START_NS, 0), VEGA_PUT_NO_BLOCK);
	assert_int_equal(vega_frame_sealed(f->lane), BLOCKS);
	assert_int_equal(vega_frame_ready(&f->w), 0);
	vega_frame_release(f->lane, 1);
	assert_int_equal(vega_frame_put(&f->w, f->frame, 10, 10, START_NS, 1), VEGA_PUT_OK);
	epb = f->w.cursor - (32 + 12 + 16);
	assert_int_equal(word(epb + 4), 32 + 12 + 16);
	assert_int_equal(word(epb + 28 + 12), 4 | 8 << 16); /* epb_dropcount */
	assert_int_equal(word(epb + 28 + 16), 2);           /* one by fill, one here, interface 1 */
	assert_int_equal(word(epb + 28 + 20), 0);
	assert_int_equal(word(epb + 28 + 24), 0); /* opt_endofopt */
	assert_int_equal(vega_frame_put(&f->w, f->frame, 12, 12, START_NS, 1), VEGA_PUT_OK);
	assert_int_equal(word(f->w.cursor - 4), 32 + 12); /* told once */
	vega_frame_seal(&f->w, VEGA_SEAL_STOP);
	hdr = vega_frame_block(f->lane, BLOCKS);
	assert_int_equal(hdr->lost_lane_full, 3);
	assert_int_equal(hdr->frame_first, laid); /* a lost frame takes no number */
}

static void
test_oversize_is_told_and_the_largest_fits(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		vega_frame_put(&f->w, f->frame, VEGA_FRAME_BYTES_MAX, 1, START_NS, 0), VEGA_PUT_OK);
	assert_int_equal(vega_frame_put(&f->w, f->frame, VEGA_FRAME_BYTES_MAX + 1, 1, START_NS, 0),
		VEGA_PUT_OVERSIZE);
	vega_frame_seal(&f->w, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_block(f->lane, 0)->lost_oversize, 1);
	assert_int_equal(vega_frame_block(f->lane, 0)->packet_cnt, 1);
}

/* What was lost behind the last block is left in the lane, and only what no block has told. */
static void
test_stop_leaves_the_untold(void **state)
{
	struct fixture *f = *state;
	const unsigned laid = fill(f, 1000);

	assert_true(laid > 0);
	f->w.losses.port_missed = 5;
	f->w.losses.port_nombuf = 6;
	vega_frame_drop(&f->w, 0, VEGA_PUT_OVERSIZE);
	vega_frame_seal(&f->w, VEGA_SEAL_AGE);
	assert_int_equal(f->lane->end_lane_full, 0);
	vega_frame_seal(&f->w, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_sealed(f->lane), BLOCKS);
	assert_int_equal(f->lane->end_lane_full, 1); /* by fill */
	assert_int_equal(f->lane->end_oversize, 1);
	assert_int_equal(f->lane->end_port_missed, 5);
	assert_int_equal(f->lane->end_port_nombuf, 6);

	vega_frame_release(f->lane, 1);
	assert_int_equal(vega_frame_put(&f->w, f->frame, 10, 10, START_NS, 0), VEGA_PUT_OK);
	vega_frame_seal(&f->w, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_block(f->lane, BLOCKS)->lost_lane_full, 1);
	assert_int_equal(f->lane->end_lane_full + f->lane->end_oversize, 0);
	assert_int_equal(f->lane->end_port_missed + f->lane->end_port_nombuf, 0);
}

static void
test_age_seals_after_100_ms(void **state)
{
	struct fixture *f = *state;

	vega_frame_tick(&f->w, 1000); /* empty: no age */
	assert_int_equal(vega_frame_put(&f->w, f->frame, 60, 60, START_NS, 0), VEGA_PUT_OK);
	vega_frame_tick(&f->w, 2000);
	vega_frame_tick(&f->w, 2000 + 99999999);
	assert_int_equal(vega_frame_sealed(f->lane), 0);
	vega_frame_tick(&f->w, 2000 + 100000000);
	assert_int_equal(vega_frame_sealed(f->lane), 1);
	assert_int_equal(vega_frame_block(f->lane, 0)->seal, VEGA_SEAL_AGE);
}

static void
test_day_rolls_forward_only(void **state)
{
	struct fixture *f = *state;
	const uint64_t day_ns = 86400000000000ull;

	assert_int_equal(vega_frame_put(&f->w, f->frame, 60, 60, START_NS, 0), VEGA_PUT_OK);
	assert_int_equal(
		vega_frame_put(&f->w, f->frame, 60, 60, START_NS + day_ns, 0), VEGA_PUT_OK);
	assert_int_equal(vega_frame_put(&f->w, f->frame, 60, 60, START_NS, 0),
		VEGA_PUT_OK); /* back: no roll */
	vega_frame_seal(&f->w, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_sealed(f->lane), 2);
	assert_int_equal(vega_frame_block(f->lane, 0)->day, 20250528);
	assert_int_equal(vega_frame_block(f->lane, 0)->seal, VEGA_SEAL_DAY);
	assert_int_equal(vega_frame_block(f->lane, 1)->day, 20250529);
	assert_int_equal(vega_frame_block(f->lane, 1)->packet_cnt, 2);
}

static void
test_linktype_change_seals(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(vega_frame_put(&f->w, f->frame, 60, 60, START_NS, 0), VEGA_PUT_OK);
	vega_frame_linktype(&f->w, 1);
	assert_int_equal(vega_frame_sealed(f->lane), 0);
	vega_frame_linktype(&f->w, 101);
	assert_int_equal(vega_frame_put(&f->w, f->frame, 60, 60, START_NS, 0), VEGA_PUT_OK);
	vega_frame_seal(&f->w, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_block(f->lane, 0)->linktype, 1);
	assert_int_equal(vega_frame_block(f->lane, 1)->linktype, 101);
}

static void
test_clock_block_lies_between_packets(void **state)
{
	struct fixture *f = *state;
	const struct vega_clock_block clock = {.block_type = VEGA_BLOCK_CLOCK,
		.block_length = sizeof(clock),
		.realtime_ns = START_NS,
		.block_length2 = sizeof(clock)};

	assert_int_equal(vega_frame_put(&f->w, f->frame, 4, 4, START_NS, 0), VEGA_PUT_OK);
	assert_true(vega_frame_clock(&f->w, &clock, START_NS));
	assert_int_equal(vega_frame_put(&f->w, f->frame, 4, 4, START_NS, 0), VEGA_PUT_OK);
	vega_frame_seal(&f->w, VEGA_SEAL_STOP);
	assert_int_equal(vega_frame_block(f->lane, 0)->packet_cnt, 2);
	assert_int_equal(vega_frame_block(f->lane, 0)->payload_bytes, 36 + 64 + 36);
}

/* Whatever the sizes, the chain of blocks of every slot ends exactly where its header says. */
static void
test_random_frames_leave_whole_chains(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 12345;
	uint64_t taken = 0;
	uint64_t frames = 0;
	uint64_t laid = 0;

	for (unsigned i = 0; i < 20000; i++) {
		uint32_t bytes;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		bytes = (uint32_t)(seed >> 33) % (i % 50 == 0 ? VEGA_FRAME_BYTES_MAX + 1 : 1600);
		laid += vega_frame_put(&f->w, f->frame, bytes, bytes, START_NS + i, i % 16) ==
			VEGA_PUT_OK;
		if (i % 97 == 0)
			vega_frame_seal(&f->w, VEGA_SEAL_AGE);
		while (i % 5 == 0 && taken < vega_frame_sealed(f->lane)) {
			const struct vega_block_hdr *hdr = vega_frame_block(f->lane, taken);
			const uint8_t *at = (const uint8_t *)hdr + 256;
			const uint8_t *end = at + hdr->payload_bytes;
			uint32_t cnt = 0;

			for (; at < end; at += word(at + 4), cnt++)
				assert_int_equal(word(at + word(at + 4) - 4), word(at + 4));
			assert_ptr_equal(at, end);
			assert_int_equal(cnt, hdr->packet_cnt);
			assert_int_equal(hdr->frame_first, frames);
			frames += cnt;
			vega_frame_release(f->lane, ++taken);
		}
	}
	assert_true(frames > 10000);
	assert_int_equal(f->w.frame_next, laid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_frame_is_an_enhanced_packet_block, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_sealed_block_tells_its_content, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_full_lane_drops_and_marks_the_place, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_oversize_is_told_and_the_largest_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_leaves_the_untold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_age_seals_after_100_ms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_day_rolls_forward_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_linktype_change_seals, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_clock_block_lies_between_packets, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_random_frames_leave_whole_chains, setup, teardown),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
