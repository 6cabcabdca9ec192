/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/keyframe_drain.h"

#include <stdlib.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/err.h"
#include "store/format.h"

struct vega_keyframes {
	const struct vega_state_feed *state;
	struct vega_state_view view;
	struct vega_keyframes_conf conf;
	struct vega_keyframe_work *work;
	struct vega_fold_kept kept;

	/* The one under way, or the last. */
	struct vega_keyframe_slice slice; /* its next; none: it is done */
	uint64_t begun_ns;
	uint64_t begun_position;
	uint32_t begun_day;
	uint64_t bytes;
};

static bool
is_under_way(const struct vega_keyframes *k)
{
	return vega_keyframe_entry_cnt(&k->slice) != 0;
}

static bool
is_due(const struct vega_keyframes *k, uint64_t now_ns, uint32_t day, uint64_t position)
{
	const uint64_t record_cnt = position - k->begun_position;
	const bool is_old = k->conf.interval_ns != 0 && now_ns > k->begun_ns &&
			    now_ns - k->begun_ns >= k->conf.interval_ns;
	const bool is_far = k->conf.record_cnt != 0 && record_cnt >= k->conf.record_cnt;

	if (day == 0 || record_cnt == 0 || vega_state_cnt(&k->view) == 0)
		return false;
	if (k->begun_day != 0 && day != k->begun_day)
		return true;
	return (is_old || is_far) && record_cnt >= k->bytes - k->bytes / 4;
}

static void
begin(struct vega_keyframes *k, uint64_t now_ns, uint32_t day, uint64_t position)
{
	k->slice = (struct vega_keyframe_slice){
		.generation = k->view.table->generation,
		.number = k->slice.number + 1,
		.entry_total = (uint32_t)vega_state_cnt(&k->view),
	};
	k->begun_ns = now_ns;
	k->begun_position = position;
	k->begun_day = day;
	k->bytes = 0;
}

bool
vega_keyframes_next(
	struct vega_keyframes *k, uint64_t now_ns, uint32_t day, struct vega_block_hdr *hdr)
{
	const struct vega_state_table *table = k->view.table;
	const uint64_t position = vega_load_relaxed(&table->position); /* our own thread's */
	const struct vega_fold *fold = vega_state_feed_fold(k->state);

	if (k->begun_ns == 0)
		k->begun_ns = now_ns;
	if (!is_under_way(k)) {
		if (!is_due(k, now_ns, day, position))
			return false;
		begin(k, now_ns, day, position);
	}
	k->slice.position = position;
	k->slice.record_position = vega_load_relaxed(&table->record_position);
	vega_fold_keep(fold, &k->kept);
	k->slice.epoch_ns = k->kept.epoch_ns;
	k->slice.recv_ns = k->kept.recv_ns;
	vega_keyframe_make(&k->slice,
		&k->view.entries[(size_t)k->slice.slice * VEGA_KEYFRAME_SLICE_CNT], &k->kept,
		k->work, hdr);
	k->bytes += vega_format_stored_bytes(hdr->payload_bytes);
	k->slice.slice++;
	return true;
}

int
vega_keyframes_new(const struct vega_state_feed *state, const struct vega_keyframes_conf *conf,
	struct vega_keyframes **ret_keyframes)
{
	struct vega_keyframes *k = calloc(1, sizeof(*k));
	const struct vega_state_table *table = vega_state_feed_fold(state)->table->table;
	int rc;

	if (k == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for keyframes, found none");
	k->state = state;
	k->conf = *conf;
	rc = vega_state_open(table, vega_state_table_bytes(table->capacity), &k->view);
	if (rc == 0)
		rc = vega_keyframe_work_new(&k->work);
	if (rc < 0)
		vega_keyframes_delete(k);
	else
		*ret_keyframes = k;
	return rc;
}

void
vega_keyframes_delete(struct vega_keyframes *k)
{
	if (k == NULL)
		return;
	vega_keyframe_work_delete(k->work);
	free(k);
}
