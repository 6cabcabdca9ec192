/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams out of an interface by sendmmsg alone, 64 a call, the same ones again and again: what the udp output is measured against.
 *
 *	bench_sendmmsg INTERFACE GROUP PORT PAYLOAD_BYTES PACKETS
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"

#define BURST_CNT         64u
#define PAYLOAD_BYTES_MAX 65507u
#define SEND_BUFFER_BYTES (8 << 20) /* as the udp output's */

struct burst {
	struct mmsghdr messages[BURST_CNT];
	struct iovec payloads[BURST_CNT];
	struct sockaddr_in addresses[BURST_CNT];
	uint8_t data[PAYLOAD_BYTES_MAX];
};

static int
open_socket(const char *iface)
{
	const struct ip_mreqn mreq = {.imr_ifindex = (int)if_nametoindex(iface)};
	const int bytes = SEND_BUFFER_BYTES;
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface, (socklen_t)strlen(iface) + 1) !=
			0 ||
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq)) != 0)
		return VEGA_ERR(-errno, "need a socket that sends through %s, found: %s", iface,
			strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return fd;
}

static int
fill(struct burst *burst, const char *group, uint16_t port, size_t payload_bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (inet_pton(AF_INET, group, &address.sin_addr) != 1)
		return VEGA_ERR(-EINVAL, "need an IPv4 address, found %s", group);
	for (uint32_t i = 0; i < BURST_CNT; i++) {
		burst->addresses[i] = address;
		burst->payloads[i] = (struct iovec){burst->data, payload_bytes};
		burst->messages[i].msg_hdr = (struct msghdr){.msg_name = &burst->addresses[i],
			.msg_namelen = sizeof(burst->addresses[i]),
			.msg_iov = &burst->payloads[i],
			.msg_iovlen = 1};
	}
	return 0;
}

static int
send_all(int fd, struct burst *burst, uint64_t packet_cnt)
{
	for (uint64_t sent_cnt = 0; sent_cnt < packet_cnt;) {
		const uint64_t left_cnt = packet_cnt - sent_cnt;
		const int sent = sendmmsg(fd, burst->messages,
			left_cnt < BURST_CNT ? (unsigned)left_cnt : BURST_CNT, 0);

		if (sent < 0 && errno != EINTR)
			return VEGA_ERR(-errno, "need to send, found: %s", strerror(errno));
		sent_cnt += sent > 0 ? (uint64_t)sent : 0;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static struct burst burst;
	uint64_t port;
	uint64_t payload_bytes;
	uint64_t packet_cnt;
	uint64_t begin_ns;
	int fd;

	vega_cli_init("bench_sendmmsg");
	if (argc != 6 || vega_parse_u64("PORT", argv[3], 1, 65535, &port) != 0 ||
		vega_parse_u64("PAYLOAD_BYTES", argv[4], 1, PAYLOAD_BYTES_MAX, &payload_bytes) !=
			0 ||
		vega_parse_u64("PACKETS", argv[5], 1, UINT32_MAX, &packet_cnt) != 0)
		return EX_USAGE;
	fd = open_socket(argv[1]);
	if (fd < 0 || fill(&burst, argv[2], (uint16_t)port, payload_bytes) != 0)
		return vega_err_exit("bench_sendmmsg", -EIO);
	begin_ns = vega_monotonic_ns();
	if (send_all(fd, &burst, packet_cnt) != 0)
		return vega_err_exit("bench_sendmmsg", -EIO);
	(void)printf("{\"packets\": %llu, \"duration_ns\": %llu}\n", (unsigned long long)packet_cnt,
		(unsigned long long)(vega_monotonic_ns() - begin_ns));
	return EX_OK;
}
