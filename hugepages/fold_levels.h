/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_FOLD_LEVELS_H
#define VEGA_HUGEPAGES_FOLD_LEVELS_H
/*
 * The ten levels of an entry's sides. Private to fold*.c; the entry is begun.
 */
#include <stdbool.h>

#include "hugepages/state_table.h"
#include "hugepages/vega_record.h"

/*
 * One side of a LEVEL record.
 *
 * Params: number	1 and up; what is behind the tenth is not kept
 *	   level, orders	for SET and INSERT
 */
void vega_fold_level(struct vega_state_entry *e, bool is_ask, enum vega_level_action action,
	uint32_t number, struct vega_state_level level, uint32_t orders);

/* Both sides are empty. */
void vega_fold_clear(struct vega_state_entry *e);

#endif
