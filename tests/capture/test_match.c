/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/channels.h"
#include "capture/feed/match.h"
#include "hugepages/base/err.h"
#include "tests/lib/rng.h"

#define ANY VEGA_CONF_ANY

static struct vega_conf_channel
channel(uint32_t vlan, uint32_t group, uint32_t udp_port, uint32_t port_idx, char line)
{
	static char text[] = "a channel";
	struct vega_conf_channel c = {.vlan = vlan,
		.udp_port = udp_port,
		.port_idx = port_idx,
		.line = line,
		.text = text};

	if (group != ANY) {
		c.family = group >= 128 ? 6 : 4;
		c.group[0] = 239;
		c.group[3] = (uint8_t)group;
		c.group[15] = group >= 128 ? 1 : 0;
	}
	return c;
}

static struct vega_net
net_of(uint16_t vlan, uint32_t group, uint32_t udp_port)
{
	struct vega_net net = {.vlan = vlan, .udp_port = udp_port};
	struct vega_conf_channel c = channel(0, group, 0, 0, 'A');

	net.family = c.family;
	memcpy(net.dst, c.group, sizeof(net.dst));
	return net;
}

/* A feed of its own for each. */
static int
compile(const struct vega_conf_channel *channels, uint32_t cnt, struct vega_match **ret)
{
	struct vega_conf_feed *feeds = calloc(cnt, sizeof(*feeds));
	const struct vega_conf_feed **list = calloc(cnt, sizeof(*list));
	struct vega_match *match;
	int rc;

	assert_non_null(feeds);
	assert_non_null(list);
	for (uint32_t i = 0; i < cnt; i++) {
		feeds[i].channels = (struct vega_conf_channel *)(uintptr_t)&channels[i];
		feeds[i].channel_cnt = 1;
		(void)snprintf(
			feeds[i].name, sizeof(feeds[i].name), "%s", i == 0 ? "FIRST" : "LATER");
		list[i] = &feeds[i];
	}
	match = aligned_alloc(64, vega_feed_match_bytes(list, cnt));
	assert_non_null(match);
	rc = vega_feed_match(list, cnt, false, match);
	free(list);
	free(feeds);
	if (rc == 0)
		*ret = match;
	else
		free(match);
	return rc;
}

static void
assert_hit(const struct vega_match *match, uint16_t vlan, uint32_t group, uint32_t udp_port,
	uint32_t port_idx, uint32_t feed_idx, char line)
{
	const struct vega_net net = net_of(vlan, group, udp_port);
	const struct vega_match_hit hit = vega_match_find(match, &net, port_idx);

	assert_int_equal(hit.feed_idx, feed_idx);
	assert_int_equal(hit.line, line);
}

static void
test_empty(void **state)
{
	struct vega_match *match = NULL;

	(void)state;
	assert_int_equal(compile(NULL, 0, &match), 0);
	assert_hit(match, 0, 1, 1, 0, VEGA_MATCH_NONE, 0);
	free(match);
}

static void
test_lines(void **state)
{
	const struct vega_conf_channel channels[] = {
		channel(10, 1, 17741, ANY, 'A'), channel(10, 2, 17741, ANY, 'B')};
	struct vega_match *match = NULL;

	(void)state;
	assert_int_equal(compile(channels, 2, &match), 0);
	assert_hit(match, 10, 1, 17741, 0, 0, 'A');
	assert_hit(match, 10, 2, 17741, 5, 1, 'B');
	assert_hit(match, 10, 3, 17741, 0, VEGA_MATCH_NONE, 0);
	assert_hit(match, 11, 1, 17741, 0, VEGA_MATCH_NONE, 0);
	assert_hit(match, 0, 1, 17741, 0, VEGA_MATCH_NONE, 0);
	assert_hit(match, 10, 1, 17742, 0, VEGA_MATCH_NONE, 0);
	assert_hit(match, 10, 1, VEGA_NET_NO_PORT, 0, VEGA_MATCH_NONE, 0);
	free(match);
}

/* The one that says the most; what each leaves out it takes any of. */
static void
test_most_specific(void **state)
{
	const struct vega_conf_channel channels[] = {
		channel(ANY, ANY, ANY, 3, 'A'),  /* 0: a whole port */
		channel(10, ANY, ANY, ANY, 'A'), /* 1: a whole VLAN */
		channel(ANY, ANY, 5, ANY, 'A'),  /* 2 */
		channel(ANY, 1, ANY, ANY, 'A'),  /* 3 */
		channel(10, 1, ANY, ANY, 'A'),   /* 4 */
		channel(10, 1, 5, ANY, 'A'),     /* 5 */
		channel(10, 1, 5, 3, 'B'),       /* 6 */
		channel(0, ANY, ANY, ANY, 'B'),  /* 7: untagged */
		channel(ANY, 200, 5, ANY, 'B'),  /* 8: IPv6 */
	};
	struct vega_match *match = NULL;

	(void)state;
	assert_int_equal(compile(channels, 9, &match), 0);
	assert_hit(match, 10, 1, 5, 3, 6, 'B');
	assert_hit(match, 10, 1, 5, 2, 5, 'A');
	assert_hit(match, 10, 1, 6, 2, 4, 'A');
	assert_hit(match, 10, 1, VEGA_NET_NO_PORT, 2, 4, 'A'); /* a fragment */
	assert_hit(match, 11, 1, 5, 2, 3, 'A');                /* group before UDP port */
	assert_hit(match, 11, 2, 5, 2, 2, 'A');
	assert_hit(match, 10, 2, 5, 2, 2, 'A');                  /* UDP port before VLAN */
	assert_hit(match, 10, 2, 6, 3, 1, 'A');                  /* VLAN before port */
	assert_hit(match, 10, ANY, VEGA_NET_NO_PORT, 3, 1, 'A'); /* not IP at all */
	assert_hit(match, 11, 2, 6, 3, 0, 'A');
	assert_hit(match, 11, 2, 6, ANY, VEGA_MATCH_NONE, 0);
	assert_hit(match, 0, 2, 6, 2, 7, 'B');
	assert_hit(match, 12, 200, 5, 2, 8, 'B');
	free(match);
}

static void
test_everything(void **state)
{
	const struct vega_conf_channel all = channel(ANY, ANY, ANY, ANY, 'A');
	struct vega_match *match = NULL;

	(void)state;
	assert_int_equal(compile(&all, 1, &match), 0);
	assert_hit(match, 0, ANY, VEGA_NET_NO_PORT, ANY, 0, 'A');
	assert_hit(match, 77, 1, 9, 31, 0, 'A');
	free(match);
}

static void
test_doubles_are_refused(void **state)
{
	struct vega_conf_channel channels[] = {channel(10, 1, 5, ANY, 'A'),
		channel(10, 1, ANY, ANY, 'A'), channel(10, 1, 5, ANY, 'B')};
	struct vega_match *match = NULL;

	(void)state;
	assert_int_equal(compile(channels, 3, &match), -EINVAL);
	assert_int_equal(vega_err_status(), EX_CONFIG);
	assert_non_null(strstr(vega_err_text(), "FIRST"));
	assert_non_null(strstr(vega_err_text(), "LATER"));
	channels[2].port_idx = 1; /* says more: allowed */
	assert_int_equal(compile(channels, 3, &match), 0);
	free(match);
}

/* ---- against the definition ----------------------------------------------------------------------------------- */

static int
given_cnt(const struct vega_conf_channel *c)
{
	return (c->port_idx != ANY) + (c->vlan != ANY) + (c->udp_port != ANY) + (c->family != 0);
}

static int
rank(const struct vega_conf_channel *c)
{
	return 100 * given_cnt(c) + 8 * (c->family != 0) + 4 * (c->udp_port != ANY) +
	       2 * (c->vlan != ANY) + (c->port_idx != ANY);
}

static bool
claims(const struct vega_conf_channel *c, const struct vega_net *net, uint32_t port_idx)
{
	return (c->port_idx == ANY || c->port_idx == port_idx) &&
	       (c->vlan == ANY || c->vlan == net->vlan) &&
	       (c->udp_port == ANY || c->udp_port == net->udp_port) &&
	       (c->family == 0 || (c->family == net->family &&
					  memcmp(c->group, net->dst, sizeof(c->group)) == 0));
}

static void
test_against_definition(void **state)
{
	struct rng rng = {rng_seed(7)};

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct vega_conf_channel channels[40];
		struct vega_match *match = NULL;
		uint32_t cnt = 0;

		for (int i = 0; i < 40; i++) {
			bool is_new = true;
			const struct vega_conf_channel c = channel(
				rng_one_in(&rng, 2) ? ANY : (uint32_t)rng_below(&rng, 3),
				rng_one_in(&rng, 2) ? ANY : (uint32_t)(126 + rng_below(&rng, 4)),
				rng_one_in(&rng, 2) ? ANY : (uint32_t)(1 + rng_below(&rng, 3)),
				rng_one_in(&rng, 2) ? ANY : (uint32_t)rng_below(&rng, 3), 'A');

			for (uint32_t k = 0; k < cnt; k++)
				if (memcmp(&channels[k], &c, sizeof(c)) == 0)
					is_new = false;
			if (is_new)
				channels[cnt++] = c;
		}
		assert_int_equal(compile(channels, cnt, &match), 0);
		for (int i = 0; i < 200; i++) {
			const struct vega_net net = net_of((uint16_t)rng_below(&rng, 4),
				rng_one_in(&rng, 5) ? ANY : (uint32_t)(125 + rng_below(&rng, 6)),
				rng_one_in(&rng, 5) ? VEGA_NET_NO_PORT
						    : (uint32_t)rng_below(&rng, 5));
			const uint32_t port_idx = (uint32_t)rng_below(&rng, 4);
			uint32_t best = VEGA_MATCH_NONE;

			for (uint32_t k = 0; k < cnt; k++)
				if (claims(&channels[k], &net, port_idx) &&
					(best == VEGA_MATCH_NONE ||
						rank(&channels[k]) > rank(&channels[best])))
					best = k;
			assert_int_equal(vega_match_find(match, &net, port_idx).feed_idx, best);
		}
		free(match);
	}
}

/* As many as a configuration can hold. */
static void
test_many(void **state)
{
	const uint32_t cnt = VEGA_FEED_CNT_MAX * VEGA_CONF_CHANNEL_CNT_MAX;
	struct vega_conf_channel *channels = calloc(cnt, sizeof(*channels));
	struct vega_match *match = NULL;

	(void)state;
	assert_non_null(channels);
	for (uint32_t i = 0; i < cnt; i++)
		channels[i] = channel(i % 64, i / 64 % 256, 1 + i, ANY, 'A');
	assert_int_equal(compile(channels, cnt, &match), 0);
	for (uint32_t i = 0; i < cnt; i++)
		assert_hit(match, (uint16_t)(i % 64), i / 64 % 256, 1 + i, 0, i, 'A');
	free(match);
	free(channels);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_most_specific),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_doubles_are_refused),
		cmocka_unit_test(test_against_definition),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
