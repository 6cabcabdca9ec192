/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "capture/feed/format.h"
#include "tests/lib/datagram.h"
#include "tests/lib/lane.h"

#define IEX       (&vega_format_iex)
#define HEAD      " 1=192 8=1499697155788781087" /* behind the type */
#define TS48      (1499697155788781087 - LANE_EPOCH_NS)
#define SYM       " 8'ZIEXT"
#define HEAD_LINE "f=192 ts=1499697155788781087"
#define SYM_LINE  " sym=ZIEXT"

/* Every type, as its document has it, and its line. */
static const struct {
	const char *message;
	uint32_t bytes;
	const char *line;
	const char *records; /* DEFINITION at first sight left away */
} cases[] = {
	{"1'S" HEAD, 10, "", "STATUS. 0 53 c0 0\n"},
	{"1'D" HEAD SYM " 4=100 8=-1 1=2", 31, SYM_LINE " lot=100 poc=-1 luld=2",
		"DEFINITION 1 ZIEXT\n"
		"DEFINITION 1 1040200 64 ffffffffffffffff\n"
		"DEFINITION. 1 1040201 c0 2\n"},
	{"1'H" HEAD SYM " 4'T1", 22, SYM_LINE " reason=T1", "STATUS. 1 48 c0 20203154\n"},
	{"1'I" HEAD SYM, 18, SYM_LINE, "STATUS. 1 49 c0 0\n"},
	{"1'O" HEAD SYM, 18, SYM_LINE, "STATUS. 1 4f c0 0\n"},
	{"1'P" HEAD SYM " 1'_", 19, SYM_LINE " detail= ", "STATUS. 1 50 c0 20\n"},
	{"1'E" HEAD SYM, 18, SYM_LINE, "STATUS. 1 45 c0 0\n"},
	{"1'Q" HEAD SYM " 4=1 8=2 8=3 4=4294967295", 42,
		SYM_LINE " bsz=1 bpx=2 apx=3 asz=4294967295",
		"LEVEL 1 c1 bid=2*1 ask=3*4294967295\n"
		"STATUS. 1 51 c0 0\n"},
	{"1'8" HEAD SYM " 4=1 8=-9223372036854775808", 30,
		SYM_LINE " size=1 price=-9223372036854775808",
		"LEVELW 1 40 bid=0*1 ask=0*0\n"
		"WIDE 1 0 -2147483648 0 0 0\n"},
	{"1'5" HEAD SYM " 4=0 8=9223372036854775807", 30,
		SYM_LINE " size=0 price=9223372036854775807",
		"LEVELW 1 80 bid=0*0 ask=-1*0\n"
		"WIDE 1 0 0 0 2147483647 0\n"},
	{"1'T" HEAD SYM " 4=1 8=2 8=3", 38, SYM_LINE " size=1 price=2 id=3",
		"TRADE. 1 qty=1 id=3 price=2 ref=c00008\n"},
	{"1'B" HEAD SYM " 4=1 8=2 8=3", 38, SYM_LINE " size=1 price=2 id=3",
		"TRADE. 1 qty=1 id=3 price=2 ref=c00009\n"},
	{"1'X" HEAD SYM " 8=1", 26, SYM_LINE " price=1", "STATUS. 1 58 c0 1\n"},
	{"1'A" HEAD SYM " 4=1 8=2 8=3 4=4 1'B 1=5 4=6 8=7 8=8 8=9 8=10", 80,
		SYM_LINE " paired=1 ref=2 ind=3 imb=4 ext=5 time=6 clr=7 col=8 lo=9 hi=10 side=B",
		"STATUS 1 41 6000542c0 400000001\n"
		"STATUS 1 141 2 3\n"
		"STATUS 1 241 7 8\n"
		"STATUS. 1 341 9 a\n"},
	{"1'a" HEAD SYM " 8=1 4=2 8=3", 38, SYM_LINE " oid=1 size=2 price=3",
		"ADD. 1 qty=2 id=1 price=3 ref=0\n"},
	{"1'M" HEAD SYM " 8=1 4=2 8=3", 38, SYM_LINE " oid=1 size=2 price=3",
		"MODIFY. 1 qty=2 id=1 price=3 ref=c00000\n"},
	{"1'R" HEAD SYM " 8=18446744073709551615", 26, SYM_LINE " oid=18446744073709551615",
		"DELETE. 1 qty=0 id=18446744073709551615 price=0 ref=c00003\n"},
	{"1'L" HEAD SYM " 8=1 4=2 8=3 8=4", 46, SYM_LINE " oid=1 size=2 price=3 id=4",
		"EXECUTE 1 qty=2 id=1 price=3 ref=c00000\n"
		"REF. 1 1 4 0\n"},
	{"1'C" HEAD SYM, 18, SYM_LINE, "CLEAR. 1 43 0 0\n"},
};

struct header {
	uint8_t version;
	uint16_t protocol;
	uint16_t payload_bytes;
	uint16_t count;
};

static void
put_header(struct datagram *d, const struct header *h)
{
	datagram_le(d, h->version, 1);
	datagram_le(d, 0, 1);
	datagram_le(d, h->protocol, 2);
	datagram_le(d, 9, 4);
	datagram_le(d, 1132527616, 4);
	datagram_le(d, h->payload_bytes, 2);
	datagram_le(d, h->count, 2);
	datagram_le(d, 12345, 8);
	datagram_le(d, 1000, 8);
	datagram_le(d, 1499697155788781087, 8);
}

static struct walked
walk_one(const struct datagram *message, uint32_t bytes, struct datagram_lines *lines)
{
	struct datagram d = {0};
	struct walked walked;

	put_header(&d, &(struct header){1, 0x8004, (uint16_t)(bytes + 2), 1});
	datagram_le(&d, bytes, 2);
	datagram_text(&d, (const char *)message->data, bytes);
	assert_true(datagram_walk(IEX, d.data, d.bytes, lines, &walked));
	assert_int_equal(walked.rc, 0);
	assert_int_equal(walked.message_cnt, 1);
	assert_int_equal(lines->last.seq, 1000);
	assert_int_equal(lines->last.stream, 9);
	return walked;
}

static void
test_every_type_and_length(void **state)
{
	static struct datagram_lines lines;
	char want[512];

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		struct datagram message = {0};

		datagram_build(&message, cases[i].message, false);
		assert_int_equal(message.bytes, cases[i].bytes);
		for (uint32_t bytes = 1; bytes <= message.bytes + 2; bytes++) {
			const struct walked walked = walk_one(&message, bytes, &lines);

			assert_int_equal(walked.odd_cnt, bytes != message.bytes);
			(void)snprintf(want, sizeof(want), "type=%c len=%u%s%s\n", message.data[0],
				bytes, bytes < message.bytes ? "" : " " HEAD_LINE,
				bytes < message.bytes ? "" : cases[i].line);
			assert_string_equal(lines.text, want);
		}
	}
}

/* The records of a message of so many bytes. */
static struct decoded
decode_one(struct lane *lane, const struct datagram *message, uint32_t bytes, char *text)
{
	struct datagram d = {0};
	struct decoded decoded;

	put_header(&d, &(struct header){1, 0x8004, (uint16_t)(bytes + 2), 1});
	datagram_le(&d, bytes, 2);
	datagram_text(&d, (const char *)message->data, bytes);
	assert_true(lane_keeps_contract(IEX, d.data, d.bytes));
	decoded = lane_decode(lane, d.data, d.bytes, UINT64_MAX);
	assert_int_equal(decoded.message_cnt, 1);
	assert_false(decoded.is_malformed);
	lane_text(lane, text, 1024);
	for (uint64_t i = 0; i < decoded.record_cnt; i++)
		assert_int_equal(vega_record_ts48(lane_record(lane, i)), TS48);
	return decoded;
}

/* First sight of a symbol gives its DEFINITION; a directory message always does. */
static void
test_records_of_every_type(void **state)
{
	char text[1024], want[1100];
	struct decoded decoded;
	struct lane lane;

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(cases); i++) {
		struct datagram message = {0};

		datagram_build(&message, cases[i].message, false);
		lane_new(&lane, IEX);
		for (uint32_t bytes = 0; bytes < message.bytes; bytes++) {
			decoded = decode_one(&lane, &message, bytes, text);
			assert_string_equal(text, "");
			assert_int_equal(decoded.odd_cnt, 1);
		}
		(void)decode_one(&lane, &message, message.bytes, text);
		(void)snprintf(want, sizeof(want), "%s%s",
			strchr("SD", message.data[0]) == NULL ? "DEFINITION 1 ZIEXT\n" : "",
			cases[i].records);
		assert_string_equal(text, want);
		for (uint32_t longer = 0; longer < 3; longer++) {
			decoded = decode_one(&lane, &message, message.bytes + longer, text);
			assert_string_equal(text, cases[i].records);
			assert_int_equal(decoded.odd_cnt, longer != 0);
		}
		lane_delete(&lane);
	}
}

/* What another byte behind the type makes of it. */
static void
test_records_by_flags(void **state)
{
	static const struct {
		const char *message;
		const char *records;
	} steps[] = {
		{"1'Q 1=0 8=1499697155788781087 8'ZIEXT 4=1 8=2 8=3 4=4",
			"LEVEL. 7 c1 bid=2*1 ask=3*4\n"}, /* its token was seeded */
		{"1'Q 1=64 8=1499697155788781087 8'ZIEXT 4=1 8=2 8=9223372036854775807 4=4",
			"LEVELW 7 c1 bid=2*1 ask=-1*4\n"
			"WIDE 7 0 0 0 2147483647 0\n"
			"STATUS. 7 51 40 0\n"},
		{"1'8 1=1 8=1499697155788781087 8'A 4=5 8=6",
			"DEFINITION 8 A\nLEVEL. 8 40 bid=6*5 ask=0*0\n"},
		{"1'5 1=1 8=1499697155788781087 8'A 4=5 8=6", "LEVEL. 8 80 bid=0*0 ask=6*5\n"},
		{"1'5 1=0 8=1499697155788781087 8'A 4=5 8=6", "LEVEL 8 80 bid=0*0 ask=6*5\n"},
		{"1'5 1=1 8=1499697155788781087 8'A 4=5 8=9223372036854775807",
			"LEVELW 8 80 bid=0*0 ask=-1*5\nWIDE. 8 0 0 0 2147483647 0\n"},
		{"1'T 1=8 8=1499697155788781087 8'A 4=5 8=6 8=7",
			"TRADE. 8 qty=5 id=7 price=6 ref=8000c\n"},
		{"1'X 1'Q 8=1499697155788781087 8'A 8=6", "OHLC. 8 6 0 0 0 1\n"},
		{"1'X 1'M 8=1499697155788781087 8'A 8=6", "OHLC. 8 0 0 0 6 8\n"},
		{"1'X 1'Q 8=1499697155788781087 8'A 8=-4294967297",
			"OHLCW 8 -1 0 0 0 1\nWIDE. 8 -2 0 0 0 0\n"},
		{"1'X 1'M 8=1499697155788781087 8'A 8=4294967297",
			"OHLCW 8 0 0 0 1 8\nWIDE. 8 0 0 0 1 0\n"},
		{"1'a 1'8 8=1499697155788781087 8'A 8=1 4=2 8=3",
			"ADD. 8 qty=2 id=1 price=3 ref=0\n"},
		{"1'a 1'5 8=1499697155788781087 8'A 8=1 4=2 8=3",
			"ADDS. 8 qty=2 id=1 price=3 ref=0\n"},
	};
	struct lane lane;
	char text[1024];

	(void)state;
	lane_new(&lane, IEX);
	IEX->define(lane.state, 7, (const uint8_t *)"ZIEXT", 5);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(steps); i++) {
		struct datagram message = {0};

		datagram_build(&message, steps[i].message, false);
		(void)decode_one(&lane, &message, message.bytes, text);
		assert_string_equal(text, steps[i].records);
	}
	lane_delete(&lane);
}

/* A heartbeat's place in the stream, and where one begins. */
static void
test_span(void **state)
{
	struct datagram d = {0};
	struct decoded decoded;
	struct lane lane;

	(void)state;
	lane_new(&lane, IEX);
	put_header(&d, &(struct header){1, 0x8003, 0, 0});
	decoded = lane_decode(&lane, d.data, d.bytes, UINT64_MAX);
	assert_false(decoded.is_malformed);
	assert_int_equal(decoded.record_cnt, 0);
	assert_int_equal(decoded.span.session, 1132527616);
	assert_int_equal(decoded.span.stream, 9);
	assert_int_equal(decoded.span.seq, 1000);
	assert_int_equal(decoded.span.seq_cnt, 0);
	assert_false(decoded.span.is_start);
	memset(d.data + 16, 0, 8);
	decoded = lane_decode(&lane, d.data, d.bytes, UINT64_MAX);
	assert_true(decoded.span.is_start);
	lane_delete(&lane);
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

static void
test_header(void **state)
{
	struct walked walked;
	struct vega_walk walk;

	(void)state;
	for (uint32_t protocol = 0x8000; protocol < 0x8008; protocol++) {
		struct datagram d = {0};

		put_header(&d, &(struct header){1, (uint16_t)protocol, 0, 0});
		assert_true(datagram_walk(IEX, d.data, d.bytes, NULL, &walked));
		assert_int_equal(
			walked.rc, protocol >= 0x8002 && protocol <= 0x8005 ? 0 : -EBADMSG);
		assert_true(datagram_walk(IEX, d.data, d.bytes - 1, NULL, &walked));
		assert_int_equal(walked.rc, -EBADMSG);
		d.data[0] = 2;
		assert_true(datagram_walk(IEX, d.data, d.bytes, NULL, &walked));
		assert_int_equal(walked.rc, -EBADMSG);
		d.data[0] = 1;
		if (protocol == 0x8003) {
			assert_int_equal(IEX->open(&walk, d.data, d.bytes), 0);
			assert_int_equal(walk.session, 1132527616);
			assert_int_equal(walk.seq_first, 1000);
		}
	}
}

/* Count, payload length and the datagram's end have to meet. */
static void
test_lengths_that_contradict(void **state)
{
	static const struct {
		uint16_t payload_bytes, count;
		uint32_t trailing_bytes;
		int rc;
		uint32_t message_cnt;
	} lengths[] = {
		{24, 2, 0, 0, 2},
		{23, 2, 0, -EBADMSG, 2},
		{25, 2, 0, -EBADMSG, 2},
		{0, 2, 0, -EBADMSG, 2},
		{24, 1, 0, -EBADMSG, 1},
		{24, 0, 0, -EBADMSG, 0},
		{24, 3, 0, -EBADMSG, 2},
		{24, 2, 1, -EBADMSG, 2},
		{25, 2, 1, -EBADMSG, 2},
		{25, 3, 1, -EBADMSG, 2},
	};
	struct walked walked;

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(lengths); i++) {
		struct datagram d = {0};

		put_header(&d,
			&(struct header){1, 0x8003, lengths[i].payload_bytes, lengths[i].count});
		for (uint32_t k = 0; k < 2; k++)
			datagram_build(&d, "2=10 1'S 1'O 8=1", false);
		datagram_zeros(&d, lengths[i].trailing_bytes);
		assert_true(lane_keeps_contract(IEX, d.data, d.bytes));
		assert_true(datagram_walk(IEX, d.data, d.bytes, NULL, &walked));
		assert_int_equal(walked.rc, lengths[i].rc);
		assert_int_equal(walked.message_cnt, lengths[i].message_cnt);
	}
}

static void
test_cut_anywhere(void **state)
{
	struct datagram d = {0};
	struct walked walked;
	uint8_t *cut;

	(void)state;
	put_header(&d, &(struct header){1, 0x8003, 24, 2});
	for (uint32_t k = 0; k < 2; k++)
		datagram_build(&d, "2=10 1'S 1'O 8=1", false);
	for (uint32_t bytes = 0; bytes < d.bytes; bytes++) {
		assert_true(datagram_walk(IEX, d.data, bytes, NULL, &walked));
		assert_int_equal(walked.rc, -EBADMSG);
		assert_int_equal(walked.message_cnt, bytes < 52 ? 0 : 1);
		cut = malloc(bytes + 1); /* of one byte more: malloc(0) may be NULL */
		assert_non_null(cut);
		memcpy(cut + 1, d.data, bytes);
		assert_true(lane_keeps_contract(IEX, cut + 1, bytes));
		free(cut);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_and_length),
		cmocka_unit_test(test_records_of_every_type),
		cmocka_unit_test(test_records_by_flags),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_lengths_that_contradict),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
