/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of vega_record.h, held in place; beside block_pins.c, for the same reason.
 */
#include "hugepages/vega_record.h"

#include "hugepages/base/attr.h"

VEGA_PIN_SIZE(struct vega_packet_record, 32);
VEGA_PIN(struct vega_packet_record, head, 0, 8);
VEGA_PIN(struct vega_packet_record, channel, 8, 4);
VEGA_PIN(struct vega_packet_record, line, 12, 1);
VEGA_PIN(struct vega_packet_record, port, 13, 1);
VEGA_PIN(struct vega_packet_record, message_cnt, 14, 2);
VEGA_PIN(struct vega_packet_record, seq, 16, 8);
VEGA_PIN(struct vega_packet_record, frame, 24, 8);

VEGA_PIN_SIZE(struct vega_order_record, 32);
VEGA_PIN(struct vega_order_record, head, 0, 8);
VEGA_PIN(struct vega_order_record, instrument, 8, 4);
VEGA_PIN(struct vega_order_record, qty, 12, 4);
VEGA_PIN(struct vega_order_record, order_id, 16, 8);
VEGA_PIN(struct vega_order_record, price, 24, 4);
VEGA_PIN(struct vega_order_record, reference, 28, 4);

VEGA_PIN_SIZE(struct vega_ref_record, 32);
VEGA_PIN(struct vega_ref_record, head, 0, 8);
VEGA_PIN(struct vega_ref_record, instrument, 8, 4);
VEGA_PIN(struct vega_ref_record, what, 12, 4);
VEGA_PIN(struct vega_ref_record, id, 16, 8);
VEGA_PIN(struct vega_ref_record, id2, 24, 8);

VEGA_PIN_SIZE(struct vega_trade_record, 32);
VEGA_PIN(struct vega_trade_record, head, 0, 8);
VEGA_PIN(struct vega_trade_record, instrument, 8, 4);
VEGA_PIN(struct vega_trade_record, qty, 12, 4);
VEGA_PIN(struct vega_trade_record, trade_id, 16, 8);
VEGA_PIN(struct vega_trade_record, price, 24, 4);
VEGA_PIN(struct vega_trade_record, condition, 28, 4);

VEGA_PIN_SIZE(struct vega_level_record, 32);
VEGA_PIN(struct vega_level_record, head, 0, 8);
VEGA_PIN(struct vega_level_record, instrument, 8, 4);
VEGA_PIN(struct vega_level_record, level, 12, 4);
VEGA_PIN(struct vega_level_record, bid_price, 16, 4);
VEGA_PIN(struct vega_level_record, bid_qty, 20, 4);
VEGA_PIN(struct vega_level_record, ask_price, 24, 4);
VEGA_PIN(struct vega_level_record, ask_qty, 28, 4);

VEGA_PIN_SIZE(struct vega_last_record, 32);
VEGA_PIN(struct vega_last_record, head, 0, 8);
VEGA_PIN(struct vega_last_record, instrument, 8, 4);
VEGA_PIN(struct vega_last_record, price, 12, 4);
VEGA_PIN(struct vega_last_record, qty, 16, 4);
VEGA_PIN(struct vega_last_record, average, 20, 4);
VEGA_PIN(struct vega_last_record, volume, 24, 8);

VEGA_PIN_SIZE(struct vega_interest_record, 32);
VEGA_PIN(struct vega_interest_record, head, 0, 8);
VEGA_PIN(struct vega_interest_record, instrument, 8, 4);
VEGA_PIN(struct vega_interest_record, zero, 12, 4);
VEGA_PIN(struct vega_interest_record, oi, 16, 8);
VEGA_PIN(struct vega_interest_record, iv, 24, 8);

VEGA_PIN_SIZE(struct vega_ohlc_record, 32);
VEGA_PIN(struct vega_ohlc_record, head, 0, 8);
VEGA_PIN(struct vega_ohlc_record, instrument, 8, 4);
VEGA_PIN(struct vega_ohlc_record, open, 12, 4);
VEGA_PIN(struct vega_ohlc_record, high, 16, 4);
VEGA_PIN(struct vega_ohlc_record, low, 20, 4);
VEGA_PIN(struct vega_ohlc_record, close, 24, 4);
VEGA_PIN(struct vega_ohlc_record, given, 28, 4);

VEGA_PIN_SIZE(struct vega_greeks_record, 32);
VEGA_PIN(struct vega_greeks_record, head, 0, 8);
VEGA_PIN(struct vega_greeks_record, instrument, 8, 4);
VEGA_PIN(struct vega_greeks_record, delta, 12, 4);
VEGA_PIN(struct vega_greeks_record, theta, 16, 4);
VEGA_PIN(struct vega_greeks_record, gamma, 20, 4);
VEGA_PIN(struct vega_greeks_record, vega, 24, 4);
VEGA_PIN(struct vega_greeks_record, rho, 28, 4);

VEGA_PIN_SIZE(struct vega_index_record, 32);
VEGA_PIN(struct vega_index_record, head, 0, 8);
VEGA_PIN(struct vega_index_record, instrument, 8, 4);
VEGA_PIN(struct vega_index_record, value, 12, 4);
VEGA_PIN(struct vega_index_record, change, 16, 4);
VEGA_PIN(struct vega_index_record, what, 20, 4);
VEGA_PIN(struct vega_index_record, cap, 24, 8);

VEGA_PIN_SIZE(struct vega_status_record, 32);
VEGA_PIN(struct vega_status_record, head, 0, 8);
VEGA_PIN(struct vega_status_record, instrument, 8, 4);
VEGA_PIN(struct vega_status_record, what, 12, 4);
VEGA_PIN(struct vega_status_record, value, 16, 8);
VEGA_PIN(struct vega_status_record, value2, 24, 8);

VEGA_PIN_SIZE(struct vega_definition_record, 32);
VEGA_PIN(struct vega_definition_record, head, 0, 8);
VEGA_PIN(struct vega_definition_record, instrument, 8, 4);
VEGA_PIN(struct vega_definition_record, part, 12, 1);
VEGA_PIN(struct vega_definition_record, part_cnt, 13, 1);
VEGA_PIN(struct vega_definition_record, digits, 14, 1);
VEGA_PIN(struct vega_definition_record, unit, 15, 1);
VEGA_PIN(struct vega_definition_record, text, 16, 16);

VEGA_PIN_SIZE(struct vega_clear_record, 32);
VEGA_PIN(struct vega_clear_record, head, 0, 8);
VEGA_PIN(struct vega_clear_record, instrument, 8, 4);
VEGA_PIN(struct vega_clear_record, why, 12, 4);
VEGA_PIN(struct vega_clear_record, zero, 16, 16);

VEGA_PIN_SIZE(struct vega_gap_record, 32);
VEGA_PIN(struct vega_gap_record, head, 0, 8);
VEGA_PIN(struct vega_gap_record, channel, 8, 4);
VEGA_PIN(struct vega_gap_record, state, 12, 4);
VEGA_PIN(struct vega_gap_record, first, 16, 8);
VEGA_PIN(struct vega_gap_record, cnt, 24, 8);

VEGA_PIN_SIZE(struct vega_loss_record, 32);
VEGA_PIN(struct vega_loss_record, head, 0, 8);
VEGA_PIN(struct vega_loss_record, instrument, 8, 4);
VEGA_PIN(struct vega_loss_record, cause, 12, 4);
VEGA_PIN(struct vega_loss_record, cnt, 16, 8);
VEGA_PIN(struct vega_loss_record, first, 24, 8);

VEGA_PIN_SIZE(struct vega_segment_record, 32);
VEGA_PIN(struct vega_segment_record, head, 0, 8);
VEGA_PIN(struct vega_segment_record, channel, 8, 4);
VEGA_PIN(struct vega_segment_record, what, 12, 4);
VEGA_PIN(struct vega_segment_record, session, 16, 8);
VEGA_PIN(struct vega_segment_record, seq, 24, 8);

VEGA_PIN_SIZE(struct vega_epoch_record, 32);
VEGA_PIN(struct vega_epoch_record, head, 0, 8);
VEGA_PIN(struct vega_epoch_record, instrument, 8, 4);
VEGA_PIN(struct vega_epoch_record, zero, 12, 4);
VEGA_PIN(struct vega_epoch_record, ns, 16, 8);
VEGA_PIN(struct vega_epoch_record, epoch_from, 24, 8);

VEGA_PIN_SIZE(struct vega_wide_record, 32);
VEGA_PIN(struct vega_wide_record, head, 0, 8);
VEGA_PIN(struct vega_wide_record, instrument, 8, 4);
VEGA_PIN(struct vega_wide_record, high, 12, 20);

VEGA_PIN_SIZE(union vega_record, 32);
