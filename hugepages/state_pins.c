/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of vega_state.h, held in place; beside layout_pins.c, for the same reason.
 */
#include "hugepages/vega_state.h"

#include "hugepages/base/attr.h"

VEGA_PIN_SIZE(struct vega_state_table, 4096);
VEGA_PIN(struct vega_state_table, magic, 0, 8);
VEGA_PIN(struct vega_state_table, version, 8, 4);
VEGA_PIN(struct vega_state_table, feed_id, 12, 4);
VEGA_PIN(struct vega_state_table, capacity, 16, 8);
VEGA_PIN(struct vega_state_table, generation, 24, 8);
VEGA_PIN(struct vega_state_table, pad0, 32, 96);
VEGA_PIN(struct vega_state_table, position, 128, 8);
VEGA_PIN(struct vega_state_table, record_position, 136, 8);
VEGA_PIN(struct vega_state_table, instrument_cnt, 144, 8);
VEGA_PIN(struct vega_state_table, refused_cnt, 152, 8);
VEGA_PIN(struct vega_state_table, order_refused_cnt, 160, 8);
VEGA_PIN(struct vega_state_table, lapped_cnt, 168, 8);
VEGA_PIN(struct vega_state_table, ignored_cnt, 176, 8);
VEGA_PIN(struct vega_state_table, lost_position, 184, 8);
VEGA_PIN(struct vega_state_table, order_cnt, 192, 8);
VEGA_PIN(struct vega_state_table, pad1, 200, 1848);
VEGA_PIN(struct vega_state_table, gap_position, 2048, 2048);

VEGA_PIN_SIZE(struct vega_state_level, 16);
VEGA_PIN(struct vega_state_level, price, 0, 8);
VEGA_PIN(struct vega_state_level, qty, 8, 8);

VEGA_PIN_SIZE(struct vega_state_entry, 640);
VEGA_PIN(struct vega_state_entry, lock, 0, 8);
VEGA_PIN(struct vega_state_entry, token, 8, 4);
VEGA_PIN(struct vega_state_entry, flags, 12, 4);
VEGA_PIN(struct vega_state_entry, exch_ns, 16, 8);
VEGA_PIN(struct vega_state_entry, recv_ns, 24, 8);
VEGA_PIN(struct vega_state_entry, seq, 32, 8);
VEGA_PIN(struct vega_state_entry, position, 40, 8);
VEGA_PIN(struct vega_state_entry, ordered_position, 48, 8);
VEGA_PIN(struct vega_state_entry, sound_from, 56, 8);
VEGA_PIN(struct vega_state_entry, event_cnt, 64, 8);
VEGA_PIN(struct vega_state_entry, channel, 72, 4);
VEGA_PIN(struct vega_state_entry, bid_cnt, 76, 1);
VEGA_PIN(struct vega_state_entry, ask_cnt, 77, 1);
VEGA_PIN(struct vega_state_entry, digits, 78, 1);
VEGA_PIN(struct vega_state_entry, reserved, 79, 1);
VEGA_PIN(struct vega_state_entry, last_price, 80, 8);
VEGA_PIN(struct vega_state_entry, last_qty, 88, 8);
VEGA_PIN(struct vega_state_entry, average_price, 96, 8);
VEGA_PIN(struct vega_state_entry, volume, 104, 8);
VEGA_PIN(struct vega_state_entry, oi, 112, 8);
VEGA_PIN(struct vega_state_entry, iv, 120, 8);
VEGA_PIN(struct vega_state_entry, bids, 128, 160);
VEGA_PIN(struct vega_state_entry, asks, 288, 160);
VEGA_PIN(struct vega_state_entry, bid_orders, 448, 40);
VEGA_PIN(struct vega_state_entry, ask_orders, 488, 40);
VEGA_PIN(struct vega_state_entry, open, 528, 8);
VEGA_PIN(struct vega_state_entry, high, 536, 8);
VEGA_PIN(struct vega_state_entry, low, 544, 8);
VEGA_PIN(struct vega_state_entry, close, 552, 8);
VEGA_PIN(struct vega_state_entry, index_value, 560, 8);
VEGA_PIN(struct vega_state_entry, index_change, 568, 8);
VEGA_PIN(struct vega_state_entry, status, 576, 8);
VEGA_PIN(struct vega_state_entry, status_what, 584, 4);
VEGA_PIN(struct vega_state_entry, delta, 588, 4);
VEGA_PIN(struct vega_state_entry, theta, 592, 4);
VEGA_PIN(struct vega_state_entry, gamma, 596, 4);
VEGA_PIN(struct vega_state_entry, vega, 600, 4);
VEGA_PIN(struct vega_state_entry, rho, 604, 4);
VEGA_PIN(struct vega_state_entry, symbol, 608, 32);

VEGA_PIN_SIZE(struct vega_state_event, 40);
VEGA_PIN(struct vega_state_event, ns, 0, 8);
VEGA_PIN(struct vega_state_event, price, 8, 8);
VEGA_PIN(struct vega_state_event, qty, 16, 8);
VEGA_PIN(struct vega_state_event, position, 24, 8);
VEGA_PIN(struct vega_state_event, what, 32, 4);
VEGA_PIN(struct vega_state_event, flags, 36, 4);

static_assert(
	VEGA_STATE_EVENT_CNT * sizeof(struct vega_state_event) == 640, "whole lines an instrument");
static_assert(
	sizeof(((struct vega_state_table *)0)->gap_position) == VEGA_STATE_GAP_CNT * 8, "gaps");
static_assert(sizeof(((struct vega_state_entry *)0)->bids) ==
		      VEGA_STATE_LEVEL_CNT * sizeof(struct vega_state_level),
	"bids");
static_assert(sizeof(((struct vega_state_entry *)0)->symbol) == VEGA_STATE_SYMBOL_BYTES, "symbol");
