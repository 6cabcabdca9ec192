/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal state: what was known of every instrument at an instant.
 *
 * From the last keyframe and the records behind it (state_past.h). Where a feed's records are orders and the journal has none of its book lane
 * (derived ones), the books are made again, from the start of the capture: what its messages are the configuration says then.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "capture/feed/channels.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/state.h"
#include "hugepages/state_json.h"
#include "store/feed_names.h"
#include "store/state_past.h"
#include "store/vega-journal-verbs.h"
#include "store/vega_journal.h"

#define BOOK_LANE_BYTES (8u << 20)

/* One feed's state on its way to the instant, through books of our own. */
struct books {
	const struct vega_conf_feed *conf;
	struct vega_state_table *table;
	struct vega_record_lane *book_lane;
	struct vega_state_feed *state;
	struct vega_state_view view;
	uint64_t generation;
	uint64_t table_bytes;
	uint64_t damaged;
};

static void
drop(struct books *p)
{
	vega_state_feed_delete(p->state);
	free(p->table);
	free(p->book_lane);
	p->state = NULL;
	p->table = NULL;
	p->book_lane = NULL;
}

static void *
zeroed(uint64_t bytes)
{
	void *memory = aligned_alloc(VEGA_LINE_BYTES, vega_align_up(bytes, VEGA_LINE_BYTES));

	return memory != NULL ? memset(memory, 0, vega_align_up(bytes, VEGA_LINE_BYTES)) : NULL;
}

/* A capture's generation begins with nothing known. */
static int
begin(struct books *p, uint64_t generation)
{
	const uint64_t capacity = p->conf->instrument_cnt;
	struct vega_state_conf conf = {
		.book_lane_bytes = BOOK_LANE_BYTES,
		.order_cnt = p->conf->order_cnt,
		.modify_adds = vega_feed_modify_adds(p->conf),
	};
	int rc;

	drop(p);
	p->generation = generation;
	p->table_bytes = vega_state_table_bytes(capacity);
	p->table = zeroed(p->table_bytes);
	p->book_lane = zeroed(BOOK_LANE_BYTES);
	if (p->table == NULL || p->book_lane == NULL)
		return VEGA_ERR(
			-ENOMEM, "need memory for %" PRIu64 " instruments, found none", capacity);
	vega_state_table_new(p->table, capacity, 0, generation);
	vega_ring_new(p->book_lane, BOOK_LANE_BYTES, 0, VEGA_RECORD_BYTES, generation);
	conf.book_lane = p->book_lane;
	conf.table = p->table;
	rc = vega_state_feed_new(&conf, &p->state);
	return rc != 0 ? rc : vega_state_open(p->table, p->table_bytes, &p->view);
}

static int
take(struct books *p, const struct vega_record_batch *batch)
{
	int rc = 0;

	if (p->state == NULL || batch->generation != p->generation)
		rc = begin(p, batch->generation);
	if (rc == 0)
		vega_state_take(p->state, batch->records, batch->cnt, batch->position,
			batch->clock.epoch_ns);
	return rc;
}

static void
count_hole(void *arg, const struct vega_hole *hole)
{
	struct books *p = arg;

	p->damaged += !hole->recovered;
}

/* Everything up to the instant, that included. */
static int
fold(struct books *p, struct vega_journal *journal, uint32_t feed_idx, uint64_t at_ns)
{
	const struct vega_records_want want = {
		.to_ns = at_ns < UINT64_MAX ? at_ns + 1 : at_ns, .hole = count_hole, .hole_arg = p};
	struct vega_record_batch batch;
	struct vega_record_cursor *cursor;
	int rc = vega_records_open(journal, feed_idx, &want, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = vega_records_next(cursor, &batch)) == 1) {
		rc = take(p, &batch);
		if (rc != 0)
			break;
	}
	vega_records_close(cursor);
	return rc;
}

/* ---- telling ---------------------------------------------------------------------------------------------------- */

static void
print_entry(const char *feed, const struct vega_state_entry *e)
{
	(void)printf("%-12s %10u %-16.32s %s  bid %" PRId64 " x %" PRIu64 "  ask %" PRId64
		     " x %" PRIu64 "  last %" PRId64 " x %" PRIu64 "  volume %" PRIu64 "\n",
		feed, e->token, e->symbol[0] != '\0' ? e->symbol : "-",
		(e->flags & VEGA_STATE_STALE) != 0 ? "stale" : "     ", e->bids[0].price,
		e->bids[0].qty, e->asks[0].price, e->asks[0].qty, e->last_price, e->last_qty,
		e->volume);
}

/* --instrument: a token, or a symbol. */
static bool
is_wanted(const char *instrument, const struct vega_state_entry *e)
{
	uint64_t token;

	if (instrument == NULL)
		return true;
	if (strncmp(e->symbol, instrument, sizeof(e->symbol)) == 0)
		return true;
	return vega_parse_u64("--instrument", instrument, 0, UINT32_MAX, &token) == 0 &&
	       token == e->token;
}

/* What is told, and of all feeds together. */
struct telling {
	const struct verb_options *options;
	const struct vega_conf *conf;
	struct vega_journal *journal;
	uint64_t at_ns;
	json_t *instruments;
	uint64_t damaged;
	uint64_t keyframes;
	uint64_t records;
	uint64_t told;
};

static void
tell(struct telling *t, const struct vega_state_view *view, const char *feed, uint32_t price_scale)
{
	struct vega_state_entry e;

	for (uint64_t i = 0; vega_state_at(view, i, &e) == 0; i++) {
		/* an instrument whose orders never made a level is known to the books alone */
		if (e.position == 0 || !is_wanted(t->options->instrument, &e))
			continue;
		t->told++;
		if (t->options->json)
			(void)json_array_append_new(t->instruments,
				vega_state_json(&e, feed, vega_state_digits(&e, price_scale)));
		else
			print_entry(feed, &e);
	}
}

/* ---- the verb --------------------------------------------------------------------------------------------------- */

static const struct vega_conf_feed *
conf_of(const struct vega_conf *conf, const char *feed)
{
	for (uint32_t i = 0; conf != NULL && i < conf->feed_cnt; i++)
		if (strcmp(conf->feeds[i].name, feed) == 0)
			return &conf->feeds[i];
	return NULL;
}

/* Orders alone: through books of our own. */
static int
tell_books(struct telling *t, uint32_t feed_idx, const struct vega_conf_feed *conf,
	uint32_t price_scale)
{
	const char *feed = vega_journal_feed(t->journal, feed_idx);
	struct books books = {.conf = conf};
	int rc;

	if (conf == NULL || conf->book_lane_bytes == 0)
		return VEGA_ERR_EX(-EINVAL, EX_USAGE,
			"need --config FILE, which says what the channels of feed %s hold: its "
			"records are orders, and its book lane is not in the journal",
			feed);
	rc = fold(&books, t->journal, feed_idx, t->at_ns);
	if (rc == 0 && books.state != NULL)
		tell(t, &books.view, feed, price_scale);
	t->damaged += books.damaged;
	drop(&books);
	return rc;
}

static int
tell_feed(struct telling *t, uint32_t feed_idx)
{
	const char *feed = vega_journal_feed(t->journal, feed_idx);
	const struct vega_conf_feed *conf = conf_of(t->conf, feed);
	const struct vega_state_past_want want = {
		.at_ns = t->at_ns,
		.capacity = conf != NULL ? conf->instrument_cnt : 0,
		.from_start = t->options->from_start,
	};
	struct vega_state_past past;
	int rc = vega_state_past_make(t->journal, feed_idx, &want, &past);

	if (rc != 0)
		return rc;
	if (past.has_orders) {
		rc = tell_books(t, feed_idx, conf, past.price_scale);
	} else if (past.table != NULL) {
		tell(t, &past.view, feed, past.price_scale);
		t->damaged += past.damaged;
		t->keyframes += past.has_keyframe;
		t->records += past.record_cnt;
	}
	vega_state_past_clear(&past);
	return rc;
}

static int
print_end(const struct telling *t)
{
	int rc = 0;

	if (t->options->json)
		rc = vega_cli_json(json_pack("{s:I, s:O, s:I, s:I, s:I}", "at_ns",
			(json_int_t)t->at_ns, "instruments", t->instruments, "damaged_extents",
			(json_int_t)t->damaged, "keyframes", (json_int_t)t->keyframes,
			"folded_records", (json_int_t)t->records));
	else if (t->told == 0)
		(void)printf("nothing is known of %s at that time\n",
			t->options->instrument != NULL ? t->options->instrument : "any instrument");
	if (!t->options->json && t->damaged != 0)
		(void)printf("damaged: %" PRIu64 " extents were passed over\n", t->damaged);
	if (rc == 0 && t->damaged != 0)
		rc = VEGA_ERR(-EBADMSG,
			"need a whole journal, found %" PRIu64
			" damaged extents in %s; what they may have changed is stale",
			t->damaged, t->options->path);
	return rc;
}

static int
tell_all(struct telling *t)
{
	int rc = verb_time(t->journal, "--at", t->options->at, &t->at_ns)
			 ?: vega_feeds_check(t->journal, t->options->feeds, t->options->feed_cnt);

	t->instruments = json_array();
	for (uint32_t i = 0; rc == 0 && i < vega_journal_feed_cnt(t->journal); i++)
		if (vega_feed_is_chosen(t->options->feeds, t->options->feed_cnt,
			    vega_journal_feed(t->journal, i)))
			rc = tell_feed(t, i);
	if (rc == 0)
		rc = print_end(t);
	json_decref(t->instruments);
	return rc;
}

int
verb_state(const struct verb_options *o)
{
	struct vega_conf *conf = NULL;
	struct telling telling = {.options = o};
	int rc;

	if (o->at == NULL)
		return VEGA_ERR_EX(-EINVAL, EX_USAGE, "need --at TIME, found none");
	rc = o->config != NULL ? vega_conf_load(o->config, &conf) : 0;
	if (rc != 0)
		return rc;
	rc = vega_journal_open_lazy(o->path, &telling.journal);
	if (rc == 0) {
		telling.conf = conf;
		rc = tell_all(&telling);
		vega_journal_close(telling.journal);
	}
	vega_conf_delete(conf);
	return rc;
}
