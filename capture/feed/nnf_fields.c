/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nse-nnf: the names of all fields, for JSON and for people. The canonical line has none of them.
 *
 * Offsets are the documents', from the header on in the heads and the texts, from the row on elsewhere.
 */
#include "capture/feed/nnf.h"

#define BEST(which, n, off, qty_bytes)              \
	VEGA_INT_AT(which n "qty", off, qty_bytes), \
		VEGA_SIGNED_PRICE_AT(which n "px", (off) + (qty_bytes), 4)

/* clang-format off */
static const struct vega_field head[] = {
	VEGA_UINT_AT("log", 4, 4), VEGA_TEXT_AT("alpha", 8, 2), VEGA_INT_AT("error", 12, 2), VEGA_INT_AT("bcseq", 14, 4),
	VEGA_UINT_AT("machine", 30, 1), {0},
};
static const struct vega_field own_head[] = { /* of 7130 and 17130 */
	VEGA_UINT_AT("log", 4, 4), VEGA_TEXT_AT("market", 8, 2), VEGA_INT_AT("ts", 22, 8), {0},
};

/* From the last price on, all books are alike. */
#define BOOK(volume, last)                                                                                     \
	VEGA_INT_AT("tok", 0, 4), VEGA_UINT_AT("book", 4, 2), VEGA_UINT_AT("status", 6, 2), volume,            \
	VEGA_SIGNED_PRICE_AT("ltp", last, 4), VEGA_TEXT_AT("netdir", (last) + 4, 1),                           \
	VEGA_SIGNED_PRICE_AT("net", (last) + 6, 4), VEGA_INT_AT("ltq", (last) + 10, 4),                        \
	VEGA_UINT_AT("ltt", (last) + 14, 4), VEGA_SIGNED_PRICE_AT("atp", (last) + 18, 4)
#define AUCTION(off)                                                                                           \
	VEGA_UINT_AT("auction", off, 2), VEGA_UINT_AT("auctionstatus", (off) + 2, 2), VEGA_UINT_AT("initiator", (off) + 4, 2), \
	VEGA_SIGNED_PRICE_AT("initiatorpx", (off) + 6, 4), VEGA_INT_AT("initiatorqty", (off) + 10, 4),         \
	VEGA_SIGNED_PRICE_AT("auctionpx", (off) + 14, 4), VEGA_INT_AT("auctionqty", (off) + 18, 4)
#define FIVE(M, which, off, step)                                                                              \
	M(which, "1", off), M(which, "2", (off) + (step)), M(which, "3", (off) + 2 * (step)),                  \
	M(which, "4", (off) + 3 * (step)), M(which, "5", (off) + 4 * (step))
#define LEVEL10(which, n, off) BEST(which, n, off, 4), VEGA_UINT_AT(which n "orders", (off) + 8, 2)
#define LEVEL12(which, n, off) LEVEL10(which, n, off), VEGA_UINT_AT(which n "flag", (off) + 10, 2)
#define LEVEL16(which, n, off)                                                                                 \
	BEST(which, n, off, 8), VEGA_UINT_AT(which n "orders", (off) + 12, 2), VEGA_UINT_AT(which n "flag", (off) + 14, 2)
#define ORDER(which, n, off)                                                                                   \
	VEGA_INT_AT(which n "trader", off, 4), VEGA_INT_AT(which n "qty", (off) + 4, 4),                       \
	VEGA_SIGNED_PRICE_AT(which n "px", (off) + 8, 4), VEGA_UINT_AT(which n "terms", (off) + 12, 2),        \
	VEGA_INT_AT(which n "minfill", (off) + 14, 4)
#define BB(off) VEGA_UINT_AT("bbbuy", off, 2), VEGA_UINT_AT("bbsell", (off) + 2, 2)
#define TOTALS(kind, off) kind("totalbuy", off), kind("totalsell", (off) + 8)
#define INT8(key, off) VEGA_INT_AT(key, off, 8)
#define PRICES(bits, close)                                                                                    \
	VEGA_UINT_AT("bits", bits, 1), VEGA_SIGNED_PRICE_AT("close", close, 4),                                \
	VEGA_SIGNED_PRICE_AT("open", (close) + 4, 4), VEGA_SIGNED_PRICE_AT("high", (close) + 8, 4),            \
	VEGA_SIGNED_PRICE_AT("low", (close) + 12, 4)
#define BID "bid"
#define ASK "ask"

static const struct vega_field book_fo[] = {
	BOOK(VEGA_UINT_AT("volume", 8, 4), 12), VEGA_TEXT_AT("exceeded", 17, 1), AUCTION(34),
	FIVE(LEVEL12, BID, 56, 12), FIVE(LEVEL12, ASK, 116, 12), BB(176), TOTALS(VEGA_WHOLE_AT, 180), PRICES(196, 198), {0},
};
static const struct vega_field orders_fo[] = {
	BOOK(VEGA_UINT_AT("volume", 8, 4), 12), AUCTION(34), FIVE(ORDER, "buy", 56, 18), FIVE(ORDER, "sell", 146, 18),
	FIVE(LEVEL10, BID, 236, 10), FIVE(LEVEL10, ASK, 286, 10), TOTALS(VEGA_WHOLE_AT, 336), PRICES(352, 354), {0},
};
static const struct vega_field book_cm[] = {
	BOOK(VEGA_INT_AT("volume", 8, 8), 16), AUCTION(38),
	FIVE(LEVEL16, BID, 60, 16), FIVE(LEVEL16, ASK, 140, 16), BB(220), TOTALS(INT8, 224), PRICES(240, 242),
	VEGA_SIGNED_PRICE_AT("indicative", 258, 4), {0},
};
static const struct vega_field orders_cm[] = {
	BOOK(VEGA_INT_AT("volume", 8, 8), 16), AUCTION(38), FIVE(ORDER, "buy", 60, 18), FIVE(ORDER, "sell", 150, 18),
	FIVE(LEVEL16, BID, 240, 16), FIVE(LEVEL16, ASK, 320, 16), BB(400), TOTALS(INT8, 404), PRICES(420, 422), {0},
};
static const struct vega_field book_auction[] = {
	BOOK(VEGA_INT_AT("volume", 8, 8), 24), VEGA_INT_AT("indicativeqty", 16, 8), VEGA_SIGNED_PRICE_AT("firstopen", 46, 4),
	FIVE(LEVEL16, BID, 50, 16), FIVE(LEVEL16, ASK, 130, 16), BB(210), TOTALS(INT8, 214), PRICES(230, 232), {0},
};

#define TICKER                                                                                                 \
	VEGA_INT_AT("tok", 0, 4), VEGA_UINT_AT("market", 4, 2), VEGA_SIGNED_PRICE_AT("px", 6, 4), VEGA_INT_AT("qty", 10, 4)
static const struct vega_field ticker[] = {
	TICKER, VEGA_UINT_AT("oi", 14, 4), VEGA_UINT_AT("oihigh", 18, 4), VEGA_UINT_AT("oilow", 22, 4), {0},
};
static const struct vega_field ticker_wide[] = {
	TICKER, VEGA_INT_AT("oi", 14, 8), VEGA_INT_AT("oihigh", 22, 8), VEGA_INT_AT("oilow", 30, 8), {0},
};
static const struct vega_field ticker_cm[] = {TICKER, VEGA_INT_AT("index", 14, 4), {0}};
static const struct vega_field interest[] = {VEGA_INT_AT("tok", 0, 4), VEGA_UINT_AT("oi", 4, 4), {0}};
static const struct vega_field interest_wide[] = {VEGA_INT_AT("tok", 0, 4), VEGA_INT_AT("oi", 4, 8), {0}};

/* Of one of three markets: indicator, best bid and ask, last price and its time. */
#define MARKET(n, off, qty_bytes)                                                                              \
	VEGA_UINT_AT("indicator" n, off, 2), BEST(BID, n, (off) + 2, qty_bytes), BEST(ASK, n, (off) + 6 + (qty_bytes), qty_bytes), \
	VEGA_SIGNED_PRICE_AT("ltp" n, (off) + 10 + 2 * (qty_bytes), 4), VEGA_UINT_AT("ltt" n, (off) + 14 + 2 * (qty_bytes), 4)
#define MARKETS(bytes, qty_bytes)                                                                              \
	VEGA_INT_AT("tok", 0, 4), MARKET("1", 4, qty_bytes), MARKET("2", 4 + (bytes), qty_bytes),              \
	MARKET("3", 4 + 2 * (bytes), qty_bytes)
static const struct vega_field watch[] = {MARKETS(26, 4), VEGA_UINT_AT("oi", 82, 4), {0}};
static const struct vega_field watch_wide[] = {MARKETS(26, 4), VEGA_INT_AT("oi", 82, 8), {0}};
static const struct vega_field watch_cm[] = {MARKETS(34, 8), {0}};
static const struct vega_field auction_watch[] = {
	VEGA_INT_AT("tok", 0, 4), VEGA_UINT_AT("market", 4, 2), VEGA_UINT_AT("indicator", 6, 2), BEST(BID, "", 8, 8), BEST(ASK, "", 20, 8),
	VEGA_SIGNED_PRICE_AT("ltp", 32, 4), VEGA_UINT_AT("ltt", 36, 4), {0},
};

#define SPREAD_LEVEL(which, n, off) VEGA_UINT_AT(which n "orders", off, 2), BEST(which, n, (off) + 2, 4)
static const struct vega_field spread[] = {
	VEGA_INT_AT("tok", 0, 4), VEGA_INT_AT("tok2", 4, 4), VEGA_UINT_AT("bids", 8, 2), VEGA_UINT_AT("asks", 10, 2),
	VEGA_UINT_AT("ltt", 12, 4), VEGA_UINT_AT("volume", 16, 4), VEGA_DOUBLE_AT("value", 20),
	FIVE(SPREAD_LEVEL, BID, 28, 10), FIVE(SPREAD_LEVEL, ASK, 78, 10), TOTALS(VEGA_WHOLE_AT, 128),
	VEGA_SIGNED_PRICE_AT("open", 144, 4), VEGA_SIGNED_PRICE_AT("high", 148, 4), VEGA_SIGNED_PRICE_AT("low", 152, 4),
	VEGA_SIGNED_PRICE_AT("ltp", 156, 4), VEGA_UINT_AT("update", 160, 4), {0},
};
static const struct vega_field idx[] = {
	VEGA_TEXT_AT("name", 0, VEGA_NNF_NAME_BYTES), VEGA_SIGNED_PRICE_AT("value", 22, 4), VEGA_SIGNED_PRICE_AT("high", 26, 4),
	VEGA_SIGNED_PRICE_AT("low", 30, 4), VEGA_SIGNED_PRICE_AT("open", 34, 4), VEGA_SIGNED_PRICE_AT("close", 38, 4),
	VEGA_INT_AT("percent", 42, 4), VEGA_SIGNED_PRICE_AT("yearhigh", 46, 4), VEGA_SIGNED_PRICE_AT("yearlow", 50, 4),
	VEGA_UINT_AT("up", 54, 4), VEGA_UINT_AT("down", 58, 4), VEGA_DOUBLE_AT("cap", 62), VEGA_TEXT_AT("netdir", 70, 1), {0},
};
static const struct vega_field indicative[] = {
	VEGA_TEXT_AT("name", 0, VEGA_NNF_NAME_BYTES), VEGA_SIGNED_PRICE_AT("indicative", 22, 4), VEGA_SIGNED_PRICE_AT("close", 38, 4),
	VEGA_INT_AT("percent", 42, 4), VEGA_SIGNED_PRICE_AT("net", 54, 4), VEGA_DOUBLE_AT("cap", 62), VEGA_TEXT_AT("netdir", 70, 1), {0},
};
static const struct vega_field band[] = {
	VEGA_INT_AT("tok", 0, 4), VEGA_SIGNED_PRICE_AT("high", 4, 4), VEGA_SIGNED_PRICE_AT("low", 8, 4), {0},
};
#define STATUS_4                                                                                               \
	VEGA_INT_AT("tok", 0, 4), VEGA_UINT_AT("status1", 4, 2), VEGA_UINT_AT("status2", 6, 2),                \
	VEGA_UINT_AT("status3", 8, 2), VEGA_UINT_AT("status4", 10, 2)
static const struct vega_field status_4[] = {STATUS_4, {0}};
static const struct vega_field status_6[] = {STATUS_4, VEGA_UINT_AT("status5", 12, 2), VEGA_UINT_AT("status6", 14, 2), {0}};
static const struct vega_field market[] = {
	VEGA_INT_AT("tok", 0, 4), VEGA_TEXT_AT("instrument", 4, 6), VEGA_TEXT_AT("symbol", 10, 10), VEGA_TEXT_AT("series", 20, 2),
	VEGA_UINT_AT("expiry", 22, 4), VEGA_SIGNED_PRICE_AT("strike", 26, 4), VEGA_TEXT_AT("option", 30, 2), VEGA_INT_AT("ca", 32, 2),
	VEGA_UINT_AT("market", 34, 2), {0},
};
static const struct vega_field symbol[] = {
	VEGA_TEXT_AT("symbol", 40, 10), VEGA_TEXT_AT("series", 50, 2), VEGA_UINT_AT("market", 52, 2), VEGA_UINT_AT("action", 56, 2), {0},
};
static const struct vega_field text_fo[] = {
	VEGA_UINT_AT("branch", 40, 2), VEGA_TEXT_AT("broker", 42, 5), VEGA_TEXT_AT("action", 47, 3), VEGA_TEXT_AT("text", 80, 239), {0},
};
/* What 65xx says to people; how much of it is used stands before it. */
static const struct vega_field market_text[] = {VEGA_TEXT_AT("text", 80, 239), {0}};

static const struct vega_field *const fields_of[VEGA_NNF_ROW_CNT] = {
	[VEGA_NNF_AUCTION_WATCH] = auction_watch,
	[VEGA_NNF_BAND] = band,
	[VEGA_NNF_BOOK_AUCTION] = book_auction,
	[VEGA_NNF_BOOK_CM] = book_cm,
	[VEGA_NNF_BOOK_FO] = book_fo,
	[VEGA_NNF_INDEX] = idx,
	[VEGA_NNF_INDICATIVE] = indicative,
	[VEGA_NNF_INTEREST] = interest,
	[VEGA_NNF_INTEREST_WIDE] = interest_wide,
	[VEGA_NNF_MARKET] = market,
	[VEGA_NNF_ORDERS_CM] = orders_cm,
	[VEGA_NNF_ORDERS_FO] = orders_fo,
	[VEGA_NNF_SPREAD] = spread,
	[VEGA_NNF_STATUS_4] = status_4,
	[VEGA_NNF_STATUS_6] = status_6,
	[VEGA_NNF_TICKER] = ticker,
	[VEGA_NNF_TICKER_CM] = ticker_cm,
	[VEGA_NNF_TICKER_WIDE] = ticker_wide,
	[VEGA_NNF_WATCH] = watch,
	[VEGA_NNF_WATCH_CM] = watch_cm,
	[VEGA_NNF_WATCH_WIDE] = watch_wide,
};
/* clang-format on */

static const struct vega_fields how = {.big_endian = true, .price_digits = 2};

/* Fields of the message itself, behind its head. */
static const struct vega_field *
own_fields(uint8_t market_type, const struct vega_nnf_layout *layout)
{
	if (layout->row == VEGA_NNF_SYMBOL)
		return symbol;
	if (layout->row == VEGA_NNF_TEXT && market_type == VEGA_NNF_FO)
		return text_fo;
	return layout->row == VEGA_NNF_MARKET ? market_text : NULL;
}

void
vega_nnf_put(const struct vega_nnf_message *m, struct vega_text *text)
{
	const uint8_t *header = m->body + VEGA_NNF_BODY_HEADER_BYTES;
	const bool has_own_head = m->layout->counted == VEGA_NNF_COUNT_IN_HEAD;
	const struct vega_field *own = own_fields(m->body[0], m->layout);
	const struct vega_field *fields = fields_of[m->layout->row];
	const uint8_t *row = header + m->layout->rows_off;

	vega_fields_put(&how, has_own_head ? own_head : head, header, m->length, text);
	if (own != NULL)
		vega_fields_put(&how, own, header, m->length, text);
	if (fields == NULL)
		return;
	vega_text_list_begin(text, "rows");
	for (uint32_t i = 0; i < vega_nnf_row_cnt(m); i++, row += vega_nnf_row_bytes(m)) {
		vega_text_list_next(text);
		vega_fields_put(&how, fields, row, vega_nnf_row_bytes(m), text);
	}
	vega_text_list_end(text);
}
