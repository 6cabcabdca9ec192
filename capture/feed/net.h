/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_FEED_NET_H
#define VEGA_CAPTURE_FEED_NET_H
/*
 * The headers of one packet, as far as they say whose it is: Ethernet, stacked VLAN tags, IPv4 or IPv6, UDP.
 */
#include <stdbool.h>
#include <stdint.h>

#include "capture/feed/bytes.h"
#include "hugepages/base/attr.h"

/* Link types (LINKTYPE_ of libpcap) whose headers are understood; of any other nothing is said. */
#define VEGA_LINKTYPE_ETHERNET 1u
#define VEGA_LINKTYPE_RAW      101u /* bare IPv4 or IPv6 */

#define VEGA_NET_NO_PORT UINT32_MAX

struct vega_net {
	uint64_t dst
		[2]; /* destination address as on the wire, IPv4 in the first 4 bytes; zero without IP */
	/* Destination port; VEGA_NET_NO_PORT: not UDP, a fragment (the first one too), or cut. */
	uint32_t udp_port;
	uint16_t vlan;    /* id of the outermost tag; 0: untagged, or a priority tag */
	uint8_t family;   /* 4, 6, 0: not IP, or its header is cut */
	bool is_fragment; /* of a datagram that came in several */
	/* Of the UDP payload, from the packet's first byte; only with a port. */
	uint32_t payload_off;
	/* By UDP's length, never beyond what was captured: link padding is left out. */
	uint32_t payload_bytes;
};

/*
 * Params: captured_bytes	readable at data; any bytes at all are fine
 * Threads: pure. Cost: no loop but over VLAN tags (8 at most) and IPv6 extension headers (8 at most).
 */
void vega_net_parse(
	uint32_t linktype, const uint8_t *data, uint32_t captured_bytes, struct vega_net *ret_net);

/* Of a plain datagram: where it goes, and its payload from the packet's first byte. */
struct vega_net_plain {
	uint32_t dst; /* as on the wire */
	uint32_t udp_port;
	uint32_t payload_bytes; /* behind VEGA_NET_PLAIN_OFF */
};

#define VEGA_NET_PLAIN_OFF 42u /* headers of Ethernet, IPv4 without options, UDP */

/*
 * What nearly every feed packet is: untagged Ethernet, IPv4 without options, UDP, not a fragment, nothing cut. In line, for the hot
 * path. Returns false for any other, which vega_net_parse reads; where it returns true, that says the same.
 */
static VEGA_ALWAYS_INLINE bool
vega_net_plain(const uint8_t *data, uint32_t captured_bytes, struct vega_net_plain *ret_plain)
{
	uint32_t ip_bytes, udp_bytes;

	if (vega_unlikely(captured_bytes < VEGA_NET_PLAIN_OFF))
		return false;
	ip_bytes = vega_be16(data + 16);
	udp_bytes = vega_be16(data + 38);
	/* The Ethernet type and IP version, no fragment, UDP; then the lengths, each within the one before. */
	if (vega_unlikely((vega_le32(data + 12) & 0x00FFFFFF) != 0x00450008 ||
			  (vega_le32(data + 20) & 0xFF00FF3F) != 0x11000000 ||
			  ip_bytes + 14 > captured_bytes || udp_bytes + 20 > ip_bytes ||
			  udp_bytes < 8))
		return false;
	ret_plain->dst = vega_le32(data + 30);
	ret_plain->udp_port = vega_be16(data + 36);
	ret_plain->payload_bytes = udp_bytes - 8;
	return true;
}

#endif
