/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/merge.h"

#include <string.h>

static bool
before(const struct vega_merge_key *a, const struct vega_merge_key *b)
{
	return a->recv_ns < b->recv_ns || (a->recv_ns == b->recv_ns && a->input_idx < b->input_idx);
}

/* Let key sink from the root of the heap to its place. */
static void
sink(struct vega_merge *merge, struct vega_merge_key key)
{
	struct vega_merge_key *heap = merge->heap;
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < merge->heap_cnt && before(&heap[child + 1], &heap[child]))
			child++;
		if (child >= merge->heap_cnt || !before(&heap[child], &key))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = key;
}

/* Let key rise from a new leaf to its place. */
static void
rise(struct vega_merge *merge, struct vega_merge_key key)
{
	struct vega_merge_key *heap = merge->heap;
	uint32_t at = merge->heap_cnt++;

	while (at > 0 && before(&key, &heap[(at - 1) / 2])) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = key;
}

static void
remove_root(struct vega_merge *merge)
{
	if (--merge->heap_cnt > 0)
		sink(merge, merge->heap[merge->heap_cnt]);
}

void
vega_merge_init(struct vega_merge *merge, struct vega_input **inputs, uint32_t input_cnt)
{
	memset(merge, 0, sizeof(*merge));
	merge->inputs = inputs;
	merge->input_cnt = input_cnt;
	merge->unknown_cnt = input_cnt;
	for (uint32_t i = 0; i < input_cnt; i++) {
		inputs[i]->input_idx = i;
		merge->unknown[i] = i;
	}
}

/* Ask every input whose next frame is unknown. Returns 0 when all are known, or -EAGAIN. */
static int
learn(struct vega_merge *merge)
{
	uint32_t left_cnt = 0;

	for (uint32_t i = 0; i < merge->unknown_cnt; i++) {
		const uint32_t idx = merge->unknown[i];
		int rc = vega_input_next(merge->inputs[idx], &merge->heads[idx]);

		if (rc == 1)
			rise(merge, (struct vega_merge_key){merge->heads[idx].recv_ns, idx});
		else if (rc == -EAGAIN)
			merge->unknown[left_cnt++] = idx;
	}
	merge->unknown_cnt = left_cnt;
	return left_cnt != 0 ? -EAGAIN : 0;
}

int
vega_merge_peek(struct vega_merge *merge, const struct vega_frame **ret_frame)
{
	if (vega_unlikely(merge->unknown_cnt != 0) && learn(merge) != 0)
		return -EAGAIN;
	if (vega_unlikely(merge->heap_cnt == 0))
		return 0;
	*ret_frame = &merge->heads[merge->heap[0].input_idx];
	return 1;
}

void
vega_merge_pop(struct vega_merge *merge)
{
	const uint32_t idx = merge->heap[0].input_idx;
	int rc = vega_input_next(merge->inputs[idx], &merge->heads[idx]);

	if (vega_likely(rc == 1)) {
		sink(merge, (struct vega_merge_key){merge->heads[idx].recv_ns, idx});
		return;
	}
	remove_root(merge);
	if (rc == -EAGAIN)
		merge->unknown[merge->unknown_cnt++] = idx;
}

void
vega_merge_release(struct vega_merge *merge)
{
	for (uint32_t i = 0; i < merge->input_cnt; i++)
		vega_input_release(merge->inputs[i]);
}
