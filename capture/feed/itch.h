/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_ITCH_H
#define VEGA_FEED_ITCH_H
/*
 * What of ITCH is asked for beside its lines.
 */
#include "capture/feed/format.h"

#define VEGA_ITCH_STOCK_BYTES 8u
#define VEGA_ITCH_LOCATE_CNT  65536u /* numbers of stocks, good for one session of one exchange */

/* Is there such a type, and has it this length? */
bool vega_itch_is_message(uint8_t type, uint32_t bytes);

/*
 * The stock's number and, where the message names it, its text (filled with blanks; else NULL).
 * Returns false for what is not known or too short.
 */
bool vega_itch_stock(
	const struct vega_message *message, uint16_t *ret_locate, const uint8_t **ret_stock);

/* The feed's state: stocks by locate, as they lie in a message; 0: not seen. */
struct vega_itch_state {
	uint64_t stocks[VEGA_ITCH_LOCATE_CNT];
};

/* vega_format.records, .new_day and .define. */
uint32_t vega_itch_records(
	struct vega_decode *decode, const struct vega_span *span, uint64_t skip, uint64_t take);
void vega_itch_new_day(void *state);
void vega_itch_define(void *state, uint32_t token, const uint8_t *text, uint32_t bytes);

#endif
