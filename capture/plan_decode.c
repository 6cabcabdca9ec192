/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/plan_parts.h"
#include "hugepages/base/err.h"

static int
find_format(const struct vega_conf_feed *feed, const struct vega_conf_channel *channel,
	const struct vega_format **ret_format)
{
	char names[128] = "raw";

	*ret_format = NULL;
	if (strcmp(channel->format, "raw") == 0)
		return 0;
	*ret_format = vega_format_find(channel->format);
	if (*ret_format != NULL && (*ret_format)->span != NULL)
		return 0;
	for (const struct vega_format *const *f = vega_formats; *f != NULL; f++)
		(void)snprintf(
			names + strlen(names), sizeof(names) - strlen(names), ", %s", (*f)->name);
	return VEGA_ERR_CONFIG("feed %s: need one of the formats %s, found '%s' in channel %s",
		feed->name, names, channel->format, channel->text);
}

/* Channels before `end` that have this one's format and the given line. */
static uint32_t
count_before(const struct vega_conf_feed *feed, uint32_t end, const char *format, char line)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < end; i++)
		cnt += feed->channels[i].line == line &&
		       strcmp(feed->channels[i].format, format) == 0;
	return cnt;
}

/*
 * A stream that is counted, not given: each channel of line B must have its fellow on line A, or it is anybody's guess which
 * go together.
 */
static int
count_stream(const struct vega_conf_feed *feed, uint32_t idx, const struct vega_format *format,
	uint32_t *ret_stream)
{
	const struct vega_conf_channel *channel = &feed->channels[idx];
	const uint32_t a = count_before(feed, feed->channel_cnt, channel->format, 'A');
	const uint32_t b = count_before(feed, feed->channel_cnt, channel->format, 'B');

	if (format != NULL && !format->names_stream && a != 0 && b != 0 && a != b)
		return VEGA_ERR_CONFIG("feed %s: need to know which lines go together, found %u "
				       "channels of %s on line A and %u on line B; give each "
				       "channel's stream:",
			feed->name, a, channel->format, b);
	*ret_stream = count_before(feed, idx, channel->format, channel->line);
	return 0;
}

static int
decode_channel(const struct vega_conf_feed *feed, uint32_t idx, struct vega_feed_channel *ret)
{
	const struct vega_conf_channel *channel = &feed->channels[idx];
	int rc = find_format(feed, channel, &ret->format);

	ret->stream = channel->stream;
	if (rc == 0 && channel->stream == VEGA_CONF_ANY)
		rc = count_stream(feed, idx, ret->format, &ret->stream);
	return rc;
}

int
vega_plan_decode(struct vega_plan *plan, uint32_t feed_idx, const struct vega_conf_feed *feed)
{
	struct vega_plan_decode *decode = &plan->decodes[feed_idx];
	int rc = 0;

	if (feed->record_lane_bytes == 0)
		return 0;
	decode->hold_ns = feed->hold_ns;
	decode->channel_cnt = feed->channel_cnt;
	decode->channels = calloc(feed->channel_cnt + 1, sizeof(*decode->channels));
	if (decode->channels == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the channels of the feeds, found none");
	for (uint32_t i = 0; i < feed->channel_cnt && rc == 0; i++)
		rc = decode_channel(feed, i, &decode->channels[i]);
	if (rc == 0 && feed->price_scale == VEGA_CONF_ANY && decode->channels[0].format != NULL)
		plan->feeds[feed_idx].price_scale = decode->channels[0].format->price_digits;
	return rc;
}
