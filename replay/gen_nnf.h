/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_NNF_H
#define VEGA_GEN_NNF_H
/*
 * NSE's broadcast as bytes: big-endian, padded to even; a datagram of packed entries, most of them compressed.
 *
 *	datagram	market 1 | 1 | entries 2
 *	entry		compressed length 2, 0: plain | body
 *	body		market 1 | 7 | header 40 | rows
 *
 * It tells what an order flow leaves: five levels a side, last trades, volumes that rise, open interest, indices.
 */
#include "replay/gen_feed.h"

extern const struct vega_gen_feed vega_gen_nse_nnf;

#endif
