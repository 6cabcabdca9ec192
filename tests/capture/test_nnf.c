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
#include "tests/lib/lane.h"
#include "tests/lib/lzo1z_store.h"
#include "tests/lib/rng.h"

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
	assert_true(lane_keeps_contract(&vega_format_nse_nnf, copy, bytes));
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

/* ---- records -------------------------------------------------------------------------------------------------- */

#define NNF      (&vega_format_nse_nnf)
#define EPOCH_NS 1748217600000000000u /* 2025-05-26 00:00 UTC */
#define LOG_S    1432890900u          /* 2025-05-28 09:15:00 on Indian clocks */
#define LOG_TS48 (1748403900000000000u - EPOCH_NS)
#define LTT_S    (LOG_S - 7)

/* A value of a message, where the documents say that it lies; a row's offsets count from the row. */
struct cell {
	uint16_t off;
	uint8_t bytes; /* 0 ends them */
	int64_t value;
};

#define BITS_OF_1000 0x408F400000000000 /* the double */
#define BITS_OF_1234 0x4093480000000000

/* clang-format off */
static const struct {
	uint8_t market;
	uint16_t transcode, length, row_off;
	const struct cell *cells;
	const char *records;
} told[] = {
	{FO, 7208, 470, 42, (const struct cell[]){
		{0, 4, 35001}, {4, 2, 1}, {6, 2, 2}, {8, 4, 4000000000}, {12, 4, 9905}, {16, 1, '-'}, {17, 1, '1'}, {18, 4, -95},
		{22, 4, 50}, {26, 4, LTT_S}, {30, 4, 9901},
		{56, 4, 100}, {60, 4, 9900}, {64, 2, 7}, {68, 4, 200}, {72, 4, 9895}, {76, 2, 4096}, {80, 4, 300}, {84, 4, -1}, {88, 2, 3},
		{116, 4, 11}, {120, 4, 9910}, {124, 2, 1}, {164, 4, 15}, {168, 4, 9930}, {172, 2, 5},
		{180, 8, BITS_OF_1000}, {188, 8, BITS_OF_1234}, {196, 1, 0x80}, {198, 4, 10000}, {202, 4, 9990}, {206, 4, 9995}, {210, 4, 9805},
		{0}},
		"LEVEL 35001 1007c1 bid=9900*100 ask=9910*11\n"
		"LEVELW 35001 c2 bid=9895*200 ask=0*0\nWIDE 35001 1 0 0 0 0\n"
		"LEVEL 35001 3c3 bid=-1*300 ask=0*0\n"
		"LEVEL 35001 c4 bid=0*0 ask=0*0\n"
		"LEVEL 35001 5000c5 bid=0*0 ask=9930*15\n"
		"LAST 35001 price=9905*50 average=9901 volume=8294967296\n"
		"OHLC 35001 9990 9995 9805 10000 15\n"
		"STATUS 35001 1c28 2d8000010002 ffffffffffffffa1\n"
		"STATUS. 35001 11c28 3e8 4d2\n"},
	{FO, 7200, 410, 40, (const struct cell[]){
		{0, 4, 35001}, {4, 2, 1}, {6, 2, 2}, {8, 4, 77}, {12, 4, 9905}, {16, 1, '+'}, {17, 1, '1'}, {18, 4, 5}, {22, 4, 50}, {26, 4, LTT_S},
		{30, 4, 9901}, {34, 2, 9}, {36, 2, 8}, {38, 2, 7}, {40, 4, 6}, {44, 4, 5}, {48, 4, 4}, {52, 4, 3},
		{236, 4, 100}, {240, 4, 9900}, {244, 2, 7}, {286, 4, 11}, {290, 4, 9910}, {294, 2, 1}, {326, 4, 15}, {330, 4, 9930}, {334, 2, 5},
		{336, 8, BITS_OF_1000}, {344, 8, 0x3FE0000000000000 /* a half */}, {352, 1, 0x40}, {354, 4, 1}, {358, 4, 2}, {362, 4, 3}, {366, 4, 4},
		{0}},
		"LEVEL 35001 1007c1 bid=9900*100 ask=9910*11\n"
		"LEVEL 35001 c2 bid=0*0 ask=0*0\nLEVEL 35001 c3 bid=0*0 ask=0*0\nLEVEL 35001 c4 bid=0*0 ask=0*0\n"
		"LEVEL 35001 5000c5 bid=0*0 ask=9930*15\n"
		"LAST 35001 price=9905*50 average=9901 volume=77\n"
		"OHLC 35001 2 3 4 1 15\n"
		"STATUS 35001 1c20 2b4000010002 5\n"
		"STATUS 35001 11c20 3e8 ffffffffffffffff\n"
		"STATUS 35001 21c20 700080009 0\n"
		"STATUS. 35001 31c20 500000006 300000004\n"},
	{CM, 7208, 566, 42, (const struct cell[]){
		{0, 4, 2885}, {4, 2, 1}, {6, 2, 1}, {8, 8, 5000000000}, {16, 4, 143500}, {20, 1, '+'}, {22, 4, 100}, {26, 4, 50}, {30, 4, 0},
		{34, 4, 143400}, {60, 8, 5000000000}, {68, 4, 143450}, {72, 2, 7}, {140, 8, 9}, {148, 4, 143550}, {152, 2, 2},
		{224, 8, 6000000000}, {232, 8, 7}, {240, 1, 0x10}, {242, 4, 1}, {246, 4, 2}, {250, 4, 3}, {254, 4, 4}, {258, 4, 143501}, {0}},
		"LEVELW 2885 2007c1 bid=143450*705032704 ask=143550*9\nWIDE 2885 0 0 1 0 0\n"
		"LEVEL 2885 c2 bid=0*0 ask=0*0\nLEVEL 2885 c3 bid=0*0 ask=0*0\nLEVEL 2885 c4 bid=0*0 ask=0*0\nLEVEL 2885 c5 bid=0*0 ask=0*0\n"
		"LAST 2885 price=143500*50 average=143400 volume=5000000000\n"
		"OHLC 2885 2 3 4 1 15\n"
		"STATUS 2885 1c28 2b1000010001 64\n"
		"STATUS 2885 11c28 165a0bc00 7\n"
		"STATUS. 2885 41c28 0 2308d\n"},
	{CM, 7200, 482, 40, (const struct cell[]){
		{0, 4, 2885}, {4, 2, 1}, {6, 2, 1}, {8, 8, 77}, {16, 4, 143500}, {26, 4, 50}, {30, 4, LTT_S}, {34, 4, 143400},
		{240, 8, 100}, {248, 4, 143450}, {252, 2, 7}, {384, 8, 9}, {392, 4, 143590}, {396, 2, 2},
		{404, 8, 6}, {412, 8, 7}, {420, 1, 0x10}, {422, 4, 1}, {426, 4, 2}, {430, 4, 3}, {434, 4, 4}, {0}},
		"LEVEL 2885 7c1 bid=143450*100 ask=0*0\n"
		"LEVEL 2885 c2 bid=0*0 ask=0*0\nLEVEL 2885 c3 bid=0*0 ask=0*0\nLEVEL 2885 c4 bid=0*0 ask=0*0\n"
		"LEVEL 2885 2000c5 bid=0*0 ask=143590*9\n"
		"LAST 2885 price=143500*50 average=143400 volume=77\n"
		"OHLC 2885 2 3 4 1 15\n"
		"STATUS 2885 1c20 1000010001 0\n"
		"STATUS. 2885 11c20 6 7\n"},
	{CM, 7214, 538, 42, (const struct cell[]){
		{0, 4, 2885}, {4, 2, 11}, {6, 2, 6}, {8, 8, 77}, {16, 8, 5000000000}, {24, 4, 143500}, {28, 1, '+'}, {30, 4, 5}, {34, 4, 50},
		{38, 4, LTT_S}, {42, 4, 143400}, {46, 4, 143300}, {50, 8, 100}, {58, 4, 143450}, {62, 2, 7}, {194, 8, 9}, {202, 4, 143590}, {206, 2, 2},
		{214, 8, 6}, {222, 8, 7}, {230, 1, 0x20}, {232, 4, 1}, {236, 4, 2}, {240, 4, 3}, {244, 4, 4}, {0}},
		"LEVEL 2885 7c1 bid=143450*100 ask=0*0\n"
		"LEVEL 2885 c2 bid=0*0 ask=0*0\nLEVEL 2885 c3 bid=0*0 ask=0*0\nLEVEL 2885 c4 bid=0*0 ask=0*0\n"
		"LEVEL 2885 2000c5 bid=0*0 ask=143590*9\n"
		"LAST 2885 price=143500*50 average=143400 volume=77\n"
		"OHLC 2885 2 3 4 1 15\n"
		"STATUS 2885 1c2e 2b20000b0006 5\n"
		"STATUS 2885 11c2e 6 7\n"
		"STATUS. 2885 41c2e 12a05f200 22fc4\n"},
	{FO, 7208, 470, 42, (const struct cell[]){ /* odd lots */
		{0, 4, 35001}, {4, 2, 5}, {6, 2, 2}, {8, 4, 77}, {12, 4, 9905}, {56, 4, 100}, {60, 4, 9900}, {64, 2, 7}, {0}},
		"STATUS. 35001 1c28 50002 0\n"},
	{FO, 7202, 484, 42, (const struct cell[]){
		{0, 4, 35001}, {4, 2, 1}, {6, 4, -9905}, {10, 4, 50}, {14, 4, 4000000000}, {18, 4, 4000000001}, {22, 4, 3}, {0}},
		"LAST 35001 price=-9905*50 average=0 volume=-1\nINTEREST 35001 oi=4000000000\nSTATUS. 35001 1c22 ee6b2801 3\n"},
	{FO, 17202, 498, 42, (const struct cell[]){
		{0, 4, 35001}, {4, 2, 2}, {6, 4, -9905}, {10, 4, 50}, {14, 8, 5000000000}, {22, 8, 5000000001}, {30, 8, 3}, {0}},
		"STATUS 35001 24332 ffffffffffffd94f 32\nINTEREST 35001 oi=5000000000\nSTATUS. 35001 4332 12a05f201 3\n"},
	{CM, 18703, 546, 42, (const struct cell[]){{0, 4, 2885}, {4, 2, 1}, {6, 4, 143500}, {10, 4, 50}, {0}},
		"LAST. 2885 price=143500*50 average=0 volume=-1\n"},
	{CM, 18703, 546, 42, (const struct cell[]){{0, 4, 2885}, {4, 2, 1}, {6, 4, 143500}, {10, 4, 50}, {14, 4, 2468000}, {0}},
		"LAST 2885 price=143500*50 average=0 volume=-1\nSTATUS. 2885 490f 25a8a0 0\n"},
	{FO, 7130, 504, 40, (const struct cell[]){{0, 4, 26000}, {4, 4, 4000000000}, {0}}, "INTEREST. 26000 oi=4000000000\n"},
	{FO, 17130, 508, 40, (const struct cell[]){{0, 4, 26000}, {4, 8, 5000000000}, {0}}, "INTEREST. 26000 oi=5000000000\n"},
	{FO, 7201, 472, 42, (const struct cell[]){
		{0, 4, 35001}, {6, 4, 100}, {10, 4, 9900}, {14, 4, 200}, {18, 4, 9905}, {22, 4, 9901}, {26, 4, LTT_S}, {32, 4, 1}, {82, 4, 4000000000}, {0}},
		"LEVEL 35001 c1 bid=9900*100 ask=9905*200\nLAST 35001 price=9901*0 average=0 volume=-1\nINTEREST. 35001 oi=4000000000\n"},
	{FO, 17201, 492, 42, (const struct cell[]){
		{0, 4, 35001}, {6, 4, 100}, {10, 4, 9900}, {14, 4, 200}, {18, 4, 9905}, {22, 4, 9901}, {26, 4, LTT_S}, {82, 8, 5000000000}, {0}},
		"LEVEL 35001 c1 bid=9900*100 ask=9905*200\nLAST 35001 price=9901*0 average=0 volume=-1\nINTEREST. 35001 oi=5000000000\n"},
	{CM, 7201, 466, 42, (const struct cell[]){
		{0, 4, 2885}, {6, 8, 5000000000}, {14, 4, 9900}, {18, 8, 200}, {26, 4, 9905}, {30, 4, 9901}, {34, 4, LTT_S}, {0}},
		"LEVELW 2885 c1 bid=9900*705032704 ask=9905*200\nWIDE 2885 0 0 1 0 0\nLAST. 2885 price=9901*0 average=0 volume=-1\n"},
	{CM, 7215, 482, 42, (const struct cell[]){
		{0, 4, 2885}, {4, 2, 5}, {8, 8, 100}, {16, 4, 9900}, {20, 8, 200}, {28, 4, 9905}, {32, 4, 9901}, {36, 4, LTT_S}, {0}},
		"LEVEL 2885 c1 bid=9900*100 ask=9905*200\nLAST 2885 price=9901*0 average=0 volume=-1\nSTATUS. 2885 1c2f 5 0\n"},
	{FO, 7211, 204, 40, (const struct cell[]){
		{0, 4, 64611}, {4, 4, 68281}, {12, 4, LTT_S}, {16, 4, 4000000000}, {20, 8, BITS_OF_1234},
		{28, 2, 7}, {30, 4, 100}, {34, 4, -50}, {78, 2, 8}, {80, 4, 200}, {84, 4, -45}, {118, 2, 9}, {120, 4, 300}, {124, 4, -5},
		{128, 8, BITS_OF_1000}, {136, 8, BITS_OF_1234}, {144, 4, -1}, {148, 4, 2}, {152, 4, -3}, {156, 4, -48}, {0}},
		"DEFINITION. 2147483649 64611/68281\n"
		"LEVEL 2147483649 8007c1 bid=-50*100 ask=-45*200\n"
		"LEVEL 2147483649 c2 bid=0*0 ask=0*0\nLEVEL 2147483649 c3 bid=0*0 ask=0*0\nLEVEL 2147483649 c4 bid=0*0 ask=0*0\n"
		"LEVEL 2147483649 9000c5 bid=0*0 ask=-5*300\n"
		"LAST 2147483649 price=-48*0 average=0 volume=4000000000\n"
		"OHLC 2147483649 -1 2 -3 0 7\n"
		"STATUS 2147483649 1c2b 4093480000000000 0\n"
		"STATUS. 2147483649 11c2b 3e8 4d2\n"},
	{FO, 7220, 344, 44, (const struct cell[]){{0, 4, 35001}, {4, 4, 10500}, {8, 4, -9500}, {0}},
		"STATUS. 35001 1c34 2904 ffffffffffffdae4\n"},
	{CM, 7207, 474, 42, (const struct cell[]){
		{0, 8, 0x4E69667479203530 /* Nifty 50 */}, {8, 8, 0x2020202020202020}, {13, 8, 0x2020202020202020}, {22, 4, 2468000}, {26, 4, 2470000},
		{30, 4, 2460000}, {34, 4, 2465000}, {38, 4, 2464000}, {42, 4, -16}, {46, 4, 2600000}, {50, 4, 2100000}, {54, 4, 30}, {58, 4, 20},
		{62, 8, BITS_OF_1234}, {70, 1, '+'}, {0}},
		"DEFINITION. 2147483649 Nifty 50\n"
		"INDEX 2147483649 value=2468000 change=-16 what=0 cap=4093480000000000\n"
		"OHLC 2147483649 2465000 2470000 2460000 2464000 15\n"
		"STATUS 2147483649 1c27 27ac40 200b20\n"
		"STATUS. 2147483649 11c27 2b0000001e 14\n"},
	{CM, 8207, 474, 42, (const struct cell[]){
		{0, 8, 0x4E69667479203530}, {8, 8, 0x2020202020202020}, {13, 8, 0x2020202020202020}, {22, 4, 2468000}, {38, 4, 2464000},
		{42, 4, -16}, {54, 4, -4000}, {62, 8, BITS_OF_1234}, {70, 1, '-'}, {0}},
		"DEFINITION. 2147483649 Nifty 50\n"
		"INDEX 2147483649 value=2468000 change=-16 what=1 cap=4093480000000000\n"
		"OHLC 2147483649 0 0 0 2464000 8\n"
		"STATUS. 2147483649 200f fffffffffffff060 2d\n"},
	{FO, 7320, 462, 42, (const struct cell[]){{0, 4, 35001}, {4, 2, 1}, {6, 2, 2}, {8, 2, 3}, {10, 2, 4}, {0}},
		"STATUS. 35001 1c98 4000300020001 0\n"},
	{CM, 18130, 442, 42, (const struct cell[]){{0, 4, 2885}, {4, 2, 1}, {6, 2, 2}, {8, 2, 3}, {10, 2, 4}, {12, 2, 5}, {14, 2, 6}, {0}},
		"STATUS. 2885 46d2 4000300020001 60005\n"},
	{FO, 6511, 320, 40, (const struct cell[]){{0, 4, 35001}, {34, 2, 1}, {0}}, "STATUS. 35001 196f 1 0\n"},
	{CM, 6521, 298, 40, (const struct cell[]){{0}}, "STATUS. 0 1979 0 0\n"},
	{CM, 7764, 58, 40, (const struct cell[]){
		{0, 8, 0x4142434445464748}, {8, 4, 0x494A4551}, {12, 2, 1}, {14, 2, 2}, {16, 2, 3}, {0}},
		"STATUS. 0 1e54 4847464544434241 300010051454a49\n"},
	{FO, 6501, 320, 40, (const struct cell[]){{2, 8, 0x4142434445464748}, {0}}, "STATUS. 0 1965 4847464544434241 0\n"},
	{CM, 6501, 298, 40, (const struct cell[]){{2, 8, 0x4142434445464748}, {0}}, "STATUS. 0 1965 0 0\n"},
	{FO, 6541, 40, 40, (const struct cell[]){{0}}, ""},
	{CM, 7210, 490, 40, (const struct cell[]){{0}}, ""},
	{FO, 11833, 100, 40, (const struct cell[]){{0}}, ""},
};
/* clang-format on */

static void
set_cells(struct body *b, uint32_t row_off, const struct cell *cells)
{
	for (; cells->bytes != 0; cells++)
		for (uint32_t i = 0; i < cells->bytes; i++)
			b->data[8 + row_off + cells->off + i] =
				(uint8_t)((uint64_t)cells->value >> 8 * (cells->bytes - 1 - i));
}

static struct body
told_body(size_t i)
{
	struct body b = body_of(told[i].market, told[i].transcode, told[i].length);

	set32(&b, 4, LOG_S);
	if (told[i].row_off == 42)
		set16(&b, 40, 1);
	if (told[i].row_off == 44)
		set32(&b, 40, 1);
	if (told[i].transcode == 7130 || told[i].transcode == 17130)
		set16(&b, 12, 1);
	set_cells(&b, told[i].row_off, told[i].cells);
	return b;
}

static void
lane_of(struct lane *lane)
{
	lane_new(lane, NNF);
	lane->emit.epoch_ns = EPOCH_NS;
}

static struct decoded
decode_body(struct lane *lane, const struct body *b, bool is_packed, char *text)
{
	const struct datagram d = datagram_with(b, is_packed);
	const struct decoded decoded = lane_decode(lane, d.data, d.bytes, UINT64_MAX);

	lane_text(lane, text, 4096);
	return decoded;
}

/* A last trade has its own time, or none; everything else the message's. */
static void
assert_times(const struct lane *lane, uint64_t record_cnt)
{
	for (uint64_t i = 0; i < record_cnt; i++) {
		const union vega_record *r = lane_record(lane, i);
		const uint64_t ts48 = vega_record_ts48(r);

		if (vega_record_kind(r) != VEGA_LAST)
			assert_true(ts48 == LOG_TS48);
		else
			assert_true(ts48 == LOG_TS48 || ts48 == LOG_TS48 - 7000000000u ||
				    ts48 == VEGA_TS_NONE);
	}
}

static void
test_records_of_every_transcode(void **state)
{
	char text[4096];
	struct lane lane;

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(told); i++) {
		const struct body b = told_body(i);

		for (int is_packed = 0; is_packed < 2; is_packed++) {
			struct decoded decoded;

			lane_of(&lane);
			decoded = decode_body(&lane, &b, is_packed, text);
			assert_string_equal(text, told[i].records);
			assert_int_equal(decoded.message_cnt, told[i].transcode != 6541);
			assert_int_equal(decoded.odd_cnt, told[i].transcode == 11833);
			assert_false(decoded.is_malformed);
			assert_times(&lane, decoded.record_cnt);
			lane_delete(&lane);
		}
	}
}

/* A name is told once, at first sight, or never where its token was known before. */
static void
test_names(void **state)
{
	char text[4096];
	struct lane lane;

	(void)state;
	lane_of(&lane);
	NNF->define(lane.state, 0x80000007, (const uint8_t *)"Nifty 50", 8);
	NNF->define(lane.state, 26000, (const uint8_t *)"Nifty Bank", 10); /* not one of ours */
	for (size_t i = 0; i < VEGA_ARRAY_CNT(told); i++) {
		const struct body b = told_body(i);

		if (told[i].transcode != 7207 && told[i].transcode != 7211)
			continue;
		(void)decode_body(&lane, &b, false, text);
		if (told[i].transcode == 7207)
			assert_int_equal(strncmp(text, "INDEX 2147483655 ", 17), 0);
		else
			assert_int_equal(
				strncmp(text, "DEFINITION. 2147483656 64611/68281\n", 35), 0);
		(void)decode_body(&lane, &b, true, text);
		assert_null(strstr(text, "DEFINITION"));
	}
	lane_delete(&lane);
}

/* An index between neither low and high is none: odd, and not laid. */
static void
test_index_out_of_its_range(void **state)
{
	char text[4096];
	struct lane lane;
	struct body b = list_of(&(struct listed){CM, 7207, 474, 40, 2, 42, 72, 6, true}, 2, 474);

	(void)state;
	lane_of(&lane);
	set32(&b, 42 + 22, 5);
	set32(&b, 42 + 26, 4);
	assert_int_equal(decode_body(&lane, &b, false, text).odd_cnt, 1);
	assert_null(strstr(text, "Nifty 0"));
	assert_non_null(strstr(text, "DEFINITION. 2147483649 Nifty 1\n"));
	assert_true(message_of(&b).is_odd);
	lane_delete(&lane);
}

/* Every row gives its records, and the message ends once. */
static void
test_many_rows(void **state)
{
	struct lane lane;
	char text[65536];

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(lists); i++) {
		const struct listed *l = &lists[i];
		uint32_t end_cnt = 0;
		struct body b = list_of(l, l->row_cnt_max, l->length);
		struct datagram d;
		struct decoded decoded;

		set32(&b, 4, LOG_S);
		d = datagram_with(&b, true);
		lane_of(&lane);
		decoded = lane_decode(&lane, d.data, d.bytes, UINT64_MAX);
		lane_text(&lane, text, sizeof(text));
		for (uint32_t row = 0; row < l->row_cnt_max; row++) {
			char key[40];

			(void)snprintf(key, sizeof(key), l->is_named ? " Nifty %u\n" : " %u ",
				l->is_named ? row : 35000 + row);
			assert_non_null(strstr(text, key));
		}
		for (uint64_t r = 0; r < decoded.record_cnt; r++)
			end_cnt +=
				vega_record_kind(lane_record(&lane, r)) != VEGA_DEFINITION &&
				(vega_record_flags(lane_record(&lane, r)) & VEGA_RECORD_LAST) != 0;
		assert_int_equal(end_cnt, 1);
		lane_delete(&lane);
	}
}

/* Without a time of its own a record has none. */
static void
test_no_time(void **state)
{
	struct body b = body_of(FO, 7130, 48);
	struct lane lane;
	char text[4096];

	(void)state;
	set16(&b, 12, 1);
	lane_of(&lane);
	(void)decode_body(&lane, &b, false, text);
	assert_true(vega_record_ts48(lane_record(&lane, 0)) == VEGA_TS_NONE);
	lane_delete(&lane);
}

/* ---- all fields ----------------------------------------------------------------------------------------------- */

/* The message as JSON. */
static void
json_of(const struct body *b, char *buf, size_t room)
{
	struct vega_text text = {.buf = buf, .bytes = room, .style = VEGA_TEXT_JSON};
	const struct vega_message m = {.data = b->data,
		.bytes = b->bytes,
		.type = (uint32_t)b->data[18] << 8 | b->data[19]};

	vega_text_begin(&text);
	NNF->line(&m, &text);
	vega_text_end(&text);
	assert_false(text.cut);
}

/* Does a key stand twice in an object that begins here? */
static bool
has_double_key(const char *object, const char *end)
{
	for (const char *key = strchr(object, '"'); key != NULL && key < end;
		key = strstr(key, ",\"")) {
		char quoted[40];
		const char *again;

		key += *key == ',';
		(void)snprintf(quoted, sizeof(quoted),
			"%.*s:", (int)(strchr(key + 1, '"') + 1 - key), key);
		again = strstr(key + 1, quoted);
		if (again != NULL && again < end)
			return true;
	}
	return false;
}

static void
test_keys_are_single(void **state)
{
	static char json[65536];

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(told); i++) {
		const struct body b = told_body(i);
		const char *row;

		json_of(&b, json, sizeof(json));
		row = strstr(json, "\"rows\":[{");
		assert_false(has_double_key(json, row != NULL ? row : json + strlen(json)));
		if (row != NULL)
			assert_false(has_double_key(row + 8, strchr(row, '}')));
	}
}

/* Values that were set are found under their names, whatever lies between. */
static void
test_fields(void **state)
{
	static const struct {
		uint16_t transcode;
		const char *members[12];
	} cases[] = {
		{7208, {"\"log\":1432890900,", "\"volume\":4000000000,", "\"net\":-95,",
			       "\"exceeded\":\"1\",", "\"bid2orders\":4096,", "\"bid3px\":-1,",
			       "\"ask5px\":9930,", "\"totalsell\":1234,", "\"low\":9805}"}},
		{7202, {"\"px\":-9905,", "\"oi\":4000000000,", "\"oilow\":3}"}},
		{17202, {"\"market\":2,", "\"oi\":5000000000,", "\"oihigh\":5000000001,"}},
		{7130, {"\"log\":1432890900,", "\"tok\":26000,", "\"oi\":4000000000}"}},
		{7211, {"\"tok2\":68281,", "\"value\":\"1234\",", "\"ask5px\":-5,",
			       "\"ltp\":-48,"}},
		{7207, {"\"name\":\"Nifty 50\",", "\"yearlow\":2100000,", "\"cap\":\"1234\","}},
		{7764, {"\"symbol\":\"ABCDEFGHIJ\",", "\"series\":\"EQ\",", "\"action\":3}"}},
		{7220, {"\"high\":10500,", "\"low\":-9500}"}},
		{18130, {"\"status1\":1,", "\"status6\":6}"}},
	};
	static char json[65536];

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		for (size_t j = 0; j < VEGA_ARRAY_CNT(told); j++) {
			const struct body b = told_body(j);

			if (told[j].transcode != cases[i].transcode)
				continue;
			json_of(&b, json, sizeof(json));
			for (uint32_t k = 0; cases[i].members[k] != NULL; k++)
				assert_non_null(strstr(json, cases[i].members[k]));
			break;
		}
	}
}

/* A heartbeat is idle, an entry has no sequence, and each is a span. */
static void
test_spans(void **state)
{
	uint32_t ends[4];
	const struct datagram d = mixed_datagram(ends);
	static const uint32_t want[] = {1, 1, 0, 0};
	struct lane lane;
	struct vega_decode decode = {.payload = d.data, .bytes = d.bytes};
	struct vega_span span;

	(void)state;
	lane_of(&lane);
	decode.state = lane.state;
	decode.emit = &lane.emit;
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(NNF->span(&decode, &span));
		assert_true(span.seq == VEGA_SEQ_NONE && span.seq_cnt == want[i]);
		assert_int_equal(decode.at, ends[i]);
	}
	assert_false(NNF->span(&decode, &span));
	assert_false(decode.is_malformed);
	lane_delete(&lane);
}

/* A datagram of 60 KiB that unpacks to millions of rows ends where the lane has no room for them. */
static void
test_amplification(void **state)
{
	/* Eight bytes that unpack to 2040 zeros behind a header: one literal run, one long match. */
	struct body b = body_of(FO, 7130, 2040);
	static uint8_t data[61440];
	struct lane lane;
	struct decoded decoded;
	uint8_t entry[128];
	uint32_t bytes = 0, at = 4, cnt = 0;

	(void)state;
	set16(&b, 12, 250);
	entry[2] = 17 + 48;
	memcpy(entry + 3, b.data, 48);
	bytes = 3 + 48;
	entry[bytes++] = 0x20; /* a match of 2000 bytes, one back, the first of them 0 */
	for (uint32_t left = 2000 - 33;; left -= 255) {
		if (left <= 255) {
			entry[bytes++] = (uint8_t)left;
			break;
		}
		entry[bytes++] = 0;
	}
	memcpy(entry + bytes, "\0\0\x11\0\0", 5);
	bytes += 5;
	entry[0] = 0;
	entry[1] = (uint8_t)(bytes - 2);
	for (; at + bytes <= sizeof(data); at += bytes, cnt++)
		memcpy(data + at, entry, bytes);
	data[0] = FO;
	data[2] = (uint8_t)(cnt >> 8);
	data[3] = (uint8_t)cnt;
	lane_of(&lane);
	assert_true(lane_keeps_contract(NNF, data, at));
	decoded = lane_decode(&lane, data, at, UINT64_MAX);
	assert_true(decoded.is_malformed);
	assert_in_range(decoded.message_cnt, 100, cnt - 1);
	assert_in_range(
		decoded.record_cnt, lane.ring.capacity / 2 - 4096 - 250, lane.ring.capacity / 2);
	lane_delete(&lane);
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
		cmocka_unit_test(test_records_of_every_transcode),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_index_out_of_its_range),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_keys_are_single),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_amplification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
