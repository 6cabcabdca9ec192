/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/frame.h"

#include <stdbool.h>

#include "hugepages/base/zone.h"

/* No day yet: the first packet opens one. */
#define DAY_NONE 0u

uint64_t
vega_frame_lane_bytes(uint64_t block_cnt)
{
	return vega_align_up(
		VEGA_LANE_HDR_BYTES + block_cnt * VEGA_FRAME_BLOCK_BYTES, VEGA_LANE_ALIGN_BYTES);
}

void
vega_frame_lane_new(
	struct vega_frame_lane *lane, uint32_t feed_id, uint64_t block_cnt, uint64_t generation)
{
	lane->version = 1;
	lane->block_bytes = VEGA_FRAME_BLOCK_BYTES;
	lane->block_cnt = block_cnt;
	lane->generation = generation;
	lane->feed_id = feed_id;
	/* M1: last, a lane with a magic is whole; pairs with M2 */
	vega_store_release(&lane->magic, VEGA_FRAME_LANE_MAGIC);
}

void
vega_frame_writer_init(
	struct vega_frame_writer *w, struct vega_frame_lane *lane, const struct vega_zone *zone)
{
	memset(w, 0, sizeof(*w));
	w->lane = lane;
	w->zone = zone;
	w->blocks = (uint8_t *)lane + VEGA_LANE_HDR_BYTES;
	w->block_cnt = lane->block_cnt;
	w->generation = lane->generation;
	w->day = DAY_NONE;
}

/* Begin block `sealed`: its slot is free (F1). */
static void
open_block(struct vega_frame_writer *w)
{
	uint8_t *block = w->blocks + (w->sealed & (w->block_cnt - 1)) * VEGA_FRAME_BLOCK_BYTES;

	w->cursor = block + VEGA_BLOCK_HDR_BYTES;
	w->limit = w->cursor + VEGA_FRAME_PAYLOAD_BYTES_MAX;
	w->packet_cnt = 0;
	w->open_since_ns = 0;
	w->recv_ns_min = UINT64_MAX;
	w->recv_ns_max = 0;
	w->recv_ns_first = 0;
	w->recv_ns_last = 0;
}

/* The open block holds something. */
static bool
holds_data(const struct vega_frame_writer *w)
{
	return w->cursor != NULL && w->cursor != w->limit - VEGA_FRAME_PAYLOAD_BYTES_MAX;
}

static void
seal_block(struct vega_frame_writer *w, enum vega_seal cause)
{
	uint8_t *block = w->limit - VEGA_FRAME_PAYLOAD_BYTES_MAX - VEGA_BLOCK_HDR_BYTES;
	struct vega_block_hdr *hdr = (struct vega_block_hdr *)(void *)block;

	memset(hdr, 0, sizeof(*hdr));
	hdr->block_type = VEGA_BLOCK_DATA;
	hdr->block_length = VEGA_BLOCK_HDR_BYTES;
	hdr->block_length2 = VEGA_BLOCK_HDR_BYTES;
	hdr->payload_bytes = (uint32_t)(w->cursor - block) - VEGA_BLOCK_HDR_BYTES;
	hdr->kind = VEGA_KIND_FRAMES;
	hdr->linktype = w->linktype;
	hdr->packet_cnt = w->packet_cnt;
	hdr->frame_first = w->frame_next - w->packet_cnt;
	hdr->generation = w->generation;
	if (w->packet_cnt != 0) {
		hdr->recv_ns_first = w->recv_ns_first;
		hdr->recv_ns_last = w->recv_ns_last;
		hdr->recv_ns_min = w->recv_ns_min;
		hdr->recv_ns_max = w->recv_ns_max;
		w->seal_ns_last = w->recv_ns_last;
	}
	hdr->lost_lane_full = w->losses.lane_full;
	hdr->lost_oversize = w->losses.oversize;
	hdr->lost_port_missed = w->losses.port_missed;
	hdr->lost_port_nombuf = w->losses.port_nombuf;
	hdr->day = w->day;
	hdr->seal = cause;
	memset(&w->losses, 0, sizeof(w->losses));
	w->cursor = NULL;
	w->packet_cnt = 0;
	w->sealed++;
	vega_store_release(&w->lane->sealed, w->sealed); /* F2: pairs with F3 */
}

/* No block follows that could tell what was lost since the last one. */
static void
leave_losses(struct vega_frame_writer *w)
{
	vega_store_relaxed(&w->lane->end_lane_full, w->losses.lane_full);
	vega_store_relaxed(&w->lane->end_oversize, w->losses.oversize);
	vega_store_relaxed(&w->lane->end_port_missed, w->losses.port_missed);
	vega_store_relaxed(&w->lane->end_port_nombuf, w->losses.port_nombuf);
}

void
vega_frame_seal(struct vega_frame_writer *w, enum vega_seal cause)
{
	if (holds_data(w))
		seal_block(w, cause);
	if (cause == VEGA_SEAL_STOP)
		leave_losses(w);
}

/* The trading day of a time that is not before the present day: a file's day never goes back. */
static void
roll_day(struct vega_frame_writer *w, uint64_t recv_ns)
{
	struct vega_day day = vega_zone_day(w->zone, recv_ns);

	w->day = day.yyyymmdd;
	w->day_end_ns = day.end_ns;
}

void
vega_frame_step_back(struct vega_frame_writer *w)
{
	vega_frame_seal(w, VEGA_SEAL_CLOCK);
	w->day = DAY_NONE;
	w->day_end_ns = 0;
}

int
vega_frame_open(struct vega_frame_writer *w, uint64_t need, uint64_t recv_ns)
{
	if (recv_ns >= w->day_end_ns) {
		if (w->day != DAY_NONE)
			vega_frame_seal(w, VEGA_SEAL_DAY);
		roll_day(w, recv_ns);
	}
	if (w->cursor != NULL && (uint64_t)(w->limit - w->cursor) >= need)
		return 1;
	vega_frame_seal(w, VEGA_SEAL_FULL);
	if (!vega_frame_ready(w))
		return 0;
	if (w->cursor == NULL)
		open_block(w);
	return 1;
}

void
vega_frame_drop(struct vega_frame_writer *w, uint32_t interface_id, enum vega_frame_put why)
{
	if (why == VEGA_PUT_OVERSIZE)
		w->losses.oversize++;
	else
		w->losses.lane_full++;
	w->drop_cnt[interface_id]++;
	w->drops_pending |= 1u << interface_id;
}

void
vega_frame_linktype(struct vega_frame_writer *w, uint32_t linktype)
{
	if (w->linktype == linktype)
		return;
	vega_frame_seal(w, VEGA_SEAL_LINKTYPE);
	w->linktype = linktype;
}

int
vega_frame_clock(
	struct vega_frame_writer *w, const struct vega_clock_block *clock, uint64_t recv_ns)
{
	if (w->cursor == NULL || (uint64_t)(w->limit - w->cursor) < sizeof(*clock) ||
		recv_ns >= w->day_end_ns)
		if (!vega_frame_open(w, sizeof(*clock), recv_ns))
			return 0;
	memcpy(w->cursor, clock, sizeof(*clock));
	w->cursor += sizeof(*clock);
	return 1;
}
