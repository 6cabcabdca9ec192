/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_FOLD_H
#define VEGA_HUGEPAGES_FOLD_H
/*
 * Records into a state table: the fold that vega_state.h speaks of. Live, it is given what the lane brings; `vega-journal state` gives it
 * what a journal has, and comes to the same table.
 *
 * Orders are not looked at, nor levels without a place: what the book lane has for them is.
 */
#include <stdbool.h>

#include "hugepages/state_table.h"
#include "hugepages/vega_record.h"

/* Sequences missing in a channel. */
struct vega_fold_gap {
	uint64_t open_cnt; /* that may still be filled */
	uint64_t lost_cnt;
	uint64_t from; /* position behind which what came may be newer than what comes late */
};
/* As lost_cnt: what was before the first sequence here, which never comes. */
#define VEGA_FOLD_LOST_EARLIER UINT64_MAX

struct vega_fold {
	struct vega_state_writer *table;
	bool is_book; /* a book lane: levels end with the trading day */
	bool has_seq; /* of the last packet */
	bool is_late; /* what is left of the packet may be late: a gap was filled in it */
	bool time_given;
	uint32_t whole_slot; /* of gaps: its last one was filled in this packet; plus 1, 0: none */
	uint32_t channel;
	uint64_t epoch_ns; /* 0: none yet */
	uint64_t time_ns;  /* of the TIME record before, with time_given */
	uint64_t recv_ns;
	uint64_t seq;
	uint64_t packet_position;
	struct vega_state_entry *open;   /* begun, not ended; NULL: none */
	struct vega_state_level best[2]; /* of it, as they were */
	uint64_t exch_ns;                /* of its last record; 0: none */
	struct vega_fold_gap gaps[VEGA_STATE_GAP_CNT];
	uint8_t digits[VEGA_STATE_GAP_CNT]; /* by channel, plus 1; 0: not told */
};

/* Params: table	outlives the fold
 *	   is_book	the records are a book lane's
 */
void vega_fold_init(struct vega_fold *fold, struct vega_state_writer *table, bool is_book);

/*
 * Apply records that follow each other.
 *
 * Params: position	of the first
 * Returns how many were taken: all, or all but the last where its WIDE record is not among them.
 * Cost: no allocation; a record costs what it changes. A new trading day, and a CLEAR of a whole channel, cost a look at every entry.
 */
uint64_t vega_fold_apply(
	struct vega_fold *fold, const union vega_record *records, uint64_t cnt, uint64_t position);

/* The same of one record, cnt 1, or one with its WIDE one, cnt 2. */
void vega_fold_one(
	struct vega_fold *fold, const union vega_record *r, uint64_t cnt, uint64_t position);

/* Let go of the entry that was changed last, so that it can be read: behind the last call of vega_fold_apply. */
void vega_fold_end(struct vega_fold *fold);

/* Records up to `position` were lost: all is stale that is not sound from there on. epoch_ns: that holds there; 0: not known. */
void vega_fold_lapped(struct vega_fold *fold, uint64_t position, uint64_t cnt, uint64_t epoch_ns);

#endif
