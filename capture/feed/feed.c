/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/feed.h"

#include <string.h>

#define DAY_NS 86400000000000u

/* One sequence of an exchange: a stream of the configuration and of the wire. */
struct stream {
	const struct vega_format *format;
	uint32_t stream;
	uint32_t wire;
	struct vega_seq seq;
};

struct channel {
	struct vega_feed_channel conf;
	void *state;         /* of its format, shared by the feed's channels of that format */
	bool owns_state;     /* the first of them */
	struct stream *last; /* what its last span belonged to */
};

struct vega_feed {
	struct vega_ring_writer ring;
	struct vega_emit emit;
	uint64_t day_end_ns;  /* of the epoch's trading day */
	uint64_t deadline_ns; /* the earliest of all streams */
	const struct vega_zone *zone;
	uint64_t hold_ns;
	uint32_t feed_id;
	uint32_t channel_cnt;
	uint32_t stream_cnt;
	uint32_t stream_cnt_max;
	struct channel *channels;
	struct stream *streams;
	struct vega_channel_cells *cells;
};

/* ---- making --------------------------------------------------------------------------------------------------- */

/* The first channel of a format has its state; the others share it. */
static uint32_t
first_of_format(const struct vega_feed_channel *channels, uint32_t idx)
{
	for (uint32_t i = 0; i < idx; i++)
		if (channels[i].format == channels[idx].format)
			return i;
	return idx;
}

static size_t
state_bytes(const struct vega_feed_conf *conf, uint32_t idx)
{
	const struct vega_format *format = conf->channels[idx].format;

	if (format == NULL || first_of_format(conf->channels, idx) != idx)
		return 0;
	return vega_align_up(format->state_bytes, VEGA_LINE_BYTES);
}

/* Where the parts lie: the feed, its channels, its streams, the formats' states. */
struct parts {
	size_t channels_off;
	size_t streams_off;
	size_t states_off;
	size_t bytes;
};

static struct parts
parts_of(const struct vega_feed_conf *conf)
{
	struct parts parts;

	parts.channels_off = vega_align_up(sizeof(struct vega_feed), VEGA_LINE_BYTES);
	parts.streams_off = vega_align_up(
		parts.channels_off + conf->channel_cnt * sizeof(struct channel), VEGA_LINE_BYTES);
	parts.states_off = vega_align_up(
		parts.streams_off + conf->cells_cnt * sizeof(struct stream), VEGA_LINE_BYTES);
	parts.bytes = parts.states_off;
	for (uint32_t i = 0; i < conf->channel_cnt; i++)
		parts.bytes += state_bytes(conf, i);
	return parts;
}

size_t
vega_feed_bytes(const struct vega_feed_conf *conf)
{
	return parts_of(conf).bytes;
}

static void
make_channels(struct vega_feed *feed, const struct vega_feed_conf *conf, uint8_t *states)
{
	for (uint32_t i = 0; i < conf->channel_cnt; i++) {
		const uint32_t first = first_of_format(conf->channels, i);

		feed->channels[i].conf = conf->channels[i];
		feed->channels[i].state = first != i ? feed->channels[first].state : states;
		feed->channels[i].owns_state = first == i;
		states += state_bytes(conf, i);
	}
}

void
vega_feed_new(struct vega_feed *feed, const struct vega_feed_conf *conf)
{
	const struct parts parts = parts_of(conf);
	uint8_t *memory = (uint8_t *)feed;

	memset(memory, 0, parts.bytes);
	feed->zone = conf->zone;
	feed->hold_ns = conf->hold_ns;
	feed->feed_id = conf->feed_id;
	feed->channel_cnt = conf->channel_cnt;
	feed->cells = conf->cells;
	feed->stream_cnt_max = conf->cells_cnt;
	feed->deadline_ns = UINT64_MAX;
	feed->channels = (void *)(memory + parts.channels_off);
	feed->streams = (void *)(memory + parts.streams_off);
	vega_ring_writer_init(&feed->ring, conf->lane, conf->lane_bytes);
	feed->emit.ring = &feed->ring;
	make_channels(feed, conf, memory + parts.states_off);
}

void
vega_feed_define(struct vega_feed *feed, uint32_t token, const uint8_t *text, uint32_t bytes)
{
	for (uint32_t i = 0; i < feed->channel_cnt; i++) {
		const struct vega_format *format = feed->channels[i].conf.format;

		if (format != NULL && format->define != NULL && feed->channels[i].owns_state)
			format->define(feed->channels[i].state, token, text, bytes);
	}
}

uint64_t
vega_feed_position(const struct vega_feed *feed)
{
	return feed->ring.next;
}

/* ---- streams -------------------------------------------------------------------------------------------------- */

static struct stream *
add_stream(struct vega_feed *feed, const struct channel *channel, uint32_t wire)
{
	struct vega_channel_cells *cells = &feed->cells[feed->stream_cnt];
	struct stream *stream = &feed->streams[feed->stream_cnt++];

	stream->format = channel->conf.format;
	stream->stream = channel->conf.stream;
	stream->wire = wire;
	vega_seq_init(&stream->seq, stream->stream, feed->hold_ns, cells);
	cells->feed_id = feed->feed_id;
	cells->stream = stream->stream;
	cells->wire = wire;
	(void)strncpy(cells->format, stream->format->name, sizeof(cells->format) - 1);
	vega_store_relaxed(&cells->in_use, 1);
	return stream;
}

/* The stream of a span; the last one is shared by all that find no room. */
static VEGA_NOINLINE struct stream *
find_stream(struct vega_feed *feed, struct channel *channel, uint32_t wire)
{
	for (uint32_t i = 0; i < feed->stream_cnt; i++) {
		struct stream *stream = &feed->streams[i];

		if (stream->format == channel->conf.format &&
			stream->stream == channel->conf.stream && stream->wire == wire)
			return stream;
	}
	if (feed->stream_cnt < feed->stream_cnt_max)
		return add_stream(feed, channel, wire);
	return &feed->streams[feed->stream_cnt_max - 1];
}

static VEGA_ALWAYS_INLINE struct stream *
stream_of(struct vega_feed *feed, struct channel *channel, uint32_t wire)
{
	if (vega_unlikely(channel->last == NULL || channel->last->wire != wire))
		channel->last = find_stream(feed, channel, wire);
	return channel->last;
}

static VEGA_COLD void
expire(struct vega_feed *feed, uint64_t now_ns)
{
	feed->deadline_ns = UINT64_MAX;
	for (uint32_t i = 0; i < feed->stream_cnt; i++) {
		struct vega_seq *seq = &feed->streams[i].seq;

		if (now_ns >= seq->deadline_ns)
			vega_seq_expire(seq, now_ns, &feed->emit);
		if (seq->deadline_ns < feed->deadline_ns)
			feed->deadline_ns = seq->deadline_ns;
	}
}

/* ---- a packet ------------------------------------------------------------------------------------------------- */

/* A journal of one day names its instruments by itself. */
static void
begin_day(struct vega_feed *feed)
{
	for (uint32_t i = 0; i < feed->channel_cnt; i++) {
		const struct vega_format *format = feed->channels[i].conf.format;

		if (feed->channels[i].owns_state && format != NULL && format->new_day != NULL)
			format->new_day(feed->channels[i].state);
	}
}

/*
 * The trading day rolls, or the first packet comes: a new epoch, 24 hours before the day's midnight in the zone. A file's times may
 * go back: the epoch never does.
 */
static VEGA_COLD void
begin_epoch(struct vega_feed *feed, uint64_t recv_ns)
{
	const struct vega_day day = vega_zone_day(feed->zone, recv_ns);
	struct vega_emit *emit = &feed->emit;

	if (emit->epoch_ns != 0) /* not the first */
		begin_day(feed);
	feed->day_end_ns = day.end_ns;
	emit->epoch_ns = day.midnight_ns > DAY_NS ? day.midnight_ns - DAY_NS : 0;
	vega_ring_epoch_begin(&feed->ring, emit->epoch_ns);
	vega_ring_put(&feed->ring, vega_emit_head(recv_ns - emit->epoch_ns, VEGA_EPOCH, 0), 0,
		emit->epoch_ns, feed->ring.next);
}

/* What became of a datagram. */
struct outcome {
	uint64_t seq; /* of its first message */
	uint32_t message_cnt;
	enum vega_packet_action action;
};

/* What a span gave. */
struct given {
	uint32_t message_cnt;
	bool is_delivered; /* it, or a part of it, was wanted */
};

/* A range of a span. What of it cannot be decoded is missing still. */
static VEGA_ALWAYS_INLINE uint32_t
deliver_range(struct vega_feed *feed, const struct vega_format *format, struct stream *stream,
	struct vega_decode *d, const struct vega_span *span, const struct vega_seq_range *range,
	const struct vega_feed_packet *packet)
{
	const uint32_t cnt = format->records(d, span, range->skip, range->take);

	if (vega_unlikely(d->is_malformed)) {
		const uint64_t left = span->seq_cnt - range->skip;
		const uint64_t taken = range->take < left ? range->take : left;

		if (cnt < taken)
			vega_seq_miss(&stream->seq, span, range->skip + cnt, taken - cnt,
				packet->line == 'B', packet->recv_ns, &feed->emit);
	}
	return cnt;
}

/* A span that is not simply the next one, or has no sequence. Apart, so that its table of ranges costs the others nothing. */
static VEGA_NOINLINE struct given
deliver_ranges(struct vega_feed *feed, const struct vega_format *format, struct stream *stream,
	struct vega_decode *d, const struct vega_span *span, const struct vega_feed_packet *packet)
{
	struct vega_seq_range ranges[VEGA_SEQ_RANGE_CNT];
	const uint32_t cnt = vega_seq_take(
		&stream->seq, span, packet->line == 'B', packet->recv_ns, &feed->emit, ranges);
	struct given given = {.is_delivered = cnt != 0};

	for (uint32_t i = 0; i < cnt; i++)
		given.message_cnt +=
			deliver_range(feed, format, stream, d, span, &ranges[i], packet);
	if (vega_unlikely(stream->seq.deadline_ns < feed->deadline_ns))
		feed->deadline_ns = stream->seq.deadline_ns;
	return given;
}

static VEGA_ALWAYS_INLINE struct given
deliver(struct vega_feed *feed, const struct vega_format *format, struct stream *stream,
	struct vega_decode *d, const struct vega_span *span, const struct vega_feed_packet *packet)
{
	const struct vega_seq_range whole = {.skip = 0, .take = UINT64_MAX};

	if (vega_unlikely(
		    !vega_seq_take_next(&stream->seq, span, packet->line == 'B', packet->recv_ns)))
		return deliver_ranges(feed, format, stream, d, span, packet);
	return (struct given){deliver_range(feed, format, stream, d, span, &whole, packet), true};
}

/* All spans of a datagram. Returns the stream of the last one; where it has none, of the one before. */
static VEGA_ALWAYS_INLINE struct stream *
decode_spans(struct vega_feed *feed, struct channel *channel, const struct vega_feed_packet *packet,
	struct outcome *outcome)
{
	const struct vega_format *format = channel->conf.format;
	bool is_idle = true, is_first = true, is_delivered = false;
	struct vega_span span;
	struct vega_decode d;

	d.payload = packet->payload;
	d.bytes = packet->bytes;
	d.at = 0;
	d.left = 0;
	d.channel = channel->conf.stream;
	d.is_malformed = false;
	d.is_end = false;
	d.state = channel->state;
	d.emit = &feed->emit;
	while (!d.is_end && format->span(&d, &span)) {
		struct stream *stream = stream_of(feed, channel, span.stream);
		struct given given;

		outcome->seq = is_first ? span.seq : outcome->seq;
		is_first = false;
		is_idle = is_idle && span.seq_cnt == 0;
		given = deliver(feed, format, stream, &d, &span, packet);
		outcome->message_cnt += given.message_cnt;
		is_delivered = is_delivered || given.is_delivered;
	}
	if (vega_unlikely(d.is_malformed))
		outcome->action = VEGA_PACKET_MALFORMED;
	else if (vega_unlikely(outcome->message_cnt == 0))
		outcome->action =
			is_idle || is_delivered ? VEGA_PACKET_IDLE : VEGA_PACKET_DUPLICATE;
	return vega_likely(channel->last != NULL) ? channel->last : stream_of(feed, channel, 0);
}

/* What most datagrams of some formats are: one message, the next of the stream that the one before belonged to. */
static VEGA_ALWAYS_INLINE bool
decode_single(struct vega_feed *feed, const struct channel *channel,
	const struct vega_feed_packet *packet)
{
	const struct vega_format *format = channel->conf.format;
	const uint32_t line = packet->line == 'B';
	struct stream *stream = channel->last;

	if (format->single == NULL || stream == NULL || !vega_seq_can_go_on(&stream->seq, line) ||
		!format->single(&stream->seq, stream->wire, packet->payload, packet->bytes,
			channel->state, &feed->emit))
		return false;
	vega_seq_go_on(&stream->seq, 1, line, packet->recv_ns);
	return true;
}

static VEGA_ALWAYS_INLINE struct stream *
decode(struct vega_feed *feed, struct channel *channel, const struct vega_feed_packet *packet,
	struct outcome *outcome)
{
	if (!decode_single(feed, channel, packet))
		return decode_spans(feed, channel, packet, outcome);
	*outcome = (struct outcome){.seq = channel->last->seq.expected - 1,
		.message_cnt = 1,
		.action = VEGA_PACKET_NEW};
	return channel->last;
}

static VEGA_ALWAYS_INLINE void
count(struct vega_feed *feed, struct stream *stream, const struct outcome *outcome,
	uint64_t odd_before, uint64_t at)
{
	struct vega_channel_cells *cells = stream->seq.cells;

	vega_count(&cells->packets, 1);
	vega_count(&cells->messages, outcome->message_cnt);
	vega_count(&cells->records, feed->ring.next - at);
	if (vega_unlikely(feed->emit.odd_cnt != odd_before) && outcome->action == VEGA_PACKET_NEW)
		vega_count(&cells->odd, feed->emit.odd_cnt - odd_before);
	if (vega_likely(outcome->action == VEGA_PACKET_NEW))
		return;
	if (outcome->action == VEGA_PACKET_DUPLICATE)
		vega_count(&cells->duplicates, 1);
	else if (outcome->action == VEGA_PACKET_IDLE)
		vega_count(&cells->heartbeats, 1);
	else
		vega_count(&cells->malformed, 1);
}

/* The PACKET record stands before what it brought, and is known last: its slot is left open until then. */
static VEGA_ALWAYS_INLINE void
lay_packet(uint64_t *slot, const struct channel *channel, const struct vega_feed_packet *packet,
	uint64_t ts, const struct outcome *outcome, bool has_gap)
{
	const bool is_lost = packet->frame == VEGA_FRAME_LOST;
	const uint64_t cnt = outcome->message_cnt < 0xFFFF ? outcome->message_cnt : 0xFFFF;
	const uint32_t flags = VEGA_RECORD_ACTION(outcome->action) |
			       (is_lost ? VEGA_RECORD_FRAME_LOST : 0u) |
			       (has_gap ? VEGA_RECORD_LOSS_BEFORE : 0u);

	/* W1 went before the slot was left open. */
	vega_ring_words(slot, vega_emit_head(ts, VEGA_PACKET, flags),
		channel->conf.stream | (uint64_t)packet->line << 32 |
			(uint64_t)packet->interface_id << 40 | cnt << 48,
		outcome->seq, is_lost ? 0 : packet->frame);
}

void
vega_feed_packet(struct vega_feed *feed, const struct vega_feed_packet *packet)
{
	struct channel *channel = &feed->channels[packet->channel_idx];
	const uint64_t odd_before = feed->emit.odd_cnt;
	const uint64_t gaps_before = feed->emit.gap_cnt;
	struct outcome outcome = {.seq = VEGA_SEQ_NONE};
	struct stream *stream = NULL;
	uint64_t ts, at, *slot;

	if (vega_unlikely(packet->recv_ns >= feed->day_end_ns))
		begin_epoch(feed, packet->recv_ns);
	ts = vega_emit_ts(&feed->emit, packet->recv_ns);
	at = feed->ring.next;
	slot = vega_ring_skip(&feed->ring);
	if (vega_unlikely(packet->recv_ns >= feed->deadline_ns))
		expire(feed, packet->recv_ns);
	if (vega_likely(channel->conf.format != NULL && packet->payload != NULL))
		stream = decode(feed, channel, packet, &outcome);
	lay_packet(slot, channel, packet, ts, &outcome, feed->emit.gap_cnt != gaps_before);
	if (vega_likely(stream != NULL))
		count(feed, stream, &outcome, odd_before, at);
	vega_ring_publish(&feed->ring);
}

/* When the last packet came, which its record says: no packet pays for it. 0: it is gone from the lane, or there was none. */
static uint64_t
last_recv_ns(const struct vega_feed *feed)
{
	const struct vega_ring_writer *ring = &feed->ring;

	for (uint64_t back = 1; back + 1 < ring->capacity && back <= ring->next; back++) {
		const uint64_t *slot = vega_ring_slot(ring, ring->next - back);
		const uint64_t *before =
			back < ring->next ? vega_ring_slot(ring, ring->next - back - 1) : slot;

		if ((slot[0] >> 48 & 0xFF) != VEGA_PACKET)
			continue;
		return (before[0] >> 48 & 0xFF) == VEGA_TIME
			       ? before[2]
			       : feed->emit.epoch_ns + (slot[0] & VEGA_TS_NONE);
	}
	return 0;
}

void
vega_feed_end(struct vega_feed *feed)
{
	const uint64_t recv_ns = last_recv_ns(feed);

	for (uint32_t i = 0; i < feed->stream_cnt; i++) {
		vega_seq_end(&feed->streams[i].seq, recv_ns, &feed->emit);
		vega_ring_publish(&feed->ring);
	}
	feed->deadline_ns = UINT64_MAX;
}

void
vega_feed_step_back(struct vega_feed *feed)
{
	feed->day_end_ns = 0;
}

void
vega_feed_loss(struct vega_feed *feed, uint64_t recv_ns, uint64_t cnt)
{
	const uint64_t ts = vega_emit_ts(&feed->emit, recv_ns);

	vega_ring_put(&feed->ring, vega_emit_head(ts, VEGA_LOSS, VEGA_RECORD_LAST),
		(uint64_t)VEGA_LOSS_PORT << 32, cnt, 0);
	vega_ring_publish(&feed->ring);
}
