/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_HOST_H
#define VEGA_HUGEPAGES_HOST_H
/*
 * What the machine has: NUMA nodes, hugepage pools, hugetlbfs mounts, processors, limits.
 *
 * Read from /sys and /proc under a root folder, so that a test hands in a tree of its own. What a file
 * does not say is zero or "": a machine without cpufreq has governors "", one without NUMA has node 0 alone.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

#define VEGA_HOST_CPU_CNT_MAX   1024u
#define VEGA_HOST_NODE_CNT_MAX  16u
#define VEGA_HOST_POOL_CNT_MAX  64u /* page sizes times nodes */
#define VEGA_HOST_MOUNT_CNT_MAX 16u
#define VEGA_HOST_ROOT_BYTES    192u

/* One processor; the index in vega_host.cpus is its number. */
struct vega_host_cpu {
	bool online;
	bool isolated; /* isolcpus= on the kernel's command line */
	uint32_t node;
	char governor[16]; /* "performance", "" when the machine has none */
};

struct vega_host_node {
	uint32_t id;
	uint64_t memory_bytes;
	uint64_t memory_free_bytes;
};

/* The pool of one hugepage size on one node. */
struct vega_host_pool {
	uint64_t page_bytes;
	uint32_t node;
	uint64_t page_cnt; /* all there are, surplus included */
	uint64_t free_cnt;
	uint64_t surplus_cnt;
};

struct vega_host_mount {
	uint64_t page_bytes;
	char path[256];
};

struct vega_host {
	char root[VEGA_HOST_ROOT_BYTES]; /* "" for the machine itself */
	uint32_t cpu_cnt;                /* highest number online + 1 */
	uint32_t node_cnt;
	uint32_t pool_cnt;
	uint32_t mount_cnt;
	uint64_t page_default_bytes; /* the kernel's default hugepage size, 0: none */
	uint64_t memlock_soft_bytes; /* UINT64_MAX: unlimited */
	uint64_t memlock_hard_bytes;
	struct vega_host_node nodes[VEGA_HOST_NODE_CNT_MAX];
	struct vega_host_pool pools[VEGA_HOST_POOL_CNT_MAX];
	struct vega_host_mount mounts[VEGA_HOST_MOUNT_CNT_MAX];
	struct vega_host_cpu cpus[VEGA_HOST_CPU_CNT_MAX];
};

/*
 * Read everything. Params: root	"" for the machine, else a folder that holds sys/ and proc/
 *
 * Returns 0; -ENODEV (69) when /sys is not there or the machine is above a maximum above.
 * Cost: some hundred small files; no allocation that outlives the call.
 */
int vega_host_read(const char *root, struct vega_host *ret_host) VEGA_MUST_CHECK;

/* The pool of a page size on a node, or NULL. */
const struct vega_host_pool *vega_host_pool(
	const struct vega_host *host, uint64_t page_bytes, uint32_t node);

/* Pages of a size, and free ones, over all nodes. */
uint64_t vega_host_pages(const struct vega_host *host, uint64_t page_bytes);
uint64_t vega_host_pages_free(const struct vega_host *host, uint64_t page_bytes);

/* Where hugetlbfs of a page size is mounted, or NULL. */
const char *vega_host_mount(const struct vega_host *host, uint64_t page_bytes);

/* Does the kernel offer this page size at all? */
bool vega_host_page_size_ok(const struct vega_host *host, uint64_t page_bytes);

bool vega_host_cpu_online(const struct vega_host *host, uint32_t cpu);
bool vega_host_has_node(const struct vega_host *host, uint32_t node);

#endif
