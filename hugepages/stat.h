/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_STAT_H
#define VEGA_HUGEPAGES_STAT_H
/*
 * A region's counters at one moment, their sums, and both as JSON: what `vega-bus stat` and a capture's summary say.
 *
 * The control file is copied word by word and the copy is made safe (counts within their maxima, texts ended and
 * printable) before anything in it is used: the file may hold any bytes.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/counters.h"
#include "hugepages/region.h"
#include "hugepages/vega_layout.h"

/* The control file, as one struct. */
struct vega_control_image {
	struct vega_control control;
	struct vega_feed_entry feeds[VEGA_FEED_CNT_MAX];
	struct vega_lane_entry lanes[VEGA_LANE_CNT_MAX];
	struct vega_rx_cells rx[VEGA_FEED_CNT_MAX];
	struct vega_drain_cells drain[VEGA_FEED_CNT_MAX];
	struct vega_lcore_cells lcores[VEGA_LCORE_CNT_MAX];
	struct vega_port_cells ports[VEGA_PORT_CNT_MAX];
	struct vega_channel_cells channels[VEGA_CHANNEL_ROW_CNT];
};
VEGA_PIN(struct vega_control_image, control, 0, 4096);
VEGA_PIN(struct vega_control_image, feeds, VEGA_CONTROL_FEEDS_OFF, 64 * 256);
VEGA_PIN(struct vega_control_image, lanes, VEGA_CONTROL_LANES_OFF, 256 * 128);
VEGA_PIN(struct vega_control_image, rx, VEGA_CONTROL_RX_OFF, 64 * 512);
VEGA_PIN(struct vega_control_image, drain, VEGA_CONTROL_DRAIN_OFF, 64 * 512);
VEGA_PIN(struct vega_control_image, lcores, VEGA_CONTROL_LCORES_OFF, 32 * 256);
VEGA_PIN(struct vega_control_image, ports, VEGA_CONTROL_PORTS_OFF, 32 * 256);
VEGA_PIN(struct vega_control_image, channels, VEGA_CONTROL_CHANNELS_OFF, 256 * 1024);
VEGA_PIN_SIZE(struct vega_control_image, VEGA_CONTROL_BYTES);

struct vega_stat {
	struct vega_control_image image;
	uint64_t taken_ns; /* CLOCK_REALTIME */
	bool alive;        /* a capture holds the region's lock */
};

/*
 * Both ledgers:
 *	packets_received  = packets_published + packets_dropped		+ packets_unaccounted
 *	packets_published = packets_framed + frames_lost
 * A frame that storage lost after it was laid is counted as lost, not as framed. Unaccounted is 0 when the capture has
 * stopped; while it runs, the packets of a burst in hand may show.
 */
struct vega_totals {
	uint64_t packets_received; /* taken from the sources, and what the ports themselves lost */
	uint64_t packets_published;
	uint64_t packets_framed;
	uint64_t packets_dropped;
	int64_t packets_unaccounted;
	uint64_t frames_lost;
	uint64_t bytes; /* captured bytes published */
};

/*
 * Params: alive	vega_region_alive of its name
 *	   now_ns	CLOCK_REALTIME
 * Cost: copies 120 KiB; no allocation. Threads: any, of any process, while the region is written.
 */
void vega_stat_take(
	const struct vega_region *region, bool alive, uint64_t now_ns, struct vega_stat *ret_stat);

/* "live", "stopped", "superseded", "dead" (says live, but nobody holds the lock) or "unknown". */
const char *vega_stat_state(const struct vega_stat *stat);

void vega_stat_totals(const struct vega_stat *stat, struct vega_totals *ret_totals);

/* How many words a group's cells of member idx hold, and where. */
const uint64_t *vega_stat_cells(const struct vega_stat *stat, enum vega_group group, uint32_t idx);

/* Is the feed of this index asked for by `name`? NULL asks for all, "default" also for default.0, default.1 ... */
bool vega_stat_feed_wanted(const struct vega_stat *stat, uint32_t feed_idx, const char *name);

/*
 * Everything as a JSON object with flat keys; feeds, lcores and ports are arrays of objects.
 *
 * Params: before	an earlier one of the same generation: adds KEY_per_s; or NULL
 *	   feed		only this feed among feeds, or NULL (totals are always of all)
 * Returns a new object, NULL when memory is short.
 */
json_t *vega_stat_json(
	const struct vega_stat *stat, const struct vega_stat *before, const char *feed);

/* The sums alone, into an object: packets_received ... bytes, packets_dropped as an object by cause. */
void vega_stat_totals_json(const struct vega_stat *stat, json_t *object);

/* Is the row of a sequence in use, and of the feed (NULL: of any)? */
bool vega_stat_channel_wanted(const struct vega_stat *stat, uint32_t row, const char *feed);

/* A histogram of leads: how many, and the bounds that half and 99 of 100 are below; powers of two. */
struct vega_lead {
	uint64_t cnt;
	uint64_t ns_p50;
	uint64_t ns_p99;
};
struct vega_lead vega_stat_lead(const uint64_t buckets[VEGA_LEAD_BUCKET_CNT]);

#endif
