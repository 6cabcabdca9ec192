/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/layout.h"

#include <string.h>

#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/frame.h"
#include "hugepages/state_table.h"

/* A record lane is a whole number of hugepages: a 64-byte header, records, and the 64-byte tail. */
#define RECORD_BYTES      32u
#define RECORD_EDGE_BYTES 128u

static int
check_feed(const struct vega_layout_feed *feed)
{
	const uint64_t blocks = feed->frame_lane_bytes / VEGA_FRAME_BLOCK_BYTES;

	if (feed->frame_lane_bytes % VEGA_FRAME_BLOCK_BYTES != 0 || !vega_is_pow2(blocks) ||
		blocks < 2 || blocks > 65536)
		return VEGA_ERR_CONFIG("feed %s: need a frame lane of 2, 4, 8 ... 65536 MiB, found "
				       "%llu bytes; set frame_lane",
			feed->name, (unsigned long long)feed->frame_lane_bytes);
	if (feed->record_lane_bytes % VEGA_LANE_ALIGN_BYTES != 0)
		return VEGA_ERR_CONFIG("feed %s: need a record lane of a multiple of 2 MiB, found "
				       "%llu bytes; set record_lane",
			feed->name, (unsigned long long)feed->record_lane_bytes);
	if (feed->book_lane_bytes % VEGA_LANE_ALIGN_BYTES != 0 ||
		(feed->book_lane_bytes != 0 && feed->instrument_cnt == 0))
		return VEGA_ERR_CONFIG("feed %s: need a book lane of a multiple of 2 MiB, beside a "
				       "state table, found %llu bytes",
			feed->name, (unsigned long long)feed->book_lane_bytes);
	if (feed->instrument_cnt > VEGA_INSTRUMENT_CNT_MAX ||
		(feed->instrument_cnt != 0 && feed->record_lane_bytes == 0))
		return VEGA_ERR_CONFIG("feed %s: need at most %u instruments, and a record lane, "
				       "found %llu; set instruments",
			feed->name, VEGA_INSTRUMENT_CNT_MAX,
			(unsigned long long)feed->instrument_cnt);
	if (feed->if_cnt > VEGA_IF_CNT_MAX)
		return VEGA_ERR_CONFIG("feed %s: need at most %u interfaces on a frame lane, found "
				       "%u; give the feed fewer queues or files",
			feed->name, VEGA_IF_CNT_MAX, feed->if_cnt);
	return 0;
}

static uint64_t
add_lane(struct vega_layout *layout, uint64_t off, const struct vega_lane_entry *lane)
{
	layout->lanes[layout->lane_cnt] = *lane;
	layout->lanes[layout->lane_cnt].lane_off = off;
	layout->lane_cnt++;
	return vega_align_up(off + lane->lane_bytes, VEGA_LANE_ALIGN_BYTES);
}

/* A lane of records; 0 bytes: none. Returns the offset behind it. */
static uint64_t
place_records(struct vega_layout *layout, uint64_t off, uint32_t feed_id, uint64_t bytes,
	enum vega_lane_kind kind, uint32_t *ret_lane)
{
	const struct vega_lane_entry lane = {.lane_bytes = bytes,
		.unit_cnt =
			bytes > RECORD_EDGE_BYTES ? (bytes - RECORD_EDGE_BYTES) / RECORD_BYTES : 0,
		.unit_bytes = RECORD_BYTES,
		.kind = kind,
		.feed_id = feed_id};

	*ret_lane = UINT32_MAX;
	if (bytes == 0)
		return off;
	*ret_lane = layout->lane_cnt;
	return add_lane(layout, off, &lane);
}

/* Record lanes first, in the order of the configuration, so that a client's first page holds what it reads most. */
static uint64_t
place_record_lanes(struct vega_layout *layout)
{
	uint64_t off = 0;

	for (uint32_t i = 0; i < layout->feed_cnt; i++)
		off = place_records(layout, off, i, layout->feeds[i].record_lane_bytes,
			VEGA_LANE_RECORDS, &layout->record_lane[i]);
	for (uint32_t i = 0; i < layout->feed_cnt; i++)
		off = place_records(layout, off, i, layout->feeds[i].book_lane_bytes,
			VEGA_LANE_BOOK, &layout->book_lane[i]);
	return off;
}

static uint64_t
place_frame_lanes(struct vega_layout *layout, uint64_t off)
{
	for (uint32_t i = 0; i < layout->feed_cnt; i++) {
		const uint64_t blocks = layout->feeds[i].frame_lane_bytes / VEGA_FRAME_BLOCK_BYTES;
		const struct vega_lane_entry lane = {.lane_bytes = vega_frame_lane_bytes(blocks),
			.unit_cnt = blocks,
			.unit_bytes = VEGA_FRAME_BLOCK_BYTES,
			.kind = VEGA_LANE_FRAMES,
			.feed_id = i};

		layout->frame_lane[i] = layout->lane_cnt;
		off = add_lane(layout, off, &lane);
	}
	return off;
}

static uint64_t
place_state_tables(struct vega_layout *layout, uint64_t off)
{
	for (uint32_t i = 0; i < layout->feed_cnt; i++) {
		const uint64_t cnt = layout->feeds[i].instrument_cnt;
		const struct vega_lane_entry lane = {.lane_bytes = vega_state_table_bytes(cnt),
			.unit_cnt = cnt,
			.unit_bytes = sizeof(struct vega_state_entry),
			.kind = VEGA_LANE_STATE,
			.feed_id = i};

		layout->state_lane[i] = cnt != 0 ? layout->lane_cnt : UINT32_MAX;
		if (cnt != 0)
			off = add_lane(layout, off, &lane);
	}
	return off;
}

int
vega_layout_make(const struct vega_layout_feed *feeds, uint32_t feed_cnt, uint64_t page_bytes,
	struct vega_layout *ret_layout)
{
	uint64_t off;

	if (feed_cnt == 0 || feed_cnt > VEGA_FEED_CNT_MAX)
		return VEGA_ERR_CONFIG("need 1 to %u feeds, found %u; configure fewer feeds",
			VEGA_FEED_CNT_MAX, feed_cnt);
	for (uint32_t i = 0; i < feed_cnt; i++) {
		int rc = check_feed(&feeds[i]);

		if (rc < 0)
			return rc;
	}
	memset(ret_layout, 0, sizeof(*ret_layout));
	ret_layout->feed_cnt = feed_cnt;
	ret_layout->page_bytes = page_bytes;
	memcpy(ret_layout->feeds, feeds, feed_cnt * sizeof(*feeds));
	off = place_record_lanes(ret_layout);
	off = place_frame_lanes(ret_layout, off);
	off = place_state_tables(ret_layout, off);
	ret_layout->lanes_bytes = vega_align_up(off, page_bytes);
	return 0;
}

struct vega_layout_feed
vega_layout_feed_of(const struct vega_conf_feed *feed)
{
	struct vega_layout_feed to = {
		.day_start_s = feed->day_start_s,
		.price_scale = feed->price_scale != VEGA_CONF_ANY ? feed->price_scale : 0,
		.record_lane_bytes = feed->record_lane_bytes,
		.book_lane_bytes = feed->book_lane_bytes,
		.frame_lane_bytes = feed->frame_lane_bytes,
		.instrument_cnt = feed->instrument_cnt,
		.order_cnt = feed->order_cnt,
	};

	memcpy(to.name, feed->name, sizeof(to.name));
	memcpy(to.zone, feed->zone, sizeof(to.zone));
	return to;
}
