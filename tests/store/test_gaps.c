/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger of gaps: pieces, late comers, what stays lost, channels that have no sequence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/gaps.h"
#include "store/reader.h"
#include "tests/lib/io_mem.h"
#include "tests/store/rig.h"

#define S     1000000000ull
#define T0_NS (1700000000 * S)

static struct rig rig;
static struct vega_io *io;
static struct vega_gaps gaps;

/* Records whose epoch is 0 lie in the past of every clock: their times are told in full. */
static void
put(uint64_t ns, uint32_t kind, uint64_t word1, uint64_t word2, uint64_t word3)
{
	vega_ring_put(&rig.rings[0], VEGA_TS_NONE | (uint64_t)VEGA_TIME << 48, 0, ns, 0);
	vega_ring_put(&rig.rings[0], (uint64_t)kind << 48, word1, word2, word3);
}

static void
packet(uint64_t s, uint32_t channel, uint64_t seq)
{
	put(T0_NS + s * S, VEGA_PACKET, channel | (uint64_t)'A' << 32, seq, 0);
}

static void
gap(uint64_t s, uint32_t channel, enum vega_gap_state state, uint64_t first, uint64_t cnt)
{
	put(T0_NS + s * S, VEGA_GAP, channel | ((uint64_t)state | (uint64_t)'B' << 8) << 32, first,
		cnt);
}

/* Each test begins with an empty lane and ends with the ledger that settle() made of it. */
static int
begin(void **state)
{
	(void)state;
	io = io_mem_new(1);
	rig_new_records(&rig, 1, 2, 1u << 20);
	rig_drain_mem(&rig, io);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	vega_gaps_clear(&gaps);
	return 0;
}

/* What the drain and the reader make of what was put. */
static void
settle(void)
{
	struct vega_journal *journal;

	vega_ring_publish(&rig.rings[0]);
	assert_int_equal(vega_drain_finish(rig.drain), 0);
	rig_delete(&rig);
	assert_int_equal(vega_journal_open_io(io, "/j", &journal), 0);
	gaps = (struct vega_gaps){0};
	assert_int_equal(vega_gaps_add(&gaps, journal, 0, NULL, NULL), 0);
	vega_journal_close(journal);
	vega_io_delete(io);
}

static void
check(uint64_t idx, uint64_t first, uint64_t cnt, enum vega_gap_state fate, uint64_t settled_s)
{
	assert_true(idx < gaps.entry_cnt);
	assert_int_equal(gaps.entries[idx].first, first);
	assert_int_equal(gaps.entries[idx].cnt, cnt);
	assert_int_equal(gaps.entries[idx].fate, fate);
	assert_int_equal(gaps.entries[idx].settled_ns, settled_s != 0 ? T0_NS + settled_s * S : 0);
	assert_int_equal(gaps.entries[idx].opened_ns, T0_NS + 1 * S);
}

static void
test_pieces(void **state)
{
	(void)state;
	packet(1, 3, 20);
	gap(1, 3, VEGA_GAP_OPEN, 10, 10); /* 10 to 19 */
	packet(2, 3, 12);
	gap(2, 3, VEGA_GAP_FILLED, 12, 3);
	packet(3, 3, 21);
	gap(3, 3, VEGA_GAP_LOST, 10, 2);
	gap(3, 3, VEGA_GAP_LOST, 15, 5);
	packet(4, 3, 19);
	gap(4, 3, VEGA_GAP_RECOVERED, 19, 1);
	settle();
	assert_int_equal(gaps.entry_cnt, 4);
	check(0, 12, 3, VEGA_GAP_FILLED, 2);
	check(1, 10, 2, VEGA_GAP_LOST, 3);
	check(2, 19, 1, VEGA_GAP_RECOVERED, 4);
	check(3, 15, 4, VEGA_GAP_LOST, 3);
	assert_int_equal(gaps.channel_cnt, 1);
	assert_int_equal(gaps.channels[0].channel, 3);
	assert_int_equal(gaps.channels[0].gaps, 1);
	assert_int_equal(gaps.channels[0].missing_seqs, 10);
	assert_int_equal(gaps.channels[0].filled_seqs, 3);
	assert_int_equal(gaps.channels[0].recovered_seqs, 1);
	assert_int_equal(gaps.channels[0].lost_seqs, 6);
	assert_true(gaps.channels[0].has_sequence);
}

/* What was lost before a restart stays lost, though the new space has the same numbers. */
static void
test_restart(void **state)
{
	(void)state;
	packet(1, 1, 20);
	gap(1, 1, VEGA_GAP_OPEN, 10, 4);
	gap(2, 1, VEGA_GAP_LOST, 10, 4);
	put(T0_NS + 2 * S, VEGA_SEGMENT, 1 | (uint64_t)VEGA_SEGMENT_RESTART << 32, 0, 1);
	gap(1, 1, VEGA_GAP_OPEN, 8, 4);
	gap(3, 1, VEGA_GAP_RECOVERED, 8, 4);
	gap(1, 1, VEGA_GAP_OPEN, 40, 2);
	settle();
	assert_int_equal(gaps.entry_cnt, 3);
	check(0, 10, 4, VEGA_GAP_LOST, 2);
	check(1, 8, 4, VEGA_GAP_RECOVERED, 3);
	check(2, 40, 2, VEGA_GAP_OPEN, 0);
}

/* Channels side by side; one of them has no sequence, and says so. */
static void
test_channels(void **state)
{
	(void)state;
	packet(1, 7, UINT64_MAX);
	packet(1, 1, 5);
	gap(1, 1, VEGA_GAP_OPEN, 1, 4);
	packet(1, 2, 5);
	gap(1, 2, VEGA_GAP_OPEN, 1, 4);
	gap(2, 2, VEGA_GAP_FILLED, 1, 4);
	settle();
	assert_int_equal(gaps.channel_cnt, 3);
	assert_int_equal(gaps.channels[0].channel, 7);
	assert_false(gaps.channels[0].has_sequence);
	assert_int_equal(gaps.channels[1].open_seqs, 4);
	assert_int_equal(gaps.channels[2].filled_seqs, 4);
	assert_int_equal(gaps.channels[2].open_seqs, 0);
}

/* Two sequences of the wire under one channel: what comes settles one of them. */
static void
test_shared_channel(void **state)
{
	(void)state;
	packet(1, 1, 1);
	gap(1, 1, VEGA_GAP_OPEN, 10, 5);
	gap(1, 1, VEGA_GAP_OPEN, 10, 5);
	gap(2, 1, VEGA_GAP_FILLED, 10, 5);
	settle();
	assert_int_equal(gaps.channels[0].filled_seqs, 5);
	assert_int_equal(gaps.channels[0].open_seqs, 5);
}

/* More open gaps than are remembered: none is forgotten, the oldest merely stay as they are. */
static void
test_many(void **state)
{
	(void)state;
	packet(1, 1, 1);
	for (uint64_t i = 0; i < 1000; i++)
		gap(1, 1, VEGA_GAP_OPEN, 10 * i, 5);
	for (uint64_t i = 0; i < 1000; i++)
		gap(2, 1, VEGA_GAP_FILLED, 10 * i + 2, 1);
	settle();
	assert_int_equal(gaps.channels[0].missing_seqs, 5000);
	assert_int_equal(gaps.channels[0].gaps, 1000);
	assert_true(gaps.channels[0].filled_seqs > 0);
	assert_int_equal(gaps.channels[0].filled_seqs + gaps.channels[0].open_seqs, 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pieces, begin, end),
		cmocka_unit_test_setup_teardown(test_restart, begin, end),
		cmocka_unit_test_setup_teardown(test_channels, begin, end),
		cmocka_unit_test_setup_teardown(test_shared_channel, begin, end),
		cmocka_unit_test_setup_teardown(test_many, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
