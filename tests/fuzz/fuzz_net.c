/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet headers, and the match that follows: first byte even for Ethernet, odd for bare IP; the rest is the packet.
 */
#include <string.h>

#include "capture/feed/match.h"
#include "capture/feed/net.h"
#include "tests/fuzz/fuzz.h"

static char text[] = "a channel";

static const struct vega_conf_channel channels[] = {
	{.vlan = 10,
		.family = 4,
		.group = {239, 1, 2, 3},
		.udp_port = 5,
		.port_idx = VEGA_CONF_ANY,
		.line = 'A',
		.text = text},
	{.vlan = VEGA_CONF_ANY,
		.family = 6,
		.group = {255, 21},
		.udp_port = VEGA_CONF_ANY,
		.port_idx = 0,
		.line = 'B',
		.text = text},
	{.vlan = 0, .udp_port = 7, .port_idx = VEGA_CONF_ANY, .line = 'B', .text = text},
};

static const struct vega_match *
match_of_three(void)
{
	static _Alignas(64) uint8_t memory[4096];
	struct vega_match *match = (struct vega_match *)(void *)memory;

	FUZZ_CHECK(vega_match_bytes(3) <= sizeof(memory));
	vega_match_begin(match, 3);
	for (uint32_t i = 0; i < 3; i++)
		FUZZ_CHECK(vega_match_add(match, &channels[i], i, 0).feed_idx == VEGA_MATCH_NONE);
	vega_match_end(match);
	return match;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct vega_match *match;
	struct vega_match_hit hit;
	struct vega_net net;
	uint32_t captured;

	if (match == NULL)
		match = match_of_three();
	if (bytes == 0)
		return 0;
	captured = (uint32_t)(bytes - 1);
	vega_net_parse(
		data[0] & 1 ? VEGA_LINKTYPE_RAW : VEGA_LINKTYPE_ETHERNET, data + 1, captured, &net);
	FUZZ_CHECK(net.payload_off <= captured && net.payload_bytes <= captured - net.payload_off);
	FUZZ_CHECK(net.udp_port == VEGA_NET_NO_PORT ||
		   (net.udp_port <= 65535 && net.family != 0 && !net.is_fragment));
	FUZZ_CHECK(net.family != 0 || (net.dst[0] | net.dst[1]) == 0);
	hit = vega_match_find(match, &net, 0);
	if (hit.feed_idx == 0)
		FUZZ_CHECK(
			net.vlan == 10 && net.family == 4 && net.udp_port == 5 && hit.line == 'A');
	else if (hit.feed_idx == 1)
		FUZZ_CHECK(net.family == 6 && memcmp(net.dst, channels[1].group, 16) == 0);
	else if (hit.feed_idx == 2)
		FUZZ_CHECK(net.vlan == 0 && net.udp_port == 7);
	else
		FUZZ_CHECK(hit.feed_idx == VEGA_MATCH_NONE && hit.line == 0);
	return 0;
}
