/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_HISTOGRAM_H
#define VEGA_REPLAY_HISTOGRAM_H
/*
 * A log-linear histogram of nanoseconds: exact below 64, above it 64 steps to each power of two.
 *
 *	0 1 2 ... 63 | 64 65 ... 127 | 128 130 ... 254 | 256 260 ... 508 | ...
 *
 * Any 64-bit value has a bucket, so nothing is cut off; a quantile is told at most 1.6 % too high. Adding is a
 * few instructions without a branch that could be guessed wrong.
 */
#include <stdint.h>

#define VEGA_HISTOGRAM_STEP_LG2   6u
#define VEGA_HISTOGRAM_STEP_CNT   (1u << VEGA_HISTOGRAM_STEP_LG2)
#define VEGA_HISTOGRAM_BUCKET_CNT ((65u - VEGA_HISTOGRAM_STEP_LG2) * VEGA_HISTOGRAM_STEP_CNT)

struct vega_histogram {
	uint64_t cnt;
	uint64_t min;
	uint64_t max;
	uint64_t buckets[VEGA_HISTOGRAM_BUCKET_CNT];
};

void vega_histogram_init(struct vega_histogram *histogram);

static inline uint32_t
vega_histogram_bucket(uint64_t value)
{
	const uint32_t top = 63u - (uint32_t)__builtin_clzll(value | VEGA_HISTOGRAM_STEP_CNT);
	const uint32_t shift = top - VEGA_HISTOGRAM_STEP_LG2;

	return shift * VEGA_HISTOGRAM_STEP_CNT + (uint32_t)(value >> shift);
}

/* The largest value that falls into a bucket. */
uint64_t vega_histogram_bucket_max(uint32_t bucket);

static inline void
vega_histogram_add(struct vega_histogram *histogram, uint64_t value)
{
	histogram->cnt++;
	histogram->min = value < histogram->min ? value : histogram->min;
	histogram->max = value > histogram->max ? value : histogram->max;
	histogram->buckets[vega_histogram_bucket(value)]++;
}

/* Take values out again that were added; the largest that is left is known as its bucket tells it, the smallest not at all. */
void vega_histogram_remove(struct vega_histogram *histogram, const struct vega_histogram *values);

/*
 * The smallest value that at least `permille` of a thousand values do not exceed, as far as the buckets tell.
 *
 * Params: permille	0 to 1000
 * Returns 0 for an empty histogram.
 */
uint64_t vega_histogram_quantile(const struct vega_histogram *histogram, uint32_t permille);

#endif
