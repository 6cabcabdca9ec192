/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_PACK_H
#define VEGA_REPLAY_PACK_H
/*
 * Lay frames of a capture file into a data block, in the form a journal keeps them (hugepages/vega_block.h).
 *
 * The block never leaves this process: no file id, no checksums. One frame of the largest size always fits.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/vega_block.h"

#define VEGA_PACK_BYTES_MAX (1u << 20)

/* Begin a block at buffer (VEGA_PACK_BYTES_MAX bytes, 8-aligned) of frames of one link type. */
struct vega_block_hdr *vega_pack_begin(void *buffer, uint32_t linktype);

/*
 * Params: captured_bytes	at data, at most VEGA_FRAME_BYTES_MAX
 * Returns false when the block is full and the frame has to go into the next.
 */
bool vega_pack_frame(struct vega_block_hdr *hdr, const void *data, uint32_t captured_bytes,
	uint32_t wire_bytes, uint64_t recv_ns);

#endif
