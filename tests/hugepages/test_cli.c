/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"

struct good {
	const char *text;
	uint64_t value;
};

static const struct good good_sizes[] = {
	{"0", 0},
	{"4096", 4096},
	{"010", 10}, /* not octal */
	{"7B", 7},
	{"64KiB", 65536},
	{"256MiB", 256ull << 20},
	{"4GiB", 4ull << 30},
	{"2TiB", 2ull << 40},
	{"18446744073709551615", UINT64_MAX},
	{"16777215TiB", 16777215ull << 40},
};

static const char *const bad_sizes[] = {"", " 1", "1 ", "-1", "+1", "1.5GiB", "64KB", "64kib",
	"64K", "MiB", "0x10", "1MiBx", "1 MiB", "18446744073709551616", "16777216TiB",
	"99999999999999999999999"};

static const struct good good_durations[] = {{"50ns", 50}, {"250us", 250000}, {"100ms", 100000000},
	{"10s", 10000000000}, {"5m", 300000000000}, {"1h", 3600000000000}, {"1d", 86400000000000},
	{"0s", 0}};

static const char *const bad_durations[] = {
	"", "10", "s", "1.5s", "-1s", "10 s", "10S", "10sec", "18446744073709551615us", "213504d"};

/* The message names what was read and the text that was found; the value is untouched. */
static void
assert_refused(int rc, uint64_t value, const char *text)
{
	assert_int_equal(rc, -EINVAL);
	assert_int_equal(value, 77);
	assert_non_null(strstr(vega_err_text(), "some_key"));
	assert_non_null(strstr(vega_err_text(), text));
	assert_int_equal(vega_err_status(), EX_USAGE);
}

static void
test_sizes(void **state)
{
	uint64_t value;
	int rc;

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(good_sizes); i++) {
		assert_int_equal(vega_parse_size("some_key", good_sizes[i].text, &value), 0);
		assert_int_equal(value, good_sizes[i].value);
	}
	for (size_t i = 0; i < VEGA_ARRAY_CNT(bad_sizes); i++) {
		value = 77;
		rc = vega_parse_size("some_key", bad_sizes[i], &value);
		assert_refused(rc, value, bad_sizes[i]);
	}
}

static void
test_durations(void **state)
{
	uint64_t value;
	int rc;

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(good_durations); i++) {
		assert_int_equal(
			vega_parse_duration("some_key", good_durations[i].text, &value), 0);
		assert_int_equal(value, good_durations[i].value);
	}
	for (size_t i = 0; i < VEGA_ARRAY_CNT(bad_durations); i++) {
		value = 77;
		rc = vega_parse_duration("some_key", bad_durations[i], &value);
		assert_refused(rc, value, bad_durations[i]);
	}
}

static void
test_whole_numbers(void **state)
{
	static const char *const bad[] = {"", "4", "11", "7x", "0x7", "-7", "7.0", " 7", "7KiB"};
	uint64_t value;
	int rc;

	(void)state;
	assert_int_equal(vega_parse_u64("some_key", "5", 5, 10, &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(vega_parse_u64("some_key", "10", 5, 10, &value), 0);
	assert_int_equal(value, 10);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(bad); i++) {
		value = 77;
		rc = vega_parse_u64("some_key", bad[i], 5, 10, &value);
		assert_refused(rc, value, bad[i]);
	}
}

static void
test_fractions(void **state)
{
	static const char *const bad[] = {"", "x", "1.5x", "nan", "inf", "1e999", "-0.1", "10.1"};
	double value;

	(void)state;
	assert_int_equal(vega_parse_double("some_key", "2.5", 0, 10, &value), 0);
	assert_true(value > 2.49 && value < 2.51);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(bad); i++)
		assert_int_equal(vega_parse_double("some_key", bad[i], 0, 10, &value), -EINVAL);
}

static void
test_texts(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(vega_text_bytes(buf, 0), "0 B");
	assert_string_equal(vega_text_bytes(buf, 1023), "1023 B");
	assert_string_equal(vega_text_bytes(buf, 1280ull << 20), "1.25 GiB");
	assert_string_equal(vega_text_bytes(buf, UINT64_MAX), "16.00 EiB");
	assert_string_equal(vega_text_count(buf, 999), "999");
	assert_string_equal(vega_text_count(buf, 3200000), "3.20 M");
}

struct verb_options {
	const char *operand;
	bool json;
};

static error_t
parse_verb(int key, char *arg, struct argp_state *state)
{
	struct verb_options *o = state->input;

	if (key == ARGP_KEY_ARG)
		assert_string_equal(state->name, "vega-x ls");
	if (key == 'j')
		o->json = true;
	else if (key == ARGP_KEY_ARG && strcmp(arg, "bad") == 0)
		return VEGA_ERR(-EBADMSG, "need another operand, found '%s'", arg);
	else if (key == ARGP_KEY_ARG)
		o->operand = arg;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static int
verb_ls(const struct verb_options *o)
{
	if (strcmp(o->operand, "none") == 0)
		return VEGA_ERR(-ENOENT, "need one, found none");
	return o->json ? EX_UNAVAILABLE : 0;
}

static int
run_ls(const char *operand, bool json)
{
	static const struct argp_option options[] = {{"json", 'j', NULL, 0, "JSON", 0}, {0}};
	static const struct vega_verb verbs[] = {{"ls", "list", options, "List.", verb_ls}, {0}};
	static const struct vega_program program = {.name = "vega-x",
		.doc = "doc",
		.parse = parse_verb,
		.operands = "X",
		.verbs = verbs};
	char name[] = "/usr/bin/vega-x";
	char verb[16];
	char text[16];
	char option[] = "--json";
	char *argv[] = {name, verb, text, option, NULL};
	struct verb_options o = {0};

	(void)snprintf(verb, sizeof(verb), "%s", operand != NULL ? "ls" : "unknown");
	(void)snprintf(text, sizeof(text), "%s", operand != NULL ? operand : "x");
	return vega_cli_verb(json ? 4 : 3, argv, &program, &o);
}

static void
test_verbs(void **state)
{
	static const struct vega_verb none[] = {{0}};
	static const struct vega_program empty = {.verbs = none};
	char name[] = "vega-x";
	char *argv[] = {name, NULL};

	(void)state;
	assert_int_equal(run_ls("operand", false), 0);
	assert_int_equal(run_ls("operand", true), EX_UNAVAILABLE);
	assert_int_equal(run_ls("none", false), EX_NOINPUT);
	assert_int_equal(run_ls("bad", false), EX_DATAERR);
	assert_int_equal(run_ls(NULL, false), EX_USAGE);
	assert_int_equal(vega_cli_verb(1, argv, &empty, NULL), EX_USAGE);
}

/* Any bytes make a string; what is UTF-8 stays as it is. */
static void
test_json_text(void **state)
{
	static const char *const texts[][2] = {{"", ""}, {"plain", "plain"},
		{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
		{"a\xFF"
		 "b\xC3\xA9",
			"a\xEF\xBF\xBD"
			"b\xC3\xA9"},
		{"cut\xE2\x82", "cut\xEF\xBF\xBD\xEF\xBF\xBD"},
		{"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"}};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(texts); i++) {
		json_t *json = vega_json_text(texts[i][0]);

		assert_non_null(json);
		assert_string_equal(json_string_value(json), texts[i][1]);
		json_decref(json);
	}
	assert_true(json_is_null(vega_json_text(NULL)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_text),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_fractions),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_verbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
