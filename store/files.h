/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_FILES_H
#define VEGA_STORE_FILES_H
/*
 * The journal files that one lane is written to, one after the other: the newest takes blocks, those before it are being sealed.
 *
 * Blocks settle in the order they were put, over all files: `settled` and `durable` are the longest prefix.
 */
#include "store/writer.h"

#define VEGA_FILES_MAX 8u /* being sealed: above it the lane waits */

struct vega_files {
	struct vega_io *io;
	struct vega_writer_feed shared;
	struct vega_writer *first; /* oldest first; only the last may be open */
	uint32_t cnt;
	uint64_t age_ns_max;     /* 0: none */
	uint64_t settled_before; /* blocks of files that are gone, and those that found no file */
	struct vega_progress durable_before; /* of files that are gone */
	uint64_t retry_ns;                   /* no new file before this */
};

/* The file that takes this block, a new one when need be; NULL: there is none now. */
struct vega_writer *vega_files_for(
	struct vega_files *files, const struct vega_block_hdr *hdr, uint64_t now_ns);

/* No file to be had because too many are being sealed: that ends by itself, and no block need be lost. */
static inline bool
vega_files_are_full(const struct vega_files *files)
{
	return files->cnt == VEGA_FILES_MAX;
}

/* Carry all files on; close what is old or has failed, drop what is done. Returns how much was done. */
unsigned vega_files_poll(struct vega_files *files, uint64_t now_ns);

uint64_t vega_files_settled(const struct vega_files *files);
struct vega_progress vega_files_durable(const struct vega_files *files);

/* No more blocks: seal the newest. */
void vega_files_close(struct vega_files *files);

/* Waits for what is under way; does not seal. */
void vega_files_delete(struct vega_files *files);

#endif
