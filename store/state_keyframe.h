/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_STATE_KEYFRAME_H
#define VEGA_STORE_STATE_KEYFRAME_H
/*
 * The last whole keyframe of a lane's files before a position. What is torn, changed or unfinished is passed over: the one before it serves.
 */
#include "store/keyframe.h"
#include "store/reader.h"

struct vega_state_keyframe {
	struct vega_state_entry *entries; /* entry_total; no two of one token */
	uint64_t *positions;              /* of the slices, rising */
	uint32_t entry_total;
	uint32_t slice_cnt;
	struct vega_fold_kept kept;
};

/* Where to look. */
struct vega_state_keyframe_want {
	uint32_t file_first; /* of the journal; all of one lane and generation */
	uint32_t file_end;
	uint64_t generation;
	uint64_t position; /* its slices' are not behind this */
	uint64_t at_ns;    /* nor the packets it knows */
};

/*
 * Params: ret_damaged	counted up by blocks that do not check
 * Returns 1; 0: there is none; -ENOMEM. Life: the caller clears it.
 */
int vega_state_keyframe_find(struct vega_journal *journal,
	const struct vega_state_keyframe_want *want, struct vega_state_keyframe *ret_keyframe,
	uint64_t *ret_damaged) VEGA_MUST_CHECK;
void vega_state_keyframe_clear(struct vega_state_keyframe *keyframe);

/* Is it a keyframe's, by its index entry? */
static inline bool
vega_entry_is_keyframe(const struct vega_index_entry *entry)
{
	return entry->packet_cnt == 0 && entry->record_cnt == 0;
}

#endif
