/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From text values to the checked configuration: one function a section, one line a key.
 *
 * Errors here are -EINVAL with "section.key: need ..., found ..."; vega_conf_load puts the file's name in front and makes
 * it 78.
 */
#include "hugepages/base/conf.h"

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

/* ---- ports ---------------------------------------------------------------------------------------------------- */

uint32_t
vega_find_port(const struct vega_conf *conf, const char *name, size_t len)
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
	int rc =
		vega_take_list("ports", list->cnt, VEGA_PORT_CNT_MAX, sizeof(*conf->ports), &ports);

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

	ret->port_idx = vega_find_port(conf, text, len);
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
		?: vega_take_list(vega_place(s, "polls").text, raw->polls.cnt, POLL_CNT_MAX, sizeof(*lcore->polls), &entries);

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
	int rc = vega_take_list(
		"lcores", list->cnt, VEGA_LCORE_CNT_MAX, sizeof(*conf->lcores), &lcores);

	conf->lcores = lcores;
	for (uint32_t i = 0; i < list->cnt && rc == 0; i++) {
		char s[32];

		(void)snprintf(s, sizeof(s), "lcores[%u].", i);
		rc = take_lcore(conf, &raw[i], s, &conf->lcores[conf->lcore_cnt++]);
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
		?: vega_take_feeds(&raw->feeds, conf)
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
