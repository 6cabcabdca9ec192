/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_FLOW_H
#define VEGA_GEN_FLOW_H
/*
 * A believable order flow for one stream: a few small books whose prices walk in ticks.
 *
 * It knows no wire format. Each call gives the next event of the stream; replayed in order they keep these
 * promises, which the tests check: ids of modified, cancelled and traded orders are live; a trade never takes more
 * than an order has left; an aggressive order is published before its trades, or where the market shows only orders that rest,
 * with what is left of it behind them; between trades no book is crossed.
 */
#include <stdbool.h>
#include <stdint.h>

#include "replay/gen_prng.h"

#define VEGA_FLOW_BOOK_CNT  8u  /* instruments of a stream */
#define VEGA_FLOW_ORDER_MAX 32u /* live orders of one side of one book */

enum vega_flow_kind {
	VEGA_FLOW_NEW,
	VEGA_FLOW_MODIFY,
	VEGA_FLOW_CANCEL,
	VEGA_FLOW_TRADE
};
enum vega_flow_side {
	VEGA_FLOW_BUY,
	VEGA_FLOW_SELL
};

struct vega_flow_event {
	enum vega_flow_kind kind;
	enum vega_flow_side side; /* of the order; of a trade: the aggressor's */
	uint32_t token;
	int32_t price; /* in the feed's units */
	int32_t qty;   /* units, not lots */
	int32_t less;  /* of a modification that only takes quantity away: how much; else 0 */
	/* A trade: buy and sell order, 0 for a market order; else [0] is the order. */
	uint64_t id[2];
	/* How often each has lost its place in the queue, this event included. */
	uint32_t moves[2];
};

/* What differs between markets. */
struct vega_flow_params {
	uint64_t id_base; /* the first order gets id_base + 1 */
	uint32_t token_base;
	uint32_t token_step;
	int32_t tick;
	int32_t lot_max;   /* lot sizes are 25, 50 ... up to it; 1: shares */
	uint32_t lots_max; /* of one order */
	bool rest_only;    /* an order is published when it rests */
};

struct vega_flow_order {
	uint64_t id;
	int32_t ticks;
	int32_t lots;
	uint32_t moves;
};

struct vega_flow_book {
	uint32_t token;
	int32_t lot;
	int32_t mid_ticks;
	int32_t open_ticks;
	uint32_t cnt[2];
	struct vega_flow_order orders[2][VEGA_FLOW_ORDER_MAX];
};

struct vega_flow {
	struct vega_prng prng;
	struct vega_flow_params params;
	uint64_t last_id;
	struct vega_flow_book *active; /* the book in which `aggressor` is trading, or NULL */
	enum vega_flow_side active_side;
	struct vega_flow_order aggressor;
	struct vega_flow_book books[VEGA_FLOW_BOOK_CNT];
};

void vega_flow_init(struct vega_flow *flow, const struct vega_flow_params *params, uint64_t seed,
	uint64_t branch);

/* Cost: no allocation, a scan of at most one side of one book. */
void vega_flow_next(struct vega_flow *flow, struct vega_flow_event *ret_event);

#endif
