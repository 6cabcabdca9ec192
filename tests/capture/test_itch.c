/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "capture/feed/itch.h"
#include "tests/lib/datagram.h"

#define ITCH      (&vega_format_itch)
#define HEAD      " 2=513 2=7 6=34200000000001" /* behind the type */
#define HEAD_LINE "locate=513 tracking=7 ts=34200000000001"

/* Every type, as its document has it, and its line. */
static const struct {
	const char *message;
	uint32_t bytes;
	const char *line;
} cases[] = {
	{"1'S" HEAD " 1'O", 12, HEAD_LINE " event=O"},
	{"1'R" HEAD " 8'AAPL 1'Q 1'N 4=100 1'N 1'C 2'Z 1'P 1'N 1'_ 1'1 1'N 4=4294967295 1'N", 39,
		HEAD_LINE " stock=AAPL mktcat=Q fsi=N lot=100 lotonly=N class=C subtype=Z auth=P "
			  "sst=N ipo=  luld=1 etp=N lev=4294967295 inv=N"},
	{"1'H" HEAD " 8'AAPL 1'T 1'_ 4'MWC1", 25, HEAD_LINE " stock=AAPL state=T reason=MWC1"},
	{"1'Y" HEAD " 8'BRK_A 1'2", 20, HEAD_LINE " stock=BRK A action=2"},
	{"1'L" HEAD " 4'GSCO 8'AAPL 1'Y 1'N 1'A", 26,
		HEAD_LINE " mpid=GSCO stock=AAPL pmm=Y mode=N state=A"},
	{"1'V" HEAD " 8=18446744073709551615 8=2 8=300000000", 35,
		HEAD_LINE " l1=18446744073709551615 l2=2 l3=300000000"},
	{"1'W" HEAD " 1'3", 12, HEAD_LINE " level=3"},
	{"1'K" HEAD " 8'NEW 4=34500 1'A 4=250000", 28,
		HEAD_LINE " stock=NEW rel=34500 qual=A price=250000"},
	{"1'J" HEAD " 8'AAPL 4=1 4=2 4=3 4=4", 35, HEAD_LINE " stock=AAPL ref=1 up=2 lo=3 ext=4"},
	{"1'h" HEAD " 8'AAPL 1'X 1'H", 21, HEAD_LINE " stock=AAPL mkt=X action=H"},
	{"1'A" HEAD " 8=18446744073709551615 1'B 4=4294967295 8'ABCDEFGH 4=4294967295", 36,
		HEAD_LINE " ref=18446744073709551615 side=B shares=4294967295 stock=ABCDEFGH "
			  "price=4294967295"},
	{"1'F" HEAD " 8=5 1'S 4=6 8'AAPL 4=7 4'GSCO", 40,
		HEAD_LINE " ref=5 side=S shares=6 stock=AAPL price=7 mpid=GSCO"},
	{"1'E" HEAD " 8=5 4=6 8=7", 31, HEAD_LINE " ref=5 shares=6 match=7"},
	{"1'C" HEAD " 8=5 4=6 8=7 1'Y 4=8", 36,
		HEAD_LINE " ref=5 shares=6 match=7 print=Y price=8"},
	{"1'X" HEAD " 8=5 4=6", 23, HEAD_LINE " ref=5 shares=6"},
	{"1'D" HEAD " 8=5", 19, HEAD_LINE " ref=5"},
	{"1'U" HEAD " 8=5 8=6 4=7 4=8", 35, HEAD_LINE " ref=5 newref=6 shares=7 price=8"},
	{"1'P" HEAD " 8=0 1'B 4=6 8'AAPL 4=7 8=8", 44,
		HEAD_LINE " ref=0 side=B shares=6 stock=AAPL price=7 match=8"},
	{"1'Q" HEAD " 8=5 8'AAPL 4=6 8=7 1'O", 40,
		HEAD_LINE " shares=5 stock=AAPL price=6 match=7 cross=O"},
	{"1'B" HEAD " 8=5", 19, HEAD_LINE " match=5"},
	{"1'I" HEAD " 8=5 8=6 1'B 8'AAPL 4=7 4=8 4=9 1'C 1'_", 50,
		HEAD_LINE " paired=5 imb=6 dir=B stock=AAPL far=7 near=8 cur=9 cross=C var= "},
	{"1'N" HEAD " 8'AAPL 1'A", 20, HEAD_LINE " stock=AAPL flag=A"},
	{"1'O" HEAD " 8'NEW 1'Y 4=5 4=6 4=7 8=8 4=9 4=10", 48,
		HEAD_LINE " stock=NEW open=Y min=5 max=6 near=7 neartime=8 lo=9 hi=10"},
};

static void
put_header(struct datagram *d, uint64_t seq, uint16_t count)
{
	datagram_text(d, "0000010059", 10);
	datagram_be(d, seq, 8);
	datagram_be(d, count, 2);
}

static void
put_block(struct datagram *d, const struct datagram *message, uint32_t bytes)
{
	datagram_be(d, bytes, 2);
	datagram_text(d, (const char *)message->data, bytes);
}

/* How a datagram of this one message, as long as said, is read. */
static struct walked
walk_one(const struct datagram *message, uint32_t bytes, struct datagram_lines *lines)
{
	struct datagram d = {0};
	struct walked walked;

	put_header(&d, 41, 1);
	put_block(&d, message, bytes);
	assert_true(datagram_walk(ITCH, d.data, d.bytes, lines, &walked));
	assert_int_equal(walked.rc, 0);
	assert_int_equal(walked.message_cnt, 1);
	assert_int_equal(lines->last.seq, 41);
	return walked;
}

static void
test_every_type(void **state)
{
	static struct datagram_lines lines;
	char want[512];

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		struct datagram message = {0};

		datagram_build(&message, cases[i].message, true);
		assert_int_equal(message.bytes, cases[i].bytes);
		assert_true(vega_itch_is_message(message.data[0], message.bytes));
		assert_int_equal(walk_one(&message, message.bytes, &lines).odd_cnt, 0);
		(void)snprintf(want, sizeof(want), "type=%c len=%u %s\n", message.data[0],
			message.bytes, cases[i].line);
		assert_string_equal(lines.text, want);
		assert_int_equal(lines.last.type, message.data[0]);
	}
}

/* Longer: what is known. Shorter: type and length. Both are odd. */
static void
test_every_length(void **state)
{
	static struct datagram_lines lines;
	char want[512];

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		struct datagram message = {0};

		datagram_build(&message, cases[i].message, true);
		assert_int_equal(walk_one(&message, message.bytes + 1, &lines).odd_cnt, 1);
		(void)snprintf(want, sizeof(want), "type=%c len=%u %s\n", message.data[0],
			message.bytes + 1, cases[i].line);
		assert_string_equal(lines.text, want);
		for (uint32_t bytes = 1; bytes < message.bytes; bytes++) {
			assert_int_equal(walk_one(&message, bytes, &lines).odd_cnt, 1);
			(void)snprintf(
				want, sizeof(want), "type=%c len=%u\n", message.data[0], bytes);
			assert_string_equal(lines.text, want);
			assert_false(vega_itch_is_message(message.data[0], bytes));
		}
	}
}

static void
test_unknown(void **state)
{
	static struct datagram_lines lines;
	struct datagram message = {.data = "~", .bytes = 20};

	(void)state;
	assert_int_equal(walk_one(&message, 20, &lines).odd_cnt, 1);
	assert_string_equal(lines.text, "type=~ len=20\n");
	assert_int_equal(walk_one(&message, 0, &lines).odd_cnt, 1);
	assert_string_equal(lines.text, "type= len=0\n");
}

/* All types in one datagram; sequences count up; cut anywhere it gives what is whole, and is malformed. */
static void
test_datagram(void **state)
{
	struct datagram d = {0};
	uint32_t ends[VEGA_ARRAY_CNT(cases) + 1];
	struct walked walked;
	struct vega_walk walk;
	struct vega_message m;

	(void)state;
	put_header(&d, 1000, VEGA_ARRAY_CNT(cases));
	ends[0] = d.bytes;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		struct datagram message = {0};

		datagram_build(&message, cases[i].message, true);
		put_block(&d, &message, message.bytes);
		ends[i + 1] = d.bytes;
	}
	for (uint32_t bytes = 0; bytes < d.bytes; bytes++) {
		uint32_t whole = 0;

		while (bytes >= 20 && ends[whole + 1] <= bytes)
			whole++;
		assert_true(datagram_walk(ITCH, d.data, bytes, NULL, &walked));
		assert_int_equal(walked.rc, -EBADMSG);
		assert_int_equal(walked.message_cnt, whole);
	}
	assert_true(datagram_walk(ITCH, d.data, d.bytes + 1, NULL, &walked)); /* a byte behind it */
	assert_int_equal(walked.rc, -EBADMSG);
	assert_int_equal(ITCH->open(&walk, d.data, d.bytes), 0);
	assert_int_equal(walk.seq_first, 1000);
	assert_int_equal(walk.message_cnt, VEGA_ARRAY_CNT(cases));
	assert_string_equal((const char *)walk.session_text, "0000010059");
	for (uint64_t seq = 1000; seq < 1000 + VEGA_ARRAY_CNT(cases); seq++) {
		assert_int_equal(ITCH->next(&walk, &m), 1);
		assert_int_equal(m.seq, seq);
	}
	assert_int_equal(ITCH->next(&walk, &m), 0);
}

static void
test_no_messages(void **state)
{
	static const uint16_t counts[] = {0, 0xFFFF}; /* heartbeat, end of session */
	struct walked walked;

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(counts); i++) {
		struct datagram d = {0};

		put_header(&d, 5, counts[i]);
		assert_true(datagram_walk(ITCH, d.data, d.bytes, NULL, &walked));
		assert_int_equal(walked.rc, 0);
		assert_int_equal(walked.message_cnt, 0);
		assert_true(datagram_walk(ITCH, d.data, d.bytes + 1, NULL, &walked));
		assert_int_equal(walked.rc, -EBADMSG);
	}
}

static void
test_sessions(void **state)
{
	struct datagram d = {0};
	struct vega_walk a;
	struct vega_walk b;

	(void)state;
	put_header(&d, 5, 0);
	assert_int_equal(ITCH->open(&a, d.data, d.bytes), 0);
	assert_int_equal(ITCH->open(&b, d.data, d.bytes), 0);
	assert_int_equal(a.session, b.session);
	d.data[9] ^= 1;
	assert_int_equal(ITCH->open(&b, d.data, d.bytes), 0);
	assert_int_not_equal(a.session, b.session);
}

static void
test_stock(void **state)
{
	struct vega_message m = {0};
	const uint8_t *stock;
	uint16_t locate;

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		struct datagram message = {0};
		const char *named = strstr(cases[i].line, " stock=");

		datagram_build(&message, cases[i].message, true);
		m = (struct vega_message){
			.data = message.data, .bytes = message.bytes, .type = message.data[0]};
		assert_true(vega_itch_stock(&m, &locate, &stock));
		assert_int_equal(locate, 513);
		assert_int_equal(stock != NULL, named != NULL);
		if (named != NULL)
			assert_memory_equal(stock, named + 7, 3);
		m.bytes--;
		assert_false(vega_itch_stock(&m, &locate, &stock));
	}
	m.type = '~';
	assert_false(vega_itch_stock(&m, &locate, &stock));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_no_messages),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_stock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
