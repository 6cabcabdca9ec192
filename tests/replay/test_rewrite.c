/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/rewrite.h"
#include "tests/lib/rng.h"

#define ANY       VEGA_CONF_ANY
#define ROOM      4u
#define FRAME_MAX 256u

/* A frame as a test makes it: where its headers lie is known, and not parsed. */
struct made {
	uint8_t data[FRAME_MAX + ROOM];
	uint32_t bytes;
	uint32_t ip;
	uint32_t l4;
	uint8_t family;
};

static uint16_t
sum16(const uint8_t *data, uint32_t bytes, uint32_t sum)
{
	for (uint32_t i = 0; i < bytes; i++)
		sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)sum;
}

/* The whole sum over pseudo header and datagram, as a receiver takes it: 0xFFFF when it is right. */
static uint16_t
udp_sum(const struct made *m)
{
	const uint32_t length = (uint32_t)m->data[m->l4 + 4] << 8 | m->data[m->l4 + 5];
	const uint32_t addresses = m->family == 4 ? m->ip + 12 : m->ip + 8;

	return sum16(m->data + m->l4, length,
		sum16(m->data + addresses, m->family == 4 ? 8 : 32, 17 + length));
}

static struct made
make(uint8_t family, uint32_t tag_cnt, uint32_t payload_bytes, struct rng *rng)
{
	struct made m = {.family = family, .ip = 14 + 4 * tag_cnt};
	const uint32_t udp_bytes = 8 + payload_bytes;
	uint16_t sum;

	m.l4 = m.ip + (family == 4 ? 20 : 40);
	m.bytes = m.l4 + udp_bytes;
	for (uint32_t i = 0; i < m.bytes; i++)
		m.data[i] = (uint8_t)rng_next(rng);
	for (uint32_t i = 0; i < tag_cnt; i++)
		memcpy(m.data + 12 + 4 * i, "\x81\x00\x20\x64", 4); /* priority 1, id 100 */
	memcpy(m.data + m.ip - 2, family == 4 ? "\x08\x00" : "\x86\xDD", 2);
	if (family == 4) {
		memcpy(m.data + m.ip, "\x45\x00\x00\x00\x12\x34\x00\x00\x20\x11\x00\x00", 12);
		m.data[m.ip + 3] = (uint8_t)(20 + udp_bytes);
		memcpy(m.data + m.ip + 16, "\xEF\x01\x01\x01", 4);
		sum = (uint16_t)~sum16(m.data + m.ip, 20, 0);
		m.data[m.ip + 10] = (uint8_t)(sum >> 8);
		m.data[m.ip + 11] = (uint8_t)sum;
	} else {
		memcpy(m.data + m.ip, "\x60\x00\x00\x00\x00\x00\x11\x20", 8);
		m.data[m.ip + 5] = (uint8_t)udp_bytes;
	}
	memcpy(m.data + m.l4 + 2, "\x13\x88\x00\x00\x00\x00", 6); /* port 5000 */
	m.data[m.l4 + 5] = (uint8_t)udp_bytes;
	sum = (uint16_t)~udp_sum(&m);
	sum = sum != 0 ? sum : 0xFFFF;
	m.data[m.l4 + 6] = (uint8_t)(sum >> 8);
	m.data[m.l4 + 7] = (uint8_t)sum;
	return m;
}

static const struct vega_conf_rewrite keep = {
	.from_vlan = ANY, .from_port = ANY, .to_port = ANY, .to_vlan = ANY};

static bool
apply(struct made *m, const struct vega_conf_rewrite *rules, uint32_t rule_cnt)
{
	struct vega_frame frame = {
		.captured_bytes = m->bytes, .wire_bytes = m->bytes + 4, .linktype = 1};
	const bool applied = vega_rewrite(rules, rule_cnt, m->data, &frame);

	assert_int_equal(frame.wire_bytes - frame.captured_bytes, 4);
	m->ip += frame.captured_bytes - m->bytes;
	m->l4 += frame.captured_bytes - m->bytes;
	m->bytes = frame.captured_bytes;
	return applied;
}

static struct vega_conf_rewrite
change(uint8_t family, struct rng *rng)
{
	struct vega_conf_rewrite rule = keep;

	rule.to_family = family;
	rule.source_family = rng_one_in(rng, 2) ? family : 0;
	rule.to_port = rng_one_in(rng, 2) ? 1 + (uint32_t)rng_below(rng, 65535) : ANY;
	rule.to_vlan = rng_one_in(rng, 2) ? (uint32_t)rng_below(rng, 4095) : ANY;
	for (uint32_t i = 0; i < 16; i++) {
		rule.to_group[i] = (uint8_t)rng_next(rng);
		rule.source[i] = (uint8_t)rng_next(rng);
	}
	return rule;
}

static void
test_checksums_stay_right(void **state)
{
	struct rng rng = {rng_seed(11)};

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		const uint8_t family = rng_one_in(&rng, 2) ? 4 : 6;
		const uint32_t tags = (uint32_t)rng_below(&rng, 3);
		const uint32_t payload_bytes = (uint32_t)rng_below(&rng, 80);
		struct made m = make(family, tags, payload_bytes, &rng);
		const struct made before = m;
		const struct vega_conf_rewrite rule = change(family, &rng);

		assert_true(apply(&m, &rule, 1));
		if (family == 4)
			assert_int_equal(sum16(m.data + m.ip, 20, 0), 0xFFFF);
		assert_int_equal(udp_sum(&m), 0xFFFF);
		assert_false(m.data[m.l4 + 6] == 0 && m.data[m.l4 + 7] == 0);
		assert_memory_equal(m.data + m.l4 + 8, before.data + before.l4 + 8, payload_bytes);
		assert_memory_equal(m.data + m.ip + (family == 4 ? 16 : 24), rule.to_group,
			family == 4 ? 4 : 16);
	}
}

/* What was wrong stays wrong; what was sent without a sum has none. */
static void
test_no_sum_is_invented(void **state)
{
	struct rng rng = {1};
	struct vega_conf_rewrite rule = keep;
	struct made m;

	(void)state;
	rule.to_port = 7000;
	for (uint8_t family = 4; family <= 6; family += 2) {
		m = make(family, 0, 20, &rng);
		m.data[m.l4 + 6] = m.data[m.l4 + 7] = 0;
		assert_true(apply(&m, &rule, 1));
		assert_int_equal(m.data[m.l4 + 6] | m.data[m.l4 + 7], 0);
	}
	m = make(4, 0, 20, &rng);
	m.data[m.l4 + 8] ^= 1;
	assert_true(apply(&m, &rule, 1));
	assert_int_not_equal(udp_sum(&m), 0xFFFF);
}

/* The extension headers of a fragment, put in before UDP: hop-by-hop options, then those of a fragment of this offset. */
static void
make_fragment_v6(struct made *m, uint32_t offset)
{
	const uint8_t extensions[16] = {44, 0, 1, 4, 0, 0, 0, 0, 17, 0, (uint8_t)(offset >> 5),
		(uint8_t)(offset << 3 | 1), 1, 2, 3, 4};

	memmove(m->data + m->l4 + 16, m->data + m->l4, m->bytes - m->l4);
	memcpy(m->data + m->l4, extensions, 16);
	m->data[m->ip + 5] = (uint8_t)(m->data[m->ip + 5] + 16);
	m->data[m->ip + 6] = 0;
	m->l4 += 16;
	m->bytes += 16;
}

/* The first fragment has UDP's header and so its port and sum, which is of the whole datagram; those behind have addresses alone. */
static void
test_fragments_of_ipv6(void **state)
{
	struct rng rng = {rng_seed(13)};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct made m = make(6, (uint32_t)rng_below(&rng, 3), 40, &rng);
		struct vega_conf_rewrite rule = change(6, &rng);
		struct made before;

		rule.to_port = 7000;
		make_fragment_v6(&m, i % 2);
		before = m;
		assert_true(apply(&m, &rule, 1));
		assert_memory_equal(m.data + m.ip + 24, rule.to_group, 16);
		assert_memory_equal(m.data + m.l4 + 8, before.data + before.l4 + 8, 40);
		if (i % 2 != 0) {
			assert_memory_equal(m.data + m.l4, before.data + before.l4, 8);
			continue;
		}
		assert_memory_equal(m.data + m.l4 + 2, "\x1B\x58", 2);
		assert_int_equal(udp_sum(&m), 0xFFFF);
	}
}

static void
test_tags(void **state)
{
	struct rng rng = {2};
	struct vega_conf_rewrite rule = keep;
	struct made m = make(4, 0, 20, &rng);
	struct made before = m;

	(void)state;
	rule.to_vlan = 7;
	assert_true(apply(&m, &rule, 1));
	assert_int_equal(m.bytes, before.bytes + 4);
	assert_memory_equal(m.data + 12, "\x81\x00\x00\x07", 4);
	assert_memory_equal(m.data, before.data, 12);
	assert_memory_equal(m.data + 16, before.data + 12, before.bytes - 12);
	rule.to_vlan = 0;
	assert_true(apply(&m, &rule, 1));
	assert_int_equal(m.bytes, before.bytes);
	assert_memory_equal(m.data, before.data, before.bytes);
	m = make(4, 2, 20, &rng);
	before = m;
	rule.to_vlan = 4094;
	assert_true(apply(&m, &rule, 1));
	assert_memory_equal(m.data + 12, "\x81\x00\x2F\xFE", 4); /* the priority stays */
	assert_memory_equal(m.data + 16, before.data + 16, before.bytes - 16);
}

static void
test_ethernet_addresses(void **state)
{
	struct rng rng = {3};
	struct vega_conf_rewrite rule = keep;
	struct made m = make(4, 0, 20, &rng);

	(void)state;
	rule.to_family = 4;
	memcpy(rule.to_group, "\xEF\x81\x02\x03", 4);
	assert_true(apply(&m, &rule, 1));
	assert_memory_equal(m.data, "\x01\x00\x5E\x01\x02\x03", 6);
	rule.has_to_mac = true;
	rule.has_source_mac = true;
	memcpy(rule.to_mac, "abcdef", 6);
	memcpy(rule.source_mac, "ghijkl", 6);
	assert_true(apply(&m, &rule, 1));
	assert_memory_equal(m.data, "abcdefghijkl", 12);
}

static void
test_first_rule_that_fits(void **state)
{
	struct rng rng = {4};
	struct vega_conf_rewrite rules[3] = {keep, keep, keep};
	struct made m = make(4, 1, 20, &rng);
	struct made before;

	(void)state;
	rules[0].from_vlan = 0; /* untagged */
	rules[1].from_vlan = 100;
	rules[1].from_family = 4;
	memcpy(rules[1].from_group, "\xEF\x01\x01\x01", 4);
	rules[1].from_port = 5000;
	rules[1].to_port = 1;
	rules[2].to_port = 2;
	assert_true(apply(&m, rules, 3));
	assert_memory_equal(m.data + m.l4 + 2, "\x00\x01", 2);
	assert_true(apply(&m, rules, 3)); /* its port is another now */
	assert_memory_equal(m.data + m.l4 + 2, "\x00\x02", 2);
	before = m;
	assert_false(apply(&m, rules, 2));
	assert_memory_equal(m.data, before.data, m.bytes);
}

/* Cut anywhere, or of bytes that say anything: nothing is read or written out of place (the sanitizers look on). */
static void
test_hostile_frames(void **state)
{
	struct rng rng = {rng_seed(12)};

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		const uint8_t family = rng_one_in(&rng, 2) ? 4 : 6;
		struct made m = make(family, (uint32_t)rng_below(&rng, 3), 40, &rng);
		const struct vega_conf_rewrite rule = change(family, &rng);
		const uint32_t bytes = (uint32_t)rng_below(&rng, m.bytes + 1);
		struct vega_frame frame = {
			.captured_bytes = bytes, .linktype = rng_one_in(&rng, 4) ? 101 : 1};
		uint8_t *exact = malloc(bytes + ROOM);

		assert_non_null(exact);
		memcpy(exact, m.data, bytes);
		for (uint32_t k = 0; k < 3 && bytes != 0; k++)
			exact[rng_below(&rng, bytes)] = (uint8_t)rng_next(&rng);
		(void)vega_rewrite(&rule, 1, exact, &frame);
		assert_true(frame.captured_bytes <= bytes + ROOM);
		free(exact);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums_stay_right),
		cmocka_unit_test(test_no_sum_is_invented),
		cmocka_unit_test(test_fragments_of_ipv6),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_ethernet_addresses),
		cmocka_unit_test(test_first_rule_that_fits),
		cmocka_unit_test(test_hostile_frames),
	};

	return cmocka_run_group_tests_name("rewrite", tests, NULL, NULL);
}
