/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_INPUTS_H
#define VEGA_REPLAY_INPUTS_H
/*
 * All inputs of a replay, from what stands on the command line: journals (each feed is an input) and capture files.
 */
#include "replay/shape.h"

struct vega_inputs_conf {
	char *const *paths; /* journal folders or files, capture files, "-" */
	uint32_t path_cnt;
	char *const *feeds; /* only these; of journals */
	uint32_t feed_cnt;  /* 0: all */
	const char *from;   /* as on the command line (zone.h); NULL: no limit */
	const char *to;
	struct vega_shape shape; /* of every input; zeros: as recorded */
	uint64_t from_ns;        /* a later beginning than `from`; 0: none */
	/* capture files end once it is set, see vega_pcapfile_stop_on; NULL: none */
	const uint64_t *stop;
};

struct vega_inputs {
	struct vega_input **inputs;
	uint32_t input_cnt;
	struct vega_journal **journals; /* by path; NULL: a capture file */
	uint32_t path_cnt;
};

/*
 * Open everything. HH:MM is a time of the first journal's newest day, in its zone.
 *
 * Returns 0; a negative errno with a message that names the path: nothing there (66), damaged (65), a feed that no
 * journal has (66), more than VEGA_INPUT_CNT_MAX inputs (64), a wrong time (64).
 */
int vega_inputs_open(
	const struct vega_inputs_conf *conf, struct vega_inputs *ret_inputs) VEGA_MUST_CHECK;
void vega_inputs_close(struct vega_inputs *inputs);

/* After the replay: 0, or -EBADMSG (65) and the like with a message when data was damaged or an input ended early. */
int vega_inputs_verdict(const struct vega_inputs *inputs);
struct vega_input_damage vega_inputs_damage(const struct vega_inputs *inputs);
uint64_t vega_inputs_timeless(const struct vega_inputs *inputs); /* frames, see vega_shape */
uint64_t vega_inputs_recorded(const struct vega_inputs *inputs); /* likewise */

#endif
