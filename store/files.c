/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/files.h"

#include "hugepages/base/atomic.h"

#define RETRY_NS 1000000000ull

static struct vega_writer *
open_file(const struct vega_files *files)
{
	struct vega_writer *w = files->first;

	while (w != NULL && w->next != NULL)
		w = w->next;
	return w != NULL && w->state == VEGA_WRITER_OPEN ? w : NULL;
}

static void
note_error(struct vega_files *files, int rc)
{
	vega_count(&files->shared.cells->write_errors, 1);
	if (files->shared.error.rc == 0)
		vega_err_save(&files->shared.error, rc);
}

/* A new file for this block, at the end of the list; NULL when there can be none now. */
static struct vega_writer *
begin_file(struct vega_files *files, const struct vega_block_hdr *hdr, uint64_t now_ns)
{
	struct vega_writer **last = &files->first;
	struct vega_writer *w;
	int rc;

	if (now_ns < files->retry_ns || vega_files_are_full(files))
		return NULL;
	rc = vega_writer_new(files->io, &files->shared, hdr, now_ns, &w);
	if (rc < 0) {
		note_error(files, rc);
		files->retry_ns = now_ns + RETRY_NS;
		return NULL;
	}
	while (*last != NULL)
		last = &(*last)->next;
	*last = w;
	files->cnt++;
	return w;
}

struct vega_writer *
vega_files_for(struct vega_files *files, const struct vega_block_hdr *hdr, uint64_t now_ns)
{
	struct vega_writer *w = open_file(files);

	if (w != NULL && vega_writer_wants(w, hdr))
		return w;
	if (w != NULL)
		vega_writer_close(w);
	return begin_file(files, hdr, now_ns);
}

static void
add_progress(struct vega_progress *sum, const struct vega_progress *more)
{
	sum->blocks += more->blocks;
	sum->frames += more->frames;
	sum->records += more->records;
	sum->bytes += more->bytes;
	if (more->recv_ns_max > sum->recv_ns_max)
		sum->recv_ns_max = more->recv_ns_max;
}

/* Files that are done leave the list, oldest first, so that order is kept. A bad one that held nothing is a bad sign. */
static unsigned
drop_done(struct vega_files *files, uint64_t now_ns)
{
	struct vega_writer *w;
	unsigned work = 0;

	while ((w = files->first) != NULL && vega_writer_done(w)) {
		if (w->state == VEGA_WRITER_GIVEN_UP && w->written.blocks == 0)
			files->retry_ns = now_ns + RETRY_NS;
		files->settled_before += w->settled_cnt;
		add_progress(&files->durable_before, &w->durable);
		files->first = w->next;
		files->cnt--;
		vega_writer_delete(w);
		work++;
	}
	return work;
}

unsigned
vega_files_poll(struct vega_files *files, uint64_t now_ns)
{
	struct vega_writer *w = open_file(files);
	unsigned work = 0;

	/* a file that has failed is closed at once, not at the next block */
	if (w != NULL &&
		(w->failed || w->unsafe ||
			(files->age_ns_max != 0 && now_ns - w->opened_ns >= files->age_ns_max)))
		vega_writer_close(w);
	for (w = files->first; w != NULL; w = w->next)
		work += vega_writer_poll(w, now_ns);
	return work + drop_done(files, now_ns);
}

uint64_t
vega_files_settled(const struct vega_files *files)
{
	uint64_t settled = files->settled_before;

	for (const struct vega_writer *w = files->first; w != NULL; w = w->next) {
		settled += w->settled_cnt;
		if (w->settled_cnt != w->put_cnt)
			break;
	}
	return settled;
}

struct vega_progress
vega_files_durable(const struct vega_files *files)
{
	struct vega_progress durable = files->durable_before;

	for (const struct vega_writer *w = files->first; w != NULL; w = w->next) {
		add_progress(&durable, &w->durable);
		if (w->state == VEGA_WRITER_OPEN || w->durable.blocks != w->put_cnt)
			break;
	}
	return durable;
}

void
vega_files_close(struct vega_files *files)
{
	struct vega_writer *w = open_file(files);

	if (w != NULL)
		vega_writer_close(w);
}

void
vega_files_delete(struct vega_files *files)
{
	struct vega_writer *w;

	while ((w = files->first) != NULL) {
		files->first = w->next;
		vega_writer_delete(w);
	}
}
