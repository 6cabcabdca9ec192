/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/lib/io_mem.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/rng.h"

#define SECTOR     512u
#define NODE_MAX   512u
#define HANDLE_MAX 256u
#define FLIGHT_MAX 1024u
#define NO_TICK    UINT64_MAX

/* Content of a file: as seen, or as on the medium. */
struct image {
	uint8_t *data;
	uint64_t bytes;
	uint64_t room;
};

/* A change of content that no sync has covered yet. data NULL: a truncation to off. */
struct change {
	struct change *next;
	uint8_t *data;
	uint64_t off;
	uint64_t bytes;
	uint64_t done_tick; /* NO_TICK: still under way */
};

struct node {
	char path[256];
	bool dir;
	bool linked; /* its name, as seen */
	bool linked_durable;
	bool locked;
	uint64_t reserved;
	struct image seen;
	struct image medium;
	struct change *changes;
};

struct flight {
	struct vega_io_req *req;
	struct node *node;
	struct change *change; /* NULL: a sync */
	uint64_t tick;
};

struct handle {
	struct node *node;
	uint32_t flags;
};

struct io_mem {
	struct vega_io io;
	struct rng rng;
	struct io_mem_faults faults;
	bool power_off;
	uint64_t ops;
	uint64_t tick;
	uint32_t node_cnt;
	uint32_t flight_cnt;
	struct node *nodes[NODE_MAX];
	struct handle handles[HANDLE_MAX];
	struct flight flights[FLIGHT_MAX];
};

static struct io_mem *
self(struct vega_io *io)
{
	return (struct io_mem *)(void *)io;
}

static const struct io_mem *
self_const(const struct vega_io *io)
{
	return (const struct io_mem *)(const void *)io;
}

static void *
must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

static void
complain(const char *what)
{
	(void)fprintf(stderr, "io_mem: %s\n", what);
	abort();
}

/* Chance of a fault. */
static bool
strikes(struct io_mem *m, uint32_t one_in)
{
	return one_in != 0 && rng_one_in(&m->rng, one_in);
}

/* Count an act that changes the disk; false when there is no power for it. */
static bool
powered(struct io_mem *m)
{
	if (m->power_off)
		return false;
	m->ops++;
	if (m->faults.power_ops != 0 && --m->faults.power_ops == 0)
		m->power_off = true;
	return !m->power_off;
}

static void
image_size(struct image *image, uint64_t bytes)
{
	if (bytes > image->room) {
		image->room = bytes * 2;
		image->data = must(realloc(image->data, image->room));
	}
	if (bytes > image->bytes)
		memset(image->data + image->bytes, 0, bytes - image->bytes);
	image->bytes = bytes;
}

static void
image_write(struct image *image, uint64_t off, const uint8_t *data, uint64_t bytes)
{
	if (bytes == 0)
		return;
	if (off + bytes > image->bytes)
		image_size(image, off + bytes);
	memcpy(image->data + off, data, bytes);
}

static void
image_copy(struct image *to, const struct image *from)
{
	to->bytes = 0;
	image_size(to, from->bytes);
	if (from->bytes != 0)
		memcpy(to->data, from->data, from->bytes);
}

static void
change_apply(struct image *image, const struct change *change)
{
	if (change->data == NULL)
		image_size(image, change->off);
	else
		image_write(image, change->off, change->data, change->bytes);
}

static void
change_apply_torn(struct io_mem *m, struct image *image, const struct change *change)
{
	for (uint64_t at = 0; change->data != NULL && at < change->bytes; at += SECTOR) {
		uint64_t left = change->bytes - at;

		if (rng_one_in(&m->rng, 2))
			image_write(image, change->off + at, change->data + at,
				left < SECTOR ? left : SECTOR);
	}
}

static struct change *
change_add(struct node *node, const uint8_t *data, uint64_t off, uint64_t bytes)
{
	struct change **last = &node->changes;
	struct change *change = must(calloc(1, sizeof(*change)));

	change->off = off;
	change->bytes = bytes;
	change->done_tick = NO_TICK;
	if (data != NULL) {
		change->data = must(malloc(bytes + 1));
		memcpy(change->data, data, bytes);
	}
	while (*last != NULL)
		last = &(*last)->next;
	*last = change;
	return change;
}

/* A sync that began at `tick` is done: what was complete then is on the medium. */
static void
node_sync(struct node *node, uint64_t tick)
{
	struct change **at = &node->changes;
	struct change *change;

	while ((change = *at) != NULL) {
		if (change->done_tick >= tick) {
			at = &change->next;
			continue;
		}
		change_apply(&node->medium, change);
		*at = change->next;
		free(change->data);
		free(change);
	}
}

static bool
is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/' &&
	       strchr(path + len + 1, '/') == NULL;
}

static struct node *
find(const struct io_mem *m, const char *path)
{
	for (uint32_t i = 0; i < m->node_cnt; i++)
		if (m->nodes[i]->linked && strcmp(m->nodes[i]->path, path) == 0)
			return m->nodes[i];
	return NULL;
}

static struct node *
parent(const struct io_mem *m, const char *path)
{
	for (uint32_t i = 0; i < m->node_cnt; i++)
		if (m->nodes[i]->linked && m->nodes[i]->dir && is_in(path, m->nodes[i]->path))
			return m->nodes[i];
	return NULL;
}

static struct node *
node_add(struct io_mem *m, const char *path, bool dir)
{
	struct node *node = must(calloc(1, sizeof(*node)));

	if (m->node_cnt == NODE_MAX || strlen(path) >= sizeof(node->path))
		complain("too many or too long names");
	strncpy(node->path, path, sizeof(node->path) - 1);
	node->dir = dir;
	node->linked = true;
	m->nodes[m->node_cnt++] = node;
	return node;
}

static int
mem_open(struct vega_io *io, const char *path, uint32_t flags)
{
	struct io_mem *m = self(io);
	struct node *node = find(m, path);
	int file = 0;

	if (m->power_off || strikes(m, m->faults.read_eio_one_in))
		return -EIO;
	if ((flags & VEGA_IO_CREATE) && node != NULL)
		return -EEXIST;
	if (flags & VEGA_IO_CREATE) {
		if (parent(m, path) == NULL)
			return -ENOENT;
		if (!powered(m))
			return -EIO;
		node = node_add(m, path, false);
	}
	if (node == NULL)
		return -ENOENT;
	if (node->dir != ((flags & VEGA_IO_DIR) != 0))
		return node->dir ? -EISDIR : -ENOTDIR;
	if ((flags & VEGA_IO_LOCK) && node->locked)
		return -EBUSY;
	while (m->handles[file].node != NULL)
		if (++file == HANDLE_MAX)
			complain("too many open files");
	node->locked |= (flags & VEGA_IO_LOCK) != 0;
	m->handles[file] = (struct handle){node, flags};
	return file;
}

static struct node *
node_of(struct io_mem *m, int file)
{
	if (file < 0 || file >= (int)HANDLE_MAX || m->handles[file].node == NULL)
		complain("a file that is not open is used");
	return m->handles[file].node;
}

static void
mem_close(struct vega_io *io, int file)
{
	struct io_mem *m = self(io);
	struct node *node = node_of(m, file);

	for (uint32_t i = 0; i < m->flight_cnt; i++)
		if (m->flights[i].req->file == file)
			complain("a file is closed while a request for it is under way");
	if (m->handles[file].flags & VEGA_IO_LOCK)
		node->locked = false;
	m->handles[file].node = NULL;
}

static uint64_t
used_bytes(const struct io_mem *m)
{
	uint64_t used = 0;

	for (uint32_t i = 0; i < m->node_cnt; i++) {
		const struct node *node = m->nodes[i];

		if (node->linked)
			used += node->reserved > node->seen.bytes ? node->reserved
								  : node->seen.bytes;
	}
	return used;
}

/* Room for a file to reach `end`? */
static bool
has_room(const struct io_mem *m, const struct node *node, uint64_t end)
{
	uint64_t have = node->reserved > node->seen.bytes ? node->reserved : node->seen.bytes;

	if (m->faults.capacity_bytes == 0 || end <= have)
		return true;
	return used_bytes(m) + end - have <= m->faults.capacity_bytes;
}

static void
check_aligned(const struct io_mem *m, const struct vega_io_req *req)
{
	if (!(m->handles[req->file].flags & VEGA_IO_WRITE))
		complain("a write to a file opened for reading");
	if (!(m->handles[req->file].flags & VEGA_IO_DIRECT))
		return;
	if (((uintptr_t)req->data | req->off | req->bytes) % SECTOR != 0)
		complain("an O_DIRECT write that is not aligned");
}

static int
mem_submit(struct vega_io *io, struct vega_io_req *req)
{
	struct io_mem *m = self(io);
	struct node *node = node_of(m, req->file);
	struct change *change = NULL;

	if (m->flight_cnt == FLIGHT_MAX)
		complain("too many requests under way");
	if (!powered(m))
		return -EIO;
	if (req->verb == VEGA_IO_DO_WRITE) {
		check_aligned(m, req);
		change = change_add(node, req->data + req->written, req->off + req->written,
			req->bytes - req->written);
	}
	m->flights[m->flight_cnt++] = (struct flight){req, node, change, ++m->tick};
	return 0;
}

/* A disk of larger sectors. */
static bool
misfits(const struct io_mem *m, const struct vega_io_req *req)
{
	return m->faults.sector_bytes != 0 && (m->handles[req->file].flags & VEGA_IO_DIRECT) &&
	       (req->off | req->bytes) % m->faults.sector_bytes != 0;
}

static int64_t
end_write(struct io_mem *m, const struct flight *f)
{
	struct change *change = f->change;
	const uint64_t sectors = change->bytes / SECTOR;

	if (memcmp(change->data, f->req->data + f->req->written, change->bytes) != 0)
		complain("data was changed while it was being written");
	change->done_tick = ++m->tick;
	if (misfits(m, f->req)) {
		change->bytes = 0;
		return -EINVAL;
	}
	if (!has_room(m, f->node, change->off + change->bytes)) {
		change->bytes = 0;
		return -ENOSPC;
	}
	if (strikes(m, m->faults.eio_one_in)) {
		change->bytes = sectors == 0 ? 0 : SECTOR * rng_below(&m->rng, sectors);
		change_apply(&f->node->seen, change);
		return -EIO;
	}
	if (sectors > 1 && strikes(m, m->faults.short_one_in))
		change->bytes = SECTOR * (1 + rng_below(&m->rng, sectors - 1));
	change_apply(&f->node->seen, change);
	return (int64_t)change->bytes;
}

static int64_t
end_sync(struct io_mem *m, const struct flight *f)
{
	if (strikes(m, m->faults.sync_eio_one_in))
		return -EIO;
	node_sync(f->node, f->tick);
	for (uint32_t i = 0; f->node->dir && i < m->node_cnt; i++)
		if (is_in(m->nodes[i]->path, f->node->path))
			m->nodes[i]->linked_durable = m->nodes[i]->linked;
	return 0;
}

static struct vega_io_req *
mem_reap(struct vega_io *io, bool wait, int64_t *ret_result)
{
	struct io_mem *m = self(io);
	struct flight f;
	uint64_t pick;
	uint32_t tries;

	if (m->flight_cnt == 0 || (!wait && !m->power_off && strikes(m, m->faults.late_one_in)))
		return NULL;
	pick = m->faults.reorder ? rng_below(&m->rng, m->flight_cnt) : 0;
	for (tries = 0; m->faults.hold_dir_syncs && m->flights[pick].node->dir; tries++) {
		if (tries == m->flight_cnt)
			return NULL;
		pick = (pick + 1) % m->flight_cnt;
	}
	f = m->flights[pick];
	memmove(&m->flights[pick], &m->flights[pick + 1],
		(m->flight_cnt - pick - 1) * sizeof(m->flights[0]));
	m->flight_cnt--;
	if (m->power_off)
		*ret_result = -EIO;
	else
		*ret_result = f.change != NULL ? end_write(m, &f) : end_sync(m, &f);
	return f.req;
}

static int64_t
mem_pread(struct vega_io *io, int file, void *buf, uint64_t bytes, uint64_t off)
{
	struct io_mem *m = self(io);
	const struct image *seen = &node_of(m, file)->seen;
	uint64_t left = off < seen->bytes ? seen->bytes - off : 0;

	if (m->power_off || strikes(m, m->faults.read_eio_one_in))
		return -EIO;
	if (left > bytes)
		left = bytes;
	if (left > 1 && strikes(m, m->faults.read_short_one_in))
		left = 1 + rng_below(&m->rng, left - 1);
	if (left != 0)
		memcpy(buf, seen->data + off, left);
	return (int64_t)left;
}

static int
mem_size(struct vega_io *io, int file, uint64_t *ret_bytes)
{
	struct io_mem *m = self(io);
	struct image *seen = &node_of(m, file)->seen;

	if (m->power_off || strikes(m, m->faults.read_eio_one_in))
		return -EIO;
	*ret_bytes = seen->bytes;
	if (seen->bytes != 0 && strikes(m, m->faults.shrink_one_in))
		image_size(seen, rng_below(&m->rng, seen->bytes));
	return 0;
}

static int
mem_stat(struct vega_io *io, const char *path, struct vega_io_stat *ret_stat)
{
	const struct node *node = find(self(io), path);

	if (self(io)->power_off || strikes(self(io), self(io)->faults.read_eio_one_in))
		return -EIO;
	if (node == NULL)
		return -ENOENT;
	*ret_stat = (struct vega_io_stat){
		.bytes = node->seen.bytes,
		.kind = node->dir ? VEGA_IO_IS_DIR : VEGA_IO_IS_FILE,
	};
	return 0;
}

static int
mem_list(struct vega_io *io, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
	struct io_mem *m = self(io);
	const struct node *folder = find(m, path);
	int rc = 0;

	if (m->power_off || strikes(m, m->faults.read_eio_one_in))
		return -EIO;
	if (folder == NULL || !folder->dir)
		return folder == NULL ? -ENOENT : -ENOTDIR;
	for (uint32_t i = 0; rc == 0 && i < m->node_cnt; i++)
		if (m->nodes[i]->linked && is_in(m->nodes[i]->path, path))
			rc = each(arg, m->nodes[i]->path + strlen(path) + 1);
	return rc;
}

/* There are no links, and nobody says "..". */
static int
mem_resolve(struct vega_io *io, const char *path, char *ret_real)
{
	if (strikes(self(io), self(io)->faults.read_eio_one_in))
		return -EIO;
	if (find(self(io), path) == NULL)
		return -ENOENT;
	(void)snprintf(ret_real, PATH_MAX, "%s", path);
	return 0;
}

static int
mem_reserve(struct vega_io *io, int file, uint64_t off, uint64_t bytes)
{
	struct io_mem *m = self(io);
	struct node *node = node_of(m, file);

	if (m->faults.no_reserve)
		return -EOPNOTSUPP;
	if (!powered(m))
		return -EIO;
	if (!has_room(m, node, off + bytes))
		return -ENOSPC;
	if (off + bytes > node->reserved)
		node->reserved = off + bytes;
	return 0;
}

static int
mem_truncate(struct vega_io *io, int file, uint64_t bytes)
{
	struct io_mem *m = self(io);
	struct node *node = node_of(m, file);
	struct change *change;

	if (!powered(m))
		return -EIO;
	change = change_add(node, NULL, bytes, 0);
	change->done_tick = ++m->tick;
	change_apply(&node->seen, change);
	node->reserved = 0;
	return 0;
}

static int
mem_mkdir(struct vega_io *io, const char *path)
{
	struct io_mem *m = self(io);

	if (find(m, path) != NULL)
		return -EEXIST;
	if (parent(m, path) == NULL)
		return -ENOENT;
	if (!powered(m))
		return -EIO;
	(void)node_add(m, path, true);
	return 0;
}

static int
mem_rename(struct vega_io *io, const char *from, const char *to)
{
	struct node *node = find(self(io), from);

	if (node == NULL)
		return -ENOENT;
	if (!powered(self(io)))
		return -EIO;
	strncpy(node->path, to, sizeof(node->path) - 1);
	return 0;
}

static int
mem_unlink(struct vega_io *io, const char *path)
{
	struct node *node = find(self(io), path);

	if (node == NULL)
		return -ENOENT;
	if (!powered(self(io)))
		return -EIO;
	node->linked = false;
	return 0;
}

static int
mem_space(struct vega_io *io, const char *path, uint64_t *ret_free_bytes)
{
	struct io_mem *m = self(io);
	uint64_t used = used_bytes(m);

	(void)path;
	*ret_free_bytes =
		m->faults.capacity_bytes == 0 ? UINT64_MAX : m->faults.capacity_bytes - used;
	return 0;
}

static int
mem_random(struct vega_io *io, void *buf, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		((uint8_t *)buf)[i] = (uint8_t)rng_next(&self(io)->rng);
	return 0;
}

static void
node_delete(struct node *node)
{
	struct change *next;

	for (struct change *change = node->changes; change != NULL; change = next) {
		next = change->next;
		free(change->data);
		free(change);
	}
	free(node->seen.data);
	free(node->medium.data);
	free(node);
}

static void
mem_delete(struct vega_io *io)
{
	struct io_mem *m = self(io);

	for (uint32_t i = 0; i < m->node_cnt; i++)
		node_delete(m->nodes[i]);
	free(m);
}

static const struct vega_io_ops ops = {
	.open = mem_open,
	.close = mem_close,
	.submit = mem_submit,
	.reap = mem_reap,
	.pread = mem_pread,
	.size = mem_size,
	.reserve = mem_reserve,
	.truncate = mem_truncate,
	.mkdir = mem_mkdir,
	.rename = mem_rename,
	.unlink = mem_unlink,
	.stat = mem_stat,
	.list = mem_list,
	.resolve = mem_resolve,
	.space = mem_space,
	.random = mem_random,
	.delete = mem_delete,
};

struct vega_io *
io_mem_new(uint64_t seed)
{
	struct io_mem *m = must(calloc(1, sizeof(*m)));

	m->io.ops = &ops;
	(void)snprintf(m->io.name, sizeof(m->io.name), "memory");
	m->rng.state = seed;
	node_add(m, "/j", true)->linked_durable = true;
	return &m->io;
}

struct io_mem_faults *
io_mem_faults(struct vega_io *io)
{
	return &self(io)->faults;
}

bool
io_mem_power_is_off(const struct vega_io *io)
{
	return self_const(io)->power_off;
}

uint64_t
io_mem_ops(const struct vega_io *io)
{
	return self_const(io)->ops;
}

/* What the medium holds after a power cut: each change since the last sync is there, is not, or is torn. */
static void
node_crash(struct io_mem *m, struct node *node)
{
	struct change *change;

	while ((change = node->changes) != NULL) {
		switch (rng_below(&m->rng, 4)) {
		case 0:
			break;
		case 1:
			change_apply_torn(m, &node->medium, change);
			break;
		default:
			change_apply(&node->medium, change);
		}
		node->changes = change->next;
		free(change->data);
		free(change);
	}
	image_copy(&node->seen, &node->medium);
	node->reserved = 0;
	node->locked = false;
	if (node->linked != node->linked_durable)
		node->linked = rng_one_in(&m->rng, 2);
	node->linked_durable = node->linked;
}

/* A name in a folder that is gone is gone too. Folders come before what is in them. */
static void
drop_orphans(struct io_mem *m)
{
	for (uint32_t i = 0; i < m->node_cnt; i++)
		if (strcmp(m->nodes[i]->path, "/j") != 0 && parent(m, m->nodes[i]->path) == NULL)
			m->nodes[i]->linked = m->nodes[i]->linked_durable = false;
}

void
io_mem_crash(struct vega_io *io)
{
	struct io_mem *m = self(io);

	for (uint32_t i = 0; i < m->node_cnt; i++)
		node_crash(m, m->nodes[i]);
	drop_orphans(m);
	memset(m->handles, 0, sizeof(m->handles));
	memset(&m->faults, 0, sizeof(m->faults));
	m->flight_cnt = 0;
	m->io.busy_cnt = 0;
	m->power_off = false;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *
io_mem_path(const struct vega_io *io, uint32_t idx)
{
	const struct io_mem *m = self_const(io);
	const char *paths[NODE_MAX];
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < m->node_cnt; i++)
		if (m->nodes[i]->linked && !m->nodes[i]->dir)
			paths[cnt++] = m->nodes[i]->path;
	qsort(paths, cnt, sizeof(paths[0]), by_name);
	return idx < cnt ? paths[idx] : NULL;
}

uint32_t
io_mem_open_files(const struct vega_io *io)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < HANDLE_MAX; i++)
		cnt += self_const(io)->handles[i].node != NULL;
	return cnt;
}

uint8_t *
io_mem_bytes(const struct vega_io *io, const char *path, uint64_t *ret_bytes)
{
	const struct node *node = find(self_const(io), path);

	if (node == NULL)
		return NULL;
	*ret_bytes = node->seen.bytes;
	return node->seen.data;
}

void
io_mem_put(struct vega_io *io, const char *path, const void *data, uint64_t bytes)
{
	struct node *node = find(self(io), path);

	if (node == NULL)
		node = node_add(self(io), path, false);
	node->linked_durable = true;
	node->seen.bytes = 0;
	image_write(&node->seen, 0, data, bytes);
	image_copy(&node->medium, &node->seen);
}

struct vega_io *
io_mem_copy(const struct vega_io *io, uint64_t seed)
{
	const struct io_mem *from = self_const(io);
	struct vega_io *copy = io_mem_new(seed);

	for (uint32_t i = 1; i < from->node_cnt; i++) {
		const struct node *node = from->nodes[i];

		if (!node->linked)
			continue;
		if (node->dir)
			node_add(self(copy), node->path, true)->linked_durable = true;
		else
			io_mem_put(copy, node->path, node->seen.data, node->seen.bytes);
	}
	return copy;
}
