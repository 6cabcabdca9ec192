/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block of records as bytes, drawn in docs/JOURNAL-FORMAT.md:
 *
 *	1  0: plain: the records as they lie follow, and nothing else
 *	   1: columns:
 *		classes, times, instruments	columns_heads.c, columns_names.c
 *		bodies				columns_bodies*.c, kind by kind
 *		16 zeros			so that a decoder may load eight bytes at a time
 */
#include <errno.h>
#include <stdlib.h>

#include "hugepages/base/err.h"
#include "store/columns_private.h"

#define FORM_PLAIN   0u
#define FORM_COLUMNS 1u

static const uint8_t slack[VEGA_CODE_SLACK_BYTES];

/* Room for a column of any block. */
static bool
column_new(struct column *column)
{
	column->symbols = malloc(VEGA_COLUMNS_RECORD_CNT_MAX + VEGA_CODE_SLACK_BYTES);
	column->extra = malloc((size_t)VEGA_COLUMNS_RECORD_CNT_MAX * 8 + VEGA_CODE_SLACK_BYTES);
	return column->symbols != NULL && column->extra != NULL;
}

static bool
memory_new(struct vega_columns *columns)
{
	const size_t cnt = VEGA_COLUMNS_RECORD_CNT_MAX;
	bool is_there = true;

	for (uint32_t i = 0; i < COLUMN_CNT; i++)
		is_there &= column_new(&columns->columns[i]);
	columns->lists = malloc(KIND_CNT * cnt * sizeof(*columns->lists));
	columns->name_of = malloc((cnt + 1) * sizeof(*columns->name_of));
	columns->rank_of = malloc(cnt * sizeof(*columns->rank_of));
	columns->ranked = malloc(cnt * sizeof(*columns->ranked));
	columns->next = malloc(cnt * sizeof(*columns->next));
	columns->links = malloc(2 * cnt * sizeof(*columns->links));
	columns->same = malloc(cnt * sizeof(*columns->same));
	columns->like = malloc(cnt * sizeof(*columns->like));
	columns->times[0] = malloc((cnt + 1) * sizeof(uint64_t));
	columns->times[1] = malloc((cnt + 1) * sizeof(uint64_t));
	columns->channels = malloc((cnt + 1) * sizeof(*columns->channels));
	columns->numbers = malloc(cnt * sizeof(uint64_t));
	columns->names = malloc(cnt * sizeof(*columns->names));
	columns->names_sorted = malloc(cnt * sizeof(*columns->names_sorted));
	columns->name_slots = calloc(NAME_SLOT_CNT, sizeof(*columns->name_slots));
	columns->zstd_encode = ZSTD_createCCtx();
	columns->zstd_decode = ZSTD_createDCtx();
	return is_there && columns->lists != NULL && columns->name_of != NULL &&
	       columns->rank_of != NULL && columns->ranked != NULL && columns->next != NULL &&
	       columns->links != NULL && columns->same != NULL && columns->like != NULL &&
	       columns->times[0] != NULL && columns->times[1] != NULL && columns->numbers != NULL &&
	       columns->channels != NULL && columns->names != NULL &&
	       columns->names_sorted != NULL && columns->name_slots != NULL &&
	       columns->zstd_encode != NULL && columns->zstd_decode != NULL;
}

int
vega_columns_new(struct vega_columns **ret_columns)
{
	struct vega_columns *columns = calloc(1, sizeof(*columns));

	if (columns == NULL || !memory_new(columns)) {
		vega_columns_delete(columns);
		return VEGA_ERR(-ENOMEM, "need memory for the record codec; found none");
	}
	vega_code_init(&columns->code);
	*ret_columns = columns;
	return 0;
}

void
vega_columns_delete(struct vega_columns *columns)
{
	if (columns == NULL)
		return;
	for (uint32_t i = 0; i < COLUMN_CNT; i++) {
		free(columns->columns[i].symbols);
		free(columns->columns[i].extra);
	}
	free(columns->lists);
	free(columns->name_of);
	free(columns->rank_of);
	free(columns->ranked);
	free(columns->next);
	free(columns->links);
	free(columns->same);
	free(columns->like);
	free(columns->times[0]);
	free(columns->times[1]);
	free(columns->numbers);
	free(columns->channels);
	free(columns->names);
	free(columns->names_sorted);
	free(columns->name_slots);
	(void)ZSTD_freeCCtx(columns->zstd_encode);
	(void)ZSTD_freeDCtx(columns->zstd_decode);
	free(columns);
}

size_t
vega_columns_bound(uint32_t cnt)
{
	return 1 + (size_t)cnt * VEGA_RECORD_BYTES;
}

static size_t
plain_encode(const union vega_record *records, uint32_t cnt, uint8_t *to)
{
	to[0] = FORM_PLAIN;
	memcpy(to + 1, records, (size_t)cnt * VEGA_RECORD_BYTES);
	return vega_columns_bound(cnt);
}

size_t
vega_columns_encode(struct vega_columns *columns, const union vega_record *records, uint32_t cnt,
	enum vega_columns_effort effort, void *to)
{
	struct sink sink = {.at = to, .end = (uint8_t *)to + vega_columns_bound(cnt)};

	columns->effort = effort;
	vega_sink_u64(&sink, FORM_COLUMNS);
	if (!vega_heads_encode(columns, records, cnt, &sink))
		return plain_encode(records, cnt, to);
	if (!sink.is_full)
		vega_bodies_encode(columns, records, &sink);
	vega_sink_bytes(&sink, slack, sizeof(slack));
	return sink.is_full ? plain_encode(records, cnt, to) : (size_t)(sink.at - (uint8_t *)to);
}

static int
plain_decode(const struct source *source, uint32_t cnt, union vega_record *to)
{
	if ((size_t)(source->end - source->at) != (size_t)cnt * VEGA_RECORD_BYTES)
		return -EBADMSG;
	memcpy(to, source->at, (size_t)cnt * VEGA_RECORD_BYTES);
	return 0;
}

int
vega_columns_decode(struct vega_columns *columns, const void *from, size_t bytes, uint32_t cnt,
	union vega_record *to)
{
	struct source source = {.at = from, .end = (const uint8_t *)from + bytes};
	const uint64_t form = vega_source_u64(&source);

	if (source.is_bad || cnt == 0 || cnt > VEGA_COLUMNS_RECORD_CNT_MAX)
		return -EBADMSG;
	if (form == FORM_PLAIN)
		return plain_decode(&source, cnt, to);
	if (form != FORM_COLUMNS || (size_t)(source.end - source.at) < VEGA_CODE_SLACK_BYTES)
		return -EBADMSG;
	source.end -= VEGA_CODE_SLACK_BYTES;
	if (memcmp(source.end, slack, sizeof(slack)) != 0)
		return -EBADMSG;
	vega_heads_decode(columns, &source, cnt, to);
	if (!source.is_bad)
		vega_bodies_decode(columns, &source, to);
	return source.is_bad || source.at != source.end ? -EBADMSG : 0;
}
