/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal derive: records once more, from the frames.
 *
 *	frames --match, feed--> record lane --drain--> OUT/DAY/FEED/records-NNNN.vega
 *
 * The decoders and the drain are those of the capture, on a lane of this process's own; so the records are those that were captured
 * live, but for what no frame tells: losses of port and drain, and packets whose frame was lost. A generation is derived by
 * itself, as it was captured. Where its first frames are gone, tokens of names come from the DEFINITION records that are there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/feed/channels.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/frame.h"
#include "hugepages/ring.h"
#include "store/drain.h"
#include "store/vega-journal-verbs.h"
#include "store/vega_journal.h"

#define RECORD_LANE_BYTES VEGA_LANE_ALIGN_BYTES
#define FRAME_LANE_BLOCKS 2u /* nothing is laid there: the drain wants one */
#define LAG_MAX           (RECORD_LANE_BYTES / VEGA_RECORD_BYTES / 4)
#define FILE_BYTES_MAX    (4ull << 30)
#define SYNC_INTERVAL_NS  1000000000u
#define CELLS_CNT         VEGA_CHANNEL_ROW_CNT
#define PROGRESS_NS       2000000000ull
#define NAME_PART_BYTES   16u
#define NAME_BYTES_MAX    64u

/* A region of one feed that nobody else sees. */
struct own_region {
	struct vega_region region;
	struct vega_control control;
	struct vega_feed_entry feed;
	struct vega_lane_entry lanes[2]; /* records, frames */
	struct vega_rx_cells rx;
	struct vega_drain_cells drain;
	struct vega_channel_cells channels[CELLS_CNT];
};

struct sum {
	uint64_t frames;
	uint64_t unclaimed; /* the configuration gives them to nobody, or to another feed */
	uint64_t records;
	uint64_t holes;
};

/* One feed being derived. */
struct derive {
	const struct verb_options *o;
	struct vega_journal *journal;
	const struct vega_conf *conf;
	const struct vega_conf_feed *feed_conf;
	uint32_t feed_idx; /* in the journal */
	struct vega_feed_channel *channels;
	uint32_t price_scale;
	struct vega_match *by_port; /* of frames from a configured port */
	struct vega_match *any_port;
	struct vega_zone *zone;
	struct own_region own;
	struct vega_feed *feed; /* of the generation being derived; NULL: none yet */
	struct vega_drain *drain;
	uint64_t generation;
	uint64_t told_ns;
	struct sum *sum;
};

/* ---- claims --------------------------------------------------------------------------------------------------- */

static int
make_match(const struct vega_conf_feed *feed, bool any_port, struct vega_match **ret_match)
{
	struct vega_match *match = aligned_alloc(VEGA_LINE_BYTES, vega_feed_match_bytes(&feed, 1));
	int rc;

	if (match == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the channels of the feeds, found none");
	rc = vega_feed_match(&feed, 1, any_port, match);
	if (rc != 0)
		free(match);
	else
		*ret_match = match;
	return rc;
}

/* The configured port that an interface was: "nse_a", or "nse_a:1" where it is a queue of several. */
static uint32_t
port_of(const struct derive *d, const char *if_name)
{
	const size_t bytes = strcspn(if_name, ":");

	for (uint32_t i = 0; i < d->conf->port_cnt; i++)
		if (strlen(d->conf->ports[i].name) == bytes &&
			strncmp(d->conf->ports[i].name, if_name, bytes) == 0)
			return i;
	return VEGA_CONF_ANY;
}

/* ---- a generation --------------------------------------------------------------------------------------------- */

static void
fill_region(struct derive *d)
{
	struct own_region *own = &d->own;

	(void)snprintf(own->control.name, sizeof(own->control.name), "derive");
	own->control.generation = d->generation;
	own->control.feed_cnt = 1;
	own->control.lane_cnt = 2;
	memcpy(own->feed.name, d->feed_conf->name, sizeof(own->feed.name));
	memcpy(own->feed.zone, d->feed_conf->zone, sizeof(own->feed.zone));
	own->feed.day_start_s = d->feed_conf->day_start_s;
	own->feed.price_scale = d->price_scale;
	own->feed.record_lane = 0;
	own->feed.book_lane = UINT32_MAX;
	own->feed.frame_lane = 1;
	own->lanes[0] = (struct vega_lane_entry){.lane_bytes = RECORD_LANE_BYTES,
		.unit_cnt = vega_ring_capacity(RECORD_LANE_BYTES, VEGA_RECORD_BYTES),
		.unit_bytes = VEGA_RECORD_BYTES,
		.kind = VEGA_LANE_RECORDS};
	own->lanes[1] = (struct vega_lane_entry){.lane_off = RECORD_LANE_BYTES,
		.lane_bytes = vega_frame_lane_bytes(FRAME_LANE_BLOCKS),
		.unit_cnt = FRAME_LANE_BLOCKS,
		.unit_bytes = VEGA_FRAME_BLOCK_BYTES,
		.kind = VEGA_LANE_FRAMES};
	own->control.lanes_bytes = RECORD_LANE_BYTES + own->lanes[1].lane_bytes;
	own->region.control = &own->control;
	own->region.feeds = &own->feed;
	own->region.lanes = own->lanes;
	own->region.rx = &own->rx;
	own->region.drain = &own->drain;
	own->region.channels = own->channels;
}

static int
make_lanes(struct derive *d)
{
	struct own_region *own = &d->own;
	void *memory = mmap(NULL, own->control.lanes_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return VEGA_ERR(-ENOMEM, "need %" PRIu64 " bytes for a record lane, found none",
			own->control.lanes_bytes);
	own->region.memory = memory;
	vega_ring_new(memory, RECORD_LANE_BYTES, 0, VEGA_RECORD_BYTES, d->generation);
	vega_frame_lane_new(
		vega_region_frame_lane(&own->region, 0), 0, FRAME_LANE_BLOCKS, d->generation);
	return 0;
}

static int
make_decoder(struct derive *d)
{
	const struct vega_feed_conf conf = {
		.lane = (struct vega_record_lane *)(void *)d->own.region.memory,
		.lane_bytes = RECORD_LANE_BYTES,
		.zone = d->zone,
		.hold_ns = d->feed_conf->hold_ns,
		.channel_cnt = d->feed_conf->channel_cnt,
		.channels = d->channels,
		.cells = d->own.channels,
		.cells_cnt = CELLS_CNT,
	};

	d->feed = aligned_alloc(
		VEGA_LINE_BYTES, vega_align_up(vega_feed_bytes(&conf), VEGA_LINE_BYTES));
	if (d->feed == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the decoders of feed %s, found none",
			d->feed_conf->name);
	vega_feed_new(d->feed, &conf);
	return 0;
}

/* Everything decoded so far is in the files, and these are sealed. */
static int
end_generation(struct derive *d)
{
	int rc = 0;

	if (d->drain != NULL) {
		vega_feed_end(d->feed);
		rc = vega_drain_finish(d->drain);
		d->sum->records += d->own.drain.records_written;
	}
	vega_drain_delete(d->drain);
	free(d->feed);
	if (d->own.region.memory != NULL)
		(void)munmap(d->own.region.memory, d->own.control.lanes_bytes);
	d->drain = NULL;
	d->feed = NULL;
	memset(&d->own, 0, sizeof(d->own));
	return rc;
}

/* ---- names whose first sight is gone -------------------------------------------------------------------------- */

struct name {
	uint32_t token;
	uint32_t bytes;
	uint8_t text[NAME_BYTES_MAX];
};

/* Put a name together from its parts, which follow each other. */
static void
take_part(struct derive *d, struct name *name, const struct vega_definition_record *r)
{
	const uint32_t at = r->part * NAME_PART_BYTES;

	if (r->unit != 0 || r->instrument == 0 || at + NAME_PART_BYTES > NAME_BYTES_MAX)
		return;
	if (r->part == 0)
		*name = (struct name){.token = r->instrument};
	if (name->token != r->instrument || name->bytes != at)
		return;
	memcpy(name->text + at, r->text, NAME_PART_BYTES);
	name->bytes = at + NAME_PART_BYTES;
	if (r->part + 1u < r->part_cnt)
		return;
	while (name->bytes != 0 && name->text[name->bytes - 1] == '\0')
		name->bytes--;
	vega_feed_define(d->feed, name->token, name->text, name->bytes);
}

static int
seed_names(struct derive *d)
{
	const struct vega_records_want want = {
		.to_ns = UINT64_MAX,
		.generation = d->generation,
		.kinds = VEGA_RECORD_KIND_BIT(VEGA_DEFINITION),
	};
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	struct name name = {0};
	int rc = vega_records_open(d->journal, d->feed_idx, &want, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = vega_records_next(cursor, &batch)) == 1)
		for (uint32_t i = 0; i < batch.cnt; i++)
			if (vega_record_kind(&batch.records[i]) == VEGA_DEFINITION)
				take_part(d, &name, &batch.records[i].definition);
	vega_records_close(cursor);
	return rc;
}

static int
begin_generation(struct derive *d, uint64_t generation, uint64_t first_frame)
{
	const struct vega_drain_conf conf = {
		.region = &d->own.region,
		.journal_dir = d->o->out_path,
		.io = "auto",
		.file_bytes_max = FILE_BYTES_MAX,
		.sync_interval_ns = SYNC_INTERVAL_NS,
	};
	int rc = end_generation(d);

	if (rc != 0)
		return rc;
	d->generation = generation;
	fill_region(d);
	if ((rc = make_lanes(d)) != 0 || (rc = make_decoder(d)) != 0 ||
		(rc = vega_drain_new(&conf, &d->drain)) != 0)
		return rc;
	return first_frame != 0 ? seed_names(d) : 0;
}

/* ---- frames --------------------------------------------------------------------------------------------------- */

static void
decode_frame(struct derive *d, const struct vega_frame *frame, uint32_t port_idx)
{
	const struct vega_match *match = port_idx != VEGA_CONF_ANY ? d->by_port : d->any_port;
	struct vega_feed_packet packet = {
		.recv_ns = frame->recv_ns,
		.frame = frame->frame_number,
		.interface_id = (uint8_t)frame->interface_id,
	};
	struct vega_match_hit hit;
	struct vega_net net;

	vega_net_parse(frame->linktype, frame->data, frame->captured_bytes, &net);
	hit = vega_match_find(match, &net, port_idx);
	if (hit.feed_idx == VEGA_MATCH_NONE) {
		d->sum->unclaimed++;
		return;
	}
	packet.channel_idx = hit.channel_idx;
	packet.line = hit.line;
	if (net.udp_port != VEGA_NET_NO_PORT) {
		packet.payload = frame->data + net.payload_off;
		packet.bytes = net.payload_bytes;
	}
	vega_feed_packet(d->feed, &packet);
}

static void
let_drain(struct derive *d)
{
	while (vega_feed_position(d->feed) - d->own.drain.records_drained > LAG_MAX)
		(void)vega_drain_poll(d->drain, vega_monotonic_ns());
}

static void
tell_progress(struct derive *d, uint64_t recv_ns)
{
	const uint64_t now_ns = vega_monotonic_ns();
	char text[40];

	if (!vega_progress_wanted() || now_ns - d->told_ns < PROGRESS_NS)
		return;
	d->told_ns = now_ns;
	vega_progress("derive: %s: %" PRIu64 " frames, at %s", d->feed_conf->name, d->sum->frames,
		vega_text_time(text, recv_ns));
}

static int
derive_frames(struct derive *d, struct vega_cursor *cursor)
{
	struct vega_frame frame;
	int rc;

	while ((rc = vega_cursor_next(cursor, &frame)) == 1) {
		const struct vega_journal_file *file = vega_cursor_file(cursor);

		if (*d->o->stop != 0)
			return VEGA_ERR(-EINTR, "need to reach the end, found a signal");
		if (d->feed == NULL || file->generation != d->generation)
			rc = begin_generation(d, file->generation, frame.frame_number);
		if (rc < 0)
			return rc;
		decode_frame(d, &frame, port_of(d, vega_journal_if_name(file, frame.interface_id)));
		d->sum->frames++;
		let_drain(d);
		if (d->sum->frames % 65536 == 0)
			tell_progress(d, frame.recv_ns);
	}
	return rc < 0 ? rc : end_generation(d);
}

static void
count_hole(void *arg, const struct vega_hole *hole)
{
	struct sum *sum = arg;

	(void)hole;
	sum->holes++;
}

static int
derive_feed(struct derive *d)
{
	struct vega_cursor *cursor;
	int rc = vega_zone_new(d->feed_conf->zone, d->feed_conf->day_start_s, &d->zone);

	d->channels = calloc(d->feed_conf->channel_cnt + 1, sizeof(*d->channels));
	if (rc == 0 && d->channels == NULL)
		rc = VEGA_ERR(-ENOMEM, "need memory for the channels of the feeds, found none");
	if (rc == 0)
		rc = vega_feed_channels(d->feed_conf, d->channels, &d->price_scale);
	if (rc == 0)
		rc = make_match(d->feed_conf, false, &d->by_port);
	if (rc == 0)
		rc = make_match(d->feed_conf, true, &d->any_port);
	if (rc == 0)
		rc = vega_cursor_open(
			d->journal, d->feed_idx, 0, UINT64_MAX, count_hole, d->sum, &cursor);
	if (rc == 0) {
		rc = derive_frames(d, cursor);
		if (rc != 0)
			(void)end_generation(d);
		vega_cursor_close(cursor);
	}
	free(d->channels);
	free(d->by_port);
	free(d->any_port);
	vega_zone_delete(d->zone);
	return rc != 0 ? VEGA_ERR_ADD(rc, "feed %s", d->feed_conf->name) : 0;
}

/* ---- the verb ------------------------------------------------------------------------------------------------- */

static bool
is_wanted(const struct verb_options *o, const char *name)
{
	for (uint32_t i = 0; i < o->feed_cnt; i++)
		if (strcmp(o->feeds[i], name) == 0)
			return true;
	return o->feed_cnt == 0;
}

static int
derive_all(const struct verb_options *o, struct vega_journal *journal, const struct vega_conf *conf,
	struct sum *sum, uint32_t *ret_feed_cnt)
{
	int rc = 0;

	*ret_feed_cnt = 0;
	for (uint32_t i = 0; i < vega_journal_feed_cnt(journal) && rc == 0; i++)
		for (uint32_t k = 0; k < conf->feed_cnt && rc == 0; k++) {
			static struct derive d;
			const char *name = conf->feeds[k].name;

			if (strcmp(name, vega_journal_feed(journal, i)) != 0 ||
				!is_wanted(o, name) || conf->feeds[k].record_lane_bytes == 0)
				continue;
			d = (struct derive){.o = o,
				.journal = journal,
				.conf = conf,
				.feed_conf = &conf->feeds[k],
				.feed_idx = i,
				.told_ns = vega_monotonic_ns(),
				.sum = sum};
			rc = derive_feed(&d);
			++*ret_feed_cnt;
		}
	if (rc == 0 && *ret_feed_cnt == 0)
		rc = VEGA_ERR_EX(-ENOENT, EX_NOINPUT,
			"need a feed that the journal and %s both have, with records, found none; "
			"see `vega-journal info %s`",
			o->config, o->path);
	return rc;
}

static int
print_sum(const struct verb_options *o, const struct sum *sum, uint32_t feed_cnt)
{
	if (o->json)
		return vega_cli_json(json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}", "output",
			vega_json_text(o->out_path), "feeds", (json_int_t)feed_cnt, "frames",
			(json_int_t)sum->frames, "frames_unclaimed", (json_int_t)sum->unclaimed,
			"records", (json_int_t)sum->records, "damaged_extents",
			(json_int_t)sum->holes));
	(void)printf("%s: %" PRIu64 " records of %" PRIu64 " frames, %u feed%s", o->out_path,
		sum->records, sum->frames, feed_cnt, feed_cnt == 1 ? "" : "s");
	if (sum->unclaimed != 0)
		(void)printf(", %" PRIu64 " frames that no channel claims", sum->unclaimed);
	if (sum->holes != 0)
		(void)printf(", %" PRIu64 " damaged extents left out", sum->holes);
	(void)printf("\n");
	return 0;
}

int
verb_derive(const struct verb_options *o)
{
	struct vega_journal *journal;
	struct vega_conf *conf;
	struct sum sum = {0};
	uint32_t feed_cnt;
	int rc;

	if (o->config == NULL || o->out_path == NULL)
		return VEGA_ERR(-EINVAL,
			"need --config FILE, which says what the channels hold, and -o DIR for the "
			"records, "
			"found no %s",
			o->config == NULL ? "--config" : "-o");
	rc = vega_conf_load(o->config, &conf);
	if (rc != 0)
		return rc;
	rc = vega_journal_open(o->path, &journal);
	if (rc == 0) {
		rc = derive_all(o, journal, conf, &sum, &feed_cnt);
		vega_progress_done();
		if (rc == 0)
			rc = print_sum(o, &sum, feed_cnt);
		vega_journal_close(journal);
	}
	vega_conf_delete(conf);
	return rc;
}
