/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/feed/format.h"
#include "capture/plan.h"
#include "hugepages/base/err.h"

#define PORTS2  "ports:\n- {name: a, device: d0}\n- {name: b, device: d1}\n"
#define SHARED  "ports:\n- {name: a, device: d0, queues: 2}\n"
#define LCORES2 "lcores:\n- {cpu: 1, polls: [a]}\n- {cpu: 2, polls: [b]}\n"
#define SPLIT   "lcores:\n- {cpu: 1, polls: [\"a:0\"]}\n- {cpu: 2, polls: [\"a:1\"]}\n"

static struct vega_conf *
conf_of(const char *text)
{
	char path[] = "/tmp/vega-test-plan-XXXXXX";
	struct vega_conf *conf = NULL;
	const int fd = mkstemp(path);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
	rc = vega_conf_load(path, &conf);
	(void)unlink(path);
	if (rc != 0)
		fail_msg("%s", vega_err_text());
	return conf;
}

/* Four processors on two nodes. */
static struct vega_host *
host_of_four(void)
{
	struct vega_host *host = calloc(1, sizeof(*host));

	assert_non_null(host);
	host->cpu_cnt = 4;
	host->node_cnt = 2;
	host->nodes[1].id = 1;
	for (uint32_t i = 0; i < 4; i++) {
		host->cpus[i].online = true;
		host->cpus[i].node = i / 2;
	}
	return host;
}

static struct vega_plan *
plan_of(const char *text, struct vega_conf **ret_conf)
{
	struct vega_host *host = host_of_four();
	struct vega_plan *plan = NULL;

	*ret_conf = conf_of(text);
	if (vega_plan_ports(*ret_conf, host, &plan) != 0)
		fail_msg("%s", vega_err_text());
	free(host);
	return plan;
}

static void
test_one_lcore(void **state)
{
	struct vega_conf *conf;
	struct vega_plan *plan =
		plan_of("ports:\n- {name: a, device: d0, queues: 2}\n- {name: b, device: d1}\n"
			"feeds:\n- {name: F, zone: Asia/Kolkata, day_start: 01:00, price_scale: 2, "
			"record_lane: 2MiB, frame_lane: 8MiB, channels: [{port: 5, on: b}]}\n",
			&conf);

	(void)state;
	assert_int_equal(plan->lcore_cnt, 1);
	assert_int_equal(plan->lcores[0].cpu, VEGA_CONF_ANY);
	assert_int_equal(plan->lcores[0].queue_cnt, 3);
	assert_int_equal(plan->lcores[0].queues[1].port_idx, 0);
	assert_int_equal(plan->lcores[0].queues[1].queue, 1);
	assert_int_equal(plan->lcores[0].queues[2].port_idx, 1);
	assert_int_equal(plan->lcores[0].default_feed_idx, 1);
	assert_int_equal(plan->feed_cnt, 2);
	assert_string_equal(plan->feeds[0].name, "F");
	assert_string_equal(plan->feeds[0].zone, "Asia/Kolkata");
	assert_int_equal(plan->feeds[0].day_start_s, 3600);
	assert_int_equal(plan->feeds[0].price_scale, 2);
	assert_int_equal(plan->feeds[0].record_lane_bytes, 2 << 20);
	assert_int_equal(plan->feeds[0].frame_lane_bytes, 8 << 20);
	assert_int_equal(plan->feeds[0].if_cnt, 3);
	assert_string_equal(plan->feeds[0].if_name[0], "a:0");
	assert_string_equal(plan->feeds[0].if_name[1], "a:1");
	assert_string_equal(plan->feeds[0].if_name[2], "b");
	assert_string_equal(plan->feeds[1].name, "default");
	assert_string_equal(plan->feeds[1].zone, "UTC");
	assert_int_equal(plan->feeds[1].frame_lane_bytes, 64 << 20);
	assert_int_equal(plan->rule_cnt, 0);
	assert_int_equal(plan->warning_cnt, 0);
	assert_int_equal(plan->idle, VEGA_IDLE_SPIN);
	vega_plan_delete(plan);
	vega_conf_delete(conf);
}

static void
test_two_lcores(void **state)
{
	struct vega_conf *conf;
	struct vega_plan *plan =
		plan_of(PORTS2 LCORES2 "feeds:\n- {name: F, channels: [{port: 5, on: b}]}\n"
				       "- {name: default, zone: Asia/Kolkata, frame_lane: 4MiB}\n"
				       "- {name: G, lcore: 0, channels: [{port: 6}]}\n",
			&conf);
	const struct vega_net net = {.udp_port = 6};

	(void)state;
	assert_int_equal(plan->lcore_cnt, 2);
	assert_int_equal(plan->lcores[0].numa, 0);
	assert_int_equal(plan->lcores[1].numa, 1);
	assert_int_equal(plan->feed_cnt, 4);
	assert_string_equal(plan->feeds[0].name, "F");
	assert_int_equal(plan->feeds[0].lcore, 1);
	assert_string_equal(plan->feeds[0].if_name[0], "b");
	assert_string_equal(plan->feeds[1].name, "G");
	assert_int_equal(plan->feeds[1].lcore, 0);
	assert_string_equal(plan->feeds[2].name, "default.0");
	assert_string_equal(plan->feeds[3].name, "default.1");
	assert_string_equal(plan->feeds[3].zone, "Asia/Kolkata");
	assert_int_equal(plan->feeds[3].frame_lane_bytes, 4 << 20);
	assert_int_equal(plan->feeds[3].lcore, 1);
	assert_int_equal(plan->lcores[0].default_feed_idx, 2);
	assert_int_equal(plan->lcores[1].default_feed_idx, 3);
	assert_int_equal(vega_match_find(plan->match, &net, 0).feed_idx, 1);
	assert_false(plan->needs_flow_rules[0]);
	vega_plan_delete(plan);
	vega_conf_delete(conf);
}

/* Two lcores on one port: each claimed feed must be steered to its lcore's queue. */
static void
test_flow_rules(void **state)
{
	struct vega_conf *conf;
	struct vega_plan *plan = plan_of(SHARED SPLIT
		"feeds:\n- {name: F, lcore: 1, channels: [{port: 5, on: a}, {port: 6}]}\n"
		"- {name: G, lcore: 0, channels: [{port: 7}]}\n",
		&conf);

	(void)state;
	assert_true(plan->needs_flow_rules[0]);
	assert_int_equal(plan->rule_cnt, 3);
	assert_int_equal(plan->rules[0].queue, 1);
	assert_int_equal(plan->rules[0].feed_idx, 0);
	assert_int_equal(plan->rules[0].channel->udp_port, 5);
	assert_int_equal(plan->rules[1].channel->udp_port, 6);
	assert_int_equal(plan->rules[2].queue, 0);
	assert_int_equal(plan->rules[2].feed_idx, 1);
	vega_plan_delete(plan);
	vega_conf_delete(conf);
	plan = plan_of(SHARED SPLIT, &conf); /* nothing is claimed: any spread will do */
	assert_false(plan->needs_flow_rules[0]);
	vega_plan_delete(plan);
	vega_conf_delete(conf);
}

static const struct {
	const char *text;
	const char *words[3];
} refused[] = {
	{"region: x\n", {"need a port", "--port"}},
	{PORTS2 "lcores:\n- {cpu: 1, polls: [a]}\n", {"queue 0 of port b", "no lcore"}},
	{SHARED "lcores:\n- {cpu: 1, polls: [\"a:1\"]}\n", {"queue 0 of port a", "no lcore"}},
	{PORTS2 "lcores:\n- {cpu: 1, polls: [a, b]}\n- {cpu: 2, polls: [b]}\n",
		{"port b", "lcores[0]", "lcores[1]"}},
	{PORTS2 "lcores:\n- {cpu: 1, polls: [a, b, \"a:0\"]}\n", {"queue 0 of port a", "once"}},
	{PORTS2 "lcores:\n- {cpu: 1, polls: [\"a:1\", b]}\n", {"lcores[0].polls", "queue 1 of 1"}},
	{PORTS2 "lcores:\n- {cpu: 1, polls: [a]}\n- {cpu: 1, polls: [b]}\n",
		{"lcores[0].cpu", "processor 1", "twice"}},
	{PORTS2 LCORES2 "drain: {cpu: 2}\n", {"drain.cpu", "processor 2", "twice"}},
	{PORTS2 "drain: {cpu: 4}\n", {"drain.cpu", "online", "found 4"}},
	{PORTS2 "lcores:\n- {cpu: 9, polls: [a, b]}\n", {"lcores[0].cpu", "found 9"}},
	{PORTS2 "lcores:\n- {cpu: 1, numa: 2, polls: [a, b]}\n",
		{"lcores[0].numa", "NUMA node", "found 2"}},
	{PORTS2 LCORES2 "feeds:\n- {name: F, channels: [{port: 5, on: a}, {port: 5, on: b}]}\n",
		{"feed F", "one writer", "lcores[1]"}},
	{PORTS2 LCORES2 "feeds:\n- {name: F, channels: [{port: 5}]}\n",
		{"feed F", "on:", "2 lcores"}},
	{PORTS2 LCORES2 "feeds:\n- {name: F, lcore: 0, channels: [{port: 5, on: b}]}\n",
		{"feed F", "lcores[0]", "one writer"}},
	{SHARED SPLIT "feeds:\n- {name: F, channels: [{port: 5, on: a}]}\n", {"feed F", "lcore:"}},
	{PORTS2 "feeds:\n- {name: F, channels: [{port: 5}]}\n- {name: G, channels: [{port: 5}]}\n",
		{"feed F", "feed G", "claim the same"}},
	{"ports:\n- {name: a, device: d0, queues: 16}\n- {name: b, device: d1}\n",
		{"at most 16 queues", "lcores[0]"}},
	{"ports:\n- {name: a23456789012345678901234567890, device: d0, queues: 2}\n", {"28 bytes"}},
};

static void
test_refused(void **state)
{
	struct vega_host *host = host_of_four();

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(refused); i++) {
		struct vega_conf *conf = conf_of(refused[i].text);
		struct vega_plan *plan = NULL;

		if (vega_plan_ports(conf, host, &plan) != -EINVAL)
			fail_msg("not refused: %s", refused[i].text);
		assert_null(plan);
		assert_int_equal(vega_err_status(), EX_CONFIG);
		assert_int_equal(strncmp(vega_err_text(), conf->path, strlen(conf->path)), 0);
		for (int w = 0; w < 3 && refused[i].words[w] != NULL; w++)
			if (strstr(vega_err_text(), refused[i].words[w]) == NULL)
				fail_msg("need '%s', found '%s'", refused[i].words[w],
					vega_err_text());
		vega_conf_delete(conf);
	}
	free(host);
}

/* 63 feeds and `default` fit, 63 feeds and two default ones do not. */
static void
test_feed_count(void **state)
{
	static const char *const heads[] = {PORTS2 "feeds:\n", PORTS2 LCORES2 "feeds:\n"};

	(void)state;
	for (int lcores = 0; lcores < 2; lcores++) {
		char text[8192];
		struct vega_conf *conf;
		struct vega_plan *plan = NULL;
		int len = snprintf(text, sizeof(text), "%s", heads[lcores]);

		for (int i = 1; i <= 63; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len,
				"- {name: f%d, channels: [{port: %d, on: a}]}\n", i, i);
		conf = conf_of(text);
		assert_int_equal(vega_plan_ports(conf, NULL, &plan), lcores == 0 ? 0 : -EINVAL);
		if (lcores != 0)
			assert_non_null(strstr(vega_err_text(), "at most 64 feeds"));
		vega_plan_delete(plan);
		vega_conf_delete(conf);
	}
}

static void
test_idle_and_warnings(void **state)
{
	struct vega_host *host = host_of_four();
	struct vega_conf *conf = conf_of(PORTS2 "lcores:\n- {cpu: 1, numa: 1, polls: [a, b]}\n");
	struct vega_plan *plan = NULL;

	(void)state;
	assert_int_equal(vega_plan_ports(conf, host, &plan), 0);
	assert_int_equal(plan->warning_cnt, 1);
	assert_non_null(strstr(plan->warnings[0], "node 0"));
	assert_int_equal(plan->idle, VEGA_IDLE_SPIN);
	vega_plan_delete(plan);
	host->cpus[3].online = false; /* one for rx, one for the drain, one for the rest */
	assert_int_equal(vega_plan_ports(conf, host, &plan), 0);
	assert_int_equal(plan->idle, VEGA_IDLE_SPIN);
	vega_plan_delete(plan);
	host->cpus[2].online = false; /* none for the rest: nobody spins, but that is no warning */
	assert_int_equal(vega_plan_ports(conf, host, &plan), 0);
	assert_int_equal(plan->idle, VEGA_IDLE_ADAPTIVE);
	assert_int_equal(plan->warning_cnt, 1);
	vega_plan_delete(plan);
	host->cpus[0].online = false;
	assert_int_equal(vega_plan_ports(conf, host, &plan), 0);
	assert_int_equal(plan->idle, VEGA_IDLE_ADAPTIVE);
	assert_int_equal(plan->warning_cnt, 2);
	vega_plan_delete(plan);
	conf->idle = VEGA_IDLE_SPIN;
	assert_int_equal(vega_plan_ports(conf, host, &plan), 0);
	assert_int_equal(plan->idle, VEGA_IDLE_SPIN);
	assert_non_null(strstr(plan->warnings[1], "adaptive"));
	vega_plan_delete(plan);
	vega_conf_delete(conf);
	free(host);
}

static void
test_files(void **state)
{
	static const char *const names[] = {
		"one.pcap", "a_name_that_is_longer_than_thirty_one_bytes.pcap"};
	struct vega_conf *conf =
		conf_of(PORTS2 LCORES2 "drain: {cpu: 99}\n"
				       "feeds:\n- {name: F, channels: [{port: 5, line: A, on: a}, "
				       "{port: 5, line: B, on: a, vlan: 3}, "
				       "{port: 6, on: b}]}\n");
	struct vega_conf *twins = conf_of(
		PORTS2 "feeds:\n- {name: F, channels: [{port: 5, line: A, on: a}, "
		       "{port: 5, line: B, on: b}]}\n- {name: G, channels: [{port: 7, on: b}]}\n");
	struct vega_host *host = host_of_four();
	struct vega_plan *plan = NULL;
	struct vega_net net = {.udp_port = 5};

	(void)state;
	assert_int_equal(vega_plan_files(twins, host, names, 2, &plan), 0);
	assert_int_equal(vega_match_find(plan->match, &net, VEGA_CONF_ANY).line, 'A');
	net.udp_port = 7;
	assert_int_equal(vega_match_find(plan->match, &net, VEGA_CONF_ANY).feed_idx, 1);
	vega_plan_delete(plan);
	vega_conf_delete(twins);
	plan = NULL;
	assert_int_equal(vega_plan_files(conf, host, names, 2, &plan), 0);
	assert_int_equal(plan->lcore_cnt, 1);
	assert_int_equal(plan->drain_cpu, VEGA_CONF_ANY);
	assert_int_equal(plan->feeds[0].if_cnt, 2);
	assert_string_equal(plan->feeds[0].if_name[0], "one.pcap");
	assert_string_equal(plan->feeds[0].if_name[1], "a_name_that_is_longer_than_thir");
	assert_string_equal(plan->feeds[1].name, "default");
	assert_int_equal(plan->feeds[0].lcore, 0);
	assert_int_equal(plan->rule_cnt, 0);
	vega_plan_delete(plan);
	plan = NULL;
	assert_int_equal(vega_plan_files(conf, host, names, 17, &plan), -EINVAL);
	assert_int_equal(vega_plan_files(conf, host, names, 0, &plan), -EINVAL);
	assert_null(plan);
	vega_conf_delete(conf);
	free(host);
}

/* A book lane is planned for a feed whose format has orders, and for no other. */
static void
test_book_lanes(void **state)
{
	(void)state;
	for (uint32_t i = 0; vega_formats[i] != NULL; i++) {
		struct vega_conf *conf;
		char text[160];

		(void)snprintf(text, sizeof(text),
			"feeds:\n- {name: F, record_lane: 2MiB, channels: [{port: 5, format: "
			"%s}]}\n",
			vega_formats[i]->name);
		conf = conf_of(text);
		assert_int_equal(
			conf->feeds[0].book_lane_bytes, vega_formats[i]->has_orders ? 2u << 20 : 0);
		vega_conf_delete(conf);
	}
}

static void
test_built_in(void **state)
{
	static const char *const names[] = {"one.pcap"};
	struct vega_conf *conf = NULL;
	struct vega_plan *plan = NULL;

	(void)state;
	assert_int_equal(vega_conf_default(&conf), 0);
	assert_int_equal(vega_plan_files(conf, NULL, names, 1, &plan), 0);
	assert_int_equal(plan->feed_cnt, 1);
	assert_string_equal(plan->feeds[0].name, "default");
	vega_plan_delete(plan);
	assert_int_equal(vega_conf_add_port(conf, "net_null0"), 0);
	assert_int_equal(vega_plan_ports(conf, NULL, &plan), 0);
	assert_string_equal(plan->feeds[0].if_name[0], "net_null0");
	vega_plan_delete(plan);
	vega_conf_delete(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_lcore),
		cmocka_unit_test(test_two_lcores),
		cmocka_unit_test(test_flow_rules),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_feed_count),
		cmocka_unit_test(test_idle_and_warnings),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_book_lanes),
		cmocka_unit_test(test_built_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
