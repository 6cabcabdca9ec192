/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_LINK_H
#define VEGA_REPLAY_LINK_H
/*
 * Whether an output's link is up, known to the sender at the cost of a load.
 *
 * The kernel takes packets for an interface without carrier and drops them, and a driver keeps those it took while the link was
 * down and sends them when it is up again, late and all at once. So frames for a link that is down are not handed over. A
 * thread waits for the kernel's messages about interfaces, and looks; ports that the kernel does not know it asks every 10 ms.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/atomic.h"
#include "replay/ticker.h"

enum vega_link_state {
	VEGA_LINK_UP = 0,
	VEGA_LINK_DOWN = 1, /* without carrier */
	VEGA_LINK_OFF = 2,  /* set down */
	VEGA_LINK_GONE = 3  /* the interface was removed */
};

struct vega_link {
	struct vega_ticker ticker;
	uint32_t iface_idx; /* of the kernel; 0: it has none */
	int events;         /* netlink socket; -1: none */
	bool (*is_up)(void *arg);
	void *arg;
	/* L1 ticker: store, relaxed; L2 sender: load, relaxed. The word is all there is. */
	uint64_t state;
};

/* Look now. Params: is_up	asked besides the kernel; NULL: not. Any thread. */
enum vega_link_state vega_link_look(uint32_t iface_idx, bool (*is_up)(void *arg), void *arg);

/*
 * Wait some seconds for a link that is coming up, which would lose what is sent before, and watch it from then on. It stays
 * where it is meanwhile.
 * Returns 0, or a negative errno with a message: -ENODEV (69), it is not up; no thread.
 */
int vega_link_watch(struct vega_link *link, const char *out, uint32_t iface_idx,
	bool (*is_up)(void *arg), void *arg) VEGA_MUST_CHECK;

/* Also of one that was never watched. */
void vega_link_leave(struct vega_link *link);

/* Sender: as it was last seen. */
static inline enum vega_link_state
vega_link_now(const struct vega_link *link)
{
	return (enum vega_link_state)vega_load_relaxed(&link->state); /* L2: pairs with L1 */
}

#endif
