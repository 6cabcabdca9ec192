/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From datagram to published records, one core, everything in memory: of any wire format that has records.
 *
 *	bench_decode FORMAT CAPTURE [SECONDS]
 *
 * Two ways, pass by pass in turn, each pass over all datagrams of the capture:
 *	decode	the format's spans and records, published datagram by datagram
 *	feed	the whole way of a packet: PACKET record, sequence, arbitration, counters, records; a new feed for each pass
 * Counts are of one pass. The best pass is the figure, the mean tells how quiet the machine was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/feed/feed.h"
#include "capture/feed/net.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "tests/bench/rig.h"

#define LANE_BYTES  (2u << 20)
#define LINE_BYTES  64u
#define CELLS_CNT   64u
#define ZONE        "Asia/Kolkata"
#define DEFAULT_SEC 3u

struct datagram {
	size_t at; /* in bytes */
	uint64_t recv_ns;
	uint32_t bytes;
};

struct load {
	struct datagram *datagrams;
	uint8_t *bytes;
	size_t datagram_cnt;
	size_t used;
	size_t room;
	/* Of all messages as they are walked: decompressed, where they were compressed. */
	uint64_t walked_bytes;
};

struct bench {
	const struct vega_format *format;
	struct load load;
	struct vega_record_lane *lane;
	struct vega_zone *zone;
	void *state;
	void *feed; /* memory of one */
	uint64_t until_ns;
};

/* What a pass gives, and how long passes took. */
struct figure {
	uint64_t messages;
	uint64_t records;
	uint64_t best_ns;
	uint64_t sum_ns;
	uint64_t passes;
};

/* ---- the datagrams -------------------------------------------------------------------------------------------- */

static uint64_t
walked_bytes(const struct vega_format *format, const uint8_t *payload, uint32_t bytes)
{
	struct vega_message m;
	struct vega_walk walk;
	uint64_t sum = 0;

	if (format->open(&walk, payload, bytes) != 0)
		return 0;
	while (format->next(&walk, &m) == 1)
		sum += m.bytes;
	return sum;
}

/* Room for one more datagram, however long. */
static int
grow(struct load *load)
{
	const size_t room = 2 * load->room + (1u << 20);

	if (load->room - load->used < 65536 + LINE_BYTES) {
		load->bytes = realloc(load->bytes, room);
		load->room = room;
	}
	if ((load->datagram_cnt & (load->datagram_cnt - 1)) == 0)
		load->datagrams = realloc(
			load->datagrams, 2 * (load->datagram_cnt + 1) * sizeof(*load->datagrams));
	return load->bytes == NULL || load->datagrams == NULL
		       ? VEGA_ERR(-ENOMEM, "need memory for the capture, found none")
		       : 0;
}

static int
add(struct load *load, const struct vega_format *format, const uint8_t *payload, uint32_t bytes,
	uint64_t recv_ns)
{
	int rc = grow(load);

	if (rc != 0)
		return rc;
	memcpy(load->bytes + load->used, payload, bytes);
	load->datagrams[load->datagram_cnt++] = (struct datagram){load->used, recv_ns, bytes};
	load->used += vega_align_up(bytes, LINE_BYTES);
	load->walked_bytes += walked_bytes(format, payload, bytes);
	return 0;
}

/* All UDP payloads that are of the format. */
static int
load_capture(struct load *load, const struct vega_format *format, const char *path)
{
	struct vega_pcapfile_packet packet;
	struct vega_pcapfile *file;
	struct vega_walk walk;
	struct vega_net net;
	int rc = vega_pcapfile_open(path, &file);

	if (rc != 0)
		return rc;
	while (rc == 0 && vega_pcapfile_next(file, &packet) == 1) {
		vega_net_parse(
			vega_pcapfile_linktype(file), packet.data, packet.captured_bytes, &net);
		if (net.udp_port != VEGA_NET_NO_PORT &&
			format->open(&walk, packet.data + net.payload_off, net.payload_bytes) == 0)
			rc = add(load, format, packet.data + net.payload_off, net.payload_bytes,
				packet.recv_ns);
	}
	vega_pcapfile_close(file);
	if (rc == 0 && load->datagram_cnt == 0)
		rc = VEGA_ERR(-EBADMSG, "%s: need datagrams of %s, found none", path, format->name);
	return rc;
}

/* ---- the passes ----------------------------------------------------------------------------------------------- */

static void
note(struct figure *figure, uint64_t start_ns, uint64_t messages, uint64_t records)
{
	const uint64_t ns = vega_monotonic_ns() - start_ns;

	figure->messages = messages;
	figure->records = records;
	figure->best_ns = figure->passes == 0 || ns < figure->best_ns ? ns : figure->best_ns;
	figure->sum_ns += ns;
	figure->passes++;
}

static void
pass_decode(struct bench *bench, struct figure *figure)
{
	const struct vega_format *format = bench->format;
	const struct load *load = &bench->load;
	const uint64_t start_ns = vega_monotonic_ns();
	struct vega_ring_writer ring;
	struct vega_emit emit = {
		.ring = &ring,
		.epoch_ns = vega_zone_day(bench->zone, load->datagrams[0].recv_ns).midnight_ns -
			    86400u * UINT64_C(1000000000),
	};
	uint64_t messages = 0;

	vega_ring_writer_init(&ring, bench->lane, LANE_BYTES);
	for (size_t i = 0; i < load->datagram_cnt; i++) {
		struct vega_span span;
		struct vega_decode d = {
			.payload = load->bytes + load->datagrams[i].at,
			.bytes = load->datagrams[i].bytes,
			.state = bench->state,
			.emit = &emit,
		};

		while (format->span(&d, &span))
			messages += format->records(&d, &span, 0, UINT64_MAX);
		vega_ring_publish(&ring);
	}
	note(figure, start_ns, messages, ring.next);
}

static void
pass_feed(struct bench *bench, const struct vega_feed_conf *conf, struct figure *figure)
{
	const struct load *load = &bench->load;
	struct vega_feed *feed = bench->feed;
	uint64_t start_ns;
	uint64_t messages = 0;

	vega_feed_new(feed, conf);
	memset(conf->cells, 0, CELLS_CNT * sizeof(*conf->cells));
	start_ns = vega_monotonic_ns();
	for (size_t i = 0; i < load->datagram_cnt; i++)
		vega_feed_packet(feed, &(const struct vega_feed_packet){
					       .payload = load->bytes + load->datagrams[i].at,
					       .bytes = load->datagrams[i].bytes,
					       .recv_ns = load->datagrams[i].recv_ns,
					       .frame = i,
					       .line = 'A',
				       });
	for (uint32_t i = 0; i < CELLS_CNT; i++)
		messages += conf->cells[i].messages;
	note(figure, start_ns, messages, vega_feed_position(feed));
}

/* ---- ---------------------------------------------------------------------------------------------------------- */

static double
per_s(uint64_t cnt, uint64_t ns)
{
	return (double)cnt * 1e9 / (double)ns;
}

static json_t *
figure_json(const struct bench *bench, const struct figure *figure)
{
	const double messages = (double)(figure->messages != 0 ? figure->messages : 1);

	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:I}", "messages_per_s",
		per_s(figure->messages, figure->best_ns), "messages_per_s_mean",
		per_s(figure->messages * figure->passes, figure->sum_ns), "message_ns",
		(double)figure->best_ns / messages, "packets_per_s",
		per_s(bench->load.datagram_cnt, figure->best_ns), "records_per_s",
		per_s(figure->records, figure->best_ns), "walked_bytes_per_s",
		per_s(bench->load.walked_bytes, figure->best_ns), "messages",
		(json_int_t)figure->messages, "records", (json_int_t)figure->records, "passes",
		(json_int_t)figure->passes);
}

static int
run(struct bench *bench)
{
	static struct vega_channel_cells cells[CELLS_CNT];
	const struct vega_feed_channel channel = {.format = bench->format, .stream = 1};
	const struct vega_feed_conf conf = {
		.lane = bench->lane,
		.lane_bytes = LANE_BYTES,
		.zone = bench->zone,
		.hold_ns = 1000000,
		.channel_cnt = 1,
		.channels = &channel,
		.cells = cells,
		.cells_cnt = CELLS_CNT,
	};
	struct figure decode = {0};
	struct figure feed = {0};

	bench->feed = aligned_alloc(
		VEGA_LINE_BYTES, vega_align_up(vega_feed_bytes(&conf), VEGA_LINE_BYTES));
	if (bench->feed == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a feed, found none");
	while (feed.passes == 0 || vega_monotonic_ns() < bench->until_ns) {
		pass_decode(bench, &decode);
		pass_feed(bench, &conf, &feed);
	}
	return vega_cli_json(json_pack("{s:o, s:o, s:I, s:I}", "decode",
		figure_json(bench, &decode), "feed", figure_json(bench, &feed), "datagrams",
		(json_int_t)bench->load.datagram_cnt, "payload_bytes",
		(json_int_t)bench->load.used));
}

static int
open_bench(struct bench *bench, const char *format, const char *path)
{
	int rc = vega_zone_new(ZONE, 0, &bench->zone);

	bench->format = vega_format_find(format);
	if (bench->format == NULL || bench->format->records == NULL)
		return VEGA_ERR(-EINVAL, "need a wire format with records, found '%s'", format);
	if (rc == 0)
		rc = load_capture(&bench->load, bench->format, path);
	bench->lane = aligned_alloc(4096, LANE_BYTES);
	bench->state = calloc(1, bench->format->state_bytes + 1);
	if (rc == 0 && (bench->lane == NULL || bench->state == NULL))
		rc = VEGA_ERR(-ENOMEM, "need memory for a lane, found none");
	if (rc != 0)
		return rc;
	memset(bench->lane, 0, LANE_BYTES);
	vega_ring_new(bench->lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	return 0;
}

int
main(int argc, char **argv)
{
	const uint64_t seconds = argc > 3 ? strtoull(argv[3], NULL, 10) : DEFAULT_SEC;
	static struct bench bench;
	int rc;

	if (argc < 3)
		return vega_err_exit(
			"bench_decode", VEGA_ERR(-EINVAL, "need FORMAT CAPTURE [SECONDS]"));
	rc = open_bench(&bench, argv[1], argv[2]);
	if (rc == 0) {
		rig_pin(-1);
		bench.until_ns = vega_monotonic_ns() + seconds * UINT64_C(1000000000);
		rc = run(&bench);
	}
	vega_zone_delete(bench.zone);
	free(bench.lane);
	free(bench.state);
	free(bench.feed);
	free(bench.load.bytes);
	free(bench.load.datagrams);
	return vega_err_exit("bench_decode", rc);
}
