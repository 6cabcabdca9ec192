/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "capture/feed/format.h"
#include "tests/lib/datagram.h"

#define IEX       (&vega_format_iex)
#define HEAD      " 1=192 8=1499697155788781087" /* behind the type */
#define SYM       " 8'ZIEXT"
#define HEAD_LINE "f=192 ts=1499697155788781087"
#define SYM_LINE  " sym=ZIEXT"

/* Every type, as its document has it, and its line. */
static const struct {
	const char *message;
	uint32_t bytes;
	const char *line;
} cases[] = {
	{"1'S" HEAD, 10, ""},
	{"1'D" HEAD SYM " 4=100 8=-1 1=2", 31, SYM_LINE " lot=100 poc=-1 luld=2"},
	{"1'H" HEAD SYM " 4'T1", 22, SYM_LINE " reason=T1"},
	{"1'I" HEAD SYM, 18, SYM_LINE},
	{"1'O" HEAD SYM, 18, SYM_LINE},
	{"1'P" HEAD SYM " 1'_", 19, SYM_LINE " detail= "},
	{"1'E" HEAD SYM, 18, SYM_LINE},
	{"1'Q" HEAD SYM " 4=1 8=2 8=3 4=4294967295", 42,
		SYM_LINE " bsz=1 bpx=2 apx=3 asz=4294967295"},
	{"1'8" HEAD SYM " 4=1 8=-9223372036854775808", 30,
		SYM_LINE " size=1 price=-9223372036854775808"},
	{"1'5" HEAD SYM " 4=0 8=9223372036854775807", 30,
		SYM_LINE " size=0 price=9223372036854775807"},
	{"1'T" HEAD SYM " 4=1 8=2 8=3", 38, SYM_LINE " size=1 price=2 id=3"},
	{"1'B" HEAD SYM " 4=1 8=2 8=3", 38, SYM_LINE " size=1 price=2 id=3"},
	{"1'X" HEAD SYM " 8=1", 26, SYM_LINE " price=1"},
	{"1'A" HEAD SYM " 4=1 8=2 8=3 4=4 1'B 1=5 4=6 8=7 8=8 8=9 8=10", 80,
		SYM_LINE " paired=1 ref=2 ind=3 imb=4 ext=5 time=6 clr=7 col=8 lo=9 hi=10 side=B"},
	{"1'a" HEAD SYM " 8=1 4=2 8=3", 38, SYM_LINE " oid=1 size=2 price=3"},
	{"1'M" HEAD SYM " 8=1 4=2 8=3", 38, SYM_LINE " oid=1 size=2 price=3"},
	{"1'R" HEAD SYM " 8=18446744073709551615", 26, SYM_LINE " oid=18446744073709551615"},
	{"1'L" HEAD SYM " 8=1 4=2 8=3 8=4", 46, SYM_LINE " oid=1 size=2 price=3 id=4"},
	{"1'C" HEAD SYM, 18, SYM_LINE},
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

	(void)state;
	put_header(&d, &(struct header){1, 0x8003, 24, 2});
	for (uint32_t k = 0; k < 2; k++)
		datagram_build(&d, "2=10 1'S 1'O 8=1", false);
	for (uint32_t bytes = 0; bytes < d.bytes; bytes++) {
		assert_true(datagram_walk(IEX, d.data, bytes, NULL, &walked));
		assert_int_equal(walked.rc, -EBADMSG);
		assert_int_equal(walked.message_cnt, bytes < 52 ? 0 : 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_and_length),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_lengths_that_contradict),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
