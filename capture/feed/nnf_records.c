/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nse-nnf: messages as records. docs/FEEDS.md has the table of what becomes of which.
 *
 * Offsets are a row's own. What a row says has the time of its message, a last trade that of the trade; both are whole seconds.
 * Prices and what is 4 bytes wide lie in the records as they lie in the row: a quantity below zero, which nobody sends, as its bits.
 */
#include <stdio.h>

#include "capture/feed/nnf.h"

#define LEVEL_CNT     5u
#define NORMAL_MARKET 1u
#define NAME_DIGITS   2u
#define SECOND_NS     UINT64_C(1000000000)
#define EPOCH_S       (315532800u - 19800u) /* 1980-01-01 00:00 on Indian clocks */

/* What a STATUS tells, beside the transcode: what = transcode | part << 16. In a ticker the part is the market. */
enum {
	PART_FIRST = 0,
	PART_TOTALS = 1,
	PART_AUCTION = 2,
	PART_AUCTION_PRICES = 3,
	PART_INDICATIVE = 4
};

/* The message whose rows are being laid. */
struct laying {
	struct vega_emit *emit;
	struct vega_nnf_state *state;
	uint64_t log_ns; /* when it was sent */
	uint32_t length;
	uint32_t transcode;
	uint32_t row_bytes;
	uint8_t market;
};

static VEGA_ALWAYS_INLINE uint64_t
time_at(const uint8_t *at)
{
	const uint32_t seconds = vega_be32(at);

	return seconds == 0 ? VEGA_NO_TIME : (EPOCH_S + (uint64_t)seconds) * SECOND_NS;
}

static VEGA_ALWAYS_INLINE int32_t
price_at(const uint8_t *at)
{
	return (int32_t)vega_be32(at);
}

/* A price as a word of a STATUS: with its sign. */
static VEGA_ALWAYS_INLINE uint64_t
signed_at(const uint8_t *at)
{
	return (uint64_t)(int64_t)price_at(at);
}

/* A quantity that is written as a double; UINT64_MAX: it is no whole number. */
static VEGA_ALWAYS_INLINE uint64_t
whole_at(const uint8_t *at)
{
	int64_t value;

	return vega_whole(vega_be64(at), &value) ? (uint64_t)value : UINT64_MAX;
}

/* ---- records -------------------------------------------------------------------------------------------------- */

static VEGA_ALWAYS_INLINE void
lay_last(const struct laying *l, uint64_t ns, uint32_t token, const uint8_t *price, uint32_t qty,
	uint32_t average, uint64_t volume)
{
	vega_emit(l->emit, ns, VEGA_LAST, 0, token, vega_be32(price), vega_pair(qty, average),
		volume);
}

/* Open, high and low lie one behind the other, or are NULL where only the close is given. */
static VEGA_ALWAYS_INLINE void
lay_ohlc(const struct laying *l, uint32_t token, uint32_t open, uint32_t high, uint32_t low,
	uint32_t close, uint32_t given)
{
	vega_emit(l->emit, l->log_ns, VEGA_OHLC, 0, token, open, vega_pair(high, low),
		vega_pair(close, given));
}

static VEGA_ALWAYS_INLINE void
lay_oi(const struct laying *l, uint64_t ns, uint32_t token, uint64_t oi)
{
	vega_emit(l->emit, ns, VEGA_INTEREST, 0, token, 0, oi, 0);
}

static VEGA_ALWAYS_INLINE void
lay_status(const struct laying *l, uint32_t token, uint32_t part, uint64_t value, uint64_t value2)
{
	vega_emit(l->emit, l->log_ns, VEGA_STATUS, 0, token, l->transcode | part << 16, value,
		value2);
}

/* ---- names ---------------------------------------------------------------------------------------------------- */

/* The instrument of a name, with its DEFINITION at first sight; 0: there is no room for one more. */
static uint32_t
instrument_of(const struct laying *l, const uint8_t *name, uint32_t bytes)
{
	bool is_new;
	uint32_t token;

	while (bytes != 0 && name[bytes - 1] == ' ')
		bytes--;
	token = vega_symbols_find(&l->state->symbols, name, bytes, &is_new);
	if (token == 0)
		return 0;
	token |= VEGA_NNF_NAMED;
	if (is_new)
		vega_emit_definition(l->emit, l->log_ns, token, name, bytes, NAME_DIGITS);
	return token;
}

void
vega_nnf_new_day(void *state)
{
	vega_symbols_new_day(&((struct vega_nnf_state *)state)->symbols);
}

void
vega_nnf_define(void *state, uint32_t token, const uint8_t *text, uint32_t bytes)
{
	struct vega_nnf_state *nnf = state;

	if ((token & VEGA_NNF_NAMED) != 0)
		vega_symbols_define(&nnf->symbols, token & ~VEGA_NNF_NAMED, text, bytes);
}

/* ---- books ---------------------------------------------------------------------------------------------------- */

/* How the rows differ that hold a book: known when they are compiled, so that each has code of its own. */
struct book {
	/* Last price; behind it sign and amount of the net change (+4, +6), quantity (+10), time, average. */
	uint16_t last_off;
	uint16_t auction_off; /* 0: none */
	uint16_t levels_off;
	uint16_t totals_off;
	uint16_t bits_off;
	uint16_t close_off; /* and behind it open, high, low */
	uint16_t level_bytes;
	/* Volume, quantities and totals are integers of 8 bytes; else of 4, and totals doubles. */
	bool is_wide;
	bool has_more;    /* a flag adds 2^32 to the volume */
	bool has_matched; /* of a call auction: indicative quantity, first open price */
};

static VEGA_ALWAYS_INLINE struct vega_emit_side
side_at(const uint8_t *at, bool is_wide)
{
	if (is_wide)
		return (struct vega_emit_side){price_at(at + 8), vega_be64(at), vega_be16(at + 12)};
	return (struct vega_emit_side){price_at(at + 4), vega_be32(at), vega_be16(at + 8)};
}

static VEGA_ALWAYS_INLINE void
lay_levels(const struct laying *l, const struct book *b, const uint8_t *row, uint32_t token)
{
	const uint8_t *bid = row + b->levels_off;
	const uint8_t *ask = bid + LEVEL_CNT * b->level_bytes;

	for (uint32_t i = 1; i <= LEVEL_CNT; i++) {
		vega_emit_level(l->emit, l->log_ns, VEGA_RECORD_SNAPSHOT, token, i,
			VEGA_SIDE_BID | VEGA_SIDE_ASK, side_at(bid, b->is_wide),
			side_at(ask, b->is_wide));
		bid += b->level_bytes;
		ask += b->level_bytes;
	}
}

/* Number, status and initiator of the auction; its prices and quantities. */
static VEGA_NOINLINE void
lay_auction(const struct laying *l, const uint8_t *at, uint32_t token)
{
	const uint64_t words = vega_be16(at) | (uint64_t)vega_be16(at + 2) << 16 |
			       (uint64_t)vega_be16(at + 4) << 32;

	lay_status(l, token, PART_AUCTION, words, 0);
	lay_status(l, token, PART_AUCTION_PRICES, vega_pair(vega_be32(at + 6), vega_be32(at + 10)),
		vega_pair(vega_be32(at + 14), vega_be32(at + 18)));
}

/* Trading state and book type; net change; the last trade's bits and the change's sign. */
static VEGA_ALWAYS_INLINE void
lay_book_state(const struct laying *l, const struct book *b, const uint8_t *row, uint32_t token)
{
	const uint64_t words = vega_be16(row + 6) | (uint64_t)vega_be16(row + 4) << 16 |
			       (uint64_t)row[b->bits_off] << 32 |
			       (uint64_t)row[b->last_off + 4] << 40;

	lay_status(l, token, PART_FIRST, words, signed_at(row + b->last_off + 6));
}

/* Book types 1 and 2 are the regular book; odd lots and auctions have others, and are no news of it. */
static VEGA_ALWAYS_INLINE bool
is_regular(uint32_t book_type)
{
	return book_type - 1 < 2;
}

static VEGA_ALWAYS_INLINE void
lay_book(const struct laying *l, const struct book *b, const uint8_t *row)
{
	const uint32_t token = vega_be32(row);
	const uint8_t *last = row + b->last_off;
	const uint8_t *totals = row + b->totals_off;
	const uint8_t *close = row + b->close_off;
	uint64_t volume = b->is_wide ? vega_be64(row + 8) : vega_be32(row + 8);

	if (vega_unlikely(!b->has_matched && !is_regular(vega_be16(row + 4)))) {
		lay_book_state(l, b, row, token);
		return;
	}
	if (b->has_more && last[5] == '1')
		volume += UINT64_C(1) << 32;
	lay_levels(l, b, row, token);
	lay_last(l, time_at(last + 14), token, last, vega_be32(last + 10), vega_be32(last + 18),
		volume);
	lay_ohlc(l, token, vega_be32(close + 4), vega_be32(close + 8), vega_be32(close + 12),
		vega_be32(close), 0xF);
	lay_book_state(l, b, row, token);
	if (b->is_wide)
		lay_status(l, token, PART_TOTALS, vega_be64(totals), vega_be64(totals + 8));
	else
		lay_status(l, token, PART_TOTALS, whole_at(totals), whole_at(totals + 8));
	if (b->auction_off != 0 && vega_unlikely(vega_be16(row + b->auction_off) != 0))
		lay_auction(l, row + b->auction_off, token);
	if (b->has_matched)
		lay_status(l, token, PART_INDICATIVE, vega_be64(row + 16), signed_at(row + 46));
}

/* clang-format off */
static const struct book book_fo = {
	.last_off = 12, .auction_off = 34, .levels_off = 56, .level_bytes = 12, .totals_off = 180, .bits_off = 196,
	.close_off = 198, .has_more = true,
};
static const struct book orders_fo = {
	.last_off = 12, .auction_off = 34, .levels_off = 236, .level_bytes = 10, .totals_off = 336, .bits_off = 352,
	.close_off = 354,
};
static const struct book book_cm = {
	.last_off = 16, .auction_off = 38, .levels_off = 60, .level_bytes = 16, .totals_off = 224, .bits_off = 240,
	.close_off = 242, .is_wide = true,
};
static const struct book orders_cm = {
	.last_off = 16, .auction_off = 38, .levels_off = 240, .level_bytes = 16, .totals_off = 404, .bits_off = 420,
	.close_off = 422, .is_wide = true,
};
static const struct book book_auction = {
	.last_off = 24, .levels_off = 50, .level_bytes = 16, .totals_off = 214, .bits_off = 230, .close_off = 232,
	.is_wide = true, .has_matched = true,
};
/* clang-format on */

static void
lay_book_fo(const struct laying *l, const uint8_t *row)
{
	lay_book(l, &book_fo, row);
}

static void
lay_orders_fo(const struct laying *l, const uint8_t *row)
{
	lay_book(l, &orders_fo, row);
}

/* The indicative close came later. */
static void
lay_book_cm(const struct laying *l, const uint8_t *row)
{
	lay_book(l, &book_cm, row);
	if (l->row_bytes >= 262 && vega_be32(row + 258) != 0)
		lay_status(l, vega_be32(row), PART_INDICATIVE, 0, signed_at(row + 258));
}

static void
lay_orders_cm(const struct laying *l, const uint8_t *row)
{
	lay_book(l, &orders_cm, row);
}

static void
lay_book_auction(const struct laying *l, const uint8_t *row)
{
	lay_book(l, &book_auction, row);
}

/* ---- tickers -------------------------------------------------------------------------------------------------- */

/* A trade of another market (odd lots, auctions) is not the last of the normal one. */
static VEGA_ALWAYS_INLINE void
lay_fill(const struct laying *l, const uint8_t *row, uint32_t token)
{
	const uint32_t market = vega_be16(row + 4);

	if (vega_likely(market == NORMAL_MARKET))
		lay_last(l, l->log_ns, token, row + 6, vega_be32(row + 10), 0, UINT64_MAX);
	else
		lay_status(l, token, market, signed_at(row + 6), vega_be32(row + 10));
}

/* The day's highest and lowest open interest go into a STATUS of market 0. */
static void
lay_ticker(const struct laying *l, const uint8_t *row)
{
	const uint32_t token = vega_be32(row);

	lay_fill(l, row, token);
	lay_oi(l, l->log_ns, token, vega_be32(row + 14));
	lay_status(l, token, PART_FIRST, vega_be32(row + 18), vega_be32(row + 22));
}

static void
lay_ticker_wide(const struct laying *l, const uint8_t *row)
{
	const uint32_t token = vega_be32(row);

	lay_fill(l, row, token);
	lay_oi(l, l->log_ns, token, vega_be64(row + 14));
	lay_status(l, token, PART_FIRST, vega_be64(row + 22), vega_be64(row + 30));
}

static void
lay_ticker_cm(const struct laying *l, const uint8_t *row)
{
	const uint32_t token = vega_be32(row);

	lay_fill(l, row, token);
	if (vega_be32(row + 14) != 0)
		lay_status(l, token, PART_FIRST, signed_at(row + 14), 0);
}

static void
lay_interest(const struct laying *l, const uint8_t *row)
{
	lay_oi(l, l->log_ns, vega_be32(row), vega_be32(row + 4));
}

static void
lay_interest_wide(const struct laying *l, const uint8_t *row)
{
	lay_oi(l, l->log_ns, vega_be32(row), vega_be64(row + 4));
}

/* ---- watches -------------------------------------------------------------------------------------------------- */

/* The best level of one market, and its last trade: bid quantity and price, ask quantity and price, last price, its time. */
static VEGA_ALWAYS_INLINE void
lay_best(const struct laying *l, const uint8_t *at, uint32_t qty_bytes, uint32_t token)
{
	const bool is_wide = qty_bytes == 8;
	const uint8_t *ask = at + qty_bytes + 4;
	const uint8_t *last = ask + qty_bytes + 4;

	vega_emit_level(l->emit, l->log_ns, 0, token, 1, VEGA_SIDE_BID | VEGA_SIDE_ASK,
		(struct vega_emit_side){
			price_at(at + qty_bytes), is_wide ? vega_be64(at) : vega_be32(at), 0},
		(struct vega_emit_side){
			price_at(ask + qty_bytes), is_wide ? vega_be64(ask) : vega_be32(ask), 0});
	lay_last(l, time_at(last + 4), token, last, 0, 0, UINT64_MAX);
}

/* Three markets; the first is the normal one. */
static void
lay_watch(const struct laying *l, const uint8_t *row)
{
	lay_best(l, row + 6, 4, vega_be32(row));
	lay_oi(l, l->log_ns, vega_be32(row), vega_be32(row + 82));
}

static void
lay_watch_wide(const struct laying *l, const uint8_t *row)
{
	lay_best(l, row + 6, 4, vega_be32(row));
	lay_oi(l, l->log_ns, vega_be32(row), vega_be64(row + 82));
}

static void
lay_watch_cm(const struct laying *l, const uint8_t *row)
{
	lay_best(l, row + 6, 8, vega_be32(row));
}

static void
lay_auction_watch(const struct laying *l, const uint8_t *row)
{
	lay_best(l, row + 8, 8, vega_be32(row));
	lay_status(l, vega_be32(row), PART_FIRST, vega_be16(row + 4), 0);
}

/* ---- spreads and indices -------------------------------------------------------------------------------------- */

static struct vega_emit_side
spread_side_at(const uint8_t *at)
{
	return (struct vega_emit_side){price_at(at + 6), vega_be32(at + 2), vega_be16(at)};
}

/* A spread's book is that of neither of its legs: it has an instrument of its own, which is named after both. */
static void
lay_spread(const struct laying *l, const uint8_t *row)
{
	char name[VEGA_SYMBOLS_TEXT_BYTES];
	const int bytes = snprintf(name, sizeof(name), "%d/%d", price_at(row), price_at(row + 4));
	const uint32_t token = instrument_of(l, (const uint8_t *)name, (uint32_t)bytes);

	if (token == 0)
		return;
	for (uint32_t i = 0; i < LEVEL_CNT; i++)
		vega_emit_level(l->emit, l->log_ns, VEGA_RECORD_SNAPSHOT, token, i + 1,
			VEGA_SIDE_BID | VEGA_SIDE_ASK, spread_side_at(row + 28 + 10 * i),
			spread_side_at(row + 78 + 10 * i));
	lay_last(l, time_at(row + 12), token, row + 156, 0, 0, vega_be32(row + 16));
	lay_ohlc(
		l, token, vega_be32(row + 144), vega_be32(row + 148), vega_be32(row + 152), 0, 0x7);
	lay_status(
		l, token, PART_FIRST, vega_be64(row + 20), 0); /* traded value, a double's bits */
	lay_status(l, token, PART_TOTALS, whole_at(row + 128), whole_at(row + 136));
}

static void
lay_index(const struct laying *l, const uint8_t *row)
{
	const uint32_t token =
		vega_nnf_index_is_sound(row) ? instrument_of(l, row, VEGA_NNF_NAME_BYTES) : 0;

	if (token == 0)
		return;
	vega_emit(l->emit, l->log_ns, VEGA_INDEX, 0, token, vega_be32(row + 22),
		vega_be32(row + 42), vega_be64(row + 62));
	lay_ohlc(l, token, vega_be32(row + 34), vega_be32(row + 26), vega_be32(row + 30),
		vega_be32(row + 38), 0xF);
	lay_status(l, token, PART_FIRST, signed_at(row + 46), signed_at(row + 50));
	lay_status(l, token, PART_TOTALS, vega_be32(row + 54) | (uint64_t)row[70] << 32,
		vega_be32(row + 58));
}

static void
lay_indicative(const struct laying *l, const uint8_t *row)
{
	const uint32_t token = instrument_of(l, row, VEGA_NNF_NAME_BYTES);

	if (token == 0)
		return;
	vega_emit(l->emit, l->log_ns, VEGA_INDEX, 0, token, vega_be32(row + 22),
		vega_pair(vega_be32(row + 42), 1), vega_be64(row + 62));
	lay_ohlc(l, token, 0, 0, 0, vega_be32(row + 38), 0x8);
	lay_status(l, token, PART_FIRST, signed_at(row + 54), row[70]);
}

/* ---- states --------------------------------------------------------------------------------------------------- */

static void
lay_band(const struct laying *l, const uint8_t *row)
{
	lay_status(l, vega_be32(row), PART_FIRST, signed_at(row + 4), signed_at(row + 8));
}

/* Numbers of two bytes, the first one lowest. */
static uint64_t
shorts_at(const uint8_t *at, uint32_t cnt)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < cnt; i++)
		value |= (uint64_t)vega_be16(at + 2 * i) << 16 * i;
	return value;
}

static void
lay_status_4(const struct laying *l, const uint8_t *row)
{
	lay_status(l, vega_be32(row), PART_FIRST, shorts_at(row + 4, 4), 0);
}

static void
lay_status_6(const struct laying *l, const uint8_t *row)
{
	lay_status(l, vega_be32(row), PART_FIRST, shorts_at(row + 4, 4), shorts_at(row + 12, 2));
}

static void
lay_market(const struct laying *l, const uint8_t *row)
{
	lay_status(l, vega_be32(row), PART_FIRST, vega_be16(row + 34), 0);
}

/* Nothing but the transcode is known: the market opened, closed. */
static void
lay_market_cm(const struct laying *l, const uint8_t *row)
{
	(void)row;
	lay_status(l, 0, PART_FIRST, 0, 0);
}

/* Symbol (10) and series (2), market and action: sixteen bytes as they lie. */
static void
lay_symbol(const struct laying *l, const uint8_t *row)
{
	if (l->length < 58)
		return;
	lay_status(l, 0, PART_FIRST, vega_le64(row),
		vega_le32(row + 8) | (uint64_t)vega_le16(row + 12) << 32 |
			(uint64_t)vega_le16(row + 16) << 48);
}

/* Broker (5) and action (3), as they lie; where they do in CM is not said. */
static void
lay_text(const struct laying *l, const uint8_t *row)
{
	const bool is_known = l->market == VEGA_NNF_FO && l->length >= 50;

	lay_status(l, 0, PART_FIRST, is_known ? vega_le64(row + 2) : 0, 0);
}

/* ---- the message ---------------------------------------------------------------------------------------------- */

static void (*const lays[VEGA_NNF_ROW_CNT])(const struct laying *l, const uint8_t *row) = {
	[VEGA_NNF_AUCTION_WATCH] = lay_auction_watch,
	[VEGA_NNF_BAND] = lay_band,
	[VEGA_NNF_BOOK_AUCTION] = lay_book_auction,
	[VEGA_NNF_BOOK_CM] = lay_book_cm,
	[VEGA_NNF_BOOK_FO] = lay_book_fo,
	[VEGA_NNF_INDEX] = lay_index,
	[VEGA_NNF_INDICATIVE] = lay_indicative,
	[VEGA_NNF_INTEREST] = lay_interest,
	[VEGA_NNF_INTEREST_WIDE] = lay_interest_wide,
	[VEGA_NNF_MARKET] = lay_market,
	[VEGA_NNF_MARKET_CM] = lay_market_cm,
	[VEGA_NNF_ORDERS_CM] = lay_orders_cm,
	[VEGA_NNF_ORDERS_FO] = lay_orders_fo,
	[VEGA_NNF_SPREAD] = lay_spread,
	[VEGA_NNF_STATUS_4] = lay_status_4,
	[VEGA_NNF_STATUS_6] = lay_status_6,
	[VEGA_NNF_SYMBOL] = lay_symbol,
	[VEGA_NNF_TEXT] = lay_text,
	[VEGA_NNF_TICKER] = lay_ticker,
	[VEGA_NNF_TICKER_CM] = lay_ticker_cm,
	[VEGA_NNF_TICKER_WIDE] = lay_ticker_wide,
	[VEGA_NNF_WATCH] = lay_watch,
	[VEGA_NNF_WATCH_CM] = lay_watch_cm,
	[VEGA_NNF_WATCH_WIDE] = lay_watch_wide,
};

/* Which record is the last one is known when all are laid, and before any is published. */
static void
end_message(struct vega_emit *emit, uint64_t from)
{
	uint64_t *slot;

	if (emit->ring->next == from)
		return;
	slot = vega_ring_slot(emit->ring, emit->ring->next - 1);
	vega_store_release(&slot[0], slot[0] | (uint64_t)VEGA_RECORD_LAST << 56); /* W2, as put */
}

void
vega_nnf_lay(struct vega_emit *emit, struct vega_nnf_state *state)
{
	const struct vega_nnf_message *m = &state->message;
	const uint8_t *header = m->body + VEGA_NNF_BODY_HEADER_BYTES;
	const uint64_t from = emit->ring->next;
	const struct vega_nnf_layout *layout = m->layout;
	struct laying l = {
		.emit = emit,
		.state = state,
		.log_ns = time_at(header + 4),
		.length = m->length,
		.transcode = m->transcode,
		.market = m->body[0],
	};
	const uint8_t *row;
	uint32_t cnt;

	if (layout == NULL || lays[layout->row] == NULL)
		return;
	row = header + layout->rows_off;
	if (layout->named == VEGA_NNF_BY_NOTHING) {
		lays[layout->row](&l, row);
	} else {
		cnt = vega_nnf_row_cnt(m);
		l.row_bytes = vega_nnf_row_bytes(m);
		for (uint32_t i = 0; i < cnt; i++, row += l.row_bytes)
			lays[layout->row](&l, row);
	}
	end_message(emit, from);
}
