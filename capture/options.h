/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_OPTIONS_H
#define VEGA_CAPTURE_OPTIONS_H
/*
 * The command line of vega-capture.
 */
#include <stdbool.h>
#include <stdint.h>

#include "capture/source_pcap.h"
#include "hugepages/vega_layout.h"

struct vega_capture_options {
	const char *files[VEGA_IF_CNT_MAX];
	const char *ports[VEGA_PORT_CNT_MAX];
	uint32_t file_cnt;
	uint32_t port_cnt;
	const char *config;  /* NULL: built-in */
	const char *journal; /* as config: what is given here goes before the configuration */
	const char *region;
	const char *io;  /* "auto", "uring", "pwrite" */
	uint32_t memory; /* enum vega_memory, 0: not given */
	enum vega_pace pace;
	uint64_t packets_max; /* UINT64_MAX: no end */
	uint64_t duration_ns; /* 0: no end */
	bool json;
	bool verbose;
};

/* Returns 0, or -EINVAL with a message; --help, --version and unknown options end the process. */
int vega_capture_parse(
	int argc, char **argv, struct vega_capture_options *ret_options) VEGA_MUST_CHECK;

#endif
