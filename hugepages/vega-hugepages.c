/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-hugepages: what the machine offers a capture, what a configuration needs of it, and the stages between.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

struct options {
	const char *config;
	uint64_t page_bytes; /* 0: as configured */
	uint64_t page_cnt;   /* 0: as the configuration needs */
	uint64_t node;
	struct vega_traffic traffic;
	bool json;
};

/* All that a verb works on. */
struct work {
	struct options options;
	struct vega_conf *conf;
	struct vega_layout layout;
	struct vega_provision provision;
};

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
	struct options *o = state->input;
	int rc = 0;

	switch (key) {
	case OPT_CONFIG:
		o->config = arg;
		break;
	case OPT_FRAME_BYTES:
		rc = parse_frame_bytes(arg, &o->traffic.frame_bytes);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_NODE:
		rc = vega_parse_u64("--node", arg, 0, VEGA_HOST_NODE_CNT_MAX - 1, &o->node);
		break;
	case OPT_PAGES:
		rc = vega_parse_u64("--pages", arg, 1, 1u << 30, &o->page_cnt);
		break;
	case OPT_PAGE_SIZE:
		rc = parse_page_size(arg, &o->page_bytes);
		break;
	case OPT_RATE:
		rc = vega_parse_double("--rate", arg, 0, RATE_PPS_MAX, &o->traffic.rate_pps);
		break;
	case OPT_RECORDS:
		rc = vega_parse_double("--records", arg, 1, 1000, &o->traffic.records_per_packet);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (rc != 0)
		argp_failure(state, EX_USAGE, 0, "%s", vega_err_text());
	return 0;
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

static const struct argp status_argp = {need_options, parse_option, NULL,
	"Show what is there and what is missing. Needs no privilege; exits 69 when something is "
	"missing.",
	NULL, NULL, NULL};
static const struct argp plan_argp = {plan_options, parse_option, NULL,
	"Print the memory map of a configuration, how long each lane holds the traffic, and the "
	"journal's bytes a day.",
	NULL, NULL, NULL};
static const struct argp init_argp = {need_options, parse_option, NULL,
	"Reserve hugepages and mount hugetlbfs where they are missing. Needs root; may be run "
	"again.",
	NULL, NULL, NULL};
static const struct argp fini_argp = {fini_options, parse_option, NULL,
	"Take back what init did, and no more. Needs root.", NULL, NULL, NULL};

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

static struct work *
work_new(const struct argp *argp, int argc, char **argv)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->options.traffic = (struct vega_traffic){.rate_pps = RATE_PPS_DEFAULT,
		.frame_bytes = FRAME_BYTES_DEFAULT,
		.records_per_packet = RECORDS_PER_PACKET_DEFAULT};
	(void)argp_parse(argp, argc, argv, 0, NULL, &w->options);
	w->provision.say = w->options.json ? say_aside : say;
	return w;
}

static int
work_done(struct work *w, int rc, int status)
{
	vega_conf_delete(w->conf);
	free(w);
	return rc < 0 ? vega_err_exit(PROGRAM, rc) : status;
}

static uint64_t
page_bytes_of(const struct work *w)
{
	if (w->options.page_bytes != 0)
		return w->options.page_bytes;
	return w->conf->page_bytes != 0 ? w->conf->page_bytes : PAGE_BYTES_DEFAULT;
}

/* Configuration, machine, layout, and what follows from them. */
static int
work_out(struct work *w)
{
	struct vega_layout_feed feeds[VEGA_FEED_CNT_MAX];
	struct vega_need *need = &w->provision.need;
	uint32_t feed_cnt = 0;
	int rc = w->options.config != NULL ? vega_conf_load(w->options.config, &w->conf)
					   : vega_conf_default(&w->conf);

	if (rc == 0)
		rc = vega_host_read("", &w->provision.host);
	if (rc == 0)
		rc = vega_sizing_feeds(w->conf, feeds, &feed_cnt);
	if (rc == 0)
		rc = vega_layout_make(feeds, feed_cnt, page_bytes_of(w), &w->layout);
	if (rc != 0)
		return rc;
	vega_sizing_need(w->conf, &w->provision.host, &w->layout, need);
	if (w->options.page_cnt != 0) {
		memset(need->page_cnt, 0, sizeof(need->page_cnt));
		need->page_cnt[w->options.node] = w->options.page_cnt;
	}
	return 0;
}

static int
verb_plan(int argc, char **argv)
{
	struct work *w = work_new(&plan_argp, argc, argv);
	int rc;

	if (w == NULL)
		return EX_OSERR;
	rc = work_out(w);
	if (rc == 0 && w->options.json)
		rc = vega_cli_json(vega_plan_json(
			w->conf, &w->layout, &w->provision.need, &w->options.traffic));
	else if (rc == 0)
		rc = vega_plan_print(
			stdout, w->conf, &w->layout, &w->provision.need, &w->options.traffic);
	return work_done(w, rc, EX_OK);
}

/* The worst state of all stages. */
static enum vega_stage_state
look(const struct work *w, struct vega_stage_report *reports)
{
	enum vega_stage_state worst = VEGA_STAGE_OK;

	for (size_t i = 0; vega_stages[i] != NULL; i++) {
		vega_stages[i]->check(&w->provision, &reports[i]);
		worst = reports[i].state > worst ? reports[i].state : worst;
	}
	return worst;
}

static int
show(const struct work *w, enum vega_stage_state *ret_worst)
{
	struct vega_stage_report reports[8];

	*ret_worst = look(w, reports);
	if (w->options.json)
		return vega_cli_json(vega_status_json(&w->provision, reports));
	return vega_status_print(stdout, &w->provision, reports);
}

static int
verb_status(int argc, char **argv)
{
	struct work *w = work_new(&status_argp, argc, argv);
	enum vega_stage_state worst = VEGA_STAGE_OK;
	int rc;

	if (w == NULL)
		return EX_OSERR;
	rc = work_out(w);
	if (rc == 0)
		rc = show(w, &worst);
	return work_done(w, rc, worst > VEGA_STAGE_ADVICE ? EX_UNAVAILABLE : EX_OK);
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
verb_init(int argc, char **argv)
{
	struct work *w = work_new(&init_argp, argc, argv);
	enum vega_stage_state worst;
	int rc;

	if (w == NULL)
		return EX_OSERR;
	rc = work_out(w);
	if (rc == 0)
		rc = need_root("init");
	if (rc == 0)
		rc = vega_provision_init(&w->provision, "");
	if (rc == 0)
		rc = show(w, &worst);
	return work_done(w, rc, EX_OK);
}

static int
verb_fini(int argc, char **argv)
{
	struct work *w = work_new(&fini_argp, argc, argv);
	int rc;

	if (w == NULL)
		return EX_OSERR;
	rc = need_root("fini");
	if (rc == 0)
		rc = vega_provision_fini(&w->provision, "");
	if (rc == 0 && w->options.json)
		rc = vega_cli_json(vega_machine_json(&w->provision.host));
	return work_done(w, rc, EX_OK);
}

int
main(int argc, char **argv)
{
	static const struct vega_verb verbs[] = {
		{"status", "what the machine has, and what is missing", verb_status},
		{"plan", "memory map, sizes and pages of a configuration", verb_plan},
		{"init", "reserve and mount what is missing (root)", verb_init},
		{"fini", "take back what init did (root)", verb_fini},
		{0},
	};

	vega_cli_init(PROGRAM);
	return vega_cli_verb(
		argc, argv, verbs, "Hugepages for a capture: look, plan, reserve, give back.");
}
