/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"

#define S    1000000000ull
#define HOUR (3600 * S)

static struct vega_zone *
zone_of(const char *iana, uint32_t day_start_s)
{
	struct vega_zone *zone = NULL;

	assert_int_equal(vega_zone_new(iana, day_start_s, &zone), 0);
	return zone;
}

static uint64_t
at(const char *text)
{
	uint64_t ns = 0;

	assert_int_equal(vega_parse_time("at", text, NULL, 0, &ns), 0);
	return ns;
}

static void
assert_day(const struct vega_zone *zone, const char *time, uint32_t name, const char *begin,
	const char *end)
{
	const struct vega_day day = vega_zone_day(zone, at(time));

	assert_int_equal(day.yyyymmdd, name);
	assert_int_equal(day.begin_ns, at(begin));
	assert_int_equal(day.end_ns, at(end));
}

static void
test_utc(void **state)
{
	struct vega_zone *zone = zone_of("UTC", 0);

	(void)state;
	assert_day(zone, "1970-01-01T00:00:00Z", 19700101, "1970-01-01T00:00:00Z",
		"1970-01-02T00:00:00Z");
	assert_day(zone, "2024-02-29T23:59:59.999999999Z", 20240229, "2024-02-29T00:00:00Z",
		"2024-03-01T00:00:00Z");
	assert_day(zone, "2100-03-01T00:00:00Z", 21000301, "2100-03-01T00:00:00Z",
		"2100-03-02T00:00:00Z");
	assert_true(vega_zone_day(zone, UINT64_MAX).end_ns == UINT64_MAX);
	vega_zone_delete(zone);
}

static void
test_kolkata(void **state)
{
	struct vega_zone *zone = zone_of("Asia/Kolkata", 0);

	(void)state;
	assert_day(zone, "2026-11-20T18:29:59.999999999Z", 20261120, "2026-11-20T00:00:00+05:30",
		"2026-11-21T00:00:00+05:30");
	assert_day(zone, "2026-11-20T18:30:00Z", 20261121, "2026-11-20T18:30:00Z",
		"2026-11-21T18:30:00Z");
	assert_int_equal(vega_zone_day(zone, 0).yyyymmdd, 19700101);
	assert_int_equal(vega_zone_day(zone, 0).begin_ns, 0);
	vega_zone_delete(zone);
}

/* New York: 23 hours on 2026-03-08, 25 hours on 2026-11-01. */
static void
test_new_york_dst(void **state)
{
	struct vega_zone *zone = zone_of("America/New_York", 0);

	(void)state;
	assert_day(zone, "2026-03-08T12:00:00-04:00", 20260308, "2026-03-08T00:00:00-05:00",
		"2026-03-09T00:00:00-04:00");
	assert_day(zone, "2026-11-01T12:00:00-05:00", 20261101, "2026-11-01T00:00:00-04:00",
		"2026-11-02T00:00:00-05:00");
	assert_int_equal(vega_zone_day(zone, 0).yyyymmdd, 19691231);
	vega_zone_delete(zone);
}

/* A day that begins in the hour that is skipped, and in the one that comes twice. */
static void
test_day_start_in_dst_change(void **state)
{
	struct vega_zone *zone = zone_of("America/New_York", 5400);    /* 01:30 */
	struct vega_zone *skipped = zone_of("America/New_York", 9000); /* 02:30 */

	(void)state;
	assert_day(zone, "2026-11-01T01:30:00-04:00", 20261101, "2026-11-01T01:30:00-04:00",
		"2026-11-02T01:30:00-05:00");
	/* 01:10 for the second time: the day that has begun goes on */
	assert_day(zone, "2026-11-01T01:10:00-05:00", 20261101, "2026-11-01T01:30:00-04:00",
		"2026-11-02T01:30:00-05:00");
	assert_day(skipped, "2026-03-08T03:00:00-04:00", 20260308, "2026-03-08T07:00:00Z",
		"2026-03-09T02:30:00-04:00");
	assert_day(skipped, "2026-03-08T06:59:59Z", 20260307, "2026-03-07T02:30:00-05:00",
		"2026-03-08T07:00:00Z");
	vega_zone_delete(zone);
	vega_zone_delete(skipped);
}

/* A futures day that begins in the evening is named by the date it begins on. */
static void
test_day_start_evening(void **state)
{
	struct vega_zone *zone = zone_of("America/Chicago", 18 * 3600);
	uint64_t ns;

	(void)state;
	assert_day(zone, "2026-11-20T17:59:59.999999999-06:00", 20261119,
		"2026-11-19T18:00:00-06:00", "2026-11-20T18:00:00-06:00");
	assert_day(zone, "2026-11-20T18:00:00-06:00", 20261120, "2026-11-20T18:00:00-06:00",
		"2026-11-21T18:00:00-06:00");
	assert_int_equal(vega_parse_time("t", "18:00", zone, 20261120, &ns), 0);
	assert_int_equal(ns, at("2026-11-20T18:00:00-06:00"));
	assert_int_equal(vega_parse_time("t", "17:59:59.5", zone, 20261120, &ns), 0);
	assert_int_equal(ns, at("2026-11-21T17:59:59.5-06:00"));
	vega_zone_delete(zone);
}

/* Every hour of some years: days hold their times and join without a hole or an overlap. */
static void
test_days_join(void **state)
{
	static const char *const zones[] = {"Europe/London", "America/New_York",
		"Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kolkata"};

	(void)state;
	for (size_t z = 0; z < VEGA_ARRAY_CNT(zones); z++) {
		struct vega_zone *zone = zone_of(zones[z], 5400);
		struct vega_day last = vega_zone_day(zone, at("2010-01-01T00:00:00Z"));

		for (uint64_t ns = last.begin_ns; ns < at("2013-01-01T00:00:00Z"); ns += HOUR / 2) {
			const struct vega_day day = vega_zone_day(zone, ns);

			assert_true(day.begin_ns <= ns && ns < day.end_ns);
			if (day.yyyymmdd != last.yyyymmdd) {
				assert_int_equal(day.begin_ns, last.end_ns);
				assert_true(day.yyyymmdd > last.yyyymmdd);
			}
			last = day;
		}
		vega_zone_delete(zone);
	}
}

/* The table against the C library, at every hour of a year. */
static void
test_against_libc(void **state)
{
	struct vega_zone *zone = zone_of("America/New_York", 0);

	(void)state;
	assert_int_equal(setenv("TZ", ":America/New_York", 1), 0);
	tzset();
	for (uint64_t ns = at("2031-01-01T00:00:00Z"); ns < at("2032-01-01T00:00:00Z");
		ns += HOUR) {
		const time_t t = (time_t)(ns / S);
		struct tm tm;

		assert_non_null(localtime_r(&t, &tm));
		assert_int_equal(vega_zone_day(zone, ns).yyyymmdd,
			(tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
	}
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
	vega_zone_delete(zone);
}

static void
test_tz_is_restored(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZ", "XYZ3", 1), 0);
	vega_zone_delete(zone_of("Asia/Kolkata", 0));
	assert_string_equal(getenv("TZ"), "XYZ3");
	assert_int_equal(unsetenv("TZ"), 0);
	vega_zone_delete(zone_of("Asia/Kolkata", 0));
	assert_null(getenv("TZ"));
}

static void
test_bad_zones(void **state)
{
	static const char *const bad[] = {"", "Asia/Kolkatta", "IST", "/etc/passwd",
		"../zoneinfo/UTC", "Asia", "right/Asia/Kolkata", "zone.tab",
		"EST5EDT4,M3.2.0,M11.1.0",
		"A_name_that_is_longer_than_any_zone_there_is_in_the_database"};
	struct vega_zone *zone = NULL;

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(bad); i++) {
		assert_int_equal(vega_zone_new(bad[i], 0, &zone), -EINVAL);
		assert_null(zone);
		assert_non_null(strstr(vega_err_text(), bad[i]));
		assert_int_equal(vega_err_status(), EX_CONFIG);
	}
	assert_int_equal(vega_zone_new("UTC", 86400, &zone), -EINVAL);
}

static void
test_bad_days(void **state)
{
	static const uint32_t bad[] = {0, 19691230, 20260229, 20261301, 20260001, 20260100,
		20260132, 20261131, 25540722, 99999999, UINT32_MAX};
	struct vega_zone *zone = zone_of("UTC", 0);
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(bad); i++)
		assert_int_equal(vega_parse_time("t", "12:00", zone, bad[i], &ns), -EINVAL);
	vega_zone_delete(zone);
}

static void
test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{"0", 0},
		{"18446744073709551615", UINT64_MAX},
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T00:00:00.000000001Z", 1},
		{"1970-01-01T05:30:00+05:30", 0},
		{"1969-12-31T19:00:00-05:00", 0},
		{"2026-11-20T09:15:00.000000001+05:30", 1795146300000000001},
		{"2026-11-20t09:15:00.5z", 1795166100500000000},
		{"2026-11-20 09:15:00.123456789Z", 1795166100123456789},
		{"2554-07-21T23:34:33.709551615Z", UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(good); i++)
		assert_int_equal(at(good[i].text), good[i].ns);
}

static void
test_bad_times(void **state)
{
	static const char *const bad[] = {"", "x", "-1", "+1", "1.5", " 1", "18446744073709551616",
		"2026-11-20", "2026-11-20T09:15:00", "2026-11-20T09:15Z", "2026-11-20T09:15:00.Z",
		"2026-11-20T09:15:00.1234567890Z", "2026-11-20T24:00:00Z", "2026-11-20T09:60:00Z",
		"2026-11-20T09:15:60Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-11-20T09:15:00+5:30", "2026-11-20T09:15:00+0530", "2026-11-20T09:15:00+24:00",
		"2026-11-20T09:15:00+05:60", "2026-11-20T09:15:00Zx", "2026-11-20T09:15:00.5",
		"1969-12-31T23:59:59Z", "2554-07-21T23:34:33.709551616Z", "2026-1-20T09:15:00Z",
		"20261120T091500Z"};
	static const char *const bad_clocks[] = {"09:", "9:15", "09:5", "24:00", "09:60",
		"09:15:", "09:15:60", "09:15:00.", "09:15:00.1234567890", "09:15Z", "09:15:00x",
		"0x:15"};
	struct vega_zone *zone = zone_of("Asia/Kolkata", 0);
	uint64_t ns = 77;

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(bad); i++) {
		assert_int_equal(vega_parse_time("--from", bad[i], zone, 20261120, &ns), -EINVAL);
		assert_non_null(strstr(vega_err_text(), "--from"));
		assert_non_null(strstr(vega_err_text(), bad[i]));
	}
	for (size_t i = 0; i < VEGA_ARRAY_CNT(bad_clocks); i++)
		assert_int_equal(
			vega_parse_time("--from", bad_clocks[i], zone, 20261120, &ns), -EINVAL);
	assert_int_equal(vega_parse_time("--from", "09:15", NULL, 0, &ns), -EINVAL);
	assert_int_equal(vega_parse_time("--from", "09:15", zone, 0, &ns), -EINVAL);
	assert_int_equal(vega_parse_time("--from", "09:15", zone, 20260230, &ns), -EINVAL);
	assert_int_equal(ns, 77);
	vega_zone_delete(zone);
}

static void
test_clock_of_day(void **state)
{
	struct vega_zone *zone = zone_of("Asia/Kolkata", 0);
	uint64_t ns;

	(void)state;
	assert_int_equal(vega_parse_time("t", "09:15", zone, 20261120, &ns), 0);
	assert_int_equal(ns, at("2026-11-20T09:15:00+05:30"));
	assert_int_equal(vega_parse_time("t", "09:15:07", zone, 20261120, &ns), 0);
	assert_int_equal(ns, at("2026-11-20T09:15:07+05:30"));
	assert_int_equal(vega_parse_time("t", "23:59:59.999999999", zone, 20261120, &ns), 0);
	assert_int_equal(ns, at("2026-11-20T23:59:59.999999999+05:30"));
	vega_zone_delete(zone);
}

static void
test_texts(void **state)
{
	char buf[40];

	(void)state;
	assert_string_equal(vega_text_time(buf, 0), "1970-01-01T00:00:00.000000000Z");
	assert_string_equal(vega_text_time(buf, UINT64_MAX), "2554-07-21T23:34:33.709551615Z");
	assert_string_equal(vega_text_time(buf, at("2026-11-20T09:15:00.000000001+05:30")),
		"2026-11-20T03:45:00.000000001Z");
	for (uint64_t ns = 12345; ns < 18000000000 * S; ns += 77777777 * S + 1)
		assert_int_equal(at(vega_text_time(buf, ns)), ns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utc),
		cmocka_unit_test(test_kolkata),
		cmocka_unit_test(test_new_york_dst),
		cmocka_unit_test(test_day_start_in_dst_change),
		cmocka_unit_test(test_day_start_evening),
		cmocka_unit_test(test_days_join),
		cmocka_unit_test(test_against_libc),
		cmocka_unit_test(test_tz_is_restored),
		cmocka_unit_test(test_bad_zones),
		cmocka_unit_test(test_bad_days),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_bad_times),
		cmocka_unit_test(test_clock_of_day),
		cmocka_unit_test(test_texts),
	};

	/* Without the database only UTC is known. */
	if (access("/usr/share/zoneinfo/Asia/Kolkata", R_OK) != 0) {
		(void)puts("no time zone database (package tzdata)");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
