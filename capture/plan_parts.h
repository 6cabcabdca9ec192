/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_PLAN_PARTS_H
#define VEGA_CAPTURE_PLAN_PARTS_H
/*
 * Private to plan*.c: the parts of a plan, in the order in which they are made. Each returns 0 or -EINVAL (78).
 */
#include "capture/plan.h"

/* Which lcore polls which queue; every queue of every port once. */
int vega_plan_polls(struct vega_plan *plan) VEGA_MUST_CHECK;

/* Processors and nodes are there and used once; how idle lcores wait. */
int vega_plan_cpus(struct vega_plan *plan, const struct vega_host *host) VEGA_MUST_CHECK;

/* Names of interface i of an lcore. */
struct vega_plan_names {
	char name[VEGA_LCORE_CNT_MAX][VEGA_IF_CNT_MAX][VEGA_NAME_BYTES];
};
int vega_plan_name_queues(
	const struct vega_plan *plan, struct vega_plan_names *ret_names) VEGA_MUST_CHECK;

/* Who owns which feed, and the feeds as the region takes them, default ones last. */
int vega_plan_feeds(struct vega_plan *plan, const struct vega_plan_names *names) VEGA_MUST_CHECK;

/* The first queue of a port that an lcore polls; VEGA_CONF_ANY: none. */
uint32_t vega_plan_queue_of(const struct vega_plan_lcore *lcore, uint32_t port_idx);

void vega_plan_warn(struct vega_plan *plan, const char *fmt, ...) VEGA_PRINTF(2, 3);

#endif
