/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_MEMORY_H
#define VEGA_HUGEPAGES_MEMORY_H
/*
 * The memory behind the lanes: a file on hugetlbfs, or in /dev/shm, wholly allocated before it is used.
 */
#include "hugepages/frame.h"
#include "hugepages/region.h"

struct vega_memory_map {
	uint8_t *address;
	uint64_t page_bytes;
	uint32_t memory; /* enum vega_memory */
	char path[256];
};

/*
 * Allocate and map the lanes file of a new generation; every page is faulted in and zero. The caller holds the region's
 * name: lanes of it that nobody has locked are of dead captures and are removed first.
 *
 * Params: layout	lanes_bytes and page_bytes are rounded to the memory found
 * Returns 0; -ENOMEM (69) with needed, found, holders of an old map, and the cure; -EACCES (77).
 */
int vega_memory_map(const struct vega_region_conf *conf, uint64_t generation,
	struct vega_layout *layout, struct vega_memory_map *ret_map) VEGA_MUST_CHECK;
void vega_memory_unmap(uint8_t *address, uint64_t bytes, const char *path);

#endif
