/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-replay: re-emit recorded packets at their recorded times, and say how exact that was.
 *
 *	reader thread: files -> queues		this thread: merge -> pace -> output
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "replay/engine.h"
#include "replay/options.h"
#include "replay/progress.h"
#include "replay/reader.h"
#include "replay/targets.h"
#include "replay/terminal.h"

#define SETTLE_NS 1000000u /* for the first packet to be spun for and warmed up for */

struct session {
	struct vega_replay_options options;
	struct vega_inputs inputs;
	struct vega_reader reader;
	bool reading; /* the reader runs */
	struct vega_tx *tx;
	struct vega_sender sender;
	struct vega_merge merge;
	struct vega_replay replay;
	struct vega_replay_progress progress;
	struct vega_report report;
	struct vega_err damage; /* of inputs that were opened before; rc 0: none */
};

static uint64_t stop;
static uint64_t asked_ns; /* when a signal first asked to stop; 0: none has */

static void
on_signal(int signal_number)
{
	const uint64_t now_ns = vega_monotonic_ns();

	if (asked_ns == 0) {
		asked_ns = now_ns;
	} else if (now_ns - asked_ns >= VEGA_SAME_WISH_NS) {
		vega_terminal_leave();
		(void)signal(signal_number, SIG_DFL);
		(void)raise(signal_number);
	}
	vega_store_relaxed(&stop, 1);
}

/* The first signal ends the replay with its report; another, a second or more later, ends the process. */
static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)signal(
		SIGPIPE, SIG_IGN); /* a reader that goes away is an output's error, with a report */
}

/* The files to write. An output that several feeds have is one. Returns how many. */
static uint32_t
list_targets(const struct vega_replay_options *o, struct vega_target *targets)
{
	uint32_t cnt = 0;

	targets[cnt++] = (struct vega_target){"--report", o->report_path};
	targets[cnt++] = (struct vega_target){"--html", o->page_path};
	for (uint32_t i = 0; i < o->out_cnt; i++) {
		uint32_t same = 0;

		while (strcmp(o->outs[same].spec, o->outs[i].spec) != 0)
			same++;
		if (same == i && o->outs[i].ops == &vega_tx_pcap &&
			strcmp(o->outs[i].operand, "-") != 0)
			targets[cnt++] = (struct vega_target){"--out", o->outs[i].operand};
	}
	return cnt;
}

/* The schedule is kept by CLOCK_MONOTONIC, which no step of the wall clock moves. */
static uint64_t
start_ns(const struct vega_replay_options *o)
{
	return o->start_at_ns != 0 ? o->start_at_ns - vega_realtime_ns() + vega_monotonic_ns() : 0;
}

static int
open_output(struct session *s)
{
	const struct vega_replay_options *o = &s->options;
	struct vega_target targets[VEGA_FAN_OUT_CNT_MAX + 2];
	const uint32_t target_cnt = list_targets(o, targets);
	int rc = vega_targets_check(targets, target_cnt, &o->inputs, &s->inputs);

	if (rc == 0 && o->report_path != NULL)
		rc = vega_report_write(
			&s->report, o->report_path); /* better now than after an hour */
	if (rc == 0 && o->page_path != NULL)
		rc = vega_report_write_page(&s->report, o->page_path);
	return rc == 0 ? vega_tx_fan_open(o->outs, o->out_cnt, &s->inputs, &s->tx) : rc;
}

/* What was damaged is told of all laps; damage alone does not end them. */
static void
add_damage(struct session *s)
{
	const struct vega_input_damage damage = vega_inputs_damage(&s->inputs);

	s->report.damage.hole_cnt += damage.hole_cnt;
	s->report.damage.hole_bytes += damage.hole_bytes;
	s->report.damage.bad_blocks += damage.bad_blocks;
	s->report.timeless_cnt += vega_inputs_timeless(&s->inputs);
	s->report.recorded_cnt += vega_inputs_recorded(&s->inputs);
}

/* Keeps the first of several failures, with its message. */
static void
keep_first(struct vega_err *first, int rc)
{
	if (rc != 0 && first->rc == 0)
		vega_err_save(first, rc);
}

/* A lap ended, or a seek did: read again, from the beginning or from a time. */
static int
reopen(struct session *s, uint64_t from_ns)
{
	int rc;

	vega_reader_stop(&s->reader);
	s->reading = false;
	rc = vega_inputs_verdict(&s->inputs);
	add_damage(s);
	vega_inputs_close(&s->inputs);
	if (rc != 0 && rc != -EBADMSG)
		return rc;
	keep_first(&s->damage, rc); /* a seek may pass over it */
	s->options.inputs.from_ns = from_ns;
	rc = vega_inputs_open(&s->options.inputs, &s->inputs);
	if (rc == 0)
		rc = vega_reader_start(&s->reader, s->inputs.inputs, s->inputs.input_cnt);
	s->reading = rc == 0;
	if (rc != 0)
		return rc;
	vega_merge_init(&s->merge, s->inputs.inputs, s->inputs.input_cnt);
	vega_replay_again(&s->replay, 0);
	return 0;
}

/* Lap by lap, and from seek to seek. */
static int
replay_laps(struct session *s)
{
	const uint64_t lap_cnt = s->options.lap_cnt;
	int rc;

	for (;;) {
		rc = vega_replay_run(&s->replay, &s->sender, &stop);
		if (rc != 0 || vega_load_relaxed(&stop) != 0)
			return rc;
		if (s->replay.seek_ns == 0 && s->report.lap_cnt == lap_cnt)
			return 0;
		s->report.lap_cnt += s->replay.seek_ns == 0;
		rc = reopen(s, s->replay.seek_ns);
		if (rc != 0)
			return rc;
	}
}

/* A seek opens the inputs again, at a receive time; then packets are not counted from the first. */
static bool
may_seek(const struct vega_replay_options *o)
{
	for (uint32_t i = 0; i < o->inputs.path_cnt; i++)
		if (strcmp(o->inputs.paths[i], "-") == 0)
			return false;
	return !o->inputs.shape.exchange_clock && o->replay.packet_first == 0 &&
	       o->replay.packet_end == 0;
}

/* Send everything; the report is whole afterwards, whatever happened. */
static int
replay(struct session *s)
{
	struct vega_replay_options *o = &s->options;
	const bool paced = o->replay.speed_millionths != 0 || o->replay.rate_pps != 0;
	int rc = vega_sender_prepare(&s->sender, o->cpu, paced);

	if (rc != 0)
		return rc;
	o->replay.start_ns = start_ns(o);
	o->replay.settle_ns = paced ? SETTLE_NS : 0;
	vega_merge_init(&s->merge, s->inputs.inputs, s->inputs.input_cnt);
	vega_replay_init(&s->replay, &s->merge, s->tx, &s->report, &o->replay);
	vega_replay_progress_start(&s->progress, &s->replay, &stop, may_seek(o));
	rc = replay_laps(s);
	vega_replay_progress_stop(&s->progress);
	return rc;
}

static void
print_errors(FILE *out, const struct vega_report *r)
{
	(void)fprintf(out,
		"departure error: p50 %llu ns, p99 %llu ns, p99.9 %llu ns, max %llu ns; %llu late "
		"by more than %u us; drift %lld ns\n",
		(unsigned long long)vega_histogram_quantile(&r->error, 500),
		(unsigned long long)vega_histogram_quantile(&r->error, 990),
		(unsigned long long)vega_histogram_quantile(&r->error, 999),
		(unsigned long long)r->error.max, (unsigned long long)r->late_cnt,
		VEGA_REPORT_LATE_NS / 1000, (long long)vega_report_drift_ns(r));
}

/* What of the errors is the machine's. */
static void
print_disturbances(FILE *out, const struct vega_report *r)
{
	struct vega_histogram undisturbed;

	if (r->spun_ns == 0)
		return;
	vega_report_undisturbed(r, &undisturbed);
	(void)fprintf(out,
		"processor: away %.2f %% of the time the sender spun, %llu times; %llu departures "
		"were due then\n",
		100.0 * (double)r->away_ns / (double)r->spun_ns, (unsigned long long)r->away_cnt,
		(unsigned long long)r->disturbed_cnt);
	if (undisturbed.cnt == 0)
		return;
	(void)fprintf(out,
		"without these: p50 %llu ns, p99 %llu ns, p99.9 %llu ns, max %llu "
		"ns\n",
		(unsigned long long)vega_histogram_quantile(&undisturbed, 500),
		(unsigned long long)vega_histogram_quantile(&undisturbed, 990),
		(unsigned long long)vega_histogram_quantile(&undisturbed, 999),
		(unsigned long long)undisturbed.max);
}

static void
print_timing(FILE *out, const struct vega_report *r)
{
	if (vega_report_departures(r) == NULL)
		return;
	(void)fprintf(out, "departures: %s\n", vega_report_departures(r));
	if (r->lead_ns != 0) {
		(void)fprintf(out,
			"handed over %llu us before their time, %llu of them late by more than %u "
			"us\n",
			(unsigned long long)r->lead_ns / 1000, (unsigned long long)r->late_cnt,
			VEGA_REPORT_LATE_NS / 1000);
	} else {
		print_errors(out, r);
		print_disturbances(out, r);
	}
	(void)fprintf(out, "sender: %s, scheduler %s; starved %llu times\n",
		r->cpu < 0 ? "not pinned" : "pinned", r->scheduler,
		(unsigned long long)r->starved_cnt);
}

static void
print_summary(FILE *out, const struct vega_report *r)
{
	const double span_s = (double)(r->end_ns - r->begin_ns) / 1e9;
	char bytes_text[32];
	char rate_text[32];

	(void)fprintf(out, "%s %llu packets, %s, in %.3f s (%s/s) to %s\n",
		r->interrupted ? "interrupted after" : "sent",
		(unsigned long long)r->tx.packets_sent,
		vega_text_bytes(bytes_text, r->tx.bytes_sent), span_s,
		vega_text_count(rate_text, span_s > 0 ? (double)r->tx.packets_sent / span_s : 0),
		r->output);
#define PRINT_REASON(name, doc)                                \
	if (r->tx.not_sent_##name != 0)                        \
		(void)fprintf(out, "not sent: %llu " doc "\n", \
			(unsigned long long)r->tx.not_sent_##name);
	VEGA_TX_REASONS(PRINT_REASON)
#undef PRINT_REASON
	if (r->tx.packets_cut != 0)
		(void)fprintf(out,
			"%llu packets were recorded shorter than they were on the wire, and sent "
			"so\n",
			(unsigned long long)r->tx.packets_cut);
	print_timing(out, r);
}

static int
tell(const struct session *s)
{
	const struct vega_replay_options *o = &s->options;
	json_t *json;
	int rc = o->report_path != NULL ? vega_report_write(&s->report, o->report_path) : 0;

	if (rc == 0 && o->page_path != NULL)
		rc = vega_report_write_page(&s->report, o->page_path);
	if (!o->json) {
		print_summary(vega_replay_options_stdout_is_taken(o) ? stderr : stdout, &s->report);
		return rc;
	}
	json = vega_report_json(&s->report);
	if (json == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the report, found none");
	return vega_cli_json(json) != 0 ? -EIO : rc;
}

static int
run(struct session *s)
{
	struct vega_err first = {0};
	int rc;

	(void)vega_thread_keep_free(s->options.cpu);
	rc = vega_reader_start(&s->reader, s->inputs.inputs, s->inputs.input_cnt);
	if (rc != 0)
		return rc;
	s->reading = true;
	rc = open_output(s);
	if (rc != 0) {
		vega_reader_stop(&s->reader);
		return rc;
	}
	keep_first(&first, replay(s));
	if (s->reading)
		vega_reader_stop(&s->reader);
	add_damage(s);
	keep_first(&first, s->tx->ops->close(s->tx));
	keep_first(&first, tell(s));
	keep_first(&first, vega_inputs_verdict(&s->inputs));
	if (s->damage.rc != 0)
		keep_first(&first, vega_err_restore(&s->damage));
	return first.rc != 0 ? vega_err_restore(&first) : 0;
}

int
main(int argc, char **argv)
{
	static struct session session; /* large: heads and histogram */
	struct session *s = &session;
	int rc;

	vega_cli_init("vega-replay");
	rc = vega_replay_options_parse(argc, argv, &s->options);
	if (rc == 0) {
		vega_report_init(&s->report);
		s->report.output = s->options.out_text;
		s->report.speed_millionths = s->options.replay.speed_millionths;
		s->report.rate_pps = s->options.replay.rate_pps;
		s->report.exchange_clock = s->options.inputs.shape.exchange_clock;
		s->report.lap_cnt = 1;
		s->report.cpu = s->options.cpu;
		s->options.inputs.stop = &stop;
		rc = vega_inputs_open(&s->options.inputs, &s->inputs);
	}
	if (rc == 0) {
		catch_signals(); /* not before: opening may wait for a pipe, and has nothing to lose */
		s->report.input_cnt = s->inputs.input_cnt;
		rc = run(s);
		vega_inputs_close(&s->inputs);
	}
	vega_replay_options_free(&s->options);
	return rc == 0 ? EX_OK : vega_err_exit("vega-replay", rc);
}
