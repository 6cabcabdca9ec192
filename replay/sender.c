/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/sender.h"

#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "hugepages/base/err.h"

static int
pin(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
		return VEGA_ERR(-ENODEV,
			"--cpu: need a processor this process may use, found no %d; `nproc` counts "
			"them",
			cpu);
	return 0;
}

static bool
is_fifo_throttled(void)
{
	FILE *file = fopen("/proc/sys/kernel/sched_rt_runtime_us", "re");
	int runtime_us = 0;

	if (file == NULL)
		return true;
	if (fscanf(file, "%d", &runtime_us) != 1)
		runtime_us = 0;
	(void)fclose(file);
	return runtime_us >= 0;
}

static const char *
raise_priority(void)
{
	const struct sched_param lowest_fifo = {.sched_priority = 1};

	if (!is_fifo_throttled() && sched_setscheduler(0, SCHED_FIFO, &lowest_fifo) == 0)
		return "fifo";
	if (setpriority(PRIO_PROCESS, 0, -20) == 0) /* of this thread alone, on Linux */
		return "nice -20";
	return "normal";
}

int
vega_sender_prepare(int cpu, bool paced, const char **ret_scheduler)
{
	int rc = cpu >= 0 ? pin(cpu) : 0;

	if (rc != 0)
		return rc;
	*ret_scheduler = "normal";
	if (!paced)
		return 0;
	(void)prctl(PR_SET_TIMERSLACK, 1); /* ns; by default a sleep may end 50 us late */
	*ret_scheduler = raise_priority();
	return 0;
}
