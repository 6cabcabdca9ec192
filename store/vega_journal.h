/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_JOURNAL_H
#define VEGA_JOURNAL_H
/*
 * Reading a journal: open a folder or a file, take a feed's frames or records from any time on, see what is damaged.
 *
 * Works on sealed files, on files a crash left behind, and on files that are being written: a cursor at the end of one
 * finds what was added when it is asked again. Files begun after vega_journal_open are seen by opening again. Nothing read is
 * trusted: a hostile file gives an error or a reported hole, never a crash. No DPDK. Installed: plain C, and C++.
 *
 * Threads: a journal is read-only after open and may be shared; a cursor belongs to one thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/vega_block.h"
#include "hugepages/vega_record.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vega_journal;
struct vega_cursor;

/* One journal file as opened. */
struct vega_journal_file {
	const char *path;
	const char *feed;     /* the folder's name */
	uint32_t day;         /* YYYYMMDD */
	uint32_t file_number; /* NNNN */
	uint32_t kind;        /* enum vega_block_kind: frames, records, or those of a book lane */
	uint32_t price_scale; /* decimal digits of the feed's prices, 0 unknown */
	uint32_t linktype;
	bool sealed;
	uint64_t file_bytes;
	uint64_t block_cnt;
	uint64_t packet_cnt; /* frames; in a file of records its PACKET records */
	uint64_t record_cnt;
	uint64_t first_ns; /* smallest receive time; 0 when the file holds no packet */
	uint64_t last_ns;  /* largest receive time */
	uint64_t generation;
	/* Found on opening: a head or index that fails, extents that are no block. */
	uint64_t damaged_blocks;
	uint64_t hole_cnt; /* torn extents that recover covered: known losses, not counted above */
	uint64_t lost_lane_full; /* told by block headers and trailer */
	uint64_t lost_oversize;
	uint64_t lost_port;
	uint64_t lost_disk; /* frames; in a file of records, records */
};

/*
 * Open a journal folder, a day, a feed's folder or one file.
 *
 * Returns 0; -ENOENT (66): nothing there; -EBADMSG (65): a file that is no journal, or of another version (the message
 * says needed and found); -EACCES (77).
 */
int vega_journal_open(const char *path, struct vega_journal **ret_journal);
void vega_journal_close(struct vega_journal *journal);

/* Files in order of feed, kind, generation, day and number; idx < file count. */
uint32_t vega_journal_file_cnt(const struct vega_journal *journal);
const struct vega_journal_file *vega_journal_file(const struct vega_journal *journal, uint32_t idx);

/* The name of an interface of a file's packets, "" when unknown. */
const char *vega_journal_if_name(const struct vega_journal_file *file, uint32_t interface_id);

/* Feeds in order of name. */
uint32_t vega_journal_feed_cnt(const struct vega_journal *journal);
const char *vega_journal_feed(const struct vega_journal *journal, uint32_t idx);

/*
 * The zone and day of the newest file of a configured feed (of `default` where there is no other), for HH:MM on a command
 * line; "UTC" when unknown.
 */
const char *vega_journal_zone(const struct vega_journal *journal);
uint32_t vega_journal_day(const struct vega_journal *journal);
uint32_t vega_journal_day_start_s(const struct vega_journal *journal);

/* A frame; data stays valid until the cursor's next call. */
struct vega_frame {
	const uint8_t *data;
	uint64_t recv_ns;
	uint64_t frame_number;
	uint64_t drop_cnt; /* frames lost before this one on its interface (epb_dropcount) */
	uint32_t captured_bytes;
	uint32_t wire_bytes;
	uint32_t interface_id;
	uint32_t linktype;
	uint32_t feed_idx;
	uint32_t reserved;
};

/* An extent the cursor passed over because it is damaged. */
struct vega_hole {
	const char *path;
	uint64_t file_off;
	uint64_t bytes;
	uint64_t before_ns; /* last good time before it, 0 unknown */
	uint64_t after_ns;  /* first good time after it, 0 unknown */
	bool recovered;     /* recover covered it: a loss already told, not new damage */
};

/*
 * Frames of one feed in recorded order, those with from_ns <= recv_ns < to_ns.
 *
 * The first block is found by binary search over the running maximum of receive times: one data block is read.
 *
 * Params: feed_idx	< vega_journal_feed_cnt, from_ns 0 and to_ns UINT64_MAX for all
 *	   hole		told each damaged extent as it is passed over; may be NULL
 * Returns 0, -ENOMEM, -EIO.
 */
int vega_cursor_open(struct vega_journal *journal, uint32_t feed_idx, uint64_t from_ns,
	uint64_t to_ns, void (*hole)(void *arg, const struct vega_hole *hole), void *hole_arg,
	struct vega_cursor **ret_cursor);
void vega_cursor_close(struct vega_cursor *cursor);

/* Returns 1 and a frame, 0 at the end (of what is written so far), or a negative errno. */
int vega_cursor_next(struct vega_cursor *cursor, struct vega_frame *ret_frame);

/*
 * The fast path: the next verified block of the feed, whole, into the caller's buffer.
 *
 * Params: buffer	VEGA_BLOCK_BYTES_MAX bytes, 4096-aligned
 * Returns 1 and the header inside buffer, 0 at the end, or a negative errno. Frames outside from/to are not
 * filtered here: the caller walks the block with vega_frame_walk and compares.
 */
int vega_cursor_block(struct vega_cursor *cursor, void *buffer,
	const struct vega_block_hdr **ret_hdr, uint32_t *ret_linktype);

/*
 * Walk the frames of a verified block.
 *
 * Params: at	offset into the payload: 0 to start, then what the last call returned in *ret_next
 * Returns 1 and a frame (feed_idx and frame_number are the caller's to fill), 0 at the end, -EBADMSG when the payload is no
 * chain of blocks.
 */
int vega_frame_walk(const struct vega_block_hdr *hdr, uint32_t at, struct vega_frame *ret_frame,
	uint32_t *ret_next);

/* The file and offset of the block that the last call answered from; NULL and 0 before the first. */
const struct vega_journal_file *vega_cursor_file(const struct vega_cursor *cursor);
uint64_t vega_cursor_block_off(const struct vega_cursor *cursor);

/* Data blocks this cursor has read from disk. */
uint64_t vega_cursor_blocks_read(const struct vega_cursor *cursor);

struct vega_record_cursor;

/* Which records are wanted. Zeros but for to_ns: all. */
struct vega_records_want {
	uint64_t from_ns;       /* events whose PACKET was received at from_ns <= recv_ns < to_ns */
	uint64_t to_ns;         /* UINT64_MAX: to the end */
	uint64_t generation;    /* positions count in it; 0: any */
	uint64_t from_position; /* 0: from the first */
	/* Only blocks that hold at least one of these, by VEGA_RECORD_KIND_BIT; 0: all. */
	uint32_t kinds;
	uint32_t day; /* only of this trading day, YYYYMMDD; 0: any */
	bool is_book; /* of the feed's book lane, instead of its record lane */
	void (*hole)(void *arg, const struct vega_hole *hole); /* may be NULL */
	void *hole_arg;
};

/* Records without a hole, of one block; they stay valid until the cursor's next call. */
struct vega_record_batch {
	const union vega_record *records;
	uint32_t cnt;   /* 1 or more */
	uint32_t kinds; /* of all its block */
	/* Of the first; what is missing between two batches is no longer there, or not wanted. */
	uint64_t position;
	uint64_t generation;
	uint64_t recv_ns; /* of the event that the first record belongs to; 0: not known */
	struct vega_record_clock clock; /* at the first: for vega_record_ns */
	uint32_t day;
	uint32_t feed_idx;
};

/*
 * Records of one feed as they were recorded. What the drain lost to the lane is a LOSS record (VEGA_LOSS_LAPPED), in a batch of
 * its own whose position is the first one lost.
 *
 * Returns 0, -EINVAL (no such feed), -ENOMEM.
 */
int vega_records_open(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_records_want *want, struct vega_record_cursor **ret_cursor);
void vega_records_close(struct vega_record_cursor *cursor);

/* Returns 1 and a batch, 0 at the end (of what is written so far), or a negative errno. */
int vega_records_next(struct vega_record_cursor *cursor, struct vega_record_batch *ret_batch);

/* The file and block of the last batch, NULL and 0 before the first; blocks read from disk. */
const struct vega_journal_file *vega_records_file(const struct vega_record_cursor *cursor);
uint64_t vega_records_block_off(const struct vega_record_cursor *cursor);
uint64_t vega_records_blocks_read(const struct vega_record_cursor *cursor);

/* The calling thread's message of the last failure: one line that says what was needed, what was found, what to do. */
const char *vega_err_text(void); /* NOLINT: the tree has it from base/err.h */

#ifdef __cplusplus
}
#endif
#endif
