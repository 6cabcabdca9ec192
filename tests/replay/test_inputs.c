/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the command line names, as inputs: feeds of journals, capture files, windows, damage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "hugepages/base/pcapout.h"
#include "replay/inputs.h"
#include "replay/merge.h"
#include "tests/store/journal_make.h"

static struct jmake m;
static struct vega_inputs inputs;
static struct vega_merge merge;
static uint64_t got_ns[64];
static uint32_t got_input[64];
static uint32_t got_cnt;

static void
add_block(uint64_t first_ns)
{
	const struct jframe frames[] = {
		{.recv_ns = first_ns, .captured_bytes = 60, .wire_bytes = 60},
		{.recv_ns = first_ns + 10, .captured_bytes = 61, .wire_bytes = 1500, .drop_cnt = 3},
		{.recv_ns = first_ns + 20, .captured_bytes = 62, .wire_bytes = 62},
	};

	jmake_block(&m, frames, 3);
}

/* A feed's file of blocks 100 ns apart; a torn extent before the last when asked for. */
static void
save_feed(const char *feed, uint64_t first_ns, uint32_t block_cnt, bool torn)
{
	char rest[128];

	(void)snprintf(rest, sizeof(rest), "journal/20261120/%s/frames-0000.pcapng", feed);
	jmake_begin(&m, feed, 20261120, 0, 500);
	for (uint32_t i = 0; i < block_cnt; i++) {
		if (torn && i + 1 == block_cnt)
			jmake_torn(&m, 8192);
		add_block(first_ns + i * 100);
	}
	jmake_seal(&m);
	jmake_save(&m, jmake_path(jmake_dir, rest));
	jmake_free(&m);
}

static void
save_capture(const char *path, uint64_t ns)
{
	const uint8_t frame[60] = {1};
	struct vega_pcapout *out;

	assert_int_equal(vega_pcapout_open(path, 1, &out), 0);
	assert_int_equal(vega_pcapout_put(out, frame, 60, 60, ns), 0);
	assert_int_equal(vega_pcapout_close(out), 0);
}

static int
setup(void **state)
{
	got_cnt = 0;
	return jmake_setup(state);
}

static int
teardown(void **state)
{
	vega_inputs_close(&inputs);
	return jmake_teardown(state);
}

static int
open_one(const char *path, const char *feed, const char *from, const char *to)
{
	char *paths[1] = {strdup(path)};
	char *feeds[1] = {feed != NULL ? strdup(feed) : NULL};
	const struct vega_inputs_conf conf = {.paths = paths,
		.path_cnt = 1,
		.feeds = feeds,
		.feed_cnt = feed != NULL,
		.from = from,
		.to = to};
	int rc = vega_inputs_open(&conf, &inputs);

	free(paths[0]);
	free(feeds[0]);
	return rc;
}

/* Read all that is open, merged, as the reader and the sender would. */
static void
take_all(void)
{
	const struct vega_frame *frame;
	int rc;

	vega_merge_init(&merge, inputs.inputs, inputs.input_cnt);
	while ((rc = vega_merge_peek(&merge, &frame)) != 0) {
		if (rc == -EAGAIN) {
			vega_merge_release(&merge);
			for (uint32_t i = 0; i < inputs.input_cnt; i++)
				(void)vega_input_load(inputs.inputs[i]);
			continue;
		}
		assert_true(got_cnt < 64);
		got_input[got_cnt] = frame->feed_idx;
		got_ns[got_cnt++] = frame->recv_ns;
		vega_merge_pop(&merge);
	}
}

static void
test_feeds_of_a_journal_are_merged(void **state)
{
	static const uint64_t wanted[] = {1000, 1005, 1010, 1015, 1020, 1025, 1100, 1110, 1120};

	(void)state;
	save_feed("NSE_FO", 1000, 2, false);
	save_feed("NSE_CM", 1005, 1, false);
	assert_int_equal(open_one(jmake_path(jmake_dir, "journal"), NULL, NULL, NULL), 0);
	assert_int_equal(inputs.input_cnt, 2);
	take_all();
	assert_int_equal(got_cnt, VEGA_ARRAY_CNT(wanted));
	for (uint32_t i = 0; i < got_cnt; i++)
		assert_int_equal(got_ns[i], wanted[i]);
	assert_int_equal(got_input[0], 1); /* feeds are in order of name */
	assert_int_equal(got_input[1], 0);
	assert_int_equal(vega_inputs_verdict(&inputs), 0);
}

static void
test_feed_and_window(void **state)
{
	(void)state;
	save_feed("NSE_FO", 1000, 3, false);
	save_feed("NSE_CM", 1005, 1, false);
	assert_int_equal(open_one(jmake_path(jmake_dir, "journal"), "NSE_FO", "1020", "1210"), 0);
	take_all();
	assert_int_equal(got_cnt, 5);
	assert_int_equal(got_ns[0], 1020);
	assert_int_equal(got_ns[1], 1100);
	assert_int_equal(got_ns[4], 1200);
}

/* 09:15 is a time of the journal's day, in its zone. */
static void
test_wall_time(void **state)
{
	const uint64_t open_ns = 1795146300000000000u; /* 2026-11-20T09:15+05:30 */

	(void)state;
	save_feed("NSE_FO", open_ns - 100, 3, false);
	assert_int_equal(
		open_one(jmake_path(jmake_dir, "journal"), NULL, "09:15", "09:15:00.000000100"), 0);
	take_all();
	assert_int_equal(got_cnt, 3);
	assert_true(got_ns[0] == open_ns);
}

/* Each rx lcore has a default feed of its own; "default" means them all. */
static void
test_default_means_every_default(void **state)
{
	(void)state;
	save_feed("default.0", 1000, 1, false);
	save_feed("default.1", 1005, 1, false);
	save_feed("NSE_FO", 1007, 1, false);
	assert_int_equal(open_one(jmake_path(jmake_dir, "journal"), "default", NULL, NULL), 0);
	assert_int_equal(inputs.input_cnt, 2);
	take_all();
	assert_int_equal(got_cnt, 6);
}

static void
test_no_such_feed(void **state)
{
	(void)state;
	save_feed("NSE_FO", 1000, 1, false);
	assert_int_equal(open_one(jmake_path(jmake_dir, "journal"), "NSE_XX", NULL, NULL), -ENOENT);
	assert_int_equal(vega_err_status(), EX_NOINPUT);
	assert_non_null(strstr(vega_err_text(), "NSE_XX"));
}

/* What is damaged is passed over and told at the end; the frames around it come. */
static void
test_torn_block(void **state)
{
	(void)state;
	save_feed("NSE_FO", 1000, 3, true);
	assert_int_equal(open_one(jmake_path(jmake_dir, "journal"), NULL, NULL, NULL), 0);
	take_all();
	assert_int_equal(got_cnt, 9);
	assert_int_equal(vega_inputs_damage(&inputs).hole_cnt, 1);
	assert_int_equal(vega_inputs_damage(&inputs).hole_bytes, 8192);
	assert_int_equal(vega_inputs_verdict(&inputs), -EBADMSG);
	assert_non_null(strstr(vega_err_text(), "NSE_FO"));
}

static void
test_journal_file_and_capture_file(void **state)
{
	char *paths[2];
	struct vega_inputs_conf conf = {.paths = paths, .path_cnt = 2};

	(void)state;
	save_feed("NSE_FO", 1000, 1, false);
	paths[0] = strdup(jmake_path(jmake_dir, "journal/20261120/NSE_FO/frames-0000.pcapng"));
	paths[1] = strdup(jmake_path(jmake_dir, "journal/one.pcap"));
	save_capture(paths[1], 1015);
	assert_int_equal(vega_inputs_open(&conf, &inputs), 0);
	assert_non_null(inputs.journals[0]);
	assert_null(inputs.journals[1]);
	take_all();
	assert_int_equal(got_cnt, 4);
	assert_int_equal(got_input[2], 1);
	assert_int_equal(got_ns[2], 1015);
	free(paths[0]);
	free(paths[1]);
}

static void
test_feed_of_a_capture_file(void **state)
{
	char *path = strdup(jmake_path(jmake_dir, "one.pcap"));

	(void)state;
	save_capture(path, 5);
	assert_int_equal(open_one(path, "NSE_FO", NULL, NULL), -EINVAL);
	assert_int_equal(open_one(path, NULL, "09:15", NULL), -EINVAL);
	assert_int_equal(open_one(path, NULL, "9", "9"), -EINVAL);
	assert_int_equal(open_one(path, NULL, "9", NULL), 0);
	take_all();
	assert_int_equal(got_cnt, 0);
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_feeds_of_a_journal_are_merged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_feed_and_window, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wall_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default_means_every_default, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_such_feed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_block, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_journal_file_and_capture_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_feed_of_a_capture_file, setup, teardown),
	};

	return cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
}
