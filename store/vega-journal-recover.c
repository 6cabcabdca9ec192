/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal recover: seal every file of a journal that a crash left behind.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "store/recover.h"
#include "store/tree.h"
#include "store/vega-journal-verbs.h"

#define PROGRESS_NS 2000000000ull

/* After a kill the kernel may still be ending the last writes, and holds the file's lock for them. */
#define BUSY_WAIT_NS 2000000000ull /* in all */
#define BUSY_TRY_NS  50000000ull

struct work {
	const struct verb_options *options;
	struct vega_io *io;
	struct vega_recover_report sum;
	uint64_t files;
	uint64_t sealed_now;
	uint64_t failures;
	uint64_t removed; /* empty files */
	uint64_t started_ns;
	struct vega_err first; /* failure; the others are on standard error */
};

static void
progress(void *arg, uint64_t done_bytes, uint64_t all_bytes)
{
	const struct work *work = arg;
	char done[32];
	char all[32];

	if (vega_progress_wanted() && vega_monotonic_ns() - work->started_ns >= PROGRESS_NS)
		vega_progress("recover: file %" PRIu64 ", %s of %s", work->files + 1,
			vega_text_bytes(done, done_bytes), vega_text_bytes(all, all_bytes));
}

static void
tell(const struct work *work, const char *path, const struct vega_recover_report *r)
{
	if (work->options->json)
		return;
	if (r->was_sealed)
		(void)printf("%s: sealed already\n", path);
	else
		(void)printf("%s: sealed, %" PRIu64 " packets kept; %" PRIu64
			     " torn bytes cut, %" PRIu64 " bytes of holes covered\n",
			path, r->packet_cnt, r->cut_bytes, r->hole_bytes);
}

/* Returns 1 when the file, one of a folder, was empty and is gone; else as vega_recover_file. */
static int
recover_once(
	struct work *work, const char *path, bool alone, struct vega_recover_report *ret_report)
{
	int rc = alone ? 0 : vega_recover_empty(work->io, path);

	/* What keeps it from being looked at keeps it from being sealed, and is told better there. */
	return rc > 0 ? rc : vega_recover_file(work->io, path, progress, work, ret_report);
}

static int
recover_patiently(
	struct work *work, const char *path, bool alone, struct vega_recover_report *ret_report)
{
	int rc = recover_once(work, path, alone, ret_report);

	while (rc == -EBUSY && vega_monotonic_ns() < work->started_ns + BUSY_WAIT_NS) {
		vega_sleep_until_ns(vega_monotonic_ns() + BUSY_TRY_NS);
		rc = recover_once(work, path, alone, ret_report);
	}
	return rc;
}

/* One file that cannot be recovered does not keep the others from it. */
static void
recover_one(struct work *work, const char *path, bool alone)
{
	struct vega_recover_report r = {0};
	int rc = recover_patiently(work, path, alone, &r);

	vega_progress_done();
	work->files++;
	if (rc < 0) {
		if (work->failures++ == 0)
			vega_err_save(&work->first, rc);
		else
			(void)fprintf(stderr, "not recovered: %s\n", vega_err_text());
		return;
	}
	if (rc > 0) {
		work->removed++;
		if (!work->options->json)
			(void)printf("%s: empty, removed\n", path);
		return;
	}
	work->sealed_now += !r.was_sealed;
	work->sum.block_cnt += r.block_cnt;
	work->sum.packet_cnt += r.packet_cnt;
	work->sum.hole_cnt += r.hole_cnt;
	work->sum.hole_bytes += r.hole_bytes;
	work->sum.cut_bytes += r.cut_bytes;
	tell(work, path, &r);
}

static int
print_json(const struct work *work)
{
	const struct vega_recover_report *s = &work->sum;

	return vega_cli_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "files",
		(json_int_t)work->files, "files_sealed_now", (json_int_t)work->sealed_now,
		"files_failed", (json_int_t)work->failures, "files_removed_empty",
		(json_int_t)work->removed, "packets", (json_int_t)s->packet_cnt, "blocks",
		(json_int_t)s->block_cnt, "holes", (json_int_t)s->hole_cnt, "hole_bytes",
		(json_int_t)s->hole_bytes, "cut_bytes", (json_int_t)s->cut_bytes));
}

static int
recover_all(struct work *work, const struct vega_tree *tree)
{
	int rc;

	for (uint32_t i = 0; i < tree->file_cnt; i++) {
		const char *path = tree->files[i].path;

		if (vega_load_relaxed(work->options->stop) != 0)
			return VEGA_ERR(-EINTR,
				"need to reach the last file, found a signal; run recover again");
		recover_one(work, path, strcmp(path, work->options->path) == 0);
	}
	if (work->options->json) {
		rc = print_json(work);
		if (rc < 0)
			return rc;
	}
	return work->failures == 0 ? 0 : vega_err_restore(&work->first);
}

int
verb_recover(const struct verb_options *o)
{
	struct work work = {.options = o, .started_ns = vega_monotonic_ns()};
	struct vega_tree tree = {0};
	int rc = vega_io_new("auto", NULL, &work.io);

	if (rc == 0)
		rc = vega_tree_list(work.io, o->path, &tree);
	if (rc == 0)
		rc = recover_all(&work, &tree);
	vega_tree_free(&tree);
	vega_io_delete(work.io);
	return rc;
}
