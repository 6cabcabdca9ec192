/* SPDX-License-Identifier: BSD-3-Clause */
/* The region: one capture a name, a dead one's place is taken over, and no control file harms a reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepages/base/err.h"
#include "hugepages/frame.h"
#include "hugepages/region.h"
#include "tests/lib/region_name.h"

static char name[32];
static struct vega_layout_feed feeds[2] = {
	{.name = "NSE_FO",
		.zone = "Asia/Kolkata",
		.numa = 0, /* every machine has it */
		.record_lane_bytes = 2u << 20,
		.frame_lane_bytes = 2u << 20,
		.if_cnt = 1,
		.if_name = {"nse_a:0"}},
	{.name = "default",
		.zone = "UTC",
		.numa = UINT32_MAX,
		.frame_lane_bytes = 4u << 20,
		.if_cnt = 1,
		.if_name = {"nse_a:0"}},
};

static struct vega_region_conf
conf_shm(void)
{
	return (struct vega_region_conf){.name = name,
		.memory = VEGA_MEMORY_SHM,
		.feeds = feeds,
		.feed_cnt = 2,
		.lcore_cnt = 1,
		.port_cnt = 1};
}

static int
setup(void **state)
{
	(void)state;
	region_name(name, "test-region");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return region_remove(name);
}

static void
test_create_fills_directory_and_lanes(void **state)
{
	const struct vega_region_conf conf = conf_shm();
	struct vega_region *region;
	struct vega_region *reader;
	struct vega_frame_lane *lane;

	(void)state;
	assert_int_equal(vega_region_create(&conf, &region), 0);
	assert_true(vega_region_alive(name));
	assert_int_equal(vega_region_open(name, &reader), 0);
	assert_int_equal(reader->control->feed_cnt, 2);
	assert_int_equal(reader->control->lane_cnt, 3);
	assert_string_equal(reader->feeds[0].name, "NSE_FO");
	assert_int_equal(reader->feeds[0].record_lane, 0);
	assert_int_equal(reader->lanes[0].lane_off, 0);
	assert_int_equal(reader->lanes[0].unit_cnt, 65532);
	assert_int_equal(reader->feeds[1].record_lane, UINT32_MAX);
	assert_int_equal(reader->lanes[reader->feeds[0].frame_lane].lane_off, 0x200000);
	lane = vega_region_frame_lane(region, 1);
	assert_int_equal(lane->magic, VEGA_FRAME_LANE_MAGIC);
	assert_int_equal(lane->block_cnt, 4);
	assert_string_equal(lane->if_name[0], "nse_a:0");
	vega_region_close(region);
	assert_int_equal(reader->control->state, VEGA_STATE_STOPPED);
	assert_false(vega_region_alive(name));
	vega_region_release(reader);
}

/* The pages of a lane whose feed names a node lie there: the kernel is asked. */
static void
test_lanes_lie_on_their_node(void **state)
{
	const struct vega_region_conf conf = conf_shm();
	struct vega_region *region;
	void *pages[1];
	int node = -1;

	(void)state;
	assert_int_equal(vega_region_create(&conf, &region), 0);
	pages[0] = region->memory;
	if (syscall(SYS_move_pages, 0, 1, pages, NULL, &node, 0) == 0)
		assert_int_equal(node, 0);
	vega_region_close(region);
}

static void
test_second_capture_is_refused(void **state)
{
	const struct vega_region_conf conf = conf_shm();
	struct vega_region *first;
	struct vega_region *second = NULL;

	(void)state;
	assert_int_equal(vega_region_create(&conf, &first), 0);
	assert_int_equal(vega_region_create(&conf, &second), -EBUSY);
	assert_int_equal(vega_err_status(), EX_TEMPFAIL);
	assert_null(second);
	vega_region_close(first);
}

static void
test_dead_capture_is_superseded(void **state)
{
	const struct vega_region_conf conf = conf_shm();
	struct vega_region *region;
	struct vega_region *reader;
	char old_path[256];
	uint64_t generation;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (vega_region_create(&conf, &region) == 0)
			(void)raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(vega_region_open(name, &reader), 0);
	assert_int_equal(reader->control->state,
		VEGA_STATE_LIVE); /* it says so, but nobody holds the lock */
	assert_false(vega_region_alive(name));
	generation = reader->control->generation;
	memcpy(old_path, reader->control->lanes_path, sizeof(old_path));
	assert_int_equal(access(old_path, F_OK), 0);

	assert_int_equal(vega_region_create(&conf, &region), 0);
	assert_int_equal(reader->control->state, VEGA_STATE_SUPERSEDED);
	assert_true(region->control->generation > generation);
	assert_int_not_equal(access(old_path, F_OK), 0);
	vega_region_release(reader);
	vega_region_close(region);
}

static void
write_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

/* Killed before it had a control file: its lanes are found by their name, and nothing else is. */
static void
test_lanes_of_a_killed_start_are_removed(void **state)
{
	const struct vega_region_conf conf = conf_shm();
	struct vega_region *region;
	char orphan[128];
	char other[128];
	char held[128];
	int fd;

	(void)state;
	(void)snprintf(orphan, sizeof(orphan), "/dev/shm/vega-%s.12345", name);
	(void)snprintf(other, sizeof(other), "/dev/shm/vega-%s.x.12345", name);
	(void)snprintf(held, sizeof(held), "/dev/shm/vega-%s.678", name);
	write_file(orphan);
	write_file(other);
	write_file(held);
	fd = open(held, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0); /* as a capture of another root holds its lanes */
	assert_int_equal(vega_region_create(&conf, &region), 0);
	assert_int_not_equal(access(orphan, F_OK), 0);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(access(held, F_OK), 0);
	(void)close(fd);

	fd = open(region->control->lanes_path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_not_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* held as long as it is mapped */
	(void)close(fd);
	vega_region_close(region);
}

/* Any byte of the control file may hold anything: a reader refuses it or serves it. */
static void
test_corrupt_control_is_refused_or_served(void **state)
{
	const struct vega_region_conf conf = conf_shm();
	struct vega_region *region;
	struct vega_region *reader;
	char path[300];
	unsigned refused = 0;
	uint8_t *bytes;
	int fd;

	(void)state;
	assert_int_equal(vega_region_create(&conf, &region), 0);
	(void)snprintf(path, sizeof(path), "%s/control", region->dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	bytes = mmap(NULL, VEGA_CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	for (uint32_t bit = 0;
		bit < 8 * (VEGA_CONTROL_FEEDS_OFF + 2 * sizeof(struct vega_feed_entry)); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (vega_region_open(name, &reader) == 0) {
			for (uint32_t i = 0; i < reader->control->feed_cnt; i++)
				assert_true(strlen(reader->feeds[i].name) < VEGA_NAME_BYTES);
			vega_region_release(reader);
		} else {
			refused++;
		}
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(refused >= 64 + 32 + 32); /* magic, version, size */
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(vega_region_open(name, &reader), -EBADMSG);
	assert_int_equal(ftruncate(fd, VEGA_CONTROL_BYTES), 0);
	(void)munmap(bytes, VEGA_CONTROL_BYTES);
	(void)close(fd);
	region->control->state = VEGA_STATE_STOPPED;
	vega_region_close(region);
}

/* Asking whether a capture lives takes the lock for a moment: that must not refuse one that starts just then. */
static void
test_probes_do_not_refuse_a_capture(void **state)
{
	const struct vega_region_conf conf = conf_shm();
	struct vega_region *region;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		for (;;)
			(void)vega_region_alive(name);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(vega_region_create(&conf, &region), 0);
		vega_region_close(region);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void
test_missing_region_is_told(void **state)
{
	struct vega_region *reader;

	(void)state;
	assert_int_equal(vega_region_open("test-region-none", &reader), -ENOENT);
	assert_int_equal(vega_err_status(), EX_NOINPUT);
	assert_int_equal(vega_region_open("../etc", &reader), -EINVAL);
}

static void
test_bad_lane_sizes_are_refused(void **state)
{
	struct vega_layout_feed bad[1] = {{.name = "F", .frame_lane_bytes = 3u << 20}};
	static struct vega_layout layout;

	(void)state;
	assert_int_equal(vega_layout_make(bad, 1, 4096, &layout), -EINVAL);
	bad[0].frame_lane_bytes = 1u << 20;
	assert_int_equal(vega_layout_make(bad, 1, 4096, &layout), -EINVAL);
	bad[0].frame_lane_bytes = 2u << 20;
	bad[0].record_lane_bytes = 4096;
	assert_int_equal(vega_layout_make(bad, 1, 4096, &layout), -EINVAL);
	bad[0].record_lane_bytes = 0;
	assert_int_equal(vega_layout_make(bad, 1, 1u << 30, &layout), 0);
	assert_int_equal(layout.lanes_bytes, 1u << 30);
	assert_int_equal(vega_layout_make(bad, 0, 4096, &layout), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_create_fills_directory_and_lanes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lanes_lie_on_their_node, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_capture_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead_capture_is_superseded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_lanes_of_a_killed_start_are_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_lanes_of_a_killed_start_are_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_corrupt_control_is_refused_or_served, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_probes_do_not_refuse_a_capture, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_region_is_told, setup, teardown),
		cmocka_unit_test(test_bad_lane_sizes_are_refused),
	};

	return cmocka_run_group_tests_name("region", tests, NULL, NULL);
}
