/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record lane on real processors: a writer at full speed on one, eight readers sharing the other.
 *
 * As threads, for ThreadSanitizer. As processes that map the lane read-only, of which one is stopped for a while and one killed: no
 * reader is given a torn record, each knows exactly what it lost, and the writer writes what it would have written alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepages/base/clock.h"
#include "hugepages/ring.h"
#include "tests/lib/rng.h"
#include "tests/lib/sanitized.h"

#define READER_CNT  8u
#define BATCH_MAX   200u
#define LANE_BYTES  (64u * 1024u)
#define RECORD_CNT  (SANITIZED ? 1000000u : 12000000u)
#define STOPPED     2u
#define KILLED      5u
#define PAUSE_TURNS 64u

/* What reader and test share; the reader writes it. */
struct reader {
	uint64_t given;
	uint64_t lost;
	uint64_t laps;
	uint64_t torn;
	uint64_t next;
	uint64_t ended;
	uint64_t pad[10];
};

struct shared {
	uint64_t stop; /* D1: all is published */
	uint64_t end;  /* position behind the last record */
	struct reader readers[READER_CNT];
};

static uint64_t
check_of(uint64_t a, uint64_t b, uint64_t c)
{
	return ((a ^ b >> 7) * 0x9E3779B97F4A7C15ull) ^ (c << 11 | c >> 53);
}

/* A record that is itself, and of this position. */
static bool
whole(const uint64_t *r, uint64_t position)
{
	return r[0] == position && r[1] == position * 3 && r[2] == ~position &&
	       r[3] == check_of(r[0], r[1], r[2]);
}

static void
pin(uint32_t cpu)
{
	cpu_set_t set;
	cpu_set_t own;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_getaffinity(0, sizeof(own), &own) == 0 && CPU_ISSET(cpu, &own))
		(void)sched_setaffinity(0, sizeof(set), &set);
}

/* ---- both sides ----------------------------------------------------------------------------------------------- */

static void
write_all(struct vega_record_lane *lane, struct shared *shared)
{
	struct vega_ring_writer w;
	struct rng rng = {rng_seed(3)};

	vega_ring_writer_init(&w, lane, LANE_BYTES);
	while (w.next < RECORD_CNT) {
		for (uint64_t n = 1 + rng_below(&rng, 40); n > 0; n--)
			vega_ring_put(&w, w.next, w.next * 3, ~w.next,
				check_of(w.next, w.next * 3, ~w.next));
		vega_ring_publish(&w);
		/* Now and then time for a reader to come up to the tail. */
		if (rng_one_in(&rng, 200))
			for (uint64_t n = rng_below(&rng, PAUSE_TURNS); n > 0; n--)
				(void)sched_yield();
	}
	shared->end = w.next;
	vega_store_release(&shared->stop, 1); /* D1: pairs with D2 */
}

static void
read_some(const struct vega_ring *ring, struct reader *r, uint64_t max)
{
	uint64_t to[BATCH_MAX * VEGA_RING_WORDS];
	uint64_t cnt;
	uint64_t oldest;

	switch (vega_ring_copy(ring, r->next, max, to, &cnt, &oldest)) {
	case VEGA_RING_OK:
		for (uint64_t i = 0; i < cnt; i++)
			r->torn += !whole(to + i * VEGA_RING_WORDS, r->next + i);
		r->given += cnt;
		r->next += cnt;
		if (cnt == 0)
			(void)sched_yield();
		break;
	case VEGA_RING_LAPPED:
		r->lost += oldest - r->next;
		r->next = oldest;
		r->laps++;
		break;
	case VEGA_RING_AHEAD:
		r->torn++;
		break;
	}
}

static void
read_all(const struct vega_record_lane *lane, struct shared *shared, uint32_t idx)
{
	struct reader *r = &shared->readers[idx];
	struct rng rng = {idx};
	struct vega_ring ring;

	if (vega_ring_open(lane, LANE_BYTES, &ring) != 0)
		return;
	for (;;) {
		const uint64_t stop = vega_load_acquire(&shared->stop); /* D2: pairs with D1 */

		read_some(&ring, r, 1 + rng_below(&rng, BATCH_MAX));
		if (stop && r->next == shared->end)
			break;
	}
	vega_store_release(&r->ended, 1);
}

static void
check_reader(const struct shared *shared, uint32_t idx)
{
	const struct reader *r = &shared->readers[idx];

	(void)printf("reader %u: %llu given, %llu lost in %llu laps\n", idx,
		(unsigned long long)r->given, (unsigned long long)r->lost,
		(unsigned long long)r->laps);
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->torn, 0);
	assert_int_equal(r->next, shared->end);
	assert_int_equal(r->given + r->lost, shared->end);
	assert_true(r->given > 0);
}

/* ---- threads -------------------------------------------------------------------------------------------------- */

struct thread {
	pthread_t id;
	const struct vega_record_lane *lane;
	struct shared *shared;
	uint32_t idx;
};

static void *
thread_main(void *arg)
{
	struct thread *t = arg;

	pin(1);
	read_all(t->lane, t->shared, t->idx);
	return NULL;
}

static void
test_threads(void **state)
{
	struct vega_record_lane *lane = aligned_alloc(64, LANE_BYTES);
	struct shared *shared = calloc(1, sizeof(*shared));
	struct thread threads[READER_CNT];

	(void)state;
	memset(lane, 0, LANE_BYTES);
	vega_ring_new(lane, LANE_BYTES, 0, 32, 1);
	for (uint32_t i = 0; i < READER_CNT; i++) {
		threads[i] = (struct thread){.lane = lane, .shared = shared, .idx = i};
		assert_int_equal(pthread_create(&threads[i].id, NULL, thread_main, &threads[i]), 0);
	}
	write_all(lane, shared);
	for (uint32_t i = 0; i < READER_CNT; i++)
		assert_int_equal(pthread_join(threads[i].id, NULL), 0);
	for (uint32_t i = 0; i < READER_CNT; i++)
		check_reader(shared, i);
	free(shared);
	free(lane);
}

/* ---- processes ------------------------------------------------------------------------------------------------ */

/* A reader's own mapping: it could not harm the lane if it tried. */
static pid_t
start_reader(int fd, struct shared *shared, uint32_t idx)
{
	const pid_t pid = fork();
	const void *lane;

	if (pid != 0)
		return pid;
	pin(1);
	lane = mmap(NULL, LANE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (lane != MAP_FAILED)
		read_all(lane, shared, idx);
	_exit(0);
}

static pid_t
start_writer(struct vega_record_lane *lane, struct shared *shared)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	pin(0);
	write_all(lane, shared);
	_exit(0);
}

static void
wait_a_little(struct rng *rng, uint64_t ms)
{
	vega_sleep_until_ns(vega_monotonic_ns() + (1 + rng_below(rng, ms)) * 1000000u);
}

/* Stop one, kill one, at any time; let the stopped one go on when the writer has ended. */
static void
disturb(const pid_t *readers, pid_t writer)
{
	struct rng rng = {rng_seed(5)};
	int status;

	wait_a_little(&rng, 50);
	assert_int_equal(kill(readers[STOPPED], SIGSTOP), 0);
	wait_a_little(&rng, 50);
	assert_int_equal(kill(readers[KILLED], SIGKILL), 0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	assert_int_equal(kill(readers[STOPPED], SIGCONT), 0);
}

static void
test_processes_one_stopped_one_killed(void **state)
{
	const int fd = memfd_create("ring", MFD_CLOEXEC);
	struct vega_record_lane *lane;
	struct shared *shared;
	pid_t readers[READER_CNT];
	pid_t writer;

	(void)state;
	assert_int_equal(ftruncate(fd, LANE_BYTES), 0);
	lane = mmap(NULL, LANE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(lane != MAP_FAILED && shared != MAP_FAILED);
	vega_ring_new(lane, LANE_BYTES, 0, 32, 1);
	(void)fflush(stdout);
	for (uint32_t i = 0; i < READER_CNT; i++)
		readers[i] = start_reader(fd, shared, i);
	writer = start_writer(lane, shared);
	disturb(readers, writer);
	for (uint32_t i = 0; i < READER_CNT; i++)
		assert_int_equal(waitpid(readers[i], NULL, 0), readers[i]);
	for (uint32_t i = 0; i < READER_CNT; i++)
		if (i != KILLED ||
			shared->readers[i].ended != 0) /* it may end before it is killed */
			check_reader(shared, i);
	assert_int_equal(shared->readers[KILLED].torn, 0);
	assert_true(shared->end >= RECORD_CNT);
	(void)munmap(shared, sizeof(*shared));
	(void)munmap(lane, LANE_BYTES);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_processes_one_stopped_one_killed),
	};

	return cmocka_run_group_tests_name("ring stress", tests, NULL, NULL);
}
