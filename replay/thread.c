/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/thread.h"

#include <sched.h>
#include <sys/resource.h>

/* Where threads may run; known once a processor is kept free, else wherever their maker may. */
static cpu_set_t cpus;
static bool is_limited;

bool
vega_thread_keep_free(int cpu)
{
	is_limited = false;
	CPU_ZERO(&cpus);
	if (cpu < 0 || sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return true;
	CPU_CLR((size_t)cpu, &cpus);
	is_limited = CPU_COUNT(&cpus) != 0;
	return is_limited;
}

static void *
begin(void *arg)
{
	struct vega_thread *thread = arg;

	(void)setpriority(PRIO_PROCESS, 0, 0); /* of this thread alone, on Linux */
	return thread->run(thread->arg);
}

int
vega_thread_start(struct vega_thread *thread, void *(*run)(void *arg), void *arg)
{
	const struct sched_param param = {0};
	pthread_attr_t attr;
	int rc = pthread_attr_init(&attr);

	if (rc != 0)
		return rc;
	*thread = (struct vega_thread){.run = run, .arg = arg};
	(void)pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	(void)pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	(void)pthread_attr_setschedparam(&attr, &param);
	if (is_limited)
		(void)pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	rc = pthread_create(&thread->id, &attr, begin, thread);
	(void)pthread_attr_destroy(&attr);
	return rc;
}

void
vega_thread_join(struct vega_thread *thread)
{
	(void)pthread_join(thread->id, NULL);
}
