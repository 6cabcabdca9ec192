/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_OUT_H
#define VEGA_GEN_OUT_H
/*
 * A file that appears under its name only when it is complete.
 *
 * It is written beside its place under a hidden name and renamed at the end, so that a generator that was killed leaves
 * no half file to be taken for a whole one. "-" and what is no regular file (a pipe, /dev/null) are written directly.
 */
#include "hugepages/base/attr.h"

struct vega_gen_out {
	char *path; /* where it will be; a link is followed */
	char *work; /* where to write meanwhile; may be the same */
};

/*
 * Choose and create the file to write to, out->work.
 *
 * Returns 0; -EACCES (77), -ENOENT, -ENOSPC ... (73) with a message; -ENOMEM.
 */
int vega_gen_out_begin(const char *path, struct vega_gen_out *ret_out) VEGA_MUST_CHECK;

/* After out->work has been closed: put it in its place. Frees. Returns 0, or a negative errno with a message. */
int vega_gen_out_commit(struct vega_gen_out *out) VEGA_MUST_CHECK;

/* Take away what has been written. Frees. Nothing to do for a zeroed or finished one. */
void vega_gen_out_abort(struct vega_gen_out *out);

#endif
