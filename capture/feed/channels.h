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

/* What vega_match_new is given. The caller makes room for as many as the feeds have channels. */
struct vega_claims {
	uint32_t cnt;
	struct vega_match_claim *claims;
	struct vega_conf_channel *channels; /* copies, so that they can be loosened */
};

/*
 * Add what a feed claims.
 *
 * Params: any_port	a channel that names a port claims from every one: packets of a file have none
 */
void vega_claims_add(struct vega_claims *claims, const struct vega_conf_feed *feed,
	uint32_t feed_idx, bool any_port);

#endif
