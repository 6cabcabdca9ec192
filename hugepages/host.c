/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/err.h"

#define SMALL_FILE_BYTES  4096u
#define MOUNTS_FILE_BYTES (1u << 18)

/*
 * Read a file of /sys or /proc whole, as text. Returns its length, or -errno with buf "".
 */
static ssize_t VEGA_PRINTF(4, 5)
	read_text(const char *root, char *buf, size_t bytes, const char *fmt, ...)
{
	char path[512];
	size_t used = 0;
	ssize_t n;
	va_list ap;
	int len = snprintf(path, sizeof(path), "%s", root);
	int fd;

	buf[0] = '\0';
	va_start(ap, fmt);
	len += vsnprintf(path + len, sizeof(path) - (size_t)len, fmt, ap);
	va_end(ap);
	if ((size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + used, bytes - 1 - used)) > 0)
		used += (size_t)n;
	(void)close(fd);
	buf[used] = '\0';
	return n < 0 ? -EIO : (ssize_t)used;
}

/* A word of a /sys file that holds one number; 0 when it is missing or no number. */
static uint64_t
read_number(const char *root, const char *dir, const char *name)
{
	char text[64];

	if (read_text(root, text, sizeof(text), "%s/%s", dir, name) <= 0)
		return 0;
	return strtoull(text, NULL, 10);
}

/*
 * Take the next range of a kernel list such as "0-3,8,10-11\n".
 * Returns 1 with the range, 0 at the end, -EINVAL on anything else.
 */
static int
next_range(const char **cursor, uint32_t *ret_first, uint32_t *ret_last)
{
	const char *p = *cursor;
	unsigned long long first;
	unsigned long long last;
	char *end;

	while (*p == ',' || *p == '\n' || *p == ' ')
		p++;
	if (*p == '\0')
		return 0;
	if (*p < '0' || *p > '9')
		return -EINVAL;
	first = last = strtoull(p, &end, 10);
	if (*end == '-')
		last = strtoull(end + 1, &end, 10);
	if (last < first || last > UINT32_MAX - 1)
		return -EINVAL;
	*ret_first = (uint32_t)first;
	*ret_last = (uint32_t)last;
	*cursor = end;
	return 1;
}

static int
read_cpus_online(struct vega_host *host)
{
	char text[SMALL_FILE_BYTES];
	const char *cursor = text;
	uint32_t first;
	uint32_t last;
	int rc;

	if (read_text(host->root, text, sizeof(text), "/sys/devices/system/cpu/online") <= 0)
		return VEGA_ERR(-ENODEV,
			"need %s/sys/devices/system/cpu/online, found none; mount sysfs on /sys",
			host->root);
	while ((rc = next_range(&cursor, &first, &last)) == 1) {
		if (last >= VEGA_HOST_CPU_CNT_MAX)
			return VEGA_ERR(-ENODEV, "need at most %u processors, found number %u",
				VEGA_HOST_CPU_CNT_MAX, last);
		for (uint32_t cpu = first; cpu <= last; cpu++)
			host->cpus[cpu].online = true;
		host->cpu_cnt = last + 1 > host->cpu_cnt ? last + 1 : host->cpu_cnt;
	}
	text[strcspn(text, "\n")] = '\0';
	if (rc != 0 || host->cpu_cnt == 0)
		return VEGA_ERR(-ENODEV,
			"need a list of processors in %s/sys/devices/system/cpu/online, found '%s'",
			host->root, text);
	return 0;
}

static void
read_cpus_isolated(struct vega_host *host)
{
	char text[SMALL_FILE_BYTES];
	const char *cursor = text;
	uint32_t first;
	uint32_t last;

	(void)read_text(host->root, text, sizeof(text), "/sys/devices/system/cpu/isolated");
	while (next_range(&cursor, &first, &last) == 1)
		for (uint32_t cpu = first; cpu <= last && cpu < host->cpu_cnt; cpu++)
			host->cpus[cpu].isolated = true;
}

static void
read_governors(struct vega_host *host)
{
	for (uint32_t cpu = 0; cpu < host->cpu_cnt; cpu++) {
		char *name = host->cpus[cpu].governor;

		(void)read_text(host->root, name, sizeof(host->cpus[cpu].governor),
			"/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", cpu);
		name[strcspn(name, "\n")] = '\0';
	}
}

/* The number behind "label:" in a meminfo file, in bytes (the file has kB). */
static uint64_t
meminfo_bytes(const char *text, const char *label)
{
	const char *found = strstr(text, label);

	return found == NULL ? 0 : strtoull(found + strlen(label), NULL, 10) * 1024;
}

static void
read_node_memory(struct vega_host *host, struct vega_host_node *node)
{
	char text[SMALL_FILE_BYTES];

	if (read_text(host->root, text, sizeof(text), "/sys/devices/system/node/node%u/meminfo",
		    node->id) <= 0)
		(void)read_text(host->root, text, sizeof(text), "/proc/meminfo");
	node->memory_bytes = meminfo_bytes(text, "MemTotal:");
	node->memory_free_bytes = meminfo_bytes(text, "MemFree:");
}

static void
read_node_cpus(struct vega_host *host, uint32_t node)
{
	char text[SMALL_FILE_BYTES];
	const char *cursor = text;
	uint32_t first;
	uint32_t last;

	(void)read_text(
		host->root, text, sizeof(text), "/sys/devices/system/node/node%u/cpulist", node);
	while (next_range(&cursor, &first, &last) == 1)
		for (uint32_t cpu = first; cpu <= last && cpu < host->cpu_cnt; cpu++)
			host->cpus[cpu].node = node;
}

/* Page sizes are folders named hugepages-<kB>kB; the order of readdir says nothing, so pools are sorted later. */
static int
read_pools(struct vega_host *host, uint32_t node, const char *dir)
{
	char path[512];
	struct dirent *entry;
	DIR *stream;
	int rc = 0;

	(void)snprintf(path, sizeof(path), "%s%s", host->root, dir);
	stream = opendir(path);
	if (stream == NULL)
		return 0;
	while (rc == 0 && (entry = readdir(stream)) != NULL) {
		unsigned long long kib;

		if (sscanf(entry->d_name, "hugepages-%llukB", &kib) != 1 || kib == 0 ||
			kib > 1ull << 40)
			continue;
		if (host->pool_cnt == VEGA_HOST_POOL_CNT_MAX) {
			rc = VEGA_ERR(-ENODEV, "need at most %u hugepage pools, found more in %s",
				VEGA_HOST_POOL_CNT_MAX, path);
			break;
		}
		(void)snprintf(path, sizeof(path), "%s/hugepages-%llukB", dir, kib);
		host->pools[host->pool_cnt++] = (struct vega_host_pool){
			.page_bytes = kib * 1024,
			.node = node,
			.page_cnt = read_number(host->root, path, "nr_hugepages"),
			.free_cnt = read_number(host->root, path, "free_hugepages"),
			.surplus_cnt = read_number(host->root, path, "surplus_hugepages"),
		};
	}
	(void)closedir(stream);
	return rc;
}

static int
compare_pools(const void *a, const void *b)
{
	const struct vega_host_pool *x = a;
	const struct vega_host_pool *y = b;

	if (x->page_bytes != y->page_bytes)
		return x->page_bytes < y->page_bytes ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static int
read_node(struct vega_host *host, uint32_t id)
{
	struct vega_host_node *node;
	char dir[96];

	if (host->node_cnt == VEGA_HOST_NODE_CNT_MAX)
		return VEGA_ERR(
			-ENODEV, "need at most %u NUMA nodes, found more", VEGA_HOST_NODE_CNT_MAX);
	node = &host->nodes[host->node_cnt++];
	node->id = id;
	read_node_memory(host, node);
	read_node_cpus(host, id);
	(void)snprintf(dir, sizeof(dir), "/sys/devices/system/node/node%u/hugepages", id);
	return read_pools(host, id, dir);
}

static int
read_nodes(struct vega_host *host)
{
	char text[SMALL_FILE_BYTES];
	const char *cursor = text;
	uint32_t first;
	uint32_t last;
	int rc = 0;

	(void)read_text(host->root, text, sizeof(text), "/sys/devices/system/node/online");
	while (rc == 0 && next_range(&cursor, &first, &last) == 1)
		for (uint32_t id = first; rc == 0 && id <= last; id++)
			rc = read_node(host, id);
	if (rc != 0 || host->node_cnt != 0)
		return rc;
	/* A kernel without NUMA: all memory is node 0's. */
	host->node_cnt = 1;
	read_node_memory(host, &host->nodes[0]);
	return read_pools(host, 0, "/sys/kernel/mm/hugepages");
}

/* "pagesize=2M" among mount options, in bytes; the kernel's default size where it is not said. */
static uint64_t
mount_page_bytes(const struct vega_host *host, const char *options)
{
	const char *found = strstr(options, "pagesize=");
	uint64_t value;
	char *end;

	if (found == NULL)
		return host->page_default_bytes;
	value = strtoull(found + strlen("pagesize="), &end, 10);
	switch (*end) {
	case 'G':
		return value << 30;
	case 'M':
		return value << 20;
	case 'K':
	case 'k':
		return value << 10;
	default:
		return value;
	}
}

static int
read_mounts(struct vega_host *host)
{
	char *text = malloc(MOUNTS_FILE_BYTES);
	char *lines;
	char *line;

	if (text == NULL)
		return VEGA_ERR(-ENOMEM, "need %u bytes for /proc/mounts, found no memory",
			MOUNTS_FILE_BYTES);
	(void)read_text(host->root, text, MOUNTS_FILE_BYTES, "/proc/mounts");
	lines = text;
	while ((line = strsep(&lines, "\n")) != NULL && host->mount_cnt < VEGA_HOST_MOUNT_CNT_MAX) {
		struct vega_host_mount *mount = &host->mounts[host->mount_cnt];
		char options[512];
		char type[32];

		if (sscanf(line, "%*s %255s %31s %511s", mount->path, type, options) != 3 ||
			strcmp(type, "hugetlbfs") != 0)
			continue;
		mount->page_bytes = mount_page_bytes(host, options);
		host->mount_cnt++;
	}
	free(text);
	return 0;
}

static uint64_t
limit_bytes(const char *word)
{
	return strcmp(word, "unlimited") == 0 ? UINT64_MAX : strtoull(word, NULL, 10);
}

static void
read_memlock(struct vega_host *host)
{
	char text[SMALL_FILE_BYTES];
	char soft[32];
	char hard[32];
	const char *line;

	(void)read_text(host->root, text, sizeof(text), "/proc/self/limits");
	line = strstr(text, "Max locked memory");
	if (line == NULL || sscanf(line, "Max locked memory %31s %31s", soft, hard) != 2)
		return;
	host->memlock_soft_bytes = limit_bytes(soft);
	host->memlock_hard_bytes = limit_bytes(hard);
}

int
vega_host_read(const char *root, struct vega_host *ret_host)
{
	struct vega_host *host = ret_host;
	char text[SMALL_FILE_BYTES];
	int rc;

	memset(host, 0, sizeof(*host));
	if (strlen(root) >= sizeof(host->root))
		return VEGA_ERR(-EINVAL, "need a root folder of less than %u bytes, found '%s'",
			VEGA_HOST_ROOT_BYTES, root);
	(void)snprintf(host->root, sizeof(host->root), "%s", root);
	rc = read_cpus_online(host);
	if (rc == 0)
		rc = read_nodes(host);
	if (rc != 0)
		return rc;
	qsort(host->pools, host->pool_cnt, sizeof(host->pools[0]), compare_pools);
	(void)read_text(root, text, sizeof(text), "/proc/meminfo");
	host->page_default_bytes = meminfo_bytes(text, "Hugepagesize:");
	read_cpus_isolated(host);
	read_governors(host);
	read_memlock(host);
	return read_mounts(host);
}

const struct vega_host_pool *
vega_host_pool(const struct vega_host *host, uint64_t page_bytes, uint32_t node)
{
	for (uint32_t i = 0; i < host->pool_cnt; i++)
		if (host->pools[i].page_bytes == page_bytes && host->pools[i].node == node)
			return &host->pools[i];
	return NULL;
}

uint64_t
vega_host_pages(const struct vega_host *host, uint64_t page_bytes)
{
	uint64_t cnt = 0;

	for (uint32_t i = 0; i < host->pool_cnt; i++)
		cnt += host->pools[i].page_bytes == page_bytes ? host->pools[i].page_cnt : 0;
	return cnt;
}

uint64_t
vega_host_pages_free(const struct vega_host *host, uint64_t page_bytes)
{
	uint64_t cnt = 0;

	for (uint32_t i = 0; i < host->pool_cnt; i++)
		cnt += host->pools[i].page_bytes == page_bytes ? host->pools[i].free_cnt : 0;
	return cnt;
}

const char *
vega_host_mount(const struct vega_host *host, uint64_t page_bytes)
{
	for (uint32_t i = 0; i < host->mount_cnt; i++)
		if (host->mounts[i].page_bytes == page_bytes)
			return host->mounts[i].path;
	return NULL;
}

bool
vega_host_page_size_ok(const struct vega_host *host, uint64_t page_bytes)
{
	for (uint32_t i = 0; i < host->pool_cnt; i++)
		if (host->pools[i].page_bytes == page_bytes)
			return true;
	return false;
}

bool
vega_host_cpu_online(const struct vega_host *host, uint32_t cpu)
{
	return cpu < host->cpu_cnt && host->cpus[cpu].online;
}

bool
vega_host_has_node(const struct vega_host *host, uint32_t node)
{
	for (uint32_t i = 0; i < host->node_cnt; i++)
		if (host->nodes[i].id == node)
			return true;
	return false;
}
