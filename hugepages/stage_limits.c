/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Locked memory: io_uring registers the lanes as its buffers, and the kernel charges them to RLIMIT_MEMLOCK of an
 * unprivileged capture. Below that the drain writes without registration. A process cannot raise the
 * limit of the one that starts the capture, so this is looked at only; the systemd unit sets it.
 */
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/stage.h"

static void
check(const struct vega_provision *p, struct vega_stage_report *report)
{
	const uint64_t soft = p->host.memlock_soft_bytes;
	char needed[32];
	char found[32];

	(void)vega_text_bytes(needed, p->need.memlock_bytes);
	(void)vega_text_bytes(found, soft);
	report->state = soft >= p->need.memlock_bytes ? VEGA_STAGE_OK : VEGA_STAGE_ADVICE;
	(void)snprintf(report->text, sizeof(report->text),
		report->state == VEGA_STAGE_OK
			? "need %s of locked memory, found a limit of %s"
			: "need %s of locked memory for registered buffers without root, found a "
			  "limit of %s; set LimitMEMLOCK=infinity "
			  "in the unit or `memlock unlimited` in /etc/security/limits.d",
		needed, soft == UINT64_MAX ? "unlimited" : found);
}

const struct vega_stage vega_stage_limits = {.name = "limits", .check = check};
