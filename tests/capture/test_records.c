/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every message of real captures: its records say what its line says, field by field.
 *
 *	test_records SHARED CORPUS	captures of SHARED/data ($VEGA_SHARED goes first); datagrams of CORPUS, which have every type
 *
 * The line comes from the format's slow path; the tables below say where each of its keys is found in the records, as docs/FEEDS.md
 * does. A plain program.
 */
#include <fts.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "capture/feed/bytes.h"
#include "capture/feed/net.h"
#include "hugepages/base/pcapfile.h"
#include "tests/lib/lane.h"

#define EXIT_SKIP      77
#define DAY_NS         86400000000000u
#define WORD_CNT       8u
#define NAME_CNT       (1u << 17)
#define DATAGRAM_BYTES 65536u

/* Where a key's value is: a field of an order, trade, level or price; or bits of the words of STATUS and facts records. */
enum where {
	NOWHERE, /* not told */
	INSTRUMENT,
	NAME,
	TIME_OF_DAY,
	TIME,
	QTY,
	PRICE,
	ID,
	REF_ID,
	REF_ID2,
	REF_TEXT,
	SIDE,        /* B or S */
	SIDE_NUMBER, /* 56 or 53 */
	PRINT,
	OWN_BITS, /* of a reference or condition, as a number */
	OWN_CHAR, /* as a character */
	IS_LAST,
	BID_QTY,
	BID_PRICE,
	ASK_QTY,
	ASK_PRICE,
	LEVEL_QTY, /* of the one side given */
	LEVEL_PRICE,
	OHLC_PRICE,
	OHLC_WHICH, /* 81 open, 77 close */
	NUMBER,     /* of the words */
	SIGNED,
	CHARS
};

struct row {
	const char *types;
	const char *key;
	enum where where;
	uint8_t word;
	uint8_t shift;
	uint8_t bits;
};

/* clang-format off */
static const struct row itch_rows[] = {
	{"*", "locate", INSTRUMENT, 0, 0, 0}, {"*", "tracking", NOWHERE, 0, 0, 0}, {"*", "ts", TIME_OF_DAY, 0, 0, 0},
	{"*", "stock", NAME, 0, 0, 0},
	{"S", "event", CHARS, 0, 0, 8},
	{"R", "lot", NUMBER, 0, 0, 64}, {"R", "lev", NUMBER, 1, 0, 64}, {"R", "mktcat", CHARS, 2, 0, 8},
	{"R", "fsi", CHARS, 2, 8, 8}, {"R", "lotonly", CHARS, 2, 16, 8}, {"R", "class", CHARS, 2, 24, 8},
	{"R", "subtype", CHARS, 2, 32, 16}, {"R", "auth", CHARS, 2, 48, 8}, {"R", "sst", CHARS, 2, 56, 8},
	{"R", "ipo", CHARS, 3, 0, 8}, {"R", "luld", CHARS, 3, 8, 8}, {"R", "etp", CHARS, 3, 16, 8}, {"R", "inv", CHARS, 3, 24, 8},
	{"H", "state", CHARS, 0, 0, 8}, {"H", "reason", CHARS, 1, 0, 32},
	{"Y", "action", CHARS, 0, 0, 8},
	{"L", "mpid", CHARS, 0, 0, 32}, {"L", "pmm", CHARS, 1, 0, 8}, {"L", "mode", CHARS, 1, 8, 8}, {"L", "state", CHARS, 1, 16, 8},
	{"V", "l1", NUMBER, 0, 0, 64}, {"V", "l2", NUMBER, 1, 0, 64}, {"V", "l3", NUMBER, 2, 0, 64},
	{"W", "level", CHARS, 0, 0, 8},
	{"K", "rel", NUMBER, 0, 0, 64}, {"K", "price", NUMBER, 1, 0, 32}, {"K", "qual", CHARS, 1, 32, 8},
	{"J", "ref", NUMBER, 0, 0, 32}, {"J", "up", NUMBER, 0, 32, 32}, {"J", "lo", NUMBER, 1, 0, 32}, {"J", "ext", NUMBER, 1, 32, 32},
	{"h", "mkt", CHARS, 0, 0, 8}, {"h", "action", CHARS, 1, 0, 8},
	{"AFECXDU", "ref", ID, 0, 0, 0}, {"AFP", "side", SIDE, 0, 0, 0}, {"AFECXUPQ", "shares", QTY, 0, 0, 0},
	{"AFCUPQ", "price", PRICE, 0, 0, 0}, {"F", "mpid", REF_TEXT, 0, 0, 0}, {"EC", "match", REF_ID, 0, 0, 0},
	{"C", "print", PRINT, 0, 0, 0}, {"U", "newref", REF_ID2, 0, 0, 0},
	{"P", "ref", REF_ID, 0, 0, 0}, {"PQB", "match", ID, 0, 0, 0}, {"Q", "cross", OWN_CHAR, 0, 0, 0},
	{"I", "paired", NUMBER, 0, 0, 64}, {"I", "imb", NUMBER, 1, 0, 64}, {"I", "far", NUMBER, 2, 0, 32},
	{"I", "near", NUMBER, 2, 32, 32}, {"I", "cur", NUMBER, 3, 0, 32}, {"I", "dir", CHARS, 3, 32, 8},
	{"I", "cross", CHARS, 3, 40, 8}, {"I", "var", CHARS, 3, 48, 8},
	{"N", "flag", CHARS, 0, 0, 8},
	{"O", "near", NUMBER, 0, 0, 32}, {"O", "open", CHARS, 0, 32, 8}, {"O", "neartime", NUMBER, 1, 0, 64},
	{"O", "min", NUMBER, 2, 0, 32}, {"O", "max", NUMBER, 2, 32, 32}, {"O", "lo", NUMBER, 3, 0, 32}, {"O", "hi", NUMBER, 3, 32, 32},
};

static const struct row iex_rows[] = {
	{"*", "ts", TIME, 0, 0, 0}, {"*", "sym", NAME, 0, 0, 0},
	{"SIOEHPQA", "f", NUMBER, 0, 0, 8}, {"D", "f", NUMBER, 2, 0, 8}, {"85", "f", IS_LAST, 0, 0, 0},
	{"TBMLR", "f", OWN_BITS, 0, 0, 0}, {"a", "f", SIDE_NUMBER, 0, 0, 0}, {"X", "f", OHLC_WHICH, 0, 0, 0}, {"C", "f", NOWHERE, 0, 0, 0},
	{"D", "lot", NUMBER, 0, 0, 64}, {"D", "poc", SIGNED, 1, 0, 64}, {"D", "luld", NUMBER, 3, 0, 64},
	{"H", "reason", CHARS, 1, 0, 32}, {"P", "detail", CHARS, 1, 0, 8},
	{"85", "size", LEVEL_QTY, 0, 0, 0}, {"85", "price", LEVEL_PRICE, 0, 0, 0},
	{"TBaML", "size", QTY, 0, 0, 0}, {"TBaML", "price", PRICE, 0, 0, 0}, {"TB", "id", ID, 0, 0, 0},
	{"aMRL", "oid", ID, 0, 0, 0}, {"L", "id", REF_ID, 0, 0, 0}, {"X", "price", OHLC_PRICE, 0, 0, 0},
	{"Q", "bsz", BID_QTY, 0, 0, 0}, {"Q", "bpx", BID_PRICE, 0, 0, 0}, {"Q", "apx", ASK_PRICE, 0, 0, 0}, {"Q", "asz", ASK_QTY, 0, 0, 0},
	{"A", "side", CHARS, 0, 8, 8}, {"A", "ext", NUMBER, 0, 16, 8}, {"A", "time", NUMBER, 0, 32, 32},
	{"A", "paired", NUMBER, 1, 0, 32}, {"A", "imb", NUMBER, 1, 32, 32}, {"A", "ref", SIGNED, 2, 0, 64}, {"A", "ind", SIGNED, 3, 0, 64},
	{"A", "clr", SIGNED, 4, 0, 64}, {"A", "col", SIGNED, 5, 0, 64}, {"A", "lo", SIGNED, 6, 0, 64}, {"A", "hi", SIGNED, 7, 0, 64},
};
/* clang-format on */

/* What the records of one message say. */
struct told {
	uint64_t ns;
	uint32_t instrument;
	uint32_t flags; /* of the last record */
	uint32_t kind;  /* of the record that has the fields below, 0: none has */
	uint32_t kind_flags;
	uint64_t field[5]; /* by place: 12, 16, 20, 24, 28; with their wide halves */
	struct vega_ref_record ref;
	uint32_t word_cnt;
	uint64_t word[WORD_CNT];
};

struct check {
	const struct vega_format *format;
	const struct row *rows;
	uint32_t row_cnt;
	struct lane lane;
	char (*names)[17]; /* by instrument */
	uint64_t message_cnt;
	uint64_t field_cnt;
	uint64_t wrong_cnt;
	bool seen[256]; /* types */
};

/* ---- what the records say ------------------------------------------------------------------------------------- */

static void
hear_fields(struct told *told, const union vega_record *r, const union vega_record *wide)
{
	told->kind = vega_record_kind(r);
	told->kind_flags = vega_record_flags(r);
	for (uint32_t i = 0; i < 5; i++) {
		told->field[i] = vega_le32((const uint8_t *)r + 12 + 4 * i);
		if (wide != NULL)
			told->field[i] |= (uint64_t)wide->wide.high[i] << 32;
		else if (told->kind == VEGA_OHLC || (told->kind == VEGA_LEVEL && i % 2 == 1) ||
			 (told->kind != VEGA_LEVEL && i == 3))
			told->field[i] = (uint64_t)(int32_t)told->field[i]; /* a price */
	}
}

static void
hear(struct check *check, struct told *told, const union vega_record *r,
	const union vega_record *after)
{
	const uint32_t kind = vega_record_kind(r);

	if (kind == VEGA_TIME) {
		told->ns = r->epoch.ns;
		return;
	}
	if (kind == VEGA_WIDE)
		return;
	told->instrument = vega_record_instrument(r);
	if (vega_record_ts48(r) != 0)
		told->ns = LANE_EPOCH_NS + vega_record_ts48(r);
	if (kind == VEGA_DEFINITION && r->definition.unit == 0) {
		if (told->instrument < NAME_CNT)
			memcpy(check->names[told->instrument], r->definition.text, 16);
	} else if (kind == VEGA_DEFINITION || kind == VEGA_STATUS) {
		if (told->word_cnt + 2 <= WORD_CNT) {
			told->word[told->word_cnt++] = r->status.value;
			told->word[told->word_cnt++] = r->status.value2;
		}
	} else if (kind == VEGA_ORDER_REF) {
		told->ref = r->ref;
	} else {
		hear_fields(told, r, (vega_record_flags(r) & VEGA_RECORD_WIDE) != 0 ? after : NULL);
	}
}

static struct told
hear_all(struct check *check, uint64_t cnt)
{
	struct told told = {0};

	for (uint64_t i = 0; i < cnt; i++) {
		const union vega_record *r = lane_record(&check->lane, i);

		hear(check, &told, r, i + 1 < cnt ? lane_record(&check->lane, i + 1) : NULL);
		told.flags = vega_record_flags(r);
	}
	return told;
}

/* Characters as the line has them: without trailing blanks and zeros, but a single one as it is. */
static void
put_chars(char *text, uint64_t chars, uint32_t bytes)
{
	const bool is_text = bytes > 1;

	memcpy(text, &chars, bytes);
	while (is_text && bytes != 0 && (text[bytes - 1] == ' ' || text[bytes - 1] == '\0'))
		bytes--;
	text[bytes] = '\0';
}

static uint64_t
bits_of(const struct told *told, const struct row *row)
{
	return told->word[row->word] >> row->shift &
	       (row->bits == 64 ? UINT64_MAX : (1ull << row->bits) - 1);
}

static void
put_number(char *text, const struct told *told, const struct row *row)
{
	const bool is_bid = (told->field[0] >> 6 & 3) == VEGA_SIDE_BID;
	const bool is_open = told->field[4] == 1;
	uint64_t value = 0;
	bool is_signed = false;

	switch (row->where) {
	case INSTRUMENT:
		value = told->instrument;
		break;
	case TIME_OF_DAY:
		value = told->ns - LANE_EPOCH_NS - DAY_NS;
		break;
	case TIME:
		value = told->ns;
		break;
	case QTY:
		value = told->field[0];
		break;
	case ID:
		value = (told->field[1] & UINT32_MAX) | told->field[2] << 32;
		break;
	case REF_ID:
		value = told->ref.id;
		break;
	case REF_ID2:
		value = told->ref.id2;
		break;
	case SIDE_NUMBER:
		value = (told->kind_flags & VEGA_RECORD_ASK) != 0 ? '5' : '8';
		break;
	case OWN_BITS:
		value = told->field[4] >> 16;
		break;
	case IS_LAST:
		value = (told->flags & VEGA_RECORD_LAST) != 0;
		break;
	case BID_QTY:
		value = told->field[2];
		break;
	case ASK_QTY:
		value = told->field[4];
		break;
	case LEVEL_QTY:
		value = told->field[is_bid ? 2 : 4];
		break;
	case OHLC_WHICH:
		value = told->kind != VEGA_OHLC ? told->word[0] : is_open ? 'Q' : 'M';
		break;
	case NUMBER:
		value = bits_of(told, row);
		break;
	default:
		is_signed = true;
	}
	switch (row->where) {
	case PRICE:
		value = told->field[3];
		break;
	case BID_PRICE:
		value = told->field[1];
		break;
	case ASK_PRICE:
		value = told->field[3];
		break;
	case LEVEL_PRICE:
		value = told->field[is_bid ? 1 : 3];
		break;
	case OHLC_PRICE:
		value = told->kind != VEGA_OHLC ? told->word[1] : told->field[is_open ? 0 : 3];
		break;
	case SIGNED:
		value = bits_of(told, row);
		break;
	default:
		break;
	}
	(void)snprintf(text, 32, is_signed ? "%" PRId64 : "%" PRIu64, value);
}

/* The value of a key as the line has it. */
static void
put_value(const struct check *check, const struct told *told, const struct row *row, char *text)
{
	switch (row->where) {
	case NAME:
		(void)snprintf(text, 32, "%s",
			told->instrument < NAME_CNT ? check->names[told->instrument] : "?");
		break;
	case REF_TEXT:
		put_chars(text, told->ref.id, 8);
		break;
	case CHARS:
		put_chars(text, bits_of(told, row), row->bits / 8u);
		break;
	case SIDE:
		(void)snprintf(text, 32, (told->kind_flags & VEGA_RECORD_ASK) != 0 ? "S" : "B");
		break;
	case PRINT:
		(void)snprintf(text, 32, (told->field[4] & VEGA_ORDER_NO_PRINT) != 0 ? "N" : "Y");
		break;
	case OWN_CHAR:
		put_chars(text, told->field[4] >> 16, 1);
		break;
	default:
		put_number(text, told, row);
	}
}

/* ---- against the line ----------------------------------------------------------------------------------------- */

static const struct row *
find_row(const struct check *check, char type, const char *key, size_t key_len)
{
	for (uint32_t i = 0; i < check->row_cnt; i++) {
		const struct row *row = &check->rows[i];

		if ((row->types[0] == '*' || strchr(row->types, type) != NULL) &&
			strlen(row->key) == key_len && memcmp(row->key, key, key_len) == 0)
			return row;
	}
	return NULL;
}

/* A value ends at the blank before the next key; it may have blanks of its own, and a symbol an equals sign. */
static size_t
value_len(const char *value)
{
	const char *end = strchr(value, ' ');

	for (; end != NULL; end = strchr(end + 1, ' ')) {
		const size_t key_len = strspn(end + 1, "abcdefghijklmnopqrstuvwxyz0123456789");

		if (key_len != 0 && end[1 + key_len] == '=')
			return (size_t)(end - value);
	}
	return strlen(value);
}

/* A flag of a record holds one of two values; what is neither of them only hostile bytes have, and a record does not tell it. */
static bool
is_told(const struct row *row, const char *value)
{
	switch (row->where) {
	case NOWHERE:
		return false;
	case SIDE:
		return *value == 'B' || *value == 'S';
	case PRINT:
		return *value == 'Y' || *value == 'N';
	case SIDE_NUMBER:
		return strncmp(value, "56", 2) == 0 || strncmp(value, "53", 2) == 0;
	default:
		return true;
	}
}

static void
compare_one(struct check *check, const struct told *told, char type, const char *key,
	size_t key_len, const char *value, size_t len)
{
	const struct row *row = find_row(check, type, key, key_len);
	char text[64] = "no row";

	check->field_cnt++;
	if (row != NULL && !is_told(row, value))
		return;
	if (row != NULL)
		put_value(check, told, row, text);
	if ((row == NULL || strlen(text) != len || memcmp(text, value, len) != 0) &&
		check->wrong_cnt++ < 10)
		printf("%s type=%c: need %.*s=%.*s, found '%s'\n", check->format->name, type,
			(int)key_len, key, (int)len, value, text);
}

static void
compare(struct check *check, const struct told *told, char type, const char *line)
{
	for (const char *key = line; *key != '\0';) {
		const size_t key_len = strcspn(key, "=");
		const char *value = key + key_len + 1;
		const size_t len = value_len(value);

		compare_one(check, told, type, key, key_len, value, len);
		key = value + len + (value[len] == ' ');
	}
}

/* One message's records against its line; `type=A len=36` stand before the fields, and alone where nothing is understood. */
static void
check_message(struct check *check, const struct vega_message *message)
{
	static char buf[WALK_LINE_BYTES];
	struct vega_text line = {.buf = buf, .bytes = sizeof(buf)};
	const uint64_t cnt = check->lane.ring.next - check->lane.from;
	const struct told told = hear_all(check, cnt);
	const char *fields;

	buf[0] = '\0';
	check->format->line(message, &line);
	fields = strstr(buf, " len=");
	fields = fields != NULL ? strchr(fields + 1, ' ') : NULL;
	check->message_cnt++;
	if (fields == NULL) {
		check->wrong_cnt += cnt != 0;
		return;
	}
	check->seen[message->type & 0xFF] = true;
	compare(check, &told, (char)message->type, fields + 1);
}

static void
check_datagram(struct check *check, const uint8_t *data, uint32_t bytes)
{
	struct lane *lane = &check->lane;
	struct vega_decode d = {
		.payload = data, .bytes = bytes, .state = lane->state, .emit = &lane->emit};
	struct vega_message message;
	struct vega_span span;
	struct vega_walk walk;

	if (check->format->open(&walk, data, bytes) != 0 || !check->format->span(&d, &span))
		return;
	for (uint64_t i = 0; check->format->next(&walk, &message) == 1; i++) {
		lane->from = lane->ring.next;
		check->wrong_cnt += check->format->records(&d, &span, i, 1) != 1;
		check_message(check, &message);
		vega_ring_publish(&lane->ring);
	}
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

static void
check_capture(struct check *check, const char *path)
{
	struct vega_pcapfile_packet packet;
	struct vega_pcapfile *file;
	struct vega_net net;

	if (vega_pcapfile_open(path, &file) != 0)
		return;
	while (vega_pcapfile_next(file, &packet) == 1) {
		vega_net_parse(
			vega_pcapfile_linktype(file), packet.data, packet.captured_bytes, &net);
		if (net.udp_port != VEGA_NET_NO_PORT)
			check_datagram(check, packet.data + net.payload_off, net.payload_bytes);
	}
	vega_pcapfile_close(file);
}

/* A file as one datagram; with a header before it, a day file is one too. */
static void
check_bytes(struct check *check, const char *path, bool is_day_file)
{
	static uint8_t data[DATAGRAM_BYTES];
	const uint32_t at = is_day_file ? 20 : 0;
	FILE *file = fopen(path, "rbe");
	size_t bytes;

	if (file == NULL)
		return;
	memset(data, 0, at);
	if (is_day_file)
		data[18] =
			0x7F; /* more messages than there are: the rest is malformed, as it is cut */
	bytes = fread(data + at, 1, sizeof(data) - at, file);
	(void)fclose(file);
	check_datagram(check, data, at + (uint32_t)bytes);
}

static void
check_tree(struct check *check, char *folder, bool is_corpus)
{
	char *const roots[] = {folder, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (tree != NULL && (entry = fts_read(tree)) != NULL) {
		const size_t len = strlen(entry->fts_path);

		if (entry->fts_info != FTS_F)
			continue;
		if (is_corpus)
			check_bytes(check, entry->fts_path, false);
		else if (len > 5 && strcmp(entry->fts_path + len - 5, ".itch") == 0)
			check_bytes(check, entry->fts_path, true);
		else
			check_capture(check, entry->fts_path);
	}
	if (tree != NULL)
		(void)fts_close(tree);
}

/* Returns messages of real captures. */
static uint64_t
run(struct check *check, const char *shared, const char *const *folders, const char *corpus,
	const char *types)
{
	char path[4096];
	uint64_t real_cnt;

	lane_new(&check->lane, check->format);
	check->names = calloc(NAME_CNT, sizeof(*check->names));
	if (check->names == NULL)
		abort();
	for (uint32_t i = 0; folders[i] != NULL; i++) {
		(void)snprintf(path, sizeof(path), "%s/data/%s", shared, folders[i]);
		check_tree(check, path, false);
	}
	real_cnt = check->message_cnt;
	(void)snprintf(path, sizeof(path), "%s/%s", corpus, check->format->name);
	check_tree(check, path, true);
	for (; *types != '\0'; types++)
		if (!check->seen[(uint8_t)*types]) {
			printf("%s: need type %c, found none\n", check->format->name, *types);
			check->wrong_cnt++;
		}
	printf("%s: %" PRIu64 " messages, %" PRIu64 " of them real, %" PRIu64 " fields, %" PRIu64
	       " wrong\n",
		check->format->name, check->message_cnt, real_cnt, check->field_cnt,
		check->wrong_cnt);
	lane_delete(&check->lane);
	free(check->names);
	return real_cnt;
}

int
main(int argc, char **argv)
{
	static const char *const itch_folders[] = {"itch-file", "omi-data-packets/Nasdaq", NULL};
	static const char *const iex_folders[] = {"go-iex", "omi-data-packets/Iex", NULL};
	static struct check itch = {
		.format = &vega_format_itch,
		.rows = itch_rows,
		.row_cnt = VEGA_ARRAY_CNT(itch_rows),
	};
	static struct check iex = {
		.format = &vega_format_iex,
		.rows = iex_rows,
		.row_cnt = VEGA_ARRAY_CNT(iex_rows),
	};
	const char *shared = getenv("VEGA_SHARED");
	const char *corpus = argc > 2 ? argv[2] : "tests/fuzz/corpus";
	uint64_t real_cnt;

	if (shared == NULL)
		shared = argc > 1 ? argv[1] : ".";
	real_cnt = run(&itch, shared, itch_folders, corpus, "SRHYLVWKJhAFECXDUPQBINO");
	real_cnt += run(&iex, shared, iex_folders, corpus, "SDHIOPEQ85TBXAaMRLC");
	if (itch.wrong_cnt + iex.wrong_cnt != 0)
		return 1;
	if (real_cnt != 0)
		return 0;
	printf("skipped: need captures, found none in %s/data; set VEGA_SHARED\n", shared);
	return EXIT_SKIP;
}
