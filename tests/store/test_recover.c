/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recover on every kind of leftover: it keeps each good block, covers and cuts the rest, touches nothing else, and ends
 * the same wherever it is interrupted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/base/err.h"
#include "store/format.h"
#include "store/recover.h"
#include "store/verify.h"
#include "tests/lib/io_mem.h"
#include "tests/lib/rng.h"
#include "tests/store/rig.h"

#define PATH "/j/20231114/feed0/frames-0000.pcapng"

/* A disk with one file of `blocks` blocks of `frames` frames of `bytes` bytes, sealed or as a crash leaves it. */
static struct vega_io *
make_disk(uint32_t blocks, uint32_t frames, uint32_t bytes, bool sealed)
{
	struct vega_io *io = io_mem_new(1);
	struct rig rig;

	rig_new(&rig, 1, 2);
	rig_drain_mem(&rig, io);
	for (uint32_t b = 0; b < blocks; b++) {
		for (uint32_t f = 0; f < frames; f++)
			assert_true(rig_frame(&rig, 0, bytes));
		rig_seal(&rig, 0, VEGA_SEAL_AGE);
		rig_settle(&rig);
	}
	if (sealed)
		assert_int_equal(vega_drain_finish(rig.drain), 0);
	rig_delete(&rig);
	return io;
}

static struct rig_file
look(struct vega_io *io)
{
	uint64_t bytes;
	uint8_t *at = io_mem_bytes(io, PATH, &bytes);

	assert_non_null(at);
	return rig_look(at, bytes, 0);
}

static uint8_t *
file_bytes(struct vega_io *io, uint64_t *ret_bytes)
{
	uint8_t *at = io_mem_bytes(io, PATH, ret_bytes);
	uint8_t *copy = malloc(*ret_bytes + 1);

	assert_true(at != NULL && copy != NULL);
	memcpy(copy, at, *ret_bytes);
	return copy;
}

static void
say_damage(void *arg, const struct vega_damage *damage)
{
	(void)arg;
	print_message("at %llu: %s\n", (unsigned long long)damage->file_off, damage->what);
}

/* The second reading agrees that all is well. */
static void
verify(struct vega_io *io, uint64_t want_blocks, uint64_t want_holes)
{
	const struct vega_verify_hooks hooks = {.damage = say_damage};
	struct vega_verify_sum sum = {0};

	assert_int_equal(vega_verify_file(io, PATH, &hooks, &sum), 0);
	assert_int_equal(sum.damaged_blocks, 0);
	assert_int_equal(sum.unsealed_files, 0);
	assert_int_equal(sum.blocks, want_blocks);
	assert_int_equal(sum.hole_cnt, want_holes);
}

/* Recover, look, recover again: the second run changes no byte. */
static struct vega_recover_report
recover(struct vega_io *io)
{
	struct vega_recover_report report;
	struct vega_recover_report again;
	uint64_t bytes;
	uint64_t bytes_again;
	uint8_t *once;
	uint8_t *twice;
	struct rig_file file;
	int rc = vega_recover_file(io, PATH, NULL, NULL, &report);

	if (rc != 0)
		fail_msg("%s", vega_err_text());
	file = look(io);
	assert_true(file.sealed);
	assert_int_equal(file.torn_bytes, 0);
	assert_int_equal(file.blocks, report.block_cnt);
	assert_int_equal(file.frames, report.packet_cnt);
	assert_null(io_mem_path(io, 1)); /* no NAME.idx */

	once = file_bytes(io, &bytes);
	assert_int_equal(vega_recover_file(io, PATH, NULL, NULL, &again), 0);
	twice = file_bytes(io, &bytes_again);
	assert_true(again.was_sealed);
	assert_int_equal(again.block_cnt, report.block_cnt);
	assert_int_equal(bytes, bytes_again);
	assert_memory_equal(once, twice, bytes);
	free(once);
	free(twice);
	return report;
}

static void
test_sealed_is_left_alone(void **state)
{
	struct vega_io *io = make_disk(5, 10, 100, true);
	struct vega_recover_report report;
	uint64_t bytes;
	uint8_t *before = file_bytes(io, &bytes);

	(void)state;
	report = recover(io);
	assert_true(report.was_sealed);
	assert_int_equal(report.block_cnt, 5);
	assert_memory_equal(before, io_mem_bytes(io, PATH, &bytes), bytes);
	free(before);
	vega_io_delete(io);
}

static void
test_unsealed(void **state)
{
	struct vega_io *io = make_disk(5, 10, 100, false);
	struct vega_recover_report report;

	(void)state;
	assert_false(look(io).sealed);
	report = recover(io);
	assert_false(report.was_sealed);
	assert_int_equal(report.packet_cnt, 50);
	assert_int_equal(report.hole_cnt + report.cut_bytes, 0);
	verify(io, 5, 0);
	vega_io_delete(io);
}

/* The statistics are those of the block headers: losses that none of them tells are not known any more. */
static void
test_losses_are_summed(void **state)
{
	struct vega_io *io = io_mem_new(1);
	const struct vega_isb *isb;
	uint64_t bytes;
	uint8_t *at;
	struct rig rig;

	(void)state;
	rig_new(&rig, 1, 2);
	rig_drain_mem(&rig, io);
	for (uint32_t b = 0; b < 3; b++) {
		rig.writers[0].losses.port_missed = 2;
		rig.writers[0].losses.oversize = 5;
		assert_true(rig_frame(&rig, 0, 100));
		rig_seal(&rig, 0, VEGA_SEAL_AGE);
		rig_settle(&rig);
	}
	rig.writers[0].losses.oversize = 100;
	rig_seal(&rig, 0, VEGA_SEAL_STOP);
	rig_delete(&rig);
	(void)recover(io);
	verify(io, 3, 0);
	assert_int_equal(look(io).lost, 21);
	assert_int_equal(look(io).lost_end, 0);
	at = io_mem_bytes(io, PATH, &bytes);
	isb = (const struct vega_isb *)(const void *)(at + bytes - VEGA_TRAILER_BYTES -
						      VEGA_ISB_BYTES);
	assert_int_equal(isb->received_cnt[0], 24);
	assert_int_equal(isb->if_drop_cnt[0], 6);
	assert_int_equal(isb->os_drop_cnt[0], 15);
	vega_io_delete(io);
}

static void
test_without_a_block(void **state)
{
	struct vega_io *io = make_disk(1, 1, 100, false);
	uint64_t bytes;
	uint8_t *at = file_bytes(io, &bytes);
	struct vega_recover_report report;

	(void)state;
	io_mem_put(io, PATH, at, VEGA_HEAD_BYTES);
	report = recover(io);
	assert_int_equal(report.block_cnt, 0);
	verify(io, 0, 0);
	free(at);
	vega_io_delete(io);
}

/* Each block of eight torn or not, in every combination; each in one of three ways. */
/* The head was written, and its last sector dropped by the crash: sealing lays all of it. */
static void
test_lost_state_sector(void **state)
{
	struct vega_io *io = make_disk(3, 10, 100, false);
	uint64_t bytes;
	uint8_t *at = file_bytes(io, &bytes);

	(void)state;
	memset(at + VEGA_STATE_OFF, 0, VEGA_HEAD_BYTES - VEGA_STATE_OFF);
	io_mem_put(io, PATH, at, bytes);
	(void)recover(io);
	verify(io, 3, 0);
	free(at);
	vega_io_delete(io);
}

static void
test_torn_blocks(void **state)
{
	struct rng rng = {rng_seed(1)};

	(void)state;
	for (unsigned torn = 0; torn < 256; torn++) {
		struct vega_io *io = make_disk(8, 3, 1000, false);
		struct vega_recover_report report;
		uint64_t bytes;
		uint8_t *at = io_mem_bytes(io, PATH, &bytes);
		uint32_t blocks = 0;
		uint32_t holes = 0;
		uint32_t last_good = 0;

		for (uint32_t b = 0; b < 8; b++) {
			uint8_t *block = at + 4096 * (b + 1);

			if (!(torn & 1u << b)) {
				blocks++;
				holes += last_good != b;
				last_good = b + 1;
			} else if (rng_one_in(&rng, 3)) {
				memset(block, 0, 4096);
			} else {
				block[rng_below(&rng, 4096)] ^= 0x10;
			}
		}
		report = recover(io);
		assert_int_equal(report.block_cnt, blocks);
		assert_int_equal(report.hole_cnt, holes);
		assert_int_equal(report.cut_bytes, 4096 * (8 - last_good));
		assert_int_equal(look(io).holes, holes);
		if (torn % 16 == 5)
			verify(io, blocks, holes);
		vega_io_delete(io);
	}
}

/* A hole above 8 MiB becomes a chain. */
static void
test_large_hole(void **state)
{
	struct vega_io *io = make_disk(22, 1040, 1000, false);
	struct vega_recover_report report;
	uint64_t blocks;
	uint64_t bytes;
	uint8_t *at = io_mem_bytes(io, PATH, &bytes);

	(void)state;
	blocks = look(io).blocks;
	for (uint64_t off = 4096 + (1u << 20); off < 4096 + (20u << 20); off += 4096)
		at[off] ^= 1;
	report = recover(io);
	assert_true(report.block_cnt < blocks && report.block_cnt >= 2);
	assert_true(report.hole_bytes > 2 * VEGA_BLOCK_BYTES_MAX);
	assert_int_equal(report.hole_cnt, 3);
	assert_int_equal(look(io).holes, 3);
	verify(io, report.block_cnt, 3);
	vega_io_delete(io);
}

/* Cut anywhere, and with anything behind. */
static void
test_cut_tails(void **state)
{
	struct vega_io *whole = make_disk(4, 20, 700, true);
	struct rng rng = {rng_seed(2)};
	uint64_t bytes;
	uint8_t *at = file_bytes(whole, &bytes);

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct vega_io *io = io_mem_copy(whole, 1);
		uint64_t cut = VEGA_HEAD_BYTES + rng_below(&rng, bytes - VEGA_HEAD_BYTES);
		uint64_t junk = rng_one_in(&rng, 2) ? rng_below(&rng, 20000) : 0;
		uint8_t *cut_bytes = calloc(1, cut + junk);
		uint64_t expect = 0;

		assert_non_null(cut_bytes);
		memcpy(cut_bytes, at, cut);
		for (uint64_t j = 0; j < junk && i % 3 != 0; j++)
			cut_bytes[cut + j] = (uint8_t)rng_next(&rng);
		for (uint64_t off = VEGA_HEAD_BYTES; off < cut;) {
			const struct vega_block_hdr *hdr =
				(const struct vega_block_hdr *)(const void *)(at + off);

			if (hdr->block_type != VEGA_BLOCK_DATA)
				break;
			off += hdr->stored_bytes;
			expect += off <= cut;
		}
		io_mem_put(io, PATH, cut_bytes, cut + junk);
		assert_int_equal(recover(io).block_cnt, expect);
		free(cut_bytes);
		vega_io_delete(io);
	}
	free(at);
	vega_io_delete(whole);
}

/* A sealed file whose index, padding, statistics or trailer is damaged is sealed anew; a flip elsewhere costs what it hits. */
static void
test_damaged_tail(void **state)
{
	struct vega_io *whole = make_disk(4, 20, 700, true);
	uint64_t bytes;

	(void)state;
	(void)io_mem_bytes(whole, PATH, &bytes);
	for (uint64_t off = bytes - 4096; off < bytes; off += 37) {
		struct vega_io *io = io_mem_copy(whole, 1);

		io_mem_bytes(io, PATH, &bytes)[off] ^= 4;
		assert_int_equal(recover(io).block_cnt, 4);
		verify(io, 4, 0);
		vega_io_delete(io);
	}
	vega_io_delete(whole);
}

static void
test_refused_untouched(void **state)
{
	static const uint64_t lengths[] = {0, 1, 4095};
	struct vega_io *io = make_disk(2, 5, 100, false);
	struct vega_recover_report report;
	uint64_t bytes;
	uint8_t *at = file_bytes(io, &bytes);
	uint64_t ops;
	int file;

	(void)state;
	file = io->ops->open(io, PATH, VEGA_IO_WRITE | VEGA_IO_LOCK);
	assert_int_equal(vega_recover_file(io, PATH, NULL, NULL, &report), -EBUSY);
	assert_int_equal(vega_err_status(), EX_TEMPFAIL);
	io->ops->close(io, file);
	assert_int_equal(vega_recover_file(io, "/j/none", NULL, NULL, &report), -ENOENT);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(lengths) + 1; i++) {
		at[100] ^= i == 3;
		io_mem_put(io, PATH, at, i == 3 ? bytes : lengths[i]);
		ops = io_mem_ops(io);
		assert_int_equal(vega_recover_file(io, PATH, NULL, NULL, &report), -EBADMSG);
		assert_int_equal(vega_err_status(), EX_DATAERR);
		assert_non_null(strstr(vega_err_text(), PATH));
		assert_int_equal(io_mem_ops(io), ops);
	}
	free(at);
	vega_io_delete(io);
}

/* The power fails at each act of recover in turn, and at the next run again: it ends as if nothing had happened. */
static void
test_interrupted_anywhere(void **state)
{
	struct vega_io *torn = make_disk(8, 3, 1000, false);
	struct vega_io *straight;
	struct vega_recover_report want;
	uint64_t acts;
	uint64_t bytes;
	uint8_t *at = io_mem_bytes(torn, PATH, &bytes);

	(void)state;
	at[4096 * 2 + 500] ^= 1; /* block 1's payload */
	memset(at + 4096 * 5, 0, 8192);
	at[4096 * 8 + 20] ^= 1; /* the last block's header */
	straight = io_mem_copy(torn, 1);
	acts = io_mem_ops(straight);
	want = recover(straight);
	acts = io_mem_ops(straight) - acts;
	assert_int_equal(want.block_cnt, 4);
	assert_int_equal(want.hole_cnt, 2);
	for (uint64_t n = 1; n <= acts; n++) {
		for (uint64_t seed = 0; seed < 40; seed++) {
			struct vega_io *io = io_mem_copy(torn, seed);
			struct vega_recover_report report;
			uint64_t first = n;

			for (; first != 0; first /= 2) {
				io_mem_faults(io)->power_ops = first;
				(void)!vega_recover_file(io, PATH, NULL, NULL, &report);
				io_mem_crash(io);
			}
			report = recover(io);
			assert_int_equal(report.block_cnt, want.block_cnt);
			assert_int_equal(report.hole_cnt, want.hole_cnt);
			assert_int_equal(report.hole_bytes, want.hole_bytes);
			vega_io_delete(io);
		}
	}
	vega_io_delete(straight);
	vega_io_delete(torn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed_is_left_alone),
		cmocka_unit_test(test_unsealed),
		cmocka_unit_test(test_losses_are_summed),
		cmocka_unit_test(test_without_a_block),
		cmocka_unit_test(test_lost_state_sector),
		cmocka_unit_test(test_torn_blocks),
		cmocka_unit_test(test_large_hole),
		cmocka_unit_test(test_cut_tails),
		cmocka_unit_test(test_damaged_tail),
		cmocka_unit_test(test_refused_untouched),
		cmocka_unit_test(test_interrupted_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
