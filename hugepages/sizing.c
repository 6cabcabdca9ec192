/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/sizing.h"

#include <stdio.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "hugepages/frame.h"

#define BLOCK_AGE_S 0.1

/*
 * DPDK's own memory, about as capture/port.c and capture/eal.c ask for it: that a frame of 1500 bytes lies in one buffer,
 * twice the descriptors of each queue, and the environment's own 64 MiB.
 */
#define MBUF_BYTES          2560u
#define MBUF_CNT_MIN        8192u
#define MBUF_CACHE_CNT      256u
#define RX_DESC_CNT_DEFAULT 1024u
#define EAL_BYTES           (64ull << 20)

static uint32_t
lcore_cnt(const struct vega_conf *conf)
{
	return conf->lcore_cnt > 1 ? conf->lcore_cnt : 1;
}

static uint32_t
lcore_of_port(const struct vega_conf *conf, uint32_t port_idx)
{
	for (uint32_t i = 0; i < conf->lcore_cnt; i++)
		for (uint32_t k = 0; k < conf->lcores[i].poll_cnt; k++)
			if (conf->lcores[i].polls[k].port_idx == port_idx)
				return i;
	return 0;
}

/* The lcore that owns a feed: as written, else the one that polls the port of its first channel. */
static uint32_t
lcore_of_feed(const struct vega_conf *conf, const struct vega_conf_feed *feed)
{
	if (feed->lcore_idx < conf->lcore_cnt)
		return feed->lcore_idx;
	for (uint32_t i = 0; i < feed->channel_cnt; i++)
		if (feed->channels[i].port_idx != VEGA_CONF_ANY)
			return lcore_of_port(conf, feed->channels[i].port_idx);
	return 0;
}

static void
add_feed(const struct vega_conf *conf, const struct vega_conf_feed *from,
	struct vega_layout_feed *to)
{
	*to = vega_layout_feed_of(from);
	to->lcore = lcore_of_feed(conf, from);
}

/* A configured feed of this name is the pattern of all default feeds. */
static const struct vega_conf_feed *
default_pattern(const struct vega_conf *conf)
{
	for (uint32_t i = 0; i < conf->feed_cnt; i++)
		if (strcmp(conf->feeds[i].name, "default") == 0)
			return &conf->feeds[i];
	return NULL;
}

static void
add_default(const struct vega_conf *conf, uint32_t lcore, struct vega_layout_feed *to)
{
	const struct vega_conf_feed *pattern = default_pattern(conf);

	if (pattern != NULL)
		add_feed(conf, pattern, to);
	else
		*to = (struct vega_layout_feed){
			.zone = "UTC", .frame_lane_bytes = conf->default_frame_lane_bytes};
	to->lcore = lcore;
	if (lcore_cnt(conf) == 1)
		(void)snprintf(to->name, sizeof(to->name), "default");
	else
		(void)snprintf(to->name, sizeof(to->name), "default.%u", lcore);
}

int
vega_sizing_feeds(const struct vega_conf *conf, struct vega_layout_feed feeds[VEGA_FEED_CNT_MAX],
	uint32_t *ret_feed_cnt)
{
	const struct vega_conf_feed *pattern = default_pattern(conf);
	const uint32_t cnt = conf->feed_cnt - (pattern != NULL ? 1 : 0) + lcore_cnt(conf);
	uint32_t n = 0;

	if (cnt > VEGA_FEED_CNT_MAX)
		return VEGA_ERR_CONFIG(
			"need at most %u feeds, a default one for each lcore included, found %u; "
			"configure fewer feeds or lcores",
			VEGA_FEED_CNT_MAX, cnt);
	for (uint32_t i = 0; i < conf->feed_cnt; i++)
		if (&conf->feeds[i] != pattern)
			add_feed(conf, &conf->feeds[i], &feeds[n++]);
	for (uint32_t i = 0; i < lcore_cnt(conf); i++)
		add_default(conf, i, &feeds[n++]);
	*ret_feed_cnt = cnt;
	return 0;
}

/* The node an lcore's memory comes from, for an index into need.page_cnt. */
static uint32_t
node_of_lcore(const struct vega_conf *conf, const struct vega_host *host, uint32_t lcore)
{
	uint32_t node = host->nodes[0].id;

	if (lcore < conf->lcore_cnt && conf->lcores[lcore].numa != VEGA_CONF_ANY)
		node = conf->lcores[lcore].numa;
	else if (lcore < conf->lcore_cnt && conf->lcores[lcore].cpu < host->cpu_cnt)
		node = host->cpus[conf->lcores[lcore].cpu].node;
	return node < VEGA_HOST_NODE_CNT_MAX ? node : VEGA_HOST_NODE_CNT_MAX - 1;
}

uint64_t
vega_sizing_port_bytes(const struct vega_conf_port *port)
{
	const uint64_t desc_cnt = port->rx_desc_cnt != 0 ? port->rx_desc_cnt : RX_DESC_CNT_DEFAULT;
	uint64_t mbuf_cnt = port->queue_cnt * (2 * desc_cnt + MBUF_CACHE_CNT);

	mbuf_cnt = mbuf_cnt > MBUF_CNT_MIN ? mbuf_cnt : MBUF_CNT_MIN;
	return (port->mbuf_cnt != 0 ? port->mbuf_cnt : mbuf_cnt) * MBUF_BYTES;
}

uint64_t
vega_sizing_dpdk_bytes(const struct vega_conf *conf)
{
	uint64_t bytes = conf->port_cnt != 0 ? EAL_BYTES : 0;

	for (uint32_t i = 0; i < conf->port_cnt; i++)
		bytes += vega_sizing_port_bytes(&conf->ports[i]);
	return bytes;
}

static void
need_cpu(struct vega_need *need, uint32_t cpu, uint32_t node)
{
	if (cpu == VEGA_CONF_ANY || need->cpu_cnt == VEGA_ARRAY_CNT(need->cpus))
		return;
	need->cpus[need->cpu_cnt].cpu = cpu;
	need->cpus[need->cpu_cnt].node = node;
	need->cpu_cnt++;
}

void
vega_sizing_need(const struct vega_conf *conf, const struct vega_host *host,
	const struct vega_layout *layout, struct vega_need *ret_need)
{
	uint64_t bytes[VEGA_HOST_NODE_CNT_MAX] = {0};

	*ret_need = (struct vega_need){
		.page_bytes = layout->page_bytes, .memlock_bytes = layout->lanes_bytes};
	for (uint32_t i = 0; i < layout->lane_cnt; i++)
		bytes[node_of_lcore(conf, host, layout->feeds[layout->lanes[i].feed_id].lcore)] +=
			vega_align_up(layout->lanes[i].lane_bytes, VEGA_LANE_ALIGN_BYTES);
	if (conf->port_cnt != 0)
		bytes[node_of_lcore(conf, host, 0)] += vega_align_up(EAL_BYTES, layout->page_bytes);
	for (uint32_t i = 0; i < conf->port_cnt; i++)
		bytes[node_of_lcore(conf, host, lcore_of_port(conf, i))] +=
			vega_align_up(vega_sizing_port_bytes(&conf->ports[i]), layout->page_bytes);
	for (uint32_t node = 0; node < VEGA_HOST_NODE_CNT_MAX; node++)
		ret_need->page_cnt[node] =
			vega_align_up(bytes[node], layout->page_bytes) / layout->page_bytes;
	for (uint32_t i = 0; i < conf->lcore_cnt; i++)
		need_cpu(ret_need, conf->lcores[i].cpu, conf->lcores[i].numa);
	need_cpu(ret_need, conf->drain_cpu, VEGA_CONF_ANY);
}

static uint32_t
epb_bytes(const struct vega_traffic *traffic)
{
	return VEGA_EPB_OVERHEAD_BYTES + (uint32_t)vega_align_up(traffic->frame_bytes, 4);
}

/* Packets in a block when it is sealed: it is full, or 100 ms old. */
static double
packets_per_block(const struct vega_traffic *traffic)
{
	const uint32_t whole = VEGA_FRAME_PAYLOAD_BYTES_MAX / epb_bytes(traffic);
	const double full = whole;
	const double aged = traffic->rate_pps * BLOCK_AGE_S;

	if (aged >= full)
		return full;
	return aged < 1 ? 1 : aged;
}

uint64_t
vega_sizing_lane_ns(const struct vega_lane_entry *lane, const struct vega_traffic *traffic)
{
	double units_per_s = traffic->rate_pps * traffic->records_per_packet;
	double ns;

	if (lane->kind == VEGA_LANE_STATE)
		return UINT64_MAX; /* it does not fill with traffic */
	if (lane->kind == VEGA_LANE_FRAMES)
		units_per_s = traffic->rate_pps / packets_per_block(traffic);
	if (units_per_s <= 0)
		return UINT64_MAX;
	ns = (double)lane->unit_cnt / units_per_s * 1e9;
	return ns < 9e18 ? (uint64_t)ns : UINT64_MAX;
}

uint64_t
vega_sizing_journal_bytes(const struct vega_traffic *traffic, uint64_t seconds)
{
	const double packets = packets_per_block(traffic);
	const double block_bytes = (double)vega_align_up(
		VEGA_BLOCK_HDR_BYTES + (uint64_t)(packets * epb_bytes(traffic)),
		VEGA_BLOCK_ALIGN_BYTES);

	return (uint64_t)(traffic->rate_pps / packets * block_bytes * (double)seconds);
}
