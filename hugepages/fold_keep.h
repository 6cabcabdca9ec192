/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_FOLD_KEEP_H
#define VEGA_HUGEPAGES_FOLD_KEEP_H
/*
 * What a fold knows beside the entries of its table, by value: with it and the entries a fold goes on elsewhere as if it had never stopped.
 */
#include "hugepages/base/attr.h"
#include "hugepages/fold.h"

struct vega_fold_channel {
	uint64_t gap_position; /* of the table */
	uint64_t open_cnt;
	uint64_t lost_cnt;
	uint64_t from;
	uint8_t digits; /* plus 1; 0: not told */
};

struct vega_fold_kept {
	uint64_t epoch_ns;
	uint64_t recv_ns;
	uint64_t time_ns;
	uint64_t seq;
	uint64_t packet_position;
	uint64_t lost_position; /* of the table */
	uint32_t channel;
	uint32_t whole_slot; /* up to VEGA_STATE_GAP_CNT */
	bool has_seq;
	bool is_late;
	bool time_given;
	struct vega_fold_channel channels[VEGA_STATE_GAP_CNT];
};

/* Of a fold whose entry was let go of (vega_fold_end). */
void vega_fold_keep(const struct vega_fold *fold, struct vega_fold_kept *ret_kept);

/*
 * Go on from there, with a fold and a table that are new but for their entries.
 *
 * Returns 0, or -EBADMSG without a message: no fold keeps such.
 */
int vega_fold_resume(struct vega_fold *fold, const struct vega_fold_kept *kept) VEGA_MUST_CHECK;

#endif
