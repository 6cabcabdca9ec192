/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_TOP_H
#define VEGA_HUGEPAGES_TOP_H
/*
 * What `vega-bus top` knows: a region's counters now and before, its readers, the instrument that is looked at, and its trades.
 * Nothing here draws. All is read through stat.h and vega_bus.h, whose readers take any bytes; the capture is not asked for anything.
 */
#include <stdbool.h>

#include "hugepages/stat.h"
#include "hugepages/vega-bus-readers.h"
#include "hugepages/vega_bus.h"

#define TOP_TRADE_CNT_MAX 64u
#define TOP_PIN_CNT_MAX   64u
#define TOP_TEXT_BYTES    256u

struct top {
	const char *region;
	struct vega_bus *bus;         /* NULL: there is no capture to attach to */
	struct vega_bus_table *table; /* of the feed that is looked at; NULL: it has none */
	char trouble[TOP_TEXT_BYTES]; /* why there is nothing to see; "": there is */
	char message[TOP_TEXT_BYTES]; /* about the last key */
	struct vega_stat stats[2];
	uint32_t now; /* the later of them */
	bool has_stat;
	bool has_before; /* the other one is of the same generation, and older */
	struct readers readers;
	uint32_t feed_idx; /* looked at */
	uint32_t token;    /* looked at, 0: none yet */
	uint64_t row;      /* of it in the watch list */
	uint32_t pins[TOP_PIN_CNT_MAX];
	uint32_t pin_cnt;
	bool pinned_only; /* the watch list is the pins; else every instrument, in order of first sight */
	struct vega_state_event trades[TOP_TRADE_CNT_MAX]; /* of it; newest first */
	uint32_t trade_cnt;
};

/*
 * Attach, and look for the first time.
 *
 * Params: feed		to begin with; NULL: the first one with a state table
 * Returns 0; as vega_region_open when there is no such region; -ENOENT: no such feed in it. A capture that has ended is no error.
 */
int top_open(struct top *t, const char *feed);
void top_close(struct top *t);

/* Counters and readers anew; when the capture has ended, take up the next one as soon as it is there. Cost: system calls. */
void top_look(struct top *t);

/* Add the trades that the table holds of the instrument and that were not there yet. Returns whether there were any. Cost: loads. */
bool top_collect(struct top *t);

/* ---- what to look at ---- */

/* Down the watch list by so many rows, as far as it goes. */
void top_move(struct top *t, int64_t rows);
/* Another feed that has a state table: 1 the next, -1 the one before. */
void top_turn(struct top *t, int step);
/* An instrument by token or symbol; with none like that, a message. */
void top_find(struct top *t, const char *text);
/* Pin or unpin what is looked at; pins or all. */
void top_pin(struct top *t);
void top_toggle_pinned(struct top *t);

/* ---- what is there ---- */

uint64_t top_watch_cnt(const struct top *t);
/* Returns as vega_state_at; a pin that was never seen gives -ENOENT, with its token in the entry. */
int top_watch_at(const struct top *t, uint64_t row, struct vega_state_entry *ret_entry);

/* Of a feed; rates are negative where there is nothing to compare with. */
struct top_feed {
	double packets_per_s;
	double records_per_s;
	double load; /* share of its lcore's poll rounds that found packets */
	uint64_t dropped;
	uint64_t frames_lost;
	uint64_t gaps;
	uint64_t seqs_lost;
	uint64_t lag_max; /* records that its slowest reader is behind */
	uint32_t reader_cnt;
	bool is_worse; /* it lost something since the look before */
};
void top_feed(const struct top *t, uint32_t feed_idx, struct top_feed *ret_feed);

static inline const struct vega_stat *
top_stat(const struct top *t)
{
	return &t->stats[t->now];
}

/* NULL: there is none. */
static inline const struct vega_stat *
top_before(const struct top *t)
{
	return t->has_before ? &t->stats[t->now ^ 1] : NULL;
}

#endif
