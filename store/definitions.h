/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_DEFINITIONS_H
#define VEGA_STORE_DEFINITIONS_H
/*
 * What DEFINITION records have said so far: names and price digits, by token.
 */
#include <stddef.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_record.h"

#define VEGA_DIGITS_UNKNOWN 255u

struct vega_definitions {
	struct vega_definition *slots; /* open addressing, a power of two of them */
	size_t slot_cnt;
	size_t cnt;
};

/* Take in a DEFINITION record; channel: of its PACKET. Returns 0 or -ENOMEM with a message. */
int vega_definitions_learn(struct vega_definitions *definitions,
	const struct vega_definition_record *d, uint32_t channel) VEGA_MUST_CHECK;

/* The name of a token, "" when unknown; valid until the next learn. */
const char *vega_definitions_symbol(const struct vega_definitions *definitions, uint32_t token);

/* Decimal digits of its prices; of its channel's where it says none; VEGA_DIGITS_UNKNOWN: the feed's price_scale. */
uint32_t vega_definitions_digits(
	const struct vega_definitions *definitions, uint32_t token, uint32_t channel);

void vega_definitions_clear(struct vega_definitions *definitions);

#endif
