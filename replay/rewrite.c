/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/rewrite.h"

#include <string.h>

#include "capture/feed/net.h"

#define ETH_HDR_BYTES 14u
#define TAG_BYTES     4u
#define TYPE_TAG      0x8100u
#define PROTO_UDP     17u

/* Of IPv6: what may stand before the UDP header of a first fragment. */
#define PROTO_HOPS       0u
#define PROTO_ROUTE      43u
#define PROTO_FRAGMENT   44u
#define PROTO_OPTIONS    60u
#define IPV6_HDR_BYTES   40u
#define IPV6_EXT_CNT_MAX 8u

static uint16_t
be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void
put_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static bool
is_tag(uint16_t type)
{
	return type == TYPE_TAG || type == 0x88A8u || type == 0x9100u || type == 0x9200u;
}

static bool
meets(const struct vega_conf_rewrite *rule, const struct vega_net *net)
{
	const size_t bytes = rule->from_family == 4 ? 4 : 16;

	if (rule->from_family != 0 && (rule->from_family != net->family ||
					      memcmp(rule->from_group, net->dst, bytes) != 0))
		return false;
	if (rule->from_vlan != VEGA_CONF_ANY && rule->from_vlan != net->vlan)
		return false;
	return rule->from_port == VEGA_CONF_ANY || rule->from_port == net->udp_port;
}

/*
 * Where headers lie. The offsets of checksums are those of the bytes; 0: there is none to repair, as in a cut frame, a fragment
 * behind the first, or UDP that was sent without (over IPv6 tunnels do so).
 */
struct headers {
	uint32_t ip;
	uint32_t ip_sum;
	uint32_t udp;
	uint32_t udp_sum;
};

/*
 * RFC 1624: what changed is taken off the one's complement sum and its new value added; a checksum that was right stays right.
 * In UDP a sum of zero means none, and stands as 0xFFFF.
 */
static void
repair(uint8_t *sum_at, const uint8_t *before, const uint8_t *after, uint32_t bytes, bool is_udp)
{
	uint32_t sum = (uint16_t)~be16(sum_at);

	for (uint32_t i = 0; i < bytes; i += 2)
		sum += (uint16_t)~be16(before + i) + (uint32_t)be16(after + i);
	while (sum >> 16 != 0)
		sum = (sum & 0xFFFFu) + (sum >> 16);
	sum = ~sum & 0xFFFFu;
	put_be16(sum_at, is_udp && sum == 0 ? 0xFFFFu : sum);
}

/* Replace bytes of a header that lie under the IP header's sum (and, by the pseudo header, UDP's), or under UDP's alone. */
static void
replace(uint8_t *data, const struct headers *h, uint32_t off, const uint8_t *with, uint32_t bytes,
	bool in_ip)
{
	if (in_ip && h->ip_sum != 0)
		repair(data + h->ip_sum, data + off, with, bytes, false);
	if (h->udp_sum != 0)
		repair(data + h->udp_sum, data + off, with, bytes, true);
	memcpy(data + off, with, bytes);
}

/* Of a first fragment, which has the header; 0: it has none. */
static uint32_t
udp_of_fragment_v4(const uint8_t *data, uint32_t ip)
{
	if (data[ip + 9] != PROTO_UDP || (be16(data + ip + 6) & 0x1FFF) != 0)
		return 0;
	return ip + (data[ip] & 0x0Fu) * 4;
}

static uint32_t
udp_of_fragment_v6(const uint8_t *data, uint32_t bytes, uint32_t ip)
{
	uint8_t protocol = data[ip + 6];
	uint32_t off = ip + IPV6_HDR_BYTES;

	for (uint32_t i = 0; i < IPV6_EXT_CNT_MAX && protocol != PROTO_UDP; i++) {
		const bool is_options = protocol == PROTO_HOPS || protocol == PROTO_ROUTE ||
					protocol == PROTO_OPTIONS;

		if (off + 8 > bytes || (!is_options && protocol != PROTO_FRAGMENT))
			return 0;
		if (protocol == PROTO_FRAGMENT && (be16(data + off + 2) & 0xFFF8) != 0)
			return 0; /* behind the first */
		protocol = data[off];
		off += is_options ? (data[off + 1] + 1u) * 8 : 8;
	}
	return protocol == PROTO_UDP ? off : 0;
}

static struct headers
find_headers(const uint8_t *data, uint32_t bytes, const struct vega_net *net, uint32_t ip)
{
	struct headers h = {.ip = ip, .ip_sum = net->family == 4 ? ip + 10 : 0};

	if (net->udp_port != VEGA_NET_NO_PORT)
		h.udp = net->payload_off - 8;
	else if (net->is_fragment)
		h.udp = net->family == 4 ? udp_of_fragment_v4(data, ip)
					 : udp_of_fragment_v6(data, bytes, ip);
	if (h.udp == 0 || h.udp + 8 > bytes) {
		h.udp = 0;
		return h;
	}
	if (be16(data + h.udp + 6) != 0)
		h.udp_sum = h.udp + 6;
	return h;
}

static void
rewrite_ip(const struct vega_conf_rewrite *rule, uint8_t *data, uint32_t bytes,
	const struct vega_net *net, uint32_t ip)
{
	const struct headers h = find_headers(data, bytes, net, ip);
	const uint32_t address_bytes = net->family == 4 ? 4 : 16;
	const uint32_t src_off = h.ip + (net->family == 4 ? 12 : 8);
	uint8_t port[2];

	if (rule->source_family == net->family)
		replace(data, &h, src_off, rule->source, address_bytes, true);
	if (rule->to_family == net->family)
		replace(data, &h, src_off + address_bytes, rule->to_group, address_bytes, true);
	if (rule->to_port == VEGA_CONF_ANY || h.udp == 0)
		return;
	put_be16(port, rule->to_port);
	replace(data, &h, h.udp + 2, port, 2, false);
}

/* A group's Ethernet address follows from it. */
static void
put_group_mac(const struct vega_conf_rewrite *rule, uint8_t *mac)
{
	const uint8_t *group = rule->to_group;

	if (rule->to_family == 4 && group[0] >> 4 == 0xE) {
		const uint8_t v4[6] = {0x01, 0x00, 0x5E, group[1] & 0x7F, group[2], group[3]};

		memcpy(mac, v4, 6);
	} else if (rule->to_family == 6 && group[0] == 0xFF) {
		mac[0] = mac[1] = 0x33;
		memcpy(mac + 2, group + 12, 4);
	}
}

/* The outermost tag: another id, a new tag, or none. */
static void
rewrite_vlan(const struct vega_conf_rewrite *rule, uint8_t *data, struct vega_frame *frame)
{
	uint8_t *tag = data + 12;
	const bool tagged = is_tag(be16(tag)) && frame->captured_bytes >= ETH_HDR_BYTES + TAG_BYTES;
	const uint32_t behind = frame->captured_bytes - 12;

	if (rule->to_vlan == VEGA_CONF_ANY)
		return;
	if (rule->to_vlan == 0 && tagged) {
		memmove(tag, tag + TAG_BYTES, behind - TAG_BYTES);
		frame->captured_bytes -= TAG_BYTES;
		frame->wire_bytes -= frame->wire_bytes > TAG_BYTES ? TAG_BYTES : 0;
	} else if (rule->to_vlan != 0 && tagged) {
		put_be16(tag + 2, (be16(tag + 2) & 0xF000u) | rule->to_vlan);
	} else if (rule->to_vlan != 0) {
		memmove(tag + TAG_BYTES, tag, behind);
		put_be16(tag, TYPE_TAG);
		put_be16(tag + 2, rule->to_vlan);
		frame->captured_bytes += TAG_BYTES;
		frame->wire_bytes += TAG_BYTES;
	}
}

static void
rewrite_ethernet(const struct vega_conf_rewrite *rule, uint8_t *data, const struct vega_net *net,
	struct vega_frame *frame)
{
	if (rule->to_family == net->family)
		put_group_mac(rule, data);
	if (rule->has_to_mac)
		memcpy(data, rule->to_mac, 6);
	if (rule->has_source_mac)
		memcpy(data + 6, rule->source_mac, 6);
	rewrite_vlan(rule, data, frame);
}

/* Where the IP header begins; vega_net_parse has found it there. */
static uint32_t
ip_offset(uint32_t linktype, const uint8_t *data)
{
	uint32_t off = 12;

	if (linktype != VEGA_LINKTYPE_ETHERNET)
		return 0;
	while (is_tag(be16(data + off)))
		off += TAG_BYTES;
	return off + 2;
}

bool
vega_rewrite(const struct vega_conf_rewrite *rules, uint32_t rule_cnt, uint8_t *data,
	struct vega_frame *frame)
{
	const struct vega_conf_rewrite *rule = NULL;
	struct vega_net net;

	vega_net_parse(frame->linktype, data, frame->captured_bytes, &net);
	for (uint32_t i = 0; i < rule_cnt && rule == NULL; i++)
		if (meets(&rules[i], &net))
			rule = &rules[i];
	if (rule == NULL)
		return false;
	if (net.family != 0)
		rewrite_ip(
			rule, data, frame->captured_bytes, &net, ip_offset(frame->linktype, data));
	if (frame->linktype == VEGA_LINKTYPE_ETHERNET && frame->captured_bytes >= ETH_HDR_BYTES)
		rewrite_ethernet(rule, data, &net, frame);
	return true;
}
