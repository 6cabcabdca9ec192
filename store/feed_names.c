/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/feed_names.h"

#include <string.h>

#include "hugepages/base/err.h"
#include "store/vega_journal.h"

bool
vega_feed_is(const char *wanted, const char *feed)
{
	static const char shared[] = "default";

	if (strcmp(wanted, feed) == 0)
		return true;
	return strcmp(wanted, shared) == 0 && strncmp(feed, "default.", sizeof(shared)) == 0;
}

bool
vega_feed_is_chosen(const char *const *feeds, uint32_t feed_cnt, const char *feed)
{
	for (uint32_t i = 0; i < feed_cnt; i++)
		if (vega_feed_is(feeds[i], feed))
			return true;
	return feed_cnt == 0;
}

int
vega_feeds_check(const struct vega_journal *journal, const char *const *feeds, uint32_t feed_cnt)
{
	const uint32_t cnt = vega_journal_feed_cnt(journal);

	for (uint32_t i = 0; i < feed_cnt; i++) {
		uint32_t at = 0;

		while (at < cnt && !vega_feed_is(feeds[i], vega_journal_feed(journal, at)))
			at++;
		if (at == cnt)
			return VEGA_ERR(-ENOENT,
				"--feed: need a feed of this journal, found '%s'; `vega-journal "
				"ls` names them",
				feeds[i]);
	}
	return 0;
}
