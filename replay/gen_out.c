/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hugepages/base/err.h"

static void
forget(struct vega_gen_out *out)
{
	free(out->path);
	free(out->work);
	memset(out, 0, sizeof(*out));
}

static int
no_memory(struct vega_gen_out *out, const char *path)
{
	forget(out);
	return VEGA_ERR(-ENOMEM, "%s: need memory to write it", path);
}

/* "folder/.name.XXXXXX" for "folder/name"; NULL when there is no memory. */
static char *
hidden_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder_len = slash != NULL ? (int)(slash + 1 - path) : 0;
	char *name;

	if (asprintf(&name, "%.*s.%s.XXXXXX", folder_len, path, path + folder_len) < 0)
		return NULL;
	return name;
}

/* Create it with the mode that creating it under its own name would give. */
static int
create(char *name)
{
	mode_t mask = umask(0);
	int fd = mkstemp(name);

	(void)umask(mask);
	if (fd < 0)
		return -errno;
	(void)fchmod(fd, 0666 & ~mask);
	(void)close(fd);
	return 0;
}

int
vega_gen_out_begin(const char *path, struct vega_gen_out *ret_out)
{
	struct vega_gen_out out = {0};
	struct stat st;
	int rc;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		out.path = realpath(path, NULL);
	else
		out.path = strdup(path);
	if (out.path == NULL)
		return no_memory(&out, path);
	if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode))) {
		out.work = strdup(path);
		if (out.work == NULL)
			return no_memory(&out, path);
		*ret_out = out;
		return 0;
	}
	out.work = hidden_name(out.path);
	if (out.work == NULL)
		return no_memory(&out, path);
	rc = create(out.work);
	if (rc != 0) {
		forget(&out);
		return VEGA_ERR_EX(rc, rc == -EACCES || rc == -EPERM ? EX_NOPERM : EX_CANTCREAT,
			"need to create %s, found: %s; give -o a folder that exists and can be "
			"written",
			path, strerror(-rc));
	}
	*ret_out = out;
	return 0;
}

int
vega_gen_out_commit(struct vega_gen_out *out)
{
	int rc = 0;

	if (strcmp(out->work, out->path) != 0 && rename(out->work, out->path) != 0) {
		rc = VEGA_ERR_EX(-errno, EX_CANTCREAT, "need to create %s, found: %s", out->path,
			strerror(errno));
		vega_gen_out_abort(out);
		return rc;
	}
	forget(out);
	return rc;
}

void
vega_gen_out_abort(struct vega_gen_out *out)
{
	if (out->work != NULL && strcmp(out->work, out->path) != 0)
		(void)unlink(out->work);
	forget(out);
}
