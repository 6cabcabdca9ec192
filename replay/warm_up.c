/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/warm_up.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define TYPE_EXPERIMENTAL 0x88b5u /* IEEE 802, local experimental EtherType 1 */
#define RECEIVE_CNT_MAX   4u

/* Returns -1 when the system grants none. */
static int
open_frames(void)
{
	const struct sockaddr_ll loopback = {.sll_family = AF_PACKET,
		.sll_protocol = htons(TYPE_EXPERIMENTAL),
		.sll_ifindex = (int)if_nametoindex("lo")};
	const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (loopback.sll_ifindex == 0 || bind(fd, (const struct sockaddr *)&loopback,
							     sizeof(loopback)) != 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
open_datagrams(int *ret_in)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	const int in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret_in = in;
	if (in < 0 || out < 0 || bind(in, (struct sockaddr *)&address, bytes) != 0 ||
		getsockname(in, (struct sockaddr *)&address, &bytes) != 0 ||
		connect(out, (struct sockaddr *)&address, bytes) != 0) {
		if (out >= 0)
			(void)close(out);
		return -1;
	}
	return out;
}

void
vega_warm_up_open(struct vega_warm_up *warm_up, enum vega_warm_up_kind kind)
{
	*warm_up = (struct vega_warm_up){-1, -1};
	if (kind == VEGA_WARM_UP_FRAMES) {
		warm_up->fd_out = open_frames();
		warm_up->fd_in = warm_up->fd_out;
		return;
	}
	warm_up->fd_out = open_datagrams(&warm_up->fd_in);
	if (warm_up->fd_out < 0)
		vega_warm_up_close(warm_up);
}

bool
vega_warm_up_send(const struct vega_warm_up *warm_up, const void *data, uint32_t bytes)
{
	static const uint8_t header[ETH_HLEN] = {
		[12] = TYPE_EXPERIMENTAL >> 8, [13] = TYPE_EXPERIMENTAL & 0xff};
	const bool is_frame = warm_up->fd_in == warm_up->fd_out;
	struct iovec parts[] = {
		/* sendmsg only reads them; struct iovec serves receiving too and so has no const. */
		{(void *)(uintptr_t)header, is_frame ? sizeof(header) : 0},
		{(void *)(uintptr_t)data, bytes},
	};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	uint8_t byte;

	if (warm_up->fd_out < 0 ||
		sendmsg(warm_up->fd_out, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return false;
	for (uint32_t i = 0; i < RECEIVE_CNT_MAX; i++)
		if (recv(warm_up->fd_in, &byte, sizeof(byte), MSG_DONTWAIT) < 0)
			break;
	return true;
}

void
vega_warm_up_close(struct vega_warm_up *warm_up)
{
	if (warm_up->fd_in >= 0 && warm_up->fd_in != warm_up->fd_out)
		(void)close(warm_up->fd_in);
	if (warm_up->fd_out >= 0)
		(void)close(warm_up->fd_out);
	*warm_up = (struct vega_warm_up){-1, -1};
}
