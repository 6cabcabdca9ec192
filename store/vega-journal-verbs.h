/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_VEGA_JOURNAL_VERBS_H
#define VEGA_STORE_VEGA_JOURNAL_VERBS_H
/*
 * The verbs of vega-journal, one file each, behind the options they share.
 */
#include <stdbool.h>
#include <stdint.h>

#define VERB_FEED_CNT_MAX 64u

struct verb_options {
	const char *path; /* the operand */
	bool json;
	const char *
		at; /* --at, --from, --to as given: their meaning depends on the journal's zone and day */
	const char *from;
	const char *to;
	const char *instrument;
	bool frames;     /* --frames */
	bool from_start; /* --from-start */
	const char *format;
	const char *out_path;
	const char *config;
	const char *feeds[VERB_FEED_CNT_MAX];
	uint32_t feed_cnt;
	const uint64_t *stop; /* set by SIGINT and SIGTERM */
};

struct vega_journal;

/* Each returns 0 or a negative errno with a message. */
int verb_ls(const struct verb_options *o);
int verb_info(const struct verb_options *o);
int verb_verify(const struct verb_options *o);
int verb_recover(const struct verb_options *o);
int verb_seek(const struct verb_options *o);
int verb_export(const struct verb_options *o);
int verb_derive(const struct verb_options *o);
int verb_gaps(const struct verb_options *o);
int verb_state(const struct verb_options *o);

/* A time of the command line, by the journal's newest day and its zone. */
int verb_time(
	const struct vega_journal *journal, const char *what, const char *text, uint64_t *ret_ns);

#endif
