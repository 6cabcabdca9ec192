/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_FEED_NAMES_H
#define VEGA_STORE_FEED_NAMES_H
/*
 * Which feeds of a journal a command line means by its --feed options.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

struct vega_journal;

/* True when a feed of this name is meant by `wanted`: itself, or "default" for "default.0". */
bool vega_feed_is(const char *wanted, const char *feed);

/* True when one of them means it; of none, all are meant. */
bool vega_feed_is_chosen(const char *const *feeds, uint32_t feed_cnt, const char *feed);

/* A wanted feed that is not there is a mistake worth a word. Returns 0, or -ENOENT (66). */
int vega_feeds_check(const struct vega_journal *journal, const char *const *feeds,
	uint32_t feed_cnt) VEGA_MUST_CHECK;

#endif
