/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_CREW_H
#define VEGA_CAPTURE_CREW_H
/*
 * The private state of every rx lcore, put together from the plan and the region: feeds with their lanes and cells, sources,
 * claims. Everything is allocated here; the loops allocate nothing.
 */
#include "capture/lcore.h"
#include "capture/plan.h"
#include "hugepages/region.h"

struct vega_zone;

/* One rx lcore. */
struct vega_crew_member {
	struct vega_rx rx;
	struct vega_rx_feed *feeds;
	struct vega_zone **zones; /* by feed */
	struct vega_source *sources[VEGA_IF_CNT_MAX];
	struct vega_rx_feed *feed_of[VEGA_FEED_CNT_MAX];
	uint8_t ended[VEGA_IF_CNT_MAX];
};

struct vega_crew {
	uint32_t lcore_cnt;
	struct vega_lcore_rx *loops;      /* by rx lcore */
	struct vega_crew_member *members; /* by rx lcore */
};

/*
 * Params: plan, region	outlive the crew
 *	   packets_max	each lcore ends after so many; UINT64_MAX: no end
 *	   stop		set by the control thread
 *	   stamps	NULL for files
 * Returns 0; -ENOMEM (69); -EINVAL (78) for a zone the system does not know.
 */
int vega_crew_new(const struct vega_plan *plan, const struct vega_region *region,
	uint64_t packets_max, const uint64_t *stop, const struct vega_stamp_cell *stamps,
	struct vega_crew **ret_crew) VEGA_MUST_CHECK;

/* Give an lcore a source; it is closed with the crew. At most VEGA_IF_CNT_MAX an lcore. */
void vega_crew_add_source(struct vega_crew *crew, uint32_t lcore_idx, struct vega_source *source);

/* NULL is allowed. */
void vega_crew_delete(struct vega_crew *crew);

#endif
