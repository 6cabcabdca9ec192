/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A journal file: opened, walked from two times, its state made at two, and verified.
 *
 * First byte odd: the checksums of what follows are made right, so that what lies behind them is reached; the rest is the
 * file. What the reader serves must lie in the block it is served from, and what the verifier calls whole must be readable.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hugepages/base/crc32c.h"
#include "store/format.h"
#include "store/reader.h"
#include "store/state_past.h"
#include "store/verify.h"
#include "tests/fuzz/fuzz.h"

#define FILE_BYTES_MAX (1u << 20)

static uint8_t touched; /* every byte served is read, under the sanitizer's eye */
static _Alignas(4096) uint8_t file[FILE_BYTES_MAX];

static void
repair_block(uint8_t *at, uint64_t bytes, uint64_t off)
{
	struct vega_block_hdr *hdr = (struct vega_block_hdr *)(void *)at;
	uint32_t rest;

	if (hdr->block_type != VEGA_BLOCK_DATA || hdr->stored_bytes > bytes ||
		hdr->stored_bytes < sizeof(*hdr))
		return;
	rest = hdr->stored_bytes - (uint32_t)sizeof(*hdr);
	hdr->file_offset = off;
	hdr->payload_crc32c = vega_crc32c(0, hdr + 1, rest);
	hdr->header_crc32c = 0;
	hdr->header_crc32c = vega_crc32c(0, hdr, sizeof(*hdr));
}

static void
repair_index(uint8_t *at, uint64_t bytes)
{
	struct vega_index_hdr *hdr = (struct vega_index_hdr *)(void *)at;
	struct vega_index_entry *entries = (struct vega_index_entry *)(void *)(hdr + 1);
	const uint64_t room = (bytes - sizeof(*hdr)) / sizeof(*entries);

	if (hdr->block_type != VEGA_BLOCK_INDEX || hdr->entry_cnt > room)
		return;
	for (uint32_t i = 0; i < hdr->entry_cnt; i++)
		entries[i].entry_crc32c = vega_crc32c(
			0, &entries[i], offsetof(struct vega_index_entry, entry_crc32c));
	hdr->entries_crc32c = vega_crc32c(0, entries, hdr->entry_cnt * sizeof(*entries));
	hdr->header_crc32c = vega_crc32c(0, hdr, offsetof(struct vega_index_hdr, header_crc32c));
}

static void
repair(uint64_t bytes)
{
	struct vega_head *head = (struct vega_head *)(void *)(file + VEGA_HEAD_OFF);
	struct vega_trailer trailer;

	if (bytes < VEGA_HEAD_BYTES)
		return;
	head->head_crc32c = 0;
	head->head_crc32c = vega_crc32c(0, file, VEGA_STATE_OFF);
	head->state_crc32c = vega_crc32c(0, &head->state, 504);
	for (uint64_t off = VEGA_HEAD_BYTES; bytes - off >= VEGA_BLOCK_ALIGN_BYTES && off < bytes;
		off += VEGA_BLOCK_ALIGN_BYTES) {
		repair_block(file + off, bytes - off, off);
		repair_index(file + off, bytes - off);
	}
	if (bytes < VEGA_HEAD_BYTES + sizeof(trailer))
		return;
	memcpy(&trailer, file + bytes - sizeof(trailer), sizeof(trailer));
	trailer.trailer_crc32c =
		vega_crc32c(0, &trailer, offsetof(struct vega_trailer, trailer_crc32c));
	memcpy(file + bytes - sizeof(trailer), &trailer, sizeof(trailer));
}

/* Returns the packets served. */
static uint64_t
read_from(struct vega_journal *journal, uint64_t from_ns)
{
	struct vega_cursor *cursor;
	struct vega_frame frame;
	uint64_t packets = 0;

	FUZZ_CHECK(vega_cursor_open(journal, 0, from_ns, UINT64_MAX, NULL, NULL, &cursor) == 0);
	while (vega_cursor_next(cursor, &frame) == 1) {
		FUZZ_CHECK(frame.recv_ns >= from_ns && frame.captured_bytes < FILE_BYTES_MAX);
		for (uint32_t i = 0; i < frame.captured_bytes; i++)
			touched = (uint8_t)(touched ^ frame.data[i]);
		packets++;
	}
	FUZZ_CHECK(vega_cursor_blocks_read(cursor) <= FILE_BYTES_MAX / VEGA_BLOCK_ALIGN_BYTES);
	vega_cursor_close(cursor);
	return packets;
}

/* Returns the records served. */
static uint64_t
read_records(struct vega_journal *journal, uint64_t from_position)
{
	const struct vega_records_want want = {.to_ns = UINT64_MAX, .from_position = from_position};
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	uint64_t records = 0;

	FUZZ_CHECK(vega_records_open(journal, 0, &want, &cursor) == 0);
	while (vega_records_next(cursor, &batch) == 1) {
		for (uint32_t i = 0; i < batch.cnt; i++)
			touched = (uint8_t)(touched ^ batch.records[i].word[3]);
		records += batch.cnt;
	}
	vega_records_close(cursor);
	return records;
}

/* The state of its instruments at a time: entries that a fold may have made. */
static void
read_state(struct vega_journal *journal, uint64_t at_ns)
{
	const struct vega_state_past_want want = {.at_ns = at_ns, .capacity = 100};
	struct vega_state_past past;
	struct vega_state_entry e;

	FUZZ_CHECK(vega_state_past_make(journal, 0, &want, &past) == 0);
	for (uint64_t i = 0; past.table != NULL && vega_state_at(&past.view, i, &e) == 0; i++)
		FUZZ_CHECK(e.bid_cnt <= VEGA_STATE_LEVEL_CNT && e.ask_cnt <= VEGA_STATE_LEVEL_CNT);
	vega_state_past_clear(&past);
}

static void
look_at(struct vega_io *io, const char *path)
{
	struct vega_verify_sum sum = {0};
	struct vega_journal *journal;
	const int verified = vega_verify_file(io, path, NULL, &sum);
	uint64_t packets, records;

	if (vega_journal_open_io(io, path, &journal) < 0) {
		FUZZ_CHECK(verified < 0 || sum.damaged_blocks != 0 || sum.packets == 0);
		return;
	}
	packets = read_from(journal, 0);
	(void)read_from(journal, 1500);
	(void)read_records(journal, 5);
	records = read_records(journal, 0);
	read_state(journal, 1500);
	read_state(journal, UINT64_MAX);
	if (verified == 0 && sum.damaged_blocks == 0)
		FUZZ_CHECK(packets == sum.packets && records <= sum.records);
	vega_journal_close(journal);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct vega_io *io;
	char path[64];
	int fd;

	FUZZ_CHECK(io != NULL || vega_io_new("pwrite", NULL, &io) == 0);
	if (bytes == 0 || bytes - 1 > sizeof(file))
		return 0;
	memcpy(file, data + 1, bytes - 1);
	if ((data[0] & 1) != 0)
		repair(bytes - 1);
	fd = memfd_create("journal", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && pwrite(fd, file, bytes - 1, 0) == (ssize_t)(bytes - 1));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	look_at(io, path);
	(void)close(fd);
	return 0;
}
