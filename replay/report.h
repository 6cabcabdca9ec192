/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_REPORT_H
#define VEGA_REPLAY_REPORT_H
/*
 * What a replay did, and how exact it was.
 *
 * Departure error = when the sender handed a frame to the output - when the frame was due. It is not negative: nothing is
 * handed over early. What happens behind the hand-over (driver, wire, receiver) is not in it. Of a burst that the output sends one by one
 * (is_serial), frames are taken to be handed over at even steps from the beginning to the end of the call. Some may so be early
 * (early_cnt): then what a frame takes was less than ever before.
 *
 * A sender that spins sees the clock every 50 ns. When it does not for a microsecond or more, the system or the hypervisor has run
 * something else: the processor was away. Departures due meanwhile are disturbed; they count as any other, and the errors are told
 * once more without them. That is what the machine costs, and what the sender does.
 *
 * A port that sends on timestamp is handed frames before they are due (lead_ns). Then there is no such error: that of the
 * departure is the port's own, and nothing here sees it.
 */
#include <jansson.h>
#include <stdbool.h>

#include "replay/histogram.h"
#include "replay/input.h"
#include "replay/timeline.h"
#include "replay/tx.h"

#define VEGA_REPORT_LATE_NS 10000u /* a frame that leaves more than this after its time is late */
#define VEGA_REPORT_AWAY_NS \
	1000u /* a spinning sender that sees no clock for longer has lost its processor */

#define VEGA_REPORT_DISTURBANCE_CNT_MAX 4096u /* of which it is told which packets they struck */

/* Packets in a row that were due while the sender's processor was away. */
struct vega_report_disturbance {
	uint64_t packet_idx; /* of the first, in the order of departure, from 0 on */
	uint64_t packet_cnt;
};

struct vega_report {
	const char *output;        /* as asked for: "udp:eth1" */
	uint64_t speed_millionths; /* 0: max, and then there is no departure error */
	uint64_t rate_pps;         /* 0: as recorded */
	bool exchange_clock;
	uint32_t input_cnt;
	uint64_t lap_cnt;      /* times the inputs were begun with */
	uint64_t timeless_cnt; /* frames without exchange time, where that is the clock */
	uint64_t recorded_cnt; /* frames whose records told it */
	uint64_t frames_taken; /* handed to the output */
	uint64_t first_ns;     /* recorded times of the first and the last frame taken */
	uint64_t last_ns;
	uint64_t begin_ns; /* sender's clock: first hand-over, end of the last */
	uint64_t end_ns;
	uint64_t error_first_ns; /* of the first frame of the first and of the last burst */
	uint64_t error_last_ns;
	uint64_t late_cnt;
	/* Frames of serial outputs that left before they were due, by their share of the call. */
	uint64_t early_cnt;
	uint64_t early_ns_max;
	uint64_t starved_cnt; /* times the sender found the next frame not read yet */
	uint64_t starved_ns;
	uint64_t full_cnt; /* times the output had no room */
	uint64_t lead_ns;  /* 0: each frame was handed over at its time */
	uint64_t spun_ns;  /* between two looks at the clock with nothing else to do */
	uint64_t away_ns;  /* of these: without the processor */
	uint64_t away_cnt; /* times */
	uint64_t warm_up_cnt;
	uint64_t disturbed_cnt; /* departures */
	uint32_t disturbance_cnt;
	struct vega_report_disturbance disturbances[VEGA_REPORT_DISTURBANCE_CNT_MAX];
	bool interrupted;
	int cpu;               /* the sender is pinned to it; -1: not pinned */
	const char *scheduler; /* of the sending thread (sender.h) */
	struct vega_tx_counts tx;
	struct vega_input_damage damage;
	struct vega_histogram error;
	struct vega_histogram disturbed_error; /* of the disturbed departures among them */
	struct vega_timeline timeline;         /* of the sender's clock */
};

void vega_report_init(struct vega_report *report);

/* The first frame of a burst left so long after it was due; it has no others before it that take time. */
static inline void
vega_report_burst(struct vega_report *report, uint64_t error_ns)
{
	if (vega_unlikely(report->error.cnt == 0))
		report->error_first_ns = error_ns;
	report->error_last_ns = error_ns;
}

/* A frame left so long after it was due. */
static inline void
vega_report_departure(struct vega_report *report, uint64_t error_ns)
{
	report->late_cnt += error_ns > VEGA_REPORT_LATE_NS;
	vega_histogram_add(&report->error, error_ns);
}

/* It left so long before it was due. */
static inline void
vega_report_early(struct vega_report *report, uint64_t early_ns)
{
	report->early_cnt++;
	report->early_ns_max = early_ns > report->early_ns_max ? early_ns : report->early_ns_max;
}

/* Of a departure that vega_report_departure has been told, too: it was disturbed. In the order of departure. */
void vega_report_disturbed(struct vega_report *report, uint64_t packet_idx, uint64_t error_ns);

/* The errors of the departures that were not disturbed. */
void vega_report_undisturbed(const struct vega_report *report, struct vega_histogram *ret_error);

/* How much the time since the first departure differs, at the last one, from the schedule. */
static inline int64_t
vega_report_drift_ns(const struct vega_report *report)
{
	return (int64_t)(report->error_last_ns - report->error_first_ns);
}

static inline bool
vega_report_is_paced(const struct vega_report *report)
{
	return report->error.cnt != 0;
}

/*
 * How frames kept their times, as a sentence without its beginning ("spun on the TSC"); NULL: they had none to keep.
 */
const char *vega_report_departures(const struct vega_report *report);

/*
 * Flat keys with their units; what was not measured (the departure error at full speed) is null.
 * Returns a new reference, or NULL when there is no memory.
 */
json_t *vega_report_json(const struct vega_report *report);

/* Write it to a file. Returns 0, or a negative errno with a message (73 when it cannot be created). */
int vega_report_write(const struct vega_report *report, const char *path) VEGA_MUST_CHECK;

/* The same with plots, as a page. */
int vega_report_write_page(const struct vega_report *report, const char *path) VEGA_MUST_CHECK;

#endif
