/* SPDX-License-Identifier: BSD-3-Clause */
/* Records as text: values exact, what is not given left out, any bytes without harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/record_text.h"
#include "tests/lib/rng.h"

#define HEAD(kind, flags) ((uint64_t)(kind) << 48 | (uint64_t)(flags) << 56)

static void
check(const union vega_record *r, const union vega_record *wide, const char *line)
{
	char buf[VEGA_RECORD_TEXT_BYTES];

	assert_int_equal(vega_record_text(r, wide, VEGA_RECORD_LINE, buf), strlen(line));
	assert_string_equal(buf, line);
}

static void
test_line(void **state)
{
	const union vega_record trade = {.trade = {.head = HEAD(VEGA_TRADE, VEGA_RECORD_LAST),
						 .instrument = 35003,
						 .qty = 50,
						 .trade_id = UINT64_MAX,
						 .price = -5}};
	const union vega_record packet = {
		.packet = {.head = HEAD(VEGA_PACKET,
				   VEGA_RECORD_FRAME_LOST | VEGA_RECORD_ACTION(VEGA_PACKET_IDLE)),
			.channel = 3,
			.line = 'B',
			.port = 1,
			.seq = UINT64_MAX}};
	const union vega_record gap = {.gap = {.head = HEAD(VEGA_GAP, 0),
					       .channel = 1,
					       .state = VEGA_GAP_FILLED | 'A' << 8,
					       .first = 7,
					       .cnt = 2}};

	(void)state;
	check(&trade, NULL,
		"TRADE instrument=35003 flags=last side=buy qty=50 trade_id=18446744073709551615 "
		"price=-5 condition=0");
	check(&packet, NULL, "PACKET channel=3 action=idle line=B port=1 messages=0");
	check(&gap, NULL, "GAP channel=1 state=filled line=A first=7 cnt=2");
}

/* The high halves: a price is signed over all 64 bits, counts of orders have 28. */
static void
test_wide(void **state)
{
	const union vega_record level = {
		.level = {.head = HEAD(VEGA_LEVEL, VEGA_RECORD_WIDE),
			.instrument = 1,
			.level = VEGA_LEVEL_WORD(2, VEGA_SIDE_BID | VEGA_SIDE_ASK, 0x123, 0xFFF),
			.bid_price = -1,
			.bid_qty = 1,
			.ask_price = 5,
			.ask_qty = 2}};
	const union vega_record wide = {.wide = {.head = HEAD(VEGA_WIDE, 0),
						.instrument = 1,
						.high = {0x00010002, 0xFFFFFFFF, 1, 2, 0}}};
	const union vega_record bid = {.level = {.head = HEAD(VEGA_LEVEL, 0),
					       .instrument = 1,
					       .level = VEGA_LEVEL_WORD(1, VEGA_SIDE_BID, 1, 0),
					       .bid_price = 10}};

	(void)state;
	check(&level, &wide,
		"LEVEL instrument=1 action=set level=2 bid=-1 bid_qty=4294967297 bid_orders=8483 "
		"ask=8589934597 ask_qty=2 ask_orders=8191");
	check(&bid, &wide, "LEVEL instrument=1 action=set level=1 bid=10 bid_qty=0 bid_orders=1");
}

static void
test_json(void **state)
{
	union vega_record d = {.definition = {.head = HEAD(VEGA_DEFINITION, 0),
				       .instrument = 9,
				       .part_cnt = 1,
				       .digits = 255,
				       .text = "A\"\\\x1b\xff B"}};
	char buf[VEGA_RECORD_TEXT_BYTES];

	(void)state;
	(void)vega_record_text(&d, NULL, VEGA_RECORD_JSON, buf);
	assert_string_equal(buf, "\"kind\":\"DEFINITION\",\"instrument\":9,\"part\":0,"
				 "\"part_cnt\":1,\"text\":\"A\\\"\\\\?? B\"");
}

/* Any bytes: no text runs over, and as JSON each is an object. */
static void
test_any_bytes(void **state)
{
	struct rng rng = {rng_seed(1)};
	char buf[VEGA_RECORD_TEXT_BYTES];
	char object[VEGA_RECORD_TEXT_BYTES + 8];
	union vega_record r[2];

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		json_error_t error;
		json_t *json;

		for (uint32_t w = 0; w < 8; w++)
			r[w / 4].word[w % 4] = rng_one_in(&rng, 4) ? UINT64_MAX : rng_next(&rng);
		r[0].word[0] = (r[0].word[0] & ~(0xFFull << 48)) | (uint64_t)(i % 40) << 48;
		r[1].word[0] = HEAD(VEGA_WIDE, 0);
		assert_true(vega_record_text(&r[0], &r[1], VEGA_RECORD_LINE, buf) < 512);
		(void)vega_record_text(&r[0], &r[1], VEGA_RECORD_JSON, buf);
		(void)snprintf(object, sizeof(object), "{%s}", buf);
		json = json_loads(object, JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &error);
		if (json == NULL)
			fail_msg("%s: %s", object, error.text);
		json_decref(json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests_name("record text", tests, NULL, NULL);
}
