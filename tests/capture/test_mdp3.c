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

/* ---- records ----------------------------------------------------------------------------------------------------- */

#define EPOCH_NS 1536624000000000000u /* 2018-09-11, so that ROOT's time is in range */

/*
 * A record's words as text: kind and action, flags (A ask, S snapshot, W wide, "." last), instrument, the five 4-byte places of the
 * body. A time other than ROOT's is told as "@" and ns of the day, or "@-".
 */
static void
put_record(const union vega_record *r, char *to, size_t room)
{
	static const char *const names[VEGA_RECORD_KIND_CNT] = {
		[VEGA_ORDER_ADD] = "add",
		[VEGA_ORDER_MODIFY] = "modify",
		[VEGA_ORDER_DELETE] = "delete",
		[VEGA_ORDER_REF] = "ref",
		[VEGA_TRADE] = "trade",
		[VEGA_LEVEL] = "level",
		[VEGA_LAST] = "last",
		[VEGA_INTEREST] = "interest",
		[VEGA_OHLC] = "ohlc",
		[VEGA_STATUS] = "status",
		[VEGA_DEFINITION] = "definition",
		[VEGA_CLEAR] = "clear",
		[VEGA_WIDE] = "wide",
	};
	const uint32_t flags = vega_record_flags(r);
	const uint64_t ts = vega_record_ts48(r);
	const char *name = names[vega_record_kind(r)];
	const uint32_t *high = r->wide.high;
	char time[32] = "";

	if (ts == VEGA_TS_NONE)
		(void)snprintf(time, sizeof(time), "@- ");
	else if (ts != 1536760535670166278u - EPOCH_NS)
		(void)snprintf(time, sizeof(time), "@%lu ", (unsigned long)ts);
	(void)snprintf(to, room, "%s%s%s%.0u%s%s%s%s %u %d %d %d %d %d\n", time,
		name != NULL ? name : "?", flags >> 6 != 0 ? "/" : "", flags >> 6,
		flags & VEGA_RECORD_ASK ? "A" : "", flags & VEGA_RECORD_SNAPSHOT ? "S" : "",
		flags & VEGA_RECORD_WIDE ? "W" : "", flags & VEGA_RECORD_LAST ? "." : "",
		r->wide.instrument, (int)high[0], (int)high[1], (int)high[2], (int)high[3],
		(int)high[4]);
}

/* All records of a datagram, from memory of exactly its size. */
static struct decoded
decode(struct lane *lane, const struct datagram *d, char *text, size_t room)
{
	uint8_t *copy = malloc(d->bytes);
	struct decoded got;

	assert_non_null(copy);
	memcpy(copy, d->data, d->bytes);
	got = lane_decode(lane, copy, d->bytes, UINT64_MAX);
	free(copy);
	text[0] = '\0';
	for (uint64_t i = 0; i < got.record_cnt; i++)
		put_record(lane_record(lane, i), text + strlen(text), room - strlen(text));
	return got;
}

static void
begin(struct lane *lane)
{
	lane_new(lane, MDP3);
	lane->emit.epoch_ns = EPOCH_NS;
}

/* What becomes of a message: its records, and whether it is odd. `line` of message is not looked at. */
struct recorded {
	struct message message;
	const char *records;
	bool is_odd;
};

#define OPEN     "8=1536760535670166278 1=4 2=0" /* the event goes on */
#define RECOVERY "8=1536760535670166278 1=160 2=0"
#define NONE8    "9223372036854775807"
#define NONE4    "2147483647"
/* price size security rptSeq orders level action type */
#define ENTRY(px, size, orders, level, action, type) \
	"8=" px " 4=" size " 4=7 4=1 4=" orders " 1=" level " 1=" action " 1'" type " 5=0"

static const struct recorded recorded[] = {
	/* levels */
	{{32, 6, ROOT, "2=32 1=1 " BOOK, "", ""}, "level/2. 170506 833 -5 2 0 0\n", false},
	{{32, 6, OPEN, "2=32 1=1 " ENTRY("5", "6", "2", "2", "0", "1"), "", ""},
		"level/1 7 2097282 0 0 5 6\n", false},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("12952000000000", "6", NONE4, "1", "0", "E"), "", ""},
		"level/1W 7 97 -1621364736 6 0 0\n"
		"wide 7 0 3015 0 0 0\n",
		false},
	{{46, 13, ROOT, "2=35 1=1 " ENTRY("-12952000000000", "6", "5000", "1", "5", "F") " 3=9", "",
		 ""},
		"levelW 7 947912865 0 0 1621364736 6\n"
		"wide. 7 65536 0 0 -3016 0\n",
		false},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY(NONE8, NONE4, NONE4, "9", "2", "1"), "", ""},
		"level/2 7 137 0 0 0 0\n", false},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("5", "6", "0", "4", "4", "0"), "", ""},
		"level/3 7 68 5 6 0 0\n", false},
	{{46, 9, ROOT, "2=32 1=1 " ENTRY("5", "6", "1", "3", "3", "F"), "", ""},
		"level/2 7 161 0 0 0 0\n"
		"level/2 7 161 0 0 0 0\n"
		"level/2. 7 1048737 0 0 5 6\n",
		false},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY(NONE8, NONE4, NONE4, "255", "0", "J"), "", ""},
		"clear 7 46 0 0 0 0\n", false},
	{{46, 9, RECOVERY, "2=32 1=1 " ENTRY("5", "6", "2", "31", "1", "0"), "", ""},
		"levelS. 7 607 5 6 0 0\n", false},
	{{64, 12, OPEN, "2=32 1=1 8=5 8=4294967297 4=7 4=1 4=2 1=3 1=1 1'1 1=0", "", ""},
		"levelW 7 2097283 0 0 5 1\n"
		"wide 7 0 0 0 0 1\n",
		false},
	/* levels that are none */
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("5", "6", "2", "0", "1", "0"), "", ""},
		"status 7 19922990 5 0 6 0\n", true},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("5", "6", "2", "32", "1", "1"), "", ""},
		"status 7 19988526 5 0 6 0\n", true},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY(NONE8, "6", "2", "1", "1", "0"), "", ""},
		"status 7 19922990 -1 2147483647 6 0\n", true},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("5", "-1", "2", "1", "0", "0"), "", ""},
		"status 7 3145774 5 0 -1 -1\n", true},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("5", "6", "2", "1", "6", "0"), "", ""},
		"status 7 103809070 5 0 6 0\n", true},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("5", "6", "2", "1", "0", "Z"), "", ""},
		"status 7 5898286 5 0 6 0\n", true},
	/* orders of levels: prices, sides and instruments are their entry's */
	{{46, 9, ROOT,
		 "2=32 1=2 " ENTRY("5", "6", "2", "1", "1", "0") " " ENTRY(
			 "8", "9", "1", "1", "0", "1"),
		 "2=24 5=0 1=3 8=100 8=200 4=3 1=2 1=0 2=0 8=101 8=18446744073709551615 4=3 1=1 "
		 "1=1 2=0 8=102 8=202 4=2147483647 1=1 1=2 2=0",
		 ""},
		"level 7 577 5 6 0 0\n"
		"level/1 7 1048705 0 0 8 9\n"
		"addA 7 3 100 0 8 0\n"
		"ref 7 4 200 0 0 0\n"
		"modify 7 3 101 0 5 0\n"
		"delete 7 0 102 0 5 2\n"
		"ref. 7 4 202 0 0 0\n",
		false},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("5", "6", "2", "1", "1", "0"),
		 "2=24 5=0 1=2 8=100 8=200 4=3 1=2 1=0 2=0 8=100 8=200 4=3 1=0 1=1 2=0", ""},
		"level 7 577 5 6 0 0\n"
		"status 0 46 100 0 200 0\n"
		"status 0 16777262 100 0 200 0\n",
		true},
	{{46, 9, OPEN, "2=32 1=1 " ENTRY("5", "6", "2", "1", "1", "E"),
		 "2=24 5=0 1=1 8=100 8=200 4=3 1=1 1=0 2=0", ""},
		"level 7 609 5 6 0 0\n"
		"status 7 4522030 100 0 200 0\n",
		true},
	/* orders */
	{{43, 8, ROOT, "2=40 1=1 8=1 8=2 8=-3 4=4 4=7 1=0 1'1 6=0", "", ""},
		"addA 7 4 1 0 -3 0\n"
		"ref. 7 4 2 0 0 0\n",
		false},
	{{47, 9, OPEN,
		 "2=40 1=2 8=4294967297 8=2 8=12952000000000 4=4 4=7 1=1 1'0 6=0 8=1 8=2 8=" NONE8
		 " 4=" NONE4 " 4=7 1=2 1'0 6=0",
		 "", ""},
		"modifyW 7 4 1 1 -1621364736 0\n"
		"wide 7 0 0 0 3015 0\n"
		"ref 7 4 2 0 0 0\n"
		"delete 7 0 1 0 0 3\n"
		"ref 7 4 2 0 0 0\n",
		false},
	{{47, 9, OPEN, "2=40 1=1 8=1 8=2 8=-3 4=4 4=7 1=3 1'1 6=0", "", ""},
		"status 7 53542959 1 0 2 0\n", true},
	{{53, 9, "4=77 4=2 4=7 4=3 4=1 8=1536760535670166278", "2=29 1=1 8=1 8=2 8=-3 4=4 1'1", "",
		 ""},
		"statusS 7 53 77 2 3 1\n"
		"addAS 7 4 1 0 -3 0\n"
		"refS. 7 4 2 0 0 0\n",
		false},
	{{44, 8, "4=77 4=2 4=7 4=3 4=1 8=1536760535670166278", "2=29 1=0", "", ""},
		"statusS. 7 44 77 2 3 1\n", false},
	/* trades */
	{{42, 5, ROOT,
		 "2=32 1=2 8=5 4=2 4=7 4=1 4=2 1=1 1=0 4=9 2=0 8=6 4=3 4=8 4=1 4=1 1=2 1=0 4=9 2=0",
		 "2=16 5=0 1=3 8=100 4=1 4=0 8=101 4=1 4=0 8=102 4=3 4=0", ""},
		"trade 7 2 0 0 5 524288\n"
		"ref 7 5 100 0 1 0\n"
		"ref 7 5 101 0 1 0\n"
		"tradeA 8 3 0 0 6 262144\n"
		"ref. 8 5 102 0 3 0\n",
		false},
	{{48, 9, OPEN, "2=32 1=1 8=5 4=2 4=7 4=1 4=20000 1=0 1=2 4=99 2=0",
		 "2=16 5=0 1=1 8=100 4=1 4=0", ""},
		"trade 7 2 99 0 5 -131063\n"
		"ref 7 5 100 0 1 0\n",
		false},
	{{48, 9, OPEN, "2=26 1=1 8=5 4=2 4=7 4=1 4=0 1=255 1=1", "", ""}, "trade 7 2 0 0 5 65544\n",
		false},
	{{36, 5, OPEN, "2=32 1=1 8=5 4=2 4=7 4=1 4=1 4=99 1=2 1=0 2=0", "", ""},
		"tradeA 7 2 99 0 5 262144\n", false},
	{{65, 12, OPEN,
		 "2=40 1=1 8=12952000000000 8=4294967297 4=7 4=1 4=1 4=4294967295 1=1 1=0 6=0",
		 "2=16 5=0 1=1 8=100 4=1 4=0", ""},
		"tradeW 7 1 0 0 -1621364736 262144\n"
		"wide 7 1 0 0 3015 0\n"
		"ref 7 5 100 0 1 0\n",
		false},
	{{48, 9, OPEN, "2=32 1=1 8=" NONE8 " 4=2 4=7 4=1 4=0 1=1 1=0 4=99 2=0", "", ""},
		"status 7 48 -1 2147483647 2 0\n", true},
	{{48, 9, OPEN, "2=32 1=0", "2=16 5=0 1=2 8=100 4=1 4=0 8=101 4=1 4=0", ""},
		"status 0 48 100 0 2 0\n", true},
	/* volume */
	{{37, 5, ROOT, "2=16 1=1 4=5 4=7 4=3 1=0 3=0", "", ""}, "last. 7 0 0 0 5 0\n", false},
	{{66, 12, OPEN, "2=24 1=1 8=4294967297 4=7 4=3 1=1 7=0", "", ""}, "last 7 0 0 0 1 1\n",
		false},
	{{37, 9, OPEN, "2=16 1=1 4=-1 4=7 4=3 1=0 3=0", "", ""}, "status 7 37 0 0 -1 -1\n", true},
	/* statistics */
	{{35, 5, ROOT,
		 "2=24 1=3 8=5 4=7 4=1 1=0 1=0 1'4 5=0 8=6 4=7 4=1 1=255 1=1 1'7 5=0 8=-7 4=7 4=1 "
		 "1=255 1=1 1'8 5=0",
		 "", ""},
		"ohlc 7 5 0 0 0 1\n"
		"ohlc 7 0 6 0 0 2\n"
		"ohlc. 7 0 0 -7 0 4\n",
		false},
	{{51, 9, OPEN,
		 "2=24 1=3 8=5 4=7 4=1 1=5 1=0 1'4 4=99 1=0 8=12952000000000 4=7 4=1 1=255 1=1 1'7 "
		 "5=0 8=6 4=7 4=1 1=255 1=2 1'N 4=4294967295 1=0",
		 "", ""},
		"status 7 87294003 5 0 99 0\n"
		"ohlcW 7 0 -1621364736 0 0 2\n"
		"wide 7 0 3015 0 0 0\n"
		"status/2 7 -11665357 6 0 -1 -1\n",
		false},
	{{67, 12, OPEN,
		 "2=32 1=2 8=5 8=4294967297 4=7 4=1 1=255 1=0 1'O 5=0 8=5 8=1 4=7 4=1 1=0 1=3 1'4 "
		 "5=0",
		 "", ""},
		"status 7 -11599805 5 0 1 1\n"
		"status/3 7 3407939 5 0 1 0\n",
		true},
	{{33, 5, OPEN,
		 "2=32 1=2 8=5 4=2147483647 4=7 4=1 2=17000 1=3 1=0 1'6 7=0 8=9223372036854775807 "
		 "4=55 4=7 4=1 2=17000 1=255 1=0 1'C 7=0",
		 "", ""},
		"ohlc 7 0 0 0 5 8\n"
		"status 7 53870625 5 0 -1 17000\n"
		"interest 7 0 55 0 0 0\n"
		"status 7 -12386271 -1 2147483647 55 17000\n",
		false},
	{{49, 9, OPEN,
		 "2=32 1=2 8=9223372036854775807 4=55 4=7 4=1 2=17000 1=255 1=0 1'B 7=0 8=5 4=1 "
		 "4=7 4=1 2=17000 1=255 1=2 1'W 7=0",
		 "", ""},
		"status 7 -12451791 -1 2147483647 55 17000\n"
		"status/2 7 -11075535 5 0 1 17000\n",
		false},
	{{34, 5, OPEN, "2=32 1=1 8=1 8=-2 8=3 4=7 4=4", "", ""},
		"status 7 34 1 0 -2 -1\n"
		"status 7 65570 3 0 0 0\n",
		false},
	{{50, 9, ROOT, "2=32 1=1 8=1 8=2 8=9223372036854775807 4=7 4=4", "", ""},
		"status 7 50 1 0 2 0\n"
		"status. 7 65586 -1 2147483647 0 0\n",
		false},
	/* snapshots */
	{{52, 9, "4=77 4=88 4=7 4=99 8=1536760535670166278 8=5 2=17000 1=17 8=1 8=2 8=3",
		 "2=22 1=5 8=5 4=6 4=2 1=1 2=65535 2=65535 1'0 8=12952000000000 4=6 4=2147483647 "
		 "1=2 2=65535 2=65535 1'F 8=5 4=2147483647 4=2147483647 1=255 2=17000 1=0 1=255 "
		 "1'4 8=9223372036854775807 4=55 4=2147483647 1=255 2=17000 1=255 1=255 1'e 8=5 "
		 "4=2147483647 4=2147483647 1=255 2=17000 1=255 1=3 1'6",
		 "", ""},
		"clearS 7 52 0 0 0 0\n"
		"statusS 7 52 1 0 2 0\n"
		"statusS 7 65588 3 0 0 0\n"
		"statusS 7 285343796 77 99 88 17000\n"
		"levelS 7 577 5 6 0 0\n"
		"levelSW 7 162 0 0 -1621364736 6\n"
		"wide 7 0 0 0 3015 0\n"
		"ohlcS 7 5 0 0 0 1\n"
		"lastS 7 0 0 0 55 0\n"
		"ohlcS 7 0 0 0 5 8\n"
		"statusS. 7 53870644 5 0 -1 17000\n",
		false},
	{{38, 6, "4=77 4=88 4=7 4=99 8=1536760535670166278 8=5 2=17000 1=17 8=1 8=2 8=3",
		 "2=22 1=0", "", ""},
		"clearS 7 38 0 0 0 0\n"
		"statusS 7 38 1 0 2 0\n"
		"statusS 7 65574 3 0 0 0\n"
		"statusS. 7 285343782 77 99 88 17000\n",
		false},
	/* states, and what has no records */
	{{30, 9, "8=1536760535670166278 3'ES_ 3=0 2'ES 4=0 4=7 2=17000 1=128 1=2 1=3 1=4", "", "",
		 ""},
		"status. 7 67239966 2118469 1114112000 21317 196608\n", false},
	{{30, 9, "8=1536760535670166278 3'ES_ 3=0 2'ES 4=0 4=" NONE4 " 2=65535 1=0 1=2 1=3 1=4", "",
		 "", ""},
		"status 0 67239966 2118469 -65536 21317 196608\n", false},
	{{4, 9, "8=1536760535670166278 1=128", "2=2 1=1 2=310", "", ""}, "clear. 0 4 0 0 0 0\n",
		false},
	{{39, 9, "8=1536760535670166278 23'R1 1=128 3=0", "2=32 1=1 20'ESZ8 4=7 4=10 1=2 1=1 2=0",
		 "", ""},
		"status. 7 16908327 10 0 0 0\n", false},
	{{12, 9, "", "", "", ""}, "", false},
	{{15, 9, "1=30", "", "", ""}, "", false},
	{{16, 9, "180'bye", "", "", ""}, "", false},
	{{27, 9, ROOT, "4=0", "", ""}, "", false},
	{{999, 9, ROOT, "", "", ""}, "", false},
};

/* Each alone, with its digits known already. */
static void
test_every_record(void **state)
{
	struct lane lane;
	char text[8192];

	(void)state;
	begin(&lane);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(recorded); i++) {
		const struct recorded *r = &recorded[i];
		struct datagram d = {0};
		struct decoded got;

		put_packet_head(&d);
		(void)put_message(&d, &r->message);
		(void)decode(&lane, &d, text, sizeof(text)); /* tells the digits */
		got = decode(&lane, &d, text, sizeof(text));
		assert_string_equal(text, r->records);
		assert_false(got.is_malformed);
		assert_int_equal(got.message_cnt, 1);
		assert_int_equal(got.odd_cnt, r->is_odd);
		assert_int_equal(got.span.seq, 884140);
		assert_int_equal(got.span.seq_cnt, 1);
		assert_int_equal(got.span.is_start, r->message.template_id == 4);
	}
	lane_delete(&lane);
}

/* The digits of prices: once, when the first comes, and again when another schema does. A volume has none. */
static void
test_digits(void **state)
{
	static const struct message stream[] = {
		{37, 9, OPEN, "2=16 1=1 4=5 4=7 4=3 1=0 3=0", "", ""},
		{46, 9, OPEN, "2=32 1=0", "", ""},
		{46, 9, OPEN, "2=32 1=1 " ENTRY("1", "2", "3", "1", "1", "0"), "", ""},
		{37, 9, OPEN, "2=16 1=1 4=5 4=7 4=3 1=0 3=0", "", ""},
		{48, 9, OPEN, "2=32 1=1 " TRADE, "", ""},
		{32, 6, OPEN, "2=32 1=1 " ENTRY("1", "2", "3", "1", "1", "0"), "", ""},
		{52, 9, "16=0 8=1536760535670166278 35=0", "2=22 1=0", "", ""},
	};
	static const uint8_t digits[VEGA_ARRAY_CNT(stream)] = {0, 0, 9, 0, 0, 7, 9};
	struct lane lane;
	char text[8192];

	(void)state;
	begin(&lane);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(stream); i++) {
		const union vega_record *r;
		struct datagram d = {0};

		put_packet_head(&d);
		(void)put_message(&d, &stream[i]);
		(void)decode(&lane, &d, text, sizeof(text));
		r = lane_record(&lane, 0);
		assert_int_equal(strstr(text, "definition") != NULL, digits[i] != 0);
		if (digits[i] == 0)
			continue;
		assert_int_equal(vega_record_kind(r), VEGA_DEFINITION);
		assert_int_equal(r->definition.instrument, 0);
		assert_int_equal(r->definition.digits, digits[i]);
		assert_int_equal(r->definition.part_cnt, 1);
	}
	lane_delete(&lane);
}

/* Each channel of a feed by itself, and each day anew. */
static void
test_digits_by_channel_and_day(void **state)
{
	static const struct message message = {
		46, 9, OPEN, "2=32 1=1 " ENTRY("1", "2", "3", "1", "1", "0"), "", ""};
	struct datagram datagram = {0};
	struct vega_span span;
	struct lane lane;

	(void)state;
	begin(&lane);
	put_packet_head(&datagram);
	(void)put_message(&datagram, &message);
	for (uint32_t day = 0; day < 2; day++) {
		lane.emit.epoch_ns = EPOCH_NS + day;
		for (uint32_t i = 0; i < 8; i++) {
			struct vega_decode d = {
				.payload = datagram.data,
				.bytes = datagram.bytes,
				.channel = i % 4 < 2 ? 310 : 65535,
				.state = lane.state,
				.emit = &lane.emit,
			};
			const uint64_t from = lane.ring.next;

			assert_true(MDP3->span(&d, &span));
			assert_int_equal(MDP3->records(&d, &span, 0, UINT64_MAX), 1);
			assert_int_equal(lane.ring.next - from, i == 0 || i == 2 ? 2 : 1);
		}
	}
	lane_delete(&lane);
}

/* The event's end, told by a message without entries: on the record before it, or by a STATUS where the datagram has none. */
static void
test_end_of_event(void **state)
{
	static const struct message level = {
		46, 9, OPEN, "2=32 1=1 " ENTRY("1", "2", "3", "1", "1", "0"), "", ""};
	static const struct message end = {46, 9, ROOT, "2=32 1=0", "2=24 5=0 1=0", ""};
	struct datagram d = {0};
	struct lane lane;
	char text[1024];

	(void)state;
	begin(&lane);
	put_packet_head(&d);
	(void)put_message(&d, &level);
	(void)decode(&lane, &d, text, sizeof(text));
	(void)decode(&lane, &d, text, sizeof(text));
	assert_string_equal(text, "level 7 833 1 2 0 0\n");
	(void)put_message(&d, &level);
	(void)put_message(&d, &end);
	(void)decode(&lane, &d, text, sizeof(text));
	assert_string_equal(text, "level 7 833 1 2 0 0\nlevel. 7 833 1 2 0 0\n");
	d.bytes = 0;
	put_packet_head(&d);
	(void)put_message(&d, &end);
	(void)decode(&lane, &d, text, sizeof(text));
	assert_string_equal(text, "status. 0 46 132 0 0 0\n");
	lane_delete(&lane);
}

/* A time that is none, and one that 48 bits do not hold. */
static void
test_times(void **state)
{
	static const struct message none = {
		37, 9, "8=18446744073709551615 1=0", "2=16 1=1 4=5 4=7 4=3 1=0 3=0", "", ""};
	static const struct message far = {
		37, 9, "8=1 1=0", "2=16 1=1 4=5 4=7 4=3 1=0 3=0", "", ""};
	struct datagram d = {0};
	struct lane lane;
	char text[1024];

	(void)state;
	begin(&lane);
	put_packet_head(&d);
	(void)put_message(&d, &none);
	(void)decode(&lane, &d, text, sizeof(text));
	assert_string_equal(text, "@- last 7 0 0 0 5 0\n");
	d.bytes = 0;
	put_packet_head(&d);
	(void)put_message(&d, &far);
	(void)decode(&lane, &d, text, sizeof(text));
	assert_string_equal(text, "@- ? 0 0 1 0 0 0\n@0 last 7 0 0 0 5 0\n");
	lane_delete(&lane);
}

/* A datagram of levels that each take 31 away: it is stopped before the lane could be overrun. */
static void
test_more_records_than_room(void **state)
{
	static struct datagram message;
	struct lane lane;
	struct decoded got;
	uint8_t *large = malloc(65507);
	uint32_t at = 12;

	(void)state;
	assert_non_null(large);
	begin(&lane);
	message.bytes = 0;
	(void)put_message(
		&message, &(struct message){46, 9, OPEN,
				  "2=32 1=1 " ENTRY("1", "2", "3", "31", "3", "0"), "", ""});
	memset(large, 0, 12);
	for (; at + message.bytes <= 65507; at += message.bytes)
		memcpy(large + at, message.data, message.bytes);
	got = lane_decode(&lane, large, at, UINT64_MAX);
	assert_true(got.is_malformed);
	assert_in_range(got.record_cnt, 28000, lane.ring.capacity / 2);
	free(large);
	lane_delete(&lane);
}

/* Cut anywhere, the records are those of the messages that are whole. */
static void
test_records_of_cuts(void **state)
{
	struct datagram d = {0};
	uint32_t ends[VEGA_ARRAY_CNT(messages) + 1];
	struct lane lane;
	char text[8192];

	(void)state;
	begin(&lane);
	put_packet_head(&d);
	ends[0] = d.bytes;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(messages); i++)
		ends[i + 1] = ends[i] + put_message(&d, &messages[i]);
	for (uint32_t bytes = d.bytes; bytes > 0; bytes--) {
		struct decoded got;
		uint32_t whole = 0;

		d.bytes = bytes;
		while (whole < VEGA_ARRAY_CNT(messages) && ends[whole + 1] <= bytes)
			whole++;
		got = decode(&lane, &d, text, sizeof(text));
		assert_int_equal(got.message_cnt, bytes < 12 ? 0 : whole);
		assert_int_equal(got.is_malformed, bytes < 12 || bytes != ends[whole]);
	}
	lane_delete(&lane);
}

/* What the line cannot take apart, the records do not either. */
static void
test_records_of_odd_messages(void **state)
{
	static const struct message odd[] = {
		{46, 9, "8=1", "2=32 1=0", "", ""},
		{46, 9, ROOT, "2=26 1=1 26=0", "", ""},
		{46, 9, ROOT, "2=0 1=255", "", ""},
		{46, 9, ROOT, "2=32 1=0", "2=21 5=0 1=1 21=0", ""},
		{46, 9, ROOT, "2=65535 1=255", "", ""},
		{30, 9, "29=0", "", "", ""},
		{16, 9, "179=0", "", "", ""},
	};
	struct lane lane;
	char text[1024];

	(void)state;
	begin(&lane);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(odd); i++) {
		struct datagram d = {0};
		struct decoded got;

		put_packet_head(&d);
		(void)put_message(&d, &odd[i]);
		got = decode(&lane, &d, text, sizeof(text));
		assert_int_equal(got.message_cnt, 1);
		assert_int_equal(got.odd_cnt, 1);
		assert_int_equal(got.record_cnt, 0);
		assert_false(got.is_malformed);
	}
	lane_delete(&lane);
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
		cmocka_unit_test(test_every_record),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_digits_by_channel_and_day),
		cmocka_unit_test(test_end_of_event),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_more_records_than_room),
		cmocka_unit_test(test_records_of_cuts),
		cmocka_unit_test(test_records_of_odd_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
