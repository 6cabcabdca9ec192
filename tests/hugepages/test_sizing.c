/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows from a configuration: which feeds, which pages on which node, how long a lane holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "hugepages/frame.h"
#include "hugepages/plan_print.h"
#include "hugepages/sizing.h"

#define MIB (1ull << 20)

static struct vega_conf_feed conf_feeds[VEGA_FEED_CNT_MAX];
static struct vega_conf_lcore conf_lcores[2];
static struct vega_conf_poll polls[2] = {
	{.port_idx = 0, .queue = VEGA_CONF_ANY}, {.port_idx = 1, .queue = VEGA_CONF_ANY}};
static struct vega_conf_port ports[2] = {{.name = "p0", .queue_cnt = 1, .mbuf_cnt = 4096},
	{.name = "p1", .queue_cnt = 1, .mbuf_cnt = 4096}};
static struct vega_conf conf;
static struct vega_host host;
static struct vega_layout layout;
static struct vega_layout_feed feeds[VEGA_FEED_CNT_MAX];

/* The NSE box of docs/MEMORY-MAP.md: three feeds with record lanes of one hugepage. */
static int
setup(void **state)
{
	static const char *const names[] = {"NSE_FO", "NSE_EQ", "NFO_IDX"};

	(void)state;
	memset(&conf, 0, sizeof(conf));
	memset(&host, 0, sizeof(host));
	memset(conf_feeds, 0, sizeof(conf_feeds));
	for (size_t i = 0; i < VEGA_ARRAY_CNT(names); i++) {
		(void)snprintf(conf_feeds[i].name, sizeof(conf_feeds[i].name), "%s", names[i]);
		conf_feeds[i].lcore_idx = VEGA_CONF_ANY;
		conf_feeds[i].record_lane_bytes = 2 * MIB;
		conf_feeds[i].frame_lane_bytes = 64 * MIB;
	}
	conf.feeds = conf_feeds;
	conf.feed_cnt = 3;
	conf.default_frame_lane_bytes = 16 * MIB;
	conf.drain_cpu = VEGA_CONF_ANY;
	conf_lcores[0] = (struct vega_conf_lcore){
		.cpu = 1, .numa = VEGA_CONF_ANY, .poll_cnt = 1, .polls = &polls[0]};
	conf_lcores[1] = (struct vega_conf_lcore){
		.cpu = 3, .numa = VEGA_CONF_ANY, .poll_cnt = 1, .polls = &polls[1]};
	host.cpu_cnt = 4;
	host.node_cnt = 2;
	host.nodes[1].id = 1;
	host.cpus[2].node = host.cpus[3].node = 1;
	return 0;
}

static void
make_layout(uint64_t page_bytes)
{
	uint32_t cnt = 0;

	assert_int_equal(vega_sizing_feeds(&conf, feeds, &cnt), 0);
	assert_int_equal(vega_layout_make(feeds, cnt, page_bytes, &layout), 0);
}

static void
two_lcores(void)
{
	conf.lcores = conf_lcores;
	conf.lcore_cnt = 2;
	conf.ports = ports;
	conf.port_cnt = 2;
}

static void
one_lcore_has_default_last(void **state)
{
	(void)state;
	make_layout(2 * MIB);
	assert_int_equal(layout.feed_cnt, 4);
	assert_string_equal(layout.feeds[0].name, "NSE_FO");
	assert_string_equal(layout.feeds[3].name, "default");
	assert_string_equal(layout.feeds[3].zone, "UTC");
	assert_int_equal(layout.feeds[3].frame_lane_bytes, 16 * MIB);
	assert_int_equal(layout.feeds[3].record_lane_bytes, 0);
}

static void
several_lcores_have_a_default_each(void **state)
{
	(void)state;
	two_lcores();
	conf_feeds[1].lcore_idx = 1;
	make_layout(2 * MIB);
	assert_int_equal(layout.feed_cnt, 5);
	assert_string_equal(layout.feeds[3].name, "default.0");
	assert_string_equal(layout.feeds[4].name, "default.1");
	assert_int_equal(layout.feeds[1].lcore, 1);
	assert_int_equal(layout.feeds[4].lcore, 1);
}

static void
a_feed_follows_the_port_of_its_channel(void **state)
{
	struct vega_conf_channel channel = {.port_idx = 1};

	(void)state;
	two_lcores();
	conf_feeds[2].channels = &channel;
	conf_feeds[2].channel_cnt = 1;
	make_layout(2 * MIB);
	assert_int_equal(layout.feeds[2].lcore, 1);
	assert_int_equal(layout.feeds[0].lcore, 0);
}

static void
a_configured_default_is_the_pattern(void **state)
{
	(void)state;
	(void)snprintf(conf_feeds[1].name, sizeof(conf_feeds[1].name), "default");
	(void)snprintf(conf_feeds[1].zone, sizeof(conf_feeds[1].zone), "Asia/Kolkata");
	conf_feeds[1].frame_lane_bytes = 128 * MIB;
	make_layout(2 * MIB);
	assert_int_equal(layout.feed_cnt, 3);
	assert_string_equal(layout.feeds[1].name, "NFO_IDX");
	assert_string_equal(layout.feeds[2].name, "default");
	assert_string_equal(layout.feeds[2].zone, "Asia/Kolkata");
	assert_int_equal(layout.feeds[2].frame_lane_bytes, 128 * MIB);
}

static void
one_feed_too_many(void **state)
{
	uint32_t cnt = 77;

	(void)state;
	conf.feed_cnt = VEGA_FEED_CNT_MAX - 1;
	assert_int_equal(vega_sizing_feeds(&conf, feeds, &cnt), 0);
	assert_int_equal(cnt, VEGA_FEED_CNT_MAX);
	conf.feed_cnt = VEGA_FEED_CNT_MAX;
	assert_int_equal(vega_sizing_feeds(&conf, feeds, &cnt), -EINVAL);
	assert_int_equal(vega_err_status(), EX_CONFIG);
	assert_non_null(strstr(vega_err_text(), "at most 64 feeds"));
}

static void
pages_on_one_node_cover_all_lanes(void **state)
{
	struct vega_need need;

	(void)state;
	host.node_cnt = 1;
	assert_int_equal(vega_sizing_dpdk_bytes(&conf), 0);
	for (size_t i = 0; i < 2; i++) {
		make_layout(i == 0 ? 2 * MIB : 1024 * MIB);
		vega_sizing_need(&conf, &host, &layout, &need);
		assert_int_equal(need.page_cnt[0] * need.page_bytes, layout.lanes_bytes);
		assert_int_equal(need.page_cnt[1], 0);
		assert_int_equal(need.memlock_bytes, layout.lanes_bytes);
		assert_int_equal(need.cpu_cnt, 0);
	}
}

/* NSE_EQ and default.1 belong to lcore 1, whose processor is on node 1: their lanes and port p1's buffers go there. */
static void
pages_follow_the_lcores(void **state)
{
	struct vega_need need;

	(void)state;
	two_lcores();
	conf.drain_cpu = 2;
	conf_feeds[1].lcore_idx = 1;
	make_layout(2 * MIB);
	vega_sizing_need(&conf, &host, &layout, &need);
	assert_int_equal(vega_sizing_port_bytes(&ports[0]), 4096 * 2560);
	assert_int_equal(need.page_cnt[1], 1 + 33 + 9 + 5);
	assert_int_equal(need.page_cnt[0], 2 * (1 + 33) + 9 + 5 + 32);
	assert_int_equal(vega_sizing_dpdk_bytes(&conf), 64 * MIB + 2 * 4096 * 2560);
	assert_int_equal(need.cpu_cnt, 3);
	assert_int_equal(need.cpus[2].cpu, 2);
	conf_lcores[1].numa = 0;
	vega_sizing_need(&conf, &host, &layout, &need);
	assert_int_equal(need.page_cnt[1], 0);
}

/* 200-byte frames are 232-byte packet blocks; 4518 of them fit a block. */
static void
how_long_a_frame_lane_holds(void **state)
{
	const struct vega_lane_entry lane = {.kind = VEGA_LANE_FRAMES, .unit_cnt = 256};
	struct vega_traffic t = {.rate_pps = 1e6, .frame_bytes = 200, .records_per_packet = 4};

	(void)state;
	assert_int_equal(VEGA_FRAME_PAYLOAD_BYTES_MAX / 232, 4518);
	assert_in_range(vega_sizing_lane_ns(&lane, &t), 256 * 4518000 - 1, 256 * 4518000 + 1);
	t.rate_pps = 100; /* ten packets a block: sealed by age, a block each 100 ms */
	assert_in_range(vega_sizing_lane_ns(&lane, &t), 25599999999, 25600000001);
	t.rate_pps = 1; /* less than a packet in 100 ms: one a block */
	assert_int_equal(vega_sizing_lane_ns(&lane, &t), 256000000000);
	t.rate_pps = 0;
	assert_true(vega_sizing_lane_ns(&lane, &t) == UINT64_MAX);
}

static void
how_long_a_record_lane_holds(void **state)
{
	const struct vega_lane_entry lane = {.kind = VEGA_LANE_RECORDS, .unit_cnt = 65532};
	const struct vega_traffic t = {
		.rate_pps = 1e6, .frame_bytes = 200, .records_per_packet = 4};

	(void)state;
	assert_in_range(vega_sizing_lane_ns(&lane, &t), 16382999, 16383001);
	assert_true(vega_sizing_lane_ns(&lane, &t) < VEGA_LANE_HOLDS_NS_MIN);
}

static struct vega_journal_need
journal_of(const struct vega_layout_feed *feed, const struct vega_traffic *t, uint64_t seconds)
{
	struct vega_journal_need need;

	vega_sizing_journal(&conf, feed, t, seconds, &need);
	assert_int_equal(need.bytes,
		need.frame_bytes + need.record_bytes + need.book_bytes + need.keyframe_bytes);
	return need;
}

static void
journal_bytes_of_frames(void **state)
{
	struct vega_traffic t = {.rate_pps = 4518, .frame_bytes = 200, .records_per_packet = 4};
	const struct vega_layout_feed feed = {.frame_lane_bytes = MIB};

	(void)state;
	/* 451.8 packets in 100 ms: 256 + 104817 bytes, padded to 106496; ten blocks a second */
	assert_in_range(journal_of(&feed, &t, 1).bytes, 1064959, 1064961);
	t.rate_pps = 4518e3;
	assert_in_range(journal_of(&feed, &t, 1).bytes, 1000 * MIB - 1, 1000 * MIB + 1);
	t.rate_pps = 0;
	assert_int_equal(journal_of(&feed, &t, 86400).bytes, 0);
}

static void
journal_bytes_of_records_and_books(void **state)
{
	struct vega_traffic t = {.rate_pps = 16384, .frame_bytes = 200, .records_per_packet = 4};
	struct vega_layout_feed feed = {.record_lane_bytes = MIB};
	struct vega_journal_need need;

	(void)state;
	/* 65,536 records of 4 bytes, and a header, padded; once a second */
	need = journal_of(&feed, &t, 10);
	assert_int_equal(need.record_bytes, 10 * (4 * 65536 + 4096));
	assert_int_equal(need.book_bytes + need.keyframe_bytes, 0);
	t.rate_pps = 1; /* a block a second, of 4 records */
	assert_int_equal(journal_of(&feed, &t, 10).record_bytes, 10 * 4096);
	feed.book_lane_bytes = MIB;
	assert_int_equal(journal_of(&feed, &t, 10).book_bytes, 10 * 4096);
	t.records_per_packet = 0;
	need = journal_of(&feed, &t, 10);
	assert_int_equal(need.bytes, need.frame_bytes);
}

/* 1,000 instruments are four slices of 24,576 bytes: 98,304. */
static void
journal_bytes_of_keyframes(void **state)
{
	const struct vega_traffic slow = {
		.rate_pps = 2500, .frame_bytes = 200, .records_per_packet = 4};
	const struct vega_traffic fast = {
		.rate_pps = 25000, .frame_bytes = 200, .records_per_packet = 4};
	struct vega_layout_feed feed = {.record_lane_bytes = MIB, .instrument_cnt = 1000};

	(void)state;
	conf.keyframe_interval_ns = 10000000000u;
	conf.keyframe_record_cnt = 250000;
	assert_in_range(journal_of(&feed, &slow, 1000).keyframe_bytes, 9830399, 9830400); /* 10 s */
	assert_in_range(
		journal_of(&feed, &fast, 1000).keyframe_bytes, 39321599, 39321600); /* 2.5 s */
	conf.keyframe_record_cnt = 1000; /* three records for each four bytes: each 73,728 */
	assert_in_range(journal_of(&feed, &slow, 1000).keyframe_bytes, 13333332, 13333333);
	conf.keyframe_interval_ns = 0;
	conf.keyframe_record_cnt = 0;
	assert_int_equal(journal_of(&feed, &fast, 1000).keyframe_bytes, 0);
	conf.keyframe_interval_ns = 10000000000u;
	feed.record_lane_bytes = 0;
	assert_int_equal(journal_of(&feed, &fast, 1000).keyframe_bytes, 0);
}

static char *
printed_plan(const struct vega_traffic *traffic)
{
	struct vega_need need;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	vega_sizing_need(&conf, &host, &layout, &need);
	assert_int_equal(vega_plan_print(out, &conf, &layout, &need, traffic), 0);
	(void)fclose(out);
	return text;
}

/* The table of the memory map, as printed. */
static void
the_printed_map(void **state)
{
	static const char *const rows[] = {"0x000000     0x1FFFFF     record lane 0, feed NSE_FO ",
		"0x200000     0x3FFFFF     record lane 1, feed NSE_EQ ",
		"0x400000     0x5FFFFF     record lane 2, feed NFO_IDX ",
		"0x600000     0x47FFFFF    frame lane 0, feed NSE_FO ", "feed_cnt_max",
		"frame_bytes_max"};
	const struct vega_traffic traffic = {
		.rate_pps = 1e6, .frame_bytes = 200, .records_per_packet = 4};
	char *text;

	(void)state;
	make_layout(2 * MIB);
	text = printed_plan(&traffic);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(rows); i++)
		if (strstr(text, rows[i]) == NULL)
			fail_msg("need the row '%s', found\n%s", rows[i], text);
	assert_non_null(
		strstr(text, "warning: the record lane of feed NSE_FO holds less than 100 ms"));
	assert_null(strstr(text, "warning: the frame lane of feed NSE_FO"));
	free(text);
}

static void
the_plan_as_json(void **state)
{
	const struct vega_traffic traffic = {
		.rate_pps = 1e6, .frame_bytes = 200, .records_per_packet = 4};
	struct vega_need need;
	json_t *plan;
	json_t *lane;

	(void)state;
	make_layout(2 * MIB);
	vega_sizing_need(&conf, &host, &layout, &need);
	plan = vega_plan_json(&conf, &layout, &need, &traffic);
	assert_int_equal(json_array_size(json_object_get(plan, "lanes")), 7);
	assert_int_equal(
		json_integer_value(json_object_get(plan, "lanes_bytes")), layout.lanes_bytes);
	assert_int_equal(
		json_integer_value(json_object_get(plan, "feed_cnt_max")), VEGA_FEED_CNT_MAX);
	lane = json_array_get(json_object_get(plan, "lanes"), 1);
	assert_string_equal(json_string_value(json_object_get(lane, "feed")), "NSE_EQ");
	assert_int_equal(json_integer_value(json_object_get(lane, "from_bytes")), 0x200000);
	assert_int_equal(json_integer_value(json_object_get(lane, "to_bytes")), 0x3FFFFF);
	assert_true(json_is_true(json_object_get(lane, "too_little")));
	json_decref(plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_lcore_has_default_last, setup),
		cmocka_unit_test_setup(several_lcores_have_a_default_each, setup),
		cmocka_unit_test_setup(a_feed_follows_the_port_of_its_channel, setup),
		cmocka_unit_test_setup(a_configured_default_is_the_pattern, setup),
		cmocka_unit_test_setup(one_feed_too_many, setup),
		cmocka_unit_test_setup(pages_on_one_node_cover_all_lanes, setup),
		cmocka_unit_test_setup(pages_follow_the_lcores, setup),
		cmocka_unit_test_setup(how_long_a_frame_lane_holds, setup),
		cmocka_unit_test_setup(how_long_a_record_lane_holds, setup),
		cmocka_unit_test_setup(journal_bytes_of_frames, setup),
		cmocka_unit_test_setup(journal_bytes_of_records_and_books, setup),
		cmocka_unit_test_setup(journal_bytes_of_keyframes, setup),
		cmocka_unit_test_setup(the_printed_map, setup),
		cmocka_unit_test_setup(the_plan_as_json, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
