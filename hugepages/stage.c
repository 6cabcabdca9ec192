/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/stage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepages/base/err.h"

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

/* Start a program with no input, and its output on standard error (standard output may be JSON). 0 or errno. */
static int
spawn(const char *const *argv, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	char *copy[16];
	size_t argc = 0;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return rc;
	for (; argc < VEGA_ARRAY_CNT(copy) - 1 && argv[argc] != NULL; argc++)
		memcpy(&copy[argc], &argv[argc], sizeof(copy[argc])); /* never written through */
	copy[argc] = NULL;
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawnp(ret_pid, copy[0], &actions, NULL, copy, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/*
 * The child inherits the memory policy of this thread, and hugeadm is told to obey it. Where policies are forbidden
 * (containers) pages may come on any node: the look afterwards tells.
 */
static int
spawn_on_node(const char *const *argv, uint32_t node, pid_t *ret_pid)
{
	const unsigned long nodes = node < 64 ? 1ul << node : 0;
	int rc;

	if (nodes != 0)
		(void)syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 65ul);
	rc = spawn(argv, ret_pid);
	if (nodes != 0)
		(void)syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0ul);
	return rc;
}

int
vega_stage_run(const struct vega_provision *p, const char *const *argv, uint32_t node)
{
	int status;
	pid_t pid;
	int rc;

	say_run(p, argv, node);
	rc = spawn_on_node(argv, node, &pid);
	if (rc == ENOENT)
		return VEGA_ERR_EX(-ENOENT, EX_UNAVAILABLE,
			"need the program %s, found none on PATH; install %s", argv[0],
			strcmp(argv[0], "hugeadm") == 0 ? "libhugetlbfs-bin" : "mount");
	if (rc != 0)
		return VEGA_ERR(-rc, "need to run %s, found: %s", argv[0], strerror(rc));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return VEGA_ERR(-errno, "need the exit status of %s, found none", argv[0]);
	if (!WIFEXITED(status))
		return VEGA_ERR(-EIO, "need %s to end by itself, found it killed by signal %d",
			argv[0], WTERMSIG(status));
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
