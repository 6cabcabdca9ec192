/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_PCAPFILE_H
#define VEGA_BASE_PCAPFILE_H
/*
 * Reading pcap and pcapng files: libpcap does the parsing, this file makes its times exact.
 *
 * Either byte order, us and ns, any link type, standard input as "-". What libpcap leaves to its caller is settled here:
 *	classic seconds are unsigned (libpcap sign-extends them: 2038 is no end, 2106 is);
 *	a classic fraction of a second or more carries into the seconds (libpcap hands it on);
 *	a pcapng time outside u64 nanoseconds damages its packet, and so does one before 1970;
 *	a wire length below the captured length is told as it is.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"

struct vega_pcapfile;

struct vega_pcapfile_packet {
	const uint8_t *data; /* valid until the file's next call */
	uint64_t recv_ns;    /* since the Unix epoch */
	uint32_t captured_bytes;
	uint32_t wire_bytes;
};

/*
 * Returns 0; -ENOENT, -EISDIR (66); -EACCES (77); -EBADMSG (65): empty, or no capture that libpcap reads; -EIO (74); -ENOMEM.
 */
int vega_pcapfile_open(const char *path, struct vega_pcapfile **ret_file) VEGA_MUST_CHECK;
void vega_pcapfile_close(struct vega_pcapfile *file); /* NULL is allowed */

/*
 * The next packet.
 *
 * Returns 1 and the packet; 0 at the end; -EBADMSG (65) where the file is cut or damaged, with the packet's number and
 * libpcap's reason (every packet before it was returned); -EIO (74). An end or an error stays.
 * Cost: no allocation (but libpcap's buffer, which grows to the largest packet); one read(2) a MiB.
 */
int vega_pcapfile_next(
	struct vega_pcapfile *file, struct vega_pcapfile_packet *ret_packet) VEGA_MUST_CHECK;

/*
 * Let a reader be stopped: the file ends, without an error, at the next read once *stop is not 0; a pipe's that waits, too.
 *
 * Params: stop	set by another thread; looked at ten times a second; outlives the file
 */
void vega_pcapfile_stop_on(struct vega_pcapfile *file, const uint64_t *stop);

/* One link type a file (LINKTYPE_ value); packets returned so far. */
uint32_t vega_pcapfile_linktype(const struct vega_pcapfile *file);
uint64_t vega_pcapfile_packet_cnt(const struct vega_pcapfile *file);

#endif
