/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/drain.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/frame.h"
#include "store/files.h"
#include "store/record_drain.h"

#define DEPTH_DEFAULT  32u
#define ROOM_BYTES_MIN (16ull << 20) /* less is no room to begin in */

/* A frame lane on its way to disk, and beside it the feed's record lane and book lane. */
struct feed {
	struct vega_frame_lane *lane;
	struct vega_drain_cells *cells;
	struct vega_files files;
	struct vega_record_drain *records[2]; /* of the record lane, of the book lane; NULL: none */
	uint64_t taken;                       /* blocks put into files or lost */
	uint64_t released;                    /* our copy of lane->released */
};

struct vega_drain {
	struct vega_io *io; /* NULL: blocks are discarded */
	bool own_io;
	bool finishing;
	struct vega_columns *columns; /* of the record lanes; NULL: there is none */
	char journal_dir[512];
	uint64_t now_ns;
	uint32_t depth;
	uint32_t in_flight; /* blocks of frames taken and not released, over all lanes */
	uint32_t feed_cnt;
	uint32_t feed_first; /* which feed is looked at first: it moves, so that none starves */
	struct feed feeds[];
};

/*
 * There is no file to write to. Storage may come back soon, so a quarter of the lane is kept; beyond it the oldest blocks
 * are lost here, where they are counted as what they are, and not by rx finding the lane full. A file source, which
 * waits at half a lane, goes on.
 */
static unsigned
lose_blocks(struct vega_drain *drain, struct feed *feed, uint64_t sealed)
{
	uint64_t keep = drain->finishing ? 0 : feed->lane->block_cnt / 4;
	unsigned lost = 0;

	/* blocks in front of these have still to settle: losses are told in order */
	if (feed->taken != feed->released)
		return 0;
	while (sealed - feed->taken > keep) {
		vega_writer_lose(&feed->files.shared, vega_frame_block(feed->lane, feed->taken));
		feed->taken++;
		feed->files.settled_before++;
		drain->in_flight++;
		lost++;
	}
	return lost;
}

static unsigned
take_blocks(struct vega_drain *drain, struct feed *feed)
{
	uint64_t sealed = vega_frame_sealed(feed->lane); /* F3: pairs with F2 */
	struct vega_writer *w = NULL;
	unsigned work = 0;

	vega_count_max(&feed->cells->lag_blocks_max, sealed - feed->released);
	while (feed->taken != sealed && drain->in_flight < drain->depth &&
		work < VEGA_WRITER_RUN_MAX) {
		struct vega_block_hdr *hdr = vega_frame_block(feed->lane, feed->taken);

		w = vega_files_for(&feed->files, hdr, drain->now_ns);
		if (w == NULL) {
			if (!vega_files_are_full(&feed->files))
				work += lose_blocks(drain, feed, sealed);
			break;
		}
		vega_writer_put(w, hdr);
		feed->taken++;
		drain->in_flight++;
		work++;
	}
	if (w != NULL)
		vega_writer_flush(w);
	vega_store_relaxed(&feed->cells->block_number_next, feed->taken);
	return work;
}

/* Release what has settled, publish what is durable. */
static void
publish(struct vega_drain *drain, struct feed *feed)
{
	const struct vega_progress durable = vega_files_durable(&feed->files);
	const uint64_t settled = vega_files_settled(&feed->files);

	if (settled != feed->released) {
		drain->in_flight -= (uint32_t)(settled - feed->released);
		feed->released = settled;
		vega_frame_release(feed->lane, settled); /* F4: pairs with F1 */
	}
	vega_store_relaxed(&feed->cells->durable_blocks, durable.blocks);
	vega_store_relaxed(&feed->cells->durable_frames, durable.frames);
	vega_store_relaxed(&feed->cells->durable_bytes, durable.bytes);
	vega_store_relaxed(&feed->cells->durable_ns, durable.recv_ns_max);
}

/* Without a journal: blocks are let go as they come. */
static unsigned
discard(struct feed *feed)
{
	uint64_t sealed = vega_frame_sealed(feed->lane); /* F3: pairs with F2 */
	unsigned work = (unsigned)(sealed - feed->released);

	if (work == 0)
		return 0;
	vega_count_max(&feed->cells->lag_blocks_max, work);
	feed->taken = feed->released = sealed;
	vega_store_relaxed(&feed->cells->block_number_next, sealed);
	vega_frame_release(feed->lane, sealed); /* F4: pairs with F1 */
	return work;
}

static unsigned
poll_feed(struct vega_drain *drain, struct feed *feed)
{
	unsigned work = 0;

	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(feed->records); i++)
		if (feed->records[i] != NULL)
			work += vega_record_drain_poll(
				feed->records[i], drain->now_ns, drain->finishing);
	if (drain->io == NULL)
		return work + discard(feed);
	work += vega_files_poll(&feed->files, drain->now_ns);
	publish(drain, feed);
	work += take_blocks(drain, feed);
	return work;
}

unsigned
vega_drain_poll(struct vega_drain *drain, uint64_t now_ns)
{
	unsigned work = 0;

	drain->now_ns = now_ns;
	if (drain->io != NULL)
		work += vega_io_poll(drain->io, false);
	for (uint32_t i = 0; i < drain->feed_cnt; i++)
		work += poll_feed(drain, &drain->feeds[(drain->feed_first + i) % drain->feed_cnt]);
	drain->feed_first = (drain->feed_first + 1) % drain->feed_cnt;
	if (drain->io != NULL)
		work += vega_io_poll(drain->io, false);
	return work;
}

static bool
is_idle(const struct feed *feed)
{
	bool idle = vega_frame_sealed(feed->lane) == feed->released; /* F3: pairs with F2 */

	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(feed->records); i++)
		idle &= feed->records[i] == NULL || vega_record_drain_idle(feed->records[i]);
	return idle;
}

bool
vega_drain_idle(const struct vega_drain *drain)
{
	for (uint32_t i = 0; i < drain->feed_cnt; i++)
		if (!is_idle(&drain->feeds[i]))
			return false;
	return true;
}

static bool
is_closed(const struct feed *feed)
{
	bool closed = feed->files.first == NULL;

	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(feed->records); i++)
		closed &= feed->records[i] == NULL || vega_record_drain_is_closed(feed->records[i]);
	return closed;
}

static bool
all_closed(const struct vega_drain *drain)
{
	for (uint32_t i = 0; i < drain->feed_cnt; i++)
		if (!is_closed(&drain->feeds[i]))
			return false;
	return true;
}

/* Every block has settled: what rx lost behind the last one is told by the tail of the file that is now sealed. */
static void
close_last(struct feed *feed)
{
	const struct vega_frame_lane *lane = feed->lane;
	const struct vega_untold end = {
		.lane_full = vega_load_relaxed(&lane->end_lane_full),
		.oversize = vega_load_relaxed(&lane->end_oversize),
		.port_missed = vega_load_relaxed(&lane->end_port_missed),
		.port_nombuf = vega_load_relaxed(&lane->end_port_nombuf),
	};

	vega_untold_add(&feed->files.shared.untold, &end);
	vega_files_close(&feed->files);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(feed->records); i++)
		if (feed->records[i] != NULL)
			vega_record_drain_close(feed->records[i]);
}

static void
poll_or_wait(struct vega_drain *drain)
{
	if (vega_drain_poll(drain, drain->now_ns) == 0 && drain->io != NULL)
		(void)vega_io_poll(drain->io, true);
}

/* The first failure of a feed's files, with its message. */
static int
failure_of(const struct feed *feed)
{
	if (feed->files.shared.error.rc != 0)
		return vega_err_restore(&feed->files.shared.error);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(feed->records); i++) {
		const int rc =
			feed->records[i] != NULL ? vega_record_drain_error(feed->records[i]) : 0;

		if (rc != 0)
			return rc;
	}
	return 0;
}

void
vega_drain_flush(struct vega_drain *drain)
{
	drain->finishing = true;
	for (uint32_t i = 0; i < drain->feed_cnt; i++)
		drain->feeds[i].files.retry_ns = 0; /* one last try, now */
	while (!vega_drain_idle(drain))
		poll_or_wait(drain);
}

int
vega_drain_finish(struct vega_drain *drain)
{
	int rc = 0;

	vega_drain_flush(drain);
	for (uint32_t i = 0; i < drain->feed_cnt; i++)
		close_last(&drain->feeds[i]);
	while (!all_closed(drain))
		poll_or_wait(drain);
	for (uint32_t i = 0; rc == 0 && i < drain->feed_cnt; i++)
		rc = failure_of(&drain->feeds[i]);
	return rc;
}

void
vega_drain_delete(struct vega_drain *drain)
{
	if (drain == NULL)
		return;
	for (uint32_t i = 0; i < drain->feed_cnt; i++) {
		vega_files_delete(&drain->feeds[i].files);
		for (uint32_t k = 0; k < VEGA_ARRAY_CNT(drain->feeds[i].records); k++)
			vega_record_drain_delete(drain->feeds[i].records[k]);
	}
	vega_columns_delete(drain->columns);
	if (drain->own_io)
		vega_io_delete(drain->io);
	free(drain);
}

/* What the writers of a feed's files have to know; kind and lanes are alike in it. */
static void
init_files(struct vega_files *files, struct vega_drain *drain, const struct vega_drain_conf *conf,
	uint32_t i, enum vega_block_kind kind)
{
	const struct vega_region *region = conf->region;

	*files = (struct vega_files){
		.io = drain->io,
		.age_ns_max = conf->file_age_ns_max,
		.shared =
			{
				.journal_dir = drain->journal_dir,
				.name = region->feeds[i].name,
				.zone = region->feeds[i].zone,
				.region = region->control->name,
				.lane = vega_region_frame_lane(region, i),
				.cells = &region->drain[i],
				.file_bytes_max = conf->file_bytes_max,
				.sync_interval_ns = conf->sync_interval_ns,
				.day_start_s = region->feeds[i].day_start_s,
				.price_scale = region->feeds[i].price_scale,
				.kind = kind,
			},
	};
}

static int
init_records(struct vega_drain *drain, const struct vega_drain_conf *conf, uint32_t i,
	enum vega_block_kind kind)
{
	struct vega_files files;

	init_files(&files, drain, conf, i, kind);
	if (drain->columns == NULL && vega_columns_new(&drain->columns) < 0)
		return VEGA_ERR(-ENOMEM, "need memory for the codec of records, found none");
	return vega_record_drain_new(conf->region, i, &files, drain->columns,
		&drain->feeds[i].records[kind == VEGA_KIND_BOOK]);
}

static int
init_feed(struct vega_drain *drain, const struct vega_drain_conf *conf, uint32_t i)
{
	struct vega_region *region = conf->region;
	struct feed *feed = &drain->feeds[i];
	int rc = 0;

	feed->lane = vega_region_frame_lane(region, i);
	feed->cells = &region->drain[i];
	feed->taken = feed->released = vega_load_relaxed(&feed->lane->released);
	init_files(&feed->files, drain, conf, i, VEGA_KIND_FRAMES);
	feed->files.settled_before = feed->released;
	if (region->feeds[i].record_lane != UINT32_MAX)
		rc = init_records(drain, conf, i, VEGA_KIND_RECORDS);
	if (rc == 0 && region->feeds[i].book_lane != UINT32_MAX)
		rc = init_records(drain, conf, i, VEGA_KIND_BOOK);
	return rc;
}

int
vega_drain_keyframes(struct vega_drain *drain, uint32_t feed_id,
	const struct vega_state_feed *state, const struct vega_keyframes_conf *conf)
{
	struct vega_record_drain *const *records = drain->feeds[feed_id].records;

	return vega_record_drain_keyframes(
		records[1] != NULL ? records[1] : records[0], state, conf);
}

int
vega_drain_new_io(
	const struct vega_drain_conf *conf, struct vega_io *io, struct vega_drain **ret_drain)
{
	uint32_t feed_cnt = conf->region->control->feed_cnt;
	struct vega_drain *drain = calloc(1, sizeof(*drain) + feed_cnt * sizeof(drain->feeds[0]));
	int rc = 0;

	if (drain == NULL)
		return VEGA_ERR(
			-ENOMEM, "need memory for the drain of %u feeds, found none", feed_cnt);
	drain->io = io;
	drain->depth = conf->depth != 0 ? conf->depth : DEPTH_DEFAULT;
	if (drain->depth > VEGA_WRITER_DEPTH_MAX)
		drain->depth = VEGA_WRITER_DEPTH_MAX;
	drain->feed_cnt = feed_cnt;
	(void)snprintf(drain->journal_dir, sizeof(drain->journal_dir), "%s",
		conf->journal_dir != NULL ? conf->journal_dir : "");
	for (uint32_t i = 0; rc == 0 && i < feed_cnt; i++)
		rc = init_feed(drain, conf, i);
	if (rc < 0) {
		vega_drain_delete(drain);
		return rc;
	}
	if (io != NULL) {
		vega_io_memory(io, conf->region->memory, conf->region->control->lanes_bytes);
		(void)snprintf(conf->region->control->io, sizeof(conf->region->control->io), "%s",
			io->name);
	}
	*ret_drain = drain;
	return 0;
}

/* The journal's own folder is made here, its parent is not: a wrong path is not to grow a tree. */
static int
make_journal_dir(struct vega_io *io, const char *path)
{
	char parent[4096];
	int rc = io->ops->mkdir(io, path);

	if (rc == -EEXIST)
		return 0;
	if (rc == -ENOENT)
		return VEGA_ERR(rc,
			"need the folder that is to hold the journal %s, found none; make it",
			path);
	if (rc < 0)
		return VEGA_ERR(
			rc, "need to make the journal folder %s, found %s", path, strerror(-rc));
	(void)snprintf(parent, sizeof(parent), "%s", path);
	rc = vega_io_sync_dir(io, dirname(parent));
	if (rc < 0 && rc != -EINVAL &&
		rc != -EACCES) /* a folder we may write but not read cannot be synced */
		return VEGA_ERR(rc, "need to sync the folder of %s, found %s", path, strerror(-rc));
	return 0;
}

static int
check_room(struct vega_io *io, const char *path)
{
	uint64_t free_bytes;
	int rc = io->ops->space(io, path, &free_bytes);

	if (rc == 0 && free_bytes < ROOM_BYTES_MIN)
		return VEGA_ERR(-ENOSPC,
			"need at least %llu MiB free for the journal in %s, found %llu KiB; free "
			"some or choose another",
			(unsigned long long)(ROOM_BYTES_MIN >> 20), path,
			(unsigned long long)(free_bytes >> 10));
	return 0;
}

/* The backend for a journal folder that exists after this and can be written. */
static int
open_journal(const struct vega_drain_conf *conf, struct vega_io **ret_io)
{
	struct vega_io *plain;
	int rc;

	if (strlen(conf->journal_dir) >= sizeof(((struct vega_drain *)0)->journal_dir))
		return VEGA_ERR(-EINVAL,
			"need a journal folder of fewer than 512 characters, found a longer one");
	rc = vega_io_new("pwrite", NULL, &plain);
	if (rc < 0)
		return rc;
	rc = make_journal_dir(plain, conf->journal_dir);
	if (rc == 0)
		rc = check_room(plain, conf->journal_dir);
	vega_io_delete(plain);
	return rc < 0 ? rc
		      : vega_io_new(
				conf->io != NULL ? conf->io : "auto", conf->journal_dir, ret_io);
}

int
vega_drain_new(const struct vega_drain_conf *conf, struct vega_drain **ret_drain)
{
	struct vega_io *io = NULL;
	int rc = conf->journal_dir != NULL ? open_journal(conf, &io) : 0;

	if (rc < 0)
		return rc;
	rc = vega_drain_new_io(conf, io, ret_drain);
	if (rc < 0)
		vega_io_delete(io);
	else
		(*ret_drain)->own_io = io != NULL;
	return rc;
}
