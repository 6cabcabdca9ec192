/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_RING_H
#define VEGA_RING_H
/*
 * The record lane: a ring of records with one writer and any number of readers, of which the writer knows nothing.
 *
 *	0    64                                                        end - 64      end - 16
 *	+----+--------+--------+--------+--- ... ----+-------- ... ----+-------------+-----------------+
 *	|head| record | record | record |            |    record       | epoch       | claim | publish |
 *	+----+--------+--------+--------+--- ... ----+-------- ... ----+-------------+-----------------+
 *
 * A position counts records since the generation began; position p lies in slot p mod capacity. Records are arrays of 64-bit words.
 *
 *	W1 writer  store `claim`, relaxed: no position at or behind it will be written before it moves. Then the words.
 *	W2 writer  store each word, release: who reads the word sees the claim before it (R3).
 *	W3 writer  store `publish`, release: who reads it sees all words before it (R2).
 *	R1 reader  load `publish`, acquire; pairs with W3.
 *	R2 reader  load each word, acquire; pairs with W2.
 *	R3 reader  load `claim`, relaxed, after the words: position p was whole if claim - p <= capacity. Whoever read a word that was
 *		   overwritten read it with W2 of a later lap, so sees the claim of that lap.
 *
 * The writer claims in steps and publishes a whole event; the claim may be ahead of what is written by one step, which costs a
 * reader at the very edge a few records that it could have had. A reader costs the writer nothing, alive, stopped or dead.
 *
 * The epoch that times count from, before an EPOCH record says it in the stream:
 *
 *	E1 writer  store `epoch_from`, relaxed, then `epoch_ns`, release; then lay the EPOCH record, whose position is `epoch_from`.
 *	E2 reader  after R1, load `epoch_ns`, acquire, then `epoch_from`: who sees a new epoch sees where it begins. Who sees only
 *		   where it begins goes on from there, and the EPOCH record is the first that it reads.
 */
#include <stdbool.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/attr.h"
#include "hugepages/vega_layout.h"

#define VEGA_RING_VERSION 1u
#define VEGA_RING_WORDS   4u     /* of the built-in schema's record */
#ifndef VEGA_RING_CLAIM_STEP     /* the interleaving test makes it small */
#define VEGA_RING_CLAIM_STEP 64u /* records claimed at a time */
#endif
#define VEGA_RING_TAIL_BYTES 64u

/* Private to the writer. */
struct vega_ring_writer {
	uint64_t *slot;    /* where the next record goes */
	uint64_t *begin;   /* the first slot */
	uint64_t *end;     /* behind the last */
	uint64_t next;     /* position of the next record */
	uint64_t claimed;  /* what W1 stored */
	uint64_t publish;  /* what W3 stored */
	uint64_t capacity; /* records */
	struct vega_record_tail *tail;
};

/* A reader's view; by value, nothing in it changes but through lane. */
struct vega_ring {
	const uint64_t *records;
	const struct vega_record_tail *tail;
	uint64_t capacity;
	uint32_t words; /* of a record */
};

/* Records that a lane of so many bytes holds; 0: too small. */
uint64_t vega_ring_capacity(uint64_t lane_bytes, uint32_t record_bytes);

/*
 * Make a lane in zeroed memory / take its writing side / its reading side.
 *
 * Params: lane		8-byte aligned, lane_bytes long
 * vega_ring_open returns 0, or -EBADMSG when header and lane_bytes do not agree: then nothing of the lane may be used.
 */
void vega_ring_new(struct vega_record_lane *lane, uint64_t lane_bytes, uint32_t feed_id,
	uint32_t record_bytes, uint64_t generation);
void vega_ring_writer_init(
	struct vega_ring_writer *w, struct vega_record_lane *lane, uint64_t lane_bytes);
int vega_ring_open(const struct vega_record_lane *lane, uint64_t lane_bytes,
	struct vega_ring *ret_ring) VEGA_MUST_CHECK;

/* The slow half of put: claim the next step. */
static inline void
vega_ring_claim(struct vega_ring_writer *w)
{
	w->claimed = w->next + VEGA_RING_CLAIM_STEP;
	vega_store_relaxed(&w->tail->claim, w->claimed); /* W1 */
}

/* W2, four times: the words of one record. */
static VEGA_ALWAYS_INLINE void
vega_ring_words(uint64_t *slot, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	vega_store_release(&slot[0], w0); /* W2 */
	vega_store_release(&slot[1], w1); /* W2 */
	vega_store_release(&slot[2], w2); /* W2 */
	vega_store_release(&slot[3], w3); /* W2 */
}

/* Leave the next slot open: its words are laid (W2) before vega_ring_publish, behind whatever comes after it. */
static VEGA_ALWAYS_INLINE uint64_t *
vega_ring_skip(struct vega_ring_writer *w)
{
	uint64_t *slot = w->slot;
	uint64_t *after = slot + VEGA_RING_WORDS;

	if (vega_unlikely(w->next == w->claimed))
		vega_ring_claim(w);
	w->next++;
	w->slot = vega_unlikely(after == w->end) ? w->begin : after;
	return slot;
}

/* Lay one record behind the last; it is not seen before vega_ring_publish. Not published: at most capacity / 2. */
static VEGA_ALWAYS_INLINE void
vega_ring_put(struct vega_ring_writer *w, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	vega_ring_words(vega_ring_skip(w), w0, w1, w2, w3);
}

/* Slots in one piece, claimed and not written yet. */
struct vega_ring_run {
	uint64_t *slot;
	uint64_t cnt;
};

/*
 * Take the writer's next slots into the hand: who lays record after record keeps its place in registers. vega_ring_run_end gives them
 * back, before any other put.
 *
 * Returns as many as are wanted, but no more than VEGA_RING_CLAIM_STEP, nor than there are up to the lane's end: 1 or more.
 */
static VEGA_ALWAYS_INLINE struct vega_ring_run
vega_ring_run_begin(struct vega_ring_writer *w, uint64_t want)
{
	const uint64_t to_end = (uint64_t)(w->end - w->slot) / VEGA_RING_WORDS;
	uint64_t claimed = w->claimed - w->next;

	if (vega_unlikely(claimed < want) && claimed < VEGA_RING_CLAIM_STEP) {
		vega_ring_claim(w);
		claimed = VEGA_RING_CLAIM_STEP;
	}
	return (struct vega_ring_run){w->slot, claimed < to_end ? claimed : to_end};
}

/* Records are laid up to `slot`. */
static VEGA_ALWAYS_INLINE void
vega_ring_run_end(struct vega_ring_writer *w, uint64_t *slot)
{
	w->next += (uint64_t)(slot - w->slot) / VEGA_RING_WORDS;
	w->slot = vega_unlikely(slot == w->end) ? w->begin : slot;
}

/* The slot of a position that is not published yet, to amend a word of it by vega_store_release (W2). */
static inline uint64_t *
vega_ring_slot(const struct vega_ring_writer *w, uint64_t position)
{
	uint64_t *slot = w->slot - (w->next - position) * VEGA_RING_WORDS;

	return slot < w->begin ? slot + w->capacity * VEGA_RING_WORDS : slot;
}

static VEGA_ALWAYS_INLINE void
vega_ring_publish(struct vega_ring_writer *w)
{
	w->publish = w->next;
	vega_store_release(&w->tail->publish, w->publish); /* W3 */
}

/* What a read came to. */
enum vega_ring_read {
	VEGA_RING_OK = 0,     /* ret_cnt records, 0: none new */
	VEGA_RING_LAPPED = 1, /* `from` is overwritten, or will be at once: go on from ret_oldest */
	VEGA_RING_AHEAD =
		2 /* `from` was never written: another generation's position, or a broken lane */
};

/* R2 over a run of slots that lie one behind the other. */
static VEGA_ALWAYS_INLINE void
vega_ring_copy_run(uint64_t *to, const uint64_t *slot, uint64_t words)
{
	for (uint64_t i = 0; i < words; i++)
		to[i] = vega_load_acquire(&slot[i]); /* R2 */
}

/*
 * Copy records from a position on.
 *
 * Params: from_idx	slot of `from`: from % ring->capacity
 *	   to		max records of ring->words words
 *	   ret_cnt	with OK: records copied, 0: none is new
 *	   ret_oldest	with LAPPED: the oldest position that can be had now, a claim step of room left
 * Threads: any number. Cost: the copy and two loads.
 */
static inline enum vega_ring_read
vega_ring_copy_at(const struct vega_ring *ring, uint64_t from, uint64_t from_idx, uint64_t max,
	uint64_t *to, uint64_t *ret_cnt, uint64_t *ret_oldest)
{
	const uint64_t publish = vega_load_acquire(&ring->tail->publish); /* R1 */
	const uint64_t there = publish - from;
	const uint64_t cnt = there < max ? there : max;
	const uint64_t to_end = ring->capacity - from_idx;
	const uint64_t run = cnt < to_end ? cnt : to_end;
	uint64_t claim;

	*ret_cnt = 0;
	if (vega_unlikely(from > publish))
		return VEGA_RING_AHEAD;
	if (vega_likely(there <= ring->capacity)) {
		vega_ring_copy_run(to, ring->records + from_idx * ring->words, run * ring->words);
		vega_ring_copy_run(
			to + run * ring->words, ring->records, (cnt - run) * ring->words);
		/* R3: the oldest position copied decides. */
		if (vega_likely(vega_load_relaxed(&ring->tail->claim) - from <= ring->capacity)) {
			*ret_cnt = cnt;
			return VEGA_RING_OK;
		}
	}
	claim = vega_load_relaxed(&ring->tail->claim) + VEGA_RING_CLAIM_STEP;
	*ret_oldest = claim - ring->capacity < publish ? claim - ring->capacity : publish;
	return VEGA_RING_LAPPED;
}

/* The same by position alone; costs a division. */
static inline enum vega_ring_read
vega_ring_copy(const struct vega_ring *ring, uint64_t from, uint64_t max, uint64_t *to,
	uint64_t *ret_cnt, uint64_t *ret_oldest)
{
	return vega_ring_copy_at(ring, from, from % ring->capacity, max, to, ret_cnt, ret_oldest);
}

/* E1: the epoch that begins with the next record, which is to be its EPOCH record. */
static inline void
vega_ring_epoch_begin(struct vega_ring_writer *w, uint64_t epoch_ns)
{
	vega_store_relaxed(&w->tail->epoch_from, w->next);
	vega_store_release(&w->tail->epoch_ns, epoch_ns); /* E1: pairs with E2 */
}

/* E2: the epoch of the newest records, after a load of publish; go on from no position before *ret_from. */
static inline uint64_t
vega_ring_epoch(const struct vega_ring *ring, uint64_t *ret_from)
{
	const uint64_t epoch_ns = vega_load_acquire(&ring->tail->epoch_ns); /* E2 */

	*ret_from = vega_load_relaxed(&ring->tail->epoch_from);
	return epoch_ns;
}

#endif
