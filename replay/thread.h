/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_THREAD_H
#define VEGA_REPLAY_THREAD_H
/*
 * The threads beside the sender: one that reads ahead, those that look after an output, the display.
 *
 * A thread begins with what its maker has: the sender's processor, its real-time priority. These run anywhere but there, as
 * any thread does, whoever starts them.
 */
#include <pthread.h>
#include <stdbool.h>

#include "hugepages/base/attr.h"

struct vega_thread {
	pthread_t id;
	void *(*run)(void *arg);
	void *arg;
};

/*
 * From now on no thread is started on this processor, as long as the process may use another one. Once, before the first.
 *
 * Params: cpu	-1: none is kept free
 * Returns whether there is another one, or none is kept free.
 */
bool vega_thread_keep_free(int cpu);

/* Start run(arg). The thread's place stays where it is until it is joined. Returns 0 or a positive errno. */
int vega_thread_start(
	struct vega_thread *thread, void *(*run)(void *arg), void *arg) VEGA_MUST_CHECK;

void vega_thread_join(struct vega_thread *thread);

#endif
