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
	OFF_LAST_SEQ = 9, /* of a heartbeat */
	OFF_STATUS = 9,   /* of a response */
	OFF_TIME = 9,
	OFF_ID = 17, /* the order's, or the buyer's */
	OFF_SELL_ID = 25,
	OFF_TOKEN = 25,
	OFF_SIDE = 29,
	OFF_PRICE = 30, /* and behind it the quantity */
	OFF_TRADE_TOKEN = 33,
	OFF_TRADE_PRICE = 37
};

/* From 1980-01-01 00:00 on Indian clocks to 1970-01-01 00:00 UTC. */
#define EPOCH_NS ((315532800u - 19800u) * UINT64_C(1000000000))

enum layout {
	ORDER,
	TRADE,
	HEARTBEAT,
	RESPONSE
};

struct rule {
	uint8_t bytes; /* of the whole message; 0: there is none */
	uint8_t layout;
	uint8_t id2_off; /* of a trade's second order id; of an order its one */
	uint8_t kind;    /* of its record */
	uint32_t bits;   /* VEGA_ORDER_*, VEGA_TRADE_* */
};

/* clang-format off */
static const struct rule rules[256] = {
	['N'] = {38, ORDER, OFF_ID, VEGA_ORDER_ADD, 0}, /* new */
	['M'] = {38, ORDER, OFF_ID, VEGA_ORDER_MODIFY, 0},
	['X'] = {38, ORDER, OFF_ID, VEGA_ORDER_DELETE, 0}, /* cancel */
	['G'] = {38, ORDER, OFF_ID, VEGA_ORDER_ADD, VEGA_ORDER_SPREAD},
	['H'] = {38, ORDER, OFF_ID, VEGA_ORDER_MODIFY, VEGA_ORDER_SPREAD},
	['J'] = {38, ORDER, OFF_ID, VEGA_ORDER_DELETE, VEGA_ORDER_SPREAD},
	['T'] = {45, TRADE, OFF_SELL_ID, VEGA_TRADE, VEGA_TRADE_NO_AGGRESSOR},
	['K'] = {45, TRADE, OFF_SELL_ID, VEGA_TRADE, VEGA_TRADE_NO_AGGRESSOR | VEGA_TRADE_SPREAD},
	['C'] = {45, TRADE, OFF_SELL_ID, VEGA_TRADE, VEGA_TRADE_NO_AGGRESSOR | VEGA_TRADE_BREAK}, /* cancel */
	['Z'] = {13, HEARTBEAT, 0, 0, 0},
	['Y'] = {10, RESPONSE, 0, VEGA_STATUS, 0}, /* of the recovery service: ticks */
	['B'] = {10, RESPONSE, 0, VEGA_STATUS, 0}, /* and its snapshot */
};

static const struct vega_fields how = {.price_digits = 2};
static const struct vega_field fields_of[][7] = {
	[ORDER] = {
		VEGA_INT_AT("ts", OFF_TIME, 8), VEGA_WHOLE_AT("oid", OFF_ID), VEGA_INT_AT("tok", OFF_TOKEN, 4),
		VEGA_TEXT_AT("side", OFF_SIDE, 1), VEGA_SIGNED_PRICE_AT("px", OFF_PRICE, 4),
		VEGA_INT_AT("qty", OFF_PRICE + 4, 4),
	},
	[TRADE] = {
		VEGA_INT_AT("ts", OFF_TIME, 8), VEGA_WHOLE_AT("buy", OFF_ID), VEGA_WHOLE_AT("sell", OFF_SELL_ID),
		VEGA_INT_AT("tok", OFF_TRADE_TOKEN, 4), VEGA_SIGNED_PRICE_AT("px", OFF_TRADE_PRICE, 4),
		VEGA_INT_AT("qty", OFF_TRADE_PRICE + 4, 4),
	},
	[HEARTBEAT] = {VEGA_UINT_AT("last", OFF_LAST_SEQ, 4)},
	[RESPONSE] = {{0}},
};
/* clang-format on */

static VEGA_ALWAYS_INLINE bool
is_id(const uint8_t *at)
{
	int64_t id;

	return vega_whole(vega_le64(at), &id);
}

/*
 * Both order ids, or an order's one twice, and its side. Orders and trades come mixed, buyers and sellers too: a branch on either
 * would be foretold wrong again and again.
 */
static VEGA_ALWAYS_INLINE bool
is_sound(const struct rule *rule, const uint8_t *at)
{
	if (vega_unlikely(rule->layout > TRADE))
		return true;
	return is_id(at + OFF_ID) && is_id(at + rule->id2_off) &&
	       ((at[OFF_SIDE] == 'B') | (at[OFF_SIDE] == 'S') | (rule->layout == TRADE));
}

/* The rule of the message that lies here; NULL where none lies whole and sound. */
static VEGA_ALWAYS_INLINE const struct rule *
rule_at(const uint8_t *at, uint32_t left)
{
	const struct rule *rule;

	if (left < HEAD_BYTES)
		return NULL;
	rule = &rules[at[OFF_TYPE]];
	if (vega_unlikely(rule->bytes != vega_le16(at) || rule->bytes > left || rule->bytes == 0))
		return NULL;
	return is_sound(rule, at) ? rule : NULL;
}

/* Heartbeats and responses have none; 0 says the same of any message. */
static VEGA_ALWAYS_INLINE uint64_t
seq_at(const struct rule *rule, const uint8_t *at)
{
	const uint32_t seq = vega_le32(at + OFF_SEQ);

	return rule->layout <= TRADE && seq != 0 ? seq : VEGA_SEQ_NONE;
}

/* ---- message by message --------------------------------------------------------------------------------------- */

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
	const struct rule *rule = rule_at(at, left);

	if (left == 0)
		return 0;
	if (rule == NULL)
		return -EBADMSG;
	*ret_message = (struct vega_message){
		.data = at,
		.bytes = rule->bytes,
		.type = at[OFF_TYPE],
		.seq = rule->layout <= TRADE ? vega_le32(at + OFF_SEQ) : VEGA_SEQ_NONE,
		.stream = vega_le16(at + OFF_STREAM),
		.is_heartbeat = rule->layout == HEARTBEAT,
	};
	walk->at += rule->bytes;
	walk->message_idx++;
	return 1;
}

static void
mtbt_line(const struct vega_message *message, struct vega_text *text)
{
	const struct rule *rule = &rules[message->data[OFF_TYPE]];

	vega_text_char(text, "type", message->data[OFF_TYPE]);
	vega_text_u64(text, "len", message->bytes);
	vega_fields_put(&how, fields_of[rule->layout], message->data, message->bytes, text);
}

/* ---- records -------------------------------------------------------------------------------------------------- */

/* Nothing comes behind a bad message: its length cannot be believed either. */
static VEGA_COLD bool
malformed(struct vega_decode *d)
{
	d->is_malformed = true;
	return false;
}

/* Messages that go on with the sequences of a span, whose first one lies here. Returns all their bytes. */
static VEGA_ALWAYS_INLINE uint32_t
take_run(const uint8_t *at, uint32_t left, uint32_t first_bytes, struct vega_span *span)
{
	uint32_t used = first_bytes;

	while (used != left) {
		const struct rule *rule = rule_at(at + used, left - used);

		if (rule == NULL || seq_at(rule, at + used) != span->seq + span->seq_cnt ||
			vega_le16(at + used + OFF_STREAM) != span->stream)
			break;
		used += rule->bytes;
		span->seq_cnt++;
	}
	return used;
}

/*
 * decode->at is where the span ends, decode->left its bytes. What is in a span is whole and sound: records looks at nothing again.
 */
static bool
mtbt_span(struct vega_decode *d, struct vega_span *ret_span)
{
	const uint8_t *at = d->payload + d->at;
	const uint32_t left = d->bytes - d->at;
	const struct rule *rule;

	if (left == 0 && d->at != 0)
		return false;
	rule = rule_at(at, left);
	if (vega_unlikely(rule == NULL))
		return malformed(d);
	*ret_span = (struct vega_span){
		.seq = seq_at(rule, at),
		.seq_cnt = 1,
		.stream = vega_le16(at + OFF_STREAM),
	};
	d->left = rule->bytes;
	if (vega_unlikely(rule->layout == HEARTBEAT)) {
		ret_span->seq = (uint64_t)vega_le32(at + OFF_LAST_SEQ) + 1;
		ret_span->seq_cnt = 0;
	} else if (vega_likely(ret_span->seq != VEGA_SEQ_NONE)) {
		d->left = take_run(at, left, rule->bytes, ret_span);
	}
	d->at += d->left;
	return true;
}

static VEGA_ALWAYS_INLINE uint64_t
id_at(const uint8_t *at)
{
	const uint64_t bits = vega_le64(at);
	double id;

	memcpy(&id, &bits, sizeof(id));
	return (uint64_t)(int64_t)id;
}

static VEGA_ALWAYS_INLINE void
lay_order(struct vega_emit *emit, const struct rule *rule, const uint8_t *at)
{
	const uint64_t price_qty = vega_le64(at + OFF_PRICE);
	const uint32_t flags = VEGA_RECORD_LAST | (at[OFF_SIDE] == 'S' ? VEGA_RECORD_ASK : 0u);

	vega_emit(emit, vega_le64(at + OFF_TIME) + EPOCH_NS, rule->kind, flags,
		vega_le32(at + OFF_TOKEN), (uint32_t)(price_qty >> 32), id_at(at + OFF_ID),
		vega_pair((uint32_t)price_qty, rule->bits));
}

static VEGA_ALWAYS_INLINE void
lay_trade(struct vega_emit *emit, const struct rule *rule, const uint8_t *at)
{
	const uint64_t ns = vega_le64(at + OFF_TIME) + EPOCH_NS;
	const uint64_t price_qty = vega_le64(at + OFF_TRADE_PRICE);
	const uint32_t token = vega_le32(at + OFF_TRADE_TOKEN);

	vega_emit(emit, ns, rule->kind, 0, token, (uint32_t)(price_qty >> 32), 0,
		vega_pair((uint32_t)price_qty, rule->bits));
	vega_emit(emit, ns, VEGA_ORDER_REF, VEGA_RECORD_LAST, token, VEGA_REF_BUY_SELL,
		id_at(at + OFF_ID), id_at(at + OFF_SELL_ID));
}

static VEGA_COLD void
lay_response(struct vega_emit *emit, const uint8_t *at)
{
	vega_emit(emit, VEGA_NO_TIME, VEGA_STATUS, VEGA_RECORD_LAST, 0, at[OFF_TYPE],
		at[OFF_STATUS], 0);
}

static uint32_t
mtbt_records(struct vega_decode *d, const struct vega_span *span, uint64_t skip, uint64_t take)
{
	const uint8_t *at = d->payload + d->at - d->left;
	const uint64_t cnt = span->seq_cnt <= skip         ? 0
			     : span->seq_cnt - skip < take ? span->seq_cnt - skip
							   : take;

	for (; vega_unlikely(skip != 0 && cnt != 0); skip--)
		at += rules[at[OFF_TYPE]].bytes;
	for (uint64_t i = 0; i < cnt; i++) {
		const struct rule *rule = &rules[at[OFF_TYPE]];

		if (vega_likely(rule->layout == ORDER))
			lay_order(d->emit, rule, at);
		else if (vega_likely(rule->layout == TRADE))
			lay_trade(d->emit, rule, at);
		else
			lay_response(d->emit, at);
		at += rule->bytes;
	}
	return (uint32_t)cnt;
}

const struct vega_format vega_format_nse_mtbt = {
	.name = "nse-mtbt",
	.doc = "NSE multicast tick-by-tick: equity, derivatives, currency",
	.names_stream = true,
	.has_orders = true,
	.modify_adds = true, /* of a stop-loss order, and of one from before we began */
	.price_digits = 2,
	.open = mtbt_open,
	.next = mtbt_next,
	.line = mtbt_line,
	.span = mtbt_span,
	.records = mtbt_records,
};
