/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/lcore.h"

#include <time.h>

#include "hugepages/base/clock.h"

#define SECOND_NS        1000000000ull
#define IDLE_POLL_CNT    1000u /* empty polls before an adaptive loop sleeps ... */
#define IDLE_SLEEP_NS    50000 /* ... and for how long */
#define SLOW_INTERVAL_NS 100000000ull

struct vega_lcore_clock
vega_lcore_clock_begin(void)
{
	return (struct vega_lcore_clock){
		.begin_ticks = vega_ticks(),
		.rate_q32 = (uint64_t)(((unsigned __int128)SECOND_NS << 32) / vega_ticks_hz()),
	};
}

/* From 1 on, so that 0 stays "never". */
static uint64_t
clock_ns(const struct vega_lcore_clock *clock)
{
	return 1 + (uint64_t)(((unsigned __int128)(vega_ticks() - clock->begin_ticks) *
				      clock->rate_q32) >>
			      32);
}

static void
rest(enum vega_idle idle, unsigned *empty_cnt)
{
	const struct timespec sleep = {.tv_nsec = IDLE_SLEEP_NS};

	if (idle != VEGA_IDLE_ADAPTIVE || ++*empty_cnt < IDLE_POLL_CNT)
		return;
	*empty_cnt = IDLE_POLL_CNT;
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &sleep, NULL);
}

static void
lay_clock(struct vega_lcore_rx *l, uint32_t flags)
{
	struct vega_clock_block block;

	vega_stamp_block(&l->stamp, flags, 0, &block);
	vega_rx_clock(l->rx, &block);
}

static void
step_back(struct vega_lcore_rx *l)
{
	struct vega_clock_block block;

	vega_stamp_block(&l->stamp, VEGA_CLOCK_JUMP, 0, &block);
	vega_rx_step_back(l->rx, &block);
}

/* Take the newest line of the clock before a burst is stamped by it; where it was broken, the lanes say so. */
static void
look_at_clock(struct vega_lcore_rx *l)
{
	const uint64_t step_cnt = l->stamp.step_cnt;
	const uint64_t back_cnt = l->stamp.back_cnt;

	if (vega_likely(!vega_stamp_refresh(l->stamps, &l->stamp_seen, &l->stamp)) ||
		vega_likely(l->stamp.step_cnt == step_cnt))
		return;
	if (l->stamp.back_cnt != back_cnt) {
		step_back(l);
		vega_count(&l->rx->cells->clock_steps, l->stamp.back_cnt - back_cnt);
	}
	lay_clock(l, VEGA_CLOCK_JUMP);
}

static void
tell_port_losses(struct vega_lcore_rx *l)
{
	for (uint32_t i = 0; i < l->port_cnt; i++) {
		struct vega_lcore_port *port = &l->ports[i];
		const uint64_t missed = vega_load_relaxed(&port->cells->drop_missed) +
					vega_load_relaxed(&port->cells->drop_errors);
		const uint64_t nombuf = vega_load_relaxed(&port->cells->drop_nombuf);

		if (missed != port->missed_told || nombuf != port->nombuf_told)
			vega_rx_port_losses(
				l->rx, missed - port->missed_told, nombuf - port->nombuf_told);
		port->missed_told = missed;
		port->nombuf_told = nombuf;
	}
}

/* Ten times a second; on every tenth, clock blocks. */
static void
do_slow_work(struct vega_lcore_rx *l, uint64_t round)
{
	if (l->stamps != NULL && round % 10 == 0)
		lay_clock(l, round == 0 ? VEGA_CLOCK_START : 0);
	tell_port_losses(l);
}

int
vega_lcore_rx_run(void *arg)
{
	struct vega_lcore_rx *l = arg;
	uint64_t slow_ns = 0;
	uint64_t rounds = 0;
	unsigned empty_cnt = 0;

	for (;;) {
		const uint64_t begin_ns = clock_ns(&l->clock);
		const bool stop = vega_load_acquire(l->stop) != 0; /* L2: pairs with L1 */

		if (l->stamps != NULL)
			look_at_clock(l);
		if (vega_unlikely(begin_ns >= slow_ns)) {
			do_slow_work(l, rounds++);
			slow_ns = begin_ns + SLOW_INTERVAL_NS;
		}
		if (vega_unlikely(stop))
			l->rx->packets_left = 0; /* only what is held is still laid */
		if (vega_rx_poll(l->rx, begin_ns) != 0) {
			vega_count_max(&l->rx->cells->poll_ns_max, clock_ns(&l->clock) - begin_ns);
			empty_cnt = 0;
			continue;
		}
		if (vega_rx_done(l->rx))
			break;
		rest(l->idle, &empty_cnt);
	}
	tell_port_losses(l);
	vega_rx_end(l->rx);
	vega_rx_seal(l->rx, VEGA_SEAL_STOP);
	if (l->rx->source_rc != 0)
		vega_err_save(&l->err, l->rx->source_rc);
	vega_store_release(&l->done, 1); /* L3: pairs with L4 */
	return 0;
}

bool
vega_lcore_rx_done(const struct vega_lcore_rx *rx, uint32_t rx_cnt)
{
	for (uint32_t i = 0; i < rx_cnt; i++)
		if (vega_load_acquire(&rx[i].done) == 0) /* L4: pairs with L3 */
			return false;
	return true;
}

int
vega_lcore_drain_run(void *arg)
{
	struct vega_lcore_drain *l = arg;
	unsigned empty_cnt = 0;

	for (;;) {
		const bool done = vega_lcore_rx_done(
			l->rx, l->rx_cnt); /* before the poll: then it sees every block */

		if (l->poll(l->drain, clock_ns(&l->clock)) != 0) {
			empty_cnt = 0;
			continue;
		}
		if (done)
			break;
		rest(l->idle, &empty_cnt);
	}
	return 0;
}
