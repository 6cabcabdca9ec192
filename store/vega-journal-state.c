/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal state: what was known of every instrument at an instant.
 *
 * The table is made as the capture made it, by the same fold, of the records from the start of that capture's generation up to the
 * instant. What a feed's messages are, levels or orders, the journal does not say: the configuration does.
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
#include "store/export.h"
#include "store/vega-journal-verbs.h"
#include "store/vega_journal.h"

#define BOOK_LANE_BYTES (8u << 20)

static const uint32_t order_kinds = 1u << VEGA_ORDER_ADD | 1u << VEGA_ORDER_MODIFY |
				    1u << VEGA_ORDER_DELETE | 1u << VEGA_ORDER_EXECUTE;

/* One feed's state on its way to the instant. */
struct past {
	const struct vega_conf_feed *conf; /* NULL: not configured */
	struct vega_state_table *table;
	struct vega_record_lane *book_lane;
	struct vega_state_feed *state;
	struct vega_state_view view;
	uint64_t generation;
	uint64_t table_bytes;
	uint64_t damaged;
};

static void
drop(struct past *p)
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
begin(struct past *p, uint64_t generation)
{
	const uint64_t capacity =
		p->conf != NULL && p->conf->instrument_cnt != 0 ? p->conf->instrument_cnt : 10000;
	const bool has_book = p->conf != NULL && p->conf->book_lane_bytes != 0;
	struct vega_state_conf conf = {.book_lane_bytes = BOOK_LANE_BYTES};
	int rc;

	drop(p);
	p->generation = generation;
	p->table_bytes = vega_state_table_bytes(capacity);
	p->table = zeroed(p->table_bytes);
	p->book_lane = has_book ? zeroed(BOOK_LANE_BYTES) : NULL;
	if (p->table == NULL || (has_book && p->book_lane == NULL))
		return VEGA_ERR(
			-ENOMEM, "need memory for %" PRIu64 " instruments, found none", capacity);
	vega_state_table_new(p->table, capacity, 0, generation);
	if (has_book) {
		vega_ring_new(p->book_lane, BOOK_LANE_BYTES, 0, VEGA_RECORD_BYTES, generation);
		conf.order_cnt = p->conf->order_cnt;
		conf.modify_adds = vega_feed_modify_adds(p->conf);
	}
	conf.book_lane = p->book_lane;
	conf.table = p->table;
	rc = vega_state_feed_new(&conf, &p->state);
	return rc != 0 ? rc : vega_state_open(p->table, p->table_bytes, &p->view);
}

static int
take(struct past *p, const struct vega_record_batch *batch, const char *feed)
{
	int rc = 0;

	if (p->conf == NULL && (batch->kinds & order_kinds) != 0 &&
		(batch->kinds & 1u << VEGA_LEVEL) == 0)
		return VEGA_ERR_EX(-EINVAL, EX_USAGE,
			"need --config FILE, which says what the channels of feed %s hold: its "
			"records are orders",
			feed);
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
	struct past *p = arg;

	p->damaged += !hole->recovered;
}

/* Everything up to the instant, that included. */
static int
fold(struct past *p, struct vega_journal *journal, uint32_t feed_idx, uint64_t at_ns,
	uint32_t *ret_price_scale)
{
	const struct vega_records_want want = {
		.to_ns = at_ns < UINT64_MAX ? at_ns + 1 : at_ns, .hole = count_hole, .hole_arg = p};
	struct vega_record_batch batch;
	struct vega_record_cursor *cursor;
	int rc = vega_records_open(journal, feed_idx, &want, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = vega_records_next(cursor, &batch)) == 1) {
		*ret_price_scale = vega_records_file(cursor)->price_scale;
		rc = take(p, &batch, vega_journal_feed(journal, feed_idx));
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

static void
tell(const struct verb_options *o, const struct past *p, const char *feed, uint32_t price_scale,
	json_t *instruments)
{
	struct vega_state_entry e;

	for (uint64_t i = 0; p->state != NULL && vega_state_at(&p->view, i, &e) == 0; i++) {
		if (!is_wanted(o->instrument, &e))
			continue;
		if (o->json)
			(void)json_array_append_new(instruments,
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

static bool
is_chosen(const struct verb_options *o, const char *feed)
{
	for (uint32_t i = 0; i < o->feed_cnt; i++)
		if (vega_feed_is(o->feeds[i], feed))
			return true;
	return o->feed_cnt == 0;
}

static int
tell_feed(const struct verb_options *o, struct vega_journal *journal, const struct vega_conf *conf,
	uint32_t feed_idx, uint64_t at_ns, json_t *instruments, uint64_t *damaged)
{
	const char *feed = vega_journal_feed(journal, feed_idx);
	struct past past = {.conf = conf_of(conf, feed)};
	uint32_t price_scale = 0;
	const int rc = fold(&past, journal, feed_idx, at_ns, &price_scale);

	if (rc == 0)
		tell(o, &past, feed, price_scale, instruments);
	*damaged += past.damaged;
	drop(&past);
	return rc;
}

static int
tell_all(const struct verb_options *o, struct vega_journal *journal, const struct vega_conf *conf)
{
	json_t *instruments = json_array();
	uint64_t damaged = 0;
	uint64_t at_ns = 0;
	int rc = verb_time(journal, "--at", o->at, &at_ns);

	for (uint32_t i = 0; rc == 0 && i < vega_journal_feed_cnt(journal); i++)
		if (is_chosen(o, vega_journal_feed(journal, i)))
			rc = tell_feed(o, journal, conf, i, at_ns, instruments, &damaged);
	if (rc == 0 && o->json)
		return vega_cli_json(json_pack("{s:I, s:o, s:I}", "at_ns", (json_int_t)at_ns,
			"instruments", instruments, "damaged_extents", (json_int_t)damaged));
	json_decref(instruments);
	if (rc == 0 && damaged != 0)
		(void)printf("damaged: %" PRIu64 " extents were passed over\n", damaged);
	return rc;
}

int
verb_state(const struct verb_options *o)
{
	struct vega_conf *conf = NULL;
	struct vega_journal *journal;
	int rc;

	if (o->at == NULL)
		return VEGA_ERR_EX(-EINVAL, EX_USAGE, "need --at TIME, found none");
	rc = o->config != NULL ? vega_conf_load(o->config, &conf) : 0;
	if (rc != 0)
		return rc;
	rc = vega_journal_open(o->path, &journal);
	if (rc == 0) {
		rc = tell_all(o, journal, conf);
		vega_journal_close(journal);
	}
	vega_conf_delete(conf);
	return rc;
}
