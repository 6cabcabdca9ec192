/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client library: a cursor on a record lane.
 *
 *	fetch	the ring's records from `next` on; a lap moves `next` and counts
 *	begin	after a lap, pass over what is left of an event
 *	cut	a batch ends before an EPOCH record, and before a record that its TIME or WIDE would be parted from
 *	filter	what is subscribed to
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/bus_filter.h"
#include "hugepages/bus_private.h"
#include "hugepages/clients.h"

/* How often a read goes on after it was lapped or found nothing wanted; then it is the caller's turn. */
#define TRIES       64u
#define BEGIN_TRIES 1024u
/* Reads between two looks at the clock for the entry in `clients`, less one: a power of two, less one. */
#define TELL_MASK 63u
#define TELL_NS   100000000u
#define SPIN_NS   20000u
#define SLEEP_NS  50000u
#define SCAN_CNT  256u

struct vega_bus_cursor {
	struct vega_ring ring;
	uint64_t next; /* position */
	uint64_t idx;  /* its slot */
	uint64_t epoch_ns;
	uint64_t lost_new; /* since the last batch */
	uint64_t lost;     /* all, those included */
	uint64_t given;
	uint64_t laps;
	uint64_t told_ns; /* CLOCK_MONOTONIC */
	uint64_t reads;
	bool between;     /* where an event begins is not known: after a lap */
	bool is_starting; /* nothing passed over now is lost */
	bool is_book;
	struct vega_bus_filter *filter; /* NULL: all */
	struct vega_bus *bus;
	struct vega_bus_map *map;
	struct vega_client client;
	char feed[VEGA_NAME_BYTES + 8];
};

/* ---- where a cursor stands ------------------------------------------------------------------------------------ */

static void
stand_at(struct vega_bus_cursor *c, uint64_t position)
{
	c->next = position;
	c->idx = position % c->ring.capacity;
}

static void
lose(struct vega_bus_cursor *c, uint64_t cnt)
{
	if (c->is_starting)
		return;
	c->lost += cnt;
	c->lost_new += cnt;
}

/* Go on from a position behind what was lost; E2 follows the load of publish that found it. */
static void
skip_to(struct vega_bus_cursor *c, uint64_t position)
{
	uint64_t epoch_from;

	c->epoch_ns = vega_ring_epoch(&c->ring, &epoch_from);
	/* one far ahead is no epoch's beginning: the lane is broken */
	if (epoch_from > position && epoch_from - position <= c->ring.capacity)
		position = epoch_from;
	lose(c, position - c->next);
	c->between = position != 0 && position != epoch_from;
	if (c->filter != NULL)
		vega_bus_filter_forget(c->filter);
	stand_at(c, position);
}

/* The oldest that can be had with a step to spare. */
static uint64_t
oldest_of(const struct vega_ring *ring, uint64_t publish)
{
	const uint64_t end = vega_load_relaxed(&ring->tail->claim) + VEGA_RING_CLAIM_STEP;
	const uint64_t oldest = end > ring->capacity ? end - ring->capacity : 0;

	return oldest < publish ? oldest : publish;
}

/* ---- what is there -------------------------------------------------------------------------------------------- */

#define LAPPED 1

/* Records from `next` on, which stays. Returns 0; LAPPED: there are none, and `next` has moved; -EBADMSG. */
static int
fetch(struct vega_bus_cursor *c, union vega_record *to, uint32_t max, uint32_t *ret_cnt)
{
	uint64_t cnt = 0;
	uint64_t oldest = 0;
	const enum vega_ring_read got =
		vega_ring_copy_at(&c->ring, c->next, c->idx, max, to->word, &cnt, &oldest);
	const uint64_t publish = vega_load_relaxed(&c->ring.tail->publish);

	*ret_cnt = (uint32_t)cnt;
	if (vega_likely(got == VEGA_RING_OK))
		return 0;
	if (got == VEGA_RING_LAPPED && oldest >= c->next) {
		c->laps++;
		skip_to(c, oldest);
		return LAPPED;
	}
	/* ahead: the beginning of an epoch, whose first record is about to be published */
	if (got == VEGA_RING_AHEAD && c->next - publish <= c->ring.capacity)
		return 0;
	return VEGA_ERR(-EBADMSG,
		"need position %llu of feed %s, found its lane to end at %llu; the region is "
		"damaged: restart the capture",
		(unsigned long long)c->next, c->feed, (unsigned long long)publish);
}

static void
pass(struct vega_bus_cursor *c, uint64_t cnt)
{
	c->next += cnt;
	c->idx += cnt;
	if (c->idx >= c->ring.capacity)
		c->idx -= c->ring.capacity;
}

/* Where an event begins; above cnt: nowhere. */
static uint32_t
first_event(const struct vega_bus_cursor *c, const union vega_record *r, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		if (c->is_book && (vega_record_flags(&r[i]) & VEGA_RECORD_LAST))
			return i + 1;
		if (vega_record_kind(&r[i]) == VEGA_PACKET)
			return i > 0 && vega_record_kind(&r[i - 1]) == VEGA_TIME ? i - 1 : i;
	}
	return cnt + 1;
}

/* Find where an event begins; what comes before it is lost. `between` stays set where there is none yet. */
static int
begin(struct vega_bus_cursor *c)
{
	union vega_record r[SCAN_CNT];
	uint32_t cnt;

	for (uint32_t n = 0; c->between && n < BEGIN_TRIES; n++) {
		const int rc = fetch(c, r, SCAN_CNT, &cnt);
		uint32_t rest;

		if (rc == LAPPED)
			continue;
		if (rc < 0 || cnt == 0)
			return rc;
		rest = first_event(c, r, cnt);
		c->between = rest > cnt;
		if (c->between) /* a TIME at the end may be a packet's */
			rest = cnt > 1 && vega_record_kind(&r[cnt - 1]) == VEGA_TIME ? cnt - 1
										     : cnt;
		for (uint32_t i = 0; i < rest; i++)
			if (vega_record_kind(&r[i]) == VEGA_EPOCH)
				c->epoch_ns = r[i].epoch.ns;
		lose(c, rest);
		pass(c, rest);
	}
	return 0;
}

/* A record that means nothing without the one behind it. */
static bool
is_parted(const union vega_record *r)
{
	return vega_record_kind(r) == VEGA_TIME ||
	       ((vega_record_flags(r) & VEGA_RECORD_WIDE) && vega_record_kind(r) != VEGA_WIDE);
}

/* The epoch of the first record is that of the batch. */
static uint32_t
cut(struct vega_bus_cursor *c, const union vega_record *r, uint32_t cnt, bool is_full)
{
	uint32_t whole;

	if (cnt > 0 && vega_record_kind(&r[0]) == VEGA_EPOCH)
		c->epoch_ns = r[0].epoch.ns;
	for (uint32_t i = 1; i < cnt; i++)
		if (vega_unlikely(vega_record_kind(&r[i]) == VEGA_EPOCH))
			return i;
	whole = cnt;
	while (is_full && whole > 0 && is_parted(&r[whole - 1]))
		whole--;
	return whole > 0 ? whole : cnt; /* a lane of nothing else is broken, but not ours to mend */
}

/* What can be given next, not passed yet. */
static int
look(struct vega_bus_cursor *c, union vega_record *r, uint32_t max, uint32_t *ret_cnt)
{
	int rc = LAPPED;

	*ret_cnt = 0;
	for (uint32_t i = 0; rc == LAPPED && i < TRIES; i++) {
		if (vega_unlikely(c->between)) {
			rc = begin(c);
			if (rc < 0 || c->between)
				return rc;
		}
		rc = fetch(c, r, max, ret_cnt);
	}
	if (rc != 0)
		return rc < 0 ? rc : 0;
	*ret_cnt = cut(c, r, *ret_cnt, *ret_cnt == max);
	return 0;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

static void
tell(struct vega_bus_cursor *c)
{
	const uint64_t now_ns = vega_monotonic_ns();

	if (now_ns - c->told_ns < TELL_NS)
		return;
	c->told_ns = now_ns;
	vega_client_tell(&c->client, c->next, c->lost);
}

/* The first event of a batch alone. */
static uint32_t
cut_event(const union vega_record *r, uint32_t cnt)
{
	for (uint32_t i = 1; i < cnt; i++)
		if (vega_record_kind(&r[i]) == VEGA_PACKET &&
			(i > 1 || vega_record_kind(&r[0]) != VEGA_TIME))
			return vega_record_kind(&r[i - 1]) == VEGA_TIME ? i - 1 : i;
	return cnt;
}

/* One batch, whole or of one event, filtered; -EAGAIN: there was something, but nothing wanted. */
static int
read_batch(struct vega_bus_cursor *c, union vega_record *records, uint32_t max, bool one_event,
	struct vega_bus_batch *batch)
{
	const uint32_t room = c->filter != NULL ? VEGA_BUS_HELD_MAX : 0;
	union vega_record *to = records + room;
	uint32_t cnt;
	int rc = look(c, to, max - room, &cnt);

	if (rc < 0)
		return rc;
	if (one_event)
		cnt = cut_event(to, cnt);
	batch->position = c->next;
	batch->epoch_ns = c->epoch_ns;
	pass(c, cnt);
	c->given += cnt;
	batch->next = c->next;
	if (c->filter != NULL && cnt > 0) {
		cnt = vega_bus_filter_keep(c->filter, records, to, cnt);
		if (cnt == 0)
			return -EAGAIN;
	}
	batch->lost = cnt > 0 ? c->lost_new : 0;
	c->lost_new -= batch->lost;
	return (int)cnt;
}

static int
read_some(struct vega_bus_cursor *c, union vega_record *records, uint32_t max, bool one_event,
	struct vega_bus_batch *ret_batch)
{
	struct vega_bus_batch batch = {0};
	int rc = -EAGAIN;

	if (max < VEGA_BUS_READ_MIN || max > INT32_MAX)
		return VEGA_ERR(-EINVAL, "need room for %u records or more, found %u",
			VEGA_BUS_READ_MIN, max);
	for (uint32_t i = 0; rc == -EAGAIN && i < TRIES; i++)
		rc = read_batch(c, records, max, one_event, &batch);
	if ((++c->reads & TELL_MASK) == 0)
		tell(c);
	if (rc < 0 && rc != -EAGAIN)
		return rc;
	*ret_batch = batch;
	return rc == -EAGAIN ? 0 : rc;
}

int
vega_bus_read(struct vega_bus_cursor *cursor, union vega_record *records, uint32_t max,
	struct vega_bus_batch *ret_batch)
{
	return read_some(cursor, records, max, false, ret_batch);
}

int
vega_bus_read_event(struct vega_bus_cursor *cursor, union vega_record *records, uint32_t max,
	struct vega_bus_batch *ret_batch)
{
	return read_some(cursor, records, max, true, ret_batch);
}

static bool
has_news(const struct vega_bus_cursor *c)
{
	const uint64_t publish = vega_load_relaxed(&c->ring.tail->publish);

	/* a little ahead: see fetch; far ahead: read has something to say */
	return publish != c->next && c->next - publish > c->ring.capacity;
}

int
vega_bus_wait(struct vega_bus_cursor *cursor, uint64_t timeout_ns)
{
	const uint64_t start_ns = vega_monotonic_ns();
	uint64_t now_ns = start_ns;

	tell(cursor);
	while (!has_news(cursor)) {
		const uint64_t waited_ns = now_ns - start_ns;

		if (waited_ns >= timeout_ns)
			return 0;
		if (waited_ns >= SPIN_NS) {
			const uint64_t left_ns = timeout_ns - waited_ns;

			vega_sleep_until_ns(now_ns + (left_ns < SLEEP_NS ? left_ns : SLEEP_NS));
			tell(cursor);
		}
		now_ns = vega_monotonic_ns();
	}
	return 1;
}

void
vega_bus_position(const struct vega_bus_cursor *c, struct vega_bus_position *ret_position)
{
	const struct vega_drain_cells *cells =
		&c->map->region->drain[c->client.entry.feed_id]; /* the lane's feed */
	const uint64_t *settled = c->is_book ? &cells->book_settled : &cells->records_settled;

	*ret_position = (struct vega_bus_position){
		.generation = c->map->control.generation,
		.next = c->next,
		.published = vega_load_relaxed(&c->ring.tail->publish),
		.given = c->given,
		.lost = c->lost,
		.laps = c->laps,
		.settled = vega_load_acquire(settled), /* J2: pairs with J1 */
	};
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* From a position of the past; returns 1 where it is gone, and says how much is lost. */
static int
start_at(struct vega_bus_cursor *c, uint64_t position, uint64_t publish)
{
	const uint64_t oldest = oldest_of(&c->ring, publish);
	const bool is_gone = vega_load_relaxed(&c->ring.tail->claim) - position > c->ring.capacity;

	c->is_starting = false;
	stand_at(c, position);
	skip_to(c, is_gone && oldest > position ? oldest : position);
	c->between = c->between && c->next != position;
	return c->next != position;
}

static int
start_oldest(struct vega_bus_cursor *c, uint64_t publish)
{
	int rc;

	c->is_starting = true;
	stand_at(c, 0);
	skip_to(c, oldest_of(&c->ring, publish));
	rc = begin(c);
	c->is_starting = false;
	return rc;
}

/* The first packet that was received at `ns` or later; returns 1 where the lane begins behind it. */
static int
start_time(struct vega_bus_cursor *c, uint64_t ns, uint64_t publish)
{
	union vega_record r[SCAN_CNT];
	struct vega_bus_batch batch;
	uint32_t cnt;
	int rc = start_oldest(c, publish);
	const uint64_t first = c->next;
	bool is_late = first != 0;

	c->is_starting = true;
	while (rc == 0 && (rc = look(c, r, SCAN_CNT, &cnt)) == 0 && cnt > 0) {
		batch.epoch_ns = c->epoch_ns;
		for (uint32_t i = 0; i < cnt; i++) {
			if (vega_record_kind(&r[i]) != VEGA_PACKET)
				continue;
			if (vega_bus_ns(&batch, r, i) >= ns) {
				pass(c, i > 0 && vega_record_kind(&r[i - 1]) == VEGA_TIME ? i - 1
											  : i);
				c->is_starting = false;
				return is_late;
			}
			is_late = false;
		}
		pass(c, cnt);
	}
	c->is_starting = false;
	return rc;
}

static int
start(struct vega_bus_cursor *c, enum vega_bus_from from, uint64_t value)
{
	const uint64_t publish = vega_load_acquire(&c->ring.tail->publish); /* R1 */

	switch (from) {
	case VEGA_BUS_OLDEST:
		return start_oldest(c, publish);
	case VEGA_BUS_TIME:
		return start_time(c, value, publish);
	case VEGA_BUS_POSITION:
		if (value <= publish)
			return start_at(c, value, publish);
		return VEGA_ERR(-ERANGE,
			"need a position of feed %s up to %llu, found %llu; is it of another "
			"generation?",
			c->feed, (unsigned long long)publish, (unsigned long long)value);
	case VEGA_BUS_NOW:
		break;
	}
	c->is_starting = true;
	stand_at(c, 0);
	skip_to(c, publish);
	c->is_starting = false;
	c->between = false;
	return 0;
}

/* Take up a lane of a map, which the cursor then holds. */
static void
take_lane(struct vega_bus_cursor *c, struct vega_bus_map *map, const struct vega_bus_lane *lane)
{
	c->map = map;
	c->ring = lane->ring;
	c->is_book = lane->kind == VEGA_LANE_BOOK;
	c->lost_new = c->lost = c->given = c->laps = 0;
	c->client.entry.generation = map->control.generation;
	c->client.entry.feed_id = lane->feed_idx;
	c->client.entry.lane_kind = lane->kind;
}

static int
open_cursor(struct vega_bus_cursor *c, const char *feed, enum vega_bus_from from, uint64_t value,
	const char *name)
{
	struct vega_bus_lane lane;
	int rc = vega_bus_find_lane(c->map, feed, &lane);

	if (rc < 0)
		return rc;
	(void)strncpy(c->feed, feed, sizeof(c->feed) - 1);
	take_lane(c, c->map, &lane);
	rc = start(c, from, value);
	if (rc < 0)
		return rc;
	c->client.entry.position = c->next;
	vega_client_enter(&c->client, c->map->region->dir, name);
	return rc;
}

int
vega_bus_open(struct vega_bus *bus, const char *feed, enum vega_bus_from from, uint64_t value,
	const char *name, struct vega_bus_cursor **ret_cursor)
{
	struct vega_bus_cursor *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a cursor, found none");
	c->bus = bus;
	c->client.fd = -1;
	c->map = vega_bus_hold(bus);
	rc = open_cursor(c, feed, from, value, name);
	if (rc < 0) {
		vega_bus_close(c);
		return rc;
	}
	*ret_cursor = c;
	return rc;
}

void
vega_bus_close(struct vega_bus_cursor *cursor)
{
	if (cursor == NULL)
		return;
	vega_client_leave(&cursor->client);
	vega_bus_filter_delete(cursor->filter);
	vega_bus_drop(cursor->bus, cursor->map);
	free(cursor);
}

int
vega_bus_reopen(struct vega_bus_cursor *cursor)
{
	struct vega_bus_map *map = vega_bus_hold(cursor->bus);
	struct vega_bus_map *old = cursor->map;
	struct vega_bus_lane lane;
	char name[VEGA_NAME_BYTES];
	int rc = 0;

	if (map != old)
		rc = vega_bus_find_lane(map, cursor->feed, &lane);
	if (map == old || rc < 0) {
		vega_bus_drop(cursor->bus, map);
		return rc;
	}
	memcpy(name, cursor->client.entry.name, sizeof(name));
	vega_client_leave(&cursor->client);
	take_lane(cursor, map, &lane);
	vega_bus_drop(cursor->bus, old);
	if (cursor->filter != NULL)
		vega_bus_filter_forget(cursor->filter);
	(void)start_at(cursor, 0, vega_load_acquire(&lane.ring.tail->publish)); /* R1 */
	cursor->client.entry.position = cursor->next;
	vega_client_enter(&cursor->client, map->region->dir, name);
	return 1;
}

int
vega_bus_subscribe(struct vega_bus_cursor *cursor, const uint32_t *instruments, uint32_t cnt)
{
	struct vega_bus_filter *filter = NULL;
	int rc = cnt > 0 ? vega_bus_filter_new(instruments, cnt, &filter) : 0;

	if (rc < 0)
		return rc;
	vega_bus_filter_delete(cursor->filter);
	cursor->filter = filter;
	return 0;
}
