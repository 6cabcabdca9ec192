/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record numbers of each kind, from the classes of all.
 *
 * A block is taken as LANE_CNT parts, each with counters of its own, hand in hand: of one counter alone, a run of records of one
 * kind would wait each for the one before.
 */
#include "store/columns_private.h"

void
vega_lists_count(struct lists *lists, const uint8_t *classes, uint32_t cnt)
{
	const uint32_t each = cnt / LANE_CNT;

	memset(lists->seen, 0, sizeof(lists->seen));
	lists->lane_records = each;
	for (uint32_t i = 0; i < each; i++)
		for (uint32_t k = 0; k < LANE_CNT; k++)
			lists->seen[k][classes[k * each + i]]++;
	for (uint32_t i = LANE_CNT * each; i < cnt; i++)
		lists->seen[LANE_CNT - 1][classes[i]]++;
}

uint32_t
vega_lists_seen(const struct lists *lists, uint32_t class_idx)
{
	uint32_t cnt = 0;

	for (uint32_t k = 0; k < LANE_CNT; k++)
		cnt += lists->seen[k][class_idx];
	return cnt;
}

static void
lists_place(struct vega_columns *columns, struct lists *lists)
{
	uint32_t cnts[LANE_CNT][KIND_CNT] = {0};
	uint32_t sum = 0;

	for (uint32_t k = 0; k < LANE_CNT; k++)
		for (uint32_t i = 0; i < columns->class_cnt; i++)
			cnts[k][kind_batch(columns->class_head[i] & 0xFFu)] += lists->seen[k][i];
	for (uint32_t i = 0; i < KIND_CNT; i++) {
		columns->kind_from[i] = sum;
		for (uint32_t k = 0; k < LANE_CNT; k++) {
			lists->at[k][i] = sum;
			sum += cnts[k][i];
		}
		columns->kind_cnt[i] = sum - columns->kind_from[i];
	}
}

void
vega_lists_fill(
	struct vega_columns *columns, struct lists *lists, const uint8_t *classes, uint32_t cnt)
{
	const uint32_t each = lists->lane_records;
	uint8_t batch[256];

	for (uint32_t i = 0; i < columns->class_cnt; i++)
		batch[i] = (uint8_t)kind_batch(columns->class_head[i] & 0xFFu);
	lists_place(columns, lists);
	for (uint32_t i = 0; i < each; i++)
		for (uint32_t k = 0; k < LANE_CNT; k++)
			columns->list[lists->at[k][batch[classes[k * each + i]]]++] = k * each + i;
	for (uint32_t i = LANE_CNT * each; i < cnt; i++)
		columns->list[lists->at[LANE_CNT - 1][batch[classes[i]]]++] = i;
}
