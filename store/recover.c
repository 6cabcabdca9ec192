/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "store/index.h"

/* A torn extent between good blocks. */
struct extent {
	uint64_t begin;
	uint64_t end;
	uint64_t before_ns;
};

struct recovery {
	struct vega_io *io;
	const char *path;
	int file;
	uint64_t file_bytes;
	uint64_t good_end; /* of the last good block */
	struct vega_index index;
	struct extent *torn;
	uint64_t torn_cnt;
	uint64_t torn_room;
	uint8_t *head;  /* 4096 bytes */
	uint8_t *block; /* VEGA_BLOCK_BYTES_MAX */
	const uint8_t *file_id;
	void (*progress)(void *arg, uint64_t done_bytes, uint64_t all_bytes);
	void *progress_arg;
	struct vega_recover_report report;
};

static int
failed(const struct recovery *r, int rc, const char *what)
{
	return VEGA_ERR(rc, "need to %s %s, found %s; run recover again when that is mended", what,
		r->path, strerror(-rc));
}

/* Read exactly: the file does not change under us, it is locked. */
static int
read_at(const struct recovery *r, void *buf, uint64_t bytes, uint64_t off)
{
	int64_t n = vega_io_read(r->io, r->file, buf, bytes, off);

	if (n < 0)
		return failed(r, (int)n, "read");
	return (uint64_t)n == bytes ? 0 : failed(r, -EIO, "read");
}

static int
write_at(const struct recovery *r, const void *data, uint64_t bytes, uint64_t off)
{
	int rc = vega_io_write_wait(r->io, r->file, data, bytes, off);

	return rc < 0 ? failed(r, rc, "write") : 0;
}

static int
sync_file(const struct recovery *r)
{
	int rc = vega_io_sync_wait(r->io, r->file, VEGA_IO_DO_SYNC_DATA);

	return rc < 0 ? failed(r, rc, "sync") : 0;
}

static int
note_torn(struct recovery *r, uint64_t begin, uint64_t end)
{
	if (r->torn_cnt == r->torn_room) {
		uint64_t room = r->torn_room == 0 ? 64 : r->torn_room * 2;
		struct extent *torn = realloc(r->torn, room * sizeof(*torn));

		if (torn == NULL)
			return failed(r, -ENOMEM, "list the torn extents of");
		r->torn = torn;
		r->torn_room = room;
	}
	r->torn[r->torn_cnt++] = (struct extent){begin, end,
		r->index.cnt != 0 ? r->index.entries[r->index.cnt - 1].recv_ns_runmax : 0};
	r->report.hole_cnt += (end - begin + VEGA_BLOCK_BYTES_MAX - 1) / VEGA_BLOCK_BYTES_MAX;
	r->report.hole_bytes += end - begin;
	return 0;
}

static int
keep_block(struct recovery *r, const struct vega_block_hdr *hdr, uint64_t off)
{
	int rc = off != r->good_end ? note_torn(r, r->good_end, off) : 0;

	if (rc < 0)
		return rc;
	rc = vega_index_add(&r->index, hdr);
	if (rc < 0)
		return failed(r, rc, "index");
	r->report.packet_cnt += hdr->packet_cnt;
	r->good_end = off + hdr->stored_bytes;
	return 0;
}

/* Judge what lies at `off`, keep it when it is good. Returns 0 and where to look next, or -errno. */
static int
look_at(struct recovery *r, uint64_t off, uint64_t *ret_next)
{
	const uint64_t left = r->file_bytes - off;
	struct vega_block_hdr *hdr = (struct vega_block_hdr *)(void *)r->block;
	int rc = read_at(r, hdr, sizeof(*hdr), off);

	*ret_next = off + VEGA_BLOCK_ALIGN_BYTES;
	if (rc < 0 || vega_format_check_block_hdr(hdr, sizeof(*hdr), r->file_id, off) != VEGA_GOOD)
		return rc;
	if (hdr->stored_bytes > left)
		return 0;
	rc = read_at(
		r, r->block + sizeof(*hdr), hdr->stored_bytes - sizeof(*hdr), off + sizeof(*hdr));
	if (rc < 0 || vega_format_check_block(hdr, hdr->stored_bytes, r->file_id, off) != VEGA_GOOD)
		return rc;
	*ret_next = off + hdr->stored_bytes;
	return keep_block(r, hdr, off);
}

/*
 * Find every good block. A block whose header alone is good is stepped through page by page, as if the header were torn
 * too: a second run, which finds a HOLE there, must find the same blocks.
 */
static int
walk(struct recovery *r)
{
	uint64_t off = VEGA_HEAD_BYTES;
	uint64_t next;
	int rc;

	r->good_end = off;
	for (; off + VEGA_BLOCK_HDR_BYTES <= r->file_bytes; off = next) {
		rc = look_at(r, off, &next);
		if (rc < 0)
			return rc;
		if (r->progress != NULL)
			r->progress(r->progress_arg, off, r->file_bytes);
	}
	return 0;
}

/* One hole block: its header, and its length at its end; what lies between stays as it is. */
static int
lay_hole(struct recovery *r, uint64_t off, uint32_t bytes, uint64_t before_ns)
{
	struct vega_hole_hdr hole;
	int rc;

	vega_format_hole(&hole, r->file_id, off, bytes, before_ns);
	rc = write_at(r, &hole, sizeof(hole), off);
	return rc < 0 ? rc : write_at(r, &bytes, sizeof(bytes), off + bytes - sizeof(bytes));
}

static int
lay_holes(struct recovery *r)
{
	int rc = 0;

	for (uint64_t i = 0; i < r->torn_cnt; i++) {
		uint64_t off = r->torn[i].begin;

		while (rc == 0 && off < r->torn[i].end) {
			uint64_t left = r->torn[i].end - off;
			uint64_t bytes = left < VEGA_BLOCK_BYTES_MAX ? left : VEGA_BLOCK_BYTES_MAX;

			rc = lay_hole(r, off, (uint32_t)bytes, r->torn[i].before_ns);
			off += bytes;
		}
	}
	return rc;
}

/* Everything in front of the index is as it will stay, and durable. */
static int
mend_data(struct recovery *r)
{
	int rc = lay_holes(r);

	if (rc < 0)
		return rc;
	rc = r->io->ops->truncate(r->io, r->file, r->good_end);
	if (rc < 0)
		return failed(r, rc, "cut");
	return sync_file(r);
}

static int
append_tail(struct recovery *r)
{
	struct vega_trailer like = {
		.index_off = r->good_end,
		.sealed_ns = vega_realtime_ns(),
		.sealed_by = 2,
		.hole_cnt = r->report.hole_cnt,
		.hole_bytes = r->report.hole_bytes,
	};
	void *tail;
	int rc;

	memcpy(like.file_id, r->file_id, sizeof(like.file_id));
	rc = vega_index_tail(&r->index, &like, &tail);
	if (rc < 0)
		return failed(r, rc, "index");
	rc = write_at(r, tail, vega_index_tail_bytes(r->index.cnt), r->good_end);
	free(tail);
	return rc < 0 ? rc : sync_file(r);
}

static int
write_state(struct recovery *r, uint64_t block_cnt, uint64_t packet_cnt, uint64_t file_bytes)
{
	int rc;

	vega_format_state(r->head, VEGA_FILE_SEALED, block_cnt, packet_cnt, file_bytes);
	rc = write_at(
		r, r->head + VEGA_STATE_OFF, VEGA_HEAD_BYTES - VEGA_STATE_OFF, VEGA_STATE_OFF);
	return rc < 0 ? rc : sync_file(r);
}

/* What lay beside the file while it was written is of no more use. */
static void
remove_idx(struct recovery *r)
{
	char idx_path[4096];

	(void)snprintf(idx_path, sizeof(idx_path), "%s" VEGA_IDX_SUFFIX, r->path);
	(void)r->io->ops->unlink(r->io, idx_path);
}

/* The chain the trailer promises: its checksums, its count, the padding behind it. Returns 1 good, 0 not, -errno. */
static int
chain_ok(struct recovery *r, const struct vega_trailer *trailer)
{
	const struct vega_index_hdr *hdr = (const struct vega_index_hdr *)(const void *)r->block;
	uint64_t off = trailer->index_off;
	uint64_t end = off + trailer->index_bytes;
	uint64_t entries = 0;
	uint64_t gap = r->file_bytes - VEGA_TRAILER_BYTES - trailer->isb_bytes - end;
	int rc;

	while (off < end) {
		uint64_t left = end - off;
		uint64_t bytes = left < VEGA_BLOCK_BYTES_MAX ? left : VEGA_BLOCK_BYTES_MAX;

		rc = read_at(r, r->block, bytes, off);
		if (rc < 0 || vega_format_check_index(hdr, bytes, r->file_id, entries) != VEGA_GOOD)
			return rc;
		off += hdr->block_length;
		entries += hdr->entry_cnt;
	}
	if (entries != trailer->entry_cnt || gap > 2 * VEGA_BLOCK_ALIGN_BYTES)
		return 0;
	rc = read_at(r, r->block, gap, end);
	return rc < 0 ? rc : vega_format_check_padding(r->block, gap) == VEGA_GOOD;
}

/* The Interface Statistics Block in front of the trailer, where there is one. Returns 1 good, 0 not, -errno. */
static int
isb_ok(struct recovery *r, const struct vega_trailer *trailer)
{
	struct vega_isb isb;
	int rc;

	if (trailer->isb_bytes == 0)
		return 1;
	rc = read_at(r, &isb, sizeof(isb), r->file_bytes - VEGA_TRAILER_BYTES - sizeof(isb));
	return rc < 0 ? rc : vega_format_check_isb(&isb, trailer) == VEGA_GOOD;
}

/* Is it sealed, by the trailer's word? Returns 1, 0 or -errno. */
static int
is_sealed(struct recovery *r, struct vega_trailer *ret_trailer)
{
	int rc;

	if (r->file_bytes < 2 * VEGA_HEAD_BYTES || r->file_bytes % VEGA_BLOCK_ALIGN_BYTES != 0)
		return 0;
	rc = read_at(r, ret_trailer, sizeof(*ret_trailer), r->file_bytes - sizeof(*ret_trailer));
	if (rc < 0)
		return rc;
	if (vega_format_check_trailer(ret_trailer, r->file_id, r->file_bytes) != VEGA_GOOD)
		return 0;
	rc = isb_ok(r, ret_trailer);
	return rc <= 0 ? rc : chain_ok(r, ret_trailer);
}

/* Sealed, but perhaps interrupted before the state sector. */
static int
confirm_sealed(struct recovery *r, const struct vega_trailer *trailer)
{
	const struct vega_head *head = vega_format_head_of(r->head);
	int rc;

	r->report = (struct vega_recover_report){
		.block_cnt = trailer->entry_cnt,
		.packet_cnt = trailer->packet_cnt,
		.hole_cnt = trailer->hole_cnt,
		.hole_bytes = trailer->hole_bytes,
		.was_sealed = true,
	};
	if (vega_format_check_state(r->head) == VEGA_GOOD && head->state == VEGA_FILE_SEALED)
		return 0;
	/* the trailer was read, which does not say that it is durable */
	rc = sync_file(r);
	return rc < 0 ? rc : write_state(r, trailer->entry_cnt, trailer->packet_cnt, r->file_bytes);
}

static int
seal(struct recovery *r)
{
	int rc = walk(r);

	if (rc < 0)
		return rc;
	r->report.block_cnt = r->index.cnt;
	r->report.cut_bytes = r->file_bytes - r->good_end;
	rc = mend_data(r);
	if (rc == 0)
		rc = append_tail(r);
	if (rc == 0)
		rc = write_state(r, r->report.block_cnt, r->report.packet_cnt,
			r->good_end + vega_index_tail_bytes(r->index.cnt));
	return rc;
}

static int
mend(struct recovery *r)
{
	struct vega_trailer trailer;
	int rc = is_sealed(r, &trailer);

	if (rc < 0)
		return rc;
	rc = rc > 0 ? confirm_sealed(r, &trailer) : seal(r);
	if (rc == 0)
		remove_idx(r);
	return rc;
}

/* Open and lock it, and make sure that it is a journal before anything is touched. */
static int
begin(struct recovery *r)
{
	int rc;

	r->head = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, VEGA_HEAD_BYTES);
	r->block = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, VEGA_BLOCK_BYTES_MAX);
	if (r->head == NULL || r->block == NULL)
		return failed(r, -ENOMEM, "read");
	r->file = r->io->ops->open(r->io, r->path, VEGA_IO_WRITE | VEGA_IO_LOCK);
	if (r->file == -EBUSY)
		return VEGA_ERR(-EBUSY,
			"need %s for recovery alone, found a capture that writes it; stop that "
			"first",
			r->path);
	if (r->file < 0)
		return VEGA_ERR(r->file, "need to open %s, found %s", r->path, strerror(-r->file));
	rc = r->io->ops->size(r->io, r->file, &r->file_bytes);
	if (rc < 0)
		return failed(r, rc, "read");
	if (r->file_bytes >= VEGA_HEAD_BYTES)
		rc = read_at(r, r->head, VEGA_HEAD_BYTES, 0);
	if (rc == 0)
		rc = vega_format_check_head(r->head, r->file_bytes);
	r->file_id = vega_format_head_of(r->head)->file_id;
	return rc < 0 ? VEGA_ERR_ADD(rc, "%s", r->path) : 0;
}

int
vega_recover_file(struct vega_io *io, const char *path,
	void (*progress)(void *arg, uint64_t done_bytes, uint64_t all_bytes), void *progress_arg,
	struct vega_recover_report *ret_report)
{
	struct recovery r = {.io = io,
		.path = path,
		.file = -1,
		.progress = progress,
		.progress_arg = progress_arg};
	int rc = begin(&r);

	if (rc == 0)
		rc = mend(&r);
	if (rc == 0)
		*ret_report = r.report;
	if (r.file >= 0)
		io->ops->close(io, r.file);
	vega_index_clear(&r.index);
	free(r.torn);
	free(r.head);
	free(r.block);
	return rc;
}

int
vega_recover_empty(struct vega_io *io, const char *path)
{
	struct recovery r = {.io = io, .path = path};
	uint64_t bytes;
	int rc;

	r.file = io->ops->open(io, path, VEGA_IO_WRITE | VEGA_IO_LOCK);
	if (r.file < 0)
		return VEGA_ERR(r.file, "need to open %s, found %s", path, strerror(-r.file));
	rc = io->ops->size(io, r.file, &bytes);
	if (rc == 0 && bytes == 0) {
		rc = io->ops->unlink(io, path);
		if (rc == 0) {
			remove_idx(&r);
			rc = 1;
		}
	}
	io->ops->close(io, r.file);
	return rc < 0 ? failed(&r, rc, "look at") : rc;
}
