/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/engine.h"

#include "hugepages/base/atomic.h"
#include "hugepages/base/clock.h"

void
vega_replay_init(struct vega_replay *replay, struct vega_merge *merge, struct vega_tx *tx,
	struct vega_report *report, uint64_t speed_millionths, uint64_t start_ns)
{
	*replay = (struct vega_replay){
		.merge = merge,
		.tx = tx,
		.report = report,
		.pace = {.speed_millionths = speed_millionths},
		.start_ns = start_ns,
	};
}

/* The first frame is known: it sets the base of the schedule. */
static void
start(struct vega_replay *replay, const struct vega_frame *first)
{
	const uint64_t start_ns = replay->start_ns != 0 ? replay->start_ns : vega_monotonic_ns();

	vega_pace_start(&replay->pace, first->recv_ns, start_ns);
	replay->report->first_ns = first->recv_ns;
	replay->started = true;
}

/*
 * Add frames to the burst: the next one whenever it is due, and those after it that are due by `by_ns` or with it.
 * Returns what the merge said last: 1 when the burst is full or the next frame has time, else 0 or -EAGAIN.
 */
static int
gather(struct vega_replay *replay, uint64_t by_ns)
{
	const struct vega_frame *frame;

	while (replay->burst_cnt < VEGA_TX_BURST_CNT_MAX) {
		const uint32_t n = replay->burst_cnt;
		int rc = vega_merge_peek(replay->merge, &frame);
		uint64_t due_ns;

		if (rc != 1)
			return rc;
		if (vega_unlikely(!replay->started))
			start(replay, frame);
		due_ns = vega_pace_due_ns(&replay->pace, frame->recv_ns);
		if (n != 0 && due_ns > by_ns && due_ns != replay->due_ns[0])
			break;
		replay->burst[n] = *frame;
		replay->due_ns[n] = due_ns;
		replay->burst_cnt = n + 1;
		vega_pace_take(&replay->pace, due_ns);
		vega_merge_pop(replay->merge);
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

static void
note_departures(struct vega_replay *replay, uint32_t sent_cnt, uint64_t now_ns)
{
	struct vega_report *report = replay->report;

	if (vega_unlikely(report->frames_taken == 0))
		report->begin_ns = now_ns;
	report->frames_taken += sent_cnt;
	report->last_ns = replay->burst[replay->burst_sent + sent_cnt - 1].recv_ns;
	if (vega_pace_is_max(&replay->pace))
		return;
	for (uint32_t i = 0; i < sent_cnt; i++)
		vega_report_departure(report, replay->due_ns[replay->burst_sent + i], now_ns);
}

static int
send_burst(struct vega_replay *replay, uint64_t now_ns)
{
	const uint32_t at = replay->burst_sent;
	int sent =
		replay->tx->ops->send_burst(replay->tx, replay->burst + at, replay->burst_cnt - at);

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

int
vega_replay_poll(struct vega_replay *replay, uint64_t *ret_wait_ns)
{
	int rc = gather(replay, 0);
	uint64_t now_ns;
	uint32_t ready_cnt;

	*ret_wait_ns = 0;
	if (replay->burst_cnt == 0)
		return nothing_ready(replay, rc);
	now_ns = vega_monotonic_ns();
	if (vega_unlikely(replay->starved_since_ns != 0))
		end_starvation(replay, now_ns);
	*ret_wait_ns = vega_pace_wait_ns(replay->due_ns[0], now_ns);
	if (*ret_wait_ns != 0)
		return 0;
	ready_cnt = replay->burst_cnt;
	(void)gather(replay, now_ns);
	if (replay->burst_cnt != ready_cnt)
		now_ns = vega_monotonic_ns();
	return send_burst(replay, now_ns);
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
		if (rc == 0)
			vega_sender_wait(sender, wait_ns);
		vega_sender_step(sender);
	}
	report->interrupted = rc >= 0;
	rc = rc >= 0 || rc == -ENODATA ? 0 : rc;
	flushed = replay->tx->ops->flush(replay->tx);
	report->end_ns = report->frames_taken != 0 ? vega_monotonic_ns() : 0;
	report->tx = replay->tx->counts;
	report->scheduler = vega_sender_scheduler(sender);
	return rc != 0 ? rc : flushed;
}
