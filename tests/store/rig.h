/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_STORE_RIG_H
#define VEGA_TESTS_STORE_RIG_H
/*
 * A region in plain memory with feeds and lanes, frames that can be told apart, and a look at the files they end in.
 */
#include "hugepages/base/zone.h"
#include "hugepages/frame.h"
#include "hugepages/region.h"
#include "hugepages/ring.h"
#include "hugepages/vega_record.h"
#include "store/drain.h"
#include "store/io.h"

#define RIG_FEEDS_MAX 3u
#define RIG_T0_NS     1700000000000000000ull /* of frame 0; frame n is n us later */

struct rig {
	struct vega_region region;
	struct vega_zone *zone;
	struct vega_frame_writer writers[RIG_FEEDS_MAX];
	struct vega_ring_writer rings[RIG_FEEDS_MAX];
	struct vega_drain_conf conf;
	struct vega_drain *drain;
	uint64_t now_ns;
	uint64_t epoch_ns; /* of the records of feed 0 */
};

void rig_new(struct rig *rig, uint32_t feed_cnt, uint64_t block_cnt);
/* The same, each feed with a record lane of so many bytes: rig->rings write them. */
void rig_new_records(
	struct rig *rig, uint32_t feed_cnt, uint64_t block_cnt, uint64_t record_lane_bytes);
void rig_delete(struct rig *rig);

/* A drain over `io` and the folder "/j", or over a real folder. */
void rig_drain_mem(struct rig *rig, struct vega_io *io);

/* Lay the next frame of a feed; its bytes follow from feed and number. Returns 0 when the lane is full. */
int rig_frame(struct rig *rig, uint32_t feed, uint32_t bytes);

/* A record of feed 0 at its time; the day's epoch, which comes before all others. Not published yet. */
void rig_record(struct rig *rig, uint64_t ns, enum vega_kind kind, uint64_t word1, uint64_t word2,
	uint64_t word3);
void rig_epoch(struct rig *rig, uint64_t day_ns, uint64_t ns);

void rig_seal(struct rig *rig, uint32_t feed, enum vega_seal cause);

/* Poll until nothing is left to do; time stands still. */
void rig_settle(struct rig *rig);

/* Fails the test unless frame `number` of a feed reads as it was laid. */
struct vega_frame;
void rig_frame_check(const struct vega_frame *frame, uint32_t feed, uint64_t number);

const struct vega_drain_cells *rig_cells(const struct rig *rig, uint32_t feed);

/* What lies in one journal file. Each frame's bytes and time are checked on the way. */
struct rig_file {
	bool sealed; /* the trailer and every index entry check, and agree with the blocks */
	uint64_t blocks;
	uint64_t frames;
	uint64_t frame_first; /* of the first block */
	uint64_t frame_end;   /* after the last frame */
	uint64_t lost;        /* told by the block headers, and by the trailer */
	uint64_t lost_end;    /* of it, by the trailer */
	uint64_t holes;       /* hole blocks */
	uint64_t torn_bytes;  /* outside of head, good blocks, holes and tail */
};

/* bytes: 8-aligned. Fails the test where a frame is wrong, or a sealed file is not wholly blocks. */
struct rig_file rig_look(const uint8_t *bytes, uint64_t len, uint32_t feed);

#endif
