/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_mtbt.h"

#include <assert.h>
#include <string.h>

#include "hugepages/base/attr.h"
#include "replay/gen_nse.h"

#define HEADER_BYTES 9u /* with the type, which every message has */
#define EPOCH_NS     (VEGA_GEN_NSE_EPOCH_S * 1000000000ull)

/* Messages that one trip through the matching engine publishes stand so far apart. */
#define MESSAGE_STEP_NS 150u

/* The tree is little-endian (meson.build refuses others): the low bytes come first. */
static uint8_t *
put(uint8_t *at, uint64_t value, uint32_t bytes)
{
	memcpy(at, &value, bytes);
	return at + bytes;
}

/* Whole numbers below 2^53 are exact as doubles. */
static uint8_t *
put_id(uint8_t *at, uint64_t id)
{
	double wire = (double)id;

	static_assert(sizeof(wire) == 8, "order ids are IEEE doubles");
	memcpy(at, &wire, 8);
	return at + 8;
}

static uint8_t *
put_header(uint8_t *at, uint32_t bytes, uint32_t stream_id, uint64_t seq, char type)
{
	at = put(at, bytes, 2);
	at = put(at, stream_id, 2);
	at = put(at, seq, 4);
	return put(at, (uint64_t)type, 1);
}

static uint32_t
put_order(uint8_t *at, uint32_t stream_id, uint64_t seq, uint64_t ns,
	const struct vega_flow_event *event)
{
	static const char types[] = {
		[VEGA_FLOW_NEW] = 'N', [VEGA_FLOW_MODIFY] = 'M', [VEGA_FLOW_CANCEL] = 'X'};

	at = put_header(at, VEGA_MTBT_ORDER_BYTES, stream_id, seq, types[event->kind]);
	at = put(at, ns - EPOCH_NS, 8);
	at = put_id(at, event->id[0]);
	at = put(at, event->token, 4);
	at = put(at, event->side == VEGA_FLOW_BUY ? 'B' : 'S', 1);
	at = put(at, (uint32_t)event->price, 4);
	(void)put(at, (uint32_t)event->qty, 4);
	return VEGA_MTBT_ORDER_BYTES;
}

static uint32_t
put_trade(uint8_t *at, uint32_t stream_id, uint64_t seq, uint64_t ns,
	const struct vega_flow_event *event)
{
	at = put_header(at, VEGA_MTBT_TRADE_BYTES, stream_id, seq, 'T');
	at = put(at, ns - EPOCH_NS, 8);
	at = put_id(at, event->id[VEGA_FLOW_BUY]);
	at = put_id(at, event->id[VEGA_FLOW_SELL]);
	at = put(at, event->token, 4);
	at = put(at, (uint32_t)event->price, 4);
	(void)put(at, (uint32_t)event->qty, 4);
	return VEGA_MTBT_TRADE_BYTES;
}

uint32_t
vega_mtbt_put_event(uint8_t *at, uint32_t stream_id, uint64_t seq, uint64_t ns,
	const struct vega_flow_event *event)
{
	if (event->kind == VEGA_FLOW_TRADE)
		return put_trade(at, stream_id, seq, ns, event);
	return put_order(at, stream_id, seq, ns, event);
}

uint32_t
vega_mtbt_put_heartbeat(uint8_t *at, uint32_t stream_id, uint64_t last_seq)
{
	at = put_header(at, VEGA_MTBT_HEARTBEAT_BYTES, stream_id, 0, 'Z');
	(void)put(at, last_seq, 4);
	return VEGA_MTBT_HEARTBEAT_BYTES;
}

static uint32_t
datagram(struct vega_gen_stream *stream, uint64_t ns, uint32_t message_cnt,
	uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX])
{
	struct vega_flow_event event;
	uint32_t bytes = 0;

	static_assert(
		VEGA_GEN_MESSAGE_CNT_MAX * VEGA_MTBT_TRADE_BYTES <= VEGA_GEN_PAYLOAD_BYTES_MAX,
		"a full datagram of trades fits");
	for (uint32_t i = 0; i < message_cnt; i++) {
		vega_gen_next_message(stream, ns + i * MESSAGE_STEP_NS);
		vega_flow_next(&stream->flow, &event);
		bytes += vega_mtbt_put_event(
			payload + bytes, stream->id, stream->last_seq, stream->last_ns, &event);
	}
	return bytes;
}

static uint32_t
heartbeat(const struct vega_gen_stream *stream, uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX])
{
	return vega_mtbt_put_heartbeat(payload, stream->id, stream->last_seq);
}

/* As published: source 1 is line A, source 2 the delayed copy, line B. */
static const struct vega_gen_groups fo_groups[] = {
	{1, 10, {{VEGA_IPV4(239, 70, 70, 41), 17741}, {VEGA_IPV4(239, 70, 70, 31), 10831}}},
	{11, 18, {{VEGA_IPV4(239, 70, 70, 61), 17761}, {VEGA_IPV4(239, 70, 70, 71), 10871}}},
};
static const struct vega_gen_groups cm_groups[] = {
	{1, 5, {{VEGA_IPV4(239, 60, 60, 41), 16641}, {VEGA_IPV4(239, 60, 60, 31), 10631}}},
};

static const struct vega_gen_segment segments[] = {
	{
		.name = "fo",
		.doc = "futures and options",
		.stream_cnt_max = 18,
		.seq_max = UINT32_MAX,
		.groups_cnt = VEGA_ARRAY_CNT(fo_groups),
		.groups = fo_groups,
		.flow = VEGA_GEN_NSE_FO_FLOW,
	},
	{
		.name = "cm",
		.doc = "equities",
		.stream_cnt_max = 5,
		.seq_max = INT32_MAX,
		.groups_cnt = VEGA_ARRAY_CNT(cm_groups),
		.groups = cm_groups,
		.flow = VEGA_GEN_NSE_CM_FLOW,
	},
	{.name = NULL},
};

const struct vega_gen_feed vega_gen_nse_mtbt = {
	.name = "nse-mtbt",
	.doc = "NSE multicast tick-by-tick: orders and trades",
	.segments = segments,
	.first_ns = VEGA_GEN_NSE_FIRST_NS,
	.start = VEGA_GEN_NSE_START,
	.datagram = datagram,
	.heartbeat = heartbeat,
};
