/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open one journal file: who it is, what it holds in sum, and what is wrong with it. Where its blocks are, reader_entries.c
 * finds.
 *
 *	sealed:    the trailer checks, and the index it names: nothing else is read
 *	unsealed:  NAME.idx as far as it checks, then every aligned header to the end of the file
 *	damaged:   a sealed file whose index fails is walked like an unsealed one; a file whose head fails takes its identity
 *	           from its first good block, for the frames are still there
 *	unreadable: what the disk refuses is passed over like damage; only a lone file's head cannot be done without
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/reader.h"
#include "store/reader_load.h"

#define IDENTIFY_BYTES_MAX (64u << 20) /* of a file whose head fails; several blocks of any size */

bool
vega_jfile_is_hole(const struct vega_jfile *file, struct vega_io *io, int fd, uint64_t off)
{
	struct vega_hole_hdr hole;

	return vega_io_read(io, fd, &hole, sizeof(hole), off) == (int64_t)sizeof(hole) &&
	       vega_format_check_hole(&hole, sizeof(hole), file->file_id, off) == VEGA_GOOD;
}

static bool
is_known(uint32_t kind)
{
	return kind == VEGA_KIND_FRAMES || vega_format_is_records(kind);
}

/*
 * A head that fails its checks: the first block that is good by itself, and lies where it says, knows whose it is.
 */
static bool
identify_by_blocks(struct load *load)
{
	struct vega_jfile *file = load->file;
	struct vega_block_hdr hdr;

	for (uint64_t off = VEGA_HEAD_BYTES; off < IDENTIFY_BYTES_MAX;
		off += VEGA_BLOCK_ALIGN_BYTES) {
		const int64_t n = vega_io_read(load->io, load->fd, &hdr, sizeof(hdr), off);

		if (n >= 0 && n < (int64_t)sizeof(hdr))
			return false;
		if (n < 0 ||
			vega_format_check_block_hdr(&hdr, sizeof(hdr), hdr.file_id, off) !=
				VEGA_GOOD ||
			!is_known(hdr.kind))
			continue;
		memcpy(file->file_id, hdr.file_id, sizeof(hdr.file_id));
		file->info.kind = hdr.kind;
		file->info.day = hdr.day;
		file->info.linktype = hdr.linktype;
		file->info.generation = hdr.generation;
		file->created_ns = hdr.generation;
		return true;
	}
	return false;
}

static void
take_identity(struct vega_jfile *file, const uint8_t *extent)
{
	const struct vega_head *head = vega_format_head_of(extent);
	struct vega_idb idb;

	memcpy(file->file_id, head->file_id, sizeof(file->file_id));
	memcpy(file->zone, head->zone, sizeof(file->zone));
	file->created_ns = head->created_ns;
	file->day_start_s = head->day_start_s;
	file->info.kind = head->kind;
	file->info.price_scale = head->price_scale;
	file->info.day = head->day;
	file->info.file_number = head->file_number;
	file->info.linktype = head->linktype;
	file->info.generation = head->generation;
	file->if_cnt = head->if_cnt;
	for (uint32_t i = 0; i < head->if_cnt; i++) {
		memcpy(&idb, extent + VEGA_SHB_BYTES + i * VEGA_IDB_BYTES, sizeof(idb));
		(void)snprintf(file->if_name[i], sizeof(file->if_name[i]), "%.*s",
			(int)sizeof(idb.name), idb.name);
	}
}

/*
 * A head that does not check: refused when it is of another version or of another program, else looked behind.
 *
 * Params: rc	what the check said, its message set
 */
static int
save_damaged(struct load *load, const uint8_t *extent, const struct vega_jfile_load_as *as, int rc)
{
	struct vega_jfile *file = load->file;
	const struct vega_head *head = vega_format_head_of(extent);
	const bool other = head->magic == VEGA_HEAD_MAGIC &&
			   (head->version != VEGA_FORMAT_VERSION || head->incompat_flags != 0);

	load->head_damaged = true;
	if (other || (!identify_by_blocks(load) && !as->keep_damaged))
		return VEGA_ERR_ADD(rc, "%s", file->path);
	return 0;
}

static int
read_head(struct load *load, const struct vega_jfile_load_as *as)
{
	struct vega_jfile *file = load->file;
	uint8_t extent[VEGA_HEAD_BYTES] VEGA_ALIGNED(8) = {0};
	const struct vega_head *head = vega_format_head_of(extent);
	const uint64_t bytes =
		file->info.file_bytes < sizeof(extent) ? file->info.file_bytes : sizeof(extent);
	const char *feed = as->feed;
	int64_t n = vega_io_read(load->io, load->fd, extent, bytes, 0);
	int rc;

	if (n < 0 && !as->keep_damaged)
		return VEGA_ERR(-EIO, "%s: need its first %llu bytes, found: %s; check the disk",
			file->path, (unsigned long long)bytes, strerror((int)-n));
	rc = vega_format_check_head(extent, n < 0 ? 0 : (uint64_t)n);
	if (rc < 0) {
		rc = save_damaged(load, extent, as, rc);
	} else if (!is_known(head->kind)) {
		rc = VEGA_ERR(-EBADMSG,
			"%s: need a journal of frames or records, found one of kind %u; name its "
			"frames-NNNN.pcapng",
			file->path, head->kind);
	} else {
		take_identity(file, extent);
		feed = feed != NULL ? feed : head->feed;
	}
	if (rc < 0)
		return rc;
	if (file->info.kind == 0)
		file->info.kind = as->kind != 0 ? as->kind : VEGA_KIND_FRAMES;
	file->feed = strdup(feed != NULL ? feed : "unknown");
	file->info.feed = file->feed;
	return file->feed != NULL
		       ? 0
		       : VEGA_ERR(-ENOMEM, "need memory to open %s, found none", file->path);
}

static void
find_trailer(struct load *load)
{
	struct vega_jfile *file = load->file;
	struct vega_trailer *t = &load->trailer;
	const uint64_t file_bytes = file->info.file_bytes;
	int64_t n;

	file->data_end = file_bytes;
	if (file_bytes < VEGA_HEAD_BYTES + sizeof(*t))
		return;
	n = vega_io_read(load->io, load->fd, t, sizeof(*t), file_bytes - sizeof(*t));
	load->index_damaged = n < 0; /* for all we know it was sealed */
	if (n != (int64_t)sizeof(*t) ||
		vega_format_check_trailer(t, file->file_id, file_bytes) != VEGA_GOOD)
		return;
	file->info.sealed = true;
	file->data_end = t->index_off;
	file->settled_end = t->index_off;
}

static void
add_losses(struct load *load, uint64_t off)
{
	struct vega_journal_file *info = &load->file->info;
	struct vega_block_hdr hdr;

	if (!load_read(load, &hdr, sizeof(hdr), off) ||
		vega_format_check_block_hdr(&hdr, sizeof(hdr), load->file->file_id, off) !=
			VEGA_GOOD) {
		info->damaged_blocks++;
		return;
	}
	info->lost_lane_full += hdr.lost_lane_full;
	info->lost_oversize += hdr.lost_oversize;
	info->lost_port += hdr.lost_port_missed + hdr.lost_port_nombuf;
	info->lost_disk += hdr.lost_disk;
}

/* And what was lost behind the last block, which the trailer alone tells. */
static void
add_losses_end(struct vega_journal_file *info, const struct vega_trailer *t)
{
	info->lost_lane_full += t->end_lane_full;
	info->lost_oversize += t->end_oversize;
	info->lost_port += t->end_port_missed + t->end_port_nombuf;
	info->lost_disk += t->end_disk;
}

static void
count_gap(struct load *load, uint64_t off)
{
	if (vega_jfile_is_hole(load->file, load->io, load->fd, off))
		load->file->info.hole_cnt++;
	else
		load->file->info.damaged_blocks++;
}

/* Totals, gaps between blocks, and losses by cause, which only trailer and the headers of blocks that tell any know. */
static void
summarize(struct load *load)
{
	struct vega_jfile *file = load->file;
	struct vega_journal_file *info = &file->info;
	uint64_t end_off = VEGA_HEAD_BYTES;

	info->path = file->path;
	info->block_cnt = file->entry_cnt;
	info->damaged_blocks += load->head_damaged + load->index_damaged;
	for (uint64_t i = 0; i < file->entry_cnt; i++) {
		const struct vega_index_entry *entry = &file->entries[i];

		if (entry->start_off != end_off)
			count_gap(load, end_off);
		end_off = entry->end_off;
		if (entry->lost != 0)
			add_losses(load, entry->start_off);
		info->record_cnt += entry->record_cnt;
		if (entry->packet_cnt == 0)
			continue;
		if (info->packet_cnt == 0 || entry->recv_ns_min < info->first_ns)
			info->first_ns = entry->recv_ns_min;
		if (entry->recv_ns_max > info->last_ns)
			info->last_ns = entry->recv_ns_max;
		info->packet_cnt += entry->packet_cnt;
	}
	if (info->sealed)
		add_losses_end(info, &load->trailer);
	if (end_off < file->settled_end)
		count_gap(load, end_off);
	if (info->sealed && !load->index_damaged)
		info->hole_cnt = load->trailer.hole_cnt; /* a long gap is covered by several */
}

static int
load_open_file(struct load *load, const struct vega_jfile_load_as *as)
{
	struct vega_jfile *file = load->file;
	int rc = load->io->ops->size(load->io, load->fd, &file->info.file_bytes);

	if (rc == -EINVAL)
		return VEGA_ERR(-EBADMSG,
			"%s: need a journal file, found something that is no file", file->path);
	if (rc < 0)
		return VEGA_ERR(rc, "%s: need its size, found: %s; check the disk", file->path,
			strerror(-rc));
	rc = read_head(load, as);
	if (rc < 0)
		return rc;
	find_trailer(load);
	if (as->lazy && (file->info.sealed || file->info.kind == VEGA_KIND_FRAMES)) {
		file->is_lazy = true;
		file->info.path = file->path;
		file->info.first_ns = load->trailer.recv_ns_min;
		file->info.last_ns = load->trailer.recv_ns_max;
		return 0;
	}
	rc = file->info.sealed ? load_index(load) : load_idx(load);
	if (rc == 0 && load->index_damaged)
		file->entry_cnt = 0;
	if (rc == 0 && (load->index_damaged || !file->info.sealed))
		rc = load_walk(load);
	if (rc == 0)
		summarize(load);
	return rc;
}

int
vega_jfile_load(struct vega_io *io, const char *path, const struct vega_jfile_load_as *as,
	struct vega_jfile *ret_file)
{
	struct vega_jfile file = {0};
	struct load load = {.file = &file, .io = io};
	int rc;

	file.path = strdup(path);
	if (file.path == NULL)
		return VEGA_ERR(-ENOMEM, "need memory to open %s, found none", path);
	load.fd = io->ops->open(io, path, 0);
	if (load.fd < 0) {
		rc = VEGA_ERR(load.fd, "need to read %s, found: %s; check its path and mode", path,
			strerror(-load.fd));
	} else {
		rc = load_open_file(&load, as);
		io->ops->close(io, load.fd);
	}
	free(load.block);
	if (rc < 0)
		vega_jfile_unload(&file);
	else
		*ret_file = file;
	return rc;
}

int
vega_jfile_ensure(struct vega_jfile *file, struct vega_io *io)
{
	const struct vega_jfile_load_as as = {
		.feed = file->feed, .kind = file->info.kind, .keep_damaged = true};
	struct vega_journal_file info = file->info;
	struct vega_jfile fresh;
	int rc;

	if (!file->is_lazy)
		return 0;
	rc = vega_jfile_load(io, file->path, &as, &fresh);
	if (rc == -ENOMEM)
		return rc;
	file->is_lazy = false;
	if (rc < 0 || memcmp(fresh.file_id, file->file_id, sizeof(fresh.file_id)) != 0) {
		file->info.damaged_blocks = 1;
		file->data_end = file->settled_end = VEGA_HEAD_BYTES;
		if (rc >= 0)
			vega_jfile_unload(&fresh);
		return 0;
	}
	file->info = fresh.info;
	file->info.path = info.path;
	file->info.feed = info.feed;
	file->info.day = info.day;
	file->info.file_number = info.file_number;
	file->data_end = fresh.data_end;
	file->settled_end = fresh.settled_end;
	file->idx_bytes = fresh.idx_bytes;
	file->entries = fresh.entries;
	file->entry_cnt = fresh.entry_cnt;
	file->entry_cap = fresh.entry_cap;
	fresh.entries = NULL;
	vega_jfile_unload(&fresh);
	return 0;
}

void
vega_jfile_unload(struct vega_jfile *file)
{
	free(file->entries);
	free(file->path);
	free(file->feed);
	*file = (struct vega_jfile){0};
}

bool
vega_jfile_changed(const struct vega_jfile *file, struct vega_io *io)
{
	char path[PATH_MAX];
	struct vega_io_stat stat;

	if (io->ops->stat(io, file->path, &stat) == 0 && stat.bytes != file->info.file_bytes)
		return true;
	if (load_idx_path(file->path, path) < 0 || io->ops->stat(io, path, &stat) < 0)
		return file->idx_bytes != 0;
	return stat.bytes != file->idx_bytes;
}

uint64_t
vega_jfile_entry_at(const struct vega_jfile *file, uint64_t off)
{
	uint64_t low = 0;
	uint64_t high = file->entry_cnt;

	while (low < high) {
		const uint64_t mid = low + (high - low) / 2;

		if (file->entries[mid].start_off < off)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
