/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/vega-bus-readers.h"

#include <inttypes.h>
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/clients.h"
#include "hugepages/vega_bus.h"

/* The feed's name, and the lag while its lane is there to be asked. */
static void
look_up(struct vega_bus *bus, uint64_t generation, struct reader *reader)
{
	const struct vega_client_entry *entry = &reader->entry;
	const bool is_book = entry->lane_kind == VEGA_LANE_BOOK;
	struct vega_bus_feed feed;
	uint64_t published;

	if (bus == NULL || entry->generation != generation ||
		vega_bus_feed(bus, entry->feed_id, &feed) != 0) {
		(void)snprintf(reader->feed, sizeof(reader->feed), "%u", entry->feed_id);
		return;
	}
	(void)snprintf(
		reader->feed, sizeof(reader->feed), "%s%s", feed.name, is_book ? ".book" : "");
	published = is_book ? feed.book_published : feed.published;
	reader->lag = published > entry->position ? published - entry->position : 0;
	reader->has_lag = true;
}

void
readers_take(const struct vega_region *region, const char *name, struct readers *ret_readers)
{
	static struct vega_client_entry entries[VEGA_CLIENT_CNT_MAX];
	struct vega_bus_info info = {0};
	struct vega_bus *bus = NULL;

	ret_readers->cnt = vega_clients_list(region->dir, entries);
	if (ret_readers->cnt > 0 && vega_bus_attach(name, &bus) == 0)
		vega_bus_info(bus, &info);
	for (uint32_t i = 0; i < ret_readers->cnt; i++) {
		ret_readers->reader[i] = (struct reader){.entry = entries[i]};
		look_up(bus, info.generation, &ret_readers->reader[i]);
	}
	vega_bus_detach(bus);
}

void
readers_print(const struct readers *readers)
{
	for (uint32_t i = 0; i < readers->cnt; i++) {
		const struct reader *r = &readers->reader[i];

		(void)printf("reader %s, pid %" PRIu64 ", feed %s: at %" PRIu64, r->entry.name,
			r->entry.pid, r->feed, r->entry.position);
		if (r->has_lag)
			(void)printf(", lag %" PRIu64 " records", r->lag);
		(void)printf(", lost %" PRIu64 "\n", r->entry.lost);
	}
}

json_t *
readers_json(const struct readers *readers)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < readers->cnt; i++) {
		const struct reader *r = &readers->reader[i];
		json_t *object = json_object();

		(void)json_object_set_new(object, "name", json_string(r->entry.name));
		vega_json_put(object, "pid", r->entry.pid);
		(void)json_object_set_new(object, "feed", json_string(r->feed));
		vega_json_put(object, "generation", r->entry.generation);
		vega_json_put(object, "position", r->entry.position);
		if (r->has_lag)
			vega_json_put(object, "lag_records", r->lag);
		vega_json_put(object, "lost_records", r->entry.lost);
		vega_json_put(object, "beat_ns", r->entry.beat_ns);
		(void)json_array_append_new(array, object);
	}
	return array;
}
