/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_SYMBOLS_H
#define VEGA_STORE_SYMBOLS_H
/*
 * What DEFINITION records have said so far: names and price digits, by token.
 */
#include <stddef.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_record.h"

#define VEGA_DIGITS_UNKNOWN 255u

struct vega_symbols {
	struct vega_symbol *slots; /* open addressing, a power of two of them */
	size_t slot_cnt;
	size_t cnt;
};

/* Take in a DEFINITION record; channel: of its PACKET. Returns 0 or -ENOMEM with a message. */
int vega_symbols_learn(struct vega_symbols *symbols, const struct vega_definition_record *d,
	uint32_t channel) VEGA_MUST_CHECK;

/* The name of a token, "" when unknown; valid until the next learn. */
const char *vega_symbols_name(const struct vega_symbols *symbols, uint32_t token);

/* Decimal digits of its prices; of its channel's where it says none; VEGA_DIGITS_UNKNOWN: the feed's price_scale. */
uint32_t vega_symbols_digits(const struct vega_symbols *symbols, uint32_t token, uint32_t channel);

void vega_symbols_clear(struct vega_symbols *symbols);

#endif
