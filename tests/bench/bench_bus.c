/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record lane and its readers, through the client library: a writer pinned to one processor, readers to the other.
 *
 *	bench_bus SECONDS
 *
 *	line		a word on a cache line of its own, from one processor to the other: what the machine can do just now
 *	latency		a record that holds the time of its publication, until a spinning reader has copied it
 *	write		the writer alone, events of four records
 *	tail		one reader in batches, behind a writer that lets it follow
 *	paced		10 million records a second, one every 100 ns: how many came late, with readers and without
 *
 * Prints JSON. Each figure is the best of several runs: what disturbs is not the lane's. Where it may, the writer and the reader that
 * is timed run at real-time priority, as they would have a processor of their own on a box; readers beside them never do.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/region.h"
#include "hugepages/ring.h"
#include "hugepages/vega_bus.h"

#define READER_MAX  9u
#define BATCH       256u
#define SAMPLE_MAX  (1u << 20)
#define TAIL_STEP   16384u
#define SLOT_NS     100u
#define LATE_NS     1000u
#define RUNS        5u
#define GAP_NS      1000u /* between two records of the latency figure */
#define WRITER_CPU  0u
#define READER_CPU  1u
#define EVENT_WORDS 4u

static struct vega_region *region;
static struct vega_ring_writer writer;
static double ns_of_tick;
static char name[32];

/* What bench and readers share. */
static struct shared {
	uint64_t stop;     /* B1: readers end */
	uint64_t ready;    /* readers that are attached */
	uint64_t sampled;  /* latencies taken */
	uint64_t followed; /* position up to which the reader of `tail` is */
	uint64_t read_cnt; /* records that it read */
	uint64_t read_ns;  /* in so much time */
	uint32_t ns[SAMPLE_MAX];
	uint64_t pad0[16];
	uint64_t line; /* C1: the time at which it was stored */
	uint64_t pad1[16];
} * shared;

static void
pin(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		(void)fprintf(
			stderr, "bench_bus: need processor %u, found none: not pinned\n", cpu);
}

/* A processor of one's own, as far as the machine gives one. */
static void
go_first(void)
{
	const struct sched_param param = {.sched_priority = 1};

	(void)sched_setscheduler(0, SCHED_FIFO, &param);
}

static void
put(uint64_t value)
{
	vega_ring_put(&writer, (uint64_t)VEGA_TRADE << 48, 1, value, value);
}

/* A region's lane as a capture makes it, taken up anew for each figure. */
static void
make_region(void)
{
	static struct vega_layout_feed feed = {.name = "F",
		.zone = "UTC",
		.numa = UINT32_MAX,
		.record_lane_bytes = 2u << 20,
		.frame_lane_bytes = 2u << 20};
	const struct vega_region_conf conf = {
		.name = name, .feeds = &feed, .feed_cnt = 1, .lcore_cnt = 1, .port_cnt = 1};
	struct vega_record_lane *lane;
	uint64_t bytes;

	if (vega_region_create(&conf, &region) != 0)
		_exit(vega_err_exit("bench_bus", -1));
	lane = vega_region_record_lane(region, 0, &bytes);
	vega_ring_writer_init(&writer, lane, bytes);
	vega_store_release(&shared->stop, 0);
	vega_store_release(&shared->ready, 0);
}

/* ---- readers -------------------------------------------------------------------------------------------------- */

static bool
is_over(void)
{
	return vega_load_acquire(&shared->stop) != 0; /* B2: pairs with B1 */
}

static void
read_on(struct vega_bus_cursor *cursor)
{
	union vega_record records[BATCH];
	struct vega_bus_batch batch;

	while (!is_over())
		if (vega_bus_read(cursor, records, BATCH, &batch) == 0)
			(void)vega_bus_wait(cursor, 1000000);
}

static void
take_latencies(struct vega_bus_cursor *cursor)
{
	union vega_record records[BATCH];
	struct vega_bus_batch batch;
	uint64_t cnt = 0;

	while (!is_over())
		if (vega_bus_read(cursor, records, BATCH, &batch) > 0 && cnt < SAMPLE_MAX)
			shared->ns[cnt++] = (uint32_t)((double)(vega_ticks() - records[0].word[2]) *
						       ns_of_tick);
	shared->sampled = cnt;
}

static void
take_line(struct vega_bus_cursor *cursor)
{
	uint64_t before = 0;
	uint64_t cnt = 0;

	(void)cursor;
	while (!is_over()) {
		const uint64_t then = vega_load_acquire(&shared->line); /* C2: pairs with C1 */

		if (then != before && before != 0 && cnt < SAMPLE_MAX)
			shared->ns[cnt++] = (uint32_t)((double)(vega_ticks() - then) * ns_of_tick);
		before = then;
	}
	shared->sampled = cnt;
}

static void
follow(struct vega_bus_cursor *cursor)
{
	union vega_record records[BATCH];
	struct vega_bus_batch batch = {0};
	uint64_t start = 0;
	uint64_t ticks = 0;
	uint64_t cnt = 0;
	int got;

	while (!is_over()) {
		start = vega_ticks();
		while ((got = vega_bus_read(cursor, records, BATCH, &batch)) > 0)
			cnt += (uint64_t)got;
		if (batch.next != shared->followed)
			ticks += vega_ticks() - start;
		vega_store_release(&shared->followed, batch.next);
	}
	shared->read_cnt = cnt;
	shared->read_ns = (uint64_t)((double)ticks * ns_of_tick);
}

static pid_t
start_reader(void (*run)(struct vega_bus_cursor *cursor))
{
	struct vega_bus_cursor *cursor;
	struct vega_bus *bus;
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a bench that breaks leaves nobody spinning */
	(void)sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
	pin(READER_CPU);
	if (vega_bus_attach(name, &bus) != 0 ||
		vega_bus_open(bus, "F", VEGA_BUS_NOW, 0, "bench", &cursor) != 0)
		_exit(vega_err_exit("bench_bus", -1));
	if (run != read_on)
		go_first();
	(void)__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	run(cursor);
	_exit(0);
}

static void
start_readers(pid_t *pids, uint32_t cnt, void (*run)(struct vega_bus_cursor *cursor))
{
	for (uint32_t i = 0; i < cnt; i++)
		pids[i] = start_reader(run);
	while (vega_load_acquire(&shared->ready) < cnt)
		(void)sched_yield();
}

static void
end_readers(const pid_t *pids, uint32_t cnt)
{
	vega_store_release(&shared->stop, 1); /* B1: pairs with B2 */
	for (uint32_t i = 0; i < cnt; i++) {
		(void)kill(pids[i], SIGCONT);
		(void)waitpid(pids[i], NULL, 0);
	}
	vega_region_close(region);
}

/* ---- figures -------------------------------------------------------------------------------------------------- */

static void
wait_until(uint64_t tick)
{
	while ((int64_t)(vega_ticks() - tick) < 0)
		;
}

static int
by_size(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a;
	const uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
publish_time(void)
{
	put(vega_ticks());
	vega_ring_publish(&writer);
}

static void
store_time(void)
{
	vega_store_release(&shared->line, vega_ticks()); /* C1: pairs with C2 */
}

static void
bench_latency(uint64_t seconds_ns, void (*send)(void), void (*take)(struct vega_bus_cursor *cursor),
	uint32_t best[3])
{
	const uint64_t gap = (uint64_t)(GAP_NS / ns_of_tick);
	const uint64_t length = (uint64_t)((double)seconds_ns / ns_of_tick);
	uint64_t start, next;
	pid_t pid;

	make_region();
	start_readers(&pid, 1, take);
	start = next = vega_ticks();
	while (next - start < length) {
		wait_until(next);
		send();
		next += gap;
	}
	end_readers(&pid, 1);
	qsort(shared->ns, shared->sampled, sizeof(shared->ns[0]), by_size);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint64_t per_mille[3] = {500, 990, 999};
		const uint32_t ns = shared->ns[shared->sampled * per_mille[i] / 1000];

		if (ns < best[i] || best[i] == 0)
			best[i] = ns;
	}
}

/* Records a second of a writer that never pauses. */
static double
write_rate(uint64_t seconds_ns)
{
	const uint64_t length = (uint64_t)((double)seconds_ns / ns_of_tick);
	const uint64_t start = vega_ticks();
	const uint64_t first = writer.next;
	uint64_t now = start;

	while (now - start < length) {
		for (uint32_t i = 0; i < 1000; i++) {
			for (uint32_t k = 0; k < EVENT_WORDS; k++)
				put(k);
			vega_ring_publish(&writer);
		}
		now = vega_ticks();
	}
	return (double)(writer.next - first) / ((double)(now - start) * ns_of_tick * 1e-9);
}

static double
bench_write(uint64_t seconds_ns, uint32_t reader_cnt)
{
	pid_t pids[READER_MAX];
	double rate;

	make_region();
	start_readers(pids, reader_cnt, read_on);
	rate = write_rate(seconds_ns);
	end_readers(pids, reader_cnt);
	return rate;
}

static double
bench_tail(uint64_t seconds_ns)
{
	uint64_t end_ns;
	pid_t pid;

	make_region();
	shared->followed = 0;
	start_readers(&pid, 1, follow);
	end_ns = vega_monotonic_ns() + seconds_ns;
	while (vega_monotonic_ns() < end_ns) {
		for (uint32_t i = 0; i < TAIL_STEP; i++)
			put(i);
		vega_ring_publish(&writer);
		while (vega_load_acquire(&shared->followed) != writer.next)
			;
	}
	end_readers(&pid, 1);
	return (double)shared->read_cnt * 1e9 / (double)shared->read_ns;
}

struct late {
	uint64_t cnt;    /* records more than LATE_NS late */
	uint64_t max_ns; /* the latest */
};

static struct late
bench_paced(uint64_t seconds_ns, uint32_t reader_cnt, bool stop_one)
{
	const double slot = SLOT_NS / ns_of_tick;
	const uint64_t total = seconds_ns / SLOT_NS;
	struct late late = {0};
	pid_t pids[READER_MAX];
	uint64_t start;

	make_region();
	start_readers(pids, reader_cnt, read_on);
	if (stop_one)
		(void)kill(pids[0], SIGSTOP);
	start = vega_ticks();
	for (uint64_t n = 0; n < total; n++) {
		const uint64_t due = start + (uint64_t)((double)n * slot);
		uint64_t late_ns;

		wait_until(due);
		put(n);
		vega_ring_publish(&writer);
		late_ns = (uint64_t)((double)(vega_ticks() - due) * ns_of_tick);
		late.cnt += late_ns > LATE_NS;
		late.max_ns = late_ns > late.max_ns ? late_ns : late.max_ns;
	}
	end_readers(pids, reader_cnt);
	return late;
}

/* ---- main ----------------------------------------------------------------------------------------------------- */

static void
set(json_t *object, const char *key, double value)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void
run_paced(json_t *object, const char *what, uint64_t seconds_ns, uint32_t reader_cnt, bool stop_one)
{
	struct late best = {UINT64_MAX, UINT64_MAX};
	char key[64];

	for (uint32_t i = 0; i < RUNS; i++) {
		const struct late late = bench_paced(seconds_ns, reader_cnt, stop_one);

		best.cnt = late.cnt < best.cnt ? late.cnt : best.cnt;
		best.max_ns = late.max_ns < best.max_ns ? late.max_ns : best.max_ns;
	}
	(void)snprintf(key, sizeof(key), "paced_%s_late_cnt", what);
	set(object, key, (double)best.cnt);
	(void)snprintf(key, sizeof(key), "paced_%s_late_ns_max", what);
	set(object, key, (double)best.max_ns);
}

static json_t *
run_all(uint64_t seconds_ns)
{
	static const char *const keys[] = {"latency_ns_p50", "latency_ns_p99", "latency_ns_p999"};
	json_t *object = json_object();
	uint32_t latency[3] = {0};
	uint32_t line[3] = {0};
	double write = 0, beside_8 = 0, tail = 0;

	for (uint32_t i = 0; i < RUNS; i++) {
		double rate;

		bench_latency(seconds_ns, store_time, take_line, line);
		bench_latency(seconds_ns, publish_time, take_latencies, latency);
		rate = bench_write(seconds_ns, 0);
		write = rate > write ? rate : write;
		rate = bench_write(seconds_ns, 8);
		beside_8 = rate > beside_8 ? rate : beside_8;
		rate = bench_tail(seconds_ns);
		tail = rate > tail ? rate : tail;
	}
	for (uint32_t i = 0; i < 3; i++)
		set(object, keys[i], latency[i]);
	set(object, "line_ns_p50", line[0]);
	set(object, "line_ns_p99", line[1]);
	set(object, "write_records_per_s", write);
	set(object, "write_beside_8_readers_records_per_s", beside_8);
	(void)json_object_set_new(
		object, "write_beside_8_readers_ratio", json_real(beside_8 / write));
	set(object, "tail_records_per_s", tail);
	run_paced(object, "0_readers", seconds_ns, 0, false);
	run_paced(object, "1_reader", seconds_ns, 1, false);
	run_paced(object, "8_readers", seconds_ns, 8, false);
	run_paced(object, "8_readers_1_stopped", seconds_ns, 8, true);
	return object;
}

int
main(int argc, char **argv)
{
	double seconds = 0;

	if (argc != 2 || vega_parse_double("SECONDS", argv[1], 0.01, 60, &seconds) != 0) {
		(void)fprintf(stderr, "usage: bench_bus SECONDS\n");
		return EX_USAGE;
	}
	(void)snprintf(name, sizeof(name), "bench-bus-%d", (int)getpid());
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return EX_OSERR;
	ns_of_tick = 1e9 / (double)vega_ticks_hz();
	pin(WRITER_CPU);
	go_first();
	return vega_err_exit("bench_bus", vega_cli_json(run_all((uint64_t)(seconds * 1e9))));
}
