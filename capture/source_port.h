/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_SOURCE_PORT_H
#define VEGA_CAPTURE_SOURCE_PORT_H
/*
 * A source over one queue of a port: mbufs in, plain packets out.
 *
 * A packet points into its mbuf. Copied are only those that do not lie there as they were received: frames spread over
 * several buffers, and frames whose VLAN tag the port took out (it is put back).
 *
 * Time: the port's own where it has a readable clock, else the disciplined TSC at the end of the receive call, one for the whole
 * burst; it never goes back but where the clock was stepped.
 */
#include "capture/port.h"
#include "capture/source.h"

/*
 * Params: port		outlives the source; started before the first burst
 *	   tsc		the line of the lcore that polls the source, which it alone replaces
 * Returns 0 or -ENOMEM.
 */
int vega_source_port_open(const struct vega_port *port, uint16_t queue, uint32_t interface_id,
	const struct vega_stamp *tsc, struct vega_source **ret_source) VEGA_MUST_CHECK;

#endif
