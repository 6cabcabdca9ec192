/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_FEED_H
#define VEGA_GEN_FEED_H
/*
 * What vega-gen needs of a feed: which streams and groups there are, and how a datagram and a heartbeat look.
 *
 * A feed is one const struct and one line of the table in gen_feed.c. Lines, loss, timing and framing are the
 * session's business (gen_session.h), the order flow is gen_flow.h's; a feed only turns one into bytes for the other.
 */
#include <stdint.h>

#include "replay/gen_flow.h"

#define VEGA_GEN_LINE_CNT          2u /* A and B */
#define VEGA_GEN_STREAM_CNT_MAX    32u
#define VEGA_GEN_MESSAGE_CNT_MAX   8u /* of one datagram */
#define VEGA_GEN_PAYLOAD_BYTES_MAX 1400u

/* 239.70.70.41 as a number */
#define VEGA_IPV4(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Streams first to last, of which each has the next group and the next port. */
struct vega_gen_groups {
	uint32_t first;
	uint32_t last;
	struct {
		uint32_t group;
		uint16_t port;
	} line[VEGA_GEN_LINE_CNT];
};

struct vega_gen_segment {
	const char *name;
	const char *doc;
	uint32_t stream_cnt_max; /* streams are numbered from 1 */
	uint64_t seq_max;
	uint32_t groups_cnt;
	const struct vega_gen_groups *groups;
	struct vega_flow_params flow; /* of stream 1 */
	uint32_t variant;             /* the feed's own: which of its protocols */
};

/* The best prices of a book and what stands there; 0: nothing. */
struct vega_gen_top {
	int32_t price[2]; /* buy, sell */
	int32_t qty[2];
};

/* The day of an instrument, where a feed tells it: prices and quantities as the wire has them. */
struct vega_gen_day {
	int32_t last, open, high, low; /* 0: no trade yet */
	int32_t close;                 /* of the day before */
	int32_t last_qty;
	uint64_t last_ns;
	uint64_t volume;
	uint64_t turnover;
	uint64_t oi, oi_high, oi_low;
};

/* One stream as its exchange knows it. */
struct vega_gen_stream {
	const struct vega_gen_segment *segment;
	uint32_t id;
	uint64_t last_seq;    /* of the last message published, 0: none yet */
	uint64_t last_ns;     /* its exchange time; never runs back within a stream */
	uint64_t midnight_ns; /* before the session's start, in the feed's zone */
	uint64_t offset;      /* bytes published, where a feed counts them */
	/* Tops of the books as they were published last, where a feed publishes them. */
	struct vega_gen_top tops[VEGA_FLOW_BOOK_CNT];
	struct vega_gen_day days[VEGA_FLOW_BOOK_CNT];
	struct vega_gen_day indices[3];
	struct vega_flow flow;
};

/* Number the stream's next message and give it its time: `ns`, or that of the one before. */
static inline void
vega_gen_next_message(struct vega_gen_stream *stream, uint64_t ns)
{
	if (ns > stream->last_ns)
		stream->last_ns = ns;
	stream->last_seq++;
}

struct vega_gen_feed {
	const char *name;
	const char *doc;
	/* The first is the default; ends with a NULL name. */
	const struct vega_gen_segment *segments;
	uint64_t first_ns; /* the earliest time the format can express */
	/* Whose midnight its times count from; NULL: they do not. */
	const char *zone;
	const char *start; /* when its market opens: the start of a session that gives none */
	/* Publish `message_cnt` messages from `ns` on; returns the payload's length. */
	uint32_t (*datagram)(struct vega_gen_stream *stream, uint64_t ns, uint32_t message_cnt,
		uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX]);
	/* What an idle stream sends; returns the payload's length. */
	uint32_t (*heartbeat)(
		const struct vega_gen_stream *stream, uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX]);
};

/* By name, or NULL. */
const struct vega_gen_feed *vega_gen_feed_find(const char *name);
const struct vega_gen_segment *vega_gen_segment_find(
	const struct vega_gen_feed *feed, const char *name);

/* "nse-mtbt, itch" and "fo, cm" for messages, into buf; both return buf. */
char *vega_gen_feed_names(char buf[128]);
char *vega_gen_segment_names(const struct vega_gen_feed *feed, char buf[128]);

#endif
