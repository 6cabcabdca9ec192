/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_ITCH_H
#define VEGA_GEN_ITCH_H
/*
 * Nasdaq TotalView-ITCH 5.0 over MoldUDP64 as bytes: big-endian, unpadded.
 *
 * Only orders that rest are shown, so a trade is the execution of the one that rested. An order that loses its place in the queue
 * is replaced under another reference.
 */
#include "replay/gen_feed.h"

extern const struct vega_gen_feed vega_gen_itch;

#endif
