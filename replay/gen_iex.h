/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_IEX_H
#define VEGA_GEN_IEX_H
/*
 * IEX-TP with TOPS 1.6 or DEEP+ 1.0 as bytes: little-endian, unpadded.
 *
 * TOPS is quotes and trades: a quote whenever the top of a book is another one than was told last. DEEP+ is orders, of which
 * only those that rest are shown.
 */
#include "replay/gen_feed.h"

extern const struct vega_gen_feed vega_gen_iex;

#endif
