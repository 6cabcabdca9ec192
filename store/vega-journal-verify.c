/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal verify: every file of a journal, every damage on a line.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "store/tree.h"
#include "store/vega-journal-verbs.h"
#include "store/verify.h"

#define TOLD_MAX    1000u /* damages told one by one; all are counted */
#define PROGRESS_NS 2000000000ull

struct work {
	const struct verb_options *options;
	struct vega_io *io;
	struct vega_verify_sum sum;
	json_t *damages;
	uint64_t damage_cnt;
	uint64_t done_bytes; /* of the files before */
	uint64_t started_ns;
};

static void
tell(void *arg, const struct vega_damage *damage)
{
	struct work *work = arg;

	if (++work->damage_cnt > TOLD_MAX)
		return;
	vega_progress_done();
	if (!work->options->json)
		(void)printf(
			"%s: byte %" PRIu64 ": %s\n", damage->path, damage->file_off, damage->what);
	else
		(void)json_array_append_new(work->damages,
			json_pack("{s:o, s:I, s:o}", "path", vega_json_text(damage->path),
				"file_offset", (json_int_t)damage->file_off, "what",
				vega_json_text(damage->what)));
}

static void
progress(void *arg, uint64_t done_bytes, uint64_t total_bytes)
{
	struct work *work = arg;
	char done[32];
	char total[32];

	if (!vega_progress_wanted() || vega_monotonic_ns() - work->started_ns < PROGRESS_NS)
		return;
	vega_progress("verify: %s of this file, %s in all, %" PRIu64 " damaged",
		vega_text_bytes(done, total_bytes),
		vega_text_bytes(total, work->done_bytes + done_bytes), work->sum.damaged_blocks);
}

/* A file of a folder that is no journal, or that is of another version, is a damage of the folder. */
static int
verify_one(struct work *work, const char *path, bool alone)
{
	const struct vega_verify_hooks hooks = {.damage = tell, .progress = progress, .arg = work};
	int rc = vega_verify_file(work->io, path, &hooks, &work->sum);

	work->done_bytes = work->sum.bytes;
	if (rc == -EBADMSG && !alone) {
		const struct vega_damage damage = {.path = path, .what = vega_err_text()};

		work->sum.damaged_blocks++;
		tell(work, &damage);
		rc = 0;
	}
	if (rc == 0 && vega_load_relaxed(work->options->stop) != 0)
		rc = VEGA_ERR(-EINTR, "need to read to the end, found a signal; run verify again");
	return rc;
}

static int
print_json(const struct work *work)
{
	const struct vega_verify_sum *s = &work->sum;

	return vega_cli_json(json_pack(
		"{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "ok",
		s->damaged_blocks == 0, "damaged_blocks", (json_int_t)s->damaged_blocks, "files",
		(json_int_t)s->files, "unsealed_files", (json_int_t)s->unsealed_files, "blocks",
		(json_int_t)s->blocks, "packets", (json_int_t)s->packets, "records",
		(json_int_t)s->records, "book_records", (json_int_t)s->book_records, "bytes",
		(json_int_t)s->bytes, "holes", (json_int_t)s->hole_cnt, "hole_bytes",
		(json_int_t)s->hole_bytes, "torn_tail_bytes", (json_int_t)s->tail_bytes,
		"idx_bad_entries", (json_int_t)s->idx_bad_entries, "damage_cnt",
		(json_int_t)work->damage_cnt, "damages", work->damages));
}

static void
print_text(const struct work *work)
{
	const struct vega_verify_sum *s = &work->sum;
	char bytes[32];

	if (work->damage_cnt > TOLD_MAX)
		(void)printf("... and %" PRIu64 " more\n", work->damage_cnt - TOLD_MAX);
	(void)printf("%s: %" PRIu64 " packets in %" PRIu64 " good blocks of %" PRIu64
		     " files, %s\n",
		s->damaged_blocks == 0 ? "ok" : "DAMAGED", s->packets, s->blocks, s->files,
		vega_text_bytes(bytes, s->bytes));
	if (s->records != 0)
		(void)printf("records: %" PRIu64 "\n", s->records);
	if (s->book_records != 0)
		(void)printf("records of book lanes: %" PRIu64 "\n", s->book_records);
	if (s->unsealed_files != 0)
		(void)printf("unsealed: %" PRIu64 " files, with %" PRIu64
			     " bytes torn behind their last good block; "
			     "if no capture is writing them, `vega-journal recover` seals them\n",
			s->unsealed_files, s->tail_bytes);
	if (s->idx_bad_entries != 0)
		(void)printf(
			"idx: %" PRIu64
			" bad entries beside unsealed files; no frame is lost by them, sealing "
			"makes the index again\n",
			s->idx_bad_entries);
	if (s->hole_cnt != 0)
		(void)printf("holes: %" PRIu64 " extents, %" PRIu64
			     " bytes, that recover covered\n",
			s->hole_cnt, s->hole_bytes);
}

int
verb_verify(const struct verb_options *o)
{
	struct work work = {
		.options = o, .damages = json_array(), .started_ns = vega_monotonic_ns()};
	struct vega_tree tree = {0};
	int rc = vega_io_new("pwrite", NULL, &work.io);

	if (rc == 0)
		rc = vega_tree_list(work.io, o->path, &tree);
	for (uint32_t i = 0; rc == 0 && i < tree.file_cnt; i++)
		rc = verify_one(&work, tree.files[i].path, tree.file_cnt == 1);
	vega_progress_done();
	if (rc == 0) {
		rc = o->json ? print_json(&work) : 0;
		if (!o->json)
			print_text(&work);
		if (rc == 0 && work.sum.damaged_blocks != 0)
			rc = VEGA_ERR(-EBADMSG,
				"need a whole journal, found %" PRIu64
				" damaged blocks in %s; the rest can be read and exported",
				work.sum.damaged_blocks, o->path);
	}
	json_decref(work.damages);
	vega_tree_free(&tree);
	vega_io_delete(work.io);
	return rc;
}
