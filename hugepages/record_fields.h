/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_RECORD_FIELDS_H
#define VEGA_HUGEPAGES_RECORD_FIELDS_H
/*
 * A record's fields by name, once for `vega-bus tail` and for the journal's exports.
 *
 * Values are exact: the high halves of a WIDE record are put in, prices are the feed's integers, and what a message does not give
 * is left out. Times are the caller's: they need the lane's epoch.
 */
#include "hugepages/vega_record.h"

enum vega_value_type {
	VEGA_VALUE_UNSIGNED,
	VEGA_VALUE_SIGNED,
	VEGA_VALUE_REAL,
	VEGA_VALUE_TEXT
};

struct vega_record_value {
	const char *name; /* letters and '_', of static storage */
	enum vega_value_type type;
	uint64_t u;
	int64_t i;
	double real;
	char text[24]; /* printable ASCII: another byte is shown as '?' */
};

/* "PACKET", "TRADE" ...; "UNKNOWN" for a kind that this release does not have. */
const char *vega_record_kind_name(uint32_t kind);

/*
 * Call `each` for every field that the record gives: instrument or channel, side, action, flags, then its body.
 *
 * Params: wide		the WIDE record behind it, when it has the flag VEGA_RECORD_WIDE; or NULL
 * Any bytes are a record. Threads: any. Cost: no allocation.
 */
void vega_record_visit(const union vega_record *r, const union vega_record *wide,
	void (*each)(void *arg, const struct vega_record_value *value), void *arg);

#endif
