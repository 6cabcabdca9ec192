/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_FIELDS_H
#define VEGA_FEED_FIELDS_H
/*
 * Fields of fixed place, as tables: what most messages of most formats are made of.
 */
#include <stdbool.h>

#include "capture/feed/format.h"

enum vega_field_kind {
	VEGA_FIELD_TEXT, /* one byte: a character as it is; more: text without trailing blanks and pads */
	VEGA_FIELD_UINT,
	VEGA_FIELD_INT,
	VEGA_FIELD_PRICE,  /* signed, or shorter than 8 bytes and unsigned */
	VEGA_FIELD_PRICE8, /* unsigned, always of 8 decimal digits */
	VEGA_FIELD_SIGNED_PRICE,
	VEGA_FIELD_WHOLE, /* a whole number as a double; -1 where it is none */
	VEGA_FIELD_DOUBLE, /* any double, in as many digits as tell it from all others: text, it may be no number */
};

struct vega_field {
	const char *key; /* of the canonical line; NULL ends the fields */
	uint16_t off;
	uint8_t bytes; /* 1 to 8; of text up to 255 */
	uint8_t kind;
	uint8_t since; /* not 0: the version it came with; it is not in the canonical line */
};

/* How a format reads its fields. */
struct vega_fields {
	bool big_endian;
	uint8_t price_digits;
	uint8_t text_pad; /* what fills text up, besides blanks */
	uint16_t version; /* of the message, for `since` */
};

/* Append all fields that lie whole in the message. */
void vega_fields_put(const struct vega_fields *how, const struct vega_field *fields,
	const uint8_t *data, uint32_t bytes, struct vega_text *text);

/* Bytes that a message, or an entry of one, must have to hold the fields of the canonical line. */
uint32_t vega_fields_bytes(const struct vega_field *fields);

/* A format whose messages begin with one byte that says their type. */
struct vega_field_type {
	uint8_t type;
	uint8_t bytes;                /* of the message, by its document */
	struct vega_field fields[16]; /* behind the head */
};

struct vega_field_types {
	struct vega_fields how;
	const struct vega_field *head; /* after type and length, the same for all */
	const struct vega_field_type *types;
	uint32_t type_cnt;
};

/* NULL: not known. */
const struct vega_field_type *vega_field_type_find(
	const struct vega_field_types *types, uint32_t type);

/* For the message's is_odd. */
bool vega_field_types_odd(const struct vega_field_types *types, const struct vega_message *message);

/* As the format's line: a type that is not known, or too short for its fields, gives type and length alone. */
void vega_field_types_line(const struct vega_field_types *types, const struct vega_message *message,
	struct vega_text *text);

/* Shorthands of tables. */
#define VEGA_TEXT_AT(key, off, bytes)               \
	{                                           \
		key, off, bytes, VEGA_FIELD_TEXT, 0 \
	}
#define VEGA_UINT_AT(key, off, bytes)               \
	{                                           \
		key, off, bytes, VEGA_FIELD_UINT, 0 \
	}
#define VEGA_INT_AT(key, off, bytes)               \
	{                                          \
		key, off, bytes, VEGA_FIELD_INT, 0 \
	}
#define VEGA_PRICE_AT(key, off, bytes)               \
	{                                            \
		key, off, bytes, VEGA_FIELD_PRICE, 0 \
	}

#define VEGA_SIGNED_PRICE_AT(key, off, bytes)               \
	{                                                   \
		key, off, bytes, VEGA_FIELD_SIGNED_PRICE, 0 \
	}
#define VEGA_DOUBLE_AT(key, off)                  \
	{                                         \
		key, off, 8, VEGA_FIELD_DOUBLE, 0 \
	}
#define VEGA_WHOLE_AT(key, off)                  \
	{                                        \
		key, off, 8, VEGA_FIELD_WHOLE, 0 \
	}

#endif
