/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/rx.h"

#include <errno.h>

static VEGA_ALWAYS_INLINE void
decode(const struct vega_rx_claim *claim, const struct vega_packet *p, uint64_t frame)
{
	const struct vega_feed_packet packet = {
		.payload = claim->payload,
		.bytes = claim->payload_bytes,
		.channel_idx = claim->channel_idx,
		.recv_ns = p->recv_ns,
		.frame = frame,
		.line = claim->line,
		.interface_id = (uint8_t)p->interface_id,
	};

	vega_feed_packet(claim->feed->decoder, &packet);
}

static VEGA_ALWAYS_INLINE void
put(const struct vega_rx_claim *claim, const struct vega_packet *p)
{
	struct vega_rx_feed *feed = claim->feed;
	const uint64_t frame = feed->writer.frame_next;
	const enum vega_frame_put how = vega_frame_put(&feed->writer, p->data, p->captured_bytes,
		p->wire_bytes, p->recv_ns, p->interface_id);

	feed->put_cnt[how]++;
	feed->published_bytes += p->captured_bytes;
	feed->cut_cnt += p->captured_bytes < p->wire_bytes;
	if (vega_unlikely(how != VEGA_PUT_OK))
		feed->lost_bytes += p->captured_bytes;
	if (feed->decoder != NULL)
		decode(claim, p, how == VEGA_PUT_OK ? frame : VEGA_FRAME_LOST);
}

static void
tell_sealed(struct vega_rx_feed *feed)
{
	vega_store_relaxed(&feed->cells->blocks_sealed, feed->writer.sealed);
	vega_store_relaxed(&feed->cells->seal_ns_last, feed->writer.seal_ns_last);
	feed->sealed_told = feed->writer.sealed;
}

/* Store what the burst counted: the cells are shared, so once a burst, not once a packet. */
static void
flush(struct vega_rx_feed *feed)
{
	struct vega_rx_cells *cells = feed->cells;
	const uint64_t laid = feed->put_cnt[VEGA_PUT_OK];
	const uint64_t full = feed->put_cnt[VEGA_PUT_NO_BLOCK];
	const uint64_t oversize = feed->put_cnt[VEGA_PUT_OVERSIZE];

	if (laid + full + oversize == 0)
		return;
	if (feed->frames_only) {
		vega_count(&cells->packets_published, laid);
		vega_count(&cells->bytes_published, feed->published_bytes - feed->lost_bytes);
		vega_count(&cells->drop_lane_full, full);
		vega_count(&cells->drop_oversize, oversize);
	} else {
		vega_count(&cells->packets_published, laid + full + oversize);
		vega_count(&cells->bytes_published, feed->published_bytes);
		vega_count(&cells->lost_lane_full, full);
		vega_count(&cells->lost_oversize, oversize);
	}
	vega_count(&cells->packets_framed, laid);
	vega_count(&cells->packets_cut, feed->cut_cnt);
	vega_count(&cells->packets_line_a, feed->line_cnt[0]);
	vega_count(&cells->packets_line_b, feed->line_cnt[1]);
	memset(feed->put_cnt, 0, sizeof(feed->put_cnt));
	memset(feed->line_cnt, 0, sizeof(feed->line_cnt));
	feed->published_bytes = 0;
	feed->lost_bytes = 0;
	feed->cut_cnt = 0;
}

/* Whose is it? A feed of another lcore must not be written here. */
static VEGA_NOINLINE struct vega_rx_claim
find_claim(struct vega_rx *rx, const struct vega_packet *p, uint32_t linktype)
{
	struct vega_rx_claim claim = {.feed = rx->default_feed};
	struct vega_match_hit hit;
	struct vega_net net;

	if (rx->match == NULL)
		return claim;
	vega_net_parse(linktype, p->data, p->captured_bytes, &net);
	hit = vega_match_find(rx->match, &net, rx->if_port[p->interface_id]);
	if (hit.feed_idx == VEGA_MATCH_NONE)
		return claim;
	if (vega_unlikely(rx->feed_of[hit.feed_idx] == NULL)) {
		vega_count(&rx->cells->misrouted, 1);
		return claim;
	}
	claim.feed = rx->feed_of[hit.feed_idx];
	claim.feed->line_cnt[hit.line == 'B']++;
	claim.channel_idx = hit.channel_idx;
	claim.line = hit.line;
	if (vega_likely(net.udp_port != VEGA_NET_NO_PORT)) {
		claim.payload = p->data + net.payload_off;
		claim.payload_bytes = net.payload_bytes;
	}
	return claim;
}

static VEGA_ALWAYS_INLINE uint64_t
flow_key(const struct vega_net_plain *plain, uint32_t interface_id)
{
	return plain->dst | (uint64_t)plain->udp_port << 32 | (uint64_t)interface_id << 48 |
	       UINT64_C(1) << 63;
}

static VEGA_NOINLINE struct vega_rx_claim
find_flow(struct vega_rx *rx, const struct vega_packet *p, struct vega_rx_flow *flow, uint64_t key)
{
	const struct vega_rx_claim claim = find_claim(rx, p, VEGA_LINKTYPE_ETHERNET);

	if (claim.payload != NULL) /* a feed of ours has claimed it */
		*flow = (struct vega_rx_flow){key, claim.feed, claim.channel_idx, claim.line};
	return claim;
}

/* The same for a datagram of a flow that is known: no headers but the plain ones, no match. */
static VEGA_ALWAYS_INLINE struct vega_rx_claim
claim_of(struct vega_rx *rx, const struct vega_packet *p, uint32_t linktype)
{
	struct vega_rx_claim claim = {0};
	struct vega_net_plain plain;
	struct vega_rx_flow *flow;
	uint64_t key;

	if (vega_unlikely(linktype != VEGA_LINKTYPE_ETHERNET ||
			  !vega_net_plain(p->data, p->captured_bytes, &plain)))
		return find_claim(rx, p, linktype);
	key = flow_key(&plain, p->interface_id);
	flow = &rx->flows[key * 0x9E3779B97F4A7C15u >> (64 - VEGA_RX_FLOW_LG2)];
	if (vega_unlikely(flow->key != key))
		return find_flow(rx, p, flow, key);
	claim.feed = flow->feed;
	claim.feed->line_cnt[flow->line == 'B']++;
	claim.channel_idx = flow->channel_idx;
	claim.line = flow->line;
	claim.payload = p->data + VEGA_NET_PLAIN_OFF;
	claim.payload_bytes = plain.payload_bytes;
	return claim;
}

/* Are the readers that must not be lapped near enough? */
static bool
has_record_room(const struct vega_rx_feed *feed)
{
	const uint64_t position = vega_feed_position(feed->decoder);

	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(feed->records_taken); i++)
		if (feed->records_taken[i] != NULL &&
			position - vega_load_acquire(feed->records_taken[i]) >= /* P2: state.h */
				feed->records_slack)
			return false;
	return true;
}

/* Will the frame be laid, or dropped for its own sake? False: its lanes have no room for it now. */
static bool
has_room(struct vega_rx_feed *feed, const struct vega_packet *p)
{
	if (feed->decoder != NULL && !has_record_room(feed))
		return false;
	return p->captured_bytes > VEGA_FRAME_BYTES_MAX ||
	       vega_frame_open(&feed->writer,
		       vega_frame_epb_bytes(&feed->writer, p->captured_bytes, p->interface_id),
		       p->recv_ns);
}

/* A port's burst: what does not fit is dropped, counted and told in the data. */
static void
lay_burst(struct vega_rx *rx, const struct vega_packet *packets, uint32_t cnt, uint32_t linktype)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const struct vega_rx_claim claim = claim_of(rx, &packets[i], linktype);

		put(&claim, &packets[i]);
	}
}

/* A lossless burst: stops before the first packet whose lane has no room, and goes on with it later. */
static void
lay_held(struct vega_rx *rx, struct vega_source *source)
{
	for (; rx->held_at < rx->held_cnt; rx->held_at++) {
		const struct vega_packet *p = &rx->burst[rx->held_at];

		if (rx->held_claim.feed == NULL) /* found, and counted, once */
			rx->held_claim = claim_of(rx, p, source->linktype);
		if (!has_room(rx->held_claim.feed, p)) {
			vega_count(&rx->cells->source_waits, 1);
			return;
		}
		put(&rx->held_claim, p);
		rx->held_claim.feed = NULL;
	}
	rx->held_cnt = 0;
	source->ops->release(source);
}

static void
end_source(struct vega_rx *rx, uint32_t idx, int rc)
{
	rx->ended[idx] = 1;
	rx->sources_ended++;
	if (rc != -ENODATA && rx->source_rc == 0)
		rx->source_rc = rc;
}

static void
count_burst(struct vega_rx *rx, uint32_t cnt)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < cnt; i++)
		bytes += rx->burst[i].captured_bytes;
	rx->packets_left -= rx->packets_left == UINT64_MAX ? 0 : cnt;
	vega_count(&rx->cells->packets_polled, cnt);
	vega_count(&rx->cells->bytes_polled, bytes);
}

static unsigned
poll_source(struct vega_rx *rx, uint32_t idx)
{
	struct vega_source *source = rx->sources[idx];
	const uint32_t want = rx->packets_left < VEGA_BURST_CNT_MAX ? (uint32_t)rx->packets_left
								    : VEGA_BURST_CNT_MAX;
	const int cnt = source->ops->burst(source, rx->burst, want);

	if (cnt <= 0) {
		if (vega_unlikely(cnt < 0))
			end_source(rx, idx, cnt);
		return 0;
	}
	for (uint32_t i = 0; i < rx->feed_cnt; i++)
		vega_frame_linktype(&rx->feeds[i].writer, source->linktype);
	count_burst(rx, (uint32_t)cnt);
	if (source->lossless) {
		rx->held_cnt = (uint32_t)cnt;
		rx->held_at = 0;
		rx->held_source = source;
		lay_held(rx, source);
	} else {
		lay_burst(rx, rx->burst, (uint32_t)cnt, source->linktype);
		source->ops->release(source);
	}
	return (unsigned)cnt;
}

static unsigned
poll_sources(struct vega_rx *rx)
{
	unsigned taken = 0;

	if (vega_unlikely(rx->held_cnt != 0)) {
		const uint32_t at = rx->held_at;

		lay_held(rx, rx->held_source);
		return (rx->held_cnt == 0 ? 1 : rx->held_at - at);
	}
	for (uint32_t i = 0; i < rx->source_cnt && rx->held_cnt == 0; i++)
		if (vega_likely(!rx->ended[i]) && vega_likely(rx->packets_left != 0))
			taken += poll_source(rx, i);
	return taken;
}

unsigned
vega_rx_poll(struct vega_rx *rx, uint64_t now_ns)
{
	const unsigned taken = poll_sources(rx);

	for (uint32_t i = 0; i < rx->feed_cnt; i++) {
		struct vega_rx_feed *feed = &rx->feeds[i];

		if (taken != 0)
			flush(feed);
		vega_frame_tick(&feed->writer, now_ns);
		if (vega_unlikely(feed->writer.sealed != feed->sealed_told))
			tell_sealed(feed);
	}
	vega_count(&rx->cells->polls, 1);
	if (taken == 0)
		vega_count(&rx->cells->polls_empty, 1);
	return taken;
}

void
vega_rx_end(struct vega_rx *rx)
{
	for (uint32_t i = 0; i < rx->feed_cnt; i++)
		if (rx->feeds[i].decoder != NULL)
			vega_feed_end(rx->feeds[i].decoder);
}

void
vega_rx_seal(struct vega_rx *rx, enum vega_seal cause)
{
	for (uint32_t i = 0; i < rx->feed_cnt; i++) {
		vega_frame_seal(&rx->feeds[i].writer, cause);
		tell_sealed(&rx->feeds[i]);
	}
}

/* A block's seal tells the drain to change files: where no block is open, one of the clock alone tells it. */
void
vega_rx_step_back(struct vega_rx *rx, const struct vega_clock_block *clock)
{
	for (uint32_t i = 0; i < rx->feed_cnt; i++) {
		struct vega_frame_writer *w = &rx->feeds[i].writer;

		if (w->cursor == NULL)
			(void)vega_frame_clock(w, clock, clock->realtime_ns);
		vega_frame_step_back(w);
		if (rx->feeds[i].decoder != NULL)
			vega_feed_step_back(rx->feeds[i].decoder);
		tell_sealed(&rx->feeds[i]);
	}
}

void
vega_rx_clock(struct vega_rx *rx, const struct vega_clock_block *clock)
{
	for (uint32_t i = 0; i < rx->feed_cnt; i++)
		(void)vega_frame_clock(&rx->feeds[i].writer, clock, clock->realtime_ns);
}

void
vega_rx_port_losses(struct vega_rx *rx, uint64_t missed, uint64_t nombuf)
{
	rx->default_feed->writer.losses.port_missed += missed;
	rx->default_feed->writer.losses.port_nombuf += nombuf;
	for (uint32_t i = 0; i < rx->feed_cnt; i++)
		if (rx->feeds[i].decoder != NULL && rx->feeds[i].writer.recv_ns_last != 0)
			vega_feed_loss(rx->feeds[i].decoder, rx->feeds[i].writer.recv_ns_last,
				missed + nombuf);
}
