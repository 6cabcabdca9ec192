/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of the symbols: drawn in columns_code.h.
 */
#include "store/columns_code.h"

/* Highest bits, below the first, that the symbol holds. */
static uint32_t
mantissa_bits(uint32_t high)
{
	return high < 4 ? high : high < 19 ? 3 : high < 33 ? 2 : 1;
}

void
vega_code_init(struct vega_code *code)
{
	uint32_t symbol = 1;

	memset(code, 0, sizeof(*code));
	for (uint32_t high = 0; high < 64; high++) {
		const uint32_t mantissa = mantissa_bits(high);
		const uint32_t shift = high - mantissa;

		code->shift[high] = (uint8_t)shift;
		code->offset[high] = (int16_t)((int32_t)symbol - (1 << mantissa));
		for (uint32_t i = 0; i < 1u << mantissa; i++, symbol++) {
			code->base[symbol] = ((1ull << mantissa) + i) << shift;
			code->extra_bits[symbol] = (uint8_t)shift;
		}
	}
}
