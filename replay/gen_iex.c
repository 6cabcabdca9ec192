/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_iex.h"

#include <assert.h>
#include <string.h>

#include "hugepages/base/attr.h"
#include "replay/gen_equity.h"

#define HEADER_BYTES      40u
#define MESSAGE_BYTES_MAX 48u /* L and its length */
#define MESSAGE_STEP_NS   120u
#define SESSION           1150681088u /* any number */

enum {
	PROTOCOL_TOPS = 0x8003,
	PROTOCOL_DEEP_PLUS = 0x8005
};

/* Of a trade: intermarket sweep, odd lot. */
enum {
	SALE_ODD_LOT = 0x20
};

/* The tree is little-endian (meson.build refuses others): the low bytes come first. */
static uint8_t *
put(uint8_t *at, uint64_t value, uint32_t bytes)
{
	memcpy(at, &value, bytes);
	return at + bytes;
}

/* Type, the byte behind it, time; all but system events have a symbol. */
static uint8_t *
put_head(uint8_t *at, const struct vega_gen_stream *stream, char type, uint32_t flags)
{
	at = put(at, (uint8_t)type, 1);
	at = put(at, flags, 1);
	return put(at, stream->last_ns, 8);
}

static uint8_t *
put_head_of(uint8_t *at, const struct vega_gen_stream *stream, char type, uint32_t flags,
	uint32_t token)
{
	at = put_head(at, stream, type, flags);
	vega_gen_symbol(token, at);
	return at + VEGA_GEN_SYMBOL_BYTES;
}

static uint32_t
sale_flags(const struct vega_flow_event *event)
{
	return event->qty < 100 ? SALE_ODD_LOT : 0;
}

/* ---- TOPS ----------------------------------------------------------------------------------------------------- */

static struct vega_gen_top
top_of(const struct vega_flow *flow, const struct vega_flow_book *book)
{
	struct vega_gen_top top = {{0, 0}, {0, 0}};

	for (uint32_t side = 0; side < 2; side++)
		for (uint32_t i = 0; i < book->cnt[side]; i++) {
			const struct vega_flow_order *order = &book->orders[side][i];
			const int32_t price = order->ticks * flow->params.tick;
			const bool is_better = top.qty[side] == 0 ||
					       (side == VEGA_FLOW_BUY ? price > top.price[side]
								      : price < top.price[side]);

			if (is_better)
				top.qty[side] = 0;
			if (is_better || price == top.price[side]) {
				top.price[side] = price;
				top.qty[side] += order->lots * book->lot;
			}
		}
	return top;
}

/* The book whose top is not the one that was told; NULL: all are. */
static const struct vega_flow_book *
changed(struct vega_gen_stream *stream)
{
	for (uint32_t i = 0; i < VEGA_FLOW_BOOK_CNT; i++) {
		const struct vega_flow_book *book = &stream->flow.books[i];
		const struct vega_gen_top top = top_of(&stream->flow, book);

		if (memcmp(&top, &stream->tops[i], sizeof(top)) != 0) {
			stream->tops[i] = top;
			return book;
		}
	}
	return NULL;
}

static uint8_t *
put_quote(uint8_t *at, const struct vega_gen_stream *stream, const struct vega_flow_book *book)
{
	const struct vega_gen_top *top = &stream->tops[book - stream->flow.books];

	at = put_head_of(at, stream, 'Q', 0, book->token);
	at = put(at, (uint32_t)top->qty[VEGA_FLOW_BUY], 4);
	at = put(at, (uint32_t)top->price[VEGA_FLOW_BUY], 8);
	at = put(at, (uint32_t)top->price[VEGA_FLOW_SELL], 8);
	return put(at, (uint32_t)top->qty[VEGA_FLOW_SELL], 4);
}

static uint8_t *
put_trade(uint8_t *at, const struct vega_gen_stream *stream, const struct vega_flow_event *event)
{
	at = put_head_of(at, stream, 'T', sale_flags(event), event->token);
	at = put(at, (uint32_t)event->qty, 4);
	at = put(at, (uint32_t)event->price, 8);
	return put(at, stream->last_seq, 8); /* the trade's id: rising will do */
}

/* A trade is told at once, the quote that it leaves next. */
static uint8_t *
put_tops(uint8_t *at, struct vega_gen_stream *stream)
{
	const struct vega_flow_book *book;
	struct vega_flow_event event;

	while ((book = changed(stream)) == NULL) {
		vega_flow_next(&stream->flow, &event);
		if (event.kind == VEGA_FLOW_TRADE)
			return put_trade(at, stream, &event);
	}
	return put_quote(at, stream, book);
}

/* ---- DEEP+ ---------------------------------------------------------------------------------------------------- */

static uint8_t *
put_order(uint8_t *at, const struct vega_gen_stream *stream, char type, uint32_t flags,
	const struct vega_flow_event *event, uint64_t id)
{
	at = put_head_of(at, stream, type, flags, event->token);
	at = put(at, id, 8);
	at = put(at, (uint32_t)event->qty, 4);
	return put(at, (uint32_t)event->price, 8);
}

static uint8_t *
put_deep_plus(uint8_t *at, struct vega_gen_stream *stream)
{
	struct vega_flow_event event;

	vega_flow_next(&stream->flow, &event);
	switch (event.kind) {
	case VEGA_FLOW_NEW:
		return put_order(at, stream, 'a', event.side == VEGA_FLOW_BUY ? '8' : '5', &event,
			event.id[0]);
	case VEGA_FLOW_MODIFY:
		return put_order(at, stream, 'M', 0, &event, event.id[0]);
	case VEGA_FLOW_CANCEL:
		return put(put_head_of(at, stream, 'R', 0, event.token), event.id[0], 8);
	case VEGA_FLOW_TRADE:
		at = put_order(
			at, stream, 'L', sale_flags(&event), &event, event.id[1 - event.side]);
		return put(at, stream->last_seq, 8);
	}
	return at;
}

/* ---- both ----------------------------------------------------------------------------------------------------- */

static uint8_t *
put_directory(uint8_t *at, const struct vega_gen_stream *stream, const struct vega_flow_book *book)
{
	at = put_head_of(at, stream, 'D', 0, book->token);
	at = put(at, 100, 4);
	at = put(at, (uint32_t)(book->open_ticks * stream->flow.params.tick), 8);
	return put(at, 1, 1);
}

static uint8_t *
put_message(uint8_t *at, struct vega_gen_stream *stream)
{
	uint32_t book_idx;
	const enum vega_gen_opening opening = vega_gen_opening(stream->last_seq, &book_idx);
	const struct vega_flow_book *book = &stream->flow.books[book_idx];

	switch (opening) {
	case VEGA_GEN_START:
		return put_head(at, stream, 'S', 'O');
	case VEGA_GEN_DIRECTORY:
		return put_directory(at, stream, book);
	case VEGA_GEN_STATE:
		return put(put_head_of(at, stream, 'H', 'T', book->token), 0x20202020, 4);
	case VEGA_GEN_OPEN:
		return put_head(at, stream, 'S', 'R');
	case VEGA_GEN_TRADING:
		return stream->segment->variant == PROTOCOL_TOPS ? put_tops(at, stream)
								 : put_deep_plus(at, stream);
	}
	return at;
}

static void
put_header(uint8_t *at, const struct vega_gen_stream *stream, uint64_t seq, uint32_t message_cnt,
	uint32_t payload_bytes)
{
	at = put(at, 1, 1);
	at = put(at, 0, 1);
	at = put(at, stream->segment->variant, 2);
	at = put(at, stream->id, 4);
	at = put(at, SESSION, 4);
	at = put(at, payload_bytes, 2);
	at = put(at, message_cnt, 2);
	at = put(at, stream->offset, 8);
	at = put(at, seq, 8);
	(void)put(at, stream->last_ns, 8);
}

static uint32_t
datagram(struct vega_gen_stream *stream, uint64_t ns, uint32_t message_cnt,
	uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX])
{
	const uint64_t seq = stream->last_seq + 1;
	uint8_t *at = payload + HEADER_BYTES;
	uint32_t bytes;

	static_assert(HEADER_BYTES + VEGA_GEN_MESSAGE_CNT_MAX * MESSAGE_BYTES_MAX <=
			      VEGA_GEN_PAYLOAD_BYTES_MAX,
		"a full datagram fits");
	for (uint32_t i = 0; i < message_cnt; i++) {
		uint8_t *end;

		vega_gen_next_message(stream, ns + i * MESSAGE_STEP_NS);
		end = put_message(at + 2, stream);
		(void)put(at, (uint64_t)(end - at - 2), 2);
		at = end;
	}
	bytes = (uint32_t)(at - payload);
	put_header(payload, stream, seq, message_cnt, bytes - HEADER_BYTES);
	stream->offset += bytes - HEADER_BYTES;
	return bytes;
}

static uint32_t
heartbeat(const struct vega_gen_stream *stream, uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX])
{
	put_header(payload, stream, stream->last_seq + 1, 0, 0);
	return HEADER_BYTES;
}

/* Line A as the captures have it; a line B there is not in the world. */
static const struct vega_gen_groups tops_groups[] = {
	{1, 4, {{VEGA_IPV4(233, 215, 21, 3), 10377}, {VEGA_IPV4(233, 215, 22, 3), 10377}}},
};
static const struct vega_gen_groups deep_plus_groups[] = {
	{1, 4, {{VEGA_IPV4(233, 215, 21, 242), 32001}, {VEGA_IPV4(233, 215, 22, 242), 32001}}},
};

static const struct vega_gen_segment segments[] = {
	{
		.name = "tops",
		.doc = "TOPS 1.6: quotes and trades",
		.stream_cnt_max = 4,
		.seq_max = INT64_MAX,
		.groups_cnt = VEGA_ARRAY_CNT(tops_groups),
		.groups = tops_groups,
		.flow = VEGA_GEN_EQUITY_FLOW,
		.variant = PROTOCOL_TOPS,
	},
	{
		.name = "deep-plus",
		.doc = "DEEP+ 1.0: orders and executions",
		.stream_cnt_max = 4,
		.seq_max = INT64_MAX,
		.groups_cnt = VEGA_ARRAY_CNT(deep_plus_groups),
		.groups = deep_plus_groups,
		.flow = VEGA_GEN_EQUITY_FLOW,
		.variant = PROTOCOL_DEEP_PLUS,
	},
	{.name = NULL},
};

const struct vega_gen_feed vega_gen_iex = {
	.name = "iex",
	.doc = "IEX-TP: TOPS 1.6 or DEEP+ 1.0",
	.segments = segments,
	.first_ns = 1000000000,
	.start = "2025-05-28T09:30:00-04:00",
	.datagram = datagram,
	.heartbeat = heartbeat,
};
