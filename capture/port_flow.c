/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/port_flow.h"

#include <netinet/in.h>
#include <rte_flow.h>
#include <string.h>

#include "hugepages/base/err.h"

#define ITEM_CNT_MAX 5

/* A rule as the driver reads it: pattern items point into the specs beside them. */
struct flow {
	struct rte_flow_item items[ITEM_CNT_MAX];
	uint32_t item_cnt;
	struct rte_flow_item_vlan vlan, vlan_mask;
	struct rte_flow_item_ipv4 ipv4, ipv4_mask;
	struct rte_flow_item_ipv6 ipv6, ipv6_mask;
	struct rte_flow_item_udp udp, udp_mask;
	struct rte_flow_action_queue queue;
	struct rte_flow_action actions[2];
	struct rte_flow_attr attr;
};

static void
add_item(struct flow *flow, enum rte_flow_item_type type, const void *spec, const void *mask)
{
	flow->items[flow->item_cnt++] =
		(struct rte_flow_item){.type = type, .spec = spec, .mask = mask};
}

static void
add_vlan(struct flow *flow, const struct vega_conf_channel *channel)
{
	if (channel->vlan == VEGA_CONF_ANY || channel->vlan == 0)
		return;
	flow->vlan.tci = htons((uint16_t)channel->vlan);
	flow->vlan_mask.tci = htons(0x0fff);
	add_item(flow, RTE_FLOW_ITEM_TYPE_VLAN, &flow->vlan, &flow->vlan_mask);
}

static void
add_group(struct flow *flow, const struct vega_conf_channel *channel)
{
	if (channel->family == 4) {
		memcpy(&flow->ipv4.hdr.dst_addr, channel->group, 4);
		flow->ipv4_mask.hdr.dst_addr = UINT32_MAX;
		add_item(flow, RTE_FLOW_ITEM_TYPE_IPV4, &flow->ipv4, &flow->ipv4_mask);
	} else if (channel->family == 6) {
		memcpy(flow->ipv6.hdr.dst_addr, channel->group, 16);
		memset(flow->ipv6_mask.hdr.dst_addr, 0xff, 16);
		add_item(flow, RTE_FLOW_ITEM_TYPE_IPV6, &flow->ipv6, &flow->ipv6_mask);
	} else if (channel->udp_port != VEGA_CONF_ANY) {
		add_item(flow, RTE_FLOW_ITEM_TYPE_IPV4, NULL, NULL);
	}
}

static void
add_udp(struct flow *flow, const struct vega_conf_channel *channel)
{
	if (channel->udp_port == VEGA_CONF_ANY)
		return;
	flow->udp.hdr.dst_port = htons((uint16_t)channel->udp_port);
	flow->udp_mask.hdr.dst_port = UINT16_MAX;
	add_item(flow, RTE_FLOW_ITEM_TYPE_UDP, &flow->udp, &flow->udp_mask);
}

static void
make(struct flow *flow, const struct vega_plan_rule *rule)
{
	*flow = (struct flow){.attr.ingress = 1, .queue.index = (uint16_t)rule->queue};
	add_item(flow, RTE_FLOW_ITEM_TYPE_ETH, NULL, NULL);
	add_vlan(flow, rule->channel);
	add_group(flow, rule->channel);
	add_udp(flow, rule->channel);
	add_item(flow, RTE_FLOW_ITEM_TYPE_END, NULL, NULL);
	flow->actions[0] = (struct rte_flow_action){RTE_FLOW_ACTION_TYPE_QUEUE, &flow->queue};
	flow->actions[1] = (struct rte_flow_action){RTE_FLOW_ACTION_TYPE_END, NULL};
}

static int
refuse(const struct vega_port *port, const struct vega_plan_rule *rule,
	const struct rte_flow_error *error)
{
	return VEGA_ERR(-ENOTSUP,
		"port %s: need it to steer %s to queue %u, as several lcores poll it, found: %s; "
		"let one lcore poll "
		"the whole port",
		port->name, rule->channel->text, rule->queue,
		error->message != NULL ? error->message : "no support for flow rules");
}

int
vega_port_flow_check(const struct vega_port *port, const struct vega_plan_rule *rule)
{
	struct rte_flow_error error = {0};
	struct flow flow;

	make(&flow, rule);
	if (rte_flow_validate(port->port_id, &flow.attr, flow.items, flow.actions, &error) != 0)
		return refuse(port, rule, &error);
	return 0;
}

int
vega_port_flow_create(const struct vega_port *port, const struct vega_plan_rule *rule)
{
	struct rte_flow_error error = {0};
	struct flow flow;

	make(&flow, rule);
	if (rte_flow_create(port->port_id, &flow.attr, flow.items, flow.actions, &error) == NULL)
		return refuse(port, rule, &error);
	return 0;
}
