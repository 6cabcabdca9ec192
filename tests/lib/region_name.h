/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_REGION_NAME_H
#define VEGA_TESTS_REGION_NAME_H
/*
 * A region of the test's own: its name, and everything of it away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hugepages/region.h"

static inline void
region_name(char name[32], const char *test)
{
	(void)snprintf(name, 32, "%s-%d", test, (int)getpid());
}

/* Returns 0, or what rm said. */
static inline int
region_remove(const char *name)
{
	char dir[224];
	char command[600];

	vega_region_root(dir);
	(void)snprintf(
		command, sizeof(command), "rm -rf '%s/%s' /dev/shm/vega-%s.*", dir, name, name);
	return system(command);
}

#endif
