/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_ZEROED_H
#define VEGA_TESTS_ZEROED_H
/*
 * Memory as a new region has it: zeros, page after page. The end of the process frees it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/attr.h"

static inline void *
zeroed(uint64_t bytes)
{
	void *memory = aligned_alloc(4096, vega_align_up(bytes, 4096));

	if (memory == NULL)
		abort();
	return memset(memory, 0, vega_align_up(bytes, 4096));
}

#endif
