/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/top.h"

#include <stdio.h>
#include <string.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/vega-bus-instrument.h"

#define NS_PER_S 1000000000.0

/* ---- the instrument ------------------------------------------------------------------------------------------- */

static void
choose(struct top *t, uint32_t token)
{
	if (token != t->token)
		t->trade_cnt = 0;
	t->token = token;
	(void)top_collect(t);
}

/* The instrument of the row, or of the last row when the list has become shorter. */
static void
choose_row(struct top *t)
{
	const uint64_t cnt = top_watch_cnt(t);
	struct vega_state_entry e;

	if (cnt == 0)
		return;
	if (t->row >= cnt)
		t->row = cnt - 1;
	(void)top_watch_at(t, t->row, &e);
	choose(t, e.token);
}

/* Its row in the list; where it is in none, the row stays. */
static void
find_row(struct top *t)
{
	const uint64_t cnt = top_watch_cnt(t);
	struct vega_state_entry e;

	for (uint64_t row = 0; row < cnt; row++) {
		(void)top_watch_at(t, row, &e);
		if (e.token == t->token) {
			t->row = row;
			return;
		}
	}
}

static void
add_trade(struct top *t, const struct vega_state_event *trade)
{
	if (t->trade_cnt == TOP_TRADE_CNT_MAX)
		t->trade_cnt--;
	memmove(&t->trades[1], &t->trades[0], t->trade_cnt * sizeof(t->trades[0]));
	t->trades[0] = *trade;
	t->trade_cnt++;
}

bool
top_collect(struct top *t)
{
	const uint64_t newest = t->trade_cnt > 0 ? t->trades[0].position : 0;
	struct vega_state_event events[VEGA_STATE_EVENT_CNT];
	bool any = false;
	uint32_t cnt;

	if (t->table == NULL || vega_bus_recent(t->table, t->token, events, &cnt) != 0)
		return false;
	while (cnt-- > 0) {
		if (events[cnt].what != VEGA_STATE_TRADE ||
			(t->trade_cnt > 0 && events[cnt].position <= newest))
			continue;
		add_trade(t, &events[cnt]);
		any = true;
	}
	return any;
}

/* ---- the capture ---------------------------------------------------------------------------------------------- */

static void
close_table(struct top *t)
{
	vega_bus_table_close(t->table);
	t->table = NULL;
	t->trade_cnt = 0;
}

/* The table of the feed; a feed that has none has no instruments to show. */
static bool
open_table(struct top *t, uint32_t feed_idx)
{
	struct vega_bus_table *table;

	if (vega_bus_table_open(t->bus, top_stat(t)->image.feeds[feed_idx].name, &table) != 0)
		return false;
	close_table(t);
	t->table = table;
	t->feed_idx = feed_idx;
	return true;
}

/* The feed that was looked at, else the first one with a table. */
static void
open_any_table(struct top *t)
{
	const uint32_t feed_cnt = top_stat(t)->image.control.feed_cnt;

	close_table(t);
	if (t->bus == NULL)
		return;
	if (t->feed_idx < feed_cnt && open_table(t, t->feed_idx))
		return;
	for (uint32_t i = 0; i < feed_cnt; i++)
		if (open_table(t, i))
			return;
}

static void
note(struct top *t, int rc)
{
	if (rc < 0)
		(void)snprintf(t->trouble, sizeof(t->trouble), "%s", vega_err_text());
}

/* Attach when there is a capture, and go on with the next when it has ended. A table whose capture has ended stays readable. */
static void
follow(struct top *t)
{
	int rc = 0;

	if (t->bus == NULL)
		rc = vega_bus_attach(t->region, &t->bus) == 0;
	else if (vega_bus_check(t->bus) != VEGA_BUS_LIVE)
		rc = vega_bus_reattach(t->bus);
	if (rc == 1)
		open_any_table(t);
	if (rc == -EBADMSG)
		note(t, rc);
}

static int
take(struct top *t)
{
	struct vega_stat *next = &t->stats[t->now ^ 1];
	struct vega_region *region;
	int rc = vega_region_open(t->region, &region);

	if (rc != 0)
		return rc;
	vega_stat_take(region, vega_region_alive(t->region), vega_realtime_ns(), next);
	readers_take(region, t->region, &t->readers);
	vega_region_release(region);
	t->has_before = t->has_stat &&
			top_stat(t)->image.control.generation == next->image.control.generation &&
			top_stat(t)->taken_ns < next->taken_ns;
	t->has_stat = true;
	t->now ^= 1;
	return 0;
}

void
top_look(struct top *t)
{
	t->trouble[0] = '\0';
	note(t, take(t));
	if (t->has_stat)
		follow(t);
	if (t->token == 0)
		choose_row(t);
	else
		(void)top_collect(t);
}

static int
find_feed(struct top *t, const char *name)
{
	const struct vega_control_image *image = &top_stat(t)->image;

	for (uint32_t i = 0; i < image->control.feed_cnt; i++)
		if (strcmp(image->feeds[i].name, name) == 0) {
			t->feed_idx = i;
			return 0;
		}
	return VEGA_ERR(-ENOENT,
		"need a feed of region '%s', found no '%s' among its %u; see `vega-bus stat`",
		t->region, name, image->control.feed_cnt);
}

int
top_open(struct top *t, const char *feed)
{
	int rc = take(t);

	if (rc == 0 && feed != NULL)
		rc = find_feed(t, feed);
	if (rc == 0)
		top_look(t);
	return rc;
}

void
top_close(struct top *t)
{
	close_table(t);
	vega_bus_detach(t->bus);
	t->bus = NULL;
}

/* ---- what to look at ------------------------------------------------------------------------------------------ */

void
top_move(struct top *t, int64_t rows)
{
	const uint64_t cnt = top_watch_cnt(t);

	if (rows < 0)
		t->row -= t->row < (uint64_t)-rows ? t->row : (uint64_t)-rows;
	else
		t->row = (uint64_t)rows < cnt - (t->row < cnt ? t->row : cnt)
				 ? t->row + (uint64_t)rows
				 : cnt;
	choose_row(t);
}

void
top_turn(struct top *t, int step)
{
	const uint32_t feed_cnt = top_stat(t)->image.control.feed_cnt;
	uint32_t at = t->feed_idx;

	for (uint32_t i = 1; i < feed_cnt && t->bus != NULL; i++) {
		at = step > 0 ? (at + 1) % feed_cnt : (at + feed_cnt - 1) % feed_cnt;
		if (!open_table(t, at))
			continue;
		t->pin_cnt = 0; /* a token is of its feed */
		t->pinned_only = false;
		t->row = 0;
		t->token = 0;
		choose_row(t);
		return;
	}
	(void)snprintf(t->message, sizeof(t->message), "no other feed has a state table");
}

void
top_find(struct top *t, const char *text)
{
	struct vega_state_entry e;
	uint32_t token;
	int rc = -ENOENT;

	if (t->table == NULL) {
		(void)snprintf(t->message, sizeof(t->message), "this feed has no state table");
		return;
	}
	if (instrument_find(t->bus, top_stat(t)->image.feeds[t->feed_idx].name, text, &token) == 0)
		rc = vega_bus_latest(t->table, token, &e);
	if (rc == -ENOENT) {
		(void)snprintf(t->message, sizeof(t->message), "no instrument '%s' yet", text);
		return;
	}
	t->pinned_only = false;
	choose(t, token);
	find_row(t);
}

void
top_pin(struct top *t)
{
	uint32_t at = 0;

	while (at < t->pin_cnt && t->pins[at] != t->token)
		at++;
	if (at < t->pin_cnt) {
		t->pin_cnt--;
		memmove(&t->pins[at], &t->pins[at + 1], (t->pin_cnt - at) * sizeof(t->pins[0]));
	} else if (t->token != 0 && t->pin_cnt < TOP_PIN_CNT_MAX) {
		t->pins[t->pin_cnt++] = t->token;
	}
	if (t->pinned_only && t->pin_cnt == 0)
		top_toggle_pinned(t);
	else if (t->pinned_only)
		choose_row(t);
}

void
top_toggle_pinned(struct top *t)
{
	if (!t->pinned_only && t->pin_cnt == 0) {
		(void)snprintf(t->message, sizeof(t->message),
			"nothing is pinned: Space pins the instrument that is looked at");
		return;
	}
	t->pinned_only = !t->pinned_only;
	find_row(t);
	choose_row(t);
}

/* ---- what is there -------------------------------------------------------------------------------------------- */

uint64_t
top_watch_cnt(const struct top *t)
{
	if (t->table == NULL)
		return 0;
	return t->pinned_only ? t->pin_cnt : vega_state_cnt(vega_bus_table_view(t->table));
}

int
top_watch_at(const struct top *t, uint64_t row, struct vega_state_entry *ret_entry)
{
	memset(ret_entry, 0, sizeof(*ret_entry));
	if (!t->pinned_only)
		return vega_state_at(vega_bus_table_view(t->table), row, ret_entry);
	ret_entry->token = t->pins[row];
	return vega_bus_latest(t->table, t->pins[row], ret_entry);
}

static double
rate(const struct top *t, uint64_t now, uint64_t then)
{
	const struct vega_stat *before = top_before(t);

	if (before == NULL || now < then)
		return -1;
	return (double)(now - then) * NS_PER_S / (double)(top_stat(t)->taken_ns - before->taken_ns);
}

/* What a feed's channels say together. */
struct channel_sums {
	uint64_t records;
	uint64_t gaps;
	uint64_t seqs_lost;
};

static struct channel_sums
sum_channels(const struct vega_stat *stat, uint32_t feed_idx)
{
	struct channel_sums sums = {0};

	for (uint32_t row = 0; row < VEGA_CHANNEL_ROW_CNT; row++) {
		const struct vega_channel_cells *c = &stat->image.channels[row];

		if (!vega_stat_channel_wanted(stat, row, NULL) || c->feed_id != feed_idx)
			continue;
		sums.records += c->records;
		sums.gaps += c->gaps;
		sums.seqs_lost += c->lost_seqs;
	}
	return sums;
}

/* All that a feed lost, to see whether it grows. */
static uint64_t
losses(const struct vega_stat *stat, uint32_t feed_idx)
{
	const struct vega_rx_cells *rx = &stat->image.rx[feed_idx];

	return rx->drop_lane_full + rx->drop_oversize + rx->lost_lane_full + rx->lost_oversize +
	       stat->image.drain[feed_idx].lost_disk + sum_channels(stat, feed_idx).seqs_lost;
}

static double
load_of(const struct top *t, uint32_t lcore)
{
	const struct vega_stat *before = top_before(t);
	const struct vega_lcore_cells *now;
	const struct vega_lcore_cells *then;
	double polls;

	if (before == NULL || lcore >= top_stat(t)->image.control.lcore_cnt)
		return -1;
	now = &top_stat(t)->image.lcores[lcore];
	then = &before->image.lcores[lcore];
	polls = rate(t, now->polls, then->polls);
	if (polls <= 0 || now->polls_empty < then->polls_empty)
		return -1;
	return 1 - rate(t, now->polls_empty, then->polls_empty) / polls;
}

static void
sum_readers(const struct top *t, uint32_t feed_idx, struct top_feed *f)
{
	for (uint32_t i = 0; i < t->readers.cnt; i++) {
		const struct reader *r = &t->readers.reader[i];

		if (!r->has_lag || r->entry.feed_id != feed_idx)
			continue;
		f->reader_cnt++;
		if (r->lag > f->lag_max)
			f->lag_max = r->lag;
	}
}

void
top_feed(const struct top *t, uint32_t feed_idx, struct top_feed *f)
{
	const struct vega_stat *stat = top_stat(t);
	const struct vega_stat *before = top_before(t);
	const struct vega_stat *then = before != NULL ? before : stat;
	const struct vega_rx_cells *rx = &stat->image.rx[feed_idx];
	const struct channel_sums sums = sum_channels(stat, feed_idx);

	memset(f, 0, sizeof(*f));
	f->packets_per_s =
		rate(t, rx->packets_published, then->image.rx[feed_idx].packets_published);
	f->records_per_s = rate(t, sums.records, sum_channels(then, feed_idx).records);
	f->load = load_of(t, stat->image.feeds[feed_idx].lcore);
	f->dropped = rx->drop_lane_full + rx->drop_oversize;
	f->frames_lost =
		rx->lost_lane_full + rx->lost_oversize + stat->image.drain[feed_idx].lost_disk;
	f->gaps = sums.gaps;
	f->seqs_lost = sums.seqs_lost;
	f->is_worse = losses(stat, feed_idx) > losses(then, feed_idx);
	sum_readers(t, feed_idx, f);
}
