/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of vega_block.h, held in place. It stands here and not beside the structs because an installed header is
 * plain C and C++ and may not need base/attr.h.
 */
#include "hugepages/vega_block.h"

#include "hugepages/base/attr.h"

VEGA_PIN_SIZE(struct vega_block_hdr, 256);
VEGA_PIN(struct vega_block_hdr, block_type, 0, 4);
VEGA_PIN(struct vega_block_hdr, block_length, 4, 4);
VEGA_PIN(struct vega_block_hdr, file_id, 8, 16);
VEGA_PIN(struct vega_block_hdr, block_number, 24, 8);
VEGA_PIN(struct vega_block_hdr, file_offset, 32, 8);
VEGA_PIN(struct vega_block_hdr, payload_bytes, 40, 4);
VEGA_PIN(struct vega_block_hdr, stored_bytes, 44, 4);
VEGA_PIN(struct vega_block_hdr, codec, 48, 2);
VEGA_PIN(struct vega_block_hdr, kind, 50, 2);
VEGA_PIN(struct vega_block_hdr, linktype, 52, 4);
VEGA_PIN(struct vega_block_hdr, packet_cnt, 56, 4);
VEGA_PIN(struct vega_block_hdr, record_cnt, 60, 4);
VEGA_PIN(struct vega_block_hdr, frame_first, 64, 8);
VEGA_PIN(struct vega_block_hdr, generation, 72, 8);
VEGA_PIN(struct vega_block_hdr, position_first, 80, 8);
VEGA_PIN(struct vega_block_hdr, recv_ns_first, 88, 8);
VEGA_PIN(struct vega_block_hdr, recv_ns_last, 96, 8);
VEGA_PIN(struct vega_block_hdr, recv_ns_min, 104, 8);
VEGA_PIN(struct vega_block_hdr, recv_ns_max, 112, 8);
VEGA_PIN(struct vega_block_hdr, exch_ns_min, 120, 8);
VEGA_PIN(struct vega_block_hdr, exch_ns_max, 128, 8);
VEGA_PIN(struct vega_block_hdr, lost_lane_full, 136, 8);
VEGA_PIN(struct vega_block_hdr, lost_oversize, 144, 8);
VEGA_PIN(struct vega_block_hdr, lost_port_missed, 152, 8);
VEGA_PIN(struct vega_block_hdr, lost_port_nombuf, 160, 8);
VEGA_PIN(struct vega_block_hdr, lost_disk, 168, 8);
VEGA_PIN(struct vega_block_hdr, day, 176, 4);
VEGA_PIN(struct vega_block_hdr, seal, 180, 4);
VEGA_PIN(struct vega_block_hdr, kinds, 184, 4);
VEGA_PIN(struct vega_block_hdr, reserved, 188, 52);
VEGA_PIN(struct vega_block_hdr, payload_crc32c, 240, 4);
VEGA_PIN(struct vega_block_hdr, header_crc32c, 244, 4);
VEGA_PIN(struct vega_block_hdr, reserved2, 248, 4);
VEGA_PIN(struct vega_block_hdr, block_length2, 252, 4);

VEGA_PIN_SIZE(struct vega_records_hdr, 32);
VEGA_PIN(struct vega_records_hdr, block_type, 0, 4);
VEGA_PIN(struct vega_records_hdr, block_length, 4, 4);
VEGA_PIN(struct vega_records_hdr, epoch_ns, 8, 8);
VEGA_PIN(struct vega_records_hdr, record_cnt, 16, 4);
VEGA_PIN(struct vega_records_hdr, kinds, 20, 4);
VEGA_PIN(struct vega_records_hdr, data_bytes, 24, 4);
VEGA_PIN(struct vega_records_hdr, record_bytes, 28, 4);

VEGA_PIN_SIZE(struct vega_keyframe_hdr, 64);
VEGA_PIN(struct vega_keyframe_hdr, block_type, 0, 4);
VEGA_PIN(struct vega_keyframe_hdr, block_length, 4, 4);
VEGA_PIN(struct vega_keyframe_hdr, epoch_ns, 8, 8);
VEGA_PIN(struct vega_keyframe_hdr, number, 16, 8);
VEGA_PIN(struct vega_keyframe_hdr, position, 24, 8);
VEGA_PIN(struct vega_keyframe_hdr, record_position, 32, 8);
VEGA_PIN(struct vega_keyframe_hdr, recv_ns, 40, 8);
VEGA_PIN(struct vega_keyframe_hdr, entry_total, 48, 4);
VEGA_PIN(struct vega_keyframe_hdr, slice, 52, 4);
VEGA_PIN(struct vega_keyframe_hdr, plain_bytes, 56, 4);
VEGA_PIN(struct vega_keyframe_hdr, data_bytes, 60, 4);

VEGA_PIN_SIZE(struct vega_clock_block, 64);
VEGA_PIN(struct vega_clock_block, block_type, 0, 4);
VEGA_PIN(struct vega_clock_block, block_length, 4, 4);
VEGA_PIN(struct vega_clock_block, ticks, 8, 8);
VEGA_PIN(struct vega_clock_block, ticks_hz, 16, 8);
VEGA_PIN(struct vega_clock_block, realtime_ns, 24, 8);
VEGA_PIN(struct vega_clock_block, tai_offset_ns, 32, 8);
VEGA_PIN(struct vega_clock_block, window_ticks, 40, 8);
VEGA_PIN(struct vega_clock_block, flags, 48, 4);
VEGA_PIN(struct vega_clock_block, interface_id, 52, 4);
VEGA_PIN(struct vega_clock_block, reserved, 56, 4);
VEGA_PIN(struct vega_clock_block, block_length2, 60, 4);
