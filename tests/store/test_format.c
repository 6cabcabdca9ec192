/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every part of a journal file: what is laid passes its check, and any flipped bit, wrong place or cut length does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/crc32c.h"
#include "hugepages/base/err.h"
#include "store/format.h"
#include "tests/lib/rng.h"

static const uint8_t id[16] = "0123456789abcdef";
static const uint8_t other_id[16] = "0123456789abcdeF";

/* Flip each bit of `bytes` at `at`; is_good must say no each time. */
static void
flip_each_bit(void *at, size_t bytes, int (*is_good)(void *arg), void *arg)
{
	uint8_t *p = at;

	assert_true(is_good(arg));
	for (size_t bit = 0; bit < bytes * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (is_good(arg))
			fail_msg("bit %zu of byte %zu flipped and not seen", bit % 8, bit / 8);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(is_good(arg));
}

static void
make_head(uint8_t extent[VEGA_HEAD_BYTES], uint32_t if_cnt)
{
	static const char names[VEGA_IF_CNT_MAX][VEGA_NAME_BYTES] = {
		"port0", "port1", "a name that fills all its bytes"};
	struct vega_head identity = {.created_ns = 1700000000000000000,
		.generation = 7,
		.day = 20231114,
		.kind = VEGA_KIND_FRAMES,
		.linktype = 1,
		.if_cnt = if_cnt,
		.feed = "default",
		.zone = "UTC",
		.region = "vega"};

	memcpy(identity.file_id, id, 16);
	vega_format_head(extent, &identity, names);
}

static int
head_is_good(void *arg)
{
	return vega_format_check_head(arg, VEGA_HEAD_BYTES) == 0;
}

static int
state_is_good(void *arg)
{
	return vega_format_check_state(arg) == VEGA_GOOD;
}

static void
test_head(void **state)
{
	_Alignas(8) uint8_t extent[VEGA_HEAD_BYTES];

	(void)state;
	for (uint32_t if_cnt = 1; if_cnt <= VEGA_IF_CNT_MAX; if_cnt++) {
		make_head(extent, if_cnt);
		assert_int_equal(vega_format_check_head(extent, sizeof(extent)), 0);
		assert_int_equal(vega_format_check_state(extent), VEGA_GOOD);
	}
	flip_each_bit(extent, VEGA_STATE_OFF, head_is_good, extent);
	flip_each_bit(
		extent + VEGA_STATE_OFF, VEGA_HEAD_BYTES - VEGA_STATE_OFF, state_is_good, extent);
	vega_format_state(extent, VEGA_FILE_SEALED, 1, 2, 3);
	assert_int_equal(vega_format_head_of(extent)->state, VEGA_FILE_SEALED);
	assert_true(state_is_good(extent) && head_is_good(extent));
}

/* Put the checksum right after a change, so that only the field itself can be refused. */
static void
mend_head(uint8_t *extent)
{
	struct vega_head *head = (struct vega_head *)(void *)(extent + VEGA_HEAD_OFF);

	head->head_crc32c = 0;
	head->head_crc32c = vega_crc32c(0, extent, VEGA_STATE_OFF);
}

static void
test_head_refused(void **state)
{
	_Alignas(8) uint8_t extent[VEGA_HEAD_BYTES];
	struct vega_head *head = (struct vega_head *)(void *)(extent + VEGA_HEAD_OFF);

	(void)state;
	make_head(extent, 2);
	assert_int_equal(vega_format_check_head(extent, 0), -EBADMSG);
	assert_int_equal(vega_format_check_head(extent, VEGA_HEAD_BYTES - 1), -EBADMSG);
	assert_int_equal(vega_err_status(), EX_DATAERR);

	head->version = 2;
	mend_head(extent);
	assert_int_equal(vega_format_check_head(extent, sizeof(extent)), -EBADMSG);
	assert_non_null(strstr(vega_err_text(), "found version 2"));

	make_head(extent, 2);
	head->incompat_flags = 4;
	mend_head(extent);
	assert_int_equal(vega_format_check_head(extent, sizeof(extent)), -EBADMSG);
	assert_non_null(strstr(vega_err_text(), "0x4"));

	make_head(extent, 2);
	head->compat_flags = 4;
	mend_head(extent);
	assert_int_equal(vega_format_check_head(extent, sizeof(extent)), 0);

	head->if_cnt = VEGA_IF_CNT_MAX + 1;
	mend_head(extent);
	assert_int_equal(vega_format_check_head(extent, sizeof(extent)), -EBADMSG);

	make_head(extent, 2);
	memset(head->feed, 'x', sizeof(head->feed));
	mend_head(extent);
	assert_int_equal(vega_format_check_head(extent, sizeof(extent)), -EBADMSG);

	make_head(extent, 2);
	head->reserved[7] = 1;
	mend_head(extent);
	assert_int_equal(vega_format_check_head(extent, sizeof(extent)), -EBADMSG);
}

static void
make_block(struct vega_block_hdr *hdr, uint32_t payload_bytes)
{
	memset(hdr, 0, sizeof(*hdr));
	memset(hdr + 1, 0xAB, payload_bytes);
	hdr->block_type = VEGA_BLOCK_DATA;
	hdr->block_length = sizeof(*hdr);
	hdr->block_length2 = sizeof(*hdr);
	hdr->payload_bytes = payload_bytes;
	hdr->packet_cnt = 3;
	hdr->recv_ns_min = 100;
	hdr->recv_ns_max = 200;
	vega_format_block(hdr, id, 5, 8192);
}

static int
block_is_good(void *arg)
{
	return vega_format_check_block(arg, VEGA_FRAME_BLOCK_BYTES, id, 8192) == VEGA_GOOD;
}

static void
test_block(void **state)
{
	struct vega_block_hdr *hdr = aligned_alloc(4096, VEGA_FRAME_BLOCK_BYTES);
	struct rng rng = {rng_seed(1)};

	(void)state;
	assert_non_null(hdr);
	/* around each page boundary, where a gap of 4 or 8 needs another page, and anywhere */
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t page = (uint32_t)rng_below(&rng, 12) * 4096;
		uint32_t payload = page + 4096 - 256 + 24 - 4 * (uint32_t)rng_below(&rng, 12);

		if (i % 3 == 0)
			payload = 4 * (uint32_t)rng_below(&rng, 12000);
		make_block(hdr, payload);
		assert_true(hdr->stored_bytes % 4096 == 0 && hdr->stored_bytes >= 256 + payload);
		assert_true(hdr->stored_bytes - 256 - payload < 4096 + 12);
		assert_true(block_is_good(hdr));
	}
	make_block(hdr, VEGA_FRAME_BLOCK_BYTES - 256 - 12);
	assert_int_equal(hdr->stored_bytes, VEGA_FRAME_BLOCK_BYTES);
	make_block(hdr, 600);
	flip_each_bit(hdr, hdr->stored_bytes, block_is_good, hdr);
	free(hdr);
}

static void
test_block_judged(void **state)
{
	struct vega_block_hdr *hdr = aligned_alloc(4096, 8192);

	(void)state;
	assert_non_null(hdr);
	make_block(hdr, 600);
	assert_int_equal(vega_format_check_block(hdr, 255, id, 8192), VEGA_TORN);
	assert_int_equal(vega_format_check_block(hdr, 4095, id, 8192), VEGA_TORN);
	assert_int_equal(vega_format_check_block_hdr(hdr, 256, id, 8192), VEGA_GOOD);
	assert_int_equal(vega_format_check_block(hdr, 4096, other_id, 8192), VEGA_STALE);
	assert_int_equal(vega_format_check_block(hdr, 4096, id, 4096), VEGA_MISPLACED);
	/* lengths that lie, checksum right */
	hdr->payload_bytes = UINT32_MAX - 3;
	hdr->header_crc32c = 0;
	hdr->header_crc32c = vega_crc32c(0, hdr, sizeof(*hdr));
	assert_int_equal(vega_format_check_block(hdr, 4096, id, 8192), VEGA_TORN);
	free(hdr);
}

static int
entry_is_good(void *arg)
{
	return vega_format_check_entry(arg, NULL, 1u << 20) == VEGA_GOOD;
}

static void
test_entry(void **state)
{
	struct vega_block_hdr *hdr = aligned_alloc(4096, 8192);
	struct vega_index_entry first;
	struct vega_index_entry second;

	(void)state;
	assert_non_null(hdr);
	make_block(hdr, 600);
	vega_format_entry(hdr, NULL, &first);
	assert_int_equal(first.start_off, 8192);
	assert_int_equal(first.end_off, 12288);
	flip_each_bit(&first, sizeof(first), entry_is_good, &first);
	assert_int_equal(vega_format_check_entry(&first, NULL, 12288), VEGA_GOOD);
	assert_int_equal(vega_format_check_entry(&first, NULL, 12287), VEGA_MISPLACED);

	/* times that go backwards: the running maximum stays */
	hdr->recv_ns_min = 50;
	hdr->recv_ns_max = 60;
	hdr->lost_disk = 3;
	hdr->lost_lane_full = 4;
	vega_format_block(hdr, id, 6, 12288);
	vega_format_entry(hdr, &first, &second);
	assert_int_equal(second.recv_ns_max, 60);
	assert_int_equal(second.recv_ns_runmax, 200);
	assert_int_equal(second.lost, 7);
	assert_int_equal(vega_format_check_entry(&second, &first, 1u << 20), VEGA_GOOD);
	assert_int_equal(vega_format_check_entry(&first, &second, 1u << 20), VEGA_MISPLACED);
	free(hdr);
}

struct index_case {
	struct vega_index_hdr *hdr;
	uint64_t bytes;
};

static int
index_is_good(void *arg)
{
	const struct index_case *c = arg;

	return vega_format_check_index(c->hdr, c->bytes, id, 40) == VEGA_GOOD;
}

static void
test_index(void **state)
{
	struct vega_index_entry entries[3] = {
		{.start_off = 4096}, {.start_off = 8192}, {.start_off = 12288}};
	_Alignas(8) uint8_t block[1024];
	struct index_case c = {(struct vega_index_hdr *)(void *)block, vega_format_index_bytes(3)};

	(void)state;
	vega_format_index(block, id, 40, entries, 3);
	flip_each_bit(block, c.bytes, index_is_good, &c);
	for (uint64_t bytes = 0; bytes < c.bytes; bytes++)
		assert_int_equal(vega_format_check_index(c.hdr, bytes, id, 40), VEGA_TORN);
	assert_int_equal(vega_format_check_index(c.hdr, c.bytes, other_id, 40), VEGA_STALE);
	assert_int_equal(vega_format_check_index(c.hdr, c.bytes, id, 41), VEGA_MISPLACED);
	vega_format_index(block, id, 40, NULL, 0);
	c.bytes = vega_format_index_bytes(0);
	assert_true(index_is_good(&c));
	assert_true(vega_format_index_bytes(VEGA_INDEX_ENTRIES_MAX) <= VEGA_BLOCK_BYTES_MAX);
}

static int
trailer_is_good(void *arg)
{
	return vega_format_check_trailer(arg, id, 16384) == VEGA_GOOD;
}

static void
test_trailer(void **state)
{
	struct vega_trailer t = {
		.file_bytes = 16384, .index_off = 12288, .index_bytes = 196, .entry_cnt = 1};

	(void)state;
	memcpy(t.file_id, id, 16);
	vega_format_trailer(&t);
	flip_each_bit(&t, sizeof(t), trailer_is_good, &t);
	assert_int_equal(vega_format_check_trailer(&t, id, 20480), VEGA_MISPLACED);
	assert_int_equal(vega_format_check_trailer(&t, other_id, 16384), VEGA_STALE);
	t.index_off = 16384;
	vega_format_trailer(&t);
	assert_false(trailer_is_good(&t));
	t.index_off = 12288;
	t.index_bytes = UINT64_MAX;
	vega_format_trailer(&t);
	assert_false(trailer_is_good(&t));
}

struct isb_case {
	struct vega_trailer trailer;
	struct vega_isb isb;
};

static int
isb_is_good(void *arg)
{
	const struct isb_case *c = arg;

	return vega_format_check_isb(&c->isb, &c->trailer) == VEGA_GOOD;
}

/* Times are high half first, counts little-endian: what other readers expect. */
static void
test_isb(void **state)
{
	struct isb_case c = {.trailer = {.file_bytes = 16384,
				     .index_off = 12288,
				     .index_bytes = 196,
				     .packet_cnt = 1ull << 32 | 7,
				     .lost = 20,
				     .recv_ns_min = 0x0102030405060708,
				     .recv_ns_max = 0x1112131415161718,
				     .isb_bytes = VEGA_ISB_BYTES,
				     .end_port_missed = 3}};

	(void)state;
	vega_format_isb(&c.isb, &c.trailer, 8);
	assert_int_equal(c.isb.start_ns[0], 0x01020304);
	assert_int_equal(c.isb.end_ns[1], 0x15161718);
	assert_int_equal(c.isb.received_cnt[0], 27);
	assert_int_equal(c.isb.received_cnt[1], 1);
	assert_int_equal(c.isb.if_drop_cnt[0], 8);
	assert_int_equal(c.isb.os_drop_cnt[0], 12);
	c.trailer.isb_crc32c = vega_crc32c(0, &c.isb, sizeof(c.isb));
	flip_each_bit(&c.isb, sizeof(c.isb), isb_is_good, &c);
	c.isb.if_drop_cnt[0] = 21; /* more than all */
	c.trailer.isb_crc32c = vega_crc32c(0, &c.isb, sizeof(c.isb));
	assert_false(isb_is_good(&c));

	/* what the trailer may say of it */
	memcpy(c.trailer.file_id, id, 16);
	vega_format_trailer(&c.trailer);
	assert_true(trailer_is_good(&c.trailer));
	c.trailer.isb_bytes = VEGA_ISB_BYTES + 4;
	vega_format_trailer(&c.trailer);
	assert_false(trailer_is_good(&c.trailer));
	c.trailer.isb_bytes = 0;
	vega_format_trailer(&c.trailer);
	assert_false(trailer_is_good(&c.trailer));
	c.trailer.isb_crc32c = 0;
	vega_format_trailer(&c.trailer);
	assert_false(trailer_is_good(&c.trailer));
	c.trailer.end_port_missed = 0;
	vega_format_trailer(&c.trailer);
	assert_true(trailer_is_good(&c.trailer));
}

static int
hole_is_good(void *arg)
{
	return vega_format_check_hole(arg, 64, id, 4096) == VEGA_GOOD;
}

static int
idx_head_is_good(void *arg)
{
	return vega_format_check_idx_head(arg, id) == VEGA_GOOD;
}

static void
test_hole_and_idx_head(void **state)
{
	_Alignas(8) uint8_t extent[8192] = {0};
	struct vega_hole_hdr *hole = (struct vega_hole_hdr *)(void *)extent;
	struct vega_idx_head idx;
	const uint32_t length = 8192;

	(void)state;
	vega_format_hole(hole, id, 4096, 8192, 77);
	flip_each_bit(hole, sizeof(*hole), hole_is_good, hole);
	assert_int_equal(vega_format_check_hole(hole, sizeof(extent), id, 4096), VEGA_TORN);
	memcpy(extent + 8188, &length, 4);
	assert_int_equal(vega_format_check_hole(hole, sizeof(extent), id, 4096), VEGA_GOOD);

	vega_format_idx_head(&idx, id);
	flip_each_bit(&idx, sizeof(idx), idx_head_is_good, &idx);
	assert_int_equal(vega_format_check_idx_head(&idx, other_id), VEGA_STALE);
}

/* Noise passes no check and is read within its bounds (the sanitizer looks). */
static void
test_noise(void **state)
{
	struct rng rng = {rng_seed(2)};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t bytes = 256 + 8 * rng_below(&rng, 32);
		uint64_t *noise = malloc(bytes);
		static const uint32_t types[] = {
			VEGA_BLOCK_DATA, VEGA_BLOCK_INDEX, VEGA_BLOCK_HOLE, VEGA_BLOCK_TRAILER};
		uint32_t type = types[rng_below(&rng, 4)];

		assert_non_null(noise);
		for (uint64_t w = 0; w < bytes / 8; w++)
			noise[w] = rng_one_in(&rng, 3) ? rng_below(&rng, 300) : rng_next(&rng);
		memcpy(noise, &type, sizeof(type));
		assert_int_not_equal(
			vega_format_check_block((void *)noise, bytes, id, 0), VEGA_GOOD);
		assert_int_not_equal(
			vega_format_check_index((void *)noise, bytes, id, 0), VEGA_GOOD);
		assert_int_not_equal(
			vega_format_check_hole((void *)noise, bytes, id, 0), VEGA_GOOD);
		assert_int_not_equal(vega_format_check_trailer((void *)noise, id, 4096), VEGA_GOOD);
		free(noise);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_head_refused),
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_block_judged),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_trailer),
		cmocka_unit_test(test_isb),
		cmocka_unit_test(test_hole_and_idx_head),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
