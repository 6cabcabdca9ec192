/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the blocks of a file are: from the index, from NAME.idx, or by walking.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hugepages/base/err.h"
#include "store/reader_load.h"

#define IDX_CHUNK 512u /* entries read at once */

bool
load_read(const struct load *load, void *to, uint64_t bytes, uint64_t off)
{
	return vega_io_read(load->io, load->fd, to, bytes, off) == (int64_t)bytes;
}

static const struct vega_index_entry *
last_entry(const struct vega_jfile *file)
{
	return file->entry_cnt == 0 ? NULL : &file->entries[file->entry_cnt - 1];
}

static uint64_t
entries_end(const struct vega_jfile *file)
{
	return file->entry_cnt == 0 ? VEGA_HEAD_BYTES : last_entry(file)->end_off;
}

static int
add_entry(struct vega_jfile *file, const struct vega_index_entry *entry)
{
	if (file->entry_cnt == file->entry_cap) {
		const uint64_t cap = file->entry_cap == 0 ? 256 : file->entry_cap * 2;
		void *grown = realloc(file->entries, cap * sizeof(*file->entries));

		if (grown == NULL)
			return VEGA_ERR(-ENOMEM,
				"%s: need memory for an index of %llu blocks, found none",
				file->path, (unsigned long long)cap);
		file->entries = grown;
		file->entry_cap = cap;
	}
	file->entries[file->entry_cnt++] = *entry;
	return 0;
}

/*
 * Take entries as far as they check.
 *
 * Returns how many of them were taken, or -ENOMEM.
 */
static int64_t
add_entries(struct vega_jfile *file, const struct vega_index_entry *entries, uint64_t cnt)
{
	for (uint64_t i = 0; i < cnt; i++) {
		int rc;

		if (vega_format_check_entry(&entries[i], last_entry(file), file->data_end) !=
			VEGA_GOOD)
			return (int64_t)i;
		rc = add_entry(file, &entries[i]);
		if (rc < 0)
			return rc;
	}
	return (int64_t)cnt;
}

/* Room for a block of up to VEGA_BLOCK_BYTES_MAX; what was in the buffer is gone. */
static int
take_block_buffer(struct load *load, uint64_t bytes)
{
	if (load->block != NULL && bytes <= load->block_bytes)
		return 0;
	free(load->block);
	load->block_bytes = vega_align_up(bytes, VEGA_BLOCK_ALIGN_BYTES);
	load->block = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, load->block_bytes);
	return load->block != NULL
		       ? 0
		       : VEGA_ERR(-ENOMEM, "need %llu bytes for a block, found no memory",
				 (unsigned long long)bytes);
}

int
load_index(struct load *load)
{
	struct vega_jfile *file = load->file;
	uint64_t off = load->trailer.index_off;
	uint64_t left = load->trailer.index_bytes;

	load->index_damaged = true;
	while (left != 0) {
		const struct vega_index_hdr *whole;
		struct vega_index_hdr hdr;
		int64_t taken;
		int rc;

		if (left < sizeof(hdr) || !load_read(load, &hdr, sizeof(hdr), off) ||
			hdr.block_length < sizeof(hdr) || hdr.block_length > left ||
			hdr.block_length > VEGA_BLOCK_BYTES_MAX)
			return 0;
		rc = take_block_buffer(load, hdr.block_length);
		if (rc < 0)
			return rc;
		whole = (const struct vega_index_hdr *)(const void *)load->block;
		if (!load_read(load, load->block, hdr.block_length, off) ||
			vega_format_check_index(whole, hdr.block_length, file->file_id,
				file->entry_cnt) != VEGA_GOOD)
			return 0;
		off += hdr.block_length;
		left -= hdr.block_length;
		taken = add_entries(file,
			(const struct vega_index_entry *)(const void *)(whole + 1),
			whole->entry_cnt);
		if (taken < 0)
			return (int)taken;
		if (taken != whole->entry_cnt)
			return 0;
	}
	load->index_damaged = file->entry_cnt != load->trailer.entry_cnt;
	return 0;
}

int
load_idx_path(const char *path, char idx[PATH_MAX])
{
	return (size_t)snprintf(idx, PATH_MAX, "%s.idx", path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int
read_idx_entries(struct load *load, int idx)
{
	struct vega_index_entry entries[IDX_CHUNK];
	struct vega_idx_head head;
	uint64_t off = sizeof(head);

	if (vega_io_read(load->io, idx, &head, sizeof(head), 0) != (int64_t)sizeof(head) ||
		vega_format_check_idx_head(&head, load->file->file_id) != VEGA_GOOD)
		return 0;
	for (;;) {
		const int64_t n = vega_io_read(load->io, idx, entries, sizeof(entries), off);
		const uint64_t cnt = n < 0 ? 0 : (uint64_t)n / sizeof(entries[0]);
		const int64_t taken = add_entries(load->file, entries, cnt);

		if (taken < 0)
			return (int)taken;
		if (cnt == 0 || (uint64_t)taken != cnt)
			return 0;
		off += cnt * sizeof(entries[0]);
	}
}

int
load_idx(struct load *load)
{
	char path[PATH_MAX];
	int idx;
	int rc;

	if (load_idx_path(load->file->path, path) < 0)
		return 0;
	idx = load->io->ops->open(load->io, path, 0);
	if (idx < 0)
		return 0;
	if (load->io->ops->size(load->io, idx, &load->file->idx_bytes) < 0)
		load->file->idx_bytes = 0;
	rc = read_idx_entries(load, idx);
	load->io->ops->close(load->io, idx);
	return rc;
}

/*
 * Read in a walk. What cannot be read is lost, and all behind an end that has come nearer.
 *
 * Params: lost_bytes	lost when the disk refuses
 *	   ret_next	where to go on after that
 */
static bool
walk_read(struct load *load, void *to, uint64_t bytes, uint64_t off, uint64_t lost_bytes,
	uint64_t *ret_next)
{
	const int64_t n = vega_io_read(load->io, load->fd, to, bytes, off);

	if (n == (int64_t)bytes)
		return true;
	*ret_next = n < 0 ? off + lost_bytes : load->file->data_end;
	load->file->settled_end = *ret_next;
	return false;
}

/*
 * The block at off, whole and in memory. Its header tells its length even when its payload fails.
 *
 * Returns 1, 0 when there is none, or -ENOMEM.
 */
static int
read_block(struct load *load, uint64_t off, uint64_t *ret_next)
{
	const struct vega_jfile *file = load->file;
	struct vega_block_hdr hdr;
	int rc;

	*ret_next = off + VEGA_BLOCK_ALIGN_BYTES;
	if (!walk_read(load, &hdr, sizeof(hdr), off, VEGA_BLOCK_ALIGN_BYTES, ret_next) ||
		vega_format_check_block_hdr(&hdr, sizeof(hdr), file->file_id, off) != VEGA_GOOD ||
		hdr.stored_bytes > file->data_end - off)
		return 0;
	*ret_next = off + hdr.stored_bytes;
	rc = take_block_buffer(load, hdr.stored_bytes);
	if (rc < 0)
		return rc;
	return walk_read(load, load->block, hdr.stored_bytes, off, hdr.stored_bytes, ret_next) &&
	       vega_format_check_block((const struct vega_block_hdr *)(const void *)load->block,
		       hdr.stored_bytes, file->file_id, off) == VEGA_GOOD;
}

int
load_walk(struct load *load)
{
	struct vega_jfile *file = load->file;
	uint64_t off = entries_end(file);
	uint64_t next;
	int rc = 0;

	for (; rc >= 0 && off < file->data_end && file->data_end - off >= VEGA_BLOCK_ALIGN_BYTES;
		off = next) {
		struct vega_index_entry entry;

		rc = read_block(load, off, &next);
		if (rc <= 0)
			continue;
		vega_format_entry((const struct vega_block_hdr *)(const void *)load->block,
			last_entry(file), &entry);
		rc = add_entry(file, &entry);
	}
	return rc < 0 ? rc : 0;
}
