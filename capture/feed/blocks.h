/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_BLOCKS_H
#define VEGA_FEED_BLOCKS_H
/*
 * The fast path over a datagram of blocks { u16 length, message }, as MoldUDP64 and IEX-TP frame them.
 *
 * decode->at is the next block, decode->left how many the header still announces. Both stand still at a fault, left at 0, so that
 * nothing behind it is read.
 */
#include "capture/feed/bytes.h"
#include "capture/feed/format.h"

typedef void vega_block_fn(struct vega_decode *decode, const uint8_t *message, uint32_t bytes);

/* The next block, NULL at a fault. */
static VEGA_ALWAYS_INLINE const uint8_t *
vega_block_next(struct vega_decode *decode, bool big_endian, uint32_t *ret_bytes)
{
	const uint8_t *at = decode->payload + decode->at;
	const uint32_t room = decode->bytes - decode->at;
	const uint32_t bytes = room < 2 ? 0 : big_endian ? vega_be16(at) : vega_le16(at);

	if (vega_unlikely(room < 2 || bytes > room - 2)) {
		decode->is_malformed = true;
		decode->left = 0;
		return NULL;
	}
	decode->at += 2 + bytes;
	decode->left--;
	*ret_bytes = bytes;
	return at + 2;
}

/*
 * vega_format.records: pass over blocks up to `skip` of the span, give `take` of them to `one`. It is inlined.
 *
 * Returns messages given.
 */
static VEGA_ALWAYS_INLINE uint32_t
vega_blocks_records(struct vega_decode *decode, const struct vega_span *span, uint64_t skip,
	uint64_t take, bool big_endian, vega_block_fn *one)
{
	const uint8_t *message;
	uint32_t bytes, cnt = 0;

	while (span->seq_cnt - decode->left < skip && decode->left != 0)
		(void)vega_block_next(decode, big_endian, &bytes);
	while (cnt < take && decode->left != 0) {
		message = vega_block_next(decode, big_endian, &bytes);
		if (vega_unlikely(message == NULL))
			break;
		one(decode, message, bytes);
		cnt++;
	}
	return cnt;
}

#endif
