/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture file as an input: libpcap's packets, laid into blocks.
 */
#include "hugepages/base/pcapfile.h"
#include "hugepages/vega_layout.h"
#include "replay/input.h"
#include "replay/pack.h"

struct pcap_input {
	struct vega_input base;
	struct vega_pcapfile *file;
	struct vega_pcapfile_packet held; /* read, but it did not fit into the last block */
	int held_rc; /* 1: `held` is a packet; below: what ended the file; 0: nothing held */
};

static int
next_packet(struct pcap_input *input)
{
	const struct vega_pcapfile_packet *packet = &input->held;

	do {
		int rc = vega_pcapfile_next(input->file, &input->held);

		if (rc != 1)
			return rc;
	} while (packet->recv_ns < input->base.from_ns || packet->recv_ns >= input->base.to_ns);
	if (packet->captured_bytes > VEGA_FRAME_BYTES_MAX)
		return VEGA_ERR(-EBADMSG,
			"%s: packet %llu: need at most %u bytes, found %u; no frame is that long",
			input->base.name, (unsigned long long)vega_pcapfile_packet_cnt(input->file),
			VEGA_FRAME_BYTES_MAX, packet->captured_bytes);
	return 1;
}

static int
load_pcap(struct vega_input *base, void *buffer, const struct vega_block_hdr **ret_hdr,
	uint32_t *ret_linktype)
{
	struct pcap_input *input = (struct pcap_input *)base;
	struct vega_block_hdr *hdr = vega_pack_begin(buffer, base->linktype);
	const struct vega_pcapfile_packet *packet = &input->held;

	for (;;) {
		if (input->held_rc == 0)
			input->held_rc = next_packet(input);
		if (input->held_rc != 1 ||
			!vega_pack_frame(hdr, packet->data, packet->captured_bytes,
				packet->wire_bytes, packet->recv_ns))
			break;
		input->held_rc = 0;
	}
	if (hdr->packet_cnt == 0)
		return input->held_rc;
	*ret_hdr = hdr;
	*ret_linktype = base->linktype;
	return 1;
}

static void
close_pcap(struct vega_input *base)
{
	struct pcap_input *input = (struct pcap_input *)base;

	vega_pcapfile_close(input->file);
	vega_input_free(base);
}

static const struct vega_input_ops pcap_ops = {.load = load_pcap, .close = close_pcap};

int
vega_input_open_pcap(const char *path, uint64_t from_ns, uint64_t to_ns, const uint64_t *stop,
	struct vega_input **ret_input)
{
	struct vega_pcapfile *file;
	struct pcap_input *input;
	int rc = vega_pcapfile_open(path, &file);

	if (rc != 0)
		return rc;
	input = vega_input_new(sizeof(*input), &pcap_ops, path, from_ns, to_ns);
	if (input == NULL) {
		vega_pcapfile_close(file);
		return -ENOMEM;
	}
	input->file = file;
	vega_pcapfile_stop_on(file, stop);
	input->base.linktype = vega_pcapfile_linktype(file);
	*ret_input = &input->base;
	return 0;
}
