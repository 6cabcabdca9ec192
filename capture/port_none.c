/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In place of port_set.c in a build without DPDK: opening says so, and nothing else is ever called.
 */
#include "capture/port_set.h"
#include "hugepages/base/err.h"

int
vega_port_set_open(
	const struct vega_plan *plan, bool huge, bool verbose, struct vega_port_set **ret_set)
{
	(void)plan;
	(void)huge;
	(void)verbose;
	(void)ret_set;
	return VEGA_ERR(-ENOTSUP, "need DPDK for --port, found a build without it; install "
				  "libdpdk-dev and build with -Ddpdk=enabled");
}

int
vega_port_set_start(struct vega_port_set *set)
{
	(void)set;
	return -ENOTSUP;
}

int
vega_port_set_source(const struct vega_port_set *set, const struct vega_plan_queue *queue,
	uint32_t interface_id, const struct vega_stamp *tsc, struct vega_source **ret_source)
{
	(void)set;
	(void)queue;
	(void)interface_id;
	(void)tsc;
	(void)ret_source;
	return -ENOTSUP;
}

void
vega_port_set_watch(struct vega_port_set *set, struct vega_port_cells *cells)
{
	(void)set;
	(void)cells;
}

int
vega_port_set_launch(uint32_t lcore_idx, int (*fn)(void *), void *arg)
{
	(void)lcore_idx;
	(void)fn;
	(void)arg;
	return -ENOTSUP;
}

void
vega_port_set_wait(void)
{
}

const char *
vega_port_set_memory(void)
{
	return "no";
}

void
vega_port_set_close(struct vega_port_set *set)
{
	(void)set;
}
