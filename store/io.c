/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all backends share: requests are carried through to their end, and the choice of a backend.
 */
#include "store/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/err.h"
#include "store/io_posix.h"

#define PROBE_BYTES 4096u

static void
finish(struct vega_io *io, struct vega_io_req *req, int result)
{
	req->result = result;
	req->busy = false;
	io->busy_cnt--;
}

static void
start(struct vega_io *io, struct vega_io_req *req)
{
	int rc = io->ops->submit(io, req);

	if (rc < 0)
		finish(io, req, rc);
}

void
vega_io_write(struct vega_io *io, struct vega_io_req *req, int file, const void *data,
	uint64_t bytes, uint64_t off)
{
	*req = (struct vega_io_req){.data = data,
		.off = off,
		.bytes = bytes,
		.file = file,
		.verb = VEGA_IO_DO_WRITE,
		.busy = true};
	io->busy_cnt++;
	start(io, req);
}

void
vega_io_sync(struct vega_io *io, struct vega_io_req *req, int file, enum vega_io_verb verb)
{
	*req = (struct vega_io_req){.file = file, .verb = verb, .busy = true};
	io->busy_cnt++;
	start(io, req);
}

/* One answer of the backend. Returns 1 when it ends the request, 0 when the rest was begun. */
static unsigned
take(struct vega_io *io, struct vega_io_req *req, int64_t result)
{
	if (result == -EINTR || result == -EAGAIN) {
		start(io, req);
		return !req->busy;
	}
	if (result < 0 || req->verb != VEGA_IO_DO_WRITE) {
		finish(io, req, (int)result);
		return 1;
	}
	req->written += (uint64_t)result;
	if (req->written < req->bytes && result > 0) {
		start(io, req);
		return !req->busy;
	}
	finish(io, req, req->written == req->bytes ? 0 : -EIO);
	return 1;
}

unsigned
vega_io_poll(struct vega_io *io, bool wait)
{
	struct vega_io_req *req;
	unsigned done = 0;
	int64_t result;

	while (io->busy_cnt != 0) {
		req = io->ops->reap(io, wait && done == 0, &result);
		if (req == NULL)
			break;
		done += take(io, req, result);
	}
	return done;
}

static int
wait_for(struct vega_io *io, const struct vega_io_req *req)
{
	while (req->busy)
		(void)vega_io_poll(io, true);
	return req->result;
}

int
vega_io_write_wait(struct vega_io *io, int file, const void *data, uint64_t bytes, uint64_t off)
{
	struct vega_io_req req;

	vega_io_write(io, &req, file, data, bytes, off);
	return wait_for(io, &req);
}

int
vega_io_sync_wait(struct vega_io *io, int file, enum vega_io_verb verb)
{
	struct vega_io_req req;

	vega_io_sync(io, &req, file, verb);
	return wait_for(io, &req);
}

int
vega_io_sync_dir(struct vega_io *io, const char *path)
{
	int dir = io->ops->open(io, path, VEGA_IO_DIR);
	int rc;

	if (dir < 0)
		return dir;
	rc = vega_io_sync_wait(io, dir, VEGA_IO_DO_SYNC);
	io->ops->close(io, dir);
	return rc;
}

int64_t
vega_io_read(struct vega_io *io, int file, void *buf, uint64_t bytes, uint64_t off)
{
	uint64_t got = 0;
	int64_t n;

	while (got < bytes) {
		n = io->ops->pread(io, file, (uint8_t *)buf + got, bytes - got, off + got);
		if (n == -EINTR)
			continue;
		if (n < 0)
			return n;
		if (n == 0)
			break;
		got += (uint64_t)n;
	}
	return (int64_t)got;
}

void
vega_io_memory(struct vega_io *io, void *base, uint64_t bytes)
{
	if (io->ops->memory != NULL && base != NULL && bytes != 0)
		io->ops->memory(io, base, bytes);
}

void
vega_io_delete(struct vega_io *io)
{
	if (io != NULL)
		io->ops->delete (io);
}

/* Make, write and remove a file: the folder can be written, and the name then says whether with O_DIRECT. */
static int
probe(struct vega_io *io, const char *dir)
{
	char path[4096];
	void *page = aligned_alloc(PROBE_BYTES, PROBE_BYTES);
	int file;
	int rc;

	if (page == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a page, found none");
	memset(page, 0, PROBE_BYTES);
	(void)snprintf(path, sizeof(path), "%s/.vega-probe-%ld", dir, (long)getpid());
	file = io->ops->open(io, path, VEGA_IO_WRITE | VEGA_IO_CREATE | VEGA_IO_DIRECT);
	rc = file < 0 ? file : io->ops->unlink(io, path);
	if (rc == 0)
		rc = vega_io_write_wait(io, file, page, PROBE_BYTES, 0);
	if (file >= 0)
		io->ops->close(io, file);
	free(page);
	if (rc < 0)
		return VEGA_ERR_EX(rc, rc == -ENOTDIR ? EX_CANTCREAT : 0,
			"need a journal folder that can be written, found %s: %s; choose another "
			"or free it",
			dir, strerror(-rc));
	return 0;
}

static int
choose(const char *which, const char *dir, struct vega_io **ret_io)
{
	const bool automatic = strcmp(which, "auto") == 0;
	int rc;

	if (!automatic && strcmp(which, "uring") != 0 && strcmp(which, "pwrite") != 0)
		return VEGA_ERR(-EINVAL, "io: need auto, uring or pwrite, found '%s'", which);
	if (strcmp(which, "pwrite") == 0 || (automatic && dir == NULL))
		return vega_io_pwrite_new(ret_io);
	rc = vega_io_uring_new(ret_io);
	return rc < 0 && automatic ? vega_io_pwrite_new(ret_io) : rc;
}

int
vega_io_new(const char *which, const char *dir, struct vega_io **ret_io)
{
	struct vega_io *io;
	int rc = choose(which, dir, &io);

	if (rc < 0)
		return rc;
	rc = dir != NULL ? probe(io, dir) : 0;
	if (rc == 0 && strcmp(which, "auto") == 0 && strcmp(io->name, "io_uring") == 0) {
		vega_io_delete(io);
		rc = vega_io_pwrite_new(&io);
		if (rc < 0)
			return rc;
		rc = probe(io, dir);
	}
	if (rc < 0) {
		vega_io_delete(io);
		return rc;
	}
	*ret_io = io;
	return 0;
}
