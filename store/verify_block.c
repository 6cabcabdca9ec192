/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Verify one data block: its header, its padding, and the chain of blocks in its payload, which must say what the
 * header says.
 */
#include <string.h>

#include "hugepages/base/crc32c.h"
#include "store/verify_priv.h"

#define PCAPNG_ISB 5u
#define PCAPNG_EPB 6u

/* An Enhanced Packet Block as pcapng has it, before its data. */
struct epb {
	uint32_t type;
	uint32_t length;
	uint32_t interface_id;
	uint32_t ns_high;
	uint32_t ns_low;
	uint32_t captured_bytes;
	uint32_t wire_bytes;
};

/* What the payload turned out to hold. */
struct tally {
	uint64_t packets;
	uint64_t ns_first;
	uint64_t ns_last;
	uint64_t ns_min;
	uint64_t ns_max;
};

bool
verify_header_ok(const struct verify *v, const struct vega_block_hdr *hdr, uint64_t off)
{
	struct vega_block_hdr copy = *hdr;
	uint64_t rest;

	copy.header_crc32c = 0;
	if (hdr->block_type != VEGA_BLOCK_DATA || hdr->block_length != VEGA_BLOCK_HDR_BYTES ||
		hdr->block_length2 != VEGA_BLOCK_HDR_BYTES || hdr->file_offset != off ||
		memcmp(hdr->file_id, v->file_id, sizeof(v->file_id)) != 0 ||
		hdr->header_crc32c != vega_crc32c(0, &copy, sizeof(copy)))
		return false;
	if (hdr->stored_bytes > VEGA_BLOCK_BYTES_MAX ||
		hdr->stored_bytes % VEGA_BLOCK_ALIGN_BYTES != 0 ||
		hdr->stored_bytes < VEGA_BLOCK_HDR_BYTES || hdr->payload_bytes % 4 != 0)
		return false;
	rest = hdr->stored_bytes - VEGA_BLOCK_HDR_BYTES;
	return hdr->payload_bytes <= rest && hdr->stored_bytes <= v->file_bytes - off;
}

/* Options behind a packet's data: a list of {code, bytes, value padded to 4}, ended by code 0. */
static const char *
check_options(const uint8_t *at, uint32_t bytes)
{
	while (bytes != 0) {
		uint16_t option[2];
		uint32_t padded;

		if (bytes < 4)
			return "packet options: cut";
		memcpy(option, at, 4);
		padded = 4u + ((option[1] + 3u) & ~3u);
		if (padded > bytes)
			return "packet options: one is longer than its block";
		if (option[0] == 0)
			return bytes == 4 && option[1] == 0
				       ? NULL
				       : "packet options: bytes after their end";
		at += padded;
		bytes -= padded;
	}
	return NULL;
}

/* Returns what is wrong with the packet, or NULL and adds it to the tally. */
static const char *
check_epb(const struct verify *v, const uint8_t *at, uint32_t length, struct tally *tally)
{
	struct epb epb;
	uint32_t padded;
	uint64_t ns;

	if (length < sizeof(epb) + 4)
		return "packet block: shorter than its fixed part";
	memcpy(&epb, at, sizeof(epb));
	if (epb.captured_bytes > length - sizeof(epb) - 4)
		return "packet block: more captured bytes than it holds";
	padded = (epb.captured_bytes + 3u) & ~3u;
	for (uint32_t i = epb.captured_bytes; i < padded; i++)
		if (at[sizeof(epb) + i] != 0)
			return "packet block: padding is not zero";
	ns = (uint64_t)epb.ns_high << 32 | epb.ns_low;
	if (tally->packets++ == 0)
		tally->ns_first = ns;
	tally->ns_last = ns;
	tally->ns_min = ns < tally->ns_min ? ns : tally->ns_min;
	tally->ns_max = ns > tally->ns_max ? ns : tally->ns_max;
	if (v->head_ok && epb.interface_id >= v->head.if_cnt)
		return "packet block: interface is not among the head's";
	return check_options(
		at + sizeof(epb) + padded, length - (uint32_t)sizeof(epb) - 4u - padded);
}

static const char *
check_clock(const uint8_t *at, uint32_t length)
{
	struct vega_clock_block clock;

	if (length != sizeof(clock))
		return "clock block: length is not 64";
	memcpy(&clock, at, sizeof(clock));
	return clock.reserved == 0 ? NULL : "clock block: reserved bytes are not zero";
}

/* The chain of blocks in the payload; stops at the first break, for nothing behind it can be placed. */
static void
check_chain(
	struct verify *v, const uint8_t *payload, uint32_t bytes, uint64_t off, struct tally *tally)
{
	uint32_t at = 0;

	while (at < bytes) {
		const char *wrong = NULL;
		uint32_t head[2];
		uint32_t tail;

		if (bytes - at < 12) {
			verify_damage(
				v, off + at, "payload: %u bytes that are no block", bytes - at);
			return;
		}
		memcpy(head, payload + at, sizeof(head));
		if (head[1] < 12 || head[1] % 4 != 0 || head[1] > bytes - at) {
			verify_damage(v, off + at, "payload: a block's length is %u, %u are left",
				head[1], bytes - at);
			return;
		}
		memcpy(&tail, payload + at + head[1] - 4, 4);
		if (tail != head[1])
			wrong = "payload: a block's two lengths differ";
		else if (head[0] == PCAPNG_EPB)
			wrong = check_epb(v, payload + at, head[1], tally);
		else if (head[0] == VEGA_BLOCK_CLOCK)
			wrong = check_clock(payload + at, head[1]);
		else if (head[0] != PCAPNG_ISB)
			wrong = "payload: a block that does not belong there";
		if (wrong != NULL)
			verify_damage(v, off + at, "%s", wrong);
		at += head[1];
	}
}

static void
check_against_head(struct verify *v, const struct vega_block_hdr *hdr, uint64_t off)
{
	if (!v->head_ok)
		return;
	if (hdr->kind != VEGA_KIND_KEYFRAME || !vega_format_is_records(v->head.kind))
		verify_u64(v, hdr->kind, v->head.kind, off, "block header: kind");
	verify_u64(v, hdr->linktype, v->head.linktype, off, "block header: link type");
	verify_u64(v, hdr->generation, v->head.generation, off, "block header: generation");
	verify_u64(v, hdr->day, v->head.day, off, "block header: day");
}

static void
check_header(struct verify *v, const struct vega_block_hdr *hdr, uint64_t off)
{
	const uint64_t gap = hdr->stored_bytes - VEGA_BLOCK_HDR_BYTES - hdr->payload_bytes;

	verify_zero(v, hdr->reserved, sizeof(hdr->reserved), off, "block header: reserved bytes");
	verify_u64(v, hdr->reserved2, 0, off, "block header: reserved bytes");
	if (hdr->kind == VEGA_KIND_FRAMES) {
		verify_u64(v, hdr->codec, 0, off, "block header: codec");
		verify_u64(v, hdr->kinds, 0, off, "block header: kinds of records");
	}
	if (hdr->seal < VEGA_SEAL_FULL || hdr->seal > VEGA_SEAL_STOP)
		verify_damage(v, off, "block header: need a cause of sealing, found %u", hdr->seal);
	if (gap == 4 || gap == 8 || gap >= VEGA_BLOCK_ALIGN_BYTES + 12)
		verify_damage(
			v, off, "block header: %llu bytes of padding", (unsigned long long)gap);
}

static void
check_tally(
	struct verify *v, const struct vega_block_hdr *hdr, uint64_t off, const struct tally *tally)
{
	verify_u64(v, hdr->packet_cnt, tally->packets, off, "block header: packet count");
	if (tally->packets == 0)
		return;
	verify_u64(v, hdr->recv_ns_first, tally->ns_first, off, "block header: first receive time");
	verify_u64(v, hdr->recv_ns_last, tally->ns_last, off, "block header: last receive time");
	verify_u64(v, hdr->recv_ns_min, tally->ns_min, off, "block header: smallest receive time");
	verify_u64(v, hdr->recv_ns_max, tally->ns_max, off, "block header: largest receive time");
}

void
verify_block(struct verify *v, const uint8_t *block, uint64_t off)
{
	const uint8_t *payload = block + VEGA_BLOCK_HDR_BYTES;
	const uint64_t payload_off = off + VEGA_BLOCK_HDR_BYTES;
	struct tally tally = {.ns_min = UINT64_MAX};
	struct vega_block_hdr hdr;
	uint32_t rest;
	uint32_t crc;

	memcpy(&hdr, block, sizeof(hdr));
	rest = hdr.stored_bytes - VEGA_BLOCK_HDR_BYTES;
	check_header(v, &hdr, off);
	check_against_head(v, &hdr, off);
	crc = vega_crc32c(0, payload, rest);
	if (crc != hdr.payload_crc32c) {
		verify_damage(v, payload_off, "payload checksum: need 0x%08x, found 0x%08x",
			hdr.payload_crc32c, crc);
		return; /* what it holds means nothing */
	}
	verify_padding(v, payload + hdr.payload_bytes, rest - hdr.payload_bytes,
		payload_off + hdr.payload_bytes);
	if (vega_format_is_records(hdr.kind))
		v->position_next =
			hdr.position_first + verify_records(v, &hdr, payload, payload_off);
	if (hdr.kind == VEGA_KIND_KEYFRAME)
		verify_keyframe(v, &hdr, block, payload_off);
	if (hdr.kind != VEGA_KIND_FRAMES)
		return;
	check_chain(v, payload, hdr.payload_bytes, payload_off, &tally);
	check_tally(v, &hdr, off, &tally);
}
