/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "capture/feed/fields.h"

/* One of everything; what each style makes of it. */
static void
put_all(struct vega_text *text)
{
	vega_text_begin(text);
	vega_text_char(text, "c", 'x');
	vega_text_alpha(text, "a", (const uint8_t *)"A B  ", 5);
	vega_text_u64(text, "u", UINT64_MAX);
	vega_text_i64(text, "i", INT64_MIN);
	vega_text_price(text, "p", -1234567, 4);
	vega_text_hex(text, "h", (const uint8_t *)"\x00\xAF", 2);
	vega_text_open(text, "keys");
	vega_text_dec(text, -1);
	vega_text_str(text, ",");
	vega_text_dec(text, 2);
	vega_text_close(text);
	vega_text_list_begin(text, "l");
	for (uint64_t i = 1; i <= 2; i++) {
		vega_text_list_next(text);
		vega_text_u64(text, "n", i);
		vega_text_price(text, "px", 5, 2);
	}
	vega_text_list_end(text);
	vega_text_list_begin(text, "none");
	vega_text_list_end(text);
	vega_text_char(text, "blank", ' ');
	vega_text_end(text);
}

static const char *const all_of[] = {
	[VEGA_TEXT_LINE] =
		"c=x a=A B u=18446744073709551615 i=-9223372036854775808 p=-1234567 h=00af "
		"keys=-1,2 l=1/5;2/5 none= blank= ",
	[VEGA_TEXT_JSON] =
		"{\"c\":\"x\",\"a\":\"A B\",\"u\":18446744073709551615,\"i\":-9223372036854775808,"
		"\"p\":-1234567,\"h\":\"00af\",\"keys\":\"-1,2\","
		"\"l\":[{\"n\":1,\"px\":5},{\"n\":2,\"px\":5}],\"none\":[],\"blank\":\" \"}",
	[VEGA_TEXT_PEOPLE] =
		"c=x a=A B u=18446744073709551615 i=-9223372036854775808 p=-123.4567 h=00af "
		"keys=-1,2 l=[n=1 px=0.05; n=2 px=0.05] none=[] blank= ",
};

static void
test_styles(void **state)
{
	char buf[512];

	(void)state;
	for (uint32_t style = 0; style < VEGA_ARRAY_CNT(all_of); style++) {
		struct vega_text text = {.buf = buf, .bytes = sizeof(buf), .style = style};

		put_all(&text);
		assert_string_equal(buf, all_of[style]);
		assert_int_equal(text.used, strlen(buf));
		assert_false(text.cut);
	}
}

/* In a buffer of any size: what fits, a NUL behind it, and the truth about it. */
static void
test_cut_at_every_size(void **state)
{
	(void)state;
	for (uint32_t style = 0; style < VEGA_ARRAY_CNT(all_of); style++)
		for (size_t bytes = 1; bytes <= strlen(all_of[style]) + 1; bytes++) {
			char *buf = malloc(bytes);
			struct vega_text text = {.buf = buf, .bytes = bytes, .style = style};

			put_all(&text);
			assert_int_equal(text.used, bytes - 1);
			assert_memory_equal(buf, all_of[style], bytes - 1);
			assert_int_equal(buf[bytes - 1], '\0');
			assert_int_equal(text.cut, bytes <= strlen(all_of[style]));
			free(buf);
		}
}

static void
test_every_byte(void **state)
{
	uint8_t bytes[256];
	char buf[2048];
	struct vega_text text = {.buf = buf, .bytes = sizeof(buf)};
	json_t *json;
	const char *value;

	(void)state;
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(255 - i); /* the blank is not last */
	vega_text_alpha(&text, "t", bytes, sizeof(bytes));
	assert_memory_equal(buf + 2, bytes, sizeof(bytes));

	text.style = VEGA_TEXT_PEOPLE;
	vega_text_begin(&text);
	vega_text_alpha(&text, "t", bytes, sizeof(bytes));
	for (size_t i = 0; i < text.used; i++)
		assert_true(buf[i] >= ' ' && buf[i] <= '~');

	text.style = VEGA_TEXT_JSON;
	vega_text_begin(&text);
	vega_text_alpha(&text, "t", bytes, sizeof(bytes));
	vega_text_end(&text);
	json = json_loadb(buf, text.used, JSON_ALLOW_NUL, NULL);
	value = json_string_value(json_object_get(json, "t"));
	assert_non_null(value);
	for (uint32_t i = 0; i < sizeof(bytes); i++) {
		uint32_t code = (uint8_t)*value++;

		if (code >= 0x80)
			code = (code & 0x1F) << 6 | ((uint8_t)*value++ & 0x3F);
		assert_int_equal(code, bytes[i]);
	}
	json_decref(json);
}

static void
assert_price(int64_t value, uint8_t digits, const char *want)
{
	char buf[300];
	struct vega_text text = {.buf = buf, .bytes = sizeof(buf), .style = VEGA_TEXT_PEOPLE};

	vega_text_price(&text, "p", value, digits);
	assert_string_equal(buf + 2, want);
}

static void
test_prices(void **state)
{
	(void)state;
	assert_price(0, 0, "0");
	assert_price(0, 4, "0.0000");
	assert_price(-1, 4, "-0.0001");
	assert_price(9999, 4, "0.9999");
	assert_price(10000, 4, "1.0000");
	assert_price(INT64_MIN, 9, "-9223372036.854775808");
	assert_price(INT64_MAX, 9, "9223372036.854775807");
	assert_price(7, 25, "0.0000000000000000000000007");
	assert_price(-70, 0, "-70");
}

static void
test_behind_a_prefix(void **state)
{
	char buf[64];
	struct vega_text text = {.buf = buf, .bytes = sizeof(buf)};

	(void)state;
	vega_text_str(&text, "before");
	vega_text_u64(&text, "a", 1);
	assert_string_equal(buf, "before a=1");
	vega_text_str(&text, " ");
	vega_text_dec_u64(&text, UINT64_MAX);
	assert_string_equal(buf, "before a=1 18446744073709551615");
}

/* Fields of every kind and length, of either byte order, whole and cut off. */
static void
test_fields(void **state)
{
	static const struct vega_field fields[] = {VEGA_UINT_AT("u1", 0, 1),
		VEGA_UINT_AT("u2", 0, 2), VEGA_UINT_AT("u6", 0, 6), VEGA_UINT_AT("u8", 0, 8),
		VEGA_INT_AT("i1", 0, 1), VEGA_INT_AT("i2", 0, 2), VEGA_INT_AT("i8", 0, 8),
		VEGA_PRICE_AT("p4", 0, 4), VEGA_PRICE_AT("p8", 0, 8),
		{"q8", 0, 8, VEGA_FIELD_PRICE8, 0}, VEGA_TEXT_AT("t1", 8, 1),
		VEGA_TEXT_AT("t4", 8, 4), {"new", 0, 1, VEGA_FIELD_UINT, 7}, {0}};
	static const uint8_t data[] = {0xFF, 0x80, 0, 0, 0, 0, 0, 0x81, 'x', ' ', '*', '*'};
	char buf[512];
	struct vega_text text = {.buf = buf, .bytes = sizeof(buf)};
	struct vega_fields how = {.big_endian = true, .text_pad = '*', .version = 7};

	(void)state;
	assert_int_equal(vega_fields_bytes(fields), 12);
	vega_fields_put(&how, fields, data, sizeof(data), &text);
	assert_string_equal(buf,
		"u1=255 u2=65408 u6=280925220896768 u8=18410715276690587777 i1=-1 i2=-128 "
		"i8=-36028797018963839 p4=4286578688 p8=-36028797018963839 "
		"q8=18410715276690587777 t1=x t4=x");
	how.big_endian = false;
	vega_text_begin(&text);
	vega_fields_put(&how, fields, data, 7, &text);
	assert_string_equal(buf, "u1=255 u2=33023 u6=33023 i1=-1 i2=-32513 p4=33023");
	text.style = VEGA_TEXT_PEOPLE;
	vega_text_begin(&text);
	vega_fields_put(&how, fields, data, 1, &text);
	assert_string_equal(buf, "u1=255 i1=-1 new=255");
	how.version = 6;
	vega_text_begin(&text);
	vega_fields_put(&how, fields, data, 1, &text);
	assert_string_equal(buf, "u1=255 i1=-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_cut_at_every_size),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_prices),
		cmocka_unit_test(test_behind_a_prefix),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
