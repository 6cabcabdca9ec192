/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/record_rows.h"

#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/definitions.h"

/* Their instrument is a token, and their time the exchange's. */
#define INSTRUMENT_KINDS                                          \
	((VEGA_RECORD_KIND_BIT((uint32_t)VEGA_CLEAR + 1u) - 1u) & \
		~(VEGA_RECORD_KIND_BIT((uint32_t)VEGA_ORDER_ADD) - 1u))

struct vega_record_rows {
	struct vega_journal *journal;
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	uint32_t at; /* next record of the batch */
	uint64_t position_next;
	struct vega_record_clock clock;
	struct vega_definitions definitions;
	const char *instrument; /* NULL: all */
	uint32_t token;
	bool by_token;
	struct vega_record_row packet; /* what the rows of the packet at hand have in common */
	uint32_t price_scale;          /* of the feed, as the file at hand says */
};

/* The token that `text` is; false: it is a symbol. */
static bool
parse_token(const char *text, uint32_t *ret_token)
{
	uint64_t value = 0;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at < '0' || *at > '9' || value > UINT32_MAX)
			return false;
		value = value * 10 + (uint64_t)(*at - '0');
	}
	*ret_token = (uint32_t)value;
	return *text != '\0' && value <= UINT32_MAX;
}

static void
forget_packet(struct vega_record_rows *rows, uint64_t recv_ns)
{
	rows->packet = (struct vega_record_row){
		.feed = rows->packet.feed,
		.recv_ns = recv_ns,
		.seq = UINT64_MAX,
		.frame = UINT64_MAX,
	};
}

/* The next batch; what was known of a packet holds only where it follows. */
static int
next_batch(struct vega_record_rows *rows)
{
	int rc = vega_records_next(rows->cursor, &rows->batch);

	if (rc <= 0)
		return rc;
	rows->at = 0;
	rows->clock = rows->batch.clock;
	rows->price_scale = vega_records_file(rows->cursor)->price_scale;
	if (rows->batch.position != rows->position_next)
		forget_packet(rows, rows->batch.recv_ns);
	rows->position_next = rows->batch.position + rows->batch.cnt;
	return 1;
}

static void
take_packet(struct vega_record_rows *rows, const union vega_record *r, uint64_t ns)
{
	const struct vega_packet_record *p = &r->packet;

	rows->packet.recv_ns = ns;
	rows->packet.line = p->line;
	rows->packet.channel = p->channel;
	rows->packet.has_channel = true;
	rows->packet.seq = p->seq;
	rows->packet.frame =
		(vega_record_flags(r) & VEGA_RECORD_FRAME_LOST) != 0 ? UINT64_MAX : p->frame;
}

static void
fill_row(struct vega_record_rows *rows, const union vega_record *r, uint64_t ns,
	struct vega_record_row *row)
{
	const uint32_t kind = vega_record_kind(r);
	uint32_t digits;

	*row = rows->packet;
	row->record = r;
	row->position = rows->batch.position + (uint64_t)(r - rows->batch.records);
	if (kind == VEGA_GAP || kind == VEGA_SEGMENT) {
		row->channel = vega_record_instrument(r);
		row->has_channel = true;
	}
	row->has_token = (VEGA_RECORD_KIND_BIT(kind) & INSTRUMENT_KINDS) != 0;
	row->symbol = "";
	if (row->has_token) {
		row->token = vega_record_instrument(r);
		row->exch_ns = ns;
		row->symbol = vega_definitions_symbol(&rows->definitions, row->token);
	}
	digits = vega_definitions_digits(&rows->definitions, row->token, row->channel);
	row->price_scale = digits != VEGA_DIGITS_UNKNOWN ? digits : rows->price_scale;
}

static bool
is_wanted(const struct vega_record_rows *rows, const struct vega_record_row *row)
{
	if (rows->instrument == NULL)
		return true;
	if (!row->has_token)
		return false;
	return rows->by_token ? row->token == rows->token
			      : strcmp(row->symbol, rows->instrument) == 0;
}

/* What a record says of those behind it. Returns 0 or -ENOMEM. */
static int
learn(struct vega_record_rows *rows, const union vega_record *r, uint64_t ns)
{
	const uint32_t kind = vega_record_kind(r);

	if (kind == VEGA_PACKET)
		take_packet(rows, r, ns);
	else if (kind == VEGA_EPOCH || kind == VEGA_LOSS)
		forget_packet(rows, ns != 0 ? ns : rows->packet.recv_ns);
	return kind == VEGA_DEFINITION ? vega_definitions_learn(&rows->definitions, &r->definition,
						 rows->packet.channel)
				       : 0;
}

/* The next record of the batch that is a row of its own; NULL at the batch's end. */
static const union vega_record *
next_record(struct vega_record_rows *rows, uint64_t *ret_ns, const union vega_record **ret_wide)
{
	const struct vega_record_batch *batch = &rows->batch;

	while (rows->at < batch->cnt) {
		const union vega_record *r = &batch->records[rows->at++];
		const uint32_t kind = vega_record_kind(r);

		*ret_ns = vega_record_ns(&rows->clock, r);
		if (kind == VEGA_TIME || kind == VEGA_WIDE)
			continue;
		*ret_wide = NULL;
		if ((vega_record_flags(r) & VEGA_RECORD_WIDE) != 0 && rows->at < batch->cnt &&
			vega_record_kind(r + 1) == VEGA_WIDE) {
			*ret_wide = r + 1;
			rows->at++;
		}
		return r;
	}
	return NULL;
}

int
vega_record_rows_next(struct vega_record_rows *rows, struct vega_record_row *ret_row)
{
	for (;;) {
		const union vega_record *wide;
		const union vega_record *r;
		uint64_t ns;
		int rc;

		r = next_record(rows, &ns, &wide);
		if (r == NULL) {
			rc = next_batch(rows);
			if (rc <= 0)
				return rc;
			continue;
		}
		rc = learn(rows, r, ns);
		if (rc < 0)
			return rc;
		fill_row(rows, r, ns, ret_row);
		ret_row->wide = wide;
		if (is_wanted(rows, ret_row))
			return 1;
	}
}

/* Definitions of the first batch's day before from_ns: their blocks alone are read. */
static int
learn_earlier(struct vega_record_rows *rows, uint32_t feed_idx, uint64_t from_ns)
{
	const struct vega_records_want want = {
		.to_ns = from_ns,
		.kinds = VEGA_RECORD_KIND_BIT(VEGA_DEFINITION),
		.day = rows->batch.day,
	};
	struct vega_record_batch batch;
	struct vega_record_cursor *cursor;
	uint32_t channel = 0;
	int rc = vega_records_open(rows->journal, feed_idx, &want, &cursor);

	if (rc < 0)
		return rc;
	while ((rc = vega_records_next(cursor, &batch)) == 1)
		for (uint32_t i = 0; rc == 1 && i < batch.cnt; i++) {
			const union vega_record *r = &batch.records[i];

			if (vega_record_kind(r) == VEGA_PACKET)
				channel = r->packet.channel;
			else if (vega_record_kind(r) == VEGA_DEFINITION &&
				 vega_definitions_learn(
					 &rows->definitions, &r->definition, channel) < 0)
				rc = -ENOMEM;
		}
	vega_records_close(cursor);
	return rc;
}

int
vega_record_rows_open(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_records_want *want, const char *instrument,
	struct vega_record_rows **ret_rows)
{
	struct vega_record_rows *rows = calloc(1, sizeof(*rows));
	int rc;

	if (rows == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the rows of a feed, found none");
	rows->journal = journal;
	rows->instrument = instrument;
	rows->by_token = instrument != NULL && parse_token(instrument, &rows->token);
	rows->packet.feed = vega_journal_feed(journal, feed_idx);
	forget_packet(rows, 0);
	rc = vega_records_open(journal, feed_idx, want, &rows->cursor);
	if (rc == 0)
		rc = next_batch(rows);
	if (rc == 1 && (want->from_ns != 0 || want->from_position != 0))
		rc = learn_earlier(rows, feed_idx, rows->batch.recv_ns);
	if (rc < 0) {
		vega_record_rows_close(rows);
		return rc;
	}
	*ret_rows = rows;
	return 0;
}

void
vega_record_rows_close(struct vega_record_rows *rows)
{
	if (rows == NULL)
		return;
	vega_records_close(rows->cursor);
	vega_definitions_clear(&rows->definitions);
	free(rows);
}
