/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_PORT_SET_H
#define VEGA_CAPTURE_PORT_SET_H
/*
 * All ports of a capture, and the lcores that poll them: what vega-capture sees of DPDK. A build without DPDK has port_none.c
 * in its place, whose open says so.
 */
#include "capture/plan.h"
#include "capture/source.h"
#include "capture/stamp.h"
#include "hugepages/base/attr.h"
#include "hugepages/vega_counters.h"

struct vega_port_set;

/*
 * Start the EAL with the plan's lcores (the calling thread becomes the drain's) and set up every port.
 *
 * Params: plan	outlives the set
 *	   huge	take hugepages where enough are free
 * Returns 0; -ENODEV, -ENOTSUP, -ENOMEM (69); -EACCES (77); -EINVAL (64).
 */
int vega_port_set_open(const struct vega_plan *plan, bool huge, bool verbose,
	struct vega_port_set **ret_set) VEGA_MUST_CHECK;

/* Receive from now on, and let the ports steer where the plan says so. Returns 0; -EIO, -ENOTSUP (69). */
int vega_port_set_start(struct vega_port_set *set) VEGA_MUST_CHECK;

/* A source over one queue; tsc as in source_port.h. Returns 0 or -ENOMEM. */
int vega_port_set_source(const struct vega_port_set *set, const struct vega_plan_queue *queue,
	uint32_t interface_id, const struct vega_stamp *tsc,
	struct vega_source **ret_source) VEGA_MUST_CHECK;

/* The control thread's part, every 100 ms: port i's losses into cells[i], and the ports' own clocks. */
void vega_port_set_watch(struct vega_port_set *set, struct vega_port_cells *cells);

/* Run fn(arg) on rx lcore lcore_idx of the plan; wait for all. */
int vega_port_set_launch(uint32_t lcore_idx, int (*fn)(void *), void *arg) VEGA_MUST_CHECK;
void vega_port_set_wait(void);

/* Where the packet buffers lie: "hugepages" or "ordinary memory". */
const char *vega_port_set_memory(void);

/* Stop and close all, and the EAL; the sources are closed before. NULL is allowed. */
void vega_port_set_close(struct vega_port_set *set);

#endif
