/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/stage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepages/base/err.h"

#define EXIT_NOT_RUN 127

const struct vega_stage *const vega_stages[] = {
	&vega_stage_pages, &vega_stage_mount, &vega_stage_limits, &vega_stage_lcores, NULL};

const char *
vega_stage_state_name(enum vega_stage_state state)
{
	static const char *const names[] = {"ok", "advice", "partial", "missing"};

	return names[state];
}

char *
vega_stage_page_text(char buf[32], uint64_t page_bytes)
{
	if (page_bytes >= 1u << 30 && page_bytes % (1u << 30) == 0)
		(void)snprintf(buf, 32, "%" PRIu64 "G", page_bytes >> 30);
	else if (page_bytes % (1u << 20) == 0)
		(void)snprintf(buf, 32, "%" PRIu64 "M", page_bytes >> 20);
	else
		(void)snprintf(buf, 32, "%" PRIu64 "K", page_bytes >> 10);
	return buf;
}

int
vega_stage_look(struct vega_provision *p)
{
	char root[VEGA_HOST_ROOT_BYTES];

	(void)snprintf(root, sizeof(root), "%s", p->host.root);
	return vega_host_read(root, &p->host);
}

static void
say_run(const struct vega_provision *p, const char *const *argv, uint32_t node)
{
	char line[1024];
	size_t len = 0;

	len += (size_t)snprintf(line, sizeof(line), "RUN:");
	for (; *argv != NULL && len < sizeof(line); argv++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, " %s", *argv);
	if (node != UINT32_MAX && len < sizeof(line))
		(void)snprintf(line + len, sizeof(line) - len, " (on NUMA node %u)", node);
	p->say(line);
}

/* The child's half: memory policy, no input, output to standard error (standard output may be JSON). */
static void
become(const char *const *argv, uint32_t node)
{
	const unsigned long nodes = node < 64 ? 1ul << node : 0;
	char *copy[16];
	size_t argc = 0;
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Where policies are forbidden (containers), pages may come on any node: the look afterwards tells. */
	if (node != UINT32_MAX)
		(void)syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 65ul);
	if (null_fd >= 0)
		(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	for (; argv[argc] != NULL && argc < VEGA_ARRAY_CNT(copy) - 1; argc++) {
		/* execvp takes char *const *, and never writes through it. */
		memcpy(&copy[argc], &argv[argc], sizeof(copy[argc]));
	}
	copy[argc] = NULL;
	(void)execvp(copy[0], copy);
	_exit(EXIT_NOT_RUN);
}

int
vega_stage_run(const struct vega_provision *p, const char *const *argv, uint32_t node)
{
	int status;
	pid_t pid;

	say_run(p, argv, node);
	pid = fork();
	if (pid == 0)
		become(argv, node);
	if (pid < 0)
		return VEGA_ERR(
			-errno, "need a process for %s, found none; see `ulimit -u`", argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return VEGA_ERR(-errno, "need the exit status of %s, found none", argv[0]);
	if (!WIFEXITED(status))
		return VEGA_ERR(-EIO, "need %s to end by itself, found it killed by signal %d",
			argv[0], WTERMSIG(status));
	if (WEXITSTATUS(status) == EXIT_NOT_RUN)
		return VEGA_ERR_EX(-ENOENT, EX_UNAVAILABLE,
			"need the program %s, found none on PATH; install libhugetlbfs-bin "
			"(hugeadm) and mount",
			argv[0]);
	return WEXITSTATUS(status);
}

/* The lock of the folder that holds provision.json; makes the folder. Returns a descriptor or -errno. */
static int
lock_folder(const char *root)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/run/vega", root);
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return VEGA_ERR(-errno,
			"need the folder %s, found it cannot be made (%m); run as root", path);
	(void)snprintf(path, sizeof(path), "%s/run/vega/provision.lock", root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return VEGA_ERR(-errno, "need to open %s, found %m; run as root", path);
	if (flock(fd, LOCK_EX) != 0) {
		int rc = VEGA_ERR(-errno, "need the lock of %s, found %m", path);

		(void)close(fd);
		return rc;
	}
	return fd;
}

static int
begin(struct vega_provision *p, const char *root, int *ret_fd)
{
	int fd;
	int rc = vega_host_read(root, &p->host);

	if (rc != 0)
		return rc;
	fd = lock_folder(root);
	if (fd < 0)
		return fd;
	rc = vega_done_load(p);
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

static int
init_stage(struct vega_provision *p, const struct vega_stage *stage)
{
	struct vega_stage_report report;
	int rc;

	stage->check(p, &report);
	if (report.state <= VEGA_STAGE_ADVICE)
		return 0;
	if (stage->init != NULL) {
		rc = stage->init(p);
		if (rc != 0)
			return VEGA_ERR_ADD(rc, "%s", stage->name);
		stage->check(p, &report);
	}
	if (report.state > VEGA_STAGE_ADVICE)
		return VEGA_ERR(-ENODEV, "%s: %s", stage->name, report.text);
	return 0;
}

int
vega_provision_init(struct vega_provision *p, const char *root)
{
	int fd;
	int rc = begin(p, root, &fd);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && vega_stages[i] != NULL; i++)
		rc = init_stage(p, vega_stages[i]);
	(void)close(fd);
	return rc;
}

int
vega_provision_fini(struct vega_provision *p, const char *root)
{
	size_t i = VEGA_ARRAY_CNT(vega_stages) - 1;
	int fd;
	int rc = begin(p, root, &fd);

	if (rc != 0)
		return rc;
	while (rc == 0 && i-- > 0)
		if (vega_stages[i]->fini != NULL && (rc = vega_stages[i]->fini(p)) != 0)
			rc = VEGA_ERR_ADD(rc, "%s", vega_stages[i]->name);
	(void)close(fd);
	return rc;
}
