/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nse-mtbt: NSE's multicast tick-by-tick, the same for equity (CM), equity derivatives (FO) and currency (CD).
 *
 * Little-endian, unpadded. A datagram has no header of its own: messages lie back to back, each with its length, stream and
 * sequence. Lengths are fixed by type. Order ids are whole numbers in IEEE doubles; one that is no whole number is no order id,
 * and its message no message. Prices are in paise, in currency 10^-7: a feed's price_scale says so.
 */
#include <errno.h>

#include "capture/feed/bytes.h"
#include "capture/feed/fields.h"

enum {
	OFF_STREAM = 2,
	OFF_SEQ = 4,
	OFF_TYPE = 8,
	HEAD_BYTES = 9,
	OFF_ID = 17, /* the order's, or the buyer's */
	OFF_SELL_ID = 25,
	OFF_SIDE = 29
};

struct shape {
	uint32_t bytes; /* of the whole message */
	struct vega_field fields[7];
};

static const struct vega_fields how = {.price_digits = 2};

/* clang-format off */
static const struct shape order = {38, {
	VEGA_INT_AT("ts", 9, 8), VEGA_WHOLE_AT("oid", OFF_ID), VEGA_INT_AT("tok", 25, 4), VEGA_TEXT_AT("side", OFF_SIDE, 1),
	VEGA_SIGNED_PRICE_AT("px", 30, 4), VEGA_INT_AT("qty", 34, 4),
}};
static const struct shape trade = {45, {
	VEGA_INT_AT("ts", 9, 8), VEGA_WHOLE_AT("buy", OFF_ID), VEGA_WHOLE_AT("sell", OFF_SELL_ID), VEGA_INT_AT("tok", 33, 4),
	VEGA_SIGNED_PRICE_AT("px", 37, 4), VEGA_INT_AT("qty", 41, 4),
}};
static const struct shape heartbeat = {13, {
	VEGA_UINT_AT("last", 9, 4),
}};
static const struct shape response = {10, {{0}}};

static const struct shape *const shape_of[256] = {
	['N'] = &order, ['M'] = &order, ['X'] = &order, /* new, modify, cancel */
	['G'] = &order, ['H'] = &order, ['J'] = &order, /* the same of a spread */
	['T'] = &trade, ['K'] = &trade, ['C'] = &trade, /* trade, of a spread, cancelled */
	['Z'] = &heartbeat,
	['Y'] = &response, ['B'] = &response, /* of the recovery service: ticks, snapshot */
};
/* clang-format on */

static bool
is_id(const uint8_t *at)
{
	int64_t id;

	return vega_whole(vega_le64(at), &id);
}

static bool
is_sound(const struct shape *shape, const uint8_t *at)
{
	if (shape == &order)
		return is_id(at + OFF_ID) && (at[OFF_SIDE] == 'B' || at[OFF_SIDE] == 'S');
	if (shape == &trade)
		return is_id(at + OFF_ID) && is_id(at + OFF_SELL_ID);
	return true;
}

static int
mtbt_open(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes)
{
	if (bytes < HEAD_BYTES)
		return -EBADMSG;
	walk->payload = payload;
	walk->bytes = bytes;
	walk->at = 0;
	walk->message_cnt = 0;
	walk->message_idx = 0;
	walk->seq_first = vega_le32(payload + OFF_SEQ);
	if (walk->seq_first == 0)
		walk->seq_first = VEGA_SEQ_NONE;
	walk->session = 0;
	walk->session_text[0] = '\0';
	return 0;
}

static int
mtbt_next(struct vega_walk *walk, struct vega_message *ret_message)
{
	const uint32_t left = walk->bytes - walk->at;
	const uint8_t *at = walk->payload + walk->at;
	const struct shape *shape;

	if (left == 0)
		return 0;
	shape = left < HEAD_BYTES ? NULL : shape_of[at[OFF_TYPE]];
	if (shape == NULL || shape->bytes != vega_le16(at) || shape->bytes > left ||
		!is_sound(shape, at))
		return -EBADMSG;
	*ret_message = (struct vega_message){
		.data = at,
		.bytes = shape->bytes,
		.type = at[OFF_TYPE],
		.seq = shape->bytes < order.bytes ? VEGA_SEQ_NONE : vega_le32(at + OFF_SEQ),
		.stream = vega_le16(at + OFF_STREAM),
		.is_heartbeat = shape == &heartbeat,
	};
	walk->at += shape->bytes;
	walk->message_idx++;
	return 1;
}

static void
mtbt_line(const struct vega_message *message, struct vega_text *text)
{
	const struct shape *shape = shape_of[message->data[OFF_TYPE]];

	vega_text_char(text, "type", message->data[OFF_TYPE]);
	vega_text_u64(text, "len", message->bytes);
	vega_fields_put(&how, shape->fields, message->data, message->bytes, text);
}

const struct vega_format vega_format_nse_mtbt = {
	.name = "nse-mtbt",
	.doc = "NSE multicast tick-by-tick: equity, derivatives, currency",
	.names_stream = true,
	.price_digits = 2,
	.open = mtbt_open,
	.next = mtbt_next,
	.line = mtbt_line,
};
