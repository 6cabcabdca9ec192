/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/histogram.h"

#include <string.h>

void
vega_histogram_init(struct vega_histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->min = UINT64_MAX;
}

uint64_t
vega_histogram_bucket_max(uint32_t bucket)
{
	uint32_t shift;
	uint64_t step;

	if (bucket < 2 * VEGA_HISTOGRAM_STEP_CNT)
		return bucket;
	shift = bucket / VEGA_HISTOGRAM_STEP_CNT - 1;
	step = bucket % VEGA_HISTOGRAM_STEP_CNT + VEGA_HISTOGRAM_STEP_CNT;
	return (step << shift) + ((1ull << shift) - 1);
}

void
vega_histogram_remove(struct vega_histogram *histogram, const struct vega_histogram *values)
{
	uint64_t max = 0;

	histogram->cnt -= values->cnt;
	for (uint32_t i = 0; i < VEGA_HISTOGRAM_BUCKET_CNT; i++) {
		histogram->buckets[i] -= values->buckets[i];
		if (histogram->buckets[i] != 0)
			max = vega_histogram_bucket_max(i);
	}
	histogram->max = max < histogram->max ? max : histogram->max;
}

uint64_t
vega_histogram_quantile(const struct vega_histogram *histogram, uint32_t permille)
{
	const unsigned __int128 wanted = (unsigned __int128)histogram->cnt * permille;
	unsigned __int128 seen = 0;

	if (histogram->cnt == 0)
		return 0;
	for (uint32_t i = 0; i < VEGA_HISTOGRAM_BUCKET_CNT; i++) {
		const uint64_t value = vega_histogram_bucket_max(i);

		seen += (unsigned __int128)histogram->buckets[i] * 1000;
		if (histogram->buckets[i] != 0 && seen >= wanted)
			return value < histogram->max ? value : histogram->max;
	}
	return histogram->max;
}
