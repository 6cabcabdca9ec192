/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/store/journal_make.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hugepages/base/crc32c.h"

#define MUST(x)                     \
	do {                        \
		if (!(x)) {         \
			perror(#x); \
			abort();    \
		}                   \
	} while (0)

static uint8_t *
grow(struct jmake *m, uint64_t bytes)
{
	uint64_t at = m->len;

	m->len += bytes;
	if (m->len > m->cap) {
		m->cap = m->len * 2;
		m->bytes = realloc(m->bytes, m->cap);
		MUST(m->bytes != NULL);
	}
	memset(m->bytes + at, 0, bytes);
	return m->bytes + at;
}

void
jmake_head(struct jmake *m)
{
	static const char names[2][VEGA_NAME_BYTES] = {"left", "right"};

	vega_format_head(m->bytes, &m->head, names);
}

void
jmake_begin(
	struct jmake *m, const char *feed, uint32_t day, uint32_t file_number, uint64_t generation)
{
	memset(m, 0, sizeof(*m));
	m->head.generation = generation;
	m->head.created_ns = generation + file_number;
	m->head.day = day;
	m->head.file_number = file_number;
	m->head.kind = VEGA_KIND_FRAMES;
	m->head.linktype = 1;
	m->head.if_cnt = 2;
	for (uint32_t i = 0; i < sizeof(m->head.file_id); i++)
		m->head.file_id[i] = (uint8_t)(0x40 + i + file_number * 16 + generation);
	(void)snprintf(m->head.feed, sizeof(m->head.feed), "%s", feed);
	(void)snprintf(m->head.zone, sizeof(m->head.zone), "Asia/Kolkata");
	(void)snprintf(m->head.region, sizeof(m->head.region), "test");
	(void)grow(m, VEGA_HEAD_BYTES);
	jmake_head(m);
}

void
jmake_free(struct jmake *m)
{
	free(m->bytes);
	m->bytes = NULL;
}

uint8_t
jmake_byte(uint64_t frame_number, uint32_t at)
{
	return (uint8_t)(frame_number * 31 + at * 7 + 1);
}

static uint32_t
put_epb(uint8_t *at, const struct jframe *frame, uint64_t number)
{
	const uint32_t padded = (frame->captured_bytes + 3u) & ~3u;
	const uint32_t length = 32u + padded + (frame->drop_cnt != 0 ? 16u : 0u);
	const uint32_t head[7] = {6, length, frame->interface_id, (uint32_t)(frame->recv_ns >> 32),
		(uint32_t)frame->recv_ns, frame->captured_bytes, frame->wire_bytes};
	const uint32_t option[3] = {4u | 8u << 16, frame->drop_cnt, 0};

	memset(at, 0, length);
	memcpy(at, head, sizeof(head));
	for (uint32_t i = 0; i < frame->captured_bytes; i++)
		at[28 + i] = jmake_byte(number, i);
	if (frame->drop_cnt != 0)
		memcpy(at + 28 + padded, option, sizeof(option));
	memcpy(at + length - 4, &length, 4);
	return length;
}

void
jmake_raw(struct jmake *m, const void *payload, uint32_t payload_bytes,
	void (*change)(struct vega_block_hdr *hdr), uint32_t packet_cnt)
{
	const uint64_t off = m->len;
	struct vega_block_hdr *hdr = (void *)grow(m, vega_format_stored_bytes(payload_bytes));

	hdr->block_type = VEGA_BLOCK_DATA;
	hdr->block_length = hdr->block_length2 = VEGA_BLOCK_HDR_BYTES;
	hdr->payload_bytes = payload_bytes;
	hdr->kind = VEGA_KIND_FRAMES;
	hdr->linktype = m->head.linktype;
	hdr->packet_cnt = packet_cnt;
	hdr->frame_first = m->frame_next;
	hdr->generation = m->head.generation;
	hdr->day = m->head.day;
	hdr->seal = VEGA_SEAL_FULL;
	if (change != NULL)
		change(hdr);
	memcpy(hdr + 1, payload, payload_bytes);
	vega_format_block(hdr, m->head.file_id, m->block_next++, off);
	vega_format_entry(hdr, m->entry_cnt == 0 ? NULL : &m->entries[m->entry_cnt - 1],
		&m->entries[m->entry_cnt]);
	m->entry_cnt++;
	m->frame_next += packet_cnt;
	m->packets += packet_cnt;
	m->lost_port += hdr->lost_port_missed + hdr->lost_port_nombuf;
}

static struct vega_block_hdr times;

static void
set_times(struct vega_block_hdr *hdr)
{
	hdr->recv_ns_first = times.recv_ns_first;
	hdr->recv_ns_last = times.recv_ns_last;
	hdr->recv_ns_min = times.recv_ns_min;
	hdr->recv_ns_max = times.recv_ns_max;
	hdr->lost_lane_full = times.lost_lane_full;
}

void
jmake_block(struct jmake *m, const struct jframe *frames, uint32_t frame_cnt)
{
	uint8_t *payload = malloc(VEGA_BLOCK_BYTES_MAX);
	uint32_t bytes = 0;

	MUST(payload != NULL);
	times = (struct vega_block_hdr){.recv_ns_min = frame_cnt != 0 ? UINT64_MAX : 0};
	for (uint32_t i = 0; i < frame_cnt; i++) {
		const uint64_t ns = frames[i].recv_ns;

		bytes += put_epb(payload + bytes, &frames[i], m->frame_next + i);
		times.recv_ns_first = i == 0 ? ns : times.recv_ns_first;
		times.recv_ns_last = ns;
		times.recv_ns_min = ns < times.recv_ns_min ? ns : times.recv_ns_min;
		times.recv_ns_max = ns > times.recv_ns_max ? ns : times.recv_ns_max;
		times.lost_lane_full += frames[i].drop_cnt;
	}
	jmake_raw(m, payload, bytes, set_times, frame_cnt);
	free(payload);
}

void
jmake_torn(struct jmake *m, uint64_t bytes)
{
	memset(grow(m, bytes), 0xA5, bytes);
	m->block_next++;
	m->frame_next += 3;
}

void
jmake_hole(struct jmake *m, uint64_t bytes)
{
	const uint64_t off = m->len;
	struct vega_hole_hdr hole;
	uint8_t *at;

	jmake_torn(m, bytes);
	at = m->bytes + off;
	vega_format_hole(&hole, m->head.file_id, off, (uint32_t)bytes,
		m->entry_cnt == 0 ? 0 : m->entries[m->entry_cnt - 1].recv_ns_runmax);
	memcpy(at, &hole, sizeof(hole));
	memcpy(at + bytes - 4, &hole.block_length, 4);
	m->hole_cnt++;
	m->hole_bytes += bytes;
}

/* What the entries add up to. */
static void
sum_up(const struct jmake *m, struct vega_trailer *trailer)
{
	trailer->entry_cnt = m->entry_cnt;
	trailer->lost = vega_format_lost_end(trailer);
	trailer->recv_ns_min = UINT64_MAX;
	for (uint32_t i = 0; i < m->entry_cnt; i++) {
		const struct vega_index_entry *entry = &m->entries[i];

		trailer->lost += entry->lost;
		if (entry->packet_cnt == 0)
			continue;
		trailer->packet_cnt += entry->packet_cnt;
		trailer->recv_ns_max = entry->recv_ns_runmax;
		if (entry->recv_ns_min < trailer->recv_ns_min)
			trailer->recv_ns_min = entry->recv_ns_min;
	}
	if (trailer->packet_cnt == 0)
		trailer->recv_ns_min = 0;
}

static void
put_isb(struct jmake *m, struct vega_trailer *trailer)
{
	struct vega_isb isb;

	vega_format_isb(
		&isb, trailer, m->lost_port + trailer->end_port_missed + trailer->end_port_nombuf);
	trailer->isb_bytes = sizeof(isb);
	trailer->isb_crc32c = vega_crc32c(0, &isb, sizeof(isb));
	memcpy(grow(m, sizeof(isb)), &isb, sizeof(isb));
}

void
jmake_seal(struct jmake *m)
{
	struct vega_trailer *trailer = &m->trailer;
	uint64_t end_bytes = VEGA_TRAILER_BYTES + (m->without_isb ? 0 : VEGA_ISB_BYTES);
	uint64_t gap;

	trailer->index_off = m->len;
	trailer->sealed_ns = 7;
	trailer->index_bytes = vega_format_index_bytes(m->entry_cnt);
	vega_format_index(
		grow(m, trailer->index_bytes), m->head.file_id, 0, m->entries, m->entry_cnt);
	gap = vega_format_gap_bytes(m->len + end_bytes, VEGA_BLOCK_ALIGN_BYTES);
	vega_format_padding(grow(m, gap), gap);
	memcpy(trailer->file_id, m->head.file_id, sizeof(trailer->file_id));
	sum_up(m, trailer);
	trailer->hole_cnt = m->hole_cnt;
	trailer->hole_bytes = m->hole_bytes;
	trailer->sealed_by = m->hole_cnt != 0 ? 2 : 1;
	if (!m->without_isb)
		put_isb(m, trailer);
	trailer->file_bytes = m->len + VEGA_TRAILER_BYTES;
	vega_format_trailer(trailer);
	memcpy(grow(m, sizeof(*trailer)), trailer, sizeof(*trailer));
	vega_format_state(m->bytes, VEGA_FILE_SEALED, m->entry_cnt, trailer->packet_cnt, m->len);
}

void
jmake_write(const char *path, const void *bytes, uint64_t len)
{
	FILE *out = fopen(path, "wb");

	MUST(out != NULL);
	MUST(len == 0 || fwrite(bytes, len, 1, out) == 1);
	MUST(fclose(out) == 0);
}

void
jmake_save(const struct jmake *m, const char *path)
{
	jmake_write(path, m->bytes, m->len);
}

void
jmake_save_idx(const struct jmake *m, const char *path, uint32_t entry_cnt)
{
	struct vega_idx_head head;
	char idx[PATH_MAX];
	FILE *out;

	(void)snprintf(idx, sizeof(idx), "%s.idx", path);
	vega_format_idx_head(&head, m->head.file_id);
	out = fopen(idx, "wb");
	MUST(out != NULL);
	MUST(fwrite(&head, sizeof(head), 1, out) == 1);
	MUST(fwrite(m->entries, sizeof(m->entries[0]), entry_cnt, out) == entry_cnt);
	MUST(fclose(out) == 0);
}

char *jmake_dir;
struct vega_io *jmake_io;

int
jmake_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	jmake_dir = malloc(PATH_MAX);
	MUST(jmake_dir != NULL);
	(void)snprintf(jmake_dir, PATH_MAX, "%s/vega-test-XXXXXX", tmp != NULL ? tmp : "/tmp");
	MUST(mkdtemp(jmake_dir) != NULL);
	return vega_io_new("pwrite", NULL, &jmake_io);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
jmake_teardown(void **state)
{
	(void)state;
	(void)nftw(jmake_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(jmake_dir);
	vega_io_delete(jmake_io);
	return 0;
}

const char *
jmake_path(const char *dir, const char *rest)
{
	static char path[4][PATH_MAX];
	static unsigned turn;
	char *out = path[turn++ % 4];
	size_t len = (size_t)snprintf(out, PATH_MAX, "%s/%s", dir, rest);

	MUST(len < PATH_MAX);
	(void)mkdir(dir, 0750);
	for (char *slash = strchr(out + strlen(dir) + 1, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(out, 0750);
		*slash = '/';
	}
	return out;
}
