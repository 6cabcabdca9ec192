/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_LZO1Z_H
#define VEGA_GEN_LZO1Z_H
/*
 * LZO1Z as an exchange compresses its broadcasts: small, greedy, whole numbers only, so that it gives the same bytes anywhere.
 */
#include <stdint.h>

#define VEGA_GEN_LZO1Z_IN_MAX 2048u

/* What so many bytes can come to at worst. */
#define VEGA_GEN_LZO1Z_BYTES(bytes) ((bytes) + (bytes) / 255 + 8)

/*
 * Params: bytes	1 to VEGA_GEN_LZO1Z_IN_MAX
 *	   to		room for VEGA_GEN_LZO1Z_BYTES(bytes)
 * Returns the stream's bytes.
 */
uint32_t vega_gen_lzo1z(const uint8_t *from, uint32_t bytes, uint8_t *to);

#endif
