/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_PAGE_H
#define VEGA_REPLAY_PAGE_H
/*
 * A report as one HTML page: figures in a table and plots as inline SVG; nothing is fetched from anywhere.
 *
 *	error over time		mean and largest of each bin, logarithmic
 *	errors			histogram, logarithmic
 *	rates			of what was due and of what came, laid over each other
 */
#include <jansson.h>
#include <stdbool.h>

#include "replay/histogram.h"
#include "replay/timeline.h"

struct vega_page {
	const char *title;
	const char *due_name;  /* "original" */
	const char *sent_name; /* "replay" */
	const char *note;      /* a sentence above the plots; NULL: none */
	bool has_due;          /* there was a schedule, whether its errors are known or not */
	const json_t *figures; /* flat */
	const struct vega_timeline *timeline;
	const struct vega_histogram *error; /* without values: no plot of errors */
};

/* Returns 0, or a negative errno with a message (73 when the file cannot be created). */
int vega_page_write(const struct vega_page *page, const char *path) VEGA_MUST_CHECK;

#endif
