/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/zone.h"
#include "replay/pace.h"

enum key {
	KEY_OUT = 'o',
	KEY_SPEED = 's',
	KEY_FROM = 256,
	KEY_TO,
	KEY_FEED,
	KEY_START_AT,
	KEY_CLOCK,
	KEY_CPU,
	KEY_REPORT,
	KEY_JSON,
	KEY_RATE,
	KEY_MAX_GAP,
	KEY_LOOP,
	KEY_FROM_PACKET,
	KEY_TO_PACKET,
	KEY_PAUSED,
	KEY_CONFIG,
	KEY_HTML,
	KEY_NO_WARM_UP
};

static const struct argp_option options[] = {
	{"out", KEY_OUT, "[FEED=]OUTPUT", 0,
		"where to, or a feed alone: pcap:FILE, udp:IFACE[,ttl=N], "
		"dpdk:DEVARGS[,tx-queues=N] "
		"(a PCI address or net_af_packet0,iface=IFACE), region:NAME, null",
		0},
	{"speed", KEY_SPEED, "N|max", 0,
		"factor from 0.001 to 1000, or max; default 1, for pcap max", 0},
	{"from", KEY_FROM, "TIME", 0, "leave out what was received before TIME", 0},
	{"to", KEY_TO, "TIME", 0, "leave out what was received at TIME or later", 0},
	{"feed", KEY_FEED, "NAME", 0, "only this feed of the journal; may be given again", 0},
	{"start-at", KEY_START_AT, "TIME", 0, "send the first packet at this wall-clock time", 0},
	{"from-packet", KEY_FROM_PACKET, "N", 0, "begin with packet N of what is left, from 1 on",
		0},
	{"to-packet", KEY_TO_PACKET, "N", 0, "end with packet N", 0},
	{"clock", KEY_CLOCK, "receive|exchange", 0,
		"the recorded time that is kept: receive time, or the exchange's by decoding", 0},
	{"max-gap", KEY_MAX_GAP, "DURATION", 0, "make longer recorded gaps so long", 0},
	{"rate", KEY_RATE, "PPS", 0, "a fixed rate, in packets a second, instead of recorded times",
		0},
	{"loop", KEY_LOOP, "N", 0, "send everything N times", 0},
	{"paused", KEY_PAUSED, NULL, 0, "begin paused; needs a terminal", 0},
	{"config", KEY_CONFIG, "FILE", 0,
		"rewrite addresses as its section `rewrite` says; the feeds and channels of "
		"region:NAME",
		0},
	{"cpu", KEY_CPU, "N", 0, "pin the sending thread to processor N, which it keeps busy", 0},
	{"no-warm-up", KEY_NO_WARM_UP, NULL, 0,
		"send nothing to ourselves over the loopback interface before a departure", 0},
	{"report", KEY_REPORT, "FILE.json", 0,
		"write the report of intended against actual departure", 0},
	{"html", KEY_HTML, "FILE.html", 0, "write the report as a page with plots", 0},
	{"json", KEY_JSON, NULL, 0, "print the report as JSON", 0},
	{0},
};

/* OUTPUT, or FEED=OUTPUT: a feed's name has no colon. */
static int
add_out(struct vega_replay_options *o, const char *text)
{
	const size_t name_bytes = strcspn(text, ":=");
	const bool has_feed = text[name_bytes] == '=';
	struct vega_fan_out *out = &o->outs[o->out_cnt];
	const size_t used = strlen(o->out_text);

	if (o->out_cnt == VEGA_FAN_OUT_CNT_MAX)
		return VEGA_ERR(
			-EINVAL, "--out: need at most %u, found more", VEGA_FAN_OUT_CNT_MAX);
	if (name_bytes >= sizeof(out->feed))
		return VEGA_ERR(-EINVAL, "--out: need a feed's name of at most %zu bytes, found %s",
			sizeof(out->feed) - 1, text);
	if (has_feed && name_bytes == 0)
		return VEGA_ERR(-EINVAL, "--out: need a feed's name before =, found '%s'", text);
	if (has_feed)
		memcpy(out->feed, text, name_bytes);
	out->spec = has_feed ? text + name_bytes + 1 : text;
	for (uint32_t i = 0; i < o->out_cnt; i++)
		if (strcmp(o->outs[i].feed, out->feed) == 0)
			return VEGA_ERR(-EINVAL, "--out: need one output for %s, found two: %s, %s",
				has_feed ? out->feed : "all other feeds", o->outs[i].spec,
				out->spec);
	(void)snprintf(o->out_text + used, sizeof(o->out_text) - used, "%s%s",
		o->out_cnt != 0 ? " " : "", text);
	o->out_cnt++;
	return vega_tx_find(out->spec, &out->ops, &out->operand);
}

static int
add_feed(struct vega_replay_options *o, char *feed)
{
	if (o->inputs.feed_cnt == VEGA_REPLAY_FEED_CNT_MAX)
		return VEGA_ERR(
			-EINVAL, "--feed: need at most %u, found more", VEGA_REPLAY_FEED_CNT_MAX);
	o->feeds[o->inputs.feed_cnt++] = feed;
	return 0;
}

static int
parse_clock(const char *text, bool *ret_exchange)
{
	*ret_exchange = strcmp(text, "exchange") == 0;
	if (*ret_exchange || strcmp(text, "receive") == 0)
		return 0;
	return VEGA_ERR(-EINVAL, "--clock: need receive or exchange, found '%s'", text);
}

static int
parse_gap(const char *text, uint64_t *ret_ns)
{
	uint64_t ns;

	if (vega_parse_duration("--max-gap", text, &ns) != 0)
		return -EINVAL;
	if (ns == 0)
		return VEGA_ERR(-EINVAL,
			"--max-gap: need more than nothing, found '%s'; --speed "
			"max leaves no gaps",
			text);
	*ret_ns = ns;
	return 0;
}

static int
load_config(struct vega_replay_options *o, const char *path)
{
	int rc;

	vega_replay_options_free(o);
	rc = vega_conf_load(path, &o->conf);
	if (rc != 0)
		return rc;
	o->inputs.shape.rules = o->conf->rewrites;
	o->inputs.shape.rule_cnt = o->conf->rewrite_cnt;
	vega_tx_region_conf(o->conf);
	return 0;
}

static int
parse_cpu(const char *text, int *ret_cpu)
{
	uint64_t cpu;

	if (vega_parse_u64("--cpu", text, 0, 1023, &cpu) != 0)
		return -EINVAL;
	*ret_cpu = (int)cpu;
	return 0;
}

static int
parse_start_at(const char *text, uint64_t *ret_ns)
{
	const uint64_t now_ns = vega_realtime_ns();
	uint64_t ns;

	if (vega_parse_time("--start-at", text, NULL, 0, &ns) != 0)
		return -EINVAL;
	if (ns <= now_ns)
		return VEGA_ERR(
			-EINVAL, "--start-at: need a time to come, found %s, which is past", text);
	*ret_ns = ns;
	return 0;
}

static int
take_schedule_option(struct vega_replay_options *o, int key, const char *arg)
{
	struct vega_replay_conf *r = &o->replay;
	int rc;

	switch (key) {
	case KEY_RATE:
		return vega_parse_u64("--rate", arg, 1, VEGA_RATE_MAX, &r->rate_pps);
	case KEY_MAX_GAP:
		return parse_gap(arg, &r->gap_ns_max);
	case KEY_LOOP:
		return vega_parse_u64("--loop", arg, 1, UINT32_MAX, &o->lap_cnt);
	case KEY_FROM_PACKET:
		rc = vega_parse_u64("--from-packet", arg, 1, UINT64_MAX, &r->packet_first);
		r->packet_first -= rc == 0;
		return rc;
	case KEY_TO_PACKET:
		return vega_parse_u64("--to-packet", arg, 1, UINT64_MAX, &r->packet_end);
	case KEY_CONFIG:
		return load_config(o, arg);
	case KEY_NO_WARM_UP:
		r->no_warm_up = true;
		return 0;
	default:
		r->paused = true;
		return 0;
	}
}

/* Returns 0, or a negative errno with a message. */
static int
take_option(struct vega_replay_options *o, int key, char *arg)
{
	switch (key) {
	case KEY_OUT:
		return add_out(o, arg);
	case KEY_SPEED:
		o->speed = arg;
		return vega_pace_parse(arg, &o->replay.speed_millionths);
	case KEY_FROM:
		o->inputs.from = arg;
		return 0;
	case KEY_TO:
		o->inputs.to = arg;
		return 0;
	case KEY_FEED:
		return add_feed(o, arg);
	case KEY_START_AT:
		return parse_start_at(arg, &o->start_at_ns);
	case KEY_CLOCK:
		return parse_clock(arg, &o->inputs.shape.exchange_clock);
	case KEY_CPU:
		return parse_cpu(arg, &o->cpu);
	case KEY_REPORT:
		o->report_path = arg;
		return 0;
	case KEY_HTML:
		o->page_path = arg;
		return 0;
	case KEY_JSON:
		o->json = true;
		return 0;
	default:
		return take_schedule_option(o, key, arg);
	}
}

/* Carries the first failure out of argp, which knows no messages of ours. */
struct parsing {
	struct vega_replay_options *options;
	int rc;
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	struct vega_replay_options *o = parsing->options;

	switch (key) {
	case ARGP_KEY_ARGS:
		o->inputs.paths = state->argv + state->next;
		o->inputs.path_cnt = (uint32_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_ARG:
		return ARGP_ERR_UNKNOWN; /* all at once, by ARGP_KEY_ARGS */
	case KEY_OUT:
	case KEY_SPEED:
	case KEY_FROM:
	case KEY_TO:
	case KEY_FEED:
	case KEY_START_AT:
	case KEY_CLOCK:
	case KEY_CPU:
	case KEY_REPORT:
	case KEY_JSON:
	case KEY_RATE:
	case KEY_MAX_GAP:
	case KEY_LOOP:
	case KEY_FROM_PACKET:
	case KEY_TO_PACKET:
	case KEY_PAUSED:
	case KEY_CONFIG:
	case KEY_HTML:
	case KEY_NO_WARM_UP:
		parsing->rc = take_option(o, key, arg);
		return parsing->rc != 0 ? EINVAL : 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Standard input comes once. */
static int
check_laps(const struct vega_replay_options *o)
{
	for (uint32_t i = 0; o->lap_cnt > 1 && i < o->inputs.path_cnt; i++)
		if (strcmp(o->inputs.paths[i], "-") == 0)
			return VEGA_ERR(-EINVAL,
				"--loop: need files, found standard input, which cannot be read "
				"again");
	return 0;
}

static int
check_schedule(const struct vega_replay_options *o)
{
	const struct vega_replay_conf *r = &o->replay;

	if (r->rate_pps != 0 && (o->speed != NULL || r->gap_ns_max != 0))
		return VEGA_ERR(-EINVAL, "--rate: need neither --speed nor --max-gap with it, "
					 "found one; a fixed rate looks at no recorded time");
	if (r->packet_end != 0 && r->packet_end <= r->packet_first)
		return VEGA_ERR(-EINVAL,
			"--to-packet: need %llu or more, as --from-packet is, found %llu",
			(unsigned long long)r->packet_first + 1, (unsigned long long)r->packet_end);
	if (r->paused && !isatty(STDIN_FILENO))
		return VEGA_ERR(-EINVAL, "--paused: need a terminal whose keys let it go on, found "
					 "none on standard input");
	return check_laps(o);
}

/* One thing at a time, and nothing that a terminal takes for commands. */
static int
check_stdout(const struct vega_replay_options *o)
{
	if (!vega_replay_options_stdout_is_taken(o))
		return 0;
	if (o->json)
		return VEGA_ERR(-EINVAL, "need one thing on standard output, found packets and "
					 "JSON; write one to a file (--report)");
	if (isatty(STDOUT_FILENO) == 1)
		return VEGA_ERR(-EINVAL, "--out pcap:-: need a file or a pipe on standard output, "
					 "found a terminal; redirect it or give pcap:FILE");
	return 0;
}

static int
check_whole(const struct vega_replay_options *o)
{
	int rc;

	if (o->inputs.path_cnt == 0)
		return VEGA_ERR(
			-EINVAL, "need a journal or a capture file, found none; see --help");
	if (o->out_cnt == 0)
		return VEGA_ERR(-EINVAL, "need --out, found none; see --help");
	rc = check_stdout(o);
	return rc == 0 ? check_schedule(o) : rc;
}

/* At full speed there are no gaps, however long the recorded ones are. */
static int
check_gap(const struct vega_replay_conf *r, const char *speed)
{
	if (r->gap_ns_max == 0 || r->speed_millionths != 0)
		return 0;
	return VEGA_ERR(-EINVAL,
		"--max-gap: need recorded times that are kept, found full speed%s; give --speed 1",
		speed == NULL ? ", which is what pcap has if not told otherwise" : "");
}

int
vega_replay_options_parse(int argc, char **argv, struct vega_replay_options *ret_options)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "DIR|FILE...",
		.doc = "Re-emit recorded packets, a journal's or any pcap or pcapng file's, in the "
		       "order and at the times they "
		       "were received, and report how exact that was."
		       "\vTIME is RFC 3339 with up to nine decimals, whole nanoseconds since the "
		       "Unix epoch, or, for --from and "
		       "--to, HH:MM[:SS[.fraction]] of the journal's day.",
	};
	struct parsing parsing = {.options = ret_options};
	int rc;

	*ret_options = (struct vega_replay_options){.cpu = -1, .lap_cnt = 1};
	rc = argp_parse(&argp, argc, argv, 0, NULL, &parsing);
	if (parsing.rc != 0)
		return parsing.rc;
	if (rc != 0)
		return VEGA_ERR(
			-EINVAL, "need options that argp can parse, found: %s", strerror(rc));
	rc = check_whole(ret_options);
	if (rc != 0)
		return rc;
	ret_options->inputs.feeds = ret_options->feeds;
	if (ret_options->speed == NULL)
		ret_options->replay.speed_millionths = ret_options->outs[0].ops->speed_millionths;
	return check_gap(&ret_options->replay, ret_options->speed);
}

bool
vega_replay_options_stdout_is_taken(const struct vega_replay_options *o)
{
	for (uint32_t i = 0; i < o->out_cnt; i++)
		if (o->outs[i].ops == &vega_tx_pcap && strcmp(o->outs[i].operand, "-") == 0)
			return true;
	return false;
}

void
vega_replay_options_free(struct vega_replay_options *o)
{
	vega_conf_delete(o->conf);
	o->conf = NULL;
}
