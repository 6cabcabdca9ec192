/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/crc32c.h"

#define ROOM_FIRST 256u

static_assert(
	sizeof(struct vega_idx_head) == VEGA_INDEX_ENTRY_BYTES, "entries lie at multiples of 128");

static int
grow(struct vega_index *index)
{
	uint64_t room = index->room == 0 ? ROOM_FIRST : index->room * 2;
	struct vega_index_entry *entries = realloc(index->entries, room * sizeof(*entries));

	if (entries == NULL)
		return -ENOMEM;
	index->entries = entries;
	index->room = room;
	return 0;
}

int
vega_index_add(struct vega_index *index, const struct vega_block_hdr *hdr)
{
	if (index->cnt == VEGA_FILE_BLOCKS_MAX)
		return -E2BIG;
	if (index->cnt == index->room && grow(index) < 0)
		return -ENOMEM;
	vega_format_entry(hdr, index->cnt != 0 ? &index->entries[index->cnt - 1] : NULL,
		&index->entries[index->cnt]);
	index->cnt++;
	index->lost_port += hdr->lost_port_missed + hdr->lost_port_nombuf;
	return 0;
}

void
vega_index_clear(struct vega_index *index)
{
	free(index->entries);
	*index = (struct vega_index){0};
}

/* The chain alone. An empty index is one piece without entries. */
static uint64_t
chain_bytes(uint64_t entry_cnt)
{
	uint64_t full = entry_cnt / VEGA_INDEX_ENTRIES_MAX;
	uint64_t rest = entry_cnt % VEGA_INDEX_ENTRIES_MAX;
	uint64_t bytes = full * vega_format_index_bytes(VEGA_INDEX_ENTRIES_MAX);

	return rest != 0 || full == 0 ? bytes + vega_format_index_bytes(rest) : bytes;
}

uint64_t
vega_index_tail_bytes(uint64_t entry_cnt)
{
	uint64_t bytes = chain_bytes(entry_cnt) + VEGA_ISB_BYTES + VEGA_TRAILER_BYTES;

	return bytes + vega_format_gap_bytes(bytes, VEGA_BLOCK_ALIGN_BYTES);
}

static void
lay_chain(const struct vega_index *index, const uint8_t file_id[16], uint8_t *at)
{
	uint64_t first = 0;

	do {
		uint64_t left = index->cnt - first;
		uint32_t cnt =
			(uint32_t)(left < VEGA_INDEX_ENTRIES_MAX ? left : VEGA_INDEX_ENTRIES_MAX);

		vega_format_index(
			at, file_id, first, cnt != 0 ? index->entries + first : NULL, cnt);
		at += vega_format_index_bytes(cnt);
		first += cnt;
	} while (first < index->cnt);
}

/* What the trailer says of the entries: how many, how much, what was lost, from when to when. */
static void
sum_up(const struct vega_index *index, struct vega_trailer *trailer)
{
	trailer->entry_cnt = index->cnt;
	trailer->recv_ns_min = UINT64_MAX;
	trailer->lost = vega_format_lost_end(trailer);
	for (uint64_t i = 0; i < index->cnt; i++) {
		const struct vega_index_entry *entry = &index->entries[i];

		trailer->packet_cnt += entry->packet_cnt;
		trailer->lost += entry->lost;
		if (entry->packet_cnt != 0 && entry->recv_ns_min < trailer->recv_ns_min)
			trailer->recv_ns_min = entry->recv_ns_min;
	}
	if (trailer->packet_cnt == 0)
		trailer->recv_ns_min = 0;
	else
		trailer->recv_ns_max = index->entries[index->cnt - 1].recv_ns_runmax;
}

int
vega_index_tail(const struct vega_index *index, const struct vega_trailer *like, void **ret_tail)
{
	const uint64_t tail_bytes = vega_index_tail_bytes(index->cnt);
	const uint64_t chain = chain_bytes(index->cnt);
	uint8_t *tail = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, tail_bytes);
	struct vega_trailer trailer = *like;
	struct vega_isb isb;

	if (tail == NULL)
		return -ENOMEM;
	trailer.file_bytes = like->index_off + tail_bytes;
	trailer.index_bytes = chain;
	sum_up(index, &trailer);
	vega_format_isb(
		&isb, &trailer, index->lost_port + like->end_port_missed + like->end_port_nombuf);
	trailer.isb_bytes = sizeof(isb);
	trailer.isb_crc32c = vega_crc32c(0, &isb, sizeof(isb));
	vega_format_trailer(&trailer);
	lay_chain(index, like->file_id, tail);
	vega_format_padding(tail + chain, tail_bytes - chain - sizeof(isb) - sizeof(trailer));
	memcpy(tail + tail_bytes - sizeof(trailer) - sizeof(isb), &isb, sizeof(isb));
	memcpy(tail + tail_bytes - sizeof(trailer), &trailer, sizeof(trailer));
	*ret_tail = tail;
	return 0;
}

void
vega_idx_open(struct vega_idx *idx, struct vega_io *io, const char *path, const uint8_t file_id[16])
{
	struct vega_idx_head *head = (struct vega_idx_head *)(void *)idx->staged;

	*idx = (struct vega_idx){.io = io};
	(void)io->ops->unlink(io, path); /* of a file that is gone: the name of ours was free */
	idx->file = io->ops->open(io, path, VEGA_IO_WRITE | VEGA_IO_CREATE);
	if (idx->file < 0)
		return;
	vega_format_idx_head(head, file_id);
	vega_io_write(io, &idx->req, idx->file, head, sizeof(*head), 0);
}

void
vega_idx_poll(struct vega_idx *idx, const struct vega_index *index)
{
	uint64_t cnt = index->cnt - idx->entry_cnt;

	if (idx->file < 0 || idx->req.busy || cnt == 0)
		return;
	if (idx->req.result < 0) {
		vega_idx_close(idx);
		return;
	}
	if (cnt > VEGA_IDX_BATCH)
		cnt = VEGA_IDX_BATCH;
	/* staged: the entries themselves move when the index grows */
	memcpy(idx->staged, index->entries + idx->entry_cnt, cnt * VEGA_INDEX_ENTRY_BYTES);
	vega_io_write(idx->io, &idx->req, idx->file, idx->staged, cnt * VEGA_INDEX_ENTRY_BYTES,
		sizeof(struct vega_idx_head) + idx->entry_cnt * VEGA_INDEX_ENTRY_BYTES);
	idx->entry_cnt += cnt;
}

bool
vega_idx_quiet(const struct vega_idx *idx)
{
	return !idx->req.busy;
}

void
vega_idx_close(struct vega_idx *idx)
{
	if (idx->file >= 0)
		idx->io->ops->close(idx->io, idx->file);
	idx->file = -1;
}
