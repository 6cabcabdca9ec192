/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_SYMBOLS8_H
#define VEGA_FEED_SYMBOLS8_H
/*
 * Tokens for names of eight bytes, as symbols.h gives them for any: where each message names its instrument by text, the name has to
 * cost no more than a number would.
 *
 *	line	| name 0 | name 1 | name 2 | name 3 | token, day 0 | token, day 1 | token, day 2 | token, day 3 |
 *
 * Four names share a cache line, and a name is looked for in all four places of its line at once: a market's 8,000 symbols
 * fill a quarter of the table, and one of 300 lies in another line than its own. In a table of single slots one of eight did, and
 * each time cost a branch guessed wrong and a second line: 40 % of the time to decode TOPS.
 *
 * Zeroed memory is an empty table; names come from the wire, so what a name may cost is bounded: it is looked for in
 * VEGA_SYMBOLS8_PROBE_CNT lines, and one that finds no place there has no token and is counted.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

#define VEGA_SYMBOLS8_LINE_LG2  13u
#define VEGA_SYMBOLS8_LINE_CNT  (1u << VEGA_SYMBOLS8_LINE_LG2)
#define VEGA_SYMBOLS8_WAY_CNT   4u
#define VEGA_SYMBOLS8_PROBE_CNT 16u

struct vega_symbols8_line {
	uint64_t name[VEGA_SYMBOLS8_WAY_CNT];
	/* Token, and above it the day on which it was seen last, counted from 1; 0: the place is empty. */
	uint64_t told[VEGA_SYMBOLS8_WAY_CNT];
};

struct vega_symbols8 {
	uint64_t lost_cnt; /* names without a token: no place */
	uint32_t last;     /* highest token given */
	uint32_t day;      /* before today, counted from 1: today is day + 1 */
	uint64_t zero[6];  /* the lines begin cache lines, where the table does */
	struct vega_symbols8_line lines[VEGA_SYMBOLS8_LINE_CNT];
};

static VEGA_ALWAYS_INLINE uint32_t
vega_symbols8_hash(uint64_t name)
{
	return (uint32_t)(name * 0x9E3779B97F4A7C15u >> (64 - VEGA_SYMBOLS8_LINE_LG2));
}

/* The token of a name that was found before on this day and lies where it is looked for first; 0: ask vega_symbols8_find. */
static VEGA_ALWAYS_INLINE uint32_t
vega_symbols8_known(const struct vega_symbols8 *symbols, uint64_t name)
{
	const struct vega_symbols8_line *line = &symbols->lines[vega_symbols8_hash(name)];
	const uint32_t way = (uint32_t)(line->name[1] == name) |
			     (uint32_t)(line->name[2] == name) << 1 |
			     (line->name[3] == name ? 3u : 0u);
	const uint64_t told = line->told[way];

	return vega_likely(line->name[way] == name && told >> 32 == symbols->day + 1u)
		       ? (uint32_t)told
		       : 0;
}

/*
 * The token of a name; at first sight it gets the next one.
 *
 * Params: ret_is_new	it was not known before, or not seen yet on this day
 * Returns the token, 0 where it has none.
 */
uint32_t vega_symbols8_find(struct vega_symbols8 *symbols, uint64_t name, bool *ret_is_new);

/* A name has this token, as an earlier DEFINITION record says; the tokens given from now on are higher. A token of 0 is none. */
void vega_symbols8_define(struct vega_symbols8 *symbols, uint32_t token, uint64_t name);

/* Each name is new once more, and keeps its token: a journal of one day has to name its instruments by itself. */
static inline void
vega_symbols8_new_day(struct vega_symbols8 *symbols)
{
	symbols->day++;
}

#endif
