/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FOLLOW_H
#define VEGA_FOLLOW_H
/*
 * Follow a feed from any point of its past into what is live: each record once, in order, or told what is missing and why.
 *
 *	journal  0 ------------- settled . . being written . .
 *	lane                         oldest --------------- published
 *	                     ^ next: where the follower stands
 *
 * A position is (generation, count), the same in lane and journal. While the lane holds `next` it is read; a follower that was lapped, or
 * starts behind it, reads the journal up to its end and then the lane again. What the capture has not written yet is waited for;
 * what it will never write is told as missing. docs/CLIENT.md has an example, docs/examples/follow.c.
 *
 * Functions return 0 or more, or a negative errno with its words in vega_bus_error() and vega_err_text(). Threads: a follower
 * belongs to one at a time. This header is installed: plain C, and C++.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/vega_bus.h"
#include "hugepages/vega_record.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vega_follow;

enum vega_follow_from {
	VEGA_FOLLOW_NOW = 0,
	VEGA_FOLLOW_OLDEST = 1, /* the running capture's first record */
	VEGA_FOLLOW_POSITION =
		2, /* value in generation: batch.next and batch.generation of an earlier run */
	VEGA_FOLLOW_TIME =
		3 /* value: ns; the first packet received then or later, of an earlier capture too */
};

struct vega_follow_start {
	enum vega_follow_from from;
	uint64_t value;
	uint64_t generation; /* with POSITION; 0: the running capture's */
};

/*
 * Params: region	as vega_bus_attach
 *	   feed		its name
 *	   name		what `vega-bus stat` shows; NULL: the program's
 * Returns 0; -ERANGE: the position is not written yet; else as vega_bus_attach, vega_bus_open, vega_journal_open.
 * Memory: 9 MiB once the journal is read, and what it takes to list the feed's files.
 */
int vega_follow_open(const char *region, const char *feed, const struct vega_follow_start *start,
	const char *name, struct vega_follow **ret_follow);
void vega_follow_close(struct vega_follow *follow);

enum vega_follow_what {
	VEGA_FOLLOW_RECORDS = 1,
	VEGA_FOLLOW_MISSING =
		2, /* position to before next will never be had; why says the reason */
	VEGA_FOLLOW_GENERATION = 3 /* another capture begins, at position 0 */
};

enum vega_follow_source {
	VEGA_FOLLOW_LANE = 1,
	VEGA_FOLLOW_JOURNAL = 2
};

enum vega_follow_why {
	VEGA_FOLLOW_LAPPED =
		1, /* the lane overtook the capture's drain: the journal has a LOSS record */
	VEGA_FOLLOW_LOST = 2,      /* storage failed, or the file was removed */
	VEGA_FOLLOW_DAMAGED = 3,   /* the journal has a hole there */
	VEGA_FOLLOW_UNWRITTEN = 4, /* the capture ended before it wrote them */
	VEGA_FOLLOW_NO_JOURNAL = 5 /* the capture keeps none of this feed */
};
const char *vega_follow_why_name(enum vega_follow_why why);

struct vega_follow_batch {
	const union vega_record *records; /* RECORDS: until the next call */
	uint32_t cnt;                     /* of them, 1 or more */
	enum vega_follow_what what;
	enum vega_follow_source source; /* RECORDS */
	/*
	 * MISSING: the reason. GENERATION: UNWRITTEN where the one before was had from its journal alone, so that records which
	 * it had not written when it ended are not known of; else 0.
	 */
	enum vega_follow_why why;
	uint64_t generation;
	uint64_t position;
	uint64_t next;                  /* where the next batch begins */
	struct vega_record_clock clock; /* at the first: for vega_record_ns, record by record */
};

/*
 * The next records, or what is missing, or that another capture begins.
 *
 * Within a generation each batch begins where the last one ended. A restarted capture is taken up by itself.
 *
 * Returns 1; 0: nothing now; -EBADMSG: the region is broken; -ENOENT: the next capture has no such feed; -EIO, -ENOMEM.
 * Cost: in the lane as vega_bus_read; in the journal a block is read and decoded, and after a lap its files are listed.
 */
int vega_follow_next(struct vega_follow *follow, struct vega_follow_batch *ret_batch);

/* After a 0: wait until there may be more. Returns 1, or 0: not within timeout_ns. */
int vega_follow_wait(struct vega_follow *follow, uint64_t timeout_ns);

/* After a 0: the capture has ended, all of it was given or told, and no other has taken its name yet. */
bool vega_follow_is_ended(const struct vega_follow *follow);

#ifdef __cplusplus
}
#endif
#endif
