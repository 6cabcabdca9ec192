/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hugepages, by `hugeadm --pool-pages-min SIZE:COUNT`.
 *
 * hugeadm takes COUNT as the size of the whole pool, over all nodes: a smaller one shrinks the pool, and it exits 0
 * when the kernel granted less. So COUNT is never below what is there, and only the kernel's own numbers, read again
 * afterwards, say what was granted. On a machine with several nodes the growth of the pool is bound to the node
 * that needs it by the memory policy hugeadm is told to obey.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "hugepages/stage.h"

static uint64_t
pool_pages(const struct vega_provision *p, uint64_t page_bytes, uint32_t node)
{
	const struct vega_host_pool *pool = vega_host_pool(&p->host, page_bytes, node);

	return pool != NULL ? pool->page_cnt : 0;
}

/* The last resort's words: why the kernel may have granted less, and what helps. */
static int
not_granted(const struct vega_provision *p, uint32_t node)
{
	const uint64_t needed = p->need.page_cnt[node];
	uint64_t memory_free = 0;
	char page[32];
	char memory[32];

	for (uint32_t i = 0; i < p->host.node_cnt; i++)
		if (p->host.nodes[i].id == node)
			memory_free = p->host.nodes[i].memory_free_bytes;
	(void)vega_stage_page_text(page, p->need.page_bytes);
	return VEGA_ERR(-ENOMEM,
		"need %" PRIu64 " hugepages of %s on NUMA node %u, found %" PRIu64
		" after hugeadm, with %s of memory free there: too little, or in pieces; free "
		"memory and `echo 1 > "
		"/proc/sys/vm/compact_memory`, or reserve at boot with hugepagesz=%s "
		"hugepages=%" PRIu64,
		needed, page, node, pool_pages(p, p->need.page_bytes, node),
		vega_text_bytes(memory, memory_free), page, needed);
}

static void
check(const struct vega_provision *p, struct vega_stage_report *report)
{
	const uint64_t size = p->need.page_bytes;
	uint64_t needed = 0;
	uint64_t total = vega_host_pages(&p->host, size);
	uint64_t free_cnt = vega_host_pages_free(&p->host, size);
	char page[32];

	(void)vega_stage_page_text(page, size);
	for (uint32_t node = 0; node < VEGA_HOST_NODE_CNT_MAX; node++) {
		uint64_t found = pool_pages(p, size, node);

		needed += p->need.page_cnt[node];
		if (found >= p->need.page_cnt[node])
			continue;
		report->state = found != 0 ? VEGA_STAGE_PARTIAL : VEGA_STAGE_MISSING;
		(void)snprintf(report->text, sizeof(report->text),
			"need %" PRIu64 " hugepages of %s on NUMA node %u, found %" PRIu64
			"; run `vega-hugepages init` as root",
			p->need.page_cnt[node], page, node, found);
		return;
	}
	report->state = free_cnt < needed ? VEGA_STAGE_ADVICE : VEGA_STAGE_OK;
	(void)snprintf(report->text, sizeof(report->text),
		"need %" PRIu64 " hugepages of %s, found %" PRIu64 ", %" PRIu64 " of them free%s",
		needed, page, total, free_cnt,
		free_cnt < needed
			? "; a running capture, its clients or other programs hold the rest"
			: "");
}

/* The entry of a pool in what was done, made at the first change. NULL when there is no room. */
static struct vega_done_pool *
done_pool(struct vega_provision *p, uint64_t page_bytes, uint32_t node)
{
	struct vega_done *done = &p->done;

	for (uint32_t i = 0; i < done->pool_cnt; i++)
		if (done->pools[i].page_bytes == page_bytes && done->pools[i].node == node)
			return &done->pools[i];
	if (done->pool_cnt == VEGA_HOST_POOL_CNT_MAX)
		return NULL;
	done->pools[done->pool_cnt] = (struct vega_done_pool){.page_bytes = page_bytes,
		.node = node,
		.before_cnt = pool_pages(p, page_bytes, node)};
	return &done->pools[done->pool_cnt++];
}

/* Bring one node's pool to page_cnt, and look again. hugeadm's exit status says nothing, so only -errno counts. */
static int
set_pool(struct vega_provision *p, uint64_t page_bytes, uint32_t node, uint64_t page_cnt)
{
	const uint64_t others =
		vega_host_pages(&p->host, page_bytes) - pool_pages(p, page_bytes, node);
	const bool one_node = p->host.node_cnt == 1;
	char page[32];
	char size[80];
	const char *const argv[] = {
		"hugeadm", "--pool-pages-min", size, one_node ? NULL : "--obey-numa-mempol", NULL};
	int rc;

	(void)snprintf(size, sizeof(size), "%s:%" PRIu64, vega_stage_page_text(page, page_bytes),
		others + page_cnt);
	rc = vega_stage_run(p, argv, one_node ? UINT32_MAX : node);
	return rc < 0 ? rc : vega_stage_look(p);
}

static int
grow(struct vega_provision *p, uint32_t node)
{
	const uint64_t size = p->need.page_bytes;
	const uint64_t before = pool_pages(p, size, node);
	const uint64_t needed = p->need.page_cnt[node];
	struct vega_done_pool *done;
	uint64_t added;
	int rc;

	if (needed <= before)
		return 0;
	done = done_pool(p, size, node);
	if (done == NULL)
		return VEGA_ERR(-ENODEV, "need at most %u pools to remember, found more",
			VEGA_HOST_POOL_CNT_MAX);
	added = done->added_cnt;
	done->added_cnt = added + needed - before;
	rc = vega_done_save(p);
	if (rc == 0)
		rc = set_pool(p, size, node, needed);
	if (rc != 0)
		return rc;
	done->added_cnt = added;
	if (pool_pages(p, size, node) > before)
		done->added_cnt += pool_pages(p, size, node) - before;
	rc = vega_done_save(p);
	if (rc == 0 && pool_pages(p, size, node) < needed)
		rc = not_granted(p, node);
	return rc;
}

static int
init(struct vega_provision *p)
{
	char page[32];

	if (!vega_host_page_size_ok(&p->host, p->need.page_bytes))
		return VEGA_ERR(-ENODEV,
			"need hugepages of %s, found that this kernel and processor offer none of "
			"that size; choose --page-size 2MiB",
			vega_stage_page_text(page, p->need.page_bytes));
	for (uint32_t node = 0; node < VEGA_HOST_NODE_CNT_MAX; node++) {
		int rc;

		if (p->need.page_cnt[node] != 0 && !vega_host_has_node(&p->host, node))
			return VEGA_ERR_CONFIG(
				"need NUMA node %u, found %u nodes; correct `numa` of the lcores",
				node, p->host.node_cnt);
		rc = grow(p, node);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Give back what was added, but never below what was there before, and not what others added since. */
static int
shrink(struct vega_provision *p, const struct vega_done_pool *done)
{
	const uint64_t now = pool_pages(p, done->page_bytes, done->node);
	uint64_t target = now > done->added_cnt ? now - done->added_cnt : 0;
	char page[32];
	int rc;

	target = target < done->before_cnt ? done->before_cnt : target;
	if (target >= now)
		return 0;
	rc = set_pool(p, done->page_bytes, done->node, target);
	if (rc != 0)
		return rc;
	if (pool_pages(p, done->page_bytes, done->node) > target)
		return VEGA_ERR(-EBUSY,
			"need %" PRIu64
			" hugepages of %s given back on NUMA node %u, found %" PRIu64
			" still there; stop the capture and its clients, then run fini again",
			now - target, vega_stage_page_text(page, done->page_bytes), done->node,
			pool_pages(p, done->page_bytes, done->node) - target);
	return 0;
}

static int
fini(struct vega_provision *p)
{
	while (p->done.pool_cnt != 0) {
		int rc = shrink(p, &p->done.pools[p->done.pool_cnt - 1]);

		if (rc != 0)
			return rc;
		p->done.pool_cnt--;
		rc = vega_done_save(p);
		if (rc != 0)
			return rc;
	}
	return 0;
}

const struct vega_stage vega_stage_pages = {
	.name = "pages", .needs = NULL, .check = check, .init = init, .fini = fini};
