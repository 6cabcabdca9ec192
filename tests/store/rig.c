/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/store/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hugepages/vega_record.h"
#include "store/format.h"
#include "store/vega_journal.h"

static void
add_feed(struct rig *rig, uint32_t i, uint64_t lane_off, uint64_t block_cnt)
{
	struct vega_region *region = &rig->region;
	struct vega_frame_lane *lane;

	(void)snprintf(region->feeds[i].name, sizeof(region->feeds[i].name), "feed%u", i);
	(void)snprintf(region->feeds[i].zone, sizeof(region->feeds[i].zone), "UTC");
	region->feeds[i].feed_id = i;
	region->feeds[i].frame_lane = i;
	region->feeds[i].record_lane = UINT32_MAX;
	region->feeds[i].book_lane = UINT32_MAX;
	region->lanes[i].lane_off = lane_off;
	region->lanes[i].unit_cnt = block_cnt;
	region->lanes[i].kind = VEGA_LANE_FRAMES;
	lane = (struct vega_frame_lane *)(void *)(region->memory + lane_off);
	vega_frame_lane_new(lane, i, block_cnt, 7);
	lane->if_cnt = 1;
	(void)snprintf(lane->if_name[0], sizeof(lane->if_name[0]), "port%u", i);
	vega_frame_writer_init(&rig->writers[i], lane, rig->zone);
	vega_frame_linktype(&rig->writers[i], 1);
}

static void
add_record_lane(struct rig *rig, uint32_t feed, uint32_t i, uint64_t lane_off, uint64_t bytes)
{
	struct vega_region *region = &rig->region;
	struct vega_record_lane *lane =
		(struct vega_record_lane *)(void *)(region->memory + lane_off);

	memset(lane, 0, bytes);
	region->feeds[feed].record_lane = i;
	region->lanes[i].lane_off = lane_off;
	region->lanes[i].lane_bytes = bytes;
	region->lanes[i].kind = VEGA_LANE_RECORDS;
	vega_ring_new(lane, bytes, feed, VEGA_RECORD_BYTES, 7);
	vega_ring_writer_init(&rig->rings[feed], lane, bytes);
}

void
rig_new(struct rig *rig, uint32_t feed_cnt, uint64_t block_cnt)
{
	rig_new_records(rig, feed_cnt, block_cnt, 0);
}

void
rig_new_records(struct rig *rig, uint32_t feed_cnt, uint64_t block_cnt, uint64_t record_lane_bytes)
{
	const uint64_t lane_bytes = vega_frame_lane_bytes(block_cnt);
	struct vega_region *region = &rig->region;

	*rig = (struct rig){.now_ns = 1000000000};
	assert_int_equal(vega_zone_new("UTC", 0, &rig->zone), 0);
	region->control = calloc(1, sizeof(*region->control));
	region->feeds = calloc(RIG_FEEDS_MAX, sizeof(*region->feeds));
	region->lanes = calloc(2 * RIG_FEEDS_MAX, sizeof(*region->lanes));
	region->drain = calloc(RIG_FEEDS_MAX, sizeof(*region->drain));
	region->memory = aligned_alloc(4096, (lane_bytes + record_lane_bytes) * feed_cnt);
	assert_true(region->control && region->feeds && region->lanes && region->drain &&
		    region->memory);
	(void)snprintf(region->control->name, sizeof(region->control->name), "rig");
	region->control->feed_cnt = feed_cnt;
	region->control->lane_cnt = feed_cnt;
	region->control->lanes_bytes = (lane_bytes + record_lane_bytes) * feed_cnt;
	for (uint32_t i = 0; i < feed_cnt; i++) {
		memset(region->memory + lane_bytes * i, 0, VEGA_LANE_HDR_BYTES);
		add_feed(rig, i, lane_bytes * i, block_cnt);
		if (record_lane_bytes != 0)
			add_record_lane(rig, i, feed_cnt + i,
				lane_bytes * feed_cnt + record_lane_bytes * i, record_lane_bytes);
	}
	rig->conf = (struct vega_drain_conf){
		.region = region,
		.journal_dir = "/j",
		.file_bytes_max = 1ull << 30,
		.sync_interval_ns = 1000000000,
	};
}

void
rig_delete(struct rig *rig)
{
	vega_drain_delete(rig->drain);
	free(rig->region.control);
	free(rig->region.feeds);
	free(rig->region.lanes);
	free(rig->region.drain);
	free(rig->region.memory);
	vega_zone_delete(rig->zone);
}

void
rig_drain_mem(struct rig *rig, struct vega_io *io)
{
	assert_int_equal(vega_drain_new_io(&rig->conf, io, &rig->drain), 0);
}

void
rig_record(struct rig *rig, uint64_t ns, enum vega_kind kind, uint64_t word1, uint64_t word2,
	uint64_t word3)
{
	vega_ring_put(
		&rig->rings[0], (ns - rig->epoch_ns) | (uint64_t)kind << 48, word1, word2, word3);
}

void
rig_epoch(struct rig *rig, uint64_t day_ns, uint64_t ns)
{
	rig->epoch_ns = day_ns - 86400000000000u;
	rig->rings[0].tail->epoch_ns = rig->epoch_ns;
	rig->rings[0].tail->epoch_from = rig->rings[0].next;
	rig_record(rig, ns, VEGA_EPOCH, 0, rig->epoch_ns, rig->rings[0].next);
}

/* Byte `at` of a frame. */
static uint8_t
frame_byte(uint32_t feed, uint64_t number, uint32_t at)
{
	return (uint8_t)(number * 31 + (number >> 8) + at * 7 + feed * 101);
}

int
rig_frame(struct rig *rig, uint32_t feed, uint32_t bytes)
{
	static uint8_t frame[VEGA_FRAME_BYTES_MAX];
	uint64_t number = rig->writers[feed].frame_next;

	for (uint32_t i = 0; i < bytes; i++)
		frame[i] = frame_byte(feed, number, i);
	return vega_frame_put(&rig->writers[feed], frame, bytes, bytes, RIG_T0_NS + number * 1000,
		       0) == VEGA_PUT_OK;
}

void
rig_seal(struct rig *rig, uint32_t feed, enum vega_seal cause)
{
	vega_frame_seal(&rig->writers[feed], cause);
}

void
rig_settle(struct rig *rig)
{
	unsigned idle = 0;

	/* a disk that is late answers some polls with nothing */
	while (idle < 20)
		idle = vega_drain_poll(rig->drain, rig->now_ns) != 0 ? 0 : idle + 1;
}

const struct vega_drain_cells *
rig_cells(const struct rig *rig, uint32_t feed)
{
	return &rig->region.drain[feed];
}

void
rig_frame_check(const struct vega_frame *frame, uint32_t feed, uint64_t number)
{
	if (frame->recv_ns != RIG_T0_NS + number * 1000)
		fail_msg("frame %llu has a wrong time", (unsigned long long)number);
	for (uint32_t i = 0; i < frame->captured_bytes; i++)
		if (frame->data[i] != frame_byte(feed, number, i))
			fail_msg("frame %llu: byte %u is wrong", (unsigned long long)number, i);
}

static void
look_at_frames(const struct vega_block_hdr *hdr, uint32_t feed)
{
	struct vega_frame frame;
	uint64_t number = hdr->frame_first;
	uint32_t at = 0;
	int rc;

	while ((rc = vega_frame_walk(hdr, at, &frame, &at)) == 1)
		rig_frame_check(&frame, feed, number++);
	assert_int_equal(rc, 0);
	assert_int_equal(number - hdr->frame_first, hdr->packet_cnt);
}

/* One piece of the chain, at 8-aligned memory; before: the last entry so far. Returns its entries, -1: bad. */
static int64_t
look_at_piece(const struct vega_index_hdr *hdr, uint64_t bytes, const uint8_t *id, uint64_t first,
	uint64_t data_end, struct vega_index_entry *before)
{
	const struct vega_index_entry *entries =
		(const struct vega_index_entry *)(const void *)(hdr + 1);

	if (vega_format_check_index(hdr, bytes, id, first) != VEGA_GOOD)
		return -1;
	for (uint32_t i = 0; i < hdr->entry_cnt; i++) {
		assert_int_equal(vega_format_check_entry(
					 &entries[i], first + i != 0 ? before : NULL, data_end),
			VEGA_GOOD);
		*before = entries[i];
	}
	return hdr->entry_cnt;
}

/* Chain, statistics and trailer agree with each other, and with the blocks that were found. */
static bool
tail_ok(const uint8_t *bytes, uint64_t len, const uint8_t *id, uint64_t data_end,
	struct rig_file *file)
{
	uint64_t at = data_end;
	uint64_t first = 0;
	struct vega_index_entry before;
	struct vega_trailer trailer;
	struct vega_isb isb;
	uint64_t isb_at;
	uint8_t *piece;
	uint32_t length;
	int64_t cnt;

	if (len < 8192)
		return false;
	memcpy(&trailer, bytes + len - sizeof(trailer), sizeof(trailer));
	if (vega_format_check_trailer(&trailer, id, len) != VEGA_GOOD)
		return false;
	piece = malloc(len); /* the pieces of a chain are at multiples of 4 only */
	assert_non_null(piece);
	for (cnt = 0; at < trailer.index_off + trailer.index_bytes && cnt >= 0; at += length) {
		memcpy(piece, bytes + at, len - at);
		memcpy(&length, piece + 4, 4);
		cnt = look_at_piece((const struct vega_index_hdr *)(const void *)piece, len - at,
			id, first, data_end, &before);
		first += (uint64_t)cnt;
	}
	free(piece);
	isb_at = len - sizeof(trailer) - trailer.isb_bytes;
	if (cnt < 0 || vega_format_check_padding(bytes + at, isb_at - at) != VEGA_GOOD)
		return false;
	memcpy(&isb, bytes + isb_at, sizeof(isb));
	if (vega_format_check_isb(&isb, &trailer) != VEGA_GOOD)
		return false;
	file->lost_end = vega_format_lost_end(&trailer);
	file->lost += file->lost_end;
	assert_int_equal(trailer.index_off, data_end);
	assert_int_equal(trailer.entry_cnt, file->blocks);
	assert_int_equal(first, file->blocks);
	assert_int_equal(trailer.packet_cnt, file->frames);
	assert_int_equal(trailer.lost, file->lost);
	return true;
}

struct rig_file
rig_look(const uint8_t *bytes, uint64_t len, uint32_t feed)
{
	const struct vega_head *head = vega_format_head_of(bytes);
	struct rig_file file = {.frame_first = UINT64_MAX};
	uint64_t good_end = VEGA_HEAD_BYTES;
	uint64_t at = VEGA_HEAD_BYTES;

	assert_int_equal(vega_format_check_head(bytes, len), 0);
	while (at + 4096 <= len) {
		const struct vega_block_hdr *hdr =
			(const struct vega_block_hdr *)(const void *)(bytes + at);
		const struct vega_hole_hdr *hole =
			(const struct vega_hole_hdr *)(const void *)(bytes + at);

		if (vega_format_check_block(hdr, len - at, head->file_id, at) == VEGA_GOOD) {
			look_at_frames(hdr, feed);
			file.torn_bytes += at - good_end;
			file.blocks++;
			file.frames += hdr->packet_cnt;
			file.lost += vega_format_lost(hdr);
			if (file.frame_first == UINT64_MAX)
				file.frame_first = hdr->frame_first;
			assert_true(hdr->frame_first >= file.frame_end);
			file.frame_end = hdr->frame_first + hdr->packet_cnt;
			at += hdr->stored_bytes;
			good_end = at;
		} else if (vega_format_check_hole(hole, len - at, head->file_id, at) == VEGA_GOOD) {
			file.torn_bytes += at - good_end;
			file.holes++;
			at += hole->hole_bytes;
			good_end = at;
		} else {
			at += 4096;
		}
	}
	file.sealed = tail_ok(bytes, len, head->file_id, good_end, &file);
	if (!file.sealed)
		file.torn_bytes += len - good_end;
	return file;
}
