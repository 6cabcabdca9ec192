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

#include "capture/feed/bytes.h"
#include "capture/feed/format.h"
#include "capture/feed/lzo1z.h"

#define DATAGRAM_HEADER_BYTES 4u
#define ENTRY_HEADER_BYTES    2u
#define BODY_HEADER_BYTES     8u
#define HEADER_BYTES          40u
#define NAME_BYTES            21u

/* In the message, from its header on. */
enum {
	OFF_TRANSCODE = 10,
	OFF_OWN_COUNT = 12, /* of 7130 and 17130 */
	OFF_SEQ = 14,
	OFF_LENGTH = 38
};

enum {
	MARKET_FO = 2,
	MARKET_CM = 4,
	MARKET_CD = 6
};

enum {
	TRANSCODE_HEARTBEAT = 6541,
	TRANSCODE_INTEREST = 7130,
	TRANSCODE_INTEREST_WIDE = 17130
};

/* Where the number of rows stands. */
enum counted {
	NOT_DESCRIBED, /* only its length is known */
	NO_ROWS,
	ONE_ROW,
	COUNT_16,     /* behind the header */
	COUNT_32,     /* behind the header */
	COUNT_IN_HEAD /* of 7130 and 17130 */
};

/* What names a row. */
enum named {
	BY_NOTHING,
	BY_TOKEN,
	BY_TWO_TOKENS,
	BY_NAME
};

/*
 * How a transcode's rows lie. The longest length that the documents name is a check, no bound: what is longer is odd, and decoded
 * by its count.
 */
struct layout {
	uint16_t transcode; /* 0 ends a market's */
	uint16_t bytes_max;
	uint8_t counted;
	uint8_t named;
	uint16_t rows_off;
	uint16_t row_bytes;
	uint16_t old_row_bytes; /* of an older revision; 0: none is known */
};

/* The frequent ones first: they are looked for in this order. */
/* clang-format off */
static const struct layout fo[] = {
	/*  longest  rows counted   named by    begin, long, once */
	{ 7208, 470, COUNT_16,      BY_TOKEN,      42, 214,   0}, /* market by price */
	{17202, 498, COUNT_16,      BY_TOKEN,      42,  38,   0}, /* ticker, wide open interest */
	{ 7202, 484, COUNT_16,      BY_TOKEN,      42,  26,   0}, /* ticker */
	{ 7211, 204, ONE_ROW,       BY_TWO_TOKENS, 40, 164,   0}, /* spread, market by price */
	{17130, 508, COUNT_IN_HEAD, BY_TOKEN,      40,  12,   0}, /* underlyings' open interest, wide */
	{ 7130, 504, COUNT_IN_HEAD, BY_TOKEN,      40,   8,   0}, /* underlyings' open interest */
	{ 7220, 344, COUNT_32,      BY_TOKEN,      44,  12,   0}, /* limit price protection */
	{17201, 492, COUNT_16,      BY_TOKEN,      42,  90,   0}, /* market watch, wide open interest */
	{ 7201, 472, COUNT_16,      BY_TOKEN,      42,  86,   0}, /* market watch */
	{ 7200, 410, ONE_ROW,       BY_TOKEN,      40, 370,   0}, /* market by order and by price */
	{ 7207, 474, COUNT_16,      BY_NAME,       42,  72,   0}, /* indices */
	{ 7320, 462, COUNT_16,      BY_TOKEN,      42,  12,   0}, /* security status */
	{ 7210, 462, COUNT_16,      BY_TOKEN,      42,  12,   0}, /* security status */
	{ 6511, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0}, /* open */
	{ 6521, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0}, /* close */
	{ 6522, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0}, /* post-close */
	{ 6531, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0}, /* pre-open */
	{ 6571, 320, ONE_ROW,       BY_TOKEN,      40,  40,   0}, /* pre-open ended */
	{ 6501, 320, NO_ROWS,       BY_NOTHING,    40,   0,   0}, /* text */
	{ 6541,  40, NO_ROWS,       BY_NOTHING,    40,   0,   0}, /* heartbeat */
	{ 7203, 442, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 7206, 106, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 7305, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 7340, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{0},
};
static const struct layout cm[] = {
	{ 7208, 566, COUNT_16,      BY_TOKEN,      42, 262, 258}, /* market by price; once without the indicative close */
	{18703, 546, COUNT_16,      BY_TOKEN,      42,  18,   0}, /* ticker */
	{ 7207, 474, COUNT_16,      BY_NAME,       42,  72,   0}, /* indices */
	{ 7216, 474, COUNT_16,      BY_NAME,       42,  72,   0}, /* India VIX */
	{ 8207, 474, COUNT_16,      BY_NAME,       42,  72,   0}, /* indicative indices */
	{ 7201, 466, COUNT_16,      BY_TOKEN,      42, 106,   0}, /* market watch */
	{ 7200, 482, ONE_ROW,       BY_TOKEN,      40, 442,   0}, /* market by order and by price */
	{ 7214, 538, COUNT_16,      BY_TOKEN,      42, 248,   0}, /* call auction, market by price */
	{ 7215, 482, COUNT_16,      BY_TOKEN,      42,  40,   0}, /* call auction, market watch */
	{18130, 442, COUNT_16,      BY_TOKEN,      42,  16,   0}, /* security status */
	{18707, 442, COUNT_16,      BY_TOKEN,      42,  16,   0}, /* security status */
	{ 7764,  58, NO_ROWS,       BY_NOTHING,    40,   0,   0}, /* a symbol's status: names no token */
	{ 6501, 298, NO_ROWS,       BY_NOTHING,    40,   0,   0}, /* text */
	{ 6541,  40, NO_ROWS,       BY_NOTHING,    40,   0,   0}, /* heartbeat */
	{ 7210, 490, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 7203, 484, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{18708, 426, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{18720, 260, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 6511, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 6521, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 6531, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 6571, 298, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{ 6581, 302, NOT_DESCRIBED, BY_NOTHING,     0,   0,   0},
	{0},
};
static const struct layout none[] = {{0}};
/* clang-format on */

static const struct layout *const layouts_of[] = {
	[MARKET_FO] = fo,
	[MARKET_CM] = cm,
	[MARKET_CD] = none,
};

static bool
is_market(uint8_t market)
{
	return market < VEGA_ARRAY_CNT(layouts_of) && layouts_of[market] != NULL;
}

/* NULL: not one of the market's. */
static const struct layout *
find_layout(uint8_t market, uint32_t transcode)
{
	for (const struct layout *l = layouts_of[market]; l->transcode != 0; l++)
		if (l->transcode == transcode)
			return l;
	return NULL;
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

/* The message has a whole header; what stands behind it is looked for. */
static uint32_t
row_cnt(const struct layout *l, const uint8_t *header)
{
	switch ((enum counted)l->counted) {
	case ONE_ROW:
		return 1;
	case COUNT_16:
		return vega_be16(header + HEADER_BYTES);
	case COUNT_32:
		return vega_be32(header + HEADER_BYTES);
	case COUNT_IN_HEAD:
		return vega_be16(header + OFF_OWN_COUNT);
	case NO_ROWS:
	case NOT_DESCRIBED:
		break;
	}
	return 0;
}

/* A message may be padded to its longest; the older rows are believed only where the newer ones leave a rest. */
static uint32_t
row_bytes(const struct layout *l, uint32_t length)
{
	const uint32_t bytes = length - l->rows_off;

	return l->old_row_bytes != 0 && bytes % l->row_bytes != 0 && bytes % l->old_row_bytes == 0
		       ? l->old_row_bytes
		       : l->row_bytes;
}

/* Are all rows that the message counts inside of it? A negative count is too many. */
static bool
rows_fit(const struct layout *l, const uint8_t *header, uint32_t length)
{
	if (l->counted == NO_ROWS || l->counted == NOT_DESCRIBED)
		return true;
	return length >= l->rows_off &&
	       row_cnt(l, header) <= (length - l->rows_off) / row_bytes(l, length);
}

/* ---- walking -------------------------------------------------------------------------------------------------- */

static int
nnf_open(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes)
{
	int16_t entry_cnt;

	if (bytes < DATAGRAM_HEADER_BYTES || !is_market(payload[0]))
		return -EBADMSG;
	entry_cnt = (int16_t)vega_be16(payload + 2);
	if (entry_cnt <= 0)
		return -EBADMSG;
	walk->payload = payload;
	walk->bytes = bytes;
	walk->at = DATAGRAM_HEADER_BYTES;
	walk->message_cnt = (uint32_t)entry_cnt;
	walk->message_idx = 0;
	walk->seq_first = VEGA_SEQ_NONE;
	walk->session = 0;
	walk->session_text[0] = '\0';
	return 0;
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

	if (entry->bytes < BODY_HEADER_BYTES + HEADER_BYTES)
		return 0;
	length = (int16_t)vega_be16(entry->body + BODY_HEADER_BYTES + OFF_LENGTH);
	if (length < (int16_t)HEADER_BYTES || (uint32_t)length > entry->bytes - BODY_HEADER_BYTES)
		return 0;
	return (uint32_t)length;
}

/* The next entry; its body is empty where it is cut or does not decompress. A plain one ends where its message does. */
static struct entry
take_entry(struct vega_walk *walk)
{
	const uint32_t left = walk->bytes - walk->at;
	const uint8_t *at = walk->payload + walk->at + ENTRY_HEADER_BYTES;
	struct entry entry = {0};
	uint32_t packed;
	int unpacked;

	if (left < ENTRY_HEADER_BYTES)
		return entry;
	packed = vega_be16(at - ENTRY_HEADER_BYTES);
	if (packed == 0) {
		entry.body = at;
		entry.bytes = left - ENTRY_HEADER_BYTES;
		entry.end = walk->at + ENTRY_HEADER_BYTES + BODY_HEADER_BYTES + length_of(&entry);
	} else if (packed <= INT16_MAX && packed <= left - ENTRY_HEADER_BYTES) {
		unpacked = vega_lzo1z_decode(at, packed, walk->scratch, VEGA_WALK_SCRATCH_BYTES);
		entry.body = walk->scratch;
		entry.bytes = unpacked < 0 ? 0 : (uint32_t)unpacked;
		entry.end = walk->at + ENTRY_HEADER_BYTES + packed;
	}
	return entry;
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
	const struct layout *layout;
	const uint8_t *header;
	struct entry entry;
	uint32_t transcode;
	uint32_t length;

	if (walk->message_idx == walk->message_cnt)
		return 0;
	entry = take_entry(walk);
	length = length_of(&entry);
	if (length == 0 || entry.body[0] != walk->payload[0])
		return -EBADMSG;
	header = entry.body + BODY_HEADER_BYTES;
	transcode = vega_be16(header + OFF_TRANSCODE);
	layout = find_layout(entry.body[0], transcode);
	if (layout != NULL && !rows_fit(layout, header, length))
		return -EBADMSG;
	*ret_message = (struct vega_message){
		.data = entry.body,
		.bytes = BODY_HEADER_BYTES + length,
		.type = transcode,
		.seq = seq_of(transcode, header),
		.is_heartbeat = transcode == TRANSCODE_HEARTBEAT,
		.is_odd = layout == NULL || length > layout->bytes_max,
	};
	walk->at = entry.end;
	walk->message_idx++;
	return 1;
}

/* ---- the line ------------------------------------------------------------------------------------------------- */

static void
put_name(struct vega_text *text, const uint8_t *name)
{
	uint32_t bytes = NAME_BYTES;

	while (bytes != 0 && name[bytes - 1] == ' ')
		bytes--;
	vega_text_bytes_as_is(text, name, bytes);
}

static void
put_keys(struct vega_text *text, enum named named, const uint8_t *row)
{
	if (named == BY_NAME) {
		put_name(text, row);
		return;
	}
	vega_text_dec(text, (int32_t)vega_be32(row));
	if (named == BY_TWO_TOKENS) {
		vega_text_str(text, ",");
		vega_text_dec(text, (int32_t)vega_be32(row + 4));
	}
}

static void
nnf_line(const struct vega_message *message, struct vega_text *text)
{
	const uint8_t *header = message->data + BODY_HEADER_BYTES;
	const uint32_t length = message->bytes - BODY_HEADER_BYTES;
	const struct layout *l = find_layout(message->data[0], message->type);
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
		put_keys(text, (enum named)l->named,
			header + l->rows_off + i * row_bytes(l, length));
	}
	vega_text_close(text);
}

const struct vega_format vega_format_nse_nnf = {
	.name = "nse-nnf",
	.doc = "NSE broadcast, five levels once a second: equity, derivatives",
	.names_stream = true,
	.price_digits = 2,
	.open = nnf_open,
	.next = nnf_next,
	.line = nnf_line,
};
