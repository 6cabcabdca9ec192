/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Order, pace and ends of a source over files, which the tree's own writer makes here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/source_pcap.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapout.h"
#include "hugepages/vega_layout.h"

#define ETHERNET 1
#define RAW      101
#define DBUS     231 /* libpcap allows it packets of 128 MiB */

static char dir[] = "/tmp/vega-source-XXXXXX";
static char names[3][64];
static const char *const paths[] = {names[0], names[1], names[2]};

/* Each packet holds one byte: its number in the file. */
static void
make(unsigned file, uint32_t linktype, const uint64_t *times, unsigned cnt)
{
	struct vega_pcapout *out;

	assert_int_equal(vega_pcapout_open(names[file], linktype, &out), 0);
	for (uint8_t i = 0; i < cnt; i++)
		assert_int_equal(vega_pcapout_put(out, &i, 1, 1, times[i]), 0);
	assert_int_equal(vega_pcapout_close(out), 0);
}

static struct vega_source *
open_files(unsigned cnt, enum vega_pace pace)
{
	struct vega_source *source;

	assert_int_equal(vega_source_pcap_open(paths, cnt, pace, &source), 0);
	assert_int_equal(source->lossless, pace == VEGA_PACE_MAX);
	return source;
}

/* The whole source, as "interface:number" words, in bursts of max. Returns how it ended. */
static int
drain(struct vega_source *source, uint32_t max, char *ret_text, size_t bytes)
{
	struct vega_packet packets[VEGA_BURST_CNT_MAX];
	size_t at = 0;
	int got;

	ret_text[0] = '\0';
	while ((got = source->ops->burst(source, packets, max)) > 0) {
		for (int i = 0; i < got; i++)
			at += (size_t)snprintf(ret_text + at, bytes - at, "%u:%u ",
				packets[i].interface_id, packets[i].data[0]);
		source->ops->release(source);
	}
	return got;
}

static void
assert_order(unsigned cnt, const char *want)
{
	static const uint32_t bursts[] = {1, 2, 3, VEGA_BURST_CNT_MAX};

	for (unsigned i = 0; i < VEGA_ARRAY_CNT(bursts); i++) {
		struct vega_source *source = open_files(cnt, VEGA_PACE_MAX);
		char text[256];

		assert_int_equal(drain(source, bursts[i], text, sizeof(text)), -ENODATA);
		assert_string_equal(text, want);
		source->ops->close(source);
	}
}

static void
test_one_file_keeps_its_order(void **state)
{
	(void)state;
	make(0, ETHERNET, (uint64_t[]){5, 3, 9, 1}, 4);
	assert_order(1, "0:0 0:1 0:2 0:3 ");
}

static void
test_one_linktype_merges_by_time(void **state)
{
	(void)state;
	make(0, ETHERNET, (uint64_t[]){10, 20, 30}, 3);
	make(1, ETHERNET, (uint64_t[]){10, 11, 30}, 3);
	make(2, ETHERNET, (uint64_t[]){1}, 1);
	assert_order(3, "2:0 0:0 1:0 1:1 0:1 0:2 1:2 ");
}

static void
test_two_linktypes_go_in_turns(void **state)
{
	struct vega_packet packets[VEGA_BURST_CNT_MAX];
	struct vega_source *source;

	(void)state;
	make(0, ETHERNET, (uint64_t[]){10, 20}, 2);
	make(1, RAW, (uint64_t[]){1, 2}, 2);
	make(2, ETHERNET, (uint64_t[]){15}, 1);
	assert_order(3, "0:0 0:1 1:0 1:1 2:0 ");

	source = open_files(3, VEGA_PACE_MAX); /* a burst is of one link type */
	assert_int_equal(source->ops->burst(source, packets, 64), 2);
	assert_int_equal(source->linktype, ETHERNET);
	source->ops->release(source);
	assert_int_equal(source->ops->burst(source, packets, 64), 2);
	assert_int_equal(source->linktype, RAW);
	source->ops->release(source);
	source->ops->close(source);
}

static void
test_recorded_pace(void **state)
{
	struct vega_packet packets[VEGA_BURST_CNT_MAX];
	uint64_t now_ns = 1000;
	struct vega_source *source;

	(void)state;
	make(0, ETHERNET, (uint64_t[]){500, 600, 550, 700}, 4);
	vega_clock_fake(&now_ns);
	source = open_files(1, VEGA_PACE_RECORDED);
	now_ns = 5000; /* the first packet starts the clock */
	assert_int_equal(source->ops->burst(source, packets, 64), 1);
	now_ns = 5099;
	assert_int_equal(source->ops->burst(source, packets, 64), 0);
	now_ns = 5100;
	assert_int_equal(
		source->ops->burst(source, packets, 64), 2); /* and the late one behind it */
	assert_int_equal(packets[1].recv_ns, 550);
	now_ns = 5199;
	assert_int_equal(source->ops->burst(source, packets, 64), 0);
	now_ns = 9000;
	assert_int_equal(source->ops->burst(source, packets, 64), 1);
	assert_int_equal(source->ops->burst(source, packets, 64), -ENODATA);
	source->ops->close(source);
	vega_clock_fake(NULL);
}

/* Files of other link types start their own clock: their times have nothing to do with the first file's. */
static void
test_recorded_pace_in_turns(void **state)
{
	struct vega_packet packets[VEGA_BURST_CNT_MAX];
	uint64_t now_ns = 0;
	struct vega_source *source;

	(void)state;
	make(0, ETHERNET, (uint64_t[]){1}, 1);
	make(1, RAW, (uint64_t[]){4000000000000000000, 4000000000000000010}, 2);
	vega_clock_fake(&now_ns);
	source = open_files(2, VEGA_PACE_RECORDED);
	assert_int_equal(source->ops->burst(source, packets, 64), 1);
	assert_int_equal(source->ops->burst(source, packets, 64), 1);
	assert_int_equal(source->ops->burst(source, packets, 64), 0);
	now_ns = 10;
	assert_int_equal(source->ops->burst(source, packets, 64), 1);
	source->ops->close(source);
	vega_clock_fake(NULL);
}

/* More than a burst buffer holds: given out where it lies, and its neighbours are unhurt. */
static void
test_a_packet_larger_than_the_buffer(void **state)
{
	const uint32_t sizes[] = {10, 3u << 20, 10, 700000, 700000};
	const uint32_t packet_header[] = {1, 0, 0, 0};
	const uint32_t file_header[] = {0xa1b23c4d, 0x00040002, 0, 0, 16u << 20, DBUS};
	struct vega_packet packets[VEGA_BURST_CNT_MAX];
	uint8_t *bytes = malloc(3u << 20);
	struct vega_source *source;
	unsigned n = 0;
	FILE *f = fopen(names[0], "w");
	int got;

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(fwrite(file_header, sizeof(file_header), 1, f), 1);
	for (uint8_t i = 0; i < VEGA_ARRAY_CNT(sizes); i++) {
		uint32_t header[4];

		memcpy(header, packet_header, sizeof(header));
		header[2] = header[3] = sizes[i];
		memset(bytes, i, sizes[i]);
		assert_int_equal(fwrite(header, sizeof(header), 1, f), 1);
		assert_int_equal(fwrite(bytes, sizes[i], 1, f), 1);
	}
	assert_int_equal(fclose(f), 0);
	source = open_files(1, VEGA_PACE_MAX);
	while ((got = source->ops->burst(source, packets, 64)) > 0) {
		for (int i = 0; i < got; i++, n++) {
			assert_int_equal(packets[i].captured_bytes, sizes[n]);
			assert_int_equal(packets[i].data[0], n);
			assert_int_equal(packets[i].data[sizes[n] - 1], n);
		}
		source->ops->release(source);
	}
	assert_int_equal(n, VEGA_ARRAY_CNT(sizes));
	source->ops->close(source);
	free(bytes);
}

static void
test_damage_is_told_after_all_that_is_good(void **state)
{
	struct vega_source *source;
	char text[256];

	(void)state;
	make(0, ETHERNET, (uint64_t[]){10, 20, 30}, 3);
	make(1, ETHERNET, (uint64_t[]){11, 21, 31}, 3);
	assert_int_equal(truncate(names[0], 24 + 17 + 17 + 3), 0);
	source = open_files(2, VEGA_PACE_MAX);
	assert_int_equal(drain(source, 64, text, sizeof(text)), -EBADMSG);
	assert_string_equal(text, "0:0 1:0 0:1 1:1 1:2 ");
	assert_non_null(strstr(vega_err_text(), names[0]));
	assert_non_null(strstr(vega_err_text(), "packet 3"));
	assert_int_equal(vega_err_status(), EX_DATAERR);
	source->ops->close(source);
}

static void
test_refusals(void **state)
{
	const char *many[VEGA_IF_CNT_MAX + 1];
	const char *const twice[] = {"-", "-"};
	const char *const missing[] = {names[0], "/nonexistent.pcap"};
	struct vega_source *source;

	(void)state;
	make(0, ETHERNET, (uint64_t[]){1}, 1);
	for (unsigned i = 0; i < VEGA_ARRAY_CNT(many); i++)
		many[i] = names[0];
	assert_int_equal(
		vega_source_pcap_open(many, VEGA_ARRAY_CNT(many), VEGA_PACE_MAX, &source), -EINVAL);
	assert_int_equal(vega_source_pcap_open(twice, 2, VEGA_PACE_MAX, &source), -EINVAL);
	assert_int_equal(vega_source_pcap_open(missing, 2, VEGA_PACE_MAX, &source), -ENOENT);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	for (unsigned i = 0; i < VEGA_ARRAY_CNT(names); i++)
		(void)snprintf(names[i], sizeof(names[i]), "%s/%u.pcap", dir, i);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VEGA_ARRAY_CNT(names); i++)
		(void)unlink(names[i]);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_file_keeps_its_order),
		cmocka_unit_test(test_one_linktype_merges_by_time),
		cmocka_unit_test(test_two_linktypes_go_in_turns),
		cmocka_unit_test(test_recorded_pace),
		cmocka_unit_test(test_recorded_pace_in_turns),
		cmocka_unit_test(test_a_packet_larger_than_the_buffer),
		cmocka_unit_test(test_damage_is_told_after_all_that_is_good),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
