/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/tx_fan.h"

#include <stdlib.h>
#include <string.h>

#include "hugepages/base/linktype.h"

struct fan_tx {
	struct vega_tx base;
	uint32_t out_cnt;
	struct vega_tx *outs
		[VEGA_FAN_OUT_CNT_MAX]; /* an output that several feeds have stands once for each */
	struct vega_tx *of_input[VEGA_INPUT_CNT_MAX];
};

/* The output of an input's feed, else the one for all others. Returns out_cnt when there is neither. */
static uint32_t
find_out(const struct vega_fan_out *outs, uint32_t out_cnt, const struct vega_input *input)
{
	uint32_t found = out_cnt;

	for (uint32_t i = 0; i < out_cnt; i++) {
		if (outs[i].feed[0] == '\0' && found == out_cnt)
			found = i;
		else if (input->feed != NULL && strcmp(outs[i].feed, input->feed) == 0)
			return i;
	}
	return found;
}

/* Every feed needs an output, and every output a feed. */
static int
check_feeds(const struct vega_fan_out *outs, uint32_t out_cnt, const struct vega_inputs *inputs)
{
	bool is_used[VEGA_FAN_OUT_CNT_MAX] = {false};

	for (uint32_t i = 0; i < inputs->input_cnt; i++) {
		const uint32_t out = find_out(outs, out_cnt, inputs->inputs[i]);

		if (out == out_cnt)
			return VEGA_ERR(-EINVAL,
				"--out: need an output for %s, found none; give one without FEED= "
				"for all others, or leave it out (--feed)",
				inputs->inputs[i]->name);
		is_used[out] = true;
	}
	for (uint32_t i = 0; i < out_cnt; i++)
		if (!is_used[i] && outs[i].feed[0] != '\0')
			return VEGA_ERR(-EINVAL,
				"--out: need a feed of the journal before =, found '%s'; "
				"`vega-journal info` lists them",
				outs[i].feed);
	return 0;
}

/* The link type that an output's first input begins with. */
static uint32_t
linktype_of(const struct vega_fan_out *outs, uint32_t out_cnt, uint32_t idx,
	const struct vega_inputs *inputs)
{
	for (uint32_t i = 0; i < inputs->input_cnt; i++)
		if (find_out(outs, out_cnt, inputs->inputs[i]) == idx)
			return inputs->inputs[i]->linktype;
	return inputs->input_cnt != 0 ? inputs->inputs[0]->linktype : VEGA_LINKTYPE_ETHERNET;
}

/* All send by themselves, or none does: times by two ways have no order. */
static uint64_t
lead_of(const struct fan_tx *fan)
{
	uint64_t lead_ns = UINT64_MAX;

	for (uint32_t i = 0; i < fan->out_cnt; i++)
		lead_ns = fan->outs[i]->lead_ns < lead_ns ? fan->outs[i]->lead_ns : lead_ns;
	return lead_ns;
}

static bool
is_first(const struct fan_tx *fan, uint32_t idx)
{
	for (uint32_t i = 0; i < idx; i++)
		if (fan->outs[i] == fan->outs[idx])
			return false;
	return true;
}

static int
open_outs(struct fan_tx *fan, const struct vega_fan_out *outs, uint32_t out_cnt,
	const struct vega_inputs *inputs)
{
	for (uint32_t i = 0; i < out_cnt; i++) {
		uint32_t same = 0;
		int rc;

		while (strcmp(outs[same].spec, outs[i].spec) != 0)
			same++;
		if (same < i) {
			fan->outs[fan->out_cnt++] = fan->outs[same];
			continue;
		}
		rc = outs[i].ops->open(
			outs[i].operand, linktype_of(outs, out_cnt, i, inputs), &fan->outs[i]);
		if (rc != 0)
			return rc;
		fan->out_cnt++;
	}
	for (uint32_t i = 0; i < inputs->input_cnt; i++)
		fan->of_input[i] = fan->outs[find_out(outs, out_cnt, inputs->inputs[i])];
	return 0;
}

static int
send_fan(struct vega_tx *base, const struct vega_frame *frames, const uint64_t *due_ns,
	uint32_t frame_cnt)
{
	struct fan_tx *fan = (struct fan_tx *)base;
	uint32_t done_cnt = 0;

	while (done_cnt < frame_cnt) {
		struct vega_tx *out = fan->of_input[frames[done_cnt].feed_idx];
		uint32_t end = done_cnt + 1;
		int sent;

		while (end < frame_cnt && fan->of_input[frames[end].feed_idx] == out)
			end++;
		sent = out->ops->send_burst(out, frames + done_cnt,
			due_ns != NULL ? due_ns + done_cnt : NULL, end - done_cnt);
		if (sent < 0)
			return sent;
		done_cnt += (uint32_t)sent;
		if (done_cnt < end)
			break; /* full: nothing behind these frames may leave before them */
	}
	return (int)done_cnt;
}

static bool
warm_up_fan(struct vega_tx *base, const struct vega_frame *frame)
{
	struct vega_tx *out = ((struct fan_tx *)base)->of_input[frame->feed_idx];

	return out->ops->warm_up != NULL && out->ops->warm_up(out, frame);
}

static void
add_counts(struct vega_tx_counts *sum, const struct vega_tx_counts *one)
{
	sum->packets_sent += one->packets_sent;
	sum->bytes_sent += one->bytes_sent;
	sum->packets_cut += one->packets_cut;
#define ADD_REASON(name, doc) sum->not_sent_##name += one->not_sent_##name;
	VEGA_TX_REASONS(ADD_REASON)
#undef ADD_REASON
}

static int
flush_fan(struct vega_tx *base)
{
	struct fan_tx *fan = (struct fan_tx *)base;
	int first = 0;

	base->counts = (struct vega_tx_counts){0};
	for (uint32_t i = 0; i < fan->out_cnt; i++) {
		int rc;

		if (!is_first(fan, i))
			continue;
		rc = fan->outs[i]->ops->flush(fan->outs[i]);
		first = first != 0 ? first : rc;
		add_counts(&base->counts, &fan->outs[i]->counts);
	}
	return first;
}

static int
close_fan(struct vega_tx *base)
{
	struct fan_tx *fan = (struct fan_tx *)base;
	int first = 0;

	for (uint32_t i = fan->out_cnt; i-- > 0;) {
		int rc = is_first(fan, i) ? fan->outs[i]->ops->close(fan->outs[i]) : 0;

		first = first != 0 ? first : rc;
	}
	free(fan);
	return first;
}

static const struct vega_tx_ops vega_tx_fan = {
	.name = "fan",
	.send_burst = send_fan,
	.warm_up = warm_up_fan,
	.flush = flush_fan,
	.close = close_fan,
};

int
vega_tx_fan_open(const struct vega_fan_out *outs, uint32_t out_cnt,
	const struct vega_inputs *inputs, struct vega_tx **ret_tx)
{
	struct fan_tx *fan;
	int rc = check_feeds(outs, out_cnt, inputs);

	if (rc != 0)
		return rc;
	if (out_cnt == 1)
		return outs[0].ops->open(outs[0].operand, linktype_of(outs, 1, 0, inputs), ret_tx);
	fan = calloc(1, sizeof(*fan));
	if (fan == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the outputs, found none");
	fan->base.ops = &vega_tx_fan;
	rc = open_outs(fan, outs, out_cnt, inputs);
	if (rc != 0) {
		struct vega_err err;

		vega_err_save(&err, rc);
		(void)close_fan(&fan->base);
		return vega_err_restore(&err);
	}
	fan->base.lead_ns = lead_of(fan);
	*ret_tx = &fan->base;
	return 0;
}
