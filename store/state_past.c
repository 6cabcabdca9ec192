/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/state_past.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "hugepages/base/err.h"
#include "store/state_keyframe.h"

#define ORDER_KINDS                                                                       \
	(VEGA_RECORD_KIND_BIT(VEGA_ORDER_ADD) | VEGA_RECORD_KIND_BIT(VEGA_ORDER_MODIFY) | \
		VEGA_RECORD_KIND_BIT(VEGA_ORDER_DELETE) |                                 \
		VEGA_RECORD_KIND_BIT(VEGA_ORDER_EXECUTE))

/* A lane's files of one generation, in the journal. */
struct span {
	uint32_t first;
	uint32_t end; /* first: there are none */
	uint64_t generation;
};

struct make {
	struct vega_journal *journal;
	const struct vega_state_past_want *want;
	struct vega_state_past *past;
	uint32_t feed_idx;
	struct span span;
	uint64_t cut_position; /* of the block that T ends in; UINT64_MAX: none, all is before T */
	uint64_t end_position; /* no keyframe behind it: what it knows is not all in the journal */
	struct vega_state_keyframe keyframe;
	uint32_t slice; /* the next to be laid */
	struct vega_state_writer writer;
	struct vega_fold fold;
	uint64_t next; /* position */
	bool is_holed; /* a damaged extent was passed behind the last record */
};

/* ---- place -------------------------------------------------------------------------------------------------------- */

/* The last generation of a lane that had begun by T, or the one that is asked for. */
static struct span
find_span(const struct make *m, enum vega_block_kind kind, uint64_t generation)
{
	const struct vega_jfeed *feed = &m->journal->feeds[m->feed_idx];
	const uint32_t end = feed->kind[kind].file_first + feed->kind[kind].file_cnt;
	struct span found = {0};

	for (uint32_t i = feed->kind[kind].file_first; i < end; i++) {
		const struct vega_journal_file *info = &m->journal->files[i].info;

		if (found.end == i && i != 0 && found.generation == info->generation) {
			found.end++;
			continue;
		}
		if (generation != 0 ? info->generation == generation
				    : info->first_ns <= m->want->at_ns)
			found = (struct span){i, i + 1, info->generation};
	}
	return found;
}

/* The lane that the table is a fold of, in the last capture before T. False: there is none. */
static bool
find_lane(struct make *m)
{
	struct span records = find_span(m, VEGA_KIND_RECORDS, 0);
	struct span book = find_span(m, VEGA_KIND_BOOK, 0);

	if (records.end != records.first &&
		(book.end == book.first || book.generation < records.generation))
		book = find_span(m, VEGA_KIND_BOOK, records.generation);
	m->past->is_book = book.end != book.first;
	m->span = m->past->is_book ? book : records;
	m->past->generation = m->span.generation;
	return m->span.end != m->span.first;
}

static const struct vega_index_entry *
first_after(const struct vega_jfile *file, uint64_t at_ns)
{
	for (uint64_t i = 0; i < file->entry_cnt; i++)
		if (file->entries[i].packet_cnt != 0 && file->entries[i].recv_ns_max > at_ns)
			return &file->entries[i];
	return NULL;
}

/* The block that T ends in; what is behind its file is not looked at any more. */
static int
find_cut(struct make *m)
{
	m->cut_position = UINT64_MAX;
	for (uint32_t i = m->span.first; i < m->span.end; i++) {
		struct vega_jfile *file = &m->journal->files[i];
		const struct vega_index_entry *entry;
		int rc;

		if (file->info.last_ns <= m->want->at_ns)
			continue;
		rc = vega_jfile_ensure(file, m->journal->io);
		if (rc < 0)
			return rc;
		entry = first_after(file, m->want->at_ns);
		if (entry != NULL) {
			m->cut_position = entry->position_first;
			m->span.end = i + 1;
		}
	}
	return 0;
}

/* The last block of records at a position or before it. Returns 1, 0: there is none, or -ENOMEM. */
static int
find_block(struct make *m, uint64_t position, uint32_t *ret_file_idx,
	const struct vega_index_entry **ret_entry)
{
	for (uint32_t i = m->span.end; i > m->span.first; i--) {
		struct vega_jfile *file = &m->journal->files[i - 1];
		const int rc = vega_jfile_ensure(file, m->journal->io);

		if (rc < 0)
			return rc;
		for (uint64_t k = file->entry_cnt; k > 0; k--) {
			*ret_entry = &file->entries[k - 1];
			*ret_file_idx = i - 1;
			if (!vega_entry_is_keyframe(*ret_entry) &&
				(*ret_entry)->position_first <= position)
				return 1;
		}
	}
	return 0;
}

/* ---- the table ---------------------------------------------------------------------------------------------------- */

/* Its memory has pages where it is used: room for all instruments there can be costs nothing. */
static int
make_table(struct make *m)
{
	struct vega_state_past *p = m->past;
	uint64_t capacity = m->want->capacity != 0 ? m->want->capacity : VEGA_INSTRUMENT_CNT_MAX;
	void *memory;

	if (capacity < m->keyframe.entry_total)
		capacity = m->keyframe.entry_total;
	p->table_bytes = vega_state_table_bytes(capacity);
	memory = mmap(NULL, p->table_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return VEGA_ERR(-ENOMEM, "need memory for %llu instruments, found none",
			(unsigned long long)capacity);
	(void)madvise(memory, p->table_bytes, MADV_HUGEPAGE); /* a fold touches all of it */
	p->table = memory;
	vega_state_table_new(p->table, capacity, 0, p->generation);
	vega_state_writer_init(&m->writer, p->table);
	vega_fold_init(&m->fold, &m->writer, p->is_book);
	return vega_state_open(p->table, p->table_bytes, &p->view);
}

/* The next slice of the keyframe, where the fold is at its position. */
static void
lay_slice(struct make *m)
{
	const uint32_t first = m->slice * VEGA_KEYFRAME_SLICE_CNT;
	const uint32_t left = m->keyframe.entry_total - first;
	const uint32_t cnt = left < VEGA_KEYFRAME_SLICE_CNT ? left : VEGA_KEYFRAME_SLICE_CNT;

	vega_fold_end(&m->fold);
	memcpy(&m->writer.entries[first], &m->keyframe.entries[first],
		cnt * sizeof(m->writer.entries[0]));
	m->slice++;
}

/* The first slice, and the tokens of all: each entry keeps its place. False: two are of one token. */
static bool
begin_keyframe(struct make *m)
{
	for (uint32_t i = 0; i < m->keyframe.entry_total; i++)
		if (vega_state_add(&m->writer, m->keyframe.entries[i].token) != i)
			return false;
	if (vega_fold_resume(&m->fold, &m->keyframe.kept) != 0)
		return false;
	m->next = m->keyframe.positions[0];
	m->past->has_keyframe = true;
	m->past->keyframe_position = m->next;
	lay_slice(m);
	return true;
}

static void
unmake_table(struct vega_state_past *p)
{
	if (p->table != NULL)
		(void)munmap(p->table, p->table_bytes);
	p->table = NULL;
}

/* From the last keyframe, else from nothing. */
static int
begin(struct make *m)
{
	const struct vega_state_keyframe_want want = {
		.file_first = m->span.first,
		.file_end = m->span.end,
		.generation = m->span.generation,
		.position = m->end_position,
		.at_ns = m->want->at_ns,
	};
	int rc = m->want->from_start ? 0
				     : vega_state_keyframe_find(
					       m->journal, &want, &m->keyframe, &m->past->damaged);

	if (rc < 0)
		return rc;
	rc = make_table(m);
	if (rc != 0 || m->keyframe.entry_total == 0 || begin_keyframe(m))
		return rc;
	m->past->damaged++;
	vega_state_keyframe_clear(&m->keyframe);
	unmake_table(m->past);
	return make_table(m);
}

/* ---- fold --------------------------------------------------------------------------------------------------------- */

/* Records of a batch that were received up to T, whole events. */
static uint32_t
cnt_until(const struct vega_record_batch *batch, uint64_t at_ns)
{
	struct vega_record_clock clock = batch->clock;

	for (uint32_t i = 0; i < batch->cnt; i++) {
		const union vega_record *r = &batch->records[i];
		const uint32_t kind = vega_record_kind(r);
		const uint64_t ns = vega_record_ns(&clock, r);

		if ((kind == VEGA_PACKET || kind == VEGA_EPOCH || kind == VEGA_LOSS) && ns > at_ns)
			return i > 0 && vega_record_kind(r - 1) == VEGA_TIME ? i - 1 : i;
	}
	return batch->cnt;
}

static bool
has_slice(const struct make *m)
{
	return m->slice < m->keyframe.slice_cnt;
}

static void
fold_records(struct make *m, const union vega_record *records, uint64_t cnt)
{
	uint64_t done = 0;

	while (done < cnt) {
		uint64_t n = cnt - done;

		while (has_slice(m) && m->keyframe.positions[m->slice] <= m->next)
			lay_slice(m);
		if (has_slice(m) && m->keyframe.positions[m->slice] - m->next < n)
			n = m->keyframe.positions[m->slice] - m->next;
		(void)vega_fold_apply(&m->fold, records + done, n, m->next);
		done += n;
		m->next += n;
	}
	m->past->record_cnt += cnt;
}

/* What lies between the last record and this position is not in the journal. */
static void
pass_to(struct make *m, uint64_t position, uint64_t epoch_ns)
{
	vega_fold_end(&m->fold);
	while (has_slice(m) && m->keyframe.positions[m->slice] <= position)
		lay_slice(m);
	vega_fold_lapped(&m->fold, position, position - m->next, epoch_ns);
	m->next = position;
	m->is_holed = false;
}

/* Returns 1: go on, 0: T is reached. */
static int
take(struct make *m, const struct vega_record_batch *batch)
{
	const struct vega_loss_record *loss = &batch->records->loss;
	const bool is_lap =
		vega_record_kind(batch->records) == VEGA_LOSS && loss->cause == VEGA_LOSS_LAPPED;
	const uint32_t cnt =
		batch->position >= m->cut_position ? cnt_until(batch, m->want->at_ns) : batch->cnt;

	if (batch->position + batch->cnt <= m->next && !is_lap)
		return 1; /* a journal may say anything, and twice */
	if (batch->position < m->next)
		return 1;
	if (!m->past->is_book && !m->past->has_keyframe && (batch->kinds & ORDER_KINDS) != 0 &&
		(batch->kinds & VEGA_RECORD_KIND_BIT(VEGA_LEVEL)) == 0)
		m->past->has_orders = true;
	if (cnt == 0 || m->past->has_orders)
		return 0;
	if (batch->position > m->next)
		pass_to(m, batch->position, batch->clock.epoch_ns);
	fold_records(m, batch->records, cnt);
	if (is_lap && loss->cnt < UINT64_MAX - batch->position)
		m->next = batch->position + loss->cnt;
	return cnt == batch->cnt;
}

static void
note_hole(void *arg, const struct vega_hole *hole)
{
	struct make *m = arg;

	m->past->damaged += !hole->recovered;
	m->is_holed = true;
}

static int
fold_from(struct make *m, uint32_t file_idx, uint64_t off)
{
	const struct vega_records_want want = {
		.to_ns = UINT64_MAX,
		.generation = m->span.generation,
		.from_position = m->next,
		.is_book = m->past->is_book,
		.hole = note_hole,
		.hole_arg = m,
	};
	struct vega_record_batch batch;
	struct vega_record_cursor *cursor;
	int rc = vega_records_open_at(
		m->journal, m->feed_idx, &want, file_idx, m->span.end, off, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = vega_records_next(cursor, &batch)) == 1)
		if (take(m, &batch) == 0)
			break;
	vega_records_close(cursor);
	return rc < 0 ? rc : 0;
}

static int
fold(struct make *m)
{
	const struct vega_index_entry *entry;
	uint32_t file_idx = m->span.first;
	uint64_t off = VEGA_HEAD_BYTES;
	int rc = m->past->has_keyframe ? find_block(m, m->next, &file_idx, &entry) : 0;

	if (rc < 0)
		return rc;
	if (rc == 1)
		off = entry->start_off;
	else
		file_idx = m->span.first;
	rc = fold_from(m, file_idx, off);
	vega_fold_end(&m->fold);
	while (has_slice(m))
		lay_slice(m);
	if (m->is_holed)
		vega_fold_lapped(&m->fold, m->next, 0, 0);
	m->past->position = m->next;
	return rc;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

static int
find_end(struct make *m)
{
	const struct vega_index_entry *entry = NULL;
	uint32_t file_idx;
	int rc = find_cut(m);

	if (rc == 0)
		rc = find_block(m, UINT64_MAX, &file_idx, &entry);
	m->end_position = m->cut_position;
	if (rc == 1 && entry != NULL && m->cut_position == UINT64_MAX &&
		entry->record_cnt <= UINT64_MAX - entry->position_first)
		m->end_position = entry->position_first + entry->record_cnt;
	return rc < 0 ? rc : 0;
}

int
vega_state_past_make(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_state_past_want *want, struct vega_state_past *ret_past)
{
	struct vega_state_past past = {0};
	struct make m = {.journal = journal, .want = want, .past = &past, .feed_idx = feed_idx};
	int rc = 0;

	if (find_lane(&m)) {
		past.price_scale = journal->files[m.span.first].info.price_scale;
		rc = find_end(&m);
		if (rc == 0)
			rc = begin(&m);
		if (rc == 0)
			rc = fold(&m);
	}
	vega_state_keyframe_clear(&m.keyframe);
	if (rc < 0)
		vega_state_past_clear(&past);
	else
		*ret_past = past;
	return rc;
}

void
vega_state_past_clear(struct vega_state_past *past)
{
	unmake_table(past);
	*past = (struct vega_state_past){0};
}
