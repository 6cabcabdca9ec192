/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A follower of a region of the test's own, whose lane is written and whose drain is polled by hand: lapped where the test wants it, what
 * it gives and what it says is missing is each position once and in order, and each record as it was laid.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/region.h"
#include "hugepages/ring.h"
#include "store/drain.h"
#include "store/vega_follow.h"
#include "tests/lib/region_name.h"
#include "tests/lib/rng.h"

#define S         1000000000ull
#define EPOCH_NS  (1700000000 * S)
#define LANE_CNT  65532u
#define EVENT_CNT 10u /* records of an event */

static char name[32];
static char dir[64];
static struct vega_layout_feed feed = {.name = "F",
	.zone = "UTC",
	.numa = UINT32_MAX,
	.record_lane_bytes = 2u << 20,
	.book_lane_bytes = 2u << 20,
	.instrument_cnt = 10,
	.frame_lane_bytes = 2u << 20};

/* ---- a capture ------------------------------------------------------------------------------------------------ */

struct capture {
	struct vega_region *region;
	struct vega_ring_writer ring;
	struct vega_drain *drain;
	uint64_t generation;
	uint64_t now_ns;
	bool is_journalled;
};
static struct capture capture;
static bool is_book; /* the lane that is written and followed: the feed's book lane */

/* What record a position has; an event's PACKET is received event by event, 1 us apart. */
static union vega_record
record_at(uint64_t generation, uint64_t position)
{
	const uint64_t n = position - 1;
	union vega_record r = {0};

	if (position == 0) {
		r.word[0] = (uint64_t)VEGA_EPOCH << 48;
		r.word[2] = EPOCH_NS;
	} else {
		r.word[0] = n / EVENT_CNT * 1000 |
			    (uint64_t)(n % EVENT_CNT == 0 ? VEGA_PACKET : VEGA_TRADE) << 48;
		r.word[0] |= (uint64_t)(n % EVENT_CNT == EVENT_CNT - 1 ? VEGA_RECORD_LAST : 0)
			     << 56;
		r.word[1] = n % EVENT_CNT;
		r.word[2] = position * 7;
		r.word[3] = generation;
	}
	return r;
}

static void
write_to(uint64_t end)
{
	while (capture.ring.next < end || (capture.ring.next - 1) % EVENT_CNT != 0) {
		const union vega_record r = record_at(capture.generation, capture.ring.next);

		vega_ring_put(&capture.ring, r.word[0], r.word[1], r.word[2], r.word[3]);
		if (capture.ring.next % EVENT_CNT == 1)
			vega_ring_publish(&capture.ring);
	}
}

static void
write_more(uint64_t cnt)
{
	write_to(capture.ring.next + cnt);
}

static void
begin_capture(bool is_journalled)
{
	const struct vega_region_conf conf = {.name = name,
		.memory = VEGA_MEMORY_SHM,
		.feeds = &feed,
		.feed_cnt = 1,
		.lcore_cnt = 1,
		.port_cnt = 1,
		.journal = is_journalled ? dir : NULL};
	struct vega_drain_conf drain = {.journal_dir = is_journalled ? dir : NULL,
		.io = "pwrite",
		.file_bytes_max = 12 << 10,
		.sync_interval_ns = S};
	uint64_t bytes;
	struct vega_record_lane *lane;

	capture = (struct capture){.now_ns = S, .is_journalled = is_journalled};
	assert_int_equal(vega_region_create(&conf, &capture.region), 0);
	capture.generation = capture.region->control->generation;
	lane = is_book ? vega_region_book_lane(capture.region, 0, &bytes)
		       : vega_region_record_lane(capture.region, 0, &bytes);
	vega_ring_writer_init(&capture.ring, lane, bytes);
	drain.region = capture.region;
	assert_int_equal(vega_drain_new(&drain, &capture.drain), 0);
	vega_ring_epoch_begin(&capture.ring, EPOCH_NS);
	write_to(1);
}

/* The drain takes what there is; and what is old enough is written. */
static void
drain_all(uint64_t more_ns)
{
	capture.now_ns += more_ns;
	for (uint32_t idle = 0; idle < 5;)
		idle = vega_drain_poll(capture.drain, capture.now_ns) != 0 ? 0 : idle + 1;
}

static void
write_and_drain(uint64_t cnt)
{
	for (uint64_t done = 0; done < cnt; done += 20000) {
		write_more(cnt - done < 20000 ? cnt - done : 20000);
		drain_all(0);
	}
}

static void
end_capture(bool in_order)
{
	if (in_order)
		assert_int_equal(vega_drain_finish(capture.drain), 0);
	vega_drain_delete(capture.drain);
	vega_region_close(capture.region);
	capture.drain = NULL;
	capture.region = NULL;
}

/* ---- a follower of it ----------------------------------------------------------------------------------------- */

static struct {
	struct vega_follow *follow;
	uint64_t generation;
	uint64_t next;
	uint64_t lane;    /* records from there */
	uint64_t journal; /* records from there */
	uint64_t missing; /* positions */
	uint64_t why[6];  /* of those */
	uint32_t generations;
} seen;

static void
follow(enum vega_follow_from from, uint64_t value, uint64_t generation)
{
	const struct vega_follow_start start = {from, value, generation};

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(
		vega_follow_open(name, is_book ? "F.book" : "F", &start, "test", &seen.follow), 0);
	seen.next = UINT64_MAX;
}

static void
check_batch(const struct vega_follow_batch *batch)
{
	struct vega_record_clock clock = batch->clock;

	for (uint32_t i = 0; i < batch->cnt; i++) {
		const union vega_record r = record_at(batch->generation, batch->position + i);
		const uint64_t ns = vega_record_ns(&clock, &batch->records[i]);

		if (memcmp(&batch->records[i], &r, sizeof(r)) != 0 ||
			ns != EPOCH_NS + vega_record_ts48(&r))
			fail_msg("position %llu is wrong",
				(unsigned long long)(batch->position + i));
	}
	*(batch->source == VEGA_FOLLOW_LANE ? &seen.lane : &seen.journal) += batch->cnt;
}

/* One batch, looked at. Returns vega_follow_next's. */
static int
take(void)
{
	struct vega_follow_batch batch;
	const int rc = vega_follow_next(seen.follow, &batch);

	if (rc != 1) {
		assert_int_equal(rc, 0);
		return 0;
	}
	if (batch.what == VEGA_FOLLOW_GENERATION) {
		assert_true(batch.generation > seen.generation);
		seen.generations++;
		seen.generation = batch.generation;
		seen.next = 0;
		return 1;
	}
	if (seen.next == UINT64_MAX) {
		seen.generation = batch.generation;
		seen.next = batch.position;
	}
	assert_int_equal(batch.generation, seen.generation);
	assert_int_equal(batch.position, seen.next);
	assert_true(batch.next > batch.position);
	seen.next = batch.next;
	if (batch.what == VEGA_FOLLOW_RECORDS) {
		assert_int_equal(batch.next - batch.position, batch.cnt);
		check_batch(&batch);
	} else {
		seen.missing += batch.next - batch.position;
		seen.why[batch.why] += batch.next - batch.position;
	}
	return 1;
}

static void
take_all(void)
{
	while (take() == 1)
		;
}

static void
unfollow(void)
{
	vega_follow_close(seen.follow);
	seen.follow = NULL;
}

static int
setup(void **state)
{
	(void)state;
	region_name(name, "test-follow");
	(void)snprintf(dir, sizeof(dir), "/tmp/vega-follow-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
setup_book(void **state)
{
	is_book = true;
	return setup(state);
}

static int
teardown(void **state)
{
	char command[300];

	(void)state;
	unfollow();
	is_book = false;
	if (capture.region != NULL)
		end_capture(false);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return region_remove(name) != 0 ? 1 : system(command);
}

static void
run(const char *command)
{
	char whole[200];

	(void)snprintf(whole, sizeof(whole), "cd %s/*/F && L=%s && %s", dir,
		is_book ? "book" : "records", command);
	assert_int_equal(system(whole), 0);
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

/* From the first record, that the lane lost long ago; lapped again; and live to the end. */
static void
test_refilled(void **state)
{
	(void)state;
	begin_capture(true);
	write_and_drain(200000);
	follow(VEGA_FOLLOW_OLDEST, 0, 0);
	take_all();
	assert_int_equal(seen.next, capture.ring.next);
	assert_true(seen.journal > 100000 && seen.lane > 1000);
	write_and_drain(300000);
	take_all();
	assert_int_equal(seen.next, capture.ring.next);
	assert_false(vega_follow_is_ended(seen.follow));
	write_more(100);
	take_all();
	end_capture(true);
	take_all();
	assert_true(vega_follow_is_ended(seen.follow));
	assert_int_equal(seen.next, capture.ring.next);
	assert_int_equal(seen.lane + seen.journal, seen.next);
	assert_int_equal(seen.missing, 0);
}

/* What is drained and not written yet is waited for. */
static void
test_not_yet_written(void **state)
{
	(void)state;
	begin_capture(true);
	follow(VEGA_FOLLOW_NOW, 0, 0);
	write_and_drain(40000);
	take_all();
	assert_int_equal(seen.next, capture.ring.next);
	write_and_drain(90000); /* the first 65,536 are a block, 24,000 wait for more */
	assert_int_equal(take(), 1);
	take_all();
	assert_true(seen.journal > 20000);
	unfollow();
	drain_all(S);
	follow(VEGA_FOLLOW_POSITION, capture.ring.next, capture.generation);
	write_more(30000);
	drain_all(0);
	write_more(30000);
	drain_all(0);
	write_more(20000);
	assert_int_equal(take(), 0);
	drain_all(S);
	take_all();
	assert_int_equal(seen.next, capture.ring.next);
	assert_int_equal(seen.missing, 0);
	assert_true(seen.journal > 0);
}

/* The drain was lapped too: exactly that is missing. */
static void
test_drain_lapped(void **state)
{
	uint64_t lapped;

	(void)state;
	begin_capture(true);
	follow(VEGA_FOLLOW_OLDEST, 0, 0);
	write_and_drain(50000);
	write_more(200000);
	drain_all(S);
	lapped = is_book ? capture.region->drain[0].book_lapped
			 : capture.region->drain[0].records_lapped;
	assert_true(lapped > 100000);
	write_and_drain(100000);
	drain_all(S);
	take_all();
	assert_int_equal(seen.next, capture.ring.next);
	assert_int_equal(seen.missing, lapped);
	assert_int_equal(seen.why[VEGA_FOLLOW_LAPPED], lapped);
}

static void
test_no_journal(void **state)
{
	(void)state;
	begin_capture(false);
	follow(VEGA_FOLLOW_OLDEST, 0, 0);
	write_more(100000);
	take_all();
	assert_int_equal(seen.next, capture.ring.next);
	assert_true(seen.missing > 100000 - LANE_CNT && seen.missing < 101000 - LANE_CNT);
	assert_int_equal(seen.why[VEGA_FOLLOW_NO_JOURNAL], seen.missing);
	assert_int_equal(seen.lane + seen.missing, seen.next);
}

/* A file that is gone; a block that does not check; what was not written when the capture ended. */
static void
test_told_why(void **state)
{
	uint64_t missing;

	(void)state;
	feed.record_lane_bytes = 2u << 20;
	begin_capture(true);
	write_and_drain(700000);
	drain_all(S);
	run("ls $L-0002.vega > /dev/null && mv $L-0000.vega /tmp/$(basename $(dirname "
	    "$(dirname $PWD))).gone");
	follow(VEGA_FOLLOW_OLDEST, 0, 0);
	take_all();
	missing = seen.why[VEGA_FOLLOW_LOST];
	assert_true(missing > 1000);
	assert_int_equal(seen.missing, missing);
	unfollow();
	run("mv /tmp/$(basename $(dirname $(dirname $PWD))).gone $L-0000.vega");
	run("printf 'damage' | dd of=$L-0001.vega bs=1 seek=4500 conv=notrunc 2> /dev/null");
	follow(VEGA_FOLLOW_OLDEST, 0, 0);
	take_all();
	assert_true(seen.missing > 1000);
	assert_int_equal(seen.missing, seen.why[VEGA_FOLLOW_DAMAGED]);
	assert_int_equal(seen.next, capture.ring.next);
	write_more(30000);
	drain_all(0);
	write_more(60000);
	end_capture(false);
	take_all();
	assert_int_equal(seen.next, capture.ring.next);
	assert_true(seen.why[VEGA_FOLLOW_UNWRITTEN] > 20000);
	assert_int_equal(
		seen.missing, seen.why[VEGA_FOLLOW_UNWRITTEN] + seen.why[VEGA_FOLLOW_DAMAGED]);
	assert_true(vega_follow_is_ended(seen.follow));
}

/* From a time: in the lane, in the journal, between both, and where nothing is left of it. */
static void
test_from_time(void **state)
{
	(void)state;
	begin_capture(true);
	write_and_drain(200000);
	for (uint64_t n = 1; n < 20000; n += 1999) {
		follow(VEGA_FOLLOW_TIME, EPOCH_NS + n * 1000, 0);
		assert_int_equal(take(), 1);
		assert_int_equal(seen.next - seen.lane - seen.journal, 1 + n * EVENT_CNT);
		take_all();
		assert_int_equal(seen.next, capture.ring.next);
		assert_int_equal(seen.missing, 0);
		unfollow();
	}
	drain_all(S);
	write_more(30000);
	drain_all(0);
	write_more(60000); /* 20,010 to 22,000 or so is in neither yet */
	follow(VEGA_FOLLOW_TIME, EPOCH_NS + 20500 * 1000, 0);
	assert_int_equal(take(), 0);
	drain_all(S);
	take_all();
	assert_int_equal(seen.next, capture.ring.next);
	assert_int_equal(seen.next - seen.lane - seen.journal, 1 + 20500 * EVENT_CNT);
}

/* Captures that follow each other, in order or not: each from its beginning; earlier ones by position and time. */
static void
test_generations(void **state)
{
	uint64_t first, first_end;

	(void)state;
	begin_capture(true);
	first = capture.generation;
	write_and_drain(150000);
	follow(VEGA_FOLLOW_OLDEST, 0, 0);
	end_capture(true);
	first_end = capture.ring.next;
	begin_capture(true);
	write_and_drain(100000);
	end_capture(true);
	begin_capture(true);
	write_and_drain(100000);
	take_all();
	assert_int_equal(seen.generations, 2);
	assert_int_equal(seen.generation, capture.generation);
	assert_int_equal(seen.next, capture.ring.next);
	assert_int_equal(seen.missing, 0);
	assert_int_equal(seen.lane + seen.journal, first_end + 2 * capture.ring.next);
	unfollow();
	follow(VEGA_FOLLOW_POSITION, 1234, first);
	take_all();
	assert_int_equal(seen.generations, 2);
	assert_int_equal(seen.missing, 0);
	assert_int_equal(seen.generation, capture.generation);
	unfollow();
	follow(VEGA_FOLLOW_TIME, EPOCH_NS + 1000 * 1000, 0);
	take_all();
	assert_int_equal(seen.generations, 2);
	assert_int_equal(seen.missing, 0);
}

/* Any interleaving of writer, drain and follower. */
static void
interleave(uint64_t seed)
{
	struct rng rng = {seed};

	begin_capture(true);
	write_and_drain(10); /* of what is lapped before there is any time the day is not known */
	follow(VEGA_FOLLOW_OLDEST, 0, 0);
	while (capture.ring.next < 700000) {
		write_more(rng_below(&rng, rng_below(&rng, 8) == 0 ? 90000 : 20000));
		for (uint64_t n = rng_below(&rng, 6); n != 0; n--)
			(void)vega_drain_poll(capture.drain, capture.now_ns += rng_below(&rng, S));
		for (uint64_t n = rng_below(&rng, 8); n > 2; n--)
			(void)take();
	}
	end_capture(rng_below(&rng, 2) == 0);
	take_all();
	assert_true(vega_follow_is_ended(seen.follow));
	assert_int_equal(seen.next, capture.ring.next);
	assert_int_equal(seen.lane + seen.journal + seen.missing, capture.ring.next);
	assert_int_equal(
		seen.missing, seen.why[VEGA_FOLLOW_LAPPED] + seen.why[VEGA_FOLLOW_UNWRITTEN]);
	unfollow();
}

static void
test_any_order(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 6; i++)
		interleave(rng_seed(i + 1));
}

static void
test_refused(void **state)
{
	struct vega_follow_start start = {VEGA_FOLLOW_POSITION, 1000, 0};
	struct vega_follow *none = NULL;

	(void)state;
	assert_int_equal(vega_follow_open(name, "F", &start, NULL, &none), -ENOENT);
	begin_capture(true);
	assert_int_equal(vega_follow_open(name, "F", &start, NULL, &none), -ERANGE);
	start.generation = capture.generation + 1;
	assert_int_equal(vega_follow_open(name, "F", &start, NULL, &none), -ERANGE);
	start = (struct vega_follow_start){VEGA_FOLLOW_NOW, 0, 0};
	assert_int_equal(vega_follow_open(name, "G", &start, NULL, &none), -ENOENT);
	start.from = (enum vega_follow_from)9;
	assert_int_equal(vega_follow_open(name, "F", &start, NULL, &none), -EINVAL);
	assert_null(none);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
/* The same with a book lane. */
#define TEST_BOOK(t)                                      \
	{                                                 \
#t "_book", t, setup_book, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refilled),
		TEST(test_not_yet_written),
		TEST(test_drain_lapped),
		TEST(test_no_journal),
		TEST(test_told_why),
		TEST(test_from_time),
		TEST(test_generations),
		TEST(test_any_order),
		TEST(test_refused),
		TEST_BOOK(test_refilled),
		TEST_BOOK(test_drain_lapped),
		TEST_BOOK(test_told_why),
		TEST_BOOK(test_generations),
		TEST_BOOK(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
