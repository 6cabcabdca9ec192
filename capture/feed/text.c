/* SPDX-License-Identifier: BSD-3-Clause */
/* Text of messages: what a line, a JSON object and a line for people are put together from. */
#include <string.h>

#include "capture/feed/format.h"

#define DIGIT_CNT_MAX 20u /* of 2^64 */

/* As it is: what every appender ends in. */
static void
put(struct vega_text *text, const void *from, size_t bytes)
{
	const size_t room = text->bytes - text->used - 1;
	const size_t fits = bytes <= room ? bytes : room;

	text->cut |= fits < bytes;
	memcpy(text->buf + text->used, from, fits);
	text->used += fits;
	text->buf[text->used] = '\0';
}

static void
put_str(struct vega_text *text, const char *str)
{
	put(text, str, strlen(str));
}

static uint8_t
hex_digit(uint32_t value)
{
	return (uint8_t) "0123456789abcdef"[value & 15];
}

/* One latin-1 byte inside a JSON string. */
static void
put_json_byte(struct vega_text *text, uint8_t byte)
{
	const uint8_t escaped[] = {'\\', byte};
	const uint8_t control[] = {'\\', 'u', '0', '0', hex_digit(byte >> 4), hex_digit(byte)};
	const uint8_t utf8[] = {(uint8_t)(0xC0 | byte >> 6), (uint8_t)(0x80 | (byte & 0x3F))};

	if (byte == '"' || byte == '\\')
		put(text, escaped, sizeof(escaped));
	else if (byte < 0x20 || byte == 0x7F)
		put(text, control, sizeof(control));
	else if (byte >= 0x80)
		put(text, utf8, sizeof(utf8));
	else
		put(text, &byte, 1);
}

/* A terminal obeys control bytes, and a packet may hold any. */
static void
put_printable(struct vega_text *text, uint8_t byte)
{
	if (byte < 0x20 || byte >= 0x7F)
		byte = '.';
	put(text, &byte, 1);
}

void
vega_text_bytes_as_is(struct vega_text *text, const uint8_t *from, uint32_t bytes)
{
	if (text->style == VEGA_TEXT_LINE || (text->style == VEGA_TEXT_JSON && !text->in_quotes)) {
		put(text, from, bytes);
		return;
	}
	for (uint32_t i = 0; i < bytes; i++)
		if (text->style == VEGA_TEXT_JSON)
			put_json_byte(text, from[i]);
		else
			put_printable(text, from[i]);
}

void
vega_text_str(struct vega_text *text, const char *str)
{
	vega_text_bytes_as_is(text, (const uint8_t *)str, (uint32_t)strlen(str));
}

void
vega_text_begin(struct vega_text *text)
{
	text->used = 0;
	text->buf[0] = '\0';
	text->cut = false;
	text->in_list = false;
	text->in_quotes = false;
	text->after_open = true;
	if (text->style == VEGA_TEXT_JSON)
		put_str(text, "{");
}

void
vega_text_end(struct vega_text *text)
{
	if (text->style == VEGA_TEXT_JSON)
		put_str(text, "}");
}

static const char *
separator(const struct vega_text *text)
{
	if (text->style == VEGA_TEXT_JSON)
		return ",";
	return text->in_list && text->style == VEGA_TEXT_LINE ? "/" : " ";
}

static void
put_key(struct vega_text *text, const char *key)
{
	if (!text->after_open && text->used != 0)
		put_str(text, separator(text));
	text->after_open = false;
	if (text->in_list && text->style == VEGA_TEXT_LINE)
		return;
	if (text->style == VEGA_TEXT_JSON)
		put_str(text, "\"");
	put_str(text, key);
	put_str(text, text->style == VEGA_TEXT_JSON ? "\":" : "=");
}

void
vega_text_open(struct vega_text *text, const char *key)
{
	put_key(text, key);
	text->in_quotes = true;
	if (text->style == VEGA_TEXT_JSON)
		put_str(text, "\"");
}

void
vega_text_close(struct vega_text *text)
{
	text->in_quotes = false;
	if (text->style == VEGA_TEXT_JSON)
		put_str(text, "\"");
}

void
vega_text_alpha(struct vega_text *text, const char *key, const uint8_t *from, uint32_t bytes)
{
	while (bytes != 0 && from[bytes - 1] == ' ')
		bytes--;
	vega_text_open(text, key);
	vega_text_bytes_as_is(text, from, bytes);
	vega_text_close(text);
}

void
vega_text_char(struct vega_text *text, const char *key, uint8_t value)
{
	vega_text_open(text, key);
	vega_text_bytes_as_is(text, &value, 1);
	vega_text_close(text);
}

void
vega_text_hex(struct vega_text *text, const char *key, const uint8_t *from, uint32_t bytes)
{
	vega_text_open(text, key);
	for (uint32_t i = 0; i < bytes; i++) {
		const uint8_t pair[] = {hex_digit(from[i] >> 4), hex_digit(from[i])};

		put(text, pair, sizeof(pair));
	}
	vega_text_close(text);
}

/* A decimal point stands before the last `digits`, of which 0 are none. */
static void
put_decimal(struct vega_text *text, uint64_t value, uint8_t digits)
{
	uint8_t buf[DIGIT_CNT_MAX + 1 + UINT8_MAX];
	uint32_t at = sizeof(buf);

	for (uint32_t i = 0; i <= digits || value != 0; i++, value /= 10) {
		if (digits != 0 && i == digits)
			buf[--at] = '.';
		buf[--at] = (uint8_t)('0' + value % 10);
	}
	put(text, buf + at, sizeof(buf) - at);
}

static void
put_signed(struct vega_text *text, int64_t value, uint8_t digits)
{
	if (value < 0)
		put_str(text, "-");
	put_decimal(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, digits);
}

void
vega_text_dec(struct vega_text *text, int64_t value)
{
	put_signed(text, value, 0);
}

void
vega_text_dec_u64(struct vega_text *text, uint64_t value)
{
	put_decimal(text, value, 0);
}

void
vega_text_u64(struct vega_text *text, const char *key, uint64_t value)
{
	put_key(text, key);
	put_decimal(text, value, 0);
}

void
vega_text_i64(struct vega_text *text, const char *key, int64_t value)
{
	put_key(text, key);
	put_signed(text, value, 0);
}

void
vega_text_price(struct vega_text *text, const char *key, int64_t value, uint8_t digits)
{
	put_key(text, key);
	put_signed(text, value, text->style == VEGA_TEXT_PEOPLE ? digits : 0);
}

/* What stands before the first entry, between two, and after the last. */
static const struct {
	const char *begin, *first, *between, *last, *end;
} brackets[] = {
	[VEGA_TEXT_LINE] = {"", "", ";", "", ""},
	[VEGA_TEXT_JSON] = {"[", "{", "},{", "}", "]"},
	[VEGA_TEXT_PEOPLE] = {"[", "", "; ", "", "]"},
};

void
vega_text_list_begin(struct vega_text *text, const char *key)
{
	put_key(text, key);
	put_str(text, brackets[text->style].begin);
	text->in_list = true;
	text->after_open = true;
}

/* after_open is still set where no key followed: before the first entry. */
void
vega_text_list_next(struct vega_text *text)
{
	put_str(text,
		text->after_open ? brackets[text->style].first : brackets[text->style].between);
	text->after_open = true;
}

void
vega_text_list_end(struct vega_text *text)
{
	if (!text->after_open)
		put_str(text, brackets[text->style].last);
	put_str(text, brackets[text->style].end);
	text->in_list = false;
	text->after_open = false;
}
