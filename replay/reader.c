/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/reader.h"

#include "hugepages/base/atomic.h"
#include "hugepages/base/clock.h"

/*
 * With every queue full there are at least eight blocks ahead of the sender: at 15 Mpps 2 ms, and seldom less than 10.
 * So the reader may sleep, shortly at first, and the sender never has to wake it.
 */
#define SLEEP_NS_MIN 50000u
#define SLEEP_NS_MAX 800000u

/* One round: a block for each input that has room, so that none runs ahead of the others. */
static uint32_t
load_round(struct vega_reader *reader, uint32_t *ret_open_cnt)
{
	uint32_t loaded_cnt = 0;

	*ret_open_cnt = 0;
	for (uint32_t i = 0; i < reader->input_cnt; i++) {
		loaded_cnt += (uint32_t)vega_input_load(reader->inputs[i]);
		*ret_open_cnt += reader->inputs[i]->reader.ended == 0;
	}
	return loaded_cnt;
}

static void *
read_ahead(void *arg)
{
	struct vega_reader *reader = arg;
	uint32_t sleep_ns = SLEEP_NS_MIN;
	uint32_t open_cnt = 1;

	while (open_cnt != 0 && vega_load_relaxed(&reader->stop) == 0) { /* R1: pairs with R2 */
		if (load_round(reader, &open_cnt) != 0) {
			sleep_ns = SLEEP_NS_MIN;
			continue;
		}
		vega_sleep_until_ns(vega_monotonic_ns() + sleep_ns);
		sleep_ns = sleep_ns < SLEEP_NS_MAX ? sleep_ns * 2 : SLEEP_NS_MAX;
	}
	return NULL;
}

int
vega_reader_start(struct vega_reader *reader, struct vega_input **inputs, uint32_t input_cnt)
{
	int rc;

	*reader = (struct vega_reader){.inputs = inputs, .input_cnt = input_cnt};
	rc = vega_thread_start(&reader->thread, read_ahead, reader);
	if (rc != 0)
		return VEGA_ERR_EX(-rc, EX_UNAVAILABLE,
			"need a thread to read ahead, found none; raise the limit of processes "
			"(ulimit -u)");
	return 0;
}

void
vega_reader_stop(struct vega_reader *reader)
{
	vega_store_relaxed(&reader->stop, 1); /* R2: pairs with R1; the join orders the rest */
	vega_thread_join(&reader->thread);
}
