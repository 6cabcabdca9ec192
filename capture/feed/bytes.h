/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_BYTES_H
#define VEGA_FEED_BYTES_H
/*
 * Numbers as they lie in a packet: unaligned, of either byte order. Whoever reads has looked at the bounds before.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t
vega_le16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t
vega_le32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t
vega_le64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint16_t
vega_be16(const uint8_t *at)
{
	return __builtin_bswap16(vega_le16(at));
}

static inline uint32_t
vega_be32(const uint8_t *at)
{
	return __builtin_bswap32(vega_le32(at));
}

static inline uint64_t
vega_be64(const uint8_t *at)
{
	return __builtin_bswap64(vega_le64(at));
}

/* Text of 8 bytes as a number, its trailing blanks and zeros as zeros: what a DEFINITION record holds. */
static inline uint64_t
vega_text8_trim(uint64_t text)
{
	for (uint64_t mask = 0xFFull << 56; mask != 0; mask >>= 8) {
		if ((text & mask) != (0x2020202020202020 & mask) && (text & mask) != 0)
			break;
		text &= ~mask;
	}
	return text;
}

/* And back: the first 8 bytes of a text, filled with blanks, as they lie in a message. */
static inline uint64_t
vega_text8_fill(const uint8_t *text, uint32_t bytes)
{
	uint64_t value = 0x2020202020202020;

	memcpy(&value, text, bytes < 8 ? bytes : 8);
	return value;
}

/*
 * A whole number that is written as an IEEE double. False where it is none below 2^63: not a number, infinite, negative, with a
 * fraction. Zero may be negative: all compares leave the sign bit out.
 */
static inline bool
vega_whole(uint64_t bits, int64_t *ret_value)
{
	const uint64_t too_large =
		UINT64_C(0x43E0000000000000); /* 2^63; above it infinity and what is no number */
	uint64_t again;
	double value;

	if (bits << 1 >= too_large << 1)
		return false;
	memcpy(&value, &bits, sizeof(value));
	*ret_value = (int64_t)value;
	value = (double)*ret_value;
	memcpy(&again, &value, sizeof(again));
	return (again ^ bits) << 1 == 0 && *ret_value >= 0;
}

#endif
