/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"

static char path[] = "/tmp/vega-test-conf-XXXXXX";

static int
load_bytes(const char *text, size_t bytes, struct vega_conf **ret_conf)
{
	FILE *file = fopen(path, "wbe");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
	return vega_conf_load(path, ret_conf);
}

static int
load(const char *text, struct vega_conf **ret_conf)
{
	return load_bytes(text, strlen(text), ret_conf);
}

#define PORTS                                                                                     \
	"ports:\n- {name: nse_a, device: net_null0}\n- {name: nse_b, device: net_null1, queues: " \
	"2}\n"
#define LCORES                                                                          \
	"lcores:\n- {cpu: 3, polls: [nse_a, \"nse_b:0\"]}\n- {cpu: 4, numa: 1, polls: " \
	"[\"nse_b:1\"]}\n"
#define FEED(more)    "feeds:\n- {name: F, channels: [{port: 1}]" more "}\n"
#define CHANNEL(text) "feeds:\n- {name: F, channels: [{" text "}]}\n"

static void
test_whole(void **state)
{
	struct vega_conf *conf = NULL;
	const struct vega_conf_feed *feed;

	(void)state;
	assert_int_equal(
		load("region: lab\nmemory: shm\npage_size: 1GiB\nidle: spin\ndrain: {cpu: 2}\n"
		     "journal: {dir: /j, file_size: 1GiB, file_age: 1h, sync_interval: 250ms}\n"
		     "default_frame_lane: 2MiB\n" PORTS LCORES "feeds:\n"
		     "- name: NSE_FO\n"
		     "  zone: Asia/Kolkata\n"
		     "  day_start: 18:30\n"
		     "  record_lane: 4MiB\n"
		     "  frame_lane: 128MiB\n"
		     "  price_scale: 2\n"
		     "  lcore: 1\n"
		     "  channels:\n"
		     "  - {vlan: 10, group: 239.1.1.1, port: 17741, line: B, on: nse_b}\n"
		     "  - {vlan: untagged, group: \"ff15::1\"}\n"
		     "- {name: default, zone: Europe/London}\n",
			&conf),
		0);
	assert_string_equal(conf->region, "lab");
	assert_int_equal(conf->memory, VEGA_MEMORY_SHM);
	assert_int_equal(conf->page_bytes, 1 << 30);
	assert_int_equal(conf->idle, VEGA_IDLE_SPIN);
	assert_int_equal(conf->drain_cpu, 2);
	assert_string_equal(conf->journal_dir, "/j");
	assert_int_equal(conf->file_bytes_max, 1 << 30);
	assert_int_equal(conf->file_age_ns_max, 3600000000000);
	assert_int_equal(conf->sync_interval_ns, 250000000);
	assert_int_equal(conf->default_frame_lane_bytes, 2 << 20);
	assert_int_equal(conf->port_cnt, 2);
	assert_int_equal(conf->ports[1].queue_cnt, 2);
	assert_true(conf->ports[1].promiscuous);
	assert_int_equal(conf->lcore_cnt, 2);
	assert_int_equal(conf->lcores[0].poll_cnt, 2);
	assert_int_equal(conf->lcores[0].numa, VEGA_CONF_ANY);
	assert_int_equal(conf->lcores[0].polls[0].queue, VEGA_CONF_ANY);
	assert_int_equal(conf->lcores[0].polls[1].port_idx, 1);
	assert_int_equal(conf->lcores[0].polls[1].queue, 0);
	assert_int_equal(conf->lcores[1].numa, 1);
	assert_int_equal(conf->feed_cnt, 2);
	feed = &conf->feeds[0];
	assert_string_equal(feed->zone, "Asia/Kolkata");
	assert_int_equal(feed->day_start_s, 18 * 3600 + 30 * 60);
	assert_int_equal(feed->record_lane_bytes, 4 << 20);
	assert_int_equal(feed->frame_lane_bytes, 128 << 20);
	assert_int_equal(feed->price_scale, 2);
	assert_int_equal(feed->lcore_idx, 1);
	assert_int_equal(feed->channel_cnt, 2);
	assert_int_equal(feed->channels[0].vlan, 10);
	assert_int_equal(feed->channels[0].family, 4);
	assert_memory_equal(feed->channels[0].group, "\xEF\x01\x01\x01", 4);
	assert_int_equal(feed->channels[0].udp_port, 17741);
	assert_int_equal(feed->channels[0].line, 'B');
	assert_int_equal(feed->channels[0].port_idx, 1);
	assert_string_equal(feed->channels[0].text, "vlan 10 239.1.1.1:17741 line B on nse_b");
	assert_int_equal(feed->channels[1].vlan, 0);
	assert_int_equal(feed->channels[1].family, 6);
	assert_int_equal(feed->channels[1].udp_port, VEGA_CONF_ANY);
	assert_int_equal(feed->channels[1].line, 'A');
	assert_int_equal(feed->channels[1].port_idx, VEGA_CONF_ANY);
	assert_int_equal(conf->feeds[1].channel_cnt, 0);
	vega_conf_delete(conf);
}

static void
assert_defaults(const struct vega_conf *conf)
{
	assert_string_equal(conf->region, "vega");
	assert_int_equal(conf->memory, 0);
	assert_int_equal(conf->page_bytes, 0);
	assert_null(conf->journal_dir);
	assert_int_equal(conf->file_bytes_max, 4ull << 30);
	assert_int_equal(conf->file_age_ns_max, 0);
	assert_int_equal(conf->sync_interval_ns, 1000000000);
	assert_int_equal(conf->idle, VEGA_IDLE_AUTO);
	assert_int_equal(conf->drain_cpu, VEGA_CONF_ANY);
	assert_int_equal(conf->default_frame_lane_bytes, 64 << 20);
	assert_int_equal(conf->port_cnt + conf->lcore_cnt + conf->feed_cnt, 0);
}

static void
test_defaults(void **state)
{
	struct vega_conf *conf = NULL;

	(void)state;
	assert_int_equal(vega_conf_default(&conf), 0);
	assert_string_equal(conf->path, "");
	assert_defaults(conf);
	vega_conf_delete(conf);
	assert_int_equal(load("{}\n", &conf), 0);
	assert_string_equal(conf->path, path);
	assert_defaults(conf);
	vega_conf_delete(conf);
}

/* Each is refused with 78 and one line that holds the file's name and the given words. */
struct refused {
	const char *text;
	const char *words[3];
};

static const struct refused refused[] = {
	{"", {"empty"}},
	{"# only a comment\n", {"empty"}},
	{"- a\n", {"MAPPING"}},
	{"text", {"MAPPING"}},
	{"region: vega\nregoin: x\n", {"line 2", "'regoin'"}},
	{"ports:\n- name: a\n  device: b\n\n  devcie: c\n", {"line 5", "'devcie'"}},
	{"region: a\nregion: b\n", {"'region'", "second time"}},
	{"region: a\n---\nregion: b\n", {"second one"}},
	{"region: &a x\nmemory: *a\n", {"line 2", "alias"}},
	{"region: [a]\n", {"line 1", "STRING"}},
	{"ports: x\n", {"line 1", "SEQUENCE"}},
	{"journal:\n", {"line 1", "MAPPING"}},
	{"region: \"a\n", {"found: "}},
	{"\tregion: a\n", {"found: "}},
	{"region:\n", {"region", "''"}},
	{"region: a/b\n", {"region", "'a/b'"}},
	{"region: .a\n", {"region", "'.a'"}},
	{"region: abcdefghijklmnopqrstuvwxyz123456\n", {"region", "1 to 31"}},
	{"memory: hugepages\n", {"memory", "auto, huge, shm", "'hugepages'"}},
	{"page_size: 4KiB\n", {"page_size", "auto, 2MiB, 1GiB"}},
	{"idle: sleep\n", {"idle", "'sleep'"}},
	{"drain: {cpu: -1}\n", {"drain.cpu", "'-1'"}},
	{"drain: {cpu: 01x}\n", {"drain.cpu", "'01x'"}},
	{"default_frame_lane: 64\n", {"default_frame_lane", "'64'"}},
	{"default_frame_lane: 64MB\n", {"default_frame_lane", "'64MB'"}},
	{"default_frame_lane: 96MiB\n", {"default_frame_lane", "power of two"}},
	{"default_frame_lane: 128GiB\n", {"default_frame_lane", "64.00 GiB"}},
	{"journal: {file_size: 1MiB}\n", {"journal.file_size", "'1MiB'"}},
	{"journal: {file_age: 10}\n", {"journal.file_age", "'10'"}},
	{"journal: {file_age: 10ms}\n", {"journal.file_age", "'10ms'"}},
	{"journal: {sync_interval: 0s}\n", {"journal.sync_interval", "'0s'"}},
	{"ports:\n- {device: x}\n", {"ports[0].name", "found none"}},
	{"ports:\n- {name: x}\n", {"ports[0].device", "found none"}},
	{"ports:\n- {name: x, device: \"\"}\n", {"ports[0].device", "found none"}},
	{"ports:\n- {name: x, device: y}\n- {name: x, device: z}\n",
		{"ports[1].name", "'x' twice"}},
	{"ports:\n- {name: x, device: y}\n- {name: w, device: y}\n",
		{"ports[1].device", "'y' twice"}},
	{"ports:\n- {name: x, device: y, queues: 0}\n", {"ports[0].queues", "1 to 16"}},
	{"ports:\n- {name: x, device: y, queues: 17}\n", {"ports[0].queues", "1 to 16"}},
	{"ports:\n- {name: x, device: y, mtu: 67}\n", {"ports[0].mtu", "device", "'67'"}},
	{"ports:\n- {name: x, device: y, rx_descriptors: 4k}\n",
		{"ports[0].rx_descriptors", "'4k'"}},
	{"ports:\n- {name: x, device: y, mbufs: 7}\n", {"ports[0].mbufs", "'7'"}},
	{"ports:\n- {name: x, device: y, promiscuous: on}\n", {"ports[0].promiscuous", "'on'"}},
	{PORTS "lcores:\n- {polls: [nse_a]}\n", {"lcores[0].cpu", "found none"}},
	{PORTS "lcores:\n- {cpu: 1}\n", {"lcores[0].polls", "found none"}},
	{PORTS "lcores:\n- {cpu: 1024, polls: [nse_a]}\n", {"lcores[0].cpu", "1023"}},
	{PORTS "lcores:\n- {cpu: 1, numa: x, polls: [nse_a]}\n", {"lcores[0].numa", "'x'"}},
	{PORTS "lcores:\n- {cpu: 1, polls: [nse_c]}\n", {"lcores[0].polls", "'nse_c'"}},
	{PORTS "lcores:\n- {cpu: 1, polls: [\"nse_a:\"]}\n", {"lcores[0].polls", "''"}},
	{PORTS "lcores:\n- {cpu: 1, polls: [\"nse_a:16\"]}\n", {"lcores[0].polls", "'16'"}},
	{"feeds:\n- {channels: [{port: 1}]}\n", {"feeds[0].name", "found none"}},
	{"feeds:\n- {name: F}\n", {"feeds[0].channels", "at least one"}},
	{"feeds:\n- {name: default, channels: [{port: 1}]}\n", {"feeds[0].channels", "`default`"}},
	{"feeds:\n- {name: default.1, channels: [{port: 1}]}\n", {"feeds[0].name", "'default.1'"}},
	{"feeds:\n- {name: default}\n- {name: default}\n", {"feeds[1].name", "'default' twice"}},
	{FEED(", zone: Asia/Bombay"), {"feeds[0]", "zone", "'Asia/Bombay'"}},
	{FEED(", day_start: 24:00"), {"feeds[0].day_start", "'24:00'"}},
	{FEED(", day_start: 9:15"), {"feeds[0].day_start", "'9:15'"}},
	{FEED(", day_start: 09:15:00"), {"feeds[0].day_start", "'09:15:00'"}},
	{FEED(", record_lane: 3MiB"), {"feeds[0].record_lane", "multiple of 2MiB", "'3MiB'"}},
	{FEED(", frame_lane: 1MiB"), {"feeds[0].frame_lane", "'1MiB'"}},
	{FEED(", frame_lane: 3MiB"), {"feeds[0].frame_lane", "power of two"}},
	{FEED(", price_scale: 19"), {"feeds[0].price_scale", "'19'"}},
	{FEED(", lcore: 0"), {"feeds[0].lcore", "no lcores"}},
	{PORTS LCORES FEED(", lcore: 2"), {"feeds[0].lcore", "'2'"}},
	{PORTS LCORES "feeds:\n- {name: default, lcore: 1}\n", {"feeds[0].lcore", "default feed"}},
	{CHANNEL("vlan: 4095"), {"feeds[0].channels[0].vlan", "'4095'"}},
	{CHANNEL("vlan: 0"), {"feeds[0].channels[0].vlan", "'0'"}},
	{CHANNEL("group: 239.1.1"), {"feeds[0].channels[0].group", "'239.1.1'"}},
	{CHANNEL("group: 239.1.1.256"), {"feeds[0].channels[0].group"}},
	{CHANNEL("group: \"ff15::1::2\""), {"feeds[0].channels[0].group"}},
	{CHANNEL("port: 0"), {"feeds[0].channels[0].port", "'0'"}},
	{CHANNEL("port: 65536"), {"feeds[0].channels[0].port", "'65536'"}},
	{CHANNEL("line: C"), {"feeds[0].channels[0].line", "A, B", "'C'"}},
	{CHANNEL("on: nse_c"), {"feeds[0].channels[0].on", "'nse_c'"}},
};

static void
assert_refused(int rc, const char *const *words, size_t word_cnt)
{
	assert_int_equal(rc, -EINVAL);
	assert_int_equal(vega_err_status(), EX_CONFIG);
	assert_int_equal(strncmp(vega_err_text(), path, strlen(path)), 0);
	assert_null(strchr(vega_err_text(), '\n'));
	for (size_t w = 0; w < word_cnt && words[w] != NULL; w++)
		if (strstr(vega_err_text(), words[w]) == NULL)
			fail_msg("need '%s', found '%s'", words[w], vega_err_text());
}

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(refused); i++) {
		struct vega_conf *conf = NULL;
		const int rc = load(refused[i].text, &conf);

		if (rc == 0)
			fail_msg("not refused: %s", refused[i].text);
		assert_null(conf);
		assert_refused(rc, refused[i].words, VEGA_ARRAY_CNT(refused[i].words));
	}
}

/* Print an entry cnt times between a head and a tail, and load that. */
static int
load_many(const char *head, const char *entry, unsigned cnt, const char *tail)
{
	struct vega_conf *conf = NULL;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int rc;

	assert_non_null(out);
	(void)fputs(head, out);
	for (unsigned i = 0; i < cnt; i++) {
		for (const char *p = entry; *p != '\0'; p++)
			if (*p == '#')
				(void)fprintf(out, "%u", i);
			else
				(void)fputc(*p, out);
	}
	(void)fputs(tail, out);
	assert_int_equal(fclose(out), 0);
	rc = load_bytes(text, bytes, &conf);
	free(text);
	if (rc == 0)
		vega_conf_delete(conf);
	return rc;
}

static void
test_too_many(void **state)
{
	static const struct {
		const char *head, *entry, *tail, *what;
		unsigned max;
	} lists[] = {
		{"ports:\n", "- {name: p#, device: d#}\n", "", "ports: need at most 32", 32},
		{"ports: [{name: p, device: d}]\nlcores:\n", "- {cpu: #, polls: [p]}\n", "",
			"lcores: need at most 32", 32},
		{"ports: [{name: p, device: d, queues: 16}]\nlcores:\n- cpu: 1\n  polls:\n",
			"  - \"p:1\"\n", "", "lcores[0].polls: need at most 16", 16},
		{"feeds:\n", "- {name: f#, channels: [{port: 1}]}\n", "", "feeds: need at most 64",
			64},
		{"feeds:\n- name: f\n  channels:\n", "  - {port: 1}\n", "",
			"feeds[0].channels: need at most 256", 256},
	};

	(void)state;
	for (size_t i = 0; i < VEGA_ARRAY_CNT(lists); i++) {
		assert_int_equal(
			load_many(lists[i].head, lists[i].entry, lists[i].max, lists[i].tail), 0);
		assert_refused(
			load_many(lists[i].head, lists[i].entry, lists[i].max + 1, lists[i].tail),
			&lists[i].what, 1);
	}
	assert_int_equal(load_many("region: a\n", "# padding\n", 200000, ""), -EINVAL);
	assert_non_null(strstr(vega_err_text(), "1 MiB"));
}

static void
test_files(void **state)
{
	struct vega_conf *conf = NULL;
	const char *binary = "binary data";

	(void)state;
	assert_int_equal(vega_conf_load("/nonexistent/vega.yaml", &conf), -ENOENT);
	assert_int_equal(vega_err_status(), EX_NOINPUT);
	assert_non_null(strstr(vega_err_text(), "/nonexistent/vega.yaml"));
	assert_int_equal(vega_conf_load("/tmp", &conf), -EINVAL);
	assert_int_equal(vega_err_status(), EX_CONFIG);
	assert_refused(load_bytes("region: a\0b\n", 12, &conf), &binary, 1);
	assert_null(conf);
}

/* Any prefix of a good file is good or refused, never more. */
static void
test_every_truncation(void **state)
{
	static const char text[] =
		"region: lab\njournal: {dir: /j}\n" PORTS LCORES FEED(", zone: Asia/Kolkata");

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct vega_conf *conf = NULL;

		if (load_bytes(text, n, &conf) == 0)
			vega_conf_delete(conf);
		else
			assert_null(conf);
	}
}

static void
test_add_port(void **state)
{
	struct vega_conf *conf = NULL;

	(void)state;
	assert_int_equal(vega_conf_default(&conf), 0);
	assert_int_equal(vega_conf_add_port(conf, "net_af_packet0,iface=eth1"), 0);
	assert_int_equal(vega_conf_add_port(conf, "0000:3b:00.0"), 0);
	assert_int_equal(conf->port_cnt, 2);
	assert_string_equal(conf->ports[0].name, "net_af_packet0");
	assert_string_equal(conf->ports[0].device, "net_af_packet0,iface=eth1");
	assert_int_equal(conf->ports[0].queue_cnt, 1);
	assert_int_equal(conf->ports[0].rx_desc_cnt, 4096);
	assert_string_equal(conf->ports[1].name, "0000_3b_00.0");
	assert_int_equal(vega_conf_add_port(conf, "0000:3b:00.0"), -EINVAL);
	assert_int_equal(vega_err_status(), EX_USAGE);
	assert_int_equal(vega_conf_add_port(conf, ""), -EINVAL);
	assert_int_equal(vega_conf_add_port(conf, ",x"), -EINVAL);
	while (conf->port_cnt < VEGA_PORT_CNT_MAX) {
		char name[32];

		(void)snprintf(name, sizeof(name), "net_null%u", conf->port_cnt);
		assert_int_equal(vega_conf_add_port(conf, name), 0);
	}
	assert_int_equal(vega_conf_add_port(conf, "net_null99"), -EINVAL);
	vega_conf_delete(conf);
}

static char *
print(int (*printer)(FILE *out))
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	assert_int_equal(printer(out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The sample file is what the schema prints, and it loads. */
static void
test_sample(void **state)
{
	const char *root = getenv("VEGA_SOURCE_ROOT");
	struct vega_conf *conf = NULL;
	char *text = print(vega_conf_print_sample);
	char *found = calloc(1, strlen(text) + 2);
	char name[512];
	FILE *file;

	(void)state;
	assert_int_equal(load(text, &conf), 0);
	assert_int_equal(conf->port_cnt, 2);
	assert_int_equal(conf->feeds[0].channel_cnt, 2);
	vega_conf_delete(conf);
	(void)snprintf(name, sizeof(name), "%s/docs/examples/vega.yaml", root != NULL ? root : ".");
	file = fopen(name, "re");
	if (file == NULL)
		fail_msg("need %s; print it with `conf_doc sample`", name);
	assert_non_null(found);
	(void)fread(found, 1, strlen(text) + 1, file);
	(void)fclose(file);
	if (strcmp(found, text) != 0)
		fail_msg("%s is not what the schema says; print it with `conf_doc sample`", name);
	free(found);
	free(text);
}

static void
test_keys(void **state)
{
	char *text = print(vega_conf_print_keys);

	(void)state;
	assert_non_null(strstr(text, ".B feeds[].channels[].group\n"));
	assert_non_null(strstr(text, ".B journal.file_size\n"));
	assert_non_null(strstr(text, "default 4GiB\n"));
	free(text);
}

static int
make_path(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd >= 0 ? close(fd) : -1;
}

static int
remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_add_port),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
