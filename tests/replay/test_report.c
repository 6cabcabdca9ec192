/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "replay/pace.h"
#include "replay/report.h"
#include "tests/lib/rng.h"

static struct vega_report report;

static int
setup(void **state)
{
	(void)state;
	vega_report_init(&report);
	report.output = "null";
	report.speed_millionths = VEGA_SPEED_UNIT;
	return 0;
}

/* Every value lies in its bucket, and buckets follow one another without hole or overlap. */
static void
test_buckets(void **state)
{
	uint64_t above = 0;

	(void)state;
	for (uint32_t i = 0; i < VEGA_HISTOGRAM_BUCKET_CNT; i++) {
		const uint64_t max = vega_histogram_bucket_max(i);

		assert_int_equal(vega_histogram_bucket(max), i);
		assert_int_equal(vega_histogram_bucket(above), i);
		assert_true((max - above) <= above / 64);
		above = max + 1;
	}
	assert_true(above == 0); /* the last bucket ends at UINT64_MAX */
}

static int
compare_u64(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left;
	const uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static void
test_quantiles_against_sort(void **state)
{
	enum {
		CNT = 20000
	};
	static uint64_t values[CNT];
	static const uint32_t permilles[] = {1, 250, 500, 900, 990, 999, 1000};
	struct vega_histogram *h = &report.error;
	struct rng rng = {rng_seed(3)};

	(void)state;
	for (size_t i = 0; i < CNT; i++) {
		values[i] = rng_next(&rng) >> (20 + rng_below(&rng, 44));
		vega_histogram_add(h, values[i]);
	}
	qsort(values, CNT, sizeof(values[0]), compare_u64);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(permilles); i++) {
		const uint64_t exact = values[(size_t)CNT * permilles[i] / 1000 - 1];
		const uint64_t told = vega_histogram_quantile(h, permilles[i]);

		assert_true(told >= exact && told - exact <= exact / 64);
	}
	assert_true(vega_histogram_quantile(h, 1000) == values[CNT - 1]);
	assert_true(h->min == values[0] && h->max == values[CNT - 1] && h->cnt == CNT);
}

static void
test_empty_and_single(void **state)
{
	struct vega_histogram *h = &report.error;

	(void)state;
	assert_int_equal(vega_histogram_quantile(h, 500), 0);
	vega_histogram_add(h, 1000003);
	assert_int_equal(
		vega_histogram_quantile(h, 1), 1000003); /* never above the largest value */
	assert_int_equal(vega_histogram_quantile(h, 1000), 1000003);
}

static json_int_t
key(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* What is taken out again was never there; the largest is known by its bucket. */
static void
test_remove(void **state)
{
	struct vega_histogram *h = &report.error;
	struct vega_histogram some;

	(void)state;
	vega_histogram_init(&some);
	for (uint64_t i = 0; i < 1000; i++) {
		vega_histogram_add(h, i * i);
		if (i % 3 != 0 || i > 900)
			vega_histogram_add(&some, i * i);
	}
	vega_histogram_remove(h, &some);
	assert_int_equal(h->cnt, 301);
	assert_true(h->max >= 900 * 900 && h->max <= 900 * 900 + 900 * 900 / 64);
	assert_true(vega_histogram_quantile(h, 500) >= 450 * 450);
	assert_true(vega_histogram_quantile(h, 500) <= 450 * 450 + 450 * 450 / 64);
	some = *h;
	vega_histogram_remove(h, &some);
	assert_int_equal(h->cnt, 0);
	assert_int_equal(h->max, 0);
}

/* A list that is full still counts; rows of packets are one entry. */
static void
test_disturbances(void **state)
{
	const uint64_t cnt = VEGA_REPORT_DISTURBANCE_CNT_MAX + 10;
	const json_t *list;
	json_t *json;

	(void)state;
	for (uint64_t i = 0; i < cnt; i++) {
		vega_report_departure(&report, 50);
		vega_report_departure(&report, 2000);
		vega_report_disturbed(&report, 10 * i, 2000);
		vega_report_departure(&report, 3000);
		vega_report_disturbed(&report, 10 * i + 1, 3000);
	}
	report.spun_ns = 70;
	report.away_ns = 7;
	report.away_cnt = 3;
	report.warm_up_cnt = 4;
	json = vega_report_json(&report);
	assert_non_null(json);
	assert_int_equal(key(json, "disturbed_count"), 2 * cnt);
	list = json_object_get(json, "disturbed_packets");
	assert_int_equal(json_array_size(list), VEGA_REPORT_DISTURBANCE_CNT_MAX);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(list, 7), 0)), 70);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(list, 7), 1)), 2);
	assert_int_equal(key(json, "undisturbed_error_ns_p50"), 50);
	assert_int_equal(key(json, "undisturbed_error_ns_max"), 50);
	assert_int_equal(key(json, "departure_error_ns_max"), 3000);
	assert_int_equal(key(json, "spun_ns"), 70);
	assert_int_equal(key(json, "away_ns"), 7);
	assert_int_equal(key(json, "away_count"), 3);
	assert_int_equal(key(json, "warm_up_count"), 4);
	json_decref(json);
}

static void
test_departures(void **state)
{
	json_t *json;

	(void)state;
	vega_report_burst(&report, 40);
	vega_report_departure(&report, 40);
	vega_report_departure(&report, 0);
	vega_report_early(&report, 7);
	vega_report_early(&report, 5);
	vega_report_departure(&report, VEGA_REPORT_LATE_NS);
	vega_report_departure(&report, 1 + VEGA_REPORT_LATE_NS);
	vega_report_burst(&report, 10);
	vega_report_departure(&report, 10);
	json = vega_report_json(&report);
	assert_non_null(json);
	assert_int_equal(key(json, "late_count"), 1);
	assert_int_equal(key(json, "early_count"), 2);
	assert_int_equal(key(json, "early_ns_max"), 7);
	assert_string_equal(json_string_value(json_object_get(json, "departures")), "spun");
	assert_true(json_is_null(json_object_get(json, "hand_over_lead_ns")));
	assert_int_equal(key(json, "drift_ns"), -30);
	assert_int_equal(key(json, "departure_error_ns_p50"), 40);
	assert_int_equal(key(json, "departure_error_ns_max"), 1 + VEGA_REPORT_LATE_NS);
	assert_true(json_real_value(json_object_get(json, "speed")) == 1.0);
	json_decref(json);
}

/* What a port does by itself is not told in figures of the sender's. */
static void
test_sent_by_the_port(void **state)
{
	static const char *const nulls[] = {"departure_error_ns_p50", "departure_error_ns_p99",
		"departure_error_ns_p999", "departure_error_ns_max", "drift_ns"};
	char path[] = "/tmp/test_report_XXXXXX";
	char page[65536] = "";
	json_t *json;
	FILE *file;
	int fd;

	(void)state;
	report.lead_ns = 1000000;
	report.late_cnt = 3;
	vega_timeline_due(&report.timeline, 1000, 4, 0, 0);
	vega_timeline_sent(&report.timeline, 900, 4);
	json = vega_report_json(&report);
	assert_non_null(json);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(nulls); i++)
		assert_true(json_is_null(json_object_get(json, nulls[i])));
	assert_string_equal(json_string_value(json_object_get(json, "departures")), "timestamp");
	assert_int_equal(key(json, "hand_over_lead_ns"), 1000000);
	assert_int_equal(key(json, "late_count"), 3);
	json_decref(json);

	fd = mkstemp(path);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(vega_report_write_page(&report, path), 0);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(page, 1, sizeof(page) - 1, file) > 0);
	(void)fclose(file);
	(void)unlink(path);
	assert_non_null(strstr(page, "Departures: sent on timestamp by the port"));
	assert_null(strstr(page, "Error over time"));
	assert_non_null(strstr(page, "original"));
}

static void
test_full_speed_has_no_error(void **state)
{
	static const char *const nulls[] = {"departure_error_ns_p50", "departure_error_ns_p99",
		"departure_error_ns_p999", "departure_error_ns_max", "late_count", "drift_ns",
		"departures"};
	json_t *json;

	(void)state;
	report.speed_millionths = 0;
	report.frames_taken = 12;
	report.tx.packets_sent = 10;
	report.tx.not_sent_not_udp = 2;
	json = vega_report_json(&report);
	assert_non_null(json);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(nulls); i++)
		assert_true(json_is_null(json_object_get(json, nulls[i])));
	assert_string_equal(json_string_value(json_object_get(json, "speed")), "max");
	assert_int_equal(key(json, "packets_read"), 12);
	assert_int_equal(key(json, "packets_sent"), 10);
	assert_int_equal(key(json, "not_sent_not_udp"), 2);
	json_decref(json);
}

static void
test_unwritable(void **state)
{
	(void)state;
	assert_int_equal(vega_report_write(&report, "/nonexistent/report.json"), -ENOENT);
	assert_int_equal(vega_err_status(), EX_CANTCREAT);
	assert_non_null(strstr(vega_err_text(), "/nonexistent/report.json"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_buckets, setup),
		cmocka_unit_test_setup(test_quantiles_against_sort, setup),
		cmocka_unit_test_setup(test_empty_and_single, setup),
		cmocka_unit_test_setup(test_remove, setup),
		cmocka_unit_test_setup(test_disturbances, setup),
		cmocka_unit_test_setup(test_departures, setup),
		cmocka_unit_test_setup(test_sent_by_the_port, setup),
		cmocka_unit_test_setup(test_full_speed_has_no_error, setup),
		cmocka_unit_test_setup(test_unwritable, setup),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
