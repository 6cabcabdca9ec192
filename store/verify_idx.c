/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Verify NAME.idx, the list of blocks beside a file that is not sealed, against the data blocks found by walking.
 *
 * It may end early or within an entry, for it is written behind the blocks. What is there must be true.
 */
#include <stdio.h>
#include <string.h>

#include "hugepages/base/crc32c.h"
#include "store/verify_priv.h"

#define CHUNK 512u /* entries read at once */

/* How far the entries have been held against the blocks. */
struct at {
	const struct verify_idx *idx;
	uint64_t off; /* of the entry at hand */
	uint64_t fact_idx;
	uint64_t end_off; /* of the entry before */
	uint64_t ns_runmax;
	uint64_t exch_runmax;
	bool runmax_known; /* the entry before checked */
};

static void VEGA_PRINTF(3, 4) bad_entry(struct verify *v, const struct at *at, const char *fmt, ...)
{
	va_list ap;

	v->sum->idx_bad_entries++;
	va_start(ap, fmt);
	verify_tell(v, at->idx->path, at->off, fmt, ap);
	va_end(ap);
}

/* The block that an entry means, NULL: there is none. Entries and facts are both in order of offset. */
static const struct vega_index_entry *
find_fact(const struct verify *v, struct at *at, uint64_t start_off)
{
	while (at->fact_idx < v->fact_cnt && v->facts[at->fact_idx].start_off < start_off)
		at->fact_idx++;
	if (at->fact_idx == v->fact_cnt || v->facts[at->fact_idx].start_off != start_off)
		return NULL;
	return &v->facts[at->fact_idx];
}

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void
check_entry(struct verify *v, struct at *at, const struct vega_index_entry *entry)
{
	const uint32_t crc = vega_crc32c(0, entry, offsetof(struct vega_index_entry, entry_crc32c));
	const bool runmax_known = at->runmax_known;
	const struct vega_index_entry *fact;
	struct vega_index_entry need;

	at->runmax_known = crc == entry->entry_crc32c && entry->start_off >= at->end_off;
	if (!at->runmax_known) {
		bad_entry(v, at, "idx entry: its checksum does not hold, or it is out of order");
		return;
	}
	fact = find_fact(v, at, entry->start_off);
	if (fact == NULL) {
		bad_entry(
			v, at, "idx entry: no block at %llu", (unsigned long long)entry->start_off);
	} else {
		need = *fact;
		need.entry_crc32c = entry->entry_crc32c;
		need.recv_ns_runmax = runmax_known ? max_u64(at->ns_runmax, fact->recv_ns_max)
						   : entry->recv_ns_runmax;
		need.exch_ns_runmax = runmax_known ? max_u64(at->exch_runmax, fact->exch_ns_max)
						   : entry->exch_ns_runmax;
		if (memcmp(&need, entry, sizeof(need)) != 0)
			bad_entry(v, at, "idx entry: does not say what the block at %llu says",
				(unsigned long long)entry->start_off);
	}
	at->end_off = entry->end_off;
	at->ns_runmax = entry->recv_ns_runmax;
	at->exch_runmax = entry->exch_ns_runmax;
}

/* False, and said, when it is not there. */
static bool
read_idx(struct verify *v, const struct at *at, void *to, uint64_t bytes)
{
	const int64_t n = vega_io_read(v->io, at->idx->fd, to, bytes, at->off);

	if (n == (int64_t)bytes)
		return true;
	bad_entry(v, at, "idx: need %llu bytes, found: %s", (unsigned long long)bytes,
		n < 0 ? strerror((int)-n) : "its end");
	return false;
}

static bool
head_ok(const struct verify *v, const struct vega_idx_head *head)
{
	static const uint8_t zero[sizeof(head->reserved)];

	return head->magic == VEGA_HEAD_MAGIC && head->version == VEGA_FORMAT_VERSION &&
	       head->entry_bytes == sizeof(struct vega_index_entry) &&
	       memcmp(head->file_id, v->file_id, sizeof(v->file_id)) == 0 &&
	       memcmp(head->reserved, zero, sizeof(zero)) == 0 &&
	       head->head_crc32c ==
		       vega_crc32c(0, head, offsetof(struct vega_idx_head, head_crc32c));
}

void
verify_idx(struct verify *v, const struct verify_idx *idx)
{
	struct at at = {.idx = idx, .end_off = VEGA_HEAD_BYTES, .runmax_known = true};
	struct vega_index_entry entries[CHUNK];
	struct vega_idx_head head;
	uint64_t cnt;

	if (idx->fd < 0 || idx->bytes < sizeof(head) || !read_idx(v, &at, &head, sizeof(head)))
		return;
	if (!head_ok(v, &head)) {
		bad_entry(v, &at, "idx: its head does not check, or is of another file");
		return;
	}
	at.off = sizeof(head);
	for (uint64_t left = (idx->bytes - sizeof(head)) / sizeof(entries[0]); left != 0;
		left -= cnt) {
		cnt = left < CHUNK ? left : CHUNK;
		if (!read_idx(v, &at, entries, cnt * sizeof(entries[0])))
			return;
		for (uint64_t i = 0; i < cnt; i++, at.off += sizeof(entries[0]))
			check_entry(v, &at, &entries[i]);
	}
}

void
verify_idx_open(struct verify *v, struct verify_idx *ret_idx)
{
	struct vega_io *io = v->io;

	*ret_idx = (struct verify_idx){.fd = -1};
	if ((size_t)snprintf(ret_idx->path, sizeof(ret_idx->path), "%s.idx", v->path) >=
		sizeof(ret_idx->path))
		return;
	ret_idx->fd = io->ops->open(io, ret_idx->path, 0);
	if (ret_idx->fd >= 0 && io->ops->size(io, ret_idx->fd, &ret_idx->bytes) < 0)
		verify_idx_close(v, ret_idx);
}

void
verify_idx_close(struct verify *v, struct verify_idx *idx)
{
	if (idx->fd >= 0)
		v->io->ops->close(v->io, idx->fd);
	idx->fd = -1;
}
