/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A live region made of recorded frames: the decoders, lanes, books and state tables of a capture, so that a client of the market
 * runs on a replay unchanged. VEGA_REGION_REPLAYED is what tells the two apart.
 *
 *	frame --match, feed--> record lane --> state table, books
 *	      \--------------> frame lane, whose blocks nobody drains: they are let go as they are sealed
 *
 * Feeds and channels are those of the configuration. A recorded frame has no port any more: lines that only the port told apart
 * are one. Receive times are the recorded ones. All is done by the sender, behind its deadline, but for the heartbeat.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/feed/channels.h"
#include "hugepages/base/atomic.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/frame.h"
#include "hugepages/region.h"
#include "hugepages/state.h"
#include "replay/pace.h"
#include "replay/ticker.h"
#include "replay/tx.h"

#define FRAME_LANE_BYTES (2u << 20)
#define HEARTBEAT_NS     100000000u

struct feed {
	struct vega_frame_writer writer;
	struct vega_zone *zone;
	struct vega_feed_channel *channels;
	struct vega_feed *decoder;
	struct vega_state_feed *state; /* NULL: it has no state table */
	struct vega_rx_cells *cells;
};

struct region_tx {
	struct vega_tx tx;
	const struct vega_conf *conf;
	struct vega_region *region;
	struct vega_match *match;
	uint32_t feed_cnt;
	uint32_t conf_idx[VEGA_FEED_CNT_MAX]; /* in the configuration, by feed of the region */
	struct feed feeds[VEGA_FEED_CNT_MAX];
	struct vega_ticker heart;
};

static const struct vega_conf *channels_of;

void
vega_tx_region_conf(const struct vega_conf *conf)
{
	channels_of = conf;
}

/* ---- making --------------------------------------------------------------------------------------------------- */

static int
make_region(struct region_tx *r, const char *name)
{
	static struct vega_layout_feed feeds[VEGA_FEED_CNT_MAX];
	struct vega_region_conf conf = {
		.name = name,
		.memory = r->conf->memory,
		.page_bytes = r->conf->page_bytes,
		.feeds = feeds,
		.lcore_cnt = 1,
		.port_cnt = 1,
	};

	for (uint32_t i = 0; i < r->conf->feed_cnt; i++) {
		struct vega_layout_feed *feed = &feeds[r->feed_cnt];

		if (r->conf->feeds[i].record_lane_bytes == 0)
			continue;
		*feed = vega_layout_feed_of(&r->conf->feeds[i]);
		feed->numa = UINT32_MAX;
		feed->frame_lane_bytes = FRAME_LANE_BYTES;
		feed->if_cnt = 1;
		(void)strncpy(feed->if_name[0], "replay", sizeof(feed->if_name[0]) - 1);
		r->conf_idx[r->feed_cnt++] = i;
	}
	if (r->feed_cnt == 0)
		return VEGA_ERR_CONFIG(
			"%s: need a feed with a format in one of its channels, found none",
			r->conf->path);
	conf.feed_cnt = r->feed_cnt;
	return vega_region_create(&conf, &r->region);
}

static int
make_match(struct region_tx *r)
{
	const struct vega_conf_feed *feeds[VEGA_FEED_CNT_MAX];

	for (uint32_t i = 0; i < r->feed_cnt; i++)
		feeds[i] = &r->conf->feeds[r->conf_idx[i]];
	r->match = aligned_alloc(VEGA_LINE_BYTES, vega_feed_match_bytes(feeds, r->feed_cnt));
	if (r->match == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the channels of the feeds, found none");
	return vega_feed_match(feeds, r->feed_cnt, true, r->match);
}

static int
make_decoder(struct region_tx *r, uint32_t idx)
{
	const struct vega_conf_feed *from = &r->conf->feeds[r->conf_idx[idx]];
	struct vega_feed_entry *entry = &r->region->feeds[idx];
	struct feed *feed = &r->feeds[idx];
	struct vega_feed_conf conf = {
		.zone = feed->zone,
		.hold_ns = from->hold_ns,
		.feed_id = idx,
		.channel_cnt = from->channel_cnt,
		.cells = &r->region->channels[entry->channel_first],
		.cells_cnt = entry->channel_cnt,
	};
	int rc;

	feed->channels = calloc(from->channel_cnt + 1, sizeof(*feed->channels));
	if (feed->channels == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the channels of the feeds, found none");
	rc = vega_feed_channels(from, feed->channels, &entry->price_scale);
	if (rc != 0)
		return rc;
	conf.channels = feed->channels;
	conf.lane = vega_region_record_lane(r->region, idx, &conf.lane_bytes);
	feed->decoder = aligned_alloc(
		VEGA_LINE_BYTES, vega_align_up(vega_feed_bytes(&conf), VEGA_LINE_BYTES));
	if (feed->decoder == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the decoders of feed %s, found none",
			entry->name);
	vega_feed_new(feed->decoder, &conf);
	return 0;
}

static int
make_state(struct region_tx *r, uint32_t idx)
{
	const struct vega_conf_feed *from = &r->conf->feeds[r->conf_idx[idx]];
	struct vega_state_conf conf = {
		.order_cnt = from->order_cnt,
		.modify_adds = vega_feed_modify_adds(from),
	};
	uint64_t table_bytes;

	conf.lane = vega_region_record_lane(r->region, idx, &conf.lane_bytes);
	conf.book_lane = vega_region_book_lane(r->region, idx, &conf.book_lane_bytes);
	conf.table = vega_region_state_table(r->region, idx, &table_bytes);
	return conf.table != NULL ? vega_state_feed_new(&conf, &r->feeds[idx].state) : 0;
}

static int
make_feed(struct region_tx *r, uint32_t idx, uint32_t linktype)
{
	const struct vega_conf_feed *from = &r->conf->feeds[r->conf_idx[idx]];
	struct feed *feed = &r->feeds[idx];
	int rc = vega_zone_new(from->zone, from->day_start_s, &feed->zone);

	if (rc == 0) {
		vega_frame_writer_init(
			&feed->writer, vega_region_frame_lane(r->region, idx), feed->zone);
		vega_frame_linktype(&feed->writer, linktype);
		feed->cells = &r->region->rx[idx];
		rc = make_decoder(r, idx);
	}
	if (rc == 0)
		rc = make_state(r, idx);
	return rc != 0 ? VEGA_ERR_ADD(rc, "feed %s", from->name) : 0;
}

/* Clients take a capture for dead whose heart does not beat, however long the recording pauses. */
static void
beat(void *arg)
{
	struct region_tx *r = arg;

	vega_store_relaxed(&r->region->control->heartbeat_ns, vega_realtime_ns());
}

/* Who still reads is told of what will not come, as by a capture that ends. */
static void
end_feeds(struct region_tx *r)
{
	for (uint32_t i = 0; i < r->feed_cnt; i++) {
		if (r->feeds[i].decoder != NULL)
			vega_feed_end(r->feeds[i].decoder);
		if (r->feeds[i].state != NULL)
			while (vega_state_poll(r->feeds[i].state) != 0)
				;
	}
}

static int
close_region(struct vega_tx *tx)
{
	struct region_tx *r = (struct region_tx *)(void *)tx;

	vega_ticker_stop(&r->heart);
	end_feeds(r);
	for (uint32_t i = 0; i < r->feed_cnt; i++) {
		vega_state_feed_delete(r->feeds[i].state);
		free(r->feeds[i].decoder);
		free(r->feeds[i].channels);
		vega_zone_delete(r->feeds[i].zone);
	}
	if (r->region != NULL)
		vega_region_close(r->region);
	free(r->match);
	free(r);
	return 0;
}

static int
make(struct region_tx *r, const char *name, uint32_t linktype)
{
	int rc = make_region(r, name);

	if (rc == 0)
		rc = make_match(r);
	for (uint32_t i = 0; i < r->feed_cnt && rc == 0; i++)
		rc = make_feed(r, i, linktype);
	if (rc != 0)
		return rc;
	r->region->control->flags |= VEGA_REGION_REPLAYED;
	beat(r);
	return vega_ticker_start(&r->heart, HEARTBEAT_NS, beat, r);
}

static int
open_region(const char *operand, uint32_t linktype, struct vega_tx **ret_tx)
{
	struct region_tx *r;
	int rc;

	if (channels_of == NULL)
		return VEGA_ERR_EX(-EINVAL, EX_USAGE,
			"--out region:%s: need --config FILE, which says what the channels hold, "
			"found none",
			operand);
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the output, found none");
	r->tx.ops = &vega_tx_region;
	r->conf = channels_of;
	rc = make(r, operand, linktype);
	if (rc != 0)
		(void)close_region(&r->tx);
	else
		*ret_tx = &r->tx;
	return rc;
}

/* ---- frames --------------------------------------------------------------------------------------------------- */

/* Nobody drains the frame lane: a sealed block is free again at once. */
static enum vega_frame_put
lay(struct feed *feed, const struct vega_frame *frame)
{
	const enum vega_frame_put how = vega_frame_put(&feed->writer, frame->data,
		frame->captured_bytes, frame->wire_bytes, frame->recv_ns, 0);

	if (feed->writer.sealed != vega_load_relaxed(&feed->writer.lane->released))
		vega_frame_release(feed->writer.lane, feed->writer.sealed); /* F4: pairs with F1 */
	return how;
}

static void
decode(struct region_tx *r, const struct vega_frame *frame)
{
	struct vega_feed_packet packet = {.recv_ns = frame->recv_ns};
	struct vega_match_hit hit;
	struct vega_net net;
	struct feed *feed;

	vega_net_parse(frame->linktype, frame->data, frame->captured_bytes, &net);
	hit = vega_match_find(r->match, &net, VEGA_CONF_ANY);
	if (hit.feed_idx == VEGA_MATCH_NONE) {
		r->tx.counts.not_sent_unclaimed++;
		return;
	}
	feed = &r->feeds[hit.feed_idx];
	packet.frame = feed->writer.frame_next;
	packet.channel_idx = hit.channel_idx;
	packet.line = hit.line;
	if (net.udp_port != VEGA_NET_NO_PORT) {
		packet.payload = frame->data + net.payload_off;
		packet.bytes = net.payload_bytes;
	}
	if (lay(feed, frame) == VEGA_PUT_OK)
		vega_count(&feed->cells->packets_framed, 1);
	else
		packet.frame = VEGA_FRAME_LOST;
	vega_count(&feed->cells->packets_published, 1);
	vega_count(&feed->cells->bytes_published, frame->captured_bytes);
	vega_count(
		hit.line == 'B' ? &feed->cells->packets_line_b : &feed->cells->packets_line_a, 1);
	vega_feed_packet(feed->decoder, &packet);
	vega_tx_count_sent(&r->tx, frame, frame->captured_bytes);
}

static void
keep_state(struct region_tx *r)
{
	for (uint32_t i = 0; i < r->feed_cnt; i++)
		while (r->feeds[i].state != NULL && vega_state_poll(r->feeds[i].state) != 0)
			;
}

static int
send_region(struct vega_tx *tx, const struct vega_frame *frames, const uint64_t *due_ns VEGA_UNUSED,
	uint32_t frame_cnt)
{
	struct region_tx *r = (struct region_tx *)(void *)tx;
	const uint64_t before = tx->counts.packets_sent;

	for (uint32_t i = 0; i < frame_cnt; i++)
		decode(r, &frames[i]);
	keep_state(r);
	vega_count(&r->region->lcores[0].packets_polled, tx->counts.packets_sent - before);
	return (int)frame_cnt;
}

static int
flush_region(struct vega_tx *tx)
{
	keep_state((struct region_tx *)(void *)tx);
	return 0;
}

const struct vega_tx_ops vega_tx_region = {
	.name = "region",
	.operand = "NAME",
	.help = "a live region that clients read as a capture's, its channels as --config says",
	.speed_millionths = VEGA_SPEED_UNIT,
	.open = open_region,
	.send_burst = send_region,
	.flush = flush_region,
	.close = close_region,
};
