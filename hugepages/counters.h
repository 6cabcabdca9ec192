/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_COUNTERS_H
#define VEGA_HUGEPAGES_COUNTERS_H
/*
 * The counter lists of vega_counters.h as tables, for everything that walks them: vega-bus, docs/COUNTERS.md.
 *
 * A group's cells begin with its counters, one uint64_t each in the order of the table.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/vega_counters.h"

struct vega_counter {
	const char *name;
	const char *doc;
};

struct vega_counter_group {
	const char *title;
	const char *writer; /* one sentence: who writes it, and how many there are */
	const struct vega_counter *counters;
	uint32_t counter_cnt;
};

enum vega_group {
	VEGA_GROUP_RX,
	VEGA_GROUP_DRAIN,
	VEGA_GROUP_LCORE,
	VEGA_GROUP_PORT,
	VEGA_GROUP_LEDGER_CNT, /* the groups whose drop_* and lost_* are those of the ledgers */
	VEGA_GROUP_CHANNEL = VEGA_GROUP_LEDGER_CNT,
	VEGA_GROUP_CNT
};
extern const struct vega_counter_group vega_counter_groups[VEGA_GROUP_CNT];

/* Is it a packet dropped (drop_CAUSE), a frame lost (lost_CAUSE)? Returns the cause, or NULL. */
const char *vega_counter_drop_cause(const struct vega_counter *counter);
const char *vega_counter_lost_cause(const struct vega_counter *counter);

/* Does it only grow by counting, so that its change in a second means something? */
bool vega_counter_has_rate(const struct vega_counter *counter);

#endif
