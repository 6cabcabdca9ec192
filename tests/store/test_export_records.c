/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records as rows: what belongs together is put together, every field of every kind has its column, symbols are known from
 * earlier the same day.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "hugepages/record_text.h"
#include "store/export.h"
#include "store/reader.h"
#include "tests/lib/io_mem.h"
#include "tests/lib/rng.h"
#include "tests/store/rig.h"

#define S       1000000000ull
#define DAY_NS  (86400 * S)
#define DAY0_NS (1700000000 * S / DAY_NS * DAY_NS) /* 2023-11-14, midnight in UTC */
#define EPOCH   (DAY0_NS - DAY_NS)

static char *dir;

static void
put(struct rig *rig, uint64_t ns, uint32_t kind, uint32_t flags, uint64_t word1, uint64_t word2,
	uint64_t word3)
{
	vega_ring_put(&rig->rings[0], (ns - EPOCH) | (uint64_t)kind << 48 | (uint64_t)flags << 56,
		word1, word2, word3);
}

static void
flush(struct rig *rig)
{
	vega_ring_publish(&rig->rings[0]);
	rig_settle(rig);
	rig->now_ns += S;
	rig_settle(rig);
}

static void
define(struct rig *rig, uint32_t token, const char *text)
{
	const uint32_t part_cnt = (uint32_t)(strlen(text) + 15) / 16;

	for (uint32_t part = 0; part < part_cnt; part++) {
		uint64_t words[2] = {0};

		memcpy(words, text + 16 * part, strnlen(text + 16 * part, 16));
		put(rig, DAY0_NS, VEGA_DEFINITION, 0,
			token | (uint64_t)(part | part_cnt << 8 | 4u << 16) << 32, words[0],
			words[1]);
	}
}

/* A day: names first, in a block of their own, then a trade of each token a second. */
static struct vega_journal *
make_day(struct rig *rig, struct vega_io *io)
{
	struct vega_journal *journal;

	rig_new_records(rig, 1, 2, 1u << 20);
	rig->region.feeds[0].price_scale = 2;
	rig_drain_mem(rig, io);
	put(rig, DAY0_NS, VEGA_EPOCH, 0, 0, EPOCH, 0);
	put(rig, DAY0_NS, VEGA_PACKET, 0, 9 | (uint64_t)'A' << 32, 1, 0);
	define(rig, 70000, "A \"NAME\", LONGER THAN 16");
	flush(rig);
	for (uint64_t s = 1; s < 10; s++) {
		put(rig, DAY0_NS + s * S, VEGA_PACKET, 0, 9 | (uint64_t)'B' << 32, 100 + s, s);
		put(rig, DAY0_NS + s * S - 7, VEGA_TRADE, VEGA_RECORD_WIDE,
			70000 | (uint64_t)5 << 32, 44, (uint32_t)-3);
		put(rig, 0 + EPOCH, VEGA_WIDE, VEGA_RECORD_LAST, 70000 | (uint64_t)1 << 32, 0,
			UINT32_MAX);
		vega_ring_put(&rig->rings[0], VEGA_TS_NONE | (uint64_t)VEGA_TIME << 48, 0, 77, 0);
		put(rig, EPOCH, VEGA_TRADE, VEGA_RECORD_LAST, 8 | (uint64_t)6 << 32, 45, 1234);
		flush(rig);
	}
	assert_int_equal(vega_drain_finish(rig->drain), 0);
	assert_int_equal(vega_journal_open_io(io, "/j", &journal), 0);
	return journal;
}

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static char *
export_all(struct vega_journal *journal, struct vega_export_conf *conf, struct vega_export_sum *sum)
{
	static char text[4 << 20];
	static char path[256];
	FILE *file;
	size_t bytes;

	(void)snprintf(path, sizeof(path), "%s/out", dir);
	conf->out_path = path;
	conf->to_ns = conf->to_ns != 0 ? conf->to_ns : UINT64_MAX;
	assert_int_equal(vega_export(journal, conf, sum), 0);
	file = fopen(path, "rb");
	assert_non_null(file);
	bytes = fread(text, 1, sizeof(text) - 1, file);
	text[bytes] = '\0';
	(void)fclose(file);
	return text;
}

static void
test_rows(void **state)
{
	static const char row[] =
		"{\"position\":25,\"recv_ns\":1699920005000000000,\"exch_ns\":1699920004999999993,"
		"\"feed\":\"feed0\",\"line\":\"B\",\"channel\":9,\"sequence\":105,\"frame\":5,"
		"\"kind\":\"TRADE\",\"token\":70000,\"symbol\":\"A \\\"NAME\\\", LONGER THAN 16\","
		"\"price_scale\":4,\"side\":\"buy\",\"qty\":4294967301,\"trade_id\":44,"
		"\"price\":-3,\"condition\":0}\n";
	struct vega_io *io = io_mem_new(1);
	struct vega_export_conf conf = {
		.format = "jsonl", .from_ns = DAY0_NS + 5 * S, .instrument = "70000"};
	struct vega_export_sum sum;
	struct vega_journal *journal;
	const char *text;
	struct rig rig;

	(void)state;
	journal = make_day(&rig, io);
	text = export_all(journal, &conf, &sum);
	assert_int_equal(sum.records, 5);
	if (!starts_with(text, row))
		fail_msg("%.400s", text);
	conf.instrument = "A \"NAME\", LONGER THAN 16";
	(void)export_all(journal, &conf, &sum);
	assert_int_equal(sum.records, 5);
	conf.instrument = "A";
	(void)export_all(journal, &conf, &sum);
	assert_int_equal(sum.records, 0);
	conf = (struct vega_export_conf){.format = "csv", .instrument = "8"};
	text = strchr(export_all(journal, &conf, &sum), '\n') + 1;
	assert_int_equal(sum.records, 9);
	/* a time that no 48 bits hold; the feed's own price scale */
	assert_true(
		starts_with(text, "8,1699920001000000000,77,feed0,B,9,101,1,TRADE,last,8,,2,,buy,6,"
				  "1234,,,45,0,"));
	vega_journal_close(journal);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* Any words at all as any kind: a column for each field, and lines that are JSON. */
static void
test_every_kind(void **state)
{
	struct vega_io *io = io_mem_new(2);
	struct vega_export_conf conf = {.format = "csv"};
	struct rng rng = {rng_seed(2)};
	struct vega_export_sum sum;
	struct vega_journal *journal;
	uint32_t commas = 0, lines = 0;
	char *text;
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, 1u << 20);
	rig_drain_mem(&rig, io);
	put(&rig, DAY0_NS, VEGA_EPOCH, 0, 0, EPOCH, 0);
	put(&rig, DAY0_NS, VEGA_PACKET, 0, 9 | (uint64_t)'A' << 32, 1, 0);
	for (uint32_t i = 0; i < 3000; i++) {
		const uint32_t kind = i % (VEGA_RECORD_KIND_CNT + 2);

		if (kind != VEGA_EPOCH)
			put(&rig, DAY0_NS, kind, (uint32_t)rng_below(&rng, 256), rng_next(&rng),
				i % 3 == 0 ? rng_next(&rng) : rng_below(&rng, 4), rng_next(&rng));
	}
	flush(&rig);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	assert_int_equal(vega_journal_open_io(io, "/j", &journal), 0);
	text = export_all(journal, &conf, &sum);
	assert_true(sum.records > 2000);
	for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		bool quoted = false;
		uint32_t cnt = 0;

		*end = '\0';

		for (const char *at = line; *at != '\0'; at++) {
			quoted ^= *at == '"';
			cnt += *at == ',' && !quoted;
		}
		commas = commas != 0 ? commas : cnt;
		assert_int_equal(cnt, commas);
		lines++;
	}
	assert_int_equal(lines, sum.records + 1);
	conf.format = "jsonl";
	text = export_all(journal, &conf, &sum);
	lines = 0;
	for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		json_t *row;

		*end = '\0';
		row = json_loads(line, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);

		if (row == NULL)
			fail_msg("no JSON: %s", line);
		json_decref(row);
		lines++;
	}
	assert_int_equal(lines, sum.records);
	vega_journal_close(journal);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* Frames where they are asked for, and what cannot be had. */
static void
test_frames_or_records(void **state)
{
	struct vega_io *io = io_mem_new(3);
	struct vega_export_conf conf = {.format = "csv", .frames = true};
	struct vega_export_sum sum;
	struct vega_journal *journal;
	struct rig rig;

	(void)state;
	journal = make_day(&rig, io);
	(void)export_all(journal, &conf, &sum);
	assert_int_equal(sum.records, 0);
	conf.instrument = "8";
	assert_int_equal(vega_export(journal, &conf, &sum), -EBADMSG);
	conf.frames = false;
	conf.format = "pcap";
	assert_int_equal(vega_export(journal, &conf, &sum), -EBADMSG);
	vega_journal_close(journal);
	rig_delete(&rig);
	vega_io_delete(io);
}

static int
make_dir(void **state)
{
	static char path[] = "/tmp/vega-export-records-XXXXXX";

	(void)state;
	dir = mkdtemp(path);
	return dir == NULL;
}

static int
remove_dir(void **state)
{
	char path[256];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/out", dir);
	(void)remove(path);
	return remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_frames_or_records),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
