/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Export where the end-to-end test cannot see: drop counts, times that classic pcap cannot hold, a run that is stopped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "store/export.h"
#include "tests/store/journal_make.h"

static struct jmake m;

static int
export_to(const char *path, const char *format, const char *out, const uint64_t *stop,
	struct vega_export_sum *sum)
{
	const struct vega_export_conf conf = {
		.format = format, .out_path = out, .to_ns = UINT64_MAX, .stop = stop};
	struct vega_journal *journal;
	int rc;

	assert_int_equal(vega_journal_open(path, &journal), 0);
	rc = vega_export(journal, &conf, sum);
	vega_journal_close(journal);
	return rc;
}

static uint8_t *
slurp(const char *path, size_t *ret_bytes)
{
	uint8_t *bytes = malloc(1u << 16);
	FILE *file = fopen(path, "rb");

	assert_true(bytes != NULL && file != NULL);
	*ret_bytes = fread(bytes, 1, 1u << 16, file);
	(void)fclose(file);
	return bytes;
}

static void
drop_counts_are_kept(void **state)
{
	const struct jframe frames[] = {
		{.recv_ns = 5, .captured_bytes = 7, .wire_bytes = 70},
		{.recv_ns = 6,
			.captured_bytes = 0,
			.wire_bytes = 60,
			.interface_id = 1,
			.drop_cnt = 0xABCDE},
	};
	const uint32_t option[5] = {4u | 8u << 16, 0xABCDE, 0, 0, 48};
	const char *path = jmake_path(jmake_dir, "drops.pcapng");
	const char *out = jmake_path(jmake_dir, "drops.out");
	struct vega_export_sum sum;
	uint8_t *bytes;
	size_t len;

	(void)state;
	jmake_begin(&m, "FEED", 20261120, 0, 1);
	jmake_block(&m, frames, 2);
	jmake_seal(&m);
	jmake_save(&m, path);
	jmake_free(&m);
	assert_int_equal(export_to(path, "pcapng", out, NULL, &sum), 0);
	assert_int_equal(sum.packets, 2);
	assert_int_equal(sum.captured_bytes, 7);
	bytes = slurp(out, &len);
	/* The file ends with the second packet, which ends with the option. */
	assert_memory_equal(bytes + len - sizeof(option), option, sizeof(option));
	assert_non_null(memmem(bytes, len, "left", 4));
	assert_non_null(memmem(bytes, len, "right", 5));
	free(bytes);
}

static void
late_times_need_pcapng(void **state)
{
	const struct jframe frame = {
		.recv_ns = (1ull << 32) * 1000000000u, .captured_bytes = 1, .wire_bytes = 1};
	const char *path = jmake_path(jmake_dir, "late.pcapng");
	const char *out = jmake_path(jmake_dir, "late.out");
	struct vega_export_sum sum;

	(void)state;
	jmake_begin(&m, "FEED", 20261120, 0, 1);
	jmake_block(&m, &frame, 1);
	jmake_seal(&m);
	jmake_save(&m, path);
	jmake_free(&m);
	assert_int_equal(export_to(path, "pcap", out, NULL, &sum), -EBADMSG);
	assert_non_null(strstr(vega_err_text(), "pcapng"));
	assert_int_equal(access(out, F_OK), -1);
	assert_int_equal(export_to(path, "pcapng", out, NULL, &sum), 0);
	assert_int_equal(export_to(path, "nosuch", out, NULL, &sum), -EINVAL);
}

/* What was there before stays when an export does not reach its end. */
static void
stopped_leaves_nothing(void **state)
{
	static struct jframe frames[5000];
	const char *path = jmake_path(jmake_dir, "stop.pcapng");
	const char *out = jmake_path(jmake_dir, "stop.out");
	const uint64_t stop = 15;
	struct vega_export_sum sum;
	uint8_t *bytes;
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(frames); i++)
		frames[i] = (struct jframe){.recv_ns = i, .captured_bytes = 1, .wire_bytes = 1};
	jmake_begin(&m, "FEED", 20261120, 0, 1);
	for (uint32_t i = 0; i < 14; i++)
		jmake_block(&m, frames, VEGA_ARRAY_CNT(frames));
	jmake_seal(&m);
	jmake_save(&m, path);
	jmake_free(&m);
	jmake_write(out, "before", 6);
	assert_int_equal(export_to(path, "pcap", out, &stop, &sum), -EINTR);
	bytes = slurp(out, &len);
	assert_int_equal(len, 6);
	free(bytes);
	assert_int_equal(export_to(path, "csv", "/dev/full", NULL, &sum), -EIO);
	assert_int_equal(export_to(path, "pcapng", "/dev/full", NULL, &sum), -EIO);
}

static void
default_means_all_of_them(void **state)
{
	(void)state;
	assert_true(vega_feed_is("default", "default"));
	assert_true(vega_feed_is("default", "default.0"));
	assert_true(vega_feed_is("default.1", "default.1"));
	assert_false(vega_feed_is("default.1", "default.10"));
	assert_false(vega_feed_is("default", "defaults"));
	assert_false(vega_feed_is("A", "A.0"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drop_counts_are_kept),
		cmocka_unit_test(late_times_need_pcapng),
		cmocka_unit_test(stopped_leaves_nothing),
		cmocka_unit_test(default_means_all_of_them),
	};

	return cmocka_run_group_tests(tests, jmake_setup, jmake_teardown);
}
