/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/tree.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"

#define DEPTH_MAX 2 /* journal, day, feed */

/* A folder being listed. */
struct listing {
	struct vega_io *io;
	struct vega_tree *tree;
	const char *folder;
	int depth;
	int rc; /* of what ended it, its message set */
};

static int
no_memory(void)
{
	return VEGA_ERR(-ENOMEM, "need memory to list a journal, found none");
}

/* Decimal digits up to `end`, which must follow; false for anything else. */
static bool
parse_digits(const char *text, size_t digits_min, size_t digits_max, const char *end,
	uint32_t *ret_value)
{
	uint32_t value = 0;
	size_t digits = 0;

	while (text[digits] >= '0' && text[digits] <= '9' && digits < digits_max)
		value = value * 10 + (uint32_t)(text[digits++] - '0');
	if (digits < digits_min || strcmp(text + digits, end) != 0)
		return false;
	*ret_value = value;
	return true;
}

/* What a name says: enum vega_block_kind and NNNN; 0: it is no journal file's. */
static uint32_t
kind_of(const char *name, uint32_t *ret_number)
{
	static const char frames[] = "frames-";
	static const char records[] = "records-";
	static const char book[] = "book-";

	if (strncmp(name, frames, sizeof(frames) - 1) == 0 &&
		parse_digits(name + sizeof(frames) - 1, 4, 9, ".pcapng", ret_number))
		return VEGA_KIND_FRAMES;
	if (strncmp(name, records, sizeof(records) - 1) == 0 &&
		parse_digits(name + sizeof(records) - 1, 4, 9, ".vega", ret_number))
		return VEGA_KIND_RECORDS;
	if (strncmp(name, book, sizeof(book) - 1) == 0 &&
		parse_digits(name + sizeof(book) - 1, 4, 9, ".vega", ret_number))
		return VEGA_KIND_BOOK;
	return 0;
}

static int
cannot_look(int rc, const char *path)
{
	return VEGA_ERR(rc, "need to look at %s, found: %s; check its owner and mode, and the disk",
		path, strerror(-rc));
}

/* The last two names of a folder as it really is: <day>/<feed>. Returns 0 or -errno. */
static int
names_of(struct vega_io *io, const char *folder, char feed[NAME_MAX + 1], uint32_t *ret_day)
{
	char real[PATH_MAX];
	char *slash;
	int rc = io->ops->resolve(io, folder, real);

	if (rc < 0)
		return rc;
	*ret_day = 0;
	slash = strrchr(real, '/');
	(void)snprintf(feed, NAME_MAX + 1, "%s", slash + 1);
	*slash = '\0';
	slash = strrchr(real, '/');
	if (slash != NULL)
		(void)parse_digits(slash + 1, 8, 8, "", ret_day);
	return 0;
}

static int
add_file(struct vega_tree *tree, const char *path, const char *feed,
	const struct vega_tree_file *like)
{
	struct vega_tree_file *file;
	void *grown = realloc(tree->files, (tree->file_cnt + 1) * sizeof(*tree->files));

	if (grown == NULL)
		return no_memory();
	tree->files = grown;
	file = &tree->files[tree->file_cnt++];
	*file = *like;
	file->path = strdup(path);
	if (feed != NULL)
		file->feed = strdup(feed);
	return file->path == NULL || (feed != NULL && file->feed == NULL) ? no_memory() : 0;
}

static int list_folder(struct vega_io *io, struct vega_tree *tree, const char *folder, int depth);

static int
list_file(const struct listing *in, const char *path, struct vega_tree_file *like)
{
	char feed[NAME_MAX + 1];
	int rc = names_of(in->io, in->folder, feed, &like->day);

	return rc < 0 ? cannot_look(rc, in->folder) : add_file(in->tree, path, feed, like);
}

static int
list_entry(void *arg, const char *name)
{
	struct listing *in = arg;
	char path[PATH_MAX];
	struct vega_tree_file like = {0};
	struct vega_io_stat stat;
	int rc;

	if (name[0] == '.')
		return 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", in->folder, name) >= sizeof(path))
		return 0;
	rc = in->io->ops->stat(in->io, path, &stat);
	if (rc == -ENOENT)
		return 0; /* gone meanwhile */
	if (rc < 0)
		in->rc = cannot_look(rc, path);
	else if (stat.kind == VEGA_IO_IS_DIR && in->depth < DEPTH_MAX)
		in->rc = list_folder(in->io, in->tree, path, in->depth + 1);
	else if (stat.kind == VEGA_IO_IS_FILE && (like.kind = kind_of(name, &like.number)) != 0)
		in->rc = list_file(in, path, &like);
	return in->rc < 0;
}

static int
list_folder(struct vega_io *io, struct vega_tree *tree, const char *folder, int depth)
{
	struct listing in = {.io = io, .tree = tree, .folder = folder, .depth = depth};
	int rc = io->ops->list(io, folder, list_entry, &in);

	if (rc < 0)
		return VEGA_ERR(rc, "need to read folder %s, found: %s; check its owner and mode",
			folder, strerror(-rc));
	return in.rc;
}

static int
by_path(const void *a, const void *b)
{
	const struct vega_tree_file *left = a;
	const struct vega_tree_file *right = b;

	return strcmp(left->path, right->path);
}

/* "dir///" would make every path below it ugly. */
static int
list_root(struct vega_io *io, struct vega_tree *tree, const char *path)
{
	char root[PATH_MAX];
	size_t len = strlen(path);
	int rc;

	if (len >= sizeof(root))
		return VEGA_ERR(
			-ENOENT, "need a path of less than %d bytes, found %zu", PATH_MAX, len);
	memcpy(root, path, len + 1);
	while (len > 1 && root[len - 1] == '/')
		root[--len] = '\0';
	rc = list_folder(io, tree, root, 0);
	if (rc == 0 && tree->file_cnt == 0)
		rc = VEGA_ERR(-ENOENT,
			"need journal files (frames-NNNN.pcapng, records-NNNN.vega) below %s, "
			"found none; name the "
			"folder given to vega-capture --journal",
			path);
	if (rc == 0)
		qsort(tree->files, tree->file_cnt, sizeof(*tree->files), by_path);
	return rc;
}

int
vega_tree_list(struct vega_io *io, const char *path, struct vega_tree *ret_tree)
{
	const struct vega_tree_file like = {0};
	struct vega_tree tree = {0};
	struct vega_io_stat stat;
	int rc = io->ops->stat(io, path, &stat);

	if (rc < 0)
		return VEGA_ERR(rc,
			"need a journal folder or file, found no %s: %s; check the path", path,
			strerror(-rc));
	if (stat.kind == VEGA_IO_IS_DIR)
		rc = list_root(io, &tree, path);
	else if (stat.kind == VEGA_IO_IS_FILE)
		rc = add_file(&tree, path, NULL, &like);
	else
		rc = VEGA_ERR(-EBADMSG, "%s: need a journal folder or file, found a device or pipe",
			path);
	if (rc < 0)
		vega_tree_free(&tree);
	else
		*ret_tree = tree;
	return rc;
}

void
vega_tree_free(struct vega_tree *tree)
{
	for (uint32_t i = 0; i < tree->file_cnt; i++) {
		free(tree->files[i].path);
		free(tree->files[i].feed);
	}
	free(tree->files);
	*tree = (struct vega_tree){0};
}
