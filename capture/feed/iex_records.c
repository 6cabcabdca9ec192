/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * iex: messages as records. docs/FEEDS.md has the table of what becomes of which.
 *
 * Each type has its lines of code, at fixed offsets: quotes, levels, trades and orders come at once, what is rare out of line. A
 * datagram cannot make more records than a lane takes: the worst is four for every 20 bytes.
 */
#include "capture/feed/blocks.h"
#include "capture/feed/iex.h"

#define PRICE_DIGITS 4u
#define HEAD_BYTES   10u /* type, flags, time */
#define SYMBOL_END   18u

enum {
	OHLC_OPEN = 1,
	OHLC_CLOSE = 8
};

/* Of the sale flags of a trade. */
#define SINGLE_PRICE_CROSS 0x08u

/* The message that is being decoded. */
struct at {
	struct vega_emit *emit;
	const uint8_t *m;
	uint64_t ns;
	uint32_t token; /* of its symbol; 0: of the whole market, or the table of symbols is full */
	uint32_t flags; /* the byte behind the type, whatever it means there */
};

/* Whole messages; what is longer is known as far as this. All but S have their symbol at 10. */
static const uint8_t lengths[256] = {
	['S'] = 10,
	['D'] = 31,
	['H'] = 22,
	['I'] = 18,
	['O'] = 18,
	['P'] = 19,
	['E'] = 18,
	['Q'] = 42,
	['8'] = 30,
	['5'] = 30,
	['T'] = 38,
	['B'] = 38,
	['X'] = 26,
	['A'] = 80,
	['a'] = 38,
	['M'] = 38,
	['R'] = 26,
	['L'] = 46,
	['C'] = 18,
};

static VEGA_ALWAYS_INLINE int64_t
price_at(const uint8_t *at)
{
	return (int64_t)vega_le64(at);
}

/* ---- symbols -------------------------------------------------------------------------------------------------- */

static void
define(const struct at *a)
{
	vega_emit(a->emit, a->ns, VEGA_DEFINITION, 0, a->token, 1u << 8 | PRICE_DIGITS << 16,
		vega_text8_trim(vega_le64(a->m + 10)), 0);
}

void
vega_iex_new_day(void *state)
{
	vega_symbols_new_day(&((struct vega_iex_state *)state)->symbols);
}

void
vega_iex_define(void *state, uint32_t token, const uint8_t *text, uint32_t bytes)
{
	struct vega_iex_state *iex = state;
	uint64_t name = vega_text8_fill(text, bytes);

	vega_symbols_define(&iex->symbols, token, (const uint8_t *)&name, sizeof(name));
}

/* ---- quotes, trades, orders ----------------------------------------------------------------------------------- */

/* Flags are seldom set in a market's hours: then a record of their own tells them. */
static VEGA_ALWAYS_INLINE void
quote(const struct at *a)
{
	const struct vega_emit_side bid = {price_at(a->m + 22), vega_le32(a->m + 18), 0};
	const struct vega_emit_side ask = {price_at(a->m + 30), vega_le32(a->m + 38), 0};

	vega_emit_level(a->emit, a->ns, a->flags == 0 ? VEGA_RECORD_LAST : 0, a->token, 1,
		VEGA_SIDE_BID | VEGA_SIDE_ASK, bid, ask);
	if (a->flags != 0)
		vega_emit(
			a->emit, a->ns, VEGA_STATUS, VEGA_RECORD_LAST, a->token, 'Q', a->flags, 0);
}

/* Updates of one transaction come one by one; the book is whole again behind the one that says so. */
static VEGA_ALWAYS_INLINE void
level(const struct at *a)
{
	const bool is_bid = a->m[0] == '8';
	const uint64_t qty = vega_le32(a->m + 18);
	const int64_t price = price_at(a->m + 22);
	const struct vega_emit_side bid = {is_bid ? price : 0, is_bid ? qty : 0, 0};
	const struct vega_emit_side ask = {is_bid ? 0 : price, is_bid ? 0 : qty, 0};

	vega_emit_level(a->emit, a->ns, (a->flags & 1) != 0 ? VEGA_RECORD_LAST : 0, a->token,
		VEGA_LEVEL_BY_PRICE, is_bid ? VEGA_SIDE_BID : VEGA_SIDE_ASK, bid, ask);
}

static VEGA_ALWAYS_INLINE void
trade(const struct at *a, uint32_t condition)
{
	const uint32_t cross = (a->flags & SINGLE_PRICE_CROSS) != 0 ? VEGA_TRADE_CROSS : 0;

	vega_emit_trade(a->emit, a->ns, VEGA_RECORD_LAST, a->token, vega_le32(a->m + 18),
		vega_le64(a->m + 30), price_at(a->m + 22),
		condition | cross | VEGA_TRADE_NO_AGGRESSOR | a->flags << 16);
}

/*
 * Orders go through one piece of code, without a branch by type, which would be guessed wrong every second message. What a type does
 * not have is read where it has something else, and masked away.
 */
struct shape {
	uint64_t price_mask;
	uint32_t qty_mask;
	uint32_t flags_mask; /* of the byte behind the type, where it goes with the reference */
	uint16_t reference;
	uint16_t sell; /* value of that byte; 256: it is no side */
	uint8_t kind;
	uint8_t last; /* VEGA_RECORD_LAST; 0: an ORDER_REF follows */
	uint8_t qty_at;
	uint8_t price_at;
};

#define NOT_THERE 18 /* where the order's id lies, in all of them */
#define ALL32     0xFFFFFFFFu
#define ALL64     UINT64_MAX

/* clang-format off */
static const struct shape shapes[256] = {
	['a'] = {ALL64, ALL32, 0, 0, '5', VEGA_ORDER_ADD, VEGA_RECORD_LAST, 26, 30},
	['M'] = {ALL64, ALL32, 0xFF, 0, 256, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST, 26, 30},
	['R'] = {0, 0, 0xFF, VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE, 256, VEGA_ORDER_DELETE, VEGA_RECORD_LAST,
		NOT_THERE, NOT_THERE},
	['L'] = {ALL64, ALL32, 0xFF, 0, 256, VEGA_ORDER_EXECUTE, 0, 26, 30},
};
/* clang-format on */

static VEGA_ALWAYS_INLINE void
shaped(const struct at *a, const struct shape *s)
{
	vega_emit_order(a->emit, a->ns, s->kind,
		s->last | (a->flags == s->sell ? VEGA_RECORD_ASK : 0), a->token,
		vega_le32(a->m + s->qty_at) & s->qty_mask, vega_le64(a->m + 18),
		(int64_t)(vega_le64(a->m + s->price_at) & s->price_mask),
		s->reference | (a->flags & s->flags_mask) << 16);
	if (s->last == 0)
		vega_emit(a->emit, a->ns, VEGA_ORDER_REF, VEGA_RECORD_LAST, a->token,
			VEGA_REF_MATCH, vega_le64(a->m + 38), 0);
}

/* ---- the rest ------------------------------------------------------------------------------------------------- */

/* One of the STATUS records of a message; `part` counts them. */
static void
status(const struct at *a, uint32_t flags, uint32_t part, uint64_t value, uint64_t value2)
{
	vega_emit(a->emit, a->ns, VEGA_STATUS, flags, a->token, a->m[0] | part << 8, value, value2);
}

/* Facts: lot and adjusted price at the close before; then flags and tier. */
static void
directory(const struct at *a)
{
	const uint32_t facts = 2u << 8 | PRICE_DIGITS << 16 | 1u << 24;

	vega_emit(a->emit, a->ns, VEGA_DEFINITION, 0, a->token, facts, vega_le32(a->m + 18),
		vega_le64(a->m + 22));
	vega_emit(a->emit, a->ns, VEGA_DEFINITION, VEGA_RECORD_LAST, a->token, facts | 1, a->flags,
		a->m[30]);
}

static void
official_price(const struct at *a)
{
	const uint64_t price = vega_le64(a->m + 18);
	const uint64_t open[5] = {price, 0, 0, 0, OHLC_OPEN};
	const uint64_t close[5] = {0, 0, 0, price, OHLC_CLOSE};

	if (a->flags != 'Q' && a->flags != 'M')
		status(a, VEGA_RECORD_LAST, 0, a->flags, price);
	else if (!vega_fits_price((int64_t)price))
		vega_emit_wide(a->emit, a->ns, VEGA_OHLC, VEGA_RECORD_LAST, a->token,
			a->flags == 'Q' ? open : close);
	else if (a->flags == 'Q')
		vega_emit(a->emit, a->ns, VEGA_OHLC, VEGA_RECORD_LAST, a->token, (uint32_t)price, 0,
			vega_pair(0, OHLC_OPEN));
	else
		vega_emit(a->emit, a->ns, VEGA_OHLC, VEGA_RECORD_LAST, a->token, 0, 0,
			vega_pair((uint32_t)price, OHLC_CLOSE));
}

static void
auction(const struct at *a)
{
	const uint8_t *m = a->m;
	const uint32_t letters = a->flags | (uint32_t)m[42] << 8 | (uint32_t)m[43] << 16;

	status(a, 0, 0, vega_pair(letters, vega_le32(m + 44)),
		vega_pair(vega_le32(m + 18), vega_le32(m + 38)));
	status(a, 0, 1, vega_le64(m + 22), vega_le64(m + 30));
	status(a, 0, 2, vega_le64(m + 48), vega_le64(m + 56));
	status(a, VEGA_RECORD_LAST, 3, vega_le64(m + 64), vega_le64(m + 72));
}

static VEGA_NOINLINE void
rare(const struct at *a)
{
	switch (a->m[0]) {
	case 'S':
	case 'I':
	case 'O':
	case 'E':
		status(a, VEGA_RECORD_LAST, 0, a->flags, 0);
		break;
	case 'H':
		status(a, VEGA_RECORD_LAST, 0, a->flags, vega_le32(a->m + 18));
		break;
	case 'P':
		status(a, VEGA_RECORD_LAST, 0, a->flags, a->m[18]);
		break;
	case 'D':
		directory(a);
		break;
	case 'B':
		trade(a, VEGA_TRADE_BREAK);
		break;
	case 'X':
		official_price(a);
		break;
	case 'A':
		auction(a);
		break;
	case 'C':
		vega_emit(a->emit, a->ns, VEGA_CLEAR, VEGA_RECORD_LAST, a->token, 'C', 0, 0);
		break;
	}
}

/* ---- all of them ---------------------------------------------------------------------------------------------- */

static VEGA_ALWAYS_INLINE void
by_type(const struct at *a)
{
	switch (a->m[0]) {
	case 'Q':
		quote(a);
		break;
	case '8':
	case '5':
		level(a);
		break;
	case 'T':
		trade(a, 0);
		break;
	case 'a':
	case 'M':
	case 'R':
	case 'L':
		shaped(a, &shapes[a->m[0]]);
		break;
	default:
		rare(a);
	}
}

/* The token of the message's symbol; at first sight, and by the directory, it is defined. */
static VEGA_ALWAYS_INLINE void
know(struct at *a, struct vega_iex_state *state)
{
	bool is_new;

	a->token = vega_symbols_find8(&state->symbols, a->m + 10, &is_new);
	if (vega_unlikely(is_new || a->m[0] == 'D'))
		define(a);
}

static VEGA_ALWAYS_INLINE void
message(struct vega_decode *d, const uint8_t *m, uint32_t bytes)
{
	const uint32_t want = bytes != 0 ? lengths[m[0]] : 0;

	if (vega_unlikely(bytes != want || want == 0)) {
		d->emit->odd_cnt++;
		if (want == 0 || bytes < want)
			return;
	}
	struct at a = {.emit = d->emit, .m = m, .ns = vega_le64(m + 2), .flags = m[1]};

	if (vega_likely(want != HEAD_BYTES))
		know(&a, d->state);
	by_type(&a);
}

/* A market has more symbols than a core's cache. */
static VEGA_ALWAYS_INLINE void
ahead(const struct vega_decode *d, const uint8_t *m)
{
	const struct vega_iex_state *state = d->state;

	vega_symbols_prefetch8(&state->symbols, m + HEAD_BYTES);
}

uint32_t
vega_iex_records(
	struct vega_decode *decode, const struct vega_span *span, uint64_t skip, uint64_t take)
{
	return vega_blocks_records(decode, span, skip, take, false, message, SYMBOL_END, ahead);
}
