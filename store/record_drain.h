/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_RECORD_DRAIN_H
#define VEGA_STORE_RECORD_DRAIN_H
/*
 * The drain of one record lane, or book lane: a reader of the lane like any other, that gathers records, makes blocks of them and writes those.
 *
 *	lane --copy--> gathered --make--> block --put--> file
 *	               cut at 65,536 records or before, at the trading day's EPOCH, after 1 s, at the end: between events
 *
 * Where the lane lapped it, the journal gets a LOSS record, in a block of its own at the first position lost. Where storage fails, the
 * oldest blocks are lost once none is free: the next block's lost_disk counts their records.
 *
 * Memory: 2 MiB of records and four blocks of 2 MiB a feed, of which what is never used does not become resident.
 */
#include "hugepages/region.h"
#include "store/columns.h"
#include "store/files.h"
#include "store/keyframe_drain.h"

#define VEGA_RECORD_DRAIN_BLOCKS  4u     /* made and not settled; then the lane waits */
#define VEGA_RECORD_DRAIN_RECORDS 65536u /* of a block, at most; 2 MiB of them */
#define VEGA_RECORD_DRAIN_COPY    16384u /* records copied in a poll */

struct vega_record_drain;

/*
 * Params: columns	working memory, which outlives the drain and may be shared by the drains of a thread
 *	   like		files of VEGA_KIND_RECORDS or VEGA_KIND_BOOK to be, which says whose lane it is; io NULL: records are let go as they come
 * Returns 0, -ENOMEM, -EBADMSG (no record lane), -EINVAL (zone).
 */
int vega_record_drain_new(const struct vega_region *region, uint32_t feed_id,
	const struct vega_files *like, struct vega_columns *columns,
	struct vega_record_drain **ret_drain) VEGA_MUST_CHECK;

/*
 * Lay the lane's keyframes too.
 *
 * Params: state	of the feed: its table is a fold of this lane. It outlives what is polled
 * Returns 0, -ENOMEM.
 */
int vega_record_drain_keyframes(struct vega_record_drain *d, const struct vega_state_feed *state,
	const struct vega_keyframes_conf *conf) VEGA_MUST_CHECK;

/*
 * Bounded work, as vega_drain_poll: at most one copy, one block of records made, one slice of a keyframe.
 *
 * Params: finishing	the lane's writer has stopped: everything goes
 */
unsigned vega_record_drain_poll(struct vega_record_drain *d, uint64_t now_ns, bool finishing);

/* True when every record published so far is in a block that is written, or counted as lost. */
bool vega_record_drain_idle(const struct vega_record_drain *d);

/* Seal the last file; done when is_closed. */
void vega_record_drain_close(struct vega_record_drain *d);
bool vega_record_drain_is_closed(const struct vega_record_drain *d);

/* 0, or the first failure with its message. */
int vega_record_drain_error(const struct vega_record_drain *d);

void vega_record_drain_delete(struct vega_record_drain *d);

#endif
