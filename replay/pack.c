/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/pack.h"

#include <assert.h>
#include <string.h>

#include "hugepages/frame.h"

static_assert(VEGA_BLOCK_HDR_BYTES + VEGA_EPB_OVERHEAD_BYTES + VEGA_FRAME_BYTES_MAX <=
		      VEGA_PACK_BYTES_MAX,
	"one frame always fits");

struct vega_block_hdr *
vega_pack_begin(void *buffer, uint32_t linktype)
{
	struct vega_block_hdr *hdr = buffer;

	memset(hdr, 0, sizeof(*hdr));
	hdr->block_type = VEGA_BLOCK_DATA;
	hdr->block_length = VEGA_BLOCK_HDR_BYTES;
	hdr->block_length2 = VEGA_BLOCK_HDR_BYTES;
	hdr->kind = VEGA_KIND_FRAMES;
	hdr->linktype = linktype;
	hdr->recv_ns_min = UINT64_MAX;
	return hdr;
}

static void
note_time(struct vega_block_hdr *hdr, uint64_t recv_ns)
{
	if (hdr->packet_cnt++ == 0)
		hdr->recv_ns_first = recv_ns;
	hdr->recv_ns_last = recv_ns;
	hdr->recv_ns_min = recv_ns < hdr->recv_ns_min ? recv_ns : hdr->recv_ns_min;
	hdr->recv_ns_max = recv_ns > hdr->recv_ns_max ? recv_ns : hdr->recv_ns_max;
}

bool
vega_pack_frame(struct vega_block_hdr *hdr, const void *data, uint32_t captured_bytes,
	uint32_t wire_bytes, uint64_t recv_ns)
{
	const uint32_t padded = (captured_bytes + 3u) & ~3u;
	const uint32_t length = VEGA_EPB_OVERHEAD_BYTES + padded;
	const uint32_t head[7] = {VEGA_PCAPNG_EPB, length, 0, (uint32_t)(recv_ns >> 32),
		(uint32_t)recv_ns, captured_bytes, wire_bytes};
	uint8_t *epb = (uint8_t *)hdr + VEGA_BLOCK_HDR_BYTES + hdr->payload_bytes;

	if (length > VEGA_PACK_BYTES_MAX - VEGA_BLOCK_HDR_BYTES - hdr->payload_bytes)
		return false;
	memcpy(epb, head, sizeof(head));
	memcpy(epb + sizeof(head), data, captured_bytes);
	memset(epb + sizeof(head) + captured_bytes, 0, padded - captured_bytes);
	memcpy(epb + sizeof(head) + padded, &length, sizeof(length));
	hdr->payload_bytes += length;
	note_time(hdr, recv_ns);
	return true;
}
