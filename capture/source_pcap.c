/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/source_pcap.h"

#include <stdlib.h>
#include <string.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "hugepages/vega_layout.h"

/* The packets of one burst are copied here, as libpcap keeps one packet a file only. */
#define BURST_BYTES (1u << 20)

/* A file and its next packet, which lies in libpcap's buffer until the file is read again. */
struct input {
	struct vega_pcapfile *file;
	struct vega_pcapfile_packet next;
	bool has_next;
};

struct source_pcap {
	struct vega_source source;
	enum vega_pace pace;
	bool merged;
	bool started;
	uint32_t input_cnt;
	uint32_t current; /* when not merged: the file being read */
	int32_t lent;     /* the input whose packet was given out in place; -1: none */
	uint32_t used_bytes;
	uint64_t first_ns; /* recorded time of the first packet ... */
	uint64_t begin_ns; /* ... and the monotonic time it was given out at */
	struct vega_err damage;
	struct input inputs[VEGA_IF_CNT_MAX];
	uint8_t bytes[BURST_BYTES];
};

/* Read the input's next packet. The first damage is kept for the end. */
static void
advance(struct source_pcap *s, struct input *input)
{
	int rc = vega_pcapfile_next(input->file, &input->next);

	input->has_next = rc > 0;
	if (rc < 0 && s->damage.rc == 0)
		vega_err_save(&s->damage, rc);
}

/* The input whose packet comes next, or NULL at the end. */
static struct input *
choose(struct source_pcap *s)
{
	struct input *best = NULL;

	if (!s->merged) {
		for (; s->current < s->input_cnt && !s->inputs[s->current].has_next; s->current++)
			s->started = false; /* the next file keeps its own gaps */
		return s->current < s->input_cnt ? &s->inputs[s->current] : NULL;
	}
	for (struct input *i = s->inputs; i < s->inputs + s->input_cnt; i++)
		if (i->has_next && (best == NULL || i->next.recv_ns < best->next.recv_ns))
			best = i;
	return best;
}

/* At recorded pace: has the packet's moment come? */
static bool
due(struct source_pcap *s, uint64_t recv_ns, uint64_t now_ns)
{
	if (!s->started) {
		s->started = true;
		s->first_ns = recv_ns;
		s->begin_ns = now_ns;
	}
	return recv_ns <= s->first_ns || recv_ns - s->first_ns <= now_ns - s->begin_ns;
}

static void
describe(const struct source_pcap *s, const struct input *input, const uint8_t *data,
	struct vega_packet *ret_packet)
{
	*ret_packet = (struct vega_packet){
		.data = data,
		.recv_ns = input->next.recv_ns,
		.captured_bytes = input->next.captured_bytes,
		.wire_bytes = input->next.wire_bytes,
		.interface_id = (uint32_t)(input - s->inputs),
	};
}

static void
take_copy(struct source_pcap *s, struct input *input, struct vega_packet *ret_packet)
{
	uint8_t *copy = s->bytes + s->used_bytes;

	memcpy(copy, input->next.data, input->next.captured_bytes);
	s->used_bytes += input->next.captured_bytes;
	describe(s, input, copy, ret_packet);
	advance(s, input);
}

/* The last burst was released: its copies may be written over, and a lent packet is done with. */
static void
prepare(struct source_pcap *s)
{
	if (s->lent >= 0)
		advance(s, &s->inputs[s->lent]);
	s->lent = -1;
	s->used_bytes = 0;
}

static int
source_pcap_burst(struct vega_source *source, struct vega_packet *packets, uint32_t max)
{
	struct source_pcap *s = (struct source_pcap *)source;
	const uint64_t now_ns = s->pace == VEGA_PACE_RECORDED ? vega_monotonic_ns() : 0;
	struct input *input = NULL;
	uint32_t cnt = 0;

	prepare(s);
	while (cnt < max) {
		uint32_t linktype;

		input = choose(s);
		if (input == NULL)
			break;
		linktype = vega_pcapfile_linktype(input->file);
		if (cnt > 0 && linktype != source->linktype)
			break;
		if (s->pace == VEGA_PACE_RECORDED && !due(s, input->next.recv_ns, now_ns))
			break;
		source->linktype = linktype;
		if (input->next.captured_bytes <= BURST_BYTES - s->used_bytes) {
			take_copy(s, input, &packets[cnt++]);
			continue;
		}
		if (cnt == 0) { /* larger than the whole buffer: alone, and where it lies */
			describe(s, input, input->next.data, &packets[cnt++]);
			s->lent = (int32_t)(input - s->inputs);
		}
		break;
	}
	if (cnt > 0 || input != NULL)
		return (int)cnt;
	return s->damage.rc != 0 ? vega_err_restore(&s->damage) : -ENODATA;
}

/* Nothing to give back: the next burst writes over this one. */
static void
source_pcap_release(struct vega_source *source)
{
	(void)source;
}

static void
source_pcap_close(struct vega_source *source)
{
	struct source_pcap *s = (struct source_pcap *)source;

	for (uint32_t i = 0; i < s->input_cnt; i++)
		vega_pcapfile_close(s->inputs[i].file);
	free(s);
}

static const struct vega_source_ops source_pcap_ops = {
	.name = "pcap",
	.burst = source_pcap_burst,
	.release = source_pcap_release,
	.close = source_pcap_close,
};

static int
check_paths(const char *const *paths, uint32_t path_cnt)
{
	uint32_t stdin_cnt = 0;

	if (path_cnt == 0 || path_cnt > VEGA_IF_CNT_MAX)
		return VEGA_ERR(-EINVAL,
			"need 1 to %u capture files at a time (one interface a file), found %u; "
			"capture them in turns",
			VEGA_IF_CNT_MAX, path_cnt);
	for (uint32_t i = 0; i < path_cnt; i++)
		stdin_cnt += strcmp(paths[i], "-") == 0;
	if (stdin_cnt > 1)
		return VEGA_ERR(-EINVAL, "need standard input (-) at most once, found it %u times",
			stdin_cnt);
	return 0;
}

int
vega_source_pcap_open(const char *const *paths, uint32_t path_cnt, enum vega_pace pace,
	struct vega_source **ret_source)
{
	struct source_pcap *s;
	int rc = check_paths(paths, path_cnt);

	if (rc != 0)
		return rc;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a burst of packets");
	s->source.ops = &source_pcap_ops;
	s->source.lossless = pace == VEGA_PACE_MAX;
	s->pace = pace;
	s->merged = true;
	s->lent = -1;
	for (; s->input_cnt < path_cnt; s->input_cnt++) {
		rc = vega_pcapfile_open(paths[s->input_cnt], &s->inputs[s->input_cnt].file);
		if (rc != 0) {
			source_pcap_close(&s->source);
			return rc;
		}
		s->merged = s->merged && vega_pcapfile_linktype(s->inputs[s->input_cnt].file) ==
						 vega_pcapfile_linktype(s->inputs[0].file);
	}
	s->source.linktype = vega_pcapfile_linktype(s->inputs[0].file);
	for (uint32_t i = 0; i < path_cnt; i++)
		advance(s, &s->inputs[i]);
	*ret_source = &s->source;
	return 0;
}

void
vega_source_pcap_stop_on(struct vega_source *source, const uint64_t *stop)
{
	struct source_pcap *s = (struct source_pcap *)source;

	for (uint32_t i = 0; i < s->input_cnt; i++)
		vega_pcapfile_stop_on(s->inputs[i].file, stop);
}
