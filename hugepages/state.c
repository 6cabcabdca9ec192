/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hugepages/base/err.h"

#define BATCH_CNT       256u
#define HUGE_PAGE_BYTES (2u << 20)
#define LAPPED_TRIES    8u /* in a poll, before others have their turn */

struct vega_state_feed {
	union vega_record records[BATCH_CNT];
	struct vega_ring ring;
	uint64_t position;  /* of the next record */
	uint64_t lost_from; /* with is_lost */
	bool is_lost;       /* lapped: looking for the next packet */
	bool has_book;
	struct vega_state_writer table;
	struct vega_fold fold;
	struct vega_book book;
	void *book_memory;
};

/* ---- making ----------------------------------------------------------------------------------------------------- */

/* Zeroed memory that has its pages: the poll takes no page fault. */
static void *
new_memory(uint64_t bytes)
{
	const uint64_t whole = vega_align_up(bytes, HUGE_PAGE_BYTES);
	void *memory = aligned_alloc(HUGE_PAGE_BYTES, whole);

	if (memory == NULL)
		return NULL;
	(void)madvise(memory, whole, MADV_HUGEPAGE);
	memset(memory, 0, whole);
	return memory;
}

static int
open_book(struct vega_state_feed *f, const struct vega_state_conf *conf)
{
	const struct vega_book_conf book = {
		.lane = conf->book_lane,
		.lane_bytes = conf->book_lane_bytes,
		.fold = &f->fold,
		.order_cnt = conf->order_cnt,
		.modify_adds = conf->modify_adds,
	};
	const uint64_t bytes = vega_book_bytes(&book);
	struct vega_ring ring;
	const int rc = vega_ring_open(conf->book_lane, conf->book_lane_bytes, &ring);

	if (rc != 0)
		return rc;
	f->book_memory = new_memory(bytes);
	if (f->book_memory == NULL)
		return VEGA_ERR(-ENOMEM,
			"need %llu MiB for the books of %llu orders, found none; set orders",
			(unsigned long long)(bytes >> 20), (unsigned long long)conf->order_cnt);
	vega_book_init(&f->book, &book, f->book_memory);
	f->has_book = true;
	return 0;
}

int
vega_state_feed_new(const struct vega_state_conf *conf, struct vega_state_feed **ret_feed)
{
	struct vega_state_feed *f =
		aligned_alloc(VEGA_LINE_BYTES, vega_align_up(sizeof(*f), VEGA_LINE_BYTES));
	int rc;

	if (f == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a feed's state, found none");
	memset(f, 0, sizeof(*f));
	rc = conf->lane != NULL ? vega_ring_open(conf->lane, conf->lane_bytes, &f->ring) : 0;
	vega_state_writer_init(&f->table, conf->table);
	vega_fold_init(&f->fold, &f->table, conf->book_lane != NULL);
	if (rc == 0 && conf->book_lane != NULL)
		rc = open_book(f, conf);
	if (rc != 0) {
		vega_state_feed_delete(f);
		return rc;
	}
	*ret_feed = f;
	return 0;
}

void
vega_state_feed_delete(struct vega_state_feed *f)
{
	if (f == NULL)
		return;
	free(f->book_memory);
	free(f);
}

const struct vega_fold *
vega_state_feed_fold(const struct vega_state_feed *f)
{
	return &f->fold;
}

/* ---- polling ---------------------------------------------------------------------------------------------------- */

/* The epoch that holds at a position; 0: it is not known, an EPOCH record will tell. */
static uint64_t
epoch_at(const struct vega_ring *ring, uint64_t position)
{
	/* E2: pairs with E1, which rx stores behind epoch_ns */
	const uint64_t from = vega_load_acquire(&ring->tail->epoch_from);

	return from <= position ? vega_load_relaxed(&ring->tail->epoch_ns) : 0;
}

static void
tell_lapped(struct vega_state_feed *f, uint64_t position, uint64_t cnt, uint64_t epoch_ns)
{
	if (f->has_book)
		vega_book_lapped(&f->book, cnt, position, epoch_ns);
	else
		vega_fold_lapped(&f->fold, position + cnt, cnt, epoch_ns);
}

/* Behind a lap: pass over what is left of a packet. Returns records passed. */
static uint64_t
find_packet(struct vega_state_feed *f, uint64_t cnt)
{
	const uint64_t epoch_ns = epoch_at(&f->ring, f->position);
	uint64_t i = 0;
	uint64_t lost;

	while (i < cnt && vega_record_kind(&f->records[i]) != VEGA_PACKET)
		i++;
	if (i == cnt)
		return i;
	lost = f->position + i - f->lost_from;
	f->is_lost = false;
	tell_lapped(f, f->lost_from, lost, epoch_ns);
	return i;
}

/* Copy a batch, from the oldest record that can be had where we were lapped. Returns records, 0: none is new. */
static uint64_t
copy(struct vega_state_feed *f)
{
	uint64_t cnt = 0;
	uint64_t oldest;

	for (uint32_t tries = 0; tries < LAPPED_TRIES; tries++) {
		if (vega_likely(vega_ring_copy(&f->ring, f->position, BATCH_CNT,
					(uint64_t *)f->records, &cnt, &oldest) != VEGA_RING_LAPPED))
			return cnt;
		f->lost_from = f->is_lost ? f->lost_from : f->position;
		f->is_lost = true;
		f->position = oldest;
	}
	return 0;
}

/* A full batch ends before its last packet, that an event is not cut; one packet that fills it goes in parts. */
static uint64_t
whole_packets(const struct vega_state_feed *f, uint64_t cnt)
{
	uint64_t end = cnt;

	if (cnt < BATCH_CNT)
		return cnt;
	while (end > 1 && vega_record_kind(&f->records[end - 1]) != VEGA_PACKET)
		end--;
	return end > 1 ? end - 1 : cnt;
}

/* Apply records that follow each other, `position` that of the first. Returns how many were taken. */
static uint64_t
apply(struct vega_state_feed *f, const union vega_record *records, uint64_t cnt, uint64_t position)
{
	return f->has_book ? vega_book_apply(&f->book, records, cnt)
			   : vega_fold_apply(&f->fold, records, cnt, position);
}

/* The table is as the records up to f->position say. */
static void
publish(struct vega_state_feed *f)
{
	struct vega_state_table *table = f->table.table;

	vega_fold_end(&f->fold);
	/* P1, both */
	vega_store_release(&table->position, f->has_book ? f->book.ring.publish : f->position);
	vega_store_release(&table->record_position, f->position); /* P1 */
}

unsigned
vega_state_poll(struct vega_state_feed *f)
{
	uint64_t cnt = copy(f);
	uint64_t taken = 0;

	if (cnt == 0)
		return 0;
	if (vega_unlikely(f->is_lost))
		taken = find_packet(f, cnt);
	cnt = whole_packets(f, cnt);
	if (vega_likely(taken < cnt))
		taken += apply(f, f->records + taken, cnt - taken, f->position + taken);
	f->position += taken;
	publish(f);
	return (unsigned)taken;
}

void
vega_state_take(struct vega_state_feed *f, const union vega_record *records, uint64_t cnt,
	uint64_t position, uint64_t epoch_ns)
{
	const bool is_loss =
		vega_record_kind(records) == VEGA_LOSS && records->loss.cause == VEGA_LOSS_LAPPED;

	if (position != f->position)
		tell_lapped(f, f->position, position - f->position, epoch_ns);
	for (uint64_t done = 0; done < cnt;) {
		const uint64_t n = cnt - done < BATCH_CNT ? cnt - done : BATCH_CNT;
		const uint64_t taken = apply(f, records + done, n, position + done);

		if (taken == 0)
			break; /* its second half is not here */
		done += taken;
	}
	f->position = position + (is_loss ? records->loss.cnt : cnt);
	publish(f);
}
