/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fast ways of IEX against the slow one: the same records, whatever comes. A run of messages against message by message, and a feed
 * that takes datagrams of one message at once against one that does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/feed.h"
#include "capture/feed/iex.h"
#include "tests/lib/rng.h"

enum {
	MESSAGE_CNT_MAX = 40,
	BYTES_MAX = VEGA_IEX_HEADER_BYTES + MESSAGE_CNT_MAX * 96,
	RECORD_CNT = 3 * 64 + 5, /* of the lanes: they wrap often, and not at a claim's step */
	LANE_BYTES = 64 + RECORD_CNT * 32 + VEGA_RING_TAIL_BYTES,
	DATAGRAM_CNT = 30000,
	FEED_DATAGRAM_CNT = 200000,
	FEED_RECORD_CNT = 5 * 64 + 5,
	FEED_LANE_BYTES = 64 + FEED_RECORD_CNT * 32 + VEGA_RING_TAIL_BYTES,
	CELLS_CNT = 3
};

#define EPOCH_NS UINT64_C(1499600000000000000)

/* One way to decode: lane, symbols, counts. */
struct way {
	uint64_t lane[LANE_BYTES / 8];
	struct vega_ring_writer ring;
	struct vega_emit emit;
	struct vega_iex_state state;
};

static struct way fast, slow;

static void
begin(struct way *way)
{
	struct vega_record_lane *lane = (void *)way->lane;

	memset(way, 0, sizeof(*way));
	vega_ring_new(lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	vega_ring_writer_init(&way->ring, lane, LANE_BYTES);
	way->emit = (struct vega_emit){.ring = &way->ring, .epoch_ns = EPOCH_NS};
}

static void
put(uint8_t *at, uint64_t value, uint32_t bytes)
{
	memcpy(at, &value, bytes);
}

static uint64_t
price(struct rng *rng)
{
	static const uint64_t edges[] = {0, 1, INT32_MAX, UINT64_C(1) << 31, UINT32_MAX,
		UINT64_C(1) << 32, UINT64_MAX, UINT64_MAX - INT32_MAX, UINT64_MAX - INT32_MAX - 1,
		UINT64_C(1) << 63};

	return rng_one_in(rng, 8) ? edges[rng_below(rng, VEGA_ARRAY_CNT(edges))]
				  : rng_below(rng, 1u << 20);
}

static uint64_t
time_of(struct rng *rng)
{
	static const uint64_t edges[] = {0, EPOCH_NS - 1, EPOCH_NS, EPOCH_NS + VEGA_TS_NONE - 1,
		EPOCH_NS + VEGA_TS_NONE, EPOCH_NS + VEGA_TS_NONE + 1, UINT64_MAX};

	return rng_one_in(rng, 16) ? edges[rng_below(rng, VEGA_ARRAY_CNT(edges))]
				   : EPOCH_NS + rng_below(rng, 1u << 30);
}

/* A message with any content, its length right but seldom. Returns bytes. */
static uint32_t
message(struct rng *rng, uint8_t *m)
{
	static const char types[] = "QQQQTTTTHPOIE85aaMMRRLLSDBXAC?";
	static const uint8_t lengths[256] = {['S'] = 10,
		['D'] = 31,
		['H'] = 22,
		['I'] = 18,
		['O'] = 18,
		['P'] = 19,
		['E'] = 18,
		['Q'] = 42,
		['8'] = 30,
		['5'] = 30,
		['T'] = 38,
		['B'] = 38,
		['X'] = 26,
		['A'] = 80,
		['a'] = 38,
		['M'] = 38,
		['R'] = 26,
		['L'] = 46,
		['C'] = 18,
		['?'] = 12};
	static const uint8_t flags[] = {0, 0, 1, '5', '8', 0x08, 0x40, 0xC8, 'Q', 'M'};
	const uint8_t type = (uint8_t)types[rng_below(rng, sizeof(types) - 1)];

	for (uint32_t i = 0; i < 88; i += 8)
		put(m + i, rng_next(rng), 8);
	m[0] = type;
	m[1] = flags[rng_below(rng, sizeof(flags))];
	put(m + 2, time_of(rng), 8);
	put(m + 10, 0x2020202020202041 + rng_below(rng, 12), 8);
	put(m + 22, price(rng), 8);
	put(m + 30, price(rng), 8);
	return lengths[type] + (uint32_t)(rng_one_in(rng, 50) ? rng_below(rng, 5) - 2 : 0);
}

/* Returns bytes of the datagram, exactly as long as its messages. */
static uint32_t
datagram(struct rng *rng, uint8_t *at, uint32_t cnt)
{
	uint32_t bytes = VEGA_IEX_HEADER_BYTES;

	memset(at, 0, VEGA_IEX_HEADER_BYTES);
	at[0] = 1;
	put(at + 2, 0x8003, 2);
	put(at + 14, cnt, 2);
	put(at + 24, 1, 8);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t length = message(rng, at + bytes + 2);

		put(at + bytes, length, 2);
		bytes += 2 + length;
	}
	put(at + VEGA_IEX_OFF_PAYLOAD_BYTES, bytes - VEGA_IEX_HEADER_BYTES, 2);
	return bytes;
}

/* From a buffer of exactly that size, so that a byte too far is seen by the sanitizer. Returns messages decoded. */
static uint32_t
decode_fast(const uint8_t *bytes, uint32_t cnt, uint64_t skip, uint64_t take)
{
	uint8_t *copy = malloc(cnt);
	struct vega_decode d = {
		.payload = copy, .bytes = cnt, .state = &fast.state, .emit = &fast.emit};
	struct vega_span span;
	uint32_t done;

	assert_non_null(copy);
	memcpy(copy, bytes, cnt);
	assert_true(vega_format_iex.span(&d, &span));
	done = vega_format_iex.records(&d, &span, skip, take);
	free(copy);
	return done;
}

static uint32_t
decode_slow(const uint8_t *bytes, uint32_t cnt, uint64_t skip, uint64_t take)
{
	struct vega_decode d = {.state = &slow.state, .emit = &slow.emit};
	uint32_t done = 0, left = vega_le16(bytes + 14);
	uint32_t at = VEGA_IEX_HEADER_BYTES;

	for (uint64_t i = 0; i < left && done < take; i++) {
		const uint32_t room = cnt - at;
		const uint32_t length = room < 2 ? 0 : vega_le16(bytes + at);

		if (room < 2 || length > room - 2)
			break;
		if (i >= skip) {
			vega_iex_message(&d, bytes + at + 2, length);
			done++;
		}
		at += 2 + length;
	}
	return done;
}

static void
assert_same_records(uint64_t from)
{
	assert_int_equal(fast.ring.next, slow.ring.next);
	assert_int_equal(fast.emit.odd_cnt, slow.emit.odd_cnt);
	for (uint64_t at = from; at < slow.ring.next; at++)
		assert_memory_equal(fast.ring.begin + at % RECORD_CNT * VEGA_RING_WORDS,
			slow.ring.begin + at % RECORD_CNT * VEGA_RING_WORDS, VEGA_RECORD_BYTES);
}

static void
test_same_records(void **state)
{
	struct rng rng = {rng_seed(20261121)};
	uint8_t bytes[BYTES_MAX];

	(void)state;
	begin(&fast);
	begin(&slow);
	for (int i = 0; i < DATAGRAM_CNT; i++) {
		const uint32_t message_cnt = (uint32_t)rng_below(&rng, MESSAGE_CNT_MAX);
		uint32_t cnt = datagram(&rng, bytes, message_cnt);
		const uint64_t from = slow.ring.next;
		const uint64_t skip = rng_one_in(&rng, 4) ? rng_below(&rng, message_cnt + 2) : 0;
		const uint64_t take = rng_one_in(&rng, 4) ? rng_below(&rng, 10) : UINT64_MAX;

		if (rng_one_in(&rng, 4)) /* broken off */
			cnt -= (uint32_t)rng_below(&rng, cnt - VEGA_IEX_HEADER_BYTES + 1);
		assert_int_equal(
			decode_fast(bytes, cnt, skip, take), decode_slow(bytes, cnt, skip, take));
		assert_same_records(from);
		vega_ring_publish(&fast.ring);
		vega_ring_publish(&slow.ring);
		/* W1: nothing is written that is not claimed. */
		assert_true(fast.ring.tail->claim >= fast.ring.next);
		assert_true(fast.ring.tail->claim <= fast.ring.next + VEGA_RING_CLAIM_STEP);
	}
}

/* ---- datagrams of one message --------------------------------------------------------------------------------- */

/* A feed of one channel, and how its packets were counted. */
struct feed {
	struct vega_record_lane *lane;
	struct vega_feed *feed;
	struct vega_channel_cells cells[CELLS_CNT];
};

static void
feed_open(struct feed *f, const struct vega_format *format, const struct vega_zone *zone)
{
	const struct vega_feed_channel channel = {.format = format, .stream = 5};
	const struct vega_feed_conf conf = {.lane = f->lane = calloc(1, FEED_LANE_BYTES),
		.lane_bytes = FEED_LANE_BYTES,
		.zone = zone,
		.hold_ns = 1000,
		.channel_cnt = 1,
		.channels = &channel,
		.cells = f->cells,
		.cells_cnt = CELLS_CNT};

	assert_non_null(f->lane);
	vega_ring_new(f->lane, FEED_LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	f->feed = aligned_alloc(64, vega_align_up(vega_feed_bytes(&conf), 64));
	assert_non_null(f->feed);
	vega_feed_new(f->feed, &conf);
}

static void
feed_close(struct feed *f)
{
	free(f->feed);
	free(f->lane);
}

static uint64_t single_cnt;

static bool
counted_single(const struct vega_seq *seq, uint32_t stream, const uint8_t *payload, uint32_t bytes,
	void *state, struct vega_emit *emit)
{
	const bool is_taken = vega_iex_single(seq, stream, payload, bytes, state, emit);

	single_cnt += is_taken;
	return is_taken;
}

/* The published records from a position on. */
static void
assert_same_lane(const struct feed *a, const struct feed *b, uint64_t from)
{
	const uint64_t to = vega_feed_position(a->feed);

	assert_int_equal(vega_feed_position(b->feed), to);
	for (uint64_t at = from; at < to; at++)
		assert_memory_equal((uint8_t *)(a->lane + 1) + at % FEED_RECORD_CNT * 32,
			(uint8_t *)(b->lane + 1) + at % FEED_RECORD_CNT * 32, VEGA_RECORD_BYTES);
}

/* Mostly the next message alone, but also what is anything else. */
static uint32_t
next_datagram(struct rng *rng, uint8_t *at, uint64_t *seq)
{
	const uint32_t cnt = rng_one_in(rng, 8) ? (uint32_t)rng_below(rng, 4) : 1;
	uint32_t bytes = datagram(rng, at, cnt);

	if (rng_one_in(rng, 16))
		*seq += rng_below(rng, 9) - 6;
	if (rng_one_in(rng, 2000)) /* from the beginning, or numbers at their end */
		*seq = 1 - rng_below(rng, 2) * 4;
	put(at + VEGA_IEX_OFF_CHANNEL, 1 + (uint64_t)rng_one_in(rng, 50), 4);
	put(at + VEGA_IEX_OFF_SESSION, 7 + (uint64_t)rng_one_in(rng, 500), 4);
	put(at + 16, (uint64_t)!rng_one_in(rng, 500), 8); /* offset 0: begins anew */
	put(at + VEGA_IEX_OFF_SEQ, *seq, 8);
	*seq += cnt;
	if (rng_one_in(rng, 50))
		put(at + rng_below(rng, VEGA_IEX_HEADER_BYTES), rng_next(rng), 1);
	if (rng_one_in(rng, 50)) /* broken off, or with a tail */
		bytes += (uint32_t)rng_below(rng, 40) - 30;
	return bytes;
}

/* The same to both feeds, from a buffer of exactly that size. */
static void
feed_both(struct feed *a, struct feed *b, struct vega_feed_packet packet)
{
	const uint64_t from = vega_feed_position(a->feed);
	uint8_t *copy = malloc(packet.bytes);

	assert_non_null(copy);
	memcpy(copy, packet.payload, packet.bytes);
	packet.payload = copy;
	vega_feed_packet(a->feed, &packet);
	vega_feed_packet(b->feed, &packet);
	free(copy);
	assert_same_lane(a, b, from);
}

static void
test_same_feed(void **state)
{
	static struct feed with, without;
	struct vega_format one = vega_format_iex, none = vega_format_iex;
	struct rng rng = {rng_seed(20261122)};
	struct vega_zone *zone;
	uint64_t seq = 1;

	(void)state;
	one.single = counted_single;
	none.single = NULL;
	assert_int_equal(vega_zone_new("UTC", 0, &zone), 0);
	feed_open(&with, &one, zone);
	feed_open(&without, &none, zone);
	for (uint32_t i = 0; i < FEED_DATAGRAM_CNT; i++) {
		uint8_t payload[BYTES_MAX] = {0};
		struct vega_feed_packet packet = {.payload = payload,
			.bytes = next_datagram(&rng, payload, &seq),
			.recv_ns = EPOCH_NS + (uint64_t)i * 100,
			.frame = i,
			.line = rng_one_in(&rng, 3) ? 'B' : 'A'};

		feed_both(&with, &without, packet);
		packet.line ^= 'A' ^ 'B';
		if (rng_one_in(&rng, 2)) /* the other line's copy */
			feed_both(&with, &without, packet);
	}
	assert_memory_equal(with.cells, without.cells, sizeof(with.cells));
	assert_true(single_cnt > FEED_DATAGRAM_CNT / 4);
	feed_close(&with);
	feed_close(&without);
	vega_zone_delete(zone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_records),
		cmocka_unit_test(test_same_feed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
