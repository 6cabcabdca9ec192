/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_PCAPOUT_H
#define VEGA_BASE_PCAPOUT_H
/*
 * Writing classic pcap files with ns times, through libpcap's dumper: what every other tool reads.
 *
 * Classic pcap holds seconds in 32 unsigned bits and the link types libpcap has a file value for. What does not fit is
 * refused with the advice to use pcapng, never bent.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"

struct vega_pcapout;

/*
 * Create (or replace) a file; "-" is standard output.
 *
 * Params: linktype	LINKTYPE_ value of every packet
 * Returns 0; -EBADMSG (65): a link type that classic pcap has no value for; -EACCES (77), -ENOENT, -ENOSPC ... (73);
 * -ENOMEM.
 */
int vega_pcapout_open(
	const char *path, uint32_t linktype, struct vega_pcapout **ret_out) VEGA_MUST_CHECK;

/*
 * Add a packet.
 *
 * Returns 0; -EBADMSG (65): a time of 2^32 s (in the year 2106) or more; -EIO, -ENOSPC as the file gives them.
 * Cost: buffered, one write(2) a MiB.
 */
int vega_pcapout_put(struct vega_pcapout *out, const uint8_t *data, uint32_t captured_bytes,
	uint32_t wire_bytes, uint64_t recv_ns) VEGA_MUST_CHECK;

/* Write what is buffered now, for a reader that follows. */
int vega_pcapout_flush(struct vega_pcapout *out) VEGA_MUST_CHECK;

/* Flush and close, and free in any case. Returns 0 or the first error, put's included. NULL is allowed. */
int vega_pcapout_close(struct vega_pcapout *out) VEGA_MUST_CHECK;

#endif
