/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole frames out of any DPDK port: a PCI address, or a virtual device such as net_af_packet0,iface=eth1.
 *
 * Frames are copied into mbufs and handed over in order. A feed keeps to one transmit queue: the next one is given to each feed
 * as its first frame comes, and begins again with the first when all are given. A run is cut where the queue changes, and a
 * queue without room holds up the others, so the order of the hand-over is the total order. What the port makes of it
 * between its queues is the port's own; within a queue, and so within a feed, it keeps it.
 */
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"
#include "replay/dpdk_port.h"
#include "replay/input.h"
#include "replay/pace.h"
#include "replay/tx.h"

#define FLUSH_STEP_NS    1000000u
#define FLUSH_WAIT_CNT   200u
#define DEVICE_BYTES_MAX 1024u
#define QUEUE_NONE       UINT8_MAX

struct dpdk_tx {
	struct vega_tx base;
	struct vega_dpdk_port port;
	uint32_t given_cnt;                   /* feeds that have a queue */
	uint8_t queue_of[VEGA_INPUT_CNT_MAX]; /* QUEUE_NONE: the feed has sent nothing yet */
	struct rte_mbuf *mbufs[VEGA_TX_BURST_CNT_MAX];
};

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* DEVARGS as given, less our own keys. */
struct operand {
	char device[DEVICE_BYTES_MAX];
	uint64_t queue_cnt;
};

static int
take_part(struct operand *operand, const char *part, size_t bytes)
{
	static const char queues[] = "tx-queues=";
	const size_t used = strlen(operand->device);
	char value[32];

	if (strncmp(part, queues, strlen(queues)) == 0) {
		(void)snprintf(value, sizeof(value), "%.*s", (int)(bytes - strlen(queues)),
			part + strlen(queues));
		return vega_parse_u64("--out dpdk: tx-queues", value, 1, VEGA_DPDK_QUEUE_CNT_MAX,
			&operand->queue_cnt);
	}
	if (used + bytes + 2 > sizeof(operand->device))
		return VEGA_ERR(-EINVAL,
			"--out dpdk: need a device of at most %zu bytes, found more",
			sizeof(operand->device) - 1);
	(void)snprintf(operand->device + used, sizeof(operand->device) - used, "%s%.*s",
		used != 0 ? "," : "", (int)bytes, part);
	return 0;
}

static int
parse_operand(const char *text, struct operand *ret_operand)
{
	int rc = 0;

	*ret_operand = (struct operand){.queue_cnt = 1};
	for (const char *part = text; rc == 0; part++) {
		const size_t bytes = strcspn(part, ",");

		rc = take_part(ret_operand, part, bytes);
		part += bytes;
		if (*part == '\0')
			break;
	}
	return rc;
}

static int
close_dpdk(struct vega_tx *base)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;

	vega_dpdk_port_close(&tx->port);
	free(tx);
	return 0;
}

static int
open_dpdk(const char *text, uint32_t linktype, struct vega_tx **ret_tx)
{
	struct operand operand;
	struct dpdk_tx *tx;
	char linktype_text[32];
	int rc = parse_operand(text, &operand);

	if (rc != 0)
		return rc;
	if (linktype != VEGA_LINKTYPE_ETHERNET)
		return VEGA_ERR(-EBADMSG,
			"--out dpdk: need Ethernet frames, found %s; use pcap: or udp:",
			vega_linktype_text(linktype_text, linktype));
	tx = calloc(1, sizeof(*tx));
	if (tx == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the output, found none");
	tx->base.ops = &vega_tx_dpdk;
	memset(tx->queue_of, operand.queue_cnt > 1 ? QUEUE_NONE : 0, sizeof(tx->queue_of));
	rc = vega_dpdk_port_open(operand.device, (uint32_t)operand.queue_cnt, &tx->port);
	if (rc != 0) {
		free(tx);
		return rc;
	}
	*ret_tx = &tx->base;
	return 0;
}

/* ---- sending -------------------------------------------------------------------------------------------------- */

static VEGA_COLD uint8_t
give_queue(struct dpdk_tx *tx, uint32_t feed_idx)
{
	tx->queue_of[feed_idx] = (uint8_t)(tx->given_cnt++ % tx->port.queue_cnt);
	return tx->queue_of[feed_idx];
}

static inline uint8_t
queue_of(struct dpdk_tx *tx, const struct vega_frame *frame)
{
	const uint8_t queue = tx->queue_of[frame->feed_idx];

	return vega_unlikely(queue == QUEUE_NONE) ? give_queue(tx, frame->feed_idx) : queue;
}

/* The longest frame the port takes; the kernel, too, grants a tagged one four bytes more. */
static uint32_t
room_for(const struct dpdk_tx *tx, const struct vega_frame *frame)
{
	const bool tagged = frame->captured_bytes >= RTE_ETHER_HDR_LEN &&
			    ((frame->data[12] == 0x81 && frame->data[13] == 0x00) ||
				    (frame->data[12] == 0x88 && frame->data[13] == 0xa8));

	return tx->port.frame_bytes_max + (tagged ? VEGA_DPDK_TAG_BYTES : 0);
}

/* Can it go out at all? Counts why not. */
static bool
is_sendable(struct dpdk_tx *tx, const struct vega_frame *frame, bool count)
{
	struct vega_tx_counts *counts = &tx->base.counts;

	if (vega_unlikely(
		    frame->linktype != VEGA_LINKTYPE_ETHERNET || frame->captured_bytes == 0)) {
		counts->not_sent_refused += count;
		return false;
	}
	if (vega_unlikely(frame->captured_bytes > room_for(tx, frame))) {
		counts->not_sent_too_long += count;
		return false;
	}
	return true;
}

static void
fill_mbuf(struct rte_mbuf *mbuf, const struct vega_frame *frame)
{
	memcpy(rte_pktmbuf_mtod(mbuf, uint8_t *), frame->data, frame->captured_bytes);
	mbuf->data_len = (uint16_t)frame->captured_bytes;
	mbuf->pkt_len = frame->captured_bytes;
}

/* Send the frames at the front, as far as they are sendable, of one queue, and it has room. Returns how many went. */
static uint32_t
send_run(struct dpdk_tx *tx, const struct vega_frame *frames, uint32_t frame_cnt)
{
	const uint8_t queue = queue_of(tx, &frames[0]);
	uint32_t run_cnt = 1;
	uint16_t sent_cnt;

	while (run_cnt < frame_cnt && queue_of(tx, &frames[run_cnt]) == queue &&
		is_sendable(tx, &frames[run_cnt], false))
		run_cnt++;
	if (rte_pktmbuf_alloc_bulk(tx->port.pool, tx->mbufs, run_cnt) != 0)
		return 0; /* all in flight: room comes as the port sends */
	for (uint32_t i = 0; i < run_cnt; i++)
		fill_mbuf(tx->mbufs[i], &frames[i]);
	sent_cnt = rte_eth_tx_burst(tx->port.idx, queue, tx->mbufs, (uint16_t)run_cnt);
	if (sent_cnt < run_cnt)
		rte_pktmbuf_free_bulk(tx->mbufs + sent_cnt, run_cnt - sent_cnt);
	for (uint32_t i = 0; i < sent_cnt; i++)
		vega_tx_count_sent(&tx->base, &frames[i], frames[i].captured_bytes);
	return sent_cnt;
}

static int
send_dpdk(struct vega_tx *base, const struct vega_frame *frames, uint32_t frame_cnt)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;
	uint32_t done_cnt = 0;

	while (done_cnt < frame_cnt) {
		uint32_t sent_cnt;

		if (!is_sendable(tx, &frames[done_cnt], true)) {
			done_cnt++;
			continue;
		}
		sent_cnt = send_run(tx, frames + done_cnt, frame_cnt - done_cnt);
		if (sent_cnt == 0)
			break;
		done_cnt += sent_cnt;
	}
	return (int)done_cnt;
}

/*
 * A driver takes a frame before it is out, and may find it bad later: what the port did not count as sent in the end was
 * refused. Drivers that count nothing are believed.
 */
static int
flush_dpdk(struct vega_tx *base)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;
	struct rte_eth_stats stats = {0};
	uint64_t lost_cnt;

	for (uint32_t i = 0; i < FLUSH_WAIT_CNT; i++) {
		for (uint16_t queue = 0; queue < tx->port.queue_cnt; queue++)
			(void)rte_eth_tx_done_cleanup(tx->port.idx, queue, 0);
		if (rte_eth_stats_get(tx->port.idx, &stats) != 0 ||
			stats.opackets >= base->counts.packets_sent)
			return 0;
		vega_sleep_until_ns(vega_monotonic_ns() + FLUSH_STEP_NS);
	}
	if (stats.opackets == 0 && stats.oerrors == 0)
		return 0;
	lost_cnt = base->counts.packets_sent - stats.opackets;
	base->counts.packets_sent -= lost_cnt;
	base->counts.not_sent_refused += lost_cnt;
	return 0;
}

const struct vega_tx_ops vega_tx_dpdk = {
	.name = "dpdk",
	.operand = "DEVARGS[,tx-queues=N]",
	.help = "whole frames out of a DPDK port: a PCI address, or net_af_packet0,iface=IFACE",
	.speed_millionths = VEGA_SPEED_UNIT,
	.open = open_dpdk,
	.send_burst = send_dpdk,
	.flush = flush_dpdk,
	.close = close_dpdk,
};
