/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/hugepages/fake_host.h"

#include <assert.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void
make_folders(char *path)
{
	for (char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
}

void
fake_host_write(const struct fake_host *fake, const char *path, const char *fmt, ...)
{
	char full[512];
	FILE *file;
	va_list ap;

	(void)snprintf(full, sizeof(full), "%s%s", fake->root, path);
	make_folders(full);
	file = fopen(full, "w");
	assert(file != NULL);
	va_start(ap, fmt);
	(void)vfprintf(file, fmt, ap);
	va_end(ap);
	(void)fclose(file);
}

void
fake_host_read(const struct fake_host *fake, const char *path, char *buf, size_t bytes)
{
	char full[512];
	FILE *file;
	size_t n = 0;

	(void)snprintf(full, sizeof(full), "%s%s", fake->root, path);
	file = fopen(full, "r");
	if (file != NULL) {
		n = fread(buf, 1, bytes - 1, file);
		(void)fclose(file);
	}
	buf[n] = '\0';
}

void
fake_host_pool(const struct fake_host *fake, uint32_t node, uint64_t page_bytes, uint64_t page_cnt,
	uint64_t free_cnt)
{
	char dir[128];
	char path[192];

	(void)snprintf(dir, sizeof(dir),
		"/sys/devices/system/node/node%u/hugepages/hugepages-%" PRIu64 "kB", node,
		page_bytes / 1024);
	(void)snprintf(path, sizeof(path), "%s/nr_hugepages", dir);
	fake_host_write(fake, path, "%" PRIu64 "\n", page_cnt);
	(void)snprintf(path, sizeof(path), "%s/free_hugepages", dir);
	fake_host_write(fake, path, "%" PRIu64 "\n", free_cnt);
	(void)snprintf(path, sizeof(path), "%s/surplus_hugepages", dir);
	fake_host_write(fake, path, "0\n");
}

void
fake_host_new(struct fake_host *fake, uint32_t node_cnt)
{
	char path[128];

	(void)snprintf(fake->root, sizeof(fake->root), "/tmp/vega-fake-host-XXXXXX");
	if (mkdtemp(fake->root) == NULL)
		abort();
	fake_host_write(fake, "/sys/devices/system/cpu/online", "0-%u\n", node_cnt * 2 - 1);
	fake_host_write(fake, "/sys/devices/system/cpu/isolated", "\n");
	fake_host_write(fake, "/sys/devices/system/node/online", node_cnt == 1 ? "0\n" : "0-%u\n",
		node_cnt - 1);
	for (uint32_t node = 0; node < node_cnt; node++) {
		(void)snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node);
		fake_host_write(fake, path, "%u-%u\n", node * 2, node * 2 + 1);
		(void)snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", node);
		fake_host_write(fake, path,
			"Node %u MemTotal:       16777216 kB\nNode %u MemFree:        8388608 kB\n",
			node, node);
		fake_host_pool(fake, node, 2u << 20, 0, 0);
		fake_host_pool(fake, node, 1u << 30, 0, 0);
	}
	fake_host_write(fake, "/proc/meminfo",
		"MemTotal: 16777216 kB\nMemFree: 8388608 kB\nHugepagesize:       2048 kB\n");
	fake_host_write(fake, "/proc/mounts", "proc /proc proc rw 0 0\n");
	fake_host_write(fake, "/proc/self/limits",
		"Limit                     Soft Limit           Hard Limit           Units     \n"
		"Max locked memory         8388608              unlimited            bytes     \n");
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
fake_host_delete(struct fake_host *fake)
{
	(void)nftw(fake->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
