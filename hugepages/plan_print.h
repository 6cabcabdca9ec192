/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_PLAN_PRINT_H
#define VEGA_HUGEPAGES_PLAN_PRINT_H
/*
 * What vega-hugepages prints: the memory map and sizes of a configuration, and the state of the machine.
 */
#include <jansson.h>
#include <stdio.h>

#include "hugepages/sizing.h"
#include "hugepages/stage.h"

/* To `out` for people, returns 0 or -EIO; or as a new JSON object. */
int vega_plan_print(FILE *out, const struct vega_conf *conf, const struct vega_layout *layout,
	const struct vega_need *need, const struct vega_traffic *traffic);
json_t *vega_plan_json(const struct vega_conf *conf, const struct vega_layout *layout,
	const struct vega_need *need, const struct vega_traffic *traffic);

/* Params: reports	one a stage, in the order of vega_stages */
int vega_status_print(
	FILE *out, const struct vega_provision *p, const struct vega_stage_report *reports);
json_t *vega_status_json(const struct vega_provision *p, const struct vega_stage_report *reports);

/* The machine alone: nodes, pools, mounts, limits. */
json_t *vega_machine_json(const struct vega_host *host);

#endif
