/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_IO_H
#define VEGA_STORE_IO_H
/*
 * All file access of the journal, as one table: io_uring with O_DIRECT, pwrite, and in the tests a disk in memory that
 * fails on purpose.
 *
 * Writes and syncs are requests: they are submitted, and some time later a poll marks them done. A request that cannot
 * be submitted is marked done with its error, so there is one place to look. Everything else happens at once.
 *
 * Threads: one object belongs to one thread. What a reader needs (open for reading, close, pread, size, stat, list, resolve)
 * leaves the object of a real backend as it is, and may be called from any.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

#define VEGA_IO_FILE_MODE 0640u
#define VEGA_IO_DIR_MODE  0750u

/* How a file is opened. */
#define VEGA_IO_WRITE  0x1u /* else for reading only */
#define VEGA_IO_CREATE 0x2u /* make it; -EEXIST when it is there */
#define VEGA_IO_DIRECT \
	0x4u /* past the page cache where the file system can: data, offset and bytes aligned to 512 */
#define VEGA_IO_DIR  0x8u  /* a folder, to sync it */
#define VEGA_IO_LOCK 0x10u /* for this process alone; -EBUSY when another one holds it */
#define VEGA_IO_SCAN 0x20u /* will be read from its start to its end: read ahead */

enum vega_io_verb {
	VEGA_IO_DO_WRITE = 1,
	VEGA_IO_DO_SYNC_DATA =
		2,           /* fdatasync: what was complete before is durable, and found again */
	VEGA_IO_DO_SYNC = 3, /* fsync: for folders */
};

/* A write or a sync. Owned by the caller, who leaves it and its data alone while it is busy. */
struct vega_io_req {
	const uint8_t *data;
	uint64_t off;
	uint64_t bytes;
	uint64_t written; /* of bytes, so far */
	int file;
	enum vega_io_verb verb;
	int result; /* when done: 0 or -errno */
	bool busy;
	struct vega_io_req *next; /* the backend's */
};

struct vega_io;

enum vega_io_kind {
	VEGA_IO_IS_FILE = 1,
	VEGA_IO_IS_DIR = 2,
	VEGA_IO_IS_OTHER = 3, /* a device, a pipe, a socket */
};

/* What lies at a path. */
struct vega_io_stat {
	uint64_t bytes; /* of a file */
	enum vega_io_kind kind;
};

/* A backend. Every int is 0 or -errno without a message, unless it says otherwise. */
struct vega_io_ops {
	int (*open)(
		struct vega_io *io, const char *path, uint32_t flags); /* file >= 0, or -errno */
	void (*close)(struct vega_io *io, int file);
	int (*submit)(struct vega_io *io, struct vega_io_req *req);
	struct vega_io_req *(*reap)(
		struct vega_io *io, bool wait, int64_t *ret_result); /* NULL: none done */
	int64_t (*pread)(struct vega_io *io, int file, void *buf, uint64_t bytes, uint64_t off);
	int (*size)(
		struct vega_io *io, int file, uint64_t *ret_bytes); /* -EINVAL: no regular file */
	int (*reserve)(struct vega_io *io, int file, uint64_t off, uint64_t bytes);
	int (*truncate)(struct vega_io *io, int file, uint64_t bytes);
	int (*mkdir)(struct vega_io *io, const char *path);
	int (*rename)(struct vega_io *io, const char *from, const char *to);
	int (*unlink)(struct vega_io *io, const char *path);
	int (*stat)(struct vega_io *io, const char *path, struct vega_io_stat *ret_stat);
	/*
	 * The names in a folder but "." and "..", in no order; `each` ends the list with other than 0, which is then the
	 * answer. It may list another folder.
	 */
	int (*list)(struct vega_io *io, const char *path, int (*each)(void *arg, const char *name),
		void *arg);
	/* The path without links, "." and "..", in PATH_MAX bytes. */
	int (*resolve)(struct vega_io *io, const char *path, char *ret_real);
	int (*space)(struct vega_io *io, const char *path, uint64_t *ret_free_bytes);
	int (*random)(struct vega_io *io, void *buf, uint64_t bytes);
	void (*memory)(struct vega_io *io, void *base, uint64_t bytes); /* NULL: no use for it */
	void (*delete)(struct vega_io *io);
};

struct vega_io {
	const struct vega_io_ops *ops;
	uint32_t busy_cnt; /* requests submitted and not done */
	char name[32]; /* "io_uring+O_DIRECT+registered", "io_uring", "pwrite+O_DIRECT", "pwrite" */
};

/*
 * Choose a backend for a folder, which is tried with a small file that leaves no trace.
 *
 * Params: which	"auto": io_uring, or pwrite where there is none or the folder cannot O_DIRECT; "uring"; "pwrite"
 *	   dir		NULL: nothing is tried, and "auto" is pwrite
 * Returns 0; -EINVAL (64): no such backend; -EACCES, -EROFS, -ENOSPC, ...: the folder cannot be written; -ENOSYS,
 * -EPERM, -ENOMEM: "uring" was asked for and the system refuses it. With a message.
 */
int vega_io_new(const char *which, const char *dir, struct vega_io **ret_io) VEGA_MUST_CHECK;
void vega_io_delete(struct vega_io *io);

/*
 * Offer the memory that most writes come from, once, before any: the kernel may then pin it (at most 1 GiB a piece).
 * Where it refuses, writes work as before; the name says which.
 */
void vega_io_memory(struct vega_io *io, void *base, uint64_t bytes);

/* Begin a write or a sync; req->busy until it is done. Short writes are continued, interrupted ones repeated. */
void vega_io_write(struct vega_io *io, struct vega_io_req *req, int file, const void *data,
	uint64_t bytes, uint64_t off);
void vega_io_sync(struct vega_io *io, struct vega_io_req *req, int file, enum vega_io_verb verb);

/* Submit what waits and mark what is done; `wait`: until at least one is, if any is busy. Returns how many. */
unsigned vega_io_poll(struct vega_io *io, bool wait);

/* The same, for callers with nothing else to do: returns 0 or -errno, without a message. */
int vega_io_write_wait(struct vega_io *io, int file, const void *data, uint64_t bytes,
	uint64_t off) VEGA_MUST_CHECK;
int vega_io_sync_wait(struct vega_io *io, int file, enum vega_io_verb verb) VEGA_MUST_CHECK;
int vega_io_sync_dir(struct vega_io *io, const char *path) VEGA_MUST_CHECK;

/* Read exactly `bytes`, or up to the end. Returns bytes read or -errno. */
int64_t vega_io_read(struct vega_io *io, int file, void *buf, uint64_t bytes, uint64_t off);

#endif
