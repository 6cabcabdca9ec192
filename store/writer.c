/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filling a journal file: blocks go in, writes come back, what is written becomes durable.
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/vega_layout.h"
#include "store/writer_private.h"

void
vega_writer_fail(struct vega_writer *w, int rc, const char *what)
{
	vega_count(&w->feed->cells->write_errors, 1);
	if (w->feed->error.rc != 0)
		return;
	(void)VEGA_ERR(rc, "need to %s %s, found %s; what is lost is counted", what, w->path,
		strerror(-rc));
	vega_err_save(&w->feed->error, rc);
}

void
vega_untold_add(struct vega_untold *sum, const struct vega_untold *more)
{
	sum->lane_full += more->lane_full;
	sum->oversize += more->oversize;
	sum->port_missed += more->port_missed;
	sum->port_nombuf += more->port_nombuf;
	sum->disk += more->disk;
}

void
vega_writer_lose(struct vega_writer_feed *feed, const struct vega_block_hdr *hdr)
{
	const bool is_records = vega_format_is_records(feed->kind);
	const uint64_t lost = is_records ? hdr->record_cnt : hdr->packet_cnt;
	const struct vega_untold untold = {
		.lane_full = hdr->lost_lane_full,
		.oversize = hdr->lost_oversize,
		.port_missed = hdr->lost_port_missed,
		.port_nombuf = hdr->lost_port_nombuf,
		.disk = hdr->lost_disk + lost,
	};

	vega_untold_add(&feed->untold, &untold);
	vega_count(is_records ? vega_lane_cells_of(feed->cells, feed->kind).lost
			      : &feed->cells->lost_disk,
		lost);
}

/* The block's header tells what was lost before it, the blocks that were not written included. */
static void
tell_losses(struct vega_untold *untold, struct vega_block_hdr *hdr)
{
	hdr->lost_lane_full += untold->lane_full;
	hdr->lost_oversize += untold->oversize;
	hdr->lost_port_missed += untold->port_missed;
	hdr->lost_port_nombuf += untold->port_nombuf;
	hdr->lost_disk = untold->disk;
	*untold = (struct vega_untold){0};
}

bool
vega_writer_wants(struct vega_writer *w, const struct vega_block_hdr *hdr)
{
	uint64_t end = w->end_off + vega_format_stored_bytes(hdr->payload_bytes);
	uint64_t end_sealed = end + vega_index_tail_bytes(w->put_cnt + 1);

	if (w->state != VEGA_WRITER_OPEN || w->failed || w->unsafe)
		return false;
	if (hdr->day != w->day || hdr->linktype != w->linktype || w->last_seal == VEGA_SEAL_CLOCK)
		return false;
	if (w->put_cnt != 0 && end_sealed > w->feed->file_bytes_max)
		return false;
	if (w->put_cnt == VEGA_FILE_BLOCKS_MAX)
		return false;
	return vega_writer_reserve(w, end_sealed) == 0;
}

void
vega_writer_flush(struct vega_writer *w)
{
	struct vega_run *run = &w->runs[(w->run_first + w->run_cnt) % VEGA_ARRAY_CNT(w->runs)];

	if (w->filling.block_cnt == 0)
		return;
	assert(w->run_cnt < VEGA_ARRAY_CNT(w->runs));
	*run = w->filling;
	w->run_cnt++;
	w->filling.block_cnt = 0;
	vega_io_write(w->io, &run->req, w->file, run->first, run->bytes, run->file_off);
}

void
vega_writer_put(struct vega_writer *w, struct vega_block_hdr *hdr)
{
	struct vega_run *run = &w->filling;

	tell_losses(&w->feed->untold, hdr);
	vega_format_block(hdr, w->file_id, w->put_cnt, w->end_off);
	if (run->block_cnt != 0 && (uint8_t *)hdr != (uint8_t *)run->first + run->bytes)
		vega_writer_flush(w);
	if (run->block_cnt == 0)
		*run = (struct vega_run){.first = hdr, .file_off = w->end_off};
	run->block_cnt++;
	run->bytes += hdr->stored_bytes;
	w->end_off += hdr->stored_bytes;
	w->last_seal = hdr->seal;
	w->put_cnt++;
	if (run->block_cnt == VEGA_WRITER_RUN_MAX)
		vega_writer_flush(w);
}

static void
block_written(struct vega_writer *w, const struct vega_block_hdr *hdr)
{
	struct vega_drain_cells *cells = w->feed->cells;
	int rc = vega_index_add(&w->index, hdr);

	if (rc < 0 && !w->unsafe) {
		w->unsafe = true;
		vega_writer_fail(w, rc, "keep the index of");
	}
	w->written.blocks++;
	w->written.frames += hdr->packet_cnt;
	w->written.records += hdr->record_cnt;
	w->written.bytes += hdr->stored_bytes;
	if (hdr->packet_cnt != 0 && hdr->recv_ns_max > w->written.recv_ns_max)
		w->written.recv_ns_max = hdr->recv_ns_max;
	vega_count(&cells->bytes_written, hdr->stored_bytes);
	if (vega_format_is_records(w->feed->kind)) {
		vega_count(vega_lane_cells_of(cells, w->feed->kind).written, hdr->record_cnt);
		return;
	}
	vega_count(&cells->blocks_written, 1);
	vega_count(&cells->frames_written, hdr->packet_cnt);
}

/* A run has come back. Without a head, nothing in the file can be read: then its blocks are lost whatever was written. */
static void
settle(struct vega_writer *w, struct vega_run *run)
{
	const bool is_head = run->block_cnt == 0;
	const bool good = run->req.result == 0 && !w->headless;
	uint8_t *at = (uint8_t *)run->first;

	if (run->req.result < 0) {
		vega_writer_fail(w, run->req.result, "write");
		w->failed = true;
		w->headless |= is_head;
	} else if (is_head) {
		vega_count(&w->feed->cells->bytes_written, VEGA_HEAD_BYTES);
	}
	for (uint32_t i = 0; i < run->block_cnt; i++) {
		const struct vega_block_hdr *hdr = (const struct vega_block_hdr *)(void *)at;

		at += hdr->stored_bytes;
		if (good)
			block_written(w, hdr);
		else
			vega_writer_lose(w->feed, hdr);
	}
	if (good && !is_head) {
		w->gap |= w->failed;
		w->good_end_off = run->file_off + run->bytes;
	}
	w->settled_cnt += run->block_cnt;
}

static unsigned
settle_runs(struct vega_writer *w)
{
	unsigned work = 0;

	while (w->run_cnt != 0 && !w->runs[w->run_first].req.busy) {
		settle(w, &w->runs[w->run_first]);
		w->run_first = (w->run_first + 1) % (uint32_t)VEGA_ARRAY_CNT(w->runs);
		w->run_cnt--;
		work++;
	}
	return work;
}

/* True when the names of the file and its folders are durable. */
static bool
folders_synced(struct vega_writer *w)
{
	bool all = true;

	for (unsigned i = 0; i < VEGA_ARRAY_CNT(w->dirs); i++) {
		if (w->dirs[i] >= 0 && !w->dir_syncs[i].busy) {
			/* a file system that cannot sync folders has nothing to sync there */
			if (w->dir_syncs[i].result < 0 && w->dir_syncs[i].result != -EINVAL) {
				vega_writer_fail(w, w->dir_syncs[i].result, "sync the folder of");
				w->unsafe = true;
			}
			w->io->ops->close(w->io, w->dirs[i]);
			w->dirs[i] = -1;
		}
		all &= w->dirs[i] < 0;
	}
	return all && !w->unsafe;
}

static unsigned
sync_poll(struct vega_writer *w, uint64_t now_ns)
{
	if (w->sync_open && !w->sync.busy) {
		w->sync_open = false;
		if (w->sync.result == 0) {
			w->durable = w->syncing;
		} else {
			/* what the kernel could not write it forgets: nothing of it may be believed */
			vega_writer_fail(w, w->sync.result, "sync");
			w->failed = w->unsafe = true;
		}
		return 1;
	}
	if (!folders_synced(w) || w->sync_open || w->state > VEGA_WRITER_CLOSING)
		return 0;
	if (w->written.blocks == w->durable.blocks ||
		now_ns - w->synced_ns < w->feed->sync_interval_ns)
		return 0;
	w->syncing = w->written;
	w->synced_ns = now_ns;
	w->sync_open = true;
	vega_io_sync(w->io, &w->sync, w->file, VEGA_IO_DO_SYNC_DATA);
	return 1;
}

/* Nothing of this file is under way. */
static bool
quiet(const struct vega_writer *w)
{
	bool dirs_busy = false;

	for (unsigned i = 0; i < VEGA_ARRAY_CNT(w->dirs); i++)
		dirs_busy |= w->dirs[i] >= 0;
	return w->run_cnt == 0 && !w->sync_open && !dirs_busy && vega_idx_quiet(&w->idx);
}

void
vega_writer_close(struct vega_writer *w)
{
	vega_writer_flush(w);
	if (w->state == VEGA_WRITER_OPEN)
		w->state = VEGA_WRITER_CLOSING;
}

unsigned
vega_writer_poll(struct vega_writer *w, uint64_t now_ns)
{
	unsigned work;

	if (vega_writer_done(w))
		return 0;
	if (w->state == VEGA_WRITER_SEALING)
		return vega_writer_seal_poll(w);
	work = settle_runs(w);
	work += sync_poll(w, now_ns);
	vega_idx_poll(&w->idx, &w->index);
	if (w->state == VEGA_WRITER_CLOSING && quiet(w)) {
		vega_writer_seal_begin(w);
		work++;
	}
	return work;
}

bool
vega_writer_done(const struct vega_writer *w)
{
	return w->state == VEGA_WRITER_SEALED || w->state == VEGA_WRITER_GIVEN_UP;
}

static bool
any_busy(const struct vega_writer *w)
{
	bool busy = w->sync.busy || w->seal.busy || w->idx.req.busy;

	for (uint32_t i = 0; i < w->run_cnt; i++)
		busy |= w->runs[(w->run_first + i) % VEGA_ARRAY_CNT(w->runs)].req.busy;
	for (unsigned i = 0; i < VEGA_ARRAY_CNT(w->dirs); i++)
		busy |= w->dir_syncs[i].busy;
	return busy;
}

void
vega_writer_delete(struct vega_writer *w)
{
	while (any_busy(w))
		(void)vega_io_poll(w->io, true);
	for (unsigned i = 0; i < VEGA_ARRAY_CNT(w->dirs); i++)
		if (w->dirs[i] >= 0)
			w->io->ops->close(w->io, w->dirs[i]);
	vega_idx_close(&w->idx);
	if (w->file >= 0)
		w->io->ops->close(w->io, w->file);
	vega_index_clear(&w->index);
	free(w->tail);
	free(w->head);
	free(w);
}
