/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_TREE_H
#define VEGA_STORE_TREE_H
/*
 * Which files make up a journal: <journal>/<YYYYMMDD>/<FEED>/frames-<NNNN>.pcapng, records-<NNNN>.vega and
 * book-<NNNN>.vega, by name alone.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_block.h"
#include "store/io.h"

struct vega_tree_file {
	char *path;
	char *feed;      /* the folder's name; NULL when the file itself was named */
	uint32_t day;    /* of the folder above, 0 when that is no day */
	uint32_t number; /* NNNN, 0 when the name is another */
	uint32_t kind;   /* enum vega_block_kind, 0 when the name is another */
};

struct vega_tree {
	struct vega_tree_file *files; /* in order of path */
	uint32_t file_cnt;
};

/*
 * List the files of a journal, a day, a feed's folder, or the one file named.
 *
 * Returns 0; -ENOENT: nothing there, or a folder without journal files; -EACCES; -ENOMEM; each with a message.
 */
int vega_tree_list(
	struct vega_io *io, const char *path, struct vega_tree *ret_tree) VEGA_MUST_CHECK;
void vega_tree_free(struct vega_tree *tree);

#endif
