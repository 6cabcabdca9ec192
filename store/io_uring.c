/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes through io_uring, from registered memory where the kernel takes it.
 */
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/io_posix.h"

#define RING_ENTRIES    1024u
#define PIECE_BYTES_MAX (1ull << 30) /* the kernel's limit of one registered buffer */
#define PIECE_CNT_MAX   1024u

struct uring_io {
	struct vega_io io;
	struct io_uring ring;
	uint8_t *base; /* registered memory; NULL: none */
	uint64_t bytes;
};

static struct uring_io *
self(struct vega_io *io)
{
	return (struct uring_io *)(void *)io;
}

/* The registered piece that holds the data whole, or -1. */
static int
piece_of(const struct uring_io *u, const uint8_t *data, uint64_t bytes)
{
	uint64_t off;

	if (u->base == NULL || data < u->base)
		return -1;
	off = (uint64_t)(data - u->base);
	if (off >= u->bytes || bytes > u->bytes - off)
		return -1;
	return off / PIECE_BYTES_MAX == (off + bytes - 1) / PIECE_BYTES_MAX
		       ? (int)(off / PIECE_BYTES_MAX)
		       : -1;
}

static void
prepare(const struct uring_io *u, struct io_uring_sqe *sqe, const struct vega_io_req *req)
{
	const uint8_t *data;
	const unsigned bytes = (unsigned)(req->bytes - req->written);
	const uint64_t off = req->off + req->written;
	int piece;

	if (req->verb != VEGA_IO_DO_WRITE) {
		io_uring_prep_fsync(sqe, req->file,
			req->verb == VEGA_IO_DO_SYNC_DATA ? IORING_FSYNC_DATASYNC : 0);
		return;
	}
	data = req->data + req->written;
	piece = piece_of(u, data, bytes);
	if (piece >= 0)
		io_uring_prep_write_fixed(sqe, req->file, data, bytes, off, piece);
	else
		io_uring_prep_write(sqe, req->file, data, bytes, off);
}

static int
submit(struct vega_io *io, struct vega_io_req *req)
{
	struct uring_io *u = self(io);
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	if (sqe == NULL) {
		(void)io_uring_submit(&u->ring);
		sqe = io_uring_get_sqe(&u->ring);
	}
	if (sqe == NULL)
		return -EBUSY;
	prepare(u, sqe, req);
	io_uring_sqe_set_data(sqe, req);
	return 0;
}

static struct vega_io_req *
reap(struct vega_io *io, bool wait, int64_t *ret_result)
{
	struct uring_io *u = self(io);
	struct io_uring_cqe *cqe = NULL;
	struct vega_io_req *req;

	if (io_uring_sq_ready(&u->ring) != 0)
		(void)io_uring_submit(
			&u->ring); /* -EAGAIN, -EBUSY: the next poll submits the rest */
	if (wait)
		(void)io_uring_wait_cqe(
			&u->ring, &cqe); /* a signal ends it: the caller looks again */
	else
		(void)io_uring_peek_cqe(&u->ring, &cqe);
	if (cqe == NULL)
		return NULL;
	req = io_uring_cqe_get_data(cqe);
	*ret_result = cqe->res;
	io_uring_cqe_seen(&u->ring, cqe);
	return req;
}

static void
memory(struct vega_io *io, void *base, uint64_t bytes)
{
	struct uring_io *u = self(io);
	uint64_t piece_cnt = (bytes + PIECE_BYTES_MAX - 1) / PIECE_BYTES_MAX;
	struct iovec *pieces;

	if (u->base != NULL || piece_cnt > PIECE_CNT_MAX)
		return;
	pieces = calloc(piece_cnt, sizeof(*pieces));
	if (pieces == NULL)
		return;
	for (uint64_t i = 0; i < piece_cnt; i++) {
		uint64_t off = i * PIECE_BYTES_MAX;

		pieces[i].iov_base = (uint8_t *)base + off;
		pieces[i].iov_len = bytes - off < PIECE_BYTES_MAX ? bytes - off : PIECE_BYTES_MAX;
	}
	if (io_uring_register_buffers(&u->ring, pieces, (unsigned)piece_cnt) == 0) {
		u->base = base;
		u->bytes = bytes;
		if (strchr(io->name, '+') != NULL)
			(void)snprintf(io->name, sizeof(io->name), "io_uring+O_DIRECT+registered");
	}
	free(pieces);
}

static void
uring_delete(struct vega_io *io)
{
	io_uring_queue_exit(&self(io)->ring);
	free(self(io));
}

static const struct vega_io_ops ops = {
	VEGA_POSIX_OPS,
	.submit = submit,
	.reap = reap,
	.memory = memory,
	.delete = uring_delete,
};

int
vega_io_uring_new(struct vega_io **ret_io)
{
	struct uring_io *u = calloc(1, sizeof(*u));
	int rc;

	if (u == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the journal's file access, found none");
	rc = io_uring_queue_init(RING_ENTRIES, &u->ring, 0);
	if (rc < 0) {
		free(u);
		return VEGA_ERR(rc,
			"need io_uring, found the system refuses it: %s; use pwrite or allow it",
			strerror(-rc));
	}
	u->io.ops = &ops;
	(void)snprintf(u->io.name, sizeof(u->io.name), "io_uring+O_DIRECT");
	*ret_io = &u->io;
	return 0;
}
