/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/fields.h"

#include <stdio.h>

#include "capture/feed/bytes.h"

static uint64_t
number(const uint8_t *at, uint32_t bytes, bool big_endian)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value = value << 8 | at[big_endian ? i : bytes - 1 - i];
	return value;
}

static int64_t
extend_sign(uint64_t value, uint32_t bytes)
{
	const uint32_t unused_bits = (64 - 8 * bytes) & 63; /* 1 to 8 bytes */

	return (int64_t)(value << unused_bits) >> unused_bits;
}

static void
put_text(const char *key, const uint8_t *at, uint32_t bytes, uint8_t pad, struct vega_text *text)
{
	if (bytes == 1) {
		vega_text_char(text, key, at[0]);
		return;
	}
	while (bytes != 0 && at[bytes - 1] == pad)
		bytes--;
	vega_text_alpha(text, key, at, bytes);
}

/* No price reaches 2^63; what claims to keeps its digits. */
static void
put_unsigned_price(const char *key, uint64_t value, uint8_t digits, struct vega_text *text)
{
	if (value > INT64_MAX)
		vega_text_u64(text, key, value);
	else
		vega_text_price(text, key, (int64_t)value, digits);
}

static int64_t
whole_or_none(uint64_t bits)
{
	int64_t value;

	return vega_whole(bits, &value) ? value : -1;
}

static void
put_double(const char *key, uint64_t bits, struct vega_text *text)
{
	double value;
	char digits[40];

	memcpy(&value, &bits, sizeof(value));
	(void)snprintf(digits, sizeof(digits), "%.17g", value);
	vega_text_open(text, key);
	vega_text_str(text, digits);
	vega_text_close(text);
}

static void
put_number(const struct vega_fields *how, const struct vega_field *field, uint64_t value,
	struct vega_text *text)
{
	switch ((enum vega_field_kind)field->kind) {
	case VEGA_FIELD_INT:
		vega_text_i64(text, field->key, extend_sign(value, field->bytes));
		break;
	case VEGA_FIELD_PRICE:
		vega_text_price(text, field->key, (int64_t)value, how->price_digits);
		break;
	case VEGA_FIELD_SIGNED_PRICE:
		vega_text_price(
			text, field->key, extend_sign(value, field->bytes), how->price_digits);
		break;
	case VEGA_FIELD_WHOLE:
		vega_text_i64(text, field->key, whole_or_none(value));
		break;
	case VEGA_FIELD_DOUBLE:
		put_double(field->key, value, text);
		break;
	case VEGA_FIELD_PRICE8:
		put_unsigned_price(field->key, value, 8, text);
		break;
	default:
		vega_text_u64(text, field->key, value);
		break;
	}
}

static bool
is_given(const struct vega_fields *how, const struct vega_field *field, uint32_t bytes,
	const struct vega_text *text)
{
	if (field->since != 0 && (text->style == VEGA_TEXT_LINE || how->version < field->since))
		return false;
	return (uint32_t)field->off + field->bytes <= bytes;
}

void
vega_fields_put(const struct vega_fields *how, const struct vega_field *fields, const uint8_t *data,
	uint32_t bytes, struct vega_text *text)
{
	for (const struct vega_field *field = fields; field->key != NULL; field++) {
		const uint8_t *at = data + field->off;

		if (!is_given(how, field, bytes, text))
			continue;
		if (field->kind == VEGA_FIELD_TEXT)
			put_text(field->key, at, field->bytes, how->text_pad, text);
		else
			put_number(how, field, number(at, field->bytes, how->big_endian), text);
	}
}

uint32_t
vega_fields_bytes(const struct vega_field *fields)
{
	uint32_t most = 0;

	for (const struct vega_field *field = fields; field->key != NULL; field++)
		if (field->since == 0 && (uint32_t)field->off + field->bytes > most)
			most = (uint32_t)field->off + field->bytes;
	return most;
}

const struct vega_field_type *
vega_field_type_find(const struct vega_field_types *types, uint32_t type)
{
	for (uint32_t i = 0; i < types->type_cnt; i++)
		if (types->types[i].type == type)
			return &types->types[i];
	return NULL;
}

bool
vega_field_types_odd(const struct vega_field_types *types, const struct vega_message *message)
{
	const struct vega_field_type *type = vega_field_type_find(types, message->type);

	return type == NULL || message->bytes != type->bytes;
}

void
vega_field_types_line(const struct vega_field_types *types, const struct vega_message *message,
	struct vega_text *text)
{
	const struct vega_field_type *type = vega_field_type_find(types, message->type);

	vega_text_open(text, "type");
	vega_text_bytes_as_is(text, message->data, message->bytes != 0 ? 1 : 0);
	vega_text_close(text);
	vega_text_u64(text, "len", message->bytes);
	if (type == NULL || message->bytes < type->bytes)
		return;
	vega_fields_put(&types->how, types->head, message->data, message->bytes, text);
	vega_fields_put(&types->how, type->fields, message->data, message->bytes, text);
}
