/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BUS_H
#define VEGA_BUS_H
/*
 * The client library: read a running capture's records from its shared memory. docs/CLIENT.md shows how; docs/examples/bus_tail.c
 * is a whole client.
 *
 *	vega_bus_attach			a region by name
 *	vega_bus_open			a cursor on one feed
 *	  vega_bus_read			records, as many as there are
 *	  vega_bus_wait			until there are more
 *	vega_bus_check			is the capture alive? stopped, dead or superseded: read what is left, then
 *	vega_bus_reattach, vega_bus_reopen	go on with the next capture of that name
 *
 * The capture knows nothing of its readers and waits for none: who is too slow is lapped, is told how many records it lost, and
 * goes on. Everything that is mapped is checked before it is used: no bytes in it make a client crash.
 *
 * Functions return 0 or more, or a negative errno; the words are in vega_bus_error(). Threads: a region may be used by any number of
 * threads, a cursor by one at a time. This header is installed: plain C, and C++.
 */
#include <stdint.h>

#include "hugepages/vega_layout.h"
#include "hugepages/vega_record.h"
#include "hugepages/vega_state.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vega_bus;
struct vega_bus_cursor;

/* What the last function of the calling thread that failed has to say: one line. */
const char *vega_bus_error(void);

/* ---- regions -------------------------------------------------------------------------------------------------- */

/*
 * Map a region's control file and lanes, read-only.
 *
 * Params: region	its name; NULL: "vega"
 * Returns 0; -ENOENT: there is none, or its capture has stopped; -EBADMSG: it is none, of another release, or damaged; -EACCES,
 * -ENOMEM. Cost: system calls, memory. Life: until vega_bus_detach, which comes after vega_bus_close of its cursors.
 */
int vega_bus_attach(const char *region, struct vega_bus **ret_bus);
void vega_bus_detach(struct vega_bus *bus);

enum vega_bus_state {
	VEGA_BUS_LIVE = 1,
	VEGA_BUS_STOPPED = 2,    /* in order: all that there will be is published */
	VEGA_BUS_SUPERSEDED = 3, /* another capture has taken the name: vega_bus_reattach */
	VEGA_BUS_DEAD = 4        /* it ended without a word */
};

/* Cost: a load; a system call or three when the capture has not said for a second that it lives. */
enum vega_bus_state vega_bus_check(struct vega_bus *bus);
const char *vega_bus_state_name(enum vega_bus_state state);

/*
 * Take up the capture that now has the name. Cursors stay where they are until vega_bus_reopen.
 *
 * Returns 1: there is another one; 0: it is still the same; errors as vega_bus_attach, and then nothing has changed.
 */
int vega_bus_reattach(struct vega_bus *bus);

struct vega_bus_info {
	char region[32];
	char journal[256]; /* folder, "" when none */
	/* when it started, ns since the Unix epoch; positions count from there */
	uint64_t generation;
	uint64_t pid;
	uint32_t feed_cnt;
	uint32_t is_replayed; /* the packets are a replay's */
};
void vega_bus_info(struct vega_bus *bus, struct vega_bus_info *ret_info);

struct vega_bus_feed {
	char name[32];
	char zone[48]; /* IANA name */
	uint32_t feed_id;
	uint32_t price_scale;   /* decimal digits of its prices, 0: unknown */
	uint64_t capacity;      /* records that its lane holds; 0: it has no records */
	uint64_t published;     /* records since the generation began */
	uint64_t book_capacity; /* of its book lane, the feed "NAME.book"; 0: it has none */
	uint64_t book_published;
	uint64_t instrument_capacity; /* of its state table; 0: it has none */
};

/* Params: feed_idx	0 to feed_cnt - 1. Returns 0, or -ENOENT. */
int vega_bus_feed(struct vega_bus *bus, uint32_t feed_idx, struct vega_bus_feed *ret_feed);

/* ---- cursors -------------------------------------------------------------------------------------------------- */

enum vega_bus_from {
	VEGA_BUS_NOW = 0,
	VEGA_BUS_OLDEST = 1,
	VEGA_BUS_POSITION = 2, /* value: a position of this generation, as in vega_bus_batch.next */
	VEGA_BUS_TIME = 3      /* value: ns; the first packet received then or later */
};

/*
 * Open a cursor. What it begins with is a PACKET, or an EPOCH or TIME record before one, unless a position was asked for.
 *
 * Params: feed		"NSE_FO"; "NSE_FO.book" for the book that the capture builds from its orders
 *	   value	with POSITION and TIME, else 0
 *	   name		what `vega-bus stat` shows; NULL: the program's
 * Returns 0, or 1 where the lane goes back no further than behind what was asked for (batch.lost says how far with POSITION);
 * -ENOENT: no such feed, or it has no records; -ERANGE: the position is not written yet; -ENOMEM, -EBADMSG.
 */
int vega_bus_open(struct vega_bus *bus, const char *feed, enum vega_bus_from from, uint64_t value,
	const char *name, struct vega_bus_cursor **ret_cursor);
void vega_bus_close(struct vega_bus_cursor *cursor);

/*
 * After vega_bus_reattach: go on with the new capture from its beginning, or from the oldest that it still has.
 *
 * Returns 1; 0: the cursor was there already; -ENOENT: the new capture has no such feed; -EBADMSG.
 */
int vega_bus_reopen(struct vega_bus_cursor *cursor);

/*
 * Only these instruments from now on. Given are their records, each with its TIME, WIDE and ORDER_REF; the PACKET of an event that
 * has any; and always GAP, LOSS, SEGMENT, EPOCH, and what is of all instruments (instrument 0).
 *
 * Params: cnt		0: all records again
 * Returns 0 or -ENOMEM. Cost: a hash look-up a record; memory 16 bytes an instrument at most.
 */
int vega_bus_subscribe(struct vega_bus_cursor *cursor, const uint32_t *instruments, uint32_t cnt);

#define VEGA_BUS_READ_MIN 8u

struct vega_bus_batch {
	uint64_t position; /* of the first record looked at */
	uint64_t next;     /* where the next batch begins */
	uint64_t lost;     /* records between the last batch and this one: the reader was lapped */
	uint64_t epoch_ns; /* that the times of this batch count from */
};

/*
 * Copy records: those that are published, up to max.
 *
 * A batch has one epoch: an EPOCH record is always the first of its batch. A TIME record, its record and that one's WIDE record
 * come in the same batch.
 *
 * Params: max		VEGA_BUS_READ_MIN or more
 * Returns how many; 0: no more for now, or none of them was subscribed to; -EBADMSG: the lane is broken; -EINVAL: max.
 * Cost: no system call, but every 100 ms or so one that tells `vega-bus stat` the position.
 */
int vega_bus_read(struct vega_bus_cursor *cursor, union vega_record *records, uint32_t max,
	struct vega_bus_batch *ret_batch);

/* The same, and no more than one event: from a PACKET to before the next, or the first max of it. */
int vega_bus_read_event(struct vega_bus_cursor *cursor, union vega_record *records, uint32_t max,
	struct vega_bus_batch *ret_batch);

/*
 * Wait until there is something to read: 20 us by looking, from then on by sleeping 50 us at a time.
 *
 * Returns 1, or 0: not within timeout_ns.
 */
int vega_bus_wait(struct vega_bus_cursor *cursor, uint64_t timeout_ns);

struct vega_bus_position {
	uint64_t generation;
	uint64_t next;      /* position */
	uint64_t published; /* lag: published - next */
	uint64_t given;     /* records read and passed over, since open or reopen */
	uint64_t lost;      /* records never seen, since then */
	uint64_t laps;
	/* Records before it are in the journal or never will be; 0 without a journal. */
	uint64_t settled;
};
void vega_bus_position(
	const struct vega_bus_cursor *cursor, struct vega_bus_position *ret_position);

/* ---- the state of every instrument ---------------------------------------------------------------------------- */

struct vega_bus_table;

/*
 * A feed's state table (hugepages/vega_state.h): every instrument as it is now, while the capture runs.
 *
 * Returns 0; -ENOENT: no such feed, or it has no table; -EBADMSG, -ENOMEM. Life: it stays with the generation that it was opened in;
 * after vega_bus_reattach open another. vega_bus_table_close comes before vega_bus_detach. Threads: any number.
 */
int vega_bus_table_open(struct vega_bus *bus, const char *feed, struct vega_bus_table **ret_table);
void vega_bus_table_close(struct vega_bus_table *table);

/* As vega_state_latest and vega_state_recent; vega_state.h says what comes out. */
int vega_bus_latest(
	const struct vega_bus_table *table, uint32_t token, struct vega_state_entry *ret_entry);
int vega_bus_recent(const struct vega_bus_table *table, uint32_t token,
	struct vega_state_event ret_events[VEGA_STATE_EVENT_CNT], uint32_t *ret_cnt);

/* For more: vega_state_at, vega_state_cnt. */
const struct vega_state_view *vega_bus_table_view(const struct vega_bus_table *table);

/* The first instrument of this name; 0 or -ENOENT. Cost: looks at every instrument. */
int vega_bus_find_symbol(
	const struct vega_bus_table *table, const char *symbol, uint32_t *ret_token);

/* ---- records -------------------------------------------------------------------------------------------------- */

/*
 * A record's time: ns since the Unix epoch; UINT64_MAX: it has none. Receive time in PACKET, GAP, LOSS, SEGMENT and EPOCH, the
 * exchange's in the others. A WIDE record has that of the record before it.
 *
 * Params: idx		of the record in its batch
 */
static inline uint64_t
vega_bus_ns(const struct vega_bus_batch *batch, const union vega_record *records, uint32_t idx)
{
	const union vega_record *r = &records[idx];

	if (idx > 0 && vega_record_kind(r) == VEGA_WIDE)
		r = &records[--idx];
	if (vega_record_kind(r) == VEGA_TIME)
		return r->epoch.ns;
	if (idx > 0 && vega_record_kind(&records[idx - 1]) == VEGA_TIME)
		return records[idx - 1].epoch.ns;
	if (vega_record_ts48(r) == VEGA_TS_NONE)
		return UINT64_MAX;
	return batch->epoch_ns + vega_record_ts48(r);
}

#ifdef __cplusplus
}
#endif
#endif
