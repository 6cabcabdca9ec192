/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hugetlbfs of the wanted page size: the region's lanes file lies there. A mount that somebody else made, wherever
 * it is, serves as well, and is left alone.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hugepages/base/err.h"
#include "hugepages/stage.h"

/* Below the root, where we mount: /dev/hugepages for the usual size, /dev/hugepages-1G for another. */
static void
mount_path(uint64_t page_bytes, char path[64])
{
	char page[32];

	if (page_bytes == 2u << 20)
		(void)snprintf(path, 64, "/dev/hugepages");
	else
		(void)snprintf(
			path, 64, "/dev/hugepages-%s", vega_stage_page_text(page, page_bytes));
}

static void
check(const struct vega_provision *p, struct vega_stage_report *report)
{
	const char *found = vega_host_mount(&p->host, p->need.page_bytes);
	char page[32];
	char path[64];

	(void)vega_stage_page_text(page, p->need.page_bytes);
	if (found != NULL) {
		report->state = VEGA_STAGE_OK;
		(void)snprintf(report->text, sizeof(report->text), "hugetlbfs of %s pages on %s",
			page, found);
		return;
	}
	mount_path(p->need.page_bytes, path);
	report->state = VEGA_STAGE_MISSING;
	(void)snprintf(report->text, sizeof(report->text),
		"need a hugetlbfs of %s pages, found none in /proc/mounts; run `vega-hugepages "
		"init` as root or `mount -t hugetlbfs "
		"-o pagesize=%s nodev %s`",
		page, page, path);
}

static int
remember(struct vega_provision *p, const char *path)
{
	struct vega_done *done = &p->done;

	for (uint32_t i = 0; i < done->mount_cnt; i++)
		if (strcmp(done->mounts[i], path) == 0)
			return 0;
	if (done->mount_cnt == VEGA_HOST_MOUNT_CNT_MAX)
		return VEGA_ERR(
			-ENODEV, "need at most %u mounts, found more", VEGA_HOST_MOUNT_CNT_MAX);
	(void)snprintf(done->mounts[done->mount_cnt++], sizeof(done->mounts[0]), "%s", path);
	return vega_done_save(p);
}

static int
init(struct vega_provision *p)
{
	char option[48] = "pagesize=";
	char path[64];
	char full[VEGA_HOST_ROOT_BYTES + 64];
	const char *const argv[] = {"mount", "-t", "hugetlbfs", "-o", option, "nodev", full, NULL};
	int rc;

	(void)vega_stage_page_text(option + strlen(option), p->need.page_bytes);
	mount_path(p->need.page_bytes, path);
	(void)snprintf(full, sizeof(full), "%s%s", p->host.root, path);
	if (mkdir(full, 0755) != 0 && errno != EEXIST)
		return VEGA_ERR(-errno, "need the folder %s, found it cannot be made (%m)", full);
	rc = remember(p, path);
	if (rc != 0)
		return rc;
	rc = vega_stage_run(p, argv, UINT32_MAX);
	return rc < 0 ? rc : vega_stage_look(p);
}

static bool
mounted(const struct vega_provision *p, const char *path)
{
	for (uint32_t i = 0; i < p->host.mount_cnt; i++)
		if (strcmp(p->host.mounts[i].path, path) == 0)
			return true;
	return false;
}

static int
unmount(struct vega_provision *p, const char *path)
{
	char full[VEGA_HOST_ROOT_BYTES + 256];
	const char *const argv[] = {"umount", full, NULL};
	int rc;

	(void)snprintf(full, sizeof(full), "%s%s", p->host.root, path);
	if (!mounted(p, path))
		return 0;
	rc = vega_stage_run(p, argv, UINT32_MAX);
	if (rc >= 0)
		rc = vega_stage_look(p);
	if (rc != 0)
		return rc;
	if (mounted(p, path))
		return VEGA_ERR(-EBUSY,
			"need %s unmounted, found it in use; stop the capture and its clients "
			"(`fuser -vm %s`), then run fini again",
			path, path);
	(void)rmdir(full);
	return 0;
}

static int
fini(struct vega_provision *p)
{
	while (p->done.mount_cnt != 0) {
		int rc = unmount(p, p->done.mounts[p->done.mount_cnt - 1]);

		if (rc != 0)
			return rc;
		p->done.mount_cnt--;
		rc = vega_done_save(p);
		if (rc != 0)
			return rc;
	}
	return 0;
}

const struct vega_stage vega_stage_mount = {
	.name = "mount", .needs = "pages", .check = check, .init = init, .fini = fini};
