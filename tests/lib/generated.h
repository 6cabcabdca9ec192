/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_LIB_GENERATED_H
#define VEGA_TESTS_LIB_GENERATED_H
/*
 * Sessions of vega-gen as the tests of its formats take them.
 */
#include <cmocka.h>

#include "capture/feed/net.h"
#include "hugepages/base/crc32c.h"
#include "replay/gen_session.h"

/* Seed 7, three streams, no bursts, nothing lost; packets, rate, start and heartbeats are the test's. */
static inline struct vega_gen_config
generated_config(const char *feed, const char *segment)
{
	struct vega_gen_config config = {
		.feed = vega_gen_feed_find(feed),
		.seed = 7,
		.stream_cnt = 3,
		.burst_cnt = 1,
	};

	assert_non_null(config.feed);
	config.segment = vega_gen_segment_find(config.feed, segment);
	assert_non_null(config.segment);
	return config;
}

/* Goes on from the packets before; golden values are made of it. */
static inline uint32_t
generated_crc(uint32_t crc, const struct vega_gen_packet *packet)
{
	crc = vega_crc32c(crc, &packet->ns, sizeof(packet->ns));
	return vega_crc32c(crc, packet->frame, packet->bytes);
}

/* Fails the test where the frame is not one of UDP. */
static inline struct vega_net
generated_net(const struct vega_gen_packet *packet)
{
	struct vega_net net;

	vega_net_parse(1, packet->frame, packet->bytes, &net);
	assert_int_not_equal(net.udp_port, VEGA_NET_NO_PORT);
	return net;
}

#endif
