/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_WRITER_H
#define VEGA_STORE_WRITER_H
/*
 * One journal file on its way: made, filled, sealed. Nothing here waits; vega_writer_poll carries everything on.
 *
 *	open --> closing --> sealing --> sealed
 *	             \___________\_____> given up: a write, a sync or the seal failed; the file stays as it is for
 *					 `vega-journal recover`, or is removed when it holds no block
 *
 * Blocks settle in the order they were put: each is then written, or lost and counted. Durable is what was written when
 * an fdatasync was submitted that has come back since, once the folders of the file are synced too.
 */
#include "hugepages/base/atomic.h"
#include "hugepages/base/err.h"
#include "store/index.h"

#define VEGA_WRITER_DEPTH_MAX 256u /* blocks put and not settled */
#define VEGA_WRITER_RUN_MAX   8u   /* blocks that lie one after another and go in one write */
#define VEGA_WRITER_PATH_MAX  1024u

/* Losses no written block header has told yet, nor the trailer of a sealed file. */
struct vega_untold {
	uint64_t lane_full;
	uint64_t oversize;
	uint64_t port_missed;
	uint64_t port_nombuf;
	uint64_t disk;
};

/* What the files of one kind of a feed share. The caller fills the first part; it outlives the writers. */
struct vega_writer_feed {
	const char *journal_dir;
	const char *name;
	const char *zone;
	const char *region;
	const struct vega_frame_lane *lane; /* its interfaces and generation */
	struct vega_drain_cells *cells;
	uint64_t file_bytes_max;
	uint64_t sync_interval_ns;
	uint32_t day_start_s;
	uint32_t price_scale;
	enum vega_block_kind kind;

	struct vega_untold untold;
	struct vega_err error; /* the first failure; rc 0: none */
	uint32_t number_next;  /* of the next file in number_day's folder */
	uint32_t number_day;
};

/* The counters of a lane of records: a book lane has its own. */
struct vega_lane_cells {
	uint64_t *drained;
	uint64_t *settled;
	uint64_t *written;
	uint64_t *lapped;
	uint64_t *lost;
	uint64_t *durable;
	uint64_t *lag_max;
};

static inline struct vega_lane_cells
vega_lane_cells_of(struct vega_drain_cells *c, enum vega_block_kind kind)
{
	if (kind == VEGA_KIND_BOOK)
		return (struct vega_lane_cells){&c->book_drained, &c->book_settled,
			&c->book_written, &c->book_lapped, &c->book_lost, &c->durable_book,
			&c->book_lag_max};
	return (struct vega_lane_cells){&c->records_drained, &c->records_settled,
		&c->records_written, &c->records_lapped, &c->records_lost, &c->durable_records,
		&c->record_lag_max};
}

struct vega_progress {
	uint64_t blocks;
	uint64_t frames; /* PACKET records, in a file of records */
	uint64_t records;
	uint64_t bytes;
	uint64_t recv_ns_max;
};

enum vega_writer_state {
	VEGA_WRITER_OPEN = 1,
	VEGA_WRITER_CLOSING, /* takes no more; waits for its writes */
	VEGA_WRITER_SEALING,
	VEGA_WRITER_SEALED,   /* done */
	VEGA_WRITER_GIVEN_UP, /* done */
};

/* A write of adjacent blocks; the file's head is the first, with no block. */
struct vega_run {
	struct vega_io_req req;
	struct vega_block_hdr *first;
	uint32_t block_cnt;
	uint64_t bytes;
	uint64_t file_off;
};

struct vega_writer {
	struct vega_writer *next; /* the owner's list */
	struct vega_io *io;
	struct vega_writer_feed *feed;
	enum vega_writer_state state;
	char path[VEGA_WRITER_PATH_MAX];
	int file;
	uint32_t day;
	uint32_t linktype;
	uint64_t opened_ns;
	uint8_t file_id[16];
	uint8_t *head; /* 4096 bytes */

	uint64_t end_off;      /* where the next block goes */
	uint64_t good_end_off; /* end of the last block that is written */
	uint64_t reserved_off; /* space is set aside up to here */
	uint64_t put_cnt;      /* blocks taken in */
	uint64_t settled_cnt;  /* of them, written or lost */
	uint32_t last_seal;    /* why rx sealed the last one */
	bool no_reserve;       /* the file system has no fallocate */
	bool failed;           /* a write failed: no more blocks */
	bool gap;              /* and a later one did not */
	bool headless;         /* it was the head's: nothing in the file can be read */
	bool unsafe;           /* head, sync or index failed: not to be sealed */

	struct vega_progress written;
	struct vega_progress syncing; /* what the sync under way will make durable */
	struct vega_progress durable;
	struct vega_io_req sync;
	bool sync_open; /* submitted, its answer not yet looked at */
	uint64_t synced_ns;

	int dirs[3]; /* journal, day, feed: to be synced once; -1: done */
	struct vega_io_req dir_syncs[3];

	struct vega_index index;
	struct vega_idx idx;

	uint32_t seal_step;
	struct vega_io_req seal;
	void *tail;
	struct vega_untold end; /* told by the tail, which is not durable yet */

	struct vega_run filling; /* block_cnt 0: none */
	uint32_t run_first;      /* ring of runs under way */
	uint32_t run_cnt;
	struct vega_run runs[VEGA_WRITER_DEPTH_MAX + 1];
};

/*
 * Make the folders and the next free file of a day, set space aside, begin to write its head.
 *
 * Returns 0, or -errno with a message (-ENOSPC: no room for a file worth beginning). Nothing is left behind then.
 */
int vega_writer_new(struct vega_io *io, struct vega_writer_feed *feed,
	const struct vega_block_hdr *first, uint64_t now_ns,
	struct vega_writer **ret_writer) VEGA_MUST_CHECK;

/*
 * May this block go into this file? False when it is for another day or link type, follows a step of the clock, makes the
 * file too big, finds no space, or the file has failed: close it and make another.
 */
bool vega_writer_wants(struct vega_writer *w, const struct vega_block_hdr *hdr);

/*
 * Take in a block that is wanted: finish its header, number and checksum it. Adjacent blocks become one write, begun when
 * a block does not follow, after VEGA_WRITER_RUN_MAX, or by vega_writer_flush. The block's memory is the writer's until
 * it is settled.
 */
void vega_writer_put(struct vega_writer *w, struct vega_block_hdr *hdr);
void vega_writer_flush(struct vega_writer *w);

/*
 * Take no more blocks; seal when what is under way has settled. What is untold then is told by the trailer, unless another
 * file follows in the owner's list, whose next block tells it.
 */
void vega_writer_close(struct vega_writer *w);

/* Look at what is done, sync when due, go on sealing. Returns how much was done. */
unsigned vega_writer_poll(struct vega_writer *w, uint64_t now_ns);

/* Sealed or given up: may be deleted. */
bool vega_writer_done(const struct vega_writer *w);

/* Waits for what is under way; does not seal. */
void vega_writer_delete(struct vega_writer *w);

/* Losses to be told by the next block, or by the trailer of the last file. */
void vega_untold_add(struct vega_untold *sum, const struct vega_untold *more);

/* Count a block that is not written, and remember what its header would have told; of records, how many they were. */
void vega_writer_lose(struct vega_writer_feed *feed, const struct vega_block_hdr *hdr);

#endif
