/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/options.h"

#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"

enum {
	OPT_CONFIG = 256,
	OPT_COUNT,
	OPT_DURATION,
	OPT_IO,
	OPT_JOURNAL,
	OPT_JSON,
	OPT_MEMORY,
	OPT_PACE,
	OPT_PCAP,
	OPT_PORT,
	OPT_REGION,
	OPT_VERBOSE
};

static const struct argp_option options[] = {
	{"pcap", OPT_PCAP, "FILE", 0,
		"Take packets from capture files; further FILEs may follow, - is standard input",
		1},
	{"port", OPT_PORT, "DEVARGS", 0,
		"Take packets from a DPDK port: a PCI address, or a virtual device with its "
		"arguments; may be repeated",
		1},
	{"config", OPT_CONFIG, "FILE", 0, "Ports, lcores, feeds and sizes, vega.yaml(5)", 1},
	{"journal", OPT_JOURNAL, "DIR", 0,
		"Write what is received into a journal; without it frames are discarded", 2},
	{"io", OPT_IO, "HOW", 0, "Write by auto (default), uring or pwrite", 2},
	{"region", OPT_REGION, "NAME", 0, "Name of the shared memory (default: vega)", 2},
	{"memory", OPT_MEMORY, "KIND", 0, "Insist on lanes in huge (hugepages) or shm (/dev/shm)",
		2},
	{"pace", OPT_PACE, "PACE", 0,
		"Files: max (default, nothing is lost) or recorded (drops as a port does)", 3},
	{"count", OPT_COUNT, "N", 0, "Stop after N packets; with several rx lcores, soon after", 3},
	{"duration", OPT_DURATION, "T", 0, "Stop after a time such as 10s or 1h", 3},
	{"json", OPT_JSON, NULL, 0, "Print the summary as JSON", 4},
	{"verbose", OPT_VERBOSE, NULL, 0, "Let DPDK's log through to standard error", 4},
	{0},
};

/* One of several words. Returns its index, or -1 with a message. */
static int
choose(const char *what, const char *text, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	(void)VEGA_ERR(-EINVAL, "%s: need %s, %s%s%s, found '%s'", what, words[0], words[1],
		words[2] != NULL ? " or " : "", words[2] != NULL ? words[2] : "", text);
	return -1;
}

static int
take_memory(struct vega_capture_options *o, const char *text)
{
	static const char *const words[] = {"huge", "shm", "auto", NULL};
	const int chosen = choose("--memory", text, words);

	o->memory = chosen == 0 ? VEGA_MEMORY_HUGE : chosen == 1 ? VEGA_MEMORY_SHM : 0;
	return chosen < 0 ? -EINVAL : 0;
}

static int
take_pace(struct vega_capture_options *o, const char *text)
{
	static const char *const words[] = {"max", "recorded", NULL};
	const int chosen = choose("--pace", text, words);

	o->pace = chosen == 1 ? VEGA_PACE_RECORDED : VEGA_PACE_MAX;
	return chosen < 0 ? -EINVAL : 0;
}

static int
take_io(struct vega_capture_options *o, const char *text)
{
	static const char *const words[] = {"auto", "uring", "pwrite", NULL};

	o->io = text;
	return choose("--io", text, words) < 0 ? -EINVAL : 0;
}

static int
take_file(struct vega_capture_options *o, const char *path)
{
	if (o->file_cnt == VEGA_IF_CNT_MAX)
		return VEGA_ERR(-EINVAL,
			"need at most %u capture files at a time, found more; capture them in "
			"turns",
			VEGA_IF_CNT_MAX);
	o->files[o->file_cnt++] = path;
	return 0;
}

static int
take_port(struct vega_capture_options *o, const char *device)
{
	if (o->port_cnt == VEGA_PORT_CNT_MAX)
		return VEGA_ERR(-EINVAL, "need at most %u ports, found more", VEGA_PORT_CNT_MAX);
	o->ports[o->port_cnt++] = device;
	return 0;
}

static int
take_region(struct vega_capture_options *o, const char *name)
{
	o->region = name;
	if (!vega_name_ok(name))
		return VEGA_ERR(-EINVAL,
			"--region: need a name of 1 to 31 letters, digits, '_', '.', '-', found "
			"'%s'",
			name);
	return 0;
}

/* What fits together, once everything is read. */
static int
check(const struct vega_capture_options *o)
{
	if (o->file_cnt != 0 && o->port_cnt != 0)
		return VEGA_ERR(-EINVAL,
			"need --pcap or --port, found both; capture them with two regions");
	if (o->file_cnt == 0 && o->port_cnt == 0 && o->config == NULL)
		return VEGA_ERR(-EINVAL, "need packets from somewhere, found neither --pcap, "
					 "--port nor --config; try --help");
	return 0;
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct vega_capture_options *o = state->input;
	int rc = 0;

	switch (key) {
	case OPT_PCAP:
		rc = take_file(o, arg);
		break;
	case ARGP_KEY_ARG: /* a FILE behind --pcap FILE */
		rc = o->file_cnt == 0
			     ? VEGA_ERR(-EINVAL, "need --pcap before a file, found '%s' alone", arg)
			     : take_file(o, arg);
		break;
	case OPT_PORT:
		rc = take_port(o, arg);
		break;
	case OPT_CONFIG:
		o->config = arg;
		break;
	case OPT_JOURNAL:
		o->journal = arg;
		break;
	case OPT_IO:
		rc = take_io(o, arg);
		break;
	case OPT_REGION:
		rc = take_region(o, arg);
		break;
	case OPT_MEMORY:
		rc = take_memory(o, arg);
		break;
	case OPT_PACE:
		rc = take_pace(o, arg);
		break;
	case OPT_COUNT:
		rc = vega_parse_u64("--count", arg, 1, UINT64_MAX - 1, &o->packets_max);
		break;
	case OPT_DURATION:
		rc = vega_parse_duration("--duration", arg, &o->duration_ns);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	case ARGP_KEY_END:
		rc = check(o);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return rc;
}

int
vega_capture_parse(int argc, char **argv, struct vega_capture_options *ret_options)
{
	static const struct argp argp = {options, parse_option, "[FILE...]",
		"Capture packets into shared memory and a journal.\v"
		"SIGINT, SIGTERM or SIGHUP stops cleanly: everything received is written and "
		"sealed; another one, a second or more later, "
		"ends at once. Exit status as in sysexits.h: 65 when a file is damaged (all "
		"before the damage is kept).",
		NULL, NULL, NULL};

	*ret_options = (struct vega_capture_options){.io = "auto", .packets_max = UINT64_MAX};
	return vega_cli_parse(&argp, argc, argv, ret_options);
}
