/* SPDX-License-Identifier: BSD-3-Clause */
/* Canonical text: what a message's line is put together from. */
#include <string.h>

#include "capture/feed/format.h"

void
vega_text_bytes_as_is(struct vega_text *text, const uint8_t *from, uint32_t bytes)
{
	const size_t room = text->bytes - text->used - 1;
	const size_t fits = bytes <= room ? bytes : room;

	text->cut |= fits < bytes;
	memcpy(text->buf + text->used, from, fits);
	text->used += fits;
	text->buf[text->used] = '\0';
}

void
vega_text_str(struct vega_text *text, const char *str)
{
	vega_text_bytes_as_is(text, (const uint8_t *)str, (uint32_t)strlen(str));
}

/* " key=", or "key=" at the beginning. */
static void
put_key(struct vega_text *text, const char *key)
{
	if (text->used != 0)
		vega_text_str(text, " ");
	vega_text_str(text, key);
	vega_text_str(text, "=");
}

void
vega_text_alpha(struct vega_text *text, const char *key, const uint8_t *from, uint32_t bytes)
{
	while (bytes != 0 && from[bytes - 1] == ' ')
		bytes--;
	put_key(text, key);
	vega_text_bytes_as_is(text, from, bytes);
}

static void
put_decimal(struct vega_text *text, uint64_t value)
{
	uint8_t digits[20];
	uint32_t at = sizeof(digits);

	do
		digits[--at] = (uint8_t)('0' + value % 10);
	while ((value /= 10) != 0);
	vega_text_bytes_as_is(text, digits + at, (uint32_t)sizeof(digits) - at);
}

void
vega_text_u64(struct vega_text *text, const char *key, uint64_t value)
{
	put_key(text, key);
	put_decimal(text, value);
}

void
vega_text_dec(struct vega_text *text, int64_t value)
{
	if (value < 0)
		vega_text_str(text, "-");
	put_decimal(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void
vega_text_i64(struct vega_text *text, const char *key, int64_t value)
{
	put_key(text, key);
	vega_text_dec(text, value);
}
