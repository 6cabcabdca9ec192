/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A journal as opened: its files, and the feeds they belong to.
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/reader.h"
#include "store/tree.h"

static int
compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Feed, kind, generation, day, number: the order in which a kind was recorded. */
static int
by_record_order(const void *a, const void *b)
{
	const struct vega_jfile *left = a;
	const struct vega_jfile *right = b;
	int order = strcmp(left->feed, right->feed);

	if (order == 0)
		order = compare_u64(left->info.kind, right->info.kind);
	if (order == 0)
		order = compare_u64(left->info.generation, right->info.generation);
	if (order == 0)
		order = compare_u64(left->info.day, right->info.day);
	if (order == 0)
		order = compare_u64(left->info.file_number, right->info.file_number);
	return order != 0 ? order : strcmp(left->path, right->path);
}

static int
load_file(struct vega_journal *journal, const struct vega_tree_file *from, bool alone)
{
	const struct vega_jfile_load_as as = {.feed = from->feed,
		.kind = from->kind,
		.lazy = journal->is_lazy,
		.keep_damaged = !alone};
	struct vega_jfile *file = &journal->files[journal->file_cnt];
	int rc = vega_jfile_load(journal->io, from->path, &as, file);

	if (rc == -ENOENT && !alone)
		return 0; /* retention removed it this moment */
	if (rc < 0)
		return rc;
	if (from->number != 0)
		file->info.file_number = from->number;
	if (from->day != 0)
		file->info.day = from->day;
	journal->file_cnt++;
	return 0;
}

/* Files that are wanted. */
struct wanted {
	bool lazy;
	const char *feed; /* NULL: all */
	enum vega_block_kind kind;
};

static bool
is_wanted(const struct vega_tree_file *file, const struct wanted *wanted)
{
	return wanted->feed == NULL || (file->kind == wanted->kind && file->feed != NULL &&
					       strcmp(file->feed, wanted->feed) == 0);
}

static int
load_files(struct vega_journal *journal, const struct vega_tree *tree, const struct wanted *wanted)
{
	int rc = 0;

	journal->files = calloc(tree->file_cnt, sizeof(*journal->files));
	journal->feeds = calloc(tree->file_cnt, sizeof(*journal->feeds));
	if (journal->files == NULL || journal->feeds == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for %u files, found none", tree->file_cnt);
	for (uint32_t i = 0; rc == 0 && i < tree->file_cnt; i++)
		if (is_wanted(&tree->files[i], wanted))
			rc = load_file(journal, &tree->files[i],
				tree->file_cnt == 1 && wanted->feed == NULL);
	return rc;
}

/* What no feed claims says nothing about a trading day: its zone counts only where there is no other. */
static bool
tells_zone_better(const struct vega_jfile *file, const struct vega_jfile *than)
{
	const bool claimed = strncmp(file->feed, "default", 7) != 0;
	const bool than_claimed = strncmp(than->feed, "default", 7) != 0;

	if (claimed != than_claimed)
		return claimed;
	return file->created_ns > than->created_ns;
}

static void
group_feeds(struct vega_journal *journal)
{
	qsort(journal->files, journal->file_cnt, sizeof(*journal->files), by_record_order);
	for (uint32_t i = 0; i < journal->file_cnt; i++) {
		const struct vega_jfile *file = &journal->files[i];

		struct vega_jfeed *feed;

		if (i == 0 || strcmp(file->feed, journal->files[i - 1].feed) != 0)
			journal->feeds[journal->feed_cnt++] =
				(struct vega_jfeed){.name = file->feed};
		feed = &journal->feeds[journal->feed_cnt - 1];
		if (feed->kind[file->info.kind].file_cnt++ == 0)
			feed->kind[file->info.kind].file_first = i;
		if (tells_zone_better(file, &journal->files[journal->newest]))
			journal->newest = i;
	}
}

static int
open_files(struct vega_io *io, const char *path, const struct wanted *wanted,
	struct vega_journal **ret_journal)
{
	struct vega_journal *journal;
	struct vega_tree tree;
	int rc = vega_tree_list(io, path, &tree);

	if (rc < 0)
		return rc;
	journal = calloc(1, sizeof(*journal));
	if (journal != NULL) {
		journal->io = io;
		journal->is_lazy = wanted->lazy;
		rc = load_files(journal, &tree, wanted);
	} else {
		rc = VEGA_ERR(-ENOMEM, "need memory to open %s, found none", path);
	}
	vega_tree_free(&tree);
	if (rc < 0) {
		vega_journal_close(journal);
		return rc;
	}
	group_feeds(journal);
	*ret_journal = journal;
	return 0;
}

int
vega_journal_open_io(struct vega_io *io, const char *path, struct vega_journal **ret_journal)
{
	const struct wanted all = {.feed = NULL};

	return open_files(io, path, &all, ret_journal);
}

static int
open_wanted(const char *path, const struct wanted *wanted, struct vega_journal **ret_journal)
{
	struct vega_io *io;
	int rc = vega_io_new("pwrite", NULL, &io);

	if (rc < 0)
		return rc;
	rc = open_files(io, path, wanted, ret_journal);
	if (rc < 0)
		vega_io_delete(io);
	else
		(*ret_journal)->own_io = true;
	return rc;
}

int
vega_journal_open_kind(const char *path, const char *feed, enum vega_block_kind kind,
	struct vega_journal **ret_journal)
{
	const struct wanted wanted = {.feed = feed, .kind = kind};

	return open_wanted(path, &wanted, ret_journal);
}

int
vega_journal_open_lazy(const char *path, struct vega_journal **ret_journal)
{
	const struct wanted all = {.lazy = true};

	return open_wanted(path, &all, ret_journal);
}

int
vega_journal_open(const char *path, struct vega_journal **ret_journal)
{
	const struct wanted all = {.feed = NULL};

	return open_wanted(path, &all, ret_journal);
}

void
vega_journal_close(struct vega_journal *journal)
{
	if (journal == NULL)
		return;
	for (uint32_t i = 0; i < journal->file_cnt; i++)
		vega_jfile_unload(&journal->files[i]);
	if (journal->own_io)
		vega_io_delete(journal->io);
	free(journal->files);
	free(journal->feeds);
	free(journal);
}

uint32_t
vega_journal_file_cnt(const struct vega_journal *journal)
{
	return journal->file_cnt;
}

const struct vega_journal_file *
vega_journal_file(const struct vega_journal *journal, uint32_t idx)
{
	return idx < journal->file_cnt ? &journal->files[idx].info : NULL;
}

uint32_t
vega_journal_feed_cnt(const struct vega_journal *journal)
{
	return journal->feed_cnt;
}

const char *
vega_journal_feed(const struct vega_journal *journal, uint32_t idx)
{
	return idx < journal->feed_cnt ? journal->feeds[idx].name : NULL;
}

const char *
vega_journal_if_name(const struct vega_journal_file *file, uint32_t interface_id)
{
	/* info is the first member of the file it tells about. */
	const struct vega_jfile *whole = (const struct vega_jfile *)(const void *)file;

	return interface_id < whole->if_cnt ? whole->if_name[interface_id] : "";
}

const char *
vega_journal_zone(const struct vega_journal *journal)
{
	const char *zone = journal->file_cnt == 0 ? "" : journal->files[journal->newest].zone;

	return zone[0] != '\0' ? zone : "UTC";
}

uint32_t
vega_journal_day(const struct vega_journal *journal)
{
	return journal->file_cnt == 0 ? 0 : journal->files[journal->newest].info.day;
}

uint32_t
vega_journal_day_start_s(const struct vega_journal *journal)
{
	return journal->file_cnt == 0 ? 0 : journal->files[journal->newest].day_start_s;
}
