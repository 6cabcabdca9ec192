/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-journal: what is in a journal, whether it is whole, its frames and records in other formats, its gaps.
 */
#include <signal.h>
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "store/vega-journal-verbs.h"
#include "store/vega_journal.h"

#define PROGRAM "vega-journal"

enum {
	OPT_AT = 256,
	OPT_CONFIG,
	OPT_FEED,
	OPT_FORMAT,
	OPT_FRAMES,
	OPT_FROM_START,
	OPT_FROM,
	OPT_INSTRUMENT,
	OPT_JSON,
	OPT_TO,
};

#define TIME_HELP \
	"RFC 3339, ns since the epoch, or HH:MM[:SS[.fraction]] of the journal's day in its zone"

static const struct argp_option json_options[] = {
	{"json", OPT_JSON, NULL, 0, "Print JSON", 1},
	{0},
};

static const struct argp_option seek_options[] = {
	{"at", OPT_AT, "TIME", 0, "The time sought: " TIME_HELP, 1},
	{"feed", OPT_FEED, "FEED", 0, "Only this feed (may be repeated)", 1},
	{"json", OPT_JSON, NULL, 0, "Print JSON", 2},
	{0},
};

static const struct argp_option export_options[] = {
	{"format", OPT_FORMAT, "FORMAT", 0,
		"pcap, pcapng; csv or jsonl: a row a record, or a frame where a feed has no "
		"records",
		1},
	{"output", 'o', "OUT", 0, "The file to write; - is standard output", 1},
	{"feed", OPT_FEED, "FEED", 0,
		"Only this feed (may be repeated; default means default.0 ... too)", 2},
	{"from", OPT_FROM, "TIME", 0, "Frames from this time on: " TIME_HELP, 2},
	{"to", OPT_TO, "TIME", 0, "Frames before this time", 2},
	{"instrument", OPT_INSTRUMENT, "N", 0,
		"Only this instrument's records: its token or symbol", 2},
	{"frames", OPT_FRAMES, NULL, 0, "Frames, where there are records too", 2},
	{"json", OPT_JSON, NULL, 0, "Print a summary as JSON (not with -o -)", 3},
	{0},
};

static const struct argp_option derive_options[] = {
	{"config", OPT_CONFIG, "FILE", 0,
		"What the channels of the feeds hold, as the capture had it", 1},
	{"output", 'o', "DIR", 0, "The journal folder to write the records into", 1},
	{"feed", OPT_FEED, "FEED", 0, "Only this feed (may be repeated)", 2},
	{"json", OPT_JSON, NULL, 0, "Print a summary as JSON", 3},
	{0},
};

static const struct argp_option state_options[] = {
	{"at", OPT_AT, "TIME", 0, "The instant: " TIME_HELP, 1},
	{"config", OPT_CONFIG, "FILE", 0,
		"What the channels of the feeds hold, as the capture had it; a journal of orders "
		"without book lanes needs it",
		1},
	{"from-start", OPT_FROM_START, NULL, 0,
		"Leave the keyframes alone and go through all records of the capture", 1},
	{"feed", OPT_FEED, "FEED", 0, "Only this feed (may be repeated)", 2},
	{"instrument", OPT_INSTRUMENT, "N", 0, "Only this instrument: its token or symbol", 2},
	{"json", OPT_JSON, NULL, 0, "Print JSON", 3},
	{0},
};

static const struct argp_option gaps_options[] = {
	{"feed", OPT_FEED, "FEED", 0, "Only this feed (may be repeated)", 1},
	{"json", OPT_JSON, NULL, 0, "Print JSON", 2},
	{0},
};

static uint64_t stop_signal;

static void
on_signal(int signal_number)
{
	vega_store_relaxed(&stop_signal, (uint64_t)signal_number);
}

static int
add_feed(struct verb_options *o, const char *feed)
{
	if (o->feed_cnt == VERB_FEED_CNT_MAX)
		return VEGA_ERR(-EINVAL, "--feed: need at most %u, found more", VERB_FEED_CNT_MAX);
	o->feeds[o->feed_cnt++] = feed;
	return 0;
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct verb_options *o = state->input;

	switch (key) {
	case OPT_AT:
		o->at = arg;
		return 0;
	case OPT_CONFIG:
		o->config = arg;
		return 0;
	case OPT_FEED:
		return add_feed(o, arg);
	case OPT_FORMAT:
		o->format = arg;
		return 0;
	case OPT_FROM:
		o->from = arg;
		return 0;
	case OPT_FRAMES:
		o->frames = true;
		return 0;
	case OPT_FROM_START:
		o->from_start = true;
		return 0;
	case OPT_INSTRUMENT:
		o->instrument = arg;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_TO:
		o->to = arg;
		return 0;
	case 'o':
		o->out_path = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->path != NULL)
			argp_error(state, "need one folder or file, found '%s' too", arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->path == NULL)
			argp_error(state, "need a journal folder or file, found none");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int
verb_time(const struct vega_journal *journal, const char *what, const char *text, uint64_t *ret_ns)
{
	struct vega_zone *zone;
	int rc =
		vega_zone_new(vega_journal_zone(journal), vega_journal_day_start_s(journal), &zone);

	if (rc < 0)
		return VEGA_ERR_ADD(rc, "the journal's zone");
	rc = vega_parse_time(what, text, zone, vega_journal_day(journal), ret_ns);
	vega_zone_delete(zone);
	return rc;
}

static const struct vega_verb verbs[] = {
	{"ls", "a line for each file", json_options,
		"A line for each file of a journal, in recorded order.", verb_ls},
	{"info", "what it holds: packets, times, losses, damage", json_options,
		"What a journal holds: packets, times, losses, damage.", verb_info},
	{"verify", "read every byte; 65 when anything is damaged", json_options,
		"Read every byte and hold all parts against each other. Ends with 65 when anything "
		"is damaged.",
		verb_verify},
	{"recover", "seal what a crash left behind", json_options,
		"Seal what a crash left behind: every good block is kept, torn ends are cut, holes "
		"are covered.",
		verb_recover},
	{"seek", "the first frame at or after a time", seek_options,
		"Find the first frame at or after a time.", verb_seek},
	{"state", "every instrument as it was known at an instant", state_options,
		"What was known of every instrument at an instant: ten levels a side, last trade, "
		"the day's figures, whether the book was sound.",
		verb_state},
	{"derive", "records once more, from the frames", derive_options,
		"Decode the frames of a journal once more, into files of records: those that were "
		"captured live, but for losses of port and drain.",
		verb_derive},
	{"export", "frames as pcap or pcapng, records as csv or jsonl", export_options,
		"Write frames or records in another format: one feed as recorded, several merged "
		"by time. The file appears complete or not at all.",
		verb_export},
	{"gaps", "what the exchange's sequences say is missing", gaps_options,
		"The ledger of gaps in the exchange's sequences: what was missing, since when, and "
		"what became of it.",
		verb_gaps},
	{0},
};

int
main(int argc, char **argv)
{
	static const struct vega_program program = {.name = PROGRAM,
		.doc = "Look at, verify, recover, search and export journals.",
		.parse = parse_option,
		.operands = "DIR|FILE",
		.verbs = verbs};
	const struct sigaction action = {.sa_handler = on_signal};
	struct verb_options options = {.stop = &stop_signal};

	vega_cli_init(PROGRAM);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	return vega_cli_verb(argc, argv, &program, &options);
}
