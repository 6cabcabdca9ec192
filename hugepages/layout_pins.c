/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of vega_layout.h, held in place; beside block_pins.c, for the same reason.
 */
#include "hugepages/vega_layout.h"

#include "hugepages/base/attr.h"

VEGA_PIN_SIZE(struct vega_control, 4096);
VEGA_PIN(struct vega_control, magic, 0, 8);
VEGA_PIN(struct vega_control, version, 8, 4);
VEGA_PIN(struct vega_control, control_bytes, 12, 4);
VEGA_PIN(struct vega_control, generation, 16, 8);
VEGA_PIN(struct vega_control, state, 24, 8);
VEGA_PIN(struct vega_control, flags, 32, 8);
VEGA_PIN(struct vega_control, heartbeat_ns, 40, 8);
VEGA_PIN(struct vega_control, pid, 48, 8);
VEGA_PIN(struct vega_control, lanes_bytes, 56, 8);
VEGA_PIN(struct vega_control, page_bytes, 64, 8);
VEGA_PIN(struct vega_control, memory, 72, 4);
VEGA_PIN(struct vega_control, feed_cnt, 76, 4);
VEGA_PIN(struct vega_control, lane_cnt, 80, 4);
VEGA_PIN(struct vega_control, lcore_cnt, 84, 4);
VEGA_PIN(struct vega_control, port_cnt, 88, 4);
VEGA_PIN(struct vega_control, reserved, 92, 4);
VEGA_PIN(struct vega_control, name, 96, 32);
VEGA_PIN(struct vega_control, journal, 128, 256);
VEGA_PIN(struct vega_control, lanes_path, 384, 256);
VEGA_PIN(struct vega_control, io, 640, 32);
VEGA_PIN(struct vega_control, reserved2, 672, 3424);

VEGA_PIN_SIZE(struct vega_feed_entry, 256);
VEGA_PIN(struct vega_feed_entry, name, 0, 32);
VEGA_PIN(struct vega_feed_entry, zone, 32, 48);
VEGA_PIN(struct vega_feed_entry, feed_id, 80, 4);
VEGA_PIN(struct vega_feed_entry, day_start_s, 84, 4);
VEGA_PIN(struct vega_feed_entry, record_lane, 88, 4);
VEGA_PIN(struct vega_feed_entry, frame_lane, 92, 4);
VEGA_PIN(struct vega_feed_entry, lcore, 96, 4);
VEGA_PIN(struct vega_feed_entry, price_scale, 100, 4);
VEGA_PIN(struct vega_feed_entry, channel_first, 104, 4);
VEGA_PIN(struct vega_feed_entry, channel_cnt, 108, 4);
VEGA_PIN(struct vega_feed_entry, book_lane, 112, 4);
VEGA_PIN(struct vega_feed_entry, state_lane, 116, 4);
VEGA_PIN(struct vega_feed_entry, reserved, 120, 136);

VEGA_PIN_SIZE(struct vega_lane_entry, 128);
VEGA_PIN(struct vega_lane_entry, lane_off, 0, 8);
VEGA_PIN(struct vega_lane_entry, lane_bytes, 8, 8);
VEGA_PIN(struct vega_lane_entry, unit_cnt, 16, 8);
VEGA_PIN(struct vega_lane_entry, unit_bytes, 24, 4);
VEGA_PIN(struct vega_lane_entry, kind, 28, 4);
VEGA_PIN(struct vega_lane_entry, feed_id, 32, 4);
VEGA_PIN(struct vega_lane_entry, schema, 36, 4);
VEGA_PIN(struct vega_lane_entry, reserved, 40, 88);

VEGA_PIN_SIZE(struct vega_frame_lane, 4096);
VEGA_PIN(struct vega_frame_lane, magic, 0, 8);
VEGA_PIN(struct vega_frame_lane, version, 8, 4);
VEGA_PIN(struct vega_frame_lane, block_bytes, 12, 4);
VEGA_PIN(struct vega_frame_lane, block_cnt, 16, 8);
VEGA_PIN(struct vega_frame_lane, generation, 24, 8);
VEGA_PIN(struct vega_frame_lane, feed_id, 32, 4);
VEGA_PIN(struct vega_frame_lane, if_cnt, 36, 4);
VEGA_PIN(struct vega_frame_lane, pad0, 40, 88);
VEGA_PIN(struct vega_frame_lane, sealed, 128, 8);
VEGA_PIN(struct vega_frame_lane, end_lane_full, 136, 8);
VEGA_PIN(struct vega_frame_lane, end_oversize, 144, 8);
VEGA_PIN(struct vega_frame_lane, end_port_missed, 152, 8);
VEGA_PIN(struct vega_frame_lane, end_port_nombuf, 160, 8);
VEGA_PIN(struct vega_frame_lane, pad1, 168, 88);
VEGA_PIN(struct vega_frame_lane, released, 256, 8);
VEGA_PIN(struct vega_frame_lane, pad2, 264, 120);
VEGA_PIN(struct vega_frame_lane, if_name, 384, 512);
VEGA_PIN(struct vega_frame_lane, pad3, 896, 3200);

VEGA_PIN_SIZE(struct vega_record_lane, 64);
VEGA_PIN(struct vega_record_lane, magic, 0, 8);
VEGA_PIN(struct vega_record_lane, version, 8, 4);
VEGA_PIN(struct vega_record_lane, feed_type, 12, 4);
VEGA_PIN(struct vega_record_lane, record_bytes, 16, 4);
VEGA_PIN(struct vega_record_lane, symbol_id, 20, 4);
VEGA_PIN(struct vega_record_lane, feed_id, 24, 4);
VEGA_PIN(struct vega_record_lane, schema, 28, 4);
VEGA_PIN(struct vega_record_lane, capacity, 32, 8);
VEGA_PIN(struct vega_record_lane, generation, 40, 8);
VEGA_PIN(struct vega_record_lane, reserved, 48, 16);

VEGA_PIN_SIZE(struct vega_record_tail, 64);
VEGA_PIN(struct vega_record_tail, epoch_ns, 0, 8);
VEGA_PIN(struct vega_record_tail, epoch_from, 8, 8);
VEGA_PIN(struct vega_record_tail, reserved, 16, 32);
VEGA_PIN(struct vega_record_tail, claim, 48, 8);
VEGA_PIN(struct vega_record_tail, publish, 56, 8);

VEGA_PIN_SIZE(struct vega_rx_cells, 512);
VEGA_PIN_SIZE(struct vega_drain_cells, 512);
VEGA_PIN_SIZE(struct vega_lcore_cells, 256);
VEGA_PIN_SIZE(struct vega_port_cells, 256);
VEGA_PIN_SIZE(struct vega_channel_cells, 1024);

/* The parts of the control file touch, and the cells of two writers never share a line. */
static_assert(VEGA_CONTROL_FEEDS_OFF == sizeof(struct vega_control), "feeds follow the head");
static_assert(VEGA_CONTROL_FEEDS_OFF + VEGA_FEED_CNT_MAX * sizeof(struct vega_feed_entry) ==
		      VEGA_CONTROL_LANES_OFF,
	"lanes follow the feeds");
static_assert(VEGA_CONTROL_LANES_OFF + VEGA_LANE_CNT_MAX * sizeof(struct vega_lane_entry) ==
		      VEGA_CONTROL_RX_OFF,
	"cells follow the lanes");
static_assert(VEGA_CONTROL_RX_OFF + VEGA_FEED_CNT_MAX * sizeof(struct vega_rx_cells) ==
		      VEGA_CONTROL_DRAIN_OFF,
	"the drain's cells follow rx's");
static_assert(VEGA_CONTROL_DRAIN_OFF + VEGA_FEED_CNT_MAX * sizeof(struct vega_drain_cells) ==
		      VEGA_CONTROL_LCORES_OFF,
	"the lcores' cells follow the drain's");
static_assert(VEGA_CONTROL_LCORES_OFF + VEGA_LCORE_CNT_MAX * sizeof(struct vega_lcore_cells) ==
		      VEGA_CONTROL_PORTS_OFF,
	"the ports' cells follow the lcores'");
static_assert(VEGA_CONTROL_PORTS_OFF + VEGA_PORT_CNT_MAX * sizeof(struct vega_port_cells) ==
		      VEGA_CONTROL_CHANNELS_OFF,
	"channels follow the ports");
static_assert(
	VEGA_CONTROL_CHANNELS_OFF + VEGA_CHANNEL_ROW_CNT * sizeof(struct vega_channel_cells) ==
		VEGA_CONTROL_BYTES,
	"the channels end the file");

VEGA_PIN(struct vega_client_entry, pid, 0, 8);
VEGA_PIN(struct vega_client_entry, start_ns, 8, 8);
VEGA_PIN(struct vega_client_entry, generation, 16, 8);
VEGA_PIN(struct vega_client_entry, position, 24, 8);
VEGA_PIN(struct vega_client_entry, lost, 32, 8);
VEGA_PIN(struct vega_client_entry, beat_ns, 40, 8);
VEGA_PIN(struct vega_client_entry, feed_id, 48, 4);
VEGA_PIN(struct vega_client_entry, lane_kind, 52, 4);
VEGA_PIN(struct vega_client_entry, name, 56, 32);
VEGA_PIN(struct vega_client_entry, reserved, 88, 40);
VEGA_PIN_SIZE(struct vega_client_entry, 128);
