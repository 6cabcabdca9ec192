/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_MOLD_H
#define VEGA_FEED_MOLD_H
/*
 * MoldUDP64: Nasdaq's framing of a datagram, whatever the messages are. Big-endian, unpadded.
 *
 *	 0  10  session, ASCII; another one is another sequence space
 *	10   8  sequence of the first message; the i-th has sequence + i
 *	18   2  message count; 0: heartbeat, 0xFFFF: end of session (the sequence is the next one expected)
 *	20      count times { u16 length, message }; a length of 0 is allowed
 *
 * What lies behind the last block, and a block that goes past the end, is malformed.
 */
#include "capture/feed/format.h"

int vega_mold_open(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes);
int vega_mold_next(struct vega_walk *walk, struct vega_message *ret_message);

/* vega_format.span: one a datagram. Its blocks are what vega_blocks_records walks, big-endian. */
bool vega_mold_span(struct vega_decode *decode, struct vega_span *ret_span);

#endif
