/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TEST_FAKE_HOST_H
#define VEGA_TEST_FAKE_HOST_H
/*
 * A machine made of files: /sys and /proc trees in a temporary folder, for host and stage tests.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"

struct fake_host {
	char root[64];
};

/* A machine with node_cnt NUMA nodes of two processors each, empty pools of 2 MiB and 1 GiB, no mounts. */
void fake_host_new(struct fake_host *fake, uint32_t node_cnt);
void fake_host_delete(struct fake_host *fake);

/* Write a file below the root, making its folders. */
void fake_host_write(const struct fake_host *fake, const char *path, const char *fmt, ...)
	VEGA_PRINTF(3, 4);
void fake_host_read(const struct fake_host *fake, const char *path, char *buf, size_t bytes);
void fake_host_pool(const struct fake_host *fake, uint32_t node, uint64_t page_bytes,
	uint64_t page_cnt, uint64_t free_cnt);

#endif
