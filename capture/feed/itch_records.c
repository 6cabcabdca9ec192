/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * itch: messages as records. docs/FEEDS.md has the table of what becomes of which.
 *
 * Each type has its lines of code, at fixed offsets: orders come at once, what is rare out of line. A datagram cannot make more
 * records than a lane takes: the worst is four for every 22 bytes.
 */
#include "capture/feed/blocks.h"
#include "capture/feed/itch.h"

#define DAY_NS       86400000000000u
#define PRICE_DIGITS 4u
#define TS_BITS      48
#define HEAD_BYTES   11u /* type, locate, tracking number, time */

/* The message that is being decoded. */
struct at {
	struct vega_emit *emit;
	uint64_t *stocks; /* by locate, as they lie in a message; 0: not seen */
	const uint8_t *m;
	uint64_t ns;
	uint32_t locate;
};

/* Of whole messages but those of `shapes`; what is longer is known as far as this. */
static const uint8_t lengths[256] = {
	['S'] = 12,
	['R'] = 39,
	['H'] = 25,
	['Y'] = 20,
	['L'] = 26,
	['V'] = 35,
	['W'] = 12,
	['K'] = 28,
	['J'] = 35,
	['h'] = 21,
	['F'] = 40,
	['C'] = 36,
	['P'] = 44,
	['Q'] = 40,
	['B'] = 19,
	['I'] = 50,
	['N'] = 20,
	['O'] = 48,
};

/* ---- names ---------------------------------------------------------------------------------------------------- */

static void
define(const struct at *a, uint64_t name)
{
	vega_emit(a->emit, a->ns, VEGA_DEFINITION, 0, a->locate, 1u << 8 | PRICE_DIGITS << 16, name,
		0);
}

/* A stock that this locate did not have before. A blank one says nothing. */
static VEGA_COLD void
learn(const struct at *a, uint64_t stock)
{
	const uint64_t name = vega_text8_trim(stock);

	if (name == 0)
		return;
	if (name != vega_text8_trim(a->stocks[a->locate]))
		define(a, name);
	a->stocks[a->locate] = stock;
}

static VEGA_ALWAYS_INLINE void
know(const struct at *a, uint32_t off)
{
	const uint64_t stock = vega_le64(a->m + off);

	if (vega_unlikely(a->stocks[a->locate] != stock))
		learn(a, stock);
}

void
vega_itch_new_day(void *state)
{
	memset(state, 0,
		sizeof(struct vega_itch_state)); /* and its numbers are good for one session */
}

void
vega_itch_define(void *state, uint32_t token, const uint8_t *text, uint32_t bytes)
{
	struct vega_itch_state *itch = state;

	if (token < VEGA_ITCH_LOCATE_CNT)
		itch->stocks[token] = vega_text8_fill(text, bytes);
}

/* ---- orders and trades ---------------------------------------------------------------------------------------- */

static VEGA_ALWAYS_INLINE uint32_t
side_of(uint8_t side)
{
	return side == 'S' ? VEGA_RECORD_ASK : 0;
}

static VEGA_ALWAYS_INLINE void
order(const struct at *a, uint32_t kind, uint32_t flags, uint64_t qty, uint64_t id, uint32_t price,
	uint32_t reference)
{
	vega_emit_order(a->emit, a->ns, kind, flags, a->locate, qty, id, price, reference);
}

/* Behind an order or a trade: the last record of its message. */
static VEGA_ALWAYS_INLINE void
ref(const struct at *a, enum vega_ref what, uint64_t id, uint64_t id2)
{
	vega_emit(a->emit, a->ns, VEGA_ORDER_REF, VEGA_RECORD_LAST, a->locate, what, id, id2);
}

/*
 * The types that nearly all of the traffic is made of go through one piece of code, without a branch by type, which would be
 * guessed wrong every second message. What a type does not have is read where it has something else, and masked away.
 */
struct shape {
	uint64_t stock_mask;
	uint32_t qty_mask;
	uint32_t price_mask;
	uint16_t reference;
	uint16_t sell; /* value of the side; 256: there is none */
	uint8_t bytes;
	uint8_t kind;
	uint8_t ref; /* enum vega_ref; 0: none, and the record is the last one */
	uint8_t side_at;
	uint8_t qty_at;
	uint8_t price_at;
	uint8_t stock_at;
};

#define NOT_THERE 11 /* where the order's id lies, in all of them */
#define ALL32     0xFFFFFFFFu
#define ALL64     UINT64_MAX

/* clang-format off */
static const struct shape shapes[256] = {
	['A'] = {ALL64, ALL32, ALL32, 0, 'S', 36, VEGA_ORDER_ADD, 0, 19, 20, 32, 24},
	['D'] = {0, 0, 0, VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE, 256, 19, VEGA_ORDER_DELETE, 0,
		NOT_THERE, NOT_THERE, NOT_THERE, NOT_THERE},
	['E'] = {0, ALL32, 0, VEGA_ORDER_NO_PRICE, 256, 31, VEGA_ORDER_EXECUTE, VEGA_REF_MATCH,
		NOT_THERE, 19, NOT_THERE, NOT_THERE},
	['U'] = {0, ALL32, ALL32, VEGA_ORDER_REPLACE, 256, 35, VEGA_ORDER_MODIFY, VEGA_REF_REPLACE,
		NOT_THERE, 27, 31, NOT_THERE},
	['X'] = {0, ALL32, 0, VEGA_ORDER_REDUCE | VEGA_ORDER_NO_PRICE, 256, 23, VEGA_ORDER_DELETE, 0,
		NOT_THERE, 19, NOT_THERE, NOT_THERE},
};
/* clang-format on */

static VEGA_ALWAYS_INLINE void
shaped(const struct at *a, const struct shape *s)
{
	const uint64_t stock = vega_le64(a->m + s->stock_at);
	const uint32_t side = a->m[s->side_at] == s->sell ? VEGA_RECORD_ASK : 0;

	if (vega_unlikely(((stock ^ a->stocks[a->locate]) & s->stock_mask) != 0))
		learn(a, stock);
	order(a, s->kind, side | (s->ref == 0 ? VEGA_RECORD_LAST : 0),
		vega_be32(a->m + s->qty_at) & s->qty_mask, vega_be64(a->m + 11),
		vega_be32(a->m + s->price_at) & s->price_mask, s->reference);
	if (s->ref == VEGA_REF_MATCH)
		ref(a, VEGA_REF_MATCH, vega_be64(a->m + 23), 0);
	else if (s->ref == VEGA_REF_REPLACE)
		ref(a, VEGA_REF_REPLACE, vega_be64(a->m + 11), vega_be64(a->m + 19));
}

static void
add_with_mpid(const struct at *a)
{
	know(a, 24);
	order(a, VEGA_ORDER_ADD, side_of(a->m[19]), vega_be32(a->m + 20), vega_be64(a->m + 11),
		vega_be32(a->m + 32), 0);
	ref(a, VEGA_REF_ATTRIBUTION, vega_le32(a->m + 36), 0);
}

static void
execute_at_price(const struct at *a)
{
	order(a, VEGA_ORDER_EXECUTE, 0, vega_be32(a->m + 19), vega_be64(a->m + 11),
		vega_be32(a->m + 32), a->m[31] == 'N' ? VEGA_ORDER_NO_PRINT : 0);
	ref(a, VEGA_REF_MATCH, vega_be64(a->m + 23), 0);
}

/* Of an order that was not shown. Its side is always B, whatever it was, so it says nothing. */
static void
trade(const struct at *a)
{
	const uint64_t id = vega_be64(a->m + 11);
	const uint32_t qty = vega_be32(a->m + 20);
	const uint32_t last = id == 0 ? VEGA_RECORD_LAST : 0;

	know(a, 24);
	vega_emit_trade(a->emit, a->ns, side_of(a->m[19]) | last, a->locate, qty,
		vega_be64(a->m + 36), vega_be32(a->m + 32), VEGA_TRADE_NO_AGGRESSOR);
	if (id != 0)
		ref(a, VEGA_REF_ORDER, id, qty);
}

static void
cross(const struct at *a)
{
	know(a, 19);
	vega_emit_trade(a->emit, a->ns, VEGA_RECORD_LAST, a->locate, vega_be64(a->m + 11),
		vega_be64(a->m + 31), vega_be32(a->m + 27),
		VEGA_TRADE_CROSS | VEGA_TRADE_NO_AGGRESSOR | (uint32_t)a->m[39] << 16);
}

static void
broken(const struct at *a)
{
	vega_emit_trade(a->emit, a->ns, VEGA_RECORD_LAST, a->locate, 0, vega_be64(a->m + 11), 0,
		VEGA_TRADE_BREAK | VEGA_TRADE_NO_AGGRESSOR);
}

/* ---- the rest ------------------------------------------------------------------------------------------------- */

/* One of the STATUS records of a message; `part` counts them. */
static void
status(const struct at *a, uint32_t flags, uint32_t part, uint64_t value, uint64_t value2)
{
	vega_emit(
		a->emit, a->ns, VEGA_STATUS, flags, a->locate, a->m[0] | part << 8, value, value2);
}

static void
status_of_stock(const struct at *a, uint32_t off, uint64_t value, uint64_t value2)
{
	know(a, off);
	status(a, VEGA_RECORD_LAST, 0, value, value2);
}

/* Two big-endian numbers of 4 bytes as one value. */
static uint64_t
pair_at(const uint8_t *low, const uint8_t *high)
{
	return vega_pair(vega_be32(low), vega_be32(high));
}

/* Up to 8 characters as they lie. */
static uint64_t
chars(const uint8_t *from, uint32_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, from, bytes);
	return value;
}

/* Facts: lot and leverage; then what is told in characters, as they lie. */
static void
directory(const struct at *a)
{
	const uint32_t facts = 2u << 8 | PRICE_DIGITS << 16 | 1u << 24;
	const uint64_t name = vega_text8_trim(vega_le64(a->m + 11));
	const uint64_t low = chars(a->m + 19, 2) | chars(a->m + 25, 6) << 16;
	const uint64_t high = chars(a->m + 31, 3) | chars(a->m + 38, 1) << 24;

	define(a, name);
	a->stocks[a->locate] = vega_le64(a->m + 11);
	vega_emit(a->emit, a->ns, VEGA_DEFINITION, 0, a->locate, facts, vega_be32(a->m + 21),
		vega_be32(a->m + 34));
	vega_emit(
		a->emit, a->ns, VEGA_DEFINITION, VEGA_RECORD_LAST, a->locate, facts | 1, low, high);
}

static void
levels(const struct at *a)
{
	status(a, 0, 0, vega_be64(a->m + 11), vega_be64(a->m + 19));
	status(a, VEGA_RECORD_LAST, 1, vega_be64(a->m + 27), 0);
}

static void
imbalance(const struct at *a)
{
	const uint32_t letters = (uint32_t)(chars(a->m + 27, 1) | chars(a->m + 48, 2) << 8);

	know(a, 28);
	status(a, 0, 0, vega_be64(a->m + 11), vega_be64(a->m + 19));
	status(a, VEGA_RECORD_LAST, 1, pair_at(a->m + 36, a->m + 40),
		vega_pair(vega_be32(a->m + 44), letters));
}

static void
listing(const struct at *a)
{
	know(a, 11);
	status(a, 0, 0, vega_pair(vega_be32(a->m + 28), a->m[19]), vega_be64(a->m + 32));
	status(a, VEGA_RECORD_LAST, 1, pair_at(a->m + 20, a->m + 24),
		pair_at(a->m + 40, a->m + 44));
}

static void
by_type(const struct at *a)
{
	const uint8_t *m = a->m;

	switch (m[0]) {
	case 'S':
	case 'W':
		status(a, VEGA_RECORD_LAST, 0, m[11], 0);
		break;
	case 'R':
		directory(a);
		break;
	case 'H':
		status_of_stock(a, 11, m[19], chars(m + 21, 4));
		break;
	case 'Y':
	case 'N':
		status_of_stock(a, 11, m[19], 0);
		break;
	case 'L':
		status_of_stock(a, 15, chars(m + 11, 4), chars(m + 23, 3));
		break;
	case 'V':
		levels(a);
		break;
	case 'K':
		status_of_stock(a, 11, vega_be32(m + 19), vega_pair(vega_be32(m + 24), m[23]));
		break;
	case 'J':
		status_of_stock(a, 11, pair_at(m + 19, m + 23), pair_at(m + 27, m + 31));
		break;
	case 'h':
		status_of_stock(a, 11, m[19], m[20]);
		break;
	case 'F':
		add_with_mpid(a);
		break;
	case 'C':
		execute_at_price(a);
		break;
	case 'P':
		trade(a);
		break;
	case 'Q':
		cross(a);
		break;
	case 'B':
		broken(a);
		break;
	case 'I':
		imbalance(a);
		break;
	case 'O':
		listing(a);
		break;
	}
}

/* ---- all of them ---------------------------------------------------------------------------------------------- */

/* What is no order, or not as long as it should be. */
static VEGA_NOINLINE void
rare(const struct at *a, uint32_t bytes)
{
	const struct shape *shape = &shapes[a->m[0]];
	const uint32_t want = shape->bytes != 0 ? shape->bytes : lengths[a->m[0]];

	if (bytes != want)
		a->emit->odd_cnt++;
	if (want == 0 || bytes < want)
		return;
	if (shape->bytes != 0)
		shaped(a, shape);
	else
		by_type(a);
}

static VEGA_ALWAYS_INLINE void
message(struct vega_decode *d, const uint8_t *m, uint32_t bytes)
{
	struct vega_itch_state *state = d->state;

	if (vega_unlikely(bytes < HEAD_BYTES)) {
		d->emit->odd_cnt++;
		return;
	}
	/* Tracking number and time share the eight bytes from 3 on. The epoch is a day before the midnight that times count from. */
	const uint64_t ts = vega_be64(m + 3) & ((1ull << TS_BITS) - 1);
	const struct at a = {
		.emit = d->emit,
		.stocks = state->stocks,
		.m = m,
		.ns = d->emit->epoch_ns + DAY_NS + ts,
		.locate = vega_be16(m + 1),
	};

	if (vega_likely(bytes == shapes[m[0]].bytes))
		shaped(&a, &shapes[m[0]]);
	else
		rare(&a, bytes);
}

uint32_t
vega_itch_records(
	struct vega_decode *decode, const struct vega_span *span, uint64_t skip, uint64_t take)
{
	return vega_blocks_records(decode, span, skip, take, true, message);
}
