/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/warm_up.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hugepages/base/attr.h"

#define TYPE_EXPERIMENTAL 0x88b5u /* IEEE 802, local experimental EtherType 1 */
#define SOURCE_OFF        6u
#define RECEIVE_CNT_MAX   4u

static_assert(sizeof(((struct vega_warm_up *)0)->header) == ETH_HLEN, "an Ethernet header");

/* Ours are those from our address, whatever else is sent of this type: of others no socket of ours is filled, nor theirs of ours. */
static int
take_own(struct vega_warm_up *warm_up, int fd)
{
	uint32_t tag = 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SOURCE_OFF + 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = {.len = VEGA_ARRAY_CNT(code), .filter = code};

	(void)getrandom(&tag, sizeof(tag), 0);
	code[1].k = tag;
	tag = htonl(tag);
	warm_up->header[SOURCE_OFF] = 0x02; /* an address of local administration */
	memcpy(warm_up->header + SOURCE_OFF + 2, &tag, sizeof(tag));
	warm_up->header[ETH_HLEN - 2] = TYPE_EXPERIMENTAL >> 8;
	warm_up->header[ETH_HLEN - 1] = TYPE_EXPERIMENTAL & 0xff;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

static void
open_frames(struct vega_warm_up *warm_up)
{
	const struct sockaddr_ll loopback = {.sll_family = AF_PACKET,
		.sll_protocol = htons(TYPE_EXPERIMENTAL),
		.sll_ifindex = (int)if_nametoindex("lo")};
	const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	warm_up->fd_out = fd;
	warm_up->fd_in = fd;
	if (fd >= 0 && (loopback.sll_ifindex == 0 || take_own(warm_up, fd) != 0 ||
			       bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)) != 0))
		vega_warm_up_close(warm_up);
}

/* Give it a port of its own on 127.0.0.1, and tell its address. */
static int
bind_loopback(int fd, struct sockaddr_in *ret_address)
{
	socklen_t bytes = sizeof(*ret_address);

	*ret_address = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return bind(fd, (struct sockaddr *)ret_address, bytes) |
	       getsockname(fd, (struct sockaddr *)ret_address, &bytes);
}

/* Each is connected to the other, so that nobody else fills the one that receives. */
static void
open_datagrams(struct vega_warm_up *warm_up)
{
	struct sockaddr_in in;
	struct sockaddr_in out;

	warm_up->fd_in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	warm_up->fd_out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (warm_up->fd_in < 0 || warm_up->fd_out < 0 || bind_loopback(warm_up->fd_in, &in) != 0 ||
		bind_loopback(warm_up->fd_out, &out) != 0 ||
		connect(warm_up->fd_out, (struct sockaddr *)&in, sizeof(in)) != 0 ||
		connect(warm_up->fd_in, (struct sockaddr *)&out, sizeof(out)) != 0)
		vega_warm_up_close(warm_up);
}

void
vega_warm_up_init(struct vega_warm_up *warm_up, enum vega_warm_up_kind kind)
{
	*warm_up = (struct vega_warm_up){.kind = kind, .fd_out = -1, .fd_in = -1};
}

static VEGA_COLD void
open_sockets(struct vega_warm_up *warm_up)
{
	warm_up->is_tried = true;
	if (warm_up->kind == VEGA_WARM_UP_FRAMES)
		open_frames(warm_up);
	else if (warm_up->kind == VEGA_WARM_UP_DATAGRAMS)
		open_datagrams(warm_up);
}

bool
vega_warm_up_send(struct vega_warm_up *warm_up, const void *data, uint32_t bytes)
{
	struct iovec parts[] = {
		{warm_up->header, warm_up->kind == VEGA_WARM_UP_FRAMES ? ETH_HLEN : 0},
		/* sendmsg only reads it; struct iovec serves receiving too and so has no const. */
		{(void *)(uintptr_t)data, bytes},
	};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	uint8_t byte;

	if (!warm_up->is_tried)
		open_sockets(warm_up);
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
	if (!warm_up->is_tried)
		return;
	if (warm_up->fd_in >= 0 && warm_up->fd_in != warm_up->fd_out)
		(void)close(warm_up->fd_in);
	if (warm_up->fd_out >= 0)
		(void)close(warm_up->fd_out);
	warm_up->fd_out = -1;
	warm_up->fd_in = -1;
}
