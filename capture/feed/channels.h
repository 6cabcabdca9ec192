/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_CHANNELS_H
#define VEGA_FEED_CHANNELS_H
/*
 * How the channels of a configured feed are decoded: the format of each, and which lines are one stream.
 */
#include "capture/feed/feed.h"
#include "capture/feed/match.h"
#include "hugepages/base/conf.h"

/*
 * Params: ret_channels		feed->channel_cnt of them, in the order of the configuration
 *	   ret_price_scale	decimal digits: as configured, else the first channel's format's own
 * Returns 0, or -EINVAL (78): no such format, or it is anybody's guess which lines go together.
 */
int vega_feed_channels(const struct vega_conf_feed *feed, struct vega_feed_channel *ret_channels,
	uint32_t *ret_price_scale) VEGA_MUST_CHECK;

/* Has it a format whose books take a change of an unknown order for a new one? */
bool vega_feed_modify_adds(const struct vega_conf_feed *feed);

/* Bytes of a table for all that these feeds claim, a multiple of 64. */
size_t vega_feed_match_bytes(const struct vega_conf_feed *const *feeds, uint32_t feed_cnt);

/*
 * Compile what they claim into memory of so many bytes, 64-byte aligned, which from then on is only read. A hit tells an index of
 * `feeds` and one of its channels.
 *
 * Params: any_port	a channel that names a port claims from every one: packets of a file have none. Lines told apart by
 *			their port alone become one, the first
 * Returns 0; -EINVAL (78) when two claims are the same, naming both.
 */
int vega_feed_match(const struct vega_conf_feed *const *feeds, uint32_t feed_cnt, bool any_port,
	struct vega_match *match) VEGA_MUST_CHECK;

#endif
