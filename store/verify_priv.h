/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_VERIFY_PRIV_H
#define VEGA_STORE_VERIFY_PRIV_H
/*
 * What the parts of the verifier share: verify.c (the walk), verify_block.c (one data block), verify_records.c (the payload of one
 * with records), verify_index.c (index and trailer) and verify_idx.c (NAME.idx).
 */
#include <limits.h>
#include <stdarg.h>

#include "store/columns.h"
#include "store/format.h"
#include "store/verify.h"

/* A file under verification. */
struct verify {
	const struct vega_verify_hooks *hooks;
	struct vega_verify_sum *sum;
	const char *path;
	struct vega_io *io;
	int fd;
	uint64_t file_bytes;
	struct vega_head head;
	bool head_ok; /* its checksum holds: its fields may be held against the blocks */
	bool sealed;  /* the trailer's checksum holds */
	struct vega_trailer trailer;
	uint8_t file_id[16];
	uint64_t data_end; /* where the index starts; the file's end when there is none */

	uint8_t *buffer; /* the block at hand; never above VEGA_BLOCK_BYTES_MAX */
	uint64_t buffer_bytes;
	struct vega_columns *columns; /* of records; NULL: not needed so far */
	void *records;                /* decoded */
	struct verify_slice *slice;   /* of a keyframe; NULL: not needed so far */
	bool block_damaged;           /* the block at hand is counted already */
	uint64_t damaged_was;         /* damaged_blocks when this file began */

	/* One a data block with a good header: what its index entry must say. */
	struct vega_index_entry *facts;
	uint64_t fact_cnt;
	uint64_t fact_cap;
	uint64_t hole_cnt;
	uint64_t hole_bytes;
	uint64_t lost_port; /* told by the headers of those blocks */

	/* What the next block must be, and where the last good one ended. */
	uint64_t number_next;
	uint64_t frame_next;
	uint64_t position_next; /* in a file of records */
	uint64_t good_end;
};

/* What the hooks are told. */
void verify_tell(struct verify *v, const char *path, uint64_t file_off, const char *fmt, va_list ap)
	VEGA_PRINTF(4, 0);

/* The next damage belongs to another block. */
void verify_next_block(struct verify *v);
void verify_damage(struct verify *v, uint64_t file_off, const char *fmt, ...) VEGA_PRINTF(3, 4);

/* Read exactly: 0, or -EIO with a message (the file may have been cut meanwhile). */
int verify_read(struct verify *v, void *to, uint64_t off, uint64_t bytes);

/* The same into v->buffer, which grows as needed. */
int verify_load(struct verify *v, uint64_t off, uint64_t bytes);

/* Damage unless all bytes are zero / unless value is what is needed. */
void verify_zero(struct verify *v, const void *at, uint64_t bytes, uint64_t off, const char *what);
void verify_u64(struct verify *v, uint64_t found, uint64_t need, uint64_t off, const char *what);
/* A gap between blocks: nothing, or one block of zeros. */
void verify_padding(struct verify *v, const uint8_t *at, uint64_t bytes, uint64_t off);

/* The header at off judged alone: it is of this file and of this place. Reports nothing. */
bool verify_header_ok(const struct verify *v, const struct vega_block_hdr *hdr, uint64_t off);
/* The whole block, in memory, with a good header. */
void verify_block(struct verify *v, const uint8_t *block, uint64_t off);

/*
 * The payload of a block of records, at off in the file, its checksum good.
 * Returns how many positions the block speaks for: its records, or what a lap took.
 */
uint64_t verify_records(
	struct verify *v, const struct vega_block_hdr *hdr, const uint8_t *payload, uint64_t off);

/* A slice of a keyframe, in memory, its checksum good. */
struct verify_slice;
void verify_slice_delete(struct verify_slice *slice);
void verify_keyframe(
	struct verify *v, const struct vega_block_hdr *hdr, const uint8_t *block, uint64_t off);

/* Index and trailer of a sealed file against v->facts. Returns 0 or -EIO. */
int verify_index(struct verify *v);

/*
 * NAME.idx. Opened before the file is looked at: what it says by then must be found in the file, even while a capture is
 * writing both.
 */
struct verify_idx {
	int fd; /* -1: none */
	uint64_t bytes;
	char path[PATH_MAX];
};

void verify_idx_open(struct verify *v, struct verify_idx *ret_idx);
/* Of an unsealed file, against v->facts. It is derived data: where it cannot be read it is bad, and nothing more. */
void verify_idx(struct verify *v, const struct verify_idx *idx);
void verify_idx_close(struct verify *v, struct verify_idx *idx);

#endif
