/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/tx_clock.h"

#include "hugepages/base/clock.h"

#define TRY_CNT 8u

static uint64_t
rate_between(const struct vega_tx_clock_look *first, const struct vega_tx_clock_look *last)
{
	const unsigned __int128 ticks = last->ticks - first->ticks;

	return (uint64_t)((ticks << 32) / (last->ns - first->ns));
}

/* Does a look lie so far off the line that one of the clocks was set? */
static bool
is_step(const struct vega_tx_line *line, const struct vega_tx_clock_look *look)
{
	const int64_t off_ticks = (int64_t)(look->ticks - vega_tx_line_ticks(line, look->ns));
	const uint64_t step_ticks =
		(uint64_t)(((unsigned __int128)VEGA_TX_CLOCK_STEP_NS * line->rate_q32) >> 32);

	return line->rate_q32 != 0 &&
	       (off_ticks < 0 ? (uint64_t)-off_ticks : (uint64_t)off_ticks) >= step_ticks;
}

void
vega_tx_clock_bend(struct vega_tx_clock *clock, const struct vega_tx_clock_look *look)
{
	const struct vega_tx_clock_look *oldest;

	if (is_step(&clock->made, look))
		clock->look_cnt = 0;
	clock->looks[clock->look_cnt++ % VEGA_TX_CLOCK_LOOK_CNT] = *look;
	oldest = &clock->looks[clock->look_cnt > VEGA_TX_CLOCK_LOOK_CNT
				       ? clock->look_cnt % VEGA_TX_CLOCK_LOOK_CNT
				       : 0];
	if (look->ns > oldest->ns && look->ticks > oldest->ticks)
		clock->made.rate_q32 = rate_between(oldest, look);
	clock->made.ns = look->ns;
	clock->made.ticks = look->ticks;
}

int
vega_tx_clock_look(
	struct vega_tx_clock *clock, int (*read)(void *arg, uint64_t *ret_ticks), void *arg)
{
	struct vega_tx_clock_look best = {0};
	uint64_t width_ns_min = UINT64_MAX;

	for (uint32_t i = 0; i < TRY_CNT; i++) {
		const uint64_t before_ns = vega_monotonic_ns();
		uint64_t ticks;
		const int rc = read(arg, &ticks);
		const uint64_t width_ns = vega_monotonic_ns() - before_ns;

		if (rc != 0)
			return rc;
		if (width_ns >= width_ns_min)
			continue;
		width_ns_min = width_ns;
		best = (struct vega_tx_clock_look){before_ns + width_ns / 2, ticks};
	}
	vega_tx_clock_bend(clock, &best);
	return 0;
}

void
vega_tx_clock_publish(struct vega_tx_clock *clock)
{
	const union {
		struct vega_tx_line line;
		uint64_t words[VEGA_TX_LINE_WORD_CNT];
	} copy = {clock->made};
	const uint64_t sequence = vega_load_relaxed(&clock->sequence);

	vega_store_relaxed(&clock->sequence, sequence + 1); /* C1 */
	for (uint32_t i = 0; i < VEGA_TX_LINE_WORD_CNT; i++)
		vega_store_release(&clock->words[i], copy.words[i]); /* C2: pairs with C5 */
	vega_store_release(&clock->sequence, sequence + 2);          /* C3: pairs with C4 */
}
