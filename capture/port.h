/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_PORT_H
#define VEGA_CAPTURE_PORT_H
/*
 * One DPDK port: probed, configured to receive everything as it comes, started, watched, closed.
 *
 * What the drivers hide is settled here (docs/OPERATING.md lists it): a driver that cannot report its own loss says so in
 * `loss_observable`, and a frame that would be cut without a word is refused at the start.
 */
#include <stdbool.h>
#include <stdint.h>

#include "capture/stamp.h"
#include "hugepages/base/attr.h"
#include "hugepages/base/conf.h"
#include "hugepages/vega_counters.h"

struct rte_mempool;

struct vega_port {
	char name[64]; /* the configuration's, else the device's */
	uint16_t port_id;
	uint16_t queue_cnt;
	bool probed;
	bool started;
	bool loss_observable;
	bool promiscuous;
	struct rte_mempool *pool;
	/* The port's own clock; nic_flag is 0 where it has none that can be read. */
	int nic_field_off;
	uint64_t nic_flag;
	struct vega_stamp nic_stamp;
	struct vega_stamp_cell nic_cell;
};

/* Bytes of mbufs a port will take, before it is probed: what the EAL is told to have. */
uint64_t vega_port_pool_bytes(const struct vega_conf_port *conf);

/*
 * Probe the device and set up its queues; nothing is received yet.
 *
 * Params: conf	its device may be a PCI address or a virtual device with arguments
 * Returns 0; -ENODEV, -ENOTSUP, -ENOMEM (69); -EACCES (77); -EINVAL (64) for an MTU that would cut frames.
 */
int vega_port_open(const struct vega_conf_port *conf, struct vega_port *ret_port) VEGA_MUST_CHECK;

/* Receive from now on; the port's statistics begin at 0. Returns 0 or -EIO. */
int vega_port_start(struct vega_port *port) VEGA_MUST_CHECK;

/* Store the port's own losses since the start into its cells. Threads: the control thread. */
void vega_port_losses(const struct vega_port *port, struct vega_port_cells *cells);

/* Discipline the port's own clock, where it has one. Threads: the control thread, every 100 ms. */
void vega_port_stamp(struct vega_port *port);

void vega_port_close(struct vega_port *port);

#endif
