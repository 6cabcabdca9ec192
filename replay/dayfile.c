/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/dayfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/feed/bytes.h"
#include "capture/feed/itch.h"
#include "hugepages/base/err.h"

struct vega_dayfile {
	FILE *stream;
	const char *path;
	uint64_t at; /* of the message that is read */
	uint8_t message[UINT16_MAX];
};

bool
vega_dayfile_is_one(const char *path)
{
	uint8_t head[3];
	struct stat st;
	bool is_one = false;
	FILE *stream;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) /* a pipe gives its bytes only once */
		return false;
	stream = fopen(path, "rbe");
	if (stream == NULL)
		return false;
	if (fread(head, 1, sizeof(head), stream) == sizeof(head))
		is_one = vega_itch_is_message(head[2], vega_be16(head));
	(void)fclose(stream);
	return is_one;
}

int
vega_dayfile_open(const char *path, struct vega_dayfile **ret_file)
{
	struct vega_dayfile *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return VEGA_ERR(-ENOMEM, "%s: need memory for a message, found none", path);
	file->stream = fopen(path, "rbe");
	file->path = path;
	if (file->stream == NULL) {
		const int rc = -errno;

		free(file);
		return VEGA_ERR(rc, "%s: need a file to read, found: %s", path, strerror(-rc));
	}
	*ret_file = file;
	return 0;
}

void
vega_dayfile_close(struct vega_dayfile *file)
{
	(void)fclose(file->stream);
	free(file);
}

static int
end_early(const struct vega_dayfile *file, size_t needed, size_t found)
{
	if (ferror(file->stream))
		return VEGA_ERR(-EIO, "%s: need to read it to its end, found an error at byte %llu",
			file->path, (unsigned long long)file->at);
	return VEGA_ERR(-EBADMSG,
		"%s: message at byte %llu: need %zu bytes, found %zu; the file is cut there",
		file->path, (unsigned long long)file->at, needed, found);
}

int
vega_dayfile_next(struct vega_dayfile *file, const uint8_t **ret_data, uint32_t *ret_bytes)
{
	uint8_t length[2];
	size_t found = fread(length, 1, sizeof(length), file->stream);
	size_t bytes;

	if (found == 0 && feof(file->stream))
		return 0;
	if (found < sizeof(length))
		return end_early(file, sizeof(length), found);
	bytes = vega_be16(length);
	if (bytes == 0)
		return 0;
	found = fread(file->message, 1, bytes, file->stream);
	if (found < bytes)
		return end_early(file, bytes, found);
	file->at += sizeof(length) + bytes;
	*ret_data = file->message;
	*ret_bytes = (uint32_t)bytes;
	return 1;
}
