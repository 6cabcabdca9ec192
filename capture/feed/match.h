/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_FEED_MATCH_H
#define VEGA_CAPTURE_FEED_MATCH_H
/*
 * Which feed, and which line of it, a packet belongs to.
 *
 * A channel gives some of group, UDP port, VLAN and port (of the machine); what it leaves out, it takes any of. Where several
 * claim a packet, the one that gives the most of these four wins; of two that give equally many, the one that gives the
 * group, then the UDP port, then the VLAN. A channel without UDP port claims fragments and non-UDP packets too.
 */
#include <stddef.h>
#include <stdint.h>

#include "capture/feed/net.h"
#include "hugepages/base/attr.h"
#include "hugepages/base/conf.h"

#define VEGA_MATCH_NONE UINT32_MAX

struct vega_match;

struct vega_match_hit {
	uint32_t feed_idx;    /* VEGA_MATCH_NONE: nobody claims it */
	uint16_t channel_idx; /* of the feed */
	uint8_t line;         /* 'A' or 'B', 0 with VEGA_MATCH_NONE */
};

/* Bytes of a table for so many claims. */
size_t vega_match_bytes(uint32_t claim_cnt);

/*
 * Compile claims into memory of vega_match_bytes(claim_cnt), 64-byte aligned: begin, add at most claim_cnt, end. From then on it
 * is only read; the channels are not needed any more.
 *
 * Params: feed_idx, channel_idx	what a hit tells; channel_idx at most 65535
 * vega_match_add returns VEGA_MATCH_NONE when the claim was taken; else whose earlier claim is the same, and it was not.
 */
void vega_match_begin(struct vega_match *match, uint32_t claim_cnt);
struct vega_match_hit vega_match_add(struct vega_match *match,
	const struct vega_conf_channel *channel, uint32_t feed_idx,
	uint32_t channel_idx) VEGA_MUST_CHECK;
void vega_match_end(struct vega_match *match);

/*
 * Params: port_idx	of the port it came in by (an index of the configuration's ports), VEGA_CONF_ANY: none of them
 * Threads: any. Cost: one hash probe for each combination of given fields in use, one or two as a rule.
 */
struct vega_match_hit vega_match_find(
	const struct vega_match *match, const struct vega_net *net, uint32_t port_idx);

#endif
