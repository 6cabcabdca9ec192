/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/decode_line.h"

#include <string.h>

#include "hugepages/base/zone.h"

static void
put_seq(const struct vega_message *message, struct vega_text *text)
{
	if (message->seq == VEGA_SEQ_NONE)
		vega_text_dec(text, -1);
	else
		vega_text_dec_u64(text, message->seq);
}

static void
put_line_head(const struct vega_decode_from *from, const struct vega_message *message,
	struct vega_text *text)
{
	if (from->channel == NULL)
		return;
	vega_text_dec_u64(text, from->recv_ns);
	vega_text_str(text, " ");
	vega_text_str(text, from->channel->text);
	vega_text_str(text, " ");
	put_seq(message, text);
	text->after_open = false;
}

static void
put_people_head(const struct vega_decode_from *from, const struct vega_message *message,
	struct vega_text *text)
{
	char time[40];

	if (from->channel == NULL)
		return;
	vega_text_str(text, vega_text_time(time, from->recv_ns));
	vega_text_str(text, " ");
	vega_text_str(text, from->channel->text);
	if (message->seq != VEGA_SEQ_NONE) {
		vega_text_str(text, " #");
		put_seq(message, text);
	}
	vega_text_str(text, " ");
	vega_text_str(text, from->format->name);
	text->after_open = false;
}

static void
put_json_text(struct vega_text *text, const char *key, const char *value)
{
	vega_text_alpha(text, key, (const uint8_t *)value, (uint32_t)strlen(value));
}

static void
put_json_head(const struct vega_decode_from *from, const struct vega_message *message,
	struct vega_text *text)
{
	if (from->channel != NULL) {
		vega_text_u64(text, "recv_ns", from->recv_ns);
		put_json_text(text, "dst", from->channel->text);
		if (message->seq != VEGA_SEQ_NONE)
			vega_text_u64(text, "seq", message->seq);
	}
	put_json_text(text, "format", from->format->name);
}

void
vega_decode_line(const struct vega_decode_from *from, const struct vega_message *message,
	struct vega_text *text)
{
	const uint8_t *stock = from->channel != NULL && text->style != VEGA_TEXT_LINE
				       ? vega_channel_stock(from->channel, message)
				       : NULL;

	vega_text_begin(text);
	if (text->style == VEGA_TEXT_JSON)
		put_json_head(from, message, text);
	else if (text->style == VEGA_TEXT_PEOPLE)
		put_people_head(from, message, text);
	else
		put_line_head(from, message, text);
	from->format->line(message, text);
	if (stock != NULL)
		vega_text_alpha(text, "stock", stock, VEGA_ITCH_STOCK_BYTES);
	if (message->is_odd && text->style != VEGA_TEXT_LINE)
		vega_text_u64(text, "odd", 1);
	vega_text_end(text);
}
