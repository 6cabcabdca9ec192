/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-gen: a deterministic synthetic exchange session as a pcap file, and the truth about it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/path.h"
#include "hugepages/base/pcapout.h"
#include "hugepages/base/zone.h"
#include "replay/gen_out.h"
#include "replay/gen_session.h"
#include "replay/gen_truth.h"

#define PROGRAM           "vega-gen"
#define LINKTYPE_ETHERNET 1u
#define PACKET_CNT_MAX    1000000000000ull
#define LOOK_CNT          (1u << 16) /* packets between two looks at the clock and at signals */
#define PROGRESS_NS       2000000000ull

enum {
	OPT_AB = 256,
	OPT_BURST,
	OPT_DUPLICATES,
	OPT_FEED,
	OPT_HEARTBEAT,
	OPT_JSON,
	OPT_LOSS,
	OPT_PACKETS,
	OPT_RATE,
	OPT_REORDER,
	OPT_SEED,
	OPT_SEGMENT,
	OPT_START,
	OPT_STREAMS,
	OPT_TRUTH,
};

static const struct argp_option options[] = {
	{"feed", OPT_FEED, "FEED", 0, "The feed to imitate: iex, itch, nse-mtbt or nse-nnf", 1},
	{"segment", OPT_SEGMENT, "NAME", 0, "Its market segment; the first one if not given", 1},
	{"streams", OPT_STREAMS, "N", 0, "Streams, each with its own group and port (default 3)",
		1},
	{"seed", OPT_SEED, "N", 0, "The same seed gives the same bytes on any machine (default 1)",
		1},
	{"packets", OPT_PACKETS, "N", 0, "Packets in the file, exactly, of both lines together", 2},
	{"rate", OPT_RATE, "PPS", 0, "Mean packets a second of both lines together (default 10000)",
		2},
	{"burst", OPT_BURST, "N", 0,
		"Send N datagrams back to back, then pause; the mean rate stays", 2},
	{"start", OPT_START, "TIME", 0,
		"Time of the first datagram (default: on 2025-05-28, when the feed's market opens)",
		2},
	{"heartbeat", OPT_HEARTBEAT, "DURATION", 0,
		"A stream idle for so long sends a heartbeat; 0s: none (default 5s)", 2},
	{"ab", OPT_AB, NULL, 0, "Lines A and B: B is a copy, tens of microseconds later", 3},
	{"loss", OPT_LOSS, "P", 0,
		"Each line loses this share of its packets, such as 0.001 or 0.1%", 3},
	{"duplicates", OPT_DUPLICATES, "P", 0, "This share of packets comes twice", 3},
	{"reorder", OPT_REORDER, "P", 0,
		"This share of packets comes after the next one of its stream", 3},
	{"output", 'o', "FILE", 0, "Write the pcap file here; - is standard output", 4},
	{"truth", OPT_TRUTH, "FILE", 0, "Write what is in it, and what was lost, as JSON", 4},
	{"json", OPT_JSON, NULL, 0, "Print the truth instead of a line for people", 4},
	{0},
};

static const char doc[] =
	"Write a synthetic exchange session as a pcap file with nanosecond times, for "
	"laboratories, demos and load."
	"\vExamples:\n"
	"  vega-gen --feed nse-mtbt --seed 1 --packets 100000 --ab -o session.pcap\n"
	"  vega-gen --feed nse-mtbt --packets 1000000 --rate 2000000 --ab --loss 0.1% \\\n"
	"           --truth session.json -o session.pcap\n"
	"  vega-gen --feed nse-mtbt --packets 9 --rate 1 -o - | tcpdump -nr -\n";

struct args {
	struct vega_gen_config config;
	const char *segment;
	const char *start; /* NULL: when the market opens */
	const char *output;
	const char *truth;
	bool json;
};

/* Set once by the handler, read now and then by the loop; nothing else depends on it. */
static uint64_t stop_signal;

static void
on_signal(int signal_number)
{
	vega_store_relaxed(&stop_signal, (uint64_t)signal_number);
}

/* "0.001", "1", "0.1%" in billionths; all in whole numbers. */
static int
parse_share(const char *what, const char *text, uint32_t *ret_ppb)
{
	const char *p = text;
	uint64_t ppb = 0;
	uint64_t unit = VEGA_PRNG_ONE_PPB;

	for (; *p >= '0' && *p <= '9' && ppb <= 100ull * VEGA_PRNG_ONE_PPB; p++)
		ppb = ppb * 10 + (uint64_t)(*p - '0') * VEGA_PRNG_ONE_PPB;
	if (p != text && *p == '.')
		for (p++; *p >= '0' && *p <= '9' && unit >= 10; p++)
			ppb += (uint64_t)(*p - '0') * (unit /= 10);
	if (p != text && strcmp(p, "%") == 0) {
		ppb /= 100;
		p++;
	}
	if (p == text || *p != '\0' || ppb > VEGA_PRNG_ONE_PPB)
		return VEGA_ERR(-EINVAL,
			"%s: need a share such as 0.001 or 0.1%%, at most 1, found '%s'", what,
			text);
	*ret_ppb = (uint32_t)ppb;
	return 0;
}

static int
parse_u32(const char *what, const char *text, uint32_t max, uint32_t *ret_value)
{
	uint64_t value;
	int rc = vega_parse_u64(what, text, 1, max, &value);

	if (rc == 0)
		*ret_value = (uint32_t)value;
	return rc;
}

static int
parse_feed(const char *text, const struct vega_gen_feed **ret_feed)
{
	char names[128];

	*ret_feed = vega_gen_feed_find(text);
	if (*ret_feed == NULL)
		return VEGA_ERR(-EINVAL,
			"--feed: need a feed that is known, found '%s'; there is: %s", text,
			vega_gen_feed_names(names));
	return 0;
}

static int
parse_option(int key, char *arg, struct args *args)
{
	struct vega_gen_config *c = &args->config;

	switch (key) {
	case OPT_FEED:
		return parse_feed(arg, &c->feed);
	case OPT_STREAMS:
		return parse_u32("--streams", arg, VEGA_GEN_STREAM_CNT_MAX, &c->stream_cnt);
	case OPT_SEED:
		return vega_parse_u64("--seed", arg, 0, INT64_MAX, &c->seed);
	case OPT_PACKETS:
		return vega_parse_u64("--packets", arg, 1, PACKET_CNT_MAX, &c->packet_cnt);
	case OPT_RATE:
		return vega_parse_u64("--rate", arg, 1, VEGA_GEN_RATE_PPS_MAX, &c->rate_pps);
	case OPT_BURST:
		return parse_u32("--burst", arg, VEGA_GEN_BURST_CNT_MAX, &c->burst_cnt);
	case OPT_START:
		args->start = arg;
		return 0;
	case OPT_HEARTBEAT:
		return vega_parse_duration("--heartbeat", arg, &c->heartbeat_ns);
	case OPT_LOSS:
		return parse_share("--loss", arg, &c->loss_ppb);
	case OPT_DUPLICATES:
		return parse_share("--duplicates", arg, &c->duplicate_ppb);
	case OPT_REORDER:
		return parse_share("--reorder", arg, &c->reorder_ppb);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case OPT_AB:
		args->config.ab = true;
		return 0;
	case OPT_JSON:
		args->json = true;
		return 0;
	case OPT_SEGMENT:
		args->segment = arg;
		return 0;
	case OPT_TRUTH:
		args->truth = arg;
		return 0;
	case 'o':
		args->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		return VEGA_ERR(
			-EINVAL, "need options only, found '%s'; try `%s --help`", arg, PROGRAM);
	default:
		return parse_option(key, arg, args);
	}
}

/* What no single option can know. */
static int
check_args(struct args *args)
{
	struct vega_gen_config *c = &args->config;
	bool to_stdout;
	char names[128];

	if (c->feed == NULL)
		return VEGA_ERR(-EINVAL, "need --feed, found none; there is: %s",
			vega_gen_feed_names(names));
	if (c->packet_cnt == 0)
		return VEGA_ERR(-EINVAL, "need --packets, found none; give how many to write");
	if (args->output == NULL)
		return VEGA_ERR(-EINVAL, "need -o FILE, found none; - is standard output");
	to_stdout = strcmp(args->output, "-") == 0;
	if (to_stdout && (args->json || (args->truth != NULL && strcmp(args->truth, "-") == 0)))
		return VEGA_ERR(-EINVAL, "need one thing on standard output, found packets and "
					 "JSON; write one to a file");
	if (to_stdout && isatty(STDOUT_FILENO) == 1)
		return VEGA_ERR(-EINVAL, "need a file or a pipe on standard output, found a "
					 "terminal; redirect it or give -o FILE");
	if (args->truth != NULL && vega_path_is_one_file(args->output, args->truth))
		return VEGA_ERR(-EINVAL,
			"need two files, found one for -o and --truth: '%s' and '%s'", args->output,
			args->truth);
	c->segment = args->segment != NULL ? vega_gen_segment_find(c->feed, args->segment)
					   : &c->feed->segments[0];
	if (c->segment == NULL)
		return VEGA_ERR(-EINVAL,
			"--segment: need a segment of %s, found '%s'; there is: %s", c->feed->name,
			args->segment, vega_gen_segment_names(c->feed, names));
	return vega_parse_time("--start", args->start != NULL ? args->start : c->feed->start, NULL,
		0, &c->start_ns);
}

/* Now and then: a signal, and after two seconds the progress. Returns the signal or 0. */
static int
look_up(const struct vega_gen_config *config, uint64_t packet_cnt, uint64_t begin_ns)
{
	if (vega_progress_wanted() && vega_monotonic_ns() - begin_ns > PROGRESS_NS)
		vega_progress("%s: %llu of %llu packets, %llu %%", PROGRAM,
			(unsigned long long)packet_cnt, (unsigned long long)config->packet_cnt,
			(unsigned long long)(packet_cnt * 100 / config->packet_cnt));
	return (int)vega_load_relaxed(&stop_signal);
}

static int
write_packets(const struct args *args, struct vega_gen_session *session, struct vega_pcapout *pcap)
{
	uint64_t begin_ns = vega_monotonic_ns();
	struct vega_gen_packet packet;
	int rc = 0;

	for (uint64_t i = 1; (rc = vega_gen_session_next(session, &packet)) > 0; i++) {
		rc = vega_pcapout_put(pcap, packet.frame, packet.bytes, packet.bytes, packet.ns);
		if (rc != 0)
			break;
		if (i % LOOK_CNT == 0 && look_up(&args->config, i, begin_ns) != 0) {
			rc = VEGA_ERR(-EINTR, "stopped by a signal after %llu packets",
				(unsigned long long)i);
			break;
		}
	}
	vega_progress_done();
	return rc;
}

/* Write the pcap file whole, or leave nothing. */
static int
write_pcap(const struct args *args, struct vega_gen_session *session)
{
	struct vega_pcapout *pcap;
	struct vega_gen_out out = {0};
	struct vega_err err;
	int close_rc;
	int rc;

	rc = vega_gen_out_begin(args->output, &out);
	if (rc != 0)
		return rc;
	rc = vega_pcapout_open(out.work, LINKTYPE_ETHERNET, &pcap);
	if (rc != 0) {
		vega_gen_out_abort(&out);
		return rc;
	}
	rc = write_packets(args, session, pcap);
	vega_err_save(&err, rc);
	close_rc = vega_pcapout_close(pcap);
	if (rc != 0)
		(void)vega_err_restore(&err);
	else
		rc = close_rc;
	if (rc == 0)
		return vega_gen_out_commit(&out);
	vega_gen_out_abort(&out);
	return rc;
}

static int
print_summary(const struct args *args, const struct vega_gen_truth *truth)
{
	char bytes[32];
	char first[40];
	uint64_t packets = truth->packets[0] + truth->packets[1];

	if (args->json)
		return vega_cli_json(vega_gen_truth_json(&args->config, truth));
	if (strcmp(args->output, "-") == 0 ||
		(args->truth != NULL && strcmp(args->truth, "-") == 0))
		return 0;
	(void)printf("%s: %llu packets (%s), %llu messages on %u streams, %llu.%03llu s from %s\n",
		args->output, (unsigned long long)packets, vega_text_bytes(bytes, truth->bytes),
		(unsigned long long)truth->messages, args->config.stream_cnt,
		(unsigned long long)(truth->last_ns - truth->first_ns) / 1000000000,
		(unsigned long long)(truth->last_ns - truth->first_ns) / 1000000 % 1000,
		vega_text_time(first, truth->first_ns));
	return 0;
}

/* The truth's file is begun first: a path that cannot be written is told before the work, not after. */
static int
run(const struct args *args)
{
	struct vega_gen_session *session;
	const struct vega_gen_truth *truth;
	struct vega_gen_out out = {0};
	int rc = vega_gen_session_new(&args->config, &session);

	if (rc != 0)
		return rc;
	truth = vega_gen_session_truth(session);
	if (args->truth != NULL)
		rc = vega_gen_out_begin(args->truth, &out);
	if (rc == 0)
		rc = write_pcap(args, session);
	if (rc == 0 && args->truth != NULL)
		rc = vega_gen_truth_write(&out, &args->config, truth);
	if (rc == 0)
		rc = print_summary(args, truth);
	vega_gen_out_abort(&out);
	vega_gen_session_delete(session);
	return rc;
}

/* They end the program as they would have, once the hidden files are gone; one that is ignored (nohup) stays so. */
static void
catch_signals(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;

	for (size_t i = 0; i < VEGA_ARRAY_CNT(ends); i++)
		if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(ends[i], &action, NULL);
}

int
main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, doc, NULL, NULL, NULL};
	struct args args = {
		.config = {.seed = 1,
			.rate_pps = 10000,
			.heartbeat_ns = 5000000000,
			.stream_cnt = 3,
			.burst_cnt = 1},
	};
	int rc;

	vega_cli_init(PROGRAM);
	rc = vega_cli_parse(&argp, argc, argv, &args);
	if (rc == 0)
		rc = check_args(&args);
	if (rc == 0) {
		catch_signals();
		rc = run(&args);
	}
	if (rc != 0 && stop_signal != 0) { /* also an output whose reader has gone */
		(void)signal((int)stop_signal, SIG_DFL);
		(void)raise((int)stop_signal);
	}
	return vega_err_exit(PROGRAM, rc);
}
