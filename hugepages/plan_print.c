/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/plan_print.h"

#include <inttypes.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"

#define DAY_S 86400u

/* Every named maximum of the region: printed by plan, refused above. */
static const struct {
	const char *name;
	uint64_t value;
} maxima[] = {
	{"feed_cnt_max", VEGA_FEED_CNT_MAX},
	{"lane_cnt_max", VEGA_LANE_CNT_MAX},
	{"instrument_cnt_max", VEGA_INSTRUMENT_CNT_MAX},
	{"lcore_cnt_max", VEGA_LCORE_CNT_MAX},
	{"port_cnt_max", VEGA_PORT_CNT_MAX},
	{"queue_cnt_max", VEGA_CONF_QUEUE_CNT_MAX},
	{"channel_cnt_max", VEGA_CONF_CHANNEL_CNT_MAX},
	{"interface_cnt_max", VEGA_IF_CNT_MAX},
	{"name_bytes_max", VEGA_NAME_BYTES - 1},
	{"frame_bytes_max", VEGA_FRAME_BYTES_MAX},
	{"numa_node_cnt_max", VEGA_HOST_NODE_CNT_MAX},
	{"cpu_cnt_max", VEGA_HOST_CPU_CNT_MAX},
};

static const char *
kind_text(const struct vega_lane_entry *lane)
{
	static const char *const texts[] = {
		[VEGA_LANE_RECORDS] = "record",
		[VEGA_LANE_BOOK] = "book",
		[VEGA_LANE_FRAMES] = "frame",
		[VEGA_LANE_STATE] = "state",
	};

	return texts[lane->kind];
}

static bool
too_small(uint64_t holds_ns)
{
	return holds_ns < VEGA_LANE_HOLDS_NS_MIN;
}

/* The last byte that nothing else may use. */
static uint64_t
lane_last(const struct vega_lane_entry *lane)
{
	return lane->lane_off + vega_align_up(lane->lane_bytes, VEGA_LANE_ALIGN_BYTES) - 1;
}

static void
print_lane(FILE *out, const struct vega_layout *layout, uint32_t idx,
	const struct vega_traffic *traffic)
{
	const struct vega_lane_entry *lane = &layout->lanes[idx];
	const uint64_t holds_ns = vega_sizing_lane_ns(lane, traffic);
	char what[80];
	char from[24];
	char to[24];
	char size[32];
	char holds[32] = "no traffic";

	(void)snprintf(from, sizeof(from), "0x%06" PRIX64, lane->lane_off);
	(void)snprintf(to, sizeof(to), "0x%06" PRIX64, lane_last(lane));
	(void)snprintf(what, sizeof(what), "%s %s %u, feed %s", kind_text(lane),
		lane->kind == VEGA_LANE_STATE ? "table" : "lane", lane->feed_id,
		layout->feeds[lane->feed_id].name);
	if (holds_ns != UINT64_MAX)
		(void)snprintf(holds, sizeof(holds), "%" PRIu64 " ms", holds_ns / 1000000);
	(void)fprintf(out, "%-12s %-12s %-44s %10s %10" PRIu64 " %10s%s\n", from, to, what,
		vega_text_bytes(size, lane->lane_bytes), lane->unit_cnt, holds,
		too_small(holds_ns) ? "  too little" : "");
}

static void
print_warnings(FILE *out, const struct vega_layout *layout, const struct vega_traffic *traffic)
{
	for (uint32_t i = 0; i < layout->lane_cnt; i++) {
		const struct vega_lane_entry *lane = &layout->lanes[i];

		if (too_small(vega_sizing_lane_ns(lane, traffic)))
			(void)fprintf(out,
				"warning: the %s lane of feed %s holds less than 100 ms, a pause "
				"of the disk may take "
				"longer; set %s_lane larger\n",
				kind_text(lane), layout->feeds[lane->feed_id].name,
				lane->kind == VEGA_LANE_FRAMES ? "frame" : "record");
	}
}

static void
print_pages(FILE *out, const struct vega_conf *conf, const struct vega_need *need)
{
	char page[32];
	char size[32];

	if (conf->port_cnt != 0)
		(void)fprintf(out, "DPDK and the packet buffers of %u ports: about %s\n",
			conf->port_cnt, vega_text_bytes(size, vega_sizing_dpdk_bytes(conf)));
	for (uint32_t node = 0; node < VEGA_HOST_NODE_CNT_MAX; node++)
		if (need->page_cnt[node] != 0)
			(void)fprintf(out, "hugepages of %s needed on NUMA node %u: %" PRIu64 "\n",
				vega_stage_page_text(page, need->page_bytes), node,
				need->page_cnt[node]);
}

/* A row a feed, and one of all. */
static void
print_journal(FILE *out, const struct vega_conf *conf, const struct vega_layout *layout,
	const struct vega_traffic *traffic)
{
	struct vega_journal_need need;
	uint64_t all_bytes = 0;
	char text[5][32];

	(void)fprintf(out, "\n%-38s %10s %10s %10s %10s %10s\n", "journal, bytes a day", "frames",
		"records", "books", "keyframes", "all");
	for (uint32_t i = 0; i < layout->feed_cnt; i++) {
		vega_sizing_journal(conf, &layout->feeds[i], traffic, DAY_S, &need);
		all_bytes += need.bytes;
		(void)fprintf(out, "feed %-33s %10s %10s %10s %10s %10s\n", layout->feeds[i].name,
			vega_text_bytes(text[0], need.frame_bytes),
			vega_text_bytes(text[1], need.record_bytes),
			vega_text_bytes(text[2], need.book_bytes),
			vega_text_bytes(text[3], need.keyframe_bytes),
			vega_text_bytes(text[4], need.bytes));
	}
	(void)fprintf(out, "journal: about %s a day in all\n", vega_text_bytes(text[0], all_bytes));
}

int
vega_plan_print(FILE *out, const struct vega_conf *conf, const struct vega_layout *layout,
	const struct vega_need *need, const struct vega_traffic *traffic)
{
	char text[32];

	(void)fprintf(out, "lanes: %s", vega_text_bytes(text, layout->lanes_bytes));
	(void)fprintf(out, "; each feed at %s", vega_text_count(text, traffic->rate_pps));
	(void)fprintf(out, " packets a second of %u bytes, %g records a packet\n\n",
		traffic->frame_bytes, traffic->records_per_packet);
	(void)fprintf(out, "%-12s %-12s %-44s %10s %10s %10s\n", "from", "to", "what", "size",
		"units", "holds");
	for (uint32_t i = 0; i < layout->lane_cnt; i++)
		print_lane(out, layout, i, traffic);
	print_journal(out, conf, layout, traffic);
	print_pages(out, conf, need);
	(void)fprintf(out, "\n");
	for (size_t i = 0; i < VEGA_ARRAY_CNT(maxima); i++)
		(void)fprintf(out, "%-18s %10" PRIu64 "\n", maxima[i].name, maxima[i].value);
	print_warnings(out, layout, traffic);
	return fflush(out) == 0
		       ? 0
		       : VEGA_ERR(-EIO, "need to write the plan, found the output closed or full");
}

static void
put_text(json_t *object, const char *key, const char *text)
{
	(void)json_object_set_new(object, key, json_string(text));
}

static json_t *
lane_json(const struct vega_layout *layout, uint32_t idx, const struct vega_traffic *traffic)
{
	const struct vega_lane_entry *lane = &layout->lanes[idx];
	const uint64_t holds_ns = vega_sizing_lane_ns(lane, traffic);
	json_t *object = json_object();

	put_text(object, "feed", layout->feeds[lane->feed_id].name);
	put_text(object, "kind", kind_text(lane));
	vega_json_put(object, "from_bytes", lane->lane_off);
	vega_json_put(object, "to_bytes", lane_last(lane));
	vega_json_put(object, "lane_bytes", lane->lane_bytes);
	vega_json_put(object, "unit_cnt", lane->unit_cnt);
	vega_json_put(object, "unit_bytes", lane->unit_bytes);
	(void)json_object_set_new(object, "holds_ms",
		holds_ns == UINT64_MAX ? json_null() : json_real((double)holds_ns / 1e6));
	(void)json_object_set_new(object, "too_little", json_boolean(too_small(holds_ns)));
	return object;
}

static json_t *
pages_json(const struct vega_need *need)
{
	json_t *array = json_array();

	for (uint32_t node = 0; node < VEGA_HOST_NODE_CNT_MAX; node++)
		if (need->page_cnt[node] != 0)
			(void)json_array_append_new(
				array, json_pack("{s:i, s:I, s:I}", "node", (int)node, "page_bytes",
					       (json_int_t)need->page_bytes, "page_cnt",
					       (json_int_t)need->page_cnt[node]));
	return array;
}

/* By feed; adds up all of them. */
static json_t *
journal_json(const struct vega_conf *conf, const struct vega_layout *layout,
	const struct vega_traffic *traffic, uint64_t *ret_all_bytes)
{
	json_t *array = json_array();
	struct vega_journal_need need;

	*ret_all_bytes = 0;
	for (uint32_t i = 0; i < layout->feed_cnt; i++) {
		json_t *object = json_object();

		vega_sizing_journal(conf, &layout->feeds[i], traffic, DAY_S, &need);
		*ret_all_bytes += need.bytes;
		put_text(object, "feed", layout->feeds[i].name);
		vega_json_put(object, "frame_bytes", need.frame_bytes);
		vega_json_put(object, "record_bytes", need.record_bytes);
		vega_json_put(object, "book_bytes", need.book_bytes);
		vega_json_put(object, "keyframe_bytes", need.keyframe_bytes);
		vega_json_put(object, "bytes", need.bytes);
		(void)json_array_append_new(array, object);
	}
	return array;
}

json_t *
vega_plan_json(const struct vega_conf *conf, const struct vega_layout *layout,
	const struct vega_need *need, const struct vega_traffic *traffic)
{
	json_t *object = json_object();
	json_t *lanes = json_array();
	uint64_t day_bytes;
	json_t *journal = journal_json(conf, layout, traffic, &day_bytes);

	for (uint32_t i = 0; i < layout->lane_cnt; i++)
		(void)json_array_append_new(lanes, lane_json(layout, i, traffic));
	put_text(object, "region", conf->region);
	vega_json_put(object, "page_bytes", layout->page_bytes);
	vega_json_put(object, "lanes_bytes", layout->lanes_bytes);
	vega_json_put(object, "dpdk_bytes", vega_sizing_dpdk_bytes(conf));
	vega_json_put(object, "feed_cnt", layout->feed_cnt);
	(void)json_object_set_new(object, "rate_pps", json_real(traffic->rate_pps));
	vega_json_put(object, "frame_bytes", traffic->frame_bytes);
	(void)json_object_set_new(
		object, "records_per_packet", json_real(traffic->records_per_packet));
	vega_json_put(object, "journal_bytes_per_day", day_bytes);
	(void)json_object_set_new(object, "journal_per_day", journal);
	(void)json_object_set_new(object, "lanes", lanes);
	(void)json_object_set_new(object, "hugepages", pages_json(need));
	for (size_t i = 0; i < VEGA_ARRAY_CNT(maxima); i++)
		vega_json_put(object, maxima[i].name, maxima[i].value);
	return object;
}
