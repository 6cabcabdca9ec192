/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/net.h"

#include <string.h>

#include "hugepages/base/attr.h"

#define ETH_HDR_BYTES    14u
#define TAG_BYTES        4u
#define TAG_CNT_MAX      8u
#define IPV4_HDR_BYTES   20u
#define IPV6_HDR_BYTES   40u
#define IPV6_EXT_CNT_MAX 8u
#define UDP_HDR_BYTES    8u

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86DD
};
enum {
	TYPE_TAG = 0x8100,
	TYPE_TAG_AD = 0x88A8,
	TYPE_TAG_OLD = 0x9100,
	TYPE_TAG_OLD2 = 0x9200
};
enum {
	PROTO_HOPS = 0,
	PROTO_UDP = 17,
	PROTO_ROUTE = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AUTH = 51,
	PROTO_OPTIONS = 60,
	PROTO_MOBILITY = 135,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140
};

/* The packet, as far as it may be read. Everything below asks `has` before it reads. */
struct view {
	const uint8_t *data;
	uint32_t end; /* one past the last byte; headers above tighten it */
};

static inline bool
has(const struct view *v, uint32_t off, uint32_t bytes)
{
	return off <= v->end && v->end - off >= bytes;
}

static inline uint16_t
be16(const struct view *v, uint32_t off)
{
	return (uint16_t)(v->data[off] << 8 | v->data[off + 1]);
}

/*
 * What an IP header says is its length; what lies behind is padding of the link. 0 is what segmentation offload and
 * jumbograms leave: then all that was captured counts.
 */
static inline void
tighten(struct view *v, uint32_t off, uint32_t bytes)
{
	if (bytes != 0 && has(v, off, bytes))
		v->end = off + bytes;
}

static void
parse_udp(const struct view *v, uint32_t off, struct vega_net *net)
{
	uint32_t length;
	uint32_t present;

	if (!has(v, off, UDP_HDR_BYTES))
		return;
	net->udp_port = be16(v, off + 2);
	length = be16(v, off + 4);
	length = length > UDP_HDR_BYTES ? length - UDP_HDR_BYTES : 0;
	present = v->end - off - UDP_HDR_BYTES;
	net->payload_off = off + UDP_HDR_BYTES;
	net->payload_bytes = length < present ? length : present;
}

static void
parse_ipv4(struct view *v, uint32_t off, struct vega_net *net)
{
	uint32_t header;
	uint32_t total;
	uint32_t dst;

	if (!has(v, off, IPV4_HDR_BYTES) || v->data[off] >> 4 != 4)
		return;
	header = (v->data[off] & 0x0Fu) * 4;
	total = be16(v, off + 2);
	if (header < IPV4_HDR_BYTES)
		return;
	net->family = 4;
	memcpy(&dst, v->data + off + 16, 4);
	net->dst[0] = dst;                                   /* one store of 8: the match loads 8 */
	net->is_fragment = (be16(v, off + 6) & 0x3FFF) != 0; /* more to come, or an offset */
	if (net->is_fragment || v->data[off + 9] != PROTO_UDP || (total < header && total != 0))
		return;
	tighten(v, off, total);
	parse_udp(v, off + header, net);
}

/* Bytes of an extension header, 0 for anything that is none. */
static uint32_t
extension_bytes(uint8_t protocol, uint8_t length)
{
	switch (protocol) {
	case PROTO_HOPS:
	case PROTO_ROUTE:
	case PROTO_OPTIONS:
	case PROTO_MOBILITY:
	case PROTO_HIP:
	case PROTO_SHIM6:
		return (length + 1u) * 8;
	case PROTO_AUTH:
		return (length + 2u) * 4;
	case PROTO_FRAGMENT:
		return 8;
	default:
		return 0;
	}
}

static void
parse_ipv6(struct view *v, uint32_t off, struct vega_net *net)
{
	uint8_t protocol;

	if (!has(v, off, IPV6_HDR_BYTES) || v->data[off] >> 4 != 6)
		return;
	net->family = 6;
	memcpy(net->dst, v->data + off + 24, 16);
	protocol = v->data[off + 6];
	tighten(v, off + IPV6_HDR_BYTES, be16(v, off + 4));
	off += IPV6_HDR_BYTES;
	for (uint32_t i = 0; i < IPV6_EXT_CNT_MAX && protocol != PROTO_UDP; i++) {
		uint32_t bytes;

		if (!has(v, off, 8))
			return;
		bytes = extension_bytes(protocol, v->data[off + 1]);
		if (bytes == 0)
			return;
		if (protocol == PROTO_FRAGMENT && (be16(v, off + 2) & 0xFFF9) != 0) {
			net->is_fragment = true;
			return;
		}
		protocol = v->data[off];
		off += bytes;
	}
	if (protocol == PROTO_UDP)
		parse_udp(v, off, net);
}

static inline bool
is_tag(uint16_t type)
{
	return type == TYPE_TAG || type == TYPE_TAG_AD || type == TYPE_TAG_OLD ||
	       type == TYPE_TAG_OLD2;
}

static void
parse_ethernet(struct view *v, struct vega_net *net)
{
	uint32_t off = ETH_HDR_BYTES;
	uint16_t type;

	if (!has(v, 0, ETH_HDR_BYTES))
		return;
	type = be16(v, off - 2);
	for (uint32_t i = 0; i < TAG_CNT_MAX && is_tag(type); i++, off += TAG_BYTES) {
		if (!has(v, off, TAG_BYTES))
			return;
		if (i == 0)
			net->vlan = be16(v, off) & 0x0FFF;
		type = be16(v, off + 2);
	}
	if (type == TYPE_IPV4)
		parse_ipv4(v, off, net);
	else if (type == TYPE_IPV6)
		parse_ipv6(v, off, net);
}

void
vega_net_parse(
	uint32_t linktype, const uint8_t *data, uint32_t captured_bytes, struct vega_net *ret_net)
{
	struct view v = {.data = data, .end = captured_bytes};

	*ret_net = (struct vega_net){.udp_port = VEGA_NET_NO_PORT};
	if (vega_likely(linktype == VEGA_LINKTYPE_ETHERNET)) {
		parse_ethernet(&v, ret_net);
	} else if (linktype == VEGA_LINKTYPE_RAW && captured_bytes != 0) {
		if (data[0] >> 4 == 4)
			parse_ipv4(&v, 0, ret_net);
		else
			parse_ipv6(&v, 0, ret_net);
	}
}
