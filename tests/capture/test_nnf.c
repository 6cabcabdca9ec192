/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/format.h"
#include "tests/lib/lzo1z_store.h"
#include "tests/lib/rng.h"
#include "tests/lib/walk.h"

enum {
	FO = 2,
	CM = 4,
	CD = 6
};

/* ---- building ------------------------------------------------------------------------------------------------- */

/* What an entry holds: 8 bytes, header, rest. Offsets are those of the documents, from the header on. */
struct body {
	uint32_t bytes;
	uint8_t data[4096];
};

static void
set16(struct body *b, uint32_t off, uint32_t value)
{
	b->data[8 + off] = (uint8_t)(value >> 8);
	b->data[8 + off + 1] = (uint8_t)value;
}

static void
set32(struct body *b, uint32_t off, uint32_t value)
{
	set16(b, off, value >> 16);
	set16(b, off + 2, value);
}

static struct body
body_of(uint8_t market, uint32_t transcode, uint32_t length)
{
	struct body b = {.bytes = 8 + length, .data = {market}};

	set16(&b, 10, transcode);
	set32(&b, 14, 77);
	set16(&b, 38, length);
	return b;
}

struct datagram {
	uint32_t bytes;
	uint8_t data[8192];
};

static struct datagram
datagram_of(uint8_t market, uint32_t entry_cnt)
{
	return (struct datagram){4, {market, 9, (uint8_t)(entry_cnt >> 8), (uint8_t)entry_cnt}};
}

static void
put_plain(struct datagram *d, const struct body *b)
{
	memset(d->data + d->bytes, 0, 2);
	memcpy(d->data + d->bytes + 2, b->data, b->bytes);
	d->bytes += 2 + b->bytes;
}

static void
put_packed(struct datagram *d, const struct body *b)
{
	const uint32_t packed = lzo1z_store(b->data, b->bytes, d->data + d->bytes + 2);

	d->data[d->bytes] = (uint8_t)(packed >> 8);
	d->data[d->bytes + 1] = (uint8_t)packed;
	d->bytes += 2 + packed;
}

static struct datagram
datagram_with(const struct body *b, bool is_packed)
{
	struct datagram d = datagram_of(b->data[0], 1);

	(is_packed ? put_packed : put_plain)(&d, b);
	return d;
}

/* ---- walking -------------------------------------------------------------------------------------------------- */

struct seen {
	uint32_t cnt;
	struct vega_message last;
	char line[2048]; /* of the last */
};

static void
see(void *arg, const struct vega_message *message, const struct vega_text *line)
{
	struct seen *seen = arg;

	seen->cnt++;
	seen->last = *message;
	(void)snprintf(seen->line, sizeof(seen->line), "%s", line->buf);
}

/* From a buffer of exactly that size, so that a byte too far is seen by the sanitizer. */
static int
walk(const struct datagram *d, uint32_t bytes, struct seen *ret_seen)
{
	uint8_t *copy = malloc(bytes != 0 ? bytes : 1);
	struct walked walked;

	assert_non_null(copy);
	memcpy(copy, d->data, bytes);
	*ret_seen = (struct seen){0};
	assert_true(walk_all(&vega_format_nse_nnf, copy, bytes, see, ret_seen, &walked));
	free(copy);
	return walked.rc;
}

static void
assert_line(const struct body *b, const char *line)
{
	for (int is_packed = 0; is_packed < 2; is_packed++) {
		const struct datagram d = datagram_with(b, is_packed);
		struct seen seen;

		assert_int_equal(walk(&d, d.bytes, &seen), 0);
		assert_int_equal(seen.cnt, 1);
		assert_string_equal(seen.line, line);
		assert_int_equal(seen.last.bytes, b->bytes);
	}
}

/* Not one message is given. */
static void
assert_bad_datagram(const struct datagram *d)
{
	struct seen seen;

	assert_int_equal(walk(d, d->bytes, &seen), -EBADMSG);
	assert_int_equal(seen.cnt, 0);
}

static void
assert_bad(const struct body *b)
{
	for (int is_packed = 0; is_packed < 2; is_packed++) {
		const struct datagram d = datagram_with(b, is_packed);

		assert_bad_datagram(&d);
	}
}

static struct vega_message
message_of(const struct body *b)
{
	const struct datagram d = datagram_with(b, false);
	struct seen seen;

	assert_int_equal(walk(&d, d.bytes, &seen), 0);
	return seen.last;
}

/* ---- every transcode ------------------------------------------------------------------------------------------ */

/* Written from the documents again, not taken from the decoder: count at, its bytes, rows at, bytes of a row, most rows. */
struct listed {
	uint8_t market;
	uint16_t transcode;
	uint16_t length; /* with the most rows */
	uint8_t count_off;
	uint8_t count_bytes;
	uint8_t rows_off;
	uint16_t row_bytes;
	uint8_t row_cnt_max;
	bool is_named;
};

/* clang-format off */
static const struct listed lists[] = {
	{FO,  7208, 470, 40, 2, 42, 214,  2, false},
	{FO,  7202, 484, 40, 2, 42,  26, 17, false},
	{FO, 17202, 498, 40, 2, 42,  38, 12, false},
	{FO,  7201, 472, 40, 2, 42,  86,  5, false},
	{FO, 17201, 492, 40, 2, 42,  90,  5, false},
	{FO,  7220, 344, 40, 4, 44,  12, 25, false},
	{FO,  7130, 504, 12, 2, 40,   8, 58, false},
	{FO, 17130, 508, 12, 2, 40,  12, 39, false}, /* its length is that of 39 rows */
	{FO,  7320, 462, 40, 2, 42,  12, 35, false},
	{FO,  7210, 462, 40, 2, 42,  12, 35, false},
	{FO,  7207, 474, 40, 2, 42,  72,  6, true},
	{CM,  7208, 566, 40, 2, 42, 262,  2, false},
	{CM, 18703, 546, 40, 2, 42,  18, 28, false},
	{CM,  7201, 466, 40, 2, 42, 106,  4, false},
	{CM,  7207, 474, 40, 2, 42,  72,  6, true},
	{CM,  7216, 474, 40, 2, 42,  72,  6, true},
	{CM,  8207, 474, 40, 2, 42,  72,  6, true},
	{CM,  7214, 538, 40, 2, 42, 248,  2, false},
	{CM,  7215, 482, 40, 2, 42,  40, 11, false},
	{CM, 18130, 442, 40, 2, 42,  16, 25, false},
	{CM, 18707, 442, 40, 2, 42,  16, 25, false},
};
/* clang-format on */

static void
set_count(struct body *b, const struct listed *l, uint32_t cnt)
{
	if (l->count_bytes == 4)
		set32(b, l->count_off, cnt);
	else
		set16(b, l->count_off, cnt);
}

static struct body
list_of(const struct listed *l, uint32_t cnt, uint32_t length)
{
	struct body b = body_of(l->market, l->transcode, length);

	set_count(&b, l, cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t row = l->rows_off + i * l->row_bytes;
		char name[22];

		if (l->is_named) {
			(void)snprintf(name, sizeof(name), "Nifty %-15u", i);
			memcpy(b.data + 8 + row, name, 21);
		} else {
			set32(&b, row, 35000 + i);
		}
	}
	return b;
}

static const char *
line_of(const struct listed *l, uint32_t cnt, uint32_t length)
{
	static char line[2048];
	int at = snprintf(
		line, sizeof(line), "type=%u len=%u recs=%u keys=", l->transcode, length, cnt);

	for (uint32_t i = 0; i < cnt; i++)
		at += snprintf(line + at, sizeof(line) - (size_t)at,
			l->is_named ? "%sNifty %u" : "%s%u", i != 0 ? "," : "",
			l->is_named ? i : 35000 + i);
	return line;
}

static void
test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(lists); i++) {
		const struct listed *l = &lists[i];

		assert_int_equal(l->length, l->rows_off + l->row_cnt_max * l->row_bytes);
		for (uint32_t cnt = 0; cnt <= l->row_cnt_max; cnt++) {
			const uint32_t tight = l->rows_off + cnt * l->row_bytes;
			const struct body tight_body = list_of(l, cnt, tight);
			const struct body padded_body = list_of(l, cnt, l->length);

			assert_line(&tight_body, line_of(l, cnt, tight));
			assert_line(&padded_body, line_of(l, cnt, l->length));
		}
	}
}

/* One row more than fits, a count below zero, a message that ends in its count. */
static void
test_rows_outside(void **state)
{
	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(lists); i++) {
		const struct listed *l = &lists[i];
		struct body b = list_of(l, 1, l->rows_off + l->row_bytes);

		set_count(&b, l, 2);
		assert_bad(&b);
		set_count(&b, l, UINT32_MAX);
		assert_bad(&b);
		b = list_of(l, 1, l->rows_off + l->row_bytes - 1u);
		assert_bad(&b);
		b = body_of(l->market, l->transcode, l->rows_off - 1u);
		assert_bad(&b);
	}
}

static void
test_longer_than_documented(void **state)
{
	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(lists); i++) {
		for (uint32_t more = 0; more < 2; more++) {
			const uint32_t length = lists[i].length + more;
			const struct body b = list_of(&lists[i], lists[i].row_cnt_max, length);
			const struct datagram d = datagram_with(&b, false);
			struct seen seen;

			assert_int_equal(walk(&d, d.bytes, &seen), 0);
			assert_string_equal(
				seen.line, line_of(&lists[i], lists[i].row_cnt_max, length));
			assert_int_equal(seen.last.is_odd, more != 0);
		}
	}
}

static void
test_single_rows(void **state)
{
	static const struct {
		uint8_t market;
		uint16_t transcode;
		uint16_t length;
	} single[] = {{FO, 7200, 410}, {CM, 7200, 482}, {FO, 6511, 320}, {FO, 6521, 290},
		{FO, 6522, 320}, {FO, 6531, 320}, {FO, 6571, 320}};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(single); i++) {
		struct body b = body_of(single[i].market, single[i].transcode, single[i].length);
		char line[64];

		set32(&b, 40, 35001);
		(void)snprintf(line, sizeof(line), "type=%u len=%u recs=1 keys=35001",
			single[i].transcode, single[i].length);
		assert_line(&b, line);
	}
}

static void
test_spread_has_two_tokens(void **state)
{
	struct body b = body_of(FO, 7211, 204);

	(void)state;
	set32(&b, 40, 64611);
	set32(&b, 44, 68281);
	assert_line(&b, "type=7211 len=204 recs=1 keys=64611,68281");
	b = body_of(FO, 7211, 203);
	assert_bad(&b);
}

static void
test_without_rows(void **state)
{
	const struct body heartbeat = body_of(FO, 6541, 40);
	const struct body text = body_of(FO, 6501, 320);
	const struct body text_cm = body_of(CM, 6501, 298);
	const struct body symbol = body_of(CM, 7764, 58);

	(void)state;
	assert_line(&heartbeat, "type=6541 len=40 recs=0 keys=");
	assert_line(&text, "type=6501 len=320 recs=0 keys=");
	assert_line(&text_cm, "type=6501 len=298 recs=0 keys=");
	assert_line(&symbol, "type=7764 len=58 recs=0 keys=");
}

static void
test_not_described(void **state)
{
	const struct body known = body_of(CM, 7210, 490);
	const struct body unknown = body_of(FO, 11833, 100);
	const struct body currency = body_of(CD, 7208, 470);

	(void)state;
	assert_line(&known, "type=7210 len=490");
	assert_line(&unknown, "type=11833 len=100");
	assert_line(&currency, "type=7208 len=470");
	assert_false(message_of(&known).is_odd);
	assert_true(message_of(&unknown).is_odd);
	assert_true(message_of(&currency).is_odd);
}

/* A row of the older revision lacks four bytes; a message padded to its longest shows neither. */
static void
test_older_rows_of_7208(void **state)
{
	(void)state;
	for (uint32_t cnt = 1; cnt <= 2; cnt++) {
		struct listed old = {CM, 7208, 558, 40, 2, 42, 258, 2, false};
		struct body b = list_of(&old, cnt, 42 + cnt * 258);

		assert_line(&b, line_of(&old, cnt, 42 + cnt * 258));
		b = list_of(&old, cnt, 558);
		assert_line(&b, line_of(&old, cnt, 558));
	}
}

/* ---- sequence and kind ---------------------------------------------------------------------------------------- */

static void
test_sequence(void **state)
{
	struct body b = body_of(FO, 6541, 40);

	(void)state;
	assert_int_equal(message_of(&b).seq, 77);
	set32(&b, 14, UINT32_MAX);
	assert_true(message_of(&b).seq == VEGA_SEQ_NONE);
	b = body_of(FO, 7130, 40);
	assert_true(message_of(&b).seq == VEGA_SEQ_NONE);
	b = body_of(FO, 17130, 40);
	assert_true(message_of(&b).seq == VEGA_SEQ_NONE);
}

static void
test_heartbeat(void **state)
{
	const struct body heartbeat = body_of(CM, 6541, 40);
	const struct body other = body_of(CM, 7764, 58);

	(void)state;
	assert_true(message_of(&heartbeat).is_heartbeat);
	assert_false(message_of(&other).is_heartbeat);
	assert_int_equal(message_of(&other).type, 7764);
}

/* ---- datagrams and entries ------------------------------------------------------------------------------------ */

static struct datagram
mixed_datagram(uint32_t ends[4])
{
	struct datagram d = datagram_of(FO, 4);
	const struct body a = list_of(&lists[0], 2, 470);
	const struct body b = list_of(&lists[6], 3, 64);
	const struct body c = body_of(FO, 6541, 40);

	put_packed(&d, &a);
	ends[0] = d.bytes;
	put_plain(&d, &b);
	ends[1] = d.bytes;
	put_packed(&d, &c);
	ends[2] = d.bytes;
	put_plain(&d, &c);
	ends[3] = d.bytes;
	return d;
}

/* Four entries are announced: what is whole is given, and anything less is told. */
static void
test_cut_everywhere(void **state)
{
	uint32_t ends[4];
	const struct datagram d = mixed_datagram(ends);

	(void)state;
	for (uint32_t n = 0; n <= d.bytes; n++) {
		struct seen seen;
		uint32_t whole = 0;
		const int rc = walk(&d, n, &seen);

		while (whole < 4 && ends[whole] <= n)
			whole++;
		assert_int_equal(seen.cnt, whole);
		assert_int_equal(rc, whole == 4 ? 0 : -EBADMSG);
	}
}

static void
test_bytes_behind_the_last_entry(void **state)
{
	uint32_t ends[4];
	struct datagram d = mixed_datagram(ends);
	struct seen seen;

	(void)state;
	d.bytes += 7; /* as where a whole buffer is sent */
	assert_int_equal(walk(&d, d.bytes, &seen), 0);
	assert_int_equal(seen.cnt, 4);
}

static void
test_entry_counts(void **state)
{
	const struct body b = body_of(FO, 6541, 40);
	struct datagram d = datagram_with(&b, false);
	struct seen seen;

	(void)state;
	d.data[3] = 0;
	assert_bad_datagram(&d);
	d.data[2] = 0xFF;
	d.data[3] = 0xFF;
	assert_bad_datagram(&d);
	d.data[2] = 0;
	d.data[3] = 5;
	assert_int_equal(walk(&d, d.bytes, &seen), -EBADMSG);
	assert_int_equal(seen.cnt, 1);
}

static void
test_markets(void **state)
{
	const struct body b = body_of(FO, 6541, 40);

	(void)state;
	for (uint32_t market = 0; market < 256; market++) {
		struct datagram d = datagram_with(&b, false);
		struct seen seen;

		d.data[0] = (uint8_t)market;
		assert_int_equal(walk(&d, d.bytes, &seen), market == FO ? 0 : -EBADMSG);
		d.data[6] = (uint8_t)market;
		assert_int_equal(walk(&d, d.bytes, &seen),
			market == FO || market == CM || market == CD ? 0 : -EBADMSG);
	}
}

static void
test_packed_lengths(void **state)
{
	const struct body b = list_of(&lists[0], 2, 470);
	const struct datagram good = datagram_with(&b, true);
	const uint32_t packed = good.bytes - 6;

	(void)state;
	for (uint32_t length = 0; length <= UINT16_MAX; length++) {
		struct datagram d = good;

		d.data[4] = (uint8_t)(length >> 8);
		d.data[5] = (uint8_t)length;
		if (length != packed)
			assert_bad_datagram(&d);
	}
}

static void
test_message_lengths(void **state)
{
	static const uint32_t wrong[] = {0, 1, 39, 41, 42, 0x7FFF, 0x8000, 0xFFFF};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(wrong); i++) {
		struct body b = body_of(FO, 6541, 40);

		set16(&b, 38, wrong[i]);
		assert_bad(&b);
	}
}

/* A body may be longer than its message; above what the scratch takes it is not looked at. */
static void
test_long_bodies(void **state)
{
	struct body b = body_of(FO, 6541, 40);
	struct datagram d;
	struct seen seen;

	(void)state;
	b.bytes = VEGA_WALK_SCRATCH_BYTES;
	d = datagram_with(&b, true);
	assert_int_equal(walk(&d, d.bytes, &seen), 0);
	assert_int_equal(seen.last.bytes, 48);
	b.bytes++;
	d = datagram_with(&b, true);
	assert_bad_datagram(&d);
}

static void
test_flipped_bits(void **state)
{
	struct rng rng = {rng_seed(1)};
	uint32_t ends[4];
	const struct datagram good = mixed_datagram(ends);

	(void)state;
	for (uint32_t i = 0; i < 50000; i++) {
		struct datagram d = good;
		struct seen seen;

		for (uint32_t flips = 1 + (uint32_t)rng_below(&rng, 4); flips != 0; flips--)
			d.data[rng_below(&rng, d.bytes)] ^= (uint8_t)(1u << rng_below(&rng, 8));
		(void)walk(&d, (uint32_t)rng_below(&rng, d.bytes + 1), &seen);
		assert_true(seen.cnt <= 4);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_rows_outside),
		cmocka_unit_test(test_longer_than_documented),
		cmocka_unit_test(test_single_rows),
		cmocka_unit_test(test_spread_has_two_tokens),
		cmocka_unit_test(test_without_rows),
		cmocka_unit_test(test_not_described),
		cmocka_unit_test(test_older_rows_of_7208),
		cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_bytes_behind_the_last_entry),
		cmocka_unit_test(test_entry_counts),
		cmocka_unit_test(test_markets),
		cmocka_unit_test(test_packed_lengths),
		cmocka_unit_test(test_message_lengths),
		cmocka_unit_test(test_long_bodies),
		cmocka_unit_test(test_flipped_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
