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
#include "store/recover.h"
#include "store/verify.h"
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
static struct vega_columns *columns;

/* A PACKET and `cnt` records behind it, published. */
static void
event(struct rig *rig, uint64_t ns, uint32_t cnt)
{
	const uint64_t at = rig->rings[0].next;

	rig_record(rig, ns, VEGA_PACKET, 1 | (uint64_t)'A' << 32, at, at / 3);
	for (uint32_t i = 0; i < cnt; i++)
		rig_record(rig, ns - 500, VEGA_TRADE, i | (at + i) << 32, at * 7 + i, i * 11);
	vega_ring_publish(&rig->rings[0]);
}

static void
take_block(const struct vega_block_hdr *hdr)
{
	static union vega_record records[VEGA_COLUMNS_RECORD_CNT_MAX];
	uint64_t epoch;

	assert_int_equal(hdr->kind, VEGA_KIND_RECORDS);
	assert_int_equal(vega_record_block_open(hdr, columns, records, &epoch), 0);
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
	rig_epoch(&rig, DAY0_NS, DAY0_NS + S);
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
	rig_epoch(&rig, DAY0_NS, DAY0_NS + S);
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

/* A file a day; a second EPOCH of the same day cuts nothing. */
static void
test_day_rolls(void **state)
{
	struct vega_io *io = io_mem_new(3);
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, BIG);
	rig_drain_mem(&rig, io);
	for (uint64_t day = 0; day < 3; day++) {
		rig_epoch(&rig, DAY0_NS + day * DAY_NS, DAY0_NS + day * DAY_NS);
		event(&rig, DAY0_NS + day * DAY_NS + S, 4);
		rig_epoch(&rig, DAY0_NS + day * DAY_NS, DAY0_NS + day * DAY_NS + 2 * S);
		event(&rig, DAY0_NS + day * DAY_NS + 3 * S, 4);
	}
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	assert_string_equal(io_mem_path(io, 0), "/j/20231114/feed0/records-0000.vega");
	assert_string_equal(io_mem_path(io, 1), "/j/20231115/feed0/records-0000.vega");
	assert_string_equal(io_mem_path(io, 2), "/j/20231116/feed0/records-0000.vega");
	take_all(io);
	assert_int_equal(got.cnt, 36);
	assert_int_equal(got.block_cnt, 3);
	assert_int_equal(got.block_seal[0], VEGA_SEAL_DAY);
	assert_int_equal(vega_record_kind(&got.records[12]), VEGA_EPOCH);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* What the lane took is told where it lay, and what follows begins with an event. */
static void
test_lapped(void **state)
{
	struct vega_io *io = io_mem_new(4);
	const struct vega_drain_cells *cells;
	uint64_t last = 0, seen = 0, lost = 0;
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, LANE);
	rig_drain_mem(&rig, io);
	cells = rig_cells(&rig, 0);
	rig_epoch(&rig, DAY0_NS, DAY0_NS);
	for (uint64_t round = 0; round < 3; round++) {
		event(&rig, DAY0_NS + round * S, 20);
		rig_settle(&rig);
		for (uint64_t i = 0; i < 300; i++)
			event(&rig, DAY0_NS + round * S + i, 20);
		rig_settle(&rig);
	}
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	take_all(io);
	for (uint32_t i = 0; i < got.cnt; i++) {
		const union vega_record *r = &got.records[i];

		assert_int_equal(got.positions[i], last);
		last++;
		if (vega_record_kind(r) != VEGA_LOSS) {
			assert_int_equal(r->word[2], vega_record_kind(r) == VEGA_TRADE ? r->word[2]
						     : vega_record_kind(r) == VEGA_EPOCH
							     ? rig.epoch_ns
							     : got.positions[i]);
			seen++;
			continue;
		}
		assert_int_equal(r->loss.cause, VEGA_LOSS_LAPPED);
		assert_int_equal(r->loss.first, got.positions[i]);
		last = r->loss.first + r->loss.cnt;
		lost += r->loss.cnt;
		assert_int_equal(vega_record_kind(r + 1), VEGA_PACKET);
	}
	assert_int_equal(last, rig.rings[0].next);
	assert_int_equal(seen + lost, rig.rings[0].next);
	assert_true(lost > 3 * 4000 && seen > 3 * 1900);
	assert_int_equal(cells->records_lapped, lost);
	assert_true(cells->record_lag_max > 2044);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* A disk that answers late, short and out of order. */
static void
test_load(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 3; seed++) {
		struct vega_io *io = io_mem_new(rng_seed(seed));
		struct rig rig;

		rig_new_records(&rig, 1, 2, LANE);
		*io_mem_faults(io) = (struct io_mem_faults){
			.late_one_in = 2, .short_one_in = 3, .reorder = true};
		rig.conf.file_bytes_max = 64 << 10;
		rig_drain_mem(&rig, io);
		rig_epoch(&rig, DAY0_NS, DAY0_NS);
		while (rig.rings[0].next < 200000) {
			event(&rig, DAY0_NS + rig.rings[0].next, 50);
			rig.now_ns += S / 50;
			(void)vega_drain_poll(rig.drain, rig.now_ns);
			while (rig.rings[0].next - rig_cells(&rig, 0)->records_drained > 1000)
				(void)vega_drain_poll(rig.drain, rig.now_ns);
		}
		assert_int_equal(vega_drain_finish(rig.drain), 0);
		take_all(io);
		assert_int_equal(got.cnt, rig.rings[0].next);
		for (uint32_t i = 0; i < got.cnt; i++)
			assert_int_equal(got.positions[i], i);
		assert_int_equal(rig_cells(&rig, 0)->durable_records, got.cnt);
		assert_true(rig_cells(&rig, 0)->files_sealed > 3);
		rig_delete(&rig);
		vega_io_delete(io);
	}
}

/* A disk that is full for a while: the records of that while are counted, and the next block tells them. */
static void
test_disk_full(void **state)
{
	struct vega_io *io = io_mem_new(6);
	const struct vega_drain_cells *cells;
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, LANE);
	rig.conf.file_bytes_max = 64 << 10;
	rig_drain_mem(&rig, io);
	cells = rig_cells(&rig, 0);
	rig_epoch(&rig, DAY0_NS, DAY0_NS);
	for (uint32_t i = 0; i < 400; i++) {
		io_mem_faults(io)->capacity_bytes = i > 100 && i < 300 ? 1 : 0;
		event(&rig, DAY0_NS + i * S, 100);
		rig.now_ns += S;
		rig_settle(&rig);
		assert_int_equal(cells->records_drained, rig.rings[0].next); /* nobody waits */
	}
	assert_int_not_equal(vega_drain_finish(rig.drain), 0);
	take_all(io);
	assert_true(cells->records_lost > 0 && cells->write_errors > 0);
	assert_int_equal(got.cnt + cells->records_lost, rig.rings[0].next);
	assert_int_equal(got.lost_disk, cells->records_lost);
	assert_int_equal(cells->lost_disk, 0);
	assert_int_equal(cells->records_lapped, 0);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* The power fails at any moment: what was acknowledged is there, recover seals it, verify finds nothing wrong. */
static void
test_power_cut(void **state)
{
	(void)state;
	for (uint64_t ops = 3; ops < 60; ops += 2) {
		struct vega_io *io = io_mem_new(rng_seed(ops));
		struct vega_verify_sum sum = {0};
		struct vega_recover_report report;
		uint64_t durable;
		struct rig rig;

		rig_new_records(&rig, 1, 2, LANE);
		io_mem_faults(io)->power_ops = ops;
		io_mem_faults(io)->reorder = true;
		rig.conf.sync_interval_ns = S / 2;
		rig_drain_mem(&rig, io);
		rig_epoch(&rig, DAY0_NS, DAY0_NS);
		for (uint32_t i = 0; i < 60 && !io_mem_power_is_off(io); i++) {
			event(&rig, DAY0_NS + i * S, 30);
			rig.now_ns += S;
			rig_settle(&rig);
		}
		durable = rig_cells(&rig, 0)->durable_records;
		io_mem_crash(io);
		rig_delete(&rig);
		for (uint32_t i = 0; io_mem_path(io, i) != NULL; i++) {
			char path[256];

			(void)snprintf(path, sizeof(path), "%s", io_mem_path(io, i));
			if (strstr(path, ".idx") != NULL ||
				vega_recover_file(io, path, NULL, NULL, &report) < 0)
				continue;
			assert_int_equal(vega_verify_file(io, path, NULL, &sum), 0);
		}
		take_all(io);
		assert_int_equal(sum.damaged_blocks, 0);
		assert_int_equal(sum.records, got.cnt);
		if (got.cnt < durable)
			fail_msg("%u records of %llu", got.cnt, (unsigned long long)durable);
		for (uint32_t i = 0; i < durable; i++)
			assert_int_equal(got.positions[i], i);
		vega_io_delete(io);
	}
}

/* Every bit of a file of records is looked at. */
static void
test_verify_finds_every_bit(void **state)
{
	struct vega_io *io = io_mem_new(8);
	static uint8_t *copy;
	uint64_t len;
	char path[256];
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, LANE);
	rig_drain_mem(&rig, io);
	rig_epoch(&rig, DAY0_NS, DAY0_NS);
	event(&rig, DAY0_NS + S, 30);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	rig_delete(&rig);
	(void)snprintf(path, sizeof(path), "%s", io_mem_path(io, 0));
	assert_non_null(io_mem_bytes(io, path, &len));
	copy = malloc(len);
	memcpy(copy, io_mem_bytes(io, path, &len), len);
	for (uint64_t bit = 0; bit < len * 8; bit += 7) {
		struct vega_verify_sum sum = {0};
		int rc;

		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		io_mem_put(io, path, copy, len);
		rc = vega_verify_file(io, path, NULL, &sum);
		if (rc == 0 && sum.damaged_blocks == 0)
			fail_msg("bit %llu is not looked at", (unsigned long long)bit);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(copy);
	vega_io_delete(io);
}

/* A header that lies, its checksums mended. */
static void
test_verify_finds_lies(void **state)
{
	static const uint64_t fields[] = {56, 64, 88, 96, 104, 112, 120, 128, 184};
	struct vega_io *io = io_mem_new(9);
	struct vega_block_hdr *hdr;
	struct rig rig;
	uint64_t len;
	char path[256];

	(void)state;
	rig_new_records(&rig, 1, 2, LANE);
	rig_drain_mem(&rig, io);
	rig_epoch(&rig, DAY0_NS, DAY0_NS);
	event(&rig, DAY0_NS + S, 30);
	event(&rig, DAY0_NS + 2 * S, 30);
	rig_settle(&rig);
	rig.now_ns += S;
	rig_settle(&rig);
	(void)snprintf(path, sizeof(path), "%s", io_mem_path(io, 0));
	for (size_t i = 0; i < VEGA_ARRAY_CNT(fields); i++) {
		struct vega_verify_sum sum = {0};
		uint8_t *at;

		hdr = (struct vega_block_hdr *)(void *)(io_mem_bytes(io, path, &len) + 4096);
		at = (uint8_t *)hdr + fields[i];
		*at ^= 1;
		vega_format_block(hdr, hdr->file_id, hdr->block_number, hdr->file_offset);
		assert_int_equal(vega_verify_file(io, path, NULL, &sum), 0);
		if (sum.damaged_blocks == 0)
			fail_msg("a lie at %llu", (unsigned long long)fields[i]);
		hdr = (struct vega_block_hdr *)(void *)(io_mem_bytes(io, path, &len) + 4096);
		*((uint8_t *)hdr + fields[i]) ^= 1;
		vega_format_block(hdr, hdr->file_id, hdr->block_number, hdr->file_offset);
	}
	rig_delete(&rig);
	vega_io_delete(io);
}

/* Without a journal nothing is written, and a file source need not wait. */
static void
test_no_journal(void **state)
{
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, LANE);
	rig_drain_mem(&rig, NULL);
	event(&rig, DAY0_NS, 9);
	rig_settle(&rig);
	assert_int_equal(rig_cells(&rig, 0)->records_drained, 10);
	assert_true(vega_drain_idle(rig.drain));
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	rig_delete(&rig);
}

static int
make_columns(void **state)
{
	(void)state;
	return vega_columns_new(&columns);
}

static int
delete_columns(void **state)
{
	(void)state;
	vega_columns_delete(columns);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_come_back),
		cmocka_unit_test(test_cut_between_events),
		cmocka_unit_test(test_day_rolls),
		cmocka_unit_test(test_lapped),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_power_cut),
		cmocka_unit_test(test_verify_finds_every_bit),
		cmocka_unit_test(test_verify_finds_lies),
		cmocka_unit_test(test_no_journal),
	};

	return cmocka_run_group_tests(tests, make_columns, delete_columns);
}
