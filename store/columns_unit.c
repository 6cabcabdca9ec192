/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What most differences of price are multiples of: a tick, or what the ticks of a block have in common. Judged by a sample of levels
 * and trades, each told from the one of its kind before it.
 */
#include "store/columns_private.h"

#define CANDIDATE_CNT 16u
#define SAMPLE_CNT    64u
#define LOOK_CNT      1024u /* records looked at to find them */
#define UNIT_MIN      256u  /* less saves not even a byte */

static uint32_t
common_divisor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		const uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint32_t
size_of(uint32_t difference)
{
	return (int32_t)difference < 0 ? 0 - difference : difference;
}

/* Differences of price that are not 0. Returns how many. */
static uint32_t
sample(const union vega_record *records, uint32_t cnt, uint32_t to[static SAMPLE_CNT + 2])
{
	uint32_t before[4] = {0};
	uint32_t found = 0;

	for (uint32_t i = 0; i < cnt && found < SAMPLE_CNT; i++) {
		const uint32_t kind = vega_record_kind(&records[i]);
		const bool is_level = kind == VEGA_LEVEL;
		const uint32_t prices[2] = {
			(uint32_t)records[i].word[2], (uint32_t)records[i].word[3]};
		uint32_t *last = &before[is_level ? 0 : 2];

		if (!is_level && kind != VEGA_TRADE &&
			(kind < VEGA_ORDER_ADD || kind > VEGA_ORDER_EXECUTE))
			continue;
		for (uint32_t k = is_level ? 0 : 1; k < 2; k++) {
			if (prices[k] == 0)
				continue;
			to[found] = size_of(prices[k] - last[k]);
			found += last[k] != 0 && to[found] != 0;
			last[k] = prices[k];
		}
	}
	return found;
}

/* Common divisors of two neighbours each. Returns how many. */
static uint32_t
find_candidates(const uint32_t *values, uint32_t cnt, uint32_t to[static CANDIDATE_CNT])
{
	uint32_t found = 0;

	for (uint32_t i = 1; i < cnt && found < CANDIDATE_CNT; i++) {
		const uint32_t divisor = common_divisor(values[i], values[i - 1]);
		bool is_new = divisor >= UNIT_MIN && divisor <= INT32_MAX;

		for (uint32_t k = 0; k < found; k++)
			is_new &= to[k] != divisor;
		if (is_new)
			to[found++] = divisor;
	}
	return found;
}

uint32_t
vega_unit_of(const union vega_record *records, uint32_t cnt)
{
	const uint32_t from = cnt > LOOK_CNT ? cnt - cnt / 2 - LOOK_CNT / 2 : 0;
	uint32_t values[SAMPLE_CNT + 2];
	uint32_t candidates[CANDIDATE_CNT];
	const uint32_t value_cnt =
		sample(records + from, cnt - from < LOOK_CNT ? cnt - from : LOOK_CNT, values);
	const uint32_t candidate_cnt = find_candidates(values, value_cnt, candidates);
	uint32_t best = value_cnt * 8; /* bits: less do not pay for the rest */
	uint32_t unit = 1;

	for (uint32_t k = 0; k < candidate_cnt; k++) {
		const uint32_t bits = 32 - (uint32_t)__builtin_clz(candidates[k]);
		uint32_t saved = 0;

		for (uint32_t i = 0; i < value_cnt; i++)
			saved += values[i] % candidates[k] == 0 ? bits : 0;
		if (saved > best) {
			best = saved;
			unit = candidates[k];
		}
	}
	return unit;
}
