/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/watch.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"

#define ROUND_NS       100000000u
#define DISPLAY_ROUNDS 5u
#define WAKE           SIGUSR1 /* ends a wait, asks for nothing */
#define SIGNALLED \
	128 /* exit status of a process that ends by signal n, as shells say it: 128 + n */

static void
make_signal_set(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, WAKE);
}

void
vega_watch_prepare(struct vega_watch *watch)
{
	sigset_t set;

	make_signal_set(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	CPU_ZERO(&watch->cpus);
	(void)sched_getaffinity(0, sizeof(watch->cpus), &watch->cpus);
}

static void
stop(struct vega_watch *w)
{
	vega_store_release(&w->stop, 1); /* L1: pairs with L2 (capture/lcore.h) */
}

/* Until the next round or a signal. */
static void
wait_round(struct vega_watch *w)
{
	const struct timespec timeout = {.tv_nsec = ROUND_NS};
	sigset_t set;
	int number;

	make_signal_set(&set);
	number = sigtimedwait(&set, NULL, &timeout);
	if (number <= 0 || number == WAKE)
		return;
	if (w->asked_ns == 0)
		w->asked_ns = vega_monotonic_ns();
	else if (vega_monotonic_ns() - w->asked_ns >= VEGA_SAME_WISH_NS)
		_exit(SIGNALLED + number); /* asked twice: what is not yet durable is lost */
	stop(w);
}

static void
sample_clock(struct vega_watch *w)
{
	struct vega_stamp_sample sample;

	vega_stamp_take(&sample);
	if (w->stamp.ticks_hz == 0)
		vega_stamp_begin(&w->stamp, &sample, vega_ticks_hz());
	else
		(void)vega_stamp_bend(&w->stamp, &sample);
	vega_stamp_publish(&w->stamps, &w->stamp);
}

/* What all lcores have taken so far. */
static uint64_t
packets_polled(const struct vega_watch *w)
{
	uint64_t packets = 0;

	for (uint32_t i = 0; i < w->region->control->lcore_cnt; i++)
		packets += vega_load_relaxed(&w->region->lcores[i].packets_polled);
	return packets;
}

static void
show(struct vega_watch *w, uint64_t now_ns)
{
	const double seconds = (double)(now_ns - w->shown_ns) / 1e9;
	struct vega_totals t;
	char received[32];
	char rate[32];

	vega_stat_take(w->region, true, vega_realtime_ns(), &w->stat);
	vega_stat_totals(&w->stat, &t);
	vega_progress(
		"%.0f s: %s packets, %s a second, %.3f Gbit/s; dropped %llu, frames lost %llu",
		(double)(now_ns - w->begin_ns) / 1e9,
		vega_text_count(received, (double)t.packets_received),
		vega_text_count(rate, (double)(t.packets_received - w->shown_packets) / seconds),
		(double)(t.bytes - w->shown_bytes) * 8e-9 / seconds,
		(unsigned long long)t.packets_dropped, (unsigned long long)t.frames_lost);
	w->shown_ns = now_ns;
	w->shown_packets = t.packets_received;
	w->shown_bytes = t.bytes;
}

static void
do_round(struct vega_watch *w)
{
	const uint64_t now_ns = vega_monotonic_ns();

	vega_store_relaxed(&w->region->control->heartbeat_ns, vega_realtime_ns());
	if (w->stamping)
		sample_clock(w);
	if (w->look_at_ports != NULL)
		w->look_at_ports(w->ports);
	if (w->duration_ns != 0 && now_ns - w->begin_ns >= w->duration_ns)
		stop(w);
	if (w->packets_max != UINT64_MAX && packets_polled(w) >= w->packets_max)
		stop(w);
	if (w->display && ++w->round % DISPLAY_ROUNDS == 0)
		show(w, now_ns);
}

static void *
run(void *arg)
{
	struct vega_watch *w = arg;

	while (vega_load_acquire(&w->quit) == 0) { /* Q2: pairs with Q1 */
		wait_round(w);
		do_round(w);
	}
	return NULL;
}

int
vega_watch_start(struct vega_watch *watch)
{
	pthread_attr_t attr;
	int rc;

	watch->begin_ns = watch->shown_ns = vega_monotonic_ns();
	do_round(watch);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setaffinity_np(&attr, sizeof(watch->cpus), &watch->cpus);
	rc = pthread_create(&watch->thread, &attr, run, watch);
	(void)pthread_attr_destroy(&attr);
	if (rc != 0)
		return VEGA_ERR_EX(-rc, EX_OSERR,
			"need a control thread, found: limit reached; raise `ulimit -u`");
	return 0;
}

void
vega_watch_finish(struct vega_watch *watch)
{
	vega_store_release(&watch->quit, 1); /* Q1: pairs with Q2 */
	(void)pthread_kill(watch->thread, WAKE);
	(void)pthread_join(watch->thread, NULL);
	if (watch->look_at_ports != NULL)
		watch->look_at_ports(watch->ports);
	if (watch->display)
		vega_progress_done();
}
