/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_ZONE_H
#define VEGA_BASE_ZONE_H
/*
 * Trading days and times as people write them.
 *
 * A zone is made once, before threads start (it borrows the C library's zone table through TZ); after that
 * every function here is pure, allocates nothing and may be called by any thread.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"

struct vega_zone;

/* One trading day: [begin_ns, end_ns) in ns since the Unix epoch, and its name. */
struct vega_day {
	uint64_t begin_ns;
	uint64_t end_ns;
	/* At which its date begins in the zone; day_start_s before begin_ns as a rule. */
	uint64_t midnight_ns;
	uint32_t yyyymmdd;
};

/*
 * Params: iana		"Asia/Kolkata", "UTC" ...; must exist in the system's zone database
 *	   day_start_s	seconds after local midnight at which day D begins, 0 to 86399
 * Returns 0, -EINVAL (no such zone; with a message), -ENOMEM. Not thread-safe.
 */
int vega_zone_new(
	const char *iana, uint32_t day_start_s, struct vega_zone **ret_zone) VEGA_MUST_CHECK;
void vega_zone_delete(struct vega_zone *zone);

/* The trading day that holds a time. */
struct vega_day vega_zone_day(const struct vega_zone *zone, uint64_t ns);

/*
 * Parse a time: RFC 3339 with up to nine fraction digits and an offset or Z, or whole ns since the epoch, or
 * HH:MM[:SS[.fraction]] of the day `yyyymmdd` (the calendar date in the zone; an hour before day_start is the next date's).
 *
 * Params: zone		may be NULL when yyyymmdd is 0: then HH:MM is refused
 * Returns 0, or -EINVAL with a message that names `what`.
 */
int vega_parse_time(const char *what, const char *text, const struct vega_zone *zone,
	uint32_t yyyymmdd, uint64_t *ret_ns) VEGA_MUST_CHECK;

/* RFC 3339 with nine digits in UTC, into buf; returns buf. */
char *vega_text_time(char buf[40], uint64_t ns);

#endif
