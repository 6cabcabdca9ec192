/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_DECODE_LINE_H
#define VEGA_REPLAY_DECODE_LINE_H
/*
 * One line of vega-decode: where a message comes from, then its fields.
 *
 *	VEGA_TEXT_LINE		RECV_NS DST:PORT SEQ key=value ...	(SEQ is -1 where there is none)
 *	VEGA_TEXT_JSON		{"recv_ns":..,"dst":"..","seq":..,"format":"..",...}
 *	VEGA_TEXT_PEOPLE	TIME DST:PORT #SEQ FORMAT key=value ...
 *
 * Messages of a day file have no packet: their lines begin with the fields.
 */
#include "replay/channels.h"

/* What a message came in. */
struct vega_decode_from {
	uint64_t recv_ns;
	struct vega_channel *channel; /* NULL: a day file */
	const struct vega_format *format;
};

/* Write the line into text (its style says which), without an end of line. */
void vega_decode_line(const struct vega_decode_from *from, const struct vega_message *message,
	struct vega_text *text);

#endif
