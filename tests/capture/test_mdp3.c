/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "capture/feed/format.h"
#include "tests/lib/datagram.h"

#define MDP3 (&vega_format_cme_mdp3)

#define ROOT      "8=1536760535670166278 1=132 2=0"
#define ROOT_LINE " tt=1536760535670166278 mei=132"

/* A message: template, version, root block, first group, second group (each head and entries), and what its line says. */
struct message {
	uint16_t template_id, version;
	const char *root, *first, *second;
	const char *line;
};

#define BOOK  "8=-5 4=2 4=170506 4=20185 4=3 1=1 1=2 1'0 4=77 1=0"
#define TRADE "8=5 4=-2 4=170506 4=4294967295 4=3 1=2 1=0 4=341412 2=0"

static const struct message messages[] = {
	{32, 6, ROOT, "2=32 1=1 " BOOK, "",
		ROOT_LINE " n=1 norders=0 entries=-5/2/170506/20185/3/1/2/0 orders="},
	{32, 7, ROOT, "2=32 1=2 " BOOK " " BOOK, "2=24 5=0 1=1 8=1 8=2 4=3 1=1 1=2 2=0",
		ROOT_LINE " n=2 norders=1 entries=-5/2/170506/20185/3/1/2/0;"
			  "-5/2/170506/20185/3/1/2/0 orders=1/2/3/1/2"},
	{46, 9, ROOT, "2=32 1=0", "2=24 5=0 1=0", ROOT_LINE " n=0 norders=0 entries= orders="},
	{46, 13, "8=1536760535670166278 1=132 2=0 3=0", "2=34 1=1 " BOOK " 2=9",
		"2=25 5=0 1=1 8=1 8=2 4=3 1=1 1=2 2=0 1=9",
		ROOT_LINE " n=1 norders=1 entries=-5/2/170506/20185/3/1/2/0 orders=1/2/3/1/2"},
	{35, 8, ROOT, "2=24 1=1 8=5 4=6 4=7 1=8 1=9 1'4 4=10 1=0", "",
		ROOT_LINE " n=1 norders=0 entries=5/6/7/8/9/4 orders="},
	{51, 9, ROOT, "2=24 1=1 8=5 4=6 4=7 1=8 1=9 1'4 4=10 1=0", "",
		ROOT_LINE " n=1 norders=0 entries=5/6/7/8/9/4 orders="},
	{33, 8, ROOT, "2=32 1=1 8=1 24=0", "",
		ROOT_LINE " n=1 norders=0 entries=0100000000000000" /* and 24 bytes more */
			  "000000000000000000000000000000000000000000000000 orders="},
	{50, 9, ROOT, "2=32 1=1 8=1 8=2 8=3 4=4 4=171", "",
		ROOT_LINE
		" n=1 norders=0 entries="
		"01000000000000000200000000000000030000000000000004000000ab000000 orders="},
	{37, 9, ROOT, "2=16 1=1 4=-1 4=2 4=3 1=4 3=0", "",
		ROOT_LINE " n=1 norders=0 entries=-1/2/3/4 orders="},
	{42, 5, ROOT, "2=32 1=1 " TRADE, "2=16 5=0 1=2 8=18446744073709551615 4=1 4=0 8=2 4=-3 4=0",
		ROOT_LINE " n=1 norders=2 entries=5/-2/170506/4294967295/3/2/0 "
			  "orders=18446744073709551615/1;2/-3"},
	{48, 9, ROOT, "2=32 1=1 " TRADE, "",
		ROOT_LINE " n=1 norders=0 entries=5/-2/170506/4294967295/3/2/0 orders="},
	{43, 8, ROOT, "2=40 1=1 8=1 8=2 8=-3 4=4 4=5 1=6 1'1 6=0", "",
		ROOT_LINE " n=1 norders=0 entries=1/2/-3/4/5/6/1 orders="},
	{47, 9, ROOT, "2=40 1=1 8=1 8=2 8=-3 4=4 4=5 1=6 1'1 6=0", "",
		ROOT_LINE " n=1 norders=0 entries=1/2/-3/4/5/6/1 orders="},
	{30, 9, "8=1 3'ES_ 3=0 2'ES 4=0 4=-7 2=17000 1=1 1=2 1=3 1=4", "", "",
		" tt=1 group=ES asset=ES sec=-7 date=17000 mei=1 status=2 halt=3 event=4"},
	{12, 9, "", "", "", ""},
	{32, 6, ROOT, "2=32 1=0", "2=24 5=0 1=1 24=0", /* orders came with version 7: skipped */
		ROOT_LINE " n=0 norders=0 entries= orders="},
	{15, 9, "1=30", "", "", ""},
	{4, 9, "8=1 1=2", "2=2 1=1 2=310", "", " rest=5"},
	{52, 9, "59=0", "2=22 1=0", "", " rest=3"},
	{66, 12, ROOT, "2=24 1=1 8=1 4=2 4=3 1=4 7=0", "", " rest=27"},
	{27, 9, ROOT, "4=0", "", " rest=4"}, /* not known */
	{999, 9, ROOT, "", "", ""},
};

static void
put_packet_head(struct datagram *d)
{
	datagram_le(d, 884140, 4);
	datagram_le(d, 1536760535670166278, 8);
}

/* Returns the message's length. */
static uint32_t
put_message(struct datagram *d, const struct message *m)
{
	const uint32_t begin = d->bytes;
	struct datagram root = {0};
	uint32_t bytes;

	datagram_build(&root, m->root, false);
	datagram_zeros(d, 2);
	datagram_le(d, root.bytes, 2);
	datagram_le(d, m->template_id, 2);
	datagram_le(d, 1, 2);
	datagram_le(d, m->version, 2);
	datagram_text(d, (const char *)root.data, root.bytes);
	datagram_build(d, m->first, false);
	datagram_build(d, m->second, false);
	bytes = d->bytes - begin;
	d->data[begin] = (uint8_t)bytes;
	d->data[begin + 1] = (uint8_t)(bytes >> 8);
	return bytes;
}

static uint32_t
root_bytes(const struct message *m)
{
	struct datagram root = {0};

	datagram_build(&root, m->root, false);
	return root.bytes;
}

static void
test_every_form(void **state)
{
	static struct datagram_lines lines;
	struct walked walked;
	char want[1024];

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(messages); i++) {
		struct datagram d = {0};
		uint32_t bytes;

		put_packet_head(&d);
		bytes = put_message(&d, &messages[i]);
		assert_true(datagram_walk(MDP3, d.data, d.bytes, &lines, &walked));
		assert_int_equal(walked.rc, 0);
		assert_int_equal(walked.message_cnt, 1);
		assert_int_equal(walked.odd_cnt, 0);
		(void)snprintf(want, sizeof(want), "type=%u len=%u bl=%u schema=1 ver=%u%s\n",
			messages[i].template_id, bytes, root_bytes(&messages[i]),
			messages[i].version, messages[i].line);
		assert_string_equal(lines.text, want);
		assert_int_equal(lines.last.seq, 884140);
		assert_int_equal(lines.last.type, messages[i].template_id);
	}
}

/* All of them in one datagram, cut anywhere: what is whole is given. */
static void
test_datagram(void **state)
{
	struct datagram d = {0};
	uint32_t ends[VEGA_ARRAY_CNT(messages) + 1];
	struct walked walked;

	(void)state;
	put_packet_head(&d);
	ends[0] = d.bytes;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(messages); i++)
		ends[i + 1] = ends[i] + put_message(&d, &messages[i]);
	for (uint32_t bytes = 0; bytes <= d.bytes; bytes++) {
		uint32_t whole = 0;

		while (whole < VEGA_ARRAY_CNT(messages) && ends[whole + 1] <= bytes)
			whole++;
		assert_true(datagram_walk(MDP3, d.data, bytes, NULL, &walked));
		assert_int_equal(walked.rc, bytes >= 12 && bytes == ends[whole] ? 0 : -EBADMSG);
		assert_int_equal(walked.message_cnt, whole);
	}
}

/* A message shorter than its groups say, at every length: its head and what is left; odd. */
static void
test_groups_that_do_not_fit(void **state)
{
	static struct datagram_lines lines;
	struct datagram whole = {0};
	struct walked walked;
	char want[256];
	uint32_t length;

	(void)state;
	put_packet_head(&whole);
	length = put_message(&whole, &messages[1]);
	for (uint32_t bytes = 21; bytes < length; bytes++) {
		struct datagram d = whole;
		/* A group that is not there at all, or not its whole head, is empty. */
		const bool fits = bytes < 24 || (bytes >= 88 && bytes < 96);

		d.bytes = 12 + bytes;
		d.data[12] = (uint8_t)bytes;
		assert_true(datagram_walk(MDP3, d.data, d.bytes, &lines, &walked));
		assert_int_equal(walked.rc, 0);
		assert_int_equal(walked.odd_cnt, !fits);
		if (fits)
			continue;
		(void)snprintf(want, sizeof(want), "type=32 len=%u bl=11 schema=1 ver=7 rest=%u\n",
			bytes, bytes - 21);
		assert_string_equal(lines.text, want);
	}
}

static void
test_blocks_too_short(void **state)
{
	static const struct message odd[] = {
		{46, 9, "8=1", "2=32 1=0", "", ""},                 /* the root */
		{46, 9, ROOT, "2=26 1=1 26=0", "", ""},             /* the entries */
		{46, 9, ROOT, "2=0 1=255", "", ""},                 /* many of nothing */
		{46, 9, ROOT, "2=32 1=0", "2=21 5=0 1=1 21=0", ""}, /* the orders */
		{46, 9, ROOT, "2=65535 1=255", "", ""},
		{30, 9, "29=0", "", "", ""},
	};
	static struct datagram_lines lines;
	struct walked walked;

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(odd); i++) {
		struct datagram d = {0};

		put_packet_head(&d);
		(void)put_message(&d, &odd[i]);
		assert_true(datagram_walk(MDP3, d.data, d.bytes, &lines, &walked));
		assert_int_equal(walked.rc, 0);
		assert_int_equal(walked.odd_cnt, 1);
		assert_null(strstr(lines.text, "entries"));
		assert_null(strstr(lines.text, "tt="));
	}
}

static void
test_framing(void **state)
{
	static struct datagram_lines lines;
	struct datagram whole = {0};
	struct walked walked;
	uint32_t length;

	(void)state;
	put_packet_head(&whole);
	length = put_message(&whole, &messages[0]);
	for (uint32_t said = 0; said <= length + 2; said++) {
		struct datagram d = whole;

		d.data[12] = (uint8_t)said;
		assert_true(datagram_walk(MDP3, d.data, d.bytes, &lines, &walked));
		assert_int_equal(walked.rc, said == length ? 0 : -EBADMSG);
	}
	whole.data[14] = (uint8_t)(length - 9); /* a root block that goes past the message */
	assert_true(datagram_walk(MDP3, whole.data, whole.bytes, &lines, &walked));
	assert_int_equal(walked.rc, -EBADMSG);
	whole.data[14] = 11;
	whole.data[18] = 2; /* another schema: another meaning */
	assert_true(datagram_walk(MDP3, whole.data, whole.bytes, &lines, &walked));
	assert_int_equal(walked.odd_cnt, 1);
	assert_string_equal(lines.text, "type=32 len=56 bl=11 schema=2 ver=6 rest=35\n");
}

/* What the canonical line leaves out: fields that later versions appended, and templates it gives the head of. */
static void
test_more_in_json(void **state)
{
	static const struct {
		uint32_t idx;
		const char *json;
	} more[] = {
		{0, "\"action\":2,\"type\":\"0\"}]"},
		{3, "\"action\":2,\"type\":\"0\",\"tradeable\":77}]"},
		{4, "\"type\":\"4\",\"size\":10}]"},
		{7, "\"entries\":[{\"high\":1,\"low\":2,\"maxvar\":3,\"sec\":4,\"rpt\":171}]"},
		{9, "\"aggr\":2,\"action\":0}]"},
		{10, "\"aggr\":2,\"action\":0,\"trade\":341412}]"},
		{17, "\"entries\":[{\"appl\":310}]"},
		{19, "\"entries\":[{\"size\":1,\"sec\":2,\"rpt\":3,\"action\":4}]"},
	};
	char buf[4096];

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(more); i++) {
		struct vega_text text = {.buf = buf, .bytes = sizeof(buf), .style = VEGA_TEXT_JSON};
		struct datagram d = {0};
		struct vega_walk walk;
		struct vega_message m;

		put_packet_head(&d);
		(void)put_message(&d, &messages[more[i].idx]);
		assert_int_equal(MDP3->open(&walk, d.data, d.bytes), 0);
		assert_int_equal(MDP3->next(&walk, &m), 1);
		vega_text_begin(&text);
		MDP3->line(&m, &text);
		assert_non_null(strstr(buf, more[i].json));
	}
}

/* Templates up to 44 have prices of 7 digits, later ones of 9. */
static void
test_price_digits(void **state)
{
	static const struct {
		uint32_t idx;
		const char *px;
	} prices[] = {{0, "px=-0.0000005"}, {3, "px=-0.000000005"}};
	char buf[1024];

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(prices); i++) {
		struct vega_text text = {
			.buf = buf, .bytes = sizeof(buf), .style = VEGA_TEXT_PEOPLE};
		struct datagram d = {0};
		struct vega_walk walk;
		struct vega_message m;

		put_packet_head(&d);
		(void)put_message(&d, &messages[prices[i].idx]);
		assert_int_equal(MDP3->open(&walk, d.data, d.bytes), 0);
		assert_int_equal(MDP3->next(&walk, &m), 1);
		vega_text_begin(&text);
		MDP3->line(&m, &text);
		assert_non_null(strstr(buf, prices[i].px));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form),
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_groups_that_do_not_fit),
		cmocka_unit_test(test_blocks_too_short),
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_more_in_json),
		cmocka_unit_test(test_price_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
