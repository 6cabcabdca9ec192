/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole frames out of any DPDK port: a PCI address, or a virtual device such as net_af_packet0,iface=eth1.
 *
 * Frames are copied into mbufs and handed over in order. A feed keeps to one transmit queue: the next one is given to each feed
 * as its first frame comes, and begins again with the first when all are given. A run is cut where the queue changes, and a
 * queue without room holds up the others, so the order of the hand-over is the total order. What the port makes of it
 * between its queues is the port's own; within a queue, and so within a feed, it keeps it.
 *
 * A port that sends on timestamp gets frames a lead before they are due. The first of those with one deadline carries it, in
 * ticks of the port's clock, and the others follow it: so the port keeps the order of a queue, and bursts stay bursts. The line
 * from our time to its clock is made anew by a thread that looks after the output.
 */
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"
#include "replay/dpdk_port.h"
#include "replay/input.h"
#include "replay/link.h"
#include "replay/pace.h"
#include "replay/ticker.h"
#include "replay/tx.h"
#include "replay/tx_clock.h"
#include "replay/warm_up.h"

#define FLUSH_STEP_NS    1000000u
#define FLUSH_WAIT_CNT   200u
#define DEVICE_BYTES_MAX 1024u
#define QUEUE_NONE       UINT8_MAX
#define LEAD_NS          1000000u /* a sender that is kept from its processor so long is not late yet */
#define LOOK_NS          100000000u
#define FIRST_LOOK_NS    20000000u /* between the two looks that tell the rate of the port's clock */

struct dpdk_tx {
	struct vega_tx base;
	struct vega_dpdk_port port;
	uint32_t given_cnt;                   /* feeds that have a queue */
	uint8_t queue_of[VEGA_INPUT_CNT_MAX]; /* QUEUE_NONE: the feed has sent nothing yet */
	uint64_t ticks_last[VEGA_DPDK_QUEUE_CNT_MAX]; /* of each queue: its times never go back */
	struct vega_link link;
	struct vega_warm_up warm_up;
	struct vega_tx_clock clock;
	struct vega_ticker ticker;
	struct rte_mbuf *mbufs[VEGA_TX_BURST_CNT_MAX];
};

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* DEVARGS as given, less our own keys. */
struct operand {
	char device[DEVICE_BYTES_MAX];
	uint64_t queue_cnt;
	bool may_stamp;
};

/* "KEY=VALUE": is it ours, and what is its value? */
static bool
take_value(const char *part, size_t bytes, const char *key, char value[32])
{
	const size_t key_bytes = strlen(key);

	if (strncmp(part, key, key_bytes) != 0)
		return false;
	(void)snprintf(value, 32, "%.*s", (int)(bytes - key_bytes), part + key_bytes);
	return true;
}

static int
parse_switch(const char *value, bool *ret_on)
{
	*ret_on = strcmp(value, "on") == 0;
	if (*ret_on || strcmp(value, "off") == 0)
		return 0;
	return VEGA_ERR(
		-EINVAL, "--out dpdk: send-on-timestamp: need on or off, found '%s'", value);
}

static int
take_part(struct operand *operand, const char *part, size_t bytes)
{
	const size_t used = strlen(operand->device);
	char value[32];

	if (take_value(part, bytes, "tx-queues=", value))
		return vega_parse_u64("--out dpdk: tx-queues", value, 1, VEGA_DPDK_QUEUE_CNT_MAX,
			&operand->queue_cnt);
	if (take_value(part, bytes, "send-on-timestamp=", value))
		return parse_switch(value, &operand->may_stamp);
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

	*ret_operand = (struct operand){.queue_cnt = 1, .may_stamp = true};
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
read_clock(void *arg, uint64_t *ret_ticks)
{
	return rte_eth_read_clock(((struct dpdk_tx *)arg)->port.idx, ret_ticks);
}

/* The ticker's: a look that fails leaves the line as it is. */
static void
look_at_clock(void *arg)
{
	struct dpdk_tx *tx = arg;

	if (vega_tx_clock_look(&tx->clock, read_clock, tx) == 0)
		vega_tx_clock_publish(&tx->clock);
}

/* The line has to be there before the first frame. */
static int
start_clock(struct dpdk_tx *tx)
{
	if (!tx->port.stamps)
		return 0;
	look_at_clock(tx);
	vega_sleep_until_ns(vega_monotonic_ns() + FIRST_LOOK_NS);
	look_at_clock(tx);
	vega_tx_clock_refresh(&tx->clock);
	if (tx->clock.line.rate_q32 == 0)
		return VEGA_ERR(-ENODEV,
			"--out dpdk: need a port's clock that goes, found one that stands; give "
			"send-on-timestamp=off");
	tx->base.lead_ns = LEAD_NS;
	return vega_ticker_start(&tx->ticker, LOOK_NS, look_at_clock, tx);
}

static int
close_dpdk(struct vega_tx *base)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;

	const int rc = vega_tx_verdict(base);

	vega_ticker_stop(&tx->ticker);
	vega_link_leave(&tx->link);
	vega_warm_up_close(&tx->warm_up);
	vega_dpdk_port_close(&tx->port);
	free(tx);
	return rc;
}

static int
open_dpdk(const char *text, uint32_t linktype, struct vega_tx **ret_tx)
{
	struct vega_dpdk_port_conf conf;
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
	tx = aligned_alloc(VEGA_GUARD_BYTES, vega_align_up(sizeof(*tx), VEGA_GUARD_BYTES));
	if (tx == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the output, found none");
	*tx = (struct dpdk_tx){0};
	tx->base.ops = &vega_tx_dpdk;
	memset(tx->queue_of, operand.queue_cnt > 1 ? QUEUE_NONE : 0, sizeof(tx->queue_of));
	conf = (struct vega_dpdk_port_conf){
		operand.device, (uint32_t)operand.queue_cnt, operand.may_stamp};
	rc = vega_dpdk_port_open(&conf, &tx->port);
	if (rc != 0) {
		free(tx);
		return rc;
	}
	tx->base.is_serial = tx->port.by_kernel;
	vega_warm_up_init(
		&tx->warm_up, tx->port.by_kernel ? VEGA_WARM_UP_FRAMES : VEGA_WARM_UP_NONE);
	rc = vega_link_watch(
		&tx->link, "dpdk", tx->port.iface_idx, vega_dpdk_port_is_up, &tx->port);
	if (rc == 0)
		rc = start_clock(tx);
	if (rc != 0) {
		(void)close_dpdk(&tx->base);
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

/* Tell the port when. A frame that was not taken gets its time again, and then by the newest line. */
static void
stamp_run(struct dpdk_tx *tx, const uint64_t *due_ns, uint32_t run_cnt, uint64_t ticks_last,
	uint64_t *ret_ticks)
{
	const struct vega_dpdk_port *port = &tx->port;

	vega_tx_clock_refresh(&tx->clock);
	for (uint32_t i = 0; i < run_cnt; i++) {
		const uint64_t ticks = vega_tx_line_ticks(&tx->clock.line, due_ns[i]);

		if (ticks > ticks_last)
			ticks_last = ticks;
		ret_ticks[i] = ticks_last;
		if (i != 0 && due_ns[i] == due_ns[i - 1])
			continue;
		*RTE_MBUF_DYNFIELD(tx->mbufs[i], port->stamp_off, rte_mbuf_timestamp_t *) =
			ticks_last;
		tx->mbufs[i]->ol_flags |= port->stamp_flag;
	}
}

/* Send the frames at the front, as far as they are sendable, of one queue, and it has room. Returns how many went. */
static uint32_t
send_run(struct dpdk_tx *tx, const struct vega_frame *frames, const uint64_t *due_ns,
	uint32_t frame_cnt)
{
	const uint8_t queue = queue_of(tx, &frames[0]);
	uint64_t ticks[VEGA_TX_BURST_CNT_MAX];
	uint32_t run_cnt = 1;
	uint16_t sent_cnt;

	while (run_cnt < frame_cnt && queue_of(tx, &frames[run_cnt]) == queue &&
		is_sendable(tx, &frames[run_cnt], false))
		run_cnt++;
	if (rte_pktmbuf_alloc_bulk(tx->port.pool, tx->mbufs, run_cnt) != 0)
		return 0; /* all in flight: room comes as the port sends */
	for (uint32_t i = 0; i < run_cnt; i++)
		fill_mbuf(tx->mbufs[i], &frames[i]);
	if (due_ns != NULL)
		stamp_run(tx, due_ns, run_cnt, tx->ticks_last[queue], ticks);
	sent_cnt = rte_eth_tx_burst(tx->port.idx, queue, tx->mbufs, (uint16_t)run_cnt);
	if (sent_cnt < run_cnt)
		rte_pktmbuf_free_bulk(tx->mbufs + sent_cnt, run_cnt - sent_cnt);
	if (due_ns != NULL && sent_cnt != 0)
		tx->ticks_last[queue] = ticks[sent_cnt - 1];
	for (uint32_t i = 0; i < sent_cnt; i++)
		vega_tx_count_sent(&tx->base, &frames[i], frames[i].captured_bytes);
	return sent_cnt;
}

static VEGA_COLD int
without_link(struct dpdk_tx *tx, enum vega_link_state state, uint32_t frame_cnt)
{
	if (state == VEGA_LINK_GONE)
		return VEGA_ERR(-ENODEV,
			"--out dpdk: need the port's interface to the end, found it gone; `ip "
			"link` lists what is there");
	tx->base.counts.not_sent_down += frame_cnt;
	return (int)frame_cnt;
}

static int
send_dpdk(struct vega_tx *base, const struct vega_frame *frames, const uint64_t *due_ns,
	uint32_t frame_cnt)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;
	const enum vega_link_state state = vega_link_now(&tx->link);
	uint32_t done_cnt = 0;

	if (vega_unlikely(state != VEGA_LINK_UP))
		return without_link(tx, state, frame_cnt);
	while (done_cnt < frame_cnt) {
		uint32_t sent_cnt;

		if (!is_sendable(tx, &frames[done_cnt], true)) {
			done_cnt++;
			continue;
		}
		sent_cnt = send_run(tx, frames + done_cnt,
			due_ns != NULL ? due_ns + done_cnt : NULL, frame_cnt - done_cnt);
		if (sent_cnt == 0)
			break;
		done_cnt += sent_cnt;
	}
	return (int)done_cnt;
}

/* A packet buffer, whatever the port; and the way through the kernel, where its driver sends by that: only this one counts. */
static bool
warm_up_dpdk(struct vega_tx *base, const struct vega_frame *frame)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;

	if (!is_sendable(tx, frame, false) ||
		rte_pktmbuf_alloc_bulk(tx->port.pool, tx->mbufs, 1) != 0)
		return false;
	fill_mbuf(tx->mbufs[0], frame);
	rte_pktmbuf_free(tx->mbufs[0]);
	return vega_warm_up_send(&tx->warm_up, frame->data, frame->captured_bytes);
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

	vega_sleep_until_ns(vega_monotonic_ns() + base->lead_ns); /* what it sends by itself */
	for (uint32_t i = 0; i < FLUSH_WAIT_CNT; i++) {
		for (uint32_t queue = 0; queue < tx->port.queue_cnt; queue++)
			(void)rte_eth_tx_done_cleanup(tx->port.idx, (uint16_t)queue, 0);
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
	.operand = "DEVARGS[,tx-queues=N][,send-on-timestamp=off]",
	.help = "whole frames out of a DPDK port: a PCI address, or net_af_packet0,iface=IFACE",
	.speed_millionths = VEGA_SPEED_UNIT,
	.open = open_dpdk,
	.send_burst = send_dpdk,
	.warm_up = warm_up_dpdk,
	.flush = flush_dpdk,
	.close = close_dpdk,
};
