/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_FRAME_H
#define VEGA_GEN_FRAME_H
/*
 * A UDP multicast payload as the Ethernet frame that a receiver sees: both checksums right, padded to 60 bytes.
 */
#include <stdint.h>

#define VEGA_FRAME_HEAD_BYTES 42u /* Ethernet 14, IPv4 20, UDP 8 */
#define VEGA_FRAME_BYTES_MIN  60u /* what Ethernet pads to, without the checksum at the end */

/* IPv4 addresses and ports as numbers (239.70.70.41 is 0xef464629). */
struct vega_gen_path {
	uint32_t source;
	uint32_t group;
	uint16_t source_port;
	uint16_t group_port;
};

/* Everything of the headers that does not change from packet to packet, made once for each path. */
struct vega_gen_head {
	uint8_t bytes[VEGA_FRAME_HEAD_BYTES];
	uint32_t ip_sum;  /* of the constant IPv4 header words */
	uint32_t udp_sum; /* of the pseudo header's and UDP header's constant words */
};

void vega_gen_head_init(struct vega_gen_head *head, const struct vega_gen_path *path);

/*
 * Put headers, payload and padding together.
 *
 * Params: frame	room for the larger of 60 and 42 + bytes
 * Returns the frame's length. Cost: copies and sums the payload once.
 */
uint32_t vega_gen_frame(const struct vega_gen_head *head, uint16_t ip_id, const uint8_t *payload,
	uint32_t bytes, uint8_t *frame);

#endif
