/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Laying out the parts of a journal file. Their checks stand in format_check.c.
 */
#include "store/format.h"

#include <stdio.h>
#include <string.h>

#include "hugepages/base/crc32c.h"

#define PCAPNG_SHB        0x0A0D0D0Au
#define PCAPNG_IDB        1u
#define PCAPNG_BYTE_ORDER 0x1A2B3C4Du
#define SHB_USERAPPL      4u
#define IF_NAME           2u
#define IF_TSRESOL        9u
#define PCAPNG_ISB        5u
#define ISB_STARTTIME     2u
#define ISB_ENDTIME       3u
#define ISB_IFRECV        4u
#define ISB_IFDROP        5u
#define ISB_OSDROP        7u

static void
put_shb(void *at)
{
	struct vega_shb shb = {
		.block_type = PCAPNG_SHB,
		.block_length = sizeof(shb),
		.byte_order = PCAPNG_BYTE_ORDER,
		.major = 1,
		.section_length = -1,
		.appl_code = SHB_USERAPPL,
		.appl_bytes = sizeof(shb.appl),
		.appl = "VEGA " VEGA_VERSION,
		.block_length2 = sizeof(shb),
	};

	memcpy(at, &shb, sizeof(shb));
}

static void
put_idb(void *at, uint32_t linktype, const char name[VEGA_NAME_BYTES])
{
	struct vega_idb idb = {
		.block_type = PCAPNG_IDB,
		.block_length = sizeof(idb),
		.linktype = (uint16_t)linktype,
		.tsresol_code = IF_TSRESOL,
		.tsresol_bytes = 1,
		.tsresol = {9},
		.name_code = IF_NAME,
		.name_bytes = sizeof(idb.name),
		.block_length2 = sizeof(idb),
	};

	(void)snprintf(idb.name, sizeof(idb.name), "%.*s", (int)sizeof(idb.name) - 1, name);
	memcpy(at, &idb, sizeof(idb));
}

void
vega_format_head(
	void *extent, const struct vega_head *identity, const char (*if_name)[VEGA_NAME_BYTES])
{
	uint8_t *at = extent;
	uint32_t used = VEGA_SHB_BYTES + identity->if_cnt * VEGA_IDB_BYTES;
	struct vega_head *head = (struct vega_head *)(void *)(at + VEGA_HEAD_OFF);

	assert(identity->if_cnt >= 1 && identity->if_cnt <= VEGA_IF_CNT_MAX);
	memset(extent, 0, VEGA_HEAD_BYTES);
	put_shb(at);
	for (uint32_t i = 0; i < identity->if_cnt; i++)
		put_idb(at + VEGA_SHB_BYTES + i * VEGA_IDB_BYTES, identity->linktype, if_name[i]);
	vega_format_padding(at + used, VEGA_HEAD_OFF - used);

	memcpy(head->file_id, identity->file_id,
		offsetof(struct vega_head, reserved) - offsetof(struct vega_head, file_id));
	head->block_type = VEGA_BLOCK_HEAD;
	head->block_length = sizeof(*head);
	head->magic = VEGA_HEAD_MAGIC;
	head->version = VEGA_FORMAT_VERSION;
	head->head_bytes = VEGA_HEAD_BYTES;
	head->head_crc32c = vega_crc32c(0, extent, VEGA_STATE_OFF);
	vega_format_state(extent, VEGA_FILE_OPEN, 0, 0, 0);
}

void
vega_format_state(void *extent, enum vega_file_state state, uint64_t block_cnt, uint64_t packet_cnt,
	uint64_t file_bytes)
{
	uint8_t *at = extent;
	struct vega_head *head = (struct vega_head *)(void *)(at + VEGA_HEAD_OFF);

	/* all of the sector: it may be made anew where a crash has dropped it */
	memset(at + VEGA_STATE_OFF, 0, VEGA_HEAD_BYTES - VEGA_STATE_OFF);
	head->block_length2 = sizeof(*head);
	head->state = state;
	head->state_blocks = block_cnt;
	head->state_packets = packet_cnt;
	head->state_bytes = file_bytes;
	head->state_crc32c = vega_crc32c(0, &head->state,
		offsetof(struct vega_head, state_crc32c) - offsetof(struct vega_head, state));
}

void
vega_format_padding(void *at, uint64_t bytes)
{
	const uint32_t front[2] = {VEGA_BLOCK_PADDING, (uint32_t)bytes};
	uint8_t *out = at;

	if (bytes == 0)
		return;
	assert(bytes >= VEGA_PAD_BYTES_MIN && bytes % 4 == 0);
	memset(out, 0, bytes);
	memcpy(out, front, sizeof(front));
	memcpy(out + bytes - 4, &front[1], 4);
}

void
vega_format_block(struct vega_block_hdr *hdr, const uint8_t file_id[16], uint64_t block_number,
	uint64_t file_off)
{
	uint8_t *payload = (uint8_t *)hdr + VEGA_BLOCK_HDR_BYTES;

	assert(hdr->payload_bytes % 4 == 0 && file_off % VEGA_BLOCK_ALIGN_BYTES == 0);
	memcpy(hdr->file_id, file_id, sizeof(hdr->file_id));
	hdr->block_number = block_number;
	hdr->file_offset = file_off;
	hdr->stored_bytes = (uint32_t)vega_format_stored_bytes(hdr->payload_bytes);
	vega_format_padding(payload + hdr->payload_bytes,
		hdr->stored_bytes - VEGA_BLOCK_HDR_BYTES - hdr->payload_bytes);
	hdr->payload_crc32c = vega_crc32c(0, payload, hdr->stored_bytes - VEGA_BLOCK_HDR_BYTES);
	hdr->header_crc32c = 0;
	hdr->header_crc32c = vega_crc32c(0, hdr, sizeof(*hdr));
}

uint64_t
vega_format_lost(const struct vega_block_hdr *hdr)
{
	return hdr->lost_lane_full + hdr->lost_oversize + hdr->lost_port_missed +
	       hdr->lost_port_nombuf + hdr->lost_disk;
}

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void
vega_format_entry(const struct vega_block_hdr *hdr, const struct vega_index_entry *before,
	struct vega_index_entry *ret_entry)
{
	struct vega_index_entry entry = {
		.start_off = hdr->file_offset,
		.end_off = hdr->file_offset + hdr->stored_bytes,
		.recv_ns_min = hdr->recv_ns_min,
		.recv_ns_max = hdr->recv_ns_max,
		.recv_ns_runmax = max_u64(hdr->recv_ns_max, before ? before->recv_ns_runmax : 0),
		.exch_ns_min = hdr->exch_ns_min,
		.exch_ns_max = hdr->exch_ns_max,
		.exch_ns_runmax = max_u64(hdr->exch_ns_max, before ? before->exch_ns_runmax : 0),
		.generation = hdr->generation,
		.position_first = hdr->position_first,
		.frame_first = hdr->frame_first,
		.packet_cnt = hdr->packet_cnt,
		.record_cnt = hdr->record_cnt,
		.lost = vega_format_lost(hdr),
		.header_crc32c = hdr->header_crc32c,
		.kinds = hdr->kinds,
	};

	entry.entry_crc32c =
		vega_crc32c(0, &entry, offsetof(struct vega_index_entry, entry_crc32c));
	*ret_entry = entry;
}

void
vega_format_index(void *at, const uint8_t file_id[16], uint64_t entry_first,
	const struct vega_index_entry *entries, uint32_t entry_cnt)
{
	const size_t entries_bytes = (size_t)entry_cnt * VEGA_INDEX_ENTRY_BYTES;
	struct vega_index_hdr hdr = {
		.block_type = VEGA_BLOCK_INDEX,
		.block_length = (uint32_t)vega_format_index_bytes(entry_cnt),
		.entry_first = entry_first,
		.entry_cnt = entry_cnt,
		.entry_bytes = VEGA_INDEX_ENTRY_BYTES,
		.entries_crc32c = vega_crc32c(0, entries, entries_bytes),
	};
	uint8_t *out = at;

	assert(entry_cnt <= VEGA_INDEX_ENTRIES_MAX);
	memcpy(hdr.file_id, file_id, sizeof(hdr.file_id));
	hdr.header_crc32c = vega_crc32c(0, &hdr, offsetof(struct vega_index_hdr, header_crc32c));
	memcpy(out, &hdr, sizeof(hdr));
	if (entry_cnt != 0)
		memcpy(out + sizeof(hdr), entries, entries_bytes);
	memcpy(out + sizeof(hdr) + entries_bytes, &hdr.block_length, 4);
}

uint64_t
vega_format_lost_end(const struct vega_trailer *trailer)
{
	return trailer->end_lane_full + trailer->end_oversize + trailer->end_port_missed +
	       trailer->end_port_nombuf + trailer->end_disk;
}

/* A time of pcapng: high half first. A count is little-endian as everything else, but not aligned. */
static void
set_time(uint32_t to[2], uint64_t ns)
{
	to[0] = (uint32_t)(ns >> 32);
	to[1] = (uint32_t)ns;
}

static void
set_cnt(uint32_t to[2], uint64_t cnt)
{
	to[0] = (uint32_t)cnt;
	to[1] = (uint32_t)(cnt >> 32);
}

void
vega_format_isb(struct vega_isb *isb, const struct vega_trailer *trailer, uint64_t lost_port)
{
	*isb = (struct vega_isb){
		.block_type = PCAPNG_ISB,
		.block_length = sizeof(*isb),
		.start_code = ISB_STARTTIME,
		.start_bytes = sizeof(isb->start_ns),
		.end_code = ISB_ENDTIME,
		.end_bytes = sizeof(isb->end_ns),
		.received_code = ISB_IFRECV,
		.received_bytes = sizeof(isb->received_cnt),
		.if_drop_code = ISB_IFDROP,
		.if_drop_bytes = sizeof(isb->if_drop_cnt),
		.os_drop_code = ISB_OSDROP,
		.os_drop_bytes = sizeof(isb->os_drop_cnt),
		.block_length2 = sizeof(*isb),
	};
	set_time(isb->time_ns, trailer->recv_ns_max);
	set_time(isb->start_ns, trailer->recv_ns_min);
	set_time(isb->end_ns, trailer->recv_ns_max);
	set_cnt(isb->received_cnt, trailer->packet_cnt + trailer->lost);
	set_cnt(isb->if_drop_cnt, lost_port);
	set_cnt(isb->os_drop_cnt, trailer->lost - lost_port);
}

void
vega_format_trailer(struct vega_trailer *trailer)
{
	trailer->block_type = VEGA_BLOCK_TRAILER;
	trailer->block_length = sizeof(*trailer);
	trailer->block_length2 = sizeof(*trailer);
	trailer->magic = VEGA_HEAD_MAGIC;
	trailer->trailer_crc32c =
		vega_crc32c(0, trailer, offsetof(struct vega_trailer, trailer_crc32c));
}

void
vega_format_hole(struct vega_hole_hdr *hole, const uint8_t file_id[16], uint64_t file_off,
	uint32_t hole_bytes, uint64_t before_ns)
{
	assert(hole_bytes >= VEGA_BLOCK_ALIGN_BYTES && hole_bytes <= VEGA_BLOCK_BYTES_MAX);
	*hole = (struct vega_hole_hdr){
		.block_type = VEGA_BLOCK_HOLE,
		.block_length = hole_bytes,
		.file_offset = file_off,
		.hole_bytes = hole_bytes,
		.before_ns = before_ns,
	};
	memcpy(hole->file_id, file_id, sizeof(hole->file_id));
	hole->header_crc32c = vega_crc32c(0, hole, offsetof(struct vega_hole_hdr, header_crc32c));
}

void
vega_format_idx_head(struct vega_idx_head *head, const uint8_t file_id[16])
{
	*head = (struct vega_idx_head){
		.magic = VEGA_HEAD_MAGIC,
		.version = VEGA_FORMAT_VERSION,
		.entry_bytes = VEGA_INDEX_ENTRY_BYTES,
	};
	memcpy(head->file_id, file_id, sizeof(head->file_id));
	head->head_crc32c = vega_crc32c(0, head, offsetof(struct vega_idx_head, head_crc32c));
}
