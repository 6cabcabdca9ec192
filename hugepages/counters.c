/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/counters.h"

#include <string.h>

#include "hugepages/base/attr.h"

#define ENTRY(name, doc) {#name, doc},
static const struct vega_counter rx_counters[] = {VEGA_RX_COUNTERS(ENTRY)};
static const struct vega_counter drain_counters[] = {VEGA_DRAIN_COUNTERS(ENTRY)};
static const struct vega_counter lcore_counters[] = {VEGA_LCORE_COUNTERS(ENTRY)};
static const struct vega_counter port_counters[] = {VEGA_PORT_COUNTERS(ENTRY)};
static const struct vega_counter channel_counters[] = {VEGA_CHANNEL_COUNTERS(ENTRY)};
#undef ENTRY

/* The tables are read as arrays of words over the cells: a cell that is not where its entry says would be another's. */
#define PINS(T, counters) \
	static_assert(offsetof(T, spare) == sizeof(counters) / sizeof((counters)[0]) * 8, #T)
PINS(struct vega_rx_cells, rx_counters);
PINS(struct vega_drain_cells, drain_counters);
PINS(struct vega_lcore_cells, lcore_counters);
PINS(struct vega_port_cells, port_counters);
static_assert(offsetof(struct vega_channel_cells, lead_ns_log2) ==
		      sizeof(channel_counters) / sizeof(channel_counters[0]) * 8,
	"channel");

const struct vega_counter_group vega_counter_groups[VEGA_GROUP_CNT] = {
	{"Feed, receiving side",
		"One set a feed, written by the rx lcore that owns the feed's lanes.", rx_counters,
		VEGA_ARRAY_CNT(rx_counters)},
	{"Feed, drain", "One set a feed, written by the drain.", drain_counters,
		VEGA_ARRAY_CNT(drain_counters)},
	{"Rx lcore", "One set an rx lcore, written by it.", lcore_counters,
		VEGA_ARRAY_CNT(lcore_counters)},
	{"Port",
		"One set a port or file, written by the control thread from the port's own "
		"statistics.",
		port_counters, VEGA_ARRAY_CNT(port_counters)},
	{"Channel",
		"One set a sequence of the exchange, over both its lines, written by its feed's rx "
		"lcore; `vega-bus stat "
		"--json` adds how far the first line's copies were ahead of the other's.",
		channel_counters, VEGA_ARRAY_CNT(channel_counters)},
};

static const char *
after_prefix(const char *name, const char *prefix)
{
	const size_t bytes = strlen(prefix);

	return strncmp(name, prefix, bytes) == 0 ? name + bytes : NULL;
}

const char *
vega_counter_drop_cause(const struct vega_counter *counter)
{
	return after_prefix(counter->name, "drop_");
}

const char *
vega_counter_lost_cause(const struct vega_counter *counter)
{
	return after_prefix(counter->name, "lost_");
}

bool
vega_counter_has_rate(const struct vega_counter *counter)
{
	static const char *const gauges[] = {"_max", "_ns", "_last", "_observable"};
	const size_t bytes = strlen(counter->name);

	for (size_t i = 0; i < VEGA_ARRAY_CNT(gauges); i++) {
		const size_t n = strlen(gauges[i]);

		if (bytes >= n && strcmp(counter->name + bytes - n, gauges[i]) == 0)
			return false;
	}
	return true;
}
