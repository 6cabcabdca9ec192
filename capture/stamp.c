/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/stamp.h"

#include <string.h>

#include "hugepages/base/clock.h"

#define NS_A_S     1000000000u
#define LOOK_CNT   8
#define HORIZON_NS 500000000 /* in which a remaining error is wiped out */

static_assert(sizeof(struct vega_stamp) % sizeof(uint64_t) == 0, "the line travels as words");

static uint64_t
rate_q32_of_hz(uint64_t hz)
{
	return (uint64_t)(((unsigned __int128)NS_A_S << 32) / hz);
}

void
vega_stamp_begin(
	struct vega_stamp *stamp, const struct vega_stamp_sample *sample, uint64_t ticks_hz)
{
	*stamp = (struct vega_stamp){
		.base_ticks = sample->ticks,
		.base_ns = sample->realtime_ns,
		.rate_q32 = rate_q32_of_hz(ticks_hz),
		.sample = *sample,
		.ticks_hz = ticks_hz,
	};
}

/* What CLOCK_REALTIME did since the last sample, a tick; 0 when it cannot be told. */
static uint64_t
measured_rate_q32(const struct vega_stamp_sample *from, const struct vega_stamp_sample *to)
{
	const uint64_t ticks = to->ticks - from->ticks;
	const uint64_t ns = to->realtime_ns - from->realtime_ns;

	if (to->ticks <= from->ticks || to->realtime_ns <= from->realtime_ns)
		return 0;
	return (uint64_t)(((unsigned __int128)ns << 32) / ticks);
}

static void
break_line(struct vega_stamp *stamp, const struct vega_stamp_sample *sample, int64_t error_ns)
{
	stamp->base_ticks = sample->ticks;
	stamp->base_ns = sample->realtime_ns;
	stamp->rate_q32 = rate_q32_of_hz(stamp->ticks_hz);
	stamp->step_cnt++;
	stamp->back_cnt += error_ns < 0;
}

int64_t
vega_stamp_bend(struct vega_stamp *stamp, const struct vega_stamp_sample *sample)
{
	const uint64_t line_ns = vega_stamp_ns(stamp, sample->ticks);
	const int64_t error_ns = (int64_t)(sample->realtime_ns - line_ns);
	const uint64_t rate_q32 = measured_rate_q32(&stamp->sample, sample);

	if (error_ns >= VEGA_STAMP_STEP_NS || error_ns <= -VEGA_STAMP_STEP_NS || rate_q32 == 0) {
		break_line(stamp, sample, error_ns);
	} else {
		/* |error| < 10 ms in 500 ms: the rate changes by less than 2 % and stays positive. */
		const __int128 more_q32 = (__int128)rate_q32 * error_ns / HORIZON_NS;

		stamp->base_ticks = sample->ticks;
		stamp->base_ns = line_ns;
		stamp->rate_q32 = (uint64_t)((__int128)rate_q32 + more_q32);
		stamp->ticks_hz = (uint64_t)(((unsigned __int128)NS_A_S << 32) / rate_q32);
	}
	stamp->sample = *sample;
	return error_ns;
}

void
vega_stamp_take(struct vega_stamp_sample *ret_sample)
{
	ret_sample->window_ticks = UINT64_MAX;
	for (int i = 0; i < LOOK_CNT; i++) {
		const uint64_t before = vega_ticks();
		const uint64_t realtime_ns = vega_realtime_ns();
		const uint64_t window = vega_ticks() - before;

		if (window >= ret_sample->window_ticks)
			continue;
		ret_sample->ticks = before + window / 2;
		ret_sample->realtime_ns = realtime_ns;
		ret_sample->window_ticks = window;
	}
	ret_sample->tai_offset_ns = vega_tai_offset_ns();
}

void
vega_stamp_block(const struct vega_stamp *stamp, uint32_t flags, uint32_t interface_id,
	struct vega_clock_block *ret_block)
{
	*ret_block = (struct vega_clock_block){
		.block_type = VEGA_BLOCK_CLOCK,
		.block_length = sizeof(*ret_block),
		.ticks = stamp->sample.ticks,
		.ticks_hz = stamp->ticks_hz,
		.realtime_ns = stamp->sample.realtime_ns,
		.tai_offset_ns = stamp->sample.tai_offset_ns,
		.window_ticks = stamp->sample.window_ticks,
		.flags = flags,
		.interface_id = interface_id,
		.block_length2 = sizeof(*ret_block),
	};
}

void
vega_stamp_publish(struct vega_stamp_cell *cell, const struct vega_stamp *stamp)
{
	const uint64_t sequence = vega_load_relaxed(&cell->sequence);
	uint64_t words[VEGA_STAMP_WORD_CNT];

	memcpy(words, stamp, sizeof(words));
	vega_store_relaxed(&cell->sequence, sequence + 1); /* S1: before S2, which are releases */
	for (unsigned i = 0; i < VEGA_STAMP_WORD_CNT; i++)
		vega_store_release(&cell->words[i], words[i]); /* S2: pairs with S5 */
	vega_store_release(&cell->sequence, sequence + 2);     /* S3: pairs with S4 */
}
