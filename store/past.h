/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_PAST_H
#define VEGA_STORE_PAST_H
/*
 * A feed's records in a journal that grows, by position: what is there now is found, in files begun meanwhile too.
 */
#include "hugepages/base/attr.h"
#include "store/vega_journal.h"

struct vega_past;

/* Returns 0 or -ENOMEM. Nothing is opened yet. is_book: of the feed's book lane. */
int vega_past_new(const char *journal_dir, const char *feed, bool is_book,
	struct vega_past **ret_past) VEGA_MUST_CHECK;
void vega_past_delete(struct vega_past *past);

/*
 * The first records of a generation at a position or behind it, as vega_records_next gives them, or the LOSS record that covers it. The batch is the same until it is taken,
 * and valid until the call after that.
 *
 * Params: ret_is_damaged	bytes of the journal were passed over that do not check
 * Returns 1; 0: there are none by now; -EIO, -ENOMEM, -EBADMSG, -EACCES.
 */
int vega_past_at(struct vega_past *past, uint64_t generation, uint64_t position,
	struct vega_record_batch *ret_batch, bool *ret_is_damaged) VEGA_MUST_CHECK;
void vega_past_take(struct vega_past *past, uint64_t next);

/* A batch that is a LOSS record of the drain: the position up to which it was lapped; else 0. */
uint64_t vega_past_lapped(const struct vega_record_batch *batch);

/*
 * The first event received at `ns` or later.
 *
 * Params: generation	0: of any
 * Returns 1, 0: there is none; as vega_past_at.
 */
int vega_past_find(struct vega_past *past, uint64_t generation, uint64_t ns,
	uint64_t *ret_generation, uint64_t *ret_position) VEGA_MUST_CHECK;

/* The first generation behind this one that has a file; 0: there is none. Looks at the folders. Returns 0 or an error. */
int vega_past_after(
	struct vega_past *past, uint64_t generation, uint64_t *ret_generation) VEGA_MUST_CHECK;

#endif
