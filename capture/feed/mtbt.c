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
#include "capture/feed/format.h"

enum {
	OFF_STREAM = 2,
	OFF_SEQ = 4,
	OFF_TYPE = 8,
	OFF_BODY = 9,
	OFF_ID = 17, /* the order's, or the buyer's */
	OFF_SELL_ID = 25,
	OFF_SIDE = 29
};

enum kind {
	KIND_I64,
	KIND_I32,
	KIND_U32,
	KIND_ID,
	KIND_CHAR
};

struct field {
	const char *key; /* NULL ends a shape's fields */
	uint8_t off;
	uint8_t kind;
};

struct shape {
	uint32_t bytes; /* of the whole message */
	struct field fields[7];
};

/* clang-format off */
static const struct shape order = {38, {
	{"ts",   OFF_BODY, KIND_I64},
	{"oid",  OFF_ID,   KIND_ID},
	{"tok",  25,       KIND_I32},
	{"side", OFF_SIDE, KIND_CHAR},
	{"px",   30,       KIND_I32},
	{"qty",  34,       KIND_I32},
}};
static const struct shape trade = {45, {
	{"ts",   OFF_BODY,    KIND_I64},
	{"buy",  OFF_ID,      KIND_ID},
	{"sell", OFF_SELL_ID, KIND_ID},
	{"tok",  33,          KIND_I32},
	{"px",   37,          KIND_I32},
	{"qty",  41,          KIND_I32},
}};
static const struct shape heartbeat = {13, {
	{"last", OFF_BODY, KIND_U32},
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

static double
id_at(const uint8_t *at)
{
	double id;

	memcpy(&id, at, sizeof(id));
	return id;
}

/* Not a number, infinite, negative or with a fraction: all of these are false. */
static bool
is_id(double id)
{
	return id >= 0 && id < 0x1p63 && (double)(int64_t)id == id;
}

static bool
is_sound(const struct shape *shape, const uint8_t *at)
{
	if (shape == &order)
		return is_id(id_at(at + OFF_ID)) && (at[OFF_SIDE] == 'B' || at[OFF_SIDE] == 'S');
	if (shape == &trade)
		return is_id(id_at(at + OFF_ID)) && is_id(id_at(at + OFF_SELL_ID));
	return true;
}

static int
mtbt_open(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes)
{
	if (bytes < OFF_BODY)
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
	shape = left < OFF_BODY ? NULL : shape_of[at[OFF_TYPE]];
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
put_field(const struct field *field, const uint8_t *message, struct vega_text *text)
{
	const uint8_t *at = message + field->off;

	switch ((enum kind)field->kind) {
	case KIND_I64:
		vega_text_i64(text, field->key, (int64_t)vega_le64(at));
		break;
	case KIND_I32:
		vega_text_i64(text, field->key, (int32_t)vega_le32(at));
		break;
	case KIND_U32:
		vega_text_u64(text, field->key, vega_le32(at));
		break;
	case KIND_ID:
		vega_text_u64(text, field->key, (uint64_t)id_at(at));
		break;
	case KIND_CHAR:
		vega_text_alpha(text, field->key, at, 1);
		break;
	}
}

static void
mtbt_line(const struct vega_message *message, struct vega_text *text)
{
	const struct shape *shape = shape_of[message->data[OFF_TYPE]];

	vega_text_alpha(text, "type", message->data + OFF_TYPE, 1);
	vega_text_u64(text, "len", message->bytes);
	for (const struct field *field = shape->fields; field->key != NULL; field++)
		put_field(field, message->data, text);
}

const struct vega_format vega_format_nse_mtbt = {
	.name = "nse-mtbt",
	.doc = "NSE multicast tick-by-tick: equity, derivatives, currency",
	.price_digits = 2,
	.open = mtbt_open,
	.next = mtbt_next,
	.line = mtbt_line,
};
