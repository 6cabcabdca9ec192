/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /run/vega/provision.json: what init changed, so that fini takes back that and nothing else. Written before each act
 * (with what is about to be added) and after it (with what was granted); lost with a reboot, as the pages are.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/err.h"
#include "hugepages/stage.h"

static void
done_path(const struct vega_provision *p, char path[512], const char *suffix)
{
	(void)snprintf(path, 512, "%s/run/vega/provision.json%s", p->host.root, suffix);
}

static json_t *
pool_json(const struct vega_done_pool *pool)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "page_bytes", (json_int_t)pool->page_bytes, "node",
		(json_int_t)pool->node, "before_cnt", (json_int_t)pool->before_cnt, "added_cnt",
		(json_int_t)pool->added_cnt);
}

int
vega_done_save(const struct vega_provision *p)
{
	const struct vega_done *done = &p->done;
	json_t *pools = json_array();
	json_t *mounts = json_array();
	char path[512];
	char temporary[512];
	json_t *object;
	int bad;

	for (uint32_t i = 0; i < done->pool_cnt; i++)
		(void)json_array_append_new(pools, pool_json(&done->pools[i]));
	for (uint32_t i = 0; i < done->mount_cnt; i++)
		(void)json_array_append_new(mounts, json_string(done->mounts[i]));
	object = json_pack("{s:i, s:o, s:o}", "version", 1, "pools", pools, "mounts", mounts);
	done_path(p, path, "");
	done_path(p, temporary, ".new");
	bad = object == NULL || json_dump_file(object, temporary, JSON_INDENT(2)) != 0 ||
	      rename(temporary, path) != 0;
	json_decref(object);
	if (bad)
		return VEGA_ERR(-EIO, "need to write %s, found it cannot be written (%m)", path);
	return 0;
}

static int
load_pool(struct vega_done *done, const json_t *item)
{
	json_int_t page_bytes;
	json_int_t node;
	json_int_t before;
	json_int_t added;

	if (done->pool_cnt == VEGA_HOST_POOL_CNT_MAX ||
		json_unpack((json_t *)(uintptr_t)item, "{s:I, s:I, s:I, s:I}", "page_bytes",
			&page_bytes, "node", &node, "before_cnt", &before, "added_cnt",
			&added) != 0)
		return -EBADMSG;
	if (page_bytes <= 0 || before < 0 || added < 0 || node < 0 ||
		node >= VEGA_HOST_NODE_CNT_MAX)
		return -EBADMSG;
	done->pools[done->pool_cnt++] = (struct vega_done_pool){.page_bytes = (uint64_t)page_bytes,
		.node = (uint32_t)node,
		.before_cnt = (uint64_t)before,
		.added_cnt = (uint64_t)added};
	return 0;
}

static int
load_mount(struct vega_done *done, const json_t *item)
{
	const char *path = json_string_value(item);

	if (path == NULL || path[0] != '/' || strlen(path) >= sizeof(done->mounts[0]) ||
		done->mount_cnt == VEGA_HOST_MOUNT_CNT_MAX)
		return -EBADMSG;
	(void)snprintf(done->mounts[done->mount_cnt++], sizeof(done->mounts[0]), "%s", path);
	return 0;
}

static int
load_object(struct vega_done *done, const json_t *object)
{
	const json_t *pools = json_object_get(object, "pools");
	const json_t *mounts = json_object_get(object, "mounts");
	int rc = 0;

	if (json_integer_value(json_object_get(object, "version")) != 1 || !json_is_array(pools) ||
		!json_is_array(mounts))
		return -EBADMSG;
	for (size_t i = 0; rc == 0 && i < json_array_size(pools); i++)
		rc = load_pool(done, json_array_get(pools, i));
	for (size_t i = 0; rc == 0 && i < json_array_size(mounts); i++)
		rc = load_mount(done, json_array_get(mounts, i));
	return rc;
}

int
vega_done_load(struct vega_provision *p)
{
	char path[512];
	json_t *object;
	int rc;

	memset(&p->done, 0, sizeof(p->done));
	done_path(p, path, "");
	if (access(path, F_OK) != 0)
		return 0;
	object = json_load_file(path, 0, NULL);
	rc = object == NULL ? -EBADMSG : load_object(&p->done, object);
	json_decref(object);
	if (rc != 0)
		return VEGA_ERR(rc,
			"need the list of what init changed in %s, found it damaged; look at it, "
			"undo by hand and remove it",
			path);
	return 0;
}
