/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_MDP3_H
#define VEGA_FEED_MDP3_H
/*
 * CME MDP 3.0 on the wire: what the lines (mdp3.c) and the records (mdp3_records.c) read alike.
 *
 * A datagram: sequence u32, send time u64, then messages until it ends. A message: length u16 (its own two bytes included), root
 * block's length u16, template u16, schema u16, version u16; the root block; groups, each with its entries' length and count.
 */
#include "capture/feed/bytes.h"
#include "capture/feed/format.h"

#define VEGA_MDP3_PACKET_HEAD_BYTES  12u
#define VEGA_MDP3_MESSAGE_HEAD_BYTES 10u
#define VEGA_MDP3_SCHEMA_ID          1u

/* A group as it lies in a message; none, or an empty one: no entries. */
struct vega_mdp3_group {
	const uint8_t *data;
	uint32_t bytes; /* of each entry */
	uint32_t cnt;
};

/*
 * The message at the beginning of `left` bytes.
 * Returns its length; 0: it is none, or goes past the datagram.
 */
static inline uint32_t
vega_mdp3_message_bytes(const uint8_t *at, uint32_t left)
{
	uint32_t bytes;

	if (left < VEGA_MDP3_MESSAGE_HEAD_BYTES)
		return 0;
	bytes = vega_le16(at);
	if (bytes > left || bytes < VEGA_MDP3_MESSAGE_HEAD_BYTES + vega_le16(at + 2))
		return 0;
	return bytes;
}

/*
 * Find a group at *at of a message, and go past it. A message may end before its last groups: these are empty.
 *
 * Params: wide_head	block length u16, 5 bytes, count u8; else block length u16, count u8
 *	   need_bytes	what the fields of an entry need
 * Returns false when the group does not fit the message, or its entries not their fields.
 */
static inline bool
vega_mdp3_take_group(const uint8_t *message, uint32_t message_bytes, bool wide_head,
	uint32_t need_bytes, uint32_t *at, struct vega_mdp3_group *ret_group)
{
	const uint32_t head_bytes = wide_head ? 8 : 3;
	const uint8_t *head = message + *at;
	uint32_t bytes;

	*ret_group = (struct vega_mdp3_group){0};
	if (message_bytes - *at < head_bytes)
		return true;
	*at += head_bytes;
	*ret_group = (struct vega_mdp3_group){message + *at, vega_le16(head), head[head_bytes - 1]};
	bytes = ret_group->bytes * ret_group->cnt;
	if (ret_group->cnt == 0)
		return true;
	if (ret_group->bytes < need_bytes || bytes > message_bytes - *at)
		return false;
	*at += bytes;
	return true;
}

/* What the fast path keeps for a feed. */
#define VEGA_MDP3_CHANNEL_CNT 65536u
struct vega_mdp3_state {
	uint64_t epoch_ns; /* in which the digits were told: each day tells them anew */
	uint8_t digits[VEGA_MDP3_CHANNEL_CNT]; /* of the last DEFINITION, by channel */
};

bool vega_mdp3_span(struct vega_decode *decode, struct vega_span *ret_span);
uint32_t vega_mdp3_records(
	struct vega_decode *decode, const struct vega_span *span, uint64_t skip, uint64_t take);

#endif
