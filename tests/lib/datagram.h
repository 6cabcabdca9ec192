/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_DATAGRAM_H
#define VEGA_TESTS_DATAGRAM_H
/*
 * Datagrams put together field by field, and read from a buffer of exactly their size, so that a sanitizer sees a byte too far.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/walk.h"

struct datagram {
	uint32_t bytes;
	uint8_t data[4096];
};

static inline void
datagram_text(struct datagram *d, const char *text, uint32_t bytes)
{
	memcpy(d->data + d->bytes, text, bytes);
	d->bytes += bytes;
}

static inline void
datagram_be(struct datagram *d, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = bytes; i-- > 0;)
		d->data[d->bytes++] = (uint8_t)(i < 8 ? value >> 8 * i : 0);
}

static inline void
datagram_le(struct datagram *d, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		d->data[d->bytes++] = (uint8_t)(i < 8 ? value >> 8 * i : 0);
}

static inline void
datagram_zeros(struct datagram *d, uint32_t bytes)
{
	memset(d->data + d->bytes, 0, bytes);
	d->bytes += bytes;
}

/*
 * A message from its description, words separated by blanks: "4=100" is a number of 4 bytes (more than 8: zeros), "8'META" text of 8 bytes,
 * filled up with blanks (an underscore stands for one).
 */
static inline void
datagram_build(struct datagram *d, const char *words, bool big_endian)
{
	while (*words != '\0') {
		char *end;
		const uint32_t bytes = (uint32_t)strtoul(words, &end, 10);
		const bool is_text = *end == '\'';
		const uint32_t at = d->bytes;

		words = end + 1;
		if (is_text) {
			for (; *words != ' ' && *words != '\0'; words++)
				d->data[d->bytes++] = (uint8_t)(*words == '_' ? ' ' : *words);
			while (d->bytes < at + bytes)
				d->data[d->bytes++] = ' ';
		} else {
			const bool is_negative = *words == '-';
			const uint64_t value = is_negative ? (uint64_t)strtoll(words, &end, 10)
							   : strtoull(words, &end, 10);

			words = end;
			if (big_endian)
				datagram_be(d, value, bytes);
			else
				datagram_le(d, value, bytes);
		}
		words += *words == ' ';
	}
}

/* The lines of a datagram, each ended by LF, and the last message. */
struct datagram_lines {
	size_t used;
	struct vega_message last;
	char text[8192];
};

static inline void
datagram_line(void *arg, const struct vega_message *message, const struct vega_text *line)
{
	struct datagram_lines *lines = arg;

	if (line->used + 2 > sizeof(lines->text) - lines->used)
		return;
	memcpy(lines->text + lines->used, line->buf, line->used);
	lines->used += line->used;
	lines->text[lines->used++] = '\n';
	lines->text[lines->used] = '\0';
	lines->last = *message;
}

/* Returns false where the format breaks its contract. lines may be NULL. */
static inline bool
datagram_walk(const struct vega_format *format, const void *data, uint32_t bytes,
	struct datagram_lines *lines, struct walked *ret_walked)
{
	uint8_t *copy = malloc(bytes != 0 ? bytes : 1);
	bool kept;

	if (copy == NULL)
		return false;
	if (bytes != 0)
		memcpy(copy, data, bytes);
	if (lines != NULL) {
		lines->used = 0;
		lines->text[0] = '\0';
	}
	kept = walk_all(
		format, copy, bytes, lines != NULL ? datagram_line : NULL, lines, ret_walked);
	free(copy);
	return kept;
}

#endif
