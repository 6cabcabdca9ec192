/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of a feed: order events into books and table, one core; and how long a reader takes while all of it changes.
 *
 *	bench_state [SECONDS [INSTRUMENTS]]
 *
 * orders: a book of 40 orders or so for each of 10,000 instruments, prices around a middle that wanders; adds, cancels, price and quantity
 * modifications and executions. The lane is filled untimed, the poll is timed.
 * latest: INSTRUMENTS (100,000), a writer that changes one level after the other of all of them without a pause, a reader on the other
 * core that asks for one at random and times each answer.
 */
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

#define LANE_BYTES       (8u << 20)
#define BOOK_INSTRUMENTS 10000u
#define LIVE_PER_BOOK    40u
#define FILL_CNT         10000u
#define PACKET_EVENTS    20u
#define WARM_UP_CNT      60u /* fills */
#define POLL_CNT         (1u << 20)
#define SAMPLE_CNT       2000000u

struct feed {
	struct vega_record_lane *lane;
	struct vega_record_lane *book_lane;
	struct vega_state_table *table;
	uint64_t table_bytes;
	struct vega_ring_writer ring;
	struct vega_state_feed *state;
};

static void *
memory(uint64_t bytes)
{
	void *at = aligned_alloc(2u << 20, vega_align_up(bytes, 2u << 20));

	if (at == NULL)
		abort();
	(void)madvise(at, vega_align_up(bytes, 2u << 20), MADV_HUGEPAGE); /* as lanes are */
	return memset(at, 0, vega_align_up(bytes, 2u << 20));
}

static int
open_feed(struct feed *f, uint64_t instruments, bool has_orders)
{
	struct vega_state_conf conf = {
		.lane_bytes = LANE_BYTES, .book_lane_bytes = LANE_BYTES, .order_cnt = 1000000};

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
close_feed(struct feed *f)
{
	vega_state_feed_delete(f->state);
	free(f->lane);
	free(f->book_lane);
	free(f->table);
}

static void
put(struct feed *f, uint32_t kind, uint32_t flags, uint32_t token, uint32_t w12, uint64_t w16,
	uint64_t w24)
{
	vega_ring_put(&f->ring, f->ring.next | (uint64_t)kind << 48 | (uint64_t)flags << 56,
		token | (uint64_t)w12 << 32, w16, w24);
}

/* ---- orders ----------------------------------------------------------------------------------------------------- */

struct market {
	struct rng rng;
	uint64_t next_id;
	int32_t mid[BOOK_INSTRUMENTS];
	uint64_t live[BOOK_INSTRUMENTS][LIVE_PER_BOOK]; /* ids */
	uint8_t side[BOOK_INSTRUMENTS][LIVE_PER_BOOK];
	uint32_t cnt[BOOK_INSTRUMENTS];
};

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
	const uint32_t k = m->cnt[i]++;

	m->live[i][k] = ++m->next_id;
	m->side[i][k] = is_ask;
	put(f, VEGA_ORDER_ADD, VEGA_RECORD_LAST | (is_ask ? VEGA_RECORD_ASK : 0), i + 1,
		(uint32_t)(1 + rng_below(&m->rng, 500)), m->next_id, price_at(m, i, is_ask));
}

static void
event(struct feed *f, struct market *m)
{
	const uint32_t i = (uint32_t)rng_below(&m->rng, BOOK_INSTRUMENTS);
	const uint64_t what = rng_below(&m->rng, 100);
	const uint32_t k = m->cnt[i] != 0 ? (uint32_t)rng_below(&m->rng, m->cnt[i]) : 0;
	const uint64_t id = m->live[i][k];
	const uint32_t side = m->side[i][k] ? VEGA_RECORD_ASK : 0;
	const uint32_t qty = (uint32_t)(1 + rng_below(&m->rng, 500));

	if (what < 2)
		m->mid[i] += rng_one_in(&m->rng, 2) ? 1 : -1;
	if (m->cnt[i] == 0 || (what < 42 && m->cnt[i] < LIVE_PER_BOOK)) {
		add(f, m, i);
	} else if (what < 80) {
		put(f, VEGA_ORDER_DELETE, VEGA_RECORD_LAST | side, i + 1, 0, id,
			(uint64_t)(VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE) << 32);
		m->live[i][k] = m->live[i][--m->cnt[i]];
		m->side[i][k] = m->side[i][m->cnt[i]];
	} else if (what < 95) {
		put(f, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST | side, i + 1, qty, id,
			price_at(m, i, side != 0));
	} else {
		put(f, VEGA_ORDER_EXECUTE, VEGA_RECORD_LAST, i + 1, qty / 4 + 1, id,
			(uint64_t)VEGA_ORDER_NO_PRICE << 32);
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
bench_orders(uint64_t seconds, json_t *ret_figures)
{
	const double events = (double)PACKET_EVENTS / (PACKET_EVENTS + 1) * (double)vega_ticks_hz();
	const uint64_t until_ns = vega_monotonic_ns() + seconds * 1000000000u;
	struct market *m = memory(sizeof(*m));
	struct polls *p = memory(sizeof(*p));
	uint64_t cnt;
	struct feed f;
	int rc = open_feed(&f, BOOK_INSTRUMENTS, true);

	m->rng.state = 1;
	for (uint32_t i = 0; i < BOOK_INSTRUMENTS; i++)
		m->mid[i] = 100000;
	for (uint32_t i = 0; rc == 0 && i < WARM_UP_CNT; i++) { /* the books grow full */
		fill(&f, m, FILL_CNT);
		poll_all(&f, p);
	}
	memset(p, 0, sizeof(*p));
	while (rc == 0 && vega_monotonic_ns() < until_ns) {
		fill(&f, m, FILL_CNT);
		poll_all(&f, p);
	}
	if (rc != 0)
		return rc;
	cnt = p->cnt < POLL_CNT ? p->cnt : POLL_CNT;
	qsort(p->ticks_q6, cnt, sizeof(p->ticks_q6[0]), compare);
	(void)json_object_update_new(
		ret_figures, json_pack("{s:f, s:f, s:f, s:f}", "state_order_events_per_s",
				     events * 64 / (double)p->ticks_q6[cnt / 2],
				     "state_order_events_per_s_best_decile",
				     events * 64 / (double)p->ticks_q6[cnt / 10],
				     "state_order_events_per_s_mean",
				     events * (double)p->records / (double)p->ticks,
				     "state_book_records_per_record",
				     (double)f.table->position / (double)f.table->record_position));
	close_feed(&f);
	free(m);
	free(p);
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
	int rc = open_feed(&l.feed, instruments, false);

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
		json_pack("{s:f, s:f, s:f, s:f, s:I, s:I}", "state_latest_latency_ns_p50",
			(double)ticks[SAMPLE_CNT / 2] * ns_per_tick, "state_latest_latency_ns_p99",
			(double)ticks[SAMPLE_CNT / 100 * 99] * ns_per_tick,
			"state_latest_latency_ns_p999",
			(double)ticks[SAMPLE_CNT / 1000 * 999] * ns_per_tick,
			"state_latest_updates_per_s", (double)l.updates * 1e9 / (double)l.ns,
			"state_latest_instruments", (json_int_t)instruments,
			"state_latest_not_found", (json_int_t)misses));
	free(ticks);
	close_feed(&l.feed);
	return 0;
}

int
main(int argc, char **argv)
{
	const uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 4;
	const uint32_t instruments = argc > 2 ? (uint32_t)strtoull(argv[2], NULL, 10) : 100000;
	json_t *figures = json_object();
	int rc;

	rig_pin(-1);
	rc = bench_orders(seconds, figures);
	if (rc == 0)
		rc = bench_latest(instruments, figures);
	if (rc == 0)
		rc = vega_cli_json(figures);
	return vega_err_exit("bench_state", rc);
}
