/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processors of the capture: there, isolated from the scheduler, at full clock, near their memory. All of it is the
 * kernel's command line or the firmware, so this stage only looks. A missing processor or node cannot
 * work; the rest is advice.
 */
#include <stdio.h>
#include <string.h>

#include "hugepages/stage.h"

static bool
check_one(
	const struct vega_host *host, uint32_t cpu, uint32_t node, struct vega_stage_report *report)
{
	const struct vega_host_cpu *found;

	report->state = VEGA_STAGE_MISSING;
	if (!vega_host_cpu_online(host, cpu)) {
		(void)snprintf(report->text, sizeof(report->text),
			"need processor %u, found it not online (the highest is %u); correct `cpu` "
			"of the lcores",
			cpu, host->cpu_cnt - 1);
		return false;
	}
	found = &host->cpus[cpu];
	if (node != UINT32_MAX && !vega_host_has_node(host, node)) {
		(void)snprintf(report->text, sizeof(report->text),
			"need NUMA node %u, found %u nodes; correct `numa` of the lcore on "
			"processor %u",
			node, host->node_cnt, cpu);
		return false;
	}
	report->state = VEGA_STAGE_ADVICE;
	if (node != UINT32_MAX && node != found->node)
		(void)snprintf(report->text, sizeof(report->text),
			"need processor %u on NUMA node %u, found it on node %u; choose one of "
			"that node",
			cpu, node, found->node);
	else if (!found->isolated)
		(void)snprintf(report->text, sizeof(report->text),
			"need processor %u isolated, found it shared with other programs; boot "
			"with isolcpus=%u nohz_full=%u "
			"rcu_nocbs=%u",
			cpu, cpu, cpu, cpu);
	else if (found->governor[0] != '\0' && strcmp(found->governor, "performance") != 0)
		(void)snprintf(report->text, sizeof(report->text),
			"need the governor `performance` on processor %u, found `%s`; run "
			"`cpupower -c %u frequency-set -g "
			"performance`",
			cpu, found->governor, cpu);
	else
		report->state = VEGA_STAGE_OK;
	return report->state == VEGA_STAGE_OK;
}

/* Tells the worst of all processors, the first where several are as bad. */
static void
check(const struct vega_provision *p, struct vega_stage_report *report)
{
	report->state = VEGA_STAGE_OK;
	if (p->need.cpu_cnt == 0)
		(void)snprintf(report->text, sizeof(report->text),
			"no processor is assigned in the configuration; the machine has %u",
			p->host.cpu_cnt);
	else
		(void)snprintf(report->text, sizeof(report->text),
			"%u processors are there, isolated and at full clock", p->need.cpu_cnt);
	for (uint32_t i = 0; i < p->need.cpu_cnt; i++) {
		struct vega_stage_report one;

		if (!check_one(&p->host, p->need.cpus[i].cpu, p->need.cpus[i].node, &one) &&
			one.state > report->state)
			*report = one;
	}
}

const struct vega_stage vega_stage_lcores = {.name = "lcores", .check = check};
