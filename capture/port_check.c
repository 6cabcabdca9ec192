/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/port_check.h"

#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hugepages/base/err.h"

#define ROOM_BYTES_MIN 2048u

/* net_af_packet: its default frame size, and what the kernel puts before a frame in it (TPACKET_V2). */
#define AF_PACKET_FRAME_BYTES 2048u
#define AF_PACKET_HEAD_BYTES  66u

/* net_af_xdp: one page a frame, less headroom; the kernel refuses more only when traffic comes. */
#define AF_XDP_MTU_MAX 1500u

struct driver {
	const char *prefix;
	bool loss_observable;
	int family;       /* of the socket it opens, 0: none */
	const char *need; /* capability */
};

static const struct driver drivers[] = {
	{"net_af_packet", false, AF_PACKET, "CAP_NET_RAW"},
	{"net_af_xdp", true, AF_XDP, "CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF"},
	{"net_tap", false, 0, "CAP_NET_ADMIN"},
};

static const struct driver *
find_driver(const char *device)
{
	for (size_t i = 0; i < VEGA_ARRAY_CNT(drivers); i++)
		if (strncmp(device, drivers[i].prefix, strlen(drivers[i].prefix)) == 0)
			return &drivers[i];
	return NULL;
}

bool
vega_port_loss_observable(const char *device)
{
	const struct driver *driver = find_driver(device);

	return driver == NULL || driver->loss_observable;
}

bool
vega_port_argument(const char *device, const char *key, char *buf, uint32_t bytes)
{
	const size_t key_len = strlen(key);

	for (const char *at = strchr(device, ','); at != NULL; at = strchr(at, ',')) {
		at++;
		if (strncmp(at, key, key_len) != 0 || at[key_len] != '=')
			continue;
		at += key_len + 1;
		(void)snprintf(buf, bytes, "%.*s", (int)strcspn(at, ","), at);
		return true;
	}
	return false;
}

/* A number argument, or what holds without; a text that is no number is the driver's to refuse. */
static uint32_t
number_argument(const char *device, const char *key, uint32_t otherwise)
{
	char text[32];
	unsigned long value;

	if (!vega_port_argument(device, key, text, sizeof(text)))
		return otherwise;
	value = strtoul(text, NULL, 0);
	return value <= 1u << 20 ? (uint32_t)value : otherwise;
}

uint32_t
vega_port_room_bytes(const char *device)
{
	uint32_t room = ROOM_BYTES_MIN;

	if (strncmp(device, "net_af_packet", 13) == 0)
		room = number_argument(device, "framesz", AF_PACKET_FRAME_BYTES);
	else if (strncmp(device, "net_null", 8) == 0) /* it writes that much without asking */
		room = number_argument(device, "size", ROOM_BYTES_MIN);
	return room > ROOM_BYTES_MIN ? room : ROOM_BYTES_MIN;
}

/* MTU of a network interface, 0 when it has none by that name. */
static uint32_t
interface_mtu(const char *device)
{
	struct ifreq request = {0};
	int fd;
	int rc;

	if (!vega_port_argument(device, "iface", request.ifr_name, IFNAMSIZ))
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	rc = ioctl(fd, SIOCGIFMTU, &request);
	(void)close(fd);
	return rc == 0 ? (uint32_t)request.ifr_mtu : 0;
}

static int
check_af_packet_mtu(const char *device, uint32_t mtu)
{
	const uint32_t frame_bytes = number_argument(device, "framesz", AF_PACKET_FRAME_BYTES);
	const uint32_t need_bytes = mtu + VEGA_PORT_L2_BYTES + AF_PACKET_HEAD_BYTES;
	uint32_t advice_bytes = 4096;

	if (need_bytes <= frame_bytes)
		return 0;
	while (advice_bytes < need_bytes)
		advice_bytes *= 2;
	return VEGA_ERR(-EINVAL,
		"port %s: need frames of %u bytes for an MTU of %u, found framesz %u, which would "
		"cut them silently; "
		"add framesz=%u,blocksz=%u or lower the MTU",
		device, need_bytes, mtu, frame_bytes, advice_bytes, advice_bytes);
}

int
vega_port_check_mtu(const char *device, uint32_t mtu)
{
	if (mtu == 0)
		mtu = interface_mtu(device);
	if (strncmp(device, "net_af_packet", 13) == 0)
		return check_af_packet_mtu(device, mtu);
	if (strncmp(device, "net_af_xdp", 10) == 0 && mtu > AF_XDP_MTU_MAX)
		return VEGA_ERR(-EINVAL,
			"port %s: need an MTU of at most %u for net_af_xdp, found %u; lower it, or "
			"use net_af_packet",
			device, AF_XDP_MTU_MAX, mtu);
	return 0;
}

/* The kernel lets anybody open /dev/net/tun and refuses the interface later: look at the capability itself. */
static bool
may_administer_net(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) != 0)
		return true; /* let the driver find out */
	return (data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN)) != 0;
}

static bool
may_open_socket(int family)
{
	const int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno != EPERM && errno != EACCES;
	(void)close(fd);
	return true;
}

int
vega_port_check_permission(const char *device)
{
	const struct driver *driver = find_driver(device);

	if (driver == NULL)
		return 0;
	if (driver->family != 0 ? may_open_socket(driver->family) : may_administer_net())
		return 0;
	return VEGA_ERR(-EACCES,
		"port %s: need permission for %s, found none; run as root or give the program %s",
		device, driver->prefix, driver->need);
}
