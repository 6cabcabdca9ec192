/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Verify the payload of a block of records: it says what the header says. The codec alone is shared with the reader; what it makes
 * is looked at anew.
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/vega_record.h"
#include "store/columns.h"
#include "store/verify_priv.h"

/* What the records turned out to hold. */
struct tally {
	uint64_t epoch_ns;
	uint64_t far_ns; /* of the next record, told by TIME */
	uint64_t packets;
	uint64_t frame_first;
	uint64_t recv_first;
	uint64_t recv_last;
	uint64_t recv_min;
	uint64_t recv_max;
	uint64_t exch_min;
	uint64_t exch_max;
	uint32_t kinds;
	bool has_frame;
};

/* A record's own time, 0: none. */
static uint64_t
time_of(struct tally *t, uint64_t ts48, uint32_t kind, uint64_t ns)
{
	const uint64_t far_ns = t->far_ns;

	if (kind != VEGA_WIDE)
		t->far_ns = kind == VEGA_TIME ? ns : 0;
	if (kind == VEGA_EPOCH)
		t->epoch_ns = ns;
	if (kind == VEGA_WIDE || kind == VEGA_TIME)
		return 0;
	if (far_ns != 0)
		return far_ns;
	return ts48 == VEGA_TS_NONE ? 0 : t->epoch_ns + ts48;
}

static void
take_packet(struct tally *t, const uint64_t word[4], uint64_t ns)
{
	if (t->packets++ == 0)
		t->recv_first = t->recv_min = t->recv_max = ns;
	t->recv_last = ns;
	t->recv_min = ns < t->recv_min ? ns : t->recv_min;
	t->recv_max = ns > t->recv_max ? ns : t->recv_max;
	if (!t->has_frame && (word[0] >> 56 & VEGA_RECORD_FRAME_LOST) == 0) {
		t->has_frame = true;
		t->frame_first = word[3];
	}
}

static void
take_record(struct tally *t, const uint64_t word[4])
{
	const uint32_t kind = word[0] >> 48 & 0xFF;
	const uint64_t ns = time_of(t, word[0] & VEGA_TS_NONE, kind, word[2]);

	t->kinds |= 1u << (kind < 31 ? kind : 31);
	if (kind == VEGA_PACKET) {
		take_packet(t, word, ns);
	} else if (ns != 0 && kind >= VEGA_ORDER_ADD && kind <= VEGA_CLEAR) {
		t->exch_min = t->exch_min == 0 || ns < t->exch_min ? ns : t->exch_min;
		t->exch_max = ns > t->exch_max ? ns : t->exch_max;
	}
}

static void
check_tally(struct verify *v, const struct vega_block_hdr *hdr, uint64_t off, const struct tally *t)
{
	verify_u64(v, hdr->packet_cnt, t->packets, off, "block header: packet count");
	verify_u64(v, hdr->kinds, t->kinds, off, "block header: kinds of records");
	verify_u64(v, hdr->frame_first, t->frame_first, off, "block header: first frame");
	verify_u64(v, hdr->exch_ns_min, t->exch_min, off, "block header: smallest exchange time");
	verify_u64(v, hdr->exch_ns_max, t->exch_max, off, "block header: largest exchange time");
	if (t->packets == 0)
		return;
	verify_u64(v, hdr->recv_ns_first, t->recv_first, off, "block header: first receive time");
	verify_u64(v, hdr->recv_ns_last, t->recv_last, off, "block header: last receive time");
	verify_u64(v, hdr->recv_ns_min, t->recv_min, off, "block header: smallest receive time");
	verify_u64(v, hdr->recv_ns_max, t->recv_max, off, "block header: largest receive time");
}

/* The frame around the records. Returns false, and says so, when they cannot be found in it. */
static bool
check_frame(struct verify *v, const struct vega_block_hdr *hdr, const uint8_t *payload,
	uint64_t off, struct vega_records_hdr *ret_records)
{
	const uint32_t around = (uint32_t)sizeof(*ret_records) + 4;
	uint32_t end, tail;

	if (hdr->payload_bytes < around || hdr->record_cnt == 0 ||
		hdr->record_cnt > VEGA_COLUMNS_RECORD_CNT_MAX) {
		verify_damage(v, off, "records: %u of them in %u bytes", hdr->record_cnt,
			hdr->payload_bytes);
		return false;
	}
	memcpy(ret_records, payload, sizeof(*ret_records));
	memcpy(&tail, payload + hdr->payload_bytes - 4, 4);
	verify_u64(v, ret_records->block_type, VEGA_BLOCK_RECORDS, off, "records: block type");
	verify_u64(v, ret_records->block_length, hdr->payload_bytes, off + 4, "records: length");
	verify_u64(v, tail, hdr->payload_bytes, off + hdr->payload_bytes - 4,
		"records: length at its end");
	verify_u64(v, ret_records->record_cnt, hdr->record_cnt, off + 16, "records: count");
	verify_u64(v, ret_records->kinds, hdr->kinds, off + 20, "records: kinds");
	verify_u64(v, ret_records->record_bytes, VEGA_RECORD_BYTES, off + 28, "records: bytes");
	if (ret_records->data_bytes > hdr->payload_bytes - around ||
		hdr->payload_bytes - around - ret_records->data_bytes > 3) {
		verify_damage(v, off + 24, "records: %u bytes of data in a block of %u",
			ret_records->data_bytes, hdr->payload_bytes);
		return false;
	}
	end = (uint32_t)sizeof(*ret_records) + ret_records->data_bytes;
	verify_zero(v, payload + end, hdr->payload_bytes - 4 - end, off + end, "records: padding");
	return true;
}

static bool
has_memory(struct verify *v)
{
	if (v->records == NULL)
		v->records = malloc((size_t)VEGA_COLUMNS_RECORD_CNT_MAX * VEGA_RECORD_BYTES);
	return v->records != NULL && (v->columns != NULL || vega_columns_new(&v->columns) == 0);
}

/* The records as words; NULL, and said, when the data is not what the codec makes. */
static const uint8_t *
decode(struct verify *v, const struct vega_block_hdr *hdr, const uint8_t *data, uint32_t bytes,
	uint64_t off)
{
	if (hdr->codec == VEGA_CODEC_PLAIN && bytes == hdr->record_cnt * VEGA_RECORD_BYTES)
		return data;
	if (hdr->codec == VEGA_CODEC_COLUMNS && has_memory(v) &&
		vega_columns_decode(v->columns, data, bytes, hdr->record_cnt, v->records) == 0)
		return v->records;
	verify_damage(v, off, "records: %u of codec %u cannot be made from %u bytes",
		hdr->record_cnt, hdr->codec, bytes);
	return NULL;
}

/* A lap stands alone in its block, at the first position it took. Returns how many it took. */
static uint64_t
check_lap(struct verify *v, const struct vega_block_hdr *hdr, uint64_t off, const uint64_t word[4])
{
	if (hdr->record_cnt != 1)
		verify_damage(v, off, "records: need a lap in a block of its own, found %u records",
			hdr->record_cnt);
	verify_u64(v, word[3], hdr->position_first, off, "records: first position of a lap");
	if (word[2] == 0 || word[2] > UINT64_MAX - word[3])
		verify_damage(v, off, "records: a lap of %llu", (unsigned long long)word[2]);
	return word[2];
}

uint64_t
verify_records(
	struct verify *v, const struct vega_block_hdr *hdr, const uint8_t *payload, uint64_t off)
{
	const uint64_t hdr_off = off - VEGA_BLOCK_HDR_BYTES;
	const uint8_t *data = payload + sizeof(struct vega_records_hdr);
	struct vega_records_hdr records;
	uint64_t positions = hdr->record_cnt;
	struct tally t = {0};

	if (!check_frame(v, hdr, payload, off, &records))
		return 0;
	data = decode(v, hdr, data, records.data_bytes, off + sizeof(records));
	if (data == NULL)
		return 0;
	t.epoch_ns = records.epoch_ns;
	for (uint32_t i = 0; i < hdr->record_cnt; i++) {
		uint64_t word[4];

		memcpy(word, data + (size_t)i * sizeof(word), sizeof(word));
		take_record(&t, word);
		if ((word[0] >> 48 & 0xFF) == VEGA_LOSS && word[1] >> 32 == VEGA_LOSS_LAPPED)
			positions = check_lap(v, hdr, hdr_off, word);
	}
	check_tally(v, hdr, hdr_off, &t);
	return positions;
}
