/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_SOURCE_PCAP_H
#define VEGA_CAPTURE_SOURCE_PCAP_H
/*
 * A source over capture files. Times are the recorded ones; file i is interface i.
 *
 * Files of one link type are merged by time: the smallest first, of equals the file given first. The order of a single
 * file is never changed, whatever its times do. Files of several link types are read one after another, as given.
 *
 * A damaged file ends there; the others go on to their ends, and then the first damage is told: nothing good is lost.
 */
#include "capture/source.h"
#include "hugepages/base/attr.h"

enum vega_pace {
	VEGA_PACE_MAX, /* as fast as it can be read; waits for the lane, so that nothing is lost */
	VEGA_PACE_RECORDED, /* at the recorded gaps, by CLOCK_MONOTONIC; drops as a port does */
};

/*
 * Open every file and read its first packet.
 *
 * Params: path_cnt	1 to VEGA_IF_CNT_MAX; "-" is standard input, once
 * Returns 0; -EINVAL (64) for too many files; else as vega_pcapfile_open.
 */
int vega_source_pcap_open(const char *const *paths, uint32_t path_cnt, enum vega_pace pace,
	struct vega_source **ret_source) VEGA_MUST_CHECK;

/* Let the source end when *stop is set though a pipe it reads from gives nothing, see vega_pcapfile_stop_on. */
void vega_source_pcap_stop_on(struct vega_source *source, const uint64_t *stop);

#endif
