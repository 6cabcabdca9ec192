/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verifier sees every flipped bit and every cut of a journal; the reader survives each of them.
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hugepages/base/crc32c.h"
#include "hugepages/base/err.h"
#include "store/vega_journal.h"
#include "store/verify.h"
#include "tests/lib/sanitized.h"
#include "tests/store/journal_make.h"

static struct jmake m;

static void
make_small(bool sealed)
{
	const struct jframe first[] = {
		{.recv_ns = 1000, .captured_bytes = 61, .wire_bytes = 61},
		{.recv_ns = 1500,
			.captured_bytes = 8,
			.wire_bytes = 90,
			.interface_id = 1,
			.drop_cnt = 5},
	};
	const struct jframe second[] = {{.recv_ns = 900, .captured_bytes = 0, .wire_bytes = 0}};

	jmake_begin(&m, "small", 20261120, 0, 77);
	jmake_block(&m, first, 2);
	jmake_block(&m, second, 1);
	m.trailer.end_oversize = 7;
	m.trailer.end_port_missed = 9;
	if (sealed)
		jmake_seal(&m);
}

/* The same as it was before there was an Interface Statistics Block. */
static void
make_small_without_isb(void)
{
	const struct jframe frame = {.recv_ns = 1000, .captured_bytes = 61, .wire_bytes = 61};

	jmake_begin(&m, "small", 20261120, 0, 77);
	jmake_block(&m, &frame, 1);
	m.without_isb = true;
	jmake_seal(&m);
}

static char last_damage[PATH_MAX];

static void
keep_damage(void *arg, const struct vega_damage *damage)
{
	(void)arg;
	(void)snprintf(last_damage, sizeof(last_damage), "%llu: %s",
		(unsigned long long)damage->file_off, damage->what);
}

static int
verify(const char *path, struct vega_verify_sum *sum)
{
	const struct vega_verify_hooks hooks = {.damage = keep_damage};

	last_damage[0] = '\0';
	*sum = (struct vega_verify_sum){0};
	return vega_verify_file(jmake_io, path, &hooks, sum);
}

/* Open and walk whatever can be walked; what is served must come in whole frames. */
static uint64_t
read_all(const char *path)
{
	struct vega_journal *journal;
	struct vega_cursor *cursor;
	struct vega_frame frame;
	uint64_t cnt = 0;
	uint8_t sink = 0;

	if (vega_journal_open(path, &journal) < 0)
		return 0;
	assert_int_equal(vega_cursor_open(journal, 0, 0, UINT64_MAX, NULL, NULL, &cursor), 0);
	while (vega_cursor_next(cursor, &frame) == 1) {
		for (uint32_t i = 0; i < frame.captured_bytes; i++)
			sink = (uint8_t)(sink ^ frame.data[i]);
		cnt++;
	}
	(void)sink;
	vega_cursor_close(cursor);
	vega_journal_close(journal);
	return cnt;
}

static void
whole_file_is_ok(void **state)
{
	const char *path = jmake_path(jmake_dir, "whole.pcapng");
	struct vega_verify_sum sum;

	(void)state;
	make_small(true);
	jmake_save(&m, path);
	assert_int_equal(verify(path, &sum), 0);
	assert_string_equal(last_damage, "");
	assert_int_equal(sum.damaged_blocks, 0);
	assert_int_equal(sum.blocks, 2);
	assert_int_equal(sum.packets, 3);
	assert_int_equal(sum.unsealed_files, 0);
	assert_int_equal(sum.bytes, m.len);
	jmake_free(&m);
}

static void
flip_every_bit_from(uint64_t off)
{
	const char *path = jmake_path(jmake_dir, "flip.pcapng");
	struct vega_verify_sum sum;
	FILE *file;

	jmake_save(&m, path);
	assert_int_equal(verify(path, &sum), 0);
	assert_string_equal(last_damage, "");
	file = fopen(path, "r+b");
	assert_non_null(file);
	for (uint64_t bit = off * 8; bit < m.len * 8; bit += SANITIZED ? 13 : 1) {
		const uint8_t byte = m.bytes[bit / 8];
		const uint8_t flipped = (uint8_t)(byte ^ 1u << bit % 8);
		int rc;

		assert_int_equal(pwrite(fileno(file), &flipped, 1, (off_t)(bit / 8)), 1);
		rc = verify(path, &sum);
		if (rc != -EBADMSG && (rc != 0 || sum.damaged_blocks == 0))
			fail_msg("bit %llu of byte %llu flipped unseen",
				(unsigned long long)bit % 8, (unsigned long long)bit / 8);
		if (bit % 5 == 0)
			assert_true(read_all(path) <= 3);
		assert_int_equal(pwrite(fileno(file), &byte, 1, (off_t)(bit / 8)), 1);
	}
	assert_int_equal(fclose(file), 0);
	jmake_free(&m);
}

/* There is no undocumented padding: each bit of a sealed file counts. */
static void
every_flipped_bit_is_seen(void **state)
{
	(void)state;
	make_small(true);
	flip_every_bit_from(0);
	make_small_without_isb();
	flip_every_bit_from(m.len - 1024); /* the rest is as above */
}

/* One flipped bit costs at most its own block: the reader still serves all the others. */
static void
a_flip_costs_its_block_alone(void **state)
{
	const char *path = jmake_path(jmake_dir, "cost.pcapng");

	(void)state;
	make_small(true);
	for (uint64_t off = 0; off < m.len; off += 97) {
		uint64_t cnt;

		m.bytes[off] ^= 0x10;
		jmake_save(&m, path);
		cnt = read_all(path);
		if (off >= VEGA_HEAD_BYTES && off < VEGA_HEAD_BYTES * 2)
			assert_int_equal(cnt, 1);
		else if (off >= VEGA_HEAD_BYTES * 2 && off < VEGA_HEAD_BYTES * 3)
			assert_int_equal(cnt, 2);
		else
			assert_int_equal(cnt, 3);
		m.bytes[off] ^= 0x10;
	}
	jmake_free(&m);
}

static void
every_cut_of_a_sealed_file_is_seen(void **state)
{
	const char *path = jmake_path(jmake_dir, "cut.pcapng");
	struct vega_verify_sum sum;

	(void)state;
	make_small(true);
	jmake_save(&m, path);
	for (uint64_t len = m.len - 1; len < m.len; len -= SANITIZED ? 13 : 1) {
		int rc;

		assert_int_equal(truncate(path, (off_t)len), 0);
		rc = verify(path, &sum);
		assert_true(rc == -EBADMSG || (rc == 0 && sum.damaged_blocks != 0));
		if (len % 7 == 0 || len % 4096 == 0)
			assert_int_equal(read_all(path), len >= VEGA_HEAD_BYTES * 3   ? 3
							 : len >= VEGA_HEAD_BYTES * 2 ? 2
										      : 0);
	}
	jmake_free(&m);
}

static void
an_unsealed_file_is_no_damage(void **state)
{
	const char *path = jmake_path(jmake_dir, "unsealed.pcapng");
	struct vega_verify_sum sum;

	(void)state;
	make_small(false);
	jmake_save(&m, path);
	assert_int_equal(verify(path, &sum), 0);
	assert_int_equal(sum.damaged_blocks, 0);
	assert_int_equal(sum.unsealed_files, 1);
	assert_int_equal(sum.packets, 3);
	assert_int_equal(sum.tail_bytes, 0);
	/* Cut anywhere, it ends in a torn tail at most. */
	for (uint64_t len = m.len - 1; len >= VEGA_HEAD_BYTES; len -= 113) {
		assert_int_equal(truncate(path, (off_t)len), 0);
		assert_int_equal(verify(path, &sum), 0);
		assert_int_equal(sum.damaged_blocks, 0);
		assert_int_equal(sum.tail_bytes, (len - VEGA_HEAD_BYTES) % 4096);
	}
	jmake_free(&m);
}

static void
a_torn_extent_between_good_blocks_is_damage(void **state)
{
	const char *path = jmake_path(jmake_dir, "between.pcapng");
	const struct jframe frame = {.recv_ns = 5, .captured_bytes = 60, .wire_bytes = 60};
	struct vega_verify_sum sum;

	(void)state;
	jmake_begin(&m, "torn", 20261120, 0, 1);
	jmake_block(&m, &frame, 1);
	jmake_torn(&m, 8192);
	jmake_block(&m, &frame, 1);
	jmake_save(&m, path);
	assert_int_equal(verify(path, &sum), 0);
	assert_int_equal(sum.damaged_blocks, 1);
	assert_int_equal(sum.blocks, 2);
	assert_non_null(strstr(last_damage, "8192: need a data block, found 8192 bytes"));
	jmake_free(&m);
}

static void
a_covered_hole_is_a_known_loss(void **state)
{
	const char *path = jmake_path(jmake_dir, "hole.pcapng");
	const struct jframe frame = {.recv_ns = 5, .captured_bytes = 60, .wire_bytes = 60};
	struct vega_verify_sum sum;

	(void)state;
	jmake_begin(&m, "hole", 20261120, 0, 1);
	jmake_block(&m, &frame, 1);
	jmake_hole(&m, 8192);
	jmake_block(&m, &frame, 1);
	jmake_seal(&m);
	jmake_save(&m, path);
	assert_int_equal(verify(path, &sum), 0);
	assert_string_equal(last_damage, "");
	assert_int_equal(sum.damaged_blocks, 0);
	assert_int_equal(sum.hole_cnt, 1);
	assert_int_equal(sum.hole_bytes, 8192);
	assert_int_equal(sum.packets, 2);
	jmake_free(&m);
}

static void
lie_about_count(struct vega_block_hdr *hdr)
{
	hdr->packet_cnt = 2;
	hdr->recv_ns_min = hdr->recv_ns_max = hdr->recv_ns_first = hdr->recv_ns_last = 9;
}

/* Checksums hold, and yet the parts do not agree: only a reading of the meaning sees it. */
static void
lies_with_good_checksums_are_seen(void **state)
{
	const char *path = jmake_path(jmake_dir, "lies.pcapng");
	const uint32_t epb[9] = {6, 36, 7 /* no such interface */, 0, 9, 4, 4, 0, 36};
	const uint32_t alien[3] = {0xD6454799u, 12, 12};
	struct vega_verify_sum sum;

	(void)state;
	jmake_begin(&m, "lies", 20261120, 0, 1);
	jmake_raw(&m, epb, sizeof(epb), lie_about_count, 1);
	jmake_seal(&m);
	jmake_save(&m, path);
	assert_int_equal(verify(path, &sum), 0);
	assert_int_equal(sum.damaged_blocks, 1);
	assert_non_null(strstr(last_damage, "packet count: need 1, found 2"));
	jmake_free(&m);

	jmake_begin(&m, "lies", 20261120, 0, 1);
	jmake_raw(&m, alien, sizeof(alien), NULL, 0);
	jmake_seal(&m);
	jmake_save(&m, path);
	assert_int_equal(verify(path, &sum), 0);
	assert_int_equal(sum.damaged_blocks, 1);
	assert_non_null(strstr(last_damage, "does not belong there"));
	jmake_free(&m);
}

/* The list beside an unsealed file is derived: each flip in it is told, none is damage of the journal. */
static void
every_flipped_byte_of_an_idx_is_told(void **state)
{
	const uint64_t idx_bytes = sizeof(struct vega_idx_head) + 2 * VEGA_INDEX_ENTRY_BYTES;
	const char *path = jmake_path(jmake_dir, "idx.pcapng");
	const char *idx = jmake_path(jmake_dir, "idx.pcapng.idx");
	struct vega_verify_sum sum;
	int fd;

	(void)state;
	make_small(false);
	jmake_save(&m, path);
	jmake_save_idx(&m, path, 2);
	assert_int_equal(verify(path, &sum), 0);
	assert_int_equal(sum.idx_bad_entries, 0);
	fd = open(idx, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (uint64_t at = 0; at < idx_bytes; at++) {
		uint8_t byte;

		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		assert_int_equal(verify(path, &sum), 0);
		assert_int_equal(sum.idx_bad_entries, 1);
		assert_int_equal(sum.damaged_blocks, 0);
		assert_int_equal(sum.packets, 3);
		assert_non_null(strstr(last_damage, "idx"));
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	}
	for (uint64_t len = idx_bytes; len-- != 0;) { /* a shorter one is behind, not wrong */
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		assert_int_equal(verify(path, &sum), 0);
		assert_int_equal(sum.idx_bad_entries, 0);
	}
	assert_int_equal(close(fd), 0);
	jmake_free(&m);
}

static uint64_t
bad_entries_with(const struct vega_index_entry *second, const char *what)
{
	const char *path = jmake_path(jmake_dir, "idxlies.pcapng");
	const struct vega_index_entry was = m.entries[1];
	struct vega_verify_sum sum;

	m.entries[1] = *second;
	m.entries[1].entry_crc32c =
		vega_crc32c(0, second, offsetof(struct vega_index_entry, entry_crc32c));
	jmake_save(&m, path);
	jmake_save_idx(&m, path, 2);
	assert_int_equal(verify(path, &sum), 0);
	assert_int_equal(sum.damaged_blocks, 0);
	assert_non_null(strstr(last_damage, what));
	m.entries[1] = was;
	return sum.idx_bad_entries;
}

static void
an_idx_that_lies_is_told(void **state)
{
	struct vega_index_entry lie;

	(void)state;
	make_small(false);
	assert_int_equal(bad_entries_with(&m.entries[1], ""), 0);
	lie = m.entries[1];
	lie.packet_cnt++;
	assert_int_equal(bad_entries_with(&lie, "does not say what the block"), 1);
	lie = m.entries[1];
	lie.recv_ns_runmax = lie.recv_ns_max; /* the block before ends later */
	assert_int_equal(bad_entries_with(&lie, "does not say what the block"), 1);
	lie = m.entries[1];
	lie.start_off += 4096;
	lie.end_off += 4096;
	assert_int_equal(bad_entries_with(&lie, "no block at"), 1);
	lie = m.entries[0];
	assert_int_equal(bad_entries_with(&lie, "out of order"), 1);
	jmake_free(&m);
}

/* Statistics that check, and say other than the blocks; a trailer that says the same of them. */
static void
statistics_that_lie_are_seen(void **state)
{
	const char *path = jmake_path(jmake_dir, "isb.pcapng");
	struct vega_trailer *trailer;
	struct vega_verify_sum sum;
	struct vega_isb *isb;

	(void)state;
	for (unsigned word = 3; word < VEGA_ISB_BYTES / 4; word++) {
		make_small(true);
		trailer = (void *)(m.bytes + m.len - sizeof(*trailer));
		isb = (void *)(m.bytes + m.len - sizeof(*trailer) - sizeof(*isb));
		((uint32_t *)(void *)isb)[word] ^= 1;
		trailer->isb_crc32c = vega_crc32c(0, isb, sizeof(*isb));
		vega_format_trailer(trailer);
		jmake_save(&m, path);
		assert_int_equal(verify(path, &sum), 0);
		assert_int_equal(sum.damaged_blocks, 1);
		assert_non_null(strstr(last_damage, "statistics: "));
		jmake_free(&m);
	}
	make_small(true);
	trailer = (void *)(m.bytes + m.len - sizeof(*trailer));
	trailer->end_disk++;
	vega_format_trailer(trailer);
	jmake_save(&m, path);
	assert_int_equal(verify(path, &sum), 0);
	assert_non_null(strstr(last_damage, "trailer: lost frames"));
	jmake_free(&m);
}

static void
other_files_are_refused(void **state)
{
	const char *path = jmake_path(jmake_dir, "other.pcapng");
	struct vega_verify_sum sum;
	char text[8192] = "not a journal at all";

	(void)state;
	jmake_write(path, text, sizeof(text));
	assert_int_equal(verify(path, &sum), -EBADMSG);
	assert_int_equal(vega_err_status(), EX_DATAERR);
	jmake_write(path, text, 0);
	assert_int_equal(verify(path, &sum), -EBADMSG);
	assert_int_equal(verify("/nonexistent/x", &sum), -ENOENT);
	assert_int_equal(verify("/dev/null", &sum), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_file_is_ok),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(a_flip_costs_its_block_alone),
		cmocka_unit_test(every_cut_of_a_sealed_file_is_seen),
		cmocka_unit_test(an_unsealed_file_is_no_damage),
		cmocka_unit_test(a_torn_extent_between_good_blocks_is_damage),
		cmocka_unit_test(a_covered_hole_is_a_known_loss),
		cmocka_unit_test(lies_with_good_checksums_are_seen),
		cmocka_unit_test(every_flipped_byte_of_an_idx_is_told),
		cmocka_unit_test(an_idx_that_lies_is_told),
		cmocka_unit_test(statistics_that_lie_are_seen),
		cmocka_unit_test(other_files_are_refused),
	};

	return cmocka_run_group_tests(tests, jmake_setup, jmake_teardown);
}
