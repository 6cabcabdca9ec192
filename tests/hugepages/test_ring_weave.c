/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record lane, one memory operation at a time: every interleaving of a writer's stores with one read, and seeded many of
 * longer ones.
 *
 * The code of ring.h itself is run. Its atomic operations are replaced by those below: a writer's stores go into a list, and
 * before each load of the reader the next few of them happen. A lane has one writer, which loads nothing that a reader stores, so
 * its stores in order are all that a reader can see of it: no other interleavings exist on a machine that keeps stores in order.
 * For one that does not, ThreadSanitizer looks at the orders (tests/stress/test_ring.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "tests/lib/rng.h"

#define STORES_MAX 4096u

static struct {
	uint64_t *word;
	uint64_t value;
} stores[STORES_MAX];
static uint32_t store_cnt; /* recorded */
static uint32_t done;      /* of those, happened */
static bool recording;
static const uint64_t *held_back; /* a word whose stores are lost, to see that the test can fail */

/* How many stores have happened before load number n of a read: a schedule. */
static uint32_t schedule[512];
static uint32_t load_cnt;

static void
store(uint64_t *word, uint64_t value)
{
	if (!recording)
		*word = value;
	else if (word != held_back) {
		assert_true(store_cnt < STORES_MAX);
		stores[store_cnt].word = word;
		stores[store_cnt++].value = value;
	}
}

static void
happen_until(uint32_t until)
{
	for (; done < until && done < store_cnt; done++)
		*stores[done].word = stores[done].value;
}

static uint64_t
load(const uint64_t *word)
{
	if (load_cnt < sizeof(schedule) / sizeof(schedule[0]))
		happen_until(schedule[load_cnt++]);
	return *word;
}

#define VEGA_BASE_ATOMIC_H /* what ring.h includes, with the same names */
#define vega_load_acquire  load
#define vega_load_relaxed  load
#define vega_store_release store
#define vega_store_relaxed store

#define VEGA_RING_CLAIM_STEP 2u

#include "hugepages/ring.h"

#define CAPACITY 4u
#define BYTES    (64u + 32u * CAPACITY + 64u)

static struct {
	uint64_t words[BYTES / 8];
} memory;
static struct vega_ring_writer writer;
static struct vega_ring ring;

static void
make_lane(void)
{
	struct vega_record_lane *lane = (struct vega_record_lane *)(void *)memory.words;

	memset(&memory, 0, sizeof(memory));
	vega_ring_new(lane, BYTES, 0, 32, 1);
	recording = false;
	vega_ring_writer_init(&writer, lane, BYTES);
	assert_int_equal(vega_ring_open(lane, BYTES, &ring), 0);
	assert_int_equal(ring.capacity, CAPACITY);
}

/* Each word tells its position and its place. */
static uint64_t
word_of(uint64_t position, uint32_t place)
{
	return (position + 1) * 16 + place;
}

static void
lay(uint64_t cnt)
{
	for (uint64_t i = 0; i < cnt; i++) {
		const uint64_t p = writer.next;

		vega_ring_put(&writer, word_of(p, 0), word_of(p, 1), word_of(p, 2), word_of(p, 3));
	}
	vega_ring_publish(&writer);
}

static bool
whole(const uint64_t *record, uint64_t position)
{
	for (uint32_t k = 0; k < 4; k++)
		if (record[k] != word_of(position, k))
			return false;
	return true;
}

struct result {
	uint64_t reads;
	uint64_t whole;
	uint64_t torn;
	uint64_t lapped;
	uint64_t lapped_too_early;
};

static void
read_once(uint64_t from, uint64_t max, struct result *result)
{
	uint64_t to[16 * 4];
	uint64_t cnt;
	uint64_t oldest;
	const enum vega_ring_read got = vega_ring_copy(&ring, from, max, to, &cnt, &oldest);

	result->reads++;
	result->lapped += got == VEGA_RING_LAPPED;
	if (got == VEGA_RING_LAPPED && ring.tail->claim - from <= CAPACITY)
		result->lapped_too_early++;
	for (uint64_t i = 0; got == VEGA_RING_OK && i < cnt; i++) {
		result->whole += whole(to + 4 * i, from + i);
		result->torn += !whole(to + 4 * i, from + i);
	}
}

/* Every schedule of `loads` loads over the recorded stores, from load number n on. */
static void
every_schedule(uint32_t n, uint32_t loads, uint32_t least, uint64_t from, uint64_t max,
	const uint64_t *before, struct result *result)
{
	if (n == loads) {
		memcpy(memory.words, before, BYTES);
		done = 0;
		load_cnt = 0;
		read_once(from, max, result);
		return;
	}
	for (schedule[n] = least; schedule[n] <= store_cnt; schedule[n]++)
		every_schedule(n + 1, loads, schedule[n], from, max, before, result);
}

/* A full lane, four records more in one batch or in four, and one read of a record at each position. */
static void
weave_all(uint64_t batch, struct result *result)
{
	static struct {
		uint64_t words[BYTES / 8];
	} before;

	for (uint64_t from = 0; from <= 2 * CAPACITY; from++) {
		make_lane();
		lay(CAPACITY);
		recording = true;
		store_cnt = 0;
		for (uint64_t i = 0; i < CAPACITY; i += batch)
			lay(batch);
		recording = false;
		before.words[0] = 0;
		memcpy(before.words, memory.words, BYTES);
		/* R1, R2 four times, R3 */
		every_schedule(0, 6, 0, from, 1, before.words, result);
	}
}

static void
test_every_interleaving_of_one_record(void **state)
{
	struct result result = {0};

	(void)state;
	held_back = NULL;
	for (uint64_t batch = 1; batch <= CAPACITY; batch *= 2)
		weave_all(batch, &result);
	assert_int_equal(result.torn, 0);
	assert_int_equal(result.lapped_too_early, 0);
	assert_true(result.whole > 100000 && result.lapped > 100000);
}

/* Without W1 the same interleavings tear records: the test sees what the protocol prevents. */
static void
test_without_claim_records_tear(void **state)
{
	struct result result = {0};

	(void)state;
	make_lane();
	held_back = &((struct vega_record_tail *)(void *)(memory.words + (BYTES - 64) / 8))->claim;
	weave_all(1, &result);
	held_back = NULL;
	assert_true(result.torn > 1000);
}

/* A reader that goes through all of a long stream by any schedule: what it is given and what it lost are all there was. */
static void
follow(struct rng *rng, uint64_t *given, uint64_t *lost)
{
	uint64_t next = 0;
	uint64_t calls = 0;

	while (next < writer.next) {
		const uint64_t max = 1 + rng_below(rng, 6);
		const uint32_t pace = 1 + (uint32_t)rng_below(rng, rng_one_in(rng, 8) ? 30 : 3);
		uint64_t to[6 * 4];
		uint64_t cnt;
		uint64_t oldest;
		enum vega_ring_read got;

		for (uint32_t n = 0, at = done; n < 512; n++)
			schedule[n] = at += (uint32_t)rng_below(rng, pace);
		load_cnt = 0;
		got = vega_ring_copy(&ring, next, max, to, &cnt, &oldest);
		assert_int_not_equal(got, VEGA_RING_AHEAD);
		if (got == VEGA_RING_LAPPED) {
			assert_true(oldest >= next && oldest <= ring.tail->publish);
			*lost += oldest - next;
			next = oldest;
		}
		for (uint64_t i = 0; i < cnt; i++)
			assert_true(whole(to + 4 * i, next + i));
		*given += cnt;
		next += cnt;
		assert_true(++calls < 10000);
	}
}

static void
test_losses_are_exact_on_any_schedule(void **state)
{
	struct rng rng = {rng_seed(4)};
	uint64_t given = 0;
	uint64_t lost = 0;
	uint64_t total = 0;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		make_lane();
		recording = true;
		store_cnt = 0;
		done = 0;
		while (store_cnt < 600)
			lay(1 + rng_below(&rng, CAPACITY / 2));
		recording = false;
		total += writer.next;
		follow(&rng, &given, &lost);
	}
	assert_int_equal(given + lost, total);
	assert_true(given > 10000 && lost > 10000);
}

/* E1 and E2 on every schedule: a reader never counts times from an epoch that its records are not of. */
static void
test_epoch_on_every_interleaving(void **state)
{
	static struct {
		uint64_t words[BYTES / 8];
	} before;
	uint64_t seen_new = 0;

	(void)state;
	make_lane();
	vega_ring_epoch_begin(&writer, 1000);
	lay(2);
	recording = true;
	store_cnt = 0;
	vega_ring_epoch_begin(&writer, 2000); /* from position 2 on */
	lay(1);
	recording = false;
	memcpy(before.words, memory.words, BYTES);
	for (schedule[0] = 0; schedule[0] <= store_cnt; schedule[0]++)
		for (schedule[1] = schedule[0]; schedule[1] <= store_cnt; schedule[1]++)
			for (schedule[2] = schedule[1]; schedule[2] <= store_cnt; schedule[2]++) {
				uint64_t publish;
				uint64_t from;
				uint64_t ns;

				memcpy(memory.words, before.words, BYTES);
				done = 0;
				load_cnt = 0;
				publish = load(&ring.tail->publish);
				ns = vega_ring_epoch(&ring, &from);
				/* before `from` nothing is read; at it stands the EPOCH record; behind it all is as told */
				assert_true(from == 2 || ns == 1000);
				assert_true(publish <= 2 || ns == 2000);
				seen_new += ns == 2000;
			}
	assert_true(seen_new > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_interleaving_of_one_record),
		cmocka_unit_test(test_without_claim_records_tear),
		cmocka_unit_test(test_losses_are_exact_on_any_schedule),
		cmocka_unit_test(test_epoch_on_every_interleaving),
	};

	return cmocka_run_group_tests_name("ring weave", tests, NULL, NULL);
}
