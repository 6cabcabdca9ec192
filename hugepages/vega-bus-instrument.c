/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/vega-bus-instrument.h"

#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"

int
instrument_find(struct vega_bus *bus, const char *feed, const char *text, uint32_t *ret_token)
{
	struct vega_bus_table *table;
	char name[64];
	uint64_t token;
	int rc;

	if (vega_parse_u64("--instrument", text, 1, UINT32_MAX, &token) == 0) {
		*ret_token = (uint32_t)token;
		return 0;
	}
	(void)snprintf(name, sizeof(name), "%s", feed);
	if (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".book") == 0)
		name[strlen(name) - 5] = '\0';
	rc = vega_bus_table_open(bus, name, &table);
	if (rc < 0)
		return VEGA_ERR_ADD(rc, "--instrument '%s' is no token", text);
	rc = vega_bus_find_symbol(table, text, ret_token);
	vega_bus_table_close(table);
	return rc;
}

int
instrument_feed(struct vega_bus *bus, const char *name, struct vega_bus_feed *ret_feed)
{
	struct vega_bus_info info;

	vega_bus_info(bus, &info);
	for (uint32_t i = 0; i < info.feed_cnt; i++)
		if (vega_bus_feed(bus, i, ret_feed) == 0 && strcmp(ret_feed->name, name) == 0)
			return 0;
	return VEGA_ERR(-ENOENT,
		"need a feed of region '%s', found no '%s' among its %u; see `vega-bus stat`",
		info.region, name, info.feed_cnt);
}
