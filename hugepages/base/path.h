/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_PATH_H
#define VEGA_BASE_PATH_H
/*
 * Paths that a user gave: which of them are one file.
 */
#include <stdbool.h>

/*
 * Do two paths name one regular file, by whatever names, or would they once it is created? Devices and pipes, and "-", are none.
 *
 * Threads: any. Cost: a few system calls.
 */
bool vega_path_is_one_file(const char *a, const char *b);

#endif
