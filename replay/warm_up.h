/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_WARM_UP_H
#define VEGA_REPLAY_WARM_UP_H
/*
 * A message to ourselves over the loopback interface, so that the kernel's way out is in the caches when the next packet is due.
 *
 * After 10 ms without a send the next one takes some 20 us longer, though the processor was spinning all the time. One message 0.1 ms
 * before takes most of that away: it runs through the same socket layer, the same queueing, and no wire. It is received again by us
 * alone, so that no counter of lost messages moves; those of the interface do, and who listens to it hears it.
 */
#include <stdbool.h>
#include <stdint.h>

enum vega_warm_up_kind {
	VEGA_WARM_UP_NONE,
	VEGA_WARM_UP_DATAGRAMS, /* UDP, between two ports of ours on 127.0.0.1 */
	VEGA_WARM_UP_FRAMES /* Ethernet, of a type set aside for experiments, from an address of ours; needs CAP_NET_RAW */
};

struct vega_warm_up {
	enum vega_warm_up_kind kind;
	bool is_tried; /* sockets are made when there is a first message */
	int fd_out;    /* -1: there is none */
	int fd_in;     /* of frames: the same */
	uint8_t header[14];
};

void vega_warm_up_init(struct vega_warm_up *warm_up, enum vega_warm_up_kind kind);

/*
 * Send so many bytes to ourselves, and receive them. Where the system grants no such socket nothing happens.
 * Returns whether it could be sent. Cost: 3 to 30 us; the first time as much again. Threads: one.
 */
bool vega_warm_up_send(struct vega_warm_up *warm_up, const void *data, uint32_t bytes);

/* Also of zeroed memory. */
void vega_warm_up_close(struct vega_warm_up *warm_up);

#endif
