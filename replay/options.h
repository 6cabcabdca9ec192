/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_OPTIONS_H
#define VEGA_REPLAY_OPTIONS_H
/*
 * The command line of vega-replay.
 */
#include <stdbool.h>

#include "replay/engine.h"
#include "replay/inputs.h"
#include "replay/tx_fan.h"

#define VEGA_REPLAY_FEED_CNT_MAX 64u

struct vega_replay_options {
	struct vega_inputs_conf inputs;
	char out_text[512]; /* all outputs as given, for people */
	uint32_t out_cnt;
	struct vega_fan_out outs[VEGA_FAN_OUT_CNT_MAX];
	const char *speed;              /* as given; NULL: the output's own */
	struct vega_replay_conf replay; /* without start_ns */
	uint64_t start_at_ns;           /* CLOCK_REALTIME; 0: at once */
	uint64_t lap_cnt;
	struct vega_conf *conf; /* of --config; NULL: none */
	int cpu;                /* -1: any */
	const char *report_path;
	const char *page_path;
	bool json;
	char *feeds[VEGA_REPLAY_FEED_CNT_MAX];
};

/*
 * Parse and check all that needs no recording. Exits for --help, --version and a wrong option (64), as argp does.
 * Returns 0 or a negative errno with a message. argv must outlive the options.
 */
int vega_replay_options_parse(
	int argc, char **argv, struct vega_replay_options *ret_options) VEGA_MUST_CHECK;
/* Does a pcap file go to standard output? */
bool vega_replay_options_stdout_is_taken(const struct vega_replay_options *options);

void vega_replay_options_free(struct vega_replay_options *options);

#endif
