/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Verify one journal file: head, then every extent of 4096 bytes up to the index, then (verify_index.c) index and trailer.
 *
 * The trailer is looked at first, from the file's end: it alone says whether the file is sealed and where data ends.
 */
#include "store/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/crc32c.h"
#include "hugepages/base/err.h"
#include "store/verify_priv.h"

#define SHB_TYPE 0x0A0D0D0Au
#define IDB_TYPE 1u

void
verify_next_block(struct verify *v)
{
	v->block_damaged = false;
}

void
verify_tell(struct verify *v, const char *path, uint64_t file_off, const char *fmt, va_list ap)
{
	char what[256];
	const struct vega_damage damage = {.path = path, .file_off = file_off, .what = what};

	if (v->hooks == NULL || v->hooks->damage == NULL)
		return;
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	v->hooks->damage(v->hooks->arg, &damage);
}

void
verify_damage(struct verify *v, uint64_t file_off, const char *fmt, ...)
{
	va_list ap;

	if (!v->block_damaged)
		v->sum->damaged_blocks++;
	v->block_damaged = true;
	va_start(ap, fmt);
	verify_tell(v, v->path, file_off, fmt, ap);
	va_end(ap);
}

int
verify_read(struct verify *v, void *to, uint64_t off, uint64_t bytes)
{
	const int64_t n = vega_io_read(v->io, v->fd, to, bytes, off);

	if (n < 0)
		return VEGA_ERR(-EIO, "need to read %s at %llu, found: %s; check the disk", v->path,
			(unsigned long long)off, strerror((int)-n));
	if (n != (int64_t)bytes)
		return VEGA_ERR(-EIO,
			"need %llu bytes of %s, found its end at %llu; it was cut while it was "
			"read",
			(unsigned long long)(off + bytes), v->path,
			(unsigned long long)(off + (uint64_t)n));
	return 0;
}

int
verify_load(struct verify *v, uint64_t off, uint64_t bytes)
{
	if (bytes > v->buffer_bytes) {
		void *grown = realloc(v->buffer, bytes);

		if (grown == NULL)
			return VEGA_ERR(-ENOMEM, "need %llu bytes for a block, found no memory",
				(unsigned long long)bytes);
		v->buffer = grown;
		v->buffer_bytes = bytes;
	}
	return verify_read(v, v->buffer, off, bytes);
}

void
verify_zero(struct verify *v, const void *at, uint64_t bytes, uint64_t off, const char *what)
{
	const uint8_t *byte = at;

	for (uint64_t i = 0; i < bytes; i++)
		if (byte[i] != 0) {
			verify_damage(v, off + i, "%s: need zero, found 0x%02x", what, byte[i]);
			return;
		}
}

void
verify_u64(struct verify *v, uint64_t found, uint64_t need, uint64_t off, const char *what)
{
	if (found != need)
		verify_damage(v, off, "%s: need %llu, found %llu", what, (unsigned long long)need,
			(unsigned long long)found);
}

void
verify_padding(struct verify *v, const uint8_t *at, uint64_t bytes, uint64_t off)
{
	uint32_t head[2];
	uint32_t tail;

	if (bytes == 0)
		return;
	if (bytes < 12 || bytes > UINT32_MAX) {
		verify_damage(
			v, off, "padding: %llu bytes cannot be a block", (unsigned long long)bytes);
		return;
	}
	memcpy(head, at, sizeof(head));
	memcpy(&tail, at + bytes - 4, sizeof(tail));
	verify_u64(v, head[0], VEGA_BLOCK_PADDING, off, "padding: block type");
	verify_u64(v, head[1], bytes, off + 4, "padding: length");
	verify_u64(v, tail, bytes, off + bytes - 4, "padding: length at its end");
	verify_zero(v, at + 8, bytes - 12, off + 8, "padding");
}

static void
check_shb(struct verify *v, const uint8_t *at)
{
	struct vega_shb shb;
	size_t text;

	memcpy(&shb, at, sizeof(shb));
	verify_u64(v, shb.block_type, SHB_TYPE, 0, "section header: block type");
	verify_u64(v, shb.block_length, VEGA_SHB_BYTES, 4, "section header: length");
	verify_u64(v, shb.byte_order, 0x1A2B3C4Du, 8, "section header: byte order");
	verify_u64(v, shb.major, 1, 12, "section header: major version");
	verify_u64(v, shb.minor, 0, 14, "section header: minor version");
	verify_u64(
		v, (uint64_t)shb.section_length, UINT64_MAX, 16, "section header: section length");
	verify_u64(v, shb.appl_code, 4, 24, "section header: option");
	verify_u64(v, shb.appl_bytes, sizeof(shb.appl), 26, "section header: option length");
	text = strnlen(shb.appl, sizeof(shb.appl));
	verify_zero(
		v, shb.appl + text, sizeof(shb.appl) - text, 28 + text, "section header: program");
	verify_u64(v, shb.end_of_options, 0, 56, "section header: end of options");
	verify_u64(v, shb.block_length2, VEGA_SHB_BYTES, 60, "section header: length at its end");
}

static void
check_idb(struct verify *v, const uint8_t *at, uint64_t off)
{
	struct vega_idb idb;
	size_t text;

	memcpy(&idb, at, sizeof(idb));
	verify_u64(v, idb.block_type, IDB_TYPE, off, "interface: block type");
	verify_u64(v, idb.block_length, VEGA_IDB_BYTES, off + 4, "interface: length");
	verify_u64(v, idb.linktype, v->head.linktype, off + 8, "interface: link type");
	verify_u64(v, idb.reserved, 0, off + 10, "interface: reserved bytes");
	verify_u64(v, idb.snaplen, 0, off + 12, "interface: snaplen");
	verify_u64(v, idb.tsresol_code, 9, off + 16, "interface: time resolution option");
	verify_u64(v, idb.tsresol_bytes, 1, off + 18, "interface: time resolution length");
	verify_u64(v, idb.tsresol[0], 9, off + 20, "interface: time resolution");
	verify_zero(v, idb.tsresol + 1, 3, off + 21, "interface: time resolution");
	verify_u64(v, idb.name_code, 2, off + 24, "interface: name option");
	verify_u64(v, idb.name_bytes, sizeof(idb.name), off + 26, "interface: name length");
	text = strnlen(idb.name, sizeof(idb.name));
	verify_zero(
		v, idb.name + text, sizeof(idb.name) - text, off + 28 + text, "interface: name");
	verify_u64(v, idb.end_of_options, 0, off + 56, "interface: end of options");
	verify_u64(v, idb.block_length2, VEGA_IDB_BYTES, off + 60, "interface: length at its end");
}

static void
check_text(struct verify *v, const char *text, size_t bytes, uint64_t off, const char *what)
{
	size_t len = strnlen(text, bytes);

	if (len == bytes)
		verify_damage(v, off, "%s: no end within its %zu bytes", what, bytes);
	verify_zero(v, text + len, bytes - len, off + len, what);
}

static void
check_state(struct verify *v)
{
	const struct vega_head *head = &v->head;
	const uint32_t crc = vega_crc32c(0, &head->state, 504);

	verify_next_block(v);
	if (crc != head->state_crc32c)
		verify_damage(v, VEGA_STATE_OFF, "state checksum: need 0x%08x, found 0x%08x",
			head->state_crc32c, crc);
	verify_u64(v, head->block_length2, 2048, VEGA_HEAD_BYTES - 4, "head: length at its end");
	verify_u64(v, head->state_reserved, 0, VEGA_STATE_OFF + 4, "state: reserved bytes");
	verify_zero(v, head->reserved2, sizeof(head->reserved2), VEGA_STATE_OFF + 32,
		"state: reserved bytes");
	if (head->state != VEGA_FILE_OPEN && head->state != VEGA_FILE_SEALED)
		verify_damage(v, VEGA_STATE_OFF, "state: need open (1) or sealed (2), found %u",
			head->state);
	if (head->state != VEGA_FILE_SEALED)
		return;
	if (!v->sealed) {
		verify_damage(v, v->file_bytes,
			"trailer: the state says sealed, found none at the file's end");
		return;
	}
	verify_u64(
		v, head->state_blocks, v->trailer.entry_cnt, VEGA_STATE_OFF + 8, "state: blocks");
	verify_u64(v, head->state_packets, v->trailer.packet_cnt, VEGA_STATE_OFF + 16,
		"state: packets");
	verify_u64(v, head->state_bytes, v->trailer.file_bytes, VEGA_STATE_OFF + 24,
		"state: bytes of the file");
}

static void
check_head(struct verify *v, const uint8_t *extent)
{
	const struct vega_head *head = &v->head;
	const uint64_t off = VEGA_HEAD_OFF;
	const uint32_t if_cnt = head->if_cnt <= VEGA_IF_CNT_MAX ? head->if_cnt : VEGA_IF_CNT_MAX;
	const uint64_t idbs_end = VEGA_SHB_BYTES + VEGA_IDB_BYTES * if_cnt;

	check_shb(v, extent);
	for (uint32_t i = 0; i < if_cnt; i++)
		check_idb(v, extent + VEGA_SHB_BYTES + VEGA_IDB_BYTES * i,
			VEGA_SHB_BYTES + VEGA_IDB_BYTES * i);
	verify_padding(v, extent + idbs_end, off - idbs_end, idbs_end);
	verify_u64(v, head->block_type, VEGA_BLOCK_HEAD, off, "head: block type");
	verify_u64(v, head->block_length, 2048, off + 4, "head: length");
	verify_u64(v, head->head_bytes, VEGA_HEAD_BYTES, off + 20, "head: bytes");
	if (head->if_cnt == 0 || head->if_cnt > VEGA_IF_CNT_MAX)
		verify_damage(v, off + 92, "head: need 1 to %u interfaces, found %u",
			VEGA_IF_CNT_MAX, head->if_cnt);
	if (head->kind < VEGA_KIND_FRAMES || head->kind > VEGA_KIND_BOOK)
		verify_damage(v, off + 84, "head: need a kind of 1 to 4, found %u", head->kind);
	check_text(v, head->feed, sizeof(head->feed), off + 112, "head: feed");
	check_text(v, head->zone, sizeof(head->zone), off + 144, "head: zone");
	check_text(v, head->region, sizeof(head->region), off + 192, "head: region");
	verify_zero(v, head->reserved, sizeof(head->reserved), off + 232, "head: reserved bytes");
	if (!v->head_ok)
		verify_damage(v, off + offsetof(struct vega_head, head_crc32c),
			"head checksum: does not hold");
	check_state(v);
}

/* Is this extent the head of a journal at all, and of a version we know? */
static int
admit(const struct verify *v, const uint8_t *extent)
{
	const struct vega_head *head = &v->head;
	uint32_t shb_type;

	memcpy(&shb_type, extent, sizeof(shb_type));
	if (head->magic != VEGA_HEAD_MAGIC && head->block_type != VEGA_BLOCK_HEAD)
		return VEGA_ERR(-EBADMSG,
			"%s: need a VEGA journal file, found %s; name a file or folder that "
			"vega-capture wrote",
			v->path,
			shb_type == SHB_TYPE ? "a pcapng file of another program"
					     : "something else");
	if (v->head_ok && head->version != VEGA_FORMAT_VERSION)
		return VEGA_ERR(-EBADMSG,
			"%s: need journal version %u, found %u; use the VEGA that wrote it",
			v->path, VEGA_FORMAT_VERSION, head->version);
	if (v->head_ok && head->incompat_flags != 0)
		return VEGA_ERR(-EBADMSG,
			"%s: need a journal without unknown features, found flags 0x%x; use the "
			"VEGA that wrote it",
			v->path, head->incompat_flags);
	return 0;
}

/* The trailer, if the file ends in one; it tells where data ends. */
static int
find_trailer(struct verify *v)
{
	struct vega_trailer *t = &v->trailer;
	int rc;

	v->data_end = v->file_bytes;
	if (v->file_bytes < VEGA_HEAD_BYTES + VEGA_TRAILER_BYTES)
		return 0;
	rc = verify_read(v, t, v->file_bytes - sizeof(*t), sizeof(*t));
	if (rc < 0)
		return rc;
	v->sealed = t->block_type == VEGA_BLOCK_TRAILER && t->magic == VEGA_HEAD_MAGIC &&
		    t->trailer_crc32c ==
			    vega_crc32c(0, t, offsetof(struct vega_trailer, trailer_crc32c));
	if (v->sealed && t->index_off >= VEGA_HEAD_BYTES &&
		t->index_off <= v->file_bytes - sizeof(*t))
		v->data_end = t->index_off;
	return 0;
}

static int
read_head(struct verify *v)
{
	uint8_t extent[VEGA_HEAD_BYTES];
	const size_t crc_off = VEGA_HEAD_OFF + offsetof(struct vega_head, head_crc32c);
	const uint32_t zero = 0;
	uint32_t crc;
	int rc;

	if (v->file_bytes < VEGA_HEAD_BYTES)
		return VEGA_ERR(-EBADMSG,
			"%s: need a journal of at least %u bytes, found %llu; nothing was recorded "
			"in it",
			v->path, VEGA_HEAD_BYTES, (unsigned long long)v->file_bytes);
	rc = verify_read(v, extent, 0, sizeof(extent));
	if (rc < 0)
		return rc;
	memcpy(&v->head, extent + VEGA_HEAD_OFF, sizeof(v->head));
	crc = vega_crc32c(vega_crc32c(0, extent, crc_off), &zero, sizeof(zero));
	v->head_ok = v->head.magic == VEGA_HEAD_MAGIC &&
		     vega_crc32c(crc, extent + crc_off + 4, VEGA_STATE_OFF - crc_off - 4) ==
			     v->head.head_crc32c;
	rc = admit(v, extent);
	if (rc < 0)
		return rc;
	rc = find_trailer(v);
	if (rc < 0)
		return rc;
	memcpy(v->file_id, v->head_ok || !v->sealed ? v->head.file_id : v->trailer.file_id,
		sizeof(v->file_id));
	verify_next_block(v);
	check_head(v, extent);
	return 0;
}

/* Keep what the index must say about a block. */
static int
add_fact(struct verify *v, const struct vega_block_hdr *hdr, uint64_t off)
{
	struct vega_index_entry *fact;

	if (v->fact_cnt == v->fact_cap) {
		const uint64_t cap = v->fact_cap == 0 ? 64 : v->fact_cap * 2;
		void *grown = realloc(v->facts, cap * sizeof(*v->facts));

		if (grown == NULL)
			return VEGA_ERR(-ENOMEM,
				"need memory for %llu blocks, found none; verify fewer files at "
				"once",
				(unsigned long long)cap);
		v->facts = grown;
		v->fact_cap = cap;
	}
	v->lost_port += hdr->lost_port_missed + hdr->lost_port_nombuf;
	fact = &v->facts[v->fact_cnt++];
	*fact = (struct vega_index_entry){
		.start_off = off,
		.end_off = off + hdr->stored_bytes,
		.recv_ns_min = hdr->recv_ns_min,
		.recv_ns_max = hdr->recv_ns_max,
		.exch_ns_min = hdr->exch_ns_min,
		.exch_ns_max = hdr->exch_ns_max,
		.generation = hdr->generation,
		.position_first = hdr->position_first,
		.frame_first = hdr->frame_first,
		.packet_cnt = hdr->packet_cnt,
		.record_cnt = hdr->record_cnt,
		.lost = hdr->lost_lane_full + hdr->lost_oversize + hdr->lost_port_missed +
			hdr->lost_port_nombuf + hdr->lost_disk,
		.header_crc32c = hdr->header_crc32c,
		.kinds = hdr->kinds,
	};
	return 0;
}

/* A hole's header, which says how long it is; its content is as the crash left it. */
static bool
hole_ok(const struct verify *v, const struct vega_hole_hdr *hole, uint64_t off)
{
	return hole->block_type == VEGA_BLOCK_HOLE && hole->file_offset == off &&
	       memcmp(hole->file_id, v->file_id, sizeof(v->file_id)) == 0 &&
	       hole->header_crc32c ==
		       vega_crc32c(0, hole, offsetof(struct vega_hole_hdr, header_crc32c)) &&
	       hole->block_length >= VEGA_BLOCK_ALIGN_BYTES &&
	       hole->block_length <= VEGA_BLOCK_BYTES_MAX &&
	       hole->block_length % VEGA_BLOCK_ALIGN_BYTES == 0 &&
	       hole->block_length == hole->hole_bytes && hole->block_length <= v->data_end - off;
}

static int
take_hole(struct verify *v, const struct vega_hole_hdr *hole, uint64_t off)
{
	uint32_t tail;
	int rc = verify_read(v, &tail, off + hole->block_length - 4, sizeof(tail));

	if (rc < 0)
		return rc;
	verify_next_block(v);
	verify_u64(v, tail, hole->block_length, off + hole->block_length - 4,
		"hole: length at its end");
	verify_u64(v, hole->reserved, 0, off + 48, "hole: reserved bytes");
	verify_u64(v, hole->reserved2, 0, off + 56, "hole: reserved bytes");
	v->hole_cnt++;
	v->hole_bytes += hole->block_length;
	return 0;
}

/* Blocks and frames are numbered in order; a number may be missing only where an extent is. */
static void
check_order(struct verify *v, const struct vega_block_hdr *hdr, uint64_t off)
{
	const bool adjacent = off == v->good_end;

	if (hdr->block_number < v->number_next || (adjacent && hdr->block_number != v->number_next))
		verify_damage(v, off, "block header: need number %llu, found %llu",
			(unsigned long long)v->number_next, (unsigned long long)hdr->block_number);
	if (vega_format_is_records(hdr->kind) && hdr->position_first < v->position_next)
		verify_damage(v, off, "block header: need position %llu or above, found %llu",
			(unsigned long long)v->position_next,
			(unsigned long long)hdr->position_first);
	if (hdr->kind == VEGA_KIND_FRAMES && hdr->frame_first < v->frame_next)
		verify_damage(v, off, "block header: need frame number %llu or above, found %llu",
			(unsigned long long)v->frame_next, (unsigned long long)hdr->frame_first);
	v->number_next = hdr->block_number + 1;
	v->frame_next = hdr->frame_first + hdr->packet_cnt;
	v->good_end = off + hdr->stored_bytes;
}

static int
take_block(struct verify *v, const struct vega_block_hdr *hdr, uint64_t off)
{
	int rc = verify_load(v, off, hdr->stored_bytes);

	if (rc < 0)
		return rc;
	verify_next_block(v);
	check_order(v, hdr, off);
	verify_block(v, v->buffer, off);
	if (!v->block_damaged) {
		v->sum->blocks++;
		if (hdr->kind == VEGA_KIND_FRAMES)
			v->sum->packets += hdr->packet_cnt;
		if (hdr->kind == VEGA_KIND_BOOK)
			v->sum->book_records += hdr->record_cnt;
		else
			v->sum->records += hdr->record_cnt;
	}
	return add_fact(v, hdr, off);
}

/*
 * Look at the extent at off: a data block, a hole, or neither.
 *
 * Returns 1 and where the next extent starts, 0 when nothing checks here, or a negative errno.
 */
static int
step(struct verify *v, uint64_t off, uint64_t *ret_next)
{
	union {
		struct vega_block_hdr data;
		struct vega_hole_hdr hole;
	} hdr;
	int rc;

	if (v->data_end - off < sizeof(hdr))
		return 0;
	rc = verify_read(v, &hdr, off, sizeof(hdr));
	if (rc < 0)
		return rc;
	if (verify_header_ok(v, &hdr.data, off) && hdr.data.stored_bytes <= v->data_end - off) {
		*ret_next = off + hdr.data.stored_bytes;
		rc = take_block(v, &hdr.data, off);
	} else if (hole_ok(v, &hdr.hole, off)) {
		*ret_next = off + hdr.hole.block_length;
		rc = take_hole(v, &hdr.hole, off);
	} else {
		return 0;
	}
	return rc < 0 ? rc : 1;
}

/* Bytes from..to hold nothing that checks: torn behind the last good block of a file that was never sealed, or damage. */
static void
end_bad_extent(struct verify *v, uint64_t from, uint64_t to, bool good_follows)
{
	if (!v->sealed && !good_follows && v->head.state != VEGA_FILE_SEALED) {
		v->sum->tail_bytes += to - from;
		return;
	}
	verify_next_block(v);
	verify_damage(v, from, "need a data block, found %llu bytes that are none",
		(unsigned long long)(to - from));
}

static int
check_extents(struct verify *v)
{
	uint64_t off = VEGA_HEAD_BYTES;
	uint64_t bad_from = UINT64_MAX;
	uint64_t next;

	while (off < v->data_end) {
		int rc = step(v, off, &next);

		if (rc < 0)
			return rc;
		if (rc == 0) {
			bad_from = bad_from < off ? bad_from : off;
			next = v->data_end - off > VEGA_BLOCK_ALIGN_BYTES
				       ? off + VEGA_BLOCK_ALIGN_BYTES
				       : v->data_end;
		} else if (bad_from != UINT64_MAX) {
			end_bad_extent(v, bad_from, off, true);
			bad_from = UINT64_MAX;
		}
		off = next;
		if (v->hooks != NULL && v->hooks->progress != NULL)
			v->hooks->progress(v->hooks->arg, off, v->file_bytes);
	}
	if (bad_from != UINT64_MAX)
		end_bad_extent(v, bad_from, off, false);
	return 0;
}

static int
verify_open_file(struct verify *v, const struct verify_idx *idx)
{
	int rc = v->io->ops->size(v->io, v->fd, &v->file_bytes);

	if (rc == -EINVAL)
		return VEGA_ERR(-EBADMSG,
			"%s: need a journal file, found something that is no file", v->path);
	if (rc < 0)
		return VEGA_ERR(-EIO, "%s: need its size, found: %s; check the disk", v->path,
			strerror(-rc));
	rc = read_head(v);
	if (rc < 0)
		return rc;
	v->sum->files++;
	v->sum->bytes += v->file_bytes;
	v->sum->unsealed_files += !v->sealed;
	rc = check_extents(v);
	v->sum->hole_cnt += v->hole_cnt;
	v->sum->hole_bytes += v->hole_bytes;
	if (rc == 0 && v->sealed)
		rc = verify_index(v);
	else if (rc == 0)
		verify_idx(v, idx);
	return rc;
}

int
vega_verify_file(struct vega_io *io, const char *path, const struct vega_verify_hooks *hooks,
	struct vega_verify_sum *sum)
{
	struct verify v = {
		.hooks = hooks, .sum = sum, .path = path, .io = io, .good_end = VEGA_HEAD_BYTES};
	struct verify_idx idx;
	int rc;

	v.damaged_was = sum->damaged_blocks;
	v.fd = io->ops->open(io, path, 0);
	if (v.fd < 0)
		return VEGA_ERR(
			v.fd, "need to read %s, found: %s; check the path", path, strerror(-v.fd));
	verify_idx_open(&v, &idx);
	rc = verify_open_file(&v, &idx);
	verify_idx_close(&v, &idx);
	free(v.facts);
	free(v.buffer);
	free(v.records);
	verify_slice_delete(v.slice);
	vega_columns_delete(v.columns);
	io->ops->close(io, v.fd);
	return rc;
}
