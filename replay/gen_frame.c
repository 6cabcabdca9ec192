/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_frame.h"

#include <string.h>

#define IP_OFF          14u
#define UDP_OFF         34u
#define TTL             16u
#define PROTOCOL        17u
#define DONT_FRAG       0x4000u
#define IPV4_NO_OPTIONS 0x4500u

static void
put_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put_be32(uint8_t *at, uint32_t value)
{
	put_be16(at, value >> 16);
	put_be16(at + 2, value);
}

/* The Internet checksum's sum (RFC 1071) of big-endian words; an odd last byte counts as its high half. */
static uint32_t
sum_words(const uint8_t *at, uint32_t bytes)
{
	uint64_t sum = 0;
	uint32_t word;
	uint32_t i = 0;

	/* The sum may be taken in any byte order and turned once at the end; four bytes a step. */
	for (; i + 4 <= bytes; i += 4) {
		memcpy(&word, at + i, 4);
		sum += __builtin_bswap32(word);
	}
	if (i + 2 <= bytes) {
		sum += (uint32_t)at[i] << 8 | at[i + 1];
		i += 2;
	}
	if (i < bytes)
		sum += (uint32_t)at[i] << 8;
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

static uint16_t
checksum(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void
vega_gen_head_init(struct vega_gen_head *head, const struct vega_gen_path *path)
{
	uint8_t *b = head->bytes;

	memset(head, 0, sizeof(*head));
	put_be16(b, 0x0100); /* 01:00:5e and the group's low 23 bits (RFC 1112) */
	put_be32(b + 2, 0x5e000000 | (path->group & 0x7fffff));
	put_be16(b + 6, 0x0256); /* locally administered: 02:56 and the sender's address */
	put_be32(b + 8, path->source);
	put_be16(b + 12, 0x0800);
	put_be16(b + IP_OFF, IPV4_NO_OPTIONS);
	put_be16(b + IP_OFF + 6, DONT_FRAG);
	put_be16(b + IP_OFF + 8, TTL << 8 | PROTOCOL);
	put_be32(b + IP_OFF + 12, path->source);
	put_be32(b + IP_OFF + 16, path->group);
	put_be16(b + UDP_OFF, path->source_port);
	put_be16(b + UDP_OFF + 2, path->group_port);
	head->ip_sum = sum_words(b + IP_OFF, 20);
	head->udp_sum = sum_words(b + IP_OFF + 12, 8) + PROTOCOL + sum_words(b + UDP_OFF, 8);
}

uint32_t
vega_gen_frame(const struct vega_gen_head *head, uint16_t ip_id, const uint8_t *payload,
	uint32_t bytes, uint8_t *frame)
{
	uint32_t ip_bytes = 28 + bytes;
	uint32_t udp_bytes = 8 + bytes;
	uint32_t frame_bytes = VEGA_FRAME_HEAD_BYTES + bytes;
	uint16_t udp_checksum = checksum(head->udp_sum + 2 * udp_bytes + sum_words(payload, bytes));

	memcpy(frame, head->bytes, VEGA_FRAME_HEAD_BYTES);
	put_be16(frame + IP_OFF + 2, ip_bytes);
	put_be16(frame + IP_OFF + 4, ip_id);
	put_be16(frame + IP_OFF + 10, checksum(head->ip_sum + ip_bytes + ip_id));
	put_be16(frame + UDP_OFF + 4, udp_bytes);
	/* 0 would mean that there is no checksum (RFC 768). */
	put_be16(frame + UDP_OFF + 6, udp_checksum != 0 ? udp_checksum : 0xffff);
	memcpy(frame + VEGA_FRAME_HEAD_BYTES, payload, bytes);
	if (frame_bytes >= VEGA_FRAME_BYTES_MIN)
		return frame_bytes;
	memset(frame + frame_bytes, 0, VEGA_FRAME_BYTES_MIN - frame_bytes);
	return VEGA_FRAME_BYTES_MIN;
}
