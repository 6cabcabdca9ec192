/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cme-mdp3 on real captures: what the records say against what the lines say, entry by entry. The two share the framing alone.
 *
 *	test_mdp3_real SHARED	of SHARED/data ($VEGA_SHARED goes first)
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "capture/feed/bytes.h"
#include "capture/feed/net.h"
#include "hugepages/base/pcapfile.h"
#include "tests/lib/lane.h"

#define EXIT_SKIP  77
#define PRICE_NONE INT64_MAX
#define NONE32     2147483647
#define DAY_NS     86400000000000u

static const char *const captures[] = {
	"omi-data-packets-history/Cme.Mdp3.Sbe.v6.1.pcap",
	"omi-data-packets-history/Cme.Mdp3.Sbe.v9.1.Example.pcap",
	"omi-data-packets-history/MdIncrementalRefreshSessionStatistics.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.5/MdIncrementalRefreshBook.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.5/MdIncrementalRefreshSessionStatistics.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.5/MdIncrementalRefreshTradeSummary.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.5/MdIncrementalRefreshVolume.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.5/MdInstrumentDefinitionSpread.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.8/MdIncrementalRefreshTradeSummary.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.9/MdIncrementalRefreshBook.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.9/MdIncrementalRefreshOrderBook.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.9/MdIncrementalRefreshTradeSummary.pcap",
	"omi-data-packets/Cme/Mdp3.Sbe.v1.9/MdIncrementalRefreshVolume.pcap",
};

/* One packet's comparison; what the records are expected to say, and what they do, both as text. */
struct compare {
	struct lane lane;
	uint64_t at; /* next record */
	uint64_t end;
	uint64_t entry_cnt;
	uint64_t wrong_cnt;
	uint64_t packet_cnt;
	char want[256];
};

/* ---- what the records say ---------------------------------------------------------------------------------------- */

static const union vega_record *
take(struct compare *c)
{
	return c->at < c->end ? lane_record(&c->lane, c->at++) : NULL;
}

/* The 4-byte value at a place of the body (12, 16 .. 28), with its high half where there is one. */
static int64_t
value_at(const union vega_record *r, const union vega_record *wide, uint32_t off, bool is_signed)
{
	const uint32_t i = (off - 12) / 4;
	const uint32_t low = r->wide.high[i];

	if (wide != NULL)
		return (int64_t)(low | (uint64_t)wide->wide.high[i] << 32);
	return is_signed ? (int32_t)low : (int64_t)low;
}

static void
say_level(const union vega_record *r, const union vega_record *wide, char *to, size_t room)
{
	const uint32_t word = r->level.level;
	const bool is_ask = (word >> 6 & 3) == VEGA_SIDE_ASK;
	const bool is_implied = (word & VEGA_LEVEL_IMPLIED) != 0;
	const int64_t cnt = is_ask ? word >> 20 : word >> 8 & 0xFFF;

	(void)snprintf(to, room, "level %u %c %u/%u %" PRId64 " %" PRId64 " %" PRId64,
		r->level.instrument, is_implied ? (is_ask ? 'F' : 'E') : (is_ask ? '1' : '0'),
		word & 31, vega_record_action(r), value_at(r, wide, is_ask ? 24 : 16, true),
		value_at(r, wide, is_ask ? 28 : 20, false), cnt);
}

static void
say_other(const union vega_record *r, const union vega_record *wide, char *to, size_t room)
{
	const uint32_t kind = vega_record_kind(r);
	const char side = vega_record_flags(r) & VEGA_RECORD_ASK ? 'S' : 'B';

	if (kind >= VEGA_ORDER_ADD && kind <= VEGA_ORDER_DELETE)
		(void)snprintf(to, room, "order %u %u %c %" PRIu64 " %" PRId64 " %" PRId64, kind,
			r->order.instrument, side, r->order.order_id, value_at(r, wide, 24, true),
			value_at(r, wide, 12, false));
	else if (kind == VEGA_TRADE)
		(void)snprintf(to, room, "trade %u %c %" PRId64 " %" PRId64 " %u",
			r->trade.instrument,
			r->trade.condition & VEGA_TRADE_NO_AGGRESSOR ? '-' : side,
			value_at(r, wide, 24, true), value_at(r, wide, 12, false),
			r->trade.condition >> 18);
	else if (kind == VEGA_ORDER_REF)
		(void)snprintf(to, room, "ref %u %u %" PRIu64 " %" PRIu64, r->ref.instrument,
			r->ref.what, r->ref.id, r->ref.id2);
	else if (kind == VEGA_LAST)
		(void)snprintf(to, room, "last %u %" PRIu64, r->last.instrument, r->last.volume);
	else if (kind == VEGA_OHLC)
		(void)snprintf(to, room, "ohlc %u %u %" PRId64, r->ohlc.instrument, r->ohlc.given,
			value_at(r, wide, 12 + 4 * (uint32_t)__builtin_ctz(r->ohlc.given), true));
	else
		(void)snprintf(to, room, "status %u %x %" PRIx64, r->status.instrument,
			r->status.what, r->status.value);
}

/* The next record says what is in want. */
static void
check(struct compare *c)
{
	char got[256] = "nothing";
	const union vega_record *r = take(c);
	const union vega_record *wide = NULL;

	if (r != NULL && vega_record_kind(r) == VEGA_DEFINITION)
		r = take(c);
	if (r != NULL && (vega_record_flags(r) & VEGA_RECORD_WIDE) != 0)
		wide = take(c);
	if (r != NULL && vega_record_kind(r) == VEGA_LEVEL)
		say_level(r, wide, got, sizeof(got));
	else if (r != NULL)
		say_other(r, wide, got, sizeof(got));
	c->entry_cnt++;
	if (strcmp(got, c->want) == 0)
		return;
	c->wrong_cnt++;
	printf("packet %" PRIu64 ": need \"%s\", found \"%s\"\n", c->packet_cnt, c->want, got);
}

VEGA_PRINTF(2, 3) static void expect(struct compare *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(c->want, sizeof(c->want), format, args);
	va_end(args);
	check(c);
}

/* ---- what the lines say ------------------------------------------------------------------------------------------ */

#define ENTRY_FIELD_CNT 8u

/* An entry's fields as in the line, numbers; a type is its character. */
struct entry {
	int64_t field[ENTRY_FIELD_CNT];
	char type; /* the last field, as text */
};

/* The next entry of a list. Returns false at its end. */
static bool
next_entry(const char **at, struct entry *ret_entry)
{
	uint32_t i = 0;

	if (**at == '\0' || **at == ' ')
		return false;
	for (; **at != '\0' && **at != ' ' && **at != ';' && i < ENTRY_FIELD_CNT; i++) {
		char *end;

		ret_entry->type = **at;
		ret_entry->field[i] = (int64_t)(**at == '-' ? (uint64_t)strtoll(*at, &end, 10)
							    : strtoull(*at, &end, 10));
		*at = end == *at ? *at + 1 : end; /* a type may be no digit */
		*at += **at == '/';
	}
	*at += **at == ';';
	return true;
}

static const char *
list(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at != NULL ? at + strlen(key) : "";
}

static int64_t
known(int64_t value)
{
	return value != NONE32 ? value : 0;
}

static void
expect_book(struct compare *c, const char *line)
{
	static const unsigned actions[] = {VEGA_LEVEL_INSERT, VEGA_LEVEL_SET, VEGA_LEVEL_DELETE};
	const char *at = list(line, " entries=");
	struct entry entries[255], o;
	uint32_t cnt = 0;

	for (struct entry *e = entries; next_entry(&at, e); e = &entries[++cnt]) {
		expect(c, "level %" PRId64 " %c %" PRId64 "/%u %" PRId64 " %" PRId64 " %" PRId64,
			e->field[2], e->type, e->field[5], actions[e->field[6] % 3], e->field[0],
			e->field[1], known(e->field[4]));
	}
	for (at = list(line, " orders="); next_entry(&at, &o);) {
		const struct entry *e = &entries[o.field[3] - 1];

		expect(c, "order %u %" PRId64 " %c %" PRIu64 " %" PRId64 " %" PRId64,
			(unsigned)(VEGA_ORDER_ADD + o.field[4]), e->field[2],
			e->type == '1' ? 'S' : 'B', (uint64_t)o.field[0], e->field[0], o.field[2]);
		expect(c, "ref %" PRId64 " 4 %" PRIu64 " 0", e->field[2], (uint64_t)o.field[1]);
	}
}

static void
expect_order_book(struct compare *c, const char *line)
{
	const char *at = list(line, " entries=");

	for (struct entry e; next_entry(&at, &e);) {
		expect(c, "order %u %" PRId64 " %c %" PRIu64 " %" PRId64 " %" PRId64,
			(unsigned)(VEGA_ORDER_ADD + e.field[5]), e.field[4],
			e.type == '1' ? 'S' : 'B', (uint64_t)e.field[0], e.field[2], e.field[3]);
		expect(c, "ref %" PRId64 " 4 %" PRIu64 " 0", e.field[4], (uint64_t)e.field[1]);
	}
}

static void
expect_trades(struct compare *c, const char *line)
{
	const char *at = list(line, " entries=");
	const char *order = list(line, " orders=");
	struct entry o;

	for (struct entry e; next_entry(&at, &e);) {
		expect(c, "trade %" PRId64 " %c %" PRId64 " %" PRId64 " %" PRId64, e.field[2],
			e.field[5] == 1   ? 'B'
			: e.field[5] == 2 ? 'S'
					  : '-',
			e.field[0], e.field[1], known(e.field[4]));
		for (int64_t i = 0; i < e.field[4] && next_entry(&order, &o); i++)
			expect(c, "ref %" PRId64 " 5 %" PRIu64 " %" PRId64, e.field[2],
				(uint64_t)o.field[0], o.field[1]);
	}
}

static void
expect_statistics(struct compare *c, const char *line, uint32_t type)
{
	const char *at = list(line, " entries=");

	for (struct entry e; next_entry(&at, &e);) {
		const unsigned given = e.type == '4' ? 1 : e.type == '7' ? 2 : 4;
		const bool is_ohlc = e.field[4] < 2 && (e.type == '7' || e.type == '8' ||
							       (e.type == '4' && e.field[3] == 0));

		if (is_ohlc)
			expect(c, "ohlc %" PRId64 " %u %" PRId64, e.field[1], given, e.field[0]);
		else
			expect(c, "status %" PRId64 " %x %" PRIx64, e.field[1],
				type | (unsigned)e.type << 16 | (unsigned)e.field[3] << 24,
				(uint64_t)e.field[0]);
	}
}

static void
expect_volumes(struct compare *c, const char *line)
{
	const char *at = list(line, " entries=");

	for (struct entry e; next_entry(&at, &e);)
		expect(c, "last %" PRId64 " %" PRId64, e.field[1], e.field[0]);
}

/* The security status of these captures is of a group, not of an instrument. */
static void
expect_status(struct compare *c, const char *line)
{
	const union vega_record *r = take(c);
	char want[32];

	(void)snprintf(
		want, sizeof(want), " status=%u ", r != NULL ? r->status.what >> 16 & 0xFF : 256);
	c->entry_cnt++;
	c->wrong_cnt += r == NULL || vega_record_kind(r) != VEGA_STATUS ||
			strstr(line, want) == NULL ||
			memcmp(&r->status.value, list(line, " group="), 2) != 0;
}

/* An event's end is on the last record that the datagram has so far. */
static void
check_end(struct compare *c, const char *line)
{
	const uint64_t indicator = strtoull(list(line, " mei="), NULL, 10);
	const union vega_record *last;

	if (strstr(line, " mei=") == NULL || (indicator & 128) == 0)
		return;
	if (c->at == 0)
		expect(c, "status 0 %x %" PRIx64, (unsigned)strtoul(line + 5, NULL, 10), indicator);
	last = lane_record(&c->lane, c->at - 1);
	c->wrong_cnt += (vega_record_flags(last) & VEGA_RECORD_LAST) == 0;
}

static void
expect_message(void *arg, const struct vega_message *message, const struct vega_text *text)
{
	struct compare *c = arg;
	const char *line = text->buf;

	switch (message->type) {
	case 32:
	case 46:
		expect_book(c, line);
		break;
	case 42:
	case 48:
		expect_trades(c, line);
		break;
	case 43:
	case 47:
		expect_order_book(c, line);
		break;
	case 35:
	case 51:
		expect_statistics(c, line, message->type);
		break;
	case 37:
		expect_volumes(c, line);
		break;
	case 30:
		expect_status(c, line);
		break;
	default:
		break;
	}
	check_end(c, line);
}

/* ---- captures ---------------------------------------------------------------------------------------------------- */

static void
compare_datagram(struct compare *c, const uint8_t *payload, uint32_t bytes)
{
	struct decoded got;
	struct walked walked;

	c->lane.emit.epoch_ns = vega_le64(payload + 4) - DAY_NS; /* of the send time */
	got = lane_decode(&c->lane, payload, bytes, UINT64_MAX);
	c->at = 0;
	c->end = got.record_cnt;
	if (!walk_all(&vega_format_cme_mdp3, payload, bytes, expect_message, c, &walked) ||
		got.message_cnt != walked.message_cnt || got.odd_cnt != 0 || c->at != c->end)
		c->wrong_cnt++;
	c->packet_cnt++;
}

/* Returns false where the capture is absent. */
static bool
compare_capture(const char *path)
{
	struct compare c = {0};
	struct vega_pcapfile_packet packet;
	struct vega_pcapfile *file;
	struct vega_net net;

	if (vega_pcapfile_open(path, &file) != 0)
		return false;
	lane_new(&c.lane, &vega_format_cme_mdp3);
	while (vega_pcapfile_next(file, &packet) == 1) {
		vega_net_parse(
			vega_pcapfile_linktype(file), packet.data, packet.captured_bytes, &net);
		if (net.udp_port == VEGA_NET_NO_PORT)
			continue;
		compare_datagram(&c, packet.data + net.payload_off, net.payload_bytes);
	}
	vega_pcapfile_close(file);
	lane_delete(&c.lane);
	printf("%s: %" PRIu64 " packets, %" PRIu64 " entries, %" PRIu64 " wrong\n",
		strrchr(path, '/') + 1, c.packet_cnt, c.entry_cnt, c.wrong_cnt);
	if (c.wrong_cnt != 0)
		exit(EXIT_FAILURE);
	return true;
}

int
main(int argc, char **argv)
{
	const char *shared = getenv("VEGA_SHARED");
	uint32_t cnt = 0;
	char path[4096];

	if (shared == NULL)
		shared = argc > 1 ? argv[1] : ".";
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(captures); i++) {
		(void)snprintf(path, sizeof(path), "%s/data/%s", shared, captures[i]);
		cnt += compare_capture(path);
	}
	if (cnt == VEGA_ARRAY_CNT(captures))
		return EXIT_SUCCESS;
	printf("skipped: need %zu captures of CME, found %u in %s/data; set VEGA_SHARED\n",
		VEGA_ARRAY_CNT(captures), cnt, shared);
	return EXIT_SKIP;
}
