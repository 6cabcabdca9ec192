/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_VEGA_BUS_INSTRUMENT_H
#define VEGA_HUGEPAGES_VEGA_BUS_INSTRUMENT_H
/*
 * An instrument as a person names it: by its token, or by its symbol in the feed's state table.
 */
#include "hugepages/vega_bus.h"

/*
 * Params: feed		"NSE_FO.book" is made of NSE_FO, which has the table
 * Returns 0; -ENOENT: no instrument of that symbol, or no table to look it up in. A token is taken as it is.
 */
int instrument_find(struct vega_bus *bus, const char *feed, const char *text, uint32_t *ret_token);

/* The feed of this name: 0 or -ENOENT. */
int instrument_feed(struct vega_bus *bus, const char *name, struct vega_bus_feed *ret_feed);

#endif
