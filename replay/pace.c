/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/pace.h"

#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"

int
vega_pace_parse(const char *text, uint64_t *ret_speed_millionths)
{
	double speed;

	if (strcmp(text, "max") == 0) {
		*ret_speed_millionths = 0;
		return 0;
	}
	if (vega_parse_double("--speed", text, (double)VEGA_SPEED_MIN / VEGA_SPEED_UNIT,
		    (double)VEGA_SPEED_MAX / VEGA_SPEED_UNIT, &speed) != 0)
		return VEGA_ERR(-EINVAL,
			"--speed: need a factor from 0.001 to 1000, or max, found '%s'; 1 is as "
			"recorded",
			text);
	*ret_speed_millionths = (uint64_t)(speed * VEGA_SPEED_UNIT + 0.5);
	return 0;
}

void
vega_pace_start(struct vega_pace *pace, uint64_t base_ns, uint64_t start_ns)
{
	pace->base_ns = base_ns;
	pace->start_ns = start_ns;
	pace->due_last_ns = start_ns;
	pace->recv_last_ns = base_ns;
	pace->cut_ns = 0;
	pace->taken_cnt = 0;
}

/* A recorded span in the sender's time: exact, rounded down, and no further than the clock goes. */
static uint64_t
scale_ns(uint64_t span_ns, uint64_t speed_millionths)
{
	unsigned __int128 scaled;

	if (vega_likely(speed_millionths == VEGA_SPEED_UNIT))
		return span_ns;
	scaled = (unsigned __int128)span_ns * VEGA_SPEED_UNIT / speed_millionths;
	return scaled > UINT64_MAX ? UINT64_MAX : (uint64_t)scaled;
}

/* How much of the gap before a frame is beyond the limit. */
static uint64_t
cut_before(const struct vega_pace *pace, uint64_t recv_ns)
{
	const uint64_t gap_ns = recv_ns > pace->recv_last_ns ? recv_ns - pace->recv_last_ns : 0;

	return gap_ns > pace->gap_ns_max ? gap_ns - pace->gap_ns_max : 0;
}

/* At a fixed rate, or with gaps cut: since the start, in the sender's time. */
static VEGA_NOINLINE uint64_t
due_otherwise(const struct vega_pace *pace, uint64_t recv_ns)
{
	const uint64_t cut_ns = pace->cut_ns + cut_before(pace, recv_ns);
	const uint64_t span_ns = recv_ns > pace->base_ns ? recv_ns - pace->base_ns : 0;

	if (pace->rate_pps != 0)
		return (uint64_t)((unsigned __int128)pace->taken_cnt * 1000000000u /
				  pace->rate_pps);
	return span_ns > cut_ns ? scale_ns(span_ns - cut_ns, pace->speed_millionths) : 0;
}

uint64_t
vega_pace_due_ns(const struct vega_pace *pace, uint64_t recv_ns)
{
	uint64_t since_ns;
	uint64_t due_ns;

	if (vega_unlikely((pace->rate_pps | pace->gap_ns_max) != 0 && !vega_pace_is_max(pace)))
		since_ns = due_otherwise(pace, recv_ns);
	else if (vega_pace_is_max(pace) || recv_ns <= pace->base_ns)
		return pace->due_last_ns;
	else
		since_ns = scale_ns(recv_ns - pace->base_ns, pace->speed_millionths);
	if (__builtin_add_overflow(pace->start_ns, since_ns, &due_ns))
		due_ns = UINT64_MAX;
	return due_ns > pace->due_last_ns ? due_ns : pace->due_last_ns;
}

void
vega_pace_note_gap(struct vega_pace *pace, uint64_t recv_ns)
{
	pace->cut_ns += cut_before(pace, recv_ns);
	pace->recv_last_ns = recv_ns > pace->recv_last_ns ? recv_ns : pace->recv_last_ns;
}

void
vega_pace_change(
	struct vega_pace *pace, uint64_t speed_millionths, uint64_t recv_ns, uint64_t now_ns)
{
	vega_pace_start(pace, recv_ns, now_ns);
	pace->speed_millionths = speed_millionths;
}

void
vega_pace_delay(struct vega_pace *pace, uint64_t delay_ns)
{
	pace->start_ns = vega_pace_later_ns(pace->start_ns, delay_ns);
	pace->due_last_ns = vega_pace_later_ns(pace->due_last_ns, delay_ns);
}
