/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests: one line a packet, what its headers say: "vlan family destination udp-port fragment payload-offset payload-bytes".
 * Every prefix of every packet is parsed on the way: what is said of a longer one never changes.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/feed/net.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"

#define PREFIX_BYTES_MAX 256u

/* From a buffer of exactly that size, so that a sanitizer sees a byte too far. */
static struct vega_net
parse_copy(uint32_t linktype, const uint8_t *data, uint32_t bytes)
{
	uint8_t *copy = malloc(bytes != 0 ? bytes : 1);
	struct vega_net net;

	if (copy == NULL)
		abort();
	memcpy(copy, data, bytes);
	vega_net_parse(linktype, copy, bytes, &net);
	free(copy);
	if (net.payload_off > bytes || net.payload_bytes > bytes - net.payload_off)
		abort();
	return net;
}

static void
check_prefixes(uint32_t linktype, const uint8_t *data, uint32_t bytes)
{
	struct vega_net before = parse_copy(linktype, data, 0);

	for (uint32_t n = 1; n <= bytes && n <= PREFIX_BYTES_MAX; n++) {
		const struct vega_net net = parse_copy(linktype, data, n);

		if ((before.family != 0 && net.family != before.family) ||
			(before.udp_port != VEGA_NET_NO_PORT && net.udp_port != before.udp_port) ||
			(before.vlan != 0 && net.vlan != before.vlan))
			abort();
		before = net;
	}
}

static void
print_net(const struct vega_net *net)
{
	char dst[INET6_ADDRSTRLEN] = "-";

	if (net->family != 0)
		(void)inet_ntop(net->family == 4 ? AF_INET : AF_INET6, net->dst, dst, sizeof(dst));
	(void)printf("%u %u %s %d %d %u %u\n", net->vlan, net->family, dst,
		net->udp_port == VEGA_NET_NO_PORT ? -1 : (int)net->udp_port, net->is_fragment,
		net->payload_off, net->payload_bytes);
}

static int
list_file(const char *path)
{
	struct vega_pcapfile_packet p;
	struct vega_pcapfile *file;
	uint32_t linktype;
	int rc = vega_pcapfile_open(path, &file);

	if (rc != 0)
		return vega_err_exit("netlist", rc);
	linktype = vega_pcapfile_linktype(file);
	while ((rc = vega_pcapfile_next(file, &p)) > 0) {
		const struct vega_net net = parse_copy(linktype, p.data, p.captured_bytes);

		check_prefixes(linktype, p.data, p.captured_bytes);
		print_net(&net);
	}
	vega_pcapfile_close(file);
	return vega_err_exit("netlist", rc);
}

int
main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		const int of_file = list_file(argv[i]);

		if (of_file != 0)
			status = of_file;
	}
	return status;
}
