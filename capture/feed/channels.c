/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/channels.h"

#include <stdio.h>
#include <string.h>

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
vega_feed_channels(const struct vega_conf_feed *feed, struct vega_feed_channel *ret_channels,
	uint32_t *ret_price_scale)
{
	int rc = 0;

	for (uint32_t i = 0; i < feed->channel_cnt && rc == 0; i++)
		rc = decode_channel(feed, i, &ret_channels[i]);
	*ret_price_scale = feed->price_scale;
	if (rc == 0 && feed->price_scale == VEGA_CONF_ANY)
		*ret_price_scale = feed->channel_cnt != 0 && ret_channels[0].format != NULL
					   ? ret_channels[0].format->price_digits
					   : 0;
	return rc;
}

bool
vega_feed_modify_adds(const struct vega_conf_feed *feed)
{
	for (uint32_t i = 0; i < feed->channel_cnt; i++) {
		const struct vega_format *format = vega_format_find(feed->channels[i].format);

		if (format != NULL && format->modify_adds)
			return true;
	}
	return false;
}

/* ---- claims --------------------------------------------------------------------------------------------------- */

static uint32_t
claim_cnt_of(const struct vega_conf_feed *const *feeds, uint32_t feed_cnt)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < feed_cnt; i++)
		cnt += feeds[i]->channel_cnt;
	return cnt;
}

size_t
vega_feed_match_bytes(const struct vega_conf_feed *const *feeds, uint32_t feed_cnt)
{
	return vega_align_up(vega_match_bytes(claim_cnt_of(feeds, feed_cnt)), VEGA_LINE_BYTES);
}

/* Returns 0, or -EINVAL with the names of both that claim the same. */
static int
claim(struct vega_match *match, const struct vega_conf_feed *const *feeds, uint32_t feed_idx,
	uint32_t channel_idx, bool any_port)
{
	struct vega_conf_channel channel = feeds[feed_idx]->channels[channel_idx];
	struct vega_match_hit earlier;

	if (any_port)
		channel.port_idx = VEGA_CONF_ANY;
	earlier = vega_match_add(match, &channel, feed_idx, channel_idx);
	if (earlier.feed_idx == VEGA_MATCH_NONE || (any_port && earlier.feed_idx == feed_idx))
		return 0;
	return VEGA_ERR_CONFIG(
		"need packets claimed once, found feed %s (%s) and feed %s (%s) claim the same; "
		"change one's group, port, vlan or on",
		feeds[earlier.feed_idx]->name,
		feeds[earlier.feed_idx]->channels[earlier.channel_idx].text, feeds[feed_idx]->name,
		channel.text);
}

int
vega_feed_match(const struct vega_conf_feed *const *feeds, uint32_t feed_cnt, bool any_port,
	struct vega_match *match)
{
	int rc = 0;

	vega_match_begin(match, claim_cnt_of(feeds, feed_cnt));
	for (uint32_t i = 0; i < feed_cnt; i++)
		for (uint32_t k = 0; k < feeds[i]->channel_cnt && rc == 0; k++)
			rc = claim(match, feeds, i, k, any_port);
	vega_match_end(match);
	return rc;
}
