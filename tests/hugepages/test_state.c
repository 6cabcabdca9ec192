/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state table: what records make of it, when it is stale and when it is sound again, where it ends, and readers beside a writer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>

#include "tests/lib/rng.h"
#include "tests/lib/state_rig.h"

static struct vega_state_entry
latest(const struct rig *r, uint32_t token)
{
	struct vega_state_entry e = {0};

	assert_int_equal(vega_state_latest(&r->view, token, &e), 0);
	return e;
}

static bool
is_stale(const struct rig *r, uint32_t token)
{
	return (latest(r, token).flags & VEGA_STATE_STALE) != 0;
}

/* Level 1 on one side: it says nothing of the other. */
static void
bid(struct rig *r, uint32_t token, uint32_t action, uint32_t number, uint32_t price, uint32_t qty)
{
	put(r, VEGA_LEVEL, VEGA_RECORD_LAST | VEGA_RECORD_ACTION(action), token,
		VEGA_LEVEL_WORD(number, VEGA_SIDE_BID, 3, 0), price | (uint64_t)qty << 32, 0);
}

static void
gap(struct rig *r, uint32_t channel, uint32_t state, uint64_t first, uint64_t cnt)
{
	put(r, VEGA_GAP, 0, channel, state, first, cnt);
}

static void
levels_move_as_the_actions_say(void **state)
{
	struct vega_state_entry e;
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	packet(&r, 0, 1);
	for (uint32_t i = 1; i <= 11; i++) /* each goes before those that were there */
		bid(&r, 5, VEGA_LEVEL_INSERT, 1, 100 + i, i);
	poll(&r);
	e = latest(&r, 5);
	assert_int_equal(e.bid_cnt, 10);
	assert_int_equal(e.bids[0].price, 111);
	assert_int_equal(e.bids[9].price, 102);
	assert_int_equal(e.bid_orders[9], 3);
	bid(&r, 5, VEGA_LEVEL_DELETE, 2, 0, 0);
	bid(&r, 5, VEGA_LEVEL_SET, 9, 50, 7);
	poll(&r);
	e = latest(&r, 5);
	assert_int_equal(e.bid_cnt, 9);
	assert_int_equal(e.bids[1].price, 109);
	assert_int_equal(e.bids[8].price, 50);
	bid(&r, 5, VEGA_LEVEL_CUT, 3, 0, 0);
	bid(&r, 5, VEGA_LEVEL_SET, 2, 0, 0);
	poll(&r);
	e = latest(&r, 5);
	assert_int_equal(e.bid_cnt, 1);
	assert_int_equal(e.ask_cnt, 0);
	close_rig(&r);
}

static void
the_rest_is_as_told(void **state)
{
	struct vega_state_event events[VEGA_STATE_EVENT_CNT];
	struct vega_state_entry e;
	uint32_t cnt;
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	put(&r, VEGA_EPOCH, 0, 0, 0, 1000000, 0);
	packet(&r, 3, 77);
	put(&r, VEGA_DEFINITION, 0, 8, 2u << 8 | 4u << 16, 0x4847464544434241u,
		0x5857565554535251u);
	put(&r, VEGA_DEFINITION, 0, 8, 1 | 2u << 8 | 4u << 16, 0x59, 0);
	put(&r, VEGA_LAST, 0, 8, 150, 20 | (uint64_t)148 << 32, 9000);
	put(&r, VEGA_INTEREST, 0, 8, 0, 4000, 0x3FE0000000000000u);
	put(&r, VEGA_OHLC, 0, 8, 140, 155 | (uint64_t)139 << 32, 141 | (uint64_t)15 << 32);
	put(&r, VEGA_STATUS, 0, 8, 'H', 'T', 0);
	bid(&r, 8, VEGA_LEVEL_SET, 1, 149, 60);
	poll(&r);
	e = latest(&r, 8);
	assert_string_equal(e.symbol, "ABCDEFGHQRSTUVWXY");
	assert_int_equal(e.digits, 4);
	assert_int_equal(e.channel, 3);
	assert_int_equal(e.seq, 77);
	assert_int_equal(e.exch_ns, 1000000 + e.position);
	assert_int_equal(e.recv_ns, 1000000 + 1);
	assert_int_equal(e.last_price, 150);
	assert_int_equal(e.average_price, 148);
	assert_int_equal(e.volume, 9000);
	assert_int_equal(e.oi, 4000);
	assert_true(e.iv > 0.49 && e.iv < 0.51);
	assert_int_equal(e.open, 140);
	assert_int_equal(e.high, 155);
	assert_int_equal(e.low, 139);
	assert_int_equal(e.close, 141);
	assert_int_equal(e.status, 'T');
	assert_int_equal(e.status_what, 'H');
	assert_int_equal(vega_state_recent(&r.view, 8, events, &cnt), 0);
	assert_int_equal(cnt, 2);
	assert_int_equal(events[0].what, VEGA_STATE_BID);
	assert_int_equal(events[0].price, 149);
	assert_int_equal(events[1].what, VEGA_STATE_TRADE);
	assert_int_equal(events[1].qty, 20);
	assert_int_equal(vega_state_latest(&r.view, 9, &e), -ENOENT);
	assert_int_equal(vega_state_recent(&r.view, 9, events, &cnt), -ENOENT);
	close_rig(&r);
}

static void
recent_keeps_the_last_sixteen(void **state)
{
	struct vega_state_event events[VEGA_STATE_EVENT_CNT];
	uint32_t cnt;
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	packet(&r, 0, 1);
	for (uint32_t i = 1; i <= 40; i++)
		put(&r, VEGA_TRADE, VEGA_RECORD_LAST, 6, i, 0, 100 + i);
	poll(&r);
	assert_int_equal(vega_state_recent(&r.view, 6, events, &cnt), 0);
	assert_int_equal(cnt, VEGA_STATE_EVENT_CNT);
	for (uint32_t i = 0; i < cnt; i++)
		assert_int_equal(events[i].price, 140 - i);
	assert_int_equal(latest(&r, 6).volume, 40 * 41 / 2);
	close_rig(&r);
}

/* One whose level came in a packet of its channel. */
static void
seen_on(struct rig *r, uint32_t channel, uint64_t seq, uint32_t token)
{
	packet(r, channel, seq);
	bid(r, token, VEGA_LEVEL_SET, 1, 100, 1);
}

static void
a_gap_makes_its_channel_stale(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	seen_on(&r, 1, 1, 5);
	seen_on(&r, 2, 1, 6);
	poll(&r);
	assert_false(is_stale(&r, 5));
	packet(&r, 1, 4);
	gap(&r, 1, VEGA_GAP_OPEN, 2, 2);
	poll(&r);
	assert_true(is_stale(&r, 5));
	assert_false(is_stale(&r, 6));
	/* The other line brings one of two: not sound yet; nothing newer of the instrument came, so it is in order. */
	packet(&r, 1, 2);
	gap(&r, 1, VEGA_GAP_FILLED, 2, 1);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 101, 1);
	packet(&r, 1, 5);
	poll(&r);
	assert_true(is_stale(&r, 5));
	packet(&r, 1, 3);
	gap(&r, 1, VEGA_GAP_FILLED, 3, 1);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 102, 1);
	packet(&r, 1, 6);
	poll(&r);
	assert_false(is_stale(&r, 5));
	close_rig(&r);
}

static void
what_comes_late_behind_newer_stays_stale(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	seen_on(&r, 1, 1, 5);
	seen_on(&r, 1, 2, 6);
	packet(&r, 1, 4);
	gap(&r, 1, VEGA_GAP_OPEN, 3, 1);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 104, 1);
	packet(&r, 1, 3);
	gap(&r, 1, VEGA_GAP_RECOVERED, 3, 1);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 103, 1);
	packet(&r, 1, 5);
	poll(&r);
	assert_true(is_stale(&r, 5)); /* 103 came behind 104 */
	assert_false(is_stale(&r, 6));
	put(&r, VEGA_CLEAR, VEGA_RECORD_SNAPSHOT, 5, 0, 0, 0);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 106, 1);
	poll(&r);
	assert_false(is_stale(&r, 5));
	close_rig(&r);
}

/* A second gap opens before the first is filled: what came between them is newer than what the first brings. */
static void
what_comes_late_behind_another_gap_stays_stale(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	seen_on(&r, 1, 1, 5);
	packet(&r, 1, 3);
	gap(&r, 1, VEGA_GAP_OPEN, 2, 1);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 103, 1);
	packet(&r, 1, 5);
	gap(&r, 1, VEGA_GAP_OPEN, 4, 1);
	bid(&r, 6, VEGA_LEVEL_SET, 1, 105, 1);
	packet(&r, 1, 2);
	gap(&r, 1, VEGA_GAP_FILLED, 2, 1);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 102, 1);
	packet(&r, 1, 4);
	gap(&r, 1, VEGA_GAP_FILLED, 4, 1);
	bid(&r, 7, VEGA_LEVEL_SET, 1, 104, 1);
	seen_on(&r, 1, 6, 8);
	poll(&r);
	assert_true(is_stale(&r, 5));
	for (uint32_t token = 6; token <= 8; token++)
		assert_false(is_stale(&r, token));
	close_rig(&r);
}

/* Nor does a gap that the late packet itself opens hide what came before it. */
static void
a_late_packet_that_opens_a_gap_is_late_still(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	seen_on(&r, 1, 1, 5);
	packet(&r, 1, 3);
	gap(&r, 1, VEGA_GAP_OPEN, 2, 1);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 103, 1);
	packet(&r, 1, 2);
	gap(&r, 1, VEGA_GAP_FILLED, 2, 1);
	gap(&r, 1, VEGA_GAP_OPEN, 4, 1);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 102, 1);
	bid(&r, 6, VEGA_LEVEL_SET, 1, 105, 1);
	packet(&r, 1, 4);
	gap(&r, 1, VEGA_GAP_FILLED, 4, 1);
	seen_on(&r, 1, 6, 8);
	poll(&r);
	assert_true(is_stale(&r, 5));
	assert_false(is_stale(&r, 6));
	assert_false(is_stale(&r, 8));
	close_rig(&r);
}

static void
a_lost_gap_is_stale_until_refreshed(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	seen_on(&r, 1, 1, 5);
	packet(&r, 1, 4);
	gap(&r, 1, VEGA_GAP_OPEN, 2, 2);
	packet(&r, 1, 5);
	gap(&r, 1, VEGA_GAP_LOST, 2, 2);
	seen_on(&r, 1, 6, 5);
	seen_on(&r, 1, 7, 9); /* who is new may have been in the gap too */
	poll(&r);
	assert_true(is_stale(&r, 5));
	assert_true(is_stale(&r, 9));
	put(&r, VEGA_LEVEL, VEGA_RECORD_LAST, 5, VEGA_LEVEL_WORD(1, 3, 0, 0),
		100 | (uint64_t)5 << 32, 101 | (uint64_t)5 << 32);
	poll(&r);
	assert_false(is_stale(&r, 5));
	assert_true(is_stale(&r, 9));
	put(&r, VEGA_LOSS, VEGA_RECORD_LAST, 0, VEGA_LOSS_PORT, 3, 0);
	poll(&r);
	assert_false(is_stale(&r, 5)); /* there are sequences: gaps will tell */
	packet(&r, 1, UINT64_MAX);
	put(&r, VEGA_LOSS, VEGA_RECORD_LAST, 0, VEGA_LOSS_PORT, 3, 0);
	poll(&r);
	assert_true(is_stale(&r, 5));
	close_rig(&r);
}

static void
segment(struct rig *r, uint32_t channel, uint32_t what, uint64_t seq)
{
	put(r, VEGA_SEGMENT, VEGA_RECORD_LAST, channel, what, 77, seq);
}

/* Who joins in the middle does not know what came before: until a snapshot, whatever gaps come and are filled meanwhile. */
static void
a_channel_from_its_middle_is_stale_until_refreshed(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	packet(&r, 1, 500);
	segment(&r, 1, VEGA_SEGMENT_START, 500);
	bid(&r, 5, VEGA_LEVEL_SET, 1, 100, 1);
	packet(&r, 2, 1);
	segment(&r, 2, VEGA_SEGMENT_START, 1);
	bid(&r, 6, VEGA_LEVEL_SET, 1, 100, 1);
	poll(&r);
	assert_true(is_stale(&r, 5));
	assert_false(is_stale(&r, 6));
	packet(&r, 1, 502);
	gap(&r, 1, VEGA_GAP_OPEN, 501, 1);
	packet(&r, 1, 501);
	gap(&r, 1, VEGA_GAP_RECOVERED, 501, 1);
	seen_on(&r, 1, 503, 7);
	poll(&r);
	assert_true(is_stale(&r, 5));
	assert_true(is_stale(&r, 7));
	put(&r, VEGA_CLEAR, VEGA_RECORD_SNAPSHOT, 5, 0, 0, 0);
	seen_on(&r, 1, 504, 5);
	packet(&r, 1, 504);
	segment(&r, 1, VEGA_SEGMENT_END, 505);
	poll(&r);
	assert_false(is_stale(&r, 5));
	assert_true(is_stale(&r, 7));
	close_rig(&r);
}

/* Another space from its first sequence on takes nothing away, and brings nothing back; one from its middle does. */
static void
a_later_space_counts_likewise(void **state)
{
	struct rig r;

	(void)state;
	for (uint32_t what = VEGA_SEGMENT_SESSION; what <= VEGA_SEGMENT_RESTART; what++) {
		open_rig(&r, 10, 0, false);
		seen_on(&r, 1, 1, 5);
		packet(&r, 1, 1);
		segment(&r, 1, what, 1);
		poll(&r);
		assert_false(is_stale(&r, 5));
		packet(&r, 1, 2);
		segment(&r, 1, what, 2);
		poll(&r);
		assert_true(is_stale(&r, 5));
		packet(&r, 1, 1);
		segment(&r, 1, what, 1);
		seen_on(&r, 1, 2, 5);
		poll(&r);
		assert_true(is_stale(&r, 5));
		close_rig(&r);
	}
}

static void
a_lapped_poll_goes_on_and_all_is_stale(void **state)
{
	for (uint32_t has_book = 0; has_book < 2; has_book++) {
		struct rig r;

		(void)state;
		open_rig(&r, 10, 100, has_book != 0);
		seen_on(&r, 1, 1, 5);
		poll(&r);
		for (uint32_t i = 0; i < 70000; i++) {
			seen_on(&r, 1, 2 + i, 6);
			if (i % 100 == 0)
				vega_ring_publish(&r.ring);
		}
		poll(&r);
		assert_true(is_stale(&r, 5));
		assert_int_equal(latest(&r, 6).seq, 70001);
		assert_int_equal(r.table->record_position, r.ring.next);
		if (!has_book)
			assert_true(r.table->lapped_cnt > 70000);
		close_rig(&r);
	}
}

static void
a_full_table_refuses_and_counts(void **state)
{
	struct vega_state_entry e;
	struct rig r;

	(void)state;
	open_rig(&r, 100, 0, false);
	packet(&r, 0, 1);
	for (uint32_t token = 1; token <= 130; token++)
		bid(&r, token, VEGA_LEVEL_SET, 1, token, 1);
	poll(&r);
	assert_int_equal(r.table->instrument_cnt, 100);
	assert_int_equal(r.table->refused_cnt, 30);
	assert_int_equal(latest(&r, 100).bids[0].price, 100);
	assert_int_equal(vega_state_latest(&r.view, 101, &e), -ENOENT);
	close_rig(&r);
}

static void
two_hundred_thousand_instruments(void **state)
{
	const uint32_t cnt = 200000;
	struct vega_state_entry e;
	struct rig r;

	(void)state;
	open_rig(&r, cnt, 0, false);
	for (uint32_t i = 0; i < cnt; i++) {
		if (i % 100 == 0) {
			poll(&r);
			packet(&r, 0, i);
		}
		bid(&r, i * 7919, VEGA_LEVEL_SET, 1, i, i + 1);
	}
	poll(&r);
	assert_int_equal(vega_state_cnt(&r.view), cnt);
	assert_int_equal(r.table->refused_cnt, 0);
	for (uint32_t i = 0; i < cnt; i++) {
		if (vega_state_latest(&r.view, i * 7919, &e) != 0 || e.bids[0].price != i)
			fail_msg("need instrument %u, found another or none", i);
	}
	close_rig(&r);
}

/* Any bytes: open refuses or serves, and no reader reads outside (a sanitizer sees it) or turns for ever. */
static void
any_bytes_are_refused_or_served(void **state)
{
	const uint64_t bytes = vega_state_table_bytes(100);
	struct rng rng = {rng_seed(5)};
	struct vega_state_event events[VEGA_STATE_EVENT_CNT];
	struct vega_state_view view;
	struct vega_state_entry e;
	uint32_t cnt, served = 0;
	struct rig r;

	(void)state;
	open_rig(&r, 100, 0, false);
	packet(&r, 0, 1);
	for (uint32_t token = 1; token <= 100; token++)
		bid(&r, token, VEGA_LEVEL_SET, 1, token, 1);
	poll(&r);
	for (uint32_t bit = 0; bit < 8 * 200; bit++) {
		uint8_t *byte = (uint8_t *)r.table + bit / 8;

		*byte ^= (uint8_t)(1u << bit % 8);
		if (vega_state_open(r.table, bytes, &view) == 0) {
			served++;
			for (uint32_t token = 0; token < 102; token++)
				(void)vega_state_latest(&view, token, &e);
		}
		*byte ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(served > 1000);
	assert_int_not_equal(vega_state_open(r.table, bytes - 1, &view), 0);
	assert_int_not_equal(vega_state_open(r.table, 64, &view), 0);
	assert_int_equal(vega_state_open(r.table, bytes, &view), 0);
	for (uint64_t i = 4096; i < 4096 + 256 * 8; i += 8) { /* buckets */
		const uint64_t word = rng_next(&rng) >> rng_below(&rng, 64);

		memcpy((uint8_t *)r.table + i, &word, 8);
	}
	for (uint32_t token = 0; token < 1000; token++)
		(void)vega_state_latest(&view, token, &e);
	(void)vega_state_recent(&r.view, 1, events, &cnt);
	close_rig(&r);
}

static void
a_dead_writers_entry_is_told(void **state)
{
	struct vega_state_writer w;
	struct vega_state_entry e;
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	seen_on(&r, 0, 1, 5);
	poll(&r);
	vega_state_writer_init(&w, r.table);
	vega_state_begin(&w.entries[0]);
	assert_int_equal(vega_state_latest(&r.view, 5, &e), -EAGAIN);
	close_rig(&r);
}

/* ---- readers beside a writer ------------------------------------------------------------------------------------ */

#define READ_TOKENS 4u

struct reader {
	pthread_t thread;
	const struct rig *rig;
	const uint64_t *stop;
	uint64_t torn;
	uint64_t read;
};

/* Every update gives all levels, last and events one number: an entry that shows two is torn. */
static bool
is_whole(const struct vega_state_entry *e)
{
	for (uint32_t i = 0; i < e->bid_cnt; i++)
		if (e->bids[i].qty != e->volume || e->asks[i].qty != e->volume)
			return false;
	return e->bid_cnt == e->ask_cnt;
}

static void *
read_all(void *arg)
{
	struct reader *reader = arg;
	struct vega_state_event events[VEGA_STATE_EVENT_CNT];
	struct vega_state_entry e;
	uint32_t cnt;

	while (vega_load_relaxed(reader->stop) == 0)
		for (uint32_t token = 1; token <= READ_TOKENS; token++) {
			if (vega_state_latest(&reader->rig->view, token, &e) != 0)
				continue;
			reader->torn += !is_whole(&e);
			reader->read++;
			if (vega_state_recent(&reader->rig->view, token, events, &cnt) != 0)
				continue;
			for (uint32_t i = 1; i < cnt; i++)
				reader->torn += events[i].position > events[i - 1].position;
		}
	return NULL;
}

static void
no_reader_sees_a_torn_entry(void **state)
{
	struct reader readers[2] = {{0}};
	uint64_t stop = 0;
	struct rig r;

	(void)state;
	open_rig(&r, 10, 0, false);
	for (uint32_t i = 0; i < 2; i++) {
		readers[i] = (struct reader){.rig = &r, .stop = &stop};
		assert_int_equal(
			pthread_create(&readers[i].thread, NULL, read_all, &readers[i]), 0);
	}
	for (uint32_t n = 1; n <= 20000; n++) {
		const uint32_t token = 1 + n % READ_TOKENS;

		packet(&r, 0, n);
		for (uint32_t level = 1; level <= 10; level++)
			put(&r, VEGA_LEVEL, 0, token, VEGA_LEVEL_WORD(level, 3, 1, 1),
				(100 - level) | (uint64_t)n << 32,
				(100 + level) | (uint64_t)n << 32);
		put(&r, VEGA_LAST, VEGA_RECORD_LAST, token, 100, n, n);
		poll(&r);
	}
	vega_store_relaxed(&stop, 1);
	for (uint32_t i = 0; i < 2; i++) {
		(void)pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].torn, 0);
	}
	close_rig(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_move_as_the_actions_say),
		cmocka_unit_test(the_rest_is_as_told),
		cmocka_unit_test(recent_keeps_the_last_sixteen),
		cmocka_unit_test(a_gap_makes_its_channel_stale),
		cmocka_unit_test(what_comes_late_behind_newer_stays_stale),
		cmocka_unit_test(what_comes_late_behind_another_gap_stays_stale),
		cmocka_unit_test(a_late_packet_that_opens_a_gap_is_late_still),
		cmocka_unit_test(a_lost_gap_is_stale_until_refreshed),
		cmocka_unit_test(a_channel_from_its_middle_is_stale_until_refreshed),
		cmocka_unit_test(a_later_space_counts_likewise),
		cmocka_unit_test(a_lapped_poll_goes_on_and_all_is_stale),
		cmocka_unit_test(a_full_table_refuses_and_counts),
		cmocka_unit_test(two_hundred_thousand_instruments),
		cmocka_unit_test(any_bytes_are_refused_or_served),
		cmocka_unit_test(a_dead_writers_entry_is_told),
		cmocka_unit_test(no_reader_sees_a_torn_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
