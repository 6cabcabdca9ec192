/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A feed's way from datagram to records: what the PACKET record says, what is delivered, and when. Datagrams are ITCH over MoldUDP64,
 * whose deletes have their sequence as order id, so that each message can be told in the lane.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "capture/feed/feed.h"
#include "tests/lib/datagram.h"
#include "tests/lib/rng.h"

#define LANE_BYTES (2u << 20)
#define HOLD_NS    1000u
#define CELLS_CNT  4u
#define NOON_NS    1499601600000000000u /* 2017-07-09 12:00 UTC */
#define HOUR_NS    3600000000000u

enum {
	ITCH_CHANNEL,
	RAW_CHANNEL,
	MTBT_CHANNEL,
	CME_CHANNEL,
	CHANNEL_CNT
};

struct rig {
	struct vega_record_lane *lane;
	struct vega_zone *zone;
	struct vega_feed *feed;
	struct vega_channel_cells cells[CELLS_CNT];
	uint64_t read;
	char text[16384];
};

static struct rig *
rig_new(void)
{
	static const struct vega_feed_channel channels[CHANNEL_CNT] = {
		[ITCH_CHANNEL] = {.format = &vega_format_itch, .stream = 5},
		[RAW_CHANNEL] = {.format = NULL, .stream = 6},
		[MTBT_CHANNEL] = {.format = &vega_format_nse_mtbt, .stream = 7},
		[CME_CHANNEL] = {.format = &vega_format_cme_mdp3, .stream = 8},
	};
	struct rig *rig = calloc(1, sizeof(*rig));
	struct vega_feed_conf conf = {
		.lane_bytes = LANE_BYTES,
		.hold_ns = HOLD_NS,
		.feed_id = 3,
		.channel_cnt = CHANNEL_CNT,
		.channels = channels,
		.cells_cnt = CELLS_CNT,
	};

	assert_non_null(rig);
	assert_int_equal(vega_zone_new("UTC", 0, &rig->zone), 0);
	rig->lane = calloc(1, LANE_BYTES);
	assert_non_null(rig->lane);
	vega_ring_new(rig->lane, LANE_BYTES, 3, VEGA_RECORD_BYTES, 1);
	conf.lane = rig->lane;
	conf.zone = rig->zone;
	conf.cells = rig->cells;
	rig->feed = aligned_alloc(64, vega_align_up(vega_feed_bytes(&conf), 64));
	assert_non_null(rig->feed);
	vega_feed_new(rig->feed, &conf);
	return rig;
}

static void
rig_delete(struct rig *rig)
{
	vega_zone_delete(rig->zone);
	free(rig->feed);
	free(rig->lane);
	free(rig);
}

/* The next record that a reader sees, NULL: none. */
static const union vega_record *
next_record(struct rig *rig)
{
	const union vega_record *records = (const void *)(rig->lane + 1);
	struct vega_ring ring;

	assert_int_equal(vega_ring_open(rig->lane, LANE_BYTES, &ring), 0);
	if (rig->read == vega_load_acquire(&ring.tail->publish)) /* R1 */
		return NULL;
	return &records[rig->read++ % ring.capacity];
}

/*
 * A record as a word or two: "packet 5 A new 1*2" (stream, line, action, sequence, messages), "delete 7", "gap open 5+2 B".
 * Flags behind: "!" a gap was opened, "?" the frame is lost.
 */
static void
put_record(const union vega_record *r, char *to, size_t room)
{
	static const char *const actions[] = {"new", "duplicate", "idle", "malformed"};
	static const char *const states[] = {"?", "open", "filled", "recovered", "lost"};
	const uint32_t flags = vega_record_flags(r);

	switch (vega_record_kind(r)) {
	case VEGA_PACKET:
		(void)snprintf(to, room, "packet %u %c %s %ld*%u%s%s\n", r->packet.channel,
			r->packet.line, actions[vega_record_action(r)], (long)r->packet.seq,
			r->packet.message_cnt, flags & VEGA_RECORD_LOSS_BEFORE ? " !" : "",
			flags & VEGA_RECORD_FRAME_LOST ? " ?" : "");
		break;
	case VEGA_GAP:
		(void)snprintf(to, room, "gap %s %lu+%lu %c\n", states[r->gap.state & 7],
			(unsigned long)r->gap.first, (unsigned long)r->gap.cnt,
			(char)(r->gap.state >> 8));
		break;
	case VEGA_ORDER_DELETE:
		(void)snprintf(to, room, "delete %lu\n", (unsigned long)r->order.order_id);
		break;
	case VEGA_SEGMENT:
		(void)snprintf(to, room, "segment %u\n", r->segment.what);
		break;
	case VEGA_EPOCH:
		(void)snprintf(to, room, "epoch\n");
		break;
	default:
		(void)snprintf(to, room, "kind %u\n", vega_record_kind(r));
	}
}

/* All that is new in the lane. */
static const char *
told(struct rig *rig)
{
	rig->text[0] = '\0';
	for (const union vega_record *r; (r = next_record(rig)) != NULL;)
		put_record(r, rig->text + strlen(rig->text), sizeof(rig->text) - strlen(rig->text));
	return rig->text;
}

/* Deletes of the orders seq .. seq + cnt - 1; announced cnt of them, cut off by so many bytes. */
static struct datagram
mold(uint64_t seq, uint32_t cnt, uint32_t cut_bytes)
{
	struct datagram d = {0};

	datagram_text(&d, "SESSION001", 10);
	datagram_be(&d, seq, 8);
	datagram_be(&d, cnt, 2);
	for (uint32_t i = 0; i < cnt; i++) {
		char words[64];

		(void)snprintf(words, sizeof(words), "2=19 1'D 2=1 2=0 6=1 8=%lu",
			(unsigned long)(seq + i));
		datagram_build(&d, words, true);
	}
	d.bytes -= cut_bytes;
	return d;
}

static void
feed(struct rig *rig, uint32_t channel_idx, char line, uint64_t recv_ns, const struct datagram *d)
{
	uint8_t *copy = malloc(d->bytes + 1); /* of its size, but for 0 */

	assert_non_null(copy);
	memcpy(copy, d->data, d->bytes);
	vega_feed_packet(rig->feed, &(const struct vega_feed_packet){
					    .payload = copy,
					    .bytes = d->bytes,
					    .channel_idx = channel_idx,
					    .recv_ns = recv_ns,
					    .frame = 77,
					    .line = (uint8_t)line,
					    .interface_id = 2,
				    });
	free(copy);
}

static void
feed_mold(struct rig *rig, char line, uint64_t ns, uint64_t seq, uint32_t cnt, uint32_t cut_bytes)
{
	const struct datagram d = mold(seq, cnt, cut_bytes);

	feed(rig, ITCH_CHANNEL, line, NOON_NS + ns, &d);
}

/* Past the first packet: epoch and segment are told. */
static struct rig *
begin(void)
{
	struct rig *rig = rig_new();

	feed_mold(rig, 'A', 0, 1, 1, 0);
	assert_string_equal(told(rig), "epoch\npacket 5 A new 1*1\nsegment 1\ndelete 1\n");
	return rig;
}

/* ---- what the PACKET record says --------------------------------------------------------------------------------- */

static void
test_packet_record(void **state)
{
	struct rig *rig = rig_new();
	const union vega_record *r;

	(void)state;
	feed_mold(rig, 'B', 5, 100, 3, 0);
	r = next_record(rig);
	assert_int_equal(vega_record_kind(r), VEGA_EPOCH);
	assert_int_equal(r->epoch.ns, NOON_NS - 36 * HOUR_NS); /* a day before midnight */
	assert_int_equal(r->epoch.epoch_from, 0);
	assert_int_equal(vega_record_ts48(r), 36 * HOUR_NS + 5);
	r = next_record(rig);
	assert_int_equal(r->word[0], (36 * HOUR_NS + 5) | (uint64_t)VEGA_PACKET << 48 | 0ull << 56);
	assert_int_equal(r->packet.channel, 5);
	assert_int_equal(r->packet.line, 'B');
	assert_int_equal(r->packet.port, 2);
	assert_int_equal(r->packet.message_cnt, 3);
	assert_int_equal(r->packet.seq, 100);
	assert_int_equal(r->packet.frame, 77);
	assert_int_equal(rig->cells[0].in_use, 1);
	assert_int_equal(rig->cells[0].feed_id, 3);
	assert_int_equal(rig->cells[0].stream, 5);
	assert_string_equal(rig->cells[0].format, "itch");
	assert_int_equal(rig->cells[0].packets, 1);
	assert_int_equal(rig->cells[0].messages, 3);
	rig_delete(rig);
}

static void
test_frame_lost(void **state)
{
	struct rig *rig = begin();
	const struct datagram d = mold(2, 1, 0);
	const union vega_record *r;

	(void)state;
	vega_feed_packet(rig->feed, &(const struct vega_feed_packet){
					    .payload = d.data,
					    .bytes = d.bytes,
					    .recv_ns = NOON_NS,
					    .frame = VEGA_FRAME_LOST,
					    .line = 'A',
				    });
	r = next_record(rig);
	assert_int_equal(vega_record_flags(r), VEGA_RECORD_FRAME_LOST);
	assert_int_equal(r->packet.frame, 0);
	assert_string_equal(told(rig), "delete 2\n");
	rig_delete(rig);
}

/* Not decoded at all, or not to be: a PACKET record alone. */
static void
test_packets_alone(void **state)
{
	struct rig *rig = begin();
	const struct datagram d = mold(2, 1, 0);

	(void)state;
	feed(rig, RAW_CHANNEL, 'A', NOON_NS, &d);
	assert_string_equal(told(rig), "packet 6 A new -1*0\n");
	vega_feed_packet(rig->feed,
		&(const struct vega_feed_packet){.recv_ns = NOON_NS, .frame = 1, .line = 'B'});
	assert_string_equal(told(rig), "packet 5 B new -1*0\n");
	assert_int_equal(rig->cells[0].packets, 1); /* they are of no sequence */
	rig_delete(rig);
}

static void
test_actions(void **state)
{
	struct rig *rig = begin();
	const struct datagram empty = {.bytes = 12, .data = {9}};

	(void)state;
	feed_mold(rig, 'B', 1, 1, 1, 0);
	assert_string_equal(told(rig), "packet 5 B duplicate 1*0\n");
	feed_mold(rig, 'A', 2, 2, 0, 0);
	assert_string_equal(told(rig), "packet 5 A idle 2*0\n");
	feed_mold(rig, 'A', 3, 2, 0, 1); /* no whole header */
	assert_string_equal(told(rig), "packet 5 A malformed -1*0\n");
	/* Without messages, but with a sequence of its own; the other line's copy is one. */
	feed(rig, CME_CHANNEL, 'A', NOON_NS, &empty);
	assert_string_equal(told(rig), "packet 8 A idle 9*0\nsegment 1\n");
	feed(rig, CME_CHANNEL, 'B', NOON_NS, &empty);
	assert_string_equal(told(rig), "packet 8 B duplicate 9*0\n");
	assert_int_equal(rig->cells[0].duplicates, 1);
	assert_int_equal(rig->cells[0].heartbeats, 1);
	assert_int_equal(rig->cells[0].malformed, 1);
	assert_int_equal(rig->cells[0].packets, 4);
	rig_delete(rig);
}

/* ---- sequence ---------------------------------------------------------------------------------------------------- */

static void
test_gap_and_its_fates(void **state)
{
	struct rig *rig = begin();

	(void)state;
	feed_mold(rig, 'A', 1, 5, 1, 0);
	assert_string_equal(told(rig), "packet 5 A new 5*1 !\ngap open 2+3 A\ndelete 5\n");
	feed_mold(rig, 'B', 2, 1, 2, 0); /* of which one is missing */
	assert_string_equal(told(rig), "packet 5 B new 1*1\ngap filled 2+1 B\ndelete 2\n");
	feed_mold(rig, 'A', 3, 4, 1, 0);
	assert_string_equal(told(rig), "packet 5 A new 4*1\ngap recovered 4+1 A\ndelete 4\n");
	feed_mold(rig, 'A', 1001, 6, 1, 0);
	assert_string_equal(told(rig), "packet 5 A new 6*1\ngap lost 3+1 A\ndelete 6\n");
	feed_mold(rig, 'B', 2000, 2, 6, 0);
	assert_string_equal(
		told(rig), "packet 5 B new 2*2\ngap recovered 3+1 B\ndelete 3\ndelete 7\n");
	rig_delete(rig);
}

/* The time of the next record, which tells it in its own 48 bits, or in a TIME record. */
static uint64_t
next_ns(struct rig *rig)
{
	struct vega_record_clock clock = {.epoch_ns = NOON_NS - 36 * HOUR_NS};
	const union vega_record *r = next_record(rig);
	uint64_t ns;

	assert_non_null(r);
	ns = vega_record_ns(&clock, r);
	if (vega_record_kind(r) == VEGA_TIME)
		ns = vega_record_ns(&clock, next_record(rig));
	return ns;
}

/* What is open when nothing more comes is lost, of every channel, at the last packet's time; and once. */
static void
test_end(void **state)
{
	struct rig *rig = begin();

	(void)state;
	feed_mold(rig, 'A', 1, 5, 1, 0);
	feed_mold(rig, 'B', 2, 3, 1, 0);
	(void)told(rig);
	vega_feed_end(rig->feed);
	assert_int_equal(next_ns(rig), NOON_NS + 2);
	assert_string_equal(told(rig), "gap lost 4+1 A\n");
	assert_int_equal(rig->cells[0].lost_seqs, 2);
	assert_int_equal(rig->cells[0].gap_seqs,
		rig->cells[0].filled_seqs + rig->cells[0].recovered_seqs + rig->cells[0].lost_seqs);
	vega_feed_end(rig->feed);
	assert_string_equal(told(rig), "");
	feed_mold(rig, 'A', 0 - 60 * HOUR_NS, 9, 1, 0); /* before the epoch */
	(void)told(rig);
	vega_feed_end(rig->feed);
	assert_int_equal(next_ns(rig), NOON_NS - 60 * HOUR_NS);
	rig_delete(rig);
}

/* Any packet of the feed is a clock: what is due is lost with it, before what it brings. */
static void
test_lost_by_the_time_of_another_channel(void **state)
{
	struct rig *rig = begin();
	const struct datagram d = mold(2, 1, 0);

	(void)state;
	feed_mold(rig, 'A', 1, 3, 1, 0);
	(void)told(rig);
	feed(rig, RAW_CHANNEL, 'A', NOON_NS + 1000, &d);
	assert_string_equal(told(rig), "packet 6 A new -1*0\n");
	feed(rig, RAW_CHANNEL, 'A', NOON_NS + 1001, &d);
	assert_string_equal(told(rig), "packet 6 A new -1*0\ngap lost 2+1 A\n");
	rig_delete(rig);
}

/* A datagram that breaks off has its sequences in the header: what it lacks is missing, and the other line's copy fills it. */
static void
test_what_is_cut_off_is_missing(void **state)
{
	struct rig *rig = begin();

	(void)state;
	feed_mold(rig, 'A', 1, 2, 4, 21 + 5);
	assert_string_equal(
		told(rig), "packet 5 A malformed 2*2 !\ndelete 2\ndelete 3\ngap open 4+2 A\n");
	feed_mold(rig, 'A', 2, 6, 1, 0);
	assert_string_equal(told(rig), "packet 5 A new 6*1\ndelete 6\n");
	feed_mold(rig, 'B', 3, 2, 4, 0);
	assert_string_equal(
		told(rig), "packet 5 B new 2*2\ngap filled 4+2 B\ndelete 4\ndelete 5\n");
	/* A gap before another one. */
	feed_mold(rig, 'A', 4, 9, 1, 0);
	feed_mold(rig, 'B', 5, 7, 2, 1);
	assert_string_equal(told(rig), "packet 5 A new 9*1 !\ngap open 7+2 A\ndelete 9\n"
				       "packet 5 B malformed 7*1 !\ngap filled 7+2 B\ndelete 7\n"
				       "gap open 8+1 B\n");
	feed_mold(rig, 'A', 6, 8, 1, 0);
	assert_string_equal(told(rig), "packet 5 A new 8*1\ngap filled 8+1 A\ndelete 8\n");
	rig_delete(rig);
}

/* More sequences than there are rows: those beyond share the last one, which says nothing false but is no ledger. */
static void
test_more_sequences_than_rows(void **state)
{
	struct rig *rig = begin();

	(void)state;
	for (uint32_t stream = 1; stream <= 10; stream++) {
		struct datagram d = {0};
		char words[64];

		/* A heartbeat of NSE's: length, stream, sequence 0, 'Z', last sequence. */
		(void)snprintf(words, sizeof(words), "2=13 2=%u 4=0 1'Z 4=5", stream);
		datagram_build(&d, words, false);
		feed(rig, MTBT_CHANNEL, 'A', NOON_NS, &d);
	}
	assert_int_equal(rig->cells[1].packets, 1);
	assert_int_equal(rig->cells[2].packets, 1);
	assert_int_equal(rig->cells[3].packets, 8);
	rig_delete(rig);
}

/* Two lines of a stream, cut into datagrams each in its own way, with loss, doubles and cuts: each message once, or told as missing. */
static void
random_lines(struct rng *rng)
{
	enum {
		LAST = 600
	};
	struct rig *rig = begin();
	uint8_t seen[LAST + 1] = {0, 1}, missing[LAST + 1] = {0};
	uint64_t next[2] = {1, 1}, ns = 1;

	while (next[0] < LAST && next[1] < LAST) {
		const uint32_t line = (uint32_t)rng_below(rng, 2);
		const uint32_t left = (uint32_t)(LAST + 1 - next[line]);
		uint32_t cnt = 1 + (uint32_t)rng_below(rng, 6);

		cnt = cnt < left ? cnt : left;
		if (!rng_one_in(rng, 5))
			feed_mold(rig, line == 0 ? 'A' : 'B', ns, next[line], cnt,
				rng_one_in(rng, 10) ? 1 + (uint32_t)rng_below(rng, 21 * cnt) : 0);
		if (!rng_one_in(rng, 20))
			next[line] += cnt;
		ns += rng_below(rng, 100);
	}
	for (const union vega_record *r; (r = next_record(rig)) != NULL;) {
		if (vega_record_kind(r) == VEGA_ORDER_DELETE)
			assert_int_equal(seen[r->order.order_id]++, 0);
		if (vega_record_kind(r) != VEGA_GAP || (r->gap.state & 0xFF) == VEGA_GAP_LOST)
			continue;
		memset(missing + r->gap.first, (r->gap.state & 0xFF) == VEGA_GAP_OPEN, r->gap.cnt);
	}
	for (uint64_t seq = 1; seq <= rig->cells[0].seq_last; seq++)
		assert_int_equal(seen[seq] + missing[seq], 1);
	assert_int_equal(rig->cells[0].restarts, 0);
	rig_delete(rig);
}

static void
test_each_message_once(void **state)
{
	struct rng rng = {rng_seed(6)};

	(void)state;
	for (uint32_t i = 0; i < 500; i++)
		random_lines(&rng);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static void
test_epochs(void **state)
{
	struct rig *rig = begin();
	const union vega_record *r;

	(void)state;
	feed_mold(rig, 'A', 12 * HOUR_NS - 1, 2, 1, 0); /* the day's last ns */
	assert_string_equal(told(rig), "packet 5 A new 2*1\ndelete 2\n");
	feed_mold(rig, 'A', 12 * HOUR_NS, 3, 1, 0);
	r = next_record(rig);
	assert_int_equal(vega_record_kind(r), VEGA_EPOCH);
	assert_int_equal(r->epoch.ns, NOON_NS - 12 * HOUR_NS);
	assert_int_equal(r->epoch.epoch_from, rig->read - 1);
	assert_int_equal(vega_record_ts48(r), 24 * HOUR_NS);
	assert_string_equal(told(rig), "packet 5 A new 3*1\ndelete 3\n");
	/* A file's times go back: no epoch does, and what 48 bits do not hold has a TIME record. */
	feed_mold(rig, 'A', 0, 4, 1, 0);
	assert_string_equal(told(rig), "packet 5 A new 4*1\ndelete 4\n");
	feed(rig, RAW_CHANNEL, 'A', NOON_NS - 100 * HOUR_NS, &(struct datagram){0});
	assert_string_equal(told(rig), "kind 21\npacket 6 A new -1*0\n");
	vega_feed_step_back(rig->feed);
	feed_mold(rig, 'A', 1, 5, 1, 0);
	assert_string_equal(told(rig), "epoch\npacket 5 A new 5*1\ndelete 5\n");
	rig_delete(rig);
}

static void
test_loss(void **state)
{
	struct rig *rig = begin();
	const union vega_record *r;

	(void)state;
	vega_feed_loss(rig->feed, NOON_NS + 9, 42);
	r = next_record(rig);
	assert_int_equal(vega_record_kind(r), VEGA_LOSS);
	assert_int_equal(vega_record_flags(r), VEGA_RECORD_LAST);
	assert_int_equal(vega_record_ts48(r), 36 * HOUR_NS + 9);
	assert_int_equal(r->loss.cause, VEGA_LOSS_PORT);
	assert_int_equal(r->loss.cnt, 42);
	assert_null(next_record(rig));
	rig_delete(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_record),
		cmocka_unit_test(test_frame_lost),
		cmocka_unit_test(test_packets_alone),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_gap_and_its_fates),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_lost_by_the_time_of_another_channel),
		cmocka_unit_test(test_what_is_cut_off_is_missing),
		cmocka_unit_test(test_more_sequences_than_rows),
		cmocka_unit_test(test_each_message_once),
		cmocka_unit_test(test_epochs),
		cmocka_unit_test(test_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
