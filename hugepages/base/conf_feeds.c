/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The section `feeds` of the configuration: channels, lanes, state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/conf.h"
#include "hugepages/base/conf_schema.h"
#include "hugepages/base/conf_take.h"
#include "hugepages/base/err.h"

#define SECOND_NS 1000000000ull

static int
take_on(const struct vega_conf *conf, const char *s, const char *text, uint32_t *ret)
{
	*ret = vega_find_port(conf, text, strlen(text));
	if (*ret == VEGA_CONF_ANY && strcmp(text, "any") != 0)
		return VEGA_ERR(-EINVAL,
			"%son: need the name of a port, or any, found '%s'; ports: lists them", s,
			text);
	return 0;
}

/* "vlan 10 239.1.1.1:17741 line A on nse_a" */
static int
describe_channel(const struct vega_raw_channel *raw, struct vega_conf_channel *channel)
{
	const bool brackets = channel->family == 6;

	if (asprintf(&channel->text, "vlan %s %s%s%s:%s line %s on %s", raw->vlan,
		    brackets ? "[" : "", raw->group, brackets ? "]" : "", raw->port, raw->line,
		    raw->on) >= 0)
		return 0;
	channel->text = NULL;
	return VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
}

/* Which formats there are is known where they are decoded: the plan looks. */
static int
take_format(const char *s, const char *text, char *ret, size_t bytes)
{
	if (text[0] == '\0' || strlen(text) >= bytes)
		return VEGA_ERR(-EINVAL,
			"%sformat: need a wire format such as nse-mtbt, or raw, found '%s'", s,
			text);
	(void)snprintf(ret, bytes, "%s", text);
	return 0;
}

static int
take_channel(const struct vega_conf *conf, const struct vega_raw_channel *raw, const char *s,
	struct vega_conf_channel *channel)
{
	static const char *const lines[] = {"A", "B"};
	uint32_t line = 0;
	const int rc = vega_take_vlan(s, "vlan", raw->vlan, "any", &channel->vlan)
		?: vega_take_address(s, "group", raw->group, "any", &channel->family, channel->group)
		?: vega_take_u32_or(s, "port", raw->port, 1, 65535, "any", VEGA_CONF_ANY, &channel->udp_port)
		?: vega_take_word(s, "line", raw->line, lines, 2, &line)
		?: take_on(conf, s, raw->on, &channel->port_idx)
		?: take_format(s, raw->format, channel->format, sizeof(channel->format))
		?: vega_take_u32_or(s, "stream", raw->stream, 0, 65535, "auto", VEGA_CONF_ANY, &channel->stream)
		?: describe_channel(raw, channel);

	channel->line = lines[line][0];
	return rc;
}

static int
take_channels(const struct vega_conf *conf, const struct vega_raw_list *list, const char *feed_s,
	struct vega_conf_feed *feed)
{
	const bool is_default = strcmp(feed->name, "default") == 0;
	const struct vega_raw_channel *raw = list->entries;
	void *channels = NULL;
	int rc = vega_take_list(vega_place(feed_s, "channels").text, list->cnt,
		VEGA_CONF_CHANNEL_CNT_MAX, sizeof(*feed->channels), &channels);

	feed->channels = channels;
	if (rc == 0 && is_default && list->cnt != 0)
		return VEGA_ERR(-EINVAL,
			"%schannels: need none for `default`, found %u; it has what no other feed "
			"claims",
			feed_s, list->cnt);
	if (rc == 0 && !is_default && list->cnt == 0)
		return VEGA_ERR(-EINVAL, "%schannels: need at least one, found none", feed_s);
	for (uint32_t i = 0; i < list->cnt && rc == 0; i++) {
		char s[64];

		(void)snprintf(s, sizeof(s), "%schannels[%u].", feed_s, i);
		rc = take_channel(conf, &raw[i], s, &feed->channels[feed->channel_cnt++]);
	}
	return rc;
}

/* The name is free, and not one that the plan gives to default feeds. */
static int
check_feed_name(const struct vega_conf *conf, const char *s, const char *name)
{
	if (strncmp(name, "default.", 8) == 0)
		return VEGA_ERR(-EINVAL,
			"%sname: need a name that does not begin with 'default.', found '%s'", s,
			name);
	for (uint32_t i = 0; i + 1 < conf->feed_cnt; i++)
		if (strcmp(conf->feeds[i].name, name) == 0)
			return VEGA_ERR(-EINVAL,
				"%sname: need names of their own, found '%s' twice", s, name);
	return 0;
}

static int
take_owner(
	const struct vega_conf *conf, const char *s, const struct vega_raw_feed *raw, uint32_t *ret)
{
	if (strcmp(raw->lcore, "auto") != 0 &&
		(conf->lcore_cnt == 0 || strcmp(raw->name, "default") == 0))
		return VEGA_ERR(-EINVAL, "%slcore: need auto, found '%s'; %s", s, raw->lcore,
			conf->lcore_cnt == 0 ? "there are no lcores: in this file"
					     : "every lcore has its default feed");
	return vega_take_u32_or(s, "lcore", raw->lcore, 0,
		conf->lcore_cnt != 0 ? conf->lcore_cnt - 1 : 0, "auto", VEGA_CONF_ANY, ret);
}

static bool
has_format(const struct vega_conf_feed *feed)
{
	for (uint32_t i = 0; i < feed->channel_cnt; i++)
		if (strcmp(feed->channels[i].format, "raw") != 0)
			return true;
	return false;
}

/* Records need a lane. */
static int
take_records(const char *s, const char *text, struct vega_conf_feed *feed)
{
	const bool decodes = has_format(feed);
	const int rc = vega_take_record_lane(
		s, text, decodes ? VEGA_LANE_ALIGN_BYTES : 0, &feed->record_lane_bytes);

	if (rc == 0 && feed->channel_cnt == 0 && feed->record_lane_bytes != 0)
		return VEGA_ERR(-EINVAL,
			"%srecord_lane: need 0 for `default`, found '%s'; it is not decoded", s,
			text);
	if (rc == 0 && decodes && feed->record_lane_bytes == 0)
		return VEGA_ERR(-EINVAL,
			"%srecord_lane: need 2MiB or more where a channel has a format, found 0; "
			"set it to auto, or the channels' format to raw",
			s);
	return rc;
}

/*
 * Formats whose messages are orders, or prices without a place: books are made of them, and laid into a lane of their own. A memory
 * map is planned without the decoders, so their names stand here once more; a test of the plan holds them against the formats.
 */
static bool
has_orders(const struct vega_conf_feed *feed)
{
	static const char *const formats[] = {"iex", "itch", "nse-mtbt"};

	for (uint32_t i = 0; i < feed->channel_cnt; i++)
		for (size_t k = 0; k < VEGA_ARRAY_CNT(formats); k++)
			if (strcmp(feed->channels[i].format, formats[k]) == 0)
				return true;
	return false;
}

/* State is made of records. */
static int
take_state(const char *s, const struct vega_raw_feed *raw, struct vega_conf_feed *feed)
{
	uint32_t instrument_cnt = 0;
	uint32_t order_cnt = 0;
	const int rc =
		vega_take_u32_or(s, "instruments", raw->instruments, 0, VEGA_INSTRUMENT_CNT_MAX,
			"auto", has_format(feed) ? 10000 : 0, &instrument_cnt)
			?: vega_take_u32(s, "orders", raw->orders, 1000, 100000000, &order_cnt);

	if (rc == 0 && instrument_cnt != 0 && !has_format(feed))
		return VEGA_ERR(-EINVAL,
			"%sinstruments: need 0 or auto where no channel has a format, found '%s'",
			s, raw->instruments);
	feed->instrument_cnt = instrument_cnt;
	feed->order_cnt = order_cnt;
	feed->book_lane_bytes =
		instrument_cnt != 0 && has_orders(feed) ? feed->record_lane_bytes : 0;
	return rc;
}

static int
take_feed(struct vega_conf *conf, const struct vega_raw_feed *raw, const char *s)
{
	struct vega_conf_feed *feed = &conf->feeds[conf->feed_cnt++];

	return vega_take_name(s, "name", raw->name, feed->name)
		?: check_feed_name(conf, s, feed->name)
		?: vega_take_zone(s, raw->zone, feed->zone, sizeof(feed->zone))
		?: vega_take_day_start(s, raw->day_start, &feed->day_start_s)
		?: vega_take_frame_lane(s, "frame_lane", raw->frame_lane, &feed->frame_lane_bytes)
		?: vega_take_u32_or(s, "price_scale", raw->price_scale, 0, 18, "auto", VEGA_CONF_ANY, &feed->price_scale)
		?: vega_take_duration(s, "hold", raw->hold, 0, 3600 * SECOND_NS, &feed->hold_ns)
		?: take_owner(conf, s, raw, &feed->lcore_idx)
		?: take_channels(conf, &raw->channels, s, feed)
		?: take_records(s, raw->record_lane, feed)
		?: take_state(s, raw, feed);
}

int
vega_take_feeds(const struct vega_raw_list *list, struct vega_conf *conf)
{
	const struct vega_raw_feed *raw = list->entries;
	void *feeds = NULL;
	int rc =
		vega_take_list("feeds", list->cnt, VEGA_FEED_CNT_MAX, sizeof(*conf->feeds), &feeds);

	conf->feeds = feeds;
	for (uint32_t i = 0; i < list->cnt && rc == 0; i++) {
		char s[32];

		(void)snprintf(s, sizeof(s), "feeds[%u].", i);
		rc = take_feed(conf, &raw[i], s);
	}
	return rc;
}
