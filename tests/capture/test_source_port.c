/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port's queue as a source, on virtual ports in ordinary memory: net_ring with hand-made mbufs (tags taken out, frames in
 * pieces), net_null, net_pcap, and the refusals. Needs no root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/eal.h"
#include "capture/port.h"
#include "capture/port_check.h"
#include "capture/source_port.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapout.h"

static struct vega_stamp tsc;

static struct vega_conf_port
conf_of(char *device)
{
	return (struct vega_conf_port){
		.device = device, .queue_cnt = 1, .rx_desc_cnt = 64, .mbuf_cnt = 2047};
}

static void
open_port(char *device, struct vega_port *port, struct vega_source **ret_source)
{
	const struct vega_conf_port conf = conf_of(device);

	assert_int_equal(vega_port_open(&conf, port), 0);
	assert_int_equal(vega_port_start(port), 0);
	assert_int_equal(vega_source_port_open(port, 0, 5, &tsc, ret_source), 0);
	assert_false((*ret_source)->lossless);
}

static void
test_null_gives_stamped_packets(void **state)
{
	char device[] = "net_null0,size=100,copy=1";
	struct vega_packet packets[VEGA_BURST_CNT_MAX];
	struct vega_source *source;
	struct vega_port port;
	uint64_t last_ns = 0;

	(void)state;
	open_port(device, &port, &source);
	for (int round = 0; round < 1000; round++) { /* far more than the pool holds: all go back */
		assert_int_equal(source->ops->burst(source, packets, 32), 32);
		for (int i = 0; i < 32; i++) {
			assert_int_equal(packets[i].captured_bytes, 100);
			assert_int_equal(packets[i].wire_bytes, 100);
			assert_int_equal(packets[i].interface_id, 5);
			assert_true(packets[i].recv_ns >= last_ns);
			last_ns = packets[i].recv_ns;
		}
		source->ops->release(source);
	}
	assert_int_equal(rte_mempool_in_use_count(port.pool), 0);
	source->ops->close(source);
	vega_port_close(&port);
}

/* A burst against a clock that is stepped while the port runs. */
static void
test_time_goes_back_only_with_a_step(void **state)
{
	char device[] = "net_null1";
	const struct vega_stamp begin = tsc;
	struct vega_packet packet;
	struct vega_source *source;
	struct vega_port port;

	(void)state;
	open_port(device, &port, &source);
	tsc = (struct vega_stamp){.base_ns = 1000000, .base_ticks = vega_ticks(), .rate_q32 = 1};
	assert_int_equal(source->ops->burst(source, &packet, 1), 1);
	assert_true(packet.recv_ns >= 1000000);
	source->ops->release(source);

	tsc.base_ns = 500000; /* not a step: held */
	tsc.base_ticks = vega_ticks();
	assert_int_equal(source->ops->burst(source, &packet, 1), 1);
	assert_true(packet.recv_ns >= 1000000);
	source->ops->release(source);

	tsc.back_cnt = 1;
	assert_int_equal(source->ops->burst(source, &packet, 1), 1);
	assert_true(packet.recv_ns < 1000000);
	source->ops->release(source);
	tsc = begin;
	source->ops->close(source);
	vega_port_close(&port);
}

static struct rte_ring *wire; /* what is put here is received */

static void
open_ring_port(const char *name, struct vega_port *port, struct vega_source **ret_source)
{
	char device[32];

	(void)snprintf(device, sizeof(device), "%s", name);
	wire = rte_ring_create(name, 256, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_non_null(wire);
	assert_true(rte_eth_from_ring(wire) >= 0);
	(void)snprintf(device, sizeof(device), "net_ring_%s", name);
	open_port(device, port, ret_source);
}

/* Bytes that count up, over pieces of at most piece_bytes. */
static void
send_counting(struct vega_port *port, uint32_t bytes, uint16_t piece_bytes, uint64_t flags)
{
	struct rte_mbuf *head = NULL;

	for (uint32_t at = 0; at < bytes; at += piece_bytes) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(port->pool);
		const uint16_t piece =
			(uint16_t)(bytes - at < piece_bytes ? bytes - at : piece_bytes);
		uint8_t *data;

		assert_non_null(m);
		data = (uint8_t *)rte_pktmbuf_append(m, piece);
		for (uint32_t i = 0; i < piece; i++)
			data[i] = (uint8_t)(at + i);
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	assert_non_null(head);
	head->ol_flags = flags;
	head->vlan_tci = 0x2064;
	head->vlan_tci_outer = 0x0123;
	assert_int_equal(rte_ring_sp_enqueue(wire, head), 0);
}

static void
assert_counting(const uint8_t *data, uint32_t from, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		assert_int_equal(data[i], (uint8_t)(from + i));
}

static void
test_frames_are_as_received(void **state)
{
	static const uint8_t single[] = {0x81, 0x00, 0x20, 0x64};
	static const uint8_t twofold[] = {0x88, 0xa8, 0x01, 0x23, 0x81, 0x00, 0x20, 0x64};
	struct vega_packet p[VEGA_BURST_CNT_MAX];
	struct vega_source *source;
	struct vega_port port;

	(void)state;
	open_ring_port("asis", &port, &source);
	send_counting(&port, 60, 2000, 0);
	send_counting(&port, 9000, 1999, 0);
	send_counting(&port, 60, 2000, RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	send_counting(&port, 60, 7, RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	send_counting(&port, 60, 2000,
		RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED | RTE_MBUF_F_RX_QINQ);
	assert_int_equal(source->ops->burst(source, p, VEGA_BURST_CNT_MAX), 5);
	assert_int_equal(p[0].captured_bytes, 60);
	assert_counting(p[0].data, 0, 60);
	assert_int_equal(p[1].captured_bytes, 9000);
	assert_int_equal(p[1].wire_bytes, 9000);
	assert_counting(p[1].data, 0, 9000);
	for (int i = 2; i < 4; i++) {
		assert_int_equal(p[i].captured_bytes, 64);
		assert_counting(p[i].data, 0, 12);
		assert_memory_equal(p[i].data + 12, single, 4);
		assert_counting(p[i].data + 16, 12, 48);
	}
	assert_int_equal(p[4].wire_bytes, 68);
	assert_memory_equal(p[4].data + 12, twofold, 8);
	assert_counting(p[4].data + 20, 12, 48);
	source->ops->release(source);
	assert_int_equal(source->ops->burst(source, p, VEGA_BURST_CNT_MAX), 0);
	assert_int_equal(rte_mempool_in_use_count(port.pool), 0);
	source->ops->close(source);
	vega_port_close(&port);
}

/* A port that stamps: its ticks become ns by its own line, and a frame without a stamp takes the TSC's. */
static void
test_port_clock(void **state)
{
	const struct vega_stamp line = {
		.base_ticks = 1000, .base_ns = 5000000000, .rate_q32 = 2ull << 32};
	struct vega_packet p[VEGA_BURST_CNT_MAX];
	struct vega_source *source;
	struct vega_source *stamping;
	struct vega_port port;
	struct rte_mbuf *m;

	(void)state;
	open_ring_port("nic", &port, &source);
	assert_int_equal(
		rte_mbuf_dyn_rx_timestamp_register(&port.nic_field_off, &port.nic_flag), 0);
	vega_stamp_publish(&port.nic_cell, &line);
	assert_int_equal(vega_source_port_open(&port, 0, 5, &tsc, &stamping), 0);
	send_counting(&port, 60, 2000, 0);
	m = rte_pktmbuf_alloc(port.pool);
	assert_non_null(rte_pktmbuf_append(m, 60));
	m->ol_flags = port.nic_flag;
	*RTE_MBUF_DYNFIELD(m, (size_t)port.nic_field_off, rte_mbuf_timestamp_t *) = 1010;
	assert_int_equal(rte_ring_sp_enqueue(wire, m), 0);
	assert_int_equal(stamping->ops->burst(stamping, p, VEGA_BURST_CNT_MAX), 2);
	assert_true(p[0].recv_ns > 1700000000000000000);
	assert_int_equal(p[1].recv_ns, 5000000020);
	stamping->ops->release(stamping);
	stamping->ops->close(stamping);
	source->ops->close(source);
	port.nic_flag = 0;
	vega_port_close(&port);
}

/* Copies beyond the bounce buffer: the burst is given out in parts, nothing is lost or hurt. */
static void
test_more_copies_than_room(void **state)
{
	struct vega_packet p[VEGA_BURST_CNT_MAX];
	struct vega_source *source;
	struct vega_port port;
	int bursts = 0;
	int seen = 0;

	(void)state;
	open_ring_port("room", &port, &source);
	for (int i = 0; i < 24; i++)
		send_counting(&port, 60000, 1000, 0);
	while (seen < 24) {
		const int got = source->ops->burst(source, p, VEGA_BURST_CNT_MAX);

		assert_true(got > 0);
		for (int i = 0; i < got; i++) {
			assert_int_equal(p[i].captured_bytes, 60000);
			assert_counting(p[i].data, 0, 60000);
		}
		source->ops->release(source);
		seen += got;
		bursts++;
	}
	assert_true(bursts > 1);
	assert_int_equal(rte_mempool_in_use_count(port.pool), 0);
	source->ops->close(source);
	vega_port_close(&port);
}

/* net_pcap spreads a jumbo over mbufs, and sets times in us that nobody asked for. */
static void
test_pcap_port(void **state)
{
	char path[] = "/tmp/vega-port-XXXXXX";
	char device[64];
	uint8_t data[9000];
	struct vega_packet p[VEGA_BURST_CNT_MAX];
	struct vega_pcapout *out;
	struct vega_source *source;
	struct vega_port port;

	(void)state;
	for (uint32_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	assert_true(close(mkstemp(path)) == 0);
	assert_int_equal(vega_pcapout_open(path, 1, &out), 0);
	assert_int_equal(vega_pcapout_put(out, data, 9000, 9000, 42), 0);
	assert_int_equal(vega_pcapout_put(out, data, 14, 14, 43), 0);
	assert_int_equal(vega_pcapout_close(out), 0);
	(void)snprintf(device, sizeof(device), "net_pcap0,rx_pcap=%s", path);
	open_port(device, &port, &source);
	assert_int_equal(source->ops->burst(source, p, VEGA_BURST_CNT_MAX), 2);
	assert_int_equal(p[0].captured_bytes, 9000);
	assert_counting(p[0].data, 0, 9000);
	assert_int_equal(p[1].captured_bytes, 14);
	assert_true(p[0].recv_ns > 43); /* the clock's, not the file's */
	source->ops->release(source);
	assert_int_equal(source->ops->burst(source, p, VEGA_BURST_CNT_MAX), 0);
	source->ops->close(source);
	vega_port_close(&port);
	assert_int_equal(unlink(path), 0);
}

static void
assert_refused(char *device, uint32_t mtu, uint32_t queue_cnt, int status, const char *word)
{
	struct vega_conf_port conf = conf_of(device);
	struct vega_port port;

	conf.mtu = mtu;
	conf.queue_cnt = queue_cnt;
	assert_true(vega_port_open(&conf, &port) < 0);
	assert_int_equal(vega_err_status(), status);
	assert_non_null(strstr(vega_err_text(), device));
	assert_non_null(strstr(vega_err_text(), word));
	assert_null(strchr(vega_err_text(), '\n'));
}

static void
test_refusals(void **state)
{
	char unknown[] = "net_nosuch0";
	char no_file[] = "net_pcap9,rx_pcap=/nonexistent.pcap";
	char bad_args[] = "net_null9,bogus=1";
	char many[] = "net_null8";
	char cut[] = "net_af_packet8,iface=lo";
	char still_cut[] = "net_af_packet8,iface=lo,framesz=4096";

	(void)state;
	assert_refused(unknown, 0, 1, EX_UNAVAILABLE, "failed to parse device");
	assert_refused(no_file, 0, 1, EX_UNAVAILABLE, "No such file");
	assert_refused(bad_args, 0, 1, EX_UNAVAILABLE, "check its name and arguments");
	assert_refused(many, 0, 2000, EX_UNAVAILABLE, "rx queues");
	if (geteuid() != 0)
		return;
	assert_refused(cut, 9000, 1, EX_USAGE, "framesz=16384,blocksz=16384");
	assert_refused(still_cut, 0, 1, EX_USAGE, "framesz="); /* lo's own MTU is 65536 */
}

static void
test_arguments(void **state)
{
	char text[32];

	(void)state;
	assert_true(vega_port_argument(
		"net_x0,iface=eth1,framesz=4096", "framesz", text, sizeof(text)));
	assert_string_equal(text, "4096");
	assert_true(
		vega_port_argument("net_x0,iface=eth1,framesz=4096", "iface", text, sizeof(text)));
	assert_string_equal(text, "eth1");
	assert_false(vega_port_argument("net_x0,myiface=eth1", "iface", text, sizeof(text)));
	assert_false(vega_port_argument("net_x0", "iface", text, sizeof(text)));
	assert_int_equal(vega_port_room_bytes("net_null0,size=9000"), 9000);
	assert_int_equal(vega_port_room_bytes("net_null0,size=64"), 2048);
	assert_int_equal(vega_port_room_bytes("net_af_packet0,iface=x,framesz=0x4000"), 16384);
	assert_false(vega_port_loss_observable("net_af_packet0,iface=x"));
	assert_true(vega_port_loss_observable("0000:01:00.0"));
	assert_int_equal(vega_port_check_mtu("net_af_packet0,iface=none", 1500), 0);
	assert_int_equal(vega_port_check_mtu("net_af_packet0,iface=none", 1960), 0);
	assert_int_equal(vega_port_check_mtu("net_af_packet0,iface=none", 1961), -EINVAL);
	assert_int_equal(vega_port_check_mtu("net_af_xdp0,iface=none", 1501), -EINVAL);
}

static int
setup(void **state)
{
	const struct vega_eal_conf conf = {.pool_bytes = 128u << 20, .main_cpu = VEGA_CONF_ANY};
	struct vega_stamp_sample sample;

	(void)state;
	vega_stamp_take(&sample);
	vega_stamp_begin(&tsc, &sample, 1000000000);
	return vega_eal_start(&conf);
}

static int
teardown(void **state)
{
	(void)state;
	vega_eal_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null_gives_stamped_packets),
		cmocka_unit_test(test_time_goes_back_only_with_a_step),
		cmocka_unit_test(test_frames_are_as_received),
		cmocka_unit_test(test_port_clock),
		cmocka_unit_test(test_more_copies_than_room),
		cmocka_unit_test(test_pcap_port),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
