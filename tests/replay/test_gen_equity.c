/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of ITCH and IEX, decoded back by the wire formats' own decoders: every message sound, losses as the truth has them, and an
 * order flow that keeps its promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/generated.h"
#include "tests/lib/lane.h"

#define SEQ_MAX   65536u
#define ORDER_CNT 65536u /* a power of two, far above the orders that live */
#define BOOK_CNT  64u

#define START_NS   1748439000000000000u /* 2025-05-28 09:30 in New York */
#define ITCH_EPOCH (START_NS - 34200000000000u - 86400000000000u)

static const struct {
	const char *feed;
	const char *segment;
	const char *types; /* all that it has to have */
	uint32_t crc;      /* of the session of base_config: a golden value */
} cases[] = {
	{"itch", "totalview", "SRHAFEXDU", 0x28be81e5u},
	{"iex", "tops", "SDHQT", 0xe6f0aa5du},
	{"iex", "deep-plus", "SDHaMRL", 0xbb195ab5u},
};

static struct vega_gen_config
config_of(uint32_t idx)
{
	struct vega_gen_config config = generated_config(cases[idx].feed, cases[idx].segment);

	config.packet_cnt = 20000;
	config.rate_pps = 100000;
	config.start_ns = START_NS;
	config.heartbeat_ns = 1000000;
	return config;
}

/* ---- what arrives --------------------------------------------------------------------------------------------- */

/* Sequences of one stream on both lines. */
struct arrived {
	uint64_t session;
	uint8_t lines[SEQ_MAX]; /* bit 0: A, bit 1: B */
};

struct receiver {
	const struct vega_format *format;
	struct lane lane;
	struct arrived *streams;
	uint64_t heartbeat_cnt;
	uint32_t crc;
	bool seen[256];
	/* Called with the records of each datagram, or NULL. */
	void (*hear)(struct receiver *receiver, uint32_t stream, uint64_t record_cnt);
	struct books *books;
};

/* Streams have groups one behind the other, lines are far from each other. */
static void
where_from(const struct vega_gen_config *config, const uint8_t *frame, uint32_t *ret_stream,
	uint32_t *ret_line)
{
	const uint32_t group = (uint32_t)frame[30] << 24 | (uint32_t)frame[31] << 16 |
			       (uint32_t)frame[32] << 8 | frame[33];
	const struct vega_gen_groups *groups = config->segment->groups;

	for (uint32_t line = 0; line < VEGA_GEN_LINE_CNT; line++)
		if (group - groups->line[line].group < config->stream_cnt) {
			*ret_stream = group - groups->line[line].group;
			*ret_line = line;
			return;
		}
	fail_msg("a group of no stream");
}

static void
count_types(struct receiver *r, const uint8_t *payload, uint32_t bytes)
{
	struct vega_message message;
	struct vega_walk walk;

	assert_int_equal(r->format->open(&walk, payload, bytes), 0);
	while (r->format->next(&walk, &message) == 1)
		r->seen[message.type & 0xFF] = true;
}

static void
receive(struct receiver *r, const struct vega_gen_config *config,
	const struct vega_gen_packet *packet)
{
	struct arrived *arrived;
	const struct vega_net net = generated_net(packet);
	struct decoded decoded;
	uint32_t stream = 0, line = 0;

	r->crc = generated_crc(r->crc, packet);
	where_from(config, packet->frame, &stream, &line);
	arrived = &r->streams[stream];
	count_types(r, packet->frame + net.payload_off, net.payload_bytes);
	decoded = lane_decode(
		&r->lane, packet->frame + net.payload_off, net.payload_bytes, UINT64_MAX);
	assert_false(decoded.is_malformed);
	assert_int_equal(decoded.odd_cnt, 0);
	assert_int_equal(decoded.message_cnt, decoded.span.seq_cnt);
	assert_true(arrived->session == 0 || arrived->session == decoded.span.session);
	arrived->session = decoded.span.session;
	r->heartbeat_cnt += decoded.message_cnt == 0;
	for (uint64_t i = 0; i < decoded.message_cnt; i++)
		arrived->lines[decoded.span.seq + i] |= (uint8_t)(1u << line);
	if (r->hear != NULL)
		r->hear(r, stream, decoded.record_cnt);
}

static void
receive_all(
	struct receiver *r, const struct vega_gen_config *config, struct vega_gen_truth *ret_truth)
{
	struct vega_gen_session *session;
	struct vega_gen_packet packet;
	int rc;

	r->format = vega_format_find(config->feed->name);
	assert_non_null(r->format);
	lane_new(&r->lane, r->format);
	r->lane.emit.epoch_ns = ITCH_EPOCH;
	r->streams = calloc(config->stream_cnt, sizeof(*r->streams));
	assert_non_null(r->streams);
	assert_int_equal(vega_gen_session_new(config, &session), 0);
	while ((rc = vega_gen_session_next(session, &packet)) == 1)
		receive(r, config, &packet);
	assert_int_equal(rc, 0);
	*ret_truth = *vega_gen_session_truth(session);
	vega_gen_session_delete(session);
}

static void
forget(struct receiver *r)
{
	lane_delete(&r->lane);
	free(r->streams);
}

/* ---- losses --------------------------------------------------------------------------------------------------- */

/* What of a stream is not there, against the truth. */
static void
check_losses(const struct arrived *arrived, uint64_t last_seq, const struct vega_gen_loss *lost)
{
	uint64_t line_lost[2] = {0, 0};
	uint64_t all_lost = 0;

	assert_true(last_seq < SEQ_MAX);
	for (uint64_t seq = 1; seq <= last_seq; seq++) {
		line_lost[0] += (arrived->lines[seq] & 1) == 0;
		line_lost[1] += (arrived->lines[seq] & 2) == 0;
		all_lost += arrived->lines[seq] == 0;
	}
	for (uint64_t seq = last_seq + 1; seq < SEQ_MAX; seq++)
		assert_int_equal(arrived->lines[seq], 0);
	assert_int_equal(line_lost[0], lost->line[0]);
	assert_int_equal(line_lost[1], lost->line[1]);
	assert_int_equal(all_lost, lost->all);
}

static void
test_truth(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		struct vega_gen_config config = config_of(i);
		struct receiver r = {0}, again = {0};
		struct vega_gen_truth truth;

		config.ab = true;
		config.loss_ppb = config.duplicate_ppb = config.reorder_ppb = 50000000;
		receive_all(&r, &config, &truth);
		assert_true(truth.messages_lost.all != 0);
		for (uint32_t s = 0; s < config.stream_cnt; s++)
			check_losses(
				&r.streams[s], truth.stream_last_seq[s], &truth.stream_lost[s]);
		assert_int_equal(r.heartbeat_cnt, truth.heartbeats);
		assert_true(truth.heartbeats != 0);
		for (const char *type = cases[i].types; *type != '\0'; type++)
			assert_true(r.seen[(uint8_t)*type]);
		forget(&r);
		receive_all(&again, &config, &truth);
		assert_int_equal(again.crc, r.crc);
		forget(&again);
		config.seed++;
		again = (struct receiver){0};
		receive_all(&again, &config, &truth);
		assert_int_not_equal(again.crc, r.crc);
		forget(&again);
	}
}

/* A golden value: whoever changes the bytes of a seed changes what other tests and people have recorded. */
static void
test_same_seed_same_bytes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		const struct vega_gen_config config = config_of(i);
		struct vega_gen_truth truth;
		struct receiver r = {0};

		receive_all(&r, &config, &truth);
		assert_int_equal(r.crc, cases[i].crc);
		forget(&r);
	}
}

/* ---- order flow ----------------------------------------------------------------------------------------------- */

struct order {
	uint64_t id; /* 0: none */
	uint32_t instrument;
	int32_t price;
	uint32_t qty;
	bool is_ask;
};

/* Orders that live, each in the slot of its id or behind it; and the last quote of each stock. */
struct books {
	struct order orders[ORDER_CNT];
	struct vega_level_record quotes[BOOK_CNT];
	uint64_t last_ts;
	uint64_t live_cnt;
	uint64_t trade_cnt;
	uint64_t quote_cnt;
};

static struct order *
slot_of(struct books *books, uint64_t id)
{
	uint64_t at = id * 0x9E3779B97F4A7C15u >> 48;

	while (books->orders[at % ORDER_CNT].id != 0 && books->orders[at % ORDER_CNT].id != id)
		at++;
	return &books->orders[at % ORDER_CNT];
}

static struct order *
live(struct books *books, const struct vega_order_record *r)
{
	struct order *order = slot_of(books, r->order_id);

	assert_int_equal(order->id, r->order_id);
	assert_true(order->qty != 0);
	assert_int_equal(order->instrument, r->instrument);
	return order;
}

static void
insert(struct books *books, uint64_t id, const struct vega_order_record *r, bool is_ask)
{
	struct order *order = slot_of(books, id);

	assert_int_equal(order->id, 0);
	assert_true(r->qty != 0 && r->price > 0);
	*order = (struct order){id, r->instrument, r->price, r->qty, is_ask};
	books->live_cnt++;
}

/* Its slot keeps the id, so that nobody gets it again. */
static void
reduce(struct books *books, struct order *order, uint32_t qty)
{
	assert_true(qty != 0 && qty <= order->qty);
	order->qty -= qty;
	books->live_cnt -= order->qty == 0;
}

static void
hear_modify(
	struct books *books, const struct vega_order_record *r, const struct vega_ref_record *ref)
{
	struct order *order = live(books, r);

	assert_true(r->qty != 0 && r->price > 0);
	if ((r->reference & VEGA_ORDER_REPLACE) != 0) {
		const bool is_ask = order->is_ask;

		assert_int_equal(ref->what, VEGA_REF_REPLACE);
		assert_int_equal(ref->id, order->id);
		reduce(books, order, order->qty);
		insert(books, ref->id2, r, is_ask);
	} else {
		order->qty = r->qty;
		order->price = r->price;
	}
}

/* No bid at or above an ask of the same stock. */
static void
check_not_crossed(const struct books *books)
{
	int32_t best[BOOK_CNT][2] = {{0}};

	for (uint32_t i = 0; i < ORDER_CNT; i++) {
		const struct order *order = &books->orders[i];
		int32_t *price = &best[order->instrument % BOOK_CNT][order->is_ask];

		if (order->qty != 0 && (*price == 0 || (order->is_ask ? order->price < *price
								      : order->price > *price)))
			*price = order->price;
	}
	for (uint32_t i = 0; i < BOOK_CNT; i++)
		assert_true(best[i][0] == 0 || best[i][1] == 0 || best[i][0] < best[i][1]);
}

static void
hear_quote(struct books *books, const struct vega_level_record *level)
{
	struct vega_level_record *last = &books->quotes[level->instrument % BOOK_CNT];

	assert_memory_not_equal(&last->bid_price, &level->bid_price, 16);
	assert_true(
		level->bid_qty == 0 || level->ask_qty == 0 || level->bid_price < level->ask_price);
	*last = *level;
	books->quote_cnt++;
}

/* A trade is at the side of the last quote, and for no more than stood there. */
static void
hear_trade(struct books *books, const struct vega_trade_record *trade)
{
	const struct vega_level_record *last = &books->quotes[trade->instrument % BOOK_CNT];

	assert_true((trade->price == last->bid_price && trade->qty <= last->bid_qty) ||
		    (trade->price == last->ask_price && trade->qty <= last->ask_qty));
	books->trade_cnt++;
}

static void
hear_record(struct books *books, const union vega_record *r, const union vega_record *after)
{
	switch (vega_record_kind(r)) {
	case VEGA_ORDER_ADD:
		insert(books, r->order.order_id, &r->order,
			(vega_record_flags(r) & VEGA_RECORD_ASK) != 0);
		break;
	case VEGA_ORDER_MODIFY:
		hear_modify(books, &r->order, after != NULL ? &after->ref : NULL);
		break;
	case VEGA_ORDER_DELETE: {
		struct order *order = live(books, &r->order);

		reduce(books, order,
			(r->order.reference & VEGA_ORDER_REDUCE) != 0 ? r->order.qty : order->qty);
		assert_true((r->order.reference & VEGA_ORDER_REDUCE) == 0 || order->qty != 0);
		break;
	}
	case VEGA_ORDER_EXECUTE:
		reduce(books, live(books, &r->order), r->order.qty);
		books->trade_cnt++;
		break;
	case VEGA_LEVEL:
		hear_quote(books, &r->level);
		break;
	case VEGA_TRADE:
		hear_trade(books, &r->trade);
		break;
	default:
		break;
	}
}

/* Of one stream: orders of several are independent, and so are their ids. */
static void
hear(struct receiver *r, uint32_t stream, uint64_t record_cnt)
{
	struct books *books = &r->books[stream];

	for (uint64_t i = 0; i < record_cnt; i++) {
		const union vega_record *record = lane_record(&r->lane, i);
		const uint64_t ts = vega_record_ts48(record);

		assert_true(ts >= books->last_ts);
		books->last_ts = ts;
		hear_record(
			books, record, i + 1 < record_cnt ? lane_record(&r->lane, i + 1) : NULL);
	}
}

/* Orders that are changed, executed and cancelled live; none is executed beyond what is left of it; no book is crossed. */
static void
test_order_flow(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		const struct vega_gen_config config = config_of(i);
		struct vega_gen_truth truth;
		struct receiver r = {.hear = hear};

		r.books = calloc(config.stream_cnt, sizeof(*r.books));
		assert_non_null(r.books);
		receive_all(&r, &config, &truth);
		for (uint32_t s = 0; s < config.stream_cnt; s++) {
			check_not_crossed(&r.books[s]);
			assert_true(r.books[s].trade_cnt > truth.stream_last_seq[s] / 50);
			assert_true(r.books[s].live_cnt != 0 || r.books[s].quote_cnt != 0);
			/* Not before the start, and not a day later. */
			assert_in_range(
				r.books[s].last_ts + ITCH_EPOCH, START_NS, START_NS + 1000000000);
		}
		forget(&r);
		free(r.books);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_same_seed_same_bytes),
		cmocka_unit_test(test_order_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
