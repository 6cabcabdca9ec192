/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_EQUITY_H
#define VEGA_GEN_EQUITY_H
/*
 * What the American equity feeds have in common: how a session opens, what its stocks are called and how they trade.
 *
 * Before the first order, each stock is introduced and then opened for trading:
 *
 *	1		start of messages
 *	2 to 9		a stock of the directory each
 *	10 to 17	its trading state
 *	18		start of market hours
 */
#include <stdint.h>
#include <string.h>

#include "replay/gen_flow.h"

#define VEGA_GEN_SYMBOL_BYTES 8u

/* clang-format off */
/* An initialiser of struct vega_flow_params: prices are ten-thousandths of a dollar. */
#define VEGA_GEN_EQUITY_FLOW {.token_base = 1, .token_step = 1, .tick = 100, .lot_max = 1, .lots_max = 1000, .rest_only = true}
/* clang-format on */

/* What the message with this sequence is. */
enum vega_gen_opening {
	VEGA_GEN_START,
	VEGA_GEN_DIRECTORY,
	VEGA_GEN_STATE,
	VEGA_GEN_OPEN,
	VEGA_GEN_TRADING
};

static inline enum vega_gen_opening
vega_gen_opening(uint64_t seq, uint32_t *ret_book_idx)
{
	*ret_book_idx = (uint32_t)((seq - 2) % VEGA_FLOW_BOOK_CNT);
	if (seq == 1)
		return VEGA_GEN_START;
	if (seq < 2 + VEGA_FLOW_BOOK_CNT)
		return VEGA_GEN_DIRECTORY;
	if (seq < 2 + 2 * VEGA_FLOW_BOOK_CNT)
		return VEGA_GEN_STATE;
	return seq == 2 + 2 * VEGA_FLOW_BOOK_CNT ? VEGA_GEN_OPEN : VEGA_GEN_TRADING;
}

/* "ZVAAB" for token 1: all made up, filled with blanks. */
static inline void
vega_gen_symbol(uint32_t token, uint8_t symbol[VEGA_GEN_SYMBOL_BYTES])
{
	static const uint8_t blank[VEGA_GEN_SYMBOL_BYTES] = {
		'Z', 'V', ' ', ' ', ' ', ' ', ' ', ' '};

	memcpy(symbol, blank, sizeof(blank));
	for (uint32_t i = 0; i < 3; i++, token /= 26)
		symbol[4 - i] = (uint8_t)('A' + token % 26);
}

#endif
