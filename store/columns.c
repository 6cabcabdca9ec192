/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block of records as bytes, drawn in docs/JOURNAL-FORMAT.md:
 *
 *	1  0: plain: the records as they lie follow, and nothing else
 *	   1: columns:
 *		unit					columns_unit.c
 *		classes, names				columns_class.c, columns_names.c
 *		symbols, times, rows			columns_rows_*.c
 */
#include <errno.h>
#include <stdlib.h>

#include "hugepages/base/err.h"
#include "store/columns_private.h"

#define FORM_PLAIN   0u
#define FORM_COLUMNS 1u

#define LONG_HALVES 5u /* half bytes of a record's time and row: more are a long block */

const union vega_record vega_record_zero;

static bool
stream_new(struct stream *stream, size_t room)
{
	stream->room = room;
	stream->bytes = calloc(1, room + SLACK_BYTES);
	return stream->bytes != NULL;
}

static bool
memory_new(struct vega_columns *columns)
{
	const size_t cnt = VEGA_COLUMNS_RECORD_CNT_MAX;
	bool is_there = stream_new(&columns->symbols[0], cnt) &&
			stream_new(&columns->symbols[1], cnt) &&
			stream_new(&columns->times, cnt * TIME_BYTES_MAX) &&
			stream_new(&columns->rows, cnt * ROW_BYTES_MAX) &&
			stream_new(&columns->table, (cnt + 1) * sizeof(uint32_t));

	columns->links.places = calloc(2 * cnt, sizeof(*columns->links.places));
	columns->classes = malloc(CLASS_CNT_MAX * sizeof(*columns->classes));
	columns->class_slots = calloc(CLASS_SLOT_CNT, sizeof(*columns->class_slots));
	columns->class_at = malloc(CLASS_CNT_MAX * sizeof(*columns->class_at));
	columns->row_classes = aligned_alloc(
		sizeof(*columns->row_classes), CLASS_CNT_MAX * sizeof(*columns->row_classes));
	columns->numbers = malloc(cnt * sizeof(*columns->numbers));
	columns->names = calloc(2 * cnt, sizeof(*columns->names));
	columns->name_slots = calloc(NAME_SLOT_CNT, sizeof(*columns->name_slots));
	columns->name_at = malloc((cnt + 1) * sizeof(*columns->name_at));
	columns->zstd_encode = ZSTD_createCCtx();
	columns->zstd_decode = ZSTD_createDCtx();
	return is_there && columns->links.places != NULL && columns->classes != NULL &&
	       columns->class_slots != NULL && columns->class_at != NULL &&
	       columns->row_classes != NULL && columns->numbers != NULL && columns->names != NULL &&
	       columns->name_slots != NULL && columns->name_at != NULL &&
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
	columns->has_shuffle = vega_rows_has_shuffle();
	*ret_columns = columns;
	return 0;
}

void
vega_columns_delete(struct vega_columns *columns)
{
	if (columns == NULL)
		return;
	free(columns->symbols[0].bytes);
	free(columns->symbols[1].bytes);
	free(columns->times.bytes);
	free(columns->rows.bytes);
	free(columns->table.bytes);
	free(columns->links.places);
	free(columns->classes);
	free(columns->class_slots);
	free(columns->class_at);
	free(columns->row_classes);
	free(columns->numbers);
	free(columns->names);
	free(columns->name_slots);
	free(columns->name_at);
	(void)ZSTD_freeCCtx(columns->zstd_encode);
	(void)ZSTD_freeDCtx(columns->zstd_decode);
	free(columns);
}

size_t
vega_columns_bound(uint32_t cnt)
{
	return 1 + (size_t)cnt * VEGA_RECORD_BYTES;
}

void
vega_links_begin(struct links *links, uint32_t cnt)
{
	if (links->base > UINT32_MAX - cnt) {
		memset(links->places, 0,
			(size_t)2 * VEGA_COLUMNS_RECORD_CNT_MAX * sizeof(*links->places));
		links->base = 0;
	}
	links->mask = 2 * vega_mask_of(cnt) + 1;
}

void
vega_links_end(struct links *links, uint32_t cnt)
{
	links->base += cnt;
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
	if (!vega_rows_encode(columns, records, cnt))
		return plain_encode(records, cnt, to);
	columns->is_long = (columns->times.cnt + columns->rows.cnt) * 2 > (size_t)cnt * LONG_HALVES;
	vega_sink_u64(&sink, FORM_COLUMNS);
	vega_sink_u64(&sink, columns->unit);
	vega_classes_encode(columns, &sink);
	vega_names_encode(columns, &sink);
	vega_stream_pack(columns, &columns->symbols[0], STREAM_NUMBERS, &sink);
	vega_stream_pack(columns, &columns->symbols[1], STREAM_NUMBERS, &sink);
	vega_stream_pack(columns, &columns->times, STREAM_NOISE, &sink);
	vega_stream_pack(columns, &columns->rows, STREAM_NUMBERS, &sink);
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

static bool
columns_decode(
	struct vega_columns *columns, struct source *source, uint32_t cnt, union vega_record *to)
{
	const uint64_t unit = vega_source_u64(source);

	if (source->is_bad || unit == 0 || unit > INT32_MAX)
		return false;
	columns->unit = (uint32_t)unit;
	vega_classes_decode(columns, source);
	if (!source->is_bad)
		vega_names_decode(columns, source, cnt + 1);
	if (!source->is_bad)
		vega_stream_unpack(columns, &columns->symbols[0], cnt, source);
	if (!source->is_bad)
		vega_stream_unpack(columns, &columns->symbols[1], cnt, source);
	if (!source->is_bad)
		vega_stream_unpack(columns, &columns->times, (size_t)cnt * TIME_BYTES_MAX, source);
	if (!source->is_bad)
		vega_stream_unpack(columns, &columns->rows, (size_t)cnt * ROW_BYTES_MAX, source);
	return !source->is_bad && source->at == source->end && columns->symbols[0].cnt == cnt &&
	       columns->symbols[1].cnt == (columns->class_cnt > 256 ? cnt : 0) &&
	       vega_rows_decode(columns, cnt, to);
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
	return form == FORM_COLUMNS && columns_decode(columns, &source, cnt, to) ? 0 : -EBADMSG;
}
