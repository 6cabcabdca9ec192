/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_EAL_H
#define VEGA_CAPTURE_EAL_H
/*
 * DPDK's environment: one a process, started once, quiet, private to this capture.
 *
 * It runs in memory only: no runtime folder, no telemetry socket, no secondary processes. Where there are no hugepages it
 * runs without (virtual ports need none). Devices are probed one by one afterwards, so that each failure has its own reason.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

struct vega_eal_conf {
	const char *const
		*devices; /* PCI addresses are allowed for, nothing else on the bus is touched */
	uint32_t device_cnt;
	uint64_t pool_bytes; /* what the mbuf pools will take */
	bool huge;           /* hugepages where enough are free; else ordinary memory */
	bool verbose;        /* let DPDK's log through to standard error */
	uint32_t main_cpu;   /* VEGA_CONF_ANY: any this process may run on */
	uint32_t worker_cnt;
	uint32_t worker_cpus[32]; /* as main_cpu */
};

/*
 * Start the EAL; the calling thread becomes the main lcore and is pinned as asked.
 *
 * Returns 0; -EACCES (77); -ENOMEM, -ENODEV (69), with DPDK's own first complaint in the message.
 */
int vega_eal_start(const struct vega_eal_conf *conf) VEGA_MUST_CHECK;
void vega_eal_stop(void);

/* Where the EAL's memory comes from: "2 MiB hugepages" or "ordinary memory". */
const char *vega_eal_memory(void);

/* Run fn(arg) on a worker, 0 to worker_cnt - 1; wait for all of them. Returns 0 or -EBUSY. */
int vega_eal_launch(uint32_t worker_idx, int (*fn)(void *), void *arg) VEGA_MUST_CHECK;
void vega_eal_wait(void);

/*
 * The first complaint DPDK logged since vega_eal_reason_clear, one line, "no reason given" when it was silent.
 * Threads: the main thread only.
 */
const char *vega_eal_reason(void);
void vega_eal_reason_clear(void);

/*
 * Libraries behind a driver (libbpf, libxdp) write to standard error by themselves: between these two it goes nowhere, but with
 * `verbose`. Threads: the main thread, while no other writes there.
 */
void vega_eal_hush(void);
void vega_eal_unhush(void);

#endif
