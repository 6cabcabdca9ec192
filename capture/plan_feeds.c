/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/feed/channels.h"
#include "capture/plan_parts.h"
#include "hugepages/base/err.h"

static bool
is_default(const struct vega_conf_feed *feed)
{
	return strcmp(feed->name, "default") == 0;
}

/* ---- owners --------------------------------------------------------------------------------------------------- */

/* The owner was named: it must poll what the channels name. */
static int
check_owner(const struct vega_plan *plan, const struct vega_conf_feed *feed)
{
	for (uint32_t i = 0; i < feed->channel_cnt; i++) {
		const struct vega_conf_channel *channel = &feed->channels[i];

		if (channel->port_idx != VEGA_CONF_ANY &&
			vega_plan_queue_of(&plan->lcores[feed->lcore_idx], channel->port_idx) ==
				VEGA_CONF_ANY)
			return VEGA_ERR_CONFIG("feed %s: need its ports polled by its lcore, found "
					       "channel %s and lcores[%u], "
					       "which does not poll %s; a lane has one writer, so "
					       "let one lcore poll all of a "
					       "feed's ports",
				feed->name, channel->text, feed->lcore_idx,
				plan->conf->ports[channel->port_idx].name);
	}
	return 0;
}

/* The one lcore that polls a channel's port. */
static int
owner_of_channel(const struct vega_plan *plan, const struct vega_conf_feed *feed,
	const struct vega_conf_channel *channel, uint32_t *ret_lcore)
{
	uint32_t owner = VEGA_CONF_ANY;

	if (channel->port_idx == VEGA_CONF_ANY)
		return VEGA_ERR_CONFIG("feed %s: need to know its lcore, found channel %s on any "
				       "port and %u lcores; give the "
				       "channel's on:, or the feed's lcore:",
			feed->name, channel->text, plan->lcore_cnt);
	for (uint32_t i = 0; i < plan->lcore_cnt; i++) {
		if (vega_plan_queue_of(&plan->lcores[i], channel->port_idx) == VEGA_CONF_ANY)
			continue;
		if (owner != VEGA_CONF_ANY)
			return VEGA_ERR_CONFIG("feed %s: need one lcore for a feed, found channel "
					       "%s, whose port lcores[%u] and "
					       "lcores[%u] poll; give the feed's lcore:",
				feed->name, channel->text, owner, i);
		owner = i;
	}
	*ret_lcore = owner; /* there is one: every queue is polled */
	return 0;
}

static int
find_owner(const struct vega_plan *plan, const struct vega_conf_feed *feed, uint32_t *ret_lcore)
{
	uint32_t first = 0;

	*ret_lcore = 0;
	if (plan->lcore_cnt == 1)
		return 0;
	if (feed->lcore_idx != VEGA_CONF_ANY) {
		*ret_lcore = feed->lcore_idx;
		return check_owner(plan, feed);
	}
	for (uint32_t i = 0; i < feed->channel_cnt; i++) {
		uint32_t owner = 0;
		const int rc = owner_of_channel(plan, feed, &feed->channels[i], &owner);

		if (rc != 0)
			return rc;
		if (i == 0)
			first = owner;
		else if (owner != first)
			return VEGA_ERR_CONFIG("feed %s: need one writer on its lanes, found "
					       "channel %s polled by lcores[%u] and "
					       "channel %s by lcores[%u]; let one lcore poll all "
					       "of a feed's ports",
				feed->name, feed->channels[0].text, first, feed->channels[i].text,
				owner);
	}
	*ret_lcore = first;
	return 0;
}

/* ---- entries of the region ------------------------------------------------------------------------------------ */

static int
add_feed(struct vega_plan *plan, const struct vega_layout_feed *feed,
	const struct vega_plan_names *names)
{
	const uint32_t if_cnt = plan->lcores[feed->lcore].queue_cnt;
	struct vega_layout_feed *to = &plan->feeds[plan->feed_cnt];

	if (plan->feed_cnt == VEGA_FEED_CNT_MAX)
		return VEGA_ERR_CONFIG("need at most %u feeds, a default one for each of the %u "
				       "lcores included, found more",
			VEGA_FEED_CNT_MAX, plan->lcore_cnt);
	*to = *feed;
	to->numa = plan->lcores[feed->lcore].numa;
	to->if_cnt = if_cnt;
	memcpy(to->if_name, names->name[feed->lcore], if_cnt * sizeof(to->if_name[0]));
	plan->feed_cnt++;
	return 0;
}

/* What `default` feeds look like: as configured, else in UTC. */
static struct vega_layout_feed
default_entry(const struct vega_conf *conf)
{
	struct vega_layout_feed entry = {
		.name = "default",
		.zone = "UTC",
		.frame_lane_bytes = conf->default_frame_lane_bytes,
	};

	for (uint32_t i = 0; i < conf->feed_cnt; i++)
		if (is_default(&conf->feeds[i]))
			return vega_layout_feed_of(&conf->feeds[i]);
	return entry;
}

static int
add_defaults(struct vega_plan *plan, const struct vega_plan_names *names)
{
	struct vega_layout_feed entry = default_entry(plan->conf);
	int rc = 0;

	for (uint32_t i = 0; i < plan->lcore_cnt && rc == 0; i++) {
		if (plan->lcore_cnt > 1)
			(void)snprintf(entry.name, sizeof(entry.name), "default.%u", i);
		entry.lcore = i;
		plan->lcores[i].default_feed_idx = plan->feed_cnt;
		rc = add_feed(plan, &entry, names);
	}
	return rc;
}

/* The format and stream of each channel; the price scale where the configuration leaves it to the format. */
static int
plan_decode(struct vega_plan *plan, uint32_t feed_idx, const struct vega_conf_feed *feed)
{
	struct vega_plan_decode *decode = &plan->decodes[feed_idx];

	if (feed->record_lane_bytes == 0)
		return 0;
	decode->hold_ns = feed->hold_ns;
	decode->modify_adds = vega_feed_modify_adds(feed);
	decode->channel_cnt = feed->channel_cnt;
	decode->channels = calloc(feed->channel_cnt + 1, sizeof(*decode->channels));
	if (decode->channels == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the channels of the feeds, found none");
	return vega_feed_channels(feed, decode->channels, &plan->feeds[feed_idx].price_scale);
}

int
vega_plan_feeds(struct vega_plan *plan, const struct vega_plan_names *names)
{
	const struct vega_conf *conf = plan->conf;

	for (uint32_t i = 0; i < conf->feed_cnt; i++) {
		struct vega_layout_feed entry = vega_layout_feed_of(&conf->feeds[i]);
		int rc;

		if (is_default(&conf->feeds[i]))
			continue;
		rc = find_owner(plan, &conf->feeds[i], &entry.lcore);
		if (rc == 0)
			rc = add_feed(plan, &entry, names);
		if (rc == 0)
			rc = plan_decode(plan, plan->feed_cnt - 1, &conf->feeds[i]);
		if (rc != 0)
			return rc;
	}
	return add_defaults(plan, names);
}
