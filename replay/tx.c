/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/tx.h"

#include <stdio.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "vega_build.h"

/* All outputs of this build. */
static const struct vega_tx_ops *const outputs[] = {
	&vega_tx_pcap,
	&vega_tx_udp,
#if VEGA_WITH_DPDK
	&vega_tx_dpdk,
#endif
	&vega_tx_region,
	&vega_tx_null,
	NULL,
};

/* "pcap:FILE, udp:IFACE, null" */
static void
list_outputs(char *text, size_t text_bytes)
{
	size_t at = 0;

	text[0] = '\0';
	for (const struct vega_tx_ops *const *tx = outputs; *tx != NULL && at < text_bytes; tx++)
		at += (size_t)snprintf(text + at, text_bytes - at, "%s%s%s%s", at != 0 ? ", " : "",
			(*tx)->name, (*tx)->operand != NULL ? ":" : "",
			(*tx)->operand != NULL ? (*tx)->operand : "");
}

int
vega_tx_verdict(const struct vega_tx *tx)
{
	if (tx->counts.not_sent_down == 0)
		return 0;
	return VEGA_ERR(-ENODEV,
		"--out %s: need the link up all the time, found it down when %llu packets were "
		"due, which were not sent",
		tx->ops->name, (unsigned long long)tx->counts.not_sent_down);
}

int
vega_tx_find(const char *spec, const struct vega_tx_ops **ret_ops, const char **ret_operand)
{
	const size_t name_bytes = strcspn(spec, ":");
	const char *operand = spec[name_bytes] == ':' ? spec + name_bytes + 1 : "";
	char known[256];

	for (const struct vega_tx_ops *const *tx = outputs; *tx != NULL; tx++) {
		if (strlen((*tx)->name) != name_bytes ||
			strncmp((*tx)->name, spec, name_bytes) != 0)
			continue;
		if (((*tx)->operand != NULL) != (operand[0] != '\0'))
			return VEGA_ERR(-EINVAL, "--out: need %s%s%s, found '%s'", (*tx)->name,
				(*tx)->operand != NULL ? ":" : "",
				(*tx)->operand != NULL ? (*tx)->operand : "", spec);
		*ret_ops = *tx;
		*ret_operand = operand;
		return 0;
	}
	list_outputs(known, sizeof(known));
	if (!VEGA_WITH_DPDK && name_bytes == 4 && strncmp(spec, "dpdk", 4) == 0)
		return VEGA_ERR(-ENOTSUP,
			"--out %s: need a build with DPDK, found one without; use one of %s", spec,
			known);
	return VEGA_ERR(-EINVAL, "--out: need one of %s, found '%s'", known, spec);
}
