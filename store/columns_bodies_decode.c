/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bodies of a block from columns, kind by kind.
 *
 * A record begins as a copy of the one it is the same as. Where none of a chunk's records differ in a field, that is all; a field that
 * differs somewhere is summed up for all of the chunk's records, in order, for a record may be told from another of the chunk.
 */
#include "store/columns_bodies.h"

/*
 * Finds whom the records are told from, and copies what each is the same as; byte 12 is set. A record of the chunk may be copied
 * before it is what it will be: the fields that differ are summed up later, and the others are right.
 */
static VEGA_ALWAYS_INLINE void
chunk_copy(struct links *links, const struct vega_shape *shape, bool has_sub, const uint32_t *list,
	uint32_t cnt, const uint8_t *subs, union vega_record *to, struct chunk *chunk)
{
	const uint64_t kept = has_sub ? ~UINT64_C(0xFFFFFFFFFF) : ~UINT64_C(0xFFFFFFFF);
	uint32_t *table = links->same;
	const uint32_t mask = links->mask;

	chunk->cnt = cnt;
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t number = list[i];
		union vega_record *record = &to[number];
		const uint8_t sub = has_sub ? subs[i] : 0;
		const uint32_t like_idx = like_of(shape, has_sub, record, sub);
		uint32_t *link = links_same(table, mask, record, like_idx);
		const uint32_t like = links->like[like_idx];
		const uint32_t same_number = *link != 0 ? *link : like;
		const union vega_record *same =
			same_number != 0 ? &to[same_number - 1] : &vega_record_zero;

		*link = links->like[like_idx] = number + 1;
		chunk->before_at[i + 1] = record;
		chunk->same[i] = same;
		chunk->like[i] = like != 0 ? &to[like - 1] : &vega_record_zero;
		record->word[1] =
			(uint32_t)record->word[1] | (same->word[1] & kept) | (uint64_t)sub << 32;
		memcpy(&record->word[2], &same->word[2], 16);
	}
}

/* The values are zigzag differences: symbols that are the values, or numbers. */
static VEGA_ALWAYS_INLINE void
sums(const struct chunk *chunk, const union vega_record *const *from, struct field field,
	bool is_count, const uint8_t *symbols, const uint64_t *values)
{
	for (uint32_t i = 0; i < chunk->cnt; i++) {
		uint8_t *at = (uint8_t *)(uintptr_t)chunk->before_at[i + 1] + field.off;
		uint64_t sum = field_told(from[i], field, is_count) +
			       (uint64_t)vega_unzigzag(symbols != NULL ? symbols[i] : values[i]);

		if (field.shift != 0)
			sum = sum << field.shift | *at;
		memcpy(at, &sum, field.bytes);
	}
}

static VEGA_ALWAYS_INLINE void
chunk_sums(const struct chunk *chunk, uint32_t predictor, struct field field,
	const uint8_t *symbols, const uint64_t *values)
{
	const union vega_record *const *from = vega_chunk_from(chunk, predictor);

	if (predictor == PREDICT_COUNT)
		sums(chunk, from, field, true, symbols, values);
	else if (field.bytes == 8)
		sums(chunk, from, FIELD_EIGHT(field.off), false, symbols, values);
	else if (field.shift == 0)
		sums(chunk, from, FIELD_FOUR(field.off), false, symbols, values);
	else
		sums(chunk, from, FIELD_THREE, false, symbols, values);
}

static void
field_decode(const struct vega_columns *columns, struct column *column, struct field field,
	const struct chunk *chunk, bool *is_bad)
{
	const uint8_t *symbols = column->symbols + column->cnt;
	const uint32_t any = vega_symbols_any(symbols, chunk->cnt);
	uint64_t values[CHUNK_CNT];

	if (any == 0 && column->predictor == PREDICT_SAME) {
		column->cnt += chunk->cnt;
	} else if (any < 16 && column->unit == 1) {
		column->cnt += chunk->cnt;
		chunk_sums(chunk, column->predictor, field, symbols, NULL);
	} else {
		vega_columns_get(columns, column, values, chunk->cnt, is_bad);
		chunk_sums(chunk, column->predictor, field, NULL, values);
	}
}

static void
kind_decode(
	struct vega_columns *columns, uint32_t kind, struct source *source, union vega_record *to)
{
	const struct vega_shape *shape = &vega_shapes[kind];
	const uint32_t *list = kind_list(columns, kind);
	const uint32_t cnt = columns->kind_cnt[kind];
	struct column *subs = &columns->columns[COLUMN_CNT - 1];
	struct field fields[COLUMN_CNT];
	const uint32_t field_cnt = vega_shape_fields(shape, fields);
	struct links links;
	struct chunk chunk;

	if (shape->has_sub)
		vega_columns_unpack(columns, subs, cnt, source);
	for (uint32_t k = 0; k < field_cnt && !source->is_bad; k++)
		vega_columns_unpack(columns, &columns->columns[k], cnt, source);
	if (source->is_bad)
		return;
	vega_links_begin(&links, columns, cnt);
	chunk.before_at[0] = &vega_record_zero;
	for (uint32_t at = 0; at < cnt; at += CHUNK_CNT) {
		const uint32_t chunk_cnt = cnt - at < CHUNK_CNT ? cnt - at : CHUNK_CNT;

		if (shape->has_sub)
			chunk_copy(&links, shape, true, list + at, chunk_cnt, subs->symbols + at,
				to, &chunk);
		else
			chunk_copy(&links, shape, false, list + at, chunk_cnt, NULL, to, &chunk);
		for (uint32_t k = 0; k < field_cnt; k++)
			field_decode(
				columns, &columns->columns[k], fields[k], &chunk, &source->is_bad);
		chunk.before_at[0] = chunk.before_at[chunk_cnt];
	}
}

void
vega_bodies_decode(struct vega_columns *columns, struct source *source, union vega_record *to)
{
	for (uint32_t kind = 0; kind < KIND_CNT && !source->is_bad; kind++)
		if (columns->kind_cnt[kind] != 0)
			kind_decode(columns, kind, source, to);
}
