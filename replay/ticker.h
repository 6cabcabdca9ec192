/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_TICKER_H
#define VEGA_REPLAY_TICKER_H
/*
 * What an output looks after while the sender sends: a thread that calls a function again and again, off the path of packets.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "replay/thread.h"

struct vega_ticker {
	struct vega_thread thread;
	bool runs;
	uint64_t stop; /* relaxed */
	uint64_t period_ns;
	void (*tick)(void *arg);
	void *arg;
};

/*
 * Call tick(arg) at once, and then once a period, until it is stopped. The ticker stays where it is meanwhile.
 * Returns 0, or -EAGAIN (69) with a message: the system has no thread left.
 */
int vega_ticker_start(struct vega_ticker *ticker, uint64_t period_ns, void (*tick)(void *arg),
	void *arg) VEGA_MUST_CHECK;

/* Also of one that was never started. Cost: waits for the end of a period. */
void vega_ticker_stop(struct vega_ticker *ticker);

#endif
