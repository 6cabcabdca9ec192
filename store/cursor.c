/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A cursor: the blocks of one feed and kind, file after file, in recorded order.
 *
 *	seek	the first file that reaches from_ns, in it the first block whose running maximum does: bisected in the index, so
 *		that the first block read is the one that holds the first frame at or after from_ns
 *	step	blocks that lie wholly outside from/to are passed over by their index entry, unread
 *	gap	bytes between two blocks: looked at again if the file has grown (the writer's blocks complete in any order),
 *		then reported as a hole
 *	end	of a file that is not sealed: looked at again if it has grown
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/reader.h"

struct vega_cursor {
	struct vega_journal *journal;
	struct vega_io *io; /* the journal's */
	struct vega_cursor_want want;
	uint64_t blocks_read;

	/* Where it stands: the next entry of a file, and the end of what has been passed. */
	const struct vega_jfile *file; /* a journal's, or &grown */
	struct vega_jfile grown;       /* the same file read again, later */
	bool has_grown;
	int fd;            /* of file, -1: not open */
	uint32_t file_idx; /* in the journal */
	uint32_t file_end;
	uint64_t entry_idx;
	uint64_t next_off;  /* first byte not passed yet */
	uint64_t ns_max;    /* of all blocks passed, 0: none */
	uint64_t block_off; /* of the last block answered */
	uint32_t feed_idx;

	/* Of vega_cursor_next. */
	uint8_t *buffer;
	const struct vega_block_hdr *hdr; /* in buffer; NULL: take the next block */
	uint32_t at;
	uint64_t frame_number;
};

static void
close_file(struct vega_cursor *c)
{
	if (c->fd >= 0)
		c->io->ops->close(c->io, c->fd);
	c->fd = -1;
	if (c->has_grown)
		vega_jfile_unload(&c->grown);
	c->has_grown = false;
}

static int
open_file(struct vega_cursor *c)
{
	c->fd = c->io->ops->open(c->io, c->file->path, VEGA_IO_SCAN);
	if (c->fd < 0)
		return VEGA_ERR(c->fd, "need to read %s, found: %s; was it removed meanwhile?",
			c->file->path, strerror(-c->fd));
	return 0;
}

static void
stand_at(struct vega_cursor *c, uint32_t file_idx)
{
	close_file(c);
	c->file_idx = file_idx;
	c->file = file_idx < c->file_end ? &c->journal->files[file_idx] : NULL;
	c->entry_idx = 0;
	c->next_off = VEGA_HEAD_BYTES;
}

/* The first entry of the file whose running maximum reaches from_ns. */
static void
seek_in_file(struct vega_cursor *c)
{
	const struct vega_index_entry *entries = c->file->entries;
	uint64_t low = 0;
	uint64_t high = c->file->entry_cnt;

	while (low < high) {
		const uint64_t mid = low + (high - low) / 2;

		if (entries[mid].recv_ns_runmax < c->want.from_ns)
			low = mid + 1;
		else
			high = mid;
	}
	c->entry_idx = low;
	if (low == 0)
		return;
	c->next_off = entries[low - 1].end_off;
	c->ns_max = entries[low - 1].recv_ns_runmax;
}

static void
seek(struct vega_cursor *c, const struct vega_jfeed *feed)
{
	uint32_t idx = feed->kind[c->want.kind].file_first;

	c->file_end = idx + feed->kind[c->want.kind].file_cnt;
	if (c->want.from_off != 0) {
		c->file_end = c->want.end_file;
		stand_at(c, c->want.from_file);
		c->entry_idx = vega_jfile_entry_at(c->file, c->want.from_off);
		c->next_off = c->want.from_off;
		return;
	}
	if (c->want.from_ns == 0 || idx == c->file_end) {
		stand_at(c, idx);
		return;
	}
	/* The last file stands even when it ends before from_ns: it may grow. */
	while (idx + 1 < c->file_end && c->journal->files[idx].info.last_ns < c->want.from_ns)
		idx++;
	stand_at(c, idx);
	seek_in_file(c);
}

/* Read an unsealed file's list of blocks again, if it has grown. Returns 1 when it has, 0, or a negative errno. */
static int
look_again(struct vega_cursor *c)
{
	const struct vega_jfile_load_as as = {.feed = c->file->feed, .kind = c->file->info.kind};
	struct vega_jfile fresh;
	int rc;

	if (c->file->info.sealed || !vega_jfile_changed(c->file, c->io))
		return 0;
	rc = vega_jfile_load(c->io, c->file->path, &as, &fresh);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		return 0; /* removed, or replaced by something else: what was known stays */
	if (memcmp(fresh.file_id, c->file->file_id, sizeof(fresh.file_id)) != 0) {
		vega_jfile_unload(&fresh);
		return 0;
	}
	if (c->has_grown)
		vega_jfile_unload(&c->grown);
	c->grown = fresh;
	c->grown.info.path = c->grown.path;
	c->has_grown = true;
	c->file = &c->grown;
	c->entry_idx = vega_jfile_entry_at(c->file, c->next_off);
	return 1;
}

/* Holes wholly outside from/to are nobody's business. */
static void
tell_hole(struct vega_cursor *c, uint64_t from_off, uint64_t to_off, bool recovered)
{
	const struct vega_index_entry *after =
		c->entry_idx < c->file->entry_cnt ? &c->file->entries[c->entry_idx] : NULL;
	const struct vega_hole hole = {
		.path = c->file->path,
		.file_off = from_off,
		.bytes = to_off - from_off,
		.before_ns = c->ns_max,
		.after_ns = after != NULL && after->packet_cnt != 0 ? after->recv_ns_min : 0,
		.recovered = recovered,
	};

	if (c->want.hole == NULL || (hole.after_ns != 0 && hole.after_ns < c->want.from_ns) ||
		hole.before_ns >= c->want.to_ns)
		return;
	c->want.hole(c->want.hole_arg, &hole);
}

void
vega_cursor_tell_bad(struct vega_cursor *c)
{
	tell_hole(c, c->block_off, c->next_off, false);
}

/*
 * Pass the bytes up to `to_off`, which no block claims.
 *
 * Returns 1 when the file has changed and there may be blocks now, 0, or a negative errno.
 */
static int
pass_gap(struct vega_cursor *c, uint64_t to_off)
{
	int rc = look_again(c);

	if (rc != 0)
		return rc;
	if (c->fd < 0) {
		rc = open_file(c);
		if (rc < 0)
			return rc;
	}
	tell_hole(c, c->next_off, to_off, vega_jfile_is_hole(c->file, c->io, c->fd, c->next_off));
	c->next_off = to_off;
	return 0;
}

/* The end of a file's entries. Returns 1: go on, 0: the end, or a negative errno. */
static int
pass_end(struct vega_cursor *c)
{
	int rc = look_again(c);

	if (rc != 0)
		return rc;
	if (c->next_off < c->file->settled_end) {
		rc = pass_gap(c, c->file->settled_end);
		if (rc != 0)
			return rc;
	}
	if (c->file_idx + 1 == c->file_end)
		return 0; /* stay: this file may grow */
	stand_at(c, c->file_idx + 1);
	return 1;
}

/* A LOSS record may speak of more positions than its block has: what follows tells where they end. */
static bool
is_before_position(const struct vega_cursor *c, const struct vega_index_entry *entry)
{
	const struct vega_index_entry *after = entry + 1;
	const uint64_t from = c->want.from_position;

	if (from == 0)
		return false;
	while (after < c->file->entries + c->file->entry_cnt && after->record_cnt == 0)
		after++; /* a keyframe's is of another place */
	if (after < c->file->entries + c->file->entry_cnt)
		return after->position_first <= from;
	return entry->kinds != 0 && (entry->kinds & VEGA_RECORD_KIND_BIT(VEGA_LOSS)) == 0 &&
	       entry->position_first < from && from - entry->position_first >= entry->record_cnt;
}

static bool
is_wanted(const struct vega_cursor *c, const struct vega_index_entry *entry)
{
	const struct vega_cursor_want *want = &c->want;

	if (entry->packet_cnt == 0 && entry->record_cnt == 0)
		return false; /* a keyframe's */
	if (want->kind == VEGA_KIND_FRAMES)
		return entry->packet_cnt != 0 && entry->recv_ns_max >= want->from_ns &&
		       entry->recv_ns_min < want->to_ns;
	return (want->kinds == 0 || (entry->kinds & want->kinds) != 0) &&
	       (want->day == 0 || c->file->info.day == want->day) &&
	       (want->generation == 0 || entry->generation == want->generation) &&
	       !is_before_position(c, entry) && entry->recv_ns_max >= want->from_ns &&
	       entry->recv_ns_min < want->to_ns;
}

/* Stand on the next entry that may hold wanted frames. Returns 1, 0 at the end, or a negative errno. */
static int
step(struct vega_cursor *c)
{
	for (;;) {
		const struct vega_index_entry *entry;
		int rc = c->file->is_lazy
				 ? vega_jfile_ensure(&c->journal->files[c->file_idx], c->io)
				 : 0;

		if (rc < 0)
			return rc;
		if (c->entry_idx == c->file->entry_cnt) {
			rc = pass_end(c);
			if (rc <= 0)
				return rc;
			continue;
		}
		entry = &c->file->entries[c->entry_idx];
		if (entry->start_off != c->next_off) {
			rc = pass_gap(c, entry->start_off);
			if (rc < 0)
				return rc;
			if (rc == 1)
				continue;
		}
		if (is_wanted(c, entry))
			return 1;
		c->entry_idx++;
		c->next_off = entry->end_off;
		if (entry->packet_cnt != 0 && entry->recv_ns_max > c->ns_max)
			c->ns_max = entry->recv_ns_max;
	}
}

/* Read the block of an entry. False when it is not the one the index means, or does not check. */
static bool
read_block(struct vega_cursor *c, const struct vega_index_entry *entry, void *buffer)
{
	const struct vega_block_hdr *hdr = buffer;
	const uint64_t bytes = entry->end_off - entry->start_off;

	c->blocks_read++;
	return vega_io_read(c->io, c->fd, buffer, bytes, entry->start_off) == (int64_t)bytes &&
	       hdr->header_crc32c == entry->header_crc32c && hdr->kind == c->want.kind &&
	       (hdr->codec == 0 || vega_format_is_records(hdr->kind)) &&
	       hdr->stored_bytes == bytes &&
	       vega_format_check_block(hdr, bytes, c->file->file_id, entry->start_off) == VEGA_GOOD;
}

int
vega_cursor_block(struct vega_cursor *c, void *buffer, const struct vega_block_hdr **ret_hdr,
	uint32_t *ret_linktype)
{
	const struct vega_block_hdr *hdr = buffer;

	for (;;) {
		const struct vega_index_entry *entry;
		int rc = c->file == NULL ? 0 : step(c);

		if (rc <= 0)
			return rc;
		if (c->fd < 0) {
			rc = open_file(c);
			if (rc < 0)
				return rc;
		}
		entry = &c->file->entries[c->entry_idx++];
		c->next_off = entry->end_off;
		if (!read_block(c, entry, buffer)) {
			tell_hole(c, entry->start_off, entry->end_off, false);
			continue;
		}
		c->block_off = entry->start_off;
		if (entry->recv_ns_max > c->ns_max)
			c->ns_max = entry->recv_ns_max;
		*ret_hdr = hdr;
		*ret_linktype = hdr->linktype;
		return 1;
	}
}

static int
next_block(struct vega_cursor *c)
{
	uint32_t linktype;
	int rc;

	if (c->buffer == NULL) {
		c->buffer = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, VEGA_BLOCK_BYTES_MAX);
		if (c->buffer == NULL)
			return VEGA_ERR(-ENOMEM, "need %u bytes for a block, found no memory",
				VEGA_BLOCK_BYTES_MAX);
	}
	rc = vega_cursor_block(c, c->buffer, &c->hdr, &linktype);
	if (rc <= 0) {
		c->hdr = NULL;
		return rc;
	}
	c->at = 0;
	c->frame_number = c->hdr->frame_first;
	return 1;
}

int
vega_cursor_next(struct vega_cursor *c, struct vega_frame *ret_frame)
{
	struct vega_frame frame;

	for (;;) {
		int rc = c->hdr == NULL ? 0 : vega_frame_walk(c->hdr, c->at, &frame, &c->at);

		if (rc == 1) {
			frame.frame_number = c->frame_number++;
			if (frame.recv_ns < c->want.from_ns || frame.recv_ns >= c->want.to_ns)
				continue;
			frame.feed_idx = c->feed_idx;
			frame.reserved = 0;
			*ret_frame = frame;
			return 1;
		}
		if (rc <
			0) /* its checksum holds, and yet it is no chain: the rest of the block cannot be read */
			tell_hole(
				c, c->block_off + VEGA_BLOCK_HDR_BYTES + c->at, c->next_off, false);
		rc = next_block(c);
		if (rc <= 0)
			return rc;
	}
}

int
vega_cursor_open_want(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_cursor_want *want, struct vega_cursor **ret_cursor)
{
	struct vega_cursor *c;

	if (feed_idx >= journal->feed_cnt)
		return VEGA_ERR(
			-EINVAL, "need a feed below %u, found %u", journal->feed_cnt, feed_idx);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a cursor, found none");
	c->journal = journal;
	c->io = journal->io;
	c->feed_idx = feed_idx;
	c->want = *want;
	c->fd = -1;
	seek(c, &journal->feeds[feed_idx]);
	*ret_cursor = c;
	return 0;
}

int
vega_cursor_open(struct vega_journal *journal, uint32_t feed_idx, uint64_t from_ns, uint64_t to_ns,
	void (*hole)(void *arg, const struct vega_hole *hole), void *hole_arg,
	struct vega_cursor **ret_cursor)
{
	const struct vega_cursor_want want = {
		.kind = VEGA_KIND_FRAMES,
		.from_ns = from_ns,
		.to_ns = to_ns,
		.hole = hole,
		.hole_arg = hole_arg,
	};

	return vega_cursor_open_want(journal, feed_idx, &want, ret_cursor);
}

void
vega_cursor_close(struct vega_cursor *c)
{
	if (c == NULL)
		return;
	close_file(c);
	free(c->buffer);
	free(c);
}

const struct vega_journal_file *
vega_cursor_file(const struct vega_cursor *c)
{
	return c->file != NULL ? &c->file->info : NULL;
}

uint64_t
vega_cursor_block_off(const struct vega_cursor *c)
{
	return c->block_off;
}

uint64_t
vega_cursor_blocks_read(const struct vega_cursor *c)
{
	return c->blocks_read;
}
