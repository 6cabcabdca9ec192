/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bodies of a block to columns, kind by kind: whom each record is told from, what each field is best told from, differences.
 */
#include "store/columns_bodies.h"

#define SAMPLE_CNT 128u /* records of a kind that are looked at to plan its columns */

/* One kind of the block at hand. */
struct kind {
	const struct vega_shape *shape;
	const union vega_record *records;
	const uint32_t *list;
	uint32_t cnt;
	bool is_packet;
	uint32_t field_cnt;
	struct field fields[COLUMN_CNT];
};

/* For each record of the kind the numbers + 1 of those it may be told from, 0: none, zeros; and its byte 12. */
static VEGA_ALWAYS_INLINE void
find(struct vega_columns *columns, const struct kind *kind, struct links *links, bool has_sub)
{
	const struct vega_shape *shape = kind->shape;
	uint8_t *subs = columns->columns[COLUMN_CNT - 1].symbols;
	uint32_t *table = links->same;
	const uint32_t mask = links->mask;

	for (uint32_t i = 0; i < kind->cnt; i++) {
		const uint32_t number = kind->list[i];
		const union vega_record *record = &kind->records[number];
		const uint8_t sub = (uint8_t)(record->word[1] >> 32);
		const uint32_t like_idx = like_of(shape, has_sub, record, sub);
		uint32_t *same = links_same(table, mask, record, like_idx);
		const uint32_t like = links->like[like_idx];

		subs[i] = sub;
		columns->like[i] = like;
		columns->same[i] = *same != 0 ? *same : like;
		*same = links->like[like_idx] = number + 1;
	}
}

static void
links_find(struct vega_columns *columns, const struct kind *kind)
{
	struct links links;

	vega_links_begin(&links, columns, kind->cnt);
	if (kind->shape->has_sub)
		find(columns, kind, &links, true);
	else
		find(columns, kind, &links, false);
}

static VEGA_ALWAYS_INLINE const union vega_record *
numbered(const struct kind *kind, uint32_t number)
{
	return number != 0 ? &kind->records[number - 1] : &vega_record_zero;
}

/* Bits of the words that differ somewhere in the chunk from what SAME tells: the rest need not be looked at. */
struct differ {
	uint64_t word[4];
};

static void
chunk_take(const struct vega_columns *columns, const struct kind *kind, uint32_t at, uint32_t cnt,
	struct chunk *chunk, struct differ *ret_differ)
{
	uint64_t differ[3] = {0};

	chunk->cnt = cnt;
	chunk->before_at[0] = numbered(kind, at != 0 ? kind->list[at - 1] + 1 : 0);
	for (uint32_t i = 0; i < cnt; i++) {
		const union vega_record *record = &kind->records[kind->list[at + i]];
		const union vega_record *same = numbered(kind, columns->same[at + i]);

		chunk->before_at[i + 1] = record;
		chunk->same[i] = same;
		chunk->like[i] = numbered(kind, columns->like[at + i]);
		differ[0] |= record->word[1] ^ same->word[1];
		differ[1] |= record->word[2] ^ same->word[2];
		differ[2] |= record->word[3] ^ same->word[3];
	}
	memcpy(&ret_differ->word[1], differ, sizeof(differ));
}

static bool
is_same(const struct differ *differ, struct field field)
{
	const uint64_t word = differ->word[field.off / 8] >> field.off % 8 * 8 >> field.shift;

	return (field.bytes == 8 ? word : word & (0xFFFFFFFFu >> field.shift)) == 0;
}

/* Returns all of them, or-ed. */
static VEGA_ALWAYS_INLINE uint64_t
differences(const struct chunk *chunk, const union vega_record *const *from, struct field field,
	bool is_count, uint64_t *values)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < chunk->cnt; i++) {
		const uint64_t step = field_load(chunk->before_at[i + 1], field) -
				      field_told(from[i], field, is_count);

		values[i] = vega_zigzag(field.bytes == 8 ? (int64_t)step : (int32_t)step);
		any |= values[i];
	}
	return any;
}

static uint64_t
chunk_differences(
	const struct chunk *chunk, uint32_t predictor, struct field field, uint64_t *values)
{
	const union vega_record *const *from = vega_chunk_from(chunk, predictor);

	if (predictor == PREDICT_COUNT)
		return differences(chunk, from, field, true, values);
	if (field.bytes == 8)
		return differences(chunk, from, FIELD_EIGHT(field.off), false, values);
	if (field.shift == 0)
		return differences(chunk, from, FIELD_FOUR(field.off), false, values);
	return differences(chunk, from, FIELD_THREE, false, values);
}

/* ---- plan ---------------------------------------------------------------------------------------------------- */

/* Units have no room for the highest bit of a difference: are the values of an eight-byte field too small to make one? */
static bool
has_room(const struct kind *kind, struct field field)
{
	uint64_t any = 0;

	if (field.bytes == 4)
		return true;
	for (uint32_t i = 0; i < kind->cnt; i++)
		any |= field_load(&kind->records[kind->list[i]], field);
	return any >> 61 == 0;
}

static void
plan(const struct vega_columns *columns, const struct kind *kind, const struct chunk *sample,
	struct field field, struct column *column)
{
	const uint32_t predictor_cnt =
		kind->is_packet && field.off == 16 ? PREDICTOR_CNT : PREDICT_COUNT;
	uint64_t best = UINT64_MAX;
	uint64_t values[CHUNK_CNT];

	for (uint32_t i = 0; i < predictor_cnt && best != 0; i++) {
		uint32_t unit;
		uint64_t cost;

		(void)chunk_differences(sample, i, field, values);
		unit = vega_plan_unit(values, sample->cnt);
		cost = vega_plan_cost(&columns->code, values, sample->cnt, unit);
		if (cost < best) {
			best = cost;
			column->predictor = i;
			column->unit = unit;
		}
	}
	if (column->unit != 1 && !has_room(kind, field))
		column->unit = 1;
}

static void
kind_plan(struct vega_columns *columns, const struct kind *kind)
{
	const uint32_t cnt =
		kind->cnt - kind->cnt / 2 < SAMPLE_CNT ? kind->cnt - kind->cnt / 2 : SAMPLE_CNT;
	struct chunk sample;
	struct differ differ;

	chunk_take(columns, kind, kind->cnt / 2, cnt, &sample, &differ);
	for (uint32_t k = 0; k < kind->field_cnt; k++) {
		vega_column_begin(&columns->columns[k]);
		if (!is_same(&differ, kind->fields[k]))
			plan(columns, kind, &sample, kind->fields[k], &columns->columns[k]);
	}
}

/* ---- encode -------------------------------------------------------------------------------------------------- */

static void
subs_encode(struct vega_columns *columns, const struct kind *kind, struct sink *sink)
{
	struct column *column = &columns->columns[COLUMN_CNT - 1];

	vega_column_begin(column);
	column->any = vega_symbols_any(column->symbols, kind->cnt);
	column->cnt = kind->cnt;
	vega_columns_pack(columns, column, sink);
}

static void
chunk_encode(struct vega_columns *columns, const struct kind *kind, const struct chunk *chunk,
	const struct differ *differ)
{
	uint64_t values[CHUNK_CNT];

	for (uint32_t k = 0; k < kind->field_cnt; k++) {
		struct column *column = &columns->columns[k];
		uint64_t any;

		if (column->predictor == PREDICT_SAME && is_same(differ, kind->fields[k])) {
			vega_columns_put_zeros(column, chunk->cnt);
			continue;
		}
		any = chunk_differences(chunk, column->predictor, kind->fields[k], values);
		vega_columns_put(columns, column, values, chunk->cnt, any);
	}
}

static void
kind_encode(struct vega_columns *columns, const struct kind *kind, struct sink *sink)
{
	struct chunk chunk;
	struct differ differ;

	links_find(columns, kind);
	if (kind->shape->has_sub)
		subs_encode(columns, kind, sink);
	kind_plan(columns, kind);
	for (uint32_t at = 0; at < kind->cnt; at += CHUNK_CNT) {
		chunk_take(columns, kind, at,
			kind->cnt - at < CHUNK_CNT ? kind->cnt - at : CHUNK_CNT, &chunk, &differ);
		chunk_encode(columns, kind, &chunk, &differ);
	}
	for (uint32_t k = 0; k < kind->field_cnt; k++)
		vega_columns_pack(columns, &columns->columns[k], sink);
}

void
vega_bodies_encode(
	struct vega_columns *columns, const union vega_record *records, struct sink *sink)
{
	for (uint32_t i = 0; i < KIND_CNT; i++) {
		struct kind kind = {.shape = &vega_shapes[i],
			.records = records,
			.list = kind_list(columns, i),
			.cnt = columns->kind_cnt[i],
			.is_packet = i == VEGA_PACKET};

		if (kind.cnt == 0)
			continue;
		kind.field_cnt = vega_shape_fields(kind.shape, kind.fields);
		kind_encode(columns, &kind, sink);
	}
}
