/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/clients.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"

static void
path_of(const char *dir, char path[288])
{
	(void)snprintf(path, 288, "%s/clients", dir);
}

int
vega_clients_make(const char *dir)
{
	char path[288];
	int fd;

	path_of(dir, path);
	(void)unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
	/* fchmod: the user's mask is not asked, the folder's group is who may read */
	if (fd < 0 || fchmod(fd, 0660) != 0) {
		int rc = -errno;

		if (fd >= 0)
			(void)close(fd);
		return VEGA_ERR(rc, "need to make %s, found: %s; make room", path, strerror(-rc));
	}
	(void)close(fd);
	return 0;
}

static int
open_clients(const char *dir, int flags)
{
	char path[288];
	struct stat st;
	int fd;

	path_of(dir, path);
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static struct flock
lock_of(uint32_t idx)
{
	return (struct flock){.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)(idx * sizeof(struct vega_client_entry)),
		.l_len = (off_t)sizeof(struct vega_client_entry)};
}

/* ---- who looks ------------------------------------------------------------------------------------------------ */

static void
tame(char *text, size_t bytes)
{
	text[bytes - 1] = '\0';
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

uint32_t
vega_clients_list(const char *dir, struct vega_client_entry ret[VEGA_CLIENT_CNT_MAX])
{
	const int fd = open_clients(dir, O_RDONLY);
	uint32_t cnt = 0;

	if (fd < 0)
		return 0;
	for (uint32_t i = 0; i < VEGA_CLIENT_CNT_MAX; i++) {
		struct flock lock = lock_of(i);

		if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
			continue;
		if (pread(fd, &ret[cnt], sizeof(ret[0]), lock_of(i).l_start) != sizeof(ret[0]))
			continue;
		tame(ret[cnt].name, sizeof(ret[cnt].name));
		cnt++;
	}
	(void)close(fd);
	return cnt;
}

/* ---- who reads ------------------------------------------------------------------------------------------------ */

void
vega_client_tell(struct vega_client *client, uint64_t position, uint64_t lost)
{
	struct vega_client_entry *entry = &client->entry;

	if (client->fd < 0)
		return;
	entry->position = position;
	entry->lost = lost;
	entry->beat_ns = vega_realtime_ns();
	/* One that cannot be written is not worth a word: the reader reads on. */
	if (pwrite(client->fd, entry, sizeof(*entry), lock_of(client->idx).l_start) < 0)
		vega_client_leave(client);
}

void
vega_client_enter(struct vega_client *client, const char *dir, const char *name)
{
	struct vega_client_entry *entry = &client->entry;

	entry->pid = (uint64_t)getpid();
	entry->start_ns = vega_realtime_ns();
	(void)snprintf(entry->name, sizeof(entry->name), "%s",
		name != NULL ? name : program_invocation_short_name);
	client->fd = open_clients(dir, O_RDWR);
	if (client->fd < 0)
		return;
	for (client->idx = 0; client->idx < VEGA_CLIENT_CNT_MAX; client->idx++) {
		struct flock lock = lock_of(client->idx);

		if (fcntl(client->fd, F_OFD_SETLK, &lock) == 0) {
			vega_client_tell(client, entry->position, entry->lost);
			return;
		}
	}
	vega_client_leave(client);
}

void
vega_client_leave(struct vega_client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd); /* and with it goes the lock */
	client->fd = -1;
}
