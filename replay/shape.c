/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/shape.h"

#include <string.h>

#include "hugepages/vega_layout.h"
#include "replay/exchange.h"
#include "replay/pack.h"
#include "replay/record_times.h"

/* An exchange time that moves so much against receive time is a mistake of its sender's, and the replay does not wait for it. */
#define JUMP_NS_MAX 3600000000000ll

#define SECOND_NS 1000000000u

struct shaped_input {
	struct vega_input base;
	struct vega_shape shape;
	struct vega_input *inner; /* its queue is not used, but for one block */
	struct vega_exchange *exchange;
	struct vega_record_times *times; /* NULL: a capture file */
	uint64_t now_ns;                 /* exchange time of the frame before */
	int64_t ahead_ns;                /* exchange less receive time, of the first that had one */

	const struct vega_block_hdr *hdr; /* the inner block that is being shaped; NULL: none */
	uint32_t linktype;
	uint32_t at;
	uint64_t frame_next; /* number of the frame at `at` */
	int held_rc; /* 1: `held` did not fit into the last block; below: how the inner ended */
	struct vega_frame held;
	uint8_t edited[VEGA_FRAME_BYTES_MAX + VEGA_REWRITE_GROWTH_BYTES];
};

static int
load_inner(struct shaped_input *input)
{
	struct vega_input *inner = input->inner;
	const int rc = inner->ops->load(inner, inner->buffers, &input->hdr, &input->linktype);

	input->at = 0;
	if (rc <= 0)
		input->hdr = NULL;
	else
		input->frame_next = input->hdr->frame_first;
	input->base.reader.damage.hole_cnt = inner->reader.damage.hole_cnt;
	input->base.reader.damage.hole_bytes = inner->reader.damage.hole_bytes;
	return rc;
}

static bool
is_wanted(const struct vega_input *inner, const struct vega_frame *frame)
{
	return frame->recv_ns >= inner->from_ns && frame->recv_ns < inner->to_ns;
}

/* The next frame inside the limits, as it was recorded. Returns 1, 0 at the end, or a negative errno. */
static int
next_inner(struct shaped_input *input, struct vega_frame *ret_frame)
{
	for (;;) {
		int rc = input->hdr != NULL ? 1 : load_inner(input);

		if (rc <= 0)
			return rc;
		rc = vega_frame_walk(input->hdr, input->at, ret_frame, &input->at);
		ret_frame->frame_number = input->frame_next++;
		if (rc == 1 && is_wanted(input->inner, ret_frame)) {
			ret_frame->linktype = input->linktype;
			return 1;
		}
		if (rc <= 0) {
			input->base.reader.damage.bad_blocks += rc < 0;
			input->hdr = NULL;
		}
	}
}

/* As vega_exchange_ns, of a frame of the block at hand; of its records first. */
static int
exchange_ns(struct shaped_input *input, const struct vega_frame *frame, uint64_t *ret_ns)
{
	int rc = 0;

	if (input->times != NULL)
		rc = vega_record_times_ns(
			input->times, input->hdr->generation, frame->frame_number, ret_ns);
	if (rc != 0) {
		input->base.reader.recorded_cnt += rc == 1;
		return rc;
	}
	return vega_exchange_ns(input->exchange, frame, ret_ns);
}

static bool
is_near(int64_t ahead_ns, int64_t first_ns)
{
	int64_t moved_ns; /* the two may be further apart than it holds */

	return !__builtin_sub_overflow(ahead_ns, first_ns, &moved_ns) && moved_ns < JUMP_NS_MAX &&
	       moved_ns > -JUMP_NS_MAX;
}

/* Returns 0, or a negative errno: too coarse, or the records cannot be read. */
static int
set_time(struct shaped_input *input, struct vega_frame *frame)
{
	uint64_t ns;
	const int rc = exchange_ns(input, frame, &ns);

	if (rc < 0)
		return rc;
	if (rc == 1 && is_near((int64_t)(ns - frame->recv_ns), input->ahead_ns))
		input->now_ns = ns;
	else
		input->base.reader.timeless_cnt++;
	frame->recv_ns = input->now_ns;
	return 0;
}

static void
edit(struct shaped_input *input, struct vega_frame *frame)
{
	memcpy(input->edited, frame->data, frame->captured_bytes);
	(void)vega_rewrite(input->shape.rules, input->shape.rule_cnt, input->edited, frame);
	frame->data = input->edited;
}

static int
next_shaped(struct shaped_input *input)
{
	int rc = next_inner(input, &input->held);

	if (rc == 1 && input->shape.exchange_clock) {
		const int timed = set_time(input, &input->held);

		if (timed != 0)
			return timed;
	}
	if (rc == 1 && input->shape.rule_cnt != 0)
		edit(input, &input->held);
	return rc;
}

static int
load_shaped(struct vega_input *base, void *buffer, const struct vega_block_hdr **ret_hdr,
	uint32_t *ret_linktype)
{
	struct shaped_input *input = (struct shaped_input *)base;
	struct vega_block_hdr *hdr = NULL;
	const struct vega_frame *frame = &input->held;

	for (;;) {
		if (input->held_rc == 0)
			input->held_rc = next_shaped(input);
		if (input->held_rc != 1)
			break;
		if (hdr == NULL)
			hdr = vega_pack_begin(buffer, frame->linktype);
		if (hdr->linktype != frame->linktype ||
			!vega_pack_frame(hdr, frame->data, frame->captured_bytes, frame->wire_bytes,
				frame->recv_ns))
			break;
		input->held_rc = 0;
	}
	if (hdr == NULL)
		return input->held_rc;
	*ret_hdr = hdr;
	*ret_linktype = hdr->linktype;
	return 1;
}

static void
close_shaped(struct vega_input *base)
{
	struct shaped_input *input = (struct shaped_input *)base;

	input->inner->ops->close(input->inner);
	vega_exchange_delete(input->exchange);
	vega_record_times_delete(input->times);
	vega_input_free(base);
}

static const struct vega_input_ops shaped_ops = {.load = load_shaped, .close = close_shaped};

/* What the first block has. */
struct first {
	uint32_t frame_cnt; /* wanted ones */
	uint32_t timed_cnt;
	bool is_fine; /* some time is no whole second */
};

/* Look for the first exchange time among the wanted frames of a block. Returns 0 or a negative errno. */
static int
scan_block(struct shaped_input *input, struct first *first)
{
	struct vega_frame frame;
	uint32_t at = 0;
	uint64_t ns;

	while (vega_frame_walk(input->hdr, at, &frame, &at) == 1) {
		int rc;

		frame.frame_number = input->frame_next++;
		if (!is_wanted(input->inner, &frame))
			continue;
		frame.linktype = input->linktype;
		first->frame_cnt++;
		rc = exchange_ns(input, &frame, &ns);
		if (rc < 0)
			return rc;
		first->timed_cnt += rc == 1;
		first->is_fine |= rc == 1 && ns % SECOND_NS != 0;
		if (rc == 1 && input->now_ns == 0) {
			input->now_ns = ns;
			input->ahead_ns = (int64_t)(ns - frame.recv_ns);
		}
	}
	return 0;
}

static int
open_times(struct shaped_input *input)
{
	const struct vega_input *inner = input->inner;

	vega_record_times_delete(input->times);
	input->times = NULL;
	input->base.reader.recorded_cnt = 0;
	return inner->journal != NULL ? vega_record_times_new(inner->journal, inner->feed_idx,
						inner->from_ns, inner->to_ns, &input->times)
				      : 0;
}

static int
judge_first(const struct shaped_input *input, const struct first *first)
{
	if (input->now_ns == 0)
		return VEGA_ERR(-EBADMSG,
			"--clock exchange: need packets of a known format with exchange times, "
			"found none among the first %u of %s; `vega-decode` shows what is known",
			first->frame_cnt, input->inner->name);
	if (first->timed_cnt > 1 && !first->is_fine)
		return VEGA_ERR(-EBADMSG,
			"--clock exchange: need exchange times of a fine grain, found nothing but "
			"whole "
			"seconds in %s; leave it out (--feed), or pace by receive time",
			input->inner->name);
	return 0;
}

/*
 * Frames before the first exchange time leave with it: so it is looked for before anything is sent, in the first block. The block
 * is shaped from its beginning then, and so are its records.
 */
static int
find_first_time(struct shaped_input *input)
{
	struct first first = {0};
	int rc = open_times(input);

	while (rc == 0 && first.frame_cnt == 0) {
		rc = load_inner(input);
		if (rc <= 0)
			return rc;
		rc = scan_block(input, &first);
	}
	if (rc == 0)
		rc = judge_first(input, &first);
	if (rc == 0)
		rc = open_times(input);
	input->frame_next = input->hdr != NULL ? input->hdr->frame_first : 0;
	return rc;
}

int
vega_input_shape(
	struct vega_input *inner, const struct vega_shape *shape, struct vega_input **ret_input)
{
	struct shaped_input *input =
		vega_input_new(sizeof(*input), &shaped_ops, inner->name, 0, UINT64_MAX);
	int rc = 0;

	if (input == NULL)
		return -ENOMEM;
	input->shape = *shape;
	input->inner = inner;
	input->base.feed = inner->feed;
	input->base.linktype = inner->linktype;
	if (shape->exchange_clock)
		rc = vega_exchange_new(&input->exchange);
	if (rc == 0 && shape->exchange_clock)
		rc = find_first_time(input);
	if (rc != 0) {
		vega_exchange_delete(input->exchange);
		vega_record_times_delete(input->times);
		vega_input_free(&input->base);
		return rc;
	}
	*ret_input = &input->base;
	return 0;
}
