/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_RECORD_TIMES_H
#define VEGA_REPLAY_RECORD_TIMES_H
/*
 * When the exchange made a packet, as the records of a journal's feed tell it: no frame is decoded.
 *
 *	frames	| 7 | 8 | 9 | 10 | ...			by number, of one generation
 *	records	PACKET 7, ADD, ADD | PACKET 8, TRADE | PACKET 9 (copy of line B, nothing) | PACKET 10 ...
 *
 * Both streams rise in generation and frame number, so one walk beside the frames finds each packet's event.
 */
#include "store/vega_journal.h"

struct vega_record_times;

/* Of the frames that were received in [from_ns, to_ns). Returns 0, or a negative errno with a message; a feed without records is none. */
int vega_record_times_new(struct vega_journal *journal, uint32_t feed_idx, uint64_t from_ns,
	uint64_t to_ns, struct vega_record_times **ret_times);
void vega_record_times_delete(struct vega_record_times *times); /* NULL is allowed */

/*
 * The time of the first record of a frame's event that has one. Frames are asked for in recorded order.
 *
 * Returns 1 and ns since the Unix epoch; 0: the records do not tell (none of that frame, or none with a time); a negative errno
 * with a message. Cost: decodes a block of records now and then, on the reader's thread.
 */
int vega_record_times_ns(struct vega_record_times *times, uint64_t generation,
	uint64_t frame_number, uint64_t *ret_ns);

#endif
