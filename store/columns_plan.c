/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What serves a column best, judged by a sample of its differences: what zstd will make of their symbols is taken to be their
 * entropy, and extra bits cost themselves.
 */
#include "store/columns_private.h"

#define CANDIDATE_CNT   4u
#define UNIT_SAMPLE_CNT 64u

/* log2 in sixteenths, a straight line between powers of two. */
static uint32_t
log2_16(uint32_t value)
{
	const uint32_t high = vega_code_high(value);

	return high * 16 + (uint32_t)(((uint64_t)value << 4 >> high) & 15u);
}

uint64_t
vega_plan_cost(const struct vega_code *code, const uint64_t *values, uint32_t cnt, uint32_t unit)
{
	uint64_t scaled[CHUNK_CNT];
	uint32_t seen[256] = {0};
	uint64_t cost = 0;

	memcpy(scaled, values, cnt * sizeof(*values));
	if (unit != 1)
		vega_put_units(scaled, cnt, unit);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t high = vega_code_high(scaled[i]);
		const uint32_t shift = code->shift[high];

		cost += 16u * shift;
		seen[(uint32_t)((int32_t)(scaled[i] >> shift) + code->offset[high]) & 0xFFu]++;
	}
	for (uint32_t i = 0; i < 256; i++)
		if (seen[i] != 0)
			cost += (uint64_t)seen[i] * (log2_16(cnt) - log2_16(seen[i]));
	return cost;
}

static uint64_t
common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		const uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint64_t
size_of(uint64_t zigzag)
{
	return (zigzag >> 1) + (zigzag & 1);
}

uint32_t
vega_plan_unit(const uint64_t *values, uint32_t cnt)
{
	uint32_t candidates[CANDIDATE_CNT];
	uint32_t candidate_cnt = 0;
	uint64_t before = 0;
	uint64_t score_best; /* the bit that says whether it is a multiple */
	uint32_t best = 1;

	cnt = cnt < UNIT_SAMPLE_CNT ? cnt : UNIT_SAMPLE_CNT;
	score_best = cnt;
	for (uint32_t i = 0; i < cnt && candidate_cnt < CANDIDATE_CNT; i++) {
		uint64_t divisor;

		if (values[i] == 0)
			continue;
		divisor = common_divisor(size_of(values[i]), before);
		if (before != 0 && divisor > 1 && divisor <= UINT32_MAX / 2) {
			bool is_known = false;

			for (uint32_t k = 0; k < candidate_cnt; k++)
				is_known |= candidates[k] == divisor;
			if (!is_known)
				candidates[candidate_cnt++] = (uint32_t)divisor;
		}
		before = size_of(values[i]);
	}
	for (uint32_t k = 0; k < candidate_cnt; k++) {
		uint64_t score = 0;

		for (uint32_t i = 0; i < cnt; i++)
			if (values[i] != 0 && size_of(values[i]) % candidates[k] == 0)
				score += vega_code_high(candidates[k]);
		if (score > score_best) {
			score_best = score;
			best = candidates[k];
		}
	}
	return best;
}
