/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/mold.h"

#include <errno.h>
#include <string.h>

#include "capture/feed/bytes.h"

enum {
	OFF_SEQ = 10,
	OFF_COUNT = 18,
	HEADER_BYTES = 20,
	COUNT_END_OF_SESSION = 0xFFFF
};

/* Sessions are told apart by it, nothing more. */
static uint64_t
session_of(const uint8_t *header)
{
	return vega_le64(header) * 0x9E3779B97F4A7C15 + vega_le16(header + 8);
}

int
vega_mold_open(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes)
{
	uint16_t count;

	if (bytes < HEADER_BYTES)
		return -EBADMSG;
	count = vega_be16(payload + OFF_COUNT);
	walk->payload = payload;
	walk->bytes = bytes;
	walk->at = HEADER_BYTES;
	walk->message_cnt = count == COUNT_END_OF_SESSION ? 0 : count;
	walk->message_idx = 0;
	walk->seq_first = vega_be64(payload + OFF_SEQ);
	walk->session = session_of(payload);
	memcpy(walk->session_text, payload, OFF_SEQ);
	walk->session_text[OFF_SEQ] = '\0';
	return 0;
}

int
vega_mold_next(struct vega_walk *walk, struct vega_message *ret_message)
{
	const uint8_t *at = walk->payload + walk->at;
	const uint32_t left = walk->bytes - walk->at;
	uint32_t bytes;

	if (walk->message_idx == walk->message_cnt)
		return left == 0 ? 0 : -EBADMSG;
	if (left < 2)
		return -EBADMSG;
	bytes = vega_be16(at);
	if (bytes > left - 2)
		return -EBADMSG;
	*ret_message = (struct vega_message){
		.data = at + 2,
		.bytes = bytes,
		.type = bytes != 0 ? at[2] : 0,
		.seq = walk->seq_first + walk->message_idx,
	};
	walk->at += 2 + bytes;
	walk->message_idx++;
	return 1;
}

bool
vega_mold_span(struct vega_decode *decode, struct vega_span *ret_span)
{
	uint16_t count;

	if (decode->at != 0) {
		/* Blocks that nobody wanted are not walked: then the end is not known. */
		if (decode->left == 0 && decode->at != decode->bytes)
			decode->is_malformed = true;
		return false;
	}
	if (decode->bytes < HEADER_BYTES) {
		decode->is_malformed = true;
		return false;
	}
	count = vega_be16(decode->payload + OFF_COUNT);
	*ret_span = (struct vega_span){
		.session = session_of(decode->payload),
		.seq = vega_be64(decode->payload + OFF_SEQ),
		.seq_cnt = count == COUNT_END_OF_SESSION ? 0 : count,
		.is_end = count == COUNT_END_OF_SESSION,
	};
	decode->at = HEADER_BYTES;
	decode->left = (uint32_t)ret_span->seq_cnt;
	return true;
}
