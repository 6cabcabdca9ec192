/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/replay/memory_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/pack.h"

#define FRAME_BYTES 60u

struct memory_input {
	struct vega_input base;
	struct memory_input_conf conf;
	uint32_t next;
};

static int
load_memory(struct vega_input *base, void *buffer, const struct vega_block_hdr **ret_hdr,
	uint32_t *ret_linktype)
{
	struct memory_input *input = (struct memory_input *)base;
	struct vega_block_hdr *hdr = vega_pack_begin(buffer, 1);
	uint8_t frame[FRAME_BYTES] = {(uint8_t)input->conf.tag};

	while (input->next < input->conf.frame_cnt &&
		hdr->packet_cnt < input->conf.frames_a_block) {
		memcpy(frame + 1, &input->next, sizeof(input->next));
		if (!vega_pack_frame(hdr, frame, FRAME_BYTES, FRAME_BYTES + 4,
			    input->conf.times_ns[input->next]))
			break;
		input->next++;
	}
	if (hdr->packet_cnt == 0 && input->conf.end_rc != 0)
		return VEGA_ERR(
			input->conf.end_rc, "need more, found the end of test %c", input->conf.tag);
	*ret_hdr = hdr;
	*ret_linktype = 1;
	return hdr->packet_cnt != 0;
}

static const struct vega_input_ops memory_ops = {.load = load_memory, .close = vega_input_free};

struct vega_input *
memory_input_new(const struct memory_input_conf *conf)
{
	const char name[2] = {conf->tag, '\0'};
	struct memory_input *input = vega_input_new(sizeof(*input), &memory_ops, name,
		conf->from_ns, conf->to_ns != 0 ? conf->to_ns : UINT64_MAX);

	if (input == NULL)
		abort();
	input->conf = *conf;
	return &input->base;
}

void
memory_input_delete(struct vega_input *input)
{
	input->ops->close(input);
}

uint32_t
memory_input_load_all(struct vega_input *input)
{
	uint32_t block_cnt = 0;

	while (vega_input_load(input) == 1)
		block_cnt++;
	return block_cnt;
}

const char *
memory_input_text(char text[16], const struct vega_frame *frame)
{
	uint32_t number;

	memcpy(&number, frame->data + 1, sizeof(number));
	(void)snprintf(text, 16, "%c%u", frame->data[0], number);
	return text;
}
