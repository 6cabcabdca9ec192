/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sealing a file, one request at a time: its data is durable before the trailer is begun, the trailer before the state
 * sector says so. A crash at any point leaves a file that recover ends in the same way.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/clock.h"
#include "hugepages/vega_layout.h"
#include "store/writer_private.h"

static int
sync_data(struct vega_writer *w)
{
	w->syncing = w->written;
	vega_io_sync(w->io, &w->seal, w->file, VEGA_IO_DO_SYNC_DATA);
	return 0;
}

/* What no block has told. With a file behind this one, its next block does. */
static void
take_untold(struct vega_writer *w, struct vega_trailer *trailer)
{
	if (w->next != NULL)
		return;
	w->end = w->feed->untold;
	w->feed->untold = (struct vega_untold){0};
	trailer->end_lane_full = w->end.lane_full;
	trailer->end_oversize = w->end.oversize;
	trailer->end_port_missed = w->end.port_missed;
	trailer->end_port_nombuf = w->end.port_nombuf;
	trailer->end_disk = w->end.disk;
}

static int
put_tail(struct vega_writer *w)
{
	struct vega_trailer like = {
		.index_off = w->good_end_off,
		.sealed_ns = vega_realtime_ns(),
		.sealed_by = 1,
	};
	int rc;

	w->durable = w->syncing;
	for (unsigned i = 0; i < sizeof(like.file_id); i++)
		like.file_id[i] = w->file_id[i];
	take_untold(w, &like);
	rc = vega_index_tail(&w->index, &like, &w->tail);
	if (rc == 0)
		vega_io_write(w->io, &w->seal, w->file, w->tail,
			vega_index_tail_bytes(w->index.cnt), w->good_end_off);
	return rc;
}

/* The space set aside beyond the end is given back, then the trailer made durable. */
static int
sync_tail(struct vega_writer *w)
{
	const uint64_t tail_bytes = vega_index_tail_bytes(w->index.cnt);
	int rc = w->io->ops->truncate(w->io, w->file, w->good_end_off + tail_bytes);

	vega_count(&w->feed->cells->bytes_written, tail_bytes);
	if (rc == 0)
		vega_io_sync(w->io, &w->seal, w->file, VEGA_IO_DO_SYNC_DATA);
	return rc;
}

static int
put_state(struct vega_writer *w)
{
	w->end = (struct vega_untold){0};
	vega_format_state(w->head, VEGA_FILE_SEALED, w->written.blocks, w->written.frames,
		w->good_end_off + vega_index_tail_bytes(w->index.cnt));
	vega_io_write(w->io, &w->seal, w->file, w->head + VEGA_STATE_OFF,
		VEGA_HEAD_BYTES - VEGA_STATE_OFF, VEGA_STATE_OFF);
	return 0;
}

static int
sync_state(struct vega_writer *w)
{
	vega_io_sync(w->io, &w->seal, w->file, VEGA_IO_DO_SYNC_DATA);
	return 0;
}

static int (*const steps[])(struct vega_writer *w) = {
	sync_data, put_tail, sync_tail, put_state, sync_state};

static void
idx_remove(struct vega_writer *w)
{
	char path[VEGA_WRITER_PATH_MAX + sizeof(VEGA_IDX_SUFFIX)];

	vega_idx_close(&w->idx);
	(void)snprintf(path, sizeof(path), "%s" VEGA_IDX_SUFFIX, w->path);
	(void)w->io->ops->unlink(w->io, path);
}

static void
let_go(struct vega_writer *w, enum vega_writer_state state)
{
	w->io->ops->close(w->io, w->file);
	w->file = -1;
	w->state = state;
}

/* Let go of the file as it is; remove it when it holds no block. */
static void
give_up(struct vega_writer *w)
{
	vega_idx_close(&w->idx);
	/* a tail that may not be there has told nothing: better twice than never */
	vega_untold_add(&w->feed->untold, &w->end);
	if (w->written.blocks == 0) {
		idx_remove(w);
		(void)w->io->ops->unlink(w->io, w->path);
	}
	let_go(w, VEGA_WRITER_GIVEN_UP);
}

/* Carry out step w->seal_step, or end. */
static void
step(struct vega_writer *w)
{
	int rc;

	if (w->seal_step == VEGA_ARRAY_CNT(steps)) {
		idx_remove(w);
		let_go(w, VEGA_WRITER_SEALED);
		vega_count(&w->feed->cells->files_sealed, 1);
		return;
	}
	rc = steps[w->seal_step](w);
	if (rc < 0) {
		vega_writer_fail(w, rc, "seal");
		give_up(w);
	}
}

void
vega_writer_seal_begin(struct vega_writer *w)
{
	int rc = 0;

	w->state = VEGA_WRITER_SEALING;
	if (w->unsafe || w->gap || w->written.blocks == 0) {
		give_up(w);
		return;
	}
	if (w->failed) /* what follows the last good block is cut, as recover does: the tail may need its room */
		rc = w->io->ops->truncate(w->io, w->file, w->good_end_off);
	if (rc < 0) {
		vega_writer_fail(w, rc, "cut");
		give_up(w);
		return;
	}
	step(w);
}

unsigned
vega_writer_seal_poll(struct vega_writer *w)
{
	if (w->seal.busy)
		return 0;
	/* a disk of 4096-byte sectors takes the head whole: there it is as atomic as 512 bytes elsewhere */
	if (w->seal.result == -EINVAL && steps[w->seal_step] == put_state &&
		w->seal.bytes < VEGA_HEAD_BYTES) {
		vega_io_write(w->io, &w->seal, w->file, w->head, VEGA_HEAD_BYTES, 0);
		return 1;
	}
	if (w->seal.result < 0) {
		vega_writer_fail(w, w->seal.result, "seal");
		give_up(w);
		return 1;
	}
	w->seal_step++;
	step(w);
	return 1;
}
