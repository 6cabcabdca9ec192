/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/port_set.h"

#include <stdlib.h>

#include "capture/eal.h"
#include "capture/port.h"
#include "capture/port_flow.h"
#include "capture/source_port.h"
#include "hugepages/base/err.h"

struct vega_port_set {
	const struct vega_plan *plan;
	uint32_t port_cnt; /* opened so far */
	struct vega_port ports[];
};

static int
start_eal(const struct vega_plan *plan, bool huge, bool verbose)
{
	const char *devices[VEGA_PORT_CNT_MAX];
	struct vega_eal_conf conf = {
		.devices = devices,
		.device_cnt = plan->conf->port_cnt,
		.huge = huge,
		.verbose = verbose,
		.main_cpu = plan->drain_cpu,
		.worker_cnt = plan->lcore_cnt,
	};

	for (uint32_t i = 0; i < plan->conf->port_cnt; i++) {
		devices[i] = plan->conf->ports[i].device;
		conf.pool_bytes += vega_port_pool_bytes(&plan->conf->ports[i]);
	}
	for (uint32_t i = 0; i < plan->lcore_cnt; i++)
		conf.worker_cpus[i] = plan->lcores[i].cpu;
	return vega_eal_start(&conf);
}

static int
open_ports(struct vega_port_set *set)
{
	const struct vega_plan *plan = set->plan;
	int rc = 0;

	while (rc == 0 && set->port_cnt < plan->conf->port_cnt) {
		rc = vega_port_open(&plan->conf->ports[set->port_cnt], &set->ports[set->port_cnt]);
		if (rc == 0)
			set->port_cnt++;
	}
	for (uint32_t i = 0; rc == 0 && i < plan->rule_cnt; i++)
		rc = vega_port_flow_check(&set->ports[plan->rules[i].port_idx], &plan->rules[i]);
	return rc;
}

int
vega_port_set_open(
	const struct vega_plan *plan, bool huge, bool verbose, struct vega_port_set **ret_set)
{
	struct vega_port_set *set;
	/* a stamp cell is guarded by whole lines */
	const size_t bytes = sizeof(*set) + plan->conf->port_cnt * sizeof(set->ports[0]);
	int rc;

	set = aligned_alloc(VEGA_GUARD_BYTES, vega_align_up(bytes, VEGA_GUARD_BYTES));
	if (set == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for %u ports", plan->conf->port_cnt);
	set->plan = plan;
	set->port_cnt = 0;
	rc = start_eal(plan, huge, verbose);
	if (rc != 0) {
		free(set);
		return rc;
	}
	vega_eal_hush();
	rc = open_ports(set);
	vega_eal_unhush();
	if (rc != 0)
		vega_port_set_close(set);
	else
		*ret_set = set;
	return rc;
}

int
vega_port_set_start(struct vega_port_set *set)
{
	int rc = 0;

	vega_eal_hush();
	for (uint32_t i = 0; rc == 0 && i < set->port_cnt; i++)
		rc = vega_port_start(&set->ports[i]);
	for (uint32_t i = 0; rc == 0 && i < set->plan->rule_cnt; i++)
		rc = vega_port_flow_create(
			&set->ports[set->plan->rules[i].port_idx], &set->plan->rules[i]);
	vega_eal_unhush();
	return rc;
}

int
vega_port_set_source(const struct vega_port_set *set, const struct vega_plan_queue *queue,
	uint32_t interface_id, const struct vega_stamp *tsc, struct vega_source **ret_source)
{
	return vega_source_port_open(&set->ports[queue->port_idx], (uint16_t)queue->queue,
		interface_id, tsc, ret_source);
}

void
vega_port_set_watch(struct vega_port_set *set, struct vega_port_cells *cells)
{
	for (uint32_t i = 0; i < set->port_cnt; i++) {
		vega_port_losses(&set->ports[i], &cells[i]);
		vega_port_stamp(&set->ports[i]);
	}
}

int
vega_port_set_launch(uint32_t lcore_idx, int (*fn)(void *), void *arg)
{
	return vega_eal_launch(lcore_idx, fn, arg);
}

void
vega_port_set_wait(void)
{
	vega_eal_wait();
}

const char *
vega_port_set_memory(void)
{
	return vega_eal_memory();
}

void
vega_port_set_close(struct vega_port_set *set)
{
	if (set == NULL)
		return;
	vega_eal_hush();
	for (uint32_t i = 0; i < set->port_cnt; i++)
		vega_port_close(&set->ports[i]);
	vega_eal_stop();
	vega_eal_unhush();
	free(set);
}
