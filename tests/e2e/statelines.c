/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests: a capture through a feed into its state table, read as any client reads it.
 *
 *	statelines FORMAT CAPTURE [EVERY [B [INSTRUMENTS [ORDERS]]]]
 *
 * Prints each message as "L port sequence stream line", as it lies in the capture. Behind each packet that brings the messages up to
 * a multiple of EVERY, and at the end, "S token symbol flags last qty volume average|price qty orders ...|price qty orders ..." for every
 * instrument that changed since, and ".". At the end "T" with the table's counters. Datagrams to a port whose digits begin with B
 * are line B's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/feed/feed.h"
#include "capture/feed/net.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "hugepages/state.h"
#include "tests/lib/walk.h"
#include "tests/lib/zeroed.h"

#define LANE_BYTES (8u << 20)
#define CELLS_CNT  64u

struct run {
	const struct vega_format *format;
	struct vega_feed *feed;
	struct vega_zone *zone;
	struct vega_record_lane *lane;
	struct vega_record_lane *book_lane;
	struct vega_state_table *table;
	struct vega_state_feed *state;
	struct vega_state_view view;
	uint64_t *seen; /* position of each instrument when it was printed */
	uint64_t every;
	const char *ports_b;
	uint64_t messages;
	uint64_t told;
};

static struct vega_record_lane *
new_lane(void)
{
	struct vega_record_lane *lane = zeroed(LANE_BYTES);

	vega_ring_new(lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	return lane;
}

static int
start(struct run *r, uint64_t instrument_cnt, uint64_t order_cnt)
{
	static struct vega_channel_cells cells[CELLS_CNT];
	const struct vega_feed_channel channel = {.format = r->format};
	const char *zone =
		strcmp(r->format->name, "itch") == 0 ? "America/New_York" : "Asia/Kolkata";
	struct vega_feed_conf conf = {.lane_bytes = LANE_BYTES,
		.hold_ns = 1000000000u,
		.channel_cnt = 1,
		.channels = &channel,
		.cells = cells,
		.cells_cnt = CELLS_CNT};
	struct vega_state_conf state = {.lane_bytes = LANE_BYTES,
		.book_lane_bytes = LANE_BYTES,
		.order_cnt = order_cnt,
		.modify_adds = r->format->modify_adds};
	int rc = vega_zone_new(zone, 0, &r->zone);

	if (rc != 0)
		return rc;
	r->lane = new_lane();
	r->book_lane = r->format->has_orders ? new_lane() : NULL;
	r->table = zeroed(vega_state_table_bytes(instrument_cnt));
	vega_state_table_new(r->table, instrument_cnt, 0, 1);
	r->seen = zeroed(instrument_cnt * sizeof(*r->seen));
	conf.lane = r->lane;
	conf.zone = r->zone;
	r->feed = zeroed(vega_feed_bytes(&conf));
	vega_feed_new(r->feed, &conf);
	state.lane = r->lane;
	state.book_lane = r->book_lane;
	state.table = r->table;
	rc = vega_state_feed_new(&state, &r->state);
	return rc != 0 ? rc
		       : vega_state_open(
				 r->table, vega_state_table_bytes(instrument_cnt), &r->view);
}

static void
finish(struct run *r)
{
	vega_state_feed_delete(r->state);
	vega_zone_delete(r->zone);
	free(r->feed);
	free(r->lane);
	free(r->book_lane);
	free(r->table);
	free(r->seen);
}

static void
print_side(const struct vega_state_level *levels, const uint32_t *orders, uint32_t cnt)
{
	(void)printf("|");
	for (uint32_t i = 0; i < cnt; i++)
		(void)printf("%s%" PRId64 " %" PRIu64 " %u", i == 0 ? "" : " ", levels[i].price,
			levels[i].qty, orders[i]);
}

static void
print_state(struct run *r)
{
	struct vega_state_entry e;

	for (uint64_t i = 0; vega_state_at(&r->view, i, &e) == 0; i++) {
		if (r->seen[i] == e.position + 1)
			continue;
		r->seen[i] = e.position + 1;
		(void)printf("S %u %.32s %u %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRId64, e.token,
			e.symbol[0] != '\0' ? e.symbol : "-", e.flags, e.last_price, e.last_qty,
			e.volume, e.average_price);
		print_side(e.bids, e.bid_orders, e.bid_cnt);
		print_side(e.asks, e.ask_orders, e.ask_cnt);
		(void)printf("\n");
	}
	(void)printf(".\n");
}

struct place {
	struct run *run;
	uint32_t port;
};

static void
print_message(void *arg, const struct vega_message *message, const struct vega_text *line)
{
	const struct place *place = arg;

	(void)printf("L %u %" PRId64 " %u %s\n", place->port, (int64_t)message->seq,
		message->stream, line->buf);
	place->run->messages++;
}

static void
take(struct run *r, const uint8_t *payload, uint32_t bytes, uint64_t recv_ns, uint32_t port)
{
	char digits[12];
	const size_t len = strlen(r->ports_b);
	struct vega_feed_packet packet = {
		.payload = payload, .bytes = bytes, .recv_ns = recv_ns, .line = 'A'};

	(void)snprintf(digits, sizeof(digits), "%u", port);
	if (len != 0 && strncmp(digits, r->ports_b, len) == 0)
		packet.line = 'B';

	vega_feed_packet(r->feed, &packet);
	while (vega_state_poll(r->state) != 0)
		;
	if (r->messages / r->every != r->told)
		print_state(r);
	r->told = r->messages / r->every;
}

static int
run(struct run *r, const char *path)
{
	struct vega_pcapfile_packet p;
	struct vega_pcapfile *file;
	struct walked walked;
	struct place place = {.run = r};
	int rc = vega_pcapfile_open(path, &file);

	if (rc != 0)
		return rc;
	while ((rc = vega_pcapfile_next(file, &p)) == 1) {
		struct vega_net net;

		vega_net_parse(vega_pcapfile_linktype(file), p.data, p.captured_bytes, &net);
		if (net.udp_port == VEGA_NET_NO_PORT)
			continue;
		place.port = net.udp_port;
		(void)walk_all(r->format, p.data + net.payload_off, net.payload_bytes,
			print_message, &place, &walked);
		take(r, p.data + net.payload_off, net.payload_bytes, p.recv_ns, place.port);
	}
	vega_pcapfile_close(file);
	return rc < 0 ? rc : 0;
}

int
main(int argc, char **argv)
{
	struct run r = {.format = argc > 1 ? vega_format_find(argv[1]) : NULL};
	const uint64_t every = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000;
	const uint64_t instruments = argc > 5 ? strtoull(argv[5], NULL, 10) : 10000;
	const uint64_t orders = argc > 6 ? strtoull(argv[6], NULL, 10) : 1000000;
	int rc;

	if (r.format == NULL || argc < 3 || every == 0)
		return vega_err_exit("statelines", VEGA_ERR(-EINVAL, "need FORMAT CAPTURE"));
	r.every = every;
	r.ports_b = argc > 4 ? argv[4] : "";
	rc = start(&r, instruments, orders);
	if (rc == 0)
		rc = run(&r, argv[2]);
	if (rc == 0) {
		print_state(&r);
		(void)printf("T %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
			     " %" PRIu64 "\n",
			r.table->instrument_cnt, r.table->refused_cnt, r.table->order_refused_cnt,
			r.table->lapped_cnt, r.table->ignored_cnt, r.table->order_cnt);
	}
	finish(&r);
	return vega_err_exit("statelines", rc);
}
