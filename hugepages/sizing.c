/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/sizing.h"

#include <stdio.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "hugepages/frame.h"

#define BLOCK_AGE_S 0.1

/*
 * What the store makes of records and states, about (docs/decisions/0013-keyframes.md, 0014-record-codec.md): real traffic takes 2 to 3
 * bytes a record, prices at random up to 7. A book of ten levels is laid as often as a message changes it, which is nearly always.
 */
#define RECORD_BYTES_STORED     4.0
#define RECORD_BLOCK_CNT        65536.0
#define RECORD_BLOCK_AGE_S      1.0
#define INSTRUMENT_BYTES_STORED 85u
#define SLICE_INSTRUMENT_CNT    256u
#define SLICE_HEADER_BYTES      64u

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

/* Bytes a second of blocks that hold so many bytes each, `blocks` a second. */
static double
blocks_bytes(double blocks, double bytes)
{
	return blocks * (double)vega_align_up(
				VEGA_BLOCK_HDR_BYTES + (uint64_t)bytes, VEGA_BLOCK_ALIGN_BYTES);
}

static double
frame_bytes_per_s(const struct vega_traffic *traffic)
{
	const double packets = packets_per_block(traffic);

	return blocks_bytes(traffic->rate_pps / packets, packets * epb_bytes(traffic));
}

/* Of a lane that gets so many records a second: a block when it is full, or a second old. */
static double
record_bytes_per_s(double records_per_s)
{
	const double aged = records_per_s * RECORD_BLOCK_AGE_S;
	const double records = aged < 1 ? 1 : aged < RECORD_BLOCK_CNT ? aged : RECORD_BLOCK_CNT;

	return blocks_bytes(records_per_s / records, records * RECORD_BYTES_STORED);
}

/* Of all instruments that the table has room for: the interval or the records, but three records for each four of its bytes. */
static double
keyframe_bytes_per_s(const struct vega_conf *conf, uint64_t instrument_cnt, double records_per_s)
{
	const uint64_t slices = (instrument_cnt + SLICE_INSTRUMENT_CNT - 1) / SLICE_INSTRUMENT_CNT;
	const uint64_t cnt =
		instrument_cnt < SLICE_INSTRUMENT_CNT ? instrument_cnt : SLICE_INSTRUMENT_CNT;
	const double bytes = blocks_bytes(
		(double)slices, SLICE_HEADER_BYTES + (double)(cnt * INSTRUMENT_BYTES_STORED));
	const double record_cnt_min = bytes * 3 / 4;
	double period_s = 1e18;

	if (records_per_s <= 0 || instrument_cnt == 0)
		return 0;
	if (conf->keyframe_interval_ns != 0)
		period_s = (double)conf->keyframe_interval_ns / 1e9;
	if (conf->keyframe_record_cnt != 0 && conf->keyframe_record_cnt / records_per_s < period_s)
		period_s = conf->keyframe_record_cnt / records_per_s;
	if (period_s < record_cnt_min / records_per_s)
		period_s = record_cnt_min / records_per_s;
	return bytes / period_s;
}

void
vega_sizing_journal(const struct vega_conf *conf, const struct vega_layout_feed *feed,
	const struct vega_traffic *traffic, uint64_t seconds, struct vega_journal_need *ret_need)
{
	const double records_per_s = traffic->rate_pps * traffic->records_per_packet;
	const double s = (double)seconds;
	const bool has_records = feed->record_lane_bytes != 0 && records_per_s > 0;

	*ret_need = (struct vega_journal_need){0};
	if (traffic->rate_pps > 0)
		ret_need->frame_bytes = (uint64_t)(frame_bytes_per_s(traffic) * s);
	if (has_records)
		ret_need->record_bytes = (uint64_t)(record_bytes_per_s(records_per_s) * s);
	if (has_records && feed->book_lane_bytes != 0)
		ret_need->book_bytes = ret_need->record_bytes;
	if (has_records)
		ret_need->keyframe_bytes =
			(uint64_t)(keyframe_bytes_per_s(conf, feed->instrument_cnt, records_per_s) *
				   s);
	ret_need->bytes = ret_need->frame_bytes + ret_need->record_bytes + ret_need->book_bytes +
			  ret_need->keyframe_bytes;
}
