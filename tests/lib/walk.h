/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_WALK_H
#define VEGA_TESTS_WALK_H
/*
 * A walk over any bytes with any wire format, and what must hold on it whatever the bytes are.
 */
#include <errno.h>
#include <string.h>

#include "capture/feed/format.h"

#define WALK_LINE_BYTES (1u << 18) /* hexadecimal doubles, and JSON has keys */

/* How a walk ended, and what it gave until then. */
struct walked {
	int rc; /* 0 at the end, -EBADMSG */
	uint32_t message_cnt;
	uint32_t heartbeat_cnt;
	uint32_t odd_cnt;
};

/* Called with each message and its line. */
typedef void (*walk_visit)(
	void *arg, const struct vega_message *message, const struct vega_text *line);

/* Is the message inside of the datagram, or of the walk's scratch? */
static inline bool
walk_is_inside(const struct vega_walk *walk, const struct vega_message *m)
{
	const uintptr_t data = (uintptr_t)m->data;
	const uintptr_t payload = (uintptr_t)walk->payload;
	const uintptr_t scratch = (uintptr_t)walk->scratch;

	return (data >= payload && data - payload <= walk->bytes &&
		       m->bytes <= walk->bytes - (data - payload)) ||
	       (data >= scratch && data - scratch <= sizeof(walk->scratch) &&
		       m->bytes <= sizeof(walk->scratch) - (data - scratch));
}

/* The line of a message; in a small buffer it must be cut, and be the same as far as it goes. */
static inline bool
walk_line(const struct vega_format *format, const struct vega_message *message,
	struct vega_text *ret_line)
{
	char small[24] = "";
	struct vega_text cut = {.buf = small, .bytes = sizeof(small)};

	ret_line->buf[0] = '\0';
	ret_line->used = 0;
	ret_line->cut = false;
	format->line(message, ret_line);
	format->line(message, &cut);
	return !ret_line->cut && ret_line->used != 0 &&
	       cut.cut == (ret_line->used >= sizeof(small)) &&
	       memcmp(ret_line->buf, small, cut.used) == 0 && small[cut.used] == '\0';
}

/* The message in the other styles: whole, and for people nothing that a terminal obeys. */
static inline bool
walk_styles(const struct vega_format *format, const struct vega_message *message,
	struct vega_text *line)
{
	struct vega_text text = {.buf = line->buf, .bytes = line->bytes, .style = VEGA_TEXT_JSON};

	vega_text_begin(&text);
	format->line(message, &text);
	vega_text_end(&text);
	if (text.cut || text.used < 3 || text.buf[text.used - 1] != '}')
		return false;
	text.style = VEGA_TEXT_PEOPLE;
	vega_text_begin(&text);
	format->line(message, &text);
	vega_text_end(&text);
	for (size_t i = 0; i < text.used; i++)
		if (text.buf[i] < ' ' || text.buf[i] > '~')
			return false;
	return !text.cut && text.used != 0;
}

/*
 * Walk to the end.
 *
 * Returns false where a format breaks its contract, whatever the bytes.
 */
static inline bool
walk_all(const struct vega_format *format, const uint8_t *payload, uint32_t bytes, walk_visit visit,
	void *arg, struct walked *ret_walked)
{
	static char buf[WALK_LINE_BYTES];
	struct vega_text line = {.buf = buf, .bytes = sizeof(buf)};
	struct vega_walk walk;
	struct vega_message m;

	*ret_walked = (struct walked){.rc = format->open(&walk, payload, bytes)};
	if (ret_walked->rc != 0)
		return ret_walked->rc == -EBADMSG;
	for (uint32_t before = walk.at;; before = walk.at) {
		ret_walked->rc = format->next(&walk, &m);
		if (ret_walked->rc != 1)
			return (ret_walked->rc == 0 || ret_walked->rc == -EBADMSG) &&
			       format->next(&walk, &m) == ret_walked->rc; /* it stays */
		ret_walked->message_cnt++;
		ret_walked->heartbeat_cnt += m.is_heartbeat;
		ret_walked->odd_cnt += m.is_odd;
		if (walk.at <= before || walk.at > bytes || !walk_is_inside(&walk, &m) ||
			!walk_styles(format, &m, &line) || !walk_line(format, &m, &line))
			return false;
		if (visit != NULL)
			visit(arg, &m, &line);
	}
}

#endif
