/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A slice of a keyframe of any bytes: refused, or entries that a fold may go on from and that come back when they are laid again.
 *
 * The bytes are the payload; or, where the first is odd, what a zstd frame of it would hold.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "store/keyframe.h"
#include "tests/fuzz/fuzz.h"

static struct vega_state_entry entries[VEGA_KEYFRAME_SLICE_CNT];
static struct vega_state_entry back[VEGA_KEYFRAME_SLICE_CNT];

static void
open_block(struct vega_block_hdr *block, struct vega_keyframe_work *work)
{
	static struct vega_fold_kept kept, kept_back;
	struct vega_keyframe_slice slice, again;
	const int rc = vega_keyframe_open(block, work, &slice, entries, &kept);
	uint32_t cnt;

	FUZZ_CHECK(rc == 0 || rc == -EBADMSG);
	if (rc != 0)
		return;
	cnt = vega_keyframe_entry_cnt(&slice);
	FUZZ_CHECK(cnt != 0 && cnt <= VEGA_KEYFRAME_SLICE_CNT);
	for (uint32_t i = 0; i < cnt; i++)
		FUZZ_CHECK(entries[i].bid_cnt <= 10 && entries[i].ask_cnt <= 10);
	vega_keyframe_make(&slice, entries, &kept, work, block);
	FUZZ_CHECK(vega_keyframe_open(block, work, &again, back, &kept_back) == 0);
	FUZZ_CHECK(memcmp(back, entries, cnt * sizeof(back[0])) == 0);
	FUZZ_CHECK(kept_back.whole_slot == kept.whole_slot || slice.slice != 0);
}

/* The header and the frame that such a payload has. */
static void
wrap(struct vega_block_hdr *block, const uint8_t *data, size_t bytes)
{
	struct vega_keyframe_hdr *k = (struct vega_keyframe_hdr *)(void *)(block + 1);
	uint8_t *at = (uint8_t *)(k + 1);
	const size_t packed = ZSTD_compress(
		at, ZSTD_COMPRESSBOUND(VEGA_KEYFRAME_PLAIN_BYTES), data + 2, bytes - 2, 1);
	const uint32_t end = (uint32_t)vega_align_up(packed, 4);

	*k = (struct vega_keyframe_hdr){.block_type = VEGA_BLOCK_KEYFRAME,
		.block_length = (uint32_t)sizeof(*k) + end + 4,
		.entry_total = 1u + data[1],
		.plain_bytes = (uint32_t)bytes - 2,
		.data_bytes = (uint32_t)packed};
	memset(at + packed, 0, end - packed);
	memcpy(at + end, &k->block_length, 4);
	block->payload_bytes = k->block_length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct vega_keyframe_work *work;
	static struct vega_block_hdr *block;

	if (work == NULL) {
		FUZZ_CHECK(vega_keyframe_work_new(&work) == 0);
		block = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, vega_keyframe_block_bytes());
		FUZZ_CHECK(block != NULL);
	}
	if (bytes < 2 || bytes > VEGA_KEYFRAME_PLAIN_BYTES)
		return 0;
	*block = (struct vega_block_hdr){.kind = VEGA_KIND_KEYFRAME};
	if ((data[0] & 1) != 0) {
		wrap(block, data, bytes);
	} else {
		memcpy(block + 1, data + 1, bytes - 1);
		block->payload_bytes = (uint32_t)bytes - 1;
	}
	open_block(block, work);
	return 0;
}
