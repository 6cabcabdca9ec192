/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_DPDK_PORT_H
#define VEGA_REPLAY_DPDK_PORT_H
/*
 * A DPDK port that frames leave by: the EAL, the device, its queues and packet buffers. Of the dpdk output alone.
 *
 * Threads: the main thread's. The EAL ends with the last port, and cannot begin again in this process.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

#define VEGA_DPDK_QUEUE_CNT_MAX 16u
#define VEGA_DPDK_TAG_BYTES     4u /* room for a VLAN tag above the MTU */

struct rte_mempool;

struct vega_dpdk_port_conf {
	const char *device; /* PCI address or virtual device with its arguments */
	uint32_t queue_cnt; /* 1 to VEGA_DPDK_QUEUE_CNT_MAX */
	bool may_stamp;     /* use send-on-timestamp where the port offers it */
};

struct vega_dpdk_port {
	uint16_t idx;
	uint32_t queue_cnt;
	uint32_t frame_bytes_max; /* of an untagged frame */
	uint32_t iface_idx;       /* of the kernel's interface below it; 0: none */
	bool by_kernel;           /* its driver sends by the kernel */
	struct rte_mempool *pool;
	bool stamps; /* it sends on timestamp: the two below are registered, and its clock can be read */
	size_t stamp_off;
	uint64_t stamp_flag;
};

/*
 * Open a device, the EAL with the first, and start it.
 *
 * Returns 0 or a negative errno with a message (69: no such port, no such queue); then nothing is open.
 */
int vega_dpdk_port_open(
	const struct vega_dpdk_port_conf *conf, struct vega_dpdk_port *ret_port) VEGA_MUST_CHECK;

/* Its link, as the driver tells it; one that cannot tell is up. Params: arg	a struct vega_dpdk_port. Any thread. */
bool vega_dpdk_port_is_up(void *arg);

/* Stop and close it; the EAL ends with the last. */
void vega_dpdk_port_close(struct vega_dpdk_port *port);

#endif
