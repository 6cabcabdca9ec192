/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_nnf.h"

#include <string.h>

#include "hugepages/base/attr.h"
#include "replay/gen_lzo1z.h"
#include "replay/gen_nse.h"

#define SECOND_NS       1000000000u
#define ENTRY_STEP_NS   2000u
#define EVENT_CNT       6u /* of the order flow, between two entries */
#define LEVEL_CNT       5u
#define DATAGRAM_BYTES  1400u
#define BODY_BYTES_MAX  640u
#define BODY_HEAD_BYTES 8u
#define HEADER_BYTES    40u
#define ENTRY_SLACK     12u /* what compression can add, and the length before it */

enum {
	MARKET_FO = 2,
	MARKET_CM = 4
};

struct level {
	int32_t price;
	uint32_t qty;
	uint32_t order_cnt;
};

/* One entry that is being written. */
struct entry {
	uint32_t bytes; /* of the message: header and rows */
	uint8_t body[BODY_BYTES_MAX];
};

/* Big-endian, at an offset of the message, as the documents count. */
static void
put(struct entry *e, uint32_t off, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		e->body[BODY_HEAD_BYTES + off + i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static void
put_double(struct entry *e, uint32_t off, uint64_t value)
{
	const double wire = (double)value;
	uint64_t bits;

	memcpy(&bits, &wire, sizeof(bits));
	put(e, off, bits, 8);
}

static uint32_t
seconds(uint64_t ns)
{
	const uint64_t s = ns / SECOND_NS;

	return s < VEGA_GEN_NSE_EPOCH_S ? 0 : (uint32_t)(s - VEGA_GEN_NSE_EPOCH_S);
}

/* ---- what the flow leaves ------------------------------------------------------------------------------------- */

static void
note_price(struct vega_gen_day *day, int32_t price)
{
	if (day->open == 0)
		day->open = day->high = day->low = price;
	day->high = price > day->high ? price : day->high;
	day->low = price < day->low ? price : day->low;
	day->last = price;
}

static void
note_trade(struct vega_gen_stream *stream, const struct vega_flow_event *event)
{
	struct vega_gen_day *day = stream->days;

	while (stream->flow.books[day - stream->days].token != event->token)
		day++;
	note_price(day, event->price);
	day->last_qty = event->qty;
	day->last_ns = stream->last_ns;
	day->volume += (uint32_t)event->qty;
	day->turnover += (uint64_t)event->price * (uint32_t)event->qty;
	/* New positions are opened, or old ones closed. */
	if ((day->volume & 1) == 0 || day->oi < (uint32_t)event->qty)
		day->oi += (uint32_t)event->qty;
	else
		day->oi -= (uint32_t)event->qty / 2;
	day->oi_high = day->oi > day->oi_high ? day->oi : day->oi_high;
	day->oi_low = day->oi < day->oi_low ? day->oi : day->oi_low;
}

/* Values of an index follow its books' prices from 24,000.00 on: of all of them, or of the first half. */
static void
note_indices(struct vega_gen_stream *stream)
{
	uint64_t now[2] = {0, 0};
	uint64_t open[2] = {0, 0};

	for (uint32_t i = 0; i < VEGA_FLOW_BOOK_CNT; i++)
		for (uint32_t idx = 0; idx < (i < VEGA_FLOW_BOOK_CNT / 2 ? 2u : 1u); idx++) {
			now[idx] += (uint32_t)stream->flow.books[i].mid_ticks;
			open[idx] += (uint32_t)stream->flow.books[i].open_ticks;
		}
	for (uint32_t idx = 0; idx < 2; idx++)
		note_price(&stream->indices[idx], (int32_t)(2400000 * now[idx] / open[idx]));
	note_price(&stream->indices[2], 1400 + (int32_t)(now[0] % 400));
}

/* What is there before the first trade. */
static void
open_day(struct vega_gen_stream *stream)
{
	for (uint32_t i = 0; i < VEGA_FLOW_BOOK_CNT; i++) {
		const struct vega_flow_book *book = &stream->flow.books[i];
		struct vega_gen_day *day = &stream->days[i];

		day->close = book->open_ticks * stream->flow.params.tick;
		day->oi = day->oi_high = day->oi_low = 100000u * (uint32_t)book->lot;
	}
}

static void
go_on(struct vega_gen_stream *stream)
{
	struct vega_flow_event event;

	if (stream->days[0].close == 0)
		open_day(stream);
	for (uint32_t i = 0; i < EVENT_CNT; i++) {
		vega_flow_next(&stream->flow, &event);
		if (event.kind == VEGA_FLOW_TRADE)
			note_trade(stream, &event);
	}
	note_indices(stream);
}

/* Put an order where its price belongs; the best first, what is behind the fifth falls off. */
static void
add_order(struct level levels[LEVEL_CNT], enum vega_flow_side side, int32_t price, uint32_t qty)
{
	uint32_t at = 0;

	while (at < LEVEL_CNT && levels[at].qty != 0 &&
		(side == VEGA_FLOW_BUY ? levels[at].price > price : levels[at].price < price))
		at++;
	if (at == LEVEL_CNT)
		return;
	if (levels[at].qty == 0 || levels[at].price != price) {
		memmove(&levels[at + 1], &levels[at], (LEVEL_CNT - 1 - at) * sizeof(*levels));
		levels[at] = (struct level){.price = price};
	}
	levels[at].qty += qty;
	levels[at].order_cnt++;
}

/* Returns all that stands on the side. */
static uint64_t
levels_of(const struct vega_gen_stream *stream, uint32_t book_idx, enum vega_flow_side side,
	struct level ret_levels[LEVEL_CNT])
{
	const struct vega_flow_book *book = &stream->flow.books[book_idx];
	uint64_t total = 0;

	memset(ret_levels, 0, LEVEL_CNT * sizeof(*ret_levels));
	for (uint32_t i = 0; i < book->cnt[side]; i++) {
		const struct vega_flow_order *order = &book->orders[side][i];
		const uint32_t qty = (uint32_t)(order->lots * book->lot);

		add_order(ret_levels, side, order->ticks * stream->flow.params.tick, qty);
		total += qty;
	}
	return total;
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

static void
put_five(struct entry *e, uint32_t off, const struct level levels[LEVEL_CNT], uint32_t qty_bytes)
{
	for (uint32_t i = 0; i < LEVEL_CNT; i++, off += qty_bytes + 8) {
		put(e, off, levels[i].qty, qty_bytes);
		put(e, off + qty_bytes, (uint32_t)levels[i].price, 4);
		put(e, off + qty_bytes + 4, levels[i].order_cnt, 2);
	}
}

/* From the last price on, FO and CM are alike: price, sign, close, quantity, time, average. */
static void
put_last(struct entry *e, uint32_t off, const struct vega_gen_day *day)
{
	put(e, off, (uint32_t)day->last, 4);
	put(e, off + 4, day->last < day->close ? '-' : '+', 1);
	put(e, off + 6, (uint32_t)day->close, 4);
	put(e, off + 10, (uint32_t)day->last_qty, 4);
	put(e, off + 14, seconds(day->last_ns), 4);
	put(e, off + 18, day->volume == 0 ? 0 : day->turnover / day->volume, 4);
}

static void
put_prices(struct entry *e, uint32_t off, const struct vega_gen_day *day)
{
	put(e, off, (uint32_t)day->close, 4);
	put(e, off + 4, (uint32_t)day->open, 4);
	put(e, off + 8, (uint32_t)day->high, 4);
	put(e, off + 12, (uint32_t)day->low, 4);
}

/* Token, regular book, open. */
static void
put_state(struct entry *e, uint32_t row, const struct vega_gen_stream *stream, uint32_t book_idx)
{
	put(e, row, stream->flow.books[book_idx].token, 4);
	put(e, row + 4, 1, 2);
	put(e, row + 6, 2, 2);
}

static void
put_book_fo(struct entry *e, uint32_t row, const struct vega_gen_stream *stream, uint32_t book_idx)
{
	const struct vega_gen_day *day = &stream->days[book_idx];
	struct level levels[LEVEL_CNT];

	put_state(e, row, stream, book_idx);
	put(e, row + 8, day->volume & UINT32_MAX, 4);
	put_last(e, row + 12, day);
	put(e, row + 17, day->volume > UINT32_MAX ? '1' : '0', 1);
	put_double(e, row + 180, levels_of(stream, book_idx, VEGA_FLOW_BUY, levels));
	put_five(e, row + 56, levels, 4);
	put_double(e, row + 188, levels_of(stream, book_idx, VEGA_FLOW_SELL, levels));
	put_five(e, row + 116, levels, 4);
	put_prices(e, row + 198, day);
}

static void
put_book_cm(struct entry *e, uint32_t row, const struct vega_gen_stream *stream, uint32_t book_idx)
{
	const struct vega_gen_day *day = &stream->days[book_idx];
	struct level levels[LEVEL_CNT];

	put_state(e, row, stream, book_idx);
	put(e, row + 8, day->volume, 8);
	put_last(e, row + 16, day);
	put(e, row + 224, levels_of(stream, book_idx, VEGA_FLOW_BUY, levels), 8);
	put_five(e, row + 60, levels, 8);
	put(e, row + 232, levels_of(stream, book_idx, VEGA_FLOW_SELL, levels), 8);
	put_five(e, row + 140, levels, 8);
	put_prices(e, row + 242, day);
}

/* Token, normal market, last price and quantity; FO: open interest, its highest and lowest. */
static void
put_ticker(struct entry *e, uint32_t row, const struct vega_gen_stream *stream, uint32_t book_idx)
{
	const struct vega_gen_day *day = &stream->days[book_idx];

	put(e, row, stream->flow.books[book_idx].token, 4);
	put(e, row + 4, 1, 2);
	put(e, row + 6, (uint32_t)day->last, 4);
	put(e, row + 10, (uint32_t)day->last_qty, 4);
	if (stream->segment->variant == MARKET_CM)
		return;
	put(e, row + 14, day->oi, 8);
	put(e, row + 22, day->oi_high, 8);
	put(e, row + 30, day->oi_low, 8);
}

static void
put_interest(struct entry *e, uint32_t row, const struct vega_gen_stream *stream, uint32_t book_idx)
{
	put(e, row, stream->flow.books[book_idx].token, 4);
	put(e, row + 4, stream->days[book_idx].oi, 8);
}

/* Prices that no order may leave: a tenth around the close. */
static void
put_band(struct entry *e, uint32_t row, const struct vega_gen_stream *stream, uint32_t book_idx)
{
	const uint32_t close = (uint32_t)stream->days[book_idx].close;

	put(e, row, stream->flow.books[book_idx].token, 4);
	put(e, row + 4, close + close / 10, 4);
	put(e, row + 8, close - close / 10, 4);
}

/* Of an index or the VIX; their rows follow each other in stream->indices. */
static void
put_index(struct entry *e, uint32_t row, const struct vega_gen_stream *stream, uint32_t idx)
{
	static const char *const names[] = {"Nifty 50", "Nifty Bank", "India VIX"};
	const struct vega_gen_day *day = &stream->indices[idx];
	uint8_t *name = e->body + BODY_HEAD_BYTES + row;

	memset(name, ' ', 21);
	memcpy(name, names[idx], strlen(names[idx]));
	put(e, row + 22, (uint32_t)day->last, 4);
	put(e, row + 26, (uint32_t)day->high, 4);
	put(e, row + 30, (uint32_t)day->low, 4);
	put(e, row + 34, (uint32_t)day->open, 4);
	put(e, row + 38, (uint32_t)day->open, 4);
	put(e, row + 42, (uint64_t)((int64_t)(day->last - day->open) * 10000 / day->open), 4);
	put(e, row + 46, (uint32_t)(day->high + day->high / 20), 4);
	put(e, row + 50, (uint32_t)(day->low - day->low / 20), 4);
	put_double(e, row + 62, 15000000000000 + stream->last_seq);
	put(e, row + 70, day->last < day->open ? '-' : '+', 1);
}

static void
put_vix(struct entry *e, uint32_t row, const struct vega_gen_stream *stream, uint32_t idx)
{
	(void)idx;
	put_index(e, row, stream, 2);
}

/* ---- messages ------------------------------------------------------------------------------------------------- */

/* How a message's rows lie; what is drawn below `share` of 16, and was not before, is this one. */
struct shape {
	uint16_t transcode;
	uint8_t share;
	uint8_t rows_max;
	uint16_t row_bytes;
	uint8_t rows_off;
	bool is_packed;
	void (*put_row)(struct entry *e, uint32_t row, const struct vega_gen_stream *stream,
		uint32_t book_idx);
};

/* The last one is small: it fits where nothing else does. */
static const struct shape fo[] = {
	{7208, 9, 2, 214, 42, true, put_book_fo},
	{17130, 10, 8, 12, 40, false, put_interest},
	{7220, 11, 8, 12, 44, true, put_band},
	{17202, 16, 8, 38, 42, true, put_ticker},
};
static const struct shape cm[] = {
	{7208, 9, 2, 262, 42, true, put_book_cm},
	{7207, 11, 2, 72, 42, false, put_index},
	{7216, 12, 1, 72, 42, false, put_vix},
	{18703, 16, 8, 18, 42, true, put_ticker},
};

static void
put_header(struct entry *e, const struct vega_gen_stream *stream, const struct shape *shape,
	uint32_t row_cnt)
{
	e->body[0] = (uint8_t)stream->segment->variant;
	put(e, 4, seconds(stream->last_ns), 4);
	put(e, 10, shape->transcode, 2);
	put(e, 30, stream->id, 1);
	put(e, 38, e->bytes, 2);
	if (shape->rows_off == HEADER_BYTES) {
		put(e, 12, row_cnt, 2); /* a header of its own, without a sequence */
		return;
	}
	put(e, 14, stream->last_seq, 4);
	put(e, HEADER_BYTES, row_cnt, shape->rows_off - HEADER_BYTES);
}

/* The entry behind its length. Returns the bytes it took. */
static uint32_t
put_entry(uint8_t *at, const struct entry *e, bool is_packed)
{
	const uint32_t bytes = BODY_HEAD_BYTES + e->bytes;
	uint32_t packed = 0;

	if (is_packed)
		packed = vega_gen_lzo1z(e->body, bytes, at + 2);
	else
		memcpy(at + 2, e->body, bytes);
	at[0] = (uint8_t)(packed >> 8);
	at[1] = (uint8_t)packed;
	return 2 + (is_packed ? packed : bytes);
}

static uint32_t
rows_that_fit(const struct shape *shape, uint32_t room)
{
	const uint32_t around = BODY_HEAD_BYTES + shape->rows_off + ENTRY_SLACK;
	const uint32_t cnt = room < around ? 0 : (room - around) / shape->row_bytes;

	return cnt < shape->rows_max ? cnt : shape->rows_max;
}

static uint32_t
put_message(struct vega_gen_stream *stream, uint8_t *at, uint32_t room)
{
	const struct shape *shape = stream->segment->variant == MARKET_FO ? fo : cm;
	const uint32_t draw = vega_prng_below(&stream->flow.prng, 16);
	const uint32_t book_idx = vega_prng_below(&stream->flow.prng, VEGA_FLOW_BOOK_CNT);
	struct entry e = {0};
	uint32_t row_cnt;

	while (draw >= shape->share || (shape->share != 16 && rows_that_fit(shape, room) == 0))
		shape++;
	row_cnt = 1 + vega_prng_below(&stream->flow.prng, rows_that_fit(shape, room));
	e.bytes = shape->rows_off + row_cnt * shape->row_bytes;
	put_header(&e, stream, shape, row_cnt);
	for (uint32_t i = 0; i < row_cnt; i++)
		shape->put_row(&e, shape->rows_off + i * shape->row_bytes, stream,
			shape->put_row == put_index ? i : (book_idx + i) % VEGA_FLOW_BOOK_CNT);
	return put_entry(at, &e, shape->is_packed);
}

static uint32_t
put_datagram_header(uint8_t *payload, const struct vega_gen_stream *stream, uint32_t entry_cnt)
{
	payload[0] = (uint8_t)stream->segment->variant;
	payload[1] = 0;
	payload[2] = 0;
	payload[3] = (uint8_t)entry_cnt;
	return 4;
}

static uint32_t
datagram(struct vega_gen_stream *stream, uint64_t ns, uint32_t message_cnt,
	uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX])
{
	uint32_t bytes = put_datagram_header(payload, stream, message_cnt);

	static_assert(DATAGRAM_BYTES <= VEGA_GEN_PAYLOAD_BYTES_MAX, "a full datagram fits");
	for (uint32_t i = 0; i < message_cnt; i++) {
		vega_gen_next_message(stream, ns + i * ENTRY_STEP_NS);
		go_on(stream);
		bytes += put_message(
			stream, payload + bytes, (DATAGRAM_BYTES - bytes) / (message_cnt - i));
	}
	return bytes;
}

/* Nothing but a header. */
static uint32_t
heartbeat(const struct vega_gen_stream *stream, uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX])
{
	static const struct shape shape = {.transcode = 6541, .rows_off = HEADER_BYTES};
	struct entry e = {.bytes = HEADER_BYTES};
	const uint32_t bytes = put_datagram_header(payload, stream, 1);

	put_header(&e, stream, &shape, 0);
	put(&e, 14, stream->last_seq, 4);
	return bytes + put_entry(payload + bytes, &e, false);
}

static const struct vega_gen_groups fo_groups[] = {
	{1, 8, {{VEGA_IPV4(239, 50, 51, 51), 15051}, {VEGA_IPV4(239, 50, 51, 151), 15151}}},
};
static const struct vega_gen_groups cm_groups[] = {
	{1, 4, {{VEGA_IPV4(239, 50, 50, 11), 10811}, {VEGA_IPV4(239, 50, 50, 16), 10816}}},
};

static const struct vega_gen_segment segments[] = {
	{
		.name = "fo",
		.doc = "futures and options",
		.stream_cnt_max = 8,
		.seq_max = INT32_MAX,
		.groups_cnt = VEGA_ARRAY_CNT(fo_groups),
		.groups = fo_groups,
		.flow = VEGA_GEN_NSE_FO_FLOW,
		.variant = MARKET_FO,
	},
	{
		.name = "cm",
		.doc = "equities, indices",
		.stream_cnt_max = 4,
		.seq_max = INT32_MAX,
		.groups_cnt = VEGA_ARRAY_CNT(cm_groups),
		.groups = cm_groups,
		.flow = VEGA_GEN_NSE_CM_FLOW,
		.variant = MARKET_CM,
	},
	{.name = NULL},
};

const struct vega_gen_feed vega_gen_nse_nnf = {
	.name = "nse-nnf",
	.doc = "NSE broadcast: five levels, tickers, open interest, indices",
	.segments = segments,
	.first_ns = VEGA_GEN_NSE_FIRST_NS,
	.start = VEGA_GEN_NSE_START,
	.datagram = datagram,
	.heartbeat = heartbeat,
};
