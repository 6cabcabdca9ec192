/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/symbols.h"
#include "tests/lib/rng.h"

static struct vega_symbols table;

static int
empty(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	return 0;
}

static uint32_t
find(const char *text, bool *ret_is_new)
{
	return vega_symbols_find(&table, (const uint8_t *)text, (uint32_t)strlen(text), ret_is_new);
}

static void
assert_token(const char *text, uint32_t token, bool is_new)
{
	bool found_new;

	assert_int_equal(find(text, &found_new), token);
	assert_int_equal(found_new, is_new);
}

static void
define(const char *text, uint32_t token)
{
	vega_symbols_define(&table, token, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void
test_in_order_of_first_sight(void **state)
{
	(void)state;
	assert_token("NIFTY 50", 1, true);
	assert_token("META    ", 2, true);
	assert_token("", 3, true);
	assert_token("NIFTY 50", 1, false);
	assert_token("META    ", 2, false);
	assert_token("", 3, false);
}

/* A name is its bytes and their number: zeros at its end count. */
static void
test_lengths(void **state)
{
	static const uint8_t text[VEGA_SYMBOLS_TEXT_BYTES + 1] = {0};
	bool is_new;

	(void)state;
	for (int again = 0; again < 2; again++) {
		for (uint32_t bytes = 0; bytes <= VEGA_SYMBOLS_TEXT_BYTES; bytes++) {
			assert_int_equal(
				vega_symbols_find(&table, text, bytes, &is_new), bytes + 1);
			assert_int_equal(is_new, !again);
		}
		assert_int_equal(vega_symbols_find(&table, text, sizeof(text), &is_new), 0);
		assert_false(is_new);
		assert_int_equal(table.lost_cnt, again + 1);
	}
}

/* Each byte of a name counts. */
static void
test_every_byte(void **state)
{
	uint8_t text[VEGA_SYMBOLS_TEXT_BYTES] = {0};
	bool is_new;

	(void)state;
	for (uint32_t i = 0; i < sizeof(text); i++) {
		memset(text, 'A', sizeof(text));
		text[i] = 'B';
		assert_int_equal(vega_symbols_find(&table, text, sizeof(text), &is_new), i + 1);
		assert_true(is_new);
	}
}

static void
test_defined_before(void **state)
{
	(void)state;
	define("INDIA VIX", 7);
	define("Nifty Bank", 3);
	assert_token("INDIA VIX", 7, false);
	assert_token("Nifty Bank", 3, false);
	assert_token("NIFTY 50", 8, true);
	define("Nifty Bank", 9); /* the last word counts */
	assert_token("Nifty Bank", 9, false);
	define("Nifty IT", 0);
	define("a name that is longer than any can be", 100);
	assert_token("Nifty IT", 10, true);
}

static void
test_tokens_end(void **state)
{
	(void)state;
	define("last", UINT32_MAX);
	assert_token("last", UINT32_MAX, false);
	assert_token("one more", 0, false);
	assert_int_equal(table.lost_cnt, 1);
}

/* More names than slots: each either keeps its token or never gets one. */
static void
test_full(void **state)
{
	static uint32_t tokens[2 * VEGA_SYMBOLS_SLOT_CNT];
	struct rng rng = {rng_seed(1)};
	const uint64_t salt = rng_next(&rng);
	uint32_t given = 0;

	(void)state;
	for (int again = 0; again < 2; again++) {
		for (uint32_t i = 0; i < VEGA_ARRAY_CNT(tokens); i++) {
			char text[24];
			bool is_new;

			(void)snprintf(
				text, sizeof(text), "%u %llx", i, (unsigned long long)(salt >> 20));
			if (again) {
				assert_int_equal(find(text, &is_new), tokens[i]);
				continue;
			}
			tokens[i] = find(text, &is_new);
			given += is_new;
			assert_int_equal(tokens[i], is_new ? given : 0);
		}
	}
	assert_in_range(given, VEGA_SYMBOLS_SLOT_CNT / 2, VEGA_SYMBOLS_SLOT_CNT);
	assert_int_equal(table.lost_cnt, 2 * (VEGA_ARRAY_CNT(tokens) - given));
}

/* A day later each name is new once more, and keeps its token. */
static void
test_each_day_anew(void **state)
{
	bool is_new;

	(void)state;
	assert_int_equal(find("BANKNIFTY", &is_new), 1);
	assert_int_equal(find("NIFTY", &is_new), 2);
	vega_symbols_new_day(&table);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(find("NIFTY", &is_new), 2);
		assert_int_equal(is_new, again == 0);
		assert_int_equal(find("BANKNIFTY", &is_new), 1);
		assert_int_equal(is_new, again == 0);
	}
	assert_int_equal(table.lost_cnt, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_in_order_of_first_sight, empty),
		cmocka_unit_test_setup(test_lengths, empty),
		cmocka_unit_test_setup(test_every_byte, empty),
		cmocka_unit_test_setup(test_defined_before, empty),
		cmocka_unit_test_setup(test_each_day_anew, empty),
		cmocka_unit_test_setup(test_tokens_end, empty),
		cmocka_unit_test_setup(test_full, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
