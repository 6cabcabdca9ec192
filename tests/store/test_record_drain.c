/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the record lane to the disk: every word and position comes back, days and blocks are cut where they should be, and what
 * the lane or the disk lost is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/format.h"
#include "store/record_block.h"
#include "tests/lib/io_mem.h"
#include "tests/lib/rng.h"
#include "tests/store/rig.h"

#define S       1000000000ull
#define DAY_NS  (86400 * S)
#define DAY0_NS (1700000000 * S / DAY_NS * DAY_NS) /* 2023-11-14, midnight in UTC */
#define LANE    (64u << 10)                        /* 2,044 records */
#define BIG     (4u << 20)

/* All records of a journal's files, in order of their blocks. */
struct got {
	union vega_record records[300000];
	uint64_t positions[300000];
	uint32_t cnt;
	uint32_t block_cnt;
	uint32_t block_records[512];
	uint32_t block_seal[512];
	uint64_t lost_disk;
};
static struct got got;
static uint64_t epoch_ns;

static void
put(struct rig *rig, uint64_t ns, enum vega_kind kind, uint64_t word1, uint64_t word2,
	uint64_t word3)
{
	vega_ring_put(&rig->rings[0], (ns - epoch_ns) | (uint64_t)kind << 48, word1, word2, word3);
}

static void
begin_epoch(struct rig *rig, uint64_t day_ns, uint64_t ns)
{
	epoch_ns = day_ns - DAY_NS;
	rig->rings[0].tail->epoch_ns = epoch_ns;
	rig->rings[0].tail->epoch_from = rig->rings[0].next;
	put(rig, ns, VEGA_EPOCH, 0, epoch_ns, rig->rings[0].next);
}

/* A PACKET and `cnt` records behind it, published. */
static void
event(struct rig *rig, uint64_t ns, uint32_t cnt)
{
	const uint64_t at = rig->rings[0].next;

	put(rig, ns, VEGA_PACKET, 1 | (uint64_t)'A' << 32, at, at / 3);
	for (uint32_t i = 0; i < cnt; i++)
		put(rig, ns - 500, VEGA_TRADE, i | (at + i) << 32, at * 7 + i, i * 11);
	vega_ring_publish(&rig->rings[0]);
}

static void
take_block(const struct vega_block_hdr *hdr)
{
	static union vega_record records[VEGA_COLUMNS_RECORD_CNT_MAX];
	uint64_t epoch;

	assert_int_equal(hdr->kind, VEGA_KIND_RECORDS);
	assert_int_equal(vega_record_block_open(hdr, NULL, records, &epoch), 0);
	for (uint32_t i = 0; i < hdr->record_cnt; i++) {
		got.positions[got.cnt] = hdr->position_first + i;
		got.records[got.cnt++] = records[i];
	}
	got.block_records[got.block_cnt] = hdr->record_cnt;
	got.block_seal[got.block_cnt++] = hdr->seal;
	got.lost_disk += hdr->lost_disk;
}

static void
take_file(struct vega_io *io, const char *path)
{
	uint64_t len, at;
	uint8_t *bytes = io_mem_bytes(io, path, &len);
	const struct vega_head *head = vega_format_head_of(bytes);

	assert_non_null(bytes);
	assert_int_equal(vega_format_check_head(bytes, len), 0);
	assert_int_equal(head->kind, VEGA_KIND_RECORDS);
	for (at = VEGA_HEAD_BYTES; at + 4096 <= len;) {
		const struct vega_block_hdr *hdr =
			(const struct vega_block_hdr *)(const void *)(bytes + at);

		if (vega_format_check_block(hdr, len - at, head->file_id, at) != VEGA_GOOD)
			break;
		take_block(hdr);
		at += hdr->stored_bytes;
	}
}

static void
take_all(struct vega_io *io)
{
	memset(&got, 0, sizeof(got));
	for (uint32_t i = 0; io_mem_path(io, i) != NULL; i++)
		if (strstr(io_mem_path(io, i), ".vega") != NULL &&
			strstr(io_mem_path(io, i), ".idx") == NULL)
			take_file(io, io_mem_path(io, i));
}

/* Block by block, the words as they were put. */
static void
test_words_come_back(void **state)
{
	struct vega_io *io = io_mem_new(1);
	const struct vega_drain_cells *cells;
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, BIG);
	rig_drain_mem(&rig, io);
	cells = rig_cells(&rig, 0);
	begin_epoch(&rig, DAY0_NS, DAY0_NS + S);
	for (uint32_t i = 0; i < 100; i++)
		event(&rig, DAY0_NS + i * S, 9);
	rig_settle(&rig);
	assert_int_equal(cells->records_drained, 1001);
	assert_int_equal(cells->records_written, 0); /* they wait for more */
	assert_false(vega_drain_idle(rig.drain));
	rig.now_ns += S;
	rig_settle(&rig);
	assert_int_equal(cells->records_written, 1001);
	assert_true(vega_drain_idle(rig.drain));
	rig.now_ns += S;
	rig_settle(&rig);
	assert_int_equal(cells->durable_records, 1001);
	assert_string_equal(io_mem_path(io, 0), "/j/20231114/feed0/records-0000.vega");
	event(&rig, DAY0_NS + 101 * S, 3);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	take_all(io);
	assert_int_equal(got.cnt, 1005);
	assert_int_equal(got.block_cnt, 2);
	assert_int_equal(got.block_seal[0], VEGA_SEAL_AGE);
	assert_int_equal(got.block_seal[1], VEGA_SEAL_STOP);
	for (uint32_t i = 0; i < got.cnt; i++) {
		assert_int_equal(got.positions[i], i);
		assert_memory_equal(&got.records[i],
			rig.rings[0].begin + (size_t)i * VEGA_RING_WORDS, VEGA_RECORD_BYTES);
	}
	assert_int_equal(cells->records_lapped, 0);
	assert_int_equal(cells->blocks_written, 0);
	assert_int_equal(cells->frames_written, 0);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* A full block ends where an event does. */
static void
test_cut_between_events(void **state)
{
	struct vega_io *io = io_mem_new(2);
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, BIG);
	rig_drain_mem(&rig, io);
	begin_epoch(&rig, DAY0_NS, DAY0_NS + S);
	for (uint32_t i = 0; i < 1000; i++)
		event(&rig, DAY0_NS + i * S, 99);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	take_all(io);
	assert_int_equal(got.cnt, 100001);
	assert_int_equal(got.block_cnt, 2);
	assert_int_equal(got.block_seal[0], VEGA_SEAL_FULL);
	assert_true(got.block_records[0] > 65400 && got.block_records[0] % 100 == 1);
	assert_int_equal(vega_record_kind(&got.records[got.block_records[0]]), VEGA_PACKET);
	rig_delete(&rig);
	vega_io_delete(io);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_come_back),
		cmocka_unit_test(test_cut_between_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
