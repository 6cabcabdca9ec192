/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_VEGA_BUS_READERS_H
#define VEGA_HUGEPAGES_VEGA_BUS_READERS_H
/*
 * Who reads a region, and how far behind each is: what `vega-bus stat` says of it.
 */
#include <jansson.h>
#include <stdbool.h>

#include "hugepages/region.h"

struct reader {
	struct vega_client_entry entry;
	char feed[VEGA_NAME_BYTES + 8];
	uint64_t lag; /* records */
	bool has_lag; /* false: of another generation, or the capture has ended */
};

struct readers {
	uint32_t cnt;
	struct reader reader[VEGA_CLIENT_CNT_MAX];
};

void readers_take(const struct vega_region *region, const char *name, struct readers *ret_readers);
void readers_print(const struct readers *readers);
json_t *readers_json(const struct readers *readers);

#endif
