/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/attr.h"
#include "hugepages/base/crc32c.h"
#include "hugepages/base/err.h"
#include "replay/gen_frame.h"
#include "replay/gen_mtbt.h"
#include "replay/gen_session.h"

static const struct vega_gen_config base_config = {
	.feed = &vega_gen_nse_mtbt,
	.seed = 7,
	.packet_cnt = 20000,
	.rate_pps = 1000000,
	.start_ns = 1748403900000000000, /* 2025-05-28T09:15:00+05:30 */
	.heartbeat_ns = 5000000000,
	.stream_cnt = 3,
	.burst_cnt = 1,
	.ab = true,
};

static uint64_t
get(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

/* The published vectors: splitmix64 from 1234567, xoshiro256** from the state 1, 2, 3, 4. */
static void
test_prng_known_answers(void **state)
{
	static const uint64_t splits[] = {6457827717110365317u, 3203168211198807973u,
		9817491932198370423u, 4593380528125082431u, 16408922859458223821u};
	static const uint64_t nexts[] = {11520, 0, 1509978240, 1215971899390074240,
		1216172134540287360, 607988272756665600, 16172922978634559625u, 8476171486693032832,
		10595114339597558777u, 2904607092377533576};
	struct vega_prng prng = {{1, 2, 3, 4}};
	uint64_t split = 1234567;

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(splits); i++)
		assert_int_equal(vega_prng_split(&split), splits[i]);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(nexts); i++)
		assert_int_equal(vega_prng_next(&prng), nexts[i]);
}

static void
test_prng_shapes(void **state)
{
	const uint32_t draw_cnt = 1000000;
	struct vega_prng a;
	struct vega_prng b;
	uint64_t wait_sum = 0;
	uint32_t hits = 0;

	(void)state;
	vega_prng_seed(&a, 1, 0);
	vega_prng_seed(&b, 1, 1);
	assert_int_not_equal(vega_prng_next(&a), vega_prng_next(&b));
	for (uint32_t i = 0; i < draw_cnt; i++) {
		assert_true(vega_prng_below(&a, 7) < 7);
		wait_sum += vega_prng_wait(&a, 1000000);
		hits += vega_prng_chance(&a, 10000000);
	}
	assert_in_range(wait_sum / draw_cnt, 995000, 1005000);
	assert_in_range(hits, 9700, 10300);
	assert_false(vega_prng_chance(&a, 0));
	assert_true(vega_prng_chance(&a, VEGA_PRNG_ONE_PPB));
}

/* Offsets of the sheet, and the one observed timestamp: 1432890900017018840 is 2025-05-28 09:15:00.017018840 in India. */
static void
test_order_bytes(void **state)
{
	const struct vega_flow_event event = {.kind = VEGA_FLOW_NEW,
		.side = VEGA_FLOW_SELL,
		.token = 35002,
		.price = -9905,
		.qty = 25,
		.id = {1101000000000001, 0}};
	const uint64_t ns = 1748403900017018840;
	uint8_t at[VEGA_MTBT_TRADE_BYTES] = {0};

	(void)state;
	assert_int_equal(vega_mtbt_put_event(at, 3, 4294967295u, ns, &event), 38);
	assert_int_equal(get(at, 2), 38);
	assert_int_equal(get(at + 2, 2), 3);
	assert_int_equal(get(at + 4, 4), 4294967295u);
	assert_int_equal(at[8], 'N');
	assert_int_equal(get(at + 9, 8), 1432890900017018840);
	assert_int_equal(get(at + 17, 8), 0x430f4ad44f2e8008); /* 1101000000000001.0 */
	assert_int_equal(get(at + 25, 4), 35002);
	assert_int_equal(at[29], 'S');
	assert_int_equal((int32_t)get(at + 30, 4), -9905);
	assert_int_equal(get(at + 34, 4), 25);
	assert_int_equal(at[38], 0);
}

static void
test_trade_and_heartbeat_bytes(void **state)
{
	const struct vega_flow_event event = {.kind = VEGA_FLOW_TRADE,
		.token = 26009,
		.price = 5511955,
		.qty = 300,
		.id = {0, 1}};
	uint8_t at[VEGA_MTBT_TRADE_BYTES + 1] = {0};

	(void)state;
	assert_int_equal(vega_mtbt_put_event(at, 1, 10, base_config.start_ns, &event), 45);
	assert_int_equal(get(at, 2), 45);
	assert_int_equal(at[8], 'T');
	assert_int_equal(get(at + 17, 8), 0);
	assert_int_equal(get(at + 25, 8), 0x3ff0000000000000); /* 1.0 */
	assert_int_equal(get(at + 33, 4), 26009);
	assert_int_equal(get(at + 37, 4), 5511955);
	assert_int_equal(get(at + 41, 4), 300);
	assert_int_equal(at[45], 0);

	memset(at, 0xee, sizeof(at));
	assert_int_equal(vega_mtbt_put_heartbeat(at, 18, 0x01020304), 13);
	assert_memory_equal(at, "\x0d\x00\x12\x00\x00\x00\x00\x00Z\x04\x03\x02\x01\xee", 14);
}

/* The one's complement sum of what a checksum covers, itself included, is all ones. */
static uint32_t
folded_sum(const uint8_t *at, uint32_t bytes, uint32_t sum)
{
	for (uint32_t i = 0; i < bytes; i++)
		sum += (uint32_t)at[i] << (i % 2 == 0 ? 8 : 0);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
test_frame(void **state)
{
	const struct vega_gen_path path = {0xc000020a, 0xefc64629, 40001, 17741};
	uint8_t frame[VEGA_FRAME_HEAD_BYTES + 100];
	struct vega_gen_head head;
	uint8_t payload[100];

	(void)state;
	for (uint32_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(0xff - 3 * i);
	vega_gen_head_init(&head, &path);
	for (uint32_t bytes = 0; bytes <= sizeof(payload); bytes++) {
		uint32_t pseudo = 17 + 8 + bytes;

		memset(frame, 0xee, sizeof(frame));
		assert_int_equal(
			vega_gen_frame(&head, (uint16_t)(bytes * 1000), payload, bytes, frame),
			bytes < 18 ? 60 : 42 + bytes);
		assert_memory_equal(
			frame, "\x01\x00\x5e\x46\x46\x29", 6); /* 23 bits of the group only */
		assert_int_equal(folded_sum(frame + 14, 20, 0), 0xffff);
		assert_int_equal(
			folded_sum(frame + 34, 8 + bytes, folded_sum(frame + 26, 8, pseudo)),
			0xffff);
		assert_memory_equal(frame + 42, payload, bytes);
		for (uint32_t i = 42 + bytes; i < 60; i++)
			assert_int_equal(frame[i], 0);
	}
}

/* The checksum of all packets and times of a session. */
static uint32_t
session_crc(const struct vega_gen_config *config, struct vega_gen_truth *ret_truth)
{
	struct vega_gen_session *session;
	struct vega_gen_packet packet;
	uint64_t before_ns = 0;
	uint32_t crc = 0;
	int rc;

	assert_int_equal(vega_gen_session_new(config, &session), 0);
	while ((rc = vega_gen_session_next(session, &packet)) == 1) {
		assert_true(packet.ns >= before_ns);
		assert_in_range(
			packet.bytes, 60, VEGA_FRAME_HEAD_BYTES + VEGA_GEN_PAYLOAD_BYTES_MAX);
		before_ns = packet.ns;
		crc = vega_crc32c(crc, &packet.ns, sizeof(packet.ns));
		crc = vega_crc32c(crc, packet.frame, packet.bytes);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(vega_gen_session_next(session, &packet), 0);
	*ret_truth = *vega_gen_session_truth(session);
	assert_int_equal(ret_truth->packets[0] + ret_truth->packets[1], config->packet_cnt);
	vega_gen_session_delete(session);
	return crc;
}

static struct vega_gen_config
config_of(const char *segment)
{
	struct vega_gen_config config = base_config;

	config.segment = vega_gen_segment_find(config.feed, segment);
	assert_non_null(config.segment);
	return config;
}

/* A golden value: whoever changes the bytes of a seed changes what other tests and people have recorded. */
static void
test_same_seed_same_bytes(void **state)
{
	struct vega_gen_config config = config_of("fo");
	struct vega_gen_truth truth;
	uint32_t crc;

	(void)state;
	config.loss_ppb = config.duplicate_ppb = config.reorder_ppb = 10000000;
	crc = session_crc(&config, &truth);
	assert_int_equal(crc, 0xe27a448du);
	assert_int_equal(session_crc(&config, &truth), crc);
	config.seed++;
	assert_int_not_equal(session_crc(&config, &truth), crc);
}

/* Loss, duplicates and order change what arrives, never what was published. */
static void
test_fate_leaves_messages_alone(void **state)
{
	struct vega_gen_config config = config_of("cm");
	struct vega_gen_truth clean;
	struct vega_gen_truth truth;

	(void)state;
	(void)session_crc(&config, &clean);
	assert_int_equal(clean.packets[0], clean.packets[1]);
	assert_int_equal(
		clean.messages_lost.all + clean.packets_duplicated + clean.packets_reordered, 0);
	config.reorder_ppb = 50000000;
	(void)session_crc(&config, &truth);
	assert_int_equal(truth.messages, clean.messages);
	assert_true(truth.packets_reordered > 0);
	config.loss_ppb = 500000000;
	(void)session_crc(&config, &truth);
	assert_true(truth.messages > clean.messages);
	assert_in_range(truth.messages_lost.all * 100 / truth.messages, 23, 27);
}

/* From one packet a second to more than a queue holds between the lines, in bursts and all on one stream. */
static void
test_extremes(void **state)
{
	static const struct {
		uint64_t packet_cnt;
		uint64_t rate_pps;
		uint32_t stream_cnt;
		uint32_t burst_cnt;
	} cases[] = {
		{1, 1, 1, 1},
		{2, 1, 18, 1},
		{3, 1, 1, VEGA_GEN_BURST_CNT_MAX},
		{999, 1, 18, 50},
		{100001, VEGA_GEN_RATE_PPS_MAX, 1, 1},
		{100001, VEGA_GEN_RATE_PPS_MAX, 18, 100000},
		{100000, 3, 18, 100000},
	};
	struct vega_gen_config config = config_of("fo");
	struct vega_gen_truth truth;

	(void)state;
	config.duplicate_ppb = config.reorder_ppb = 500000000;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		config.packet_cnt = cases[i].packet_cnt;
		config.rate_pps = cases[i].rate_pps;
		config.stream_cnt = cases[i].stream_cnt;
		config.burst_cnt = cases[i].burst_cnt;
		(void)session_crc(&config, &truth);
		assert_int_equal(truth.messages_lost.all, 0);
	}
}

/* Long pauses between long bursts: nothing overflows, and the mean rate is about what was asked for. */
static void
test_slow_bursts(void **state)
{
	struct vega_gen_config config = config_of("fo");
	struct vega_gen_truth truth;

	(void)state;
	config.packet_cnt = 20 * VEGA_GEN_BURST_CNT_MAX;
	config.rate_pps = 1;
	config.burst_cnt = VEGA_GEN_BURST_CNT_MAX;
	config.heartbeat_ns = 0;
	config.ab = false;
	(void)session_crc(&config, &truth);
	assert_in_range((truth.last_ns - truth.first_ns) / 1000000000, config.packet_cnt / 2,
		config.packet_cnt * 2);
}

static void
test_refusals(void **state)
{
	struct vega_gen_config config = config_of("cm");
	struct vega_gen_session *session;

	(void)state;
	config.stream_cnt = 6;
	assert_int_equal(vega_gen_session_new(&config, &session), -EINVAL);
	assert_non_null(strstr(vega_err_text(), "1 to 5"));
	config = config_of("cm");
	config.loss_ppb = VEGA_GEN_LOSS_PPB_MAX + 1;
	assert_int_equal(vega_gen_session_new(&config, &session), -EINVAL);
	config = config_of("cm");
	config.start_ns = 0;
	assert_int_equal(vega_gen_session_new(&config, &session), -EINVAL);
	assert_null(vega_gen_feed_find("nse-nothing"));
	assert_null(vega_gen_segment_find(base_config.feed, "xx"));
}

/* A stream that has used its numbers ends the session with a message instead of starting over at 0. */
static void
test_sequence_end(void **state)
{
	struct vega_gen_segment segment = *config_of("cm").segment;
	struct vega_gen_config config = base_config;
	struct vega_gen_session *session;
	struct vega_gen_packet packet;
	int rc;

	(void)state;
	segment.seq_max = 100;
	config.segment = &segment;
	assert_int_equal(vega_gen_session_new(&config, &session), 0);
	while ((rc = vega_gen_session_next(session, &packet)) == 1)
		;
	assert_int_equal(rc, -EOVERFLOW);
	assert_non_null(strstr(vega_err_text(), "100"));
	vega_gen_session_delete(session);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prng_known_answers),
		cmocka_unit_test(test_prng_shapes),
		cmocka_unit_test(test_order_bytes),
		cmocka_unit_test(test_trade_and_heartbeat_bytes),
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_same_seed_same_bytes),
		cmocka_unit_test(test_fate_leaves_messages_alone),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_slow_bursts),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_sequence_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
