/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole frames out of any DPDK port: a PCI address, or a virtual device such as net_af_packet0,iface=eth1.
 *
 * Frames are copied into mbufs and leave by queue 0, in order. The one file of the replay that knows DPDK.
 */
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"
#include "replay/pace.h"
#include "replay/tx.h"

#define TX_DESC_CNT     1024u
#define MBUF_CNT        2047u /* more than the descriptors of the queue, a burst and the cache */
#define MBUF_DATA_BYTES (RTE_PKTMBUF_HEADROOM + 9728u) /* a jumbo frame */
#define MEMORY_MIB      64u                            /* the pool and DPDK's own */
#define NO_HUGE_MIB     256u                           /* of several ports; touched as used */
#define VLAN_TAG_BYTES  4u
#define LINK_STEP_NS    100000000u
#define LINK_WAIT_CNT   90u
#define FLUSH_STEP_NS   1000000u
#define FLUSH_WAIT_CNT  200u
#define EAL_ARG_CNT_MAX 16u

/* The EAL begins with the first port and ends with the last; ports that an output has. */
static uint32_t open_cnt;
static bool is_taken[RTE_MAX_ETHPORTS];

struct dpdk_tx {
	struct vega_tx base;
	uint16_t port;
	uint32_t frame_bytes_max;
	struct rte_mempool *pool;
	struct rte_mbuf *mbufs[VEGA_TX_BURST_CNT_MAX];
};

/* Do the kernel's pools of hugepages have room for us? */
static bool
has_hugepages(void)
{
	static const unsigned sizes_kib[] = {64, 2048, 32768, 524288, 1048576};
	unsigned long long free_kib = 0;

	for (size_t i = 0; i < RTE_DIM(sizes_kib); i++) {
		unsigned long long page_cnt;
		char path[128];
		FILE *file;

		(void)snprintf(path, sizeof(path),
			"/sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages", sizes_kib[i]);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fscanf(file, "%llu", &page_cnt) == 1)
			free_kib += page_cnt * sizes_kib[i];
		(void)fclose(file);
	}
	return free_kib >= MEMORY_MIB * 1024ull && geteuid() == 0;
}

/* "0000:01:00.0", "01:00.0": the bus takes it by -a, everything else is made by --vdev. */
static bool
is_pci_address(const char *device)
{
	return strspn(device, "0123456789abcdefABCDEF") >= 2 && strchr(device, ':') != NULL &&
	       strncmp(device, "net_", 4) != 0;
}

/* "0@(0,1)": the EAL leaves this thread where it may run now; pinning it is not the output's business. */
static void
text_lcores(char *text, size_t text_bytes)
{
	size_t at = (size_t)snprintf(text, text_bytes, "0@(");
	const char *comma = "";
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	(void)sched_getaffinity(0, sizeof(cpus), &cpus);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && at < text_bytes; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		at += (size_t)snprintf(text + at, text_bytes - at, "%s%zu", comma, cpu);
		comma = ",";
	}
	if (at < text_bytes)
		(void)snprintf(text + at, text_bytes - at, ")");
}

/* What DPDK and its drivers say while a port is opened goes into the message, if it fails: its first line tells why. */
struct eal_log {
	FILE *stream;
	char *text;
	size_t text_bytes;
};

static void
catch_log(struct eal_log *log)
{
	*log = (struct eal_log){0};
	log->stream = open_memstream(&log->text, &log->text_bytes);
	(void)rte_openlog_stream(log->stream);
}

static void
free_log(struct eal_log *log)
{
	(void)rte_openlog_stream(NULL);
	if (log->stream != NULL)
		(void)fclose(log->stream);
	free(log->text);
}

static const char *
first_line(struct eal_log *log)
{
	if (log->stream == NULL || fflush(log->stream) != 0 || log->text == NULL ||
		log->text[0] == '\0')
		return rte_strerror(rte_errno);
	log->text[strcspn(log->text, "\n")] = '\0';
	return log->text;
}

static int
init_eal(const char *device)
{
	const bool pci = is_pci_address(device);
	static char device_copy[1024]; /* the EAL may keep pointers to its arguments */
	static char lcores[4096];
	static char prefix[64];
	static char memory_mib[16];
	char *args[EAL_ARG_CNT_MAX] = {"vega-replay", "--lcores", lcores, "--file-prefix", prefix,
		"--no-telemetry", "--log-level", "*:error", pci ? "-a" : "--vdev", device_copy};
	int arg_cnt = 10;

	(void)snprintf(device_copy, sizeof(device_copy), "%s", device);
	(void)snprintf(prefix, sizeof(prefix), "vega-replay-%d", (int)getpid());
	(void)snprintf(memory_mib, sizeof(memory_mib), "%u", NO_HUGE_MIB);
	text_lcores(lcores, sizeof(lcores));
	if (!pci)
		args[arg_cnt++] = "--no-pci";
	if (has_hugepages()) {
		args[arg_cnt++] = "--in-memory";
	} else {
		args[arg_cnt++] = "--no-huge";
		args[arg_cnt++] = "--no-shconf";
		args[arg_cnt++] = "-m";
		args[arg_cnt++] = memory_mib;
	}
	if (rte_eal_init(arg_cnt, args) < 0)
		return VEGA_ERR(-ENODEV,
			"--out dpdk: need a port DPDK can open, found '%s' (%s); check the device, "
			"its arguments and permissions",
			device, rte_strerror(rte_errno));
	return 0;
}

/* The EAL makes a folder of its own and leaves it behind, empty as we run it; also when it fails. */
static void
remove_folder(void)
{
	const char *folder = rte_eal_get_runtime_dir();

	if (folder[0] != '\0')
		(void)rmdir(folder);
}

/* The port that was made last: the only one that no output has. */
static uint16_t
free_port(void)
{
	for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; port++)
		if (rte_eth_dev_is_valid_port(port) != 0 && !is_taken[port])
			return port;
	return RTE_MAX_ETHPORTS;
}

/* The device's port, the EAL with the first. */
static int
start_device(const char *device)
{
	struct eal_log log;
	int rc;

	catch_log(&log);
	rc = open_cnt == 0 ? init_eal(device) : rte_dev_probe(device);
	if (rc == 0 && free_port() == RTE_MAX_ETHPORTS)
		rc = -ENODEV;
	if (rc != 0)
		(void)VEGA_ERR(rc,
			"--out dpdk: need a port DPDK can open, found '%s': %s; check the device, "
			"its arguments and permissions",
			device, first_line(&log));
	free_log(&log);
	if (rc != 0 && open_cnt == 0)
		remove_folder();
	return rc;
}

static int
port_error(const char *what, int rc)
{
	return VEGA_ERR_EX(rc < 0 ? rc : -EIO, EX_UNAVAILABLE, "--out dpdk: need to %s, found: %s",
		what, rte_strerror(rc < 0 ? -rc : rc));
}

/* Fresh memory faults when it is first written, which costs as much as sending does: not while packets are due. */
static void
touch_mbuf(struct rte_mempool *pool VEGA_UNUSED, void *arg VEGA_UNUSED, void *object,
	unsigned idx VEGA_UNUSED)
{
	struct rte_mbuf *mbuf = object;

	memset(mbuf->buf_addr, 0, mbuf->buf_len);
}

static int
set_up_queue(struct dpdk_tx *tx)
{
	const struct rte_eth_conf conf = {0};
	uint16_t rx_desc_cnt = 64;
	uint16_t tx_desc_cnt = TX_DESC_CNT;
	int rc;

	/* Some drivers want a receive queue as well; nobody polls it. */
	rc = rte_eth_dev_configure(tx->port, 1, 1, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(tx->port, &rx_desc_cnt, &tx_desc_cnt);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(
			tx->port, 0, tx_desc_cnt, (unsigned)rte_eth_dev_socket_id(tx->port), NULL);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(tx->port, 0, rx_desc_cnt,
			(unsigned)rte_eth_dev_socket_id(tx->port), NULL, tx->pool);
	if (rc == 0)
		rc = rte_eth_dev_start(tx->port);
	return rc;
}

/* A link that is just coming up loses what is sent before it is. Waiting ends after some seconds. */
static int
wait_for_link(const struct dpdk_tx *tx)
{
	struct rte_eth_link link = {0};

	for (uint32_t i = 0; i < LINK_WAIT_CNT; i++) {
		if (rte_eth_link_get_nowait(tx->port, &link) != 0 ||
			link.link_status == RTE_ETH_LINK_UP)
			return 0;
		vega_sleep_until_ns(vega_monotonic_ns() + LINK_STEP_NS);
	}
	return VEGA_ERR(-ENODEV,
		"--out dpdk: need the link up, found it down; check the cable or `ip link`");
}

static int
start_port(struct dpdk_tx *tx)
{
	uint16_t mtu = RTE_ETHER_MTU;
	char name[32];
	int rc;

	tx->port = free_port();
	is_taken[tx->port] = true;
	open_cnt++;
	(void)snprintf(name, sizeof(name), "replay%u", tx->port);
	tx->pool = rte_pktmbuf_pool_create(
		name, MBUF_CNT, 256, 0, MBUF_DATA_BYTES, rte_eth_dev_socket_id(tx->port));
	if (tx->pool == NULL)
		return port_error("allocate packet buffers", -rte_errno);
	(void)rte_mempool_obj_iter(tx->pool, touch_mbuf, NULL);
	rc = set_up_queue(tx);
	if (rc != 0)
		return port_error("start the port", rc);
	if (rte_eth_dev_get_mtu(tx->port, &mtu) != 0)
		mtu = RTE_ETHER_MTU;
	tx->frame_bytes_max = RTE_MIN((uint32_t)mtu + RTE_ETHER_HDR_LEN,
		MBUF_DATA_BYTES - RTE_PKTMBUF_HEADROOM - VLAN_TAG_BYTES);
	return wait_for_link(tx);
}

static int
close_dpdk(struct vega_tx *base)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;

	(void)rte_eth_dev_stop(tx->port);
	(void)rte_eth_dev_close(tx->port);
	if (--open_cnt == 0) {
		(void)rte_eal_cleanup();
		remove_folder();
	}
	free(tx);
	return 0;
}

static int
open_dpdk(const char *operand, uint32_t linktype, struct vega_tx **ret_tx)
{
	struct dpdk_tx *tx;
	char text[32];
	int rc;

	if (linktype != VEGA_LINKTYPE_ETHERNET)
		return VEGA_ERR(-EBADMSG,
			"--out dpdk: need Ethernet frames, found %s; use pcap: or udp:",
			vega_linktype_text(text, linktype));
	tx = calloc(1, sizeof(*tx));
	if (tx == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the output, found none");
	tx->base.ops = &vega_tx_dpdk;
	rc = start_device(operand);
	if (rc != 0) {
		free(tx);
		return rc;
	}
	rc = start_port(tx);
	if (rc != 0) {
		(void)close_dpdk(&tx->base);
		return rc;
	}
	*ret_tx = &tx->base;
	return 0;
}

/* The longest frame the port takes; the kernel, too, grants a tagged one four bytes more. */
static uint32_t
room_for(const struct dpdk_tx *tx, const struct vega_frame *frame)
{
	const bool tagged = frame->captured_bytes >= RTE_ETHER_HDR_LEN &&
			    ((frame->data[12] == 0x81 && frame->data[13] == 0x00) ||
				    (frame->data[12] == 0x88 && frame->data[13] == 0xa8));

	return tx->frame_bytes_max + (tagged ? VLAN_TAG_BYTES : 0);
}

/* Can it go out at all? Counts why not. */
static bool
is_sendable(struct dpdk_tx *tx, const struct vega_frame *frame, bool count)
{
	struct vega_tx_counts *counts = &tx->base.counts;

	if (vega_unlikely(
		    frame->linktype != VEGA_LINKTYPE_ETHERNET || frame->captured_bytes == 0)) {
		counts->not_sent_refused += count;
		return false;
	}
	if (vega_unlikely(frame->captured_bytes > room_for(tx, frame))) {
		counts->not_sent_too_long += count;
		return false;
	}
	return true;
}

static void
fill_mbuf(struct rte_mbuf *mbuf, const struct vega_frame *frame)
{
	memcpy(rte_pktmbuf_mtod(mbuf, uint8_t *), frame->data, frame->captured_bytes);
	mbuf->data_len = (uint16_t)frame->captured_bytes;
	mbuf->pkt_len = frame->captured_bytes;
}

/* Send the frames at the front, as far as they are sendable and the queue has room. Returns how many went. */
static uint32_t
send_run(struct dpdk_tx *tx, const struct vega_frame *frames, uint32_t frame_cnt)
{
	uint32_t run_cnt = 0;
	uint16_t sent_cnt;

	while (run_cnt < frame_cnt && is_sendable(tx, &frames[run_cnt], false))
		run_cnt++;
	if (rte_pktmbuf_alloc_bulk(tx->pool, tx->mbufs, run_cnt) != 0)
		return 0; /* all in flight: room comes as the port sends */
	for (uint32_t i = 0; i < run_cnt; i++)
		fill_mbuf(tx->mbufs[i], &frames[i]);
	sent_cnt = rte_eth_tx_burst(tx->port, 0, tx->mbufs, (uint16_t)run_cnt);
	if (sent_cnt < run_cnt)
		rte_pktmbuf_free_bulk(tx->mbufs + sent_cnt, run_cnt - sent_cnt);
	for (uint32_t i = 0; i < sent_cnt; i++)
		vega_tx_count_sent(&tx->base, &frames[i], frames[i].captured_bytes);
	return sent_cnt;
}

static int
send_dpdk(struct vega_tx *base, const struct vega_frame *frames, uint32_t frame_cnt)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;
	uint32_t done_cnt = 0;

	while (done_cnt < frame_cnt) {
		uint32_t sent_cnt;

		if (!is_sendable(tx, &frames[done_cnt], true)) {
			done_cnt++;
			continue;
		}
		sent_cnt = send_run(tx, frames + done_cnt, frame_cnt - done_cnt);
		if (sent_cnt == 0)
			break;
		done_cnt += sent_cnt;
	}
	return (int)done_cnt;
}

/*
 * A driver takes a frame before it is out, and may find it bad later: what the port did not count as sent in the end was
 * refused. Drivers that count nothing are believed.
 */
static int
flush_dpdk(struct vega_tx *base)
{
	struct dpdk_tx *tx = (struct dpdk_tx *)base;
	struct rte_eth_stats stats = {0};
	uint64_t lost_cnt;

	for (uint32_t i = 0; i < FLUSH_WAIT_CNT; i++) {
		(void)rte_eth_tx_done_cleanup(tx->port, 0, 0);
		if (rte_eth_stats_get(tx->port, &stats) != 0 ||
			stats.opackets >= base->counts.packets_sent)
			return 0;
		vega_sleep_until_ns(vega_monotonic_ns() + FLUSH_STEP_NS);
	}
	if (stats.opackets == 0 && stats.oerrors == 0)
		return 0;
	lost_cnt = base->counts.packets_sent - stats.opackets;
	base->counts.packets_sent -= lost_cnt;
	base->counts.not_sent_refused += lost_cnt;
	return 0;
}

const struct vega_tx_ops vega_tx_dpdk = {
	.name = "dpdk",
	.operand = "DEVARGS",
	.help = "whole frames out of a DPDK port: a PCI address, or net_af_packet0,iface=IFACE",
	.speed_millionths = VEGA_SPEED_UNIT,
	.open = open_dpdk,
	.send_burst = send_dpdk,
	.flush = flush_dpdk,
	.close = close_dpdk,
};
