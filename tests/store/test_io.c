/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The backends on a real folder do the same; requests are carried through short writes; the disk in memory forgets what
 * no sync covered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "store/io.h"
#include "tests/lib/io_mem.h"
#include "tests/lib/rng.h"

static char dir[256];

static int
setup(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s/vega-test-io-XXXXXX", base != NULL ? base : "/tmp");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void
round_trip(const char *which)
{
	const uint64_t bytes = 64 * 4096;
	uint8_t *data = aligned_alloc(4096, bytes);
	uint8_t *back = aligned_alloc(4096, bytes);
	struct vega_io_req reqs[64];
	struct vega_io *io;
	struct rng rng = {1};
	char path[512];
	struct stat st;
	uint64_t size;
	int file;

	assert_non_null(data);
	assert_non_null(back);
	if (vega_io_new(which, dir, &io) != 0) {
		print_message("%s: %s\n", which, vega_err_text());
		goto out;
	}
	print_message("%s: %s\n", which, io->name);
	vega_io_memory(io, data, bytes);
	for (uint64_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)rng_next(&rng);
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	file = io->ops->open(
		io, path, VEGA_IO_WRITE | VEGA_IO_CREATE | VEGA_IO_DIRECT | VEGA_IO_LOCK);
	assert_true(file >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~VEGA_IO_FILE_MODE, 0);
	assert_int_equal(io->ops->open(io, path, VEGA_IO_WRITE | VEGA_IO_CREATE), -EEXIST);
	assert_int_equal(io->ops->open(io, path, VEGA_IO_WRITE | VEGA_IO_LOCK), -EBUSY);
	for (int i = 63; i >= 0; i--)
		vega_io_write(io, &reqs[i], file, data + i * 4096, 4096, (uint64_t)i * 4096);
	while (io->busy_cnt != 0)
		(void)vega_io_poll(io, true);
	for (int i = 0; i < 64; i++)
		assert_true(!reqs[i].busy && reqs[i].result == 0);
	assert_int_equal(vega_io_sync_wait(io, file, VEGA_IO_DO_SYNC_DATA), 0);
	assert_int_equal(vega_io_sync_dir(io, dir), 0);
	assert_int_equal(vega_io_read(io, file, back, bytes, 0), bytes);
	assert_memory_equal(data, back, bytes);
	assert_int_equal(io->ops->truncate(io, file, 8192), 0);
	assert_int_equal(io->ops->size(io, file, &size), 0);
	assert_int_equal(size, 8192);
	io->ops->close(io, file);
	assert_int_equal(io->ops->unlink(io, path), 0);
	assert_int_equal(io->ops->unlink(io, path), -ENOENT);
	vega_io_delete(io);
out:
	free(data);
	free(back);
}

static void
test_backends(void **state)
{
	(void)state;
	round_trip("auto");
	round_trip("uring");
	round_trip("pwrite");
}

static void
test_refused(void **state)
{
	struct vega_io *io;

	(void)state;
	assert_int_equal(vega_io_new("floppy", dir, &io), -EINVAL);
	assert_int_equal(vega_io_new("pwrite", "/nonexistent/folder", &io), -ENOENT);
	assert_non_null(strstr(vega_err_text(), "/nonexistent/folder"));
}

static void
test_short_and_late(void **state)
{
	const uint64_t bytes = 64 * 512;
	uint8_t *data = aligned_alloc(4096, bytes);
	uint8_t back[64 * 512];

	(void)state;
	assert_non_null(data);
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct vega_io *io = io_mem_new(seed);
		int file;

		*io_mem_faults(io) = (struct io_mem_faults){
			.late_one_in = 2, .short_one_in = 2, .reorder = true};
		memset(data, (int)seed, bytes);
		file = io->ops->open(io, "/j/f", VEGA_IO_WRITE | VEGA_IO_CREATE | VEGA_IO_DIRECT);
		assert_int_equal(vega_io_write_wait(io, file, data, bytes, 0), 0);
		assert_int_equal(vega_io_read(io, file, back, bytes, 0), bytes);
		assert_memory_equal(data, back, bytes);
		io->ops->close(io, file);
		vega_io_delete(io);
	}
	free(data);
}

/* What was synced survives a power cut; of the rest, over many seeds, everything that can happen does. */
static void
test_power_cut(void **state)
{
	static uint8_t ones[1024];
	unsigned kept = 0;
	unsigned gone = 0;
	unsigned torn = 0;
	unsigned nameless = 0;

	(void)state;
	memset(ones, 1, sizeof(ones));
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct vega_io *io = io_mem_new(seed);
		int file = io->ops->open(io, "/j/f", VEGA_IO_WRITE | VEGA_IO_CREATE);
		uint8_t *at;
		uint64_t bytes;

		assert_int_equal(vega_io_write_wait(io, file, ones, 1024, 0), 0);
		assert_int_equal(vega_io_sync_wait(io, file, VEGA_IO_DO_SYNC_DATA), 0);
		assert_int_equal(vega_io_write_wait(io, file, ones, 1024, 1024), 0);
		if (seed % 2 == 0)
			assert_int_equal(vega_io_sync_dir(io, "/j"), 0);
		io_mem_crash(io);
		at = io_mem_bytes(io, "/j/f", &bytes);
		assert_true(seed % 2 != 0 || at != NULL);
		if (at == NULL)
			nameless++;
		else if (bytes == 1024)
			gone++;
		else if (bytes == 2048 && memcmp(at + 1024, ones, 1024) == 0)
			kept++;
		else
			torn++;
		if (at != NULL)
			assert_memory_equal(at, ones, 1024);
		vega_io_delete(io);
	}
	assert_true(kept > 10 && gone > 10 && torn > 10 && nameless > 10);
}

static void
test_full_disk(void **state)
{
	static uint8_t data[4096];
	struct vega_io *io = io_mem_new(1);
	int file = io->ops->open(io, "/j/f", VEGA_IO_WRITE | VEGA_IO_CREATE);

	(void)state;
	io_mem_faults(io)->capacity_bytes = 8192;
	assert_int_equal(io->ops->reserve(io, file, 0, 4096), 0);
	assert_int_equal(io->ops->reserve(io, file, 4096, 8192), -ENOSPC);
	assert_int_equal(vega_io_write_wait(io, file, data, 4096, 0), 0);
	assert_int_equal(vega_io_write_wait(io, file, data, 4096, 4096), 0);
	assert_int_equal(vega_io_write_wait(io, file, data, 1, 8192), -ENOSPC);
	io->ops->close(io, file);
	vega_io_delete(io);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backends),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_short_and_late),
		cmocka_unit_test(test_power_cut),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
