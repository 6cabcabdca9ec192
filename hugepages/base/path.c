/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/path.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES 4096

static bool
is_one(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* "folder/" of "folder/name", "." of "name". Returns false when there is no such folder. */
static bool
stat_folder(const char *path, struct stat *folder)
{
	const char *slash = strrchr(path, '/');
	char text[PATH_BYTES];
	const int bytes =
		slash == NULL ? snprintf(text, sizeof(text), ".")
			      : snprintf(text, sizeof(text), "%.*s", (int)(slash + 1 - path), path);

	return bytes < PATH_BYTES && stat(text, folder) == 0;
}

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool
vega_path_is_one_file(const char *a, const char *b)
{
	struct stat stat_a;
	struct stat stat_b;
	bool has_a;
	bool has_b;

	if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
		return false;
	has_a = stat(a, &stat_a) == 0;
	has_b = stat(b, &stat_b) == 0;
	if (has_a && has_b)
		return S_ISREG(stat_a.st_mode) && is_one(&stat_a, &stat_b);
	return has_a == has_b && strcmp(name_of(a), name_of(b)) == 0 && stat_folder(a, &stat_a) &&
	       stat_folder(b, &stat_b) && is_one(&stat_a, &stat_b);
}
