/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/emit.h"

#include <string.h>

VEGA_COLD void
vega_emit_far(struct vega_emit *emit, uint64_t ns)
{
	vega_ring_put(emit->ring, vega_emit_head(VEGA_TS_NONE, VEGA_TIME, 0), 0, ns, 0);
}

VEGA_NOINLINE void
vega_emit_wide(struct vega_emit *emit, uint64_t ns, uint32_t kind, uint32_t flags,
	uint32_t instrument, const uint64_t value[5])
{
	const uint64_t ts = vega_emit_ts(emit, ns);
	const uint32_t first = (flags & ~VEGA_RECORD_LAST) | VEGA_RECORD_WIDE;

	vega_ring_put(emit->ring, vega_emit_head(ts, kind, first),
		vega_pair(instrument, (uint32_t)value[0]),
		vega_pair((uint32_t)value[1], (uint32_t)value[2]),
		vega_pair((uint32_t)value[3], (uint32_t)value[4]));
	vega_ring_put(emit->ring, vega_emit_head(ts, VEGA_WIDE, flags & VEGA_RECORD_LAST),
		vega_pair(instrument, (uint32_t)(value[0] >> 32)),
		vega_pair((uint32_t)(value[1] >> 32), (uint32_t)(value[2] >> 32)),
		vega_pair((uint32_t)(value[3] >> 32), (uint32_t)(value[4] >> 32)));
}

void
vega_emit_definition(struct vega_emit *emit, uint64_t ns, uint32_t instrument, const uint8_t *text,
	uint32_t bytes, uint8_t digits)
{
	const uint32_t part_bytes = 16;
	const uint32_t whole = (bytes + part_bytes - 1) / part_bytes;
	const uint32_t part_cnt = whole == 0 ? 1 : whole < 255 ? whole : 255;

	for (uint32_t part = 0; part < part_cnt; part++) {
		const uint32_t at = part * part_bytes;
		const uint32_t take = bytes - at < part_bytes ? bytes - at : part_bytes;
		uint64_t words[2] = {0, 0};

		memcpy(words, text + at, take);
		vega_emit(emit, ns, VEGA_DEFINITION, part + 1 == part_cnt ? VEGA_RECORD_LAST : 0,
			instrument, part | part_cnt << 8 | (uint32_t)digits << 16, words[0],
			words[1]);
	}
}
