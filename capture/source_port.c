/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/source_port.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <rte_prefetch.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"

/* Room for the copies of one burst; a frame above it is cut, and too large for a lane anyway. */
#define BOUNCE_BYTES (1u << 20)
#define MAC_BYTES    12u /* both addresses: a VLAN tag stands behind them */
#define TAG_BYTES    4u

#define STRIPPED (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED)

struct source_port {
	struct vega_source source;
	uint16_t port_id;
	uint16_t queue;
	uint32_t interface_id;
	const struct vega_stamp *tsc; /* of the lcore that polls this source */
	const struct vega_stamp_cell *nic_cell;
	uint64_t nic_seen;
	struct vega_stamp nic;
	uint64_t nic_flag; /* of mbufs that carry the port's time; 0: none does */
	size_t nic_field_off;
	uint64_t back_seen;
	uint64_t last_ns;
	uint64_t batch_ns; /* when the mbufs were received */
	uint32_t mbuf_cnt;
	uint32_t at; /* mbufs before it were given out */
	uint32_t bounce_used_bytes;
	uint8_t *bounce;
	struct rte_mbuf *mbufs[VEGA_BURST_CNT_MAX];
};

/* Time of now, not before the last one but where the clock was stepped backward. */
static uint64_t
now_ns(struct source_port *s)
{
	uint64_t ns;

	if (s->nic_flag != 0)
		(void)vega_stamp_refresh(s->nic_cell, &s->nic_seen, &s->nic);
	ns = vega_stamp_ns(s->tsc, vega_ticks());
	if (vega_unlikely(ns < s->last_ns) && s->tsc->back_cnt == s->back_seen)
		return s->last_ns;
	s->back_seen = s->tsc->back_cnt;
	s->last_ns = ns;
	return ns;
}

static void
put_tag(uint8_t **at, uint16_t type, uint16_t tci)
{
	const uint8_t tag[TAG_BYTES] = {
		(uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(tci >> 8), (uint8_t)tci};

	memcpy(*at, tag, TAG_BYTES);
	*at += TAG_BYTES;
}

/* Up to max bytes of a frame that may lie in several buffers, from offset off on. Returns how many. */
static uint32_t
gather(const struct rte_mbuf *m, uint32_t off, uint8_t *to, uint32_t max)
{
	uint32_t done = 0;

	for (; m != NULL && done < max; m = m->next) {
		const uint32_t skip = off < m->data_len ? off : m->data_len;
		uint32_t piece = m->data_len - skip;

		off -= skip;
		piece = piece < max - done ? piece : max - done;
		memcpy(to + done, rte_pktmbuf_mtod_offset(m, const uint8_t *, skip), piece);
		done += piece;
	}
	return done;
}

/* The frame as it was received, in one piece. Returns false when the burst has no more room for copies. */
static bool
copy_whole(struct source_port *s, const struct rte_mbuf *m, struct vega_packet *packet)
{
	const bool two = (m->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED) != 0;
	const uint32_t tag_bytes = (m->ol_flags & STRIPPED) == 0 ? 0
				   : two                         ? 2 * TAG_BYTES
								 : TAG_BYTES;
	const uint32_t left_bytes = BOUNCE_BYTES - s->bounce_used_bytes;
	uint8_t *const copy = s->bounce + s->bounce_used_bytes;
	uint8_t *at = copy;

	if (m->pkt_len + tag_bytes > left_bytes && s->bounce_used_bytes != 0)
		return false;
	if (tag_bytes != 0) {
		at += gather(m, 0, at, MAC_BYTES);
		if (two)
			put_tag(&at, RTE_ETHER_TYPE_QINQ, m->vlan_tci_outer);
		put_tag(&at, RTE_ETHER_TYPE_VLAN, m->vlan_tci);
		at += gather(m, MAC_BYTES, at, left_bytes - MAC_BYTES - tag_bytes);
	} else {
		at += gather(m, 0, at, left_bytes);
	}
	packet->data = copy;
	packet->captured_bytes = (uint32_t)(at - copy);
	packet->wire_bytes = m->pkt_len + tag_bytes;
	s->bounce_used_bytes += packet->captured_bytes;
	return true;
}

static uint64_t
time_of(const struct source_port *s, const struct rte_mbuf *m)
{
	if (vega_likely((m->ol_flags & s->nic_flag) == 0))
		return s->batch_ns;
	return vega_stamp_ns(
		&s->nic, *RTE_MBUF_DYNFIELD(m, s->nic_field_off, const rte_mbuf_timestamp_t *));
}

static VEGA_ALWAYS_INLINE bool
describe(struct source_port *s, const struct rte_mbuf *m, struct vega_packet *packet)
{
	packet->recv_ns = time_of(s, m);
	packet->interface_id = s->interface_id;
	packet->reserved = 0;
	if (vega_unlikely(m->nb_segs != 1 || (m->ol_flags & STRIPPED) != 0))
		return copy_whole(s, m, packet);
	packet->data = rte_pktmbuf_mtod(m, const uint8_t *);
	packet->captured_bytes = m->data_len;
	packet->wire_bytes = m->pkt_len;
	return true;
}

static int
source_port_burst(struct vega_source *source, struct vega_packet *packets, uint32_t max)
{
	struct source_port *s = (struct source_port *)source;
	uint32_t cnt = 0;

	if (vega_likely(s->at == s->mbuf_cnt)) {
		s->at = 0;
		s->mbuf_cnt = rte_eth_rx_burst(s->port_id, s->queue, s->mbufs, (uint16_t)max);
		if (s->mbuf_cnt == 0)
			return 0;
		s->batch_ns = now_ns(s);
	}
	while (cnt < max && s->at < s->mbuf_cnt) {
		if (vega_likely(s->at + 4 < s->mbuf_cnt))
			rte_prefetch0(rte_pktmbuf_mtod(s->mbufs[s->at + 4], void *));
		if (!describe(s, s->mbufs[s->at], &packets[cnt]))
			break;
		s->at++;
		cnt++;
	}
	return (int)cnt;
}

/* The mbufs go back when the last of them was given out. */
static void
source_port_release(struct vega_source *source)
{
	struct source_port *s = (struct source_port *)source;

	s->bounce_used_bytes = 0;
	if (vega_unlikely(s->at < s->mbuf_cnt))
		return;
	rte_pktmbuf_free_bulk(s->mbufs, s->mbuf_cnt);
	s->mbuf_cnt = 0;
	s->at = 0;
}

static void
source_port_close(struct vega_source *source)
{
	struct source_port *s = (struct source_port *)source;

	rte_pktmbuf_free_bulk(s->mbufs, s->mbuf_cnt);
	free(s->bounce);
	free(s);
}

static const struct vega_source_ops source_port_ops = {
	.name = "port",
	.burst = source_port_burst,
	.release = source_port_release,
	.close = source_port_close,
};

int
vega_source_port_open(const struct vega_port *port, uint16_t queue, uint32_t interface_id,
	const struct vega_stamp *tsc, struct vega_source **ret_source)
{
	struct source_port *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->bounce = malloc(BOUNCE_BYTES)) == NULL) {
		free(s);
		return VEGA_ERR(-ENOMEM, "port %s: need memory for a burst of packets", port->name);
	}
	s->source.ops = &source_port_ops;
	s->source.linktype = VEGA_LINKTYPE_ETHERNET;
	s->port_id = port->port_id;
	s->queue = queue;
	s->interface_id = interface_id;
	s->tsc = tsc;
	s->nic_cell = &port->nic_cell;
	s->nic_field_off = (size_t)port->nic_field_off;
	s->nic_flag = port->nic_flag;
	*ret_source = &s->source;
	return 0;
}
