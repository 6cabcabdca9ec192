/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BUS_FILTER_H
#define VEGA_HUGEPAGES_BUS_FILTER_H
/*
 * Which records a cursor that has subscribed to some instruments gives. Pure; one thread.
 */
#include "hugepages/base/attr.h"
#include "hugepages/vega_record.h"

struct vega_bus_filter;

/* Returns 0 or -ENOMEM. */
int vega_bus_filter_new(const uint32_t *instruments, uint32_t cnt,
	struct vega_bus_filter **ret_filter) VEGA_MUST_CHECK;
void vega_bus_filter_delete(struct vega_bus_filter *filter);

/* Records that may be kept back: a PACKET and its TIME. */
#define VEGA_BUS_HELD_MAX 2u

/*
 * Keep in `to` what is wanted of cnt records in `from`, which may lie VEGA_BUS_HELD_MAX records behind `to`. A PACKET is kept back
 * until a record of its event is wanted, so there may be as many more than there were.
 *
 * Returns how many.
 */
uint32_t vega_bus_filter_keep(struct vega_bus_filter *filter, union vega_record *to,
	const union vega_record *from, uint32_t cnt);

/* After a lap, the packet that was kept back is of the past. */
void vega_bus_filter_forget(struct vega_bus_filter *filter);

#endif
