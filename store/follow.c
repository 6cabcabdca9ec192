/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A follower: a cursor on the lane of the running capture, the journal behind it, and the position that both must meet.
 *
 *	look		the lane's batch at `next`, or the first one behind it, which is kept
 *	from_lane	`next` lies in the lane
 *	from_journal	it does not: the journal has it, or never will once the capture calls it settled; until then there is nothing
 *	from_older	the same in the journal of a capture that has ended
 *	go_on		a generation is done: the next one that the journal or the region has
 *
 * What a capture is not asked before what it has published and written is asked for: ended first, then settled, then the rest.
 */
#include "store/vega_follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "store/past.h"

#define LANE_CNT    4096u /* records of a batch from the lane */
#define TRIES       64u
#define AGAIN       2 /* of a step: nothing to give, but it went on */
#define PATIENCE_NS 10000000u

enum waits_for {
	WAITS_LANE = 0,
	WAITS_JOURNAL, /* the lane is ahead, the journal not that far */
	WAITS_CAPTURE  /* the next one */
};

struct vega_follow {
	struct vega_bus *bus;
	struct vega_bus_cursor *lane;
	struct vega_past *past; /* NULL: the capture keeps no journal */
	uint64_t lane_generation;
	uint64_t generation; /* where it stands */
	uint64_t next;
	uint64_t skip_ns; /* give nothing before the first packet of this time; 0: give all */
	bool in_journal;  /* read it to its end before the lane is looked at */
	bool is_attached; /* to a capture whose lane is not opened yet */
	enum waits_for waits_for;

	/* Read from the lane and not given, from kept.position on. */
	struct vega_bus_batch kept;
	struct vega_record_clock clock;
	uint32_t kept_cnt;
	uint32_t kept_at; /* in records */
	char feed[64];
	char *name;
	union vega_record records[LANE_CNT];
};

const char *
vega_follow_why_name(enum vega_follow_why why)
{
	static const char *const names[] = {
		[VEGA_FOLLOW_LAPPED] = "lapped",
		[VEGA_FOLLOW_LOST] = "lost",
		[VEGA_FOLLOW_DAMAGED] = "damaged",
		[VEGA_FOLLOW_UNWRITTEN] = "unwritten",
		[VEGA_FOLLOW_NO_JOURNAL] = "no-journal",
	};

	return (size_t)why < VEGA_ARRAY_CNT(names) && names[why] != NULL ? names[why] : "none";
}

/* ---- what there is to give ------------------------------------------------------------------------------------ */

static int
give(struct vega_follow *f, const struct vega_follow_batch *batch,
	struct vega_follow_batch *ret_batch)
{
	*ret_batch = *batch;
	ret_batch->generation = f->generation;
	ret_batch->position = f->next;
	ret_batch->next = f->next + batch->cnt;
	f->next = ret_batch->next;
	return 1;
}

static int
give_missing(struct vega_follow *f, uint64_t end, enum vega_follow_why why,
	struct vega_follow_batch *ret_batch)
{
	*ret_batch = (struct vega_follow_batch){
		.what = VEGA_FOLLOW_MISSING,
		.why = why,
		.generation = f->generation,
		.position = f->next,
		.next = end,
	};
	f->next = end;
	if (f->past != NULL)
		vega_past_take(f->past, end);
	return 1;
}

static int
give_nothing(struct vega_follow *f, enum waits_for waits_for)
{
	f->waits_for = waits_for;
	return 0;
}

/* ---- the lane ------------------------------------------------------------------------------------------------- */

/* Keep the lane's first batch that reaches `next`, less what lies before it. */
static int
look(struct vega_follow *f)
{
	while (f->kept_cnt == 0 || f->kept.position + f->kept_cnt <= f->next) {
		const int rc = vega_bus_read(f->lane, f->records, LANE_CNT, &f->kept);

		f->kept_cnt = rc > 0 ? (uint32_t)rc : 0;
		if (rc <= 0)
			return rc;
		f->kept_at = 0;
		f->clock = (struct vega_record_clock){.epoch_ns = f->kept.epoch_ns};
	}
	while (f->kept.position < f->next) {
		(void)vega_record_ns(&f->clock, &f->records[f->kept_at++]);
		f->kept.position++;
		f->kept_cnt--;
	}
	return 0;
}

/* The first position, not before `next`, that the lane has or will have. After look. */
static uint64_t
first_of_lane(const struct vega_follow *f)
{
	struct vega_bus_position at;

	if (f->kept_cnt != 0)
		return f->kept.position;
	vega_bus_position(f->lane, &at);
	return at.next > f->next ? at.next : f->next;
}

static int
give_kept(struct vega_follow *f, struct vega_follow_batch *ret_batch)
{
	const struct vega_follow_batch batch = {
		.records = f->records + f->kept_at,
		.cnt = f->kept_cnt,
		.what = VEGA_FOLLOW_RECORDS,
		.source = VEGA_FOLLOW_LANE,
		.clock = f->clock,
	};

	f->kept_cnt = 0;
	return give(f, &batch, ret_batch);
}

/* ---- the journal ---------------------------------------------------------------------------------------------- */

static int
give_past(struct vega_follow *f, const struct vega_record_batch *from,
	struct vega_follow_batch *ret_batch)
{
	const struct vega_follow_batch batch = {
		.records = from->records,
		.cnt = from->cnt,
		.what = VEGA_FOLLOW_RECORDS,
		.source = VEGA_FOLLOW_JOURNAL,
		.clock = from->clock,
	};
	const int rc = give(f, &batch, ret_batch);

	vega_past_take(f->past, f->next);
	return rc;
}

/*
 * The journal's answer for `next`. Returns 1: records are given; 0: they are missing, up to *ret_end for the reason *ret_why, 0: to the
 * end of what it has; or a negative errno.
 */
static int
ask_journal(struct vega_follow *f, struct vega_follow_batch *ret_batch, uint64_t *ret_end,
	enum vega_follow_why *ret_why)
{
	struct vega_record_batch batch;
	bool is_damaged;
	int rc = vega_past_at(f->past, f->generation, f->next, &batch, &is_damaged);

	*ret_end = UINT64_MAX;
	*ret_why = is_damaged ? VEGA_FOLLOW_DAMAGED : VEGA_FOLLOW_LOST;
	if (rc < 0)
		return rc;
	if (rc == 0) {
		*ret_why = is_damaged ? VEGA_FOLLOW_DAMAGED : 0;
		return 0;
	}
	*ret_end = vega_past_lapped(&batch);
	if (batch.position <= f->next && *ret_end > f->next) {
		*ret_why = VEGA_FOLLOW_LAPPED;
		return 0;
	}
	*ret_end = batch.position;
	return batch.position == f->next ? give_past(f, &batch, ret_batch) : 0;
}

/* Missing up to `end`, but for what the lane has. */
static int
miss(struct vega_follow *f, uint64_t end, enum vega_follow_why why,
	struct vega_follow_batch *ret_batch)
{
	const int rc = look(f);
	const uint64_t lane = first_of_lane(f);

	if (rc < 0)
		return rc;
	if (lane <= end) {
		f->in_journal = false;
		end = lane;
	}
	return end > f->next ? give_missing(f, end, why, ret_batch) : AGAIN;
}

/* The lane does not have `next`, or the journal has not been read to its end. */
static int
from_journal(struct vega_follow *f, bool has_ended, struct vega_follow_batch *ret_batch)
{
	struct vega_bus_position at;
	enum vega_follow_why why;
	uint64_t end;
	int rc;

	if (f->past == NULL)
		return miss(f, UINT64_MAX, VEGA_FOLLOW_NO_JOURNAL, ret_batch);
	vega_bus_position(f->lane, &at);
	if (!has_ended && at.settled <= f->next) {
		f->in_journal = false;
		rc = look(f);
		if (rc < 0)
			return rc;
		return first_of_lane(f) <= f->next ? AGAIN : give_nothing(f, WAITS_JOURNAL);
	}
	rc = ask_journal(f, ret_batch, &end, &why);
	if (rc != 0)
		return rc;
	if (why == 0)
		why = has_ended && at.settled <= f->next ? VEGA_FOLLOW_UNWRITTEN : VEGA_FOLLOW_LOST;
	if (at.settled > f->next && end > at.settled && why != VEGA_FOLLOW_LAPPED)
		end = at.settled;
	return miss(f, end, why, ret_batch);
}

/* ---- from one generation to the next -------------------------------------------------------------------------- */

/* The journal of a feed's lane, by the lane's name: what is no feed's is a feed's book, FEED.book. */
static int
open_past(struct vega_bus *bus, const struct vega_bus_info *info, const char *name,
	struct vega_past **ret_past)
{
	struct vega_bus_feed feed;
	size_t bytes;

	if (info->journal[0] == '\0')
		return 0;
	for (uint32_t i = 0; vega_bus_feed(bus, i, &feed) == 0; i++)
		if (strcmp(feed.name, name) == 0)
			return vega_past_new(info->journal, name, false, ret_past);
	for (uint32_t i = 0; vega_bus_feed(bus, i, &feed) == 0; i++) {
		bytes = strlen(feed.name);
		if (strncmp(feed.name, name, bytes) == 0 && strcmp(name + bytes, ".book") == 0)
			return vega_past_new(info->journal, feed.name, true, ret_past);
	}
	return 0;
}

/* Take up the lane of the capture that the region now is of, where the generation begins. */
static int
open_lane(struct vega_follow *f, enum vega_bus_from from, uint64_t value)
{
	struct vega_bus_cursor *lane;
	struct vega_past *past = NULL;
	struct vega_bus_info info;
	int rc;

	vega_bus_info(f->bus, &info);
	rc = open_past(f->bus, &info, f->feed, &past);
	if (rc < 0)
		return rc;
	rc = vega_bus_open(f->bus, f->feed, from, value, f->name, &lane);
	if (rc < 0) {
		vega_past_delete(past);
		return rc;
	}
	vega_bus_close(f->lane);
	vega_past_delete(f->past);
	f->lane = lane;
	f->past = past;
	f->lane_generation = info.generation;
	f->kept_cnt = 0;
	return rc;
}

/* The generation behind the one that is done: one that only the journal has, or the lane's. */
static int
go_on(struct vega_follow *f, enum vega_follow_why why, struct vega_follow_batch *ret_batch)
{
	uint64_t after = 0;
	int rc = f->past != NULL ? vega_past_after(f->past, f->generation, &after) : 0;

	if (rc < 0)
		return rc;
	f->generation = after != 0 && after < f->lane_generation ? after : f->lane_generation;
	f->next = 0;
	f->in_journal = false;
	*ret_batch = (struct vega_follow_batch){
		.what = VEGA_FOLLOW_GENERATION, .why = why, .generation = f->generation};
	return 1;
}

/* All of the lane's generation is given. */
static int
next_capture(struct vega_follow *f, struct vega_follow_batch *ret_batch)
{
	int rc;

	if (!f->is_attached) {
		rc = vega_bus_reattach(f->bus);
		if (rc == 0 || rc == -ENOENT)
			return give_nothing(f, WAITS_CAPTURE);
		if (rc < 0)
			return rc;
		f->is_attached = true;
	}
	rc = open_lane(f, VEGA_BUS_OLDEST, 0);
	if (rc < 0)
		return rc;
	f->is_attached = false;
	return go_on(f, 0, ret_batch);
}

/* A capture that has ended, of which only the journal is left. */
static int
from_older(struct vega_follow *f, struct vega_follow_batch *ret_batch)
{
	enum vega_follow_why why = 0;
	uint64_t end = UINT64_MAX;
	int rc = f->past != NULL ? ask_journal(f, ret_batch, &end, &why) : 0;

	if (rc != 0)
		return rc;
	if (end != UINT64_MAX)
		return give_missing(f, end, why, ret_batch);
	return go_on(f, VEGA_FOLLOW_UNWRITTEN, ret_batch);
}

/* ---- following ------------------------------------------------------------------------------------------------ */

static int
step(struct vega_follow *f, struct vega_follow_batch *ret_batch)
{
	bool has_ended;
	int rc;

	if (f->generation != f->lane_generation)
		return from_older(f, ret_batch);
	has_ended = f->is_attached || vega_bus_check(f->bus) != VEGA_BUS_LIVE;
	if (f->in_journal)
		return from_journal(f, has_ended, ret_batch);
	rc = look(f);
	if (rc < 0)
		return rc;
	if (first_of_lane(f) > f->next) {
		f->in_journal = true;
		return from_journal(f, has_ended, ret_batch);
	}
	if (f->kept_cnt != 0)
		return give_kept(f, ret_batch);
	return has_ended ? next_capture(f, ret_batch) : give_nothing(f, WAITS_LANE);
}

/* Leave out what was received before skip_ns. False: nothing is left. */
static bool
skip(struct vega_follow *f, struct vega_follow_batch *batch)
{
	while (batch->cnt != 0) {
		const struct vega_record_clock before = batch->clock;
		const uint64_t ns = vega_record_ns(&batch->clock, batch->records);

		if (vega_record_kind(batch->records) == VEGA_PACKET && ns >= f->skip_ns) {
			batch->clock = before;
			f->skip_ns = 0;
			return true;
		}
		batch->records++;
		batch->position++;
		batch->cnt--;
	}
	return false;
}

int
vega_follow_next(struct vega_follow *f, struct vega_follow_batch *ret_batch)
{
	struct vega_follow_batch batch;

	for (uint32_t i = 0; i < TRIES; i++) {
		const int rc = step(f, &batch);

		if (rc <= 0)
			return rc;
		if (rc == AGAIN ||
			(f->skip_ns != 0 && batch.what == VEGA_FOLLOW_RECORDS && !skip(f, &batch)))
			continue;
		*ret_batch = batch;
		return 1;
	}
	return give_nothing(f, WAITS_LANE);
}

int
vega_follow_wait(struct vega_follow *f, uint64_t timeout_ns)
{
	if (f->waits_for == WAITS_LANE)
		return vega_bus_wait(f->lane, timeout_ns);
	vega_sleep_until_ns(
		vega_monotonic_ns() + (timeout_ns < PATIENCE_NS ? timeout_ns : PATIENCE_NS));
	return timeout_ns >= PATIENCE_NS;
}

bool
vega_follow_is_ended(const struct vega_follow *f)
{
	return f->waits_for == WAITS_CAPTURE;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* A time before what the lane has: where the journal finds it, else behind all that the journal has looked at. */
static int
start_in_past(struct vega_follow *f, uint64_t ns)
{
	struct vega_bus_position at;
	struct vega_bus_info info;
	uint64_t generation, position;
	int rc = 0;

	vega_bus_info(f->bus, &info);
	vega_bus_position(f->lane, &at); /* before the journal is looked at */
	if (f->past != NULL)             /* a replay's times come again in each generation */
		rc = vega_past_find(
			f->past, info.is_replayed ? f->generation : 0, ns, &generation, &position);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		f->skip_ns = ns;
		f->next = at.settled < f->next ? at.settled : f->next;
	} else if (generation < f->generation ||
		   (generation == f->generation && position < f->next)) {
		f->generation = generation;
		f->next = position;
	}
	return 0;
}

static int
start_at(struct vega_follow *f, const struct vega_follow_start *start)
{
	static const enum vega_bus_from from[] = {
		VEGA_BUS_NOW, VEGA_BUS_OLDEST, VEGA_BUS_POSITION, VEGA_BUS_TIME};
	struct vega_bus_position at;
	struct vega_bus_info info;
	int rc;

	if ((size_t)start->from >= VEGA_ARRAY_CNT(from))
		return VEGA_ERR(-EINVAL, "need an enum vega_follow_from, found %u", start->from);
	vega_bus_info(f->bus, &info);
	f->generation = start->from == VEGA_FOLLOW_POSITION && start->generation != 0
				? start->generation
				: info.generation;
	if (f->generation > info.generation)
		return VEGA_ERR(-ERANGE, "need a generation up to %llu, found %llu",
			(unsigned long long)info.generation, (unsigned long long)f->generation);
	if (f->generation < info.generation)
		rc = open_lane(f, VEGA_BUS_OLDEST, 0);
	else
		rc = open_lane(f, from[start->from], start->value);
	if (rc < 0)
		return rc;
	vega_bus_position(f->lane, &at);
	f->next = start->from == VEGA_FOLLOW_POSITION ? start->value
		  : start->from == VEGA_FOLLOW_OLDEST ? 0
						      : at.next;
	return rc == 1 && start->from == VEGA_FOLLOW_TIME ? start_in_past(f, start->value) : 0;
}

int
vega_follow_open(const char *region, const char *feed, const struct vega_follow_start *start,
	const char *name, struct vega_follow **ret_follow)
{
	struct vega_follow *f = calloc(1, sizeof(*f));
	int rc;

	if (f == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a follower, found none");
	(void)snprintf(f->feed, sizeof(f->feed), "%s", feed);
	f->name = name != NULL ? strdup(name) : NULL;
	rc = vega_bus_attach(region, &f->bus);
	if (rc == 0)
		rc = start_at(f, start);
	if (rc < 0)
		vega_follow_close(f);
	else
		*ret_follow = f;
	return rc < 0 ? rc : 0;
}

void
vega_follow_close(struct vega_follow *f)
{
	if (f == NULL)
		return;
	vega_bus_close(f->lane);
	vega_past_delete(f->past);
	vega_bus_detach(f->bus);
	free(f->name);
	free(f);
}
