/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "capture/plan_parts.h"
#include "hugepages/base/err.h"

/* Which lcore polls a queue, plus one; 0: none yet. */
struct polled {
	uint32_t by[VEGA_PORT_CNT_MAX][VEGA_CONF_QUEUE_CNT_MAX];
};

static int
add_queue(struct vega_plan *plan, uint32_t lcore_idx, uint32_t port_idx, uint32_t queue,
	struct polled *polled)
{
	struct vega_plan_lcore *lcore = &plan->lcores[lcore_idx];
	const struct vega_conf_port *port = &plan->conf->ports[port_idx];
	uint32_t *by = &polled->by[port_idx][queue];

	if (*by != 0)
		return VEGA_ERR_CONFIG("need each queue polled once, found queue %u of port %s "
				       "polled by lcores[%u] and "
				       "lcores[%u]; take it from one",
			queue, port->name, *by - 1, lcore_idx);
	if (lcore->queue_cnt == VEGA_IF_CNT_MAX)
		return VEGA_ERR_CONFIG("need at most %u queues on an lcore, since a frame lane has "
				       "as many interfaces, found "
				       "more on lcores[%u]; add lcores",
			VEGA_IF_CNT_MAX, lcore_idx);
	*by = lcore_idx + 1;
	lcore->queues[lcore->queue_cnt++] = (struct vega_plan_queue){port_idx, queue};
	return 0;
}

static int
add_poll(struct vega_plan *plan, uint32_t lcore_idx, const struct vega_conf_poll *poll,
	struct polled *polled)
{
	const struct vega_conf_port *port = &plan->conf->ports[poll->port_idx];
	int rc = 0;

	if (poll->queue != VEGA_CONF_ANY && poll->queue >= port->queue_cnt)
		return VEGA_ERR_CONFIG("lcores[%u].polls: need a queue that port %s has, found "
				       "queue %u of %u; raise its queues:",
			lcore_idx, port->name, poll->queue, port->queue_cnt);
	if (poll->queue != VEGA_CONF_ANY)
		return add_queue(plan, lcore_idx, poll->port_idx, poll->queue, polled);
	for (uint32_t q = 0; q < port->queue_cnt && rc == 0; q++)
		rc = add_queue(plan, lcore_idx, poll->port_idx, q, polled);
	return rc;
}

/* Nobody said who polls: one lcore, wherever the system puts it, polls everything. */
static int
poll_everything(struct vega_plan *plan, struct polled *polled)
{
	int rc = 0;

	plan->lcore_cnt = 1;
	plan->lcores[0].cpu = VEGA_CONF_ANY;
	plan->lcores[0].numa = VEGA_CONF_ANY;
	for (uint32_t p = 0; p < plan->conf->port_cnt && rc == 0; p++) {
		const struct vega_conf_poll all = {p, VEGA_CONF_ANY};

		rc = add_poll(plan, 0, &all, polled);
	}
	return rc;
}

static int
check_all_polled(const struct vega_plan *plan, const struct polled *polled)
{
	for (uint32_t p = 0; p < plan->conf->port_cnt; p++)
		for (uint32_t q = 0; q < plan->conf->ports[p].queue_cnt; q++)
			if (polled->by[p][q] == 0)
				return VEGA_ERR_CONFIG("need each queue polled, found queue %u of "
						       "port %s polled by no lcore; "
						       "add it to the polls: of one",
					q, plan->conf->ports[p].name);
	return 0;
}

int
vega_plan_polls(struct vega_plan *plan)
{
	const struct vega_conf *conf = plan->conf;
	struct polled polled = {0};
	int rc = 0;

	if (conf->port_cnt == 0)
		return VEGA_ERR_CONFIG(
			"need a port, found none; give --port, or ports: in the configuration");
	if (conf->lcore_cnt == 0)
		return poll_everything(plan, &polled);
	for (uint32_t i = 0; i < conf->lcore_cnt; i++) {
		plan->lcores[i].cpu = conf->lcores[i].cpu;
		plan->lcores[i].numa = conf->lcores[i].numa;
		plan->lcore_cnt++;
		for (uint32_t k = 0; k < conf->lcores[i].poll_cnt && rc == 0; k++)
			rc = add_poll(plan, i, &conf->lcores[i].polls[k], &polled);
	}
	return rc != 0 ? rc : check_all_polled(plan, &polled);
}

int
vega_plan_name_queues(const struct vega_plan *plan, struct vega_plan_names *ret_names)
{
	for (uint32_t i = 0; i < plan->lcore_cnt; i++)
		for (uint32_t k = 0; k < plan->lcores[i].queue_cnt; k++) {
			const struct vega_plan_queue *queue = &plan->lcores[i].queues[k];
			const struct vega_conf_port *port = &plan->conf->ports[queue->port_idx];
			char *name = ret_names->name[i][k];
			int len;

			if (port->queue_cnt == 1)
				len = snprintf(name, VEGA_NAME_BYTES, "%s", port->name);
			else
				len = snprintf(
					name, VEGA_NAME_BYTES, "%s:%u", port->name, queue->queue);
			if (len >= (int)VEGA_NAME_BYTES)
				return VEGA_ERR_CONFIG("need a port name of at most 28 bytes where "
						       "there are several queues, "
						       "found '%s'; shorten it",
					port->name);
		}
	return 0;
}

uint32_t
vega_plan_queue_of(const struct vega_plan_lcore *lcore, uint32_t port_idx)
{
	for (uint32_t k = 0; k < lcore->queue_cnt; k++)
		if (lcore->queues[k].port_idx == port_idx)
			return lcore->queues[k].queue;
	return VEGA_CONF_ANY;
}

/* ---- processors ----------------------------------------------------------------------------------------------- */

static int
check_cpu(
	const struct vega_plan *plan, const struct vega_host *host, const char *what, uint32_t cpu)
{
	uint32_t uses = plan->drain_cpu == cpu ? 1 : 0;

	if (cpu == VEGA_CONF_ANY)
		return 0;
	for (uint32_t i = 0; i < plan->lcore_cnt; i++)
		uses += plan->lcores[i].cpu == cpu ? 1 : 0;
	if (uses > 1)
		return VEGA_ERR_CONFIG("%s: need a processor of its own, found processor %u given "
				       "twice; change one",
			what, cpu);
	if (host != NULL && !vega_host_cpu_online(host, cpu))
		return VEGA_ERR_CONFIG("%s: need a processor that is online, found %u, and %u as "
				       "the highest; see `lscpu -e`",
			what, cpu, host->cpu_cnt - 1);
	return 0;
}

/* The node that was asked for is there; `own` becomes the processor's. */
static int
settle_numa(struct vega_plan *plan, const struct vega_host *host, uint32_t lcore_idx)
{
	struct vega_plan_lcore *lcore = &plan->lcores[lcore_idx];
	uint32_t own;

	if (host == NULL || lcore->cpu == VEGA_CONF_ANY)
		return 0;
	own = host->cpus[lcore->cpu].node;
	if (lcore->numa == VEGA_CONF_ANY)
		lcore->numa = own;
	if (!vega_host_has_node(host, lcore->numa))
		return VEGA_ERR_CONFIG("lcores[%u].numa: need a NUMA node that this machine has, "
				       "found %u; its nodes are in "
				       "`vega-hugepages status`",
			lcore_idx, lcore->numa);
	if (lcore->numa != own)
		vega_plan_warn(plan,
			"lcores[%u]: processor %u is on node %u, its memory on node %u: every "
			"packet crosses",
			lcore_idx, lcore->cpu, own, lcore->numa);
	return 0;
}

/*
 * One processor for each rx lcore, one for the drain, and one for the control thread and everybody else, or nobody spins
 * unasked: a machine whose every processor spins has none left for the sender of its own test traffic.
 */
static void
settle_idle(struct vega_plan *plan, const struct vega_host *host)
{
	const uint32_t busy = plan->lcore_cnt + 1;
	uint32_t cpus = 0;

	for (uint32_t i = 0; host != NULL && i < host->cpu_cnt; i++)
		cpus += vega_host_cpu_online(host, i) ? 1 : 0;
	plan->idle = plan->conf->idle;
	if (plan->idle == VEGA_IDLE_AUTO)
		plan->idle = busy < cpus ? VEGA_IDLE_SPIN : VEGA_IDLE_ADAPTIVE;
	if (host != NULL && busy > cpus)
		vega_plan_warn(plan, "%u busy threads share %u processors%s", busy, cpus,
			plan->idle == VEGA_IDLE_SPIN ? " and spin: set idle: adaptive"
						     : "; idle ones sleep 50us at a time");
}

int
vega_plan_cpus(struct vega_plan *plan, const struct vega_host *host)
{
	int rc = check_cpu(plan, host, "drain.cpu", plan->drain_cpu);

	for (uint32_t i = 0; i < plan->lcore_cnt && rc == 0; i++) {
		char what[32];

		(void)snprintf(what, sizeof(what), "lcores[%u].cpu", i);
		rc = check_cpu(plan, host, what, plan->lcores[i].cpu);
		if (rc == 0)
			rc = settle_numa(plan, host, i);
	}
	if (rc == 0)
		settle_idle(plan, host);
	return rc;
}
