/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Judging the parts of a journal file. Hostile input is normal input: a length is compared before it is used, and no
 * field is believed before its checksum.
 */
#include <string.h>

#include "hugepages/base/crc32c.h"
#include "hugepages/base/err.h"
#include "store/format.h"

static int
all_zero(const void *at, size_t bytes)
{
	const uint8_t *p = at;
	uint8_t any = 0;

	for (size_t i = 0; i < bytes; i++)
		any |= p[i];
	return any == 0;
}

static int
is_text(const char *text, size_t bytes)
{
	return memchr(text, '\0', bytes) != NULL;
}

static int
same_id(const uint8_t a[16], const uint8_t b[16])
{
	return memcmp(a, b, 16) == 0;
}

/* The pcapng blocks in front of the VEGA head: one section, the interfaces it promises, one link type. */
static int
front_ok(const uint8_t *at, const struct vega_head *head)
{
	uint32_t off = VEGA_SHB_BYTES;
	struct vega_shb shb;
	struct vega_idb idb;

	memcpy(&shb, at, sizeof(shb));
	if (shb.block_length != sizeof(shb) || shb.block_length2 != sizeof(shb) ||
		shb.section_length != -1 || shb.major != 1)
		return 0;
	for (uint32_t i = 0; i < head->if_cnt; i++, off += VEGA_IDB_BYTES) {
		memcpy(&idb, at + off, sizeof(idb));
		if (idb.block_type != 1 || idb.block_length != sizeof(idb) ||
			idb.block_length2 != sizeof(idb) || idb.linktype != head->linktype ||
			idb.snaplen != 0 || !is_text(idb.name, sizeof(idb.name)))
			return 0;
	}
	return vega_format_check_padding(at + off, VEGA_HEAD_OFF - off) == VEGA_GOOD;
}

static int
head_crc_ok(const uint8_t *at, const struct vega_head *head)
{
	const uint32_t zero = 0;
	const uint64_t crc_off = VEGA_HEAD_OFF + offsetof(struct vega_head, head_crc32c);
	uint32_t crc = vega_crc32c(0, at, crc_off);

	crc = vega_crc32c(crc, &zero, sizeof(zero));
	static_assert(VEGA_HEAD_OFF + offsetof(struct vega_head, head_crc32c) + 4 == VEGA_STATE_OFF,
		"the checksum is the last field before the state sector");
	return crc == head->head_crc32c;
}

static int
identity_ok(const struct vega_head *head)
{
	return head->block_type == VEGA_BLOCK_HEAD && head->block_length == sizeof(*head) &&
	       head->head_bytes == VEGA_HEAD_BYTES && head->if_cnt >= 1 &&
	       head->if_cnt <= VEGA_IF_CNT_MAX && head->linktype <= UINT16_MAX &&
	       head->kind >= VEGA_KIND_FRAMES && head->kind <= VEGA_KIND_BOOK &&
	       is_text(head->feed, sizeof(head->feed)) && is_text(head->zone, sizeof(head->zone)) &&
	       is_text(head->region, sizeof(head->region)) &&
	       all_zero(head->reserved, sizeof(head->reserved));
}

int
vega_format_check_head(const void *extent, uint64_t bytes)
{
	const struct vega_head *head;
	uint32_t type;

	if (bytes < VEGA_HEAD_BYTES)
		return VEGA_ERR(-EBADMSG,
			"need a VEGA journal file, at least %u bytes, found %llu; it is empty, cut "
			"or no journal",
			VEGA_HEAD_BYTES, (unsigned long long)bytes);
	head = vega_format_head_of(extent);
	memcpy(&type, extent, sizeof(type));
	if (type != 0x0A0D0D0Au || head->magic != VEGA_HEAD_MAGIC)
		return VEGA_ERR(-EBADMSG,
			"need a VEGA journal file, found another kind of file (no VEGA head at "
			"byte %u); "
			"capture it with vega-capture --pcap if it is a pcap",
			VEGA_HEAD_OFF);
	if (head->version != VEGA_FORMAT_VERSION)
		return VEGA_ERR(-EBADMSG,
			"need a journal of format version %u, found version %u; use the VEGA that "
			"wrote it",
			VEGA_FORMAT_VERSION, head->version);
	if (head->incompat_flags != 0)
		return VEGA_ERR(-EBADMSG,
			"need a journal without unknown features, found incompatible flags 0x%x; "
			"use the VEGA that wrote it",
			head->incompat_flags);
	if (!head_crc_ok(extent, head) || !identity_ok(head) || !front_ok(extent, head))
		return VEGA_ERR(-EBADMSG, "need a whole journal head, found one that fails its "
					  "checks; the first 4096 bytes are damaged");
	return 0;
}

enum vega_verdict
vega_format_check_state(const void *extent)
{
	const struct vega_head *head = vega_format_head_of(extent);
	uint32_t crc = vega_crc32c(0, &head->state,
		offsetof(struct vega_head, state_crc32c) - offsetof(struct vega_head, state));

	if (crc != head->state_crc32c || head->block_length2 != sizeof(*head) ||
		head->state_reserved != 0 || !all_zero(head->reserved2, sizeof(head->reserved2)))
		return VEGA_TORN;
	return head->state == VEGA_FILE_OPEN || head->state == VEGA_FILE_SEALED ? VEGA_GOOD
										: VEGA_TORN;
}

static int
block_lengths_ok(const struct vega_block_hdr *hdr)
{
	return hdr->block_length == sizeof(*hdr) && hdr->block_length2 == sizeof(*hdr) &&
	       hdr->payload_bytes <= VEGA_BLOCK_BYTES_MAX - sizeof(*hdr) &&
	       hdr->payload_bytes % 4 == 0 && hdr->stored_bytes <= VEGA_BLOCK_BYTES_MAX &&
	       hdr->stored_bytes == vega_format_stored_bytes(hdr->payload_bytes);
}

enum vega_verdict
vega_format_check_block_hdr(const struct vega_block_hdr *hdr, uint64_t bytes,
	const uint8_t file_id[16], uint64_t file_off)
{
	struct vega_block_hdr bare;

	if (bytes < sizeof(*hdr) || hdr->block_type != VEGA_BLOCK_DATA)
		return VEGA_TORN;
	bare = *hdr;
	bare.header_crc32c = 0;
	if (vega_crc32c(0, &bare, sizeof(bare)) != hdr->header_crc32c)
		return VEGA_TORN;
	if (!block_lengths_ok(hdr) || !all_zero(hdr->reserved, sizeof(hdr->reserved)) ||
		hdr->reserved2 != 0)
		return VEGA_TORN;
	if (hdr->packet_cnt != 0 && hdr->recv_ns_min > hdr->recv_ns_max)
		return VEGA_TORN;
	if (!same_id(hdr->file_id, file_id))
		return VEGA_STALE;
	return hdr->file_offset == file_off ? VEGA_GOOD : VEGA_MISPLACED;
}

enum vega_verdict
vega_format_check_block(const struct vega_block_hdr *hdr, uint64_t bytes, const uint8_t file_id[16],
	uint64_t file_off)
{
	const uint8_t *payload = (const uint8_t *)hdr + VEGA_BLOCK_HDR_BYTES;
	enum vega_verdict verdict = vega_format_check_block_hdr(hdr, bytes, file_id, file_off);
	uint32_t rest;

	if (verdict != VEGA_GOOD)
		return verdict;
	if (bytes < hdr->stored_bytes)
		return VEGA_TORN;
	rest = hdr->stored_bytes - VEGA_BLOCK_HDR_BYTES;
	if (vega_crc32c(0, payload, rest) != hdr->payload_crc32c)
		return VEGA_TORN;
	return vega_format_check_padding(payload + hdr->payload_bytes, rest - hdr->payload_bytes);
}

enum vega_verdict
vega_format_check_padding(const void *at, uint64_t bytes)
{
	const uint8_t *in = at;
	uint32_t front[2];
	uint32_t tail;

	if (bytes == 0)
		return VEGA_GOOD;
	if (bytes < VEGA_PAD_BYTES_MIN || bytes > VEGA_BLOCK_BYTES_MAX)
		return VEGA_TORN;
	memcpy(front, in, sizeof(front));
	memcpy(&tail, in + bytes - 4, sizeof(tail));
	if (front[0] != VEGA_BLOCK_PADDING || front[1] != bytes || tail != bytes)
		return VEGA_TORN;
	return all_zero(in + 8, bytes - 12) ? VEGA_GOOD : VEGA_TORN;
}

static int
entry_extent_ok(const struct vega_index_entry *entry, uint64_t begin, uint64_t data_end)
{
	return entry->start_off % VEGA_BLOCK_ALIGN_BYTES == 0 &&
	       entry->end_off % VEGA_BLOCK_ALIGN_BYTES == 0 && entry->start_off >= begin &&
	       entry->end_off > entry->start_off && entry->end_off <= data_end &&
	       entry->end_off - entry->start_off <= VEGA_BLOCK_BYTES_MAX;
}

enum vega_verdict
vega_format_check_entry(const struct vega_index_entry *entry, const struct vega_index_entry *before,
	uint64_t data_end)
{
	const uint64_t begin = before ? before->end_off : VEGA_HEAD_BYTES;
	const uint64_t recv_ns = before ? before->recv_ns_runmax : 0;
	const uint64_t exch_ns = before ? before->exch_ns_runmax : 0;

	if (vega_crc32c(0, entry, offsetof(struct vega_index_entry, entry_crc32c)) !=
		entry->entry_crc32c)
		return VEGA_TORN;
	if (!all_zero(entry->reserved, sizeof(entry->reserved)))
		return VEGA_TORN;
	if (!entry_extent_ok(entry, begin, data_end))
		return VEGA_MISPLACED;
	if (entry->recv_ns_runmax < recv_ns || entry->recv_ns_runmax < entry->recv_ns_max ||
		entry->exch_ns_runmax < exch_ns || entry->exch_ns_runmax < entry->exch_ns_max)
		return VEGA_TORN;
	if (entry->packet_cnt != 0 && entry->recv_ns_min > entry->recv_ns_max)
		return VEGA_TORN;
	return VEGA_GOOD;
}

enum vega_verdict
vega_format_check_index(const struct vega_index_hdr *hdr, uint64_t bytes, const uint8_t file_id[16],
	uint64_t entry_first)
{
	const uint8_t *entries = (const uint8_t *)(hdr + 1);
	uint64_t entries_bytes;
	uint32_t tail;

	if (bytes < sizeof(*hdr) || hdr->block_type != VEGA_BLOCK_INDEX)
		return VEGA_TORN;
	if (vega_crc32c(0, hdr, offsetof(struct vega_index_hdr, header_crc32c)) !=
		hdr->header_crc32c)
		return VEGA_TORN;
	if (hdr->entry_bytes != VEGA_INDEX_ENTRY_BYTES || hdr->entry_cnt > VEGA_INDEX_ENTRIES_MAX ||
		hdr->block_length != vega_format_index_bytes(hdr->entry_cnt) ||
		!all_zero(hdr->reserved, sizeof(hdr->reserved)))
		return VEGA_TORN;
	if (bytes < hdr->block_length)
		return VEGA_TORN;
	entries_bytes = (uint64_t)hdr->entry_cnt * VEGA_INDEX_ENTRY_BYTES;
	memcpy(&tail, entries + entries_bytes, sizeof(tail));
	if (tail != hdr->block_length ||
		vega_crc32c(0, entries, entries_bytes) != hdr->entries_crc32c)
		return VEGA_TORN;
	if (!same_id(hdr->file_id, file_id))
		return VEGA_STALE;
	return hdr->entry_first == entry_first ? VEGA_GOOD : VEGA_MISPLACED;
}

/* Without a statistics block nothing is said of it, nor of losses behind the last block. */
static int
trailer_isb_ok(const struct vega_trailer *trailer)
{
	if (trailer->isb_bytes == 0)
		return trailer->isb_crc32c == 0 && vega_format_lost_end(trailer) == 0;
	return trailer->isb_bytes == VEGA_ISB_BYTES;
}

/* Head, data, index, padding, statistics and trailer must lie in this order and fill the file. */
static int
trailer_ranges_ok(const struct vega_trailer *trailer, uint64_t file_bytes)
{
	return trailer->file_bytes == file_bytes && file_bytes % VEGA_BLOCK_ALIGN_BYTES == 0 &&
	       trailer->index_off % VEGA_BLOCK_ALIGN_BYTES == 0 &&
	       trailer->index_off >= VEGA_HEAD_BYTES && trailer->index_off < file_bytes &&
	       trailer->index_bytes >= VEGA_INDEX_HDR_BYTES + 4 &&
	       trailer->index_bytes <=
		       file_bytes - trailer->index_off - VEGA_TRAILER_BYTES - trailer->isb_bytes &&
	       trailer->entry_cnt <= VEGA_FILE_BLOCKS_MAX &&
	       trailer->entry_cnt <= trailer->index_bytes / VEGA_INDEX_ENTRY_BYTES &&
	       trailer->hole_bytes <= trailer->index_off;
}

enum vega_verdict
vega_format_check_trailer(
	const struct vega_trailer *trailer, const uint8_t file_id[16], uint64_t file_bytes)
{
	if (trailer->block_type != VEGA_BLOCK_TRAILER ||
		trailer->block_length != sizeof(*trailer) ||
		trailer->block_length2 != sizeof(*trailer) || trailer->magic != VEGA_HEAD_MAGIC)
		return VEGA_TORN;
	if (vega_crc32c(0, trailer, offsetof(struct vega_trailer, trailer_crc32c)) !=
		trailer->trailer_crc32c)
		return VEGA_TORN;
	if (!trailer_isb_ok(trailer) || !all_zero(trailer->reserved, sizeof(trailer->reserved)))
		return VEGA_TORN;
	if (!same_id(trailer->file_id, file_id))
		return VEGA_STALE;
	return trailer_ranges_ok(trailer, file_bytes) ? VEGA_GOOD : VEGA_MISPLACED;
}

enum vega_verdict
vega_format_check_isb(const struct vega_isb *isb, const struct vega_trailer *trailer)
{
	const uint64_t lost_port = isb->if_drop_cnt[0] | (uint64_t)isb->if_drop_cnt[1] << 32;
	struct vega_isb need;

	if (lost_port > trailer->lost)
		return VEGA_TORN;
	vega_format_isb(&need, trailer, lost_port);
	return memcmp(&need, isb, sizeof(need)) == 0 &&
			       vega_crc32c(0, isb, sizeof(*isb)) == trailer->isb_crc32c
		       ? VEGA_GOOD
		       : VEGA_TORN;
}

enum vega_verdict
vega_format_check_hole(const struct vega_hole_hdr *hole, uint64_t bytes, const uint8_t file_id[16],
	uint64_t file_off)
{
	uint32_t tail;

	if (bytes < sizeof(*hole) || hole->block_type != VEGA_BLOCK_HOLE)
		return VEGA_TORN;
	if (vega_crc32c(0, hole, offsetof(struct vega_hole_hdr, header_crc32c)) !=
		hole->header_crc32c)
		return VEGA_TORN;
	if (hole->block_length != hole->hole_bytes || hole->hole_bytes > VEGA_BLOCK_BYTES_MAX ||
		hole->hole_bytes < VEGA_BLOCK_ALIGN_BYTES ||
		hole->hole_bytes % VEGA_BLOCK_ALIGN_BYTES != 0 || hole->reserved != 0 ||
		hole->reserved2 != 0)
		return VEGA_TORN;
	if (bytes >= hole->hole_bytes) {
		memcpy(&tail, (const uint8_t *)hole + hole->hole_bytes - 4, sizeof(tail));
		if (tail != hole->block_length)
			return VEGA_TORN;
	}
	if (!same_id(hole->file_id, file_id))
		return VEGA_STALE;
	return hole->file_offset == file_off ? VEGA_GOOD : VEGA_MISPLACED;
}

enum vega_verdict
vega_format_check_idx_head(const struct vega_idx_head *head, const uint8_t file_id[16])
{
	if (head->magic != VEGA_HEAD_MAGIC || head->version != VEGA_FORMAT_VERSION ||
		head->entry_bytes != VEGA_INDEX_ENTRY_BYTES ||
		vega_crc32c(0, head, offsetof(struct vega_idx_head, head_crc32c)) !=
			head->head_crc32c ||
		!all_zero(head->reserved, sizeof(head->reserved)))
		return VEGA_TORN;
	return same_id(head->file_id, file_id) ? VEGA_GOOD : VEGA_STALE;
}
