/* SPDX-License-Identifier: BSD-3-Clause */
/* What a region says of itself: sums, states, JSON; and that no control file, whatever its bytes, harms the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "hugepages/stat.h"
#include "tests/lib/rng.h"

#define SECOND_NS 1000000000ull

static struct vega_control_image *image;
static struct vega_region region;
static struct vega_stat stat_now;
static struct vega_stat stat_before;

/* A region of two feeds, one lcore, one port, whose ledgers hold. */
static int
setup(void **state)
{
	(void)state;
	image = calloc(1, sizeof(*image));
	assert_non_null(image);
	region = (struct vega_region){.control = &image->control};
	image->control = (struct vega_control){.magic = VEGA_CONTROL_MAGIC,
		.generation = 5 * SECOND_NS,
		.state = VEGA_STATE_LIVE,
		.heartbeat_ns = 7 * SECOND_NS,
		.pid = 4711,
		.memory = VEGA_MEMORY_SHM,
		.feed_cnt = 2,
		.lane_cnt = 2,
		.lcore_cnt = 1,
		.port_cnt = 1,
		.name = "vega"};
	memcpy(image->feeds[0].name, "NSE_FO", 7);
	memcpy(image->feeds[1].name, "default.0", 10);
	image->feeds[0].record_lane = image->feeds[1].record_lane = UINT32_MAX;
	image->feeds[1].frame_lane = 1;
	image->rx[0].packets_published = 100;
	image->rx[0].bytes_published = 20000;
	image->rx[0].packets_framed = 97;
	image->rx[0].lost_lane_full = 3;
	image->rx[1].packets_published = 10;
	image->rx[1].bytes_published = 2000;
	image->rx[1].packets_framed = 10;
	image->rx[1].drop_lane_full = 4;
	image->rx[1].drop_oversize = 1;
	image->drain[0].lost_disk = 7;
	image->drain[0].durable_frames = 90;
	image->lcores[0].packets_polled = 115;
	image->ports[0].drop_missed = 20;
	image->ports[0].drop_nombuf = 2;
	memcpy(image->ports[0].name, "nse_a", 6);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static void
both_ledgers_hold(void **state)
{
	struct vega_totals t;

	(void)state;
	vega_stat_take(&region, true, 8 * SECOND_NS, &stat_now);
	vega_stat_totals(&stat_now, &t);
	assert_int_equal(t.packets_received, 115 + 22);
	assert_int_equal(t.packets_published, 110);
	assert_int_equal(t.packets_dropped, 4 + 1 + 22);
	assert_int_equal(t.packets_unaccounted, 0);
	assert_int_equal(t.frames_lost, 3 + 7);
	assert_int_equal(t.packets_framed, 107 - 7);
	assert_int_equal(t.packets_published, t.packets_framed + t.frames_lost);
	assert_int_equal(t.bytes, 22000);
}

static void
a_packet_that_vanished_shows(void **state)
{
	struct vega_totals t;

	(void)state;
	image->lcores[0].packets_polled += 3;
	vega_stat_take(&region, true, 8 * SECOND_NS, &stat_now);
	vega_stat_totals(&stat_now, &t);
	assert_int_equal(t.packets_unaccounted, 3);
	image->lcores[0].packets_polled -= 4;
	vega_stat_take(&region, true, 8 * SECOND_NS, &stat_now);
	vega_stat_totals(&stat_now, &t);
	assert_int_equal(t.packets_unaccounted, -1);
}

static void
four_states(void **state)
{
	(void)state;
	vega_stat_take(&region, true, 0, &stat_now);
	assert_string_equal(vega_stat_state(&stat_now), "live");
	vega_stat_take(&region, false, 0, &stat_now);
	assert_string_equal(vega_stat_state(&stat_now), "dead");
	image->control.state = VEGA_STATE_STOPPED;
	vega_stat_take(&region, false, 0, &stat_now);
	assert_string_equal(vega_stat_state(&stat_now), "stopped");
	image->control.state = VEGA_STATE_SUPERSEDED;
	vega_stat_take(&region, true, 0, &stat_now);
	assert_string_equal(vega_stat_state(&stat_now), "superseded");
	image->control.state = 99;
	vega_stat_take(&region, true, 0, &stat_now);
	assert_string_equal(vega_stat_state(&stat_now), "unknown");
}

static json_int_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void
json_has_every_counter_once(void **state)
{
	static const struct {
		enum vega_group group;
		const char *array;
	} where[] = {{VEGA_GROUP_RX, "feeds"}, {VEGA_GROUP_DRAIN, "feeds"},
		{VEGA_GROUP_LCORE, "lcores"}, {VEGA_GROUP_PORT, "ports"}};
	json_t *object;

	(void)state;
	vega_stat_take(&region, true, 8 * SECOND_NS, &stat_now);
	object = vega_stat_json(&stat_now, NULL, NULL);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(where); i++) {
		const struct vega_counter_group *g = &vega_counter_groups[where[i].group];
		const json_t *first = json_array_get(json_object_get(object, where[i].array), 0);
		const uint64_t *cells = vega_stat_cells(&stat_now, where[i].group, 0);

		for (uint32_t k = 0; k < g->counter_cnt; k++)
			assert_int_equal(number(first, g->counters[k].name), cells[k]);
	}
	json_decref(object);
}

static void
json_of_the_whole(void **state)
{
	json_t *object;
	const json_t *drops;

	(void)state;
	vega_stat_take(&region, false, 8 * SECOND_NS, &stat_now);
	object = vega_stat_json(&stat_now, NULL, NULL);
	assert_string_equal(json_string_value(json_object_get(object, "region")), "vega");
	assert_string_equal(json_string_value(json_object_get(object, "state")), "dead");
	assert_string_equal(json_string_value(json_object_get(object, "memory")), "shm");
	assert_int_equal(number(object, "generation"), 5 * SECOND_NS);
	assert_int_equal(number(object, "heartbeat_age_ns"), SECOND_NS);
	assert_int_equal(number(object, "pid"), 4711);
	assert_int_equal(number(object, "packets_received"), 137);
	assert_int_equal(number(object, "packets_framed"), 100);
	assert_int_equal(number(object, "frames_lost"), 10);
	drops = json_object_get(object, "packets_dropped");
	assert_int_equal(number(drops, "lane_full"), 4);
	assert_int_equal(number(drops, "oversize"), 1);
	assert_int_equal(number(drops, "missed"), 20);
	assert_int_equal(number(drops, "nombuf"), 2);
	assert_int_equal(number(drops, "errors"), 0);
	assert_int_equal(number(json_object_get(object, "frames_lost_by_cause"), "disk"), 7);
	assert_int_equal(json_array_size(json_object_get(object, "feeds")), 2);
	json_decref(object);
}

static void
one_feed_or_all_defaults(void **state)
{
	json_t *object;

	(void)state;
	vega_stat_take(&region, true, 0, &stat_now);
	assert_true(vega_stat_feed_wanted(&stat_now, 1, "default"));
	assert_true(vega_stat_feed_wanted(&stat_now, 1, "default.0"));
	assert_false(vega_stat_feed_wanted(&stat_now, 1, "default.1"));
	assert_false(vega_stat_feed_wanted(&stat_now, 0, "default"));
	object = vega_stat_json(&stat_now, NULL, "NSE_FO");
	assert_int_equal(json_array_size(json_object_get(object, "feeds")), 1);
	assert_int_equal(number(object, "packets_published"), 110);
	json_decref(object);
}

static void
rates_between_two_reports(void **state)
{
	const json_t *feed;
	json_t *object;

	(void)state;
	vega_stat_take(&region, true, 10 * SECOND_NS, &stat_before);
	image->rx[0].packets_published += 500;
	image->drain[0].durable_ns = 77;
	vega_stat_take(&region, true, 12 * SECOND_NS, &stat_now);
	object = vega_stat_json(&stat_now, &stat_before, NULL);
	feed = json_array_get(json_object_get(object, "feeds"), 0);
	assert_true(json_real_value(json_object_get(feed, "packets_published_per_s")) == 250.0);
	assert_true(json_real_value(json_object_get(object, "packets_published_per_s")) == 250.0);
	assert_null(json_object_get(feed, "durable_ns_per_s"));
	json_decref(object);
	object = vega_stat_json(&stat_now, &stat_now, NULL);
	assert_null(json_object_get(object, "packets_published_per_s"));
	json_decref(object);
}

/* Random bytes, biased to counts around their maxima: a report comes out, whatever it says. */
static void
any_bytes_make_a_report(void **state)
{
	struct rng rng = {.state = rng_seed(1)};

	(void)state;
	for (int round = 0; round < 100; round++) {
		uint64_t *words = (uint64_t *)(void *)image;
		struct vega_totals t;
		json_t *object;
		char *text;

		for (size_t i = 0; i < sizeof(*image) / sizeof(*words); i++)
			words[i] = rng_next(&rng);
		if (rng_one_in(&rng, 2)) {
			image->control.feed_cnt =
				(uint32_t)(VEGA_FEED_CNT_MAX - 1 + rng_below(&rng, 3));
			image->control.lane_cnt =
				(uint32_t)(VEGA_LANE_CNT_MAX - 1 + rng_below(&rng, 3));
			image->control.lcore_cnt =
				(uint32_t)(VEGA_LCORE_CNT_MAX - 1 + rng_below(&rng, 3));
			image->control.port_cnt =
				(uint32_t)(VEGA_PORT_CNT_MAX - 1 + rng_below(&rng, 3));
		}
		vega_stat_take(&region, rng_one_in(&rng, 2), rng_next(&rng), &stat_now);
		vega_stat_totals(&stat_now, &t);
		object = vega_stat_json(&stat_now, round % 2 == 0 ? &stat_before : NULL, NULL);
		text = json_dumps(object, 0);
		assert_non_null(text);
		assert_non_null(json_object_get(object, "region"));
		assert_true(json_array_size(json_object_get(object, "feeds")) <= VEGA_FEED_CNT_MAX);
		free(text);
		json_decref(object);
		stat_before = stat_now;
	}
}

#define STAT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STAT_TEST(both_ledgers_hold),
		STAT_TEST(a_packet_that_vanished_shows),
		STAT_TEST(four_states),
		STAT_TEST(json_has_every_counter_once),
		STAT_TEST(json_of_the_whole),
		STAT_TEST(one_feed_or_all_defaults),
		STAT_TEST(rates_between_two_reports),
		STAT_TEST(any_bytes_make_a_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
