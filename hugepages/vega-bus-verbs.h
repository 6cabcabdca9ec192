/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_VEGA_BUS_VERBS_H
#define VEGA_HUGEPAGES_VEGA_BUS_VERBS_H
/*
 * The verbs of vega-bus, one file each, behind the options they share.
 */
#include <stdbool.h>
#include <stdint.h>

#define PROGRAM "vega-bus"

struct verb_options {
	const char *region;
	const char *feed;
	const char *instrument;
	const char *from;     /* --from as given: its meaning depends on the feed's zone */
	uint64_t interval_ns; /* 0: not given */
	uint64_t count;       /* 0: not given */
	bool all;
	bool follow;
	bool json;
};

/* Each returns 0 or a negative errno with a message. */
int verb_latest(const struct verb_options *o);
int verb_ls(const struct verb_options *o);
int verb_stat(const struct verb_options *o);
int verb_tail(const struct verb_options *o);
int verb_top(const struct verb_options *o);

/* From now on this signal asks the verb to end, and does no more. Returns 0 or a negative errno with a message. */
int verb_stop_by(int signal_number);
bool verb_stop_asked(void);

struct readers;
struct vega_stat;

/*
 * Map a region, copy its counters, unmap it: between two reports another capture may have taken the name.
 *
 * Params: ret_readers	NULL: they are not wanted
 * Returns 0, or as vega_region_open.
 */
int verb_take_stat(const char *region, struct vega_stat *ret_stat, struct readers *ret_readers);

#endif
