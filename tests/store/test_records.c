/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records read back through the journal: by time, position, kind and day, beside frames, while they are written, damaged, hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/format.h"
#include "store/reader.h"
#include "store/verify.h"
#include "tests/lib/io_mem.h"
#include "tests/lib/rng.h"
#include "tests/store/rig.h"

#define S       1000000000ull
#define DAY_NS  (86400 * S)
#define DAY0_NS (1700000000 * S / DAY_NS * DAY_NS) /* 2023-11-14, midnight in UTC */
#define LANE    (1u << 20)
#define FILE0   "/j/20231114/feed0/records-0000.vega"

static uint64_t hole_cnt;
static bool is_hostile; /* what the records say is nothing to rely on */

/* PACKET, a kind, a far time with its trade. */
static void
event(struct rig *rig, uint64_t ns, uint32_t kind)
{
	rig_record(rig, ns, VEGA_PACKET, 1 | (uint64_t)'B' << 32, 0, 0);
	rig_record(rig, ns - 500, kind, 0, 0, 0);
	vega_ring_put(&rig->rings[0], VEGA_TS_NONE | (uint64_t)VEGA_TIME << 48, 0, 77, 0);
	vega_ring_put(&rig->rings[0], (uint64_t)VEGA_TRADE << 48, 0, 0, 0);
	vega_ring_publish(&rig->rings[0]);
}

/* A block a second, each of one event: event i at DAY0 + i s, of position 1 + 4 i. */
static void
record(struct rig *rig, struct vega_io *io, uint32_t cnt)
{
	rig_new_records(rig, 1, 2, LANE);
	rig_drain_mem(rig, io);
	rig_epoch(rig, DAY0_NS, DAY0_NS);
	for (uint32_t i = 0; i < cnt; i++) {
		event(rig, DAY0_NS + i * S, i % 10 == 3 ? VEGA_GAP : VEGA_TRADE);
		rig_settle(rig);
		rig->now_ns += S;
		rig_settle(rig);
	}
}

static void
note_hole(void *arg, const struct vega_hole *hole)
{
	(void)arg;
	(void)hole;
	hole_cnt++;
}

/* What a cursor gives: records, the first position, the position behind the last. */
struct sum {
	uint64_t records;
	uint64_t batches;
	uint64_t first;
	uint64_t end;
	uint64_t blocks_read;
	uint64_t recv_min;
	uint64_t recv_max;
};

static void
add(struct sum *sum, const struct vega_record_batch *batch)
{
	struct vega_record_clock clock = batch->clock;

	if (sum->batches++ == 0) {
		sum->first = batch->position;
		sum->recv_min = batch->recv_ns;
	}
	sum->recv_max = batch->recv_ns;
	sum->records += batch->cnt;
	sum->end = batch->position + batch->cnt;
	if (is_hostile)
		return;
	assert_int_equal(batch->generation, 7);
	for (uint32_t i = 0; i < batch->cnt; i++) {
		const uint64_t ns = vega_record_ns(&clock, &batch->records[i]);

		if (vega_record_kind(&batch->records[i]) == VEGA_PACKET)
			assert_int_equal(ns % S, 0);
		if (i > 0 && vega_record_kind(&batch->records[i - 1]) == VEGA_TIME)
			assert_int_equal(ns, 77);
	}
}

static struct sum
read_all(struct vega_io *io, const struct vega_records_want *want)
{
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	struct vega_journal *journal;
	struct sum sum = {0};
	int rc;

	hole_cnt = 0;
	assert_int_equal(vega_journal_open_io(io, "/j", &journal), 0);
	assert_int_equal(vega_records_open(journal, 0, want, &cursor), 0);
	while ((rc = vega_records_next(cursor, &batch)) == 1)
		add(&sum, &batch);
	assert_int_equal(rc, 0);
	sum.blocks_read = vega_records_blocks_read(cursor);
	vega_records_close(cursor);
	vega_journal_close(journal);
	return sum;
}

static void
test_wanted(void **state)
{
	struct vega_io *io = io_mem_new(1);
	struct vega_records_want want = {.to_ns = UINT64_MAX, .hole = note_hole};
	struct sum sum;
	struct rig rig;

	(void)state;
	record(&rig, io, 100);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	sum = read_all(io, &want);
	assert_int_equal(sum.records, 401);
	assert_int_equal(sum.end, 401);
	assert_int_equal(hole_cnt, 0);

	want.from_ns = DAY0_NS + 50 * S;
	want.to_ns = DAY0_NS + 60 * S;
	sum = read_all(io, &want);
	assert_int_equal(sum.records, 40);
	assert_int_equal(sum.first, 201);
	assert_int_equal(sum.recv_min, DAY0_NS + 50 * S);
	assert_int_equal(sum.recv_max, DAY0_NS + 59 * S);
	assert_int_equal(sum.blocks_read, 10);

	want = (struct vega_records_want){
		.to_ns = UINT64_MAX, .from_position = 203, .generation = 7};
	sum = read_all(io, &want);
	assert_int_equal(sum.first, 203);
	assert_int_equal(sum.records, 401 - 203);
	assert_true(sum.blocks_read <= 51);
	want.generation = 8;
	assert_int_equal(read_all(io, &want).records, 0);

	want = (struct vega_records_want){
		.to_ns = UINT64_MAX, .kinds = VEGA_RECORD_KIND_BIT(VEGA_GAP)};
	sum = read_all(io, &want);
	assert_int_equal(sum.blocks_read, 10);
	assert_int_equal(sum.first, 13);
	want = (struct vega_records_want){.to_ns = UINT64_MAX, .day = 20231115};
	assert_int_equal(read_all(io, &want).records, 0);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* Within one block, too, what is outside is not given. */
static void
test_wanted_in_a_block(void **state)
{
	struct vega_io *io = io_mem_new(2);
	struct vega_records_want want = {.from_ns = DAY0_NS + 3 * S, .to_ns = DAY0_NS + 5 * S};
	struct sum sum;
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, LANE);
	rig_drain_mem(&rig, io);
	rig_epoch(&rig, DAY0_NS, DAY0_NS);
	for (uint32_t round = 0; round < 2; round++) /* time goes back once */
		for (uint32_t i = 0; i < 10; i++)
			event(&rig, DAY0_NS + i * S, VEGA_TRADE);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	sum = read_all(io, &want);
	assert_int_equal(sum.batches, 2);
	assert_int_equal(sum.records, 16);
	assert_int_equal(sum.first, 13);
	assert_int_equal(sum.end, 1 + 4 * 15);
	rig_delete(&rig);
	vega_io_delete(io);
}

static void
test_beside_frames(void **state)
{
	struct vega_io *io = io_mem_new(3);
	struct vega_journal *journal;
	struct vega_cursor *cursor;
	struct vega_frame frame;
	struct rig rig;

	(void)state;
	record(&rig, io, 5);
	assert_true(rig_frame(&rig, 0, 100));
	rig_seal(&rig, 0, VEGA_SEAL_AGE);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	assert_int_equal(vega_journal_open_io(io, "/j", &journal), 0);
	assert_int_equal(vega_journal_file_cnt(journal), 2);
	assert_int_equal(vega_journal_feed_cnt(journal), 1);
	assert_int_equal(vega_journal_file(journal, 0)->kind, VEGA_KIND_FRAMES);
	assert_int_equal(vega_journal_file(journal, 1)->kind, VEGA_KIND_RECORDS);
	assert_int_equal(vega_journal_file(journal, 1)->record_cnt, 21);
	assert_int_equal(vega_journal_file(journal, 1)->packet_cnt, 5);
	assert_true(vega_journal_file(journal, 1)->sealed);
	assert_int_equal(vega_cursor_open(journal, 0, 0, UINT64_MAX, NULL, NULL, &cursor), 0);
	assert_int_equal(vega_cursor_next(cursor, &frame), 1);
	assert_int_equal(vega_cursor_next(cursor, &frame), 0);
	vega_cursor_close(cursor);
	vega_journal_close(journal);
	assert_int_equal(vega_journal_open_io(io, FILE0, &journal), 0);
	assert_int_equal(vega_cursor_open(journal, 0, 5, UINT64_MAX, NULL, NULL, &cursor), 0);
	assert_int_equal(vega_cursor_next(cursor, &frame), 0);
	vega_cursor_close(cursor);
	vega_journal_close(journal);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* A cursor at the end goes on when there is more. */
static void
test_growing(void **state)
{
	const struct vega_records_want want = {.to_ns = UINT64_MAX, .hole = note_hole};
	struct vega_io *io = io_mem_new(4);
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	struct vega_journal *journal;
	uint64_t next = 0;
	struct rig rig;

	(void)state;
	hole_cnt = 0;
	record(&rig, io, 3);
	assert_int_equal(vega_journal_open_io(io, "/j", &journal), 0);
	assert_int_equal(vega_records_open(journal, 0, &want, &cursor), 0);
	for (uint32_t i = 3; i < 20; i++) {
		while (vega_records_next(cursor, &batch) == 1) {
			assert_int_equal(batch.position, next);
			next += batch.cnt;
		}
		assert_int_equal(next, rig.rings[0].next);
		event(&rig, DAY0_NS + i * S, VEGA_TRADE);
		rig_settle(&rig);
		rig.now_ns += S;
		rig_settle(&rig);
	}
	vega_records_close(cursor);
	vega_journal_close(journal);
	assert_int_equal(hole_cnt, 0);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* Positions that the lane took: whoever asks for one of them gets the record that says so. */
static void
test_lapped_positions(void **state)
{
	struct vega_io *io = io_mem_new(7);
	struct vega_records_want want = {.to_ns = UINT64_MAX};
	struct vega_verify_sum verified = {0};
	uint64_t first = 0, cnt = 0;
	struct sum sum;
	struct rig rig;

	(void)state;
	rig_new_records(&rig, 1, 2, 64u << 10);
	rig_drain_mem(&rig, io);
	rig_epoch(&rig, DAY0_NS, DAY0_NS);
	event(&rig, DAY0_NS, VEGA_TRADE);
	rig_settle(&rig);
	for (uint32_t i = 0; i < 1000; i++)
		event(&rig, DAY0_NS + S, VEGA_TRADE);
	rig_settle(&rig);
	event(&rig, DAY0_NS + 2 * S, VEGA_TRADE);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	cnt = rig_cells(&rig, 0)->records_lapped;
	first = 5;
	assert_true(cnt > 1900);
	for (uint64_t from = first; from < first + cnt; from += cnt / 3) {
		want.from_position = from;
		sum = read_all(io, &want);
		assert_int_equal(sum.first, first); /* the LOSS record */
		assert_int_equal(sum.records, 1 + rig.rings[0].next - first - cnt);
	}
	want.from_position = first + cnt;
	assert_int_equal(read_all(io, &want).first, first + cnt);
	assert_int_equal(vega_verify_file(io, FILE0, NULL, &verified), 0);
	assert_int_equal(verified.damaged_blocks, 0);
	rig_delete(&rig);
	vega_io_delete(io);
}

/* Any byte changed, checksums mended or not: an error or a hole, never a crash, never a record too many. */
static void
test_hostile(void **state)
{
	const struct vega_records_want want = {.to_ns = UINT64_MAX, .hole = note_hole};
	struct vega_io *io = io_mem_new(5);
	struct rng rng = {rng_seed(5)};
	uint8_t *whole;
	uint64_t len;
	struct rig rig;

	(void)state;
	record(&rig, io, 3);
	assert_non_null(io_mem_bytes(io, FILE0, &len));
	whole = malloc(len);
	memcpy(whole, io_mem_bytes(io, FILE0, &len), len);
	rig_delete(&rig);
	vega_io_delete(io);
	io = io_mem_new(6); /* without its index, so that the blocks alone speak */
	assert_int_equal(io->ops->mkdir(io, "/j/20231114"), 0);
	assert_int_equal(io->ops->mkdir(io, "/j/20231114/feed0"), 0);
	is_hostile = true;
	for (uint32_t i = 0; i < 3000; i++) {
		const uint64_t block_at = 4096 + 4096 * rng_below(&rng, 3);
		const uint64_t at = rng_below(&rng, 330);
		struct vega_block_hdr *hdr;
		struct sum sum;
		uint64_t bytes;

		io_mem_put(io, FILE0, whole, len);
		hdr = (struct vega_block_hdr *)(void *)(io_mem_bytes(io, FILE0, &bytes) + block_at);
		*((uint8_t *)hdr + at) = (uint8_t)rng_below(&rng, 256);
		if (i % 4 != 0 && (at < 40 || at >= 44)) /* its length is not to be mended */
			vega_format_block(hdr, whole + VEGA_HEAD_OFF + 32, (block_at - 4096) / 4096,
				block_at);
		sum = read_all(io, &want);
		assert_true(sum.records <= 13);
	}
	is_hostile = false;
	free(whole);
	vega_io_delete(io);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_wanted_in_a_block),
		cmocka_unit_test(test_beside_frames),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_lapped_positions),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
