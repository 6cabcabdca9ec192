/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_flow.h"

#include <string.h>

/* A side thinner than this only grows: there is always something to modify, cancel and hit. */
#define THIN_CNT 6u

/* Shares of what happens next, of 64; the rest are new orders. */
#define MODIFY_SHARE 20u
#define CANCEL_SHARE 13u
#define TAKE_SHARE   5u
#define MARKET_SHARE 2u

void
vega_flow_init(struct vega_flow *flow, const struct vega_flow_params *params, uint64_t seed,
	uint64_t branch)
{
	memset(flow, 0, sizeof(*flow));
	flow->params = *params;
	flow->last_id = params->id_base;
	vega_prng_seed(&flow->prng, seed, branch);
	for (uint32_t i = 0; i < VEGA_FLOW_BOOK_CNT; i++) {
		struct vega_flow_book *book = &flow->books[i];
		uint32_t lot_cnt = params->lot_max >= 25 ? (uint32_t)params->lot_max / 25 : 0;

		book->token = params->token_base + i * params->token_step;
		book->lot =
			lot_cnt > 0 ? 25 * (1 + (int32_t)vega_prng_below(&flow->prng, lot_cnt)) : 1;
		book->open_ticks = 2000 + (int32_t)vega_prng_below(&flow->prng, 100000);
		book->mid_ticks = book->open_ticks;
	}
}

static struct vega_flow_order *
best(struct vega_flow_book *book, enum vega_flow_side side)
{
	struct vega_flow_order *orders = book->orders[side];
	struct vega_flow_order *top = NULL;

	for (uint32_t i = 0; i < book->cnt[side]; i++) {
		if (top == NULL)
			top = &orders[i];
		else if (side == VEGA_FLOW_BUY ? orders[i].ticks > top->ticks
					       : orders[i].ticks < top->ticks)
			top = &orders[i];
	}
	return top;
}

static void
drop(struct vega_flow_book *book, enum vega_flow_side side, struct vega_flow_order *order)
{
	*order = book->orders[side][--book->cnt[side]];
}

static int32_t
draw_lots(struct vega_flow *flow)
{
	/* Small orders are common: the smaller of two. */
	uint32_t a = vega_prng_below(&flow->prng, flow->params.lots_max);
	uint32_t b = vega_prng_below(&flow->prng, flow->params.lots_max);

	return 1 + (int32_t)(a < b ? a : b);
}

/* Near the mid mostly, some ticks away sometimes, and never through the other side. */
static int32_t
draw_ticks(struct vega_flow *flow, struct vega_flow_book *book, enum vega_flow_side side)
{
	const struct vega_flow_order *other = best(book, 1 - side);
	int32_t away = 1 + __builtin_ctzll(vega_prng_next(&flow->prng) | 1u << 20) +
		       (int32_t)vega_prng_below(&flow->prng, 4);
	int32_t ticks = book->mid_ticks + (side == VEGA_FLOW_BUY ? -away : away);

	if (other != NULL && side == VEGA_FLOW_BUY && ticks >= other->ticks)
		ticks = other->ticks - 1;
	if (other != NULL && side == VEGA_FLOW_SELL && ticks <= other->ticks)
		ticks = other->ticks + 1;
	return ticks;
}

/* The mid takes a step now and then and stays between half and double its opening. */
static void
walk(struct vega_flow *flow, struct vega_flow_book *book)
{
	uint32_t draw = vega_prng_below(&flow->prng, 16);

	if (draw == 0 && book->mid_ticks < 2 * book->open_ticks)
		book->mid_ticks++;
	if (draw == 1 && book->mid_ticks > book->open_ticks / 2)
		book->mid_ticks--;
}

static void
order_event(const struct vega_flow *flow, const struct vega_flow_book *book,
	enum vega_flow_kind kind, enum vega_flow_side side, const struct vega_flow_order *order,
	struct vega_flow_event *event)
{
	event->kind = kind;
	event->side = side;
	event->token = book->token;
	event->price = order->ticks * flow->params.tick;
	event->qty = order->lots * book->lot;
	event->less = 0;
	event->id[0] = order->id;
	event->id[1] = 0;
	event->moves[0] = order->moves;
	event->moves[1] = 0;
}

static void
add(struct vega_flow *flow, struct vega_flow_book *book, enum vega_flow_side side,
	struct vega_flow_event *event)
{
	struct vega_flow_order *order = &book->orders[side][book->cnt[side]];

	order->id = ++flow->last_id;
	order->ticks = draw_ticks(flow, book, side);
	order->lots = draw_lots(flow);
	order->moves = 0;
	book->cnt[side]++;
	order_event(flow, book, VEGA_FLOW_NEW, side, order, event);
}

static void
modify(struct vega_flow *flow, struct vega_flow_book *book, enum vega_flow_side side,
	struct vega_flow_event *event)
{
	struct vega_flow_order *order =
		&book->orders[side][vega_prng_below(&flow->prng, book->cnt[side])];
	const struct vega_flow_order before = *order;

	if (vega_prng_below(&flow->prng, 2) == 0)
		order->lots = draw_lots(flow);
	else
		order->ticks = draw_ticks(flow, book, side);
	order->moves += order->ticks != before.ticks || order->lots >= before.lots;
	order_event(flow, book, VEGA_FLOW_MODIFY, side, order, event);
	if (order->moves == before.moves)
		event->less = (before.lots - order->lots) * book->lot;
}

static void
cancel(struct vega_flow *flow, struct vega_flow_book *book, enum vega_flow_side side,
	struct vega_flow_event *event)
{
	struct vega_flow_order *order =
		&book->orders[side][vega_prng_below(&flow->prng, book->cnt[side])];

	order_event(flow, book, VEGA_FLOW_CANCEL, side, order, event);
	drop(book, side, order);
}

/* `lots` of the aggressor (id 0: a market order, never published) meet the best order opposite. */
static void
trade(struct vega_flow *flow, struct vega_flow_book *book, enum vega_flow_side side, uint64_t id,
	int32_t lots, struct vega_flow_event *event)
{
	struct vega_flow_order *resting = best(book, 1 - side);

	event->kind = VEGA_FLOW_TRADE;
	event->side = side;
	event->token = book->token;
	event->price = resting->ticks * flow->params.tick;
	event->qty = lots * book->lot;
	event->less = 0;
	event->id[side] = id;
	event->id[1 - side] = resting->id;
	event->moves[side] = 0;
	event->moves[1 - side] = resting->moves;
	book->mid_ticks = resting->ticks;
	resting->lots -= lots;
	if (resting->lots == 0)
		drop(book, 1 - side, resting);
}

static void
take_at_market(struct vega_flow *flow, struct vega_flow_book *book, enum vega_flow_side side,
	struct vega_flow_event *event)
{
	int32_t lots = draw_lots(flow);
	int32_t rest = best(book, 1 - side)->lots;

	trade(flow, book, side, 0, lots < rest ? lots : rest, event);
}

static void
go_on_taking(struct vega_flow *flow, struct vega_flow_event *event)
{
	int32_t lots = flow->aggressor.lots;
	int32_t rest = best(flow->active, 1 - flow->active_side)->lots;

	if (lots > rest)
		lots = rest;
	flow->aggressor.lots -= lots;
	trade(flow, flow->active, flow->active_side, flow->aggressor.id, lots, event);
}

/* An order that crosses: published now or when it rests, its trades are the next events of the stream. */
static void
take(struct vega_flow *flow, struct vega_flow_book *book, enum vega_flow_side side,
	struct vega_flow_event *event)
{
	flow->active = book;
	flow->active_side = side;
	flow->aggressor = (struct vega_flow_order){
		.id = ++flow->last_id,
		.ticks = best(book, 1 - side)->ticks,
		.lots = draw_lots(flow),
	};
	if (flow->params.rest_only)
		go_on_taking(flow, event);
	else
		order_event(flow, book, VEGA_FLOW_NEW, side, &flow->aggressor, event);
}

static bool
aggressor_crosses(const struct vega_flow *flow)
{
	const struct vega_flow_order *other = best(flow->active, 1 - flow->active_side);

	return flow->aggressor.lots > 0 && other != NULL &&
	       (flow->active_side == VEGA_FLOW_BUY ? flow->aggressor.ticks >= other->ticks
						   : flow->aggressor.ticks <= other->ticks);
}

/* Go on with the aggressor: it trades, or what is left of it rests. Returns whether that is an event. */
static bool
go_on(struct vega_flow *flow, struct vega_flow_event *event)
{
	struct vega_flow_book *book = flow->active;
	const enum vega_flow_side side = flow->active_side;

	if (aggressor_crosses(flow)) {
		go_on_taking(flow, event);
		return true;
	}
	flow->active = NULL;
	if (flow->aggressor.lots == 0)
		return false;
	book->orders[side][book->cnt[side]++] = flow->aggressor;
	if (flow->params.rest_only)
		order_event(flow, book, VEGA_FLOW_NEW, side, &flow->aggressor, event);
	return flow->params.rest_only;
}

void
vega_flow_next(struct vega_flow *flow, struct vega_flow_event *ret_event)
{
	struct vega_flow_book *book;
	enum vega_flow_side side;
	uint32_t draw;

	if (flow->active != NULL && go_on(flow, ret_event))
		return;
	book = &flow->books[vega_prng_below(&flow->prng, VEGA_FLOW_BOOK_CNT)];
	side = vega_prng_below(&flow->prng, 2) == 0 ? VEGA_FLOW_BUY : VEGA_FLOW_SELL;
	draw = vega_prng_below(&flow->prng, 64);
	walk(flow, book);
	if (book->cnt[side] < THIN_CNT)
		add(flow, book, side, ret_event);
	else if (book->cnt[side] == VEGA_FLOW_ORDER_MAX || draw < CANCEL_SHARE)
		cancel(flow, book, side, ret_event);
	else if ((draw -= CANCEL_SHARE) < MODIFY_SHARE)
		modify(flow, book, side, ret_event);
	else if ((draw -= MODIFY_SHARE) < TAKE_SHARE && book->cnt[1 - side] >= THIN_CNT)
		take(flow, book, side, ret_event);
	else if (draw >= TAKE_SHARE && draw < TAKE_SHARE + MARKET_SHARE &&
		 book->cnt[1 - side] >= THIN_CNT)
		take_at_market(flow, book, side, ret_event);
	else
		add(flow, book, side, ret_event);
}
