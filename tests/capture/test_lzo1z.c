/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams written by hand, one instruction after the other. test_lzo1z_peer.c holds the decoder against another one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/lzo1z.h"
#include "tests/lib/lzo1z_store.h"

#define ROOM_BYTES 70000u

struct stream {
	uint32_t bytes;
	uint8_t data[ROOM_BYTES + 1024];
};

static void
put(struct stream *s, const void *data, uint32_t bytes)
{
	memcpy(s->data + s->bytes, data, bytes);
	s->bytes += bytes;
}

static void
put_u8(struct stream *s, uint32_t value)
{
	s->data[s->bytes++] = (uint8_t)value;
}

/* The first instruction: literals 0, 1, 2 ... */
static struct stream
begin(uint32_t literals)
{
	struct stream s = {.bytes = 1, .data = {(uint8_t)(17 + literals)}};

	for (uint32_t i = 0; i < literals; i++)
		put_u8(&s, i);
	return s;
}

static void
put_end(struct stream *s)
{
	put(s, "\x11\0\0", 3);
}

/* Both buffers are exactly as long as said, so that a byte too far is seen by the sanitizer. */
static int
decode(const struct stream *s, uint32_t room, uint8_t *ret_out)
{
	uint8_t *in = malloc(s->bytes != 0 ? s->bytes : 1);
	uint8_t *out = malloc(room != 0 ? room : 1);
	int rc;

	assert_non_null(in);
	assert_non_null(out);
	memcpy(in, s->data, s->bytes);
	rc = vega_lzo1z_decode(in, s->bytes, out, room);
	assert_true(rc == -EBADMSG || (rc >= 0 && (uint32_t)rc <= room));
	if (rc > 0 && ret_out != NULL)
		memcpy(ret_out, out, (size_t)rc);
	free(in);
	free(out);
	return rc;
}

/* Gives exactly this, with room to spare and with none; with less room, cut anywhere or with a byte more it is refused. */
static void
assert_gives(const struct stream *s, const uint8_t *want, uint32_t bytes)
{
	static uint8_t got[ROOM_BYTES];
	struct stream other = *s;

	assert_int_equal(decode(s, ROOM_BYTES, got), bytes);
	assert_memory_equal(got, want, bytes);
	assert_int_equal(decode(s, bytes, got), bytes);
	assert_memory_equal(got, want, bytes);
	for (uint32_t room = bytes > 40 ? bytes - 40 : 0; room < bytes; room++)
		assert_int_equal(decode(s, room, NULL), -EBADMSG);
	for (other.bytes = s->bytes > 40 ? s->bytes - 40 : 0; other.bytes < s->bytes; other.bytes++)
		assert_int_equal(decode(&other, ROOM_BYTES, NULL), -EBADMSG);
	put_u8(&other, 0);
	assert_int_equal(decode(&other, ROOM_BYTES, NULL), -EBADMSG);
}

static void
assert_refused(const struct stream *s)
{
	assert_int_equal(decode(s, ROOM_BYTES, NULL), -EBADMSG);
}

/* What a match adds to `have` bytes of 0, 1, 2 ..., byte by byte. */
static uint32_t
matched(uint8_t *out, uint32_t have, uint32_t dist, uint32_t bytes)
{
	for (uint32_t i = 0; i < have; i++)
		out[i] = (uint8_t)i;
	for (uint32_t i = have; i < have + bytes; i++)
		out[i] = out[i - dist];
	return have + bytes;
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

static void
test_empty(void **state)
{
	struct stream s = {0};

	(void)state;
	assert_refused(&s);
	put_end(&s);
	assert_gives(&s, (const uint8_t *)"", 0);
}

/* The marker is one by its distance; its length, which says nothing, may be any, long ones too. */
static void
test_end_marker(void **state)
{
	(void)state;
	for (uint32_t t = 16; t < 32; t++) {
		struct stream s = begin(4);

		put_u8(&s, t);
		if ((t & 7) == 0)
			put(&s, "\0\1", 2);
		put(&s, "\0\0", 2);
		if ((t & 8) == 0)
			assert_gives(&s, (const uint8_t *)"\0\1\2\3", 4);
		else
			assert_refused(&s);
	}
}

static void
test_first_literals(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 238; n++) {
		struct stream s = begin(n);

		put_end(&s);
		assert_gives(&s, s.data + 1, n);
	}
}

static void
test_runs_of_literals(void **state)
{
	static uint8_t data[3000];
	static struct stream s;

	(void)state;
	for (uint32_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (uint32_t n = 4; n < sizeof(data); n += n < 600 ? 1 : 97) {
		s.bytes = 0;
		if (n <= 18) {
			put_u8(&s, n - 3);
			put(&s, data, n);
			put_end(&s);
		} else {
			s.bytes = lzo1z_store(data, n, s.data);
		}
		assert_gives(&s, data, n);
	}
}

/* Distances of every kind, those that overlap themselves among them. */
static void
test_near_matches(void **state)
{
	uint8_t want[300];

	(void)state;
	for (uint32_t dist = 1; dist <= 200; dist++) {
		for (uint32_t bytes = 3; bytes <= 8; bytes++) {
			struct stream s = begin(200);

			put_u8(&s, (bytes - 1) << 5 | (dist - 1) >> 6);
			put_u8(&s, ((dist - 1) & 63) << 2);
			put_end(&s);
			assert_gives(&s, want, matched(want, 200, dist, bytes));
		}
	}
}

static void
test_middle_matches(void **state)
{
	static uint8_t want[1000];

	(void)state;
	for (uint32_t dist = 1; dist <= 40; dist++) {
		for (uint32_t bytes = 3; bytes <= 300; bytes += bytes < 40 ? 1 : 13) {
			struct stream s = begin(200);

			put_u8(&s, 32 | (bytes <= 33 ? bytes - 2 : 0));
			if (bytes > 33 + 255)
				put_u8(&s, 0);
			if (bytes > 33)
				put_u8(&s, bytes - 33 - (bytes > 33 + 255 ? 255 : 0));
			put_u8(&s, (dist - 1) >> 6);
			put_u8(&s, ((dist - 1) & 63) << 2);
			put_end(&s);
			assert_gives(&s, want, matched(want, 200, dist, bytes));
		}
	}
}

static void
put_far(struct stream *s, uint32_t dist, uint32_t bytes)
{
	const uint32_t d = dist - 0x4000;

	put_u8(s, 16 | (d >> 14) << 3 | (bytes - 2));
	put_u8(s, d >> 6 & 0xFF);
	put_u8(s, (d & 63) << 2);
}

static void
test_far_matches(void **state)
{
	static const uint32_t dists[] = {0x4001, 0x4100, 0x7FFF, 0x8000, 0x8001, 0xBFFF};
	static uint8_t data[0xC000 + 16];
	static struct stream s;

	(void)state;
	for (uint32_t i = 0; i < 0xC000; i++)
		data[i] = (uint8_t)(i ^ i >> 8);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(dists); i++) {
		s.bytes = lzo1z_store(data, 0xC000, s.data) - 3;
		put_far(&s, dists[i], 9);
		put_end(&s);
		memcpy(data + 0xC000, data + 0xC000 - dists[i], 9);
		assert_gives(&s, data, 0xC000 + 9);
	}
}

/* Below 16, an instruction is a match of two kinds or literals, by what was before. */
static void
test_short_instructions(void **state)
{
	static uint8_t want[0x1000];
	static struct stream s;

	(void)state;
	/* After a run: three bytes from 0x701 back and more. */
	for (uint32_t i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)(i * 31 >> 3);
	s.bytes = lzo1z_store(want, 0xC00, s.data) - 3;
	put_u8(&s, 5);
	put_u8(&s, 17 << 2);
	put_end(&s);
	memcpy(want + 0xC00, want + 0xC00 - (0x701 + (5 << 6) + 17), 3);
	assert_gives(&s, want, 0xC03);

	/* After a match and its literals: two bytes from 1 back and more. */
	s = begin(3);
	put_u8(&s, 0);
	put_u8(&s, 1 << 2 | 1);
	put_u8(&s, 'x');
	put_u8(&s, 0);
	put_u8(&s, 0);
	put_end(&s);
	assert_gives(&s, (const uint8_t *)"\0\1\2\1\2xxx", 8);

	/* After a bare match: literals. */
	s = begin(4);
	put(&s, "\x40\0", 2);
	put(&s, "\1abcd", 5);
	put_end(&s);
	assert_gives(&s, (const uint8_t *)"\0\1\2\3\3\3\3abcd", 11);
}

static void
test_last_distance_again(void **state)
{
	struct stream s = begin(8);

	(void)state;
	put_u8(&s, 2 << 5); /* three from 5 back, two literals */
	put_u8(&s, 4 << 2 | 2);
	put(&s, "ab", 2);
	put_u8(&s, 2 << 5 | 28 | 1); /* three from 5 back again, one literal */
	put(&s, "c", 1);
	put_end(&s);
	assert_gives(&s, (const uint8_t *)"\0\1\2\3\4\5\6\7\3\4\5ab\3\4\5c", 17);
}

static void
test_last_distance_before_any(void **state)
{
	struct stream s = begin(8);

	(void)state;
	put_u8(&s, 2 << 5 | 28);
	put_end(&s);
	assert_refused(&s);
}

static void
test_before_the_first_byte(void **state)
{
	(void)state;
	for (uint32_t dist = 1; dist <= 64; dist++) {
		struct stream s = begin(20);

		put_u8(&s, 2 << 5);
		put_u8(&s, (dist - 1) << 2);
		put_end(&s);
		assert_int_equal(decode(&s, ROOM_BYTES, NULL), dist <= 20 ? 23 : -EBADMSG);
	}
}

static void
test_endless_lengths(void **state)
{
	static struct stream s;

	(void)state;
	for (uint32_t t = 0; t <= 32; t += 16) {
		memset(s.data, 0, sizeof(s.data));
		s.bytes = ROOM_BYTES;
		s.data[0] = (uint8_t)t;
		assert_refused(&s);
		s.data[ROOM_BYTES - 1] = 0xFF;
		assert_refused(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_end_marker),
		cmocka_unit_test(test_first_literals),
		cmocka_unit_test(test_runs_of_literals),
		cmocka_unit_test(test_near_matches),
		cmocka_unit_test(test_middle_matches),
		cmocka_unit_test(test_far_matches),
		cmocka_unit_test(test_short_instructions),
		cmocka_unit_test(test_last_distance_again),
		cmocka_unit_test(test_last_distance_before_any),
		cmocka_unit_test(test_before_the_first_byte),
		cmocka_unit_test(test_endless_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
