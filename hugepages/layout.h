/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_LAYOUT_H
#define VEGA_HUGEPAGES_LAYOUT_H
/*
 * Which lane lies where: a pure function of the feeds. `vega-hugepages plan`, the region and docs/MEMORY-MAP.md all
 * show what it says.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_layout.h"

/* A feed as the region needs it; `default` feeds come last. */
struct vega_layout_feed {
	char name[VEGA_NAME_BYTES];
	char zone[48];
	uint32_t day_start_s;
	uint32_t price_scale;
	uint32_t lcore;             /* index of the rx lcore that owns it */
	uint32_t numa;              /* node its lanes must come from; UINT32_MAX: any */
	uint64_t record_lane_bytes; /* 0: frames only; else a multiple of 2 MiB */
	uint64_t book_lane_bytes;   /* 0: none; else as record_lane_bytes */
	uint64_t frame_lane_bytes;  /* 2^k MiB */
	uint64_t instrument_cnt;    /* of its state table; 0: none */
	uint64_t order_cnt;         /* that its books hold at most; no memory of the region */
	uint32_t if_cnt;
	char if_name[VEGA_IF_CNT_MAX][VEGA_NAME_BYTES];
};

struct vega_layout {
	uint32_t feed_cnt;
	uint32_t lane_cnt;
	uint64_t lanes_bytes; /* a multiple of page_bytes */
	uint64_t page_bytes;
	struct vega_layout_feed feeds[VEGA_FEED_CNT_MAX];
	struct vega_lane_entry lanes[VEGA_LANE_CNT_MAX];
	uint32_t record_lane[VEGA_FEED_CNT_MAX]; /* UINT32_MAX: none */
	uint32_t book_lane[VEGA_FEED_CNT_MAX];
	uint32_t frame_lane[VEGA_FEED_CNT_MAX];
	uint32_t state_lane[VEGA_FEED_CNT_MAX];
};

/*
 * Params: page_bytes	4096 (shm), 2 MiB or 1 GiB
 * Returns 0 or -EINVAL (78) with a message that names the feed and the limit.
 */
int vega_layout_make(const struct vega_layout_feed *feeds, uint32_t feed_cnt, uint64_t page_bytes,
	struct vega_layout *ret_layout) VEGA_MUST_CHECK;

struct vega_conf_feed;

/* A configured feed as the region needs it; owner, node and interfaces are the caller's to say. */
struct vega_layout_feed vega_layout_feed_of(const struct vega_conf_feed *feed);

#endif
