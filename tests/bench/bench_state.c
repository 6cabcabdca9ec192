/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of a feed: order events into books and table, one core; and how long a reader takes while all of it changes.
 *
 *	bench_state orders SECONDS INSTRUMENTS ORDERS
 *	bench_state latest INSTRUMENTS
 *
 * orders: so many instruments share so many live orders evenly, prices around a middle that wanders; adds, cancels, price and quantity
 * modifications and executions, each of any instrument and any of its orders. The lane is filled untimed, the poll is timed.
 * latest: a writer that changes one level after the other of all instruments without a pause, a reader on the other core that asks
 * for one at random and times each answer.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/state.h"
#include "tests/bench/rig.h"
#include "tests/lib/rng.h"

#define LANE_BYTES    (8u << 20)
#define FILL_CNT      10000u
#define PACKET_EVENTS 20u
#define POLL_CNT      (1u << 20)
#define SAMPLE_CNT    2000000u

struct feed {
	struct vega_record_lane *lane;
	struct vega_record_lane *book_lane;
	struct vega_state_table *table;
	uint64_t table_bytes;
	struct vega_ring_writer ring;
	struct vega_state_feed *state;
};

/* Zeroed, never given back: hugepages as a region's lanes have them, or what there is. */
static void *
memory(uint64_t bytes)
{
	const uint64_t whole = vega_align_up(bytes, 2u << 20);
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	void *at = mmap(NULL, whole, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);

	if (at == MAP_FAILED)
		at = mmap(NULL, whole, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (at == MAP_FAILED)
		abort();
	return at;
}

static int
open_feed(struct feed *f, uint64_t instruments, uint64_t orders)
{
	const bool has_orders = orders != 0;
	struct vega_state_conf conf = {
		.lane_bytes = LANE_BYTES, .book_lane_bytes = LANE_BYTES, .order_cnt = orders};

	f->lane = memory(LANE_BYTES);
	f->book_lane = has_orders ? memory(LANE_BYTES) : NULL;
	f->table_bytes = vega_state_table_bytes(instruments);
	f->table = memory(f->table_bytes);
	vega_ring_new(f->lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	if (has_orders)
		vega_ring_new(f->book_lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	vega_state_table_new(f->table, instruments, 0, 1);
	vega_ring_writer_init(&f->ring, f->lane, LANE_BYTES);
	conf.lane = f->lane;
	conf.book_lane = f->book_lane;
	conf.table = f->table;
	return vega_state_feed_new(&conf, &f->state);
}

static void
put(struct feed *f, uint32_t kind, uint32_t flags, uint32_t token, uint32_t w12, uint64_t w16,
	uint64_t w24)
{
	vega_ring_put(&f->ring, f->ring.next | (uint64_t)kind << 48 | (uint64_t)flags << 56,
		token | (uint64_t)w12 << 32, w16, w24);
}

/* ---- orders ----------------------------------------------------------------------------------------------------- */

struct live {
	uint64_t id;
	bool is_ask;
};

struct market {
	struct rng rng;
	uint64_t next_id;
	uint32_t instruments;
	uint32_t depth; /* orders of one instrument */
	int32_t *mid;
	uint32_t *cnt;
	struct live *live; /* by instrument, depth each */
};

static struct market
new_market(uint32_t instruments, uint64_t orders)
{
	struct market m = {.rng = {1},
		.instruments = instruments,
		.depth = (uint32_t)(orders / instruments),
		.mid = memory(instruments * sizeof(*m.mid)),
		.cnt = memory(instruments * sizeof(*m.cnt)),
		.live = memory(orders * sizeof(*m.live))};

	for (uint32_t i = 0; i < instruments; i++)
		m.mid[i] = 100000;
	return m;
}

static uint64_t
price_at(struct market *m, uint32_t i, bool is_ask)
{
	const uint64_t a = rng_below(&m->rng, 30), b = rng_below(&m->rng, 30);
	const int32_t away = (int32_t)(1 + (a < b ? a : b)); /* most are near the best */

	return (uint32_t)(m->mid[i] + (is_ask ? away : -away));
}

static void
add(struct feed *f, struct market *m, uint32_t i)
{
	const bool is_ask = rng_one_in(&m->rng, 2);

	m->live[i * m->depth + m->cnt[i]++] = (struct live){.id = ++m->next_id, .is_ask = is_ask};
	put(f, VEGA_ORDER_ADD, VEGA_RECORD_LAST | (is_ask ? VEGA_RECORD_ASK : 0), i + 1,
		(uint32_t)(1 + rng_below(&m->rng, 500)), m->next_id, price_at(m, i, is_ask));
}

static void
event(struct feed *f, struct market *m)
{
	const uint32_t i = (uint32_t)rng_below(&m->rng, m->instruments);
	const uint64_t what = rng_below(&m->rng, 100);
	const uint32_t k = m->cnt[i] != 0 ? (uint32_t)rng_below(&m->rng, m->cnt[i]) : 0;
	struct live *live = &m->live[i * m->depth];
	const uint32_t side = live[k].is_ask ? VEGA_RECORD_ASK : 0;
	const uint32_t qty = (uint32_t)(1 + rng_below(&m->rng, 500));

	if (what < 2)
		m->mid[i] += rng_one_in(&m->rng, 2) ? 1 : -1;
	if (m->cnt[i] == 0 || (what < 42 && m->cnt[i] < m->depth)) {
		add(f, m, i);
	} else if (what < 80) {
		put(f, VEGA_ORDER_DELETE, VEGA_RECORD_LAST | side, i + 1, 0, live[k].id,
			(uint64_t)(VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE) << 32);
		live[k] = live[--m->cnt[i]];
	} else if (what < 95) {
		put(f, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST | side, i + 1, qty, live[k].id,
			price_at(m, i, side != 0));
	} else {
		put(f, VEGA_ORDER_EXECUTE, VEGA_RECORD_LAST, i + 1, qty / 4 + 1, live[k].id,
			(uint64_t)VEGA_ORDER_NO_PRICE << 32);
	}
}

/* The books grow full: unto each its orders, one after the other. */
static void
open_market(struct feed *f, struct market *m)
{
	for (uint64_t n = 0; n < (uint64_t)m->instruments * m->depth; n++) {
		if (n % PACKET_EVENTS == 0)
			put(f, VEGA_PACKET, 0, 0, 'A', n, n);
		add(f, m, (uint32_t)(n % m->instruments));
		if (n % PACKET_EVENTS != PACKET_EVENTS - 1)
			continue;
		vega_ring_publish(&f->ring);
		while (vega_state_poll(f->state) != 0)
			;
	}
}

static void
fill(struct feed *f, struct market *m, uint32_t cnt)
{
	for (uint32_t n = 0; n < cnt; n++) {
		if (n % PACKET_EVENTS == 0)
			put(f, VEGA_PACKET, 0, 0, 'A', n, n);
		event(f, m);
		if (n % PACKET_EVENTS == PACKET_EVENTS - 1)
			vega_ring_publish(&f->ring);
	}
	vega_ring_publish(&f->ring);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Ticks a record of each poll, as a number with six binary digits behind the point. */
struct polls {
	uint64_t ticks_q6[POLL_CNT];
	uint64_t cnt;
	uint64_t ticks;
	uint64_t records;
};

static void
poll_all(struct feed *f, struct polls *p)
{
	for (;;) {
		const uint64_t begin = vega_ticks();
		const unsigned taken = vega_state_poll(f->state);
		const uint64_t ticks = vega_ticks() - begin;

		if (taken == 0)
			break;
		p->ticks_q6[p->cnt++ % POLL_CNT] = (ticks << 6) / taken;
		p->ticks += ticks;
		p->records += taken;
	}
}

/*
 * The median poll is the figure: the machine may be shared, and a poll in which others ran says nothing; the mean tells how shared.
 * An event is a record and a twentieth of a PACKET.
 */
static int
bench_orders(uint64_t seconds, uint32_t instruments, uint64_t orders, json_t *ret_figures)
{
	const double events = (double)PACKET_EVENTS / (PACKET_EVENTS + 1) * (double)vega_ticks_hz();
	struct market m = new_market(instruments, orders);
	struct polls *p = memory(sizeof(*p));
	uint64_t until_ns, cnt;
	struct feed f;
	int rc = open_feed(&f, instruments, orders + 1000);

	if (rc != 0)
		return rc;
	open_market(&f, &m);
	until_ns = vega_monotonic_ns() + seconds * 1000000000u;
	while (vega_monotonic_ns() < until_ns) {
		fill(&f, &m, FILL_CNT);
		poll_all(&f, p);
	}
	cnt = p->cnt < POLL_CNT ? p->cnt : POLL_CNT;
	qsort(p->ticks_q6, cnt, sizeof(p->ticks_q6[0]), compare);
	(void)json_object_update_new(ret_figures,
		json_pack("{s:f, s:f, s:f, s:f, s:I}", "events_per_s",
			events * 64 / (double)p->ticks_q6[cnt / 2], "events_per_s_best_decile",
			events * 64 / (double)p->ticks_q6[cnt / 10], "events_per_s_mean",
			events * (double)p->records / (double)p->ticks, "book_records_per_record",
			(double)f.table->position / (double)f.table->record_position, "orders",
			(json_int_t)f.table->order_cnt));
	return 0;
}

/* ---- latest ----------------------------------------------------------------------------------------------------- */

struct latest {
	struct feed feed;
	uint32_t instruments;
	uint64_t stop;
	uint64_t updates;
	uint64_t ns;
};

static void
update(struct feed *f, struct rng *rng, uint32_t instruments)
{
	for (uint32_t n = 0; n < 200; n++) {
		const uint32_t token = (uint32_t)(1 + rng_below(rng, instruments));
		const uint64_t level = 1 + rng_below(rng, 10);

		if (n % 20 == 0)
			put(f, VEGA_PACKET, 0, 0, 'A', n, n);
		put(f, VEGA_LEVEL, VEGA_RECORD_LAST, token,
			VEGA_LEVEL_WORD(level, VEGA_SIDE_BID | VEGA_SIDE_ASK, 1, 1),
			(1000 - level) | (uint64_t)(n + 1) << 32,
			(1000 + level) | (uint64_t)(n + 1) << 32);
	}
	vega_ring_publish(&f->ring);
}

static void *
write_all(void *arg)
{
	struct latest *l = arg;
	struct rng rng = {2};
	const uint64_t begin_ns = vega_monotonic_ns();

	rig_pin(0);
	while (!vega_load_relaxed(&l->stop)) {
		update(&l->feed, &rng, l->instruments);
		while (vega_state_poll(l->feed.state) != 0)
			;
		l->updates += 200;
	}
	l->ns = vega_monotonic_ns() - begin_ns;
	return NULL;
}

static int
bench_latest(uint32_t instruments, json_t *ret_figures)
{
	const double ns_per_tick = 1e9 / (double)vega_ticks_hz();
	struct latest l = {.instruments = instruments};
	struct rng rng = {3};
	struct vega_state_view view;
	struct vega_state_entry e;
	uint64_t *ticks = memory(SAMPLE_CNT * sizeof(*ticks));
	uint64_t misses = 0;
	pthread_t thread;
	int rc = open_feed(&l.feed, instruments, 0);

	for (uint32_t i = 0; rc == 0 && i < 20 * instruments / 200; i++) {
		update(&l.feed, &rng, instruments);
		while (vega_state_poll(l.feed.state) != 0)
			;
	}
	if (rc == 0)
		rc = vega_state_open(l.feed.table, l.feed.table_bytes, &view);
	if (rc != 0)
		return rc;
	(void)pthread_create(&thread, NULL, write_all, &l);
	rig_pin(-1);
	for (uint32_t i = 0; i < SAMPLE_CNT; i++) {
		const uint32_t token = (uint32_t)(1 + rng_below(&rng, instruments));
		const uint64_t begin = vega_ticks();

		misses += vega_state_latest(&view, token, &e) != 0;
		ticks[i] = vega_ticks() - begin;
	}
	vega_store_relaxed(&l.stop, 1);
	(void)pthread_join(thread, NULL);
	qsort(ticks, SAMPLE_CNT, sizeof(*ticks), compare);
	(void)json_object_update_new(ret_figures,
		json_pack("{s:f, s:f, s:f, s:f, s:I, s:I}", "latency_ns_p50",
			(double)ticks[SAMPLE_CNT / 2] * ns_per_tick, "latency_ns_p99",
			(double)ticks[SAMPLE_CNT / 100 * 99] * ns_per_tick, "latency_ns_p999",
			(double)ticks[SAMPLE_CNT / 1000 * 999] * ns_per_tick, "updates_per_s",
			(double)l.updates * 1e9 / (double)l.ns, "instruments",
			(json_int_t)instruments, "not_found", (json_int_t)misses));
	return 0;
}

static uint64_t
number(char **argv, int argc, int at)
{
	return at < argc ? strtoull(argv[at], NULL, 10) : 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const uint64_t first = number(argv, argc, 2), second = number(argv, argc, 3);
	json_t *figures = json_object();
	int rc;

	rig_pin(-1);
	if (strcmp(what, "orders") == 0 && second != 0 && number(argv, argc, 4) >= second)
		rc = bench_orders(first, (uint32_t)second, number(argv, argc, 4), figures);
	else if (strcmp(what, "latest") == 0 && first != 0)
		rc = bench_latest((uint32_t)first, figures);
	else
		rc = VEGA_ERR(
			-EINVAL, "need orders SECONDS INSTRUMENTS ORDERS, or latest INSTRUMENTS");
	if (rc == 0)
		rc = vega_cli_json(figures);
	return vega_err_exit("bench_state", rc);
}
