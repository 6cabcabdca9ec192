/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A feed of a journal as an input: its blocks go to the sender as they lie on disk, verified.
 */
#include <stdio.h>
#include <string.h>

#include "hugepages/base/linktype.h"
#include "replay/input.h"

struct journal_input {
	struct vega_input base;
	struct vega_cursor *cursor;
};

static void
note_hole(void *arg, const struct vega_hole *hole)
{
	struct vega_input_damage *damage = arg;

	damage->hole_cnt++;
	damage->hole_bytes += hole->bytes;
}

static bool
concerns(const struct vega_input *input, const struct vega_block_hdr *hdr)
{
	return hdr->packet_cnt != 0 && hdr->recv_ns_max >= input->from_ns &&
	       hdr->recv_ns_min < input->to_ns;
}

static int
load_journal(struct vega_input *base, void *buffer, const struct vega_block_hdr **ret_hdr,
	uint32_t *ret_linktype)
{
	struct journal_input *input = (struct journal_input *)base;
	int rc;

	do
		rc = vega_cursor_block(input->cursor, buffer, ret_hdr, ret_linktype);
	while (rc == 1 && !concerns(base, *ret_hdr));
	return rc;
}

static void
close_journal(struct vega_input *base)
{
	vega_cursor_close(((struct journal_input *)base)->cursor);
	vega_input_free(base);
}

static const struct vega_input_ops journal_ops = {.load = load_journal, .close = close_journal};

static uint32_t
first_linktype(const struct vega_journal *journal, const char *feed)
{
	for (uint32_t i = 0; i < vega_journal_file_cnt(journal); i++)
		if (strcmp(vega_journal_file(journal, i)->feed, feed) == 0)
			return vega_journal_file(journal, i)->linktype;
	return VEGA_LINKTYPE_ETHERNET;
}

int
vega_input_open_journal(struct vega_journal *journal, uint32_t feed_idx, const char *path,
	uint64_t from_ns, uint64_t to_ns, struct vega_input **ret_input)
{
	const char *feed = vega_journal_feed(journal, feed_idx);
	struct journal_input *input;
	char name[512];
	int rc;

	(void)snprintf(name, sizeof(name), "%s: feed %s", path, feed);
	input = vega_input_new(sizeof(*input), &journal_ops, name, from_ns, to_ns);
	if (input == NULL)
		return -ENOMEM;
	rc = vega_cursor_open(journal, feed_idx, from_ns, to_ns, note_hole,
		&input->base.reader.damage, &input->cursor);
	if (rc != 0) {
		vega_input_free(&input->base);
		return rc;
	}
	input->base.feed = feed;
	input->base.journal = journal;
	input->base.feed_idx = feed_idx;
	input->base.linktype = first_linktype(journal, feed);
	*ret_input = &input->base;
	return 0;
}
