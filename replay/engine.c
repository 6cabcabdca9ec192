/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/engine.h"

#include "hugepages/base/atomic.h"
#include "hugepages/base/clock.h"

#define SKIP_CNT   4096u     /* frames passed over in a poll */
#define PAUSE_NS   10000000u /* between two looks whether it goes on */
#define WISH_SHIFT 60u
#define WISH_ARG   ((1ull << WISH_SHIFT) - 1)

/* What the book-keeping behind a send, or another priority, may take: no absence of the processor's. */
#define OWN_NS 4000u

/*
 * After COLD_NS without a send the output is warmed up for the next one: so long before, that it is done in time, also when it is cold
 * itself; when there is no time left, not at all.
 */
#define COLD_NS         250000u
#define WARM_UP_NS      120000u
#define WARM_UP_LAST_NS 60000u

/* How long before its time a frame is handed over: an output with a lead sends it by itself. */
static inline uint64_t
lead_ns_of(const struct vega_replay *replay)
{
	return vega_pace_is_max(&replay->pace) ? 0 : replay->tx->lead_ns;
}

void
vega_replay_init(struct vega_replay *replay, struct vega_merge *merge, struct vega_tx *tx,
	struct vega_report *report, const struct vega_replay_conf *conf)
{
	*replay = (struct vega_replay){
		.merge = merge,
		.tx = tx,
		.report = report,
		.conf = *conf,
		.pace = {.speed_millionths = conf->speed_millionths,
			.rate_pps = conf->rate_pps,
			.gap_ns_max = conf->gap_ns_max},
		.paused = conf->paused,
		.stepped = conf->paused,
		.speed_millionths = conf->speed_millionths,
	};
	report->lead_ns = lead_ns_of(replay);
	replay->may_warm_up = tx->ops->warm_up != NULL && !conf->no_warm_up && tx->lead_ns == 0;
}

void
vega_replay_again(struct vega_replay *replay, uint64_t packet_idx)
{
	replay->conf.start_ns = 0;
	replay->started = false;
	replay->seek_ns = 0;
	replay->packet_idx = packet_idx;
	replay->burst_cnt = 0;
	replay->burst_sent = 0;
	replay->starved_since_ns = 0;
	replay->stepped = replay->paused != 0;
	replay->stepped_ns = 0;
	replay->looked_ns = 0;
}

/* The first frame is known: it sets the base of the schedule. */
static void
start(struct vega_replay *replay, const struct vega_frame *first)
{
	const uint64_t start_ns =
		replay->conf.start_ns != 0
			? replay->conf.start_ns
			: vega_monotonic_ns() + lead_ns_of(replay) + replay->conf.settle_ns;

	vega_pace_start(&replay->pace, first->recv_ns, start_ns);
	if (replay->report->frames_taken == 0)
		replay->report->first_ns = first->recv_ns;
	replay->started = true;
}

/* ---- wishes --------------------------------------------------------------------------------------------------- */

bool
vega_replay_ask(struct vega_replay *replay, enum vega_wish wish, uint64_t argument)
{
	if (vega_load_acquire(&replay->wish) != 0) /* K1: pairs with K2, the last one was taken */
		return false;
	vega_store_relaxed(&replay->wish, (uint64_t)wish << WISH_SHIFT | (argument & WISH_ARG));
	return true;
}

/* The schedule begins anew: what was recorded at recv_ns is due at now_ns. */
static void
reschedule(struct vega_replay *replay, uint64_t speed_millionths, uint64_t recv_ns, uint64_t now_ns)
{
	vega_pace_change(&replay->pace, speed_millionths, recv_ns, now_ns);
	for (uint32_t i = replay->burst_sent; i < replay->burst_cnt; i++) {
		replay->due_ns[i] = vega_pace_due_ns(&replay->pace, replay->burst[i].recv_ns);
		vega_pace_take(&replay->pace, replay->burst[i].recv_ns, replay->due_ns[i]);
	}
}

/* What is left to wait for the next frame shrinks or grows with the speed. In a pause time stands where that began. */
static void
change_speed(struct vega_replay *replay, uint64_t speed_millionths, uint64_t now_ns)
{
	const uint32_t next = replay->burst_sent;
	const uint64_t at_ns = replay->paused != 0 ? replay->paused_since_ns : now_ns;
	unsigned __int128 wait_ns = vega_pace_wait_ns(replay->due_ns[next], at_ns);

	if (replay->pace.rate_pps != 0)
		return;
	wait_ns = speed_millionths != 0 ? wait_ns * replay->pace.speed_millionths / speed_millionths
					: 0;
	wait_ns = wait_ns < UINT64_MAX ? wait_ns : UINT64_MAX;
	reschedule(replay, speed_millionths, replay->burst[next].recv_ns,
		vega_pace_later_ns(at_ns, (uint64_t)wait_ns));
	vega_store_relaxed(&replay->speed_millionths, speed_millionths);
}

static void
pause_replay(struct vega_replay *replay, uint64_t now_ns)
{
	vega_store_relaxed(&replay->paused, 1);
	replay->paused_since_ns = now_ns;
	replay->stepped = false;
	replay->stepped_ns = 0;
}

/* Time goes on where it stood, or, after steps, from the frame sent last. */
static void
resume(struct vega_replay *replay, uint64_t now_ns)
{
	const uint64_t paused_ns = now_ns - replay->paused_since_ns;
	const uint64_t next_ns = replay->burst[replay->burst_sent].recv_ns;

	vega_store_relaxed(&replay->paused, 0);
	if (replay->stepped) {
		reschedule(replay, replay->pace.speed_millionths,
			replay->stepped_ns != 0 ? replay->stepped_ns : next_ns, now_ns);
		return;
	}
	vega_pace_delay(&replay->pace, paused_ns);
	for (uint32_t i = replay->burst_sent; i < replay->burst_cnt; i++)
		replay->due_ns[i] = vega_pace_later_ns(replay->due_ns[i], paused_ns);
}

/* A burst is ready. Returns 1 when its first frame is to leave alone now, 0, or -ENODATA: for a seek. */
static VEGA_COLD int
take_wish(struct vega_replay *replay, uint64_t now_ns)
{
	const uint64_t wish = vega_load_relaxed(&replay->wish);
	const uint64_t argument = wish & WISH_ARG;

	vega_store_release(&replay->wish, 0); /* K2: pairs with K1 */
	switch (wish >> WISH_SHIFT) {
	case VEGA_WISH_PAUSE:
		if (replay->paused != 0)
			resume(replay, now_ns);
		else
			pause_replay(replay, now_ns);
		return 0;
	case VEGA_WISH_STEP:
		if (replay->paused == 0)
			pause_replay(replay, now_ns);
		replay->stepped = true;
		replay->stepped_ns = replay->burst[replay->burst_sent].recv_ns;
		return 1;
	case VEGA_WISH_SPEED:
		change_speed(replay, argument, now_ns);
		return 0;
	case VEGA_WISH_SEEK:
		replay->seek_ns = argument * 1000;
		return -ENODATA;
	default:
		return 0;
	}
}

/* ---- bursts --------------------------------------------------------------------------------------------------- */

/* Pass over frames before the first that is wanted. Returns 1 when it is next, 0 at the end, -EAGAIN: there are more. */
static VEGA_COLD int
skip_frames(struct vega_replay *replay)
{
	const struct vega_frame *frame;

	for (uint32_t i = 0; i < SKIP_CNT && replay->packet_idx < replay->conf.packet_first; i++) {
		int rc = vega_merge_peek(replay->merge, &frame);

		if (rc != 1)
			return rc;
		vega_merge_pop(replay->merge);
		replay->packet_idx++;
	}
	return replay->packet_idx < replay->conf.packet_first ? -EAGAIN : 1;
}

/* As vega_merge_peek, of the frames that are wanted. */
static inline int
peek(struct vega_replay *replay, const struct vega_frame **ret_frame)
{
	const struct vega_replay_conf *conf = &replay->conf;

	if (vega_unlikely(replay->packet_idx < conf->packet_first)) {
		int rc = skip_frames(replay);

		if (rc != 1)
			return rc;
	}
	if (vega_unlikely(conf->packet_end != 0 && replay->packet_idx >= conf->packet_end))
		return 0;
	return vega_merge_peek(replay->merge, ret_frame);
}

/*
 * Add frames to the burst: the next one whenever it is due, and those after it that are due by `by_ns` or with it, or will be when
 * the output has sent those before them.
 * Returns what the merge said last: 1 when the burst is full or the next frame has time, else 0 or -EAGAIN.
 */
static int
gather(struct vega_replay *replay, uint64_t by_ns)
{
	const struct vega_frame *frame;

	while (replay->burst_cnt < VEGA_TX_BURST_CNT_MAX) {
		const uint32_t n = replay->burst_cnt;
		int rc = peek(replay, &frame);
		uint64_t due_ns;

		if (rc != 1)
			return rc;
		if (vega_unlikely(!replay->started))
			start(replay, frame);
		due_ns = vega_pace_due_ns(&replay->pace, frame->recv_ns);
		if (n != 0 && due_ns > by_ns + (n - replay->burst_sent) * replay->cost.frame_ns &&
			due_ns != replay->due_ns[0])
			break;
		replay->burst[n] = *frame;
		replay->due_ns[n] = due_ns;
		replay->burst_cnt = n + 1;
		vega_pace_take(&replay->pace, frame->recv_ns, due_ns);
		vega_merge_pop(replay->merge);
		replay->packet_idx++;
	}
	return 1;
}

/* Nothing to send: either all is done, or the reader is behind. */
static int
nothing_ready(struct vega_replay *replay, int rc)
{
	if (rc == 0)
		return -ENODATA;
	vega_merge_release(
		replay->merge); /* blocks that held nothing for us must not stay in the reader's way */
	if (replay->started && replay->starved_since_ns == 0) {
		replay->starved_since_ns = vega_monotonic_ns();
		replay->report->starved_cnt++;
	}
	return 0;
}

static void
end_starvation(struct vega_replay *replay, uint64_t now_ns)
{
	replay->report->starved_ns += now_ns - replay->starved_since_ns;
	replay->starved_since_ns = 0;
}

/* They leave by themselves, nobody here knows how exactly: only what comes too late for its time is known to be late. */
static void
note_hand_over(
	struct vega_replay *replay, const uint64_t *due_ns, uint32_t sent_cnt, uint64_t now_ns)
{
	for (uint32_t i = 0; i < sent_cnt; i++)
		replay->report->late_cnt += now_ns > due_ns[i] + VEGA_REPORT_LATE_NS;
	vega_timeline_due(&replay->report->timeline, due_ns[0], sent_cnt, 0, 0);
}

/* Together at now_ns, or each step_ns after the one before. */
static void
note_errors(struct vega_replay *replay, uint32_t sent_cnt, uint64_t now_ns, uint64_t step_ns)
{
	const uint64_t *due_ns = replay->due_ns + replay->burst_sent;
	struct vega_report *report = replay->report;
	uint64_t error_ns_sum = 0;
	uint64_t error_ns_max = 0;

	vega_report_burst(report, now_ns - due_ns[0]);
	for (uint32_t i = 0; i < sent_cnt; i++) {
		const uint64_t left_ns = now_ns + i * step_ns;
		const uint64_t error_ns = left_ns > due_ns[i] ? left_ns - due_ns[i] : 0;

		vega_report_departure(report, error_ns);
		if (vega_unlikely(left_ns < due_ns[i]))
			vega_report_early(report, due_ns[i] - left_ns);
		if (vega_unlikely(due_ns[i] <= replay->away_end_ns) &&
			due_ns[i] > replay->away_begin_ns)
			vega_report_disturbed(
				report, report->frames_taken - sent_cnt + i, error_ns);
		error_ns_sum += error_ns;
		error_ns_max = error_ns > error_ns_max ? error_ns : error_ns_max;
	}
	vega_timeline_due(&report->timeline, due_ns[0], sent_cnt, error_ns_sum, error_ns_max);
}

/* Returns what a frame of a serial output took, else 0. */
static uint64_t
measure_step(struct vega_replay *replay, uint32_t sent_cnt, uint64_t now_ns)
{
	const uint64_t done_ns = vega_monotonic_ns();

	replay->looked_ns = done_ns + OWN_NS;
	replay->warm_ns = done_ns;
	if (!replay->tx->is_serial)
		return 0;
	vega_call_cost_learn(
		&replay->cost, sent_cnt, done_ns - now_ns, replay->tx->counts.packets_sent);
	return (done_ns - now_ns) / sent_cnt;
}

static void
note_departures(struct vega_replay *replay, uint32_t sent_cnt, uint64_t now_ns)
{
	struct vega_report *report = replay->report;

	if (vega_unlikely(report->frames_taken == 0))
		report->begin_ns = now_ns;
	report->frames_taken += sent_cnt;
	report->last_ns = replay->burst[replay->burst_sent + sent_cnt - 1].recv_ns;
	vega_timeline_sent(&report->timeline, now_ns, sent_cnt);
	if (vega_pace_is_max(&replay->pace))
		return;
	if (replay->tx->lead_ns != 0) {
		note_hand_over(replay, replay->due_ns + replay->burst_sent, sent_cnt, now_ns);
		return;
	}
	note_errors(replay, sent_cnt, now_ns, measure_step(replay, sent_cnt, now_ns));
}

/* Hand over the first frame_cnt frames of what is ready. */
static int
send_burst(struct vega_replay *replay, uint32_t frame_cnt, uint64_t now_ns)
{
	const uint32_t at = replay->burst_sent;
	const uint64_t *due_ns = lead_ns_of(replay) != 0 ? replay->due_ns + at : NULL;
	int sent = replay->tx->ops->send_burst(replay->tx, replay->burst + at, due_ns, frame_cnt);

	replay->looked_ns = 0;
	if (sent <= 0) {
		replay->report->full_cnt += sent == 0;
		return sent;
	}
	note_departures(replay, (uint32_t)sent, now_ns);
	vega_store_relaxed(&replay->progress_frames, replay->report->frames_taken);
	vega_store_relaxed(&replay->progress_ns, replay->report->last_ns);
	replay->burst_sent += (uint32_t)sent;
	if (replay->burst_sent == replay->burst_cnt) {
		replay->burst_cnt = 0;
		replay->burst_sent = 0;
		vega_merge_release(replay->merge);
	}
	return sent;
}

/* A wish, or a pause. Returns false when what is ready is sent as ever, else true and what poll returns. */
static VEGA_COLD bool
attend(struct vega_replay *replay, uint64_t now_ns, uint64_t *ret_wait_ns, int *ret_rc)
{
	int rc = vega_load_relaxed(&replay->wish) != 0 ? take_wish(replay, now_ns) : 0;

	replay->looked_ns = 0;
	if (rc == 1) {
		replay->due_ns[replay->burst_sent] = now_ns;
		rc = send_burst(replay, 1, now_ns);
	} else if (rc == 0 && replay->paused != 0) {
		*ret_wait_ns = PAUSE_NS;
	} else if (rc == 0) {
		return false;
	}
	*ret_rc = rc;
	return true;
}

/* ---- spinning ------------------------------------------------------------------------------------------------- */

/* It has spun since it last looked at the clock: if that took long, something else had the processor. */
static inline void
note_spin(struct vega_replay *replay, uint64_t now_ns)
{
	const bool has_spun = replay->looked_ns != 0 && now_ns > replay->looked_ns;
	const uint64_t spun_ns = has_spun ? now_ns - replay->looked_ns : 0;

	replay->report->spun_ns += spun_ns;
	if (vega_unlikely(spun_ns > VEGA_REPORT_AWAY_NS)) {
		replay->report->away_ns += spun_ns;
		replay->report->away_cnt++;
		replay->away_begin_ns = replay->looked_ns;
		replay->away_end_ns = now_ns;
	}
}

static VEGA_COLD void
warm_up(struct vega_replay *replay, uint64_t now_ns)
{
	struct vega_tx *tx = replay->tx;

	replay->report->warm_up_cnt += tx->ops->warm_up(tx, &replay->burst[replay->burst_sent]);
	replay->warm_ns = now_ns;
	replay->looked_ns = 0;
}

/* Nothing is due for wait_ns. */
static inline void
spin(struct vega_replay *replay, uint64_t now_ns, uint64_t wait_ns)
{
	replay->looked_ns = now_ns;
	if (vega_unlikely(wait_ns - WARM_UP_LAST_NS <= WARM_UP_NS - WARM_UP_LAST_NS) &&
		replay->may_warm_up && now_ns - replay->warm_ns > COLD_NS - WARM_UP_NS)
		warm_up(replay, now_ns);
}

int
vega_replay_poll(struct vega_replay *replay, uint64_t *ret_wait_ns)
{
	int rc = gather(replay, 0);
	uint64_t now_ns;
	uint64_t by_ns;
	uint32_t ready_cnt;

	*ret_wait_ns = 0;
	if (replay->burst_cnt == 0)
		return nothing_ready(replay, rc);
	now_ns = vega_monotonic_ns();
	if (vega_unlikely(replay->starved_since_ns != 0))
		end_starvation(replay, now_ns);
	if (vega_unlikely((vega_load_relaxed(&replay->wish) | replay->paused) != 0) &&
		attend(replay, now_ns, ret_wait_ns, &rc))
		return rc;
	note_spin(replay, now_ns);
	by_ns = now_ns + lead_ns_of(replay);
	*ret_wait_ns = vega_pace_wait_ns(replay->due_ns[replay->burst_sent], by_ns);
	if (*ret_wait_ns != 0) {
		spin(replay, now_ns, *ret_wait_ns);
		return 0;
	}
	ready_cnt = replay->burst_cnt;
	(void)gather(replay, by_ns);
	if (replay->burst_cnt != ready_cnt)
		now_ns = vega_monotonic_ns();
	return send_burst(replay, replay->burst_cnt - replay->burst_sent, now_ns);
}

int
vega_replay_run(struct vega_replay *replay, struct vega_sender *sender, const uint64_t *stop)
{
	struct vega_report *report = replay->report;
	uint64_t wait_ns;
	int flushed;
	int rc = 0;

	while (rc >= 0 && vega_load_relaxed(stop) == 0) {
		rc = vega_replay_poll(replay, &wait_ns);
		if (rc == 0 && wait_ns != 0 && (lead_ns_of(replay) != 0 || replay->paused != 0))
			wait_ns += sender->spin_ns; /* the lead, or the pause, is time to wake up */
		if (rc == 0 && vega_sender_wait(sender, wait_ns))
			replay->looked_ns = 0;
		if (vega_sender_step(sender, rc > 0 ? (uint32_t)rc : 0) && replay->looked_ns != 0)
			replay->looked_ns += OWN_NS;
	}
	report->interrupted = rc >= 0;
	rc = rc >= 0 || rc == -ENODATA ? 0 : rc;
	flushed = replay->tx->ops->flush(replay->tx);
	report->end_ns = report->frames_taken != 0 ? vega_monotonic_ns() : 0;
	report->tx = replay->tx->counts;
	report->scheduler = vega_sender_scheduler(sender);
	return rc != 0 ? rc : flushed;
}
