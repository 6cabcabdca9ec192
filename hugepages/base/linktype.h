/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_LINKTYPE_H
#define VEGA_BASE_LINKTYPE_H
/*
 * What libpcap calls a link type in memory (DLT_) and in a file (LINKTYPE_) differs for five old types; the lanes and the
 * journal hold the file's value only.
 */
#include <stdint.h>

#define VEGA_LINKTYPE_ETHERNET 1u

/* Both are total: a value that has no other name is its own. */
uint32_t vega_linktype_of_dlt(int dlt);
int vega_linktype_to_dlt(uint32_t linktype);

/* "EN10MB", or "link type 293" where libpcap has no name, into buf; returns buf. For messages. */
char *vega_linktype_text(char buf[32], uint32_t linktype);

#endif
