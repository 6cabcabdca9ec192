/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walking the frames of a block in memory: the replay's hot path.
 *
 * The block's checksum holds, but whoever wrote it may be hostile: each length is compared before it is used.
 */
#include <errno.h>
#include <string.h>

#include "hugepages/base/attr.h"
#include "store/vega_journal.h"

#define AHEAD_BYTES            1024u
#define AHEAD_LINE_CNT         3u
#define EPB_TYPE               6u
#define EPB_FIXED_BYTES        28u /* before the data */
#define EPB_OVERHEAD_BYTES     32u
#define OPTION_DROPCOUNT       4u
#define PCAPNG_BLOCK_BYTES_MIN 12u

/* epb_dropcount among the options of a packet block; 0 when there is none. */
static VEGA_COLD uint64_t
dropcount(const uint8_t *at, uint32_t bytes)
{
	while (bytes >= 4) {
		uint16_t option[2];
		uint32_t padded;
		uint64_t cnt;

		memcpy(option, at, sizeof(option));
		padded = 4u + ((option[1] + 3u) & ~3u);
		if (option[0] == 0 || padded > bytes)
			return 0;
		if (option[0] == OPTION_DROPCOUNT && option[1] == sizeof(cnt)) {
			memcpy(&cnt, at + 4, sizeof(cnt));
			return cnt;
		}
		at += padded;
		bytes -= padded;
	}
	return 0;
}

/* Frames some 5 to 10 ahead: the processor fetches ahead by itself, but begins anew with each page. Past the end it does no harm. */
static inline void
fetch_ahead(const uint8_t *block)
{
	for (uint32_t i = 0; i < AHEAD_LINE_CNT; i++)
		vega_prefetch(block + AHEAD_BYTES + i * 64u);
}

int
vega_frame_walk(const struct vega_block_hdr *hdr, uint32_t at, struct vega_frame *ret_frame,
	uint32_t *ret_next)
{
	const uint8_t *payload = (const uint8_t *)hdr + VEGA_BLOCK_HDR_BYTES;
	const uint32_t end = hdr->payload_bytes;

	while (at < end) {
		const uint8_t *block = payload + at;
		const uint32_t left = end - at;
		uint32_t head[7];
		uint32_t length;
		uint32_t padded;
		uint32_t tail;

		if (vega_unlikely(left < PCAPNG_BLOCK_BYTES_MIN))
			return -EBADMSG;
		memcpy(head, block, 8);
		length = head[1];
		if (vega_unlikely(
			    length < PCAPNG_BLOCK_BYTES_MIN || length > left || (length & 3u) != 0))
			return -EBADMSG;
		memcpy(&tail, block + length - 4, 4);
		if (vega_unlikely(tail != length))
			return -EBADMSG;
		at += length;
		fetch_ahead(payload + at);
		if (vega_unlikely(head[0] != EPB_TYPE))
			continue;
		if (vega_unlikely(length < EPB_OVERHEAD_BYTES))
			return -EBADMSG;
		memcpy(head, block, sizeof(head));
		if (vega_unlikely(head[5] > length - EPB_OVERHEAD_BYTES))
			return -EBADMSG;
		padded = (head[5] + 3u) & ~3u;
		ret_frame->data = block + EPB_FIXED_BYTES;
		ret_frame->recv_ns = (uint64_t)head[3] << 32 | head[4];
		ret_frame->captured_bytes = head[5];
		ret_frame->wire_bytes = head[6];
		ret_frame->interface_id = head[2];
		ret_frame->linktype = hdr->linktype;
		ret_frame->drop_cnt = 0;
		if (vega_unlikely(length != EPB_OVERHEAD_BYTES + padded))
			ret_frame->drop_cnt = dropcount(block + EPB_FIXED_BYTES + padded,
				length - EPB_OVERHEAD_BYTES - padded);
		*ret_next = at;
		return 1;
	}
	return 0;
}
