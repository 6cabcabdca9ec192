/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dpdk output on virtual ports: what they are handed is seen by transmit callbacks, which write one list for all ports and
 * queues, so that the order over all of them is what it is.
 *
 * No port at hand sends on timestamp, and drivers cannot be written without DPDK's internal headers. So a clock and that offload
 * are put in front of the third port, as the linker wraps the three calls that ask for them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"
#include "replay/engine.h"
#include "replay/tx_fan.h"
#include "tests/lib/rng.h"
#include "tests/replay/memory_input.h"

#define PORT_CNT  2u
#define QUEUE_CNT 4u
#define FEED_CNT  (PORT_CNT * QUEUE_CNT)
#define FRAME_CNT 4000u /* of each feed */
#define TOTAL_CNT (FEED_CNT * FRAME_CNT)

/* ---- what left ------------------------------------------------------------------------------------------------ */

struct departure {
	uint32_t feed;
	uint32_t number;
	uint16_t port;
	uint16_t queue;
};

/* In the order of the calls. With `room`, every other call takes so many frames, and the others none. */
static struct {
	struct departure list[TOTAL_CNT];
	uint32_t cnt;
	uint32_t call_cnt;
	uint32_t room;
} seen;

static uint16_t
room_now(uint16_t mbuf_cnt)
{
	if (seen.room == 0)
		return mbuf_cnt;
	if (seen.call_cnt++ % 2 != 0)
		return 0;
	return mbuf_cnt < seen.room ? mbuf_cnt : (uint16_t)seen.room;
}

static uint16_t
note(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t mbuf_cnt,
	void *arg VEGA_UNUSED)
{
	const uint16_t taken_cnt = room_now(mbuf_cnt);

	for (uint16_t i = 0; i < taken_cnt; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(mbufs[i], uint8_t *);
		struct departure *departure = &seen.list[seen.cnt++];

		*departure =
			(struct departure){.feed = data[0] - 'A', .port = port, .queue = queue};
		memcpy(&departure->number, data + 1, sizeof(departure->number));
	}
	return taken_cnt;
}

/* ---- what was recorded ---------------------------------------------------------------------------------------- */

struct recorded {
	uint64_t ns;
	uint32_t feed;
	uint32_t number;
};

static struct fixture {
	uint64_t times_ns[FEED_CNT][FRAME_CNT];
	struct recorded all[TOTAL_CNT];
	char names[FEED_CNT][2];
	struct vega_input *list[FEED_CNT];
	struct vega_inputs inputs;
	struct vega_fan_out outs[FEED_CNT];
	struct vega_tx *tx;
} fixture;

static int
by_time(const void *a, const void *b)
{
	const struct recorded *left = a;
	const struct recorded *right = b;

	if (left->ns != right->ns)
		return left->ns < right->ns ? -1 : 1;
	if (left->feed != right->feed)
		return left->feed < right->feed ? -1 : 1;
	return left->number < right->number ? -1 : 1;
}

/* Times are crowded: most frames share theirs with others of their feed and of other feeds. */
static void
make_feeds(struct fixture *f, uint64_t seed)
{
	struct rng rng = {seed};

	for (uint32_t feed = 0; feed < FEED_CNT; feed++) {
		const struct memory_input_conf conf = {.times_ns = f->times_ns[feed],
			.frame_cnt = FRAME_CNT,
			.frames_a_block = FRAME_CNT,
			.tag = (char)('A' + feed)};
		uint64_t ns = 1000;

		for (uint32_t i = 0; i < FRAME_CNT; i++) {
			ns += rng_below(&rng, 3);
			f->times_ns[feed][i] = ns;
			f->all[feed * FRAME_CNT + i] = (struct recorded){ns, feed, i};
		}
		f->names[feed][0] = conf.tag;
		f->list[feed] = memory_input_new(&conf);
		f->list[feed]->feed = f->names[feed];
		f->list[feed]->linktype = VEGA_LINKTYPE_ETHERNET;
		(void)memory_input_load_all(f->list[feed]);
	}
	f->inputs = (struct vega_inputs){.inputs = f->list, .input_cnt = FEED_CNT};
	qsort(f->all, TOTAL_CNT, sizeof(f->all[0]), by_time);
}

static void
free_feeds(struct fixture *f)
{
	for (uint32_t feed = 0; feed < FEED_CNT; feed++)
		memory_input_delete(f->list[feed]);
}

/* Four feeds to a port: each has a queue of its own. Opened once: the EAL does not begin again in a process. */
static int
open_ports(void **state VEGA_UNUSED)
{
	static const char *const specs[PORT_CNT] = {
		"dpdk:net_null0,tx-queues=4,copy=0", "dpdk:net_null1,tx-queues=4"};
	struct fixture *f = &fixture;

	make_feeds(f, 1);
	for (uint32_t i = 0; i < FEED_CNT; i++) {
		f->outs[i].spec = specs[i / QUEUE_CNT];
		f->outs[i].feed[0] = f->names[i][0];
		if (vega_tx_find(f->outs[i].spec, &f->outs[i].ops, &f->outs[i].operand) != 0)
			return 1;
	}
	if (vega_tx_fan_open(f->outs, FEED_CNT, &f->inputs, &f->tx) != 0) {
		(void)fprintf(stderr, "%s\n", vega_err_text());
		return 1;
	}
	for (uint16_t port = 0; port < PORT_CNT; port++)
		for (uint16_t queue = 0; queue < QUEUE_CNT; queue++)
			if (rte_eth_add_tx_callback(port, queue, note, NULL) == NULL)
				return 1;
	free_feeds(f);
	return 0;
}

static int
close_ports(void **state VEGA_UNUSED)
{
	return fixture.tx != NULL ? fixture.tx->ops->close(fixture.tx) : 0;
}

static void
replay_all(struct fixture *f, struct vega_report *report)
{
	const struct vega_replay_conf conf = {0};
	struct vega_merge merge;
	struct vega_replay replay;
	uint64_t wait_ns;
	int rc;

	vega_report_init(report);
	vega_merge_init(&merge, f->list, FEED_CNT);
	vega_replay_init(&replay, &merge, f->tx, report, &conf);
	do
		rc = vega_replay_poll(&replay, &wait_ns);
	while (rc >= 0);
	assert_int_equal(rc, -ENODATA);
}

static void
check_order(const struct fixture *f)
{
	bool used[PORT_CNT][QUEUE_CNT] = {{false}};
	uint16_t queue_of[FEED_CNT];

	memset(queue_of, 0xff, sizeof(queue_of));
	assert_int_equal(seen.cnt, TOTAL_CNT);
	for (uint32_t i = 0; i < TOTAL_CNT; i++) {
		const struct departure *left = &seen.list[i];

		assert_int_equal(left->feed, f->all[i].feed);
		assert_int_equal(left->number, f->all[i].number);
		assert_int_equal(left->port, left->feed / QUEUE_CNT);
		if (queue_of[left->feed] == UINT16_MAX) {
			assert_false(used[left->port][left->queue]); /* a queue of its own */
			queue_of[left->feed] = left->queue;
			used[left->port][left->queue] = true;
		}
		assert_int_equal(left->queue, queue_of[left->feed]);
	}
}

/* ---- a port that sends on timestamp --------------------------------------------------------------------------- */

#define STAMP_PORT      2u
#define STAMP_CNT       400u
#define STAMP_GAP_NS    250000u
#define TICKS_OFF       77777777u
#define DRIVER_OFFLOADS RTE_ETH_TX_OFFLOAD_SEND_ON_TIMESTAMP

/* 156.25 MHz, as some have. */
static uint64_t
port_ticks(uint64_t ns)
{
	return TICKS_OFF + (uint64_t)((unsigned __int128)ns * 5 / 32);
}

static struct {
	bool offers;       /* the next port to be opened */
	uint64_t offloads; /* it was started with */
	uint64_t ticks[STAMP_CNT];
	bool flagged[STAMP_CNT];
	uint64_t handed_ns[STAMP_CNT];
	uint32_t cnt;
} stamped;

int __real_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);
int __real_rte_eth_dev_configure(
	uint16_t port, uint16_t rx_cnt, uint16_t tx_cnt, const struct rte_eth_conf *conf);
int __wrap_rte_eth_dev_configure(
	uint16_t port, uint16_t rx_cnt, uint16_t tx_cnt, const struct rte_eth_conf *conf);
int __wrap_rte_eth_read_clock(uint16_t port, uint64_t *ticks);

int
__wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
	const int rc = __real_rte_eth_dev_info_get(port, info);

	if (stamped.offers)
		info->tx_offload_capa |= DRIVER_OFFLOADS;
	return rc;
}

int
__wrap_rte_eth_dev_configure(
	uint16_t port, uint16_t rx_cnt, uint16_t tx_cnt, const struct rte_eth_conf *conf)
{
	struct rte_eth_conf plain = *conf;

	stamped.offloads = conf->txmode.offloads;
	if (stamped.offers)
		plain.txmode.offloads &= ~(uint64_t)DRIVER_OFFLOADS;
	return __real_rte_eth_dev_configure(port, rx_cnt, tx_cnt, &plain);
}

int
__wrap_rte_eth_read_clock(uint16_t port VEGA_UNUSED, uint64_t *ticks)
{
	if (!stamped.offers)
		return -ENOTSUP;
	*ticks = port_ticks(vega_monotonic_ns());
	return 0;
}

static uint16_t
note_stamps(uint16_t port VEGA_UNUSED, uint16_t queue VEGA_UNUSED, struct rte_mbuf **mbufs,
	uint16_t mbuf_cnt, void *arg VEGA_UNUSED)
{
	const uint64_t now_ns = vega_monotonic_ns();
	uint64_t flag;
	int off;

	assert_int_equal(rte_mbuf_dyn_tx_timestamp_register(&off, &flag), 0);
	for (uint16_t i = 0; i < mbuf_cnt; i++) {
		const uint32_t at = stamped.cnt++;

		stamped.flagged[at] = (mbufs[i]->ol_flags & flag) != 0;
		stamped.ticks[at] =
			*RTE_MBUF_DYNFIELD(mbufs[i], (size_t)off, rte_mbuf_timestamp_t *);
		stamped.handed_ns[at] = now_ns;
	}
	return mbuf_cnt;
}

/* Bursts of four, a gap, and so on, at speed 1 by the real clock. */
static void
replay_stamped(const char *operand, struct vega_report *report)
{
	static uint64_t times_ns[STAMP_CNT];
	const struct memory_input_conf input_conf = {.times_ns = times_ns,
		.frame_cnt = STAMP_CNT,
		.frames_a_block = STAMP_CNT,
		.tag = 'S'};
	const struct vega_replay_conf conf = {.speed_millionths = VEGA_SPEED_UNIT};
	struct vega_input *input;
	struct vega_sender sender;
	struct vega_merge merge;
	struct vega_replay replay;
	const struct rte_eth_rxtx_callback *callback;
	struct vega_tx *tx;
	uint64_t stop = 0;

	for (uint32_t i = 0; i < STAMP_CNT; i++)
		times_ns[i] = 5000 + i / 4 * STAMP_GAP_NS;
	input = memory_input_new(&input_conf);
	(void)memory_input_load_all(input);
	stamped.cnt = 0;
	assert_int_equal(vega_tx_dpdk.open(operand, VEGA_LINKTYPE_ETHERNET, &tx), 0);
	callback = rte_eth_add_tx_callback(STAMP_PORT, 0, note_stamps, NULL);
	assert_non_null(callback);
	vega_report_init(report);
	vega_merge_init(&merge, &input, 1);
	vega_replay_init(&replay, &merge, tx, report, &conf);
	assert_int_equal(vega_sender_prepare(&sender, -1, false), 0);
	assert_int_equal(vega_replay_run(&replay, &sender, &stop), 0);
	assert_int_equal(rte_eth_remove_tx_callback(STAMP_PORT, 0, callback), 0);
	assert_int_equal(tx->ops->close(tx), 0);
	memory_input_delete(input);
	assert_int_equal(stamped.cnt, STAMP_CNT);
}

/* The first of each burst has the burst's time, in ticks of the port; the recorded gaps are between them; it comes ahead of it. */
static void
test_stamps(void **state VEGA_UNUSED)
{
	static struct vega_report report;
	uint64_t first_ticks;

	stamped.offers = true;
	replay_stamped("net_null2", &report);
	stamped.offers = false;
	assert_int_equal(stamped.offloads, DRIVER_OFFLOADS);
	first_ticks = stamped.ticks[0];
	for (uint32_t i = 0; i < STAMP_CNT; i++) {
		const uint64_t wanted = first_ticks + i / 4 * STAMP_GAP_NS * 5 / 32;

		if (i % 4 == 0)
			assert_true(stamped.flagged[i]);
		if (!stamped.flagged[i])
			continue;
		/* The looks at its clock may have been disturbed by some us; a time never goes back. */
		assert_in_range(stamped.ticks[i], wanted - 4000, wanted + 4000);
		assert_true(i == 0 || stamped.ticks[i] >= stamped.ticks[i - 4]);
		assert_true(stamped.ticks[i] <=
			    port_ticks(stamped.handed_ns[i] + report.lead_ns) + 4000);
	}
	assert_int_equal(report.lead_ns, 1000000);
	assert_int_equal(report.tx.packets_sent, STAMP_CNT);
	assert_int_equal(report.error.cnt, 0);
	assert_string_equal(vega_report_departures(&report),
		"sent on timestamp by the port, whose errors the sender does not see");
}

static void
expect_spun(const char *operand)
{
	static struct vega_report report;

	replay_stamped(operand, &report);
	assert_int_equal(stamped.offloads, 0);
	for (uint32_t i = 0; i < STAMP_CNT; i++)
		assert_false(stamped.flagged[i]);
	assert_int_equal(report.lead_ns, 0);
	assert_int_equal(report.error.cnt, STAMP_CNT);
	assert_string_equal(vega_report_departures(&report), "spun on the TSC");
}

/* Where the port does not offer it, and where it is not wanted. */
static void
test_no_stamps(void **state VEGA_UNUSED)
{
	expect_spun("net_null3");
	stamped.offers = true;
	expect_spun("net_null4,send-on-timestamp=off");
	stamped.offers = false;
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

/* Two ports of four queues each, a feed to every queue: what leaves is in one order over all of them, the recording's. */
static void
test_total_order(void **state VEGA_UNUSED)
{
	static struct vega_report report;
	const uint64_t seed = rng_seed(5);

	for (uint64_t lap = 0; lap < 3; lap++) {
		seen.cnt = 0;
		seen.room = 0;
		make_feeds(&fixture, seed + lap);
		replay_all(&fixture, &report);
		check_order(&fixture);
		assert_int_equal(report.full_cnt, 0);
		free_feeds(&fixture);
	}
}

/* A queue without room holds up the others, so that nothing overtakes; it is counted, and nothing is lost. */
static void
test_full_queue_holds_up_the_others(void **state VEGA_UNUSED)
{
	static struct vega_report report;

	for (uint32_t room = 1; room < 4; room++) {
		seen = (typeof(seen)){.room = room};
		make_feeds(&fixture, rng_seed(9) + room);
		replay_all(&fixture, &report);
		check_order(&fixture);
		assert_true(report.full_cnt > TOTAL_CNT / 100);
		free_feeds(&fixture);
	}
}

static uint64_t
lead_of(const char *one, const char *other)
{
	struct vega_fan_out outs[2] = {{.feed = "A", .spec = one}, {.spec = other}};
	struct vega_tx *tx;
	uint64_t lead_ns;

	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(vega_tx_find(outs[i].spec, &outs[i].ops, &outs[i].operand), 0);
	assert_int_equal(vega_tx_fan_open(outs, 2, &fixture.inputs, &tx), 0);
	lead_ns = tx->lead_ns;
	assert_int_equal(tx->ops->close(tx), 0);
	return lead_ns;
}

/* Ports send by themselves, or nothing does: one order over both kinds cannot be kept. */
static void
test_one_way_for_all_outputs(void **state VEGA_UNUSED)
{
	make_feeds(&fixture, 1);
	stamped.offers = true;
	assert_int_equal(lead_of("dpdk:net_null10", "dpdk:net_null11"), 1000000);
	assert_int_equal(lead_of("dpdk:net_null12", "null"), 0);
	assert_int_equal(lead_of("dpdk:net_null13", "dpdk:net_null14,send-on-timestamp=off"), 0);
	stamped.offers = false;
	free_feeds(&fixture);
}

static void
test_wrong_operands(void **state VEGA_UNUSED)
{
	static const char *const wrong[] = {"net_null7,tx-queues=0", "net_null7,tx-queues=17",
		"net_null7,tx-queues=", "net_null7,tx-queues=4x"};
	static const char maybe[] = "net_null7,send-on-timestamp=maybe";
	struct vega_tx *tx;

	for (size_t i = 0; i < VEGA_ARRAY_CNT(wrong); i++) {
		assert_int_equal(vega_tx_dpdk.open(wrong[i], VEGA_LINKTYPE_ETHERNET, &tx), -EINVAL);
		assert_non_null(strstr(vega_err_text(), "tx-queues"));
	}
	assert_int_equal(vega_tx_dpdk.open(maybe, VEGA_LINKTYPE_ETHERNET, &tx), -EINVAL);
	assert_non_null(strstr(vega_err_text(), "found 'maybe'"));
	/* A file for each queue, and here is one. */
	assert_int_equal(vega_tx_dpdk.open("net_pcap7,tx_pcap=/dev/null,tx-queues=2",
				 VEGA_LINKTYPE_ETHERNET, &tx),
		-ENODEV);
	assert_non_null(strstr(vega_err_text(), "found 1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_total_order),
		cmocka_unit_test(test_full_queue_holds_up_the_others),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_no_stamps),
		cmocka_unit_test(test_one_way_for_all_outputs),
		cmocka_unit_test(test_wrong_operands),
	};

	return cmocka_run_group_tests_name("tx_dpdk", tests, open_ports, close_ports);
}
