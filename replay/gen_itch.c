/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_itch.h"

#include <assert.h>
#include <string.h>

#include "hugepages/base/attr.h"
#include "replay/gen_equity.h"

#define HEADER_BYTES      20u
#define MESSAGE_BYTES_MAX 42u /* F and its length; R is as long less one */
#define MESSAGE_STEP_NS   120u

/* One in so many orders names who it is from. */
#define ATTRIBUTED_ONE_IN 16u

/* Where the next byte of a message goes. */
struct put {
	uint8_t *at;
	uint8_t *message; /* its first byte: the length stands before it */
};

static void
put_number(struct put *put, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = bytes; i-- > 0;)
		*put->at++ = (uint8_t)(value >> 8 * i);
}

static void
put_text(struct put *put, const char *text)
{
	const size_t bytes = strlen(text);

	memcpy(put->at, text, bytes);
	put->at += bytes;
}

static void
put_symbol(struct put *put, uint32_t token)
{
	vega_gen_symbol(token, put->at);
	put->at += VEGA_GEN_SYMBOL_BYTES;
}

static void
begin(struct put *put, const struct vega_gen_stream *stream, char type, uint32_t locate)
{
	put->at += 2;
	put->message = put->at;
	put_number(put, (uint8_t)type, 1);
	put_number(put, locate, 2);
	put_number(put, 0, 2);
	put_number(put, stream->last_ns - stream->midnight_ns, 6);
}

static void
end(struct put *put)
{
	struct put length = {.at = put->message - 2};

	put_number(&length, (uint64_t)(put->at - put->message), 2);
}

/* A replaced order has another reference: its place in the queue is part of it. */
static void
put_ref(struct put *put, uint64_t id, uint32_t moves)
{
	put_number(put, id << 16 | (moves & 0xFFFF), 8);
}

static void
put_side(struct put *put, enum vega_flow_side side)
{
	put_number(put, side == VEGA_FLOW_BUY ? 'B' : 'S', 1);
}

static void
put_new(struct put *put, const struct vega_gen_stream *stream, const struct vega_flow_event *event)
{
	const bool is_attributed = event->id[0] % ATTRIBUTED_ONE_IN == 0;

	begin(put, stream, is_attributed ? 'F' : 'A', event->token);
	put_ref(put, event->id[0], event->moves[0]);
	put_side(put, event->side);
	put_number(put, (uint32_t)event->qty, 4);
	put_symbol(put, event->token);
	put_number(put, (uint32_t)event->price, 4);
	if (is_attributed)
		put_text(put, "VEGA");
}

static void
put_modify(
	struct put *put, const struct vega_gen_stream *stream, const struct vega_flow_event *event)
{
	begin(put, stream, event->less != 0 ? 'X' : 'U', event->token);
	if (event->less != 0) {
		put_ref(put, event->id[0], event->moves[0]);
		put_number(put, (uint32_t)event->less, 4);
		return;
	}
	put_ref(put, event->id[0], event->moves[0] - 1);
	put_ref(put, event->id[0], event->moves[0]);
	put_number(put, (uint32_t)event->qty, 4);
	put_number(put, (uint32_t)event->price, 4);
}

static void
put_event(
	struct put *put, const struct vega_gen_stream *stream, const struct vega_flow_event *event)
{
	const enum vega_flow_side rested = 1 - event->side;

	switch (event->kind) {
	case VEGA_FLOW_NEW:
		put_new(put, stream, event);
		break;
	case VEGA_FLOW_MODIFY:
		put_modify(put, stream, event);
		break;
	case VEGA_FLOW_CANCEL:
		begin(put, stream, 'D', event->token);
		put_ref(put, event->id[0], event->moves[0]);
		break;
	case VEGA_FLOW_TRADE:
		begin(put, stream, 'E', event->token);
		put_ref(put, event->id[rested], event->moves[rested]);
		put_number(put, (uint32_t)event->qty, 4);
		put_number(put, stream->last_seq, 8); /* the match number: rising will do */
		break;
	}
}

static void
put_directory(struct put *put, const struct vega_gen_stream *stream, uint32_t token)
{
	begin(put, stream, 'R', token);
	put_symbol(put, token);
	put_text(put, "QN");
	put_number(put, 100, 4);
	put_text(put, "NCZ PNN1N");
	put_number(put, 0, 4);
	put_text(put, "N");
}

static void
put_message(struct put *put, struct vega_gen_stream *stream)
{
	struct vega_flow_event event;
	uint32_t book_idx;
	const enum vega_gen_opening opening = vega_gen_opening(stream->last_seq, &book_idx);
	const uint32_t token = stream->flow.books[book_idx].token;

	switch (opening) {
	case VEGA_GEN_START:
		begin(put, stream, 'S', 0);
		put_text(put, "O");
		break;
	case VEGA_GEN_DIRECTORY:
		put_directory(put, stream, token);
		break;
	case VEGA_GEN_STATE:
		begin(put, stream, 'H', token);
		put_symbol(put, token);
		put_text(put, "T     ");
		break;
	case VEGA_GEN_OPEN:
		begin(put, stream, 'S', 0);
		put_text(put, "Q");
		break;
	case VEGA_GEN_TRADING:
		vega_flow_next(&stream->flow, &event);
		put_event(put, stream, &event);
		break;
	}
	end(put);
}

static void
put_header(
	struct put *put, const struct vega_gen_stream *stream, uint64_t seq, uint32_t message_cnt)
{
	put_text(put, "VEGA00000");
	put_number(put, 'A' + (stream->id - 1) % 26, 1);
	put_number(put, seq, 8);
	put_number(put, message_cnt, 2);
}

static uint32_t
datagram(struct vega_gen_stream *stream, uint64_t ns, uint32_t message_cnt,
	uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX])
{
	struct put put = {.at = payload};

	static_assert(HEADER_BYTES + VEGA_GEN_MESSAGE_CNT_MAX * MESSAGE_BYTES_MAX <=
			      VEGA_GEN_PAYLOAD_BYTES_MAX,
		"a full datagram fits");
	put_header(&put, stream, stream->last_seq + 1, message_cnt);
	for (uint32_t i = 0; i < message_cnt; i++) {
		vega_gen_next_message(stream, ns + i * MESSAGE_STEP_NS);
		put_message(&put, stream);
	}
	return (uint32_t)(put.at - payload);
}

static uint32_t
heartbeat(const struct vega_gen_stream *stream, uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX])
{
	struct put put = {.at = payload};

	put_header(&put, stream, stream->last_seq + 1, 0);
	return HEADER_BYTES;
}

/* Where TotalView is sent; more streams than the one there is are as if other markets followed it. */
static const struct vega_gen_groups groups[] = {
	{1, 4, {{VEGA_IPV4(233, 54, 12, 111), 26477}, {VEGA_IPV4(233, 49, 196, 111), 26477}}},
};

static const struct vega_gen_segment segments[] = {
	{
		.name = "totalview",
		.doc = "TotalView: all orders",
		.stream_cnt_max = 4,
		.seq_max = INT64_MAX,
		.groups_cnt = VEGA_ARRAY_CNT(groups),
		.groups = groups,
		.flow = VEGA_GEN_EQUITY_FLOW,
	},
	{.name = NULL},
};

const struct vega_gen_feed vega_gen_itch = {
	.name = "itch",
	.doc = "Nasdaq TotalView-ITCH 5.0 over MoldUDP64: orders and executions",
	.segments = segments,
	.first_ns = 1000000000,
	.zone = "America/New_York",
	.start = "2025-05-28T09:30:00-04:00",
	.datagram = datagram,
	.heartbeat = heartbeat,
};
