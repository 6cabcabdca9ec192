/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_CLIENTS_H
#define VEGA_HUGEPAGES_CLIENTS_H
/*
 * The file `clients` of a region (vega_layout.h): readers write where they are, `vega-bus stat` shows it, nobody waits for it.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_layout.h"

/* Make an empty one in a region's folder; one that is there stays with those who have it open. Returns 0 or -errno. */
int vega_clients_make(const char *dir) VEGA_MUST_CHECK;

/*
 * The living entries. The file may hold any bytes: texts come out ended and printable, the rest is not looked at.
 *
 * Returns how many.
 */
uint32_t vega_clients_list(const char *dir, struct vega_client_entry ret[VEGA_CLIENT_CNT_MAX]);

/* A reader's own entry; fd is -1 for one that may not or cannot have one. */
struct vega_client {
	int fd;
	uint32_t idx;
	struct vega_client_entry entry;
};

/* Take a free entry; name: NULL: the program's. The caller has filled feed_id, lane_kind, generation and position. */
void vega_client_enter(struct vega_client *client, const char *dir, const char *name);
void vega_client_tell(struct vega_client *client, uint64_t position, uint64_t lost);
void vega_client_leave(struct vega_client *client);

#endif
