/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "hugepages/plan_print.h"

int
vega_status_print(
	FILE *out, const struct vega_provision *p, const struct vega_stage_report *reports)
{
	const struct vega_host *host = &p->host;
	char page[32];
	char size[32];

	for (uint32_t i = 0; i < host->node_cnt; i++)
		(void)fprintf(out, "node %u: %s of memory free\n", host->nodes[i].id,
			vega_text_bytes(size, host->nodes[i].memory_free_bytes));
	for (uint32_t i = 0; i < host->pool_cnt; i++)
		(void)fprintf(out, "node %u: %" PRIu64 " hugepages of %s, %" PRIu64 " free\n",
			host->pools[i].node, host->pools[i].page_cnt,
			vega_stage_page_text(page, host->pools[i].page_bytes),
			host->pools[i].free_cnt);
	for (uint32_t i = 0; i < host->mount_cnt; i++)
		(void)fprintf(out, "hugetlbfs of %s: %s\n",
			vega_stage_page_text(page, host->mounts[i].page_bytes),
			host->mounts[i].path);
	for (size_t i = 0; vega_stages[i] != NULL; i++)
		(void)fprintf(out, "%-7s %-8s %s\n", vega_stages[i]->name,
			vega_stage_state_name(reports[i].state), reports[i].text);
	return fflush(out) == 0
		       ? 0
		       : VEGA_ERR(
				 -EIO, "need to write the status, found the output closed or full");
}

static json_t *
nodes_json(const struct vega_host *host)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < host->node_cnt; i++)
		(void)json_array_append_new(array,
			json_pack("{s:I, s:I, s:I}", "node", vega_json_int(host->nodes[i].id),
				"memory_bytes", vega_json_int(host->nodes[i].memory_bytes),
				"memory_free_bytes",
				vega_json_int(host->nodes[i].memory_free_bytes)));
	return array;
}

static json_t *
pools_json(const struct vega_host *host)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < host->pool_cnt; i++)
		(void)json_array_append_new(
			array, json_pack("{s:I, s:I, s:I, s:I, s:I}", "node",
				       vega_json_int(host->pools[i].node), "page_bytes",
				       vega_json_int(host->pools[i].page_bytes), "page_cnt",
				       vega_json_int(host->pools[i].page_cnt), "free_cnt",
				       vega_json_int(host->pools[i].free_cnt), "surplus_cnt",
				       vega_json_int(host->pools[i].surplus_cnt)));
	return array;
}

static json_t *
mounts_json(const struct vega_host *host)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < host->mount_cnt; i++)
		(void)json_array_append_new(
			array, json_pack("{s:I, s:s}", "page_bytes",
				       vega_json_int(host->mounts[i].page_bytes), "path",
				       host->mounts[i].path));
	return array;
}

static json_t *
cpus_json(const struct vega_host *host)
{
	json_t *array = json_array();

	for (uint32_t cpu = 0; cpu < host->cpu_cnt; cpu++)
		if (host->cpus[cpu].online)
			(void)json_array_append_new(
				array, json_pack("{s:I, s:I, s:b, s:s}", "cpu", vega_json_int(cpu),
					       "node", vega_json_int(host->cpus[cpu].node),
					       "isolated", (int)host->cpus[cpu].isolated,
					       "governor", host->cpus[cpu].governor));
	return array;
}

json_t *
vega_machine_json(const struct vega_host *host)
{
	json_t *object = json_object();

	(void)json_object_set_new(object, "page_default_bytes",
		json_integer(vega_json_int(host->page_default_bytes)));
	(void)json_object_set_new(object, "memlock_soft_bytes",
		json_integer(vega_json_int(host->memlock_soft_bytes)));
	(void)json_object_set_new(object, "memlock_hard_bytes",
		json_integer(vega_json_int(host->memlock_hard_bytes)));
	(void)json_object_set_new(object, "nodes", nodes_json(host));
	(void)json_object_set_new(object, "pools", pools_json(host));
	(void)json_object_set_new(object, "mounts", mounts_json(host));
	(void)json_object_set_new(object, "cpus", cpus_json(host));
	return object;
}

json_t *
vega_status_json(const struct vega_provision *p, const struct vega_stage_report *reports)
{
	json_t *object = vega_machine_json(&p->host);
	json_t *stages = json_array();
	bool ok = true;

	for (size_t i = 0; vega_stages[i] != NULL; i++) {
		ok = ok && reports[i].state <= VEGA_STAGE_ADVICE;
		(void)json_array_append_new(stages,
			json_pack("{s:s, s:s, s:s}", "stage", vega_stages[i]->name, "state",
				vega_stage_state_name(reports[i].state), "text", reports[i].text));
	}
	(void)json_object_set_new(object, "ok", json_boolean(ok));
	(void)json_object_set_new(
		object, "page_needed_bytes", json_integer(vega_json_int(p->need.page_bytes)));
	(void)json_object_set_new(
		object, "memlock_needed_bytes", json_integer(vega_json_int(p->need.memlock_bytes)));
	(void)json_object_set_new(object, "stages", stages);
	return object;
}
