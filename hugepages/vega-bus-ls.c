/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-bus ls: the regions of this user.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "hugepages/region.h"
#include "hugepages/stat.h"
#include "hugepages/vega-bus-verbs.h"

static void
print_region(const struct vega_stat *stat)
{
	const struct vega_control *c = &stat->image.control;
	char since[40];
	char size[32];

	(void)printf("%-16s %-11s %-31s %8" PRIu64 " %6u %12s\n", c->name, vega_stat_state(stat),
		vega_text_time(since, c->generation), c->pid, c->feed_cnt,
		vega_text_bytes(size, c->lanes_bytes));
}

static json_t *
region_json(const struct vega_stat *stat)
{
	const struct vega_control *c = &stat->image.control;
	json_t *object = json_object();

	(void)json_object_set_new(object, "region", json_string(c->name));
	(void)json_object_set_new(object, "state", json_string(vega_stat_state(stat)));
	(void)json_object_set_new(object, "generation", json_integer((json_int_t)c->generation));
	(void)json_object_set_new(object, "pid", json_integer((json_int_t)c->pid));
	(void)json_object_set_new(object, "feed_cnt", json_integer(c->feed_cnt));
	(void)json_object_set_new(object, "lanes_bytes", json_integer((json_int_t)c->lanes_bytes));
	return object;
}

/* Every folder of the root that holds a control file; what is none is passed over with a word. */
static void
list(DIR *dir, struct vega_stat *stat, json_t *regions)
{
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		int rc;

		if (entry->d_type == DT_REG || !vega_name_ok(entry->d_name))
			continue;
		rc = verb_take_stat(entry->d_name, stat, NULL);
		if (rc == -ENOENT)
			continue;
		if (rc != 0)
			(void)vega_err_exit(PROGRAM, rc);
		else if (regions != NULL)
			(void)json_array_append_new(regions, region_json(stat));
		else
			print_region(stat);
	}
}

int
verb_ls(const struct verb_options *o)
{
	json_t *regions = NULL;
	struct vega_stat *stat = calloc(1, sizeof(*stat));
	char root[224];
	DIR *dir;

	if (stat == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a report, found none");
	if (o->json)
		regions = json_array();
	else
		(void)printf("%-16s %-11s %-31s %8s %6s %12s\n", "REGION", "STATE", "SINCE", "PID",
			"FEEDS", "LANES");
	vega_region_root(root);
	dir = opendir(root);
	if (dir != NULL) {
		list(dir, stat, regions);
		(void)closedir(dir);
	}
	free(stat);
	return regions != NULL ? vega_cli_json(json_pack("{s:o}", "regions", regions)) : 0;
}
