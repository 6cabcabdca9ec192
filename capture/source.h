/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_SOURCE_H
#define VEGA_CAPTURE_SOURCE_H
/*
 * Where packets come from: a DPDK port's queues, or capture files. Behind it everything is the same for both.
 */
#include <stdbool.h>
#include <stdint.h>

#define VEGA_BURST_CNT_MAX 64u

struct vega_packet {
	const uint8_t *data;
	uint64_t recv_ns;
	uint32_t captured_bytes;
	uint32_t wire_bytes;
	uint32_t interface_id; /* of this lcore's interfaces, < VEGA_IF_CNT_MAX */
	uint32_t reserved;
};

struct vega_source;

struct vega_source_ops {
	const char *name;
	/*
	 * Up to max packets, all of source->linktype. They stay valid until release.
	 * Returns how many (0: none now), -ENODATA: the source has ended, else a negative errno with a message (the
	 * packets before the damage were returned by earlier calls).
	 */
	int (*burst)(struct vega_source *source, struct vega_packet *packets, uint32_t max);
	void (*release)(struct vega_source *source);
	void (*close)(struct vega_source *source); /* frees the source */
};

struct vega_source {
	const struct vega_source_ops *ops;
	uint32_t linktype; /* LINKTYPE_ value of the last burst */
	bool lossless;     /* waits for the lane: a file at full speed */
};

#endif
