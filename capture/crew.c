/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/crew.h"

#include <stdlib.h>

#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"

/* The decoders of a feed, and the writing side of its record lane. */
static int
open_decoder(const struct vega_plan_decode *decode, const struct vega_region *region,
	uint32_t feed_idx, const struct vega_zone *zone, struct vega_rx_feed *ret_feed)
{
	const struct vega_feed_entry *entry = &region->feeds[feed_idx];
	struct vega_feed_conf conf = {
		.zone = zone,
		.hold_ns = decode->hold_ns,
		.feed_id = feed_idx,
		.channel_cnt = decode->channel_cnt,
		.channels = decode->channels,
		.cells = &region->channels[entry->channel_first],
		.cells_cnt = entry->channel_cnt,
	};
	const struct vega_state_table *table;
	uint64_t table_bytes;

	conf.lane = vega_region_record_lane(region, feed_idx, &conf.lane_bytes);
	ret_feed->decoder = aligned_alloc(
		VEGA_LINE_BYTES, vega_align_up(vega_feed_bytes(&conf), VEGA_LINE_BYTES));
	if (ret_feed->decoder == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the decoders of feed %s, found none",
			entry->name);
	vega_feed_new(ret_feed->decoder, &conf);
	ret_feed->records_taken[0] = &region->drain[feed_idx].records_drained;
	table = vega_region_state_table(region, feed_idx, &table_bytes);
	if (table != NULL)
		ret_feed->records_taken[1] = &table->record_position;
	ret_feed->records_slack = conf.lane->capacity / 2;
	return 0;
}

/* The writing side of one feed's lanes. */
static int
open_feed(const struct vega_plan *plan, const struct vega_region *region, uint32_t feed_idx,
	struct vega_rx_feed *ret_feed, struct vega_zone **ret_zone)
{
	const struct vega_layout_feed *feed = &plan->feeds[feed_idx];
	int rc = vega_zone_new(feed->zone, feed->day_start_s, ret_zone);

	if (rc != 0)
		return VEGA_ERR_ADD(rc, "feed %s", feed->name);
	vega_frame_writer_init(
		&ret_feed->writer, vega_region_frame_lane(region, feed_idx), *ret_zone);
	ret_feed->cells = &region->rx[feed_idx];
	ret_feed->frames_only = feed->record_lane_bytes == 0;
	if (!ret_feed->frames_only)
		rc = open_decoder(&plan->decodes[feed_idx], region, feed_idx, *ret_zone, ret_feed);
	return rc;
}

/* The feeds an lcore owns, its default among them. */
static int
open_feeds(struct vega_crew_member *m, const struct vega_plan *plan,
	const struct vega_region *region, uint32_t lcore_idx)
{
	int rc = 0;

	/* whole lines, as lcores write their own */
	m->feeds = aligned_alloc(VEGA_GUARD_BYTES,
		vega_align_up(plan->feed_cnt * sizeof(*m->feeds), VEGA_GUARD_BYTES));
	m->zones = calloc(plan->feed_cnt, sizeof(struct vega_zone *));
	if (m->feeds == NULL || m->zones == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for %u feeds, found none", plan->feed_cnt);
	for (uint32_t i = 0; i < plan->feed_cnt && rc == 0; i++) {
		struct vega_rx_feed *feed = &m->feeds[m->rx.feed_cnt];

		if (plan->feeds[i].lcore != lcore_idx)
			continue;
		*feed = (struct vega_rx_feed){0};
		rc = open_feed(plan, region, i, feed, &m->zones[m->rx.feed_cnt]);
		m->feed_of[i] = feed;
		m->rx.feed_cnt++;
	}
	return rc;
}

static int
open_member(struct vega_crew_member *m, const struct vega_plan *plan,
	const struct vega_region *region, uint32_t lcore_idx, uint64_t packets_max)
{
	const struct vega_plan_lcore *lcore = &plan->lcores[lcore_idx];
	int rc = open_feeds(m, plan, region, lcore_idx);

	if (rc != 0)
		return rc;
	m->rx.sources = m->sources;
	m->rx.feeds = m->feeds;
	m->rx.default_feed = m->feed_of[lcore->default_feed_idx];
	m->rx.match =
		plan->feed_cnt > plan->lcore_cnt ? plan->match : NULL; /* else defaults alone */
	m->rx.feed_of = m->feed_of;
	for (uint32_t i = 0; i < lcore->queue_cnt; i++)
		m->rx.if_port[i] = lcore->queues[i].port_idx;
	m->rx.cells = &region->lcores[lcore_idx];
	m->rx.packets_left = packets_max;
	m->rx.ended = m->ended;
	return 0;
}

/* Each port is told by the first lcore that polls it. */
static void
give_ports(struct vega_crew *crew, const struct vega_plan *plan, const struct vega_region *region)
{
	bool given[VEGA_PORT_CNT_MAX] = {false};

	for (uint32_t i = 0; i < plan->lcore_cnt; i++) {
		for (uint32_t q = 0; q < plan->lcores[i].queue_cnt; q++) {
			const uint32_t port = plan->lcores[i].queues[q].port_idx;
			struct vega_lcore_rx *loop = &crew->loops[i];

			if (port >= VEGA_PORT_CNT_MAX || given[port])
				continue;
			given[port] = true;
			loop->ports[loop->port_cnt++].cells = &region->ports[port];
		}
	}
}

int
vega_crew_new(const struct vega_plan *plan, const struct vega_region *region, uint64_t packets_max,
	const uint64_t *stop, const struct vega_stamp_cell *stamps, struct vega_crew **ret_crew)
{
	struct vega_crew *crew = calloc(1, sizeof(*crew));
	int rc = 0;

	if (crew == NULL || (crew->loops = calloc(plan->lcore_cnt, sizeof(*crew->loops))) == NULL ||
		(crew->members = calloc(plan->lcore_cnt, sizeof(*crew->members))) == NULL) {
		vega_crew_delete(crew);
		return VEGA_ERR(
			-ENOMEM, "need memory for %u rx lcores, found none", plan->lcore_cnt);
	}
	crew->lcore_cnt = plan->lcore_cnt;
	for (uint32_t i = 0; i < plan->lcore_cnt && rc == 0; i++) {
		rc = open_member(&crew->members[i], plan, region, i, packets_max);
		crew->loops[i].rx = &crew->members[i].rx;
		crew->loops[i].idle = plan->idle;
		crew->loops[i].clock = vega_lcore_clock_begin();
		crew->loops[i].stamps = stamps;
		crew->loops[i].stop = stop;
	}
	if (rc != 0) {
		vega_crew_delete(crew);
		return rc;
	}
	give_ports(crew, plan, region);
	*ret_crew = crew;
	return 0;
}

void
vega_crew_add_source(struct vega_crew *crew, uint32_t lcore_idx, struct vega_source *source)
{
	struct vega_rx *rx = &crew->members[lcore_idx].rx;

	/* a clock block may be laid before the first packet: it goes into a file of the right type */
	for (uint32_t i = 0; rx->source_cnt == 0 && i < rx->feed_cnt; i++)
		vega_frame_linktype(&rx->feeds[i].writer, source->linktype);
	rx->sources[rx->source_cnt++] = source;
}

void
vega_crew_delete(struct vega_crew *crew)
{
	if (crew == NULL)
		return;
	for (uint32_t i = 0; i < crew->lcore_cnt; i++) {
		struct vega_crew_member *m = &crew->members[i];

		for (uint32_t k = 0; k < m->rx.source_cnt; k++)
			m->rx.sources[k]->ops->close(m->rx.sources[k]);
		for (uint32_t k = 0; m->zones != NULL && k < m->rx.feed_cnt; k++) {
			free(m->feeds[k].decoder);
			vega_zone_delete(m->zones[k]);
		}
		free(m->feeds);
		free(m->zones);
	}
	free(crew->loops);
	free(crew->members);
	free(crew);
}
