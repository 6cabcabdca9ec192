/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Record blocks: what was encoded comes back word by word, whatever it was; what is damaged is refused or at least ends.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/columns_private.h"
#include "tests/lib/rng.h"
#include "tests/lib/sanitized.h"

#define CNT_MAX VEGA_COLUMNS_RECORD_CNT_MAX

static struct vega_columns *columns;
static union vega_record *records;
static union vega_record *decoded;

static int
setup(void **state)
{
	(void)state;
	records = calloc(CNT_MAX, sizeof(*records));
	decoded = calloc(CNT_MAX, sizeof(*decoded));
	return records == NULL || decoded == NULL ? -1 : vega_columns_new(&columns);
}

static int
teardown(void **state)
{
	(void)state;
	vega_columns_delete(columns);
	free(records);
	free(decoded);
	return 0;
}

/* In memory of exactly the size that is given, so that a sanitizer sees a byte too far. Returns the bytes it took. */
static size_t
round_trip(uint32_t cnt, enum vega_columns_effort effort)
{
	uint8_t *to = malloc(vega_columns_bound(cnt));
	union vega_record *back = malloc(cnt * sizeof(*back));
	uint8_t *exact;
	size_t bytes;

	assert_non_null(to);
	assert_non_null(back);
	bytes = vega_columns_encode(columns, records, cnt, effort, to);
	assert_in_range(bytes, 1, vega_columns_bound(cnt));
	exact = malloc(bytes);
	assert_non_null(exact);
	memcpy(exact, to, bytes);
	for (uint32_t way = 0; way < 2; way++) { /* with shuffles, where there are, and without */
		columns->has_shuffle = way == 0 && vega_rows_has_shuffle();
		memset(back, 0xA5, cnt * sizeof(*back));
		assert_int_equal(vega_columns_decode(columns, exact, bytes, cnt, back), 0);
		assert_memory_equal(back, records, cnt * sizeof(*back));
	}
	free(exact);
	free(back);
	free(to);
	return bytes;
}

/* ---- what is encoded ----------------------------------------------------------------------------------------- */

static void
set(union vega_record *record, uint64_t ts, uint32_t kind, uint32_t flags, uint32_t instrument,
	uint32_t body12, uint64_t body16, uint64_t body24)
{
	record->word[0] = ts | (uint64_t)kind << 48 | (uint64_t)flags << 56;
	record->word[1] = instrument | (uint64_t)body12 << 32;
	record->word[2] = body16;
	record->word[3] = body24;
}

/* A number of few bits or of many, so that every length of code is met. */
static uint64_t
any_length(struct rng *rng)
{
	return rng_next(rng) >> rng_below(rng, 64);
}

/* A session as a feed of levels, orders and trades makes it: packets with a few messages each. */
static void
session(struct rng *rng, uint32_t cnt)
{
	uint64_t recv_ns = 86400000000000u;
	uint64_t seq = 1;
	uint64_t order_id = 1000;
	uint32_t frame = 0;

	for (uint32_t i = 0; i < cnt;) {
		const uint32_t message_cnt = 1 + (uint32_t)rng_below(rng, 4);

		recv_ns += rng_below(rng, 50000);
		set(&records[i++], recv_ns, VEGA_PACKET, 0, 7, 'A' | message_cnt << 16, seq,
			frame++);
		seq += message_cnt;
		for (uint32_t k = 0; k < message_cnt && i < cnt; k++) {
			const uint32_t instrument =
				1 + (uint32_t)(rng_below(rng, 30) * rng_below(rng, 30));
			const uint32_t price = 100000 + 5 * (uint32_t)rng_below(rng, 50);
			const uint32_t qty = 75 * (1 + (uint32_t)rng_below(rng, 20));
			const uint64_t ts = rng_one_in(rng, 50) ? VEGA_TS_NONE : recv_ns - 20000;

			switch (rng_below(rng, 4)) {
			case 0:
				set(&records[i++], ts, VEGA_ORDER_ADD, 1 | (price & 2), instrument,
					qty, order_id++, price);
				break;
			case 1:
				set(&records[i++], ts, VEGA_TRADE, 1, instrument, qty, order_id,
					price);
				break;
			default:
				set(&records[i++], ts, VEGA_LEVEL, 1, instrument,
					VEGA_LEVEL_WORD(1 + qty % 5, 3, 3, 4),
					price | (uint64_t)qty << 32,
					(price + 5) | (uint64_t)qty << 32);
			}
		}
	}
}

static void
test_random_words(void **state)
{
	struct rng rng = {rng_seed(1)};

	(void)state;
	for (uint32_t run = 0; run < (SANITIZED ? 20 : 200); run++) {
		const uint32_t cnt = 1 + (uint32_t)rng_below(&rng, 3000);

		for (uint32_t i = 0; i < cnt; i++)
			for (uint32_t k = 0; k < 4; k++)
				records[i].word[k] = rng_next(&rng);
		assert_int_equal(round_trip(cnt, run % 2), vega_columns_bound(cnt));
	}
}

/* Few kinds and flags, so that columns are made; in them any words. */
static void
test_each_kind_any_words(void **state)
{
	struct rng rng = {rng_seed(2)};

	(void)state;
	for (uint32_t kind = 0; kind < 256; kind += kind < 30 ? 1 : 75)
		for (uint32_t run = 0; run < 12; run++) {
			const uint32_t cnt = 1 + (uint32_t)rng_below(&rng, 2000);

			for (uint32_t i = 0; i < cnt; i++)
				set(&records[i], any_length(&rng) & VEGA_TS_NONE,
					rng_one_in(&rng, 5) ? VEGA_PACKET : kind,
					(uint32_t)rng_below(&rng, 4), (uint32_t)any_length(&rng),
					(uint32_t)any_length(&rng), any_length(&rng),
					any_length(&rng));
			(void)round_trip(cnt, run % 2);
		}
}

/* Multiples of a unit but for some that are as large as can be. */
static void
test_units(void **state)
{
	struct rng rng = {rng_seed(3)};

	(void)state;
	for (uint32_t run = 0; run < 100; run++) {
		const uint64_t unit = 2 + any_length(&rng) % 5000000;
		const uint32_t kind = 1 + run % VEGA_WIDE;

		for (uint32_t i = 0; i < 1500; i++) {
			const uint64_t value =
				rng_one_in(&rng, 100) ? rng_next(&rng) : unit * rng_below(&rng, 40);

			set(&records[i], value & VEGA_TS_NONE, kind, 0, i % 9, (uint32_t)value,
				rng_one_in(&rng, 2) ? value : 0 - value, value);
		}
		(void)round_trip(1500, VEGA_COLUMNS_LIVE);
	}
}

/* Of each kind steps of none to many, up and down, in every field: every code of a class is met. */
static void
test_each_code(void **state)
{
	struct rng rng = {rng_seed(9)};

	(void)state;
	for (uint32_t kind = 0; kind < 26; kind++) {
		for (uint32_t i = 1; i < 6000; i++) {
			const union vega_record *last = &records[i - 1];
			const uint32_t step = (uint32_t)any_length(&rng);
			const uint32_t field = (uint32_t)rng_below(&rng, 6);
			/* the byte at 12 stays where it tells apart, or there are too many classes */
			const bool is_order = kind >= VEGA_ORDER_ADD && kind <= VEGA_ORDER_EXECUTE;

			memcpy(&records[i], last, sizeof(*last));
			set(&records[i],
				(last->word[0] + (field == 0 ? any_length(&rng) : 0)) &
					VEGA_TS_NONE,
				kind, (uint32_t)rng_below(&rng, 2), (uint32_t)rng_below(&rng, 3),
				(uint32_t)(last->word[1] >> 32) +
					(field == 1 ? step << (is_order ? 0 : 8) : 0),
				last->word[2] + (field == 2 ? rng_below(&rng, 4) : 0),
				last->word[3] + (field == 3 ? rng_below(&rng, 4) : 0));
			records[i].level.bid_qty += field == 4 ? step : 0;
			records[i].level.ask_qty -= field == 5 ? step : 0;
		}
		assert_in_range(round_trip(6000, kind % 2), 1, 6000 * 20);
	}
}

/* More classes than one byte numbers, and more than there may be: the latter block is plain. */
static void
test_many_classes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 60000; i++)
		set(&records[i], i / 100, VEGA_LEVEL, i % 4, i % 50, i % 200, i, 7);
	assert_in_range(round_trip(60000, VEGA_COLUMNS_LIVE), 1, 60000 * 8);
	assert_in_range(columns->class_cnt, 257, CLASS_CNT_MAX);
	for (uint32_t i = 0; i < CLASS_CNT_MAX + 1; i++) /* of each kind and flags one */
		set(&records[i], 0, i & 0xFF, i >> 8, 0, 0, 0, 0);
	assert_int_equal(round_trip(CLASS_CNT_MAX + 1, VEGA_COLUMNS_LIVE),
		vega_columns_bound(CLASS_CNT_MAX + 1));
}

/* What was linked in earlier blocks is never taken for this one's, not even when their numbers begin anew. */
static void
test_links_begin_anew(void **state)
{
	struct rng rng = {rng_seed(10)};

	(void)state;
	session(&rng, 3000);
	columns->links.base = UINT32_MAX - 10000;
	for (uint32_t i = 0; i < 5; i++)
		(void)round_trip(3000, VEGA_COLUMNS_LIVE);
	assert_in_range(columns->links.base, 1, 50000);
}

static void
test_session_is_small(void **state)
{
	struct rng rng = {rng_seed(4)};
	size_t live;

	(void)state;
	session(&rng, 60000);
	live = round_trip(60000, VEGA_COLUMNS_LIVE);
	assert_in_range(live, 1, 60000 * 8);
	assert_in_range(round_trip(60000, VEGA_COLUMNS_BEST), 1, live);
}

static void
test_counts(void **state)
{
	struct rng rng = {rng_seed(5)};

	(void)state;
	session(&rng, CNT_MAX);
	for (uint32_t cnt = 1; cnt <= CNT_MAX; cnt += cnt < 40 ? 1 : cnt / 3)
		(void)round_trip(cnt, VEGA_COLUMNS_LIVE);
	(void)round_trip(CNT_MAX, VEGA_COLUMNS_LIVE);
	for (uint32_t i = 0; i < CNT_MAX; i++) /* as many instruments as records */
		set(&records[i], i, VEGA_LEVEL, 0, i * 2654435761u, 1, i, 3);
	(void)round_trip(CNT_MAX, VEGA_COLUMNS_LIVE);
	memset(records, 0, CNT_MAX * sizeof(*records));
	assert_in_range(round_trip(CNT_MAX, VEGA_COLUMNS_LIVE), 1, 200);
	memset(records, 0xFF, CNT_MAX * sizeof(*records));
	assert_in_range(round_trip(CNT_MAX, VEGA_COLUMNS_LIVE), 1, 4000);
}

/* Blocks know nothing of each other: whatever was before, the same records give the same bytes. */
static void
test_blocks_are_alone(void **state)
{
	struct rng rng = {rng_seed(6)};
	uint8_t *first = malloc(vega_columns_bound(5000));
	uint8_t *again = malloc(vega_columns_bound(5000));
	size_t bytes;

	(void)state;
	session(&rng, 5000);
	bytes = vega_columns_encode(columns, records, 5000, VEGA_COLUMNS_LIVE, first);
	memcpy(decoded, records, 5000 * sizeof(*records));
	session(&rng, 20000);
	(void)round_trip(20000, VEGA_COLUMNS_BEST);
	assert_int_equal(
		vega_columns_encode(columns, decoded, 5000, VEGA_COLUMNS_LIVE, again), bytes);
	assert_memory_equal(first, again, bytes);
	free(first);
	free(again);
}

/* ---- what is damaged ----------------------------------------------------------------------------------------- */

static int
decode_exact(const uint8_t *from, size_t bytes, uint32_t cnt)
{
	uint8_t *exact = malloc(bytes != 0 ? bytes : 1);
	union vega_record *back = malloc(cnt * sizeof(*back));
	int rc;

	assert_non_null(exact);
	assert_non_null(back);
	memcpy(exact, from, bytes);
	rc = vega_columns_decode(columns, exact, bytes, cnt, back);
	assert_true(rc == 0 || rc == -EBADMSG);
	free(exact);
	free(back);
	return rc;
}

static void
test_truncations(void **state)
{
	struct rng rng = {rng_seed(7)};
	uint8_t *to = malloc(vega_columns_bound(2000));
	size_t bytes;

	(void)state;
	session(&rng, 2000);
	bytes = vega_columns_encode(columns, records, 2000, VEGA_COLUMNS_LIVE, to);
	for (size_t n = 0; n < bytes; n += SANITIZED ? 7 : 1)
		assert_int_equal(decode_exact(to, n, 2000), -EBADMSG);
	assert_int_equal(decode_exact(to, bytes, 2000), 0);
	assert_int_equal(decode_exact(to, bytes, 1999), -EBADMSG);
	assert_int_equal(decode_exact(to, bytes, 2001), -EBADMSG);
	free(to);
}

static void
test_flipped_bits(void **state)
{
	struct rng rng = {rng_seed(8)};
	uint8_t *to = malloc(vega_columns_bound(600));
	size_t bytes;
	uint32_t refused = 0;

	(void)state;
	session(&rng, 600);
	bytes = vega_columns_encode(columns, records, 600, VEGA_COLUMNS_LIVE, to);
	for (size_t bit = 0; bit < bytes * 8; bit += SANITIZED ? 5 : 1) {
		to[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused += decode_exact(to, bytes, 600) != 0;
		to[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_not_equal(refused, 0);
	for (uint32_t run = 0; run < (SANITIZED ? 2000 : 20000); run++) {
		const size_t at = rng_below(&rng, bytes);
		const uint8_t was = to[at];

		to[at] = (uint8_t)rng_next(&rng);
		(void)decode_exact(to, bytes, 600);
		to[at] = was;
	}
	free(to);
}

static void
test_refused(void **state)
{
	uint8_t bytes[64] = {0};

	(void)state;
	assert_int_equal(vega_columns_decode(columns, bytes, 0, 1, decoded), -EBADMSG);
	assert_int_equal(vega_columns_decode(columns, bytes, 33, 0, decoded), -EBADMSG);
	assert_int_equal(vega_columns_decode(columns, bytes, 33, 1, decoded), 0);
	assert_int_equal(vega_columns_decode(columns, bytes, 34, 1, decoded), -EBADMSG);
	assert_int_equal(vega_columns_decode(columns, bytes, 64, CNT_MAX + 1, decoded), -EBADMSG);
	bytes[0] = 2;
	assert_int_equal(vega_columns_decode(columns, bytes, 33, 1, decoded), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_words),
		cmocka_unit_test(test_each_kind_any_words),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_each_code),
		cmocka_unit_test(test_many_classes),
		cmocka_unit_test(test_links_begin_anew),
		cmocka_unit_test(test_session_is_small),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_blocks_are_alone),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
