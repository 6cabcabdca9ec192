/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_EXCHANGE_H
#define VEGA_REPLAY_EXCHANGE_H
/*
 * When the exchange made a packet: the time of the first record that its messages decode to, if any has one.
 *
 * The wire format is guessed for each channel (channels.h). Times of NSE's broadcast are whole seconds: too coarse to pace by, so
 * its packets are refused.
 */
#include "store/vega_journal.h"

struct vega_exchange;

/* Not thread-safe (it makes a zone). Returns 0, or a negative errno with a message. */
int vega_exchange_new(struct vega_exchange **ret_exchange);
void vega_exchange_delete(struct vega_exchange *exchange); /* NULL is allowed */

/*
 * The exchange's time of a frame.
 *
 * Returns 1 and ns since the Unix epoch; 0: none is known (a heartbeat, no format known); -EBADMSG (65) with a message: its format's
 * times are too coarse. Cost: decodes the frame's first message; allocates at the first packet of a format.
 */
int vega_exchange_ns(
	struct vega_exchange *exchange, const struct vega_frame *frame, uint64_t *ret_ns);

#endif
