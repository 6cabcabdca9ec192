/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/decode_options.h"

#include <stdio.h>

#include "hugepages/base/cli.h"

enum key {
	KEY_FEED = 256,
	KEY_FROM,
	KEY_JSON,
	KEY_LINES,
	KEY_TO
};

static const struct argp_option options[] = {
	{"feed", KEY_FEED, "FORMAT", 0,
		"the wire format: cme-mdp3, iex, itch ...; guessed for each channel if not given",
		0},
	{"lines", KEY_LINES, NULL, 0,
		"print canonical lines: a fixed order of keys, raw integers, latin-1", 0},
	{"json", KEY_JSON, NULL, 0, "print a JSON object for each message", 0},
	{"from", KEY_FROM, "TIME", 0, "leave out what was received before TIME", 0},
	{"to", KEY_TO, "TIME", 0, "leave out what was received at TIME or later", 0},
	{0},
};

static int
find_format(const char *name, const struct vega_format **ret_format)
{
	char names[256] = "";
	size_t used = 0;

	*ret_format = vega_format_find(name);
	if (*ret_format != NULL)
		return 0;
	for (uint32_t i = 0; vega_formats[i] != NULL && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			i == 0 ? "" : ", ", vega_formats[i]->name);
	return VEGA_ERR(-EINVAL, "--feed: need one of %s; found '%s'", names, name);
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct vega_decode_options *o = state->input;

	switch (key) {
	case KEY_FEED:
		return find_format(arg, &o->format);
	case KEY_FROM:
		o->inputs.from = arg;
		return 0;
	case KEY_JSON:
		o->style = VEGA_TEXT_JSON;
		return 0;
	case KEY_LINES:
		o->style = VEGA_TEXT_LINE;
		return 0;
	case KEY_TO:
		o->inputs.to = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->inputs.paths = state->argv + state->next;
		o->inputs.path_cnt = (uint32_t)(state->argc - state->next);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int
vega_decode_options_parse(int argc, char **argv, struct vega_decode_options *ret_options)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "DIR|FILE...",
		.doc = "Print every message of a journal, a pcap or pcapng file, or an ITCH day "
		       "file, with all its fields."
		       "\vTIME is RFC 3339 with up to nine decimals, whole nanoseconds since the "
		       "Unix epoch, or HH:MM[:SS[.fraction]] of the journal's day.",
	};
	int rc;

	*ret_options = (struct vega_decode_options){.style = VEGA_TEXT_PEOPLE};
	rc = vega_cli_parse(&argp, argc, argv, ret_options);
	if (rc != 0)
		return rc;
	if (ret_options->inputs.path_cnt == 0)
		return VEGA_ERR(-EINVAL,
			"need a journal, a capture file or a day file, found none; see --help");
	return 0;
}
