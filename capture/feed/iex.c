/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * iex: IEX-TP with TOPS 1.5 and 1.6, DEEP 1.0 and DEEP+ 1.0.
 *
 * Little-endian, unpadded, text left justified and filled with blanks, signed prices of 4 decimal digits, times in ns since 1970.
 *
 *	 0  1  version, 1
 *	 2  2  protocol of the messages
 *	 4  4  channel
 *	 8  4  session; another one is another sequence space
 *	12  2  payload length: bytes behind the header
 *	14  2  message count; 0 with a payload length of 0: heartbeat (the sequence is the next one expected)
 *	16  8  offset of the payload in the session's stream
 *	24  8  sequence of the first message; the i-th has sequence + i
 *	32  8  send time
 *	40     count times { u16 length, message }
 *
 * Types mean the same in every protocol, so one table serves all. A type that is not known, or too short for its fields,
 * gives its type and length alone; of one that is longer, what is known.
 */
#include "capture/feed/iex.h"

#include <errno.h>

#include "capture/feed/fields.h"

enum {
	OFF_COUNT = 14,
	OFF_STREAM_OFFSET = 16
};

/* clang-format off */
#define TEXT(key, off, bytes) VEGA_TEXT_AT(key, off, bytes)
#define UINT(key, off, bytes) VEGA_UINT_AT(key, off, bytes)
#define PRICE(key, off)       VEGA_PRICE_AT(key, off, 8)
#define SYM                   VEGA_TEXT_AT("sym", 10, 8)

static const struct vega_field head[] = {UINT("f", 1, 1), UINT("ts", 2, 8), {0}};

static const struct vega_field_type types[] = {
	{'S', 10, {{0}}},
	{'D', 31, {SYM, UINT("lot", 18, 4), PRICE("poc", 22), UINT("luld", 30, 1)}},
	{'H', 22, {SYM, TEXT("reason", 18, 4)}},
	{'I', 18, {SYM}},
	{'O', 18, {SYM}},
	{'P', 19, {SYM, TEXT("detail", 18, 1)}},
	{'E', 18, {SYM}},
	{'Q', 42, {SYM, UINT("bsz", 18, 4), PRICE("bpx", 22), PRICE("apx", 30), UINT("asz", 38, 4)}},
	{'8', 30, {SYM, UINT("size", 18, 4), PRICE("price", 22)}},
	{'5', 30, {SYM, UINT("size", 18, 4), PRICE("price", 22)}},
	{'T', 38, {SYM, UINT("size", 18, 4), PRICE("price", 22), UINT("id", 30, 8)}},
	{'B', 38, {SYM, UINT("size", 18, 4), PRICE("price", 22), UINT("id", 30, 8)}},
	{'X', 26, {SYM, PRICE("price", 18)}},
	{'A', 80, {SYM, UINT("paired", 18, 4), PRICE("ref", 22), PRICE("ind", 30), UINT("imb", 38, 4), UINT("ext", 43, 1),
		UINT("time", 44, 4), PRICE("clr", 48), PRICE("col", 56), PRICE("lo", 64), PRICE("hi", 72), TEXT("side", 42, 1)}},
	{'a', 38, {SYM, UINT("oid", 18, 8), UINT("size", 26, 4), PRICE("price", 30)}},
	{'M', 38, {SYM, UINT("oid", 18, 8), UINT("size", 26, 4), PRICE("price", 30)}},
	{'R', 26, {SYM, UINT("oid", 18, 8)}},
	{'L', 46, {SYM, UINT("oid", 18, 8), UINT("size", 26, 4), PRICE("price", 30), UINT("id", 38, 8)}},
	{'C', 18, {SYM}},
};
/* clang-format on */

static const struct vega_field_types all = {
	.how = {.price_digits = 4, .text_pad = ' '},
	.head = head,
	.types = types,
	.type_cnt = VEGA_ARRAY_CNT(types),
};

static int
iex_open(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes)
{
	if (!vega_iex_is_header(payload, bytes))
		return -EBADMSG;
	walk->payload = payload;
	walk->bytes = bytes;
	walk->at = VEGA_IEX_HEADER_BYTES;
	walk->message_cnt = vega_le16(payload + OFF_COUNT);
	walk->message_idx = 0;
	walk->seq_first = vega_le64(payload + VEGA_IEX_OFF_SEQ);
	walk->session = vega_le32(payload + VEGA_IEX_OFF_SESSION);
	walk->session_text[0] = '\0';
	return 0;
}

static int
iex_next(struct vega_walk *walk, struct vega_message *ret_message)
{
	const uint8_t *at = walk->payload + walk->at;
	const uint32_t left = walk->bytes - walk->at;
	uint32_t bytes;

	if (walk->message_idx == walk->message_cnt)
		return vega_iex_ends_well(walk->payload, walk->bytes, walk->at) ? 0 : -EBADMSG;
	if (left < 2)
		return -EBADMSG;
	bytes = vega_le16(at);
	if (bytes > left - 2)
		return -EBADMSG;
	*ret_message = (struct vega_message){
		.data = at + 2,
		.bytes = bytes,
		.type = bytes != 0 ? at[2] : 0,
		.seq = walk->seq_first + walk->message_idx,
		.stream = vega_le32(walk->payload + VEGA_IEX_OFF_CHANNEL),
	};
	ret_message->is_odd = vega_field_types_odd(&all, ret_message);
	walk->at += 2 + bytes;
	walk->message_idx++;
	return 1;
}

static void
iex_line(const struct vega_message *message, struct vega_text *text)
{
	vega_field_types_line(&all, message, text);
}

static bool
iex_span(struct vega_decode *decode, struct vega_span *ret_span)
{
	const uint8_t *payload = decode->payload;

	if (decode->at != 0) {
		/* Messages that nobody wanted are not walked: then the end is not known. */
		if (decode->left == 0 && !vega_iex_ends_well(payload, decode->bytes, decode->at))
			decode->is_malformed = true;
		return false;
	}
	if (!vega_iex_is_header(payload, decode->bytes)) {
		decode->is_malformed = true;
		return false;
	}
	*ret_span = (struct vega_span){
		.session = vega_le32(payload + VEGA_IEX_OFF_SESSION),
		.seq = vega_le64(payload + VEGA_IEX_OFF_SEQ),
		.seq_cnt = vega_le16(payload + OFF_COUNT),
		.stream = vega_le32(payload + VEGA_IEX_OFF_CHANNEL),
		.is_start = vega_le64(payload + OFF_STREAM_OFFSET) == 0,
	};
	decode->at = VEGA_IEX_HEADER_BYTES;
	decode->left = (uint32_t)ret_span->seq_cnt;
	return true;
}

const struct vega_format vega_format_iex = {
	.name = "iex",
	.doc = "IEX TOPS 1.5 and 1.6, DEEP 1.0, DEEP+ 1.0 over IEX-TP",
	.names_stream = true,
	.has_orders = true,
	.price_digits = 4,
	.open = iex_open,
	.next = iex_next,
	.line = iex_line,
	.state_bytes = sizeof(struct vega_iex_state),
	.span = iex_span,
	.single = vega_iex_single,
	.records = vega_iex_records,
	.new_day = vega_iex_new_day,
	.define = vega_iex_define,
};
