/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client library with threads: one region handle, readers each with a cursor, and captures that end and begin under them. Each
 * reader goes from one to the next by itself, is given whole events in order, and knows exactly what it lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/region.h"
#include "hugepages/ring.h"
#include "hugepages/vega_bus.h"
#include "tests/lib/region_name.h"
#include "tests/lib/rng.h"
#include "tests/lib/sanitized.h"

#define READER_CNT     4u
#define GENERATION_CNT 4u
#define EVENT_CNT      (SANITIZED ? 30000u : 300000u) /* of a generation */
#define MAX            64u

static char name[32];
static struct vega_bus *bus;
static uint64_t ended; /* D1: generations that are over */
static uint64_t published[GENERATION_CNT];

struct reader {
	pthread_t thread;
	uint32_t idx;
	uint64_t given;
	uint64_t lost;
	uint64_t faults;
	uint64_t generations; /* read to their end */
	uint64_t entered;     /* E1: written by the reader */
};

/* ---- the capture ---------------------------------------------------------------------------------------------- */

static struct vega_region *
make_region(struct vega_ring_writer *writer)
{
	static const struct vega_layout_feed feed = {.name = "F",
		.zone = "UTC",
		.numa = UINT32_MAX,
		.record_lane_bytes = 2u << 20,
		.frame_lane_bytes = 2u << 20};
	const struct vega_region_conf conf = {.name = name,
		.memory = VEGA_MEMORY_SHM,
		.feeds = &feed,
		.feed_cnt = 1,
		.lcore_cnt = 1,
		.port_cnt = 1};
	struct vega_record_lane *lane;
	struct vega_region *region;
	uint64_t bytes;

	assert_int_equal(vega_region_create(&conf, &region), 0);
	lane = vega_region_record_lane(region, 0, &bytes);
	vega_ring_writer_init(writer, lane, bytes);
	return region;
}

static void
write_all(struct vega_ring_writer *w)
{
	struct rng rng = {rng_seed(7)};

	for (uint32_t n = 0; n < EVENT_CNT; n++) {
		vega_ring_put(w, (uint64_t)VEGA_PACKET << 48, 1, w->next, ~w->next);
		for (uint64_t i = rng_below(&rng, 6); i > 0; i--)
			vega_ring_put(w, (uint64_t)VEGA_TRADE << 48, 1 + i, w->next, ~w->next);
		vega_ring_publish(w);
		if (rng_one_in(&rng, 500))
			(void)sched_yield();
	}
}

/* ---- a reader ------------------------------------------------------------------------------------------------- */

static void
check_batch(struct reader *r, const struct vega_bus_batch *batch, const union vega_record *records,
	uint32_t cnt, uint64_t *next)
{
	r->faults += batch->position != *next + batch->lost;
	r->faults += batch->lost > 0 && vega_record_kind(records) != VEGA_PACKET;
	for (uint32_t i = 0; i < cnt; i++)
		r->faults += records[i].word[2] != batch->position + i ||
			     records[i].word[3] != ~(batch->position + i);
	r->given += cnt;
	r->lost += batch->lost;
	*next = batch->next;
}

/* All that one capture has; its end was seen before the read that gave nothing. */
static void
read_generation(struct reader *r, struct vega_bus_cursor *cursor)
{
	union vega_record records[MAX];
	struct vega_bus_batch batch;
	uint64_t next = 0;
	uint64_t over;
	int cnt;

	r->given = r->lost = 0;
	do {
		over = vega_load_acquire(&ended); /* D2: pairs with D1 */
		(void)vega_bus_check(bus);
		cnt = r->idx % 2 ? vega_bus_read_event(cursor, records, MAX, &batch)
				 : vega_bus_read(cursor, records, MAX, &batch);
		if (cnt > 0)
			check_batch(r, &batch, records, (uint32_t)cnt, &next);
		else if (cnt == 0)
			(void)vega_bus_wait(cursor, 100000);
	} while (cnt > 0 || (cnt == 0 && over <= r->generations));
	r->faults += cnt < 0 || r->given + r->lost != published[r->generations];
	r->generations++;
}

static void *
reader_main(void *arg)
{
	struct reader *r = arg;
	struct vega_bus_cursor *cursor;

	if (vega_bus_open(bus, "F", VEGA_BUS_OLDEST, 0, "stress", &cursor) != 0) {
		r->faults++;
		return NULL;
	}
	while (r->generations < GENERATION_CNT) {
		int rc = 0;

		vega_store_release(&r->entered, r->generations + 1); /* E1: pairs with E2 */
		read_generation(r, cursor);
		while (r->generations < GENERATION_CNT && rc == 0) {
			rc = vega_bus_reattach(bus); /* any of them may be the one that finds it */
			r->faults += rc < 0 && rc != -ENOENT;
			rc = vega_bus_reopen(cursor);
			(void)sched_yield();
		}
		r->faults += rc < 0;
	}
	vega_bus_close(cursor);
	return NULL;
}

/* Each generation waits until every reader is in it, so that none is passed over. */
static void
wait_for_readers(const struct reader *readers, uint64_t entered)
{
	for (uint32_t i = 0; i < READER_CNT; i++)
		while (vega_load_acquire(&readers[i].entered) < entered) /* E2: pairs with E1 */
			(void)sched_yield();
}

static void
test_threads_follow_captures(void **state)
{
	struct reader readers[READER_CNT] = {0};
	struct vega_ring_writer writer;
	struct vega_region *region = make_region(&writer);

	(void)state;
	assert_int_equal(vega_bus_attach(name, &bus), 0);
	for (uint32_t i = 0; i < READER_CNT; i++) {
		readers[i].idx = i;
		assert_int_equal(
			pthread_create(&readers[i].thread, NULL, reader_main, &readers[i]), 0);
	}
	for (uint64_t g = 0; g < GENERATION_CNT; g++) {
		if (g > 0)
			region = make_region(&writer);
		wait_for_readers(readers, g + 1);
		write_all(&writer);
		published[g] = writer.next;
		vega_store_release(&ended, g + 1); /* D1: pairs with D2 */
		vega_region_close(region);
	}
	for (uint32_t i = 0; i < READER_CNT; i++)
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
	for (uint32_t i = 0; i < READER_CNT; i++) {
		(void)printf("reader %u: %llu given, %llu lost at last\n", i,
			(unsigned long long)readers[i].given, (unsigned long long)readers[i].lost);
		assert_int_equal(readers[i].faults, 0);
		assert_int_equal(readers[i].generations, GENERATION_CNT);
	}
	vega_bus_detach(bus);
}

static int
setup(void **state)
{
	(void)state;
	region_name(name, "stress-bus");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return region_remove(name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_threads_follow_captures, setup, teardown),
	};

	return cmocka_run_group_tests_name("bus stress", tests, NULL, NULL);
}
