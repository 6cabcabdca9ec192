/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Into a pcap file, with the receive times as recorded: the same input gives the same bytes.
 */
#include <stdlib.h>

#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"
#include "hugepages/base/pcapout.h"
#include "replay/tx.h"

struct pcap_tx {
	struct vega_tx base;
	struct vega_pcapout *out;
	uint32_t linktype;
};

static int
open_pcap(const char *operand, uint32_t linktype, struct vega_tx **ret_tx)
{
	struct pcap_tx *tx = calloc(1, sizeof(*tx));
	int rc;

	if (tx == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the output, found none");
	rc = vega_pcapout_open(operand, linktype, &tx->out);
	if (rc != 0) {
		free(tx);
		return rc;
	}
	tx->base.ops = &vega_tx_pcap;
	tx->linktype = linktype;
	*ret_tx = &tx->base;
	return 0;
}

static VEGA_COLD int
wrong_linktype(const struct pcap_tx *tx, uint32_t found)
{
	char needed_text[32];
	char found_text[32];

	return VEGA_ERR(-EBADMSG,
		"need one link type for a pcap file, found %s after %s; replay feeds of one link "
		"type (--feed)",
		vega_linktype_text(found_text, found),
		vega_linktype_text(needed_text, tx->linktype));
}

static int
send_pcap(struct vega_tx *base, const struct vega_frame *frames, const uint64_t *due_ns VEGA_UNUSED,
	uint32_t frame_cnt)
{
	struct pcap_tx *tx = (struct pcap_tx *)base;

	for (uint32_t i = 0; i < frame_cnt; i++) {
		const struct vega_frame *frame = &frames[i];
		int rc;

		if (vega_unlikely(frame->linktype != tx->linktype))
			return wrong_linktype(tx, frame->linktype);
		rc = vega_pcapout_put(tx->out, frame->data, frame->captured_bytes,
			frame->wire_bytes, frame->recv_ns);
		if (vega_unlikely(rc != 0))
			return rc;
		vega_tx_count_sent(base, frame, frame->captured_bytes);
	}
	return (int)frame_cnt;
}

static int
flush_pcap(struct vega_tx *base)
{
	return vega_pcapout_flush(((struct pcap_tx *)base)->out);
}

static int
close_pcap(struct vega_tx *base)
{
	int rc = vega_pcapout_close(((struct pcap_tx *)base)->out);

	free(base);
	return rc;
}

const struct vega_tx_ops vega_tx_pcap = {
	.name = "pcap",
	.operand = "FILE",
	.help = "a pcap file, with the receive times as recorded",
	.speed_millionths = 0,
	.open = open_pcap,
	.send_burst = send_pcap,
	.flush = flush_pcap,
	.close = close_pcap,
};
