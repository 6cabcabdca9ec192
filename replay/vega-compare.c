/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-compare: an original against a capture of its replay.
 */
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "replay/compare.h"
#include "replay/pace.h"
#include "replay/page.h"
#include "replay/stream.h"
#include "replay/targets.h"

#define PROGRAM      "vega-compare"
#define FEED_CNT_MAX 64u

struct side {
	struct vega_inputs_conf conf;
	struct vega_inputs inputs;
	struct vega_stream stream;
};

struct session {
	struct side original;
	struct side captured;
	struct vega_compare compare;
	uint64_t speed_millionths;
	bool json;
	const char *page_path;
	char *feeds[FEED_CNT_MAX];
};

enum key {
	KEY_SPEED = 's',
	KEY_FROM = 256,
	KEY_TO,
	KEY_FEED,
	KEY_HTML,
	KEY_JSON
};

static const struct argp_option options[] = {
	{"speed", KEY_SPEED, "N", 0, "the replay's factor; default 1", 0},
	{"from", KEY_FROM, "TIME", 0, "leave out of ORIGINAL what was received before TIME", 0},
	{"to", KEY_TO, "TIME", 0, "leave out of ORIGINAL what was received at TIME or later", 0},
	{"feed", KEY_FEED, "NAME", 0, "only this feed of ORIGINAL; may be given again", 0},
	{"html", KEY_HTML, "FILE.html", 0, "write a page with plots", 0},
	{"json", KEY_JSON, NULL, 0, "print JSON", 0},
	{0},
};

static int
add_feed(struct session *s, char *feed)
{
	if (s->original.conf.feed_cnt == FEED_CNT_MAX)
		return VEGA_ERR(-EINVAL, "--feed: need at most %u, found more", FEED_CNT_MAX);
	s->feeds[s->original.conf.feed_cnt++] = feed;
	return 0;
}

static int
parse_speed(struct session *s, const char *text)
{
	int rc = vega_pace_parse(text, &s->speed_millionths);

	if (rc == 0 && s->speed_millionths == 0)
		rc = VEGA_ERR(-EINVAL,
			"--speed: need a factor from 0.001 to 1000, found max, at which nothing is "
			"due at any time; leave --speed out and look at the counts");
	return rc;
}

static int
take_operands(struct session *s, char **operands, int operand_cnt)
{
	if (operand_cnt != 2)
		return VEGA_ERR(
			-EINVAL, "need ORIGINAL and CAPTURED, found %d; see --help", operand_cnt);
	if (strcmp(operands[0], "-") == 0 && strcmp(operands[1], "-") == 0)
		return VEGA_ERR(-EINVAL, "need standard input (-) once, found it twice");
	s->original.conf.paths = operands;
	s->original.conf.path_cnt = 1;
	s->captured.conf.paths = operands + 1;
	s->captured.conf.path_cnt = 1;
	return 0;
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct session *s = state->input;
	int rc = 0;

	switch (key) {
	case KEY_SPEED:
		rc = parse_speed(s, arg);
		break;
	case KEY_FROM:
		s->original.conf.from = arg;
		break;
	case KEY_TO:
		s->original.conf.to = arg;
		break;
	case KEY_FEED:
		rc = add_feed(s, arg);
		break;
	case KEY_HTML:
		s->page_path = arg;
		break;
	case KEY_JSON:
		s->json = true;
		break;
	case ARGP_KEY_ARGS:
		rc = take_operands(s, state->argv + state->next, state->argc - (int)state->next);
		break;
	case ARGP_KEY_NO_ARGS:
		rc = take_operands(s, NULL, 0);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return rc;
}

static int
parse(int argc, char **argv, struct session *s)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "ORIGINAL CAPTURED",
		.doc = "Compare a recording, a journal or any pcap or pcapng file, with a capture "
		       "of its replay: packets missing, doubled, foreign, reordered, and the "
		       "errors of their times."
		       "\vTIME is RFC 3339 with up to nine decimals, whole nanoseconds since the "
		       "Unix epoch, or HH:MM[:SS[.fraction]] of the journal's day.",
	};
	int rc;

	s->speed_millionths = VEGA_SPEED_UNIT;
	rc = vega_cli_parse(&argp, argc, argv, s);
	s->original.conf.feeds = s->feeds;
	return rc;
}

/* The original is read ahead of the capture, as far as the window goes. */
static void
fill_window(struct session *s)
{
	const struct vega_frame *frame;

	while (vega_compare_wants(&s->compare) &&
		vega_stream_next(&s->original.stream, &frame) == 1)
		vega_compare_original(&s->compare, vega_compare_key(frame), frame->recv_ns);
}

static void
compare(struct session *s)
{
	const struct vega_frame *frame;

	vega_stream_begin(&s->original.stream, &s->original.inputs);
	vega_stream_begin(&s->captured.stream, &s->captured.inputs);
	fill_window(s);
	while (vega_stream_next(&s->captured.stream, &frame) == 1) {
		vega_compare_captured(&s->compare, vega_compare_key(frame), frame->recv_ns);
		fill_window(s);
	}
	while (s->compare.base < s->compare.end) { /* the capture ended before the original */
		vega_compare_finish(&s->compare);
		fill_window(s);
	}
}

static const struct {
	const char *name;
	uint32_t permille;
} quantiles[] = {{"p50", 500}, {"p99", 990}, {"max", 1000}};

static int
add_errors(json_t *json, const char *what, const struct vega_histogram *error)
{
	int bad = 0;

	for (size_t i = 0; i < VEGA_ARRAY_CNT(quantiles); i++) {
		const uint64_t ns = vega_histogram_quantile(error, quantiles[i].permille);
		char key[64];

		(void)snprintf(key, sizeof(key), "%s_error_ns_%s", what, quantiles[i].name);
		bad |= json_object_set_new(
			json, key, error->cnt != 0 ? json_integer(vega_json_int(ns)) : json_null());
	}
	return bad;
}

static json_t *
make_json(const struct session *s)
{
	const struct vega_compare *c = &s->compare;
	const bool timed = c->time_error.cnt != 0;
	json_t *json = json_object();
	int bad = 0;

#define ADD(name)                   \
	bad |= json_object_set_new( \
		json, "packets_" #name, json_integer(vega_json_int(c->counts.name)))
	ADD(original);
	ADD(captured);
	ADD(matched);
	ADD(missing);
	ADD(doubled);
	ADD(foreign);
	ADD(reordered);
#undef ADD
	bad |= json_object_set_new(
		json, "speed", json_real((double)s->speed_millionths / VEGA_SPEED_UNIT));
	bad |= add_errors(json, "time", &c->time_error);
	bad |= add_errors(json, "gap", &c->gap_error);
	bad |= json_object_set_new(json, "time_error_ns_earliest",
		timed ? json_integer(c->time_error_ns_min) : json_null());
	bad |= json_object_set_new(json, "time_error_ns_latest",
		timed ? json_integer(c->time_error_ns_max) : json_null());
	bad |= json_object_set_new(
		json, "drift_ns", timed ? json_integer(c->drift_ns) : json_null());
	if (bad != 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static void
print_errors(const char *what, const struct vega_histogram *error)
{
	(void)printf("%s: p50 %llu ns, p99 %llu ns, max %llu ns\n", what,
		(unsigned long long)vega_histogram_quantile(error, 500),
		(unsigned long long)vega_histogram_quantile(error, 990),
		(unsigned long long)error->max);
}

static void
print_summary(const struct session *s)
{
	const struct vega_compare *c = &s->compare;

	(void)printf("%llu packets original, %llu captured: %llu matched, %llu missing, %llu "
		     "doubled, %llu foreign, %llu reordered\n",
		(unsigned long long)c->counts.original, (unsigned long long)c->counts.captured,
		(unsigned long long)c->counts.matched, (unsigned long long)c->counts.missing,
		(unsigned long long)c->counts.doubled, (unsigned long long)c->counts.foreign,
		(unsigned long long)c->counts.reordered);
	if (c->time_error.cnt == 0)
		return;
	print_errors("error of the time since the first", &c->time_error);
	print_errors("error of the gap before each", &c->gap_error);
	(void)printf("earliest %lld ns, latest %lld ns, drift %lld ns\n",
		(long long)c->time_error_ns_min, (long long)c->time_error_ns_max,
		(long long)c->drift_ns);
}

static int
write_page(const struct session *s, const json_t *figures)
{
	const struct vega_page page = {
		.has_due = s->compare.time_error.cnt != 0,
		.title = "VEGA compare",
		.due_name = "original",
		.sent_name = "captured",
		.figures = figures,
		.timeline = &s->compare.timeline,
		.error = &s->compare.time_error,
	};

	return s->page_path != NULL ? vega_page_write(&page, s->page_path) : 0;
}

static int
tell(const struct session *s)
{
	json_t *json = make_json(s);
	int rc;

	if (json == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the figures, found none");
	rc = write_page(s, json);
	if (rc == 0 && s->json)
		return vega_cli_json(json);
	json_decref(json);
	if (rc == 0)
		print_summary(s);
	return rc;
}

/* Figures of a damaged file are told, and so is the damage. */
static int
verdict(const struct session *s)
{
	int rc = vega_inputs_verdict(&s->original.inputs);

	if (rc == 0)
		rc = vega_inputs_verdict(&s->captured.inputs);
	if (rc == 0 && s->compare.counts.matched == 0)
		rc = VEGA_ERR(-EBADMSG,
			"%s: need packets of %s, found none; is it a capture of its replay?",
			s->captured.conf.paths[0], s->original.conf.paths[0]);
	return rc;
}

/* The page replaces neither of the two. */
static int
check_page(const struct session *s)
{
	const struct vega_target page = {"--html", s->page_path};
	int rc = vega_targets_check(&page, 1, &s->original.conf, &s->original.inputs);

	return rc == 0 ? vega_targets_check(&page, 1, &s->captured.conf, &s->captured.inputs) : rc;
}

static int
run(struct session *s)
{
	int rc = check_page(s);

	if (rc == 0)
		rc = vega_compare_open(&s->compare, s->speed_millionths, VEGA_COMPARE_WINDOW_CNT);
	if (rc != 0)
		return rc;
	compare(s);
	rc = tell(s);
	if (rc == 0)
		rc = verdict(s);
	vega_compare_close(&s->compare);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct session session; /* large: heads and histograms */
	struct session *s = &session;
	int rc;

	vega_cli_init(PROGRAM);
	rc = parse(argc, argv, s);
	if (rc == 0)
		rc = vega_inputs_open(&s->original.conf, &s->original.inputs);
	if (rc == 0)
		rc = vega_inputs_open(&s->captured.conf, &s->captured.inputs);
	if (rc == 0)
		rc = run(s);
	vega_inputs_close(&s->captured.inputs);
	vega_inputs_close(&s->original.inputs);
	return rc == 0 ? EX_OK : vega_err_exit(PROGRAM, rc);
}
