/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of NSE's broadcast, decoded back by the wire format's own decoder: every message sound, what has to be compressed
 * compressed, books sorted and never crossed, volumes that only rise, indices inside of their day. And its compression.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/lzo1z.h"
#include "replay/gen_lzo1z.h"
#include "tests/lib/generated.h"
#include "tests/lib/lane.h"
#include "tests/lib/rng.h"

#define START_NS  1748403900000000000u          /* 2025-05-28 09:15 in India */
#define EPOCH_NS  (START_NS - 172800000000000u) /* times of a few days fit */
#define TOKEN_CNT 65536u                        /* and names, which begin at 2^31 */

static const struct {
	const char *segment;
	uint32_t crc; /* of the session of config_of: a golden value */
	uint16_t transcodes[6];
} cases[] = {
	{"fo", 0xfa77bdc9u, {7208, 17202, 17130, 7220, 6541}},
	{"cm", 0xce766b9fu, {7208, 18703, 7207, 7216, 6541}},
};

static struct vega_gen_config
config_of(uint32_t idx)
{
	struct vega_gen_config config = generated_config("nse-nnf", cases[idx].segment);

	config.packet_cnt = 5000;
	config.rate_pps = 10000;
	config.start_ns = START_NS;
	config.heartbeat_ns = 500000;
	return config;
}

/* What was told of an instrument last. */
struct seen {
	uint64_t volume;
	int32_t last;
	int32_t bid, ask; /* of level 1; 0: none */
};

struct receiver {
	struct lane lane;
	uint32_t crc;
	uint64_t message_cnt;
	uint64_t heartbeat_cnt;
	uint64_t transcode_cnt[65536];
	struct seen seen[TOKEN_CNT];
	uint64_t kind_cnt[VEGA_RECORD_KIND_CNT];
};

static struct seen *
seen_of(struct receiver *r, const union vega_record *record)
{
	return &r->seen[vega_record_instrument(record) % TOKEN_CNT];
}

/* Levels come from the first to the fifth: each is worse than the one before. */
static void
check_level(struct receiver *r, const union vega_record *record, const union vega_record *before)
{
	const struct vega_level_record *l = &record->level;
	const uint32_t level = l->level & 31u;
	struct seen *seen = seen_of(r, record);

	assert_in_range(level, 1, 5);
	assert_true((l->bid_qty != 0) == ((l->level >> 8 & 0xFFF) != 0));
	assert_true((l->ask_qty != 0) == (l->level >> 20 != 0));
	if (level == 1) {
		seen->bid = l->bid_price;
		seen->ask = l->ask_price;
		assert_true(l->bid_qty == 0 || l->ask_qty == 0 || l->bid_price < l->ask_price);
		return;
	}
	assert_int_equal(vega_record_kind(before), VEGA_LEVEL);
	if (l->bid_qty != 0)
		assert_true(before->level.bid_qty != 0 && l->bid_price < before->level.bid_price);
	if (l->ask_qty != 0)
		assert_true(before->level.ask_qty != 0 && l->ask_price > before->level.ask_price);
}

static void
check_record(struct receiver *r, const union vega_record *record, const union vega_record *before)
{
	struct seen *seen = seen_of(r, record);

	r->kind_cnt[vega_record_kind(record)]++;
	switch (vega_record_kind(record)) {
	case VEGA_LEVEL:
		check_level(r, record, before);
		break;
	case VEGA_LAST:
		seen->last = record->last.price;
		if (record->last.volume == UINT64_MAX)
			break;
		assert_true(record->last.volume >= seen->volume);
		assert_true((record->last.volume != 0) == (record->last.price != 0));
		seen->volume = record->last.volume;
		break;
	case VEGA_INDEX:
		assert_true(vega_record_instrument(record) > 0x80000000u);
		seen->last = record->index.value;
		break;
	case VEGA_OHLC:
		assert_in_range(record->ohlc.open, record->ohlc.low, record->ohlc.high);
		assert_in_range(seen->last, record->ohlc.low, record->ohlc.high);
		break;
	case VEGA_INTEREST:
		assert_true(record->interest.oi != 0);
		break;
	default:
		break;
	}
}

/* Which of them are compressed is the exchange's rule. */
static void
check_messages(struct receiver *r, const uint8_t *payload, uint32_t bytes)
{
	struct vega_message m;
	struct vega_walk walk;

	assert_int_equal(vega_format_nse_nnf.open(&walk, payload, bytes), 0);
	while (vega_format_nse_nnf.next(&walk, &m) == 1) {
		const bool is_packed = m.data == walk.scratch;

		assert_int_equal(is_packed,
			m.type == 7208 || m.type == 17202 || m.type == 7220 || m.type == 18703);
		r->transcode_cnt[m.type]++;
		r->heartbeat_cnt += m.is_heartbeat;
	}
}

static void
receive(struct receiver *r, const struct vega_gen_packet *packet)
{
	const struct vega_net net = generated_net(packet);
	struct decoded decoded;

	r->crc = generated_crc(r->crc, packet);
	assert_true(packet->bytes <= 14 + 1500);
	check_messages(r, packet->frame + net.payload_off, net.payload_bytes);
	decoded = lane_decode(
		&r->lane, packet->frame + net.payload_off, net.payload_bytes, UINT64_MAX);
	assert_false(decoded.is_malformed);
	assert_int_equal(decoded.odd_cnt, 0);
	r->message_cnt += decoded.message_cnt;
	for (uint64_t i = 0; i < decoded.record_cnt; i++)
		check_record(
			r, lane_record(&r->lane, i), i != 0 ? lane_record(&r->lane, i - 1) : NULL);
}

static struct receiver *
receive_all(const struct vega_gen_config *config, struct vega_gen_truth *ret_truth)
{
	struct receiver *r = calloc(1, sizeof(*r));
	struct vega_gen_session *session;
	struct vega_gen_packet packet;

	assert_non_null(r);
	lane_new(&r->lane, &vega_format_nse_nnf);
	r->lane.emit.epoch_ns = EPOCH_NS;
	assert_int_equal(vega_gen_session_new(config, &session), 0);
	while (vega_gen_session_next(session, &packet) == 1)
		receive(r, &packet);
	*ret_truth = *vega_gen_session_truth(session);
	vega_gen_session_delete(session);
	return r;
}

static void delete (struct receiver *r)
{
	lane_delete(&r->lane);
	free(r);
}

static void
test_sessions(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		const struct vega_gen_config config = config_of(i);
		struct vega_gen_truth truth;
		struct receiver *r = receive_all(&config, &truth);
		uint64_t risen = 0;

		assert_int_equal(r->message_cnt, truth.messages);
		assert_int_equal(r->heartbeat_cnt, truth.heartbeats);
		for (uint32_t k = 0; cases[i].transcodes[k] != 0; k++)
			assert_true(r->transcode_cnt[cases[i].transcodes[k]] > 0);
		for (uint32_t token = 0; token < TOKEN_CNT; token++)
			risen += r->seen[token].volume != 0;
		assert_int_equal(risen, VEGA_FLOW_BOOK_CNT * config.stream_cnt);
		assert_int_equal(r->kind_cnt[VEGA_TIME], 0);
		assert_int_equal(r->crc, cases[i].crc);
		delete (r);
	}
}

/* Other seeds, other numbers of streams. */
static void
test_many_seeds(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		struct vega_gen_config config = config_of(i % 2);
		struct vega_gen_truth truth;

		config.seed = 100 + i;
		config.packet_cnt = 500;
		config.stream_cnt = 1 + i % 4;
		delete (receive_all(&config, &truth));
	}
}

/* ---- compression ---------------------------------------------------------------------------------------------- */

static void
assert_packs(const uint8_t *data, uint32_t bytes)
{
	uint8_t packed[VEGA_GEN_LZO1Z_BYTES(VEGA_GEN_LZO1Z_IN_MAX)];
	uint8_t again[VEGA_GEN_LZO1Z_IN_MAX];
	const uint32_t packed_bytes = vega_gen_lzo1z(data, bytes, packed);

	assert_true(packed_bytes <= VEGA_GEN_LZO1Z_BYTES(bytes));
	assert_int_equal(vega_lzo1z_decode(packed, packed_bytes, again, bytes), bytes);
	assert_memory_equal(again, data, bytes);
}

/* Every length of zeros, of noise, of rows that differ little, and of what lies between. */
static void
test_compression(void **state)
{
	struct rng rng = {rng_seed(1)};
	uint8_t data[VEGA_GEN_LZO1Z_IN_MAX];

	(void)state;
	for (uint32_t kind = 0; kind < 16; kind++) {
		const uint32_t values = kind < 8 ? 1u << kind : 256;
		const uint32_t period = kind < 8 ? 0 : 1 + kind % 8 * 37;

		for (uint32_t bytes = 1; bytes <= sizeof(data); bytes += 1 + bytes / 64) {
			for (uint32_t i = 0; i < bytes; i++)
				data[i] = period != 0 && i >= period && !rng_one_in(&rng, 20)
						  ? data[i - period]
						  : (uint8_t)rng_below(&rng, values);
			assert_packs(data, bytes);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_many_seeds),
		cmocka_unit_test(test_compression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
