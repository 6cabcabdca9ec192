/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/net.h"
#include "tests/lib/packet.h"
#include "tests/lib/rng.h"

static const uint8_t group4[4] = {239, 1, 2, 3};
static const uint8_t group6[16] = {0xFF, 0x15, [15] = 7};

/* Where the short way says that a packet is plain, it says what the long one says. */
static void
assert_plain_agrees(const uint8_t *data, uint32_t bytes, const struct vega_net *net)
{
	struct vega_net_plain plain;

	if (!vega_net_plain(data, bytes, &plain))
		return;
	assert_int_equal(net->family, 4);
	assert_int_equal(net->vlan, 0);
	assert_int_equal(net->dst[0], plain.dst);
	assert_int_equal(net->dst[1], 0);
	assert_int_equal(net->udp_port, plain.udp_port);
	assert_int_equal(net->payload_off, VEGA_NET_PLAIN_OFF);
	assert_int_equal(net->payload_bytes, plain.payload_bytes);
}

/* From a buffer of exactly that size, so that a byte too far is seen by the sanitizer; what holds for any input. */
static struct vega_net
parse(uint32_t linktype, const uint8_t *data, uint32_t bytes)
{
	uint8_t *copy = malloc(bytes != 0 ? bytes : 1);
	struct vega_net net;

	assert_non_null(copy);
	memcpy(copy, data, bytes);
	vega_net_parse(linktype, copy, bytes, &net);
	if (linktype == VEGA_LINKTYPE_ETHERNET)
		assert_plain_agrees(copy, bytes, &net);
	free(copy);
	assert_true(net.family == 0 || net.family == 4 || net.family == 6);
	assert_true(net.vlan <= 4095);
	assert_true(net.payload_off <= bytes && net.payload_bytes <= bytes - net.payload_off);
	if (net.udp_port == VEGA_NET_NO_PORT)
		assert_int_equal(net.payload_off + net.payload_bytes, 0);
	else
		assert_true(net.udp_port <= 65535 && net.family != 0 && !net.is_fragment);
	if (net.family == 0)
		assert_true(net.dst[0] == 0 && net.dst[1] == 0 && !net.is_fragment);
	return net;
}

static struct vega_net
parse_eth(const struct packet *p)
{
	return parse(VEGA_LINKTYPE_ETHERNET, p->data, p->bytes);
}

static void
assert_net(const struct vega_net *net, uint16_t vlan, uint8_t family, uint32_t udp_port,
	uint32_t off, uint32_t bytes)
{
	assert_int_equal(net->vlan, vlan);
	assert_int_equal(net->family, family);
	assert_int_equal(net->udp_port, udp_port);
	assert_int_equal(net->payload_off, off);
	assert_int_equal(net->payload_bytes, bytes);
	if (family == 4)
		assert_memory_equal(net->dst, group4, 4);
	if (family == 4)
		assert_int_equal(net->dst[1], 0);
	if (family == 6)
		assert_memory_equal(net->dst, group6, 16);
}

/* A packet cut at every length: a port once the UDP header is whole, a family once the IP header is, else neither. */
static void
cut_everywhere(
	const struct packet *p, uint32_t ip_end, uint32_t udp_end, uint8_t family, uint16_t port)
{
	for (uint32_t n = 0; n <= p->bytes; n++) {
		const struct vega_net net = parse(VEGA_LINKTYPE_ETHERNET, p->data, n);

		assert_int_equal(net.family, n >= ip_end ? family : 0);
		assert_int_equal(net.udp_port, n >= udp_end ? port : VEGA_NET_NO_PORT);
	}
}

static void
test_ipv4(void **state)
{
	struct packet p = {0};
	struct vega_net net;

	(void)state;
	packet_eth(&p);
	packet_be16(&p, 0x0800);
	packet_ipv4(&p, 0, 38, 0x4000, 17, group4); /* don't fragment */
	packet_udp(&p, 17741, 18);
	packet_zeros(&p, 18); /* 10 of payload, 8 of link padding */
	net = parse_eth(&p);
	assert_net(&net, 0, 4, 17741, 42, 10);
	cut_everywhere(&p, 34, 42, 4, 17741);
	net = parse(VEGA_LINKTYPE_ETHERNET, p.data, 45);
	assert_net(&net, 0, 4, 17741, 42, 3);
}

static void
test_tags(void **state)
{
	static const uint16_t types[] = {0x8100, 0x88A8, 0x9100, 0x9200};

	(void)state;
	for (uint32_t tag_cnt = 0; tag_cnt <= 9; tag_cnt++) {
		struct packet p = {0};
		struct vega_net net;

		packet_eth(&p);
		for (uint32_t i = 0; i < tag_cnt; i++)
			packet_tag(&p, types[i % 4], (uint16_t)(0xE000 + 100 + i));
		packet_be16(&p, 0x0800);
		packet_ipv4(&p, 8, 40, 0, 17, group4);
		packet_udp(&p, 5, 12);
		packet_zeros(&p, 4);
		net = parse_eth(&p);
		if (tag_cnt <= 8) {
			assert_net(&net, tag_cnt > 0 ? 100 : 0, 4, 5, p.bytes - 4, 4);
			cut_everywhere(&p, 14 + 4 * tag_cnt + 20, p.bytes - 4, 4, 5);
		} else {
			assert_net(&net, 100, 0, VEGA_NET_NO_PORT, 0, 0);
		}
	}
}

static void
test_ipv6(void **state)
{
	struct packet p = {0};
	struct vega_net net;

	(void)state;
	packet_eth(&p);
	packet_tag(&p, 0x8100, 7);
	packet_be16(&p, 0x86DD);
	packet_ipv6(&p, 8 + 16 + 8 + 12 + 8 + 4, 0, group6);
	packet_bytes(&p, "\x3c\x00",
		2); /* hop by hop, then destination options of 16, an atomic fragment, AH of 12 */
	packet_zeros(&p, 6);
	packet_bytes(&p, "\x2c\x01", 2);
	packet_zeros(&p, 14);
	packet_bytes(&p, "\x33\x00\x00\x00", 4);
	packet_zeros(&p, 4);
	packet_bytes(&p, "\x11\x01", 2);
	packet_zeros(&p, 10);
	packet_udp(&p, 9, 12);
	packet_zeros(&p, 4);
	net = parse_eth(&p);
	assert_net(&net, 7, 6, 9, p.bytes - 4, 4);
	assert_false(net.is_fragment);
	cut_everywhere(&p, 58, p.bytes - 4, 6, 9);
}

static void
test_fragments(void **state)
{
	static const uint16_t fields[] = {0x2000, 0x2001, 0x0001, 0x1FFF};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct packet p = {0};
		struct vega_net net;

		packet_eth(&p);
		packet_be16(&p, 0x0800);
		packet_ipv4(&p, 0, 40, fields[i], 17, group4);
		packet_udp(&p, 5, 20);
		packet_zeros(&p, 12);
		net = parse_eth(&p);
		assert_net(&net, 0, 4, VEGA_NET_NO_PORT, 0, 0);
		assert_true(net.is_fragment);
	}
	for (size_t i = 0; i < 2; i++) {
		struct packet p = {0};
		struct vega_net net;

		packet_eth(&p);
		packet_be16(&p, 0x86DD);
		packet_ipv6(&p, 24, 44, group6);
		packet_be16(&p, 0x1100);
		packet_be16(&p, i == 0 ? 1 : 8); /* more to come; an offset */
		packet_zeros(&p, 4);
		packet_udp(&p, 5, 16);
		packet_zeros(&p, 8);
		net = parse_eth(&p);
		assert_net(&net, 0, 6, VEGA_NET_NO_PORT, 0, 0);
		assert_true(net.is_fragment);
	}
}

/* Lengths that lie: below the header, above what was captured, zero. */
static void
test_lengths(void **state)
{
	static const struct {
		uint16_t total, udp;
		uint32_t payload; /* UINT32_MAX: no port */
	} cases[] = {{48, 28, 20}, {48, 20, 12}, {48, 8, 0}, {48, 7, 0}, {48, 0, 0},
		{48, 65535, 20}, {40, 28, 12}, {28, 28, 0}, {27, 28, UINT32_MAX},
		{20, 28, UINT32_MAX}, {19, 28, UINT32_MAX}, {0, 28, 20}, {65535, 28, 20}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const bool port = cases[i].payload != UINT32_MAX;
		struct packet p = {0};
		struct vega_net net;

		packet_ipv4(&p, 0, cases[i].total, 0, 17, group4);
		packet_udp(&p, 5, cases[i].udp);
		packet_zeros(&p, 20);
		net = parse(VEGA_LINKTYPE_RAW, p.data, p.bytes);
		assert_net(&net, 0, 4, port ? 5 : VEGA_NET_NO_PORT, port ? 28 : 0,
			port ? cases[i].payload : 0);
	}
}

static void
test_not_ours(void **state)
{
	static const uint8_t v4_short_header[40] = {0x44, [16] = 1};
	static const uint8_t v5[40] = {0x55};
	struct packet arp = {0};
	struct packet tcp = {0};
	struct vega_net net;

	(void)state;
	packet_eth(&arp);
	packet_tag(&arp, 0x8100, 12);
	packet_be16(&arp, 0x0806);
	packet_zeros(&arp, 46);
	net = parse_eth(&arp);
	assert_net(&net, 12, 0, VEGA_NET_NO_PORT, 0, 0);
	packet_ipv4(&tcp, 0, 40, 0, 6, group4);
	packet_zeros(&tcp, 20);
	net = parse(VEGA_LINKTYPE_RAW, tcp.data, tcp.bytes);
	assert_net(&net, 0, 4, VEGA_NET_NO_PORT, 0, 0);
	net = parse(113, tcp.data, tcp.bytes); /* Linux cooked */
	assert_net(&net, 0, 0, VEGA_NET_NO_PORT, 0, 0);
	net = parse(VEGA_LINKTYPE_RAW, v4_short_header, sizeof(v4_short_header));
	assert_net(&net, 0, 0, VEGA_NET_NO_PORT, 0, 0);
	net = parse(VEGA_LINKTYPE_RAW, v5, sizeof(v5));
	assert_net(&net, 0, 0, VEGA_NET_NO_PORT, 0, 0);
	net = parse(VEGA_LINKTYPE_RAW, v5, 0);
	assert_net(&net, 0, 0, VEGA_NET_NO_PORT, 0, 0);
}

/* Eight extension headers are passed over, the ninth ends it. */
static void
test_extension_limit(void **state)
{
	(void)state;
	for (int cnt = 8; cnt <= 9; cnt++) {
		struct packet p = {0};
		struct vega_net net;

		packet_ipv6(&p, (uint16_t)(8 * cnt + 8), 60, group6);
		for (int i = 0; i < cnt; i++)
			packet_bytes(&p,
				i + 1 < cnt ? "\x3c\x00\x01\x04\x00\x00\x00\x00"
					    : "\x11\x00\x01\x04\x00\x00\x00\x00",
				8);
		packet_udp(&p, 5, 8);
		net = parse(VEGA_LINKTYPE_RAW, p.data, p.bytes);
		assert_net(&net, 0, 6, cnt == 8 ? 5 : VEGA_NET_NO_PORT, cnt == 8 ? 112 : 0, 0);
	}
}

/* IPv6's own length bounds the payload, whatever UDP says and the link adds. */
static void
test_ipv6_length(void **state)
{
	struct packet p = {0};
	struct vega_net net;

	(void)state;
	packet_ipv6(&p, 12, 17, group6);
	packet_udp(&p, 5, 100);
	packet_zeros(&p, 50);
	net = parse(VEGA_LINKTYPE_RAW, p.data, p.bytes);
	assert_net(&net, 0, 6, 5, 48, 4);
	p.data[5] = 0; /* a jumbogram, or one that an offload made */
	net = parse(VEGA_LINKTYPE_RAW, p.data, p.bytes);
	assert_net(&net, 0, 6, 5, 48, 50);
}

/* Valid packets with a few bytes changed: more telling than noise. */
static void
test_random(void **state)
{
	struct rng rng = {rng_seed(20261121)};
	struct packet base = {0};

	(void)state;
	packet_eth(&base);
	packet_tag(&base, 0x88A8, 5);
	packet_tag(&base, 0x8100, 6);
	packet_be16(&base, 0x86DD);
	packet_ipv6(&base, 8 + 12, 60, group6);
	packet_bytes(&base, "\x11\x00\x01\x04\x00\x00\x00\x00", 8);
	packet_udp(&base, 9, 12);
	packet_zeros(&base, 4);
	for (int i = 0; i < 300000; i++) {
		struct packet p = base;

		for (uint64_t k = rng_below(&rng, 5); k-- > 0;)
			p.data[12 + rng_below(&rng, p.bytes - 12)] = (uint8_t)rng_next(&rng);
		if (rng_one_in(&rng, 4)) { /* to IPv4, whatever it then says */
			p.data[20] = 0x08;
			p.data[21] = 0x00;
			p.data[22] = (uint8_t)(0x40 + rng_below(&rng, 16));
			p.data[31] = 17;
		}
		(void)parse(VEGA_LINKTYPE_ETHERNET, p.data, (uint32_t)rng_below(&rng, p.bytes + 1));
		(void)parse(
			VEGA_LINKTYPE_RAW, p.data + 22, (uint32_t)rng_below(&rng, p.bytes - 21));
	}
}

static void
test_plain(void **state)
{
	struct rng rng = {rng_seed(20261122)};
	struct vega_net_plain plain;
	struct packet base = {0};
	uint32_t plain_cnt = 0;

	(void)state;
	packet_eth(&base);
	packet_be16(&base, 0x0800);
	packet_ipv4(&base, 0, 38, 0x4000, 17, group4);
	packet_udp(&base, 17741, 18);
	assert_false(vega_net_plain(base.data, base.bytes, &plain)); /* its payload is cut */
	packet_zeros(&base, 18);
	assert_true(vega_net_plain(base.data, base.bytes, &plain));
	for (int i = 0; i < 300000; i++) {
		struct packet p = base;

		for (uint64_t k = rng_below(&rng, 3); k-- > 0;)
			p.data[12 + rng_below(&rng, 30)] = (uint8_t)rng_next(&rng);
		(void)parse_eth(&p);
		plain_cnt += vega_net_plain(p.data, p.bytes, &plain);
	}
	assert_in_range(plain_cnt, 100000, 299999);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_extension_limit),
		cmocka_unit_test(test_ipv6_length),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
