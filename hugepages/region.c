/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/region.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/clients.h"
#include "hugepages/memory.h"
#include "hugepages/ring.h"
#include "hugepages/state_table.h"

#define ROOT_DIR "/run/vega"

/* A reader that asks whether a capture lives holds the lock for a moment: try again this often, 10 ms apart. */
#define LOCK_TRIES   5
#define LOCK_WAIT_NS 10000000u

void
vega_region_root(char dir[224])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		(void)snprintf(dir, 224, ROOT_DIR);
	else if (runtime != NULL && runtime[0] == '/')
		(void)snprintf(dir, 224, "%s/vega", runtime);
	else
		(void)snprintf(dir, 224, "/tmp/vega-%u", (unsigned)geteuid());
}

/* root/NAME, or an error for a name that could leave the root. */
static int
region_dir(const char *root, const char *name, char dir[256])
{
	if (!vega_name_ok(name))
		return VEGA_ERR_CONFIG("need a region name of 1 to 31 letters, digits, '_', '-' or "
				       "'.', found '%s'; set --region",
			name);
	(void)snprintf(dir, 256, "%s/%s", root, name);
	return 0;
}

/* Where a reader finds a region: this user's own, else the one of a capture that runs as root. */
static int
find_region_dir(const char *name, char dir[256])
{
	char root[224];
	int rc;

	vega_region_root(root);
	rc = region_dir(root, name, dir);
	if (rc == 0 && access(dir, F_OK) != 0 && geteuid() != 0)
		rc = region_dir(ROOT_DIR, name, dir);
	return rc;
}

/* A folder of ours: made if missing, and refused when it is somebody else's or no folder. */
static int
make_dir(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return VEGA_ERR(-errno,
			"need to make the folder %s, found: %s; check its parent's permissions",
			path, strerror(errno));
	if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return VEGA_ERR(-EACCES,
			"need %s to be a folder of this user, found it is not; remove it", path);
	return 0;
}

static int
open_file(const char *dir, const char *file, int flags)
{
	char path[288];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return VEGA_ERR(-errno, "need to open %s, found: %s", path, strerror(errno));
	return fd;
}

/* The lock is held by flock for the life of the capture: it dies with the process, whatever kills it. */
static int
take_lock(struct vega_region *region, const char *name)
{
	int fd = open_file(region->dir, "lock", O_RDWR | O_CREAT);
	int rc;

	if (fd < 0)
		return fd;
	for (int i = 0; (rc = flock(fd, LOCK_EX | LOCK_NB)) != 0 && i < LOCK_TRIES; i++)
		vega_sleep_until_ns(vega_monotonic_ns() + LOCK_WAIT_NS);
	if (rc != 0) {
		(void)close(fd);
		return VEGA_ERR(-EBUSY,
			"need the region name '%s' to be free, found a living capture on it; stop "
			"that one or give --region another name",
			name);
	}
	region->lock_fd = fd;
	return 0;
}

/* Point at the parts of a mapped control file. */
static void
place_parts(struct vega_region *region, uint8_t *control)
{
	region->control = (struct vega_control *)(void *)control;
	region->feeds = (struct vega_feed_entry *)(void *)(control + VEGA_CONTROL_FEEDS_OFF);
	region->lanes = (struct vega_lane_entry *)(void *)(control + VEGA_CONTROL_LANES_OFF);
	region->rx = (struct vega_rx_cells *)(void *)(control + VEGA_CONTROL_RX_OFF);
	region->drain = (struct vega_drain_cells *)(void *)(control + VEGA_CONTROL_DRAIN_OFF);
	region->lcores = (struct vega_lcore_cells *)(void *)(control + VEGA_CONTROL_LCORES_OFF);
	region->ports = (struct vega_port_cells *)(void *)(control + VEGA_CONTROL_PORTS_OFF);
	region->channels =
		(struct vega_channel_cells *)(void *)(control + VEGA_CONTROL_CHANNELS_OFF);
}

static bool
text_ends(const char *text, size_t bytes)
{
	return memchr(text, '\0', bytes) != NULL;
}

static bool
lane_ok(const struct vega_control *c, uint32_t lane)
{
	return lane == UINT32_MAX || lane < c->lane_cnt;
}

/* Every count, offset and text of a control file that a reader will use; the file may hold any bytes. */
static const char *
control_fault(const struct vega_region *region)
{
	const struct vega_control *c = region->control;

	if (vega_load_acquire(&c->magic) != VEGA_CONTROL_MAGIC) /* M2: pairs with M1 */
		return "no region's magic";
	if (c->version != VEGA_CONTROL_VERSION || c->control_bytes != VEGA_CONTROL_BYTES)
		return "another version";
	if (c->feed_cnt == 0 || c->feed_cnt > VEGA_FEED_CNT_MAX ||
		c->lane_cnt > VEGA_LANE_CNT_MAX || c->lcore_cnt > VEGA_LCORE_CNT_MAX ||
		c->port_cnt > VEGA_PORT_CNT_MAX)
		return "counts above their maxima";
	if (!text_ends(c->name, sizeof(c->name)) || !text_ends(c->journal, sizeof(c->journal)) ||
		!text_ends(c->lanes_path, sizeof(c->lanes_path)) ||
		!text_ends(c->io, sizeof(c->io)))
		return "a text without end";
	for (uint32_t i = 0; i < c->feed_cnt; i++) {
		const struct vega_feed_entry *f = &region->feeds[i];

		if (!text_ends(f->name, sizeof(f->name)) || !text_ends(f->zone, sizeof(f->zone)))
			return "a feed's name without end";
		if (f->frame_lane >= c->lane_cnt || !lane_ok(c, f->record_lane) ||
			!lane_ok(c, f->book_lane) || !lane_ok(c, f->state_lane))
			return "a feed with a lane that is not there";
		if (f->channel_first > VEGA_CHANNEL_ROW_CNT ||
			f->channel_cnt > VEGA_CHANNEL_ROW_CNT - f->channel_first)
			return "a feed with channels that are not there";
	}
	for (uint32_t i = 0; i < c->port_cnt; i++)
		if (!text_ends(region->ports[i].name, sizeof(region->ports[i].name)))
			return "a port's name without end";
	return NULL;
}

static int
map_control(struct vega_region *region, int flags, int prot)
{
	struct stat st;
	const char *fault;
	void *control;
	int fd = open_file(region->dir, "control", flags);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != VEGA_CONTROL_BYTES) {
		(void)close(fd);
		return VEGA_ERR(-EBADMSG,
			"need a control file of %u bytes in %s, found %lld; remove the folder",
			VEGA_CONTROL_BYTES, region->dir, (long long)st.st_size);
	}
	control = mmap(NULL, VEGA_CONTROL_BYTES, prot, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (control == MAP_FAILED)
		return VEGA_ERR(
			-errno, "need to map %s/control, found: %s", region->dir, strerror(errno));
	place_parts(region, control);
	fault = control_fault(region);
	if (fault == NULL)
		return 0;
	(void)munmap(control, VEGA_CONTROL_BYTES);
	region->control = NULL;
	return VEGA_ERR(-EBADMSG,
		"need a control file of a region in %s, found %s; remove the folder", region->dir,
		fault);
}

/*
 * What a dead capture left: tell its clients, and take its files away. Nothing mapped is truncated or reused, so a client of
 * the old generation keeps its data. Returns the old generation, 0 when there was none.
 */
static uint64_t
supersede(struct vega_region *region, const char *name)
{
	char prefix[64];
	char path[288];
	const char *base;
	uint64_t generation = 0;

	if (map_control(region, O_RDWR, PROT_READ | PROT_WRITE) == 0) {
		generation = region->control->generation;
		base = strrchr(region->control->lanes_path, '/');
		(void)snprintf(prefix, sizeof(prefix), "/vega-%s.", name);
		if (base != NULL && strncmp(base, prefix, strlen(prefix)) == 0)
			(void)unlink(region->control->lanes_path);
		/* S1: the lanes' name is gone before a client reads the state (its load is S2) */
		vega_store_release(&region->control->state, VEGA_STATE_SUPERSEDED);
		(void)munmap(region->control, VEGA_CONTROL_BYTES);
		region->control = NULL;
	}
	(void)snprintf(path, sizeof(path), "%s/control", region->dir);
	(void)unlink(path);
	return generation;
}

/* The rows of sequences are shared out evenly among the feeds that have records. */
static uint32_t
rows_of_feed(const struct vega_layout *layout)
{
	uint32_t record_lane_cnt = 0;

	for (uint32_t i = 0; i < layout->feed_cnt; i++)
		record_lane_cnt += layout->record_lane[i] != UINT32_MAX;
	return record_lane_cnt == 0 ? 0 : VEGA_CHANNEL_ROW_CNT / record_lane_cnt;
}

static void
fill_directory(struct vega_region *region, const struct vega_layout *layout)
{
	const uint32_t row_cnt = rows_of_feed(layout);
	uint32_t row = 0;

	for (uint32_t i = 0; i < layout->feed_cnt; i++) {
		const struct vega_layout_feed *from = &layout->feeds[i];
		struct vega_feed_entry *to = &region->feeds[i];

		memcpy(to->name, from->name, sizeof(to->name));
		memcpy(to->zone, from->zone, sizeof(to->zone));
		to->feed_id = i;
		to->day_start_s = from->day_start_s;
		to->record_lane = layout->record_lane[i];
		to->book_lane = layout->book_lane[i];
		to->frame_lane = layout->frame_lane[i];
		to->state_lane = layout->state_lane[i];
		to->lcore = from->lcore;
		to->price_scale = from->price_scale;
		if (to->record_lane == UINT32_MAX)
			continue;
		to->channel_first = row;
		to->channel_cnt = row_cnt;
		row += row_cnt;
	}
	memcpy(region->lanes, layout->lanes, layout->lane_cnt * sizeof(layout->lanes[0]));
}

/* Headers of the lanes, in memory that is zero. */
static void
make_lanes(struct vega_region *region, const struct vega_layout *layout)
{
	const uint64_t generation = region->control->generation;

	for (uint32_t i = 0; i < layout->lane_cnt; i++) {
		const struct vega_lane_entry *lane = &layout->lanes[i];
		uint8_t *at = region->memory + lane->lane_off;

		if (lane->kind == VEGA_LANE_FRAMES) {
			struct vega_frame_lane *frames = (struct vega_frame_lane *)(void *)at;
			const struct vega_layout_feed *feed = &layout->feeds[lane->feed_id];

			frames->if_cnt = feed->if_cnt;
			memcpy(frames->if_name, feed->if_name, sizeof(frames->if_name));
			vega_frame_lane_new(frames, lane->feed_id, lane->unit_cnt, generation);
		} else if (lane->kind == VEGA_LANE_STATE) {
			vega_state_table_new((void *)at, lane->unit_cnt, lane->feed_id, generation);
		} else {
			/* M1: the magic is stored last, a lane with a magic is whole; pairs with M2 */
			vega_ring_new((void *)at, lane->lane_bytes, lane->feed_id, lane->unit_bytes,
				generation);
		}
	}
}

/* A control file under a temporary name; it gets its own name when it is whole. */
static int
make_control(struct vega_region *region)
{
	void *control;
	int fd = open_file(region->dir, "control.new", O_RDWR | O_CREAT | O_TRUNC);

	if (fd < 0)
		return fd;
	if (ftruncate(fd, VEGA_CONTROL_BYTES) != 0 ||
		posix_fallocate(fd, 0, VEGA_CONTROL_BYTES) != 0) {
		(void)close(fd);
		return VEGA_ERR(-ENOSPC, "need %u bytes in %s, found none free; make room",
			VEGA_CONTROL_BYTES, region->dir);
	}
	control = mmap(NULL, VEGA_CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (control == MAP_FAILED)
		return VEGA_ERR(-errno, "need to map %s/control.new, found: %s", region->dir,
			strerror(errno));
	place_parts(region, control);
	return 0;
}

static void
fill_control(struct vega_region *region, const struct vega_region_conf *conf,
	const struct vega_layout *layout, const struct vega_memory_map *map, uint64_t generation)
{
	struct vega_control *c = region->control;

	c->version = VEGA_CONTROL_VERSION;
	c->control_bytes = VEGA_CONTROL_BYTES;
	c->generation = generation;
	c->heartbeat_ns = vega_realtime_ns();
	c->pid = (uint64_t)getpid();
	c->lanes_bytes = layout->lanes_bytes;
	c->page_bytes = map->page_bytes;
	c->memory = map->memory;
	c->feed_cnt = layout->feed_cnt;
	c->lane_cnt = layout->lane_cnt;
	c->lcore_cnt = conf->lcore_cnt;
	c->port_cnt = conf->port_cnt;
	(void)snprintf(c->name, sizeof(c->name), "%s", conf->name);
	(void)snprintf(
		c->journal, sizeof(c->journal), "%s", conf->journal != NULL ? conf->journal : "");
	(void)snprintf(c->lanes_path, sizeof(c->lanes_path), "%s", map->path);
	c->state = VEGA_STATE_LIVE;
	fill_directory(region, layout);
	region->memory = map->address;
	make_lanes(region, layout);
	/* M1: last, a control file with a magic is whole; pairs with M2 */
	vega_store_release(&c->magic, VEGA_CONTROL_MAGIC);
}

static int
publish_control(const struct vega_region *region)
{
	char from[288];
	char to[288];

	(void)snprintf(from, sizeof(from), "%s/control.new", region->dir);
	(void)snprintf(to, sizeof(to), "%s/control", region->dir);
	if (rename(from, to) != 0)
		return VEGA_ERR(-errno, "need to name %s, found: %s", to, strerror(errno));
	return 0;
}

static int
create_locked(
	struct vega_region *region, const struct vega_region_conf *conf, struct vega_layout *layout)
{
	struct vega_memory_map map;
	uint64_t generation = vega_realtime_ns();
	uint64_t old = supersede(region, conf->name);
	int rc;

	generation = generation > old ? generation : old + 1;
	rc = vega_memory_map(conf, generation, layout, &map);
	if (rc < 0)
		return rc;
	rc = make_control(region);
	if (rc < 0) {
		vega_memory_unmap(map.address, layout->lanes_bytes, map.path);
		return rc;
	}
	fill_control(region, conf, layout, &map, generation);
	rc = vega_clients_make(region->dir);
	if (rc == 0)
		rc = publish_control(region);
	if (rc < 0)
		(void)unlink(map.path);
	return rc;
}

int
vega_region_create(const struct vega_region_conf *conf, struct vega_region **ret_region)
{
	struct vega_layout *layout = NULL;
	struct vega_region *region = NULL;
	char root[224];
	int rc = -ENOMEM;

	layout = calloc(1, sizeof(*layout));
	region = calloc(1, sizeof(*region));
	if (layout == NULL || region == NULL) {
		rc = VEGA_ERR(-ENOMEM, "need memory for the region's directory, found none");
		goto out;
	}
	region->lock_fd = -1;
	region->owner = true;
	vega_region_root(root);
	if ((rc = region_dir(root, conf->name, region->dir)) < 0 ||
		(rc = make_dir(root, 0755)) < 0 || (rc = make_dir(region->dir, 0755)) < 0 ||
		(rc = take_lock(region, conf->name)) < 0)
		goto out;
	rc = vega_layout_make(conf->feeds, conf->feed_cnt, VEGA_LANE_ALIGN_BYTES, layout);
	if (rc == 0)
		rc = create_locked(region, conf, layout);
out:
	free(layout);
	if (rc < 0) {
		vega_region_release(region);
		return rc;
	}
	*ret_region = region;
	return 0;
}

void
vega_region_close(struct vega_region *region)
{
	if (region == NULL)
		return;
	if (region->control != NULL) {
		/* S1: every counter is final before a client reads the state (its load is S2) */
		vega_store_release(&region->control->state, VEGA_STATE_STOPPED);
		(void)unlink(region->control->lanes_path);
	}
	vega_region_release(region);
}

void
vega_region_release(struct vega_region *region)
{
	if (region == NULL)
		return;
	if (region->control != NULL) {
		if (region->memory != NULL)
			(void)munmap(region->memory, region->control->lanes_bytes);
		(void)munmap(region->control, VEGA_CONTROL_BYTES);
	}
	if (region->lock_fd >= 0)
		(void)close(region->lock_fd);
	free(region);
}

int
vega_region_open(const char *name, struct vega_region **ret_region)
{
	struct vega_region *region = calloc(1, sizeof(*region));
	int rc;

	if (region == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a region, found none");
	region->lock_fd = -1;
	rc = find_region_dir(name, region->dir);
	if (rc == 0)
		rc = map_control(region, O_RDONLY, PROT_READ);
	if (rc == -ENOENT)
		rc = VEGA_ERR(-ENOENT,
			"need a region named '%s', found no %s/control; start a capture, or see "
			"`vega-bus ls`",
			name, region->dir);
	if (rc < 0) {
		vega_region_release(region);
		return rc;
	}
	*ret_region = region;
	return 0;
}

bool
vega_region_alive(const char *name)
{
	char dir[256];
	bool held;
	int fd;

	if (find_region_dir(name, dir) < 0 || (fd = open_file(dir, "lock", O_RDONLY)) < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	(void)close(fd);
	return held;
}

struct vega_frame_lane *
vega_region_frame_lane(const struct vega_region *region, uint32_t feed_id)
{
	const struct vega_lane_entry *lane = &region->lanes[region->feeds[feed_id].frame_lane];

	return (struct vega_frame_lane *)(void *)(region->memory + lane->lane_off);
}

static void *
lane_at(const struct vega_region *region, uint32_t idx, uint64_t *ret_lane_bytes)
{
	if (idx == UINT32_MAX)
		return NULL;
	*ret_lane_bytes = region->lanes[idx].lane_bytes;
	return region->memory + region->lanes[idx].lane_off;
}

struct vega_record_lane *
vega_region_record_lane(
	const struct vega_region *region, uint32_t feed_id, uint64_t *ret_lane_bytes)
{
	return lane_at(region, region->feeds[feed_id].record_lane, ret_lane_bytes);
}

struct vega_record_lane *
vega_region_book_lane(const struct vega_region *region, uint32_t feed_id, uint64_t *ret_lane_bytes)
{
	return lane_at(region, region->feeds[feed_id].book_lane, ret_lane_bytes);
}

struct vega_state_table *
vega_region_state_table(
	const struct vega_region *region, uint32_t feed_id, uint64_t *ret_table_bytes)
{
	return lane_at(region, region->feeds[feed_id].state_lane, ret_table_bytes);
}

void
vega_region_describe(const struct vega_region *region, char *buf, size_t bytes)
{
	const struct vega_control *c = region->control;
	const char *pages = c->memory == VEGA_MEMORY_SHM ? "ordinary pages (no hugepages in use)"
			    : c->page_bytes == 1u << 30  ? "1 GiB hugepages"
							 : "2 MiB hugepages";

	(void)snprintf(buf, bytes, "region %s: %llu MiB of lanes on %s, %s", c->name,
		(unsigned long long)(c->lanes_bytes >> 20), pages, c->lanes_path);
}
