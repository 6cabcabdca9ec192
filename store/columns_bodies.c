/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The 20 bytes that each kind fills its own way: kind by kind, field by field.
 *
 * A kind's fields are at most six: a byte at 12 where it says what the rest means (a level and its sides, a message type, a line), as
 * it lies; what is left of the four bytes at 12; and at 16 and 24 either eight bytes or two times four. Each is told as the difference
 * from the same field of an earlier record of the kind.
 */
#include "store/columns_private.h"

struct shape {
	bool has_sub;      /* byte 12 is a field, and part of what is the same */
	bool is_split[2];  /* at 16, at 24: two fields of four bytes */
	uint8_t sub_mask;  /* of it, what tells apart */
	uint8_t flag_mask; /* likewise */
};

#define ASK VEGA_RECORD_ASK

static const struct shape shapes[KIND_CNT] = {
	[VEGA_PACKET] = {true, {false, false}, 0xFF, 0},
	[VEGA_ORDER_ADD] = {false, {false, true}, 0, ASK},
	[VEGA_ORDER_MODIFY] = {false, {false, true}, 0, ASK},
	[VEGA_ORDER_DELETE] = {false, {false, true}, 0, ASK},
	[VEGA_ORDER_EXECUTE] = {false, {false, true}, 0, ASK},
	[VEGA_ORDER_REF] = {true, {false, false}, 0xFF, 0},
	[VEGA_TRADE] = {false, {false, true}, 0, 0},
	[VEGA_LEVEL] = {true, {true, true}, 0xFF, 0},
	[VEGA_LAST] = {false, {true, false}, 0, 0},
	[VEGA_INTEREST] = {false, {false, false}, 0, 0},
	[VEGA_OHLC] = {false, {true, true}, 0, 0},
	[VEGA_GREEKS] = {false, {true, true}, 0, 0},
	[VEGA_INDEX] = {false, {true, false}, 0, 0},
	[VEGA_STATUS] = {true, {false, false}, 0xFF, 0},
	[VEGA_DEFINITION] = {true, {false, false}, 0xFF, 0},
	[VEGA_CLEAR] = {true, {false, false}, 0xFF, 0},
	[VEGA_GAP] = {true, {false, false}, 0xFF, 0},
	[VEGA_WIDE] = {false, {true, true}, 0, 0},
};

struct field {
	uint8_t off;
	uint8_t bytes; /* 4 or 8 */
	uint8_t shift; /* the bits below it are another field's */
};

/* The fields of a kind but for the byte at 12. Returns how many. */
static uint32_t
fields_of(const struct shape *shape, struct field fields[static COLUMN_CNT])
{
	uint32_t cnt = 0;

	fields[cnt++] = (struct field){12, 4, shape->has_sub ? 8 : 0};
	for (uint32_t i = 0; i < 2; i++) {
		const uint8_t off = (uint8_t)(16 + 8 * i);

		fields[cnt++] = (struct field){off, shape->is_split[i] ? 4 : 8, 0};
		if (shape->is_split[i])
			fields[cnt++] = (struct field){(uint8_t)(off + 4), 4, 0};
	}
	return cnt;
}

static const union vega_record zero;

static VEGA_ALWAYS_INLINE uint64_t
load(const union vega_record *record, uint32_t off, uint32_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)record + off, bytes);
	return value;
}

/* What tells sides and levels of a kind apart. */
static VEGA_ALWAYS_INLINE uint32_t
like_of(const struct shape *shape, const union vega_record *record, uint8_t sub)
{
	return (sub & shape->sub_mask) | (vega_record_flags(record) & shape->flag_mask) << 8;
}

/* Record numbers + 1 of a kind's last records: like this one, and of this instrument. */
struct links {
	uint32_t lg2;
	uint32_t like[LIKE_CNT];
	uint32_t *same;
};

static void
links_begin(struct links *links, struct vega_columns *columns, uint32_t cnt)
{
	memset(links->like, 0, sizeof(links->like));
	links->lg2 = vega_code_high(cnt) + 1;
	links->same = columns->links;
	memset(links->same, 0, sizeof(*links->same) << links->lg2);
}

static VEGA_ALWAYS_INLINE uint32_t *
links_same(const struct links *links, const union vega_record *record, uint32_t like)
{
	const uint64_t key = vega_record_instrument(record) | (uint64_t)like << 32;

	return &links->same[key * 0x9E3779B97F4A7C15ull >> (64 - links->lg2)];
}

/* One chunk of one kind: its records, and for each predictor those that they are told from. */
struct chunk {
	uint32_t cnt;
	union vega_record *at[CHUNK_CNT]; /* to encode, never written */
	const union vega_record *from[PREDICTOR_CNT][CHUNK_CNT];
};

/* What the field of a record is told from: the field of an earlier one, and for COUNT what that one brought. */
static VEGA_ALWAYS_INLINE uint64_t
told(const union vega_record *from, struct field field, bool is_count)
{
	const uint64_t value = load(from, field.off, field.bytes) >> field.shift;

	return is_count ? value + from->packet.message_cnt : value;
}

static VEGA_ALWAYS_INLINE void
differences(const struct chunk *chunk, const union vega_record *const *from, struct field field,
	bool is_count, uint64_t *values)
{
	for (uint32_t i = 0; i < chunk->cnt; i++) {
		const uint64_t value = load(chunk->at[i], field.off, field.bytes) >> field.shift;
		const uint64_t step = value - told(from[i], field, is_count);

		values[i] = vega_zigzag(field.bytes == 8 ? (int64_t)step : (int32_t)step);
	}
}

static VEGA_ALWAYS_INLINE void
sums(const struct chunk *chunk, const union vega_record *const *from, struct field field,
	bool is_count, const uint64_t *values)
{
	for (uint32_t i = 0; i < chunk->cnt; i++) {
		uint8_t *at = (uint8_t *)chunk->at[i] + field.off;
		uint64_t sum = told(from[i], field, is_count) + (uint64_t)vega_unzigzag(values[i]);

		if (field.shift != 0)
			sum = sum << field.shift | *at;
		memcpy(at, &sum, field.bytes);
	}
}

/* A loop of its own for each form of field. */
#define FIELD_EIGHT(o) ((struct field){o, 8, 0})
#define FIELD_FOUR(o)  ((struct field){o, 4, 0})
#define FIELD_THREE    ((struct field){12, 4, 8})

static void
chunk_differences(
	const struct chunk *chunk, uint32_t predictor, struct field field, uint64_t *values)
{
	const union vega_record *const *from = chunk->from[predictor];

	if (predictor == PREDICT_COUNT)
		differences(chunk, from, field, true, values);
	else if (field.bytes == 8)
		differences(chunk, from, FIELD_EIGHT(field.off), false, values);
	else if (field.shift == 0)
		differences(chunk, from, FIELD_FOUR(field.off), false, values);
	else
		differences(chunk, from, FIELD_THREE, false, values);
}

static void
chunk_sums(
	const struct chunk *chunk, uint32_t predictor, struct field field, const uint64_t *values)
{
	const union vega_record *const *from = chunk->from[predictor];

	if (predictor == PREDICT_COUNT)
		sums(chunk, from, field, true, values);
	else if (field.bytes == 8)
		sums(chunk, from, FIELD_EIGHT(field.off), false, values);
	else if (field.shift == 0)
		sums(chunk, from, FIELD_FOUR(field.off), false, values);
	else
		sums(chunk, from, FIELD_THREE, false, values);
}

/* ---- encode -------------------------------------------------------------------------------------------------- */

static void
links_find(struct vega_columns *columns, const struct shape *shape, const uint32_t *list,
	uint32_t cnt, const union vega_record *records)
{
	struct links links;

	links_begin(&links, columns, cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		const union vega_record *record = &records[list[i]];
		const uint32_t like = like_of(shape, record, (uint8_t)(record->word[1] >> 32));
		uint32_t *same = links_same(&links, record, like);

		columns->like[i] = links.like[like];
		columns->same[i] = *same != 0 ? *same : columns->like[i];
		*same = links.like[like] = list[i] + 1;
	}
}

static void
chunk_take(const struct vega_columns *columns, const uint32_t *list, uint32_t at, uint32_t cnt,
	const union vega_record *records, struct chunk *chunk)
{
	const union vega_record *before = at != 0 ? &records[list[at - 1]] : &zero;

	chunk->cnt = cnt;
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t same = columns->same[at + i];
		const uint32_t like = columns->like[at + i];

		chunk->at[i] = (union vega_record *)(uintptr_t)&records[list[at + i]];
		chunk->from[PREDICT_SAME][i] = same != 0 ? &records[same - 1] : &zero;
		chunk->from[PREDICT_LIKE][i] = like != 0 ? &records[like - 1] : &zero;
		chunk->from[PREDICT_BEFORE][i] = before;
		chunk->from[PREDICT_ZERO][i] = &zero;
		chunk->from[PREDICT_COUNT][i] = chunk->from[PREDICT_SAME][i];
		before = chunk->at[i];
	}
}

/* A sample of differences that does not hold one of the highest bit, which units have no room for. */
static bool
has_room(const struct vega_columns *columns, const uint32_t *list, uint32_t cnt,
	const union vega_record *records, struct field field)
{
	uint64_t any = 0;

	if (field.bytes == 4)
		return true;
	(void)columns;
	for (uint32_t i = 0; i < cnt; i++)
		any |= load(&records[list[i]], field.off, 8);
	return any >> 61 == 0;
}

static void
plan(const struct vega_columns *columns, const struct chunk *chunk, struct field field,
	bool is_packet, struct column *column)
{
	const uint32_t predictor_cnt = is_packet && field.off == 16 ? PREDICTOR_CNT : PREDICT_COUNT;
	uint64_t best = UINT64_MAX;
	uint64_t values[CHUNK_CNT];

	for (uint32_t i = 0; i < predictor_cnt; i++) {
		uint32_t unit;
		uint64_t cost;

		chunk_differences(chunk, i, field, values);
		unit = vega_plan_unit(values, chunk->cnt);
		cost = vega_plan_cost(&columns->code, values, chunk->cnt, unit);
		if (cost < best) {
			best = cost;
			column->predictor = i;
			column->unit = unit;
		}
	}
}

static void
kind_encode(struct vega_columns *columns, uint32_t kind, const union vega_record *records,
	struct sink *sink)
{
	const struct shape *shape = &shapes[kind];
	const uint32_t *list = columns->list + columns->kind_from[kind];
	const uint32_t cnt = columns->kind_cnt[kind];
	struct column *subs = &columns->columns[COLUMN_CNT - 1];
	struct field fields[COLUMN_CNT];
	const uint32_t field_cnt = fields_of(shape, fields);
	struct chunk chunk;
	uint64_t values[CHUNK_CNT];

	links_find(columns, shape, list, cnt, records);
	vega_column_begin(subs);
	for (uint32_t i = 0; shape->has_sub && i < cnt; i++) {
		subs->symbols[i] = (uint8_t)(records[list[i]].word[1] >> 32);
		subs->any |= subs->symbols[i];
	}
	subs->cnt = cnt;
	if (shape->has_sub)
		vega_columns_pack(columns, subs, sink);

	chunk_take(columns, list, cnt / 2, cnt - cnt / 2 < CHUNK_CNT ? cnt - cnt / 2 : CHUNK_CNT,
		records, &chunk);
	for (uint32_t k = 0; k < field_cnt; k++) {
		struct column *column = &columns->columns[k];

		vega_column_begin(column);
		plan(columns, &chunk, fields[k], kind == VEGA_PACKET, column);
		if (column->unit != 1 && !has_room(columns, list, cnt, records, fields[k]))
			column->unit = 1;
	}
	for (uint32_t at = 0; at < cnt; at += CHUNK_CNT) {
		chunk_take(columns, list, at, cnt - at < CHUNK_CNT ? cnt - at : CHUNK_CNT, records,
			&chunk);
		for (uint32_t k = 0; k < field_cnt; k++) {
			struct column *column = &columns->columns[k];

			chunk_differences(&chunk, column->predictor, fields[k], values);
			vega_columns_put(columns, column, values, chunk.cnt);
		}
	}
	for (uint32_t k = 0; k < field_cnt; k++)
		vega_columns_pack(columns, &columns->columns[k], sink);
}

void
vega_bodies_encode(
	struct vega_columns *columns, const union vega_record *records, struct sink *sink)
{
	for (uint32_t kind = 0; kind < KIND_CNT; kind++)
		if (columns->kind_cnt[kind] != 0)
			kind_encode(columns, kind, records, sink);
}

/* ---- decode -------------------------------------------------------------------------------------------------- */

static void
chunk_link(struct links *links, const struct shape *shape, const union vega_record *before,
	const uint32_t *list, uint32_t cnt, const uint8_t *subs, union vega_record *to,
	struct chunk *chunk)
{
	chunk->cnt = cnt;
	for (uint32_t i = 0; i < cnt; i++) {
		union vega_record *record = &to[list[i]];
		const uint8_t sub = shape->has_sub ? subs[i] : 0;
		const uint32_t like_idx = like_of(shape, record, sub);
		uint32_t *link = links_same(links, record, like_idx);
		const uint32_t like = links->like[like_idx];
		const uint32_t same = *link != 0 ? *link : like;

		*link = links->like[like_idx] = list[i] + 1;
		record->word[1] = (uint32_t)record->word[1] | (uint64_t)sub << 32;
		chunk->at[i] = record;
		chunk->from[PREDICT_SAME][i] = same != 0 ? &to[same - 1] : &zero;
		chunk->from[PREDICT_LIKE][i] = like != 0 ? &to[like - 1] : &zero;
		chunk->from[PREDICT_BEFORE][i] = before;
		chunk->from[PREDICT_ZERO][i] = &zero;
		chunk->from[PREDICT_COUNT][i] = chunk->from[PREDICT_SAME][i];
		before = record;
	}
}

static void
kind_decode(
	struct vega_columns *columns, uint32_t kind, struct source *source, union vega_record *to)
{
	const struct shape *shape = &shapes[kind];
	const uint32_t *list = columns->list + columns->kind_from[kind];
	const uint32_t cnt = columns->kind_cnt[kind];
	struct column *subs = &columns->columns[COLUMN_CNT - 1];
	struct field fields[COLUMN_CNT];
	const uint32_t field_cnt = fields_of(shape, fields);
	struct links links;
	struct chunk chunk;
	uint64_t values[CHUNK_CNT];

	if (shape->has_sub)
		vega_columns_unpack(columns, subs, cnt, source);
	for (uint32_t k = 0; k < field_cnt && !source->is_bad; k++)
		vega_columns_unpack(columns, &columns->columns[k], cnt, source);
	if (source->is_bad)
		return;
	links_begin(&links, columns, cnt);
	for (uint32_t at = 0; at < cnt; at += CHUNK_CNT) {
		chunk_link(&links, shape, at != 0 ? &to[list[at - 1]] : &zero, list + at,
			cnt - at < CHUNK_CNT ? cnt - at : CHUNK_CNT, subs->symbols + at, to,
			&chunk);
		for (uint32_t k = 0; k < field_cnt; k++) {
			struct column *column = &columns->columns[k];

			vega_columns_get(columns, column, values, chunk.cnt, &source->is_bad);
			chunk_sums(&chunk, column->predictor, fields[k], values);
		}
	}
}

void
vega_bodies_decode(struct vega_columns *columns, struct source *source, union vega_record *to)
{
	for (uint32_t kind = 0; kind < KIND_CNT && !source->is_bad; kind++)
		if (columns->kind_cnt[kind] != 0)
			kind_decode(columns, kind, source, to);
}
