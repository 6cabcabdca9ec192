/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_READER_H
#define VEGA_STORE_READER_H
/*
 * Inside the reader: one journal file as opened (reader_file.c, reader_entries.c), the journal they make up (reader.c), and
 * what the cursor (cursor.c) takes from both. Nothing here is installed.
 */
#include "hugepages/vega_layout.h"
#include "store/format.h"
#include "store/io.h"
#include "store/vega_journal.h"

/*
 * A file's identity and where its blocks are. `entries` are in order of offset and do not overlap; what lies between two of
 * them is a gap: a HOLE that recover laid, or damage. Running maxima are computed here, never believed.
 */
struct vega_jfile {
	struct vega_journal_file info; /* first: vega_journal_file_if finds the rest from it */
	char *path;
	char *feed;
	uint8_t file_id[16];
	uint64_t created_ns;
	/* Entries lie before it: the index of a sealed file, else what was the file's end. */
	uint64_t data_end;
	/* What lies before it and is in no entry is lost; behind it blocks may still appear. */
	uint64_t settled_end;
	uint64_t idx_bytes; /* of NAME.idx when it was read, 0: none */
	struct vega_index_entry *entries;
	uint64_t entry_cnt;
	uint64_t entry_cap;
	bool is_lazy; /* its blocks are not known yet; of info only times and identity are */
	uint32_t day_start_s;
	uint32_t if_cnt;
	char zone[48];
	char if_name[VEGA_IF_CNT_MAX][VEGA_NAME_BYTES];
};

struct vega_jfeed {
	const char *name;
	struct {
		uint32_t file_first;
		uint32_t file_cnt;
	} kind[VEGA_KIND_BOOK + 1]; /* by enum vega_block_kind */
};

struct vega_journal {
	struct vega_io *io;
	bool own_io;
	bool is_lazy;
	struct vega_jfile *files;
	uint32_t file_cnt;
	struct vega_jfeed *feeds;
	uint32_t feed_cnt;
	uint32_t newest; /* file */
};

/*
 * vega_journal_open of a folder, with a feed's files of one kind alone (feed NULL: with all files); there may be none: feed_cnt 0.
 *
 * Returns as vega_journal_open.
 */
int vega_journal_open_kind(const char *path, const char *feed, enum vega_block_kind kind,
	struct vega_journal **ret_journal) VEGA_MUST_CHECK;

/*
 * The same with all files, of which only heads and trailers are read: vega_jfile_ensure reads the index of one that is looked into, and so does
 * a cursor that comes to it. Of one thread. info is not what vega_journal_file says; files of frames stay closed.
 */
int vega_journal_open_lazy(const char *path, struct vega_journal **ret_journal) VEGA_MUST_CHECK;

/* How a file is met. */
struct vega_jfile_load_as {
	const char *feed; /* the folder's name; NULL: as the head says */
	uint32_t kind;    /* as the file's name says; 0: as the head says */
	bool lazy;        /* do not look for its blocks where its times are known without */
	bool keep_damaged; /* one of many: without a usable head or block it is kept, empty and damaged */
};

/*
 * vega_journal_open with file access of the caller's (tests: a disk in memory), which outlives the journal. What uses the
 * journal uses it: see there about threads.
 */
int vega_journal_open_io(
	struct vega_io *io, const char *path, struct vega_journal **ret_journal) VEGA_MUST_CHECK;

/*
 * Open, look at head, trailer and index (or what is there of a file that has none yet), close.
 *
 * Returns 0; -EBADMSG: no journal, or of another version; -ENOENT, -EACCES, -EIO, -ENOMEM.
 */
int vega_jfile_load(struct vega_io *io, const char *path, const struct vega_jfile_load_as *as,
	struct vega_jfile *ret_file) VEGA_MUST_CHECK;
void vega_jfile_unload(struct vega_jfile *file);

/* Find the blocks of one that is lazy. Returns 0, -ENOMEM; what cannot be read any more has none, and is damaged. */
int vega_jfile_ensure(struct vega_jfile *file, struct vega_io *io) VEGA_MUST_CHECK;

/* True when the file has grown or was sealed since it was loaded. */
bool vega_jfile_changed(const struct vega_jfile *file, struct vega_io *io);

/* Index of the first entry that starts at or after off. */
uint64_t vega_jfile_entry_at(const struct vega_jfile *file, uint64_t off);

/* Did recover cover the gap at off? fd: the file, open. */
bool vega_jfile_is_hole(const struct vega_jfile *file, struct vega_io *io, int fd, uint64_t off);

/* What a cursor wants, of which blocks and when: see vega_cursor_open, vega_records_open. */
struct vega_cursor_want {
	enum vega_block_kind kind;
	uint32_t kinds; /* of a block of records: at least one of them is in it; 0: any */
	uint32_t day;   /* 0: any */
	uint64_t from_ns;
	uint64_t to_ns;
	uint64_t generation; /* 0: any */
	uint64_t from_position;
	/* With from_off: files from_file to end_file - 1 of the journal, from that offset of the first on. */
	uint32_t from_file;
	uint32_t end_file;
	uint64_t from_off;
	void (*hole)(void *arg, const struct vega_hole *hole); /* may be NULL */
	void *hole_arg;
};

/* The cursor under both kinds; what it answers is vega_cursor_block's. */
int vega_cursor_open_want(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_cursor_want *want, struct vega_cursor **ret_cursor) VEGA_MUST_CHECK;

/* vega_records_open of files file_idx to file_end - 1 of the journal, from a block on; off 0: of all. */
int vega_records_open_at(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_records_want *want, uint32_t file_idx, uint32_t file_end, uint64_t off,
	struct vega_record_cursor **ret_cursor) VEGA_MUST_CHECK;

/* The block that was answered last turned out to be none: a hole. */
void vega_cursor_tell_bad(struct vega_cursor *cursor);

#endif
