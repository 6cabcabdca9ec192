/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Verify the end of a sealed file: index blocks, padding, statistics, trailer, each against the data blocks found by walking.
 */
#include <string.h>

#include "hugepages/base/crc32c.h"
#include "store/verify_priv.h"

/* What the entries add up to. */
struct totals {
	uint64_t entry_cnt;
	uint64_t packet_cnt;
	uint64_t lost;
	uint64_t ns_min;
	uint64_t ns_max;
	uint64_t ns_runmax;
	uint64_t exch_runmax;
	uint64_t end_off;  /* of the entry before */
	uint64_t fact_idx; /* next block that must have an entry */
};

/* The entry as it must be, given the block at its place. */
static void
check_entry_fact(
	struct verify *v, const struct vega_index_entry *entry, struct totals *sum, uint64_t off)
{
	struct vega_index_entry need;

	while (sum->fact_idx < v->fact_cnt &&
		v->facts[sum->fact_idx].start_off < entry->start_off) {
		verify_damage(v, off, "index: no entry for the block at %llu",
			(unsigned long long)v->facts[sum->fact_idx].start_off);
		sum->fact_idx++;
	}
	if (sum->fact_idx == v->fact_cnt || v->facts[sum->fact_idx].start_off != entry->start_off) {
		/* Said already where that block should be, unless all was well there. */
		if (v->sum->damaged_blocks == v->damaged_was)
			verify_damage(v, off, "index: no block at %llu",
				(unsigned long long)entry->start_off);
		return;
	}
	need = v->facts[sum->fact_idx++];
	need.recv_ns_runmax = sum->ns_runmax;
	need.exch_ns_runmax = sum->exch_runmax;
	need.entry_crc32c = entry->entry_crc32c;
	if (memcmp(&need, entry, sizeof(need)) != 0)
		verify_damage(v, off, "index: the entry does not say what the block at %llu says",
			(unsigned long long)entry->start_off);
}

static void
check_entry(
	struct verify *v, const struct vega_index_entry *entry, struct totals *sum, uint64_t off)
{
	const uint32_t crc = vega_crc32c(0, entry, offsetof(struct vega_index_entry, entry_crc32c));

	sum->entry_cnt++;
	if (crc != entry->entry_crc32c) {
		verify_damage(v, off, "index entry checksum: need 0x%08x, found 0x%08x",
			entry->entry_crc32c, crc);
		return;
	}
	verify_zero(v, entry->reserved, sizeof(entry->reserved), off + 112,
		"index entry: reserved bytes");
	if (entry->start_off < sum->end_off || entry->end_off <= entry->start_off ||
		entry->end_off > v->data_end)
		verify_damage(v, off, "index: entry %llu is out of order",
			(unsigned long long)(sum->entry_cnt - 1));
	sum->end_off = entry->end_off;
	sum->packet_cnt += entry->packet_cnt;
	sum->lost += entry->lost;
	sum->exch_runmax =
		entry->exch_ns_max > sum->exch_runmax ? entry->exch_ns_max : sum->exch_runmax;
	if (entry->packet_cnt != 0 && entry->recv_ns_min < sum->ns_min)
		sum->ns_min = entry->recv_ns_min;
	if (entry->recv_ns_max > sum->ns_runmax)
		sum->ns_runmax = entry->recv_ns_max;
	sum->ns_max = sum->packet_cnt != 0 ? sum->ns_runmax : 0;
	check_entry_fact(v, entry, sum, off);
}

/*
 * One index block at off, which ends by `limit`.
 *
 * Returns its length, 0 when there is none that checks, or a negative errno.
 */
static int64_t
check_index_block(struct verify *v, uint64_t off, uint64_t limit, struct totals *sum)
{
	struct vega_index_hdr hdr;
	uint32_t entries_bytes;
	uint32_t tail;
	int rc;

	if (limit - off < sizeof(hdr) + 4)
		return 0;
	rc = verify_read(v, &hdr, off, sizeof(hdr));
	if (rc < 0)
		return rc;
	if (hdr.block_type != VEGA_BLOCK_INDEX ||
		memcmp(hdr.file_id, v->file_id, sizeof(v->file_id)) != 0 ||
		hdr.header_crc32c !=
			vega_crc32c(0, &hdr, offsetof(struct vega_index_hdr, header_crc32c)) ||
		hdr.entry_cnt > VEGA_INDEX_ENTRIES_MAX ||
		hdr.entry_bytes != sizeof(struct vega_index_entry) ||
		hdr.block_length !=
			sizeof(hdr) + hdr.entry_cnt * sizeof(struct vega_index_entry) + 4 ||
		hdr.block_length > limit - off)
		return 0;
	entries_bytes = hdr.entry_cnt * (uint32_t)sizeof(struct vega_index_entry);
	rc = verify_load(v, off + sizeof(hdr), entries_bytes + 4u);
	if (rc < 0)
		return rc;
	verify_next_block(v);
	memcpy(&tail, v->buffer + entries_bytes, sizeof(tail));
	verify_u64(
		v, tail, hdr.block_length, off + hdr.block_length - 4, "index: length at its end");
	verify_u64(
		v, hdr.entry_first, sum->entry_cnt, off + 24, "index: number of its first entry");
	verify_zero(v, hdr.reserved, sizeof(hdr.reserved), off + 40, "index: reserved bytes");
	if (vega_crc32c(0, v->buffer, entries_bytes) != hdr.entries_crc32c)
		verify_damage(
			v, off + sizeof(hdr), "index: the checksum of its entries does not hold");
	for (uint32_t i = 0; i < hdr.entry_cnt; i++) {
		struct vega_index_entry entry;

		memcpy(&entry, v->buffer + i * sizeof(entry), sizeof(entry));
		check_entry(v, &entry, sum, off + sizeof(hdr) + i * sizeof(entry));
	}
	return hdr.block_length;
}

static uint64_t
lost_end(const struct vega_trailer *t)
{
	return t->end_lane_full + t->end_oversize + t->end_port_missed + t->end_port_nombuf +
	       t->end_disk;
}

/* One option of the statistics block: 8 bytes, given as the two halves that are stored. */
static void
check_option(struct verify *v, const uint8_t *at, uint16_t code, uint32_t first, uint32_t second,
	uint64_t off, const char *what)
{
	const uint32_t need[3] = {code | 8u << 16, first, second};

	if (memcmp(at, need, sizeof(need)) != 0)
		verify_damage(v, off, "statistics: %s does not agree with the blocks", what);
}

/* The statistics block says what block headers and trailer say. */
static void
check_isb(struct verify *v, const uint8_t *at, uint64_t off, bool all_well)
{
	const struct vega_trailer *t = &v->trailer;
	const uint64_t port = v->lost_port + t->end_port_missed + t->end_port_nombuf;
	const uint64_t others = t->lost - port;
	const uint64_t received = t->packet_cnt + t->lost;
	const uint64_t begin = t->recv_ns_min;
	const uint64_t end = t->recv_ns_max;
	const uint32_t front[5] = {5, VEGA_ISB_BYTES, 0, (uint32_t)(end >> 32), (uint32_t)end};
	const uint32_t back[2] = {0, VEGA_ISB_BYTES};

	verify_next_block(v);
	verify_u64(
		v, vega_crc32c(0, at, VEGA_ISB_BYTES), t->isb_crc32c, off, "statistics: checksum");
	if (memcmp(at, front, sizeof(front)) != 0 || memcmp(at + 80, back, sizeof(back)) != 0)
		verify_damage(v, off, "statistics: need a block of type 5 and 88 bytes");
	if (!all_well)
		return; /* the sums cannot hold */
	check_option(v, at + 20, 2, (uint32_t)(begin >> 32), (uint32_t)begin, off + 20, "start");
	check_option(v, at + 32, 3, (uint32_t)(end >> 32), (uint32_t)end, off + 32, "end");
	check_option(v, at + 44, 4, (uint32_t)received, (uint32_t)(received >> 32), off + 44,
		"received frames");
	check_option(v, at + 56, 5, (uint32_t)port, (uint32_t)(port >> 32), off + 56,
		"frames lost by the port");
	check_option(v, at + 68, 7, (uint32_t)others, (uint32_t)(others >> 32), off + 68,
		"frames lost elsewhere");
}

/*
 * What lies between the index and the trailer: padding, then the statistics block where the trailer says that there is one.
 */
static int
check_gap(struct verify *v, uint64_t off, uint64_t bytes, bool all_well)
{
	const uint64_t isb_bytes = v->trailer.isb_bytes;
	int rc;

	if (isb_bytes != 0 && (isb_bytes != VEGA_ISB_BYTES || bytes < isb_bytes)) {
		verify_damage(v, off, "trailer: need 0 or %u bytes of statistics, found %llu",
			VEGA_ISB_BYTES, (unsigned long long)isb_bytes);
		return 0;
	}
	if (bytes - isb_bytes >= VEGA_BLOCK_ALIGN_BYTES + VEGA_PAD_BYTES_MIN) {
		verify_damage(v, off, "need an index block, found %llu bytes that are none",
			(unsigned long long)(bytes - isb_bytes));
		return 0;
	}
	rc = verify_load(v, off, bytes);
	if (rc < 0)
		return rc;
	verify_padding(v, v->buffer, bytes - isb_bytes, off);
	if (isb_bytes != 0)
		check_isb(v, v->buffer + bytes - isb_bytes, off + bytes - isb_bytes, all_well);
	return 0;
}

static void
check_trailer(struct verify *v, const struct totals *sum, uint64_t index_bytes, bool all_well)
{
	const struct vega_trailer *t = &v->trailer;
	const uint64_t off = v->file_bytes - sizeof(*t);

	verify_next_block(v);
	verify_u64(v, t->block_length, sizeof(*t), off + 4, "trailer: length");
	verify_u64(v, t->block_length2, sizeof(*t), off + 252, "trailer: length at its end");
	verify_u64(v, t->file_bytes, v->file_bytes, off + 32, "trailer: bytes of the file");
	verify_u64(v, v->file_bytes % VEGA_BLOCK_ALIGN_BYTES, 0, off,
		"trailer: the file's end modulo 4096");
	verify_zero(v, t->reserved, sizeof(t->reserved), off + 172, "trailer: reserved bytes");
	if (memcmp(t->file_id, v->file_id, sizeof(v->file_id)) != 0)
		verify_damage(v, off + 16, "trailer: of another file");
	if (t->isb_bytes == 0) {
		verify_u64(v, t->isb_crc32c, 0, off + 168, "trailer: checksum of no statistics");
		verify_u64(v, lost_end(t), 0, off + 128, "trailer: lost behind the last block");
	}
	if (t->sealed_by != 1 && t->sealed_by != 2)
		verify_damage(v, off + 120,
			"trailer: need sealed by writer (1) or recover (2), found %u",
			t->sealed_by);
	if (!all_well)
		return; /* the sums cannot hold */
	verify_u64(v, t->index_bytes, index_bytes, off + 48, "trailer: bytes of the index");
	verify_u64(v, t->entry_cnt, sum->entry_cnt, off + 56, "trailer: data blocks");
	verify_u64(v, t->packet_cnt, sum->packet_cnt, off + 64, "trailer: packets");
	verify_u64(v, t->recv_ns_min, sum->packet_cnt != 0 ? sum->ns_min : 0, off + 72,
		"trailer: smallest receive time");
	verify_u64(v, t->recv_ns_max, sum->ns_max, off + 80, "trailer: largest receive time");
	verify_u64(v, t->lost, sum->lost + lost_end(t), off + 88, "trailer: lost frames");
	verify_u64(v, t->hole_cnt, v->hole_cnt, off + 104, "trailer: holes");
	verify_u64(v, t->hole_bytes, v->hole_bytes, off + 112, "trailer: bytes of holes");
}

int
verify_index(struct verify *v)
{
	const uint64_t trailer_off = v->file_bytes - VEGA_TRAILER_BYTES;
	struct totals sum = {.ns_min = UINT64_MAX, .end_off = VEGA_HEAD_BYTES};
	uint64_t off = v->data_end;
	int64_t length;
	int rc;

	verify_next_block(v);
	verify_u64(v, v->trailer.index_off, v->data_end, trailer_off + 40,
		"trailer: start of the index");
	verify_u64(v, v->data_end % VEGA_BLOCK_ALIGN_BYTES, 0, trailer_off + 40,
		"trailer: start of the index modulo 4096");
	while ((length = check_index_block(v, off, trailer_off, &sum)) > 0)
		off += (uint64_t)length;
	if (length < 0)
		return (int)length;
	for (; sum.fact_idx < v->fact_cnt; sum.fact_idx++)
		verify_damage(v, off, "index: no entry for the block at %llu",
			(unsigned long long)v->facts[sum.fact_idx].start_off);
	verify_next_block(v);
	rc = check_gap(v, off, trailer_off - off, v->sum->damaged_blocks == v->damaged_was);
	if (rc < 0)
		return rc;
	check_trailer(v, &sum, off - v->data_end, v->sum->damaged_blocks == v->damaged_was);
	return 0;
}
