/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_FEED_NET_H
#define VEGA_CAPTURE_FEED_NET_H
/*
 * The headers of one packet, as far as they say whose it is: Ethernet, stacked VLAN tags, IPv4 or IPv6, UDP.
 */
#include <stdbool.h>
#include <stdint.h>

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

#endif
