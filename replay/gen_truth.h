/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_TRUTH_H
#define VEGA_GEN_TRUTH_H
/*
 * The truth about a session as flat JSON, for tests that judge a receiver.
 */
#include <jansson.h>

#include "replay/gen_out.h"
#include "replay/gen_session.h"

/* A new object; NULL when there is no memory. */
json_t *vega_gen_truth_json(
	const struct vega_gen_config *config, const struct vega_gen_truth *truth);

/* Write it to a file begun before and finish that in any case. Returns 0 or a negative errno with a message. */
int vega_gen_truth_write(struct vega_gen_out *out, const struct vega_gen_config *config,
	const struct vega_gen_truth *truth) VEGA_MUST_CHECK;

#endif
