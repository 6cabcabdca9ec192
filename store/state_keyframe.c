/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the last slice backward: it says how many there are. Each is read, checked and decoded once; whatever breaks the chain begins the
 * search anew from where it stands.
 */
#include "store/state_keyframe.h"

#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"

struct search {
	struct vega_journal *journal;
	const struct vega_state_keyframe_want *want;
	struct vega_keyframe_work *work;
	struct vega_block_hdr *block; /* VEGA_BLOCK_BYTES_MAX */
	int fd;                       /* -1: not open */
	uint64_t *damaged;

	/* What was gathered: slices `next` and up of a keyframe; next above slice_cnt: nothing. */
	struct vega_state_keyframe found;
	uint64_t number;
	uint32_t next;
};

void
vega_state_keyframe_clear(struct vega_state_keyframe *keyframe)
{
	free(keyframe->entries);
	free(keyframe->positions);
	*keyframe = (struct vega_state_keyframe){0};
}

static void
forget(struct search *s)
{
	vega_state_keyframe_clear(&s->found);
	s->next = UINT32_MAX;
}

/* The block of an entry into s->block. False when it does not check. */
static bool
read_block(struct search *s, const struct vega_jfile *file, const struct vega_index_entry *entry)
{
	struct vega_io *io = s->journal->io;
	const uint64_t bytes = entry->end_off - entry->start_off;

	if (s->fd < 0)
		s->fd = io->ops->open(io, file->path, 0);
	return s->fd >= 0 && bytes <= VEGA_BLOCK_BYTES_MAX &&
	       vega_io_read(io, s->fd, s->block, bytes, entry->start_off) == (int64_t)bytes &&
	       s->block->header_crc32c == entry->header_crc32c && s->block->stored_bytes == bytes &&
	       vega_format_check_block(s->block, bytes, file->file_id, entry->start_off) ==
		       VEGA_GOOD;
}

/* Room for a keyframe whose last slice this is. */
static int
begin(struct search *s, const struct vega_keyframe_slice *slice)
{
	const uint32_t slice_cnt = vega_keyframe_slice_cnt(slice->entry_total);

	forget(s);
	s->found.entries =
		calloc((size_t)slice_cnt * VEGA_KEYFRAME_SLICE_CNT, sizeof(s->found.entries[0]));
	s->found.positions = calloc(slice_cnt, sizeof(s->found.positions[0]));
	if (s->found.entries == NULL || s->found.positions == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the state of %u instruments, found none",
			slice->entry_total);
	s->found.entry_total = slice->entry_total;
	s->found.slice_cnt = slice_cnt;
	s->number = slice->number;
	s->next = slice_cnt;
	return 0;
}

/* Is it the one that is missing in front of what was gathered? */
static bool
goes_on(const struct search *s, const struct vega_keyframe_slice *slice)
{
	return s->next == slice->slice + 1 && s->number == slice->number &&
	       s->found.entry_total == slice->entry_total &&
	       (s->next == s->found.slice_cnt || slice->position <= s->found.positions[s->next]);
}

/* A slice that checks. Returns 1: the keyframe is whole, 0, or -ENOMEM. */
static int
take_slice(struct search *s, const struct vega_keyframe_slice *slice)
{
	struct vega_keyframe_slice again;
	int rc;

	if (slice->slice == vega_keyframe_slice_cnt(slice->entry_total) - 1) {
		rc = begin(s, slice);
		if (rc != 0)
			return rc;
	}
	if (!goes_on(s, slice)) {
		forget(s);
		return 0;
	}
	s->next--;
	s->found.positions[s->next] = slice->position;
	if (vega_keyframe_open(s->block, s->work, &again,
		    &s->found.entries[(size_t)s->next * VEGA_KEYFRAME_SLICE_CNT],
		    &s->found.kept) != 0) {
		*s->damaged += 1;
		forget(s);
		return 0;
	}
	return s->next == 0;
}

/* Returns 1: a keyframe is whole, 0, or -ENOMEM. */
static int
look_at(struct search *s, const struct vega_jfile *file, const struct vega_index_entry *entry)
{
	struct vega_keyframe_slice slice;

	if (!vega_entry_is_keyframe(entry) || entry->generation != s->want->generation ||
		entry->position_first > s->want->position)
		return 0;
	if (!read_block(s, file, entry) || vega_keyframe_look(s->block, &slice) != 0) {
		*s->damaged += 1;
		forget(s);
		return 0;
	}
	if (slice.recv_ns > s->want->at_ns) {
		forget(s);
		return 0;
	}
	return take_slice(s, &slice);
}

static int
search_file(struct search *s, struct vega_jfile *file)
{
	int rc = vega_jfile_ensure(file, s->journal->io);

	for (uint64_t i = file->entry_cnt; rc == 0 && i > 0; i--)
		rc = look_at(s, file, &file->entries[i - 1]);
	if (s->fd >= 0)
		s->journal->io->ops->close(s->journal->io, s->fd);
	s->fd = -1;
	return rc;
}

static int
search(struct search *s)
{
	int rc = vega_keyframe_work_new(&s->work);

	s->block = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, VEGA_BLOCK_BYTES_MAX);
	if (rc == 0 && s->block == NULL)
		rc = VEGA_ERR(-ENOMEM, "need memory for a block, found none");
	for (uint32_t i = s->want->file_end; rc == 0 && i > s->want->file_first; i--)
		rc = search_file(s, &s->journal->files[i - 1]);
	free(s->block);
	vega_keyframe_work_delete(s->work);
	return rc;
}

int
vega_state_keyframe_find(struct vega_journal *journal, const struct vega_state_keyframe_want *want,
	struct vega_state_keyframe *ret_keyframe, uint64_t *ret_damaged)
{
	struct search s = {.journal = journal,
		.want = want,
		.fd = -1,
		.next = UINT32_MAX,
		.damaged = ret_damaged};
	const int rc = search(&s);

	if (rc == 1)
		*ret_keyframe = s.found;
	else
		forget(&s);
	return rc;
}
