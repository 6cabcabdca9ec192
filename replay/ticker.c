/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/ticker.h"

#include "hugepages/base/atomic.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"

static void *
run(void *arg)
{
	struct vega_ticker *ticker = arg;

	while (vega_load_relaxed(&ticker->stop) == 0) {
		ticker->tick(ticker->arg);
		vega_sleep_until_ns(vega_monotonic_ns() + ticker->period_ns);
	}
	return NULL;
}

int
vega_ticker_start(
	struct vega_ticker *ticker, uint64_t period_ns, void (*tick)(void *arg), void *arg)
{
	int rc;

	*ticker = (struct vega_ticker){.period_ns = period_ns, .tick = tick, .arg = arg};
	rc = vega_thread_start(&ticker->thread, run, ticker);
	if (rc != 0)
		return VEGA_ERR_EX(-rc, EX_UNAVAILABLE,
			"need a thread to look after the output, found none; raise the limit of "
			"processes (ulimit -u)");
	ticker->runs = true;
	return 0;
}

void
vega_ticker_stop(struct vega_ticker *ticker)
{
	if (!ticker->runs)
		return;
	vega_store_relaxed(&ticker->stop, 1); /* the join orders the rest */
	vega_thread_join(&ticker->thread);
	ticker->runs = false;
}
