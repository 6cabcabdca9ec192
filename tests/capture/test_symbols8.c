/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/symbols8.h"
#include "tests/lib/rng.h"

static struct vega_symbols8 table;

static int
empty(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	return 0;
}

/* What is known is known at once, unless it found no place in its own line. */
static void
assert_token(uint64_t name, uint32_t token, bool is_new)
{
	const uint32_t known = vega_symbols8_known(&table, name);
	bool found_new;

	assert_true(known == 0 || (known == token && !is_new));
	assert_int_equal(vega_symbols8_find(&table, name, &found_new), token);
	assert_int_equal(found_new, is_new);
}

static void
test_in_order_of_first_sight(void **state)
{
	struct rng rng = {rng_seed(8)};
	const uint64_t salt = rng_next(&rng) | 1;
	uint32_t at_once = 0;

	(void)state;
	for (int again = 0; again < 2; again++)
		for (uint32_t i = 0; i < 10000; i++) {
			const uint64_t name = i * salt;

			at_once += again && vega_symbols8_known(&table, name) == i + 1;
			assert_token(name, i + 1, !again);
		}
	assert_in_range(at_once, 9500, 10000);
	assert_int_equal(table.lost_cnt, 0);
}

/* A place that is not taken has no name, not even that of zeros. */
static void
test_zeros(void **state)
{
	(void)state;
	assert_int_equal(vega_symbols8_known(&table, 0), 0);
	assert_token(0, 1, true);
	assert_token(0, 1, false);
}

/* Names of one line: four are known at once, the others are found. */
static void
test_line_full(void **state)
{
	const uint32_t line = vega_symbols8_hash(1);
	uint64_t names[6];
	uint32_t cnt = 0;

	(void)state;
	for (uint64_t name = 1; cnt < VEGA_ARRAY_CNT(names); name++)
		if (vega_symbols8_hash(name) == line)
			names[cnt++] = name;
	for (int again = 0; again < 2; again++)
		for (uint32_t i = 0; i < cnt; i++)
			assert_token(names[i], i + 1, !again);
	for (uint32_t i = 0; i < cnt; i++)
		assert_int_equal(vega_symbols8_known(&table, names[i]),
			i < VEGA_SYMBOLS8_WAY_CNT ? i + 1 : 0);
}

static void
test_defined_before(void **state)
{
	(void)state;
	vega_symbols8_define(&table, 7, 70);
	vega_symbols8_define(&table, 3, 30);
	assert_int_equal(vega_symbols8_known(&table, 70), 7);
	assert_token(70, 7, false);
	assert_token(30, 3, false);
	assert_token(80, 8, true);
	vega_symbols8_define(&table, 9, 30); /* the last word counts */
	assert_token(30, 9, false);
	vega_symbols8_define(&table, 0, 90);
	assert_token(90, 10, true);
}

static void
test_tokens_end(void **state)
{
	(void)state;
	vega_symbols8_define(&table, UINT32_MAX, 1);
	assert_token(1, UINT32_MAX, false);
	assert_token(2, 0, false);
	assert_int_equal(table.lost_cnt, 1);
}

/* More names than places: each either keeps its token or never gets one. */
static void
test_full(void **state)
{
	static uint32_t tokens[3 * VEGA_SYMBOLS8_LINE_CNT * VEGA_SYMBOLS8_WAY_CNT];
	struct rng rng = {rng_seed(1)};
	const uint64_t salt = rng_next(&rng) | 1;
	const uint32_t places = VEGA_SYMBOLS8_LINE_CNT * VEGA_SYMBOLS8_WAY_CNT;
	uint32_t given = 0;

	(void)state;
	for (int again = 0; again < 2; again++)
		for (uint32_t i = 0; i < VEGA_ARRAY_CNT(tokens); i++) {
			bool is_new;
			const uint32_t token = vega_symbols8_find(&table, i * salt, &is_new);

			if (again) {
				assert_int_equal(token, tokens[i]);
				continue;
			}
			tokens[i] = token;
			given += is_new;
			assert_int_equal(token, is_new ? given : 0);
		}
	assert_in_range(given, places / 2, places);
	assert_int_equal(table.lost_cnt, 2 * (VEGA_ARRAY_CNT(tokens) - given));
}

/* A day later each name is new once more, and keeps its token. */
static void
test_each_day_anew(void **state)
{
	(void)state;
	assert_token(5, 1, true);
	assert_token(6, 2, true);
	vega_symbols8_new_day(&table);
	assert_int_equal(vega_symbols8_known(&table, 6), 0);
	for (int again = 0; again < 2; again++) {
		assert_token(6, 2, !again);
		assert_token(5, 1, !again);
	}
	assert_int_equal(vega_symbols8_known(&table, 6), 2);
	assert_int_equal(table.lost_cnt, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_in_order_of_first_sight, empty),
		cmocka_unit_test_setup(test_zeros, empty),
		cmocka_unit_test_setup(test_line_full, empty),
		cmocka_unit_test_setup(test_defined_before, empty),
		cmocka_unit_test_setup(test_tokens_end, empty),
		cmocka_unit_test_setup(test_full, empty),
		cmocka_unit_test_setup(test_each_day_anew, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
