/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/record_times.h"

#include <stdlib.h>

#include "hugepages/base/attr.h"
#include "hugepages/base/err.h"

/* These tell when something was received. */
#define RECEIVED_KINDS                                                                 \
	(VEGA_RECORD_KIND_BIT(VEGA_PACKET) | VEGA_RECORD_KIND_BIT(VEGA_GAP) |          \
		VEGA_RECORD_KIND_BIT(VEGA_LOSS) | VEGA_RECORD_KIND_BIT(VEGA_SEGMENT) | \
		VEGA_RECORD_KIND_BIT(VEGA_EPOCH))

/* An event: the frame it is of, and the first exchange time in it. */
struct event {
	uint64_t generation;
	uint64_t frame_number;
	uint64_t ns; /* 0: none yet */
};

/* Records are missing: what follows is not this event's. */
#define CUT UINT64_MAX

struct vega_record_times {
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	uint32_t at;
	uint64_t position;  /* behind the batch */
	struct event event; /* the one that is being read */
	struct event last;  /* whole */
	bool ended;
};

int
vega_record_times_new(struct vega_journal *journal, uint32_t feed_idx, uint64_t from_ns,
	uint64_t to_ns, struct vega_record_times **ret_times)
{
	const struct vega_records_want want = {.from_ns = from_ns, .to_ns = to_ns};
	struct vega_record_times *t = calloc(1, sizeof(*t));
	int rc;

	if (t == NULL)
		return VEGA_ERR(-ENOMEM, "need memory to read records, found none");
	rc = vega_records_open(journal, feed_idx, &want, &t->cursor);
	if (rc != 0) {
		free(t);
		return rc;
	}
	*ret_times = t;
	return 0;
}

void
vega_record_times_delete(struct vega_record_times *t)
{
	if (t == NULL)
		return;
	vega_records_close(t->cursor);
	free(t);
}

static void
cut(struct event *event)
{
	event->ns = event->ns != 0 ? event->ns : CUT;
}

/* Returns true when the record begins another event: `last` is the one before it then. */
static bool
take(struct vega_record_times *t, const union vega_record *r)
{
	const uint64_t ns = vega_record_ns(&t->batch.clock, r);
	const uint32_t kind = vega_record_kind(r);

	if (kind == VEGA_PACKET && (vega_record_flags(r) & VEGA_RECORD_FRAME_LOST) == 0) {
		t->last = t->event;
		t->event = (struct event){
			.generation = t->batch.generation, .frame_number = r->packet.frame};
		return true;
	}
	if (kind == VEGA_PACKET || kind == VEGA_LOSS) /* of a frame that is lost; or lapped */
		cut(&t->event);
	else if (t->event.ns == 0 && (VEGA_RECORD_KIND_BIT(kind) & RECEIVED_KINDS) == 0)
		t->event.ns = ns;
	return false;
}

/* The next whole event into `last`. Returns 1, 0 at the end, or a negative errno. */
static int
next_event(struct vega_record_times *t)
{
	for (;;) {
		int rc;

		while (t->at < t->batch.cnt)
			if (take(t, &t->batch.records[t->at++]))
				return 1;
		if (t->ended)
			return 0;
		t->at = 0;
		rc = vega_records_next(t->cursor, &t->batch);
		if (rc == 1) {
			if (t->batch.position != t->position)
				cut(&t->event);
			t->position = t->batch.position + t->batch.cnt;
			continue;
		}
		t->batch.cnt = 0;
		t->ended = true;
		t->last = t->event;
		return rc == 0 ? 1 : rc;
	}
}

static bool
is_before(const struct event *event, uint64_t generation, uint64_t frame_number)
{
	return event->generation < generation ||
	       (event->generation == generation && event->frame_number < frame_number);
}

int
vega_record_times_ns(
	struct vega_record_times *t, uint64_t generation, uint64_t frame_number, uint64_t *ret_ns)
{
	while (is_before(&t->last, generation, frame_number)) {
		const int rc = next_event(t);

		if (rc <= 0)
			return rc;
	}
	if (t->last.generation != generation || t->last.frame_number != frame_number ||
		t->last.ns == 0 || t->last.ns == CUT)
		return 0;
	*ret_ns = t->last.ns;
	return 1;
}
