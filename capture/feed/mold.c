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

/* FNV-1a: sessions are told apart by it, nothing more. */
static uint64_t
hash_of(const uint8_t *session, uint32_t bytes)
{
	uint64_t hash = 0xCBF29CE484222325;

	for (uint32_t i = 0; i < bytes; i++)
		hash = (hash ^ session[i]) * 0x100000001B3;
	return hash;
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
	walk->session = hash_of(payload, OFF_SEQ);
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
