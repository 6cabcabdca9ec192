/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_SUMMARY_H
#define VEGA_CAPTURE_SUMMARY_H
/*
 * What a capture says when it ends: the ledgers checked, the sums for people or as JSON.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/region.h"
#include "hugepages/stat.h"

struct vega_summary {
	struct vega_stat stat; /* taken when every loop had ended */
	uint64_t duration_ns;
	char memory[192];    /* of the lanes, in words */
	const char *buffers; /* of the ports' packet buffers, NULL: no ports */
	const char *journal; /* NULL: none */
};

/* Take the counters of a capture whose loops have ended. */
void vega_summary_take(struct vega_summary *summary, const struct vega_region *region);

/*
 * Do the counts add up: received, published, framed, written?
 * Returns 0, or -EOVERFLOW with exit status 70 and a message: a fault of this program.
 */
int vega_summary_check(const struct vega_summary *summary) VEGA_MUST_CHECK;

/* Print on standard output. Returns 0 or -EIO. */
int vega_summary_print(const struct vega_summary *summary, bool json) VEGA_MUST_CHECK;

#endif
