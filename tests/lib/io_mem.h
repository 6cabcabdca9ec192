/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_IO_MEM_H
#define VEGA_TESTS_IO_MEM_H
/*
 * A disk in memory that does everything a disk is allowed to do: completes out of order and late, writes short, fails, is
 * full, and at a power cut keeps, drops or tears by sector whatever was not synced, directory entries too.
 *
 * The same seed gives the same faults. What it checks of its user: alignment of O_DIRECT files, and that data is left
 * alone while it is being written.
 */
#include "store/io.h"

struct io_mem_faults {
	uint32_t late_one_in;  /* a poll that finds nothing done yet; 0: never */
	uint32_t short_one_in; /* a write that stops at a sector on the way */
	uint32_t eio_one_in;   /* a write that fails, part of it on the disk */
	uint32_t sync_eio_one_in;
	uint64_t capacity_bytes; /* 0: no end */
	bool reorder;
	bool hold_dir_syncs;        /* syncs of folders do not come back */
	uint32_t sector_bytes;      /* of O_DIRECT; 0: 512 */
	bool no_reserve;            /* the file system knows no fallocate */
	uint32_t read_short_one_in; /* a read that stops on the way */
	uint32_t read_eio_one_in; /* a read, open, look at a name or list of a folder that fails */
	uint32_t shrink_one_in;   /* a file that is cut just after its size was told */
	uint64_t power_ops;       /* acts that change the disk until the power fails; 0: never */
};

/* Made with a folder "/j". Abort on lack of memory: it is a test. */
struct vega_io *io_mem_new(uint64_t seed);
struct io_mem_faults *io_mem_faults(struct vega_io *io);

/* The power fails now, and comes back: handles and requests are gone, faults are off. */
void io_mem_crash(struct vega_io *io);
bool io_mem_power_is_off(const struct vega_io *io);
uint64_t io_mem_ops(const struct vega_io *io); /* acts that changed the disk so far */

/* Paths of files (no folders) as they are now: idx from 0; NULL after the last. In order of their names. */
const char *io_mem_path(const struct vega_io *io, uint32_t idx);

/* Files open now: what a caller forgot to close. */
uint32_t io_mem_open_files(const struct vega_io *io);

/* The bytes of a file as seen now; NULL when there is none. Valid until the next act. */
uint8_t *io_mem_bytes(const struct vega_io *io, const char *path, uint64_t *ret_bytes);

/* Put a file there, durable. */
void io_mem_put(struct vega_io *io, const char *path, const void *data, uint64_t bytes);

/* An own copy of the disk, with no faults: to try several ways on from one state. */
struct vega_io *io_mem_copy(const struct vega_io *io, uint64_t seed);

#endif
