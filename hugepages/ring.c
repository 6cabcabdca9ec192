/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/ring.h"

#include <errno.h>
#include <stddef.h>

#include "hugepages/base/err.h"

uint64_t
vega_ring_capacity(uint64_t lane_bytes, uint32_t record_bytes)
{
	const uint64_t around = sizeof(struct vega_record_lane) + VEGA_RING_TAIL_BYTES;

	return lane_bytes < around ? 0 : (lane_bytes - around) / record_bytes;
}

static struct vega_record_tail *
tail_of(struct vega_record_lane *lane, uint64_t lane_bytes)
{
	return (void *)((uint8_t *)lane + lane_bytes - VEGA_RING_TAIL_BYTES);
}

void
vega_ring_new(struct vega_record_lane *lane, uint64_t lane_bytes, uint32_t feed_id,
	uint32_t record_bytes, uint64_t generation)
{
	*lane = (struct vega_record_lane){
		.version = VEGA_RING_VERSION,
		.record_bytes = record_bytes,
		.feed_id = feed_id,
		.capacity = vega_ring_capacity(lane_bytes, record_bytes),
		.generation = generation,
	};
	vega_store_release(&lane->magic, VEGA_RECORD_LANE_MAGIC); /* M1: the header is whole */
}

void
vega_ring_writer_init(
	struct vega_ring_writer *w, struct vega_record_lane *lane, uint64_t lane_bytes)
{
	uint64_t *begin = (uint64_t *)(void *)(lane + 1);

	*w = (struct vega_ring_writer){
		.slot = begin,
		.begin = begin,
		.end = begin + lane->capacity * VEGA_RING_WORDS,
		.capacity = lane->capacity,
		.tail = tail_of(lane, lane_bytes),
	};
}

int
vega_ring_open(const struct vega_record_lane *lane, uint64_t lane_bytes, struct vega_ring *ret_ring)
{
	struct vega_record_lane seen =
		*lane; /* checked and used from here, whatever the map does meanwhile */

	if (seen.magic != VEGA_RECORD_LANE_MAGIC || seen.version != VEGA_RING_VERSION ||
		seen.record_bytes == 0 || seen.record_bytes % 8 != 0 || seen.capacity == 0 ||
		seen.capacity != vega_ring_capacity(lane_bytes, seen.record_bytes))
		return VEGA_ERR(-EBADMSG,
			"need a record lane of %llu bytes, found one of version %u with %llu "
			"records of %u bytes; the region is of another release, or damaged",
			(unsigned long long)lane_bytes, seen.version,
			(unsigned long long)seen.capacity, seen.record_bytes);
	*ret_ring = (struct vega_ring){
		.records = (const uint64_t *)(const void *)(lane + 1),
		.tail = (const void *)((const uint8_t *)lane + lane_bytes - VEGA_RING_TAIL_BYTES),
		.capacity = seen.capacity,
		.words = seen.record_bytes / 8,
	};
	return 0;
}
