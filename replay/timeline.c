/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/timeline.h"

#include <string.h>

#define BIN_LG2_FIRST 10u

void
vega_timeline_init(struct vega_timeline *timeline)
{
	memset(timeline, 0, sizeof(*timeline));
	timeline->bin_lg2 = BIN_LG2_FIRST;
}

static struct vega_timeline_bin
sum_of(const struct vega_timeline_bin *a, const struct vega_timeline_bin *b)
{
	return (struct vega_timeline_bin){
		.due_cnt = a->due_cnt + b->due_cnt,
		.sent_cnt = a->sent_cnt + b->sent_cnt,
		.error_ns_sum = a->error_ns_sum + b->error_ns_sum,
		.error_ns_max =
			a->error_ns_max > b->error_ns_max ? a->error_ns_max : b->error_ns_max,
	};
}

uint64_t
vega_timeline_fold(struct vega_timeline *timeline, uint64_t bin)
{
	struct vega_timeline_bin *bins = timeline->bins;

	for (; bin >= VEGA_TIMELINE_BIN_CNT; bin /= 2) {
		for (uint32_t i = 0; i < VEGA_TIMELINE_BIN_CNT / 2; i++)
			bins[i] = sum_of(&bins[2 * i], &bins[2 * i + 1]);
		memset(bins + VEGA_TIMELINE_BIN_CNT / 2, 0,
			sizeof(*bins) * (VEGA_TIMELINE_BIN_CNT / 2));
		timeline->bin_lg2++;
	}
	return bin;
}

uint32_t
vega_timeline_used(const struct vega_timeline *timeline)
{
	uint32_t used = VEGA_TIMELINE_BIN_CNT;

	while (used > 0 && timeline->bins[used - 1].due_cnt == 0 &&
		timeline->bins[used - 1].sent_cnt == 0)
		used--;
	return used;
}
