/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame lane between two threads: rx lays numbered packets as fast as it can, the drain side reads every one and
 * releases its block. Run plainly it shows that nothing is lost, doubled or torn; under ThreadSanitizer, that nothing races.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "capture/rx.h"
#include "hugepages/base/zone.h"

#define BLOCKS     4u
#define PACKET_CNT 400000u
#define START_NS   1748403900000000000ull

/* A source of packets that carry their number, repeated over their length. */
struct numbers {
	struct vega_source source;
	uint64_t next;
	uint64_t words[VEGA_BURST_CNT_MAX][40];
};

static int
numbers_burst(struct vega_source *source, struct vega_packet *packets, uint32_t max)
{
	struct numbers *s = (struct numbers *)(void *)source;
	uint32_t cnt = 0;

	if (s->next == PACKET_CNT)
		return -ENODATA;
	for (; cnt < max && s->next < PACKET_CNT; cnt++, s->next++) {
		const uint32_t words = 1 + (uint32_t)(s->next % 40);

		for (uint32_t i = 0; i < words; i++)
			s->words[cnt][i] = s->next;
		packets[cnt] = (struct vega_packet){.data = (const uint8_t *)s->words[cnt],
			.captured_bytes = words * 8,
			.wire_bytes = words * 8,
			.recv_ns = START_NS + s->next};
	}
	return (int)cnt;
}

static void
numbers_release(struct vega_source *source)
{
	struct numbers *s = (struct numbers *)(void *)source;

	memset(s->words, 0xEE, sizeof(s->words)); /* what is read after release is seen */
}

static const struct vega_source_ops numbers_ops = {
	.name = "numbers", .burst = numbers_burst, .release = numbers_release};

struct reader {
	struct vega_frame_lane *lane;
	uint64_t next;   /* number of the next packet, when nothing is lost */
	uint64_t frames; /* read */
	uint64_t faults;
	uint64_t done;
};

/* One EPB: its number repeats over its length, and numbers only rise. */
static void
check_packet(struct reader *r, const uint8_t *epb, uint32_t captured)
{
	uint64_t first;
	uint64_t word;

	memcpy(&first, epb + VEGA_EPB_HEAD_BYTES, 8);
	r->faults += first < r->next || captured != 8 * (1 + first % 40);
	for (uint32_t at = 8; at + 8 <= captured; at += 8) {
		memcpy(&word, epb + VEGA_EPB_HEAD_BYTES + at, 8);
		r->faults += word != first;
	}
	r->next = first + 1;
	r->frames++;
}

static void
read_block(struct reader *r, uint64_t n)
{
	const struct vega_block_hdr *hdr = vega_frame_block(r->lane, n);
	const uint8_t *at = (const uint8_t *)hdr + VEGA_BLOCK_HDR_BYTES;
	const uint8_t *end = at + hdr->payload_bytes;
	uint32_t words[6];

	for (uint32_t i = 0; i < hdr->packet_cnt && at < end; i++, at += words[1]) {
		memcpy(words, at, sizeof(words));
		check_packet(r, at, words[5]);
	}
	r->faults += at != end;
}

static void *
reader_main(void *arg)
{
	struct reader *r = arg;
	uint64_t released = 0;

	for (;;) {
		const uint64_t done = vega_load_acquire(&r->done);  /* D2: pairs with D1 */
		const uint64_t sealed = vega_frame_sealed(r->lane); /* F3: pairs with F2 */

		if (released == sealed) {
			if (done)
				return NULL;
			(void)sched_yield();
			continue;
		}
		read_block(r, released++);
		vega_frame_release(r->lane, released); /* F4: pairs with F1 */
	}
}

struct fixture {
	struct vega_zone *zone;
	struct vega_frame_lane *lane;
	struct vega_rx_cells cells;
	struct vega_lcore_cells lcore;
	struct vega_rx_feed feed;
	struct vega_rx rx;
	struct numbers numbers;
	struct vega_source *sources[1];
	uint8_t ended[1];
};

static void
run(bool lossless, struct fixture *f, struct reader *r)
{
	pthread_t thread;

	f->lane = aligned_alloc(4096, vega_frame_lane_bytes(BLOCKS));
	memset(f->lane, 0, vega_frame_lane_bytes(BLOCKS));
	vega_frame_lane_new(f->lane, 0, BLOCKS, 1);
	assert_int_equal(vega_zone_new("UTC", 0, &f->zone), 0);
	vega_frame_writer_init(&f->feed.writer, f->lane, f->zone);
	f->feed.cells = &f->cells;
	f->feed.frames_only = true;
	f->numbers.source =
		(struct vega_source){.ops = &numbers_ops, .linktype = 1, .lossless = lossless};
	f->sources[0] = &f->numbers.source;
	f->rx = (struct vega_rx){.sources = f->sources,
		.source_cnt = 1,
		.feed_cnt = 1,
		.feeds = &f->feed,
		.default_feed = &f->feed,
		.cells = &f->lcore,
		.packets_left = UINT64_MAX,
		.ended = f->ended};
	r->lane = f->lane;
	assert_int_equal(pthread_create(&thread, NULL, reader_main, r), 0);
	while (!vega_rx_done(&f->rx))
		if (vega_rx_poll(&f->rx, START_NS) == 0)
			(void)sched_yield();
	vega_rx_seal(&f->rx, VEGA_SEAL_STOP);
	vega_store_release(&r->done, 1); /* D1: pairs with D2 */
	assert_int_equal(pthread_join(thread, NULL), 0);
	vega_zone_delete(f->zone);
	free(f->lane);
}

static void
test_lossless_source_arrives_whole(void **state)
{
	static struct fixture f;
	struct reader r = {0};

	(void)state;
	run(true, &f, &r);
	assert_int_equal(r.faults, 0);
	assert_int_equal(r.frames, PACKET_CNT);
	assert_int_equal(r.next, PACKET_CNT);
}

static void
test_port_loses_only_what_it_counts(void **state)
{
	static struct fixture f;
	struct reader r = {0};

	(void)state;
	run(false, &f, &r);
	assert_int_equal(r.faults, 0);
	assert_int_equal(r.frames, f.cells.packets_framed);
	assert_int_equal(r.frames + f.cells.drop_lane_full, PACKET_CNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lossless_source_arrives_whole),
		cmocka_unit_test(test_port_loses_only_what_it_counts),
	};

	return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
