/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/match.h"

#include <stdbool.h>
#include <string.h>

/*
 * Tuple space search: the channels that give the same fields are one tuple. A packet's fields, masked to a tuple's, are the key of
 * one probe; the tuples in use are tried from the most telling to the least. All tuples share one open-addressed table, the
 * tuple's number being part of the key.
 */
enum {
	GIVES_PORT = 1,
	GIVES_VLAN = 2,
	GIVES_UDP = 4,
	GIVES_GROUP = 8,
	TUPLE_CNT = 16
};

/* word[2]: UDP port 0-31, VLAN 32-47, port 48-55, family 56-59, tuple 60-63. */
struct key {
	uint64_t word[3];
};

struct slot {
	struct key key;
	uint32_t feed_idx; /* VEGA_MATCH_NONE: free */
	uint16_t channel_idx;
	uint16_t line;
};

struct tuple {
	uint64_t dst_mask;
	uint64_t word2_mask;
	uint64_t number; /* in its place in word[2] */
};

struct vega_match {
	uint32_t tuple_cnt;
	uint32_t slot_mask;
	uint32_t used; /* tuples, a bit each */
	struct tuple tuples[TUPLE_CNT];
	struct slot slots[] VEGA_ALIGNED(VEGA_LINE_BYTES);
};

static uint64_t
pack(uint32_t udp_port, uint32_t vlan, uint32_t port_idx, uint32_t family)
{
	return udp_port | (uint64_t)(vlan & 0xFFFF) << 32 | (uint64_t)(port_idx & 0xFF) << 48 |
	       (uint64_t)family << 56;
}

static inline uint32_t
hash(const struct key *key)
{
	uint64_t h = key->word[0] * 0x9E3779B97F4A7C15u;

	h ^= key->word[1] * 0xC2B2AE3D27D4EB4Fu;
	h ^= key->word[2];
	h ^= h >> 29;
	h *= 0xBF58476D1CE4E5B9u;
	return (uint32_t)(h >> 32);
}

static inline bool
same_key(const struct key *a, const struct key *b)
{
	return ((a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1]) |
		       (a->word[2] ^ b->word[2])) == 0;
}

static inline struct key
mask_key(const struct key *key, const struct tuple *tuple)
{
	return (struct key){{key->word[0] & tuple->dst_mask, key->word[1] & tuple->dst_mask,
		(key->word[2] & tuple->word2_mask) | tuple->number}};
}

/* The slot that holds the key, or the free one where it would go. */
static inline uint32_t
probe(const struct vega_match *match, const struct key *key)
{
	uint32_t i = hash(key) & match->slot_mask;

	while (match->slots[i].feed_idx != VEGA_MATCH_NONE && !same_key(&match->slots[i].key, key))
		i = (i + 1) & match->slot_mask;
	return i;
}

/* ---- compiling ------------------------------------------------------------------------------------------------ */

static uint32_t
gives(const struct vega_conf_channel *channel)
{
	return (channel->port_idx != VEGA_CONF_ANY ? GIVES_PORT : 0u) |
	       (channel->vlan != VEGA_CONF_ANY ? GIVES_VLAN : 0u) |
	       (channel->udp_port != VEGA_CONF_ANY ? GIVES_UDP : 0u) |
	       (channel->family != 0 ? GIVES_GROUP : 0u);
}

static struct tuple
make_tuple(uint32_t given)
{
	return (struct tuple){
		.dst_mask = given & GIVES_GROUP ? UINT64_MAX : 0,
		.word2_mask =
			pack(given & GIVES_UDP ? UINT32_MAX : 0, given & GIVES_VLAN ? 0xFFFF : 0,
				given & GIVES_PORT ? 0xFF : 0, given & GIVES_GROUP ? 0xF : 0),
		.number = (uint64_t)given << 60,
	};
}

static struct key
key_of_channel(const struct vega_conf_channel *channel)
{
	const struct tuple tuple = make_tuple(gives(channel));
	struct key key = {0};

	memcpy(key.word, channel->group, sizeof(channel->group));
	key.word[2] = pack(channel->udp_port, channel->vlan, channel->port_idx, channel->family);
	return mask_key(&key, &tuple);
}

static uint32_t
slot_cnt_of(uint32_t claim_cnt)
{
	uint32_t cnt = 8;

	while (cnt < 2 * claim_cnt)
		cnt *= 2;
	return cnt;
}

size_t
vega_match_bytes(uint32_t claim_cnt)
{
	return sizeof(struct vega_match) + slot_cnt_of(claim_cnt) * sizeof(struct slot);
}

void
vega_match_begin(struct vega_match *match, uint32_t claim_cnt)
{
	const uint32_t slot_cnt = slot_cnt_of(claim_cnt);

	match->slot_mask = slot_cnt - 1;
	match->used = 0;
	for (uint32_t i = 0; i < slot_cnt; i++)
		match->slots[i] = (struct slot){.feed_idx = VEGA_MATCH_NONE};
}

struct vega_match_hit
vega_match_add(struct vega_match *match, const struct vega_conf_channel *channel, uint32_t feed_idx,
	uint32_t channel_idx)
{
	const struct key key = key_of_channel(channel);
	struct slot *slot = &match->slots[probe(match, &key)];

	if (slot->feed_idx != VEGA_MATCH_NONE)
		return (struct vega_match_hit){
			slot->feed_idx, slot->channel_idx, (uint8_t)slot->line};
	*slot = (struct slot){.key = key,
		.feed_idx = feed_idx,
		.channel_idx = (uint16_t)channel_idx,
		.line = (uint8_t)channel->line};
	match->used |= 1u << gives(channel);
	return (struct vega_match_hit){VEGA_MATCH_NONE, 0, 0};
}

/* The tuples in use, most fields first; the numbers of the fields settle the rest. */
void
vega_match_end(struct vega_match *match)
{
	match->tuple_cnt = 0;
	for (int field_cnt = 4; field_cnt >= 0; field_cnt--)
		for (uint32_t given = TUPLE_CNT; given-- > 0;)
			if (__builtin_popcount(given) == field_cnt && (match->used & 1u << given))
				match->tuples[match->tuple_cnt++] = make_tuple(given);
}

/* ---- finding -------------------------------------------------------------------------------------------------- */

struct vega_match_hit
vega_match_find(const struct vega_match *match, const struct vega_net *net, uint32_t port_idx)
{
	const struct key packet = {
		{net->dst[0], net->dst[1], pack(net->udp_port, net->vlan, port_idx, net->family)}};

	for (uint32_t t = 0; t < match->tuple_cnt; t++) {
		const struct key key = mask_key(&packet, &match->tuples[t]);
		const struct slot *slot = &match->slots[probe(match, &key)];

		if (slot->feed_idx != VEGA_MATCH_NONE)
			return (struct vega_match_hit){
				slot->feed_idx, slot->channel_idx, (uint8_t)slot->line};
	}
	return (struct vega_match_hit){VEGA_MATCH_NONE, 0, 0};
}
