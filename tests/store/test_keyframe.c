/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slices of keyframes: what is made of any entries comes back; cut, changed or hostile bytes are refused or give entries that are sound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "hugepages/vega_layout.h"
#include "store/keyframe.h"
#include "tests/lib/rng.h"

#define CNT VEGA_KEYFRAME_SLICE_CNT

static struct vega_keyframe_work *work;
static struct vega_block_hdr *block;
static struct vega_state_entry entries[CNT];
static struct vega_state_entry back[CNT];
static struct vega_fold_kept kept, kept_back;

static struct vega_keyframe_slice
slice_of(uint32_t total, uint32_t slice)
{
	return (struct vega_keyframe_slice){.generation = 7,
		.number = 3,
		.position = 1000 + slice,
		.record_position = 5000,
		.epoch_ns = 1,
		.recv_ns = 2,
		.entry_total = total,
		.slice = slice};
}

/* Fields that a slice does not keep are 0 in what comes back. */
static void
fill(struct rng *rng, uint64_t size)
{
	for (uint32_t i = 0; i < CNT; i++) {
		uint64_t *words = (uint64_t *)(void *)&entries[i];

		for (size_t k = 0; k < sizeof(entries[i]) / 8; k++)
			words[k] = size == 0 ? rng_next(rng) : rng_below(rng, size);
		entries[i].lock = 0;
		entries[i].event_cnt = 0;
		entries[i].reserved = 0;
		entries[i].bid_cnt %= VEGA_STATE_LEVEL_CNT + 1;
		entries[i].ask_cnt %= VEGA_STATE_LEVEL_CNT + 1;
	}
	kept = (struct vega_fold_kept){.epoch_ns = rng_next(rng),
		.recv_ns = rng_next(rng),
		.seq = UINT64_MAX,
		.lost_position = rng_next(rng),
		.channel = UINT32_MAX,
		.whole_slot = (uint32_t)rng_below(rng, VEGA_STATE_GAP_CNT + 1),
		.is_late = true};
	for (uint32_t i = 0; i < VEGA_STATE_GAP_CNT; i++)
		if (rng_below(rng, 3) == 0 || size == 0)
			kept.channels[i] = (struct vega_fold_channel){.gap_position = rng_next(rng),
				.open_cnt = rng_below(rng, 5),
				.lost_cnt = UINT64_MAX,
				.from = rng_next(rng),
				.digits = (uint8_t)rng_next(rng)};
}

static void
check_kept(void)
{
	assert_int_equal(kept_back.epoch_ns, kept.epoch_ns);
	assert_int_equal(kept_back.recv_ns, kept.recv_ns);
	assert_int_equal(kept_back.seq, kept.seq);
	assert_int_equal(kept_back.lost_position, kept.lost_position);
	assert_int_equal(kept_back.channel, kept.channel);
	assert_int_equal(kept_back.whole_slot, kept.whole_slot);
	assert_true(kept_back.is_late && !kept_back.has_seq && !kept_back.time_given);
	for (uint32_t i = 0; i < VEGA_STATE_GAP_CNT; i++) {
		assert_int_equal(kept_back.channels[i].gap_position, kept.channels[i].gap_position);
		assert_int_equal(kept_back.channels[i].open_cnt, kept.channels[i].open_cnt);
		assert_int_equal(kept_back.channels[i].lost_cnt, kept.channels[i].lost_cnt);
		assert_int_equal(kept_back.channels[i].from, kept.channels[i].from);
		assert_int_equal(kept_back.channels[i].digits, kept.channels[i].digits);
	}
}

static void
check_round(uint32_t total, uint32_t slice)
{
	const struct vega_keyframe_slice s = slice_of(total, slice);
	struct vega_keyframe_slice got;

	memset(back, 0xEE, sizeof(back));
	vega_keyframe_make(&s, entries, &kept, work, block);
	assert_true(block->payload_bytes + VEGA_BLOCK_HDR_BYTES <= vega_keyframe_block_bytes());
	assert_int_equal(block->payload_bytes % 4, 0);
	assert_int_equal(vega_keyframe_open(block, work, &got, back, &kept_back), 0);
	assert_memory_equal(&got, &s, sizeof(s));
	assert_memory_equal(back, entries, vega_keyframe_entry_cnt(&s) * sizeof(back[0]));
	if (slice == 0)
		check_kept();
}

static void
test_comes_back(void **state)
{
	static const uint64_t sizes[] = {0, 1, 2, 100, 1u << 20, 1ull << 40};
	struct rng rng = {rng_seed(1)};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fill(&rng, sizes[i]);
		check_round(1, 0);
		check_round(CNT, 0);
		check_round(CNT + 1, 1);
		check_round(10 * CNT - 3, 9);
		check_round(VEGA_INSTRUMENT_CNT_MAX, 5);
	}
}

static int
open_it(void)
{
	struct vega_keyframe_slice got;
	const int rc = vega_keyframe_open(block, work, &got, back, &kept_back);

	for (uint32_t i = 0; rc == 0 && i < vega_keyframe_entry_cnt(&got); i++)
		assert_true(back[i].bid_cnt <= 10 && back[i].ask_cnt <= 10);
	return rc;
}

static void
test_cut(void **state)
{
	const struct vega_keyframe_slice s = slice_of(12, 0);
	struct vega_keyframe_hdr *k = (struct vega_keyframe_hdr *)(void *)(block + 1);
	struct rng rng = {rng_seed(2)};
	uint32_t bytes, data;

	(void)state;
	fill(&rng, 100);
	vega_keyframe_make(&s, entries, &kept, work, block);
	bytes = block->payload_bytes;
	data = k->data_bytes;
	for (uint32_t cut = 0; cut < bytes; cut += 4) {
		block->payload_bytes = cut;
		assert_int_not_equal(open_it(), 0);
		if (cut < sizeof(*k) + 4)
			continue;
		/* and where every length agrees with the cut */
		vega_keyframe_make(&s, entries, &kept, work, block);
		block->payload_bytes = k->block_length = cut;
		k->data_bytes = cut - (uint32_t)sizeof(*k) - 4;
		memcpy((uint8_t *)(block + 1) + cut - 4, &cut, 4);
		if (k->data_bytes < data)
			assert_int_not_equal(open_it(), 0);
		vega_keyframe_make(&s, entries, &kept, work, block);
	}
}

/* Each header field in turn, and then bytes anywhere: never a crash, nothing unsound. */
static void
test_changed(void **state)
{
	const struct vega_keyframe_slice s = slice_of(CNT, 0);
	struct vega_keyframe_hdr *k = (struct vega_keyframe_hdr *)(void *)(block + 1);
	struct rng rng = {rng_seed(3)};
	uint8_t *whole;

	(void)state;
	fill(&rng, 1000);
#define REFUSED(field, value)                                        \
	do {                                                         \
		vega_keyframe_make(&s, entries, &kept, work, block); \
		field = value;                                       \
		assert_int_not_equal(open_it(), 0);                  \
	} while (0)
	REFUSED(block->kind, VEGA_KIND_RECORDS);
	REFUSED(block->codec, 1);
	REFUSED(block->record_cnt, 1);
	REFUSED(block->kinds, 2);
	REFUSED(block->position_first, 1);
	REFUSED(k->block_type, VEGA_BLOCK_RECORDS);
	REFUSED(k->block_length, 64);
	REFUSED(k->entry_total, 0);
	REFUSED(k->entry_total, VEGA_INSTRUMENT_CNT_MAX + 1);
	REFUSED(k->entry_total, CNT - 1);
	REFUSED(k->entry_total, CNT / 2);
	REFUSED(k->slice, 1);
	REFUSED(k->slice, UINT32_MAX);
	REFUSED(k->plain_bytes, 0);
	REFUSED(k->plain_bytes, k->plain_bytes - 1);
	REFUSED(k->plain_bytes, UINT32_MAX);
	REFUSED(k->data_bytes, 0);
	REFUSED(k->data_bytes, UINT32_MAX);
	vega_keyframe_make(&s, entries, &kept, work, block);
	whole = malloc(vega_keyframe_block_bytes());
	assert_non_null(whole);
	memcpy(whole, block, vega_keyframe_block_bytes());
	for (uint32_t i = 0; i < 5000; i++) {
		memcpy(block, whole, vega_keyframe_block_bytes());
		for (uint64_t n = 1 + rng_below(&rng, 3); n != 0; n--)
			((uint8_t *)(block + 1))[rng_below(&rng, block->payload_bytes)] ^=
				(uint8_t)(1 + rng_below(&rng, 255));
		(void)open_it();
	}
	free(whole);
}

static void
test_unsound(void **state)
{
	const struct vega_keyframe_slice s = slice_of(CNT, 0);
	struct rng rng = {rng_seed(4)};

	(void)state;
	fill(&rng, 10);
	entries[17].ask_cnt = 11;
	vega_keyframe_make(&s, entries, &kept, work, block);
	assert_int_not_equal(open_it(), 0);
	entries[17].ask_cnt = 10;
	kept.whole_slot = VEGA_STATE_GAP_CNT + 1;
	vega_keyframe_make(&s, entries, &kept, work, block);
	assert_int_not_equal(open_it(), 0);
}

static int
setup(void **state)
{
	(void)state;
	block = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, vega_keyframe_block_bytes());
	return block == NULL || vega_keyframe_work_new(&work) != 0;
}

static int
teardown(void **state)
{
	(void)state;
	vega_keyframe_work_delete(work);
	free(block);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_unsound),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
