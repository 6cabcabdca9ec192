/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The instruments of a block, numbered by first sight. As bytes: each token's zigzag difference from the one before, four bytes: the
 * lowest of each, then the next of each.
 */
#include "store/columns_private.h"

#define PLANE_CNT 4u

uint32_t
vega_names_take(struct vega_columns *columns, uint32_t token)
{
	uint32_t at = name_slot_of(token);

	for (uint32_t i = 0; i < NAME_PROBE_CNT; i++, at = (at + 1) & (NAME_SLOT_CNT - 1)) {
		struct name_slot *slot = &columns->name_slots[at];

		if (slot->number != 0 && slot->token != token)
			continue;
		if (slot->number == 0) {
			columns->names[columns->name_cnt] = token;
			columns->name_at[columns->name_cnt] = at;
			*slot = (struct name_slot){token, ++columns->name_cnt};
		}
		return slot->number - 1;
	}
	columns->is_full = true;
	return 0;
}

void
vega_names_forget(struct vega_columns *columns)
{
	for (uint32_t i = 0; i < columns->name_cnt; i++)
		columns->name_slots[columns->name_at[i]].number = 0;
}

void
vega_names_encode(struct vega_columns *columns, struct sink *sink)
{
	const uint32_t cnt = columns->name_cnt;
	struct stream *table = &columns->table;
	uint32_t before = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t step = zigzag_u32(columns->names[i] - before);

		for (uint32_t plane = 0; plane < PLANE_CNT; plane++)
			table->bytes[plane * cnt + i] = (uint8_t)(step >> 8 * plane);
		before = columns->names[i];
	}
	table->cnt = (size_t)cnt * PLANE_CNT;
	vega_stream_pack(columns, table, STREAM_NUMBERS, sink);
}

void
vega_names_decode(struct vega_columns *columns, struct source *source, uint32_t cnt)
{
	const struct stream *table = &columns->table;
	uint32_t name_cnt;
	uint32_t token = 0;

	vega_stream_unpack(columns, &columns->table, (size_t)cnt * PLANE_CNT, source);
	source->is_bad |= table->cnt % PLANE_CNT != 0 || table->cnt == 0;
	if (source->is_bad)
		return;
	name_cnt = (uint32_t)(table->cnt / PLANE_CNT);
	for (uint32_t i = 0; i < name_cnt; i++) {
		uint32_t step = 0;

		for (uint32_t plane = 0; plane < PLANE_CNT; plane++)
			step |= (uint32_t)table->bytes[plane * name_cnt + i] << 8 * plane;
		token += unzigzag_u32(step);
		columns->names[i] = token;
	}
	columns->name_cnt = name_cnt;
}
