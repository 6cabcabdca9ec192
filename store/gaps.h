/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_GAPS_H
#define VEGA_STORE_GAPS_H
/*
 * The ledger of gaps, from the GAP records of a feed: every missing range of every channel, and what became of it.
 *
 * A gap that is filled in pieces becomes as many entries; one that was given up and came all the same is recovered.
 */
#include "hugepages/base/attr.h"
#include "store/vega_journal.h"

#define VEGA_GAPS_LIVE_MAX 256u

struct vega_gap_entry {
	uint64_t first; /* missing sequence */
	uint64_t cnt;
	uint64_t opened_ns;  /* receive time of what showed it */
	uint64_t settled_ns; /* 0: it is open */
	uint32_t feed_idx;
	uint32_t channel;
	enum vega_gap_state fate;
	uint8_t line; /* that settled it; of an open or lost one, that showed it */
};

/* A channel that was seen: the stream of the configuration. */
struct vega_gap_channel {
	uint32_t feed_idx;
	uint32_t channel;
	uint64_t gaps; /* opened */
	uint64_t missing_seqs;
	uint64_t filled_seqs;
	uint64_t recovered_seqs;
	uint64_t lost_seqs;
	uint64_t open_seqs;
	bool has_sequence; /* false: its packets carry none, and nothing can be known */
	/* Entries that may still change, by index; the oldest is given up first, as rx does. */
	uint64_t live[VEGA_GAPS_LIVE_MAX];
	uint32_t live_cnt;
};

struct vega_gaps {
	struct vega_gap_entry *entries; /* in order of the record that opened them */
	uint64_t entry_cnt;
	uint64_t entry_cap;
	struct vega_gap_channel *channels; /* by feed, in order of their first packet */
	uint32_t channel_cnt;
};

/*
 * Add a feed's gaps, from all of its records.
 *
 * Params: hole		told damaged extents; may be NULL
 * Returns 0, -ENOMEM, -EIO, -EBADMSG (more gaps than can be).
 */
int vega_gaps_add(struct vega_gaps *gaps, struct vega_journal *journal, uint32_t feed_idx,
	void (*hole)(void *arg, const struct vega_hole *hole), void *hole_arg) VEGA_MUST_CHECK;
void vega_gaps_clear(struct vega_gaps *gaps);

#endif
