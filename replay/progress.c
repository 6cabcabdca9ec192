/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/progress.h"

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/zone.h"

#define STEP_NS  100000000u
#define STEP_CNT 5u /* between two lines */

static void
show(const struct vega_replay *replay, uint64_t *frames_before)
{
	const uint64_t frames =
		vega_load_relaxed(&replay->progress_frames); /* P1: pairs with the sender's store */
	const double a_second =
		(double)(frames - *frames_before) * 1e9 / (double)(STEP_NS * STEP_CNT);
	char count_text[32];
	char rate_text[32];
	char time_text[40];

	*frames_before = frames;
	if (frames != 0)
		vega_progress("%s packets, %s/s, at %s",
			vega_text_count(count_text, (double)frames),
			vega_text_count(rate_text, a_second),
			vega_text_time(time_text, vega_load_relaxed(&replay->progress_ns)));
}

static void *
show_until_stopped(void *arg)
{
	struct vega_replay_progress *progress = arg;
	uint64_t frames_before = 0;

	for (uint32_t step = 1; vega_load_relaxed(&progress->stop) == 0; step++) {
		vega_sleep_until_ns(vega_monotonic_ns() + STEP_NS);
		if (step % STEP_CNT == 0)
			show(progress->replay, &frames_before);
	}
	vega_progress_done();
	return NULL;
}

void
vega_replay_progress_start(struct vega_replay_progress *progress, const struct vega_replay *replay)
{
	*progress = (struct vega_replay_progress){.replay = replay};
	if (vega_progress_wanted())
		progress->running =
			pthread_create(&progress->thread, NULL, show_until_stopped, progress) == 0;
}

void
vega_replay_progress_stop(struct vega_replay_progress *progress)
{
	if (!progress->running)
		return;
	vega_store_relaxed(&progress->stop, 1);
	(void)pthread_join(progress->thread, NULL);
}
