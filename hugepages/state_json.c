/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/state_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"

uint32_t
vega_state_digits(const struct vega_state_entry *e, uint32_t feed_digits)
{
	const uint32_t digits = e->digits != 255 ? e->digits : feed_digits;

	return digits <= VEGA_PRICE_DIGITS_MAX ? digits : 0;
}

char *
vega_state_price(char buf[VEGA_PRICE_TEXT_BYTES], int64_t price, uint32_t digits)
{
	const uint64_t size = price < 0 ? 0 - (uint64_t)price : (uint64_t)price;
	uint64_t one = 1;

	for (uint32_t i = 0; i < digits && i < VEGA_PRICE_DIGITS_MAX; i++)
		one *= 10;
	if (one == 1)
		(void)snprintf(buf, VEGA_PRICE_TEXT_BYTES, "%" PRId64, price);
	else
		(void)snprintf(buf, VEGA_PRICE_TEXT_BYTES, "%s%" PRIu64 ".%0*" PRIu64,
			price < 0 ? "-" : "", size / one, (int)digits, size % one);
	return buf;
}

char *
vega_state_symbol(const struct vega_state_entry *e, char buf[VEGA_STATE_SYMBOL_BYTES + 1])
{
	const size_t bytes = strnlen(e->symbol, sizeof(e->symbol));

	for (size_t i = 0; i < bytes; i++)
		buf[i] = e->symbol[i] >= ' ' && e->symbol[i] <= '~' ? e->symbol[i] : '?';
	buf[bytes] = '\0';
	return buf;
}

uint32_t
vega_state_level_cnt(const struct vega_state_entry *e, int is_ask)
{
	const uint32_t cnt = is_ask ? e->ask_cnt : e->bid_cnt;

	return cnt < VEGA_STATE_LEVEL_CNT ? cnt : VEGA_STATE_LEVEL_CNT;
}

static void
put_price(json_t *object, const char *key, int64_t value)
{
	(void)json_object_set_new(object, key, json_integer(value));
}

/* JSON has no word for a number that is none. */
static void
put_real(json_t *object, const char *key, double value)
{
	(void)json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

static json_t *
side_json(const struct vega_state_entry *e, int is_ask)
{
	const struct vega_state_level *levels = is_ask ? e->asks : e->bids;
	const uint32_t *orders = is_ask ? e->ask_orders : e->bid_orders;
	json_t *array = json_array();

	for (uint32_t i = 0; i < vega_state_level_cnt(e, is_ask); i++) {
		json_t *level = json_object();

		put_price(level, "px", levels[i].price);
		vega_json_put(level, "qty", levels[i].qty);
		if (orders[i] != 0)
			vega_json_put(level, "orders", orders[i]);
		(void)json_array_append_new(array, level);
	}
	return array;
}

static void
put_trading(json_t *object, const struct vega_state_entry *e)
{
	if ((e->flags & VEGA_STATE_HAS_LAST) != 0) {
		put_price(object, "last", e->last_price);
		vega_json_put(object, "last_qty", e->last_qty);
	}
	if ((e->flags & VEGA_STATE_HAS_AVERAGE) != 0)
		put_price(object, "average", e->average_price);
	if ((e->flags & VEGA_STATE_HAS_VOLUME) != 0)
		vega_json_put(object, "volume", e->volume);
	if ((e->flags & VEGA_STATE_HAS_OI) != 0)
		vega_json_put(object, "oi", e->oi);
	if ((e->flags & VEGA_STATE_HAS_OPEN) != 0)
		put_price(object, "open", e->open);
	if ((e->flags & VEGA_STATE_HAS_HIGH) != 0)
		put_price(object, "high", e->high);
	if ((e->flags & VEGA_STATE_HAS_LOW) != 0)
		put_price(object, "low", e->low);
	if ((e->flags & VEGA_STATE_HAS_CLOSE) != 0)
		put_price(object, "close", e->close);
}

static void
put_more(json_t *object, const struct vega_state_entry *e)
{
	if ((e->flags & VEGA_STATE_HAS_IV) != 0)
		put_real(object, "iv", e->iv);
	if ((e->flags & VEGA_STATE_HAS_GREEKS) != 0) {
		put_real(object, "delta", (double)e->delta);
		put_real(object, "theta", (double)e->theta);
		put_real(object, "gamma", (double)e->gamma);
		put_real(object, "vega", (double)e->vega);
		put_real(object, "rho", (double)e->rho);
	}
	if ((e->flags & VEGA_STATE_HAS_INDEX) != 0) {
		put_price(object, "index_value", e->index_value);
		put_price(object, "index_change", e->index_change);
	}
	if ((e->flags & VEGA_STATE_HAS_STATUS) != 0) {
		vega_json_put(object, "status", e->status);
		vega_json_put(object, "status_what", e->status_what);
	}
}

json_t *
vega_state_json(const struct vega_state_entry *e, const char *feed, uint32_t price_scale)
{
	char symbol[VEGA_STATE_SYMBOL_BYTES + 1];
	json_t *object = json_object();

	(void)json_object_set_new(object, "feed", json_string(feed));
	vega_json_put(object, "instrument", e->token);
	(void)json_object_set_new(object, "symbol", json_string(vega_state_symbol(e, symbol)));
	vega_json_put(object, "price_scale", price_scale);
	(void)json_object_set_new(
		object, "stale", json_boolean((e->flags & VEGA_STATE_STALE) != 0));
	if (e->exch_ns != 0)
		vega_json_put(object, "exch_ns", e->exch_ns);
	vega_json_put(object, "recv_ns", e->recv_ns);
	if (e->seq != UINT64_MAX)
		vega_json_put(object, "seq", e->seq);
	vega_json_put(object, "position", e->position);
	(void)json_object_set_new(object, "bids", side_json(e, 0));
	(void)json_object_set_new(object, "asks", side_json(e, 1));
	put_trading(object, e);
	put_more(object, e);
	return object;
}
