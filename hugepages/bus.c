/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client library: attaching to a region. Every byte of the control file and of the lanes' headers may be anything: it is copied
 * once, checked, and the copy is used.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/bus_private.h"
#include "hugepages/stat.h"

#define REGION_DEFAULT "vega"
/* A capture says every 100 ms that it lives: one that has not for so long is looked for. */
#define SILENT_NS 1000000000u

const char *
vega_bus_error(void)
{
	return vega_err_text();
}

/* ---- maps ----------------------------------------------------------------------------------------------------- */

static void
free_map(struct vega_bus_map *map)
{
	if (map->lanes != NULL)
		(void)munmap((void *)(uintptr_t)map->lanes, map->lanes_bytes);
	vega_region_release(map->region);
	free(map);
}

/* The parts of the directory that a client uses, from one safe copy. */
static int
copy_directory(struct vega_bus_map *map)
{
	struct vega_stat *stat = malloc(sizeof(*stat));

	if (stat == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a region's directory, found none");
	vega_stat_take(map->region, true, 0, stat);
	map->control = stat->image.control;
	memcpy(map->feeds, stat->image.feeds, sizeof(map->feeds));
	memcpy(map->lane, stat->image.lanes, sizeof(map->lane));
	free(stat);
	return 0;
}

/* Only a file that a capture of this name made in this generation is opened. */
static bool
is_lanes_path(const struct vega_bus_map *map, const char *name)
{
	const char *base = strrchr(map->control.lanes_path, '/');
	char wanted[80];

	(void)snprintf(wanted, sizeof(wanted), "/vega-%s.%" PRIu64, name, map->control.generation);
	return base != NULL && strcmp(base, wanted) == 0;
}

static int
open_lanes(const struct vega_bus_map *map, const char *name)
{
	const char *path = map->control.lanes_path;
	struct stat st;
	int fd;

	if (!is_lanes_path(map, name))
		return VEGA_ERR(-EBADMSG,
			"need the lanes file of region '%s', found its control file to name '%s'; "
			"it is damaged: restart the capture",
			name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return VEGA_ERR(-ENOENT,
			"need a running capture of region '%s', found that it has ended; start it",
			name);
	if (fd < 0)
		return VEGA_ERR(-errno, "need to open %s, found: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && map->lanes_bytes > 0 &&
		(uint64_t)st.st_size >= map->lanes_bytes)
		return fd;
	(void)close(fd);
	return VEGA_ERR(-EBADMSG, "need %s to hold %" PRIu64 " bytes, found %lld", path,
		map->lanes_bytes, (long long)st.st_size);
}

static int
map_lanes(struct vega_bus_map *map, const char *name)
{
	void *lanes;
	int fd;

	map->lanes_bytes = map->control.lanes_bytes;
	fd = open_lanes(map, name);
	if (fd < 0)
		return fd;
	lanes = mmap(NULL, map->lanes_bytes, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
	(void)close(fd);
	if (lanes == MAP_FAILED)
		return VEGA_ERR(-errno, "need to map %s, found: %s", map->control.lanes_path,
			strerror(errno));
	map->lanes = lanes;
	return 0;
}

static int
make_map(const char *name, struct vega_bus_map **ret_map)
{
	struct vega_bus_map *map = calloc(1, sizeof(*map));
	int rc;

	if (map == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a region's directory, found none");
	map->refs = 1;
	rc = vega_region_open(name, &map->region);
	if (rc == 0)
		rc = copy_directory(map);
	if (rc == 0)
		rc = map_lanes(map, name);
	if (rc < 0) {
		free_map(map);
		return rc;
	}
	*ret_map = map;
	return 0;
}

struct vega_bus_map *
vega_bus_hold(struct vega_bus *bus)
{
	struct vega_bus_map *map;

	(void)pthread_mutex_lock(&bus->lock);
	map = bus->map;
	map->refs++;
	(void)pthread_mutex_unlock(&bus->lock);
	return map;
}

void
vega_bus_drop(struct vega_bus *bus, struct vega_bus_map *map)
{
	bool unused;

	(void)pthread_mutex_lock(&bus->lock);
	unused = --map->refs == 0;
	(void)pthread_mutex_unlock(&bus->lock);
	if (unused)
		free_map(map);
}

/* ---- regions -------------------------------------------------------------------------------------------------- */

int
vega_bus_attach(const char *region, struct vega_bus **ret_bus)
{
	const char *name = region != NULL ? region : REGION_DEFAULT;
	struct vega_bus *bus = calloc(1, sizeof(*bus));
	int rc;

	if (bus == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a region, found none");
	rc = make_map(name, &bus->map);
	if (rc < 0) {
		free(bus);
		return rc;
	}
	(void)pthread_mutex_init(&bus->lock, NULL);
	(void)snprintf(bus->name, sizeof(bus->name), "%s", name);
	*ret_bus = bus;
	return 0;
}

void
vega_bus_detach(struct vega_bus *bus)
{
	if (bus == NULL)
		return;
	vega_bus_drop(bus, bus->map);
	(void)pthread_mutex_destroy(&bus->lock);
	free(bus);
}

int
vega_bus_reattach(struct vega_bus *bus)
{
	struct vega_bus_map *found;
	struct vega_bus_map *old;
	int rc = make_map(bus->name, &found);

	if (rc < 0)
		return rc;
	(void)pthread_mutex_lock(&bus->lock);
	old = bus->map;
	/* Generations only rise: who was slow to look must not bring an older one back. */
	if (found->control.generation <= old->control.generation)
		old = found; /* nothing new: what was made goes */
	else
		bus->map = found;
	(void)pthread_mutex_unlock(&bus->lock);
	rc = old != found;
	vega_bus_drop(bus, old);
	return rc;
}

static enum vega_bus_state
state_of(const struct vega_bus *bus, const struct vega_bus_map *map)
{
	const struct vega_control *c = map->region->control;
	const uint64_t state = vega_load_acquire(&c->state); /* S2: pairs with S1 */
	const uint64_t now_ns = vega_realtime_ns();
	const uint64_t beat_ns = vega_load_relaxed(&c->heartbeat_ns);

	if (state == VEGA_STATE_STOPPED || state == VEGA_STATE_SUPERSEDED)
		return (enum vega_bus_state)state;
	if (now_ns - beat_ns < SILENT_NS)
		return VEGA_BUS_LIVE;
	return vega_region_alive(bus->name) ? VEGA_BUS_LIVE : VEGA_BUS_DEAD;
}

enum vega_bus_state
vega_bus_check(struct vega_bus *bus)
{
	struct vega_bus_map *map = vega_bus_hold(bus);
	const enum vega_bus_state state = state_of(bus, map);

	vega_bus_drop(bus, map);
	return state;
}

const char *
vega_bus_state_name(enum vega_bus_state state)
{
	switch (state) {
	case VEGA_BUS_LIVE:
		return "live";
	case VEGA_BUS_STOPPED:
		return "stopped";
	case VEGA_BUS_SUPERSEDED:
		return "superseded";
	case VEGA_BUS_DEAD:
		return "dead";
	}
	return "unknown";
}

void
vega_bus_info(struct vega_bus *bus, struct vega_bus_info *ret_info)
{
	struct vega_bus_map *map = vega_bus_hold(bus);
	const struct vega_control *c = &map->control;

	memset(ret_info, 0, sizeof(*ret_info));
	memcpy(ret_info->region, bus->name, sizeof(ret_info->region));
	memcpy(ret_info->journal, c->journal, sizeof(ret_info->journal));
	ret_info->generation = c->generation;
	ret_info->pid = c->pid;
	ret_info->feed_cnt = c->feed_cnt;
	ret_info->is_replayed = (c->flags & VEGA_REGION_REPLAYED) != 0;
	vega_bus_drop(bus, map);
}

/* ---- feeds ---------------------------------------------------------------------------------------------------- */

bool
vega_bus_lane_fits(const struct vega_bus_map *map, const struct vega_lane_entry *entry)
{
	return entry->lane_off % VEGA_LANE_ALIGN_BYTES == 0 && entry->lane_off < map->lanes_bytes &&
	       entry->lane_bytes <= map->lanes_bytes - entry->lane_off &&
	       entry->lane_bytes % 8 == 0 && entry->lane_bytes >= VEGA_LINE_BYTES;
}

/* A lane that lies in the file, holds VEGA records, and is of this feed and generation. */
static int
open_lane(const struct vega_bus_map *map, uint32_t lane_idx, uint32_t feed_idx,
	struct vega_bus_lane *ret_lane)
{
	const struct vega_lane_entry *entry = &map->lane[lane_idx];
	const struct vega_record_lane *lane;
	int rc;

	if (!vega_bus_lane_fits(map, entry))
		return VEGA_ERR(-EBADMSG,
			"need a record lane within %" PRIu64 " bytes, found one of %" PRIu64
			" at %" PRIu64 "; the region is damaged: restart the capture",
			map->lanes_bytes, entry->lane_bytes, entry->lane_off);
	lane = (const void *)(map->lanes + entry->lane_off);
	rc = vega_ring_open(lane, entry->lane_bytes, &ret_lane->ring);
	if (rc < 0)
		return rc;
	if (ret_lane->ring.words != VEGA_RING_WORDS || lane->schema != 0 ||
		lane->feed_id != feed_idx || lane->generation != map->control.generation)
		return VEGA_ERR(-EBADMSG,
			"need a lane of VEGA records of feed %u, found one of feed %u with records "
			"of %u bytes; the region is of another release, or damaged",
			feed_idx, lane->feed_id, ret_lane->ring.words * 8);
	ret_lane->feed_idx = feed_idx;
	ret_lane->kind = entry->kind;
	return 0;
}

uint32_t
vega_bus_lane_idx(const struct vega_bus_map *map, uint32_t feed_idx, uint32_t kind)
{
	const struct vega_feed_entry *feed = &map->feeds[feed_idx];
	const uint32_t idx = kind == VEGA_LANE_RECORDS ? feed->record_lane
			     : kind == VEGA_LANE_BOOK  ? feed->book_lane
						       : feed->state_lane;

	return idx < map->control.lane_cnt && map->lane[idx].kind == kind ? idx : UINT32_MAX;
}

/* A feed that is itself called NAME.book comes before NAME's book. */
bool
vega_bus_find_feed(
	const struct vega_bus_map *map, const char *name, uint32_t *ret_idx, uint32_t *ret_kind)
{
	static const char suffix[] = ".book";
	const size_t bytes = strlen(name);
	const size_t stem = bytes > strlen(suffix) ? bytes - strlen(suffix) : 0;

	for (*ret_idx = 0; *ret_idx < map->control.feed_cnt; ++*ret_idx)
		if (strcmp(map->feeds[*ret_idx].name, name) == 0) {
			*ret_kind = VEGA_LANE_RECORDS;
			return true;
		}
	if (stem == 0 || strcmp(name + stem, suffix) != 0)
		return false;
	for (*ret_idx = 0; *ret_idx < map->control.feed_cnt; ++*ret_idx)
		if (strlen(map->feeds[*ret_idx].name) == stem &&
			strncmp(map->feeds[*ret_idx].name, name, stem) == 0) {
			*ret_kind = VEGA_LANE_BOOK;
			return true;
		}
	return false;
}

int
vega_bus_find_lane(const struct vega_bus_map *map, const char *feed, struct vega_bus_lane *ret_lane)
{
	uint32_t feed_idx;
	uint32_t lane_idx;
	uint32_t kind;

	if (!vega_bus_find_feed(map, feed, &feed_idx, &kind))
		return VEGA_ERR(-ENOENT,
			"need a feed of region '%s', found no '%s' among its %u; see `vega-bus "
			"stat`",
			map->control.name, feed, map->control.feed_cnt);
	lane_idx = vega_bus_lane_idx(map, feed_idx, kind);
	if (lane_idx == UINT32_MAX)
		return VEGA_ERR(-ENOENT,
			"need records of feed '%s', found that it has %s; give it `record_lane` in "
			"the configuration",
			feed, kind == VEGA_LANE_BOOK ? "no book lane" : "frames only");
	return open_lane(map, lane_idx, feed_idx, ret_lane);
}

/* Of a lane that the feed has: how many records it holds, and how many there were. */
static int
tell_lane(const struct vega_bus_map *map, uint32_t feed_idx, uint32_t kind, uint64_t *ret_capacity,
	uint64_t *ret_published)
{
	const uint32_t lane_idx = vega_bus_lane_idx(map, feed_idx, kind);
	struct vega_bus_lane lane;
	int rc;

	if (lane_idx == UINT32_MAX)
		return 0;
	rc = open_lane(map, lane_idx, feed_idx, &lane);
	if (rc < 0)
		return rc;
	*ret_capacity = lane.ring.capacity;
	*ret_published = vega_load_acquire(&lane.ring.tail->publish); /* R1 */
	return 0;
}

static int
tell_feed(const struct vega_bus_map *map, uint32_t feed_idx, struct vega_bus_feed *feed)
{
	const struct vega_feed_entry *entry = &map->feeds[feed_idx];
	const uint32_t state_idx = vega_bus_lane_idx(map, feed_idx, VEGA_LANE_STATE);
	int rc;

	memcpy(feed->name, entry->name, sizeof(feed->name));
	memcpy(feed->zone, entry->zone, sizeof(feed->zone));
	feed->feed_id = feed_idx;
	feed->price_scale = entry->price_scale;
	if (state_idx != UINT32_MAX)
		feed->instrument_capacity = map->lane[state_idx].unit_cnt;
	rc = tell_lane(map, feed_idx, VEGA_LANE_RECORDS, &feed->capacity, &feed->published);
	if (rc == 0)
		rc = tell_lane(
			map, feed_idx, VEGA_LANE_BOOK, &feed->book_capacity, &feed->book_published);
	return rc;
}

int
vega_bus_feed(struct vega_bus *bus, uint32_t feed_idx, struct vega_bus_feed *ret_feed)
{
	struct vega_bus_map *map = vega_bus_hold(bus);
	struct vega_bus_feed feed = {0};
	int rc;

	if (feed_idx < map->control.feed_cnt)
		rc = tell_feed(map, feed_idx, &feed);
	else
		rc = VEGA_ERR(
			-ENOENT, "need a feed below %u, found %u", map->control.feed_cnt, feed_idx);
	if (rc == 0)
		*ret_feed = feed;
	vega_bus_drop(bus, map);
	return rc;
}
