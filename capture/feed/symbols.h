/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_SYMBOLS_H
#define VEGA_FEED_SYMBOLS_H
/*
 * Tokens for names: of feeds that say "NIFTY 50" where others say 26000. The first name gets 1, the next one 2.
 *
 * One table of fixed size, its slots found by hash and then one by one. It is a decoder's state: zeroed memory is an empty table,
 * nothing is allocated, nothing taken out. Names come from the wire, so what a name may cost is bounded: it is looked for in
 * VEGA_SYMBOLS_PROBE_CNT slots, and one that finds no place there has no token and is counted.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

#define VEGA_SYMBOLS_TEXT_BYTES 24u
#define VEGA_SYMBOLS_SLOT_LG2   15u
#define VEGA_SYMBOLS_SLOT_CNT   (1u << VEGA_SYMBOLS_SLOT_LG2)
#define VEGA_SYMBOLS_PROBE_CNT  64u

struct vega_symbols_slot {
	uint64_t text[VEGA_SYMBOLS_TEXT_BYTES / 8]; /* filled with zeros */
	uint32_t token;                             /* 0: the slot is empty */
	uint16_t bytes;
	uint16_t day; /* on which it was seen last */
};

struct vega_symbols {
	uint64_t lost_cnt; /* names without a token: too long, or no place */
	uint32_t last;     /* highest token given */
	uint16_t day;      /* counted from 0 */
	uint16_t zero;
	struct vega_symbols_slot slots[VEGA_SYMBOLS_SLOT_CNT];
};

/* The slot where a name's search begins. A name of eight bytes or less has no words but the first. */
static inline uint32_t
vega_symbols_hash(uint64_t w0, uint64_t w1, uint64_t w2)
{
	const uint64_t hash =
		(w0 ^ w1 * 0xC2B2AE3D27D4EB4Fu ^ w2 * 0x165667B19E3779F9u) * 0x9E3779B97F4A7C15u;

	return (uint32_t)(hash >> (64 - VEGA_SYMBOLS_SLOT_LG2));
}

/*
 * The token of a name; at first sight it gets the next one.
 *
 * Params: text		any bytes
 *	   bytes	longer than VEGA_SYMBOLS_TEXT_BYTES: has no token
 *	   ret_is_new	it was not known before, or not seen yet on this day
 * Returns the token, 0 where it has none.
 */
uint32_t vega_symbols_find(
	struct vega_symbols *symbols, const uint8_t *text, uint32_t bytes, bool *ret_is_new);

/* A name has this token, as an earlier DEFINITION record says; the tokens given from now on are higher. A token of 0 is none. */
void vega_symbols_define(
	struct vega_symbols *symbols, uint32_t token, const uint8_t *text, uint32_t bytes);

/* Each name is new once more, and keeps its token: a journal of one day has to name its instruments by itself. */
static inline void
vega_symbols_new_day(struct vega_symbols *symbols)
{
	symbols->day++;
}

#endif
