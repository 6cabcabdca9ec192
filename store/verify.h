/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_VERIFY_H
#define VEGA_STORE_VERIFY_H
/*
 * A second reading of the journal file, which shares nothing with the reader but the structs of format.h.
 *
 * Every byte must belong to a block, every block must check, and the parts must agree with each other. A file that is
 * not sealed is no damage in itself, nor is what lies torn behind its last good block: both are told apart. An extent
 * that recover covered with a HOLE block is a known loss, told as such.
 *
 * Threads: none shared; one call reads one file. Cost: each byte is read once, at the speed of the disk or of CRC32C.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "store/io.h"

struct vega_damage {
	const char *path;
	uint64_t file_off;
	const char *what; /* "payload checksum: need 0x1234, found 0x5678" */
};

struct vega_verify_hooks {
	void (*damage)(void *arg, const struct vega_damage *damage); /* may be NULL */
	void (*progress)(
		void *arg, uint64_t done_bytes, uint64_t total_bytes); /* may be NULL; by block */
	void *arg;
};

/* What was found; vega_verify_file adds to it. */
struct vega_verify_sum {
	uint64_t files;
	uint64_t unsealed_files;
	uint64_t bytes;
	uint64_t blocks;       /* good data blocks */
	uint64_t packets;      /* in those of frames */
	uint64_t records;      /* in those of records */
	uint64_t book_records; /* in those of book lanes */
	/* Blocks of any type, or extents that are none, with at least one damage. */
	uint64_t damaged_blocks;
	uint64_t hole_cnt; /* extents that recover covered */
	uint64_t hole_bytes;
	uint64_t tail_bytes; /* behind the last good block of unsealed files */
	/*
	 * Of NAME.idx beside unsealed files: entries that do not check, or do not say what the blocks say. Told as damages,
	 * but no damage of the journal: the index is derived, and made again when the file is sealed.
	 */
	uint64_t idx_bad_entries;
};

/*
 * Params: hooks	may be NULL
 * Returns 0 when the file was read through, damaged or not; -EBADMSG: no journal, or one of another version; -ENOENT,
 * -EACCES, -EIO, -ENOMEM: could not be read.
 */
int vega_verify_file(struct vega_io *io, const char *path, const struct vega_verify_hooks *hooks,
	struct vega_verify_sum *sum) VEGA_MUST_CHECK;

#endif
