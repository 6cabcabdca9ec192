/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_READER_LOAD_H
#define VEGA_STORE_READER_LOAD_H
/*
 * What the two halves of opening a file share: reader_file.c (who it is) and reader_entries.c (where its blocks are).
 */
#include <limits.h>

#include "store/reader.h"

/* A file while it is loaded. */
struct load {
	struct vega_jfile *file;
	struct vega_io *io;
	int fd;
	uint8_t *block; /* 4096-aligned; grows as needed */
	uint64_t block_bytes;
	struct vega_trailer trailer;
	bool head_damaged;
	bool index_damaged;
};

/* Read all of it, or false. */
bool load_read(const struct load *load, void *to, uint64_t bytes, uint64_t off);

/* The path of NAME.idx. Returns 0 or -ENAMETOOLONG. */
int load_idx_path(const char *path, char idx[PATH_MAX]);

/*
 * Each adds entries to the file, and returns 0 or -ENOMEM.
 *
 * load_index	of a sealed file: a chain of blocks. Leaves load->index_damaged set when it does not check.
 * load_idx	NAME.idx beside a file that is not sealed, believed as far as it checks. None is no error.
 * load_walk	every good block behind the entries known so far, wherever an aligned header checks. What cannot be read
 *		is lost: file->settled_end is behind it.
 */
int load_index(struct load *load);
int load_idx(struct load *load);
int load_walk(struct load *load);

#endif
