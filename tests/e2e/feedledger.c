/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests: a capture's packets through a feed of one format, as a capture would send them, and what the feed says of sequences:
 *
 *	packet NUMBER STREAM LINE ACTION SEQ MESSAGES
 *	gap NUMBER STREAM STATE LINE FIRST COUNT
 *	segment NUMBER STREAM WHAT SEQ
 *	cells STREAM WIRE NAME=VALUE ...		at the end
 *
 * Numbers count the packets of the file from 1. Claims are GROUP:PORT=STREAM:LINE; what nobody claims is left out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/feed/feed.h"
#include "capture/feed/net.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"

#define LANE_BYTES (2u << 20)
#define CLAIM_MAX  32u
#define CELLS_CNT  64u

struct claim {
	char to[32];
	uint8_t line;
};

static struct run {
	struct claim claims[CLAIM_MAX];
	struct vega_feed_channel channels[CLAIM_MAX];
	uint32_t claim_cnt;
	struct vega_channel_cells cells[CELLS_CNT];
	struct vega_record_lane *lane;
	struct vega_feed *feed;
	uint64_t capacity;
	uint64_t read;
} run;

static int
take_claim(const struct vega_format *format, const char *text)
{
	struct claim *claim = &run.claims[run.claim_cnt];
	struct vega_feed_channel *channel = &run.channels[run.claim_cnt];
	char line;

	if (run.claim_cnt == CLAIM_MAX ||
		sscanf(text, "%31[^=]=%u:%c", claim->to, &channel->stream, &line) != 3)
		return VEGA_ERR(-EINVAL, "need GROUP:PORT=STREAM:LINE, found %s", text);
	claim->line = (uint8_t)line;
	channel->format = format;
	run.claim_cnt++;
	return 0;
}

static void
print_record(uint64_t number, const union vega_record *r)
{
	static const char *const actions[] = {"new", "duplicate", "idle", "malformed"};
	static const char *const states[] = {"?", "open", "filled", "recovered", "lost"};
	static const char *const segments[] = {"?", "start", "session", "restart", "end"};

	switch (vega_record_kind(r)) {
	case VEGA_PACKET:
		(void)printf("packet %" PRIu64 " %u %c %s %" PRId64 " %u\n", number,
			r->packet.channel, r->packet.line, actions[vega_record_action(r)],
			(int64_t)r->packet.seq, r->packet.message_cnt);
		break;
	case VEGA_GAP:
		(void)printf("gap %" PRIu64 " %u %s %c %" PRIu64 " %" PRIu64 "\n", number,
			r->gap.channel, states[r->gap.state & 7], (char)(r->gap.state >> 8),
			r->gap.first, r->gap.cnt);
		break;
	case VEGA_SEGMENT:
		(void)printf("segment %" PRIu64 " %u %s %" PRIu64 "\n", number, r->segment.channel,
			segments[r->segment.what & 7], r->segment.seq);
		break;
	default:
		break;
	}
}

static void
feed_packet(uint64_t number, uint32_t idx, const struct vega_pcapfile_packet *p,
	const struct vega_net *net)
{
	const union vega_record *records = (const void *)(run.lane + 1);

	vega_feed_packet(run.feed, &(const struct vega_feed_packet){
					   .payload = p->data + net->payload_off,
					   .bytes = net->payload_bytes,
					   .channel_idx = idx,
					   .recv_ns = p->recv_ns,
					   .frame = number,
					   .line = run.claims[idx].line,
				   });
	for (; run.read < vega_feed_position(run.feed); run.read++)
		print_record(number, &records[run.read % run.capacity]);
}

static int
feed_file(struct vega_pcapfile *file)
{
	struct vega_pcapfile_packet p;
	struct vega_net net;
	int rc;

	while ((rc = vega_pcapfile_next(file, &p)) > 0) {
		const uint8_t *ip = (const uint8_t *)net.dst;
		char to[32];

		vega_net_parse(vega_pcapfile_linktype(file), p.data, p.captured_bytes, &net);
		if (net.udp_port == VEGA_NET_NO_PORT)
			continue;
		(void)snprintf(
			to, sizeof(to), "%u.%u.%u.%u:%u", ip[0], ip[1], ip[2], ip[3], net.udp_port);
		for (uint32_t i = 0; i < run.claim_cnt; i++)
			if (strcmp(run.claims[i].to, to) == 0)
				feed_packet(vega_pcapfile_packet_cnt(file), i, &p, &net);
	}
	return rc;
}

static void
print_cells(const struct vega_channel_cells *c)
{
#define PRINT_CELL(name, doc) (void)printf(" " #name "=%" PRIu64, c->name);
	(void)printf("cells %u %u", c->stream, c->wire);
	VEGA_CHANNEL_COUNTERS(PRINT_CELL)
	(void)printf("\n");
#undef PRINT_CELL
}

static int
make_feed(uint64_t hold_ns, struct vega_zone *zone)
{
	const struct vega_feed_conf conf = {
		.lane_bytes = LANE_BYTES,
		.lane = run.lane = aligned_alloc(4096, LANE_BYTES),
		.zone = zone,
		.hold_ns = hold_ns,
		.channel_cnt = run.claim_cnt,
		.channels = run.channels,
		.cells = run.cells,
		.cells_cnt = CELLS_CNT,
	};

	run.feed = aligned_alloc(64, vega_align_up(vega_feed_bytes(&conf), 64));
	if (run.lane == NULL || run.feed == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a feed, found none");
	memset(run.lane, 0, LANE_BYTES);
	vega_ring_new(run.lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	run.capacity = run.lane->capacity;
	vega_feed_new(run.feed, &conf);
	return 0;
}

static int
feed_all(const char *path, uint64_t hold_ns)
{
	struct vega_pcapfile *file;
	struct vega_zone *zone;
	int rc = vega_zone_new("UTC", 0, &zone);

	if (rc != 0)
		return rc;
	rc = make_feed(hold_ns, zone);
	if (rc == 0)
		rc = vega_pcapfile_open(path, &file);
	if (rc != 0)
		return rc;
	rc = feed_file(file);
	vega_pcapfile_close(file);
	for (uint32_t i = 0; i < CELLS_CNT; i++)
		if (run.cells[i].in_use)
			print_cells(&run.cells[i]);
	vega_zone_delete(zone);
	free(run.feed);
	free(run.lane);
	return rc;
}

int
main(int argc, char **argv)
{
	const struct vega_format *format = argc >= 5 ? vega_format_find(argv[1]) : NULL;
	int rc = 0;

	if (format == NULL) {
		(void)fprintf(stderr, "Usage: %s FORMAT FILE HOLD_NS CLAIM...\n", argv[0]);
		return EX_USAGE;
	}
	for (int i = 4; i < argc && rc == 0; i++)
		rc = take_claim(format, argv[i]);
	if (rc == 0)
		rc = feed_all(argv[2], strtoull(argv[3], NULL, 10));
	return vega_err_exit("feedledger", rc);
}
