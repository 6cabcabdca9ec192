/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/call_cost.h"

static uint64_t
least(uint64_t known_ns, uint64_t ns)
{
	const uint64_t risen_ns = known_ns + VEGA_CALL_COST_RISE_NS;

	return known_ns == 0 || ns < risen_ns ? ns : risen_ns;
}

void
vega_call_cost_learn(
	struct vega_call_cost *cost, uint32_t frame_cnt, uint64_t call_ns, uint64_t packets_sent)
{
	const uint64_t sent_cnt = packets_sent - cost->packets_sent;
	const uint64_t more_ns = call_ns > cost->lone_ns ? call_ns - cost->lone_ns : 0;

	cost->packets_sent = packets_sent;
	if (sent_cnt != frame_cnt)
		cost->frame_ns = 0;
	else if (frame_cnt == 1)
		cost->lone_ns = least(cost->lone_ns, call_ns);
	else
		cost->frame_ns = least(cost->frame_ns, more_ns / (frame_cnt - 1));
	if (cost->frame_ns > cost->lone_ns)
		cost->frame_ns = cost->lone_ns;
}
