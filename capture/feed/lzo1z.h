/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_LZO1Z_H
#define VEGA_FEED_LZO1Z_H
/*
 * LZO1Z, as NSE compresses its broadcasts: decompression only, every byte in and out bounded.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"

/*
 * Decompress one whole stream.
 *
 * Params: out_bytes	room in out, at most INT32_MAX; bytes behind the result are overwritten too
 * Returns the bytes produced; -EBADMSG: the input is cut, has bytes behind its end marker, reaches back before the output's
 * first byte, or does not fit into out.
 * Threads: any. Cost: no allocation; about a nanosecond a byte produced.
 */
int vega_lzo1z_decode(
	const uint8_t *in, uint32_t in_bytes, uint8_t *out, uint32_t out_bytes) VEGA_MUST_CHECK;

#endif
