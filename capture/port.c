/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/port.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <stdio.h>
#include <string.h>

#include "capture/eal.h"
#include "capture/port_check.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"

#define RX_DESC_CNT       1024u
#define TX_DESC_CNT       64u
#define POOL_CACHE_CNT    256u
#define MBUF_CNT_MIN      8192u
#define NIC_MEASURE_NS    50000000u
#define MBUF_METADATA_MAX 512u /* mbuf, headroom, the pool's own; rounded up */

static uint32_t
mbuf_cnt_of(const struct vega_conf_port *conf)
{
	const uint32_t desc_cnt = conf->rx_desc_cnt != 0 ? conf->rx_desc_cnt : RX_DESC_CNT;
	const uint32_t cnt = conf->queue_cnt * (2 * desc_cnt + POOL_CACHE_CNT);

	if (conf->mbuf_cnt != 0)
		return conf->mbuf_cnt;
	return cnt > MBUF_CNT_MIN ? cnt : MBUF_CNT_MIN;
}

/* A frame lies in one buffer, a jumbo too: gathering scattered ones would copy each. */
static uint32_t
room_bytes_of(const struct vega_conf_port *conf)
{
	const uint32_t room = vega_port_room_bytes(conf->device);
	const uint32_t frame = conf->mtu + VEGA_PORT_L2_BYTES;

	return conf->mtu != 0 && frame > room ? frame : room;
}

uint64_t
vega_port_pool_bytes(const struct vega_conf_port *conf)
{
	return (uint64_t)mbuf_cnt_of(conf) * (room_bytes_of(conf) + MBUF_METADATA_MAX);
}

/* The name the device goes by in DPDK: what stands before its arguments. */
static void
device_name(const char *device, char *buf, size_t bytes)
{
	(void)snprintf(buf, bytes, "%.*s", (int)strcspn(device, ","), device);
}

static int
probe(const struct vega_conf_port *conf, struct vega_port *port)
{
	char device[RTE_ETH_NAME_MAX_LEN];
	int rc;

	device_name(conf->device, device, sizeof(device));
	if (rte_eth_dev_get_port_by_name(device, &port->port_id) == 0)
		return 0; /* a PCI device the EAL found when it started */
	vega_eal_reason_clear();
	rc = rte_dev_probe(conf->device);
	if (rc == 0 && rte_eth_dev_get_port_by_name(device, &port->port_id) == 0) {
		port->probed = true;
		return 0;
	}
	/* Drivers return -1 for everything, which is -EPERM's value: only their words tell. */
	rc = strstr(vega_eal_reason(), "ermission denied") != NULL ? -EACCES : -ENODEV;
	return VEGA_ERR(rc,
		"port %s: need a device that DPDK can open, found: %s; check its name and "
		"arguments (PCI devices must be bound "
		"to vfio-pci)",
		conf->device, vega_eal_reason());
}

static int
make_pool(const struct vega_conf_port *conf, struct vega_port *port)
{
	const uint32_t room = RTE_PKTMBUF_HEADROOM + room_bytes_of(conf);
	char name[RTE_MEMPOOL_NAMESIZE];

	(void)snprintf(name, sizeof(name), "rx%u", port->port_id);
	if (room > UINT16_MAX)
		return VEGA_ERR(-EINVAL,
			"port %s: need frames below 64 KiB, found %u; lower the frame size",
			conf->device, room);
	port->pool = rte_pktmbuf_pool_create(name, mbuf_cnt_of(conf), POOL_CACHE_CNT, 0,
		(uint16_t)room, rte_eth_dev_socket_id(port->port_id));
	if (port->pool == NULL)
		return VEGA_ERR(-ENOMEM,
			"port %s: need %llu MiB for %u buffers, found: %s; free hugepages or lower "
			"mbufs",
			conf->device, (unsigned long long)(vega_port_pool_bytes(conf) >> 20),
			mbuf_cnt_of(conf), rte_strerror(rte_errno));
	return 0;
}

static struct rte_eth_conf
eth_conf_of(const struct vega_conf_port *conf, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf eth = {.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE};

	if (conf->mtu != 0)
		eth.rxmode.mtu = conf->mtu;
	eth.rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP;
	if (conf->queue_cnt > 1 && info->flow_type_rss_offloads != 0) {
		eth.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		eth.rx_adv_conf.rss_conf.rss_hf =
			info->flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);
	}
	return eth;
}

/* Some drivers want as many tx queues as rx queues; none minds one that is never used. */
static int
set_up_queues(const struct vega_conf_port *conf, const struct rte_eth_dev_info *info,
	struct vega_port *port)
{
	const struct rte_eth_conf eth = eth_conf_of(conf, info);
	const uint16_t tx_cnt =
		port->queue_cnt < info->max_tx_queues ? port->queue_cnt : info->max_tx_queues;
	uint16_t rx_desc_cnt = (uint16_t)(conf->rx_desc_cnt != 0 ? conf->rx_desc_cnt : RX_DESC_CNT);
	uint16_t tx_desc_cnt = TX_DESC_CNT;
	int rc = rte_eth_dev_configure(port->port_id, port->queue_cnt, tx_cnt, &eth);

	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->port_id, &rx_desc_cnt, &tx_desc_cnt);
	for (uint16_t q = 0; rc == 0 && q < port->queue_cnt; q++)
		rc = rte_eth_rx_queue_setup(port->port_id, q, rx_desc_cnt,
			(unsigned)rte_eth_dev_socket_id(port->port_id), NULL, port->pool);
	for (uint16_t q = 0; rc == 0 && q < tx_cnt; q++)
		rc = rte_eth_tx_queue_setup(port->port_id, q, tx_desc_cnt,
			(unsigned)rte_eth_dev_socket_id(port->port_id), NULL);
	if (rc == 0 && (eth.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP) != 0)
		(void)rte_mbuf_dyn_rx_timestamp_register(&port->nic_field_off, &port->nic_flag);
	return rc;
}

static int
set_up(const struct vega_conf_port *conf, struct vega_port *port)
{
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(port->port_id, &info);

	if (rc == 0 && conf->queue_cnt > info.max_rx_queues)
		return VEGA_ERR(-ENOTSUP,
			"port %s: need %u rx queues, found %u; lower `queues` of the port",
			conf->device, conf->queue_cnt, info.max_rx_queues);
	vega_eal_reason_clear();
	if (rc == 0)
		rc = set_up_queues(conf, &info, port);
	if (rc != 0)
		return VEGA_ERR(-ENODEV,
			"port %s: need its queues set up, found: %s (%s); check its arguments",
			conf->device, vega_eal_reason(), rte_strerror(-rc));
	return 0;
}

int
vega_port_open(const struct vega_conf_port *conf, struct vega_port *ret_port)
{
	struct vega_port *port = ret_port;
	int rc;

	*port = (struct vega_port){
		.loss_observable = vega_port_loss_observable(conf->device),
		.promiscuous = conf->promiscuous,
		.queue_cnt = (uint16_t)conf->queue_cnt,
	};
	(void)snprintf(port->name, sizeof(port->name), "%s",
		conf->name[0] != '\0' ? conf->name : conf->device);
	rc = vega_port_check_permission(conf->device);
	if (rc == 0)
		rc = vega_port_check_mtu(conf->device, conf->mtu);
	if (rc == 0)
		rc = probe(conf, port);
	if (rc != 0)
		return rc;
	rc = make_pool(conf, port);
	if (rc == 0)
		rc = set_up(conf, port);
	if (rc != 0)
		vega_port_close(port);
	return rc;
}

/* Reads of a port's clock stand between two of CLOCK_REALTIME. Returns 0 or a negative errno. */
static int
sample_nic(uint16_t port_id, uint64_t ticks_hz, struct vega_stamp_sample *ret_sample)
{
	const uint64_t before_ns = vega_realtime_ns();
	const int rc = rte_eth_read_clock(port_id, &ret_sample->ticks);
	const uint64_t window_ns = vega_realtime_ns() - before_ns;

	ret_sample->realtime_ns = before_ns + window_ns / 2;
	ret_sample->window_ticks =
		(uint64_t)((unsigned __int128)window_ns * ticks_hz / 1000000000u);
	ret_sample->tai_offset_ns = vega_tai_offset_ns();
	return rc;
}

/* Measure the port's clock; a port that stamps but whose clock cannot be read is stamped by the TSC. */
static void
begin_nic(struct vega_port *port)
{
	struct vega_stamp_sample first;
	struct vega_stamp_sample second;
	uint64_t hz;

	if (port->nic_flag == 0)
		return;
	if (sample_nic(port->port_id, 0, &first) == 0) {
		vega_sleep_until_ns(vega_monotonic_ns() + NIC_MEASURE_NS);
		if (sample_nic(port->port_id, 0, &second) == 0 && second.ticks > first.ticks &&
			second.realtime_ns > first.realtime_ns) {
			hz = (uint64_t)((unsigned __int128)(second.ticks - first.ticks) *
					1000000000u / (second.realtime_ns - first.realtime_ns));
			vega_stamp_begin(&port->nic_stamp, &second, hz);
			vega_stamp_publish(&port->nic_cell, &port->nic_stamp);
			return;
		}
	}
	port->nic_flag = 0;
}

void
vega_port_stamp(struct vega_port *port)
{
	struct vega_stamp_sample sample;

	if (port->nic_flag == 0 ||
		sample_nic(port->port_id, port->nic_stamp.ticks_hz, &sample) != 0)
		return;
	(void)vega_stamp_bend(&port->nic_stamp, &sample);
	vega_stamp_publish(&port->nic_cell, &port->nic_stamp);
}

int
vega_port_start(struct vega_port *port)
{
	int rc;

	vega_eal_reason_clear();
	rc = rte_eth_dev_start(port->port_id);
	if (rc != 0)
		return VEGA_ERR_EX(-EIO, EX_UNAVAILABLE,
			"port %s: need it to start, found: %s (%s)", port->name, vega_eal_reason(),
			rte_strerror(-rc));
	port->started = true;
	if (port->promiscuous)
		(void)rte_eth_promiscuous_enable(
			port->port_id); /* a port without filters has nothing to switch */
	(void)rte_eth_allmulticast_enable(port->port_id);
	(void)rte_eth_stats_reset(port->port_id);
	begin_nic(port);
	return 0;
}

void
vega_port_losses(const struct vega_port *port, struct vega_port_cells *cells)
{
	struct rte_eth_stats stats;

	if (rte_eth_stats_get(port->port_id, &stats) != 0)
		return;
	vega_store_relaxed(&cells->drop_missed, stats.imissed);
	vega_store_relaxed(&cells->drop_errors, stats.ierrors);
	vega_store_relaxed(&cells->drop_nombuf, stats.rx_nombuf);
	vega_store_relaxed(&cells->loss_observable, port->loss_observable);
}

void
vega_port_close(struct vega_port *port)
{
	if (port->started)
		(void)rte_eth_dev_stop(port->port_id);
	port->started = false;
	if (port->probed)
		(void)rte_eth_dev_close(port->port_id);
	port->probed = false;
	rte_mempool_free(port->pool);
	port->pool = NULL;
}
