/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_COLUMNS_CODE_H
#define VEGA_STORE_COLUMNS_CODE_H
/*
 * A number as a symbol of one byte, which zstd sees, and extra bits, which look random and go by beside it.
 *
 *	value		     symbols	   extra bits
 *	0 to 15		     0 to 15	   0: the symbol is the value
 *	2^e, e 4 to 18	     8 for each e  e - 3
 *	     e 19 to 32	     4	           e - 2
 *	     e 33 to 63	     2             e - 1
 *
 * A symbol is the number's highest bits, the extra bits the rest, the lowest first. Small numbers, the common ones, are told apart by
 * the symbol alone, and of the large ones zstd learns how large they are: so nothing is spent on what cannot be learned.
 */
#include <string.h>

#include "hugepages/base/attr.h"

#define VEGA_CODE_EXTRA_BITS_MAX 62u
#define VEGA_CODE_SYMBOL_CNT     254u /* 254 and 255 stand for nothing */
#define VEGA_CODE_SLACK_BYTES    16u  /* bits are written and read eight bytes at a time */

struct vega_code {
	/* By symbol, for decoding. */
	uint64_t base[256];
	uint8_t extra_bits[256];
	/* By the number of the highest bit, for encoding: symbol = offset + (value >> extra bits). */
	uint8_t shift[64];
	int16_t offset[64];
};

struct vega_bits {
	uint8_t *at;
	uint64_t fill; /* the lowest `cnt` bits are not written yet */
	uint32_t cnt;  /* 0 to 7 */
};

void vega_code_init(struct vega_code *code);

static VEGA_ALWAYS_INLINE uint32_t
vega_code_high(uint64_t value)
{
	return 63u - (uint32_t)__builtin_clzll(value | 1);
}

static VEGA_ALWAYS_INLINE uint64_t
vega_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static VEGA_ALWAYS_INLINE int64_t
vega_unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

static VEGA_ALWAYS_INLINE void
vega_bits_put(struct vega_bits *bits, uint64_t value, uint32_t cnt)
{
	bits->fill |= value << bits->cnt;
	bits->cnt += cnt;
	memcpy(bits->at, &bits->fill, 8);
	bits->at += bits->cnt >> 3;
	bits->fill >>= bits->cnt & 56u;
	bits->cnt &= 7u;
}

static VEGA_ALWAYS_INLINE uint8_t
vega_code_put(const struct vega_code *code, struct vega_bits *bits, uint64_t value)
{
	const uint32_t high = vega_code_high(value);
	uint32_t shift = code->shift[high];
	const uint64_t top = value >> shift;
	uint64_t extra = value ^ top << shift;

	if (vega_unlikely(shift > 56)) { /* with up to 7 bits waiting, more than 64 */
		vega_bits_put(bits, extra & 0xFFFFFFFFu, 32);
		extra >>= 32;
		shift -= 32;
	}
	vega_bits_put(bits, extra, shift);
	return (uint8_t)(code->offset[high] + (int32_t)top);
}

/* The value of a symbol whose extra bits begin at *at_bit; moves it behind them. Loads eight bytes from there, sixteen if many. */
static VEGA_ALWAYS_INLINE uint64_t
vega_code_get(const struct vega_code *code, const uint8_t *extra, uint64_t *at_bit, uint8_t symbol)
{
	const uint32_t cnt = code->extra_bits[symbol];
	uint64_t word;

	memcpy(&word, extra + (*at_bit >> 3), 8);
	word >>= *at_bit & 7u;
	if (vega_unlikely(cnt > 56)) {
		uint64_t more;

		memcpy(&more, extra + (*at_bit >> 3) + 7, 8);
		word |= more << (56 - (*at_bit & 7u)); /* what overlaps is the same bits */
	}
	*at_bit += cnt;
	return code->base[symbol] + (word & ((1ull << cnt) - 1));
}

#endif
