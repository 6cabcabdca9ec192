/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_TOP_DRAW_H
#define VEGA_HUGEPAGES_TOP_DRAW_H
/*
 * The screen of `vega-bus top`, for any size of terminal: what has no room is left out, the title and the keys last.
 *
 *	title: region, state, heartbeat
 *	totals
 *	feeds, readers
 *	watch list	| the instrument: values,
 *	recent trades	| ladder
 *	keys, a question or a message
 */
#include "hugepages/top.h"

/* Once the terminal is in curses mode. */
void top_draw_init(void);

/*
 * Params: question	what is being typed, NULL: nothing is
 */
void top_draw(const struct top *t, const char *question);

/* Rows of the watch list as it was drawn last: how far a page goes. */
uint32_t top_draw_page(void);

#endif
