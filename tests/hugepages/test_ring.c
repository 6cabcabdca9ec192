/* SPDX-License-Identifier: BSD-3-Clause */
/* The record lane in one thread: wrap, lap, positions, claim steps, amended records, and headers that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/ring.h"
#include "tests/lib/rng.h"

#define CAPACITY_MAX 1000u
#define BYTES_MAX    (128u + 32u * CAPACITY_MAX)

static uint64_t memory[BYTES_MAX / 8];
static struct vega_record_lane *const lane = (void *)memory;
static struct vega_ring_writer writer;
static struct vega_ring ring;

static void
make_lane(uint64_t capacity)
{
	const uint64_t bytes = 128 + 32 * capacity;

	memset(memory, 0, sizeof(memory));
	vega_ring_new(lane, bytes, 7, 32, 5);
	vega_ring_writer_init(&writer, lane, bytes);
	assert_int_equal(vega_ring_open(lane, bytes, &ring), 0);
	assert_int_equal(ring.capacity, capacity);
}

static void
lay(uint64_t cnt)
{
	for (; cnt > 0; cnt--) {
		const uint64_t p = writer.next;

		vega_ring_put(&writer, p, p + 1, p + 2, p + 3);
	}
}

static void
check_read(uint64_t from, uint64_t max, uint64_t cnt)
{
	static uint64_t to[CAPACITY_MAX * 4];
	uint64_t got = UINT64_MAX;
	uint64_t oldest = 0;

	assert_int_equal(vega_ring_copy(&ring, from, max, to, &got, &oldest), VEGA_RING_OK);
	assert_int_equal(got, cnt);
	for (uint64_t i = 0; i < cnt * 4; i++)
		assert_int_equal(to[i], from + i / 4 + i % 4);
}

static void
check_lapped(uint64_t from, uint64_t oldest)
{
	uint64_t to[4 * 4];
	uint64_t got;
	uint64_t found = 0;

	assert_int_equal(vega_ring_copy(&ring, from, 4, to, &got, &found), VEGA_RING_LAPPED);
	assert_int_equal(found, oldest);
	assert_int_equal(got, 0);
}

static void
test_capacity_of_bytes(void **state)
{
	(void)state;
	assert_int_equal(vega_ring_capacity(2u << 20, 32), 65532);
	assert_int_equal(vega_ring_capacity(127, 32), 0);
	assert_int_equal(vega_ring_capacity(128, 32), 0);
	assert_int_equal(vega_ring_capacity(160, 32), 1);
}

static void
test_nothing_is_seen_before_publish(void **state)
{
	(void)state;
	make_lane(300);
	check_read(0, 10, 0);
	lay(3);
	check_read(0, 10, 0);
	vega_ring_publish(&writer);
	check_read(0, 10, 3);
	check_read(0, 2, 2);
	check_read(2, 10, 1);
	check_read(3, 10, 0);
	assert_int_equal(lane->feed_id, 7);
	assert_int_equal(lane->generation, 5);
}

/* Every place where a batch can wrap, in a lane whose capacity is no power of two. */
static void
test_wrap(void **state)
{
	struct rng rng = {rng_seed(1)};

	(void)state;
	make_lane(301);
	for (uint32_t i = 0; i < 5000; i++) {
		const uint64_t cnt = rng_below(&rng, 100);
		const uint64_t from = writer.next;

		lay(cnt);
		vega_ring_publish(&writer);
		check_read(from, 1000, cnt);
		assert_ptr_equal(writer.slot, writer.begin + writer.next % 301 * 4);
	}
}

/* Lapped begins when the claim, not the record, passes; what is left to be had has a step of room. */
static void
test_lap(void **state)
{
	(void)state;
	make_lane(300);
	lay(256); /* four steps of 64: the next record claims 257 to 320 */
	vega_ring_publish(&writer);
	check_read(0, 1000, 256);
	lay(1);
	vega_ring_publish(&writer);
	check_lapped(0, 320 + 64 - 300);
	check_lapped(19, 320 + 64 - 300);
	check_read(20, 1000, 237);
	check_read(84, 1, 1);
	lay(5000);
	vega_ring_publish(&writer);
	check_lapped(84, writer.claimed + 64 - 300);
	check_read(writer.claimed + 64 - 300, 1, 1);
}

static void
test_claim_goes_in_steps_and_stays_ahead(void **state)
{
	(void)state;
	make_lane(300);
	for (uint32_t i = 0; i < 1000; i++) {
		lay(1);
		assert_true(ring.tail->claim >= writer.next);
		assert_true(ring.tail->claim - writer.next < VEGA_RING_CLAIM_STEP);
		assert_int_equal(ring.tail->claim % VEGA_RING_CLAIM_STEP, 0);
	}
}

static void
test_position_that_was_never_written(void **state)
{
	uint64_t to[4];
	uint64_t got;
	uint64_t oldest;

	(void)state;
	make_lane(300);
	lay(10);
	vega_ring_publish(&writer);
	assert_int_equal(vega_ring_copy(&ring, 11, 1, to, &got, &oldest), VEGA_RING_AHEAD);
	assert_int_equal(vega_ring_copy(&ring, UINT64_MAX, 1, to, &got, &oldest), VEGA_RING_AHEAD);
}

/* A lane too small for a claim step serves nothing, and harms nobody. */
static void
test_lane_below_a_claim_step(void **state)
{
	uint64_t to[4];
	uint64_t got;
	uint64_t oldest;

	(void)state;
	for (uint64_t capacity = 1; capacity < VEGA_RING_CLAIM_STEP; capacity++) {
		make_lane(capacity);
		lay(961);
		vega_ring_publish(&writer);
		assert_int_equal(
			vega_ring_copy(&ring, 960, 1, to, &got, &oldest), VEGA_RING_LAPPED);
		assert_int_equal(oldest, 961);
	}
}

static void
test_amend_before_publish(void **state)
{
	(void)state;
	make_lane(301);
	for (uint32_t i = 0; i < 700; i++) {
		const uint64_t at = writer.next;

		vega_ring_put(&writer, at, at + 1, 0, at + 3);
		lay(i % 5);
		vega_store_release(&vega_ring_slot(&writer, at)[2], at + 2);
		vega_ring_publish(&writer);
		check_read(at, 10, 1 + i % 5);
	}
}

static void
test_hostile_header(void **state)
{
	struct vega_record_lane good;
	struct vega_ring out;

	(void)state;
	make_lane(300);
	good = *lane;
	for (uint32_t bit = 0; bit < 8 * sizeof(*lane); bit++) {
		int rc;

		((uint8_t *)lane)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		rc = vega_ring_open(lane, 128 + 32 * 300, &out);
		assert_true(rc == -EBADMSG || (rc == 0 && out.capacity == 300 && out.words == 4));
		*lane = good;
	}
	assert_int_equal(vega_ring_open(lane, 128 + 32 * 301, &out), -EBADMSG);
	assert_int_equal(vega_ring_open(lane, 127, &out), -EBADMSG);
	assert_int_equal(vega_ring_open(lane, 0, &out), -EBADMSG);
}

/* Whatever the tail says, a read stays within the lane. The lane is at the end of its memory: ASan sees a step too far. */
static void
test_hostile_tail(void **state)
{
	const uint64_t capacity = 100;
	const uint64_t bytes = 128 + 32 * capacity;
	struct rng rng = {rng_seed(2)};
	uint64_t *to = malloc(256 * 32);
	struct vega_record_lane *alone = aligned_alloc(64, bytes);
	struct vega_record_tail *tail = (void *)((uint8_t *)alone + bytes - 64);
	struct vega_ring r;

	(void)state;
	memset(alone, 0, bytes);
	vega_ring_new(alone, bytes, 0, 32, 1);
	assert_int_equal(vega_ring_open(alone, bytes, &r), 0);
	for (uint32_t i = 0; i < 200000; i++) {
		const uint64_t near = rng_next(&rng) >> rng_below(&rng, 64);
		const uint64_t from = near + rng_below(&rng, 300);
		uint64_t cnt;
		uint64_t oldest = 0;

		tail->publish = near + rng_below(&rng, 400) - 100;
		tail->claim = near + rng_below(&rng, 400) - 100;
		if (vega_ring_copy(&r, from, 256, to, &cnt, &oldest) == VEGA_RING_OK)
			assert_true(cnt <= capacity);
	}
	free(alone);
	free(to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capacity_of_bytes),
		cmocka_unit_test(test_nothing_is_seen_before_publish),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_lap),
		cmocka_unit_test(test_claim_goes_in_steps_and_stays_ahead),
		cmocka_unit_test(test_position_that_was_never_written),
		cmocka_unit_test(test_lane_below_a_claim_step),
		cmocka_unit_test(test_amend_before_publish),
		cmocka_unit_test(test_hostile_header),
		cmocka_unit_test(test_hostile_tail),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
