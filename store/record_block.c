/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/record_block.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "store/format.h"

/* Their time is the exchange's. */
#define EXCHANGE_KINDS                                           \
	((VEGA_RECORD_KIND_BIT((uint32_t)VEGA_CLEAR + 1) - 1u) & \
		~(VEGA_RECORD_KIND_BIT((uint32_t)VEGA_ORDER_ADD) - 1u))

uint64_t
vega_record_block_bytes(uint32_t cnt)
{
	const uint64_t plain = (uint64_t)cnt * VEGA_RECORD_BYTES;
	const uint64_t coded = vega_columns_bound(cnt);
	const uint64_t data = coded > plain ? coded : plain;

	/* an extent may be one 4096 longer than its content needs (vega_format_gap_bytes) */
	return vega_align_up(VEGA_BLOCK_HDR_BYTES + sizeof(struct vega_records_hdr) + data + 8,
		       VEGA_BLOCK_ALIGN_BYTES) +
	       VEGA_BLOCK_ALIGN_BYTES;
}

static void
add_packet(struct vega_block_hdr *hdr, struct vega_record_run *run, const union vega_record *r,
	uint64_t ns, bool *has_frame)
{
	run->recv_ns = ns;
	if (hdr->packet_cnt++ == 0)
		hdr->recv_ns_first = hdr->recv_ns_min = hdr->recv_ns_max = ns;
	hdr->recv_ns_last = ns;
	if (ns < hdr->recv_ns_min)
		hdr->recv_ns_min = ns;
	if (ns > hdr->recv_ns_max)
		hdr->recv_ns_max = ns;
	if (!*has_frame && (vega_record_flags(r) & VEGA_RECORD_FRAME_LOST) == 0) {
		hdr->frame_first = r->packet.frame;
		*has_frame = true;
	}
}

/* What the header says of the records. */
static void
sum_up(struct vega_record_run *run, struct vega_block_hdr *hdr)
{
	const uint64_t before_ns = run->recv_ns;
	bool has_frame = false;

	for (uint32_t i = 0; i < run->cnt; i++) {
		const union vega_record *r = &run->records[i];
		const uint32_t kind = vega_record_kind(r);
		const uint32_t bit = VEGA_RECORD_KIND_BIT(kind);
		const uint64_t ns = vega_record_ns(&run->clock, r);

		hdr->kinds |= bit;
		if (kind == VEGA_PACKET) {
			add_packet(hdr, run, r, ns, &has_frame);
		} else if (ns != 0 && (bit & EXCHANGE_KINDS) != 0) {
			if (hdr->exch_ns_min == 0 || ns < hdr->exch_ns_min)
				hdr->exch_ns_min = ns;
			if (ns > hdr->exch_ns_max)
				hdr->exch_ns_max = ns;
		}
	}
	if (hdr->packet_cnt == 0)
		hdr->recv_ns_first = hdr->recv_ns_last = hdr->recv_ns_min = hdr->recv_ns_max =
			before_ns;
	run->clock.far_ns = 0;
}

/* As columns; as they are where that is shorter, or there is no codec. Returns bytes. */
static uint32_t
encode(const struct vega_record_run *run, struct vega_columns *columns, void *to,
	uint16_t *ret_codec)
{
	const size_t plain = (size_t)run->cnt * VEGA_RECORD_BYTES;
	const size_t coded = columns != NULL ? vega_columns_encode(columns, run->records, run->cnt,
						       VEGA_COLUMNS_LIVE, to)
					     : plain;

	if (coded < plain) {
		*ret_codec = VEGA_CODEC_COLUMNS;
		return (uint32_t)coded;
	}
	memcpy(to, run->records, plain);
	*ret_codec = VEGA_CODEC_PLAIN;
	return (uint32_t)plain;
}

void
vega_record_block_make(
	struct vega_record_run *run, struct vega_columns *columns, struct vega_block_hdr *hdr)
{
	struct vega_records_hdr *records = (struct vega_records_hdr *)(void *)(hdr + 1);
	uint8_t *data = (uint8_t *)(records + 1);
	uint32_t end;

	*hdr = (struct vega_block_hdr){
		.block_type = VEGA_BLOCK_DATA,
		.block_length = sizeof(*hdr),
		.kind = VEGA_KIND_RECORDS,
		.record_cnt = run->cnt,
		.generation = run->generation,
		.position_first = run->position,
		.day = run->day,
		.seal = run->seal,
		.block_length2 = sizeof(*hdr),
	};
	*records = (struct vega_records_hdr){
		.block_type = VEGA_BLOCK_RECORDS,
		.epoch_ns = run->clock.epoch_ns,
		.record_cnt = run->cnt,
		.record_bytes = VEGA_RECORD_BYTES,
	};
	records->data_bytes = encode(run, columns, data, &hdr->codec);
	sum_up(run, hdr);
	records->kinds = hdr->kinds;
	end = (uint32_t)vega_align_up(records->data_bytes, 4);
	memset(data + records->data_bytes, 0, end - records->data_bytes);
	records->block_length = (uint32_t)sizeof(*records) + end + 4;
	memcpy(data + end, &records->block_length, 4);
	hdr->payload_bytes = records->block_length;
}

int
vega_record_block_open(const struct vega_block_hdr *hdr, struct vega_columns *columns,
	union vega_record *to, uint64_t *ret_epoch_ns)
{
	const struct vega_records_hdr *records =
		(const struct vega_records_hdr *)(const void *)(hdr + 1);
	const void *data = records + 1;
	const uint64_t plain = (uint64_t)hdr->record_cnt * VEGA_RECORD_BYTES;

	if (hdr->record_cnt == 0 || hdr->record_cnt > VEGA_COLUMNS_RECORD_CNT_MAX ||
		hdr->payload_bytes < sizeof(*records) + 4)
		return -EBADMSG;
	if (records->block_type != VEGA_BLOCK_RECORDS ||
		records->block_length != hdr->payload_bytes ||
		records->record_cnt != hdr->record_cnt || records->kinds != hdr->kinds ||
		records->record_bytes != VEGA_RECORD_BYTES ||
		records->data_bytes > hdr->payload_bytes - sizeof(*records) - 4)
		return -EBADMSG;
	*ret_epoch_ns = records->epoch_ns;
	if (hdr->codec == VEGA_CODEC_COLUMNS)
		return vega_columns_decode(columns, data, records->data_bytes, hdr->record_cnt, to);
	if (hdr->codec != VEGA_CODEC_PLAIN || records->data_bytes != plain)
		return -EBADMSG;
	memcpy(to, data, plain);
	return 0;
}
