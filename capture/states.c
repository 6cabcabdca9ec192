/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/states.h"

#include "hugepages/base/atomic.h"
#include "hugepages/base/err.h"

static int
open_state(const struct vega_plan *plan, const struct vega_region *region, uint32_t idx,
	struct vega_state_feed **ret_feed, struct vega_states_book *ret_book)
{
	struct vega_state_conf conf = {
		.order_cnt = plan->feeds[idx].order_cnt,
		.modify_adds = plan->decodes[idx].modify_adds,
	};
	uint64_t table_bytes;
	int rc;

	conf.lane = vega_region_record_lane(region, idx, &conf.lane_bytes);
	conf.book_lane = vega_region_book_lane(region, idx, &conf.book_lane_bytes);
	conf.table = vega_region_state_table(region, idx, &table_bytes);
	if (conf.book_lane != NULL)
		*ret_book = (struct vega_states_book){.table = conf.table,
			.drained = &region->drain[idx].book_drained,
			.slack = conf.book_lane->capacity / 2};
	rc = vega_state_feed_new(&conf, ret_feed);
	return rc != 0 ? VEGA_ERR_ADD(rc, "feed %s", plan->feeds[idx].name) : 0;
}

int
vega_states_new(const struct vega_plan *plan, const struct vega_region *region,
	struct vega_states *ret_states)
{
	struct vega_states states = {.cnt = 0};
	int rc = 0;

	for (uint32_t i = 0; i < plan->feed_cnt && rc == 0; i++) {
		if (plan->feeds[i].instrument_cnt == 0)
			continue;
		rc = open_state(
			plan, region, i, &states.feeds[states.cnt], &states.books[states.cnt]);
		states.feed_idx[states.cnt] = i;
		if (rc == 0)
			states.cnt++;
	}
	if (rc != 0)
		vega_states_delete(&states);
	else
		*ret_states = states;
	return rc;
}

void
vega_states_delete(struct vega_states *states)
{
	for (uint32_t i = 0; i < states->cnt; i++)
		vega_state_feed_delete(states->feeds[i]);
	states->cnt = 0;
}

/* Half a book lane is far more than a poll lays. */
static bool
has_book_room(const struct vega_states_book *book)
{
	return book->table == NULL ||
	       book->table->position - vega_load_relaxed(book->drained) < book->slack;
}

unsigned
vega_states_poll(struct vega_states *states)
{
	unsigned taken = 0;

	for (uint32_t i = 0; i < states->cnt; i++)
		if (!states->waits || has_book_room(&states->books[i]))
			taken += vega_state_poll(states->feeds[i]);
	return taken;
}

bool
vega_states_full(const struct vega_region *region, uint32_t feed_idx, char *text, size_t bytes)
{
	uint64_t table_bytes;
	const struct vega_state_table *table =
		vega_region_state_table(region, feed_idx, &table_bytes);
	const char *name = region->feeds[feed_idx].name;

	if (table == NULL || (table->refused_cnt == 0 && table->order_refused_cnt == 0))
		return false;
	if (table->refused_cnt != 0)
		(void)snprintf(text, bytes,
			"feed %s: need a state table for more than %llu instruments, found %llu "
			"records of others; raise instruments",
			name, (unsigned long long)table->capacity,
			(unsigned long long)table->refused_cnt);
	else
		(void)snprintf(text, bytes,
			"feed %s: need books for more orders, found %llu that had no room; raise "
			"orders",
			name, (unsigned long long)table->order_refused_cnt);
	return true;
}
