/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_TIMELINE_H
#define VEGA_REPLAY_TIMELINE_H
/*
 * What was due, what was sent, and with which error, over time: 512 bins, whatever the length.
 *
 * A bin begins as a microsecond. What lies behind the last one folds the bins two by two, until it has a place. So a day takes
 * as much memory as a second, and adding is a shift and a few additions.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"

#define VEGA_TIMELINE_BIN_CNT 512u

struct vega_timeline_bin {
	uint64_t due_cnt;
	uint64_t sent_cnt;
	uint64_t error_ns_sum; /* of those due here */
	uint64_t error_ns_max;
};

struct vega_timeline {
	uint64_t begin_ns; /* the first time added; 0: none yet */
	uint32_t bin_lg2;  /* a bin is 2^bin_lg2 ns */
	struct vega_timeline_bin bins[VEGA_TIMELINE_BIN_CNT];
};

void vega_timeline_init(struct vega_timeline *timeline);

/* Fold until a bin of that number is among them. Returns its number then. */
uint64_t vega_timeline_fold(struct vega_timeline *timeline, uint64_t bin);

/* The bin of a time; one before the first is in the first bin. */
static inline struct vega_timeline_bin *
vega_timeline_at(struct vega_timeline *timeline, uint64_t ns)
{
	uint64_t bin;

	if (vega_unlikely(timeline->begin_ns == 0))
		timeline->begin_ns = ns;
	bin = ns > timeline->begin_ns ? (ns - timeline->begin_ns) >> timeline->bin_lg2 : 0;
	if (vega_unlikely(bin >= VEGA_TIMELINE_BIN_CNT))
		bin = vega_timeline_fold(timeline, bin);
	return &timeline->bins[bin];
}

/* So many together: due from due_ns on, with these errors. */
static inline void
vega_timeline_due(struct vega_timeline *timeline, uint64_t due_ns, uint64_t cnt,
	uint64_t error_ns_sum, uint64_t error_ns_max)
{
	struct vega_timeline_bin *bin = vega_timeline_at(timeline, due_ns);

	bin->due_cnt += cnt;
	bin->error_ns_sum += error_ns_sum;
	bin->error_ns_max = error_ns_max > bin->error_ns_max ? error_ns_max : bin->error_ns_max;
}

static inline void
vega_timeline_sent(struct vega_timeline *timeline, uint64_t now_ns, uint64_t cnt)
{
	vega_timeline_at(timeline, now_ns)->sent_cnt += cnt;
}

/* Bins up to the last one that holds anything. */
uint32_t vega_timeline_used(const struct vega_timeline *timeline);

#endif
