/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/io_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "hugepages/base/clock.h"

#define LOCK_PATIENCE_NS 2000000000u
#define LOCK_RETRY_NS    10000000u

static int
or_errno(int rc)
{
	return rc < 0 ? -errno : 0;
}

/* "io_uring+O_DIRECT+registered" becomes "io_uring": one file without it is enough to say so. */
static void
forget_direct(struct vega_io *io)
{
	char *plus = strchr(io->name, '+');

	if (plus != NULL)
		*plus = '\0';
}

static int
open_flags(uint32_t flags)
{
	int out = O_CLOEXEC | O_NOCTTY;

	out |= flags & VEGA_IO_WRITE ? O_RDWR : O_RDONLY;
	out |= flags & VEGA_IO_CREATE ? O_CREAT | O_EXCL : 0;
	out |= flags & VEGA_IO_DIR ? O_DIRECTORY : 0;
	/* a pipe by a file's name must not make a reader wait; io_uring would take it as a wish not to wait for a write */
	out |= flags & (VEGA_IO_WRITE | VEGA_IO_DIR) ? 0 : O_NONBLOCK;
	return out;
}

/*
 * Lock a file for this process alone. The kernel takes an io_uring down a while after its process died, and its files
 * with it: what looks held is asked again for two seconds.
 */
static int
lock_file(int fd)
{
	const uint64_t give_up_ns = vega_monotonic_ns() + LOCK_PATIENCE_NS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (vega_monotonic_ns() >= give_up_ns)
			return -EBUSY;
		vega_sleep_until_ns(vega_monotonic_ns() + LOCK_RETRY_NS);
	}
	return 0;
}

int
vega_posix_open(struct vega_io *io, const char *path, uint32_t flags)
{
	int direct = flags & VEGA_IO_DIRECT ? O_DIRECT : 0;
	int fd = open(path, open_flags(flags) | direct, VEGA_IO_FILE_MODE);
	int rc;

	if (fd < 0 && errno == EINVAL && direct != 0) {
		forget_direct(io);
		/* some file systems make the file before they refuse O_DIRECT */
		if (flags & VEGA_IO_CREATE)
			(void)unlink(path);
		fd = open(path, open_flags(flags), VEGA_IO_FILE_MODE);
	}
	if (fd < 0)
		return -errno;
	rc = flags & VEGA_IO_LOCK ? lock_file(fd) : 0;
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	if (flags & VEGA_IO_SCAN)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return fd;
}

void
vega_posix_close(struct vega_io *io, int file)
{
	(void)io;
	(void)close(file);
}

int64_t
vega_posix_pread(struct vega_io *io, int file, void *buf, uint64_t bytes, uint64_t off)
{
	ssize_t n = pread(file, buf, bytes, (off_t)off);

	(void)io;
	return n < 0 ? -errno : n;
}

int
vega_posix_size(struct vega_io *io, int file, uint64_t *ret_bytes)
{
	struct stat st;

	(void)io;
	if (fstat(file, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}

int
vega_posix_reserve(struct vega_io *io, int file, uint64_t off, uint64_t bytes)
{
	(void)io;
	return or_errno(fallocate(file, FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)bytes));
}

int
vega_posix_truncate(struct vega_io *io, int file, uint64_t bytes)
{
	(void)io;
	return or_errno(ftruncate(file, (off_t)bytes));
}

int
vega_posix_mkdir(struct vega_io *io, const char *path)
{
	(void)io;
	return or_errno(mkdir(path, VEGA_IO_DIR_MODE));
}

int
vega_posix_rename(struct vega_io *io, const char *from, const char *to)
{
	(void)io;
	return or_errno(rename(from, to));
}

int
vega_posix_unlink(struct vega_io *io, const char *path)
{
	(void)io;
	return or_errno(unlink(path));
}

static enum vega_io_kind
kind_of(mode_t mode)
{
	if (S_ISREG(mode))
		return VEGA_IO_IS_FILE;
	return S_ISDIR(mode) ? VEGA_IO_IS_DIR : VEGA_IO_IS_OTHER;
}

int
vega_posix_stat(struct vega_io *io, const char *path, struct vega_io_stat *ret_stat)
{
	struct stat st;

	(void)io;
	if (stat(path, &st) < 0)
		return -errno;
	*ret_stat = (struct vega_io_stat){
		.bytes = (uint64_t)st.st_size,
		.kind = kind_of(st.st_mode),
	};
	return 0;
}

int
vega_posix_list(
	struct vega_io *io, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
	DIR *dir = opendir(path);
	int rc = 0;

	(void)io;
	if (dir == NULL)
		return -errno;
	while (rc == 0) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (entry == NULL) {
			rc = -errno; /* 0 after the last */
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = each(arg, entry->d_name);
	}
	(void)closedir(dir);
	return rc;
}

int
vega_posix_resolve(struct vega_io *io, const char *path, char *ret_real)
{
	(void)io;
	return realpath(path, ret_real) != NULL ? 0 : -errno;
}

int
vega_posix_space(struct vega_io *io, const char *path, uint64_t *ret_free_bytes)
{
	struct statvfs vfs;

	(void)io;
	if (statvfs(path, &vfs) < 0)
		return -errno;
	*ret_free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	return 0;
}

int
vega_posix_random(struct vega_io *io, void *buf, uint64_t bytes)
{
	(void)io;
	return getrandom(buf, bytes, 0) == (ssize_t)bytes ? 0 : -EIO;
}
