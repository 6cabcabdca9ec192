/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rx poll with frame lane and records together, real IEX traffic, the drain discarding: ns a packet.
 *
 *	bench_rx_records CAPTURE [SECONDS [LANE_MIB]]
 *
 * The capture's IEX packets go round and round; each round goes on where the sequence of the one before ended, so every packet is
 * new. They lie close to each other, each beginning a line: what is measured is what VEGA adds to a port.
 *
 * packet_ns_floor is what the machine takes for the same bytes without VEGA's work: frames copied, a symbol and a record a message.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/feed/bytes.h"
#include "capture/feed/net.h"
#include "capture/feed/symbols8.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "hugepages/base/zone.h"
#include "tests/bench/rig.h"

enum {
	FRAME_CNT_MAX = 1 << 16,
	FRAME_BYTES_MAX = 2048,
	BURST_CNT = 32,
	OFF_OFFSET = 16, /* of the IEX-TP header */
	OFF_SEQ = 24,
	OFF_PAYLOAD_BYTES = 12,
	OFF_COUNT = 14,
	IEX_HEADER_BYTES = 40,
	WARM_UP_POLLS = 200000,
	CHUNK_POLLS = 1000
};

struct frame {
	size_t at; /* in memory */
	uint32_t bytes;
	uint32_t payload_off;
};

struct traffic {
	struct vega_source source; /* first: what rx sees */
	uint8_t *memory;
	size_t used;
	struct frame *frames;
	uint32_t cnt;
	uint32_t next;
	uint64_t recv_ns;
	uint64_t seqs;         /* of a round */
	uint64_t offset_bytes; /* of a round */
};

static struct traffic traffic;

static uint8_t *
frame_at(uint32_t idx)
{
	return traffic.memory + traffic.frames[idx].at;
}

static void
add_u64(uint8_t *at, uint64_t more)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	value += more;
	memcpy(at, &value, sizeof(value));
}

/* The packet of the next round, as the exchange would have numbered it. */
static void
renumber(uint32_t idx)
{
	uint8_t *payload = frame_at(idx) + traffic.frames[idx].payload_off;

	add_u64(payload + OFF_SEQ, traffic.seqs);
	add_u64(payload + OFF_OFFSET, traffic.offset_bytes);
}

static int
burst(struct vega_source *source, struct vega_packet *packets, uint32_t max)
{
	const uint32_t cnt = max < BURST_CNT ? max : BURST_CNT;

	(void)source;
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t idx = traffic.next;

		packets[i] = (struct vega_packet){.data = frame_at(idx),
			.recv_ns = traffic.recv_ns += 40,
			.captured_bytes = traffic.frames[idx].bytes,
			.wire_bytes = traffic.frames[idx].bytes};
		traffic.next = idx + 1 == traffic.cnt ? 0 : idx + 1;
	}
	return (int)cnt;
}

/* The packets of the burst are laid: now they may become those of the next round. */
static void
release(struct vega_source *source)
{
	(void)source;
	for (uint32_t i = 0; i < BURST_CNT; i++)
		renumber((traffic.next + traffic.cnt - BURST_CNT + i) % traffic.cnt);
}

static const struct vega_source_ops ops = {.name = "iex", .burst = burst, .release = release};

static int
load(const char *path)
{
	struct vega_pcapfile_packet packet;
	struct vega_pcapfile *file;
	struct vega_net net;
	int rc = vega_pcapfile_open(path, &file);

	if (rc != 0)
		return rc;
	traffic.memory = aligned_alloc(VEGA_LINE_BYTES, (size_t)FRAME_CNT_MAX * FRAME_BYTES_MAX);
	traffic.frames = calloc(FRAME_CNT_MAX, sizeof(*traffic.frames));
	while (traffic.cnt < FRAME_CNT_MAX && vega_pcapfile_next(file, &packet) == 1) {
		uint16_t payload_bytes, count;

		vega_net_parse(
			vega_pcapfile_linktype(file), packet.data, packet.captured_bytes, &net);
		if (net.udp_port == VEGA_NET_NO_PORT || net.payload_bytes < IEX_HEADER_BYTES ||
			packet.captured_bytes > FRAME_BYTES_MAX)
			continue;
		traffic.recv_ns = traffic.cnt == 0 ? packet.recv_ns : traffic.recv_ns;
		traffic.frames[traffic.cnt] =
			(struct frame){traffic.used, packet.captured_bytes, net.payload_off};
		traffic.used += vega_align_up(packet.captured_bytes, VEGA_LINE_BYTES);
		memcpy(frame_at(traffic.cnt++), packet.data, packet.captured_bytes);
		memcpy(&payload_bytes, packet.data + net.payload_off + OFF_PAYLOAD_BYTES, 2);
		memcpy(&count, packet.data + net.payload_off + OFF_COUNT, 2);
		traffic.seqs += count;
		traffic.offset_bytes += payload_bytes;
	}
	vega_pcapfile_close(file);
	if (traffic.cnt < 2 * BURST_CNT)
		return VEGA_ERR(-EBADMSG, "%s: need packets of IEX, found %u", path, traffic.cnt);
	traffic.source = (struct vega_source){.ops = &ops, .linktype = 1};
	return 0;
}

struct bench {
	char name[32];
	struct vega_region *region;
	struct vega_zone *zone;
	struct vega_match *match;
	struct vega_rx_feed feed;
	struct vega_rx_feed *feed_of[1];
	struct vega_source *sources[1];
	uint8_t ended[1];
	struct vega_rx rx;
};

static int
open_feed(struct bench *b)
{
	static const struct vega_conf_channel channel = {.vlan = VEGA_CONF_ANY,
		.udp_port = VEGA_CONF_ANY,
		.line = 'A',
		.port_idx = VEGA_CONF_ANY};
	const struct vega_feed_channel decoded = {.format = &vega_format_iex};
	struct vega_feed_conf conf = {.zone = b->zone,
		.hold_ns = 1000000000,
		.channel_cnt = 1,
		.channels = &decoded,
		.cells = b->region->channels,
		.cells_cnt = 1};

	conf.lane = vega_region_record_lane(b->region, 0, &conf.lane_bytes);
	b->match = aligned_alloc(64, vega_align_up(vega_match_bytes(1), 64));
	b->feed.decoder = aligned_alloc(64, vega_align_up(vega_feed_bytes(&conf), 64));
	if (b->match == NULL || b->feed.decoder == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a feed, found none");
	vega_feed_new(b->feed.decoder, &conf);
	vega_frame_writer_init(&b->feed.writer, vega_region_frame_lane(b->region, 0), b->zone);
	b->feed.cells = &b->region->rx[0];
	b->feed_of[0] = &b->feed;
	vega_match_begin(b->match, 1);
	if (vega_match_add(b->match, &channel, 0, 0).feed_idx != VEGA_MATCH_NONE)
		return VEGA_ERR(-EINVAL, "need an empty table, found a claim in it");
	vega_match_end(b->match);
	return 0;
}

static int
open_bench(struct bench *b, uint64_t lane_bytes)
{
	const struct vega_layout_feed feed = {.name = "IEX",
		.zone = "America/New_York",
		.numa = UINT32_MAX,
		.record_lane_bytes = 2u << 20,
		.frame_lane_bytes = lane_bytes,
		.if_cnt = 1,
		.if_name = {"memory"}};
	const struct vega_region_conf conf = {
		.name = b->name, .feeds = &feed, .feed_cnt = 1, .lcore_cnt = 1, .port_cnt = 1};
	int rc;

	(void)snprintf(b->name, sizeof(b->name), "bench-%d", (int)getpid());
	if ((rc = vega_zone_new(feed.zone, 0, &b->zone)) < 0 ||
		(rc = vega_region_create(&conf, &b->region)) < 0 || (rc = open_feed(b)) < 0)
		return rc;
	b->sources[0] = &traffic.source;
	b->rx = (struct vega_rx){.sources = b->sources,
		.source_cnt = 1,
		.feed_cnt = 1,
		.feeds = &b->feed,
		.default_feed = &b->feed,
		.match = b->match,
		.feed_of = b->feed_of,
		.cells = &b->region->lcores[0],
		.packets_left = UINT64_MAX,
		.ended = b->ended};
	return 0;
}

/* Chunk by chunk: the best one tells what the code takes where nothing else runs. */
static uint64_t
poll_for(struct bench *b, uint64_t duration_ns, uint64_t *ret_best_ns)
{
	const uint64_t start_ns = vega_monotonic_ns();
	uint64_t now_ns = start_ns;

	*ret_best_ns = UINT64_MAX;
	while (now_ns - start_ns < duration_ns) {
		const uint64_t chunk_ns = now_ns;

		for (unsigned i = 0; i < CHUNK_POLLS; i++)
			(void)vega_rx_poll(&b->rx, now_ns);
		now_ns = vega_monotonic_ns();
		if (now_ns - chunk_ns < *ret_best_ns)
			*ret_best_ns = now_ns - chunk_ns;
	}
	return now_ns - start_ns;
}

/* ---- the machine's floor -------------------------------------------------------------------------------------- */

/* What cannot be left out of a packet: its bytes into the frame lane, a symbol looked up and 32 bytes laid for each message. */
static void
bare_packet(struct bench *b, struct vega_symbols8 *symbols, struct vega_ring_writer *ring)
{
	const struct frame *frame = &traffic.frames[traffic.next];
	const uint8_t *data = frame_at(traffic.next);
	const uint8_t *at = data + frame->payload_off + IEX_HEADER_BYTES;
	const uint8_t *end = data + frame->bytes;
	bool is_new;

	traffic.next = traffic.next + 1 == traffic.cnt ? 0 : traffic.next + 1;
	traffic.recv_ns += 40;
	(void)vega_frame_put(&b->feed.writer, data, frame->bytes, frame->bytes, traffic.recv_ns, 0);
	vega_ring_put(ring, traffic.recv_ns, 0, 0, 0);
	for (; end - at >= 20; at += 2 + vega_le16(at)) {
		const uint64_t name = vega_le64(at + 12);
		uint64_t token = vega_symbols8_known(symbols, name);

		if (vega_unlikely(token == 0))
			token = vega_symbols8_find(symbols, name, &is_new);
		vega_ring_put(ring, vega_le64(at + 4), token, vega_le64(at + 20), name);
	}
	vega_ring_publish(ring);
}

/* ns a packet of the best chunk: one record a message, no headers, sequences, sources, claims, checks or counters. */
static double
floor_ns(struct bench *b, uint64_t duration_ns)
{
	const uint64_t start_ns = vega_monotonic_ns();
	struct vega_symbols8 *symbols = calloc(1, sizeof(*symbols));
	struct vega_ring_writer ring;
	uint64_t now_ns = start_ns, best_ns = UINT64_MAX, lane_bytes;
	struct vega_record_lane *lane = vega_region_record_lane(b->region, 0, &lane_bytes);

	if (symbols == NULL)
		return 0;
	vega_ring_writer_init(&ring, lane, lane_bytes);
	while (now_ns - start_ns < duration_ns) {
		const uint64_t chunk_ns = now_ns;

		for (unsigned i = 0; i < CHUNK_POLLS * BURST_CNT; i++)
			bare_packet(b, symbols, &ring);
		now_ns = vega_monotonic_ns();
		best_ns = now_ns - chunk_ns < best_ns ? now_ns - chunk_ns : best_ns;
	}
	free(symbols);
	return (double)best_ns / (CHUNK_POLLS * BURST_CNT);
}

int
main(int argc, char **argv)
{
	const uint64_t seconds = argc > 2 ? strtoull(argv[2], NULL, 10) : 3;
	const uint64_t lane_mib = argc > 3 ? strtoull(argv[3], NULL, 10) : 256;
	const struct vega_channel_cells *row;
	static struct bench b;
	uint64_t packets, messages, records, ns, best_ns;
	double bare_ns;
	int rc = argc > 1 ? load(argv[1]) : VEGA_ERR(-EINVAL, "need a capture, found none");

	if (rc < 0 || (rc = open_bench(&b, lane_mib << 20)) < 0)
		return vega_err_exit("bench_rx_records", rc);
	row = b.region->channels;
	rig_discard(vega_region_frame_lane(b.region, 0));
	rig_pin(-1);
	for (unsigned i = 0; i < WARM_UP_POLLS; i++)
		(void)vega_rx_poll(&b.rx, 0);
	packets = b.rx.cells->packets_polled;
	messages = row->messages;
	records = row->records;
	ns = poll_for(&b, seconds * 1000000000u, &best_ns);
	packets = b.rx.cells->packets_polled - packets;
	messages = row->messages - messages;
	records = row->records - records;
	bare_ns = floor_ns(&b, seconds * 1000000000u / 4);
	rig_discard_end();
	rc = vega_cli_json(json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:I}",
		"packets_per_s", (double)packets * 1e9 / (double)ns, "packet_ns",
		(double)ns / (double)packets, "packet_ns_best_chunk",
		(double)best_ns / (CHUNK_POLLS * BURST_CNT), "packet_ns_floor", bare_ns,
		"messages_per_s", (double)messages * 1e9 / (double)ns, "records_per_s",
		(double)records * 1e9 / (double)ns, "frames_lost",
		(json_int_t)b.region->rx[0].lost_lane_full, "sequences_lost",
		(json_int_t)row->gap_seqs, "duplicates", (json_int_t)row->duplicates));
	vega_region_close(b.region);
	return vega_err_exit("bench_rx_records", rc);
}
