/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_PORT_CHECK_H
#define VEGA_CAPTURE_PORT_CHECK_H
/*
 * What is known of the virtual drivers: how large a frame each hands on whole, what each needs permission for, and whether it
 * can tell its own loss. From tries on DPDK 22.11; a driver that is not listed is taken at its word.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

/* Bytes of a frame around its MTU: Ethernet header and two VLAN tags. */
#define VEGA_PORT_L2_BYTES 22u

/* Does the driver report frames it lost itself? */
bool vega_port_loss_observable(const char *device);

/* Buffer bytes a frame of the device needs at least: frame size and size arguments; 2048 by default. */
uint32_t vega_port_room_bytes(const char *device);

/*
 * Refuse what would cut frames silently: the interface's MTU against what the driver takes in.
 *
 * Params: mtu	the configured one, 0: the interface's own
 * Returns 0; -EINVAL (64) with the argument to add.
 */
int vega_port_check_mtu(const char *device, uint32_t mtu) VEGA_MUST_CHECK;

/* May this process open such a device? Returns 0 or -EACCES (77) with the capability that is needed. */
int vega_port_check_permission(const char *device) VEGA_MUST_CHECK;

/* The value of an argument of a device ("iface" in "net_tap0,iface=x"), into buf. Returns false when it has none. */
bool vega_port_argument(const char *device, const char *key, char *buf, uint32_t bytes);

#endif
