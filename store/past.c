/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/reader.h"

#define TRIES 3u

struct vega_past {
	char *journal_dir;
	char *feed;
	struct vega_journal *journal; /* NULL: not listed, or there is none */
	struct vega_record_cursor *cursor;
	uint64_t generation; /* of the cursor */
	uint64_t next;       /* what it gives next, where nothing is missing */
	struct vega_record_batch batch;
	bool is_book;
	bool has_batch;
	bool is_damaged;
};

static void
forget(struct vega_past *p)
{
	vega_records_close(p->cursor);
	vega_journal_close(p->journal);
	p->cursor = NULL;
	p->journal = NULL;
	p->has_batch = false;
}

/* The files as they are now. Returns 1; 0: there are none of this feed. */
static int
list(struct vega_past *p)
{
	int rc;

	forget(p);
	rc = vega_journal_open_kind(p->journal_dir, p->feed,
		p->is_book ? VEGA_KIND_BOOK : VEGA_KIND_RECORDS, &p->journal);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return vega_journal_feed_cnt(p->journal) > 0;
}

static void
note_hole(void *arg, const struct vega_hole *hole)
{
	struct vega_past *p = arg;

	(void)hole;
	p->is_damaged = true;
}

/* Returns 1, or 0: no files. */
static int
open_cursor(struct vega_past *p, const struct vega_records_want *want)
{
	int rc = list(p);

	if (rc > 0)
		rc = vega_records_open(p->journal, 0, want, &p->cursor);
	return rc < 0 ? rc : p->cursor != NULL;
}

uint64_t
vega_past_lapped(const struct vega_record_batch *batch)
{
	const struct vega_loss_record *loss = &batch->records->loss;

	if (vega_record_kind(batch->records) != VEGA_LOSS || loss->cause != VEGA_LOSS_LAPPED ||
		loss->first != batch->position || loss->cnt > UINT64_MAX - loss->first)
		return 0;
	return loss->first + loss->cnt;
}

/* A journal may say anything, and twice. */
static bool
is_behind(const struct vega_record_batch *batch, uint64_t position)
{
	return batch->position < position && vega_past_lapped(batch) <= position;
}

/* The next batch from `next` on. */
static int
read_batch(struct vega_past *p)
{
	int rc;

	do {
		rc = vega_records_next(p->cursor, &p->batch);
	} while (rc == 1 && is_behind(&p->batch, p->next));
	p->has_batch = rc == 1;
	return rc;
}

/* All anew: a cursor passes a gap once, and what was one may be filled by now. */
static int
read_anew(struct vega_past *p, uint64_t generation, uint64_t position)
{
	const struct vega_records_want want = {
		.to_ns = UINT64_MAX,
		.generation = generation,
		.from_position = position,
		.is_book = p->is_book,
		.hole = note_hole,
		.hole_arg = p,
	};
	int rc;

	p->is_damaged = false;
	rc = open_cursor(p, &want);
	if (rc <= 0)
		return rc;
	p->generation = generation;
	p->next = position;
	return read_batch(p);
}

int
vega_past_at(struct vega_past *p, uint64_t generation, uint64_t position,
	struct vega_record_batch *ret_batch, bool *ret_is_damaged)
{
	const bool is_next =
		p->cursor != NULL && p->generation == generation && p->next == position;
	int rc = 1;

	*ret_is_damaged = false;
	if (is_next && !p->has_batch)
		rc = read_batch(p);
	if (is_next && rc == 1 && p->batch.position <= position) {
		*ret_batch = p->batch;
		return 1;
	}
	/* a file may be removed between list and read */
	for (uint32_t i = 0; i == 0 || (rc == -ENOENT && i < TRIES); i++)
		rc = read_anew(p, generation, position);
	if (rc == 1)
		*ret_batch = p->batch;
	*ret_is_damaged = p->is_damaged;
	return rc;
}

void
vega_past_take(struct vega_past *p, uint64_t next)
{
	p->has_batch = p->has_batch && p->batch.position >= next;
	p->next = next;
}

int
vega_past_find(struct vega_past *p, uint64_t generation, uint64_t ns, uint64_t *ret_generation,
	uint64_t *ret_position)
{
	const struct vega_records_want want = {
		.from_ns = ns,
		.to_ns = UINT64_MAX,
		.generation = generation,
		.is_book = p->is_book,
	};
	int rc = open_cursor(p, &want);

	p->next = 0;
	if (rc > 0)
		rc = read_batch(p);
	if (rc > 0) {
		*ret_generation = p->batch.generation;
		*ret_position = p->batch.position;
	}
	forget(p);
	return rc;
}

int
vega_past_after(struct vega_past *p, uint64_t generation, uint64_t *ret_generation)
{
	const int rc = list(p);

	*ret_generation = 0;
	if (rc <= 0)
		return rc;
	for (uint32_t i = 0; i < vega_journal_file_cnt(p->journal); i++) {
		const uint64_t found = vega_journal_file(p->journal, i)->generation;

		if (found > generation && (*ret_generation == 0 || found < *ret_generation))
			*ret_generation = found;
	}
	return 0;
}

int
vega_past_new(const char *journal_dir, const char *feed, bool is_book, struct vega_past **ret_past)
{
	struct vega_past *p = calloc(1, sizeof(*p));

	if (p != NULL) {
		p->journal_dir = strdup(journal_dir);
		p->feed = strdup(feed);
		p->is_book = is_book;
	}
	if (p == NULL || p->journal_dir == NULL || p->feed == NULL) {
		vega_past_delete(p);
		return VEGA_ERR(-ENOMEM, "need memory to follow a journal, found none");
	}
	*ret_past = p;
	return 0;
}

void
vega_past_delete(struct vega_past *p)
{
	if (p == NULL)
		return;
	forget(p);
	free(p->journal_dir);
	free(p->feed);
	free(p);
}
