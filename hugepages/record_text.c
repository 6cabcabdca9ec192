/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/record_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/record_fields.h"

struct line {
	char *at;
	char *end; /* of the buffer, room for the NUL taken off */
	enum vega_record_form form;
};

static void
put(struct line *line, const char *from, size_t bytes)
{
	const size_t room = (size_t)(line->end - line->at);

	bytes = bytes < room ? bytes : room;
	memcpy(line->at, from, bytes);
	line->at += bytes;
}

static void
put_text(struct line *line, const char *from)
{
	put(line, from, strlen(from));
}

/* In quotes in JSON, and in a line where it would not be told from what follows. */
static void
put_quoted(struct line *line, const char *from)
{
	if (line->form == VEGA_RECORD_LINE && from[0] != '\0' && strpbrk(from, " \"\\=") == NULL) {
		put_text(line, from);
		return;
	}
	put(line, "\"", 1);
	for (; *from != '\0'; from++) {
		if (*from == '"' || *from == '\\')
			put(line, "\\", 1);
		put(line, from, 1);
	}
	put(line, "\"", 1);
}

static void
put_unsigned(struct line *line, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	put(line, digits + at, sizeof(digits) - at);
}

static void
put_signed(struct line *line, int64_t value)
{
	if (value < 0)
		put(line, "-", 1);
	put_unsigned(line, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* JSON knows no number that is none. */
static void
put_real(struct line *line, double value)
{
	char digits[40];

	if (!isfinite(value)) {
		put_text(line, line->form == VEGA_RECORD_JSON ? "null" : "nan");
		return;
	}
	put(line, digits, (size_t)snprintf(digits, sizeof(digits), "%.9g", value));
}

static void
put_name(struct line *line, const char *name)
{
	put_text(line, line->form == VEGA_RECORD_JSON ? ",\"" : " ");
	put_text(line, name);
	put_text(line, line->form == VEGA_RECORD_JSON ? "\":" : "=");
}

static void
put_value(void *arg, const struct vega_record_value *value)
{
	struct line *line = arg;

	put_name(line, value->name);
	switch (value->type) {
	case VEGA_VALUE_UNSIGNED:
		put_unsigned(line, value->u);
		break;
	case VEGA_VALUE_SIGNED:
		put_signed(line, value->i);
		break;
	case VEGA_VALUE_REAL:
		put_real(line, value->real);
		break;
	case VEGA_VALUE_TEXT:
		put_quoted(line, value->text);
		break;
	}
}

size_t
vega_record_text(const union vega_record *r, const union vega_record *wide,
	enum vega_record_form form, char buf[VEGA_RECORD_TEXT_BYTES])
{
	struct line line = {buf, buf + VEGA_RECORD_TEXT_BYTES - 1, form};

	if (form == VEGA_RECORD_JSON)
		put_text(&line, "\"kind\":");
	put_quoted(&line, vega_record_kind_name(vega_record_kind(r)));
	vega_record_visit(r, wide, put_value, &line);
	*line.at = '\0';
	return (size_t)(line.at - buf);
}
