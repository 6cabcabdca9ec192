/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/input.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hugepages/base/atomic.h"

#define QUEUE_BYTES ((size_t)VEGA_INPUT_BLOCK_CNT * VEGA_BLOCK_BYTES_MAX)

static_assert(
	(VEGA_INPUT_BLOCK_CNT & (VEGA_INPUT_BLOCK_CNT - 1)) == 0, "slots are found by masking");

static uint32_t
slot_of(uint64_t block)
{
	return (uint32_t)(block & (VEGA_INPUT_BLOCK_CNT - 1));
}

void *
vega_input_new(size_t bytes, const struct vega_input_ops *ops, const char *name, uint64_t from_ns,
	uint64_t to_ns)
{
	struct vega_input *input =
		aligned_alloc(VEGA_GUARD_BYTES, vega_align_up(bytes, VEGA_GUARD_BYTES));
	char *copy = strdup(name);
	void *buffers = mmap(NULL, QUEUE_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (input == NULL || copy == NULL || buffers == MAP_FAILED) {
		if (buffers != MAP_FAILED)
			(void)munmap(buffers, QUEUE_BYTES);
		free(copy);
		free(input);
		(void)VEGA_ERR(-ENOMEM,
			"%s: need 64 MiB to read ahead, found none; use fewer files at once", name);
		return NULL;
	}
	memset(input, 0, bytes);
	input->ops = ops;
	input->name = copy;
	input->buffers = buffers;
	input->from_ns = from_ns;
	input->to_ns = to_ns;
	return input;
}

void
vega_input_free(struct vega_input *input)
{
	(void)munmap(input->buffers, QUEUE_BYTES);
	free(input->name);
	free(input);
}

static void
end_input(struct vega_input *input, int rc)
{
	if (rc < 0)
		vega_err_save(&input->err, rc);
	vega_store_release(&input->reader.ended, 1); /* Q5: pairs with Q6 */
}

int
vega_input_load(struct vega_input *input)
{
	const uint64_t n = input->reader.loaded;
	struct vega_input_slot *slot = &input->slots[slot_of(n)];
	const struct vega_block_hdr *hdr;
	int rc;

	if (input->reader.ended != 0)
		return 0;
	if (n - input->reader.released_seen == VEGA_INPUT_BLOCK_CNT)
		input->reader.released_seen =
			vega_load_acquire(&input->sender.released); /* Q1: pairs with Q4 */
	if (n - input->reader.released_seen == VEGA_INPUT_BLOCK_CNT)
		return 0;
	rc = input->ops->load(input, input->buffers + (size_t)slot_of(n) * VEGA_BLOCK_BYTES_MAX,
		&slot->hdr, &slot->linktype);
	if (rc <= 0) {
		end_input(input, rc);
		return 0;
	}
	hdr = slot->hdr;
	slot->inside = hdr->recv_ns_min >= input->from_ns && hdr->recv_ns_max < input->to_ns;
	vega_store_release(&input->reader.loaded, n + 1); /* Q2: pairs with Q3 */
	return 1;
}

/* The block the sender stands in, waited for by none. Returns 1, 0 at the end, -EAGAIN. */
static int
current_block(struct vega_input *input)
{
	uint64_t ended;

	if (vega_likely(input->sender.walked < input->sender.loaded_seen))
		return 1;
	ended = vega_load_acquire(&input->reader.ended); /* Q6: pairs with Q5 */
	input->sender.loaded_seen =
		vega_load_acquire(&input->reader.loaded); /* Q3: pairs with Q2 */
	if (input->sender.walked < input->sender.loaded_seen)
		return 1;
	return ended != 0 ? 0 : -EAGAIN;
}

int
vega_input_next(struct vega_input *input, struct vega_frame *ret_frame)
{
	for (;;) {
		const struct vega_input_slot *slot = &input->slots[slot_of(input->sender.walked)];
		int rc = current_block(input);

		if (rc <= 0)
			return rc;
		rc = vega_frame_walk(slot->hdr, input->sender.at, ret_frame, &input->sender.at);
		if (vega_unlikely(rc <= 0)) {
			input->sender.bad_blocks += rc < 0;
			input->sender.at = 0;
			input->sender.walked++;
			continue;
		}
		if (vega_likely(slot->inside) || (ret_frame->recv_ns >= input->from_ns &&
							 ret_frame->recv_ns < input->to_ns)) {
			ret_frame->linktype = slot->linktype;
			ret_frame->feed_idx = input->input_idx;
			return 1;
		}
	}
}

void
vega_input_release(struct vega_input *input)
{
	const uint64_t walked = input->sender.walked;

	if (input->sender.released != walked)
		vega_store_release(&input->sender.released, walked); /* Q4: pairs with Q1 */
}

int
vega_input_error(const struct vega_input *input)
{
	return input->err.rc != 0 ? vega_err_restore(&input->err) : 0;
}

struct vega_input_damage
vega_input_damage(const struct vega_input *input)
{
	struct vega_input_damage damage = input->reader.damage;

	damage.bad_blocks += input->sender.bad_blocks;
	return damage;
}
