/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Verify a slice of a keyframe: it can be made into entries. The codec is shared with the reader.
 */
#include <stdlib.h>
#include <string.h>

#include "store/keyframe.h"
#include "store/verify_priv.h"

struct verify_slice {
	struct vega_keyframe_work *work;
	struct vega_fold_kept kept;
	struct vega_state_entry entries[VEGA_KEYFRAME_SLICE_CNT];
};

void
verify_slice_delete(struct verify_slice *slice)
{
	if (slice != NULL)
		vega_keyframe_work_delete(slice->work);
	free(slice);
}

static bool
has_memory(struct verify *v)
{
	if (v->slice == NULL)
		v->slice = calloc(1, sizeof(*v->slice));
	return v->slice != NULL &&
	       (v->slice->work != NULL || vega_keyframe_work_new(&v->slice->work) == 0);
}

/* The block lies aligned in the verifier's buffer. */
void
verify_keyframe(
	struct verify *v, const struct vega_block_hdr *hdr, const uint8_t *block, uint64_t off)
{
	struct vega_keyframe_slice slice;

	verify_u64(v, hdr->frame_first, 0, off - sizeof(*hdr), "block header: first frame");
	if (!has_memory(v) ||
		vega_keyframe_open((const struct vega_block_hdr *)(const void *)block,
			v->slice->work, &slice, v->slice->entries, &v->slice->kept) != 0)
		verify_damage(v, off, "keyframe: need a slice of a state table, found %u bytes",
			hdr->payload_bytes);
}
