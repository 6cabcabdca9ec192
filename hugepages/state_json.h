/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_STATE_JSON_H
#define VEGA_HUGEPAGES_STATE_JSON_H
/*
 * The state of an instrument for people and for other programs. An entry may hold any bytes: counts are held within their arrays,
 * and text is made printable, before anything is shown.
 */
#include <jansson.h>
#include <stdint.h>

#include "hugepages/vega_state.h"

/*
 * {"feed", "instrument", "symbol", "price_scale", "stale", "exch_ns", "recv_ns", "seq", "position", "bids": [{"px", "qty", "orders"}],
 * "asks", "last" ...}. Prices are the feed's integers; what was never told is left out, orders of a level that are not known too.
 *
 * Params: price_scale	vega_state_digits of it
 * Returns a new object, NULL when memory is short.
 */
json_t *vega_state_json(const struct vega_state_entry *e, const char *feed, uint32_t price_scale);

#define VEGA_PRICE_DIGITS_MAX 18u

/* Decimal digits of its prices: its definition's, else the feed's. Never above VEGA_PRICE_DIGITS_MAX: more is none. */
uint32_t vega_state_digits(const struct vega_state_entry *e, uint32_t feed_digits);

/* "-24500.05" of -2450005 with two digits, into buf; returns buf. Exact: no floating point. */
#define VEGA_PRICE_TEXT_BYTES 24u
char *vega_state_price(char buf[VEGA_PRICE_TEXT_BYTES], int64_t price, uint32_t digits);

/* Its symbol, printable and ended; "" when it has none. Into buf; returns buf. */
char *vega_state_symbol(const struct vega_state_entry *e, char buf[VEGA_STATE_SYMBOL_BYTES + 1]);

/* How many levels it gives of a side: never more than there is room for. */
uint32_t vega_state_level_cnt(const struct vega_state_entry *e, int is_ask);

#endif
