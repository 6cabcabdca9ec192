/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-hugepages: what the machine offers a capture, what a configuration needs of it, and the stages between.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/plan_print.h"
#include "hugepages/sizing.h"
#include "hugepages/stage.h"

#define PROGRAM                    "vega-hugepages"
#define PAGE_BYTES_DEFAULT         (2u << 20)
#define RATE_PPS_DEFAULT           1000000.0
#define FRAME_BYTES_DEFAULT        200u
#define RECORDS_PER_PACKET_DEFAULT 4.0
#define RATE_PPS_MAX               1e9

enum {
	OPT_CONFIG = 256,
	OPT_FRAME_BYTES,
	OPT_JSON,
	OPT_NODE,
	OPT_PAGES,
	OPT_PAGE_SIZE,
	OPT_RATE,
	OPT_RECORDS,
};

struct verb_options {
	const char *config;
	uint64_t page_bytes; /* 0: as configured */
	uint64_t page_cnt;   /* 0: as the configuration needs */
	uint64_t node;
	struct vega_traffic traffic;
	bool json;
};

/* All that a verb works on. */
static struct {
	struct vega_conf *conf;
	struct vega_layout layout;
	struct vega_provision provision;
} work;

static int
parse_page_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes;
	int rc = vega_parse_size("--page-size", text, &bytes);

	if (rc == 0 && bytes != 2u << 20 && bytes != 1u << 30)
		rc = VEGA_ERR(-EINVAL, "--page-size: need 2MiB or 1GiB, found '%s'", text);
	if (rc == 0)
		*ret_bytes = bytes;
	return rc;
}

static int
parse_frame_bytes(const char *text, uint32_t *ret_bytes)
{
	uint64_t value;
	int rc = vega_parse_u64("--frame-bytes", text, 1, VEGA_FRAME_BYTES_MAX, &value);

	if (rc == 0)
		*ret_bytes = (uint32_t)value;
	return rc;
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct verb_options *o = state->input;

	switch (key) {
	case OPT_CONFIG:
		o->config = arg;
		return 0;
	case OPT_FRAME_BYTES:
		return parse_frame_bytes(arg, &o->traffic.frame_bytes);
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_NODE:
		return vega_parse_u64("--node", arg, 0, VEGA_HOST_NODE_CNT_MAX - 1, &o->node);
	case OPT_PAGES:
		return vega_parse_u64("--pages", arg, 1, 1u << 30, &o->page_cnt);
	case OPT_PAGE_SIZE:
		return parse_page_size(arg, &o->page_bytes);
	case OPT_RATE:
		return vega_parse_double("--rate", arg, 0, RATE_PPS_MAX, &o->traffic.rate_pps);
	case OPT_RECORDS:
		return vega_parse_double("--records", arg, 1, 1000, &o->traffic.records_per_packet);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

#define OPTIONS_OF_A_NEED                                                                         \
	{"config", OPT_CONFIG, "FILE", 0,                                                         \
		"What the capture of this configuration needs (default: one feed `default`)", 1}, \
		{"page-size", OPT_PAGE_SIZE, "SIZE", 0,                                           \
			"2MiB or 1GiB (default: as configured, else 2MiB)", 1},                   \
	{                                                                                         \
		"json", OPT_JSON, NULL, 0, "JSON on standard output", 3                           \
	}
#define OPTIONS_OF_PAGES                                                                        \
	{"pages", OPT_PAGES, "N", 0, "N hugepages instead of what the configuration needs", 2}, \
	{                                                                                       \
		"node", OPT_NODE, "NODE", 0, "The NUMA node of --pages (default 0)", 2          \
	}

static const struct argp_option need_options[] = {OPTIONS_OF_A_NEED, OPTIONS_OF_PAGES, {0}};
static const struct argp_option plan_options[] = {
	OPTIONS_OF_A_NEED,
	{"rate", OPT_RATE, "PPS", 0, "Packets a second of each feed (default 1000000)", 2},
	{"frame-bytes", OPT_FRAME_BYTES, "N", 0, "Bytes of a typical frame (default 200)", 2},
	{"records", OPT_RECORDS, "N", 0, "Records a packet makes in a record lane (default 4)", 2},
	{0},
};
static const struct argp_option fini_options[] = {
	{"json", OPT_JSON, NULL, 0, "JSON on standard output", 0}, {0}};

/* With --json standard output belongs to the object. */
static void
say(const char *line)
{
	(void)printf("%s\n", line);
	(void)fflush(stdout);
}

static void
say_aside(const char *line)
{
	(void)fprintf(stderr, "%s\n", line);
}

static uint64_t
page_bytes_of(const struct verb_options *o)
{
	if (o->page_bytes != 0)
		return o->page_bytes;
	return work.conf->page_bytes != 0 ? work.conf->page_bytes : PAGE_BYTES_DEFAULT;
}

/* Configuration, machine, layout, and what follows from them. */
static int
work_out(const struct verb_options *o)
{
	struct vega_layout_feed feeds[VEGA_FEED_CNT_MAX];
	struct vega_provision *p = &work.provision;
	uint32_t feed_cnt = 0;
	int rc = o->config != NULL ? vega_conf_load(o->config, &work.conf)
				   : vega_conf_default(&work.conf);

	p->say = o->json ? say_aside : say;
	if (rc == 0)
		rc = vega_host_read("", &p->host);
	if (rc == 0)
		rc = vega_sizing_feeds(work.conf, feeds, &feed_cnt);
	if (rc == 0)
		rc = vega_layout_make(feeds, feed_cnt, page_bytes_of(o), &work.layout);
	if (rc != 0)
		return rc;
	vega_sizing_need(work.conf, &p->host, &work.layout, &p->need);
	if (o->page_cnt != 0) {
		memset(p->need.page_cnt, 0, sizeof(p->need.page_cnt));
		p->need.page_cnt[o->node] = o->page_cnt;
	}
	return 0;
}

static int
verb_plan(const struct verb_options *o)
{
	const struct vega_need *need = &work.provision.need;
	int rc = work_out(o);

	if (rc != 0)
		return rc;
	if (o->json)
		return vega_cli_json(vega_plan_json(work.conf, &work.layout, need, &o->traffic));
	return vega_plan_print(stdout, work.conf, &work.layout, need, &o->traffic);
}

/* Returns 0 with the worst state of all stages, or a negative errno. */
static int
show(const struct verb_options *o, enum vega_stage_state *ret_worst)
{
	struct vega_stage_report reports[8];

	*ret_worst = VEGA_STAGE_OK;
	for (size_t i = 0; vega_stages[i] != NULL; i++) {
		vega_stages[i]->check(&work.provision, &reports[i]);
		if (reports[i].state > *ret_worst)
			*ret_worst = reports[i].state;
	}
	if (o->json)
		return vega_cli_json(vega_status_json(&work.provision, reports));
	return vega_status_print(stdout, &work.provision, reports);
}

static int
verb_status(const struct verb_options *o)
{
	enum vega_stage_state worst = VEGA_STAGE_OK;
	int rc = work_out(o);

	if (rc == 0)
		rc = show(o, &worst);
	if (rc == 0 && worst > VEGA_STAGE_ADVICE)
		return EX_UNAVAILABLE;
	return rc;
}

static int
need_root(const char *verb)
{
	if (geteuid() == 0)
		return 0;
	return VEGA_ERR(-EPERM,
		"%s: need root to reserve hugepages and mount hugetlbfs, found uid %u; run it by "
		"sudo",
		verb, geteuid());
}

static int
verb_init(const struct verb_options *o)
{
	enum vega_stage_state worst;
	int rc = work_out(o);

	if (rc == 0)
		rc = need_root("init");
	if (rc == 0)
		rc = vega_provision_init(&work.provision, "");
	if (rc == 0)
		rc = show(o, &worst);
	return rc;
}

static int
verb_fini(const struct verb_options *o)
{
	int rc = need_root("fini");

	work.provision.say = o->json ? say_aside : say;
	if (rc == 0)
		rc = vega_provision_fini(&work.provision, "");
	if (rc == 0 && o->json)
		rc = vega_cli_json(vega_machine_json(&work.provision.host));
	return rc;
}

static const struct vega_verb verbs[] = {
	{"status", "what the machine has, and what is missing", need_options,
		"Show what is there and what is missing. Needs no privilege; exits 69 when "
		"something is missing.",
		verb_status},
	{"plan", "memory map, sizes and pages of a configuration", plan_options,
		"Print the memory map of a configuration, how long each lane holds the traffic, "
		"and the journal's bytes a day.",
		verb_plan},
	{"init", "reserve and mount what is missing (root)", need_options,
		"Reserve hugepages and mount hugetlbfs where they are missing. Needs root; may be "
		"run again.",
		verb_init},
	{"fini", "take back what init did (root)", fini_options,
		"Take back what init did, and no more. Needs root.", verb_fini},
	{0},
};

int
main(int argc, char **argv)
{
	static const struct vega_program program = {.name = PROGRAM,
		.doc = "Hugepages for a capture: look, plan, reserve, give back.",
		.parse = parse_option,
		.verbs = verbs};
	struct verb_options options = {.traffic = {.rate_pps = RATE_PPS_DEFAULT,
					       .frame_bytes = FRAME_BYTES_DEFAULT,
					       .records_per_packet = RECORDS_PER_PACKET_DEFAULT}};
	int status;

	vega_cli_init(PROGRAM);
	status = vega_cli_verb(argc, argv, &program, &options);
	vega_conf_delete(work.conf);
	return status;
}
