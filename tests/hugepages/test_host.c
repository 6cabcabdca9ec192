/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "hugepages/host.h"
#include "tests/hugepages/fake_host.h"

static struct fake_host fake;
static struct vega_host host;

static int
setup(void **state)
{
	(void)state;
	fake_host_new(&fake, 2);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_host_delete(&fake);
	return 0;
}

static void
two_nodes_and_their_cpus(void **state)
{
	(void)state;
	fake_host_write(&fake, "/sys/devices/system/cpu/isolated", "1,3\n");
	fake_host_write(
		&fake, "/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "performance\n");
	assert_int_equal(vega_host_read(fake.root, &host), 0);
	assert_int_equal(host.cpu_cnt, 4);
	assert_int_equal(host.node_cnt, 2);
	assert_int_equal(host.cpus[1].node, 0);
	assert_int_equal(host.cpus[2].node, 1);
	assert_false(host.cpus[0].isolated);
	assert_true(host.cpus[1].isolated);
	assert_true(host.cpus[3].isolated);
	assert_string_equal(host.cpus[2].governor, "performance");
	assert_string_equal(host.cpus[0].governor, "");
	assert_int_equal(host.nodes[1].memory_bytes, 16ull << 30);
	assert_int_equal(host.nodes[1].memory_free_bytes, 8ull << 30);
	assert_true(vega_host_has_node(&host, 1));
	assert_false(vega_host_has_node(&host, 2));
}

static void
holes_in_the_list_of_cpus(void **state)
{
	(void)state;
	fake_host_write(&fake, "/sys/devices/system/cpu/online", "0,2-3\n");
	assert_int_equal(vega_host_read(fake.root, &host), 0);
	assert_int_equal(host.cpu_cnt, 4);
	assert_true(vega_host_cpu_online(&host, 0));
	assert_false(vega_host_cpu_online(&host, 1));
	assert_true(vega_host_cpu_online(&host, 3));
	assert_false(vega_host_cpu_online(&host, 4));
	assert_false(vega_host_cpu_online(&host, UINT32_MAX));
}

static void
pools_by_size_and_node(void **state)
{
	(void)state;
	fake_host_pool(&fake, 0, 2u << 20, 100, 60);
	fake_host_pool(&fake, 1, 2u << 20, 7, 7);
	fake_host_pool(&fake, 1, 1u << 30, 3, 1);
	assert_int_equal(vega_host_read(fake.root, &host), 0);
	assert_int_equal(host.page_default_bytes, 2u << 20);
	assert_int_equal(host.pool_cnt, 4);
	assert_int_equal(host.pools[0].page_bytes, 2u << 20);
	assert_int_equal(host.pools[1].node, 1);
	assert_int_equal(vega_host_pages(&host, 2u << 20), 107);
	assert_int_equal(vega_host_pages_free(&host, 2u << 20), 67);
	assert_int_equal(vega_host_pool(&host, 1u << 30, 1)->free_cnt, 1);
	assert_null(vega_host_pool(&host, 1u << 30, 2));
	assert_true(vega_host_page_size_ok(&host, 1u << 30));
	assert_false(vega_host_page_size_ok(&host, 1u << 16));
}

static void
mounts_by_page_size(void **state)
{
	(void)state;
	fake_host_write(&fake, "/proc/mounts",
		"tmpfs /dev/shm tmpfs rw 0 0\n"
		"nodev /dev/hugepages hugetlbfs rw,relatime 0 0\n"
		"nodev /dev/hugepages-1G hugetlbfs rw,relatime,pagesize=1024M 0 0\n"
		"broken\n");
	assert_int_equal(vega_host_read(fake.root, &host), 0);
	assert_int_equal(host.mount_cnt, 2);
	assert_string_equal(vega_host_mount(&host, 2u << 20), "/dev/hugepages");
	assert_string_equal(vega_host_mount(&host, 1u << 30), "/dev/hugepages-1G");
	assert_null(vega_host_mount(&host, 1u << 16));
}

static void
memlock_limits(void **state)
{
	(void)state;
	assert_int_equal(vega_host_read(fake.root, &host), 0);
	assert_int_equal(host.memlock_soft_bytes, 8u << 20);
	assert_true(host.memlock_hard_bytes == UINT64_MAX);
}

static void
no_numa_is_one_node(void **state)
{
	(void)state;
	fake_host_write(&fake, "/sys/devices/system/node/online", "%s", "");
	fake_host_write(&fake, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "9\n");
	assert_int_equal(vega_host_read(fake.root, &host), 0);
	assert_int_equal(host.node_cnt, 1);
	assert_int_equal(vega_host_pages(&host, 2u << 20), 9);
}

/* Whatever stands in the files, reading ends with 0 or -ENODEV and a message. */
static void
hostile_files(void **state)
{
	static const char *const lists[] = {"", "\n", "x", "-", "3-1", "0-", "0-1024", "1,,2",
		"0-4294967295", "99999999999999999999999", "0\n\n\n7", ",", "1-x"};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(lists); i++) {
		int rc;

		fake_host_write(&fake, "/sys/devices/system/cpu/online", "%s", lists[i]);
		rc = vega_host_read(fake.root, &host);
		assert_true(rc == 0 || rc == -ENODEV);
		fake_host_write(&fake, "/sys/devices/system/cpu/online", "0-3");
		fake_host_write(&fake, "/sys/devices/system/cpu/isolated", "%s", lists[i]);
		assert_int_equal(vega_host_read(fake.root, &host), 0);
		fake_host_write(&fake, "/sys/devices/system/node/online", "%s", lists[i]);
		rc = vega_host_read(fake.root, &host);
		assert_true(rc == 0 || rc == -ENODEV);
		fake_host_write(&fake, "/sys/devices/system/node/online", "0-1");
	}
}

static void
too_many_of_each_is_named(void **state)
{
	(void)state;
	fake_host_write(&fake, "/sys/devices/system/cpu/online", "0-1024\n");
	assert_int_equal(vega_host_read(fake.root, &host), -ENODEV);
	assert_non_null(strstr(vega_err_text(), "1024 processors"));
	fake_host_write(&fake, "/sys/devices/system/cpu/online", "0-1023\n");
	assert_int_equal(vega_host_read(fake.root, &host), 0);
	fake_host_write(&fake, "/sys/devices/system/node/online", "0-16\n");
	assert_int_equal(vega_host_read(fake.root, &host), -ENODEV);
	assert_non_null(strstr(vega_err_text(), "16 NUMA nodes"));
}

static void
no_sys_at_all(void **state)
{
	(void)state;
	assert_int_equal(vega_host_read("/nonexistent", &host), -ENODEV);
	assert_int_equal(vega_err_status(), EX_UNAVAILABLE);
	assert_non_null(strstr(vega_err_text(), "mount sysfs"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_nodes_and_their_cpus, setup, teardown),
		cmocka_unit_test_setup_teardown(holes_in_the_list_of_cpus, setup, teardown),
		cmocka_unit_test_setup_teardown(pools_by_size_and_node, setup, teardown),
		cmocka_unit_test_setup_teardown(mounts_by_page_size, setup, teardown),
		cmocka_unit_test_setup_teardown(memlock_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(no_numa_is_one_node, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_files, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_of_each_is_named, setup, teardown),
		cmocka_unit_test(no_sys_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
