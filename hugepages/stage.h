/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_STAGE_H
#define VEGA_HUGEPAGES_STAGE_H
/*
 * Provisioning in stages: look, act, look again.
 *
 *	pages	enough hugepages on each NUMA node	reserved with hugeadm
 *	mount	a hugetlbfs of their size		mounted
 *	limits	locked memory				looked at only
 *	lcores	processors, isolation, governor, NUMA	looked at only
 *
 * An init acts only where its check finds something missing, tells every privileged act through `say` before it is
 * done, writes down in /run/vega/provision.json what it is about to change, and then believes nothing but what
 * the kernel says when asked again. A fini takes back what that file holds, no more: pages that
 * others added since stay.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/host.h"

#define VEGA_STAGE_TEXT_BYTES 768u

enum vega_stage_state {
	VEGA_STAGE_OK = 0,
	VEGA_STAGE_ADVICE = 1, /* works, but not at its best */
	VEGA_STAGE_PARTIAL = 2,
	VEGA_STAGE_MISSING = 3
};

struct vega_stage_report {
	enum vega_stage_state state;
	char text[VEGA_STAGE_TEXT_BYTES]; /* one line: needed, found and, when not OK, what to do */
};

/* What a capture needs of the machine. */
struct vega_need {
	uint64_t page_bytes;
	uint64_t page_cnt[VEGA_HOST_NODE_CNT_MAX]; /* by NUMA node id */
	uint64_t memlock_bytes;
	uint32_t cpu_cnt;
	struct {
		uint32_t cpu;
		uint32_t node; /* where its memory must come from; UINT32_MAX: the cpu's own */
	} cpus[33];            /* rx lcores and the drain */
};

/* What init changed, and fini takes back; provision.json holds it. */
struct vega_done_pool {
	uint64_t page_bytes;
	uint32_t node;
	uint64_t before_cnt; /* pages before the first init */
	uint64_t added_cnt;  /* by all inits since */
};

struct vega_done {
	uint32_t pool_cnt;
	struct vega_done_pool pools[VEGA_HOST_POOL_CNT_MAX];
	uint32_t mount_cnt;
	char mounts[VEGA_HOST_MOUNT_CNT_MAX][256];
};

struct vega_provision {
	struct vega_need need;
	struct vega_host host; /* as last read */
	struct vega_done done;
	void (*say)(const char *line); /* "RUN: hugeadm --pool-pages-min ..." */
};

struct vega_stage {
	const char *name;
	const char *needs; /* the stage that must be in place before this one acts, or NULL */
	void (*check)(const struct vega_provision *p, struct vega_stage_report *ret_report);
	int (*init)(struct vega_provision *p); /* NULL: the operator's business */
	int (*fini)(struct vega_provision *p);
};

/* In the order of init; NULL ends it. */
extern const struct vega_stage *const vega_stages[];
extern const struct vega_stage vega_stage_pages;
extern const struct vega_stage vega_stage_mount;
extern const struct vega_stage vega_stage_limits;
extern const struct vega_stage vega_stage_lcores;

const char *vega_stage_state_name(enum vega_stage_state state);

/*
 * Run every stage's init in order / fini in reverse order. One at a time on a machine: a second waits.
 *
 * Params: root		"" for the machine (see host.h); p->need and p->say are set, the rest is filled in
 * Returns 0; -ENODEV or -ENOMEM (69) when the machine cannot give what is needed; -EACCES or -EPERM (77); -EBUSY (75)
 * when a mount is in use. What was done until then stays and is written down.
 */
int vega_provision_init(struct vega_provision *p, const char *root) VEGA_MUST_CHECK;
int vega_provision_fini(struct vega_provision *p, const char *root) VEGA_MUST_CHECK;

/* For the stages: run a program without a shell, bound to a NUMA node's memory unless node is UINT32_MAX.
 * Returns its exit status, or -errno with a message when it could not be run. */
int vega_stage_run(
	const struct vega_provision *p, const char *const *argv, uint32_t node) VEGA_MUST_CHECK;

/* For the stages: write p->done down, read it back (a missing file is an empty one), read the machine again. */
int vega_done_save(const struct vega_provision *p) VEGA_MUST_CHECK;
int vega_done_load(struct vega_provision *p) VEGA_MUST_CHECK;
int vega_stage_look(struct vega_provision *p) VEGA_MUST_CHECK;

/* "2M", "1G", "64K": a page size as kernel, mount and hugeadm write it. */
char *vega_stage_page_text(char buf[32], uint64_t page_bytes);

#endif
