/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/memory.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hugepages/base/err.h"
#include "hugepages/host.h"

#define SHM_DIR        "/dev/shm"
#define SHM_PAGE_BYTES 4096u
#define NODE_ANY       UINT32_MAX
#define NODE_BITS      64u /* more nodes than any machine of this kind has: those above are not bound */
#define HOLDERS_BYTES  160u

/* Does a process map a lanes file of this region? */
static bool
holds_map(const char *pid, const char *name)
{
	char path[64];
	char line[512];
	char mark[64];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/maps", pid);
	(void)snprintf(mark, sizeof(mark), "/vega-%s.", name);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, mark) != NULL;
	(void)fclose(f);
	return found;
}

/* "1234 5678": processes that still map an old generation of the region; "" when none can be seen. */
static void
list_holders(const char *name, char holders[HOLDERS_BYTES])
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t used = 0;

	holders[0] = '\0';
	if (proc == NULL)
		return;
	while ((entry = readdir(proc)) != NULL && used + 24 < HOLDERS_BYTES)
		if (isdigit((unsigned char)entry->d_name[0]) && holds_map(entry->d_name, name))
			used += (size_t)snprintf(
				holders + used, HOLDERS_BYTES - used, " %.20s", entry->d_name);
	(void)closedir(proc);
}

/* Pages that this thread allocates from now on come from one node, or from anywhere (NODE_ANY). */
static void
allocate_on(uint32_t node)
{
	unsigned long mask = 1ul << (node % NODE_BITS);

	if (node < NODE_BITS)
		(void)syscall(SYS_set_mempolicy, MPOL_BIND, &mask, NODE_BITS + 1);
	else
		(void)syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
}

/*
 * Allocate the file lane by lane, each on the node of the lcore that writes it: what is allocated here is where it stays,
 * whoever touches it first. Returns 0 or a negative errno.
 */
static int
allocate(int fd, const struct vega_layout *layout, uint64_t bytes)
{
	int rc = 0;

	for (uint32_t i = 0; i < layout->lane_cnt && rc == 0; i++) {
		const uint64_t begin = layout->lanes[i].lane_off;
		const uint64_t end =
			i + 1 < layout->lane_cnt ? layout->lanes[i + 1].lane_off : bytes;

		allocate_on(layout->feeds[layout->lanes[i].feed_id].numa);
		rc = -posix_fallocate(fd, (off_t)begin, (off_t)(end - begin));
	}
	allocate_on(NODE_ANY);
	return rc;
}

/* Unlink dir/file if it is ours and nobody's lanes: its maker held the lock for as long as it mapped it. */
static bool
remove_left_behind(int dir, const char *file)
{
	const int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	bool removed;

	if (fd < 0)
		return false;
	removed = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		  flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(dir, file, 0) == 0;
	(void)close(fd);
	return removed;
}

/* "vega-NAME.123": the lanes of a generation. */
static bool
is_lanes_file(const char *file, const char *name)
{
	char front[64];
	const size_t len = (size_t)snprintf(front, sizeof(front), "vega-%.31s.", name);

	return strncmp(file, front, len) == 0 && file[len] != '\0' &&
	       file[len + strspn(file + len, "0123456789")] == '\0';
}

static bool
sweep_folder(const char *path, const char *name)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool removed = false;

	if (dir == NULL)
		return false;
	while ((entry = readdir(dir)) != NULL)
		if (is_lanes_file(entry->d_name, name))
			removed |= remove_left_behind(dirfd(dir), entry->d_name);
	(void)closedir(dir);
	return removed;
}

/*
 * A capture killed while it started leaves lanes that no control file names; they would hold their memory for ever.
 * Returns whether there were any: then more pages are free than before.
 */
static bool
sweep(const struct vega_host *host, const char *name)
{
	bool removed = sweep_folder(SHM_DIR, name);

	for (uint32_t i = 0; i < host->mount_cnt; i++)
		removed |= sweep_folder(host->mounts[i].path, name);
	return removed;
}

/* Create, allocate and map one file; the name goes again when a step fails. The lock stays while it is mapped. */
static int
map_file(struct vega_memory_map *map, const struct vega_layout *layout, uint64_t bytes)
{
	void *address;
	int rc;
	int fd = open(map->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return -errno;
	(void)flock(fd, LOCK_EX | LOCK_NB);
	rc = ftruncate(fd, (off_t)bytes) != 0 ? -errno : allocate(fd, layout, bytes);
	if (rc != 0) {
		(void)unlink(map->path);
		(void)close(fd);
		return rc == -ENOSPC ? -ENOMEM : rc;
	}
	address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	rc = address == MAP_FAILED ? -errno : 0;
	if (rc != 0)
		(void)unlink(map->path);
	else
		map->address = address;
	(void)close(fd);
	return rc;
}

static int
try_huge(const struct vega_host *host, const struct vega_region_conf *conf, uint64_t generation,
	struct vega_layout *layout, struct vega_memory_map *map)
{
	const uint64_t page_bytes = conf->page_bytes != 0           ? conf->page_bytes
				    : host->page_default_bytes != 0 ? host->page_default_bytes
								    : 2u << 20;
	const uint64_t bytes = vega_align_up(layout->lanes_bytes, page_bytes);
	const unsigned long long page_mib = page_bytes >> 20;
	const unsigned long long needed = bytes / page_bytes;
	const unsigned long long found = vega_host_pages_free(host, page_bytes);
	const char *dir = vega_host_mount(host, page_bytes);
	char holders[HOLDERS_BYTES];
	int rc;

	if (dir == NULL)
		return VEGA_ERR(-ENODEV,
			"need a hugetlbfs mount of %llu MiB pages, found none; run `vega-hugepages "
			"init` or "
			"use --memory shm",
			page_mib);
	(void)snprintf(map->path, sizeof(map->path), "%.200s/vega-%s.%llu", dir, conf->name,
		(unsigned long long)generation);
	map->page_bytes = page_bytes;
	map->memory = VEGA_MEMORY_HUGE;
	rc = needed > found ? -ENOMEM : map_file(map, layout, bytes);
	if (rc == 0) {
		layout->lanes_bytes = bytes;
		return 0;
	}
	if (rc != -ENOMEM)
		return VEGA_ERR(rc, "need to make %s, found: %s; check the mount's permissions",
			map->path, strerror(-rc));
	list_holders(conf->name, holders);
	if (holders[0] != '\0')
		return VEGA_ERR(-ENOMEM,
			"need %llu free hugepages of %llu MiB, found %llu, with an old map of "
			"region '%s' "
			"held by process%s; stop it",
			needed, page_mib, found, conf->name, holders);
	return VEGA_ERR_EX(-ENOSPC, EX_UNAVAILABLE,
		"need %llu free hugepages of %llu MiB, found %llu; run `vega-hugepages init`, make "
		"the lanes "
		"smaller or use --memory shm",
		needed, page_mib, found);
}

static int
try_shm(const struct vega_region_conf *conf, uint64_t generation, struct vega_layout *layout,
	struct vega_memory_map *map)
{
	int rc;

	(void)snprintf(map->path, sizeof(map->path), SHM_DIR "/vega-%s.%llu", conf->name,
		(unsigned long long)generation);
	map->page_bytes = SHM_PAGE_BYTES;
	map->memory = VEGA_MEMORY_SHM;
	rc = map_file(map, layout, layout->lanes_bytes);
	if (rc == -ENOMEM)
		return VEGA_ERR(rc,
			"need %llu MiB free in " SHM_DIR ", found less; make the lanes smaller",
			(unsigned long long)(layout->lanes_bytes >> 20));
	if (rc < 0)
		return VEGA_ERR(rc, "need to make %s, found: %s", map->path, strerror(-rc));
	return 0;
}

/*
 * Huge memory where there is some. Clients that hold an old map are named (-ENOMEM), not worked around: memory of another
 * kind would hide them.
 */
static int
map_any(const struct vega_host *host, const struct vega_region_conf *conf, uint64_t generation,
	struct vega_layout *layout, struct vega_memory_map *map)
{
	int rc = -ENODEV;

	if (conf->memory != VEGA_MEMORY_SHM)
		rc = try_huge(host, conf, generation, layout, map);
	if (rc == 0 || rc == -ENOMEM || conf->memory == VEGA_MEMORY_HUGE)
		return rc;
	return try_shm(conf, generation, layout, map);
}

int
vega_memory_map(const struct vega_region_conf *conf, uint64_t generation,
	struct vega_layout *layout, struct vega_memory_map *ret_map)
{
	struct vega_memory_map map = {0};
	struct vega_host *host = calloc(1, sizeof(*host));
	int rc;

	if (host == NULL)
		return VEGA_ERR(-ENOMEM, "need memory to read what the machine has, found none");
	rc = vega_host_read("", host);
	if (rc == 0 && sweep(host, conf->name))
		rc = vega_host_read("", host);
	if (rc == 0)
		rc = map_any(host, conf, generation, layout, &map);
	free(host);
	if (rc < 0)
		return rc;
	(void)mlock(
		map.address, layout->lanes_bytes); /* a limit too low costs a fault, never data */
	*ret_map = map;
	return 0;
}

void
vega_memory_unmap(uint8_t *address, uint64_t bytes, const char *path)
{
	(void)munmap(address, bytes);
	(void)unlink(path);
}
