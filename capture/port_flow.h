/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_PORT_FLOW_H
#define VEGA_CAPTURE_PORT_FLOW_H
/*
 * Steering: a feed's packets into the queue of the lcore that owns it, where several lcores poll one port.
 */
#include "capture/plan.h"
#include "capture/port.h"

/* Can the port do it? Asked before it starts. Returns 0, or -ENOTSUP (69) with the driver's reason. */
int vega_port_flow_check(
	const struct vega_port *port, const struct vega_plan_rule *rule) VEGA_MUST_CHECK;

/* Let it do it, once it has started. Returns 0 or -ENOTSUP (69). Ends with the port. */
int vega_port_flow_create(
	const struct vega_port *port, const struct vega_plan_rule *rule) VEGA_MUST_CHECK;

#endif
