/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/tree.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hugepages/base/err.h"

#define DEPTH_MAX 2 /* journal, day, feed */

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

static bool
is_frames_file(const char *name, uint32_t *ret_number)
{
	static const char prefix[] = "frames-";

	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
	       parse_digits(name + sizeof(prefix) - 1, 4, 9, ".pcapng", ret_number);
}

/* The last two names of a path as it really is: <day>/<feed>. */
static void
names_of(const char *folder, char feed[NAME_MAX + 1], uint32_t *ret_day)
{
	char real[PATH_MAX];
	char *slash;

	*ret_day = 0;
	(void)snprintf(feed, NAME_MAX + 1, "%s", folder);
	if (realpath(folder, real) == NULL || (slash = strrchr(real, '/')) == NULL)
		return;
	(void)snprintf(feed, NAME_MAX + 1, "%s", slash + 1);
	*slash = '\0';
	slash = strrchr(real, '/');
	if (slash != NULL)
		(void)parse_digits(slash + 1, 8, 8, "", ret_day);
}

static int
add_file(struct vega_tree *tree, const char *path, const char *feed, uint32_t day, uint32_t number)
{
	struct vega_tree_file *file;
	void *grown = realloc(tree->files, (tree->file_cnt + 1) * sizeof(*tree->files));

	if (grown == NULL)
		return no_memory();
	tree->files = grown;
	file = &tree->files[tree->file_cnt++];
	*file = (struct vega_tree_file){.path = strdup(path), .day = day, .number = number};
	if (feed != NULL)
		file->feed = strdup(feed);
	return file->path == NULL || (feed != NULL && file->feed == NULL) ? no_memory() : 0;
}

static int list_folder(struct vega_tree *tree, const char *folder, int depth);

static int
list_entry(struct vega_tree *tree, const char *folder, const char *name, int depth)
{
	char feed[NAME_MAX + 1];
	char path[PATH_MAX];
	struct stat st;
	uint32_t number;
	uint32_t day;

	if (name[0] == '.')
		return 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return 0;
	if (stat(path, &st) < 0)
		return 0; /* gone meanwhile */
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? list_folder(tree, path, depth + 1) : 0;
	if (!S_ISREG(st.st_mode) || !is_frames_file(name, &number))
		return 0;
	names_of(folder, feed, &day);
	return add_file(tree, path, feed, day, number);
}

static int
list_folder(struct vega_tree *tree, const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		rc = -errno;
		return VEGA_ERR(rc, "need to read folder %s, found: %s; check its owner and mode",
			folder, strerror(-rc));
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		rc = list_entry(tree, folder, entry->d_name, depth);
	(void)closedir(dir);
	return rc;
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
list_root(struct vega_tree *tree, const char *path)
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
	rc = list_folder(tree, root, 0);
	if (rc == 0 && tree->file_cnt == 0)
		rc = VEGA_ERR(-ENOENT,
			"need journal files (frames-NNNN.pcapng) below %s, found none; name the "
			"folder given to vega-capture --journal",
			path);
	if (rc == 0)
		qsort(tree->files, tree->file_cnt, sizeof(*tree->files), by_path);
	return rc;
}

int
vega_tree_list(const char *path, struct vega_tree *ret_tree)
{
	struct vega_tree tree = {0};
	struct stat st;
	int rc;

	if (stat(path, &st) < 0) {
		rc = -errno;
		return VEGA_ERR(rc,
			"need a journal folder or file, found no %s: %s; check the path", path,
			strerror(-rc));
	}
	if (S_ISDIR(st.st_mode))
		rc = list_root(&tree, path);
	else if (S_ISREG(st.st_mode))
		rc = add_file(&tree, path, NULL, 0, 0);
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
