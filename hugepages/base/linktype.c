/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/linktype.h"

#include <pcap/pcap.h>
#include <stdio.h>

#include "hugepages/base/attr.h"

/* DLT_ values that differ between systems, so that files got values of their own; checked against libpcap by a test. */
static const struct {
	int dlt;
	uint32_t linktype;
} renamed[] = {
	{DLT_ATM_RFC1483, 100},
	{DLT_RAW, 101},
	{DLT_SLIP_BSDOS, 102},
	{DLT_PPP_BSDOS, 103},
	{DLT_ATM_CLIP, 106},
};

uint32_t
vega_linktype_of_dlt(int dlt)
{
	for (size_t i = 0; i < VEGA_ARRAY_CNT(renamed); i++)
		if (renamed[i].dlt == dlt)
			return renamed[i].linktype;
	return (uint32_t)dlt;
}

int
vega_linktype_to_dlt(uint32_t linktype)
{
	for (size_t i = 0; i < VEGA_ARRAY_CNT(renamed); i++)
		if (renamed[i].linktype == linktype)
			return renamed[i].dlt;
	return (int)linktype;
}

char *
vega_linktype_text(char buf[32], uint32_t linktype)
{
	const char *name = pcap_datalink_val_to_name(vega_linktype_to_dlt(linktype));

	if (name != NULL)
		(void)snprintf(buf, 32, "%s", name);
	else
		(void)snprintf(buf, 32, "link type %u", linktype);
	return buf;
}
