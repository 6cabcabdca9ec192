/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A row a frame, as CSV or as JSON lines: times, lengths and where it came from, not its bytes.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/export.h"

/* The stream, and each feed's name as it stands in a row: quoted once, not once a frame. */
struct writer {
	FILE *out;
	uint32_t feed_cnt;
	char **feeds;
};

static char *
csv_quote(const char *text)
{
	char *quoted;
	char *at;

	if (strpbrk(text, "\",\r\n") == NULL)
		return strdup(text);
	quoted = malloc(2 * strlen(text) + 3);
	if (quoted == NULL)
		return NULL;
	at = quoted;
	*at++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"')
			*at++ = '"';
		*at++ = *text;
	}
	*at++ = '"';
	*at = '\0';
	return quoted;
}

/* A folder's name need not be UTF-8; JSON must be. */
static char *
json_quote(const char *text)
{
	json_t *string = json_string(text);
	char *quoted = string != NULL ? json_dumps(string, JSON_ENCODE_ANY) : strdup("null");

	json_decref(string);
	return quoted;
}

static int
text_close(struct vega_export *x)
{
	struct writer *w = x->state;
	int rc = vega_export_fclose(x->path, w->out);

	for (uint32_t i = 0; i < w->feed_cnt; i++)
		free(w->feeds[i]);
	free(w->feeds);
	free(w);
	return rc;
}

static int
text_open(struct vega_export *x, char *(*quote)(const char *text))
{
	struct writer *w = calloc(1, sizeof(*w));
	bool complete;
	int rc;

	if (w == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for an export, found none");
	rc = vega_export_fopen(x->path, &w->out);
	if (rc < 0) {
		free(w);
		return rc;
	}
	x->state = w;
	w->feeds = calloc(vega_journal_feed_cnt(x->journal) + 1u, sizeof(*w->feeds));
	complete = w->feeds != NULL;
	while (complete && w->feed_cnt < vega_journal_feed_cnt(x->journal)) {
		w->feeds[w->feed_cnt] = quote(vega_journal_feed(x->journal, w->feed_cnt));
		complete = w->feeds[w->feed_cnt++] != NULL;
	}
	if (complete)
		return 0;
	(void)text_close(x);
	return VEGA_ERR(-ENOMEM, "need memory for the names of feeds, found none");
}

static int
written(int printed)
{
	return printed >= 0 ? 0
			    : VEGA_ERR(-EIO, "need to write the export, found: %s; is there room?",
				      strerror(errno));
}

static int
csv_open(struct vega_export *x)
{
	int rc = text_open(x, csv_quote);

	/* A head line that cannot be written is told by close. */
	if (rc == 0)
		(void)fprintf(((struct writer *)x->state)->out,
			"recv_ns,feed,interface,captured_bytes,wire_bytes,frame_number\n");
	return rc;
}

static int
csv_frame(
	struct vega_export *x, const struct vega_journal_file *file, const struct vega_frame *frame)
{
	struct writer *w = x->state;

	(void)file;
	return written(fprintf(w->out, "%" PRIu64 ",%s,%u,%u,%u,%" PRIu64 "\n", frame->recv_ns,
		w->feeds[frame->feed_idx], frame->interface_id, frame->captured_bytes,
		frame->wire_bytes, frame->frame_number));
}

static int
jsonl_open(struct vega_export *x)
{
	return text_open(x, json_quote);
}

static int
jsonl_frame(
	struct vega_export *x, const struct vega_journal_file *file, const struct vega_frame *frame)
{
	struct writer *w = x->state;

	(void)file;
	return written(fprintf(w->out,
		"{\"recv_ns\":%" PRIu64
		",\"feed\":%s,\"interface\":%u,\"captured_bytes\":%u,\"wire_bytes\":%u,"
		"\"frame_number\":%" PRIu64 "}\n",
		frame->recv_ns, w->feeds[frame->feed_idx], frame->interface_id,
		frame->captured_bytes, frame->wire_bytes, frame->frame_number));
}

const struct vega_export_format vega_export_csv = {"csv", csv_open, csv_frame, NULL, text_close};
const struct vega_export_format vega_export_jsonl = {
	"jsonl", jsonl_open, jsonl_frame, NULL, text_close};
