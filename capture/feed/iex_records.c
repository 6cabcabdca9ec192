/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * iex: messages as records. docs/FEEDS.md has the table of what becomes of which.
 *
 * Each type has its lines of code, at fixed offsets: quotes, levels, trades and orders come at once, what is rare out of line. A
 * datagram cannot make more records than a lane takes: the worst is four for every 20 bytes.
 */
#include "capture/feed/bytes.h"
#include "capture/feed/iex.h"

#define PRICE_DIGITS 4u
#define HEAD_BYTES   10u /* type, flags, time */

enum {
	OHLC_OPEN = 1,
	OHLC_CLOSE = 8
};

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

static int64_t
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
	vega_symbols8_new_day(&((struct vega_iex_state *)state)->symbols);
}

void
vega_iex_define(void *state, uint32_t token, const uint8_t *text, uint32_t bytes)
{
	struct vega_iex_state *iex = state;

	vega_symbols8_define(&iex->symbols, token, vega_text8_fill(text, bytes));
}

/* ---- quotes, trades, orders ----------------------------------------------------------------------------------- */

/* Flags are seldom set in a market's hours: then a record of their own tells them. */
static void
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
static void
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

static void
trade(const struct at *a, uint32_t condition)
{
	const uint32_t cross = (a->flags & VEGA_IEX_SINGLE_PRICE_CROSS) != 0 ? VEGA_TRADE_CROSS : 0;

	vega_emit_trade(a->emit, a->ns, VEGA_RECORD_LAST, a->token, vega_le32(a->m + 18),
		vega_le64(a->m + 30), price_at(a->m + 22),
		condition | cross | VEGA_TRADE_NO_AGGRESSOR | a->flags << 16);
}

/* Of the byte behind the type: a side, where the order is new, else what the exchange says of the change. */
static void
order(const struct at *a)
{
	const uint64_t id = vega_le64(a->m + 18);
	const uint32_t reference = a->flags << 16;

	switch (a->m[0]) {
	case 'a':
		vega_emit_order(a->emit, a->ns, VEGA_ORDER_ADD,
			VEGA_RECORD_LAST | (a->flags == '5' ? VEGA_RECORD_ASK : 0u), a->token,
			vega_le32(a->m + 26), id, price_at(a->m + 30), 0);
		break;
	case 'M':
		vega_emit_order(a->emit, a->ns, VEGA_ORDER_MODIFY, VEGA_RECORD_LAST, a->token,
			vega_le32(a->m + 26), id, price_at(a->m + 30), reference);
		break;
	case 'R':
		vega_emit_order(a->emit, a->ns, VEGA_ORDER_DELETE, VEGA_RECORD_LAST, a->token, 0,
			id, 0, reference | VEGA_ORDER_NO_QTY | VEGA_ORDER_NO_PRICE);
		break;
	case 'L':
		vega_emit_order(a->emit, a->ns, VEGA_ORDER_EXECUTE, 0, a->token,
			vega_le32(a->m + 26), id, price_at(a->m + 30), reference);
		vega_emit(a->emit, a->ns, VEGA_ORDER_REF, VEGA_RECORD_LAST, a->token,
			VEGA_REF_MATCH, vega_le64(a->m + 38), 0);
		break;
	}
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

static void
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
		order(a);
		break;
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

/* The token of the message's symbol; at first sight, and by the directory, it is defined. */
static void
know(struct at *a, struct vega_iex_state *state)
{
	bool is_new;

	a->token = vega_symbols8_find(&state->symbols, vega_le64(a->m + 10), &is_new);
	if (is_new || a->m[0] == 'D')
		define(a);
}

VEGA_NOINLINE void
vega_iex_message(struct vega_decode *decode, const uint8_t *m, uint32_t bytes)
{
	const uint32_t want = bytes != 0 ? lengths[m[0]] : 0;

	if (bytes != want || want == 0) {
		decode->emit->odd_cnt++;
		if (want == 0 || bytes < want)
			return;
	}
	struct at a = {.emit = decode->emit, .m = m, .ns = vega_le64(m + 2), .flags = m[1]};

	if (want != HEAD_BYTES)
		know(&a, decode->state);
	by_type(&a);
}
