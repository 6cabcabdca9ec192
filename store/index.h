/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_INDEX_H
#define VEGA_STORE_INDEX_H
/*
 * The index of a file that is being made: an entry a block in memory, appended to NAME.idx as it grows, and laid as a
 * chain, with the tail that ends the file, when the file is sealed.
 */
#include "store/format.h"
#include "store/io.h"

struct vega_index {
	struct vega_index_entry *entries;
	uint64_t cnt;
	uint64_t room;
	uint64_t lost_port; /* of what the block headers tell */
};

/* Add a finished block. Returns 0, -ENOMEM, or -E2BIG above VEGA_FILE_BLOCKS_MAX; without a message. */
int vega_index_add(struct vega_index *index, const struct vega_block_hdr *hdr) VEGA_MUST_CHECK;
void vega_index_clear(struct vega_index *index);

/* Bytes of chain, padding, statistics and trailer for so many entries: a multiple of 4096. */
uint64_t vega_index_tail_bytes(uint64_t entry_cnt);

/*
 * Lay chain, padding, Interface Statistics Block and trailer.
 *
 * Params: like	a trailer whose file_id, index_off, sealed_ns, sealed_by, hole_cnt, hole_bytes and end_* are set; the
 *		rest of it follows from the index
 * Returns 0 and 4096-aligned memory of vega_index_tail_bytes(index->cnt), the caller's to free; or -ENOMEM.
 */
int vega_index_tail(const struct vega_index *index, const struct vega_trailer *like,
	void **ret_tail) VEGA_MUST_CHECK;

/*
 * NAME.idx. Derived data: where it cannot be made or written, there is none, and the journal does not mind.
 */
#define VEGA_IDX_BATCH 32u /* entries of one write */
struct vega_idx {
	struct vega_io *io;
	struct vega_io_req req;
	int file;           /* -1: none */
	uint64_t entry_cnt; /* entries handed to the disk */
	uint8_t staged[VEGA_IDX_BATCH * VEGA_INDEX_ENTRY_BYTES];
};

void vega_idx_open(
	struct vega_idx *idx, struct vega_io *io, const char *path, const uint8_t file_id[16]);

/* Append what the index has more, a batch at a time. */
void vega_idx_poll(struct vega_idx *idx, const struct vega_index *index);

/* True when no write is under way, so that the file may be closed. */
bool vega_idx_quiet(const struct vega_idx *idx);
void vega_idx_close(struct vega_idx *idx);

#endif
