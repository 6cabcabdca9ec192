/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A cursor over records: blocks from the cursor below, decoded, and of each what is wanted.
 */
#include <stdlib.h>

#include "hugepages/base/attr.h"
#include "hugepages/base/err.h"
#include "store/reader.h"
#include "store/record_block.h"

struct vega_record_cursor {
	struct vega_cursor *blocks;
	struct vega_records_want want;
	uint32_t feed_idx;
	struct vega_columns *columns;
	uint8_t *buffer;                  /* the block */
	union vega_record *records;       /* decoded */
	const struct vega_block_hdr *hdr; /* in buffer; NULL: take the next block */

	/* Where it stands in the block. */
	uint32_t at;
	uint64_t recv_ns; /* of the event at hand */
	struct vega_record_clock clock;
};

/* What begins an event tells when it was received. */
static bool
begins_event(const union vega_record *r)
{
	const uint32_t kind = vega_record_kind(r);

	return kind == VEGA_PACKET || kind == VEGA_EPOCH || kind == VEGA_LOSS;
}

/* Pass the record at c->at: its event's receive time is c->recv_ns then. */
static void
pass(struct vega_record_cursor *c)
{
	const union vega_record *r = &c->records[c->at++];
	const uint64_t ns = vega_record_ns(&c->clock, r);

	if (begins_event(r)) {
		c->recv_ns = ns != 0 ? ns : c->recv_ns;
	} else if (vega_record_kind(r) == VEGA_TIME && c->at < c->hdr->record_cnt &&
		   begins_event(&c->records[c->at])) {
		c->recv_ns = c->clock.far_ns; /* it stands before the event's first record */
	}
}

/* The record that was passed last. */
static bool
is_wanted(const struct vega_record_cursor *c)
{
	const struct vega_records_want *want = &c->want;
	const union vega_record *r = &c->records[c->at - 1];
	uint64_t end = c->hdr->position_first + c->at;

	if (vega_record_kind(r) == VEGA_LOSS && r->loss.cause == VEGA_LOSS_LAPPED)
		end = r->loss.first + r->loss.cnt;
	return end > want->from_position && c->recv_ns >= want->from_ns && c->recv_ns < want->to_ns;
}

static int
next_block(struct vega_record_cursor *c)
{
	uint32_t linktype;
	int rc;

	for (;;) {
		rc = vega_cursor_block(c->blocks, c->buffer, &c->hdr, &linktype);
		if (rc <= 0) {
			c->hdr = NULL;
			return rc;
		}
		c->at = 0;
		c->recv_ns = c->hdr->recv_ns_first;
		c->clock = (struct vega_record_clock){0};
		if (vega_record_block_open(c->hdr, c->columns, c->records, &c->clock.epoch_ns) == 0)
			return 1;
		vega_cursor_tell_bad(c->blocks);
	}
}

/* The next wanted run of the block at hand. False: there is none. */
static bool
take_run(struct vega_record_cursor *c, struct vega_record_batch *batch)
{
	const uint32_t cnt = c->hdr->record_cnt;
	struct vega_record_clock clock;

	do {
		if (c->at == cnt)
			return false;
		clock = c->clock;
		pass(c);
	} while (!is_wanted(c));
	*batch = (struct vega_record_batch){
		.records = &c->records[c->at - 1],
		.cnt = 1,
		.kinds = c->hdr->kinds,
		.position = c->hdr->position_first + c->at - 1,
		.generation = c->hdr->generation,
		.recv_ns = c->recv_ns,
		.clock = clock,
		.day = c->hdr->day,
		.feed_idx = c->feed_idx,
	};
	while (c->at < cnt) {
		pass(c);
		if (!is_wanted(c))
			break; /* it is passed, and none the worse */
		batch->cnt++;
	}
	return true;
}

int
vega_records_next(struct vega_record_cursor *c, struct vega_record_batch *ret_batch)
{
	for (;;) {
		int rc;

		if (c->hdr != NULL && take_run(c, ret_batch))
			return 1;
		rc = next_block(c);
		if (rc <= 0)
			return rc;
	}
}

int
vega_records_open(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_records_want *want, struct vega_record_cursor **ret_cursor)
{
	return vega_records_open_at(journal, feed_idx, want, 0, 0, 0, ret_cursor);
}

int
vega_records_open_at(struct vega_journal *journal, uint32_t feed_idx,
	const struct vega_records_want *want, uint32_t file_idx, uint32_t file_end, uint64_t off,
	struct vega_record_cursor **ret_cursor)
{
	const struct vega_cursor_want below = {
		.kind = want->is_book ? VEGA_KIND_BOOK : VEGA_KIND_RECORDS,
		.kinds = want->kinds,
		.day = want->day,
		.from_ns = want->from_ns,
		.to_ns = want->to_ns,
		.generation = want->generation,
		.from_position = want->from_position,
		.from_file = file_idx,
		.end_file = file_end,
		.from_off = off,
		.hole = want->hole,
		.hole_arg = want->hole_arg,
	};
	struct vega_record_cursor *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a cursor, found none");
	c->want = *want;
	c->feed_idx = feed_idx;
	c->buffer = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, VEGA_BLOCK_BYTES_MAX);
	c->records = malloc((size_t)VEGA_COLUMNS_RECORD_CNT_MAX * sizeof(c->records[0]));
	if (c->buffer == NULL || c->records == NULL || vega_columns_new(&c->columns) < 0)
		rc = VEGA_ERR(-ENOMEM, "need %u bytes for a block, found no memory",
			VEGA_BLOCK_BYTES_MAX);
	else
		rc = vega_cursor_open_want(journal, feed_idx, &below, &c->blocks);
	if (rc < 0)
		vega_records_close(c);
	else
		*ret_cursor = c;
	return rc;
}

void
vega_records_close(struct vega_record_cursor *c)
{
	if (c == NULL)
		return;
	vega_cursor_close(c->blocks);
	vega_columns_delete(c->columns);
	free(c->buffer);
	free(c->records);
	free(c);
}

const struct vega_journal_file *
vega_records_file(const struct vega_record_cursor *c)
{
	return vega_cursor_file(c->blocks);
}

uint64_t
vega_records_block_off(const struct vega_record_cursor *c)
{
	return vega_cursor_block_off(c->blocks);
}

uint64_t
vega_records_blocks_read(const struct vega_record_cursor *c)
{
	return vega_cursor_blocks_read(c->blocks);
}
