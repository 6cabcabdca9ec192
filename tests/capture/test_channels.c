/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sixteen channels over four queues of two ports, with loss: four feeds of two streams on two lines each. What was sent is the
 * truth: every packet is published, every message delivered once, every hole told, and no lane has two writers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/crew.h"
#include "capture/eal.h"
#include "capture/port.h"
#include "capture/source_port.h"
#include "hugepages/base/err.h"
#include "hugepages/ring.h"
#include "tests/lib/packet.h"
#include "tests/lib/region_name.h"
#include "tests/lib/rng.h"

enum {
	PORT_CNT = 2,
	QUEUE_CNT = 2, /* of a port: line A on the first, B on the second */
	FEED_CNT = 4,  /* two on each port */
	STREAM_CNT = 2,
	LINE_CNT = 2,
	SEQ_CNT = 20000,
	LAG = 7, /* line B is so many sequences behind */
	UDP_PORT = 17741,
	MTBT_BYTES = 38
};

struct sent {
	uint8_t copies[SEQ_CNT + 1]; /* that reached a queue */
	uint8_t delivered[SEQ_CNT + 1];
};

struct fixture {
	struct vega_conf *conf;
	struct vega_plan *plan;
	struct vega_region *region;
	struct vega_crew *crew;
	struct vega_port ports[PORT_CNT];
	struct rte_ring *wires[PORT_CNT][QUEUE_CNT];
	struct vega_ring lanes[FEED_CNT];
	uint64_t read_to[FEED_CNT];
	uint64_t released[FEED_CNT + PORT_CNT];
	uint64_t received[FEED_CNT];
	uint64_t packets[FEED_CNT]; /* PACKET records */
	uint64_t frames_lost[FEED_CNT];
	uint64_t frames_freed[FEED_CNT];
	struct sent sent[FEED_CNT][STREAM_CNT];
};

static struct fixture f;
static struct vega_stamp tsc;
static uint64_t stop;

/* ---- the market ----------------------------------------------------------------------------------------------- */

static void
lay_order(struct packet *p, uint32_t feed, uint32_t stream, uint32_t line, uint32_t seq)
{
	const uint8_t group[4] = {239, 1, (uint8_t)feed, (uint8_t)(stream * LINE_CNT + line)};
	const double order_id = seq;
	uint8_t m[MTBT_BYTES] = {MTBT_BYTES, 0, (uint8_t)stream, 0};

	memcpy(m + 4, &seq, 4);
	m[8] = 'N';
	memcpy(m + 17, &order_id, 8);
	m[29] = 'B';
	*p = (struct packet){0};
	packet_eth(p);
	packet_be16(p, 0x0800);
	packet_ipv4(p, 0, 20 + 8 + MTBT_BYTES, 0, 17, group);
	packet_udp(p, UDP_PORT, 8 + MTBT_BYTES);
	packet_bytes(p, m, MTBT_BYTES);
}

/* On the wire, unless it is lost there, or the queue is full. */
static void
send_copy(struct rng *rng, uint32_t feed, uint32_t stream, uint32_t line, uint32_t seq)
{
	const uint32_t port = feed / 2;
	struct packet p;
	struct rte_mbuf *m;
	void *data;

	if (seq == 0 || seq > SEQ_CNT || rng_one_in(rng, 20))
		return;
	m = rte_pktmbuf_alloc(f.ports[port].pool);
	if (m == NULL)
		return;
	lay_order(&p, feed, stream, line, seq);
	data = rte_pktmbuf_append(m, (uint16_t)p.bytes);
	assert_non_null(data);
	memcpy(data, p.data, p.bytes);
	if (rte_ring_sp_enqueue(f.wires[port][line], m) != 0) {
		rte_pktmbuf_free(m);
		return;
	}
	f.sent[feed][stream].copies[seq]++;
	f.received[feed]++;
}

static void
send_round(struct rng *rng, uint32_t seq)
{
	for (uint32_t feed = 0; feed < FEED_CNT; feed++)
		for (uint32_t stream = 0; stream < STREAM_CNT; stream++) {
			send_copy(rng, feed, stream, 0, seq);
			send_copy(rng, feed, stream, 1, seq - LAG);
		}
}

/* ---- the readers ---------------------------------------------------------------------------------------------- */

/* An order's id is its sequence, and its stream that of the PACKET before it. */
static void
see_record(uint32_t feed, uint32_t *stream, const union vega_record *r)
{
	if (vega_record_kind(r) == VEGA_PACKET) {
		*stream = vega_record_instrument(r);
		f.packets[feed]++;
		f.frames_lost[feed] += (vega_record_flags(r) & VEGA_RECORD_FRAME_LOST) != 0;
	} else if (vega_record_kind(r) == VEGA_ORDER_ADD) {
		assert_in_range(*stream, 0, STREAM_CNT - 1);
		assert_in_range(r->order.order_id, 1, SEQ_CNT);
		f.sent[feed][*stream].delivered[r->order.order_id]++;
	}
}

static void
read_lane(uint32_t feed)
{
	static union vega_record records[4096];
	uint32_t stream = UINT32_MAX;
	uint64_t cnt, oldest;

	do {
		assert_int_equal(vega_ring_copy(&f.lanes[feed], f.read_to[feed], 4096,
					 records[0].word, &cnt, &oldest),
			VEGA_RING_OK);
		for (uint64_t i = 0; i < cnt; i++)
			see_record(feed, &stream, &records[i]);
		f.read_to[feed] += cnt;
	} while (cnt != 0);
}

/* A slow drain: now and then it frees what there is. */
static void
drain_frames(void)
{
	for (uint32_t feed = 0; feed < FEED_CNT; feed++) {
		struct vega_frame_lane *lane = vega_region_frame_lane(f.region, feed);

		for (; f.released[feed] < vega_frame_sealed(lane); f.released[feed]++)
			f.frames_freed[feed] +=
				vega_frame_block(lane, f.released[feed])->packet_cnt;
		vega_frame_release(lane, f.released[feed]);
	}
}

/* ---- the capture ---------------------------------------------------------------------------------------------- */

static char region[32];

static void
write_conf(const char *path)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	region_name(region, "channels");
	(void)fprintf(out, "region: %s\nmemory: shm\nports:\n", region);
	for (int port = 0; port < PORT_CNT; port++)
		(void)fprintf(out, "- {name: p%d, device: net_ring_p%d, queues: 2}\n", port, port);
	(void)fprintf(out, "lcores:\n- {cpu: 0, polls: [p0]}\n- {cpu: 1, polls: [p1]}\nfeeds:\n");
	for (int feed = 0; feed < FEED_CNT; feed++) {
		(void)fprintf(out, "- name: F%d\n  frame_lane: 2MiB\n  channels:\n", feed);
		for (int c = 0; c < STREAM_CNT * LINE_CNT; c++)
			(void)fprintf(out,
				"  - {group: 239.1.%d.%d, port: %d, line: %c, on: p%d, format: "
				"nse-mtbt}\n",
				feed, c, UDP_PORT, 'A' + c % LINE_CNT, feed / 2);
	}
	assert_int_equal(fclose(out), 0);
}

static void
open_ports(void)
{
	for (uint32_t i = 0; i < PORT_CNT; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "p%u", i);
		for (uint32_t q = 0; q < QUEUE_CNT; q++) {
			char ring[16];

			(void)snprintf(ring, sizeof(ring), "p%uq%u", i, q);
			f.wires[i][q] =
				rte_ring_create(ring, 128, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
			assert_non_null(f.wires[i][q]);
		}
		assert_true(rte_eth_from_rings(
				    name, f.wires[i], QUEUE_CNT, f.wires[i], QUEUE_CNT, 0) >= 0);
		assert_int_equal(vega_port_open(&f.conf->ports[i], &f.ports[i]), 0);
		assert_int_equal(vega_port_start(&f.ports[i]), 0);
	}
}

static void
open_crew(void)
{
	const struct vega_region_conf conf = {.name = f.conf->region,
		.memory = VEGA_MEMORY_SHM,
		.feeds = f.plan->feeds,
		.feed_cnt = f.plan->feed_cnt,
		.lcore_cnt = f.plan->lcore_cnt,
		.port_cnt = PORT_CNT};

	assert_int_equal(vega_region_create(&conf, &f.region), 0);
	assert_int_equal(vega_crew_new(f.plan, f.region, UINT64_MAX, &stop, NULL, &f.crew), 0);
	for (uint32_t i = 0; i < f.plan->lcore_cnt; i++)
		for (uint32_t q = 0; q < f.plan->lcores[i].queue_cnt; q++) {
			const struct vega_plan_queue *queue = &f.plan->lcores[i].queues[q];
			struct vega_source *source;

			assert_int_equal(vega_source_port_open(&f.ports[queue->port_idx],
						 (uint16_t)queue->queue, q, &tsc, &source),
				0);
			vega_crew_add_source(f.crew, i, source);
		}
	for (uint32_t feed = 0; feed < FEED_CNT; feed++) {
		uint64_t bytes = 0;
		struct vega_record_lane *lane = vega_region_record_lane(f.region, feed, &bytes);

		assert_non_null(lane);
		assert_int_equal(vega_ring_open(lane, bytes, &f.lanes[feed]), 0);
	}
}

static void
poll_all(void)
{
	for (uint32_t i = 0; i < f.crew->lcore_cnt; i++)
		(void)vega_rx_poll(f.crew->loops[i].rx, 0);
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

static void
check_feed(uint32_t feed)
{
	const struct vega_rx_cells *cells = &f.region->rx[feed];

	assert_true(f.received[feed] > SEQ_CNT);
	assert_int_equal(cells->packets_published, f.received[feed]);
	assert_int_equal(cells->packets_line_a + cells->packets_line_b, f.received[feed]);
	assert_int_equal(cells->packets_framed + cells->lost_lane_full, f.received[feed]);
	assert_int_equal(cells->packets_framed, f.frames_freed[feed]);
	assert_int_equal(f.packets[feed], f.received[feed]);
	assert_int_equal(f.frames_lost[feed], cells->lost_lane_full);
	assert_true(f.frames_lost[feed] != 0); /* the drain was slow on purpose */
	assert_int_equal(f.region->lcores[0].misrouted + f.region->lcores[1].misrouted, 0);
}

static const struct vega_channel_cells *
row_of(uint32_t feed, uint32_t stream)
{
	const struct vega_feed_entry *entry = &f.region->feeds[feed];

	for (uint32_t i = 0; i < entry->channel_cnt; i++) {
		const struct vega_channel_cells *row =
			&f.region->channels[entry->channel_first + i];

		if (row->in_use != 0 && row->stream == stream)
			return row;
	}
	fail_msg("feed %u has no row for stream %u", feed, stream);
	return NULL;
}

static void
check_stream(uint32_t feed, uint32_t stream)
{
	const struct vega_channel_cells *row = row_of(feed, stream);
	const struct sent *sent = &f.sent[feed][stream];
	uint64_t unique = 0, missing = 0, last = 0;

	for (uint32_t seq = 1; seq <= SEQ_CNT; seq++) {
		assert_int_equal(sent->delivered[seq], sent->copies[seq] != 0);
		unique += sent->copies[seq] != 0;
		last = sent->copies[seq] != 0 ? seq : last;
	}
	for (uint32_t seq = 1, begun = 0; seq <= last; seq++) {
		begun |= sent->copies[seq] != 0;
		missing += begun != 0 && sent->copies[seq] == 0;
	}
	assert_true(missing != 0);
	assert_int_equal(row->messages, unique);
	assert_int_equal(row->seq_last, last);
	assert_int_equal(row->gap_seqs - row->filled_seqs - row->recovered_seqs, missing);
	assert_true(row->filled_seqs != 0);
	assert_int_equal(row->restarts + row->malformed + row->odd, 0);
}

static void
test_sixteen_channels(void **state)
{
	struct rng rng = {rng_seed(16)};

	(void)state;
	for (uint32_t seq = 1; seq <= SEQ_CNT + LAG; seq++) {
		send_round(&rng, seq);
		if (seq % 32 == 0)
			poll_all(); /* queues overflow now and then */
		if (seq % 1000 == 0)
			poll_all();
		for (uint32_t feed = 0; feed < FEED_CNT && seq % 1000 == 0; feed++)
			read_lane(feed);
		if (seq % 9000 == 0)
			drain_frames();
	}
	for (int i = 0; i < 100; i++)
		poll_all();
	for (uint32_t i = 0; i < f.crew->lcore_cnt; i++)
		vega_rx_seal(f.crew->loops[i].rx, VEGA_SEAL_STOP);
	drain_frames();
	for (uint32_t feed = 0; feed < FEED_CNT; feed++) {
		read_lane(feed);
		check_feed(feed);
		for (uint32_t stream = 0; stream < STREAM_CNT; stream++)
			check_stream(feed, stream);
	}
}

/* Line A on one queue and B on another, each polled by an lcore of its own: refused, and it says what would do. */
static void
test_two_queues_never_write_one_lane(void **state)
{
	struct vega_conf_poll polls[2] = {{0, 0}, {0, 1}};
	struct vega_conf_lcore lcores[2] = {
		{0, VEGA_CONF_ANY, 1, &polls[0]}, {1, VEGA_CONF_ANY, 1, &polls[1]}};
	struct vega_conf conf = *f.conf;
	struct vega_plan *plan = NULL;

	(void)state;
	conf.port_cnt = 1;
	conf.feed_cnt = 1;
	conf.lcores = lcores;
	assert_true(vega_plan_ports(&conf, NULL, &plan) < 0);
	assert_non_null(strstr(vega_err_text(), "need one lcore for a feed"));
}

static int
setup(void **state)
{
	const struct vega_eal_conf eal = {.pool_bytes = 128u << 20, .main_cpu = VEGA_CONF_ANY};
	struct vega_stamp_sample sample;
	char path[] = "/tmp/vega-channels-XXXXXX";
	int fd = mkstemp(path);
	int rc;

	(void)state;
	if (fd < 0)
		return -1;
	(void)close(fd);
	write_conf(path);
	rc = vega_conf_load(path, &f.conf);
	(void)unlink(path);
	if (rc != 0 || vega_plan_ports(f.conf, NULL, &f.plan) != 0 || vega_eal_start(&eal) != 0) {
		(void)fprintf(stderr, "%s\n", vega_err_text());
		return -1;
	}
	vega_stamp_take(&sample);
	vega_stamp_begin(&tsc, &sample, 1000000000);
	open_ports();
	open_crew();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vega_crew_delete(f.crew);
	vega_region_close(f.region);
	assert_int_equal(region_remove(region), 0);
	for (uint32_t i = 0; i < PORT_CNT; i++)
		vega_port_close(&f.ports[i]);
	vega_plan_delete(f.plan);
	vega_conf_delete(f.conf);
	vega_eal_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sixteen_channels),
		cmocka_unit_test(test_two_queues_never_write_one_lane),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
