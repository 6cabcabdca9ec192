/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/fold_keep.h"

#include <errno.h>

void
vega_fold_keep(const struct vega_fold *fold, struct vega_fold_kept *ret_kept)
{
	const struct vega_state_table *table = fold->table->table;

	assert(fold->open == NULL);
	*ret_kept = (struct vega_fold_kept){
		.epoch_ns = fold->epoch_ns,
		.recv_ns = fold->recv_ns,
		.time_ns = fold->time_ns,
		.seq = fold->seq,
		.packet_position = fold->packet_position,
		.lost_position = vega_load_relaxed(&table->lost_position),
		.channel = fold->channel,
		.whole_slot = fold->whole_slot,
		.has_seq = fold->has_seq,
		.is_late = fold->is_late,
		.time_given = fold->time_given,
	};
	for (uint32_t i = 0; i < VEGA_STATE_GAP_CNT; i++)
		ret_kept->channels[i] = (struct vega_fold_channel){
			.gap_position = vega_load_relaxed(&table->gap_position[i]),
			.open_cnt = fold->gaps[i].open_cnt,
			.lost_cnt = fold->gaps[i].lost_cnt,
			.from = fold->gaps[i].from,
			.digits = fold->digits[i],
		};
}

int
vega_fold_resume(struct vega_fold *fold, const struct vega_fold_kept *kept)
{
	struct vega_state_table *table = fold->table->table;

	if (kept->whole_slot > VEGA_STATE_GAP_CNT)
		return -EBADMSG;
	fold->epoch_ns = kept->epoch_ns;
	fold->recv_ns = kept->recv_ns;
	fold->time_ns = kept->time_ns;
	fold->seq = kept->seq;
	fold->packet_position = kept->packet_position;
	fold->channel = kept->channel;
	fold->whole_slot = kept->whole_slot;
	fold->has_seq = kept->has_seq;
	fold->is_late = kept->is_late;
	fold->time_given = kept->time_given;
	vega_store_relaxed(&table->lost_position, kept->lost_position);
	for (uint32_t i = 0; i < VEGA_STATE_GAP_CNT; i++) {
		vega_store_relaxed(&table->gap_position[i], kept->channels[i].gap_position);
		fold->gaps[i].open_cnt = kept->channels[i].open_cnt;
		fold->gaps[i].lost_cnt = kept->channels[i].lost_cnt;
		fold->gaps[i].from = kept->channels[i].from;
		fold->digits[i] = kept->channels[i].digits;
	}
	return 0;
}
