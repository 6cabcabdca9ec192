/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_REGION_H
#define VEGA_HUGEPAGES_REGION_H
/*
 * One capture's shared memory: made and owned by the capture, mapped read-only by everybody else.
 *
 *	/run/vega/NAME/lock	flock of the living capture
 *	/run/vega/NAME/control	identity, directory, counters (vega_layout.h)
 *	/run/vega/NAME/clients	what readers say of themselves (clients.h)
 *	DIR/vega-NAME.GENERATION	the lanes; DIR is a hugetlbfs mount or /dev/shm
 *
 * Without root the folder is $XDG_RUNTIME_DIR/vega/NAME.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/layout.h"
#include "hugepages/vega_state.h"

struct vega_region {
	struct vega_control *control;
	struct vega_feed_entry *feeds;
	struct vega_lane_entry *lanes;
	struct vega_rx_cells *rx;
	struct vega_drain_cells *drain;
	struct vega_lcore_cells *lcores;
	struct vega_port_cells *ports;
	/* VEGA_CHANNEL_ROW_CNT, those of a feed one after another */
	struct vega_channel_cells *channels;
	uint8_t *memory; /* the lanes file; NULL when mapped without lanes */
	char dir[256];
	int lock_fd;
	bool owner;
};

struct vega_region_conf {
	const char *name;
	/* 0 auto: huge where free pages suffice, else shm; enum vega_memory to insist. */
	uint32_t memory;
	uint64_t page_bytes; /* 2 MiB or 1 GiB, 0: the system's default */
	const struct vega_layout_feed *feeds;
	uint32_t feed_cnt;
	uint32_t lcore_cnt;
	uint32_t port_cnt;
	const char *journal; /* NULL: none */
};

/*
 * Take the name, replace what a dead capture left, allocate and fault in every page, write the directory.
 *
 * Returns 0; -EBUSY (75) when a living capture holds the name; -ENOMEM (69) when memory is short, naming the processes
 * that hold an old map; -EACCES (77); -EINVAL (78).
 */
int vega_region_create(
	const struct vega_region_conf *conf, struct vega_region **ret_region) VEGA_MUST_CHECK;

/* Mark the region stopped, release the name; unlinks the lanes, keeps the control file for `vega-bus stat`. */
void vega_region_close(struct vega_region *region);

/*
 * Map a region read-only, living or dead.
 *
 * Returns 0; -ENOENT (66) when no capture ever made it; -EBADMSG (65) when the control file is not one.
 */
int vega_region_open(const char *name, struct vega_region **ret_region) VEGA_MUST_CHECK;
void vega_region_release(struct vega_region *region);

/* Does a living capture hold the name? */
bool vega_region_alive(const char *name);

/* The folder that holds the regions: "/run/vega" or "$XDG_RUNTIME_DIR/vega". */
void vega_region_root(char dir[224]);

/* Frame lane of a feed in a region this process owns. */
struct vega_frame_lane *vega_region_frame_lane(const struct vega_region *region, uint32_t feed_id);

/* Record lane of a feed in a region this process owns; NULL: frames only. */
struct vega_record_lane *vega_region_record_lane(
	const struct vega_region *region, uint32_t feed_id, uint64_t *ret_lane_bytes);

/* Its book lane, and its state table; NULL: it has none. */
struct vega_record_lane *vega_region_book_lane(
	const struct vega_region *region, uint32_t feed_id, uint64_t *ret_lane_bytes);
struct vega_state_table *vega_region_state_table(
	const struct vega_region *region, uint32_t feed_id, uint64_t *ret_table_bytes);

/* "2 MiB hugepages, 256.00 MiB in /dev/hugepages/..." : the line that says which memory is in use. */
void vega_region_describe(const struct vega_region *region, char *buf, size_t bytes);

#endif
