/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_PACKET_H
#define VEGA_TESTS_PACKET_H
/*
 * Packets laid header by header. Lengths are what the test says, right or wrong.
 */
#include <stdint.h>
#include <string.h>

struct packet {
	uint32_t bytes;
	uint8_t data[2048];
};

static inline void
packet_bytes(struct packet *p, const void *data, uint32_t bytes)
{
	memcpy(p->data + p->bytes, data, bytes);
	p->bytes += bytes;
}

static inline void
packet_u8(struct packet *p, uint8_t value)
{
	packet_bytes(p, &value, 1);
}

static inline void
packet_be16(struct packet *p, uint16_t value)
{
	packet_u8(p, (uint8_t)(value >> 8));
	packet_u8(p, (uint8_t)value);
}

static inline void
packet_zeros(struct packet *p, uint32_t bytes)
{
	memset(p->data + p->bytes, 0, bytes);
	p->bytes += bytes;
}

/* Addresses only; the type follows by packet_tag or packet_be16. */
static inline void
packet_eth(struct packet *p)
{
	packet_bytes(p, "\x01\x00\x5e\x01\x01\x01\x02\x00\x00\x00\x00\x01", 12);
}

static inline void
packet_tag(struct packet *p, uint16_t type, uint16_t tci)
{
	packet_be16(p, type);
	packet_be16(p, tci);
}

/* options_bytes: a multiple of 4; total: what the header says. */
static inline void
packet_ipv4(struct packet *p, uint8_t options_bytes, uint16_t total, uint16_t fragment,
	uint8_t protocol, const void *dst)
{
	packet_u8(p, (uint8_t)(0x45 + options_bytes / 4));
	packet_u8(p, 0);
	packet_be16(p, total);
	packet_be16(p, 1);
	packet_be16(p, fragment);
	packet_u8(p, 64);
	packet_u8(p, protocol);
	packet_be16(p, 0);
	packet_bytes(p, "\x0a\x00\x00\x01", 4);
	packet_bytes(p, dst, 4);
	packet_zeros(p, options_bytes);
}

static inline void
packet_ipv6(struct packet *p, uint16_t payload, uint8_t next, const void *dst)
{
	packet_bytes(p, "\x60\x00\x00\x00", 4);
	packet_be16(p, payload);
	packet_u8(p, next);
	packet_u8(p, 64);
	packet_zeros(p, 16);
	packet_bytes(p, dst, 16);
}

static inline void
packet_udp(struct packet *p, uint16_t dst_port, uint16_t length)
{
	packet_be16(p, 1000);
	packet_be16(p, dst_port);
	packet_be16(p, length);
	packet_be16(p, 0);
}

#endif
