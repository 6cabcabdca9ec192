/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_DECODE_OPTIONS_H
#define VEGA_REPLAY_DECODE_OPTIONS_H
/*
 * The command line of vega-decode.
 */
#include "capture/feed/format.h"
#include "replay/inputs.h"

struct vega_decode_options {
	struct vega_inputs_conf inputs;
	const struct vega_format *format; /* NULL: to be guessed */
	enum vega_text_style style;
};

/*
 * Parse and check all that needs no file. Exits for --help, --version and an unknown option (64), as argp does.
 * Returns 0 or a negative errno with a message. argv must outlive the options.
 */
int vega_decode_options_parse(
	int argc, char **argv, struct vega_decode_options *ret_options) VEGA_MUST_CHECK;

#endif
