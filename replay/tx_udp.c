/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP payloads through the kernel's sockets: each to the address and port it was recorded for, out of one interface.
 *
 * Consecutive datagrams of one address family leave by one sendmmsg. A frame that holds no whole datagram (other
 * protocols, fragments, cut by the recording) is counted.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/feed/net.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "replay/link.h"
#include "replay/pace.h"
#include "replay/tx.h"
#include "replay/warm_up.h"

#define SEND_BUFFER_BYTES (8 << 20)
#define TTL_DEFAULT       1u /* stays on the wire it is sent to */

union address {
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct udp_tx {
	struct vega_tx base;
	char iface[IF_NAMESIZE];
	uint32_t iface_idx;
	uint32_t ttl;
	int fd_v4;
	int fd_v6; /* -1 where the system has no IPv6 */
	struct vega_link link;
	struct vega_warm_up warm_up;
	struct mmsghdr messages[VEGA_TX_BURST_CNT_MAX];
	struct iovec payloads[VEGA_TX_BURST_CNT_MAX];
	union address addresses[VEGA_TX_BURST_CNT_MAX];
};

/* "IFACE" or "IFACE,ttl=N" */
static int
parse_operand(struct udp_tx *tx, const char *operand)
{
	const size_t name_bytes = strcspn(operand, ",");
	const char *option = operand + name_bytes;
	uint64_t ttl = TTL_DEFAULT;

	if (name_bytes < sizeof(tx->iface))
		memcpy(tx->iface, operand, name_bytes);
	tx->iface_idx = if_nametoindex(tx->iface);
	if (tx->iface_idx == 0)
		return VEGA_ERR(-ENODEV,
			"--out udp: need a network interface, found no '%.*s'; `ip link` lists "
			"them",
			(int)name_bytes, operand);
	if (option[0] != '\0' && strncmp(option, ",ttl=", 5) != 0)
		return VEGA_ERR(-EINVAL,
			"--out udp: need udp:IFACE or udp:IFACE,ttl=N, found 'udp:%s'", operand);
	if (option[0] != '\0' && vega_parse_u64("--out udp: ttl", option + 5, 0, 255, &ttl) != 0)
		return -EINVAL;
	tx->ttl = (uint32_t)ttl;
	return 0;
}

/* More room for bursts; as root also above the system's limit. Less room is no error. */
static void
widen_buffer(int fd)
{
	const int bytes = SEND_BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int
steer_v4(const struct udp_tx *tx, int fd)
{
	const struct ip_mreqn iface = {.imr_ifindex = (int)tx->iface_idx};
	const int ttl = (int)tx->ttl;
	const int yes = 1;

	return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &iface, sizeof(iface)) |
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)) |
	       setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes));
}

static int
steer_v6(const struct udp_tx *tx, int fd)
{
	const int iface = (int)tx->iface_idx;
	const int ttl = (int)tx->ttl;

	return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &iface, sizeof(iface)) |
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &ttl, sizeof(ttl));
}

static int
open_socket(const struct udp_tx *tx, int family, int *ret_fd)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int bad;

	*ret_fd = fd;
	if (fd < 0 && errno == EAFNOSUPPORT)
		return 0; /* frames of this family will be counted as refused */
	if (fd < 0)
		return VEGA_ERR(-errno, "--out udp: need a socket, found: %s", strerror(errno));
	widen_buffer(fd);
	bad = setsockopt(
		fd, SOL_SOCKET, SO_BINDTODEVICE, tx->iface, (socklen_t)strlen(tx->iface) + 1);
	bad |= family == AF_INET ? steer_v4(tx, fd) : steer_v6(tx, fd);
	if (bad != 0)
		return VEGA_ERR(-errno, "--out udp: need to send through %s, found: %s", tx->iface,
			strerror(errno));
	return 0;
}

static int
close_udp(struct vega_tx *base)
{
	struct udp_tx *tx = (struct udp_tx *)base;
	const int rc = vega_tx_verdict(base);

	vega_link_leave(&tx->link);
	vega_warm_up_close(&tx->warm_up);
	if (tx->fd_v4 >= 0)
		(void)close(tx->fd_v4);
	if (tx->fd_v6 >= 0)
		(void)close(tx->fd_v6);
	free(tx);
	return rc;
}

static void
link_messages(struct udp_tx *tx)
{
	for (uint32_t i = 0; i < VEGA_TX_BURST_CNT_MAX; i++)
		tx->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &tx->addresses[i],
			.msg_iov = &tx->payloads[i],
			.msg_iovlen = 1,
		};
}

static int
open_udp(const char *operand, uint32_t linktype VEGA_UNUSED, struct vega_tx **ret_tx)
{
	struct udp_tx *tx = calloc(1, sizeof(*tx));
	int rc;

	if (tx == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the output, found none");
	tx->base.ops = &vega_tx_udp;
	tx->base.is_serial = true;
	tx->fd_v4 = -1;
	tx->fd_v6 = -1;
	vega_warm_up_init(&tx->warm_up, VEGA_WARM_UP_DATAGRAMS);
	rc = parse_operand(tx, operand);
	if (rc == 0)
		rc = open_socket(tx, AF_INET, &tx->fd_v4);
	if (rc == 0)
		rc = open_socket(tx, AF_INET6, &tx->fd_v6);
	if (rc == 0)
		rc = vega_link_watch(&tx->link, "udp", tx->iface_idx, NULL, NULL);
	if (rc != 0) {
		(void)close_udp(&tx->base);
		return rc;
	}
	link_messages(tx);
	*ret_tx = &tx->base;
	return 0;
}

/* The datagram's payload as UDP's own length tells it; false when the frame holds less, or none. */
static bool
find_datagram(const struct vega_frame *frame, struct vega_net *net)
{
	const uint8_t *length;

	vega_net_parse(frame->linktype, frame->data, frame->captured_bytes, net);
	if (net->udp_port == VEGA_NET_NO_PORT)
		return false;
	length = frame->data + net->payload_off - 4;
	return (uint32_t)(length[0] << 8 | length[1]) == net->payload_bytes + 8;
}

static socklen_t
fill_address(const struct udp_tx *tx, const struct vega_net *net, union address *address)
{
	const in_port_t port = htons((uint16_t)net->udp_port);

	if (net->family == 4) {
		address->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
		memcpy(&address->v4.sin_addr, net->dst, 4);
		return sizeof(address->v4);
	}
	address->v6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_port = port, .sin6_scope_id = tx->iface_idx};
	memcpy(&address->v6.sin6_addr, net->dst, 16);
	return sizeof(address->v6);
}

/* Make messages of the datagrams at the front, as long as they are of one family. Returns how many. */
static uint32_t
prepare_run(
	struct udp_tx *tx, const struct vega_frame *frames, uint32_t frame_cnt, uint8_t *ret_family)
{
	uint32_t n = 0;

	for (; n < frame_cnt; n++) {
		struct vega_net net;

		if (!find_datagram(&frames[n], &net) || (n != 0 && net.family != *ret_family))
			break;
		*ret_family = net.family;
		tx->messages[n].msg_hdr.msg_namelen = fill_address(tx, &net, &tx->addresses[n]);
		/* sendmmsg only reads it; struct iovec serves receiving too and so has no const. */
		tx->payloads[n].iov_base = (void *)(uintptr_t)(frames[n].data + net.payload_off);
		tx->payloads[n].iov_len = net.payload_bytes;
	}
	return n;
}

static VEGA_COLD int
gone(const struct udp_tx *tx)
{
	return VEGA_ERR(-ENODEV,
		"--out udp: need %s to the end, found it gone; `ip link` lists what is there",
		tx->iface);
}

/* No message of the kernel's has told us yet, but it may be so all the same. */
static VEGA_COLD int
judge_link(struct udp_tx *tx)
{
	switch (vega_link_look(tx->iface_idx, NULL, NULL)) {
	case VEGA_LINK_GONE:
		return gone(tx);
	case VEGA_LINK_DOWN:
	case VEGA_LINK_OFF:
		tx->base.counts.not_sent_down++;
		return 1;
	default: /* no route, no permission, port 0 ...: of this datagram, not of the output */
		tx->base.counts.not_sent_refused++;
		return 1;
	}
}

/* The first message of a run could not be sent. Returns 1 when it is done with, 0 to try it again, or a negative errno. */
static VEGA_COLD int
judge_failure(struct udp_tx *tx, int errnum)
{
	switch (errnum) {
	case EAGAIN:
	case ENOBUFS:
	case EINTR:
		return 0;
	case EMSGSIZE:
		tx->base.counts.not_sent_too_long++;
		return 1;
	default:
		return judge_link(tx);
	}
}

/* Send the first message_cnt messages, which are those of `frames`. Returns how many are done with, or a negative errno. */
static int
send_run(struct udp_tx *tx, const struct vega_frame *frames, uint32_t message_cnt, uint8_t family)
{
	int sent = sendmmsg(family == 4 ? tx->fd_v4 : tx->fd_v6, tx->messages, message_cnt, 0);

	if (sent < 0 && errno == EBADF && family == 6)
		errno = EAFNOSUPPORT; /* the system has no IPv6 */
	if (sent < 0)
		return judge_failure(tx, errno);
	for (int i = 0; i < sent; i++)
		vega_tx_count_sent(&tx->base, &frames[i], (uint32_t)tx->payloads[i].iov_len);
	return sent;
}

static int
send_udp(struct vega_tx *base, const struct vega_frame *frames, const uint64_t *due_ns VEGA_UNUSED,
	uint32_t frame_cnt)
{
	struct udp_tx *tx = (struct udp_tx *)base;
	const enum vega_link_state state = vega_link_now(&tx->link);
	uint32_t done_cnt = 0;

	if (vega_unlikely(state != VEGA_LINK_UP)) {
		base->counts.not_sent_down += state != VEGA_LINK_GONE ? frame_cnt : 0;
		return state != VEGA_LINK_GONE ? (int)frame_cnt : gone(tx);
	}
	while (done_cnt < frame_cnt) {
		uint8_t family = 0;
		uint32_t run_cnt =
			prepare_run(tx, frames + done_cnt, frame_cnt - done_cnt, &family);
		int sent;

		if (run_cnt == 0) {
			base->counts.not_sent_not_udp++;
			done_cnt++;
			continue;
		}
		sent = send_run(tx, frames + done_cnt, run_cnt, family);
		if (sent < 0)
			return sent;
		if (sent == 0)
			break;
		done_cnt += (uint32_t)sent;
	}
	return (int)done_cnt;
}

static bool
warm_up_udp(struct vega_tx *base, const struct vega_frame *frame)
{
	struct udp_tx *tx = (struct udp_tx *)base;
	uint8_t family = 0;

	return prepare_run(tx, frame, 1, &family) != 0 &&
	       vega_warm_up_send(
		       &tx->warm_up, tx->payloads[0].iov_base, (uint32_t)tx->payloads[0].iov_len);
}

static int
flush_udp(struct vega_tx *tx VEGA_UNUSED)
{
	return 0;
}

const struct vega_tx_ops vega_tx_udp = {
	.name = "udp",
	.operand = "IFACE[,ttl=N]",
	.help = "UDP payloads to their recorded addresses, out of an interface",
	.speed_millionths = VEGA_SPEED_UNIT,
	.open = open_udp,
	.send_burst = send_udp,
	.warm_up = warm_up_udp,
	.flush = flush_udp,
	.close = close_udp,
};
