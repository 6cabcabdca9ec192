/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/columns_bodies.h"

#define ASK VEGA_RECORD_ASK

const struct vega_shape vega_shapes[KIND_CNT] = {
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

const union vega_record vega_record_zero;
static const union vega_record *const zeros[CHUNK_CNT] = {
	[0 ... CHUNK_CNT - 1] = &vega_record_zero};

uint32_t
vega_shape_fields(const struct vega_shape *shape, struct field fields[static COLUMN_CNT])
{
	uint32_t cnt = 0;

	fields[cnt++] = shape->has_sub ? FIELD_THREE : FIELD_FOUR(12);
	for (uint32_t i = 0; i < 2; i++) {
		const uint8_t off = (uint8_t)(16 + 8 * i);

		fields[cnt++] = shape->is_split[i] ? FIELD_FOUR(off) : FIELD_EIGHT(off);
		if (shape->is_split[i])
			fields[cnt++] = FIELD_FOUR((uint8_t)(off + 4));
	}
	return cnt;
}

void
vega_links_begin(struct links *links, struct vega_columns *columns, uint32_t cnt)
{
	const uint32_t lg2 = vega_code_high(cnt) + 1;

	links->mask = (1u << lg2) - 1;
	links->same = columns->links;
	memset(links->like, 0, sizeof(links->like));
	memset(links->same, 0, sizeof(*links->same) << lg2);
}

const union vega_record *const *
vega_chunk_from(const struct chunk *chunk, uint32_t predictor)
{
	switch (predictor) {
	case PREDICT_LIKE:
		return chunk->like;
	case PREDICT_BEFORE:
		return chunk->before_at;
	case PREDICT_ZERO:
		return zeros;
	default:
		return chunk->same;
	}
}
