/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From text values to the checked configuration: one function a section, one line a key.
 *
 * Errors here are -EINVAL with "section.key: need ..., found ..."; vega_conf_load puts the file's name in front and makes
 * it 78.
 */
#include "hugepages/base/conf.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/conf_schema.h"
#include "hugepages/base/conf_take.h"
#include "hugepages/base/err.h"

#define FILE_BYTES_MIN (4ull << 20)
#define FILE_BYTES_MAX (1ull << 40)
#define POLL_CNT_MAX   VEGA_IF_CNT_MAX
#define SECOND_NS      1000000000ull

bool
vega_name_ok(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	const size_t len = strlen(name);

	return len >= 1 && len < VEGA_NAME_BYTES && strspn(name, allowed) == len &&
	       name[0] != '.' && name[0] != '-';
}

/* An array of cnt zeroed entries; more than cnt_max are refused by name. */
static int
take_list(const char *what, uint32_t cnt, uint32_t cnt_max, size_t entry_bytes, void **ret)
{
	if (cnt > cnt_max)
		return VEGA_ERR(-EINVAL, "%s: need at most %u, found %u", what, cnt_max, cnt);
	*ret = calloc(cnt + 1, entry_bytes);
	return *ret != NULL ? 0
			    : VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
}

/* ---- ports ---------------------------------------------------------------------------------------------------- */

static uint32_t
find_port(const struct vega_conf *conf, const char *name, size_t len)
{
	for (uint32_t i = 0; i < conf->port_cnt; i++)
		if (strlen(conf->ports[i].name) == len &&
			memcmp(conf->ports[i].name, name, len) == 0)
			return i;
	return VEGA_CONF_ANY;
}

/* A port goes in behind those that are there, with a name and device of its own. */
static int
check_port(struct vega_conf *conf, const struct vega_conf_port *port, const char *s)
{
	for (uint32_t i = 0; i < conf->port_cnt; i++) {
		if (strcmp(conf->ports[i].name, port->name) == 0)
			return VEGA_ERR(-EINVAL,
				"%sname: need names of their own, found '%s' twice", s, port->name);
		if (strcmp(conf->ports[i].device, port->device) == 0)
			return VEGA_ERR(-EINVAL,
				"%sdevice: need devices of their own, found '%s' twice", s,
				port->device);
	}
	return 0;
}

static int
take_port(struct vega_conf *conf, const struct vega_raw_port *raw, const char *s)
{
	static const char *const words[] = {"no", "yes", "false", "true"};
	struct vega_conf_port *port = &conf->ports[conf->port_cnt];
	uint32_t promiscuous = 0;
	const int rc = vega_take_name(s, "name", raw->name, port->name)
		?: vega_take_text(s, "device", raw->device, &port->device)
		?: vega_take_u32(s, "queues", raw->queues, 1, VEGA_CONF_QUEUE_CNT_MAX, &port->queue_cnt)
		?: vega_take_u32(s, "rx_descriptors", raw->rx_descriptors, 64, 32768, &port->rx_desc_cnt)
		?: vega_take_u32_or(s, "mtu", raw->mtu, 68, 65535, "device", 0, &port->mtu)
		?: vega_take_u32_or(s, "mbufs", raw->mbufs, 1024, 16777215, "auto", 0, &port->mbuf_cnt)
		?: vega_take_word(s, "promiscuous", raw->promiscuous, words, VEGA_ARRAY_CNT(words), &promiscuous)
		?: check_port(conf, port, s);

	port->promiscuous = promiscuous % 2 == 1;
	if (rc == 0)
		conf->port_cnt++;
	else
		free(port->device);
	return rc;
}

static int
take_ports(struct vega_conf *conf, const struct vega_raw_list *list)
{
	const struct vega_raw_port *raw = list->entries;
	void *ports = NULL;
	int rc = take_list("ports", list->cnt, VEGA_PORT_CNT_MAX, sizeof(*conf->ports), &ports);

	conf->ports = ports;
	for (uint32_t i = 0; i < list->cnt && rc == 0; i++) {
		char s[32];

		(void)snprintf(s, sizeof(s), "ports[%u].", i);
		rc = take_port(conf, &raw[i], s);
	}
	return rc;
}

/* ---- lcores --------------------------------------------------------------------------------------------------- */

/* "nse_a" or "nse_b:0". */
static int
take_poll(const struct vega_conf *conf, const char *text, const char *s, struct vega_conf_poll *ret)
{
	const char *colon = strrchr(text, ':');
	const size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);

	ret->port_idx = find_port(conf, text, len);
	ret->queue = VEGA_CONF_ANY;
	if (ret->port_idx == VEGA_CONF_ANY)
		return VEGA_ERR(-EINVAL,
			"%spolls: need the name of a port, found '%s'; ports: lists them", s, text);
	if (colon == NULL)
		return 0;
	return vega_take_u32(
		s, "polls, the queue", colon + 1, 0, VEGA_CONF_QUEUE_CNT_MAX - 1, &ret->queue);
}

static int
take_lcore(const struct vega_conf *conf, const struct vega_raw_lcore *raw, const char *s,
	struct vega_conf_lcore *lcore)
{
	char **polls = raw->polls.entries;
	void *entries = NULL;
	int rc = vega_take_u32(s, "cpu", raw->cpu, 0, 1023, &lcore->cpu)
		?: vega_take_u32_or(s, "numa", raw->numa, 0, 63, "own", VEGA_CONF_ANY, &lcore->numa)
		?: take_list(vega_place(s, "polls").text, raw->polls.cnt, POLL_CNT_MAX, sizeof(*lcore->polls), &entries);

	lcore->polls = entries;
	if (rc == 0 && raw->polls.cnt == 0)
		return VEGA_ERR(-EINVAL, "%spolls: need at least one port, found none", s);
	for (uint32_t i = 0; i < raw->polls.cnt && rc == 0; i++)
		rc = take_poll(conf, polls[i], s, &lcore->polls[lcore->poll_cnt++]);
	return rc;
}

static int
take_lcores(struct vega_conf *conf, const struct vega_raw_list *list)
{
	const struct vega_raw_lcore *raw = list->entries;
	void *lcores = NULL;
	int rc = take_list("lcores", list->cnt, VEGA_LCORE_CNT_MAX, sizeof(*conf->lcores), &lcores);

	conf->lcores = lcores;
	for (uint32_t i = 0; i < list->cnt && rc == 0; i++) {
		char s[32];

		(void)snprintf(s, sizeof(s), "lcores[%u].", i);
		rc = take_lcore(conf, &raw[i], s, &conf->lcores[conf->lcore_cnt++]);
	}
	return rc;
}

/* ---- feeds ---------------------------------------------------------------------------------------------------- */

static int
take_vlan(const char *s, const char *text, uint32_t *ret)
{
	if (strcmp(text, "untagged") == 0) {
		*ret = 0;
		return 0;
	}
	return vega_take_u32_or(s, "vlan", text, 1, 4094, "any", VEGA_CONF_ANY, ret);
}

static int
take_group(const char *s, const char *text, struct vega_conf_channel *channel)
{
	if (strcmp(text, "any") == 0)
		channel->family = 0;
	else if (inet_pton(AF_INET, text, channel->group) == 1)
		channel->family = 4;
	else if (inet_pton(AF_INET6, text, channel->group) == 1)
		channel->family = 6;
	else
		return VEGA_ERR(-EINVAL,
			"%sgroup: need an IPv4 or IPv6 address such as 239.70.70.41, or any, found "
			"'%s'",
			s, text);
	return 0;
}

static int
take_on(const struct vega_conf *conf, const char *s, const char *text, uint32_t *ret)
{
	*ret = find_port(conf, text, strlen(text));
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
	const int rc = take_vlan(s, raw->vlan, &channel->vlan)
		?: take_group(s, raw->group, channel)
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
	int rc = take_list(vega_place(feed_s, "channels").text, list->cnt,
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

static int
take_feeds(struct vega_conf *conf, const struct vega_raw_list *list)
{
	const struct vega_raw_feed *raw = list->entries;
	void *feeds = NULL;
	int rc = take_list("feeds", list->cnt, VEGA_FEED_CNT_MAX, sizeof(*conf->feeds), &feeds);

	conf->feeds = feeds;
	for (uint32_t i = 0; i < list->cnt && rc == 0; i++) {
		char s[32];

		(void)snprintf(s, sizeof(s), "feeds[%u].", i);
		rc = take_feed(conf, &raw[i], s);
	}
	return rc;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static int
take_journal(const struct vega_raw_journal *raw, struct vega_conf *conf)
{
	const char *s = "journal.";
	const bool ageless = strcmp(raw->file_age, "none") == 0;
	const bool timeless = strcmp(raw->keyframe_interval, "none") == 0;

	return (raw->dir[0] == '\0' ? 0 : vega_take_text(s, "dir", raw->dir, &conf->journal_dir))
		?: vega_take_size(s, "file_size", raw->file_size, FILE_BYTES_MIN, FILE_BYTES_MAX, &conf->file_bytes_max)
		?: (ageless ? 0 : vega_take_duration(s, "file_age", raw->file_age, SECOND_NS, 366 * 86400 * SECOND_NS,
					  &conf->file_age_ns_max))
		?: vega_take_duration(s, "sync_interval", raw->sync_interval, 1000000, 3600 * SECOND_NS,
			&conf->sync_interval_ns)
		?: (timeless ? 0 : vega_take_duration(s, "keyframe_interval", raw->keyframe_interval, 1000000,
					   3600 * SECOND_NS, &conf->keyframe_interval_ns))
		?: vega_take_u32_or(s, "keyframe_records", raw->keyframe_records, 1, 1000000000, "none", 0,
			&conf->keyframe_record_cnt);
}

static int
take_top(const struct vega_raw *raw, struct vega_conf *conf)
{
	static const char *const memories[] = {"auto", "huge", "shm"};
	static const char *const pages[] = {"auto", "2MiB", "1GiB"};
	static const char *const idles[] = {"auto", "spin", "adaptive"};
	static const uint64_t page_bytes[] = {0, 2ull << 20, 1ull << 30};
	uint32_t page = 0;
	uint32_t idle = 0;
	const int rc = vega_take_name("", "region", raw->region, conf->region)
		?: vega_take_word("", "memory", raw->memory, memories, 3, &conf->memory)
		?: vega_take_word("", "page_size", raw->page_size, pages, 3, &page)
		?: take_journal(raw->journal, conf)
		?: vega_take_word("", "idle", raw->idle, idles, 3, &idle)
		?: vega_take_u32_or("drain.", "cpu", raw->drain->cpu, 0, 1023, "any", VEGA_CONF_ANY, &conf->drain_cpu)
		?: vega_take_frame_lane("", "default_frame_lane", raw->default_frame_lane, &conf->default_frame_lane_bytes)
		?: take_ports(conf, &raw->ports)
		?: take_lcores(conf, &raw->lcores)
		?: take_feeds(conf, &raw->feeds)
		?: vega_take_rewrites(&raw->rewrite, conf);

	conf->page_bytes = page_bytes[page];
	conf->idle = (enum vega_idle)idle;
	return rc;
}

static int
make_conf(struct vega_raw *raw, const char *path, struct vega_conf **ret_conf)
{
	struct vega_conf *conf = calloc(1, sizeof(*conf));
	int rc;

	if (conf == NULL || (conf->path = strdup(path)) == NULL) {
		free(conf);
		return VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
	}
	rc = vega_raw_fill(&vega_schema, raw, "") ?: take_top(raw, conf);
	if (rc == 0)
		*ret_conf = conf;
	else
		vega_conf_delete(conf);
	return rc;
}

int
vega_conf_load(const char *path, struct vega_conf **ret_conf)
{
	struct vega_raw *raw = NULL;
	struct vega_err err;
	const int rc = vega_raw_load(path, &raw) ?: make_conf(raw, path, ret_conf);

	vega_raw_free(raw);
	if (rc != -EINVAL)
		return rc != 0 ? VEGA_ERR_ADD(rc, "%s", path) : 0;
	vega_err_save(&err, rc);
	return VEGA_ERR_CONFIG("%s: %.*s", path, VEGA_ERR_BYTES, err.text);
}

int
vega_conf_default(struct vega_conf **ret_conf)
{
	struct vega_raw *raw = calloc(1, sizeof(*raw));
	const int rc = raw != NULL
			       ? make_conf(raw, "", ret_conf)
			       : VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");

	vega_raw_free(raw);
	return rc;
}

int
vega_conf_add_port(struct vega_conf *conf, const char *devargs)
{
	const struct vega_section *section = vega_section_named("ports");
	const size_t len = strcspn(devargs, ",");
	char name[VEGA_NAME_BYTES];
	struct vega_raw_port raw = {0};
	struct vega_conf_port *ports;
	int rc;

	if (conf->port_cnt == VEGA_PORT_CNT_MAX)
		return VEGA_ERR(-EINVAL, "--port: need at most %u ports, found one more",
			VEGA_PORT_CNT_MAX);
	ports = realloc(conf->ports, (conf->port_cnt + 1) * sizeof(*ports));
	if (ports == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
	conf->ports = ports;
	memset(&ports[conf->port_cnt], 0, sizeof(*ports));
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, devargs);
	for (char *c = name; *c != '\0'; c++)
		if (strchr(":/ ", *c) != NULL)
			*c = '_';
	raw.name = strdup(name);
	raw.device = strdup(devargs);
	rc = raw.name != NULL && raw.device != NULL
		     ? vega_raw_fill(section, &raw, "--port ") ?: take_port(conf, &raw, "--port ")
		     : VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
	vega_raw_clear(section, &raw);
	return rc;
}

static void
delete_feed(struct vega_conf_feed *feed)
{
	for (uint32_t i = 0; i < feed->channel_cnt; i++)
		free(feed->channels[i].text);
	free(feed->channels);
}

void
vega_conf_delete(struct vega_conf *conf)
{
	if (conf == NULL)
		return;
	for (uint32_t i = 0; i < conf->feed_cnt; i++)
		delete_feed(&conf->feeds[i]);
	for (uint32_t i = 0; i < conf->lcore_cnt; i++)
		free(conf->lcores[i].polls);
	for (uint32_t i = 0; i < conf->port_cnt; i++)
		free(conf->ports[i].device);
	free(conf->rewrites);
	free(conf->feeds);
	free(conf->lcores);
	free(conf->ports);
	free(conf->journal_dir);
	free(conf->path);
	free(conf);
}
