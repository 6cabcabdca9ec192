/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line for each record of a feed: position, kind, and its words. For tests that compare what was captured with what was derived.
 *
 *	recordlist JOURNAL FEED
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/vega_journal.h"

static int
list(struct vega_journal *journal, uint32_t feed_idx)
{
	const struct vega_records_want want = {.to_ns = UINT64_MAX};
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	int rc = vega_records_open(journal, feed_idx, &want, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = vega_records_next(cursor, &batch)) == 1)
		for (uint32_t i = 0; i < batch.cnt; i++) {
			const uint64_t *word = batch.records[i].word;

			(void)printf("%" PRIu64 " %u %016" PRIx64 " %016" PRIx64 " %016" PRIx64
				     " %016" PRIx64 "\n",
				batch.position + i, vega_record_kind(&batch.records[i]), word[0],
				word[1], word[2], word[3]);
		}
	vega_records_close(cursor);
	return rc;
}

int
main(int argc, char **argv)
{
	struct vega_journal *journal;
	int rc = argc == 3 ? vega_journal_open(argv[1], &journal)
			   : VEGA_ERR(-EINVAL, "need JOURNAL FEED, found %d arguments", argc - 1);

	if (rc != 0)
		return vega_err_exit("recordlist", rc);
	rc = VEGA_ERR(-ENOENT, "need feed %s, found none in %s", argv[2], argv[1]);
	for (uint32_t i = 0; i < vega_journal_feed_cnt(journal); i++)
		if (strcmp(vega_journal_feed(journal, i), argv[2]) == 0)
			rc = list(journal, i);
	vega_journal_close(journal);
	return vega_err_exit("recordlist", rc);
}
