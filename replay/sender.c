/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/sender.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"

/* The longest sleep: a signal that comes just before it is seen after it. */
#define SLEEP_NS_MAX 100000000u

/* The shortest, for when the reader or the output is behind and may need this processor. */
#define GIVE_WAY_NS 20000u

/* Of each window so much is slept, or left at nice -20. Every second holds a whole window, so none is spun to 0.95. */
#define WINDOW_NS 500000000u
#define GIVEN_NS  70000000u

static bool
has_several_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) != 0 || CPU_COUNT(&cpus) > 1;
}

static int
pin(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
		return VEGA_ERR(-ENODEV,
			"--cpu: need a processor this process may use, found no %d; `nproc` counts "
			"them",
			cpu);
	return 0;
}

/* Returns whether it was permitted. */
static bool
set_fifo(bool on)
{
	const struct sched_param param = {.sched_priority = on ? 1 : 0};

	return sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &param) == 0;
}

int
vega_sender_prepare(struct vega_sender *sender, int cpu, bool paced)
{
	const bool has_own = cpu >= 0 && has_several_cpus();
	int rc = cpu >= 0 ? pin(cpu) : 0;

	*sender = (struct vega_sender){.window_begin_ns = vega_monotonic_ns(),
		.spin_ns = has_own ? VEGA_SENDER_SPIN_PINNED_NS : VEGA_SENDER_SPIN_NS};
	if (rc != 0 || !paced)
		return rc;
	(void)prctl(PR_SET_TIMERSLACK, 1); /* ns; by default a sleep may end 50 us late */
	sender->is_nice =
		setpriority(PRIO_PROCESS, 0, -20) == 0; /* of this thread alone, on Linux */
	sender->may_fifo = set_fifo(true);
	sender->is_fifo = sender->may_fifo;
	return 0;
}

const char *
vega_sender_scheduler(const struct vega_sender *sender)
{
	if (sender->may_fifo)
		return sender->gave_way ? "fifo, nice -20 a seventh of the time while busy"
					: "fifo";
	return sender->is_nice ? "nice -20" : "normal";
}

bool
vega_sender_wants_fifo(struct vega_sender *sender, uint64_t now_ns)
{
	if (now_ns - sender->window_begin_ns >= WINDOW_NS) {
		sender->window_begin_ns = now_ns;
		sender->slept_ns = 0;
	}
	return now_ns - sender->window_begin_ns < WINDOW_NS - GIVEN_NS + sender->slept_ns;
}

bool
vega_sender_judge(struct vega_sender *sender)
{
	const bool wanted = sender->may_fifo && vega_sender_wants_fifo(sender, vega_monotonic_ns());

	if (wanted == sender->is_fifo || !set_fifo(wanted))
		return false;
	sender->is_fifo = wanted;
	sender->gave_way |= !wanted;
	return true;
}

static void
sleep_for(struct vega_sender *sender, uint64_t sleep_ns)
{
	const uint64_t begin_ns = vega_monotonic_ns();

	vega_sleep_until_ns(begin_ns + sleep_ns);
	sender->slept_ns += vega_monotonic_ns() - begin_ns;
	(void)vega_sender_judge(sender);
}

bool
vega_sender_wait(struct vega_sender *sender, uint64_t wait_ns)
{
	if (wait_ns > sender->spin_ns)
		sleep_for(sender, wait_ns - sender->spin_ns < SLEEP_NS_MAX
					  ? wait_ns - sender->spin_ns
					  : SLEEP_NS_MAX);
	else if (wait_ns == 0 && sender->is_fifo)
		sleep_for(
			sender, GIVE_WAY_NS); /* a real-time thread that yields gives way to none */
	else if (wait_ns == 0)
		(void)sched_yield();
	else
		return false;
	return true;
}
