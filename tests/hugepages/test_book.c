/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Books of orders against a list of orders that is sorted whenever it is asked: random events that crowd around few prices, wander, and
 * reach far; what the book lane says, folded, is what the list says. And what happens where room ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/rng.h"
#include "tests/lib/state_rig.h"

#define ORDER_MAX 600u
#define TOKENS    3u

static bool changes_add = true; /* as of MTBT: a MODIFY of an order that is not known adds it */

/* An order or trade, its price and quantity as wide as they are. */
static void
put_order(struct rig *r, uint32_t kind, uint32_t flags, uint32_t token, uint64_t qty, uint64_t id,
	int64_t price, uint32_t reference)
{
	const bool is_wide = price != (int32_t)price || qty > UINT32_MAX;

	put(r, kind, is_wide ? (flags & ~VEGA_RECORD_LAST) | VEGA_RECORD_WIDE : flags, token,
		(uint32_t)qty, id, (uint32_t)price | (uint64_t)reference << 32);
	if (is_wide)
		put(r, VEGA_WIDE, flags & VEGA_RECORD_LAST, token, (uint32_t)(qty >> 32), 0,
			(uint32_t)((uint64_t)price >> 32));
}

/* ---- the reference ---------------------------------------------------------------------------------------------- */

struct order {
	uint64_t id;
	uint64_t qty;
	int64_t price;
	uint32_t token;
	bool is_ask;
};

struct list {
	struct order orders[ORDER_MAX];
	uint32_t cnt;
	uint64_t volume[TOKENS + 1];
};

static void
drop(struct list *l, uint32_t at)
{
	l->orders[at] = l->orders[--l->cnt];
}

static int
compare_bids(const void *a, const void *b)
{
	const struct vega_state_level *x = a, *y = b;

	return x->price > y->price ? -1 : x->price < y->price;
}

static int
compare_asks(const void *a, const void *b)
{
	return -compare_bids(a, b);
}

/* All orders of a side by price, added up; returns levels. */
static uint32_t
levels_of(const struct list *l, uint32_t token, bool is_ask,
	struct vega_state_level levels[ORDER_MAX], uint32_t orders[ORDER_MAX])
{
	struct vega_state_level all[ORDER_MAX];
	uint32_t n = 0, cnt = 0;

	for (uint32_t i = 0; i < l->cnt; i++)
		if (l->orders[i].token == token && l->orders[i].is_ask == is_ask)
			all[n++] = (struct vega_state_level){l->orders[i].price, l->orders[i].qty};
	qsort(all, n, sizeof(all[0]), is_ask ? compare_asks : compare_bids);
	for (uint32_t i = 0; i < n; i++) {
		if (cnt == 0 || levels[cnt - 1].price != all[i].price) {
			levels[cnt] = (struct vega_state_level){all[i].price, 0};
			orders[cnt++] = 0;
		}
		levels[cnt - 1].qty += all[i].qty;
		orders[cnt - 1]++;
	}
	return cnt;
}

static void
check_side(const struct list *l, uint32_t token, bool is_ask, const struct vega_state_level *found,
	const uint32_t *found_orders, uint32_t found_cnt)
{
	struct vega_state_level levels[ORDER_MAX];
	uint32_t orders[ORDER_MAX];
	const uint32_t cnt = levels_of(l, token, is_ask, levels, orders);

	assert_int_equal(found_cnt, cnt < 10 ? cnt : 10);
	for (uint32_t i = 0; i < found_cnt; i++) {
		assert_int_equal(found[i].price, levels[i].price);
		assert_int_equal(found[i].qty, levels[i].qty);
		assert_int_equal(found_orders[i], orders[i]);
	}
}

static void
check(const struct rig *r, const struct list *l)
{
	struct vega_state_entry e;

	for (uint32_t token = 1; token <= TOKENS; token++) {
		if (vega_state_latest(&r->view, token, &e) != 0)
			continue;
		check_side(l, token, false, e.bids, e.bid_orders, e.bid_cnt);
		check_side(l, token, true, e.asks, e.ask_orders, e.ask_cnt);
		assert_int_equal(e.volume, l->volume[token]);
		assert_int_equal(e.flags & VEGA_STATE_STALE, 0);
	}
}

/* Near the middle, or far, or beyond 32 bits. */
static int64_t
price_of(struct rng *rng, bool is_ask)
{
	const uint64_t how = rng_below(rng, 100);
	const int64_t away = (int64_t)(how < 60   ? rng_below(rng, 15)
				       : how < 98 ? rng_below(rng, 300)
						  : 5000000000u + rng_below(rng, 10));

	return is_ask ? 1000 + away : 1000 - away;
}

static void
add(struct rig *r, struct list *l, struct rng *rng, uint64_t id)
{
	struct order *o = &l->orders[l->cnt++];

	*o = (struct order){.id = id,
		.qty = rng_one_in(rng, 50) ? 1ull << 33 : 1 + rng_below(rng, 100),
		.token = (uint32_t)(1 + rng_below(rng, TOKENS)),
		.is_ask = rng_one_in(rng, 2)};
	o->price = price_of(rng, o->is_ask);
	put_order(r, changes_add && rng_one_in(rng, 4) ? VEGA_ORDER_MODIFY : VEGA_ORDER_ADD,
		VEGA_RECORD_LAST | (o->is_ask ? VEGA_RECORD_ASK : 0), o->token, o->qty, o->id,
		o->price, 0);
}

static void
change(struct rig *r, struct list *l, struct rng *rng, uint32_t at, uint64_t new_id)
{
	struct order *o = &l->orders[at];
	const uint32_t side = o->is_ask ? VEGA_RECORD_ASK : 0;
	const uint64_t qty = 1 + rng_below(rng, 100);

	switch (rng_below(rng, 5)) {
	case 0:
		put_order(r, VEGA_ORDER_DELETE, VEGA_RECORD_LAST | side, o->token, 0, o->id, 0,
			VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE);
		drop(l, at);
		return;
	case 1:
		put_order(r, VEGA_ORDER_DELETE, VEGA_RECORD_LAST, o->token, qty, o->id, 0,
			VEGA_ORDER_REDUCE | VEGA_ORDER_NO_PRICE);
		break;
	case 2:
		l->volume[o->token] += qty;
		put_order(r, VEGA_ORDER_EXECUTE, 0, o->token, qty, o->id, 0, VEGA_ORDER_NO_PRICE);
		put(r, VEGA_ORDER_REF, VEGA_RECORD_LAST, o->token, VEGA_REF_MATCH, 7, 0);
		break;
	case 3:
		o->price = rng_one_in(rng, 2) ? price_of(rng, o->is_ask) : o->price;
		o->qty = qty;
		put_order(r, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST | side, o->token, o->qty, o->id,
			o->price, 0);
		return;
	default:
		o->price = price_of(rng, o->is_ask);
		o->qty = qty;
		put_order(r, VEGA_ORDER_MODIFY, 0, o->token, o->qty, o->id, o->price,
			VEGA_ORDER_REPLACE);
		put(r, VEGA_ORDER_REF, VEGA_RECORD_LAST, o->token, VEGA_REF_REPLACE, o->id, new_id);
		o->id = new_id;
		return;
	}
	if (o->qty <= qty)
		drop(l, at);
	else
		o->qty -= qty;
}

/* A book that is emptied, and all of its orders with it. */
static void
clear(struct rig *r, struct list *l, uint32_t token)
{
	put(r, VEGA_CLEAR, VEGA_RECORD_LAST, token, 0, 0, 0);
	for (uint32_t i = l->cnt; i-- != 0;)
		if (l->orders[i].token == token)
			drop(l, i);
}

static void
random_events_give_the_books_of_a_sorted_list(void **state)
{
	static struct list l;
	struct rng rng = {rng_seed(1)};
	struct rig r;

	(void)state;
	open_rig(&r, 10, ORDER_MAX, true);
	for (uint64_t n = 1; n <= 60000; n++) {
		/* The books swell and shrink, so that trees come and go. */
		const uint64_t want = n / 4000 % 2 == 0 ? ORDER_MAX : 30;

		if (n % 7 == 1)
			packet(&r, 0, n);
		if (rng_one_in(&rng, 1000))
			clear(&r, &l, (uint32_t)(1 + rng_below(&rng, TOKENS)));
		if (l.cnt == 0 || (l.cnt < want && !rng_one_in(&rng, 3)))
			add(&r, &l, &rng, n);
		else
			change(&r, &l, &rng, (uint32_t)rng_below(&rng, l.cnt), n);
		if (n % 50 == 0) {
			poll(&r);
			check(&r, &l);
		}
	}
	assert_int_equal(r.table->order_cnt, l.cnt);
	assert_int_equal(r.table->order_refused_cnt, 0);
	close_rig(&r);
}

/* The trade of two orders that are known takes its quantity off both (MTBT). */
static void
a_trade_reduces_both(void **state)
{
	struct vega_state_entry e;
	struct rig r;

	(void)state;
	open_rig(&r, 10, 100, true);
	packet(&r, 0, 1);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 9, 100, 1, 500, 0);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST | VEGA_RECORD_ASK, 9, 30, 2, 500, 0);
	put_order(&r, VEGA_TRADE, 0, 9, 30, 0, 500, 0);
	put(&r, VEGA_ORDER_REF, VEGA_RECORD_LAST, 9, VEGA_REF_BUY_SELL, 1, 2);
	put_order(&r, VEGA_TRADE, 0, 9, 10, 0, 502, 0);
	put(&r, VEGA_ORDER_REF, VEGA_RECORD_LAST, 9, VEGA_REF_BUY_SELL, 1, 0);
	put_order(&r, VEGA_ORDER_DELETE, VEGA_RECORD_LAST, 9, 0, 77, 0, VEGA_ORDER_NO_QTY);
	poll(&r);
	assert_int_equal(vega_state_latest(&r.view, 9, &e), 0);
	assert_int_equal(e.bid_cnt, 1);
	assert_int_equal(e.bids[0].qty, 60);
	assert_int_equal(e.ask_cnt, 0);
	assert_int_equal(e.last_price, 502);
	assert_int_equal(e.volume, 40);
	assert_int_equal(e.average_price, (30 * 500 + 10 * 502) / 40);
	assert_int_equal(e.open, 500);
	assert_int_equal(e.high, 502);
	close_rig(&r);
}

static void
an_order_without_room_makes_its_book_stale(void **state)
{
	struct vega_state_entry e;
	struct rig r;

	(void)state;
	open_rig(&r, 10, 20, true);
	packet(&r, 0, 1);
	for (uint32_t i = 1; i <= 21; i++)
		put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 1 + i / 21, 5, i, 100 + i, 0);
	poll(&r);
	assert_int_equal(r.table->order_refused_cnt, 1);
	assert_int_equal(r.table->order_cnt, 20);
	assert_int_equal(vega_state_latest(&r.view, 1, &e), 0);
	assert_int_equal(e.flags & VEGA_STATE_STALE, 0);
	assert_int_equal(e.bids[9].price, 111);
	assert_int_equal(vega_state_latest(&r.view, 2, &e), 0);
	assert_int_equal(e.flags & VEGA_STATE_STALE, VEGA_STATE_STALE);
	put(&r, VEGA_CLEAR, VEGA_RECORD_LAST, 2, 0, 0, 0);
	poll(&r);
	assert_int_equal(vega_state_latest(&r.view, 2, &e), 0);
	assert_int_equal(e.flags & VEGA_STATE_STALE, 0);
	close_rig(&r);
}

static uint32_t
bids_of(const struct rig *r, uint32_t token)
{
	struct vega_state_entry e;

	assert_int_equal(vega_state_latest(&r->view, token, &e), 0);
	return e.bid_cnt;
}

static void
a_clear_empties_its_channel_and_a_day_everything(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 100, true);
	put(&r, VEGA_EPOCH, 0, 0, 0, 1000, 0);
	for (uint32_t channel = 1; channel <= 2; channel++) {
		packet(&r, channel, 1);
		put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, channel, 5, channel, 100, 0);
	}
	packet(&r, 1, 2);
	put(&r, VEGA_CLEAR, VEGA_RECORD_LAST, 0, 0, 0, 0);
	poll(&r);
	assert_int_equal(bids_of(&r, 1), 0);
	assert_int_equal(bids_of(&r, 2), 1);
	assert_int_equal(r.table->order_cnt, 1);
	/* The same order again: it is a new one. */
	packet(&r, 1, 3);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 1, 7, 1, 90, 0);
	put_order(&r, VEGA_TRADE, VEGA_RECORD_LAST, 1, 7, 0, 90, 0);
	poll(&r);
	assert_int_equal(bids_of(&r, 1), 1);
	put(&r, VEGA_EPOCH, 0, 0, 0, 1000 + 86400000000000u, 0);
	packet(&r, 1, 4);
	poll(&r);
	assert_int_equal(bids_of(&r, 1) + bids_of(&r, 2), 0);
	assert_int_equal(r.table->order_cnt, 0);
	close_rig(&r);
}

static bool
is_stale(const struct rig *r, uint32_t token)
{
	struct vega_state_entry e;

	assert_int_equal(vega_state_latest(&r->view, token, &e), 0);
	return (e.flags & VEGA_STATE_STALE) != 0;
}

/* What a day lost, the next one does not lack: of instruments it knows and of those it sees first. */
static void
a_gap_ends_with_its_day(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 100, true);
	put(&r, VEGA_EPOCH, 0, 0, 0, 1000, 0);
	packet(&r, 1, 1);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 1, 5, 1, 100, 0);
	put(&r, VEGA_GAP, VEGA_RECORD_LAST, 1, VEGA_GAP_OPEN, 2, 1);
	put(&r, VEGA_GAP, VEGA_RECORD_LAST, 1, VEGA_GAP_LOST, 2, 1);
	packet(&r, 1, 3);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 2, 5, 2, 100, 0);
	poll(&r);
	assert_true(is_stale(&r, 1));
	assert_true(is_stale(&r, 2));
	put(&r, VEGA_EPOCH, 0, 0, 0, 1000 + 86400000000000u, 0);
	packet(&r, 1, 4);
	for (uint32_t token = 1; token <= 3; token++)
		put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, token, 5, token, 100, 0);
	poll(&r);
	for (uint32_t token = 1; token <= 3; token++)
		assert_false(is_stale(&r, token));
	close_rig(&r);
}

/* A capture that began in mid-day: what rests from before it nobody knows, until a CLEAR or the next day. */
static void
books_from_the_middle_of_a_day_are_stale(void **state)
{
	struct rig r;

	(void)state;
	open_rig(&r, 10, 100, true);
	put(&r, VEGA_EPOCH, 0, 0, 0, 1000, 0);
	packet(&r, 1, 500);
	put(&r, VEGA_SEGMENT, VEGA_RECORD_LAST, 1, VEGA_SEGMENT_START, 0, 500);
	for (uint32_t token = 1; token <= 2; token++)
		put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, token, 5, token, 100, 0);
	poll(&r);
	assert_true(is_stale(&r, 1));
	/* A gap that is filled, in place or not, tells nothing of what was before. */
	packet(&r, 1, 503);
	put(&r, VEGA_GAP, VEGA_RECORD_LAST, 1, VEGA_GAP_OPEN, 502, 1);
	put(&r, VEGA_PACKET, 0, 1, 'A' | 1u << 16, 502, 0);
	put(&r, VEGA_GAP, VEGA_RECORD_LAST, 1, VEGA_GAP_RECOVERED, 502, 1);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 1, 5, 3, 101, 0);
	packet(&r, 1, 504);
	poll(&r);
	assert_true(is_stale(&r, 1));
	put(&r, VEGA_CLEAR, VEGA_RECORD_LAST, 1, 0, 0, 0);
	poll(&r);
	assert_false(is_stale(&r, 1));
	assert_true(is_stale(&r, 2));
	put(&r, VEGA_EPOCH, 0, 0, 0, 1000 + 86400000000000u, 0);
	packet(&r, 1, 1);
	put(&r, VEGA_SEGMENT, VEGA_RECORD_LAST, 1, VEGA_SEGMENT_RESTART, 0, 1);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 2, 5, 2, 100, 0);
	poll(&r);
	assert_false(is_stale(&r, 2));
	close_rig(&r);
}

/* What lies in the book lane alone gives the same table: a second fold over it. */
static void
the_book_lane_says_it_all(void **state)
{
	static struct list l;
	static union vega_record records[65532];
	const uint64_t table_bytes = vega_state_table_bytes(10);
	struct vega_state_table *again = zeroed(table_bytes);
	struct vega_state_writer writer;
	struct vega_fold fold;
	struct vega_ring ring;
	struct rng rng = {rng_seed(2)};
	uint64_t cnt, oldest;
	struct rig r;

	(void)state;
	memset(&l, 0, sizeof(l));
	open_rig(&r, 10, ORDER_MAX, true);
	for (uint64_t n = 1; n <= 5000; n++) {
		if (n % 7 == 1)
			packet(&r, 0, n);
		if (l.cnt < 400)
			add(&r, &l, &rng, n);
		else
			change(&r, &l, &rng, (uint32_t)rng_below(&rng, l.cnt), n);
		if (n % 50 == 0)
			poll(&r);
	}
	assert_int_equal(vega_ring_open(r.book_lane, LANE_BYTES, &ring), 0);
	assert_int_equal(vega_ring_copy(&ring, 0, 65532, (uint64_t *)records, &cnt, &oldest), 0);
	assert_true(cnt > 3000);
	vega_state_table_new(again, 10, 0, 1);
	vega_state_writer_init(&writer, again);
	vega_fold_init(&fold, &writer, true);
	assert_int_equal(vega_fold_apply(&fold, records, cnt, 0), cnt);
	vega_fold_end(&fold);
	for (uint32_t i = 0; i < writer.cnt; i++) {
		struct vega_state_entry live, later;

		assert_int_equal(vega_state_at(&r.view, i, &live), 0);
		later = writer.entries[i];
		live.lock = later.lock = 0;
		assert_memory_equal(&live, &later, sizeof(live));
	}
	free(again);
	close_rig(&r);
}

/* ---- what comes late -------------------------------------------------------------------------------------------- */

#define PACKET_RECORDS 16u
#define LATE_MAX       24u

/* A packet of one to three messages, as it would be in the lane. */
struct wire {
	uint64_t words[PACKET_RECORDS][4];
	uint32_t record_cnt;
	uint32_t message_cnt;
	uint64_t seq;
};

/* Two lines of an exchange, of which the second brings what the first did not, in any order, or nobody brings it. */
struct late {
	struct rig r;
	struct rig exchange; /* its lane is where messages are made; nobody polls it */
	struct list l;
	struct rng rng;
	struct wire late[LATE_MAX];
	uint32_t late_cnt;
	uint64_t seq;      /* of the next message */
	uint64_t expected; /* that arbitration waits for */
	uint64_t sound_cnt, stale_cnt;
	uint64_t mixed_one_in; /* so many late ones bring a new one in their packet; 0: none */
	bool was_stale[TOKENS + 1];
};

static struct wire
make(struct late *t)
{
	struct wire w = {.seq = t->seq, .message_cnt = (uint32_t)(1 + rng_below(&t->rng, 3))};
	const uint64_t begin = t->exchange.ring.next;

	for (uint32_t i = 0; i < w.message_cnt; i++, t->seq++)
		if (t->l.cnt == 0 || (t->l.cnt < 200 && rng_one_in(&t->rng, 2)))
			add(&t->exchange, &t->l, &t->rng, t->seq);
		else /* the newest are what is changed most */
			change(&t->exchange, &t->l, &t->rng,
				t->l.cnt - 1 -
					(uint32_t)rng_below(&t->rng, t->l.cnt < 20 ? t->l.cnt : 20),
				t->seq);
	for (uint64_t at = begin; at < t->exchange.ring.next; at++)
		memcpy(w.words[w.record_cnt++], vega_ring_slot(&t->exchange.ring, at), 32);
	vega_ring_publish(&t->exchange.ring);
	return w;
}

static void
tell_gap(struct late *t, uint32_t state, uint64_t first, uint64_t cnt)
{
	put(&t->r, VEGA_GAP, VEGA_RECORD_LAST, 1, state, first, cnt);
}

static void
deliver(struct late *t, const struct wire *w)
{
	put(&t->r, VEGA_PACKET, 0, 1, 'A' | w->message_cnt << 16, w->seq, 0);
	if (w->seq > t->expected)
		tell_gap(t, VEGA_GAP_OPEN, t->expected, w->seq - t->expected);
	if (w->seq < t->expected)
		tell_gap(t, rng_one_in(&t->rng, 2) ? VEGA_GAP_FILLED : VEGA_GAP_RECOVERED, w->seq,
			w->message_cnt);
	else
		t->expected = w->seq + w->message_cnt;
	for (uint32_t i = 0; i < w->record_cnt; i++)
		vega_ring_put(
			&t->r.ring, w->words[i][0], w->words[i][1], w->words[i][2], w->words[i][3]);
}

/* One packet of a late one and a new one, as who sends again may cut it. */
static void
deliver_mixed(struct late *t, const struct wire *late)
{
	const struct wire new = make(t);

	put(&t->r, VEGA_PACKET, 0, 1, 'B' | (late->message_cnt + new.message_cnt) << 16, late->seq,
		0);
	tell_gap(t, VEGA_GAP_FILLED, late->seq, late->message_cnt);
	if (new.seq > t->expected)
		tell_gap(t, VEGA_GAP_OPEN, t->expected, new.seq - t->expected);
	t->expected = new.seq + new.message_cnt;
	for (uint32_t i = 0; i < late->record_cnt; i++)
		vega_ring_put(&t->r.ring, late->words[i][0], late->words[i][1], late->words[i][2],
			late->words[i][3]);
	for (uint32_t i = 0; i < new.record_cnt; i++)
		vega_ring_put(&t->r.ring, new.words[i][0], new.words[i][1], new.words[i][2],
			new.words[i][3]);
}

static void
deliver_late(struct late *t)
{
	const uint32_t at = (uint32_t)rng_below(&t->rng, t->late_cnt);
	const struct wire w = t->late[at];

	t->late[at] = t->late[--t->late_cnt];
	if (t->mixed_one_in != 0 && w.seq < t->expected && rng_one_in(&t->rng, t->mixed_one_in))
		deliver_mixed(t, &w);
	else
		deliver(t, &w);
}

static void
step(struct late *t)
{
	const struct wire w = make(t);

	if (t->late_cnt < LATE_MAX && rng_one_in(&t->rng, 12))
		t->late[t->late_cnt++] = w;
	else
		deliver(t, &w);
	while (t->late_cnt != 0 && t->late[0].seq < t->expected && rng_one_in(&t->rng, 4))
		deliver_late(t);
}

/* Whatever is not called stale is what the list says. */
static void
check_sound(struct late *t)
{
	struct vega_state_entry e;

	poll(&t->r);
	for (uint32_t token = 1; token <= TOKENS; token++) {
		if (vega_state_latest(&t->r.view, token, &e) != 0)
			continue;
		if ((e.flags & VEGA_STATE_STALE) != 0) {
			t->stale_cnt++;
			t->was_stale[token] = true;
			continue;
		}
		t->sound_cnt++;
		check_side(&t->l, token, false, e.bids, e.bid_orders, e.bid_cnt);
		check_side(&t->l, token, true, e.asks, e.ask_orders, e.ask_cnt);
		if (!t->was_stale[token])
			assert_int_equal(e.volume, t->l.volume[token]);
	}
}

static void
open_late(struct late *t, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->rng.state = rng_seed(seed);
	t->seq = t->expected = 1;
	open_rig_of(&t->r, 10, 2 * ORDER_MAX, true, changes_add);
	open_rig(&t->exchange, 10, 2 * ORDER_MAX, true);
}

static void
close_late(struct late *t)
{
	close_rig(&t->r);
	close_rig(&t->exchange);
}

/* All of the late ones have come, in any order: one more packet ends the gaps. */
static void
catch_up(struct late *t)
{
	while (t->late_cnt != 0) {
		while (t->late[0].seq >= t->expected) { /* not shown to be missing yet */
			const struct wire w = make(t);

			deliver(t, &w);
		}
		deliver_late(t);
	}
	const struct wire w = make(t);

	deliver(t, &w);
}

static void
run_late(uint64_t seed, uint64_t mixed_one_in)
{
	static struct late t;

	open_late(&t, seed);
	t.mixed_one_in = mixed_one_in;
	for (uint32_t round = 0; round < 1000; round++) {
		for (uint64_t n = rng_below(&t.rng, 30); n != 0; n--)
			step(&t);
		catch_up(&t);
		check_sound(&t);
		for (uint32_t token = 1; token <= TOKENS; token++)
			if (t.was_stale[token] && rng_one_in(&t.rng, 8)) {
				put(&t.r, VEGA_PACKET, 0, 1, 'A', UINT64_MAX, 0);
				clear(&t.r, &t.l, token);
			}
	}
	assert_true(t.sound_cnt > (mixed_one_in == 0 ? 3 * t.stale_cnt : t.stale_cnt / 3));
	close_late(&t);
}

static void
what_comes_late_is_put_into_its_place(void **state)
{
	(void)state;
	for (uint64_t seed = 10; seed < 20; seed++)
		run_late(seed, 0);
}

/* The same of ITCH and DEEP+: what is replaced or changed before it is known waits. */
static void
what_is_changed_before_it_comes_is_put_into_its_place(void **state)
{
	(void)state;
	changes_add = false;
	for (uint64_t seed = 40; seed < 50; seed++)
		run_late(seed, seed < 45 ? 0 : 20);
	changes_add = true;
}

/* Some of it without a place: whatever is called sound is so still. */
static void
what_has_no_place_is_never_called_sound(void **state)
{
	(void)state;
	for (uint64_t seed = 20; seed < 30; seed++)
		run_late(seed, 20);
}

static void
one(struct late *t, uint64_t seq, uint32_t kind, uint64_t id, uint32_t qty)
{
	struct wire w = {.seq = seq, .message_cnt = 1, .record_cnt = 1};
	const uint64_t at = t->exchange.ring.next;

	put_order(&t->exchange, kind, VEGA_RECORD_LAST, 1, qty, id,
		kind == VEGA_ORDER_EXECUTE ? 0 : 500,
		kind == VEGA_ORDER_EXECUTE ? VEGA_ORDER_NO_PRICE : 0);
	memcpy(w.words[0], vega_ring_slot(&t->exchange.ring, at), 32);
	deliver(t, &w);
}

/* What was executed before a change that comes late, and what behind it, is one sum: the change has no place. */
static void
a_change_between_executions_leaves_its_book_stale(void **state)
{
	static struct late t;
	struct vega_state_entry e;

	(void)state;
	for (uint32_t is_between = 0; is_between < 2; is_between++) {
		open_late(&t, 5);
		one(&t, 1, VEGA_ORDER_ADD, 7, 100);
		one(&t, 3, is_between ? VEGA_ORDER_EXECUTE : VEGA_ORDER_MODIFY, 7, 10);
		one(&t, 5, VEGA_ORDER_EXECUTE, 7, 5);
		one(&t, 4, VEGA_ORDER_MODIFY, 7, 50);
		one(&t, 2, VEGA_ORDER_ADD, 8, 1);
		one(&t, 6, VEGA_ORDER_ADD, 9, 1);
		poll(&t.r);
		assert_int_equal(vega_state_latest(&t.r.view, 1, &e), 0);
		assert_int_equal(e.flags & VEGA_STATE_STALE, is_between ? VEGA_STATE_STALE : 0);
		if (!is_between)
			assert_int_equal(e.bids[0].qty, 50 - 5 + 1 + 1);
		close_late(&t);
	}
}

/* ---- orders that are replaced, or changed, before they are known ------------------------------------------------- */

/* A message of the next sequence, or of the one that a gap has; a gap opens before what comes too early. */
static void
of_seq(struct rig *r, uint64_t seq, uint64_t *expected)
{
	put(r, VEGA_PACKET, 0, 1, 'A' | 1u << 16, seq, 0);
	if (seq > *expected)
		put(r, VEGA_GAP, VEGA_RECORD_LAST, 1, VEGA_GAP_OPEN, *expected, seq - *expected);
	if (seq < *expected)
		put(r, VEGA_GAP, VEGA_RECORD_LAST, 1, VEGA_GAP_FILLED, seq, 1);
	else
		*expected = seq + 1;
}

static void
replace(struct rig *r, uint64_t old_id, uint64_t new_id, int64_t price, uint64_t qty)
{
	put_order(r, VEGA_ORDER_MODIFY, 0, 1, qty, old_id, price, VEGA_ORDER_REPLACE);
	put(r, VEGA_ORDER_REF, VEGA_RECORD_LAST, 1, VEGA_REF_REPLACE, old_id, new_id);
}

static void
execute(struct rig *r, uint64_t id, uint64_t qty)
{
	put_order(r, VEGA_ORDER_EXECUTE, VEGA_RECORD_LAST, 1, qty, id, 0, VEGA_ORDER_NO_PRICE);
}

static void
add_ask(struct rig *r, uint64_t id)
{
	put_order(r, VEGA_ORDER_ADD, VEGA_RECORD_LAST | VEGA_RECORD_ASK, 1, 100, id, 500, 0);
}

static void
open_itch(struct rig *r, uint64_t first_seq)
{
	open_rig_of(r, 10, 100, true, false);
	packet(r, 1, first_seq);
	put(r, VEGA_SEGMENT, VEGA_RECORD_LAST, 1, VEGA_SEGMENT_START, 0, first_seq);
}

/* The first change of another packet ends the gaps. */
static void
end_late(struct rig *r, uint64_t seq, uint64_t *expected)
{
	of_seq(r, seq, expected);
	put_order(r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 2, 100, 1000 + seq, 500, 0);
	poll(r);
}

/* The side comes late, with the order that was replaced twice meanwhile, and executed in between. */
static void
an_order_replaced_before_it_came_waits_for_its_side(void **state)
{
	struct vega_state_entry e;
	uint64_t expected = 1;
	struct rig r;

	(void)state;
	open_itch(&r, 1);
	of_seq(&r, 1, &expected);
	add_ask(&r, 70);
	of_seq(&r, 3, &expected); /* 2 is missing */
	replace(&r, 7, 8, 510, 80);
	of_seq(&r, 4, &expected);
	execute(&r, 8, 5);
	of_seq(&r, 5, &expected);
	replace(&r, 8, 9, 520, 60);
	of_seq(&r, 6, &expected);
	execute(&r, 9, 10);
	of_seq(&r, 2, &expected);
	add_ask(&r, 7);
	end_late(&r, 7, &expected);
	assert_false(is_stale(&r, 1));
	assert_int_equal(vega_state_latest(&r.view, 1, &e), 0);
	assert_int_equal(e.ask_cnt, 2);
	assert_int_equal(e.asks[0].price, 500);
	assert_int_equal(e.asks[0].qty, 100);
	assert_int_equal(e.asks[1].price, 520);
	assert_int_equal(e.asks[1].qty, 50);
	assert_int_equal(e.bid_cnt, 0);
	assert_int_equal(e.volume, 15);
	assert_int_equal(e.average_price, (5 * 510 + 10 * 520) / 15);
	replace(&r, 9, 10, 490, 20); /* it is an order as any other now */
	poll(&r);
	assert_int_equal(vega_state_latest(&r.view, 1, &e), 0);
	assert_int_equal(e.asks[0].price, 490);
	assert_int_equal(e.ask_cnt, 2);
	close_rig(&r);
}

/* Replaced, and gone, or executed to its end, before it came: nothing is left of it. */
static void
an_order_that_went_before_it_came_leaves_nothing(void **state)
{
	struct vega_state_entry e;

	(void)state;
	for (uint32_t is_executed = 0; is_executed < 2; is_executed++) {
		uint64_t expected = 2;
		struct rig r;

		open_itch(&r, 1);
		add_ask(&r, 70);
		of_seq(&r, 3, &expected);
		replace(&r, 7, 8, 510, 80);
		of_seq(&r, 4, &expected);
		if (is_executed)
			execute(&r, 8, 80);
		else
			put_order(&r, VEGA_ORDER_DELETE, VEGA_RECORD_LAST, 1, 0, 8, 0,
				VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE);
		of_seq(&r, 2, &expected);
		add_ask(&r, 7);
		end_late(&r, 5, &expected);
		assert_false(is_stale(&r, 1));
		assert_int_equal(vega_state_latest(&r.view, 1, &e), 0);
		assert_int_equal(e.ask_cnt, 1);
		assert_int_equal(e.asks[0].price, 500);
		assert_int_equal(r.table->order_cnt, 2);
		close_rig(&r);
	}
}

/* DEEP+ M: price and quantity are the new ones, the side is the order's. A newer one counts, whichever comes first. */
static void
an_order_changed_before_it_came_waits_for_its_side(void **state)
{
	struct vega_state_entry e;
	uint64_t expected = 1;
	struct rig r;

	(void)state;
	open_itch(&r, 1);
	of_seq(&r, 1, &expected);
	add_ask(&r, 70);
	of_seq(&r, 4, &expected);
	put_order(&r, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST, 1, 40, 7, 540, 0);
	of_seq(&r, 3, &expected);
	put_order(&r, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST, 1, 30, 7, 530, 0);
	of_seq(&r, 2, &expected);
	add_ask(&r, 7);
	end_late(&r, 5, &expected);
	assert_false(is_stale(&r, 1));
	assert_int_equal(vega_state_latest(&r.view, 1, &e), 0);
	assert_int_equal(e.ask_cnt, 2);
	assert_int_equal(e.asks[1].price, 540);
	assert_int_equal(e.asks[1].qty, 40);
	close_rig(&r);
}

/*
 * A packet brings what is missing, and more: it is not told which of its orders are late. One of them went already, and comes for good;
 * nothing of it shows in the ten best levels. All instruments of the packet are stale, and no others.
 */
static void
what_comes_late_with_more_leaves_its_books_stale(void **state)
{
	uint64_t expected = 2;
	struct rig r;

	(void)state;
	open_itch(&r, 1);
	for (uint32_t i = 0; i < 12; i++)
		put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST | VEGA_RECORD_ASK, 1, 100, 70 + i,
			500 + i, 0);
	of_seq(&r, 3, &expected);
	put_order(&r, VEGA_ORDER_DELETE, VEGA_RECORD_LAST, 1, 0, 7, 0,
		VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE);
	put(&r, VEGA_PACKET, 0, 1, 'B' | 2u << 16, 2, 0);
	put(&r, VEGA_GAP, VEGA_RECORD_LAST, 1, VEGA_GAP_FILLED, 2, 1);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST | VEGA_RECORD_ASK, 1, 100, 7, 550, 0);
	put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST | VEGA_RECORD_ASK, 3, 100, 90, 550, 0);
	expected = 5;
	end_late(&r, 5, &expected);
	assert_true(is_stale(&r, 1));
	assert_true(is_stale(&r, 3));
	assert_false(is_stale(&r, 2));
	/* Behind it all is as ever. */
	put(&r, VEGA_CLEAR, VEGA_RECORD_LAST, 1, 0, 0, 0);
	of_seq(&r, 7, &expected);
	add_ask(&r, 200);
	of_seq(&r, 6, &expected);
	add_ask(&r, 201);
	end_late(&r, 8, &expected);
	assert_false(is_stale(&r, 1));
	close_rig(&r);
}

static void
ask_level(struct rig *r, uint32_t token, int32_t price, uint32_t qty)
{
	put(r, VEGA_LEVEL, VEGA_RECORD_LAST, token,
		VEGA_LEVEL_WORD(VEGA_LEVEL_BY_PRICE, VEGA_SIDE_ASK, 0, 0), 0,
		(uint32_t)price | (uint64_t)qty << 32);
}

/* A level by price is as its newest message says. Behind the ten best nothing shows it: the book knows what came. */
static void
a_level_that_comes_late_behind_a_newer_one_is_not_believed(void **state)
{
	(void)state;
	for (uint32_t is_newer = 0; is_newer < 2; is_newer++) {
		uint64_t expected = 2;
		struct rig r;

		open_itch(&r, 1);
		for (int32_t i = 0; i < 12; i++)
			ask_level(&r, 1, 500 + i, 10);
		of_seq(&r, 3, &expected);
		ask_level(&r, is_newer ? 1 : 3, 550, 7);
		of_seq(&r, 5, &expected); /* another gap behind it */
		of_seq(&r, 2, &expected);
		ask_level(&r, 1, 550, 9);
		of_seq(&r, 4, &expected);
		ask_level(&r, 3, 551, 9);
		end_late(&r, 6, &expected);
		assert_int_equal(is_stale(&r, 1), is_newer);
		close_rig(&r);
	}
}

/* All that was missing has come, and the order was not among it: the book lacks one. */
static void
an_order_that_never_comes_leaves_its_book_stale(void **state)
{
	uint64_t expected = 1;
	struct rig r;

	(void)state;
	open_itch(&r, 1);
	of_seq(&r, 1, &expected);
	add_ask(&r, 70);
	of_seq(&r, 3, &expected);
	replace(&r, 7, 8, 510, 80);
	of_seq(&r, 2, &expected);
	add_ask(&r, 71);
	end_late(&r, 4, &expected);
	assert_true(is_stale(&r, 1));
	assert_false(is_stale(&r, 2));
	put(&r, VEGA_CLEAR, VEGA_RECORD_LAST, 1, 0, 0, 0);
	poll(&r);
	assert_false(is_stale(&r, 1));
	close_rig(&r);
}

/* From the first sequence on, and with nothing missing, all orders are known: who is not was lost. From mid-day on it is to be expected. */
static void
an_unknown_order_is_a_loss_where_all_are_known(void **state)
{
	static const uint64_t first[] = {1, 500};
	struct rig r;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t laid;

		open_itch(&r, first[i / 2]);
		add_ask(&r, 70);
		put_order(&r, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 2, 100, 72, 500, 0);
		poll(&r);
		assert_int_equal(is_stale(&r, 1), i / 2 != 0);
		laid = r.table->position;
		if (i % 2 == 0)
			replace(&r, 7, 8, 510, 80);
		else
			put_order(&r, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST, 1, 40, 7, 540, 0);
		poll(&r);
		assert_true(is_stale(&r, 1));
		assert_int_equal(is_stale(&r, 2), i / 2 != 0);
		assert_int_equal(
			r.table->position, laid + (i / 2 == 0)); /* told once, or not at all */
		laid = r.table->position;
		replace(&r, 17, 18, 510, 80);
		poll(&r);
		assert_int_equal(r.table->position, laid);
		put(&r, VEGA_CLEAR, VEGA_RECORD_LAST, 1, 0, 0, 0);
		poll(&r);
		assert_false(is_stale(&r, 1));
		replace(&r, 17, 18, 510, 80); /* what rested was cleared */
		poll(&r);
		assert_true(is_stale(&r, 1));
		close_rig(&r);
	}
}

/* A lost order may rest unseen for as long as it likes: nothing but a CLEAR, or a new day, tells that a book has none. */
static void
what_is_lost_makes_books_stale_until_they_are_cleared(void **state)
{
	static struct late t;
	struct wire w;

	(void)state;
	open_late(&t, 4);
	for (uint32_t round = 0; round < 100; round++) {
		for (uint32_t n = 0; n < 20; n++)
			step(&t);
		catch_up(&t);
		w = make(&t);
		w = make(&t);
		deliver(&t, &w);
		tell_gap(&t, VEGA_GAP_LOST, 1, 1);
		for (uint32_t n = 0; n < 20; n++)
			step(&t);
		catch_up(&t);
		t.sound_cnt = 0;
		check_sound(&t);
		assert_int_equal(t.sound_cnt, 0);
		put(&t.r, VEGA_PACKET, 0, 1, 'A', UINT64_MAX, 0);
		for (uint32_t token = 1; token <= TOKENS; token++)
			clear(&t.r, &t.l, token);
		poll(&t.r);
		w = make(&t);
		deliver(&t, &w);
		check_sound(&t);
		assert_true(t.sound_cnt >= 1);
	}
	close_late(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_events_give_the_books_of_a_sorted_list),
		cmocka_unit_test(a_trade_reduces_both),
		cmocka_unit_test(an_order_without_room_makes_its_book_stale),
		cmocka_unit_test(a_clear_empties_its_channel_and_a_day_everything),
		cmocka_unit_test(a_gap_ends_with_its_day),
		cmocka_unit_test(books_from_the_middle_of_a_day_are_stale),
		cmocka_unit_test(the_book_lane_says_it_all),
		cmocka_unit_test(what_comes_late_is_put_into_its_place),
		cmocka_unit_test(what_is_changed_before_it_comes_is_put_into_its_place),
		cmocka_unit_test(what_has_no_place_is_never_called_sound),
		cmocka_unit_test(a_change_between_executions_leaves_its_book_stale),
		cmocka_unit_test(an_order_replaced_before_it_came_waits_for_its_side),
		cmocka_unit_test(an_order_that_went_before_it_came_leaves_nothing),
		cmocka_unit_test(an_order_changed_before_it_came_waits_for_its_side),
		cmocka_unit_test(what_comes_late_with_more_leaves_its_books_stale),
		cmocka_unit_test(a_level_that_comes_late_behind_a_newer_one_is_not_believed),
		cmocka_unit_test(an_order_that_never_comes_leaves_its_book_stale),
		cmocka_unit_test(an_unknown_order_is_a_loss_where_all_are_known),
		cmocka_unit_test(what_is_lost_makes_books_stale_until_they_are_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
