/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/dpdk_port.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/err.h"

#define TX_DESC_CNT     1024u /* of all queues of a port */
#define MBUF_CNT        2047u /* more than the descriptors, a burst and the cache */
#define MBUF_DATA_BYTES (RTE_PKTMBUF_HEADROOM + 9728u) /* a jumbo frame */
#define MEMORY_MIB      64u                            /* the pool and DPDK's own */
#define NO_HUGE_MIB     256u                           /* of several ports; touched as used */
#define EAL_ARG_CNT_MAX 16u

/* The EAL begins with the first port and ends with the last; ports that an output has. */
static uint32_t open_cnt;
static bool is_taken[RTE_MAX_ETHPORTS];

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

/* What replays that were killed left: folders of processes that are no more. One that is not empty stays. */
static void
remove_dead_folders(void)
{
	static const char stem[] = "vega-replay-";
	char path[512];
	struct dirent *entry;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "%s/..", rte_eal_get_runtime_dir());
	folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		const int pid = strncmp(entry->d_name, stem, strlen(stem)) == 0
					? (int)strtol(entry->d_name + strlen(stem), NULL, 10)
					: 0;

		if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
			(void)unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
	}
	if (folder != NULL)
		(void)closedir(folder);
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
	if (open_cnt == 0)
		remove_dead_folders();
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

/* Some drivers want a receive queue as well; nobody polls it. */
static int
set_up_rx(const struct vega_dpdk_port *port, uint16_t desc_cnt)
{
	return rte_eth_rx_queue_setup(port->idx, 0, desc_cnt,
		(unsigned)rte_eth_dev_socket_id(port->idx), NULL, port->pool);
}

static int
set_up_queues(const struct vega_dpdk_port *port)
{
	const struct rte_eth_conf conf = {
		.txmode.offloads = port->stamps ? RTE_ETH_TX_OFFLOAD_SEND_ON_TIMESTAMP : 0};
	uint16_t rx_desc_cnt = 64;
	uint16_t tx_desc_cnt = (uint16_t)(TX_DESC_CNT / rte_align32pow2(port->queue_cnt));
	int rc = rte_eth_dev_configure(port->idx, 1, (uint16_t)port->queue_cnt, &conf);

	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->idx, &rx_desc_cnt, &tx_desc_cnt);
	for (uint16_t queue = 0; rc == 0 && queue < port->queue_cnt; queue++)
		rc = rte_eth_tx_queue_setup(port->idx, queue, tx_desc_cnt,
			(unsigned)rte_eth_dev_socket_id(port->idx), NULL);
	if (rc == 0)
		rc = set_up_rx(port, rx_desc_cnt);
	return rc != 0 ? rc : rte_eth_dev_start(port->idx);
}

bool
vega_dpdk_port_is_up(void *arg)
{
	const struct vega_dpdk_port *port = arg;
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(port->idx, &link) != 0 ||
	       link.link_status == RTE_ETH_LINK_UP;
}

/* Does the port send on timestamp, by a clock that can be read? Drivers look for the field as they start. */
static bool
can_stamp(struct vega_dpdk_port *port, const struct rte_eth_dev_info *info)
{
	uint64_t ticks;
	int off = 0;

	if ((info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_SEND_ON_TIMESTAMP) == 0 ||
		rte_eth_read_clock(port->idx, &ticks) != 0 ||
		rte_mbuf_dyn_tx_timestamp_register(&off, &port->stamp_flag) != 0)
		return false;
	port->stamp_off = (size_t)off;
	return true;
}

static bool
sends_by_kernel(const char *driver)
{
	static const char *const drivers[] = {"net_af_packet", "net_af_xdp", "net_pcap", "net_tap"};

	for (size_t i = 0; i < RTE_DIM(drivers); i++)
		if (strcmp(driver, drivers[i]) == 0)
			return true;
	return false;
}

/* What the port offers of what is asked for. */
static int
look_at(struct vega_dpdk_port *port, const struct vega_dpdk_port_conf *conf)
{
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(port->idx, &info);

	if (rc != 0)
		return port_error("know the port", rc);
	if (port->queue_cnt > info.max_tx_queues)
		return VEGA_ERR(-ENODEV,
			"--out dpdk: tx-queues: need a port with %u queues, found %u",
			port->queue_cnt, info.max_tx_queues);
	port->iface_idx = info.if_index;
	port->by_kernel = sends_by_kernel(info.driver_name);
	port->stamps = conf->may_stamp && can_stamp(port, &info);
	return 0;
}

static int
make_pool(struct vega_dpdk_port *port)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "replay%u", port->idx);
	port->pool = rte_pktmbuf_pool_create(
		name, MBUF_CNT, 256, 0, MBUF_DATA_BYTES, rte_eth_dev_socket_id(port->idx));
	if (port->pool == NULL)
		return port_error("allocate packet buffers", -rte_errno);
	(void)rte_mempool_obj_iter(port->pool, touch_mbuf, NULL);
	return 0;
}

static int
start_port(struct vega_dpdk_port *port, const struct vega_dpdk_port_conf *conf)
{
	uint16_t mtu = RTE_ETHER_MTU;
	int rc = look_at(port, conf);

	if (rc == 0)
		rc = make_pool(port);
	if (rc != 0)
		return rc;
	rc = set_up_queues(port);
	if (rc != 0)
		return port_error("start the port", rc);
	if (rte_eth_dev_get_mtu(port->idx, &mtu) != 0)
		mtu = RTE_ETHER_MTU;
	port->frame_bytes_max = RTE_MIN((uint32_t)mtu + RTE_ETHER_HDR_LEN,
		MBUF_DATA_BYTES - RTE_PKTMBUF_HEADROOM - VEGA_DPDK_TAG_BYTES);
	return 0;
}

int
vega_dpdk_port_open(const struct vega_dpdk_port_conf *conf, struct vega_dpdk_port *ret_port)
{
	int rc = start_device(conf->device);

	if (rc != 0)
		return rc;
	*ret_port = (struct vega_dpdk_port){.idx = free_port(), .queue_cnt = conf->queue_cnt};
	is_taken[ret_port->idx] = true;
	open_cnt++;
	rc = start_port(ret_port, conf);
	if (rc != 0)
		vega_dpdk_port_close(ret_port);
	return rc;
}

void
vega_dpdk_port_close(struct vega_dpdk_port *port)
{
	(void)rte_eth_dev_stop(port->idx);
	(void)rte_eth_dev_close(port->idx);
	is_taken[port->idx] = false;
	rte_mempool_free(port->pool);
	if (--open_cnt == 0) {
		(void)rte_eal_cleanup();
		remove_folder();
	}
}
