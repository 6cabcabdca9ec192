/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_COLUMNS_BODIES_H
#define VEGA_STORE_COLUMNS_BODIES_H
/*
 * The 20 bytes that each kind fills its own way: which fields a kind has, and which earlier record each is told from.
 *
 * A kind's fields are at most six: a byte at 12 where it says what the rest means (a level and its sides, a message type, a line), as
 * it lies; what is left of the four bytes at 12; and at 16 and 24 either eight bytes or two times four. Each is told as the difference
 * from the same field of an earlier record of the kind.
 */
#include "store/columns_private.h"

struct vega_shape {
	bool has_sub;      /* byte 12 is a field, and part of what is the same */
	bool is_split[2];  /* at 16, at 24: two fields of four bytes */
	uint8_t sub_mask;  /* of it, what tells apart */
	uint8_t flag_mask; /* likewise */
};

extern const struct vega_shape vega_shapes[KIND_CNT];

struct field {
	uint8_t off;
	uint8_t bytes; /* 4 or 8 */
	uint8_t shift; /* the bits below it are another field's */
};

/* A loop of its own for each form of field. */
#define FIELD_EIGHT(o) ((struct field){o, 8, 0})
#define FIELD_FOUR(o)  ((struct field){o, 4, 0})
#define FIELD_THREE    ((struct field){12, 4, 8})

/* The fields of a kind but for the byte at 12. Returns how many. */
uint32_t vega_shape_fields(const struct vega_shape *shape, struct field fields[static COLUMN_CNT]);

extern const union vega_record vega_record_zero;

/* Record numbers + 1 of a kind's last records: like this one, and of this instrument. */
struct links {
	uint32_t mask;
	uint32_t like[LIKE_CNT];
	uint32_t *same;
};

void vega_links_begin(struct links *links, struct vega_columns *columns, uint32_t cnt);

/* What tells sides and levels of a kind apart: its byte 12, or a flag. */
static VEGA_ALWAYS_INLINE uint32_t
like_of(const struct vega_shape *shape, bool has_sub, const union vega_record *record, uint8_t sub)
{
	return has_sub ? sub & shape->sub_mask : vega_record_flags(record) & shape->flag_mask;
}

/* Instruments side by side lie side by side: what shares a place is only told worse. */
static VEGA_ALWAYS_INLINE uint32_t *
links_same(uint32_t *same, uint32_t mask, const union vega_record *record, uint32_t like)
{
	return &same[(vega_record_instrument(record) + like * 0x9E3779B1u) & mask];
}

/* One chunk of one kind: its records, and those that they are told from. */
struct chunk {
	uint32_t cnt;
	const union vega_record
		*before_at[CHUNK_CNT + 1]; /* the record before the chunk, and those of the chunk */
	const union vega_record *same[CHUNK_CNT];
	const union vega_record *like[CHUNK_CNT];
};

/* What a predictor tells the records of a chunk from. */
const union vega_record *const *vega_chunk_from(const struct chunk *chunk, uint32_t predictor);

static VEGA_ALWAYS_INLINE uint64_t
field_load(const union vega_record *record, struct field field)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)record + field.off, field.bytes);
	return value >> field.shift;
}

/* What the field of a record is told from: the field of an earlier one, and for COUNT what that one brought. */
static VEGA_ALWAYS_INLINE uint64_t
field_told(const union vega_record *from, struct field field, bool is_count)
{
	return field_load(from, field) + (is_count ? from->packet.message_cnt : 0u);
}

#endif
