/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_IEX_H
#define VEGA_FEED_IEX_H
/*
 * iex.c reads headers and gives lines. iex_records.c gives the records of any message, iex_run.c those of what a market's hours are full of,
 * the fast way.
 */
#include "capture/feed/bytes.h"
#include "capture/feed/format.h"
#include "capture/feed/symbols8.h"

#define VEGA_IEX_SINGLE_PRICE_CROSS 0x08u /* of a trade's sale condition flags */

/* The feed's state. Symbols are kept as they lie in a message, filled with blanks. */
struct vega_iex_state {
	struct vega_symbols8 symbols;
};

/* The records of one message, whatever it is. Slow: iex_run.c gives it what is rare. */
void vega_iex_message(struct vega_decode *decode, const uint8_t *m, uint32_t bytes);

/* vega_format.single, .records, .new_day and .define. */
bool vega_iex_single(const struct vega_seq *seq, uint32_t stream, const uint8_t *payload,
	uint32_t bytes, void *state, struct vega_emit *emit);
uint32_t vega_iex_records(
	struct vega_decode *decode, const struct vega_span *span, uint64_t skip, uint64_t take);
void vega_iex_new_day(void *state);
void vega_iex_define(void *state, uint32_t token, const uint8_t *text, uint32_t bytes);

/* Of the header, as far as more than one file reads it. */
enum {
	VEGA_IEX_OFF_PROTOCOL = 2,
	VEGA_IEX_OFF_CHANNEL = 4,
	VEGA_IEX_OFF_SESSION = 8,
	VEGA_IEX_OFF_PAYLOAD_BYTES = 12,
	VEGA_IEX_OFF_SEQ = 24,
	VEGA_IEX_HEADER_BYTES = 40
};

enum {
	VEGA_IEX_TOPS_15 = 0x8002,
	VEGA_IEX_TOPS_16 = 0x8003,
	VEGA_IEX_DEEP = 0x8004,
	VEGA_IEX_DEEP_PLUS = 0x8005
};

static VEGA_ALWAYS_INLINE bool
vega_iex_is_header(const uint8_t *payload, uint32_t bytes)
{
	uint32_t protocol;

	if (bytes < VEGA_IEX_HEADER_BYTES || payload[0] != 1)
		return false;
	protocol = vega_le16(payload + VEGA_IEX_OFF_PROTOCOL);
	return protocol - VEGA_IEX_TOPS_15 <= VEGA_IEX_DEEP_PLUS - VEGA_IEX_TOPS_15;
}

/* The header's payload length, the message count and the datagram's end must meet. */
static VEGA_ALWAYS_INLINE bool
vega_iex_ends_well(const uint8_t *payload, uint32_t bytes, uint32_t at)
{
	return at == bytes &&
	       vega_le16(payload + VEGA_IEX_OFF_PAYLOAD_BYTES) == bytes - VEGA_IEX_HEADER_BYTES;
}

#endif
