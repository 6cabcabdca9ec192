/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_LANE_H
#define VEGA_TESTS_LANE_H
/*
 * A private record lane, datagrams decoded into it by a format's fast path, and what must hold on any bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/vega_record.h"
#include "tests/lib/walk.h"

#define LANE_BYTES    (2u << 20)
#define LANE_EPOCH_NS 1499572800000000000u /* 2017-07-09 00:00 in New York */

struct lane {
	const struct vega_format *format;
	struct vega_record_lane *memory;
	struct vega_ring_writer ring;
	struct vega_emit emit;
	void *state;
	uint64_t from;    /* position before the datagram decoded last */
	bool is_taught;   /* the state may know a name: one was defined */
	bool keeps_names; /* from datagram to datagram; else each begins with a state of zeros */
};

/* What became of a datagram. */
struct decoded {
	uint64_t message_cnt;
	uint64_t record_cnt;
	uint64_t odd_cnt;
	bool is_malformed;
	struct vega_span span; /* the last one */
};

static inline void
lane_new(struct lane *lane, const struct vega_format *format)
{
	*lane = (struct lane){.format = format, .memory = aligned_alloc(64, LANE_BYTES)};
	lane->state = calloc(1, format->state_bytes + 1);
	if (lane->memory == NULL || lane->state == NULL)
		abort();
	memset(lane->memory, 0, LANE_BYTES);
	vega_ring_new(lane->memory, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	vega_ring_writer_init(&lane->ring, lane->memory, LANE_BYTES);
	lane->emit = (struct vega_emit){.ring = &lane->ring, .epoch_ns = LANE_EPOCH_NS};
}

static inline void
lane_delete(struct lane *lane)
{
	free(lane->memory);
	free(lane->state);
}

/* The record of a position, counted from the first one of the datagram decoded last. */
static inline const union vega_record *
lane_record(const struct lane *lane, uint64_t idx)
{
	const union vega_record *records = (const void *)(lane->memory + 1);

	return &records[(lane->from + idx) % lane->ring.capacity];
}

/* Decode a datagram that lies in memory of exactly its size; of each span `step` sequences at a time. */
static inline struct decoded
lane_decode(struct lane *lane, const uint8_t *data, uint32_t bytes, uint64_t step)
{
	struct decoded ret = {0};
	struct vega_span span;
	struct vega_decode d = {
		.payload = data, .bytes = bytes, .state = lane->state, .emit = &lane->emit};
	const uint64_t odd_before = lane->emit.odd_cnt;

	lane->from = lane->ring.next;
	while (lane->format->span(&d, &span)) {
		uint64_t skip = 0;

		ret.span = span;
		for (; span.seq_cnt > step && skip < span.seq_cnt - step && !d.is_malformed;
			skip += step)
			ret.message_cnt += lane->format->records(&d, &span, skip, step);
		ret.message_cnt += lane->format->records(&d, &span, skip, UINT64_MAX);
	}
	ret.record_cnt = lane->ring.next - lane->from;
	ret.odd_cnt = lane->emit.odd_cnt - odd_before;
	ret.is_malformed = d.is_malformed;
	vega_ring_publish(&lane->ring);
	for (uint64_t i = 0; i < ret.record_cnt; i++)
		lane->is_taught = lane->is_taught ||
				  vega_record_kind(lane_record(lane, i)) == VEGA_DEFINITION;
	return ret;
}

/* Of one record: its kind is known, WIDE and TIME stand where they belong. `before` is NULL for the first. */
static inline bool
lane_is_sound(const union vega_record *before, const union vega_record *r, bool is_last)
{
	const uint32_t kind = vega_record_kind(r);
	const bool wants_wide =
		before != NULL && (vega_record_flags(before) & VEGA_RECORD_WIDE) != 0;

	return kind != 0 && kind < VEGA_RECORD_KIND_CNT && (kind == VEGA_WIDE) == wants_wide &&
	       (!is_last || (vega_record_flags(r) & VEGA_RECORD_WIDE) == 0) &&
	       (!is_last || kind != VEGA_TIME);
}

/* Zeroed state, and the ring goes on where it was. */
static inline void
lane_begin(struct lane *lane, const struct vega_format *format)
{
	if (lane->memory == NULL) {
		const bool keeps_names = lane->keeps_names;

		lane_new(lane, format);
		lane->keeps_names = keeps_names;
	}
	if (lane->format != format)
		abort(); /* its state is as large as that format's */
	if (lane->is_taught && !lane->keeps_names)
		memset(lane->state, 0, format->state_bytes);
	lane->is_taught = false;
}

/*
 * Decode any bytes whole, and again message by message: both give the same sound records, and as many messages as the walk.
 *
 * Params: lanes	two, zeroed before the first call; then of this format
 * Returns false where the format breaks its contract.
 */
static inline bool
lane_pair_keeps_contract(struct lane lanes[2], const struct vega_format *format,
	const uint8_t *data, uint32_t bytes, uint64_t *ret_message_cnt)
{
	struct lane *a = &lanes[0], *b = &lanes[1];
	struct decoded whole, pieces;
	struct walked walked;
	bool is_full;
	bool kept;

	lane_begin(a, format);
	lane_begin(b, format);
	whole = lane_decode(a, data, bytes, UINT64_MAX);
	pieces = lane_decode(b, data, bytes, 1);
	*ret_message_cnt = whole.message_cnt;
	/* What the lane has no room for may be refused, and told so; the walk knows of no lane. */
	is_full = whole.is_malformed && whole.record_cnt >= a->ring.capacity / 2 - 4096;
	kept = walk_all(format, data, bytes, NULL, NULL, &walked) &&
	       (is_full || (whole.message_cnt == walked.message_cnt - walked.heartbeat_cnt &&
				   whole.odd_cnt == walked.odd_cnt &&
				   whole.is_malformed == (walked.rc != 0))) &&
	       pieces.message_cnt == whole.message_cnt && pieces.odd_cnt == whole.odd_cnt &&
	       pieces.is_malformed == whole.is_malformed && pieces.record_cnt == whole.record_cnt &&
	       whole.record_cnt < a->ring.capacity / 2;
	for (uint64_t i = 0; kept && i < whole.record_cnt; i++)
		kept = memcmp(lane_record(a, i), lane_record(b, i), VEGA_RECORD_BYTES) == 0 &&
		       lane_is_sound(i != 0 ? lane_record(a, i - 1) : NULL, lane_record(a, i),
			       i + 1 == whole.record_cnt);
	return kept;
}

/* The same, of a program that has one format. */
static inline bool
lane_keeps_contract(const struct vega_format *format, const uint8_t *data, uint32_t bytes)
{
	static struct lane lanes[2];
	uint64_t message_cnt;

	return lane_pair_keeps_contract(lanes, format, data, bytes, &message_cnt);
}

/* ---- records as text ------------------------------------------------------------------------------------------ */

static inline void
lane_put_flags(const union vega_record *r, char *at)
{
	const uint32_t flags = vega_record_flags(r);

	if ((flags & VEGA_RECORD_ASK) != 0)
		*at++ = 'S';
	if ((flags & VEGA_RECORD_WIDE) != 0)
		*at++ = 'W';
	if ((flags & VEGA_RECORD_LAST) != 0)
		*at++ = '.';
	*at = '\0';
}

/*
 * One record: kind, flags ("S" sell, "W" wide, "." last), instrument, body. Numbers that may be characters are in hexadecimal.
 *
 *	ADD.  513 qty=6 id=5 price=7 ref=0
 *	TRADE 513 qty=6 id=5 price=7 ref=8
 *	STATUS. 513 48 54 3143574d
 *	DEFINITION 513 AAPL
 */
static inline void
lane_put_record(const union vega_record *r, char *at, size_t room)
{
	static const char *const names[] = {[VEGA_ORDER_ADD] = "ADD",
		[VEGA_ORDER_MODIFY] = "MODIFY",
		[VEGA_ORDER_DELETE] = "DELETE",
		[VEGA_ORDER_EXECUTE] = "EXECUTE",
		[VEGA_ORDER_REF] = "REF",
		[VEGA_TRADE] = "TRADE",
		[VEGA_LEVEL] = "LEVEL",
		[VEGA_LAST] = "LAST",
		[VEGA_INTEREST] = "INTEREST",
		[VEGA_OHLC] = "OHLC",
		[VEGA_INDEX] = "INDEX",
		[VEGA_STATUS] = "STATUS",
		[VEGA_DEFINITION] = "DEFINITION",
		[VEGA_CLEAR] = "CLEAR",
		[VEGA_TIME] = "TIME",
		[VEGA_WIDE] = "WIDE"};
	const uint32_t kind = vega_record_kind(r);
	const char *name = kind < VEGA_ARRAY_CNT(names) && names[kind] != NULL ? names[kind] : "?";
	char flags[8];

	lane_put_flags(r, flags);
	if ((kind >= VEGA_ORDER_ADD && kind <= VEGA_ORDER_EXECUTE) || kind == VEGA_TRADE)
		(void)snprintf(at, room, "%s%s %u qty=%u id=%" PRIu64 " price=%d ref=%x\n", name,
			flags, r->order.instrument, r->order.qty, r->order.order_id, r->order.price,
			r->order.reference);
	else if (kind == VEGA_LEVEL)
		(void)snprintf(at, room, "%s%s %u %x bid=%d*%u ask=%d*%u\n", name, flags,
			r->level.instrument, r->level.level, r->level.bid_price, r->level.bid_qty,
			r->level.ask_price, r->level.ask_qty);
	else if (kind == VEGA_LAST)
		(void)snprintf(at, room, "%s%s %u price=%d*%u average=%d volume=%" PRId64 "\n",
			name, flags, r->last.instrument, r->last.price, r->last.qty,
			r->last.average, (int64_t)r->last.volume);
	else if (kind == VEGA_INTEREST)
		(void)snprintf(at, room, "%s%s %u oi=%" PRIu64 "\n", name, flags,
			r->interest.instrument, r->interest.oi);
	else if (kind == VEGA_INDEX)
		(void)snprintf(at, room, "%s%s %u value=%d change=%d what=%u cap=%" PRIx64 "\n",
			name, flags, r->index.instrument, r->index.value, r->index.change,
			r->index.what, r->index.cap);
	else if (kind == VEGA_OHLC || kind == VEGA_WIDE)
		(void)snprintf(at, room, "%s%s %u %d %d %d %d %d\n", name, flags,
			r->ohlc.instrument, r->ohlc.open, r->ohlc.high, r->ohlc.low, r->ohlc.close,
			(int)r->ohlc.given);
	else if (kind == VEGA_ORDER_REF)
		(void)snprintf(at, room, "%s%s %u %u %" PRIu64 " %" PRIu64 "\n", name, flags,
			r->ref.instrument, r->ref.what, r->ref.id, r->ref.id2);
	else if (kind == VEGA_DEFINITION && r->definition.unit == 0)
		(void)snprintf(at, room, "%s%s %u %.16s\n", name, flags, r->definition.instrument,
			(const char *)r->definition.text);
	else
		(void)snprintf(at, room, "%s%s %u %x %" PRIx64 " %" PRIx64 "\n", name, flags,
			r->status.instrument, r->status.what, r->status.value, r->status.value2);
}

/* All records of the datagram decoded last, a line each. */
static inline void
lane_text(const struct lane *lane, char *text, size_t room)
{
	text[0] = '\0';
	for (uint64_t i = 0; lane->from + i < lane->ring.next; i++)
		lane_put_record(lane_record(lane, i), text + strlen(text), room - strlen(text));
}

#endif
