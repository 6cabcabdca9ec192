/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classes of a block: numbered by first sight. As bytes: the lowest byte of each, then the next of each: alike bytes lie together.
 */
#include "store/columns_private.h"

#define PLANE_CNT CLASS_BYTES

/* ---- encode -------------------------------------------------------------------------------------------------- */

uint32_t
vega_class_add(struct vega_columns *columns, uint64_t class, uint32_t at)
{
	for (uint32_t i = 0; i < CLASS_PROBE_CNT; i++, at = (at + 1) & (CLASS_SLOT_CNT - 1)) {
		struct class_slot *slot = &columns->class_slots[at];

		if (slot->class == class + 1)
			return slot->number;
		if (slot->class != 0)
			continue;
		if (columns->class_cnt == CLASS_CNT_MAX)
			break;
		*slot = (struct class_slot){class + 1, columns->class_cnt};
		columns->class_at[columns->class_cnt] = at;
		columns->classes[columns->class_cnt] = class;
		return columns->class_cnt++;
	}
	columns->is_full = true;
	return 0;
}

void
vega_classes_forget(struct vega_columns *columns)
{
	for (uint32_t i = 0; i < columns->class_cnt; i++)
		columns->class_slots[columns->class_at[i]].class = 0;
}

void
vega_classes_encode(struct vega_columns *columns, struct sink *sink)
{
	struct stream *table = &columns->table;

	table->cnt = 0;
	for (uint32_t plane = 0; plane < PLANE_CNT; plane++)
		for (uint32_t i = 0; i < columns->class_cnt; i++)
			table->bytes[table->cnt++] = (uint8_t)(columns->classes[i] >> 8 * plane);
	vega_stream_pack(columns, table, STREAM_NUMBERS, sink);
}

/* ---- decode -------------------------------------------------------------------------------------------------- */

static uint32_t
code_of(uint64_t class, uint32_t field)
{
	return (uint32_t)(class >> (CLASS_CODE_SHIFT + 3 * field)) & 7u;
}

static uint32_t
bytes_of(uint32_t code)
{
	return code < CODE_ONE ? code : 0;
}

static uint32_t
add_of(uint32_t code)
{
	return code < CODE_ONE ? 0 - (uint32_t)half_of(code) : code - CODE_ONE + 1;
}

/* The byte of a row that begins a field, and `room` of them: those that it has not are zeros. Returns where the next field begins. */
static uint8_t
field_from(uint8_t *from, uint8_t at, uint32_t code)
{
	for (uint32_t i = 0; i < 4; i++)
		from[i] = i < bytes_of(code) ? (uint8_t)(at + i) : ROW_ZERO;
	return (uint8_t)(at + bytes_of(code));
}

/* Steps stand in every other field alone, units where there are prices. */
static bool
is_class(uint64_t class)
{
	bool is_bad = class >> CLASS_BITS != 0 || (class >> CLASS_TIME_SHIFT & 7u) > TIME_BYTES_MAX;

	is_bad |= (class & CLASS_RECEIPT) != 0 && (class >> CLASS_UNIT_SHIFT & 3u) != 0;
	for (uint32_t field = 0; field < FIELD_CNT; field++)
		is_bad |= code_of(class, field) >= (field % 2 == 0 ? CODE_CNT : CODE_ONE);
	return !is_bad;
}

static struct row_class
row_class_of(uint64_t class)
{
	struct row_class row = {
		.head = class << 48 | ((class & CLASS_NO_TIME) != 0 ? VEGA_TS_NONE : 0),
		.time_bytes = class >> CLASS_TIME_SHIFT & 7u,
		.context = class >> CLASS_CONTEXT_SHIFT & 0xFFu,
		.clock = (class & CLASS_RECEIPT) != 0,
		.is_like = (class & CLASS_LIKE) != 0,
		.units = class >> CLASS_UNIT_SHIFT & 3u,
	};
	uint8_t at = 0;

	for (uint32_t i = 0; i < 2; i++) {
		row.pair_add[i] = add_of(code_of(class, i));
		row.row_off = field_from(&row.pair_from[4 * i], row.row_off, code_of(class, i));
	}
	for (uint32_t i = 0; i < 4; i++) {
		row.lanes_add[i] = add_of(code_of(class, 2 + i));
		at = field_from(&row.lanes_from[4 * i], at, code_of(class, 2 + i));
	}
	row.row_bytes = (uint8_t)(row.row_off + at);
	return row;
}

void
vega_classes_decode(struct vega_columns *columns, struct source *source)
{
	const struct stream *table = &columns->table;
	uint32_t cnt;

	vega_stream_unpack(columns, &columns->table, (size_t)CLASS_CNT_MAX * PLANE_CNT, source);
	cnt = (uint32_t)(table->cnt / PLANE_CNT);
	source->is_bad |= table->cnt % PLANE_CNT != 0 || cnt == 0;
	if (source->is_bad)
		return;
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t class = 0;

		for (uint32_t plane = 0; plane < PLANE_CNT; plane++)
			class |= (uint64_t)table->bytes[plane * cnt + i] << 8 * plane;
		source->is_bad |= !is_class(class);
		columns->row_classes[i] = row_class_of(class);
	}
	columns->class_cnt = cnt;
}
