/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_MTBT_H
#define VEGA_GEN_MTBT_H
/*
 * NSE multicast tick-by-tick (MTBT) messages as bytes: little-endian, unpadded, an 8-byte stream header each.
 *
 *	header	msg_len 2 | stream_id 2 | seq_no 4 | type 1
 *	order	timestamp 8 | order_id 8 | token 4 | side 1 | price 4 | quantity 4		38 with the header
 *	trade	timestamp 8 | buy_id 8 | sell_id 8 | token 4 | price 4 | quantity 4		45
 *	heartbeat	last_seq 4								13, its seq_no is 0
 *
 * Timestamps are ns since 1980-01-01 00:00 on Indian clocks; order ids are whole numbers written as IEEE doubles.
 */
#include <stdint.h>

#include "replay/gen_feed.h"

#define VEGA_MTBT_ORDER_BYTES     38u
#define VEGA_MTBT_TRADE_BYTES     45u
#define VEGA_MTBT_HEARTBEAT_BYTES 13u

extern const struct vega_gen_feed vega_gen_nse_mtbt;

/*
 * Encode one event of the order flow.
 *
 * Params: ns	Unix time, not before the exchange's epoch
 *	   at	room for VEGA_MTBT_TRADE_BYTES
 * Returns the message's length.
 */
uint32_t vega_mtbt_put_event(uint8_t *at, uint32_t stream_id, uint64_t seq, uint64_t ns,
	const struct vega_flow_event *event);

/* Encode a heartbeat: 13 bytes. */
uint32_t vega_mtbt_put_heartbeat(uint8_t *at, uint32_t stream_id, uint64_t last_seq);

#endif
