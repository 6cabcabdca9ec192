/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/eal.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/host.h"

#define SLACK_BYTES (64u << 20)     /* the EAL's own, queues, rings, metadata */
#define FILE_PREFIX "vega-capture-" /* and the process id */
#define ARG_CNT_MAX 64
#define ARG_BYTES   2048 /* the longest is the lcore map */

/* DPDK's log: the first line at error level is kept, the rest goes to standard error or nowhere. */
static struct {
	FILE *stream;
	bool verbose;
	char reason[256];
} log_sink;

/* The argument vector the EAL parses; it keeps pointers into it, so it lives as long as the process. */
static struct {
	int cnt;
	char *words[ARG_CNT_MAX + 1];
	char text[ARG_CNT_MAX][ARG_BYTES];
} args;

static bool with_huge;

static ssize_t
log_write(void *cookie, const char *buf, size_t bytes)
{
	(void)cookie;
	if (log_sink.verbose)
		(void)fwrite(buf, 1, bytes, stderr);
	if (rte_log_cur_msg_loglevel() <= (int)RTE_LOG_ERR && log_sink.reason[0] == '\0') {
		(void)snprintf(log_sink.reason, sizeof(log_sink.reason), "%.*s", (int)bytes, buf);
		log_sink.reason[strcspn(log_sink.reason, "\r\n")] = '\0';
	}
	return (ssize_t)bytes;
}

static int
open_log(bool verbose)
{
	static const cookie_io_functions_t io = {.write = log_write};

	log_sink.verbose = verbose;
	log_sink.stream = fopencookie(&log_sink, "w", io);
	if (log_sink.stream == NULL || setvbuf(log_sink.stream, NULL, _IOLBF, 1024) != 0)
		return VEGA_ERR(-ENOMEM, "need memory for DPDK's log");
	(void)rte_openlog_stream(log_sink.stream);
	return 0;
}

const char *
vega_eal_reason(void)
{
	return log_sink.reason[0] != '\0' ? log_sink.reason : "no reason given";
}

void
vega_eal_reason_clear(void)
{
	log_sink.reason[0] = '\0';
}

static int stderr_fd = -1; /* the real one while hushed */

void
vega_eal_hush(void)
{
	const int nowhere =
		log_sink.verbose || stderr_fd >= 0 ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere < 0)
		return;
	stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (stderr_fd >= 0)
		(void)dup2(nowhere, STDERR_FILENO);
	(void)close(nowhere);
}

void
vega_eal_unhush(void)
{
	if (stderr_fd < 0)
		return;
	(void)dup2(stderr_fd, STDERR_FILENO);
	(void)close(stderr_fd);
	stderr_fd = -1;
}

static void VEGA_PRINTF(1, 2) add_arg(const char *fmt, ...)
{
	va_list ap;

	if (args.cnt >= ARG_CNT_MAX)
		return; /* more devices than that are refused by the plan */
	va_start(ap, fmt);
	(void)vsnprintf(args.text[args.cnt], ARG_BYTES, fmt, ap);
	va_end(ap);
	args.words[args.cnt] = args.text[args.cnt];
	args.cnt++;
}

/* "(0-3,8)": the processors this process may run on, for lcores that are not pinned. */
static void
text_allowed_cpus(char *buf, size_t bytes)
{
	size_t at = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		CPU_ZERO(&set);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && at + 8 < bytes; cpu++)
		if (CPU_ISSET(cpu, &set))
			at += (size_t)snprintf(
				buf + at, bytes - at, "%c%zu", at == 0 ? '(' : ',', cpu);
	(void)snprintf(buf + at, bytes - at, at == 0 ? "0" : ")");
}

/* Lcore 0 is the main one; worker i is lcore i + 1. */
static void
add_lcores(const struct vega_eal_conf *conf)
{
	char map[ARG_BYTES - 16];
	char any[ARG_BYTES / 2];
	size_t at = 0;

	text_allowed_cpus(any, sizeof(any));
	for (uint32_t i = 0; i <= conf->worker_cnt && at + 16 < sizeof(map); i++) {
		const uint32_t cpu = i == 0 ? conf->main_cpu : conf->worker_cpus[i - 1];

		if (cpu == VEGA_CONF_ANY)
			at += (size_t)snprintf(
				map + at, sizeof(map) - at, "%s%u@%s", i == 0 ? "" : ",", i, any);
		else
			at += (size_t)snprintf(
				map + at, sizeof(map) - at, "%s%u@%u", i == 0 ? "" : ",", i, cpu);
	}
	add_arg("--lcores=%s", map);
	add_arg("--main-lcore=0");
}

static bool
is_pci(const char *device)
{
	return strncmp(device, "net_", 4) != 0 && strchr(device, ':') != NULL;
}

static void
add_devices(const struct vega_eal_conf *conf)
{
	uint32_t pci_cnt = 0;

	for (uint32_t i = 0; i < conf->device_cnt; i++) {
		if (!is_pci(conf->devices[i]))
			continue;
		add_arg("--allow=%s", conf->devices[i]);
		pci_cnt++;
	}
	if (pci_cnt == 0)
		add_arg("--no-pci");
}

static uint64_t
huge_free_bytes(void)
{
	struct vega_host *host = malloc(sizeof(*host));
	uint64_t bytes = 0;

	if (host != NULL && vega_host_read("", host) == 0)
		for (uint32_t i = 0; i < host->pool_cnt; i++)
			bytes += host->pools[i].page_bytes * host->pools[i].free_cnt;
	free(host);
	return bytes;
}

/* "vega-capture-1234" of a process that is no more: it could not remove its folder itself. */
static bool
is_left_behind(const char *name)
{
	char *end;
	long pid;

	if (strncmp(name, FILE_PREFIX, strlen(FILE_PREFIX)) != 0)
		return false;
	pid = strtol(name + strlen(FILE_PREFIX), &end, 10);
	return pid > 0 && pid <= INT_MAX && *end == '\0' && kill((pid_t)pid, 0) != 0 &&
	       errno == ESRCH;
}

/* The EAL makes a folder of its own, empty as we run it, and leaves it behind, also when it fails. */
static void
remove_folders(void)
{
	const char *own = rte_eal_get_runtime_dir();
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (own[0] == '\0')
		return;
	(void)rmdir(own);
	(void)snprintf(path, sizeof(path), "%s", own);
	dir = opendir(dirname(path));
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (is_left_behind(entry->d_name))
			(void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	if (dir != NULL)
		(void)closedir(dir);
}

int
vega_eal_start(const struct vega_eal_conf *conf)
{
	const uint64_t need_bytes = conf->pool_bytes + SLACK_BYTES;
	int rc = open_log(conf->verbose);

	if (rc != 0)
		return rc;
	with_huge = conf->huge && huge_free_bytes() >= need_bytes;
	add_arg("vega-capture");
	if (with_huge) {
		add_arg("--in-memory");
	} else {
		add_arg("--no-huge");
		add_arg("--no-shconf");
		add_arg("-m");
		add_arg("%llu", (unsigned long long)((need_bytes + (1u << 20) - 1) >> 20));
	}
	add_arg("--file-prefix=" FILE_PREFIX "%d", (int)getpid());
	add_arg("--no-telemetry");
	add_lcores(conf);
	add_devices(conf);
	rc = rte_eal_init(args.cnt, args.words);
	if (rc >= 0)
		return 0;
	rc = rte_errno == EACCES || rte_errno == EPERM ? -EACCES
	     : rte_errno == ENOMEM                     ? -ENOMEM
						       : -ENODEV;
	remove_folders();
	return VEGA_ERR(rc, "need DPDK's environment, found: %s (%s); --verbose shows its log",
		vega_eal_reason(), rte_strerror(rte_errno));
}

void
vega_eal_stop(void)
{
	(void)rte_eal_cleanup();
	remove_folders();
	(void)rte_openlog_stream(NULL);
	if (log_sink.stream != NULL)
		(void)fclose(log_sink.stream);
	log_sink.stream = NULL;
}

const char *
vega_eal_memory(void)
{
	return with_huge ? "hugepages" : "ordinary memory";
}

int
vega_eal_launch(uint32_t worker_idx, int (*fn)(void *), void *arg)
{
	if (rte_eal_remote_launch(fn, arg, worker_idx + 1) != 0)
		return VEGA_ERR(-EBUSY, "need rx lcore %u, found it busy", worker_idx);
	return 0;
}

void
vega_eal_wait(void)
{
	rte_eal_mp_wait_lcore();
}
