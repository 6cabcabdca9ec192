/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client library: the state table of a feed. What a table is, and how it is read, is in state_read.c.
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "hugepages/bus_private.h"

struct vega_bus_table {
	struct vega_state_view view;
	struct vega_bus *bus;
	struct vega_bus_map *map;
};

static int
open_table(const struct vega_bus_map *map, const char *feed, struct vega_state_view *ret_view)
{
	const struct vega_lane_entry *entry;
	uint32_t feed_idx;
	uint32_t lane_idx;
	uint32_t kind;
	int rc;

	if (!vega_bus_find_feed(map, feed, &feed_idx, &kind) || kind != VEGA_LANE_RECORDS)
		return VEGA_ERR(-ENOENT,
			"need a feed of region '%s', found no '%s' among its %u; see `vega-bus "
			"stat`",
			map->control.name, feed, map->control.feed_cnt);
	lane_idx = vega_bus_lane_idx(map, feed_idx, VEGA_LANE_STATE);
	if (lane_idx == UINT32_MAX)
		return VEGA_ERR(-ENOENT,
			"need a state table of feed '%s', found none; give it `instruments` in the "
			"configuration",
			feed);
	entry = &map->lane[lane_idx];
	if (!vega_bus_lane_fits(map, entry))
		return VEGA_ERR(-EBADMSG,
			"need the state table of feed '%s' within %llu bytes, found it outside; "
			"the "
			"region is damaged: restart the capture",
			feed, (unsigned long long)map->lanes_bytes);
	rc = vega_state_open(map->lanes + entry->lane_off, entry->lane_bytes, ret_view);
	return rc < 0 ? VEGA_ERR_ADD(rc, "feed %s", feed) : 0;
}

int
vega_bus_table_open(struct vega_bus *bus, const char *feed, struct vega_bus_table **ret_table)
{
	struct vega_bus_table *table = calloc(1, sizeof(*table));
	int rc;

	if (table == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a table, found none");
	table->bus = bus;
	table->map = vega_bus_hold(bus);
	rc = open_table(table->map, feed, &table->view);
	if (rc < 0) {
		vega_bus_table_close(table);
		return rc;
	}
	*ret_table = table;
	return 0;
}

void
vega_bus_table_close(struct vega_bus_table *table)
{
	if (table == NULL)
		return;
	vega_bus_drop(table->bus, table->map);
	free(table);
}

const struct vega_state_view *
vega_bus_table_view(const struct vega_bus_table *table)
{
	return &table->view;
}

int
vega_bus_latest(
	const struct vega_bus_table *table, uint32_t token, struct vega_state_entry *ret_entry)
{
	return vega_state_latest(&table->view, token, ret_entry);
}

int
vega_bus_recent(const struct vega_bus_table *table, uint32_t token,
	struct vega_state_event ret_events[VEGA_STATE_EVENT_CNT], uint32_t *ret_cnt)
{
	return vega_state_recent(&table->view, token, ret_events, ret_cnt);
}

int
vega_bus_find_symbol(const struct vega_bus_table *table, const char *symbol, uint32_t *ret_token)
{
	const uint64_t cnt = vega_state_cnt(&table->view);
	const size_t bytes = strlen(symbol);
	struct vega_state_entry entry;

	for (uint64_t i = 0; i < cnt && bytes > 0; i++)
		if (vega_state_at(&table->view, i, &entry) == 0 &&
			strnlen(entry.symbol, sizeof(entry.symbol)) == bytes &&
			memcmp(entry.symbol, symbol, bytes) == 0) {
			*ret_token = entry.token;
			return 0;
		}
	return VEGA_ERR(-ENOENT,
		"need an instrument named '%s', found none among %llu; give its token", symbol,
		(unsigned long long)cnt);
}
