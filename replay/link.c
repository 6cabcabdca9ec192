/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/link.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"

#define EVENT_MS     100 /* until it is looked without a message, and until a watch ends */
#define WAIT_STEP_NS 100000000u
#define WAIT_CNT     90u
#define LOOK_NS      10000000u
#define WITHOUT_NS   1u /* waiting for messages is all the pause there is */

static enum vega_link_state
look_at_iface(uint32_t iface_idx)
{
	struct ifreq request = {.ifr_ifindex = (int)iface_idx};
	enum vega_link_state state = VEGA_LINK_UP;
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return VEGA_LINK_UP; /* nothing is known */
	if (ioctl(fd, SIOCGIFNAME, &request) != 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		state = errno == ENODEV || errno == ENXIO ? VEGA_LINK_GONE : VEGA_LINK_UP;
	else if ((request.ifr_flags & IFF_UP) == 0)
		state = VEGA_LINK_OFF;
	else if ((request.ifr_flags & IFF_RUNNING) == 0)
		state = VEGA_LINK_DOWN;
	(void)close(fd);
	return state;
}

enum vega_link_state
vega_link_look(uint32_t iface_idx, bool (*is_up)(void *arg), void *arg)
{
	const enum vega_link_state state = iface_idx != 0 ? look_at_iface(iface_idx) : VEGA_LINK_UP;

	if (state == VEGA_LINK_UP && is_up != NULL && !is_up(arg))
		return VEGA_LINK_DOWN;
	return state;
}

/* What the messages say does not matter: they are a reason to look. */
static void
wait_for_event(const struct vega_link *link)
{
	struct pollfd fd = {.fd = link->events, .events = POLLIN};
	char drained[8192];

	if (poll(&fd, 1, EVENT_MS) > 0)
		while (recv(link->events, drained, sizeof(drained), MSG_DONTWAIT) > 0)
			;
}

static void
tick(void *arg)
{
	struct vega_link *link = arg;

	if (link->events >= 0)
		wait_for_event(link);
	vega_store_relaxed(&link->state,
		vega_link_look(link->iface_idx, link->is_up, link->arg)); /* L1: pairs with L2 */
}

/* Returns -1 where the system has none: then it is looked at intervals. */
static int
open_events(void)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* A link that is set down does not come up by itself. */
static int
wait_until_up(struct vega_link *link, const char *out)
{
	for (uint32_t i = 0; i < WAIT_CNT; i++) {
		link->state = vega_link_look(link->iface_idx, link->is_up, link->arg);
		if (link->state == VEGA_LINK_UP)
			return 0;
		if (link->state != VEGA_LINK_DOWN)
			break;
		vega_sleep_until_ns(vega_monotonic_ns() + WAIT_STEP_NS);
	}
	return VEGA_ERR(-ENODEV,
		"--out %s: need the link up, found it %s; check the cable or `ip link`", out,
		link->state == VEGA_LINK_OFF ? "set down" : "down");
}

int
vega_link_watch(struct vega_link *link, const char *out, uint32_t iface_idx,
	bool (*is_up)(void *arg), void *arg)
{
	int rc;

	*link = (struct vega_link){
		.iface_idx = iface_idx, .events = -1, .is_up = is_up, .arg = arg};
	rc = wait_until_up(link, out);
	if (rc != 0)
		return rc;
	if (iface_idx != 0)
		link->events = open_events();
	rc = vega_ticker_start(&link->ticker, link->events >= 0 ? WITHOUT_NS : LOOK_NS, tick, link);
	if (rc != 0)
		vega_link_leave(link);
	return rc;
}

void
vega_link_leave(struct vega_link *link)
{
	vega_ticker_stop(&link->ticker);
	if (link->events > 0)
		(void)close(link->events);
	link->events = -1;
}
