/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_TARGET_H
#define VEGA_STORE_TARGET_H
/*
 * A file that is to be written, and a journal that is read: writing over a file of the journal would lose what was recorded.
 */
#include "hugepages/base/attr.h"
#include "store/vega_journal.h"

/*
 * Params: what		the option or operand that names the target
 * Returns 0; -EEXIST (73) with a message when path is one of the journal's files.
 * Cost: two system calls for each file of the journal.
 */
int vega_target_check(
	const char *what, const char *path, const struct vega_journal *journal) VEGA_MUST_CHECK;

#endif
