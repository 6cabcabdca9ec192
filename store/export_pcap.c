/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classic pcap with ns times: what every tool reads, and what cannot hold every journal.
 */
#include <errno.h>

#include "hugepages/base/err.h"
#include "hugepages/base/pcapout.h"
#include "store/export.h"

static int
pcap_open(struct vega_export *x)
{
	struct vega_pcapout *out;
	int rc;

	if (x->linktypes_differ)
		return VEGA_ERR(-EBADMSG, "need one link type for classic pcap, found several; use "
					  "--format pcapng, or one feed or file");
	rc = vega_pcapout_open(x->path, x->linktype, &out);
	if (rc == 0)
		x->state = out;
	return rc;
}

static int
pcap_frame(
	struct vega_export *x, const struct vega_journal_file *file, const struct vega_frame *frame)
{
	(void)file;
	if (frame->linktype != x->linktype)
		return VEGA_ERR(-EBADMSG,
			"need link type %u for classic pcap, found %u in frame %llu; use --format "
			"pcapng",
			x->linktype, frame->linktype, (unsigned long long)frame->frame_number);
	return vega_pcapout_put(
		x->state, frame->data, frame->captured_bytes, frame->wire_bytes, frame->recv_ns);
}

static int
pcap_close(struct vega_export *x)
{
	return vega_pcapout_close(x->state);
}

const struct vega_export_format vega_export_pcap = {
	"pcap", pcap_open, pcap_frame, NULL, pcap_close};
