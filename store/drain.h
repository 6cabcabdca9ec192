/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_DRAIN_H
#define VEGA_STORE_DRAIN_H
/*
 * The drain: takes sealed blocks from the frame lanes and writes them into journal files, as they lie; and records from the
 * record and book lanes, in blocks of its own (record_drain.h).
 *
 * Runs on one thread (the EAL main lcore, a plain thread, or stepped by a test). rx and drain meet in the lane only.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/region.h"

struct vega_drain;

struct vega_drain_conf {
	struct vega_region *region; /* its feeds, frame lanes and drain cells */
	const char *
		journal_dir; /* NULL: blocks are discarded (counted as written nowhere), for benches and live-only use */
	const char *io;            /* "auto", "uring" or "pwrite" */
	uint64_t file_bytes_max;   /* a file is closed before it grows past this */
	uint64_t file_age_ns_max;  /* 0: none */
	uint64_t sync_interval_ns; /* between fdatasyncs of a file that has unacknowledged writes */
	uint32_t depth;            /* blocks in flight over all lanes, 1..256; 0: 32 */
};

/*
 * Opens nothing yet but checks that the folder can be written.
 *
 * Returns 0; -EACCES (77), -ENOSPC (73), -EROFS (73), -ENOENT (66: the parent is missing), -ENOMEM.
 */
int vega_drain_new(
	const struct vega_drain_conf *conf, struct vega_drain **ret_drain) VEGA_MUST_CHECK;

/*
 * The same with file access of the caller's (tests: a disk in memory); it outlives the drain, and conf->journal_dir
 * exists. Returns 0 or -ENOMEM.
 */
struct vega_io;
int vega_drain_new_io(const struct vega_drain_conf *conf, struct vega_io *io,
	struct vega_drain **ret_drain) VEGA_MUST_CHECK;

/*
 * A feed's state goes into the journal too, beside the records that it is a fold of: its book lane's where it has one, else its record lane's.
 *
 * Params: state	of the feed; what polls it is the thread that polls the drain. It outlives the last poll
 * Returns 0, -ENOMEM.
 */
struct vega_state_feed;
struct vega_keyframes_conf;
int vega_drain_keyframes(struct vega_drain *drain, uint32_t feed_id,
	const struct vega_state_feed *state,
	const struct vega_keyframes_conf *conf) VEGA_MUST_CHECK;

/*
 * Bounded work: reap completions, release blocks, submit up to a batch of sealed blocks, sync when due.
 *
 * Returns how much was done; 0 when idle. Never fails: storage errors are counted, the lost frames told in the next block
 * header, and writing resumes by itself in a new file.
 */
unsigned vega_drain_poll(struct vega_drain *drain, uint64_t now_ns);

/* True when every block sealed so far has been written or counted as lost. */
bool vega_drain_idle(const struct vega_drain *drain);

/*
 * Write everything that the lanes have, or lose it; rx has stopped. What lays more into a lane then (the state poll into a book lane) is
 * polled and this called again, until it has no more.
 */
void vega_drain_flush(struct vega_drain *drain);

/*
 * Write everything sealed, sync, seal and close all files; rx has stopped. What was lost behind the last block is told by
 * the last file's tail; where none is open any more, by the counters alone.
 * Returns 0, or the negative errno of the first failure with a message; what could be sealed is sealed.
 */
int vega_drain_finish(struct vega_drain *drain) VEGA_MUST_CHECK;
void vega_drain_delete(struct vega_drain *drain);

#endif
