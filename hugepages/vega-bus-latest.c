/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-bus latest: the state of an instrument, now.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "hugepages/state_json.h"
#include "hugepages/vega-bus-instrument.h"
#include "hugepages/vega-bus-verbs.h"
#include "hugepages/vega_bus.h"

struct latest {
	const struct verb_options *options;
	struct vega_bus *bus;
	struct vega_state_entry entry;
	uint32_t digits;
};

/* ---- printing ------------------------------------------------------------------------------------------------- */

static void
print_price(const struct latest *l, const char *name, uint32_t flag, int64_t price)
{
	char text[VEGA_PRICE_TEXT_BYTES];

	if ((l->entry.flags & flag) != 0)
		(void)printf("  %-8s %s\n", name, vega_state_price(text, price, l->digits));
}

static void
print_count(const struct latest *l, const char *name, uint32_t flag, uint64_t count)
{
	if ((l->entry.flags & flag) != 0)
		(void)printf("  %-8s %" PRIu64 "\n", name, count);
}

static void
print_identity(const struct latest *l)
{
	const struct vega_state_entry *e = &l->entry;
	char symbol[VEGA_STATE_SYMBOL_BYTES + 1];
	char time[40];

	(void)printf("%s %" PRIu32, l->options->feed, e->token);
	if (vega_state_symbol(e, symbol)[0] != '\0')
		(void)printf(" %s", symbol);
	(void)printf("%s\n", (e->flags & VEGA_STATE_STALE) != 0
				     ? ": STALE, a gap may have taken something"
				     : "");
	if (e->exch_ns != 0)
		(void)printf("  %-8s %s\n", "exchange", vega_text_time(time, e->exch_ns));
	(void)printf("  %-8s %s", "received", vega_text_time(time, e->recv_ns));
	if (e->seq != UINT64_MAX)
		(void)printf(", sequence %" PRIu64, e->seq);
	(void)printf("\n");
}

static void
print_values(const struct latest *l)
{
	const struct vega_state_entry *e = &l->entry;

	print_price(l, "last", VEGA_STATE_HAS_LAST, e->last_price);
	print_count(l, "last qty", VEGA_STATE_HAS_LAST, e->last_qty);
	print_price(l, "average", VEGA_STATE_HAS_AVERAGE, e->average_price);
	print_count(l, "volume", VEGA_STATE_HAS_VOLUME, e->volume);
	print_count(l, "oi", VEGA_STATE_HAS_OI, e->oi);
	if ((e->flags & VEGA_STATE_HAS_IV) != 0)
		(void)printf("  %-8s %g\n", "iv", e->iv);
	print_price(l, "open", VEGA_STATE_HAS_OPEN, e->open);
	print_price(l, "high", VEGA_STATE_HAS_HIGH, e->high);
	print_price(l, "low", VEGA_STATE_HAS_LOW, e->low);
	print_price(l, "close", VEGA_STATE_HAS_CLOSE, e->close);
	print_price(l, "index", VEGA_STATE_HAS_INDEX, e->index_value);
	if ((e->flags & VEGA_STATE_HAS_GREEKS) != 0)
		(void)printf("  %-8s delta %g theta %g gamma %g vega %g rho %g\n", "greeks",
			(double)e->delta, (double)e->theta, (double)e->gamma, (double)e->vega,
			(double)e->rho);
}

/* "  3      150     24500.05": the bid is laid the other way round, so that the best prices meet. */
static void
print_level(const struct latest *l, uint32_t level, int is_ask)
{
	const struct vega_state_level *at = is_ask ? &l->entry.asks[level] : &l->entry.bids[level];
	const uint32_t orders = is_ask ? l->entry.ask_orders[level] : l->entry.bid_orders[level];
	char price[VEGA_PRICE_TEXT_BYTES] = "";
	char qty[24] = "";
	char count[16] = "";

	if (level < vega_state_level_cnt(&l->entry, is_ask)) {
		(void)vega_state_price(price, at->price, l->digits);
		(void)snprintf(qty, sizeof(qty), "%" PRIu64, at->qty);
		if (orders != 0)
			(void)snprintf(count, sizeof(count), "%" PRIu32, orders);
	}
	if (is_ask)
		(void)printf("   %-12s %12s %7s", price, qty, count);
	else
		(void)printf("%8s %12s %12s", count, qty, price);
}

static void
print_ladder(const struct latest *l)
{
	const uint32_t bid_cnt = vega_state_level_cnt(&l->entry, 0);
	const uint32_t ask_cnt = vega_state_level_cnt(&l->entry, 1);

	if (bid_cnt == 0 && ask_cnt == 0)
		return;
	(void)printf(
		"%8s %12s %12s   %-12s %12s %7s\n", "ORDERS", "QTY", "BID", "ASK", "QTY", "ORDERS");
	for (uint32_t i = 0; i < (bid_cnt > ask_cnt ? bid_cnt : ask_cnt); i++) {
		print_level(l, i, 0);
		print_level(l, i, 1);
		(void)printf("\n");
	}
}

static int
print_latest(const struct latest *l)
{
	if (l->options->json)
		return vega_cli_json(vega_state_json(&l->entry, l->options->feed, l->digits));
	print_identity(l);
	print_values(l);
	print_ladder(l);
	return 0;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

static int
read_entry(struct latest *l, uint32_t token)
{
	struct vega_bus_table *table;
	int rc = vega_bus_table_open(l->bus, l->options->feed, &table);

	if (rc < 0)
		return rc;
	rc = vega_bus_latest(table, token, &l->entry);
	vega_bus_table_close(table);
	if (rc == -ENOENT)
		return VEGA_ERR(rc, "need an instrument of feed %s, found no '%s' in its table yet",
			l->options->feed, l->options->instrument);
	if (rc == -EAGAIN)
		return VEGA_ERR(rc,
			"need the state of '%s' as it is when nobody writes it, found it half "
			"written: "
			"the capture is dead, or try again",
			l->options->instrument);
	return rc;
}

static int
run(struct latest *l)
{
	struct vega_bus_feed feed;
	uint32_t token;
	int rc = vega_bus_attach(l->options->region, &l->bus);

	if (rc == 0)
		rc = instrument_feed(l->bus, l->options->feed, &feed);
	if (rc == 0)
		rc = instrument_find(l->bus, l->options->feed, l->options->instrument, &token);
	if (rc == 0)
		rc = read_entry(l, token);
	if (rc < 0)
		return rc;
	l->digits = vega_state_digits(&l->entry, feed.price_scale);
	return print_latest(l);
}

int
verb_latest(const struct verb_options *o)
{
	struct latest l = {.options = o};
	int rc;

	if (o->feed == NULL || o->instrument == NULL)
		return VEGA_ERR(-EINVAL,
			"latest: need --feed FEED and --instrument N|SYMBOL, found no %s; see "
			"`vega-bus top`",
			o->feed == NULL ? "--feed" : "--instrument");
	rc = run(&l);
	vega_bus_detach(l.bus);
	return rc;
}
