/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of IEX messages, the fast way: quotes, trades, levels, orders and trading states with a symbol that is known, whose values
 * are not wide. All else goes to iex_records.c, message by message; what both can do gives the same records.
 *
 * Lane, datagram and symbol stay in registers, the lane is asked for room once for many messages, and no branch hangs on what the
 * branch predictor cannot know: a record that may be there or not is written in any case, and then kept or not.
 */
#include "capture/feed/blocks.h"
#include "capture/feed/iex.h"
#include "capture/feed/seq.h"

#define BLOCK_BYTES_MIN 20 /* length and the shortest message with a symbol */
#define RECORD_CNT_MAX  2u /* of a message */

/* How a message becomes records. */
enum shape {
	SHAPE_SLOW,
	SHAPE_QUOTE,
	SHAPE_TRADE,
	SHAPE_STATE,
	SHAPE_LEVEL,
	SHAPE_ORDER
};

struct type {
	uint16_t bytes;
	uint8_t reach; /* bytes from its begin that are read: what is behind the message is masked away */
	uint8_t shape;
	uint32_t mask; /* of the 4 bytes at 18, of a state */
};

static const struct type types[256] = {
	['Q'] = {42, 42, SHAPE_QUOTE, 0},
	['T'] = {38, 38, SHAPE_TRADE, 0},
	['8'] = {30, 30, SHAPE_LEVEL, 0},
	['5'] = {30, 30, SHAPE_LEVEL, 0},
	['H'] = {22, 22, SHAPE_STATE, 0xFFFFFFFF},
	['P'] = {19, 22, SHAPE_STATE, 0xFF},
	['O'] = {18, 22, SHAPE_STATE, 0},
	['I'] = {18, 22, SHAPE_STATE, 0},
	['E'] = {18, 22, SHAPE_STATE, 0},
	['a'] = {38, 38, SHAPE_ORDER, 0},
	['M'] = {38, 38, SHAPE_ORDER, 0},
	['R'] = {26, 26, SHAPE_ORDER, 0},
	['L'] = {46, 46, SHAPE_ORDER, 0},
};

/*
 * Orders of the four types go through one piece of code. What a type does not have is read where it has something else, and masked
 * away.
 */
struct order {
	uint64_t price_mask;
	uint32_t qty_mask;
	uint32_t flags_mask; /* of the byte behind the type, where it goes with the reference */
	uint16_t reference;
	uint16_t sell; /* value of that byte; 256: it is no side */
	uint8_t kind;
	uint8_t last; /* VEGA_RECORD_LAST; 0: an ORDER_REF follows */
	uint8_t qty_at;
	uint8_t price_at;
	uint8_t match_at;
	uint8_t record_cnt;
};

#define NOT_THERE 18 /* where the order's id lies, in all of them */
#define ALL32     0xFFFFFFFFu
#define ALL64     UINT64_MAX

/* clang-format off */
static const struct order orders[8] = {
	['a' & 7] = {ALL64, ALL32, 0, 0, '5', VEGA_ORDER_ADD, VEGA_RECORD_LAST, 26, 30, NOT_THERE, 1},
	['M' & 7] = {ALL64, ALL32, 0xFF, 0, 256, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST, 26, 30, NOT_THERE, 1},
	['R' & 7] = {0, 0, 0xFF, VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE, 256, VEGA_ORDER_DELETE, VEGA_RECORD_LAST,
		NOT_THERE, NOT_THERE, NOT_THERE, 1},
	['L' & 7] = {ALL64, ALL32, 0xFF, 0, 256, VEGA_ORDER_EXECUTE, 0, 26, 30, 38, 2},
};
/* clang-format on */

/* What the loop keeps in registers. */
struct run {
	const uint8_t *at; /* the next block */
	const uint8_t *end;
	uint64_t *slot; /* the next record */
	const struct vega_symbols8 *symbols;
	uint64_t epoch_ns;
	uint64_t name; /* of the message before */
	uint64_t token;
};

/* Do these bits, or'ed over prices, say that one does not fit 4 bytes? */
static VEGA_ALWAYS_INLINE uint64_t
wide_bits(uint64_t price)
{
	return (price + 0x80000000u) >> 32;
}

static VEGA_ALWAYS_INLINE uint64_t
pair(uint64_t low, uint64_t high)
{
	return (uint32_t)low | high << 32;
}

/* The message is taken, with so many records; not where a value is wide. */
static VEGA_ALWAYS_INLINE bool
kept(struct run *run, uint32_t bytes, uint32_t record_cnt, uint64_t wide)
{
	if (vega_unlikely(wide != 0))
		return false;
	run->slot += record_cnt * VEGA_RING_WORDS;
	run->at += 2 + bytes;
	return true;
}

static VEGA_ALWAYS_INLINE bool
quote(struct run *run, const uint8_t *m, uint64_t ts)
{
	const uint64_t word = VEGA_LEVEL_WORD(1, VEGA_SIDE_BID | VEGA_SIDE_ASK, 0, 0);
	const uint64_t bid = vega_le64(m + 22);
	const uint64_t ask = vega_le64(m + 30);
	const uint64_t flags = m[1];
	const uint64_t last = flags == 0;

	vega_ring_words(run->slot, ts | (uint64_t)VEGA_LEVEL << 48 | last << 56,
		run->token | word << 32, pair(bid, vega_le32(m + 18)),
		pair(ask, vega_le32(m + 38)));
	vega_ring_words(run->slot + VEGA_RING_WORDS,
		vega_emit_head(ts, VEGA_STATUS, VEGA_RECORD_LAST), run->token | (uint64_t)'Q' << 32,
		flags, 0);
	return kept(run, 42, 2 - (uint32_t)last, wide_bits(bid) | wide_bits(ask));
}

static VEGA_ALWAYS_INLINE bool
trade(struct run *run, const uint8_t *m, uint64_t ts)
{
	const uint64_t price = vega_le64(m + 22);
	const uint64_t flags = m[1];
	const uint64_t cross = (flags & VEGA_IEX_SINGLE_PRICE_CROSS) != 0 ? VEGA_TRADE_CROSS : 0;

	vega_ring_words(run->slot, vega_emit_head(ts, VEGA_TRADE, VEGA_RECORD_LAST),
		run->token | (uint64_t)vega_le32(m + 18) << 32, vega_le64(m + 30),
		pair(price, flags << 16 | cross | VEGA_TRADE_NO_AGGRESSOR));
	return kept(run, 38, 1, wide_bits(price));
}

static VEGA_ALWAYS_INLINE bool
state(struct run *run, const uint8_t *m, uint64_t ts, const struct type *type)
{
	vega_ring_words(run->slot, vega_emit_head(ts, VEGA_STATUS, VEGA_RECORD_LAST),
		run->token | (uint64_t)m[0] << 32, m[1], vega_le32(m + 18) & type->mask);
	return kept(run, type->bytes, 1, 0);
}

static VEGA_ALWAYS_INLINE bool
level(struct run *run, const uint8_t *m, uint64_t ts)
{
	const bool is_bid = m[0] == '8';
	const uint64_t price = vega_le64(m + 22);
	const uint64_t side = pair(price, vega_le32(m + 18));
	const uint64_t word =
		VEGA_LEVEL_WORD(VEGA_LEVEL_BY_PRICE, is_bid ? VEGA_SIDE_BID : VEGA_SIDE_ASK, 0, 0);

	vega_ring_words(run->slot,
		vega_emit_head(ts, VEGA_LEVEL, (m[1] & 1) != 0 ? VEGA_RECORD_LAST : 0),
		run->token | word << 32, is_bid ? side : 0, is_bid ? 0 : side);
	return kept(run, 30, 1, wide_bits(price));
}

static VEGA_ALWAYS_INLINE bool
order(struct run *run, const uint8_t *m, uint64_t ts, uint32_t bytes)
{
	const struct order *s = &orders[m[0] & 7];
	const uint64_t price = vega_le64(m + s->price_at) & s->price_mask;
	const uint64_t qty = vega_le32(m + s->qty_at) & s->qty_mask;
	const uint32_t side = m[1] == s->sell ? VEGA_RECORD_ASK : 0;

	vega_ring_words(run->slot, vega_emit_head(ts, s->kind, s->last | side),
		run->token | qty << 32, vega_le64(m + 18),
		pair(price, s->reference | (m[1] & s->flags_mask) << 16));
	vega_ring_words(run->slot + VEGA_RING_WORDS,
		vega_emit_head(ts, VEGA_ORDER_REF, VEGA_RECORD_LAST),
		run->token | (uint64_t)VEGA_REF_MATCH << 32, vega_le64(m + s->match_at), 0);
	return kept(run, bytes, s->record_cnt, wide_bits(price));
}

/* The token of the message's symbol. Messages of one symbol often come one after the other. */
static VEGA_ALWAYS_INLINE bool
know(struct run *run, const uint8_t *m)
{
	const uint64_t name = vega_le64(m + 10);

	if (name != run->name) {
		run->name = name;
		run->token = vega_symbols8_known(run->symbols, name);
	}
	return vega_likely(run->token != 0);
}

/* The next message. False: it is not for the fast way, and not taken. */
static VEGA_ALWAYS_INLINE bool
message(struct run *run)
{
	const uint8_t *m = run->at + 2;
	const struct type *type;
	uint64_t ts;

	if (vega_unlikely(run->end - run->at < BLOCK_BYTES_MIN))
		return false;
	type = &types[m[0]];
	ts = vega_le64(m + 2) - run->epoch_ns;
	if (vega_unlikely(vega_le16(run->at) != type->bytes || type->reach > run->end - m ||
			  ts >= VEGA_TS_NONE))
		return false;
	if (vega_unlikely(!know(run, m)))
		return false;
	if (type->shape == SHAPE_QUOTE)
		return quote(run, m, ts);
	if (type->shape == SHAPE_TRADE)
		return trade(run, m, ts);
	if (type->shape == SHAPE_STATE)
		return state(run, m, ts, type);
	if (type->shape == SHAPE_LEVEL)
		return level(run, m, ts);
	return order(run, m, ts, type->bytes);
}

/* Messages as far as they are for the fast way and there is room at once, `cnt` at most. Returns how many. */
static VEGA_ALWAYS_INLINE uint32_t
run_messages(struct vega_decode *decode, uint32_t cnt)
{
	const struct vega_iex_state *iex = decode->state;
	struct vega_ring_writer *ring = decode->emit->ring;
	const struct vega_ring_run slots =
		vega_ring_run_begin(ring, (uint64_t)cnt * RECORD_CNT_MAX);
	const uint32_t room = (uint32_t)(slots.cnt / RECORD_CNT_MAX);
	const uint32_t max = cnt < room ? cnt : room;
	uint32_t left = max;
	struct run run = {
		.at = decode->payload + decode->at,
		.end = decode->payload + decode->bytes,
		.slot = slots.slot,
		.symbols = &iex->symbols,
		.epoch_ns = decode->emit->epoch_ns,
	};

	while (left != 0 && message(&run))
		left--;
	vega_ring_run_end(ring, run.slot);
	decode->at = (uint32_t)(run.at - decode->payload);
	decode->left -= max - left;
	return max - left;
}

/* Pass over blocks up to `skip` of the span. */
static VEGA_NOINLINE void
pass_over(struct vega_decode *decode, const struct vega_span *span, uint64_t skip)
{
	uint32_t bytes;

	while (span->seq_cnt - decode->left < skip && decode->left != 0)
		(void)vega_block_next(decode, false, &bytes);
}

/* The next message, whatever it is. */
static VEGA_NOINLINE bool
any_message(struct vega_decode *decode)
{
	uint32_t bytes;
	const uint8_t *m = vega_block_next(decode, false, &bytes);

	if (m == NULL)
		return false;
	vega_iex_message(decode, m, bytes);
	return true;
}

/* Is this a datagram of one message, the next of the stream? */
static VEGA_ALWAYS_INLINE bool
is_single(const struct vega_seq *seq, uint32_t stream, const uint8_t *payload, uint32_t bytes)
{
	return vega_likely(vega_iex_is_header(payload, bytes)) &&
	       vega_le32(payload + VEGA_IEX_OFF_PAYLOAD_BYTES) ==
		       ((bytes - VEGA_IEX_HEADER_BYTES) | 1u << 16) && /* and the count behind it */
	       vega_likely(vega_le64(payload + VEGA_IEX_OFF_SEQ) == seq->expected &&
			   vega_le32(payload + VEGA_IEX_OFF_SESSION) == seq->session &&
			   vega_le32(payload + VEGA_IEX_OFF_CHANNEL) == stream);
}

/* As most datagrams are: without the loop, whose registers cost more than the message. */
bool
vega_iex_single(const struct vega_seq *seq, uint32_t stream, const uint8_t *payload, uint32_t bytes,
	void *state, struct vega_emit *emit)
{
	const struct vega_iex_state *iex = state;
	struct run run = {
		.at = payload + VEGA_IEX_HEADER_BYTES,
		.end = payload + bytes,
		.slot = emit->ring->slot,
		.symbols = &iex->symbols,
		.epoch_ns = emit->epoch_ns,
	};

	if (!is_single(seq, stream, payload, bytes) ||
		vega_unlikely(
			vega_ring_run_begin(emit->ring, RECORD_CNT_MAX).cnt < RECORD_CNT_MAX ||
			!message(&run) || run.at != run.end))
		return false;
	vega_ring_run_end(emit->ring, run.slot);
	return true;
}

uint32_t
vega_iex_records(
	struct vega_decode *decode, const struct vega_span *span, uint64_t skip, uint64_t take)
{
	uint32_t cnt, taken, done = 0;

	if (vega_unlikely(skip != 0))
		pass_over(decode, span, skip);
	cnt = take < decode->left ? (uint32_t)take : decode->left;
	while (done < cnt) {
		done += taken = run_messages(decode, cnt - done);
		if (vega_likely(taken != 0))
			continue;
		if (!any_message(decode))
			return done;
		done++;
	}
	if (vega_likely(decode->left == 0)) {
		decode->is_end = true;
		if (!vega_iex_ends_well(decode->payload, decode->bytes, decode->at))
			decode->is_malformed = true;
	}
	return done;
}
