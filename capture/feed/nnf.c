/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nse-nnf: NSE's broadcast (five levels, once a second) of equity (CM) and equity derivatives (FO).
 *
 * Big-endian; structures are padded to even. A datagram holds packed entries, each compressed (LZO1Z) or plain. What an entry
 * holds, its body, is given as the message:
 *
 *	0	market		1, and 7 bytes of no meaning
 *	8	header		40: transcode at 10, sequence at 14, length of header and rest at 38
 *	48	rest		mostly a count and rows
 *
 * The sequence is each of several hosts' own: no gap can be seen from it. 7130 and 17130 have a header of their own, with the
 * count in it and no sequence; transcode and length lie where all others have them.
 */
#include <errno.h>

#include "capture/feed/lzo1z.h"
#include "capture/feed/nnf.h"

#define DATAGRAM_HEADER_BYTES 4u
#define ENTRY_HEADER_BYTES    2u

/* In the message, from its header on. */
enum {
	OFF_TRANSCODE = 10,
	OFF_OWN_COUNT = 12, /* of 7130 and 17130 */
	OFF_SEQ = 14,
	OFF_LENGTH = 38
};

enum {
	TRANSCODE_HEARTBEAT = 6541,
	TRANSCODE_INTEREST = 7130,
	TRANSCODE_INTEREST_WIDE = 17130
};

/* Shorter, for the tables. */
enum {
	NOT_DESCRIBED = VEGA_NNF_NOT_DESCRIBED,
	NO_ROWS = VEGA_NNF_NO_ROWS,
	ONE_ROW = VEGA_NNF_ONE_ROW,
	COUNT_16 = VEGA_NNF_COUNT_16,
	COUNT_32 = VEGA_NNF_COUNT_32,
	COUNT_IN_HEAD = VEGA_NNF_COUNT_IN_HEAD,
	BY_NOTHING = VEGA_NNF_BY_NOTHING,
	BY_TOKEN = VEGA_NNF_BY_TOKEN,
	BY_TWO_TOKENS = VEGA_NNF_BY_TWO_TOKENS,
	BY_NAME = VEGA_NNF_BY_NAME
};

/* The frequent ones first: they are looked for in this order. */
/* clang-format off */
static const struct vega_nnf_layout fo[] = {
	/*  longest  rows counted   named by    begin, long, once, what */
	{ 7208, 470, COUNT_16,      BY_TOKEN,      42, 214,   0, VEGA_NNF_BOOK_FO}, /* market by price */
	{17202, 498, COUNT_16,      BY_TOKEN,      42,  38,   0, VEGA_NNF_TICKER_WIDE}, /* ticker, wide open interest */
	{ 7202, 484, COUNT_16,      BY_TOKEN,      42,  26,   0, VEGA_NNF_TICKER}, /* ticker */
	{ 7211, 204, ONE_ROW,       BY_TWO_TOKENS, 40, 164,   0, VEGA_NNF_SPREAD}, /* spread, market by price */
	{17130, 508, COUNT_IN_HEAD, BY_TOKEN,      40,  12,   0, VEGA_NNF_INTEREST_WIDE}, /* underlyings' open interest, wide */
	{ 7130, 504, COUNT_IN_HEAD, BY_TOKEN,      40,   8,   0, VEGA_NNF_INTEREST}, /* underlyings' open interest */
	{ 7220, 344, COUNT_32,      BY_TOKEN,      44,  12,   0, VEGA_NNF_BAND}, /* limit price protection */
	{17201, 492, COUNT_16,      BY_TOKEN,      42,  90,   0, VEGA_NNF_WATCH_WIDE}, /* market watch, wide open interest */
	{ 7201, 472, COUNT_16,      BY_TOKEN,      42,  86,   0, VEGA_NNF_WATCH}, /* market watch */
	{ 7200, 410, ONE_ROW,       BY_TOKEN,      40, 370,   0, VEGA_NNF_ORDERS_FO}, /* market by order and by price */
	{ 7207, 474, COUNT_16,      BY_NAME,       42,  72,   0, VEGA_NNF_INDEX}, /* indices */
	{ 7320, 462, COUNT_16,      BY_TOKEN,      42,  12,   0, VEGA_NNF_STATUS_4}, /* security status */
	{ 7210, 462, COUNT_16,      BY_TOKEN,      42,  12,   0, VEGA_NNF_STATUS_4}, /* security status */
	{ 6511, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0, VEGA_NNF_MARKET}, /* open */
	{ 6521, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0, VEGA_NNF_MARKET}, /* close */
	{ 6522, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0, VEGA_NNF_MARKET}, /* post-close */
	{ 6531, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0, VEGA_NNF_MARKET}, /* pre-open */
	{ 6571, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0, VEGA_NNF_MARKET}, /* pre-open ended */
	{ 6501, 320, NO_ROWS,       BY_NOTHING,    40,   0,   0, VEGA_NNF_TEXT}, /* text */
	{ 6541,  40, NO_ROWS,       BY_NOTHING,    40,   0,   0, VEGA_NNF_NOTHING}, /* heartbeat */
	{ 7203, 442, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_NOTHING},
	{ 7206, 106, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_NOTHING},
	{ 7305, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_NOTHING},
	{ 7340, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_NOTHING},
	{0},
};
static const struct vega_nnf_layout cm[] = {
	{ 7208, 566, COUNT_16,      BY_TOKEN,      42, 262, 258, VEGA_NNF_BOOK_CM}, /* market by price; once without the indicative close */
	{18703, 546, COUNT_16,      BY_TOKEN,      42,  18,   0, VEGA_NNF_TICKER_CM}, /* ticker */
	{ 7207, 474, COUNT_16,      BY_NAME,       42,  72,   0, VEGA_NNF_INDEX}, /* indices */
	{ 7216, 474, COUNT_16,      BY_NAME,       42,  72,   0, VEGA_NNF_INDEX}, /* India VIX */
	{ 8207, 474, COUNT_16,      BY_NAME,       42,  72,   0, VEGA_NNF_INDICATIVE}, /* indicative indices */
	{ 7201, 466, COUNT_16,      BY_TOKEN,      42, 106,   0, VEGA_NNF_WATCH_CM}, /* market watch */
	{ 7200, 482, ONE_ROW,       BY_TOKEN,      40, 442,   0, VEGA_NNF_ORDERS_CM}, /* market by order and by price */
	{ 7214, 538, COUNT_16,      BY_TOKEN,      42, 248,   0, VEGA_NNF_BOOK_AUCTION}, /* call auction, market by price */
	{ 7215, 482, COUNT_16,      BY_TOKEN,      42,  40,   0, VEGA_NNF_AUCTION_WATCH}, /* call auction, market watch */
	{18130, 442, COUNT_16,      BY_TOKEN,      42,  16,   0, VEGA_NNF_STATUS_6}, /* security status */
	{18707, 442, COUNT_16,      BY_TOKEN,      42,  16,   0, VEGA_NNF_STATUS_6}, /* security status */
	{ 7764,  58, NO_ROWS,       BY_NOTHING,    40,   0,   0, VEGA_NNF_SYMBOL}, /* a symbol's status: names no token */
	{ 6501, 298, NO_ROWS,       BY_NOTHING,    40,   0,   0, VEGA_NNF_TEXT}, /* text */
	{ 6541,  40, NO_ROWS,       BY_NOTHING,    40,   0,   0, VEGA_NNF_NOTHING}, /* heartbeat */
	{ 7210, 490, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_NOTHING},
	{ 7203, 484, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_NOTHING},
	{18708, 426, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_NOTHING},
	{18720, 260, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_NOTHING},
	{ 6511, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_MARKET_CM},
	{ 6521, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_MARKET_CM},
	{ 6531, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_MARKET_CM},
	{ 6571, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_MARKET_CM},
	{ 6581, 302, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0, VEGA_NNF_MARKET_CM},
	{0},
};
static const struct vega_nnf_layout none[] = {{0}};
/* clang-format on */

static const struct vega_nnf_layout *const layouts_of[] = {
	[VEGA_NNF_FO] = fo,
	[VEGA_NNF_CM] = cm,
	[VEGA_NNF_CD] = none,
};

static bool
is_market(uint8_t market)
{
	return market < VEGA_ARRAY_CNT(layouts_of) && layouts_of[market] != NULL;
}

/* NULL: not one of the market's. */
static const struct vega_nnf_layout *
find_layout(uint8_t market, uint32_t transcode)
{
	for (const struct vega_nnf_layout *l = layouts_of[market]; l->transcode != 0; l++)
		if (l->transcode == transcode)
			return l;
	return NULL;
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

/* The message has a whole header; what stands behind it is looked for. */
static uint32_t
row_cnt(const struct vega_nnf_layout *l, const uint8_t *header)
{
	switch ((enum vega_nnf_counted)l->counted) {
	case VEGA_NNF_ONE_ROW:
		return 1;
	case VEGA_NNF_COUNT_16:
		return vega_be16(header + VEGA_NNF_HEADER_BYTES);
	case VEGA_NNF_COUNT_32:
		return vega_be32(header + VEGA_NNF_HEADER_BYTES);
	case VEGA_NNF_COUNT_IN_HEAD:
		return vega_be16(header + OFF_OWN_COUNT);
	case VEGA_NNF_NO_ROWS:
	case VEGA_NNF_NOT_DESCRIBED:
		break;
	}
	return 0;
}

/* A message may be padded to its longest; the older rows are believed only where the newer ones leave a rest. */
static uint32_t
row_bytes(const struct vega_nnf_layout *l, uint32_t length)
{
	const uint32_t bytes = length - l->rows_off;

	return l->old_row_bytes != 0 && bytes % l->row_bytes != 0 && bytes % l->old_row_bytes == 0
		       ? l->old_row_bytes
		       : l->row_bytes;
}

/* Are all rows that the message counts inside of it? A negative count is too many. */
static bool
rows_fit(const struct vega_nnf_layout *l, const uint8_t *header, uint32_t length)
{
	if (l->counted == NO_ROWS || l->counted == NOT_DESCRIBED)
		return true;
	return length >= l->rows_off &&
	       row_cnt(l, header) <= (length - l->rows_off) / row_bytes(l, length);
}

uint32_t
vega_nnf_row_cnt(const struct vega_nnf_message *m)
{
	return m->layout == NULL ? 0 : row_cnt(m->layout, m->body + VEGA_NNF_BODY_HEADER_BYTES);
}

uint32_t
vega_nnf_row_bytes(const struct vega_nnf_message *m)
{
	return row_bytes(m->layout, m->length);
}

/*
 * The documents' tables say where an index' value lies and its row's length, not whether they agree: a row whose value is not
 * between its low and its high, or nothing at all, is not one.
 */
bool
vega_nnf_index_is_sound(const uint8_t *row)
{
	const int32_t value = (int32_t)vega_be32(row + 22);
	const int32_t high = (int32_t)vega_be32(row + 26);
	const int32_t low = (int32_t)vega_be32(row + 30);

	return low <= value && value <= high; /* zeros, too */
}

static bool
has_odd_row(const struct vega_nnf_layout *l, const uint8_t *header)
{
	if (l->row != VEGA_NNF_INDEX)
		return false;
	for (uint32_t i = 0; i < row_cnt(l, header); i++)
		if (!vega_nnf_index_is_sound(header + l->rows_off + i * l->row_bytes))
			return true;
	return false;
}

/* ---- entries -------------------------------------------------------------------------------------------------- */

/* Entries that a datagram announces; 0: it is none. */
static uint32_t
entry_cnt(const uint8_t *payload, uint32_t bytes)
{
	int16_t cnt;

	if (bytes < DATAGRAM_HEADER_BYTES || !is_market(payload[0]))
		return 0;
	cnt = (int16_t)vega_be16(payload + 2);
	return cnt > 0 ? (uint32_t)cnt : 0;
}

struct entry {
	const uint8_t *body;
	uint32_t bytes; /* of the body, as far as it may be read */
	uint32_t end;   /* where the next entry begins */
};

/* Of header and rest, as the header says; 0 where it cannot be. */
static uint32_t
length_of(const struct entry *entry)
{
	int16_t length;

	if (entry->bytes < VEGA_NNF_BODY_HEADER_BYTES + VEGA_NNF_HEADER_BYTES)
		return 0;
	length = (int16_t)vega_be16(entry->body + VEGA_NNF_BODY_HEADER_BYTES + OFF_LENGTH);
	if (length < (int16_t)VEGA_NNF_HEADER_BYTES ||
		(uint32_t)length > entry->bytes - VEGA_NNF_BODY_HEADER_BYTES)
		return 0;
	return (uint32_t)length;
}

/* What an entry holds; it is empty where it is cut or does not decompress. A plain one ends where its message does. */
static struct entry
unpack(const uint8_t *payload, uint32_t bytes, uint32_t at, uint8_t *scratch)
{
	const uint32_t left = bytes - at;
	const uint8_t *data = payload + at + ENTRY_HEADER_BYTES;
	struct entry entry = {0};
	uint32_t packed;
	int unpacked;

	if (left < ENTRY_HEADER_BYTES)
		return entry;
	packed = vega_be16(payload + at);
	if (packed == 0) {
		entry.body = data;
		entry.bytes = left - ENTRY_HEADER_BYTES;
		entry.end =
			at + ENTRY_HEADER_BYTES + VEGA_NNF_BODY_HEADER_BYTES + length_of(&entry);
	} else if (packed <= INT16_MAX && packed <= left - ENTRY_HEADER_BYTES) {
		unpacked = vega_lzo1z_decode(data, packed, scratch, VEGA_WALK_SCRATCH_BYTES);
		entry.body = scratch;
		entry.bytes = unpacked < 0 ? 0 : (uint32_t)unpacked;
		entry.end = at + ENTRY_HEADER_BYTES + packed;
	}
	return entry;
}

/*
 * Take an entry out of a datagram.
 *
 * Params: at		in: where it begins; out: where the next one does
 *	   scratch	VEGA_WALK_SCRATCH_BYTES, what is compressed goes there
 * Returns false where there is none, or a bad one.
 */
static bool
take_entry(const uint8_t *payload, uint32_t bytes, uint32_t *at, uint8_t *scratch,
	struct vega_nnf_message *ret_message)
{
	const struct entry entry = unpack(payload, bytes, *at, scratch);
	const uint32_t length = length_of(&entry);
	const struct vega_nnf_layout *layout;
	const uint8_t *header;
	uint32_t transcode;

	if (length == 0 || entry.body[0] != payload[0])
		return false;
	header = entry.body + VEGA_NNF_BODY_HEADER_BYTES;
	transcode = vega_be16(header + OFF_TRANSCODE);
	layout = find_layout(entry.body[0], transcode);
	if (layout != NULL && !rows_fit(layout, header, length))
		return false;
	*ret_message = (struct vega_nnf_message){
		.body = entry.body,
		.layout = layout,
		.length = length,
		.transcode = transcode,
		.is_odd =
			layout == NULL || length > layout->bytes_max || has_odd_row(layout, header),
	};
	*at = entry.end;
	return true;
}

/* ---- walking -------------------------------------------------------------------------------------------------- */

static int
nnf_open(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes)
{
	walk->message_cnt = entry_cnt(payload, bytes);
	if (walk->message_cnt == 0)
		return -EBADMSG;
	walk->payload = payload;
	walk->bytes = bytes;
	walk->at = DATAGRAM_HEADER_BYTES;
	walk->message_idx = 0;
	walk->seq_first = VEGA_SEQ_NONE;
	walk->session = 0;
	walk->session_text[0] = '\0';
	return 0;
}

static uint64_t
seq_of(uint32_t transcode, const uint8_t *header)
{
	if (transcode == TRANSCODE_INTEREST || transcode == TRANSCODE_INTEREST_WIDE)
		return VEGA_SEQ_NONE;
	return (uint64_t)(int32_t)vega_be32(header + OFF_SEQ); /* signed: -1 is none as well */
}

static int
nnf_next(struct vega_walk *walk, struct vega_message *ret_message)
{
	struct vega_nnf_message m;

	if (walk->message_idx == walk->message_cnt)
		return 0;
	if (!take_entry(walk->payload, walk->bytes, &walk->at, walk->scratch, &m))
		return -EBADMSG;
	*ret_message = (struct vega_message){
		.data = m.body,
		.bytes = VEGA_NNF_BODY_HEADER_BYTES + m.length,
		.type = m.transcode,
		.seq = seq_of(m.transcode, m.body + VEGA_NNF_BODY_HEADER_BYTES),
		.is_heartbeat = m.transcode == TRANSCODE_HEARTBEAT,
		.is_odd = m.is_odd,
	};
	walk->message_idx++;
	return 1;
}

/* ---- records -------------------------------------------------------------------------------------------------- */

static VEGA_COLD bool
malformed(struct vega_decode *d)
{
	d->is_malformed = true;
	d->left = 0;
	return false;
}

/*
 * A span is an entry, unpacked here, once; decode->left counts the entries to come. What is compressed may hold many thousand times
 * the rows that a datagram can: one that leaves no room for another entry is no exchange's.
 */
static bool
nnf_span(struct vega_decode *d, struct vega_span *ret_span)
{
	struct vega_nnf_state *state = d->state;

	if (d->at == 0) {
		d->left = entry_cnt(d->payload, d->bytes);
		d->at = DATAGRAM_HEADER_BYTES;
		if (d->left == 0)
			return malformed(d);
	}
	if (d->left == 0)
		return false;
	if (vega_unlikely(!vega_emit_room(d->emit) || !take_entry(d->payload, d->bytes, &d->at,
							      state->scratch, &state->message)))
		return malformed(d);
	d->left--;
	*ret_span = (struct vega_span){
		.seq = VEGA_SEQ_NONE,
		.seq_cnt = state->message.transcode != TRANSCODE_HEARTBEAT,
	};
	return true;
}

static uint32_t
nnf_records(struct vega_decode *d, const struct vega_span *span, uint64_t skip, uint64_t take)
{
	struct vega_nnf_state *state = d->state;

	if (skip != 0 || take == 0)
		return 0;
	d->emit->odd_cnt += state->message.is_odd;
	vega_nnf_lay(d->emit, state);
	return (uint32_t)span->seq_cnt; /* a heartbeat is no message */
}

/* ---- the line ------------------------------------------------------------------------------------------------- */

static void
put_name(struct vega_text *text, const uint8_t *name)
{
	uint32_t bytes = VEGA_NNF_NAME_BYTES;

	while (bytes != 0 && name[bytes - 1] == ' ')
		bytes--;
	vega_text_bytes_as_is(text, name, bytes);
}

static void
put_keys(struct vega_text *text, enum vega_nnf_named named, const uint8_t *row)
{
	if (named == VEGA_NNF_BY_NAME) {
		put_name(text, row);
		return;
	}
	vega_text_dec(text, (int32_t)vega_be32(row));
	if (named == VEGA_NNF_BY_TWO_TOKENS) {
		vega_text_str(text, ",");
		vega_text_dec(text, (int32_t)vega_be32(row + 4));
	}
}

static void
nnf_line(const struct vega_message *message, struct vega_text *text)
{
	const uint8_t *header = message->data + VEGA_NNF_BODY_HEADER_BYTES;
	const uint32_t length = message->bytes - VEGA_NNF_BODY_HEADER_BYTES;
	const struct vega_nnf_layout *l = find_layout(message->data[0], message->type);
	const struct vega_nnf_message m = {.body = message->data, .layout = l, .length = length};
	uint32_t cnt;

	vega_text_u64(text, "type", message->type);
	vega_text_u64(text, "len", length);
	if (l == NULL || l->counted == NOT_DESCRIBED)
		return;
	cnt = row_cnt(l, header);
	vega_text_u64(text, "recs", cnt);
	vega_text_open(text, "keys");
	for (uint32_t i = 0; i < cnt; i++) {
		if (i != 0)
			vega_text_str(text, ",");
		put_keys(text, (enum vega_nnf_named)l->named,
			header + l->rows_off + i * row_bytes(l, length));
	}
	vega_text_close(text);
	if (text->style != VEGA_TEXT_LINE)
		vega_nnf_put(&m, text);
}

const struct vega_format vega_format_nse_nnf = {
	.name = "nse-nnf",
	.doc = "NSE broadcast, five levels once a second: equity, derivatives",
	.names_stream = true,
	.price_digits = 2,
	.open = nnf_open,
	.next = nnf_next,
	.line = nnf_line,
	.state_bytes = sizeof(struct vega_nnf_state),
	.span = nnf_span,
	.records = nnf_records,
	.new_day = vega_nnf_new_day,
	.define = vega_nnf_define,
};
