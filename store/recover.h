/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_RECOVER_H
#define VEGA_STORE_RECOVER_H
/*
 * Sealing what a crash left behind.
 *
 * Every aligned extent of the file is read and judged; nothing is believed that does not check, NAME.idx included, which
 * has nothing to add to that. Every good block stays where it is, a HOLE block is laid over each torn extent between good
 * ones, what follows the last good block is cut, index,
 * statistics (of the block headers kept) and trailer are appended, the state sector says so last.
 *
 * Each write leaves a file from which the same end is reached: interrupted at any point and run again, or run on a sealed
 * file, it ends the same.
 */
#include "store/io.h"

struct vega_recover_report {
	uint64_t block_cnt;
	uint64_t packet_cnt;
	uint64_t hole_cnt; /* hole blocks over torn extents between good blocks */
	uint64_t hole_bytes;
	uint64_t cut_bytes; /* behind the last good block */
	bool was_sealed;    /* there was nothing to do, or only the state sector */
};

/*
 * Params: path		one journal file
 *	   progress	told bytes done and bytes in all, a block at a time; may be NULL
 * Returns 0; -EBADMSG (65): the head cannot be read, and the file was not touched; -EBUSY (75): a capture is writing it;
 * -ENOENT, -EACCES, -ENOSPC, -EIO, -ENOMEM. With a message.
 */
int vega_recover_file(struct vega_io *io, const char *path,
	void (*progress)(void *arg, uint64_t done_bytes, uint64_t all_bytes), void *progress_arg,
	struct vega_recover_report *ret_report) VEGA_MUST_CHECK;

/*
 * A crash between a file's name and its head leaves an empty file, which holds nothing and would be damage for ever.
 *
 * Returns 1 when it was empty and is removed, 0 when it is not, or what opening it says (-EBUSY: a capture has it).
 */
int vega_recover_empty(struct vega_io *io, const char *path) VEGA_MUST_CHECK;

#endif
