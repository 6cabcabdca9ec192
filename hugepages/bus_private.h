/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BUS_PRIVATE_H
#define VEGA_HUGEPAGES_BUS_PRIVATE_H
/*
 * What bus.c (regions) and bus_cursor.c (cursors) share.
 *
 * A map is one generation: its directory copied and checked once, its memory read-only. Cursors hold it by a count, so that a
 * region may go on to the next generation under them.
 */
#include <pthread.h>
#include <stdbool.h>

#include "hugepages/region.h"
#include "hugepages/ring.h"
#include "hugepages/vega_bus.h"

struct vega_bus_map {
	uint32_t refs;              /* under the lock of the bus */
	struct vega_region *region; /* the control file: of it only what changes is looked at */
	const uint8_t *lanes;
	uint64_t lanes_bytes;
	struct vega_control control; /* copies: checked, and nobody changes them */
	struct vega_feed_entry feeds[VEGA_FEED_CNT_MAX];
	struct vega_lane_entry lane[VEGA_LANE_CNT_MAX];
};

struct vega_bus {
	pthread_mutex_t lock; /* of map, and of every map's refs */
	struct vega_bus_map *map;
	char name[VEGA_NAME_BYTES];
};

/* The map of now, one more reference; gives it back. */
struct vega_bus_map *vega_bus_hold(struct vega_bus *bus);
void vega_bus_drop(struct vega_bus *bus, struct vega_bus_map *map);

/* A feed by name. Returns false, or its index and VEGA_LANE_RECORDS or VEGA_LANE_BOOK. */
bool vega_bus_find_feed(const struct vega_bus_map *map, const char *name, uint32_t *ret_feed_idx,
	uint32_t *ret_kind);

/* A feed's lane of a kind, within the file; UINT32_MAX: it has none. */
uint32_t vega_bus_lane_idx(const struct vega_bus_map *map, uint32_t feed_idx, uint32_t kind);
bool vega_bus_lane_fits(const struct vega_bus_map *map, const struct vega_lane_entry *entry);

/*
 * A feed's record lane, checked against the directory, by name: "FEED" or "FEED.book".
 *
 * Returns 0, -ENOENT or -EBADMSG.
 */
struct vega_bus_lane {
	struct vega_ring ring;
	uint32_t feed_idx;
	uint32_t kind; /* enum vega_lane_kind */
};
int vega_bus_find_lane(const struct vega_bus_map *map, const char *feed,
	struct vega_bus_lane *ret_lane) VEGA_MUST_CHECK;

#endif
