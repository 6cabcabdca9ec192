/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/format.h"
#include "tests/lib/lane.h"
#include "tests/lib/rng.h"

#define MTBT           (&vega_format_nse_mtbt)
#define ORDER_TYPES    "NMXGHJ"
#define TRADE_TYPES    "TKC"
#define RESPONSE_TYPES "YB"

struct datagram {
	uint32_t bytes;
	uint8_t data[512];
};

static void
put(struct datagram *d, uint64_t value, uint32_t bytes)
{
	memcpy(d->data + d->bytes, &value, bytes); /* little-endian, as this machine is */
	d->bytes += bytes;
}

static void
put_double(struct datagram *d, double value)
{
	memcpy(d->data + d->bytes, &value, sizeof(value));
	d->bytes += (uint32_t)sizeof(value);
}

static void
put_header(struct datagram *d, uint16_t length, uint16_t stream, uint32_t seq, char type)
{
	put(d, length, 2);
	put(d, stream, 2);
	put(d, seq, 4);
	put(d, (uint8_t)type, 1);
}

static void
put_order(struct datagram *d, char type, uint32_t seq, double id, char side)
{
	put_header(d, 38, 3, seq, type);
	put(d, 1432890900000473159, 8);
	put_double(d, id);
	put(d, 35002, 4);
	put(d, (uint8_t)side, 1);
	put(d, (uint32_t)-9905, 4);
	put(d, 25, 4);
}

static void
put_trade(struct datagram *d, char type, uint32_t seq, double buy, double sell)
{
	put_header(d, 45, 3, seq, type);
	put(d, 1432890900000473160, 8);
	put_double(d, buy);
	put_double(d, sell);
	put(d, 26009, 4);
	put(d, 5511955, 4);
	put(d, 300, 4);
}

static void
put_heartbeat(struct datagram *d, uint32_t last_seq)
{
	put_header(d, 13, 3, 0, 'Z');
	put(d, last_seq, 4);
}

static void
put_response(struct datagram *d, char type)
{
	put_header(d, 10, 3, 0, type);
	put(d, 'S', 1);
}

/* ---- walking -------------------------------------------------------------------------------------------------- */

struct seen {
	uint32_t cnt;
	struct vega_message last;
	char line[256]; /* of the last */
};

static void
see(void *arg, const struct vega_message *message, const struct vega_text *line)
{
	struct seen *seen = arg;

	seen->cnt++;
	seen->last = *message;
	(void)snprintf(seen->line, sizeof(seen->line), "%s", line->buf);
}

/* From a buffer of exactly that size, so that a byte too far is seen by the sanitizer. */
static int
walk(const uint8_t *data, uint32_t bytes, struct seen *ret_seen)
{
	uint8_t *copy = malloc(bytes != 0 ? bytes : 1);
	struct walked walked;

	assert_non_null(copy);
	memcpy(copy, data, bytes);
	*ret_seen = (struct seen){0};
	assert_true(walk_all(&vega_format_nse_mtbt, copy, bytes, see, ret_seen, &walked));
	assert_int_equal(walked.message_cnt, ret_seen->cnt);
	assert_true(lane_keeps_contract(MTBT, copy, bytes));
	free(copy);
	return walked.rc;
}

static void
assert_one(const struct datagram *d, const char *line)
{
	struct seen seen;

	assert_int_equal(walk(d->data, d->bytes, &seen), 0);
	assert_int_equal(seen.cnt, 1);
	assert_string_equal(seen.line, line);
	assert_int_equal(seen.last.bytes, d->bytes);
	assert_int_equal(seen.last.stream, 3);
	assert_int_equal(seen.last.type, d->data[8]);
}

static void
assert_bad(const struct datagram *d)
{
	struct seen seen;

	assert_int_equal(walk(d->data, d->bytes, &seen), -EBADMSG);
	assert_int_equal(seen.cnt, 0);
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

static void
test_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(vega_format_find("nse-mtbt"), &vega_format_nse_mtbt);
	assert_null(vega_format_find("nse-mtb"));
	assert_int_equal(vega_format_nse_mtbt.price_digits, 2);
}

static void
test_orders(void **state)
{
	(void)state;
	for (const char *type = ORDER_TYPES; *type != '\0'; type++) {
		struct datagram d = {0};
		char line[128];

		put_order(&d, *type, 7, 1101000000000001, 'S');
		(void)snprintf(line, sizeof(line),
			"type=%c len=38 ts=1432890900000473159 oid=1101000000000001 tok=35002 "
			"side=S "
			"px=-9905 qty=25",
			*type);
		assert_one(&d, line);
	}
}

/* A spread's price is a difference: signed, as all are. */
static void
test_prices_for_people(void **state)
{
	char buf[256];
	struct vega_text text = {.buf = buf, .bytes = sizeof(buf), .style = VEGA_TEXT_PEOPLE};
	struct datagram d = {0};
	struct vega_walk w;
	struct vega_message m;

	(void)state;
	put_order(&d, 'G', 7, 1, 'S');
	assert_int_equal(vega_format_nse_mtbt.open(&w, d.data, d.bytes), 0);
	assert_int_equal(vega_format_nse_mtbt.next(&w, &m), 1);
	vega_text_begin(&text);
	vega_format_nse_mtbt.line(&m, &text);
	vega_text_end(&text);
	assert_non_null(strstr(buf, " px=-99.05 qty=25"));
}

static void
test_trades(void **state)
{
	(void)state;
	for (const char *type = TRADE_TYPES; *type != '\0'; type++) {
		struct datagram d = {0};
		char line[128];

		put_trade(&d, *type, 7, 0, 9007199254740991);
		(void)snprintf(line, sizeof(line),
			"type=%c len=45 ts=1432890900000473160 buy=0 sell=9007199254740991 "
			"tok=26009 "
			"px=5511955 qty=300",
			*type);
		assert_one(&d, line);
	}
}

static void
test_heartbeat_has_no_sequence(void **state)
{
	struct datagram d = {0};
	struct seen seen;

	(void)state;
	put_heartbeat(&d, UINT32_MAX);
	assert_one(&d, "type=Z len=13 last=4294967295");
	(void)walk(d.data, d.bytes, &seen);
	assert_true(seen.last.is_heartbeat);
	assert_true(seen.last.seq == VEGA_SEQ_NONE);
}

static void
test_recovery_responses(void **state)
{
	(void)state;
	for (const char *type = RESPONSE_TYPES; *type != '\0'; type++) {
		struct datagram d = {0};
		struct seen seen;
		char line[32];

		put_response(&d, *type);
		(void)snprintf(line, sizeof(line), "type=%c len=10", *type);
		assert_one(&d, line);
		(void)walk(d.data, d.bytes, &seen);
		assert_false(seen.last.is_heartbeat);
		assert_true(seen.last.seq == VEGA_SEQ_NONE);
	}
}

static void
test_sequence_is_unsigned(void **state)
{
	struct datagram d = {0};
	struct seen seen;

	(void)state;
	put_order(&d, 'N', UINT32_MAX, 1, 'B');
	assert_int_equal(walk(d.data, d.bytes, &seen), 0);
	assert_true(seen.last.seq == UINT32_MAX);
}

static void
test_first_sequence_of_a_datagram(void **state)
{
	struct datagram d = {0};
	struct vega_walk w;

	(void)state;
	put_order(&d, 'N', 41, 1, 'B');
	put_trade(&d, 'T', 42, 1, 2);
	assert_int_equal(vega_format_nse_mtbt.open(&w, d.data, d.bytes), 0);
	assert_true(w.seq_first == 41 && w.session == 0 && w.message_cnt == 0);
	assert_string_equal((const char *)w.session_text, "");
	d.bytes = 0;
	put_heartbeat(&d, 41);
	assert_int_equal(vega_format_nse_mtbt.open(&w, d.data, d.bytes), 0);
	assert_true(w.seq_first == VEGA_SEQ_NONE);
}

/* Each type takes one length, and no other. */
static void
test_lengths(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 256; type++) {
		const bool is_order = type != 0 && strchr(ORDER_TYPES, (int)type) != NULL;
		const bool is_trade = type != 0 && strchr(TRADE_TYPES, (int)type) != NULL;
		const bool is_response = type != 0 && strchr(RESPONSE_TYPES, (int)type) != NULL;
		const uint32_t legal = is_order      ? 38
				       : is_trade    ? 45
				       : is_response ? 10
				       : type == 'Z' ? 13
						     : 0;

		for (uint32_t length = 0; length <= 80; length++) {
			struct datagram d = {.bytes = 80};
			struct seen seen;

			d.data[0] = (uint8_t)length;
			d.data[8] = (uint8_t)type;
			d.data[29] = is_order ? 'B' : 0;
			assert_int_equal(walk(d.data, d.bytes, &seen), -EBADMSG);
			assert_int_equal(seen.cnt, legal != 0 && length == legal);
		}
	}
}

static void
test_negative_length(void **state)
{
	struct datagram d = {0};

	(void)state;
	put_order(&d, 'N', 1, 1, 'B');
	d.data[0] = d.data[1] = 0xFF;
	assert_bad(&d);
}

static void
test_order_ids(void **state)
{
	static const double wrong[] = {__builtin_nan(""), -__builtin_nan(""), __builtin_inf(),
		-__builtin_inf(), -1, 0.5, 1101000000000001.5, 0x1p63, 1e300, 5e-324};
	static const double right[] = {0, -0.0, 1, 0x1p52, 0x1p53, 0x1p62};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(wrong); i++) {
		struct datagram order = {0};
		struct datagram buy = {0};
		struct datagram sell = {0};

		put_order(&order, 'N', 1, wrong[i], 'B');
		put_trade(&buy, 'T', 1, wrong[i], 1);
		put_trade(&sell, 'T', 1, 1, wrong[i]);
		assert_bad(&order);
		assert_bad(&buy);
		assert_bad(&sell);
	}
	for (size_t i = 0; i < VEGA_ARRAY_CNT(right); i++) {
		struct datagram d = {0};
		struct seen seen;
		char oid[32];

		put_order(&d, 'N', 1, right[i], 'B');
		(void)snprintf(oid, sizeof(oid), " oid=%llu ", (unsigned long long)right[i]);
		assert_int_equal(walk(d.data, d.bytes, &seen), 0);
		assert_non_null(strstr(seen.line, oid));
	}
}

static void
test_sides(void **state)
{
	(void)state;
	for (uint32_t side = 0; side < 256; side++) {
		struct datagram d = {0};
		struct seen seen;

		put_order(&d, 'X', 1, 1, (char)side);
		assert_int_equal(
			walk(d.data, d.bytes, &seen), side == 'B' || side == 'S' ? 0 : -EBADMSG);
	}
}

static void
put_some(struct datagram *d)
{
	put_order(d, 'N', 1, 1, 'B');
	put_trade(d, 'T', 2, 1, 2);
	put_heartbeat(d, 2);
	put_response(d, 'Y');
	put_order(d, 'G', 3, 4, 'S');
}

/* Cut anywhere, what is whole is given, and the cut is told where it is none between two messages. */
static void
test_cut_everywhere(void **state)
{
	static const uint32_t ends[] = {38, 83, 96, 106, 144};
	struct datagram d = {0};

	(void)state;
	put_some(&d);
	assert_int_equal(d.bytes, 144);
	for (uint32_t n = 0; n <= d.bytes; n++) {
		struct seen seen;
		uint32_t whole = 0;
		const int rc = walk(d.data, n, &seen);

		while (whole < 5 && ends[whole] <= n)
			whole++;
		assert_int_equal(seen.cnt, whole);
		assert_int_equal(rc, whole != 0 && ends[whole - 1] == n ? 0 : -EBADMSG);
	}
}

/* A bad message ends the walk: its length cannot be believed either. */
static void
test_bad_in_the_middle(void **state)
{
	struct datagram d = {0};
	struct seen seen;

	(void)state;
	put_order(&d, 'N', 1, 1, 'B');
	put_order(&d, 'Q', 2, 1, 'B');
	put_order(&d, 'N', 3, 1, 'B');
	assert_int_equal(walk(d.data, d.bytes, &seen), -EBADMSG);
	assert_int_equal(seen.cnt, 1);
	assert_int_equal(seen.last.seq, 1);
}

static void
test_flipped_bits(void **state)
{
	struct rng rng = {rng_seed(1)};

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		struct datagram d = {0};
		struct seen seen;

		put_some(&d);
		for (uint32_t flips = 1 + (uint32_t)rng_below(&rng, 4); flips != 0; flips--)
			d.data[rng_below(&rng, d.bytes)] ^= (uint8_t)(1u << rng_below(&rng, 8));
		(void)walk(d.data, (uint32_t)rng_below(&rng, d.bytes + 1), &seen);
		assert_true(seen.cnt <= 5);
	}
}

/* ---- records -------------------------------------------------------------------------------------------------- */

#define EPOCH_NS 1748217600000000000u /* 2025-05-26 00:00 UTC */
/* The order's time, 2025-05-28 09:15:00.000473159 on Indian clocks. */
#define ORDER_TS48 (1748403900000473159u - EPOCH_NS)
#define TRADE_TS48 (ORDER_TS48 + 1)

static void
lane_of(struct lane *lane)
{
	lane_new(lane, MTBT);
	lane->emit.epoch_ns = EPOCH_NS;
}

/* Four words of a record, as they must lie. */
struct words {
	uint64_t ts48;
	uint32_t kind, flags;
	uint32_t instrument, body12;
	uint64_t body16, body24;
};

static void
assert_record(const struct lane *lane, uint64_t idx, struct words want)
{
	const union vega_record *r = lane_record(lane, idx);

	assert_true(
		r->word[0] == (want.ts48 | (uint64_t)want.kind << 48 | (uint64_t)want.flags << 56));
	assert_true(r->word[1] == (want.instrument | (uint64_t)want.body12 << 32));
	assert_true(r->word[2] == want.body16);
	assert_true(r->word[3] == want.body24);
}

static void
test_records_of_orders(void **state)
{
	static const struct {
		char type;
		uint32_t kind;
		uint64_t reference;
	} cases[] = {{'N', VEGA_ORDER_ADD, 0}, {'M', VEGA_ORDER_MODIFY, 0},
		{'X', VEGA_ORDER_DELETE, 0}, {'G', VEGA_ORDER_ADD, VEGA_ORDER_SPREAD},
		{'H', VEGA_ORDER_MODIFY, VEGA_ORDER_SPREAD},
		{'J', VEGA_ORDER_DELETE, VEGA_ORDER_SPREAD}};
	struct lane lane;

	(void)state;
	lane_of(&lane);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		for (uint32_t is_sell = 0; is_sell < 2; is_sell++) {
			struct datagram d = {0};
			struct decoded decoded;

			put_order(&d, cases[i].type, 7, 0x1p62, is_sell ? 'S' : 'B');
			decoded = lane_decode(&lane, d.data, d.bytes, UINT64_MAX);
			assert_int_equal(decoded.message_cnt, 1);
			assert_int_equal(decoded.record_cnt, 1);
			assert_record(&lane, 0,
				(struct words){ORDER_TS48, cases[i].kind,
					VEGA_RECORD_LAST | (is_sell ? VEGA_RECORD_ASK : 0), 35002,
					25, UINT64_C(1) << 62,
					(uint32_t)-9905 | cases[i].reference << 32});
		}
	}
	lane_delete(&lane);
}

static void
test_records_of_trades(void **state)
{
	static const struct {
		char type;
		uint64_t condition;
	} cases[] = {{'T', VEGA_TRADE_NO_AGGRESSOR},
		{'K', VEGA_TRADE_NO_AGGRESSOR | VEGA_TRADE_SPREAD},
		{'C', VEGA_TRADE_NO_AGGRESSOR | VEGA_TRADE_BREAK}};
	struct lane lane;

	(void)state;
	lane_of(&lane);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		struct datagram d = {0};
		struct decoded decoded;

		put_trade(&d, cases[i].type, 7, 0, 9007199254740991);
		decoded = lane_decode(&lane, d.data, d.bytes, UINT64_MAX);
		assert_int_equal(decoded.message_cnt, 1);
		assert_int_equal(decoded.record_cnt, 2);
		assert_record(&lane, 0,
			(struct words){TRADE_TS48, VEGA_TRADE, 0, 26009, 300, 0,
				5511955 | cases[i].condition << 32});
		assert_record(&lane, 1,
			(struct words){TRADE_TS48, VEGA_ORDER_REF, VEGA_RECORD_LAST, 26009,
				VEGA_REF_BUY_SELL, 0, 9007199254740991});
	}
	lane_delete(&lane);
}

static void
test_records_of_responses(void **state)
{
	struct datagram d = {0};
	struct lane lane;

	(void)state;
	lane_of(&lane);
	put_response(&d, 'Y');
	assert_int_equal(lane_decode(&lane, d.data, d.bytes, UINT64_MAX).message_cnt, 1);
	assert_record(&lane, 0,
		(struct words){VEGA_TS_NONE, VEGA_STATUS, VEGA_RECORD_LAST, 0, 'Y', 'S', 0});
	lane_delete(&lane);
}

/* A time before the epoch stands in full before the record. */
static void
test_far_time(void **state)
{
	struct datagram d = {0};
	struct lane lane;

	(void)state;
	lane_of(&lane);
	put_order(&d, 'N', 7, 1, 'B');
	memset(d.data + 9, 0, 8);
	assert_int_equal(lane_decode(&lane, d.data, d.bytes, UINT64_MAX).record_cnt, 2);
	assert_record(
		&lane, 0, (struct words){VEGA_TS_NONE, VEGA_TIME, 0, 0, 0, 315513000000000000, 0});
	assert_record(&lane, 1,
		(struct words){0, VEGA_ORDER_ADD, VEGA_RECORD_LAST, 35002, 25, 1, (uint32_t)-9905});
	lane_delete(&lane);
}

/* ---- spans ---------------------------------------------------------------------------------------------------- */

static void
assert_spans(const struct datagram *d, const struct vega_span *want, uint32_t cnt)
{
	struct vega_decode decode = {.payload = d->data, .bytes = d->bytes};
	struct vega_span span;

	for (uint32_t i = 0; i < cnt; i++) {
		assert_true(MTBT->span(&decode, &span));
		assert_true(span.seq == want[i].seq && span.seq_cnt == want[i].seq_cnt);
		assert_int_equal(span.stream, want[i].stream);
		assert_true(span.session == 0 && !span.is_start && !span.is_end);
	}
	assert_false(MTBT->span(&decode, &span));
	assert_false(decode.is_malformed);
}

/* A hole, a step back, another stream, a heartbeat and what has no sequence each end a span. */
static void
test_spans(void **state)
{
	static const struct vega_span want[] = {
		{.seq = 41, .seq_cnt = 2, .stream = 3},
		{.seq = 44, .seq_cnt = 1, .stream = 3},
		{.seq = 43, .seq_cnt = 2, .stream = 3},
		{.seq = 45, .seq_cnt = 1, .stream = 4},
		{.seq = 46, .seq_cnt = 0, .stream = 3},
		{.seq = VEGA_SEQ_NONE, .seq_cnt = 1, .stream = 3},
		{.seq = VEGA_SEQ_NONE, .seq_cnt = 1, .stream = 3},
		{.seq = 45, .seq_cnt = 3, .stream = 3},
	};
	struct datagram d = {0};

	(void)state;
	put_order(&d, 'N', 41, 1, 'B');
	put_trade(&d, 'T', 42, 1, 2);
	put_order(&d, 'N', 44, 1, 'B');
	put_order(&d, 'N', 43, 1, 'B');
	put_order(&d, 'M', 44, 1, 'B');
	put_order(&d, 'N', 45, 1, 'B');
	d.data[d.bytes - 38 + 2] = 4;
	put_heartbeat(&d, 45);
	put_response(&d, 'Y');
	put_order(&d, 'N', 0, 1, 'B'); /* 0 is no sequence */
	put_order(&d, 'N', 45, 1, 'B');
	put_order(&d, 'N', 46, 1, 'B');
	put_trade(&d, 'K', 47, 1, 2);
	assert_spans(&d, want, VEGA_ARRAY_CNT(want));
}

/* Sequences are as wide as the wire has them: what follows the largest is no next one. */
static void
test_spans_at_the_end_of_sequences(void **state)
{
	static const struct vega_span want[] = {
		{.seq = UINT32_MAX - 1, .seq_cnt = 2, .stream = 3},
		{.seq = 1, .seq_cnt = 1, .stream = 3},
		{.seq = UINT64_C(1) << 32, .seq_cnt = 0, .stream = 3},
	};
	struct datagram d = {0};

	(void)state;
	put_order(&d, 'N', UINT32_MAX - 1, 1, 'B');
	put_order(&d, 'N', UINT32_MAX, 1, 'B');
	put_order(&d, 'N', 1, 1, 'B');
	put_heartbeat(&d, UINT32_MAX);
	assert_spans(&d, want, VEGA_ARRAY_CNT(want));
}

/* A range of a span gives the records of its messages alone. */
static void
test_ranges(void **state)
{
	struct datagram d = {0};
	struct lane lane;

	(void)state;
	lane_of(&lane);
	for (uint32_t i = 0; i < 4; i++)
		(i % 2 == 0 ? put_order(&d, 'N', 10 + i, i, 'B')
			    : put_trade(&d, 'T', 10 + i, i, i));
	for (uint32_t skip = 0; skip <= 5; skip++) {
		for (uint32_t take = 0; take <= 5; take++) {
			const uint32_t end = skip + take < 4 ? skip + take : 4;
			struct vega_decode decode = {
				.payload = d.data, .bytes = d.bytes, .emit = &lane.emit};
			struct vega_span span;

			assert_true(MTBT->span(&decode, &span));
			lane.from = lane.ring.next;
			assert_int_equal(MTBT->records(&decode, &span, skip, take),
				end > skip ? end - skip : 0);
			for (uint32_t i = skip, at = 0; i < end; at += 1 + i % 2, i++)
				assert_int_equal(vega_record_kind(lane_record(&lane, at)),
					i % 2 == 0 ? VEGA_ORDER_ADD : VEGA_TRADE);
		}
	}
	lane_delete(&lane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_by_name),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_prices_for_people),
		cmocka_unit_test(test_trades),
		cmocka_unit_test(test_heartbeat_has_no_sequence),
		cmocka_unit_test(test_recovery_responses),
		cmocka_unit_test(test_sequence_is_unsigned),
		cmocka_unit_test(test_first_sequence_of_a_datagram),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_negative_length),
		cmocka_unit_test(test_order_ids),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_bad_in_the_middle),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_records_of_orders),
		cmocka_unit_test(test_records_of_trades),
		cmocka_unit_test(test_records_of_responses),
		cmocka_unit_test(test_far_time),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_spans_at_the_end_of_sequences),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
