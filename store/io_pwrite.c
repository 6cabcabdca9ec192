/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One write or sync at a time, carried out when it is polled for, for systems without io_uring. Callers see no
 * difference.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hugepages/base/err.h"
#include "store/io_posix.h"

struct pwrite_io {
	struct vega_io io;
	struct vega_io_req *first;
	struct vega_io_req **last;
};

static struct pwrite_io *
self(struct vega_io *io)
{
	return (struct pwrite_io *)(void *)io;
}

static int
submit(struct vega_io *io, struct vega_io_req *req)
{
	struct pwrite_io *p = self(io);

	req->next = NULL;
	*p->last = req;
	p->last = &req->next;
	return 0;
}

static int64_t
carry_out(const struct vega_io_req *req)
{
	int64_t n;

	if (req->verb == VEGA_IO_DO_WRITE)
		n = pwrite(req->file, req->data + req->written, req->bytes - req->written,
			(off_t)(req->off + req->written));
	else
		n = req->verb == VEGA_IO_DO_SYNC ? fsync(req->file) : fdatasync(req->file);
	return n < 0 ? -errno : n;
}

static struct vega_io_req *
reap(struct vega_io *io, bool wait, int64_t *ret_result)
{
	struct pwrite_io *p = self(io);
	struct vega_io_req *req = p->first;

	(void)wait;
	if (req == NULL)
		return NULL;
	p->first = req->next;
	if (p->first == NULL)
		p->last = &p->first;
	*ret_result = carry_out(req);
	return req;
}

static void
pwrite_delete(struct vega_io *io)
{
	free(self(io));
}

static const struct vega_io_ops ops = {
	VEGA_POSIX_OPS,
	.submit = submit,
	.reap = reap,
	.delete = pwrite_delete,
};

int
vega_io_pwrite_new(struct vega_io **ret_io)
{
	struct pwrite_io *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the journal's file access, found none");
	p->io.ops = &ops;
	p->last = &p->first;
	(void)snprintf(p->io.name, sizeof(p->io.name), "pwrite+O_DIRECT");
	*ret_io = &p->io;
	return 0;
}
