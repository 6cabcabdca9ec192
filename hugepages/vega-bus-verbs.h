/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_VEGA_BUS_VERBS_H
#define VEGA_HUGEPAGES_VEGA_BUS_VERBS_H
/*
 * The verbs of vega-bus that have a file of their own. Each returns the exit status.
 */
#include <stdbool.h>
#include <stdint.h>

#define PROGRAM        "vega-bus"
#define REGION_DEFAULT "vega"

int verb_latest(int argc, char **argv);
int verb_tail(int argc, char **argv);
int verb_top(int argc, char **argv);

/* From now on this signal asks the verb to end, and does no more. Returns false where it cannot be caught. */
bool verb_stop_by(int signal_number);
bool verb_stop_asked(void);

/* --interval: "2" is two seconds, "500ms" says its unit. Returns 0 or -EINVAL. */
int verb_parse_interval(const char *text, uint64_t *ret_ns);

#endif
