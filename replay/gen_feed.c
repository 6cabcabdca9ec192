/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_feed.h"

#include <string.h>

#include "hugepages/base/attr.h"
#include "replay/gen_iex.h"
#include "replay/gen_itch.h"
#include "replay/gen_mtbt.h"
#include "replay/gen_nnf.h"

static const struct vega_gen_feed *const feeds[] = {
	&vega_gen_iex,
	&vega_gen_itch,
	&vega_gen_nse_mtbt,
	&vega_gen_nse_nnf,
};

const struct vega_gen_feed *
vega_gen_feed_find(const char *name)
{
	for (size_t i = 0; i < VEGA_ARRAY_CNT(feeds); i++)
		if (strcmp(feeds[i]->name, name) == 0)
			return feeds[i];
	return NULL;
}

const struct vega_gen_segment *
vega_gen_segment_find(const struct vega_gen_feed *feed, const char *name)
{
	for (const struct vega_gen_segment *segment = feed->segments; segment->name != NULL;
		segment++)
		if (strcmp(segment->name, name) == 0)
			return segment;
	return NULL;
}

static void
append_name(char buf[128], const char *name)
{
	if (buf[0] != '\0')
		(void)strncat(buf, ", ", 127 - strlen(buf));
	(void)strncat(buf, name, 127 - strlen(buf));
}

char *
vega_gen_feed_names(char buf[128])
{
	buf[0] = '\0';
	for (size_t i = 0; i < VEGA_ARRAY_CNT(feeds); i++)
		append_name(buf, feeds[i]->name);
	return buf;
}

char *
vega_gen_segment_names(const struct vega_gen_feed *feed, char buf[128])
{
	buf[0] = '\0';
	for (const struct vega_gen_segment *segment = feed->segments; segment->name != NULL;
		segment++)
		append_name(buf, segment->name);
	return buf;
}
