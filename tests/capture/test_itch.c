/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "capture/feed/itch.h"
#include "tests/lib/datagram.h"
#include "tests/lib/lane.h"

#define ITCH      (&vega_format_itch)
#define HEAD      " 2=513 2=7 6=34200000000001"       /* behind the type */
#define TS48      (86400000000000u + 34200000000001u) /* the epoch is a day before midnight */
#define HEAD_LINE "locate=513 tracking=7 ts=34200000000001"

/* Every type, as its document has it, and its line. */
static const struct {
	const char *message;
	uint32_t bytes;
	const char *line;
	const char *records; /* DEFINITION at first sight left away */
} cases[] = {
	{"1'S" HEAD " 1'O", 12, HEAD_LINE " event=O", "STATUS. 513 53 4f 0\n"},
	{"1'R" HEAD " 8'AAPL 1'Q 1'N 4=100 1'N 1'C 2'Z 1'P 1'N 1'_ 1'1 1'N 4=4294967295 1'N", 39,
		HEAD_LINE " stock=AAPL mktcat=Q fsi=N lot=100 lotonly=N class=C subtype=Z auth=P "
			  "sst=N ipo=  luld=1 etp=N lev=4294967295 inv=N",
		"DEFINITION 513 AAPL\n"
		"DEFINITION 513 1040200 64 ffffffff\n"
		"DEFINITION. 513 1040201 4e50205a434e4e51 4e4e3120\n"},
	{"1'H" HEAD " 8'AAPL 1'T 1'_ 4'MWC1", 25, HEAD_LINE " stock=AAPL state=T reason=MWC1",
		"STATUS. 513 48 54 3143574d\n"},
	{"1'Y" HEAD " 8'BRK_A 1'2", 20, HEAD_LINE " stock=BRK A action=2", "STATUS. 513 59 32 0\n"},
	{"1'L" HEAD " 4'GSCO 8'AAPL 1'Y 1'N 1'A", 26,
		HEAD_LINE " mpid=GSCO stock=AAPL pmm=Y mode=N state=A",
		"STATUS. 513 4c 4f435347 414e59\n"},
	{"1'V" HEAD " 8=18446744073709551615 8=2 8=300000000", 35,
		HEAD_LINE " l1=18446744073709551615 l2=2 l3=300000000",
		"STATUS 513 56 ffffffffffffffff 2\n"
		"STATUS. 513 156 11e1a300 0\n"},
	{"1'W" HEAD " 1'3", 12, HEAD_LINE " level=3", "STATUS. 513 57 33 0\n"},
	{"1'K" HEAD " 8'NEW 4=34500 1'A 4=250000", 28,
		HEAD_LINE " stock=NEW rel=34500 qual=A price=250000",
		"STATUS. 513 4b 86c4 410003d090\n"},
	{"1'J" HEAD " 8'AAPL 4=1 4=2 4=3 4=4", 35, HEAD_LINE " stock=AAPL ref=1 up=2 lo=3 ext=4",
		"STATUS. 513 4a 200000001 400000003\n"},
	{"1'h" HEAD " 8'AAPL 1'X 1'H", 21, HEAD_LINE " stock=AAPL mkt=X action=H",
		"STATUS. 513 68 58 48\n"},
	{"1'A" HEAD " 8=18446744073709551615 1'B 4=4294967295 8'ABCDEFGH 4=4294967295", 36,
		HEAD_LINE " ref=18446744073709551615 side=B shares=4294967295 stock=ABCDEFGH "
			  "price=4294967295",
		"ADDW 513 qty=4294967295 id=18446744073709551615 price=-1 ref=0\n"
		"WIDE. 513 0 0 0 0 0\n"},
	{"1'F" HEAD " 8=5 1'S 4=6 8'AAPL 4=7 4'GSCO", 40,
		HEAD_LINE " ref=5 side=S shares=6 stock=AAPL price=7 mpid=GSCO",
		"ADDS 513 qty=6 id=5 price=7 ref=0\n"
		"REF. 513 6 1329812295 0\n"},
	{"1'E" HEAD " 8=5 4=6 8=7", 31, HEAD_LINE " ref=5 shares=6 match=7",
		"EXECUTE 513 qty=6 id=5 price=0 ref=1\n"
		"REF. 513 1 7 0\n"},
	{"1'C" HEAD " 8=5 4=6 8=7 1'Y 4=8", 36, HEAD_LINE " ref=5 shares=6 match=7 print=Y price=8",
		"EXECUTE 513 qty=6 id=5 price=8 ref=0\n"
		"REF. 513 1 7 0\n"},
	{"1'X" HEAD " 8=5 4=6", 23, HEAD_LINE " ref=5 shares=6",
		"DELETE. 513 qty=6 id=5 price=0 ref=5\n"},
	{"1'D" HEAD " 8=5", 19, HEAD_LINE " ref=5", "DELETE. 513 qty=0 id=5 price=0 ref=3\n"},
	{"1'U" HEAD " 8=5 8=6 4=7 4=8", 35, HEAD_LINE " ref=5 newref=6 shares=7 price=8",
		"MODIFY 513 qty=7 id=5 price=8 ref=8\n"
		"REF. 513 3 5 6\n"},
	{"1'P" HEAD " 8=0 1'B 4=6 8'AAPL 4=7 8=8", 44,
		HEAD_LINE " ref=0 side=B shares=6 stock=AAPL price=7 match=8",
		"TRADE. 513 qty=6 id=8 price=7 ref=8\n"},
	{"1'Q" HEAD " 8=5 8'AAPL 4=6 8=7 1'O", 40,
		HEAD_LINE " shares=5 stock=AAPL price=6 match=7 cross=O",
		"TRADE. 513 qty=5 id=7 price=6 ref=4f000c\n"},
	{"1'B" HEAD " 8=5", 19, HEAD_LINE " match=5", "TRADE. 513 qty=0 id=5 price=0 ref=9\n"},
	{"1'I" HEAD " 8=5 8=6 1'B 8'AAPL 4=7 4=8 4=9 1'C 1'_", 50,
		HEAD_LINE " paired=5 imb=6 dir=B stock=AAPL far=7 near=8 cur=9 cross=C var= ",
		"STATUS 513 49 5 6\n"
		"STATUS. 513 149 800000007 20434200000009\n"},
	{"1'N" HEAD " 8'AAPL 1'A", 20, HEAD_LINE " stock=AAPL flag=A", "STATUS. 513 4e 41 0\n"},
	{"1'O" HEAD " 8'NEW 1'Y 4=5 4=6 4=7 8=8 4=9 4=10", 48,
		HEAD_LINE " stock=NEW open=Y min=5 max=6 near=7 neartime=8 lo=9 hi=10",
		"STATUS 513 4f 5900000007 8\n"
		"STATUS. 513 14f 600000005 a00000009\n"},
	/* What another value makes of the same type. */
	{"1'C" HEAD " 8=5 4=6 8=7 1'N 4=8", 36, HEAD_LINE " ref=5 shares=6 match=7 print=N price=8",
		"EXECUTE 513 qty=6 id=5 price=8 ref=20\n"
		"REF. 513 1 7 0\n"},
	{"1'P" HEAD " 8=9 1'S 4=6 8'AAPL 4=7 8=8", 44,
		HEAD_LINE " ref=9 side=S shares=6 stock=AAPL price=7 match=8",
		"TRADES 513 qty=6 id=8 price=7 ref=8\n"
		"REF. 513 5 9 6\n"},
	{"1'Q" HEAD " 8=8589934597 8'AAPL 4=6 8=7 1'O", 40,
		HEAD_LINE " shares=8589934597 stock=AAPL price=6 match=7 cross=O",
		"TRADEW 513 qty=5 id=7 price=6 ref=4f000c\n"
		"WIDE. 513 2 0 0 0 0\n"},
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

/* The records of a message of so many bytes; ts: of each. */
static void
decode_one(struct lane *lane, const struct datagram *message, uint32_t bytes, char *text,
	struct decoded *ret_decoded)
{
	struct datagram d = {0};

	put_header(&d, 41, 1);
	put_block(&d, message, bytes);
	assert_true(lane_keeps_contract(ITCH, d.data, d.bytes));
	*ret_decoded = lane_decode(lane, d.data, d.bytes, UINT64_MAX);
	assert_int_equal(ret_decoded->message_cnt, 1);
	assert_false(ret_decoded->is_malformed);
	lane_text(lane, text, 1024);
	for (uint64_t i = 0; i < ret_decoded->record_cnt; i++)
		assert_int_equal(vega_record_ts48(lane_record(lane, i)), TS48);
}

/* First sight of a stock gives its DEFINITION; a directory message always does. */
static void
test_records_of_every_type(void **state)
{
	char text[1024], first[1100];
	struct decoded decoded;
	struct lane lane;

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		const char *named = strstr(cases[i].line, " stock=");
		struct datagram message = {0};

		datagram_build(&message, cases[i].message, true);
		lane_new(&lane, ITCH);
		decode_one(&lane, &message, message.bytes, text, &decoded);
		first[0] = '\0';
		if (named != NULL && message.data[0] != 'R')
			(void)snprintf(first, sizeof(first), "DEFINITION 513 %.*s\n",
				strncmp(named + 7, "BRK A", 5) == 0 ? 5
								    : (int)strcspn(named + 7, " "),
				named + 7);
		(void)strcat(first, cases[i].records);
		assert_string_equal(text, first);
		for (uint32_t longer = 0; longer < 2; longer++) {
			decode_one(&lane, &message, message.bytes + longer, text, &decoded);
			assert_string_equal(text, cases[i].records);
			assert_int_equal(decoded.odd_cnt, longer);
		}
		for (uint32_t bytes = 0; bytes < message.bytes; bytes++) {
			decode_one(&lane, &message, bytes, text, &decoded);
			assert_string_equal(text, "");
			assert_int_equal(decoded.odd_cnt, 1);
		}
		lane_delete(&lane);
	}
}

/* A locate that changes its stock, one that was seeded, and names that are none. */
static void
test_names(void **state)
{
	static const struct {
		const char *message;
		const char *records;
	} steps[] = {
		{"1'Y" HEAD " 8'AAPL 1'2", "STATUS. 513 59 32 0\n"}, /* seeded */
		{"1'Y" HEAD " 8'META 1'2", "DEFINITION 513 META\nSTATUS. 513 59 32 0\n"},
		{"1'Y" HEAD " 4'META 4=0 1'2", "STATUS. 513 59 32 0\n"}, /* the same */
		{"1'Y" HEAD " 8'META 1'2", "STATUS. 513 59 32 0\n"},
		{"1'Y" HEAD " 8' 1'2", "STATUS. 513 59 32 0\n"}, /* says nothing */
		{"1'Y" HEAD " 8'META 1'2", "STATUS. 513 59 32 0\n"},
		{"1'Y" HEAD " 8'ABCDEFGH 1'2", "DEFINITION 513 ABCDEFGH\nSTATUS. 513 59 32 0\n"},
		{"1'Y 2=65535 2=7 6=34200000000001 8'A 1'2",
			"DEFINITION 65535 A\nSTATUS. 65535 59 32 0\n"},
		{"1'R" HEAD " 8' 1'Q 1'N 4=1 1'N 1'C 2'Z 1'P 1'N 1'_ 1'1 1'N 4=0 1'N",
			"DEFINITION 513 \nDEFINITION 513 1040200 1 0\n"
			"DEFINITION. 513 1040201 4e50205a434e4e51 4e4e3120\n"},
	};
	struct decoded decoded;
	struct lane lane;
	char text[1024];

	(void)state;
	lane_new(&lane, ITCH);
	ITCH->define(lane.state, 513, (const uint8_t *)"AAPL", 4);
	ITCH->define(lane.state, 65536, (const uint8_t *)"NOBODY", 6);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(steps); i++) {
		struct datagram message = {0};

		datagram_build(&message, steps[i].message, true);
		decode_one(&lane, &message, message.bytes, text, &decoded);
		assert_string_equal(text, steps[i].records);
	}
	lane_delete(&lane);
}

/* A time that 48 bits do not hold stands in a record of its own before each. */
static void
test_far_times(void **state)
{
	struct datagram d = {0};
	struct lane lane;
	char text[1024];

	(void)state;
	put_header(&d, 41, 1);
	datagram_build(&d, "2=31 1'E 2=513 2=7 6=281474976710655 8=5 4=6 8=7", true);
	lane_new(&lane, ITCH);
	(void)lane_decode(&lane, d.data, d.bytes, UINT64_MAX);
	lane_text(&lane, text, sizeof(text));
	assert_string_equal(text, "TIME 0 0 14d0dc18cc257fff 0\n"
				  "EXECUTE 513 qty=6 id=5 price=0 ref=1\n"
				  "TIME 0 0 14d0dc18cc257fff 0\n"
				  "REF. 513 1 7 0\n");
	lane_delete(&lane);
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
	uint8_t *cut;

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
		cut = malloc(bytes + 1); /* of one byte more: malloc(0) may be NULL */
		assert_non_null(cut);
		memcpy(cut + 1, d.data, bytes);
		assert_true(lane_keeps_contract(ITCH, cut + 1, bytes));
		free(cut);
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
	struct decoded decoded;
	struct lane lane;
	struct walked walked;

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(counts); i++) {
		struct datagram d = {0};

		put_header(&d, 5, counts[i]);
		assert_true(datagram_walk(ITCH, d.data, d.bytes, NULL, &walked));
		assert_int_equal(walked.rc, 0);
		assert_int_equal(walked.message_cnt, 0);
		lane_new(&lane, ITCH);
		decoded = lane_decode(&lane, d.data, d.bytes, UINT64_MAX);
		assert_false(decoded.is_malformed);
		assert_int_equal(decoded.record_cnt, 0);
		assert_int_equal(decoded.span.seq, 5);
		assert_int_equal(decoded.span.seq_cnt, 0);
		assert_int_equal(decoded.span.is_end, counts[i] != 0);
		lane_delete(&lane);
		assert_true(datagram_walk(ITCH, d.data, d.bytes + 1, NULL, &walked));
		assert_int_equal(walked.rc, -EBADMSG);
		assert_true(lane_keeps_contract(ITCH, d.data, d.bytes + 1));
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
		cmocka_unit_test(test_records_of_every_type),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_far_times),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_no_messages),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_stock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
