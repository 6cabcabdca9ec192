/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stages against a machine of files and a hugeadm that lies as the real one does: it takes the count as the size of
 * the whole pool (so it also shrinks), grants what it can, and exits 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "hugepages/stage.h"
#include "tests/hugepages/fake_host.h"

#define MIB2 (2u << 20)
#define GIB1 (1u << 30)

/* Files in the root steer it: `limit` pages of a node's pool, `node` whose pool moves, `in_use` pages that cannot go. */
static const char hugeadm[] =
	"#!/bin/sh\n"
	"echo \"$*\" >>\"$VEGA_FAKE/hugeadm.log\"\n"
	"node=$(cat \"$VEGA_FAKE/node\" 2>/dev/null || echo 0)\n"
	"limit=$(cat \"$VEGA_FAKE/limit\" 2>/dev/null || echo 1000000)\n"
	"in_use=$(cat \"$VEGA_FAKE/in_use\" 2>/dev/null || echo 0)\n"
	"case ${2%%:*} in 2M) kb=2048 ;; 1G) kb=1048576 ;; *) exit 0 ;; esac\n"
	"want=${2##*:}\n"
	"for dir in \"$VEGA_FAKE\"/sys/devices/system/node/node*; do\n"
	"	case $dir in */node$node) continue ;; esac\n"
	"	want=$((want - $(cat \"$dir/hugepages/hugepages-${kb}kB/nr_hugepages\")))\n"
	"done\n"
	"[ $want -gt $limit ] && want=$limit\n"
	"[ $want -lt $in_use ] && want=$in_use\n"
	"pool=$VEGA_FAKE/sys/devices/system/node/node$node/hugepages/hugepages-${kb}kB\n"
	"echo $want >\"$pool/nr_hugepages\"\n"
	"echo $((want - in_use)) >\"$pool/free_hugepages\"\n"
	"exit 0\n";

static const char mount_sh[] = "#!/bin/sh\n"
			       "echo \"nodev ${6#\"$VEGA_FAKE\"} hugetlbfs rw,relatime,$4 0 0\" "
			       ">>\"$VEGA_FAKE/proc/mounts\"\n";

static const char umount_sh[] =
	"#!/bin/sh\n"
	"[ -e \"$VEGA_FAKE/busy\" ] && exit 32\n"
	"sed -i \"\\\\# ${1#\"$VEGA_FAKE\"} hugetlbfs#d\" \"$VEGA_FAKE/proc/mounts\"\n";

static struct fake_host fake;
static struct vega_provision provision;
static char said[4096];
static char *path_saved;

static void
say(const char *line)
{
	(void)strncat(said, line, sizeof(said) - strlen(said) - 2);
	(void)strcat(said, "\n");
}

static void
add_program(const char *name, const char *text)
{
	char path[64];
	char full[160];

	(void)snprintf(path, sizeof(path), "/bin/%s", name);
	fake_host_write(&fake, path, "%s", text);
	(void)snprintf(full, sizeof(full), "%s%s", fake.root, path);
	assert_int_equal(chmod(full, 0755), 0);
}

static void
make_machine(uint32_t node_cnt)
{
	char path[256];

	fake_host_new(&fake, node_cnt);
	add_program("hugeadm", hugeadm);
	add_program("mount", mount_sh);
	add_program("umount", umount_sh);
	fake_host_write(&fake, "/run/keep", "%s", "");
	fake_host_write(&fake, "/dev/keep", "%s", "");
	(void)snprintf(path, sizeof(path), "%s/bin:/usr/bin:/bin", fake.root);
	(void)setenv("PATH", path, 1);
	(void)setenv("VEGA_FAKE", fake.root, 1);
	memset(&provision, 0, sizeof(provision));
	provision.say = say;
	provision.need.page_bytes = MIB2;
	provision.need.page_cnt[0] = 64;
	said[0] = '\0';
}

static int
setup(void **state)
{
	(void)state;
	make_machine(1);
	return 0;
}

static int
setup_two_nodes(void **state)
{
	(void)state;
	make_machine(2);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_host_delete(&fake);
	return 0;
}

static uint64_t
pages_now(uint32_t node)
{
	assert_int_equal(vega_host_read(fake.root, &provision.host), 0);
	return vega_host_pool(&provision.host, provision.need.page_bytes, node)->page_cnt;
}

static struct vega_stage_report
report_of(const struct vega_stage *stage)
{
	struct vega_stage_report report;

	assert_int_equal(vega_host_read(fake.root, &provision.host), 0);
	stage->check(&provision, &report);
	assert_null(strchr(report.text, '\n'));
	return report;
}

static void
a_stage_comes_after_what_it_needs(void **state)
{
	(void)state;
	for (size_t i = 0; vega_stages[i] != NULL; i++) {
		bool before = vega_stages[i]->needs == NULL;

		for (size_t k = 0; k < i; k++)
			before = before || strcmp(vega_stages[k]->name, vega_stages[i]->needs) == 0;
		assert_true(before);
		assert_true((vega_stages[i]->init == NULL) == (vega_stages[i]->fini == NULL));
	}
}

static void
init_reserves_and_mounts(void **state)
{
	(void)state;
	assert_int_equal(report_of(&vega_stage_pages).state, VEGA_STAGE_MISSING);
	assert_int_equal(report_of(&vega_stage_mount).state, VEGA_STAGE_MISSING);
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	assert_non_null(strstr(said, "RUN: hugeadm --pool-pages-min 2M:64\n"));
	assert_non_null(strstr(said, "RUN: mount -t hugetlbfs -o pagesize=2M nodev "));
	assert_int_equal(pages_now(0), 64);
	assert_int_equal(report_of(&vega_stage_pages).state, VEGA_STAGE_OK);
	assert_int_equal(report_of(&vega_stage_mount).state, VEGA_STAGE_OK);
	assert_string_equal(vega_host_mount(&provision.host, MIB2), "/dev/hugepages");
}

static void
init_again_does_nothing(void **state)
{
	(void)state;
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	said[0] = '\0';
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	assert_string_equal(said, "");
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 0);
	assert_null(vega_host_mount(&provision.host, MIB2));
	said[0] = '\0';
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_string_equal(said, "");
}

static void
a_larger_pool_is_never_shrunk(void **state)
{
	(void)state;
	fake_host_pool(&fake, 0, MIB2, 100, 100);
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	assert_null(strstr(said, "hugeadm"));
	assert_int_equal(pages_now(0), 100);
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 100);
}

static void
less_granted_than_asked_for_is_told(void **state)
{
	(void)state;
	fake_host_write(&fake, "/limit", "40");
	assert_int_equal(vega_provision_init(&provision, fake.root), -ENOMEM);
	assert_int_equal(vega_err_status(), EX_UNAVAILABLE);
	assert_non_null(
		strstr(vega_err_text(), "need 64 hugepages of 2M on NUMA node 0, found 40"));
	assert_non_null(strstr(vega_err_text(), "hugepages=64"));
	assert_int_equal(report_of(&vega_stage_pages).state, VEGA_STAGE_PARTIAL);
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 0);
}

static void
fini_leaves_what_others_added(void **state)
{
	(void)state;
	fake_host_pool(&fake, 0, MIB2, 10, 10);
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	fake_host_pool(&fake, 0, MIB2, 70, 70);
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 16);
}

static void
fini_never_goes_below_what_was_before(void **state)
{
	(void)state;
	fake_host_pool(&fake, 0, MIB2, 10, 10);
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	fake_host_pool(&fake, 0, MIB2, 12, 12);
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 10);
}

/* Two inits of rising need count as one: fini gives back both. */
static void
a_second_larger_init_adds_up(void **state)
{
	(void)state;
	fake_host_pool(&fake, 0, MIB2, 10, 10);
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	provision.need.page_cnt[0] = 128;
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 128);
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 10);
}

/* Died between writing down and acting: the pages were never added, so none may be taken. */
static void
fini_after_a_crash_before_the_act(void **state)
{
	(void)state;
	fake_host_pool(&fake, 0, MIB2, 10, 10);
	fake_host_write(&fake, "/run/vega/provision.json",
		"{\"version\":1,\"pools\":[{\"page_bytes\":2097152,\"node\":0,\"before_cnt\":10,"
		"\"added_cnt\":54}],\"mounts\":[\"/dev/hugepages\"]}");
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_string_equal(said, "");
	assert_int_equal(pages_now(0), 10);
}

static void
pages_in_use_are_told_and_fini_can_be_repeated(void **state)
{
	(void)state;
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	fake_host_write(&fake, "/in_use", "30");
	assert_int_equal(vega_provision_fini(&provision, fake.root), -EBUSY);
	assert_non_null(strstr(vega_err_text(), "need 64 hugepages of 2M given back"));
	assert_non_null(strstr(vega_err_text(), "found 30 still there"));
	fake_host_write(&fake, "/in_use", "0");
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 0);
}

static void
a_mount_in_use_is_told(void **state)
{
	(void)state;
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	fake_host_write(&fake, "/busy", "%s", "");
	assert_int_equal(vega_provision_fini(&provision, fake.root), -EBUSY);
	assert_int_equal(vega_err_status(), EX_TEMPFAIL);
	assert_non_null(strstr(vega_err_text(), "/dev/hugepages"));
}

static void
a_mount_of_somebody_else_is_left_alone(void **state)
{
	(void)state;
	fake_host_write(&fake, "/proc/mounts", "nodev /mnt/huge hugetlbfs rw,pagesize=2M 0 0\n");
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	assert_null(strstr(said, "mount"));
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(vega_host_read(fake.root, &provision.host), 0);
	assert_string_equal(vega_host_mount(&provision.host, MIB2), "/mnt/huge");
}

static void
no_hugeadm(void **state)
{
	(void)state;
	(void)setenv("PATH", "/nonexistent", 1);
	assert_int_equal(vega_provision_init(&provision, fake.root), -ENOENT);
	assert_int_equal(vega_err_status(), EX_UNAVAILABLE);
	assert_non_null(strstr(vega_err_text(), "libhugetlbfs-bin"));
}

static void
a_page_size_the_kernel_lacks(void **state)
{
	(void)state;
	provision.need.page_bytes = 16u << 20;
	assert_int_equal(vega_provision_init(&provision, fake.root), -ENODEV);
	assert_non_null(strstr(vega_err_text(), "--page-size"));
	assert_string_equal(said, "");
}

static void
gigabyte_pages_have_a_mount_of_their_own(void **state)
{
	(void)state;
	provision.need.page_bytes = GIB1;
	provision.need.page_cnt[0] = 2;
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	assert_non_null(strstr(said, "RUN: hugeadm --pool-pages-min 1G:2\n"));
	assert_int_equal(vega_host_read(fake.root, &provision.host), 0);
	assert_string_equal(vega_host_mount(&provision.host, GIB1), "/dev/hugepages-1G");
}

/* hugeadm's count is the pool of all nodes: what the others have is added to what this one needs. */
static void
a_node_gets_its_own_pages(void **state)
{
	(void)state;
	fake_host_pool(&fake, 0, MIB2, 100, 100);
	fake_host_write(&fake, "/node", "1");
	provision.need.page_cnt[1] = 8;
	assert_int_equal(vega_provision_init(&provision, fake.root), 0);
	assert_non_null(strstr(said,
		"RUN: hugeadm --pool-pages-min 2M:108 --obey-numa-mempol (on NUMA node 1)\n"));
	assert_int_equal(pages_now(0), 100);
	assert_int_equal(pages_now(1), 8);
	assert_int_equal(vega_provision_fini(&provision, fake.root), 0);
	assert_int_equal(pages_now(0), 100);
	assert_int_equal(pages_now(1), 0);
}

static void
pages_on_the_wrong_node_do_not_count(void **state)
{
	(void)state;
	fake_host_write(&fake, "/node", "0");
	provision.need.page_cnt[0] = 0;
	provision.need.page_cnt[1] = 8;
	assert_int_equal(vega_provision_init(&provision, fake.root), -ENOMEM);
	assert_non_null(strstr(vega_err_text(), "on NUMA node 1, found 0"));
}

static void
a_node_that_is_not_there(void **state)
{
	(void)state;
	provision.need.page_cnt[3] = 1;
	assert_int_equal(vega_provision_init(&provision, fake.root), -EINVAL);
	assert_int_equal(vega_err_status(), EX_CONFIG);
	assert_non_null(strstr(vega_err_text(), "need NUMA node 3"));
}

static void
a_damaged_list_stops_everything(void **state)
{
	static const char *const texts[] = {"", "[]", "{",
		"{\"version\":2,\"pools\":[],\"mounts\":[]}",
		"{\"version\":1,\"pools\":{},\"mounts\":[]}",
		"{\"version\":1,\"pools\":[{}],\"mounts\":[]}",
		"{\"version\":1,\"pools\":[],\"mounts\":[7]}",
		"{\"version\":1,\"pools\":[],\"mounts\":[\"relative\"]}",
		"{\"version\":1,\"pools\":[{\"page_bytes\":2097152,\"node\":16,\"before_cnt\":0,"
		"\"added_cnt\":0}],\"mounts\":[]}",
		"{\"version\":1,\"pools\":[{\"page_bytes\":2097152,\"node\":0,\"before_cnt\":-1,"
		"\"added_cnt\":0}],\"mounts\":[]}"};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(texts); i++) {
		fake_host_write(&fake, "/run/vega/provision.json", "%s", texts[i]);
		assert_int_equal(vega_provision_init(&provision, fake.root), -EBADMSG);
		assert_int_equal(vega_provision_fini(&provision, fake.root), -EBADMSG);
		assert_string_equal(said, "");
	}
}

static void
locked_memory_is_advice(void **state)
{
	(void)state;
	provision.need.memlock_bytes = 8u << 20;
	assert_int_equal(report_of(&vega_stage_limits).state, VEGA_STAGE_OK);
	provision.need.memlock_bytes = (8u << 20) + 1;
	assert_int_equal(report_of(&vega_stage_limits).state, VEGA_STAGE_ADVICE);
	assert_non_null(strstr(report_of(&vega_stage_limits).text, "LimitMEMLOCK"));
}

static void
processors(void **state)
{
	(void)state;
	assert_int_equal(report_of(&vega_stage_lcores).state, VEGA_STAGE_OK);
	provision.need.cpu_cnt = 1;
	provision.need.cpus[0].cpu = 1;
	provision.need.cpus[0].node = UINT32_MAX;
	assert_int_equal(report_of(&vega_stage_lcores).state, VEGA_STAGE_ADVICE);
	assert_non_null(strstr(report_of(&vega_stage_lcores).text, "isolcpus=1"));
	fake_host_write(&fake, "/sys/devices/system/cpu/isolated", "1\n");
	assert_int_equal(report_of(&vega_stage_lcores).state, VEGA_STAGE_OK);
	fake_host_write(
		&fake, "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
	assert_non_null(strstr(report_of(&vega_stage_lcores).text, "found `powersave`"));
	provision.need.cpus[0].node = 7;
	assert_int_equal(report_of(&vega_stage_lcores).state, VEGA_STAGE_MISSING);
	provision.need.cpus[0].cpu = 2;
	assert_int_equal(report_of(&vega_stage_lcores).state, VEGA_STAGE_MISSING);
	assert_non_null(strstr(report_of(&vega_stage_lcores).text, "need processor 2"));
}

static int
keep_path(void **state)
{
	(void)state;
	path_saved = strdup(getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin");
	return 0;
}

static int
restore_path(void **state)
{
	(void)state;
	(void)setenv("PATH", path_saved, 1);
	free(path_saved);
	return 0;
}

#define STAGE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stage_comes_after_what_it_needs),
		STAGE_TEST(init_reserves_and_mounts),
		STAGE_TEST(init_again_does_nothing),
		STAGE_TEST(a_larger_pool_is_never_shrunk),
		STAGE_TEST(less_granted_than_asked_for_is_told),
		STAGE_TEST(fini_leaves_what_others_added),
		STAGE_TEST(fini_never_goes_below_what_was_before),
		STAGE_TEST(a_second_larger_init_adds_up),
		STAGE_TEST(fini_after_a_crash_before_the_act),
		STAGE_TEST(pages_in_use_are_told_and_fini_can_be_repeated),
		STAGE_TEST(a_mount_in_use_is_told),
		STAGE_TEST(a_mount_of_somebody_else_is_left_alone),
		STAGE_TEST(no_hugeadm),
		STAGE_TEST(a_page_size_the_kernel_lacks),
		STAGE_TEST(gigabyte_pages_have_a_mount_of_their_own),
		cmocka_unit_test_setup_teardown(
			a_node_gets_its_own_pages, setup_two_nodes, teardown),
		cmocka_unit_test_setup_teardown(
			pages_on_the_wrong_node_do_not_count, setup_two_nodes, teardown),
		STAGE_TEST(a_node_that_is_not_there),
		STAGE_TEST(a_damaged_list_stops_everything),
		STAGE_TEST(locked_memory_is_advice),
		STAGE_TEST(processors),
	};

	return cmocka_run_group_tests(tests, keep_path, restore_path);
}
