/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making a journal file: folders, a free name, space, head.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/clock.h"
#include "hugepages/vega_layout.h"
#include "store/writer_private.h"

/* Space is set aside in steps as large as the file, within these. */
#define STEP_BYTES_MIN (8ull << 20)
#define STEP_BYTES_MAX (64ull << 20)

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int
vega_writer_reserve(struct vega_writer *w, uint64_t end)
{
	const struct vega_io_ops *ops = w->io->ops;
	uint64_t step =
		min_u64(w->end_off < STEP_BYTES_MIN ? STEP_BYTES_MIN : w->end_off, STEP_BYTES_MAX);
	uint64_t ahead = min_u64(end + step, w->feed->file_bytes_max);
	int rc;

	if (w->no_reserve || end <= w->reserved_off)
		return 0;
	ahead = ahead < end ? end : ahead;
	rc = ops->reserve(w->io, w->file, w->reserved_off, ahead - w->reserved_off);
	if (rc == -ENOSPC && ahead > end) {
		ahead = end;
		rc = ops->reserve(w->io, w->file, w->reserved_off, ahead - w->reserved_off);
	}
	if (rc == 0)
		w->reserved_off = ahead;
	else if (rc != -ENOSPC && rc != -EDQUOT && rc != -EIO)
		w->no_reserve = true;
	return w->no_reserve ? 0 : rc;
}

/* Enough to be worth beginning: without it a disk that is nearly full gets a small file every second. */
static int
reserve_first(struct vega_writer *w)
{
	uint64_t worth = min_u64(VEGA_HEAD_BYTES + VEGA_BLOCK_BYTES_MAX, w->feed->file_bytes_max);
	uint64_t free_bytes;

	if (w->io->ops->space(w->io, w->feed->journal_dir, &free_bytes) == 0 && free_bytes < worth)
		return -ENOSPC;
	return vega_writer_reserve(w, worth);
}

/* The folders of the file, outermost first. */
static void
folder(const struct vega_writer *w, unsigned depth, char path[VEGA_WRITER_PATH_MAX])
{
	const struct vega_writer_feed *feed = w->feed;

	if (depth == 0)
		(void)snprintf(path, VEGA_WRITER_PATH_MAX, "%s", feed->journal_dir);
	else if (depth == 1)
		(void)snprintf(path, VEGA_WRITER_PATH_MAX, "%s/%08u", feed->journal_dir, w->day);
	else
		(void)snprintf(path, VEGA_WRITER_PATH_MAX, "%s/%08u/%s", feed->journal_dir, w->day,
			feed->name);
}

static int
make_folders(struct vega_writer *w)
{
	char path[VEGA_WRITER_PATH_MAX];
	int rc;

	for (unsigned depth = 1; depth < VEGA_ARRAY_CNT(w->dirs); depth++) {
		folder(w, depth, path);
		rc = w->io->ops->mkdir(w->io, path);
		if (rc < 0 && rc != -EEXIST)
			return VEGA_ERR(
				rc, "need to make the folder %s, found %s", path, strerror(-rc));
	}
	return 0;
}

/* What stands around NNNN in the name of a file of a kind. */
struct name {
	const char *before;
	const char *behind;
};

static struct name
name_of(enum vega_block_kind kind)
{
	switch (kind) {
	case VEGA_KIND_RECORDS:
		return (struct name){"records", "vega"};
	case VEGA_KIND_BOOK:
		return (struct name){"book", "vega"};
	default:
		return (struct name){"frames", "pcapng"};
	}
}

/* The first free number: a restart goes on beside what is there and overwrites nothing. */
static int
open_next(struct vega_writer *w)
{
	struct vega_writer_feed *feed = w->feed;
	const struct name name = name_of(feed->kind);
	char dir[VEGA_WRITER_PATH_MAX - 32];
	int n;

	if (feed->number_day != w->day)
		feed->number_next = 0;
	feed->number_day = w->day;
	n = snprintf(dir, sizeof(dir), "%s/%08u/%s", feed->journal_dir, w->day, feed->name);
	if (n < 0 || (size_t)n >= sizeof(dir))
		return VEGA_ERR(-ENAMETOOLONG, "need a shorter journal folder, found %s",
			feed->journal_dir);
	do {
		(void)snprintf(w->path, sizeof(w->path), "%s/%s-%04u.%s", dir, name.before,
			feed->number_next, name.behind);
		w->file = w->io->ops->open(w->io, w->path,
			VEGA_IO_WRITE | VEGA_IO_CREATE | VEGA_IO_DIRECT | VEGA_IO_LOCK);
	} while (w->file == -EEXIST && ++feed->number_next != 0);
	if (w->file < 0)
		return VEGA_ERR(w->file, "need to make the journal file %s, found %s", w->path,
			strerror(-w->file));
	return 0;
}

static void
begin_head(struct vega_writer *w, const struct vega_block_hdr *first)
{
	const struct vega_writer_feed *feed = w->feed;
	/* of a keyframe too: their epochs lie alike */
	const struct vega_records_hdr *records =
		(const struct vega_records_hdr *)(const void *)(first + 1);
	char names[VEGA_IF_CNT_MAX][VEGA_NAME_BYTES] = {"if0"};
	uint32_t if_cnt = feed->lane->if_cnt;
	struct vega_head identity = {
		.created_ns = vega_realtime_ns(),
		.generation = first->generation,
		.epoch_ns = vega_format_is_records(feed->kind) ? records->epoch_ns : 0,
		.day = w->day,
		.day_start_s = feed->day_start_s,
		.file_number = feed->number_next,
		.kind = feed->kind,
		.linktype = w->linktype,
		.price_scale = feed->price_scale,
		.lost_before = feed->untold.disk,
	};

	if_cnt = if_cnt > VEGA_IF_CNT_MAX ? VEGA_IF_CNT_MAX : if_cnt;
	if (if_cnt != 0)
		memcpy(names, feed->lane->if_name, sizeof(names));
	identity.if_cnt = if_cnt != 0 ? if_cnt : 1;
	memcpy(identity.file_id, w->file_id, sizeof(identity.file_id));
	(void)snprintf(identity.feed, sizeof(identity.feed), "%s", feed->name);
	(void)snprintf(identity.zone, sizeof(identity.zone), "%s", feed->zone);
	(void)snprintf(identity.region, sizeof(identity.region), "%s", feed->region);
	vega_format_head(w->head, &identity, (const char(*)[VEGA_NAME_BYTES])names);
	w->runs[0] = (struct vega_run){.bytes = VEGA_HEAD_BYTES};
	w->run_cnt = 1;
	vega_io_write(w->io, &w->runs[0].req, w->file, w->head, VEGA_HEAD_BYTES, 0);
}

/* New names are durable once their folders are synced, which need not be waited for here. */
static void
begin_folder_syncs(struct vega_writer *w)
{
	char path[VEGA_WRITER_PATH_MAX];

	for (unsigned depth = 0; depth < VEGA_ARRAY_CNT(w->dirs); depth++) {
		folder(w, depth, path);
		w->dirs[depth] = w->io->ops->open(w->io, path, VEGA_IO_DIR);
		if (w->dirs[depth] < 0) {
			vega_writer_fail(w, w->dirs[depth], "open the folder of");
			w->unsafe = true;
			continue;
		}
		vega_io_sync(w->io, &w->dir_syncs[depth], w->dirs[depth], VEGA_IO_DO_SYNC);
	}
}

/* Everything that can fail and leave nothing behind. */
static int
make_file(struct vega_writer *w)
{
	int rc;

	w->head = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, VEGA_HEAD_BYTES);
	if (w->head == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a journal file's head, found none");
	rc = w->io->ops->random(w->io, w->file_id, sizeof(w->file_id));
	if (rc < 0)
		return VEGA_ERR(rc, "need random numbers for a file's identity, found none");
	rc = make_folders(w);
	if (rc == 0)
		rc = open_next(w);
	if (rc < 0)
		return rc;
	rc = reserve_first(w);
	if (rc < 0) {
		w->io->ops->close(w->io, w->file);
		(void)w->io->ops->unlink(w->io, w->path);
		return VEGA_ERR(rc, "need room for a journal file in %s, found %s; free some",
			w->feed->journal_dir, strerror(-rc));
	}
	return 0;
}

int
vega_writer_new(struct vega_io *io, struct vega_writer_feed *feed,
	const struct vega_block_hdr *first, uint64_t now_ns, struct vega_writer **ret_writer)
{
	char idx_path[VEGA_WRITER_PATH_MAX + sizeof(VEGA_IDX_SUFFIX)];
	struct vega_writer *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a journal file, found none");
	w->io = io;
	w->feed = feed;
	w->state = VEGA_WRITER_OPEN;
	w->day = first->day;
	w->linktype = first->linktype;
	w->opened_ns = now_ns;
	w->synced_ns = now_ns;
	w->end_off = VEGA_HEAD_BYTES;
	w->good_end_off = VEGA_HEAD_BYTES;
	rc = make_file(w);
	if (rc < 0) {
		free(w->head);
		free(w);
		return rc;
	}
	(void)snprintf(idx_path, sizeof(idx_path), "%s" VEGA_IDX_SUFFIX, w->path);
	begin_head(w, first);
	vega_idx_open(&w->idx, io, idx_path, w->file_id);
	begin_folder_syncs(w);
	feed->number_next++;
	vega_count(&feed->cells->files_opened, 1);
	*ret_writer = w;
	return 0;
}
