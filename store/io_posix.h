/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_IO_POSIX_H
#define VEGA_STORE_IO_POSIX_H
/*
 * What io_uring.c and io_pwrite.c share: everything but writes and syncs. Private to the backends and io.c.
 */
#include "store/io.h"

int vega_io_uring_new(struct vega_io **ret_io) VEGA_MUST_CHECK;
int vega_io_pwrite_new(struct vega_io **ret_io) VEGA_MUST_CHECK;

/* Where the file system has no O_DIRECT the file is opened without, and the name loses what it said about it. */
int vega_posix_open(struct vega_io *io, const char *path, uint32_t flags);
void vega_posix_close(struct vega_io *io, int file);
int64_t vega_posix_pread(struct vega_io *io, int file, void *buf, uint64_t bytes, uint64_t off);
int vega_posix_size(struct vega_io *io, int file, uint64_t *ret_bytes);
int vega_posix_reserve(struct vega_io *io, int file, uint64_t off, uint64_t bytes);
int vega_posix_truncate(struct vega_io *io, int file, uint64_t bytes);
int vega_posix_mkdir(struct vega_io *io, const char *path);
int vega_posix_rename(struct vega_io *io, const char *from, const char *to);
int vega_posix_unlink(struct vega_io *io, const char *path);
int vega_posix_stat(struct vega_io *io, const char *path, struct vega_io_stat *ret_stat);
int vega_posix_list(
	struct vega_io *io, const char *path, int (*each)(void *arg, const char *name), void *arg);
int vega_posix_resolve(struct vega_io *io, const char *path, char *ret_real);
int vega_posix_space(struct vega_io *io, const char *path, uint64_t *ret_free_bytes);
int vega_posix_random(struct vega_io *io, void *buf, uint64_t bytes);

/* The rows of struct vega_io_ops that both backends have in common. */
#define VEGA_POSIX_OPS                                                                           \
	.open = vega_posix_open, .close = vega_posix_close, .pread = vega_posix_pread,           \
	.size = vega_posix_size, .reserve = vega_posix_reserve, .truncate = vega_posix_truncate, \
	.mkdir = vega_posix_mkdir, .rename = vega_posix_rename, .unlink = vega_posix_unlink,     \
	.stat = vega_posix_stat, .list = vega_posix_list, .resolve = vega_posix_resolve,         \
	.space = vega_posix_space, .random = vega_posix_random

#endif
