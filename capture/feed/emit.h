/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_EMIT_H
#define VEGA_FEED_EMIT_H
/*
 * How a decoder lays its records into the lane: straight, four words each, nothing in between.
 *
 * Values come in as wide as the wire has them. What 4 bytes do not hold goes into a WIDE record, a time that 48 bits do not hold
 * into a TIME record: both out of line, both rare (but CME, whose prices have nine digits).
 *
 * The flag VEGA_RECORD_LAST is the decoder's to give, on the last record of a message: with wide values it moves on to the WIDE record.
 */
#include "hugepages/base/attr.h"
#include "hugepages/ring.h"
#include "hugepages/vega_record.h"

#define VEGA_NO_TIME UINT64_MAX /* of a record whose time is not known */

struct vega_emit {
	struct vega_ring_writer *ring;
	uint64_t epoch_ns;
	uint64_t gap_cnt; /* gaps opened: seq.c counts them */
	uint64_t odd_cnt; /* messages decoded as far as they were understood, or not at all */
};

/* Out of line: lays the TIME record. */
void vega_emit_far(struct vega_emit *emit, uint64_t ns);

/*
 * Is there room for more records of this packet? A lane holds at most half its records unpublished, and what wants more is hostile.
 * A loop whose count comes from the wire asks, where 64 KiB of datagram can make more than 32,000 records of it.
 */
static inline bool
vega_emit_room(const struct vega_emit *emit)
{
	return emit->ring->next - emit->ring->publish < emit->ring->capacity / 2 - 4096;
}

/* Bits 0 to 47 of a record's first word. May lay a TIME record: call it directly before the record is put. */
static VEGA_ALWAYS_INLINE uint64_t
vega_emit_ts(struct vega_emit *emit, uint64_t ns)
{
	const uint64_t ts = ns - emit->epoch_ns;

	if (vega_likely(ts < VEGA_TS_NONE))
		return ts;
	if (ns == VEGA_NO_TIME)
		return VEGA_TS_NONE;
	vega_emit_far(emit, ns);
	return 0;
}

static VEGA_ALWAYS_INLINE uint64_t
vega_emit_head(uint64_t ts48, uint32_t kind, uint32_t flags)
{
	return ts48 | (uint64_t)kind << 48 | (uint64_t)flags << 56;
}

/* Any record, its words as they are. */
static VEGA_ALWAYS_INLINE void
vega_emit(struct vega_emit *emit, uint64_t ns, uint32_t kind, uint32_t flags, uint32_t instrument,
	uint32_t body12, uint64_t body16, uint64_t body24)
{
	const uint64_t ts = vega_emit_ts(emit, ns);

	vega_ring_put(emit->ring, vega_emit_head(ts, kind, flags),
		instrument | (uint64_t)body12 << 32, body16, body24);
}

/* The record and behind it its WIDE record; the arguments are the ten halves, low and high, by place: 12, 16, 20, 24, 28. */
void vega_emit_wide(struct vega_emit *emit, uint64_t ns, uint32_t kind, uint32_t flags,
	uint32_t instrument, const uint64_t value[5]);

/* Is a price, or a quantity, one that 4 bytes hold? */
static VEGA_ALWAYS_INLINE bool
vega_fits_price(int64_t price)
{
	return price == (int32_t)price;
}

static VEGA_ALWAYS_INLINE uint64_t
vega_pair(uint32_t low, uint32_t high)
{
	return low | (uint64_t)high << 32;
}

/* ORDER_ADD, ORDER_MODIFY, ORDER_DELETE, ORDER_EXECUTE. */
static VEGA_ALWAYS_INLINE void
vega_emit_order(struct vega_emit *emit, uint64_t ns, uint32_t kind, uint32_t flags,
	uint32_t instrument, uint64_t qty, uint64_t order_id, int64_t price, uint32_t reference)
{
	if (vega_likely(vega_fits_price(price) && qty <= UINT32_MAX)) {
		vega_emit(emit, ns, kind, flags, instrument, (uint32_t)qty, order_id,
			vega_pair((uint32_t)price, reference));
		return;
	}
	/* order_id's place holds 8 bytes: it is given as two halves that are not wide. */
	const uint64_t value[5] = {
		qty, (uint32_t)order_id, order_id >> 32, (uint64_t)price, reference};

	vega_emit_wide(emit, ns, kind, flags, instrument, value);
}

/* TRADE: as an order, its trade id and condition in the same places. */
static VEGA_ALWAYS_INLINE void
vega_emit_trade(struct vega_emit *emit, uint64_t ns, uint32_t flags, uint32_t instrument,
	uint64_t qty, uint64_t trade_id, int64_t price, uint32_t condition)
{
	vega_emit_order(emit, ns, VEGA_TRADE, flags, instrument, qty, trade_id, price, condition);
}

struct vega_emit_side {
	int64_t price;
	uint64_t qty;
	uint32_t order_cnt;
};

/*
 * LEVEL.
 * Params: level	0 to 63, see VEGA_LEVEL_WORD
 *	   sides	VEGA_SIDE_BID, VEGA_SIDE_ASK, or both; the other side's values are not looked at by anybody and are given as 0
 */
static VEGA_ALWAYS_INLINE void
vega_emit_level(struct vega_emit *emit, uint64_t ns, uint32_t flags, uint32_t instrument,
	uint32_t level, uint32_t sides, struct vega_emit_side bid, struct vega_emit_side ask)
{
	const uint32_t word = VEGA_LEVEL_WORD(level, sides, bid.order_cnt, ask.order_cnt);

	if (vega_likely(vega_fits_price(bid.price) && vega_fits_price(ask.price) &&
			((bid.qty | ask.qty) >> 32) == 0 &&
			((bid.order_cnt | ask.order_cnt) >> 12) == 0)) {
		vega_emit(emit, ns, VEGA_LEVEL, flags, instrument, word,
			vega_pair((uint32_t)bid.price, (uint32_t)bid.qty),
			vega_pair((uint32_t)ask.price, (uint32_t)ask.qty));
		return;
	}
	const uint64_t counts = (bid.order_cnt >> 12 & 0xFFFFu) | (ask.order_cnt >> 12 & 0xFFFFu)
									  << 16;
	const uint64_t value[5] = {
		word | counts << 32, (uint64_t)bid.price, bid.qty, (uint64_t)ask.price, ask.qty};

	vega_emit_wide(emit, ns, VEGA_LEVEL, flags, instrument, value);
}

/* DEFINITION: as many records as the text takes; what is longer than 255 * 16 bytes is cut. */
void vega_emit_definition(struct vega_emit *emit, uint64_t ns, uint32_t instrument,
	const uint8_t *text, uint32_t bytes, uint8_t digits);

#endif
