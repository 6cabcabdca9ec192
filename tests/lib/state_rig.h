/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_STATE_RIG_H
#define VEGA_TESTS_STATE_RIG_H
/*
 * A record lane that a test writes, and the state of it; cmocka is included before.
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/state.h"

#define LANE_BYTES (2u << 20)

struct rig {
	struct vega_record_lane *lane;
	struct vega_record_lane *book_lane;
	struct vega_state_table *table;
	struct vega_ring_writer ring;
	struct vega_state_feed *state;
	struct vega_state_view view;
};

static inline void *
zeroed(uint64_t bytes)
{
	void *memory = aligned_alloc(64, vega_align_up(bytes, 64));

	assert_non_null(memory);
	return memset(memory, 0, vega_align_up(bytes, 64));
}

static inline void
open_rig_of(struct rig *r, uint64_t instruments, uint64_t orders, bool has_book, bool modify_adds)
{
	struct vega_state_conf conf = {.lane_bytes = LANE_BYTES,
		.book_lane_bytes = LANE_BYTES,
		.order_cnt = orders,
		.modify_adds = modify_adds};

	r->lane = zeroed(LANE_BYTES);
	r->book_lane = has_book ? zeroed(LANE_BYTES) : NULL;
	r->table = zeroed(vega_state_table_bytes(instruments));
	vega_ring_new(r->lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	if (has_book)
		vega_ring_new(r->book_lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	vega_state_table_new(r->table, instruments, 0, 1);
	vega_ring_writer_init(&r->ring, r->lane, LANE_BYTES);
	conf.lane = r->lane;
	conf.book_lane = r->book_lane;
	conf.table = r->table;
	assert_int_equal(vega_state_feed_new(&conf, &r->state), 0);
	assert_int_equal(
		vega_state_open(r->table, vega_state_table_bytes(instruments), &r->view), 0);
}

/* As of MTBT. */
static inline void
open_rig(struct rig *r, uint64_t instruments, uint64_t orders, bool has_book)
{
	open_rig_of(r, instruments, orders, has_book, true);
}

static inline void
close_rig(struct rig *r)
{
	vega_state_feed_delete(r->state);
	free(r->lane);
	free(r->book_lane);
	free(r->table);
}

static inline void
poll(struct rig *r)
{
	vega_ring_publish(&r->ring);
	while (vega_state_poll(r->state) != 0)
		;
}

static inline void
put(struct rig *r, uint32_t kind, uint32_t flags, uint32_t token, uint32_t w12, uint64_t w16,
	uint64_t w24)
{
	vega_ring_put(&r->ring, r->ring.next | (uint64_t)kind << 48 | (uint64_t)flags << 56,
		token | (uint64_t)w12 << 32, w16, w24);
}

static inline void
packet(struct rig *r, uint32_t channel, uint64_t seq)
{
	put(r, VEGA_PACKET, 0, channel, 'A', seq, 0);
}

#endif
