/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_TARGETS_H
#define VEGA_REPLAY_TARGETS_H
/*
 * The files that a program is to write: none of them is one that it reads, and no two are the same.
 */
#include "replay/inputs.h"

struct vega_target {
	const char *what; /* the option that names it */
	const char *path; /* NULL: not asked for; "-" is refused */
};

/*
 * Before any of them is created.
 *
 * Returns 0; -EEXIST (73) with a message when one is an input or a file of a journal among them; -EINVAL (64) when two
 * are one, or one is "-".
 */
int vega_targets_check(const struct vega_target *targets, uint32_t target_cnt,
	const struct vega_inputs_conf *conf, const struct vega_inputs *inputs) VEGA_MUST_CHECK;

#endif
