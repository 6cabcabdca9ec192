/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_WARM_UP_H
#define VEGA_REPLAY_WARM_UP_H
/*
 * A message to ourselves over the loopback interface, so that the kernel's way out is in the caches when the next packet is due.
 *
 * After 10 ms without a send the next one takes some 20 us longer, though the processor was spinning all the time. One message some
 * 50 us before takes most of that away: it runs through the same socket layer, the same queueing, and no wire. It is received again
 * by us, so that no counter of lost messages moves.
 */
#include <stdbool.h>
#include <stdint.h>

enum vega_warm_up_kind {
	VEGA_WARM_UP_DATAGRAMS, /* UDP, to a port of ours on 127.0.0.1 */
	VEGA_WARM_UP_FRAMES /* Ethernet, of the type set aside for experiments; needs CAP_NET_RAW */
};

struct vega_warm_up {
	int fd_out; /* -1: there is none */
	int fd_in;  /* of frames: the same */
};

/* Where the system grants no such socket, there is none, and sends do nothing. */
void vega_warm_up_open(struct vega_warm_up *warm_up, enum vega_warm_up_kind kind);

/*
 * Send so many bytes to ourselves, and receive them. Returns whether it could be sent. Cost: 3 to 30 us. Threads: one.
 */
bool vega_warm_up_send(const struct vega_warm_up *warm_up, const void *data, uint32_t bytes);

/* Also of one that was never opened but has -1 for both. */
void vega_warm_up_close(struct vega_warm_up *warm_up);

#endif
