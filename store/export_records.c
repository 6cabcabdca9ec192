/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A row a record, as CSV or as JSON lines: what every row has, then the fields of its kind by name. CSV has a column for every
 * field that any kind has; JSON only those that are given.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "hugepages/record_fields.h"
#include "store/export.h"

#define FIELD_CNT_MAX 32u /* of one record */

static const char *const columns[] = {"action", "side", "qty", "price", "order_id", "reference",
	"trade_id", "condition", "what", "id", "id2", "level", "implied", "bid", "bid_qty",
	"bid_orders", "ask", "ask_qty", "ask_orders", "average", "volume", "oi", "iv", "open",
	"high", "low", "close", "delta", "theta", "gamma", "vega", "rho", "value", "change", "cap",
	"value2", "part", "part_cnt", "digits", "text", "fact", "fact2", "why", "state", "first",
	"cnt", "cause", "session", "seq", "epoch_ns", "full_ns", "epoch_from", "port", "messages",
	"word1", "word2", "word3"};

struct writer {
	FILE *out;
	const struct vega_record_row *row;
	struct vega_record_value values[FIELD_CNT_MAX]; /* of the record at hand */
	uint32_t value_cnt;
	char line[2];
	char flags[24];
};

/* What every row has is taken out of the record's own fields. */
static void
take_value(void *arg, const struct vega_record_value *value)
{
	struct writer *w = arg;
	const bool is_packet = vega_record_kind(w->row->record) == VEGA_PACKET;

	if (strcmp(value->name, "line") == 0)
		w->line[0] = value->text[0];
	else if (strcmp(value->name, "flags") == 0)
		memcpy(w->flags, value->text, sizeof(w->flags));
	else if (strcmp(value->name, "instrument") != 0 && strcmp(value->name, "channel") != 0 &&
		 strcmp(value->name, "frame") != 0 &&
		 !(is_packet && strcmp(value->name, "seq") == 0) && w->value_cnt < FIELD_CNT_MAX)
		w->values[w->value_cnt++] = *value;
}

static void
take_row(struct writer *w, const struct vega_record_row *row)
{
	w->row = row;
	w->value_cnt = 0;
	w->line[0] = (char)row->line;
	w->line[1] = '\0';
	w->flags[0] = '\0';
	vega_record_visit(row->record, row->wide, take_value, w);
}

/* ---- values --------------------------------------------------------------------------------------------------- */

static void
put_quoted(FILE *out, const char *text, bool json)
{
	(void)putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || (json && *text == '\\'))
			(void)putc(json ? '\\' : '"', out);
		(void)putc(*text >= ' ' && *text <= '~' ? *text : '?', out);
	}
	(void)putc('"', out);
}

static void
put_csv_text(FILE *out, const char *text)
{
	if (strpbrk(text, "\",\r\n") != NULL)
		put_quoted(out, text, false);
	else
		for (; *text != '\0'; text++)
			(void)putc(*text >= ' ' && *text <= '~' ? *text : '?', out);
}

/* JSON knows no number that is none. */
static void
put_real(FILE *out, double value, bool json)
{
	if (isfinite(value))
		(void)fprintf(out, "%.9g", value);
	else
		(void)fputs(json ? "null" : "nan", out);
}

static void
put_value(FILE *out, const struct vega_record_value *value, bool json)
{
	switch (value->type) {
	case VEGA_VALUE_UNSIGNED:
		(void)fprintf(out, "%" PRIu64, value->u);
		break;
	case VEGA_VALUE_SIGNED:
		(void)fprintf(out, "%" PRId64, value->i);
		break;
	case VEGA_VALUE_REAL:
		put_real(out, value->real, json);
		break;
	case VEGA_VALUE_TEXT:
		if (json)
			put_quoted(out, value->text, true);
		else
			put_csv_text(out, value->text);
		break;
	}
}

/* ---- open, close ---------------------------------------------------------------------------------------------- */

static int
records_open(struct vega_export *x)
{
	struct writer *w = calloc(1, sizeof(*w));
	int rc = w != NULL ? vega_export_fopen(x->path, &w->out)
			   : VEGA_ERR(-ENOMEM, "need memory for an export, found none");

	if (rc < 0)
		free(w);
	else
		x->state = w;
	return rc;
}

static int
records_close(struct vega_export *x)
{
	struct writer *w = x->state;
	int rc = vega_export_fclose(x->path, w->out);

	free(w);
	return rc;
}

/* Nothing of a row is looked at one by one: a stream that fails stays failed. */
static int
end_row(struct writer *w)
{
	(void)putc('\n', w->out);
	return ferror(w->out) == 0
		       ? 0
		       : VEGA_ERR(-EIO, "need to write the export, found: %s; is there room?",
				 strerror(errno));
}

/* ---- CSV ------------------------------------------------------------------------------------------------------ */

static int
csv_open(struct vega_export *x)
{
	int rc = records_open(x);
	struct writer *w = x->state;

	if (rc < 0)
		return rc;
	(void)fputs("position,recv_ns,exch_ns,feed,line,channel,sequence,frame,kind,flags,token,"
		    "symbol,price_scale",
		w->out);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(columns); i++)
		(void)fprintf(w->out, ",%s", columns[i]);
	(void)putc('\n', w->out); /* a head line that cannot be written is told by close */
	return 0;
}

/* A number, or nothing where it is not known. */
static void
csv_number(FILE *out, uint64_t value, bool is_known)
{
	if (is_known)
		(void)fprintf(out, "%" PRIu64, value);
	(void)putc(',', out);
}

static void
csv_context(struct writer *w)
{
	const struct vega_record_row *row = w->row;

	(void)fprintf(w->out, "%" PRIu64 ",", row->position);
	csv_number(w->out, row->recv_ns, row->recv_ns != 0);
	csv_number(w->out, row->exch_ns, row->exch_ns != 0);
	put_csv_text(w->out, row->feed);
	(void)putc(',', w->out);
	put_csv_text(w->out, w->line);
	(void)putc(',', w->out);
	csv_number(w->out, row->channel, row->has_channel);
	csv_number(w->out, row->seq, row->seq != UINT64_MAX);
	csv_number(w->out, row->frame, row->frame != UINT64_MAX);
	(void)fprintf(
		w->out, "%s,%s,", vega_record_kind_name(vega_record_kind(row->record)), w->flags);
	csv_number(w->out, row->token, row->has_token);
	put_csv_text(w->out, row->symbol);
	(void)fprintf(w->out, ",%u", row->price_scale);
}

static int
csv_record(struct vega_export *x, const struct vega_record_row *row)
{
	struct writer *w = x->state;
	uint32_t put = 0;

	take_row(w, row);
	csv_context(w);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(columns); i++) {
		(void)putc(',', w->out);
		for (uint32_t k = 0; put < w->value_cnt && k < w->value_cnt; k++)
			if (strcmp(w->values[k].name, columns[i]) == 0) {
				put_value(w->out, &w->values[k], false);
				put++;
			}
	}
	if (put != w->value_cnt)
		return VEGA_ERR(-EBADMSG, "need a column for each field of %s, found none for one",
			vega_record_kind_name(vega_record_kind(row->record)));
	return end_row(w);
}

/* ---- JSON lines ----------------------------------------------------------------------------------------------- */

static void
json_number(FILE *out, const char *key, uint64_t value, bool is_known)
{
	if (is_known)
		(void)fprintf(out, ",\"%s\":%" PRIu64, key, value);
}

static void
json_text(FILE *out, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	(void)fprintf(out, ",\"%s\":", key);
	put_quoted(out, text, true);
}

static int
jsonl_record(struct vega_export *x, const struct vega_record_row *row)
{
	struct writer *w = x->state;
	FILE *out = w->out;

	take_row(w, row);
	(void)fprintf(out, "{\"position\":%" PRIu64, row->position);
	json_number(out, "recv_ns", row->recv_ns, row->recv_ns != 0);
	json_number(out, "exch_ns", row->exch_ns, row->exch_ns != 0);
	json_text(out, "feed", row->feed);
	json_text(out, "line", w->line);
	json_number(out, "channel", row->channel, row->has_channel);
	json_number(out, "sequence", row->seq, row->seq != UINT64_MAX);
	json_number(out, "frame", row->frame, row->frame != UINT64_MAX);
	json_text(out, "kind", vega_record_kind_name(vega_record_kind(row->record)));
	json_text(out, "flags", w->flags);
	json_number(out, "token", row->token, row->has_token);
	json_text(out, "symbol", row->symbol);
	json_number(out, "price_scale", row->price_scale, true);
	for (uint32_t i = 0; i < w->value_cnt; i++) {
		(void)fprintf(out, ",\"%s\":", w->values[i].name);
		put_value(out, &w->values[i], true);
	}
	(void)putc('}', out);
	return end_row(w);
}

const struct vega_export_format vega_export_record_csv = {
	"csv", csv_open, NULL, csv_record, records_close};
const struct vega_export_format vega_export_record_jsonl = {
	"jsonl", records_open, NULL, jsonl_record, records_close};
