/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/progress.h"

#include <stdio.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/zone.h"
#include "replay/terminal.h"

#define STEP_MS 100
#define STEP_NS 100000000u
#define SHOW_NS 500000000u /* between two lines */
#define SEEK_US 10000000u
#define ASK_NS  1000000u /* between two tries */
#define ASK_CNT 300u     /* the sender may sleep for a tenth of a second */
#define FACTOR  2u

struct shown {
	uint64_t frames;
	uint64_t at_ns;
};

static const char *
text_speed(char text[24], uint64_t speed_millionths)
{
	if (speed_millionths == 0)
		return "at full speed";
	(void)snprintf(text, 24, "%g x", (double)speed_millionths / VEGA_SPEED_UNIT);
	return text;
}

static void
show(const struct vega_replay_progress *progress, struct shown *last)
{
	const struct vega_replay *replay = progress->replay;
	const uint64_t frames =
		vega_load_relaxed(&replay->progress_frames); /* P1: pairs with the sender's store */
	const uint64_t now_ns = vega_monotonic_ns();
	const double span_s = (double)(now_ns - last->at_ns) / 1e9;
	const double a_second = (double)(frames - last->frames) / (span_s > 0 ? span_s : 1);
	const bool paused = vega_load_relaxed(&replay->paused) != 0;
	char count_text[32];
	char rate_text[32];
	char speed_text[24];
	char time_text[40];

	*last = (struct shown){frames, now_ns};
	if (!progress->has_line || (frames == 0 && !paused))
		return;
	vega_progress("%s%s packets, %s/s, %s, at %s%s", paused ? "paused: " : "",
		vega_text_count(count_text, (double)frames), vega_text_count(rate_text, a_second),
		text_speed(speed_text, vega_load_relaxed(&replay->speed_millionths)),
		vega_text_time(time_text, vega_load_relaxed(&replay->progress_ns)),
		progress->has_keys ? "  [space n + - , . q]" : "");
}

/* A wish is a word: while the sender has not taken the last one, wait for it. */
static void
ask(const struct vega_replay_progress *progress, enum vega_wish wish, uint64_t argument)
{
	for (uint32_t i = 0; i < ASK_CNT && vega_load_relaxed(&progress->stop) == 0; i++) {
		if (vega_replay_ask(progress->replay, wish, argument))
			return;
		vega_sleep_until_ns(vega_monotonic_ns() + ASK_NS);
	}
}

/* Twice as fast or half of what was asked for last, within the limits; beyond the upper one is full speed. */
static void
ask_speed(struct vega_replay_progress *progress, bool faster)
{
	uint64_t speed = progress->speed_millionths;

	if (speed == 0 && faster)
		return;
	if (speed == 0)
		speed = VEGA_SPEED_MAX;
	else if (faster)
		speed = speed * FACTOR > VEGA_SPEED_MAX ? 0 : speed * FACTOR;
	else
		speed = speed / FACTOR < VEGA_SPEED_MIN ? VEGA_SPEED_MIN : speed / FACTOR;
	progress->speed_millionths = speed;
	ask(progress, VEGA_WISH_SPEED, speed);
}

static void
ask_seek(const struct vega_replay_progress *progress, bool forward)
{
	const uint64_t at_us = vega_load_relaxed(&progress->replay->progress_ns) / 1000;

	if (!progress->may_seek || at_us == 0)
		return;
	ask(progress, VEGA_WISH_SEEK,
		forward           ? at_us + SEEK_US
		: at_us > SEEK_US ? at_us - SEEK_US
				  : 1);
}

static void
take_key(struct vega_replay_progress *progress, int key)
{
	switch (key) {
	case ' ':
		ask(progress, VEGA_WISH_PAUSE, 0);
		return;
	case 'n':
		ask(progress, VEGA_WISH_STEP, 0);
		return;
	case '+':
	case '=': /* the same key without shift */
	case '-':
		ask_speed(progress, key != '-');
		return;
	case '.':
	case ',':
	case VEGA_KEY_LEFT:
	case VEGA_KEY_RIGHT:
		ask_seek(progress, key == '.' || key == VEGA_KEY_RIGHT);
		return;
	case 'q':
		vega_store_relaxed(progress->quit, 1); /* P2: pairs with the sender's load */
		return;
	default:
		return;
	}
}

static void
wait_for_key(struct vega_replay_progress *progress)
{
	if (progress->has_keys)
		take_key(progress, vega_terminal_key(STEP_MS));
	else
		vega_sleep_until_ns(vega_monotonic_ns() + STEP_NS);
}

static void *
show_until_stopped(void *arg)
{
	struct vega_replay_progress *progress = arg;
	struct shown last = {0, vega_monotonic_ns()};

	while (vega_load_relaxed(&progress->stop) == 0) {
		wait_for_key(progress);
		if (vega_monotonic_ns() - last.at_ns >= SHOW_NS)
			show(progress, &last);
	}
	if (progress->has_line)
		vega_progress_done();
	return NULL;
}

void
vega_replay_progress_start(struct vega_replay_progress *progress, struct vega_replay *replay,
	uint64_t *quit, bool may_seek)
{
	*progress = (struct vega_replay_progress){.replay = replay,
		.quit = quit,
		.may_seek = may_seek,
		.speed_millionths = replay->conf.speed_millionths,
		.has_line = vega_progress_wanted(),
		.has_keys = vega_terminal_enter()};
	if (progress->has_line || progress->has_keys)
		progress->running =
			vega_thread_start(&progress->thread, show_until_stopped, progress) == 0;
}

void
vega_replay_progress_stop(struct vega_replay_progress *progress)
{
	if (progress->running) {
		vega_store_relaxed(&progress->stop, 1);
		vega_thread_join(&progress->thread);
	}
	vega_terminal_leave();
}
