/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_IEX_H
#define VEGA_FEED_IEX_H
/*
 * iex.c reads headers and gives lines, iex_records.c gives records.
 */
#include "capture/feed/format.h"
#include "capture/feed/symbols.h"

/* The feed's state. Symbols are kept as they lie in a message, filled with blanks. */
struct vega_iex_state {
	struct vega_symbols symbols;
};

/* vega_format.records, .new_day and .define. */
uint32_t vega_iex_records(
	struct vega_decode *decode, const struct vega_span *span, uint64_t skip, uint64_t take);
void vega_iex_new_day(void *state);
void vega_iex_define(void *state, uint32_t token, const uint8_t *text, uint32_t bytes);

#endif
