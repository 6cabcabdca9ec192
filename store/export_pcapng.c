/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain pcapng: every link type, ns times, interface names, and the drop counts where they happened.
 *
 * An interface is described when its first frame comes: feed and name from the journal, one for each link type it carried.
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "store/export.h"

#define SHB_TYPE       0x0A0D0D0Au
#define IDB_TYPE       1u
#define EPB_TYPE       6u
#define ORDER_MAGIC    0x1A2B3C4Du
#define SHB_USERAPPL   4u
#define IF_NAME        2u
#define IF_DESCRIPTION 3u
#define IF_TSRESOL     9u
#define EPB_DROPCOUNT  4u
#define OPTION_MAX     255u /* bytes of a name we write */

struct interface {
	uint32_t feed_idx;
	uint32_t interface_id;
	uint32_t linktype;
};

struct writer {
	FILE *out;
	struct interface *interfaces;
	uint32_t interface_cnt;
	uint32_t last; /* used: mostly it is the next one's too */
};

/* A block is put together in memory: its length stands at both ends. */
struct block {
	uint8_t bytes[1024];
	uint32_t len;
};

static void
add(struct block *block, const void *data, uint32_t bytes)
{
	memcpy(block->bytes + block->len, data, bytes);
	block->len += bytes;
	while (block->len % 4 != 0)
		block->bytes[block->len++] = 0;
}

static void
add_option(struct block *block, uint16_t code, const void *data, size_t bytes)
{
	const uint16_t bytes16 = (uint16_t)(bytes < OPTION_MAX ? bytes : OPTION_MAX);
	const uint16_t head[2] = {code, bytes16};

	if (bytes == 0)
		return;
	add(block, head, sizeof(head));
	add(block, data, bytes16);
}

static int
put(struct writer *w, const void *data, size_t bytes)
{
	if (bytes != 0 && fwrite(data, bytes, 1, w->out) != 1)
		return VEGA_ERR(-EIO, "need to write the export, found: %s; is there room?",
			strerror(errno));
	return 0;
}

/* End of options, length at both ends, out. */
static int
finish(struct writer *w, struct block *block)
{
	const uint32_t end_of_options = 0;
	uint32_t length;

	add(block, &end_of_options, sizeof(end_of_options));
	length = block->len + 4;
	memcpy(block->bytes + 4, &length, sizeof(length));
	add(block, &length, sizeof(length));
	return put(w, block->bytes, block->len);
}

static int
put_section(struct writer *w)
{
	const uint32_t head[6] = {
		SHB_TYPE, 0, ORDER_MAGIC, 1 /* version 1.0 */, UINT32_MAX, UINT32_MAX};
	struct block block = {.len = 0};

	add(&block, head, sizeof(head));
	add_option(&block, SHB_USERAPPL, "VEGA " VEGA_VERSION, strlen("VEGA " VEGA_VERSION));
	return finish(w, &block);
}

static int
put_interface(struct writer *w, const struct vega_export *x, const struct vega_journal_file *file,
	const struct vega_frame *frame)
{
	const uint32_t head[4] = {IDB_TYPE, 0, frame->linktype & 0xFFFFu, 0 /* snaplen: none */};
	const char *name = vega_journal_if_name(file, frame->interface_id);
	const char *feed = vega_journal_feed(x->journal, frame->feed_idx);
	const uint8_t tsresol = 9;
	struct block block = {.len = 0};

	add(&block, head, sizeof(head));
	add_option(&block, IF_NAME, name, strlen(name));
	add_option(&block, IF_DESCRIPTION, feed, strlen(feed));
	add_option(&block, IF_TSRESOL, &tsresol, sizeof(tsresol));
	return finish(w, &block);
}

static bool
is_same(const struct interface *interface, const struct vega_frame *frame)
{
	return interface->feed_idx == frame->feed_idx &&
	       interface->interface_id == frame->interface_id &&
	       interface->linktype == frame->linktype;
}

/* The number of the frame's interface in this file, described now if it is new; or a negative errno. */
static int64_t
interface_of(
	struct vega_export *x, const struct vega_journal_file *file, const struct vega_frame *frame)
{
	struct writer *w = x->state;
	void *grown;
	int rc;

	if (w->last < w->interface_cnt && is_same(&w->interfaces[w->last], frame))
		return w->last;
	for (uint32_t i = 0; i < w->interface_cnt; i++)
		if (is_same(&w->interfaces[i], frame)) {
			w->last = i;
			return i;
		}
	grown = realloc(w->interfaces, (w->interface_cnt + 1) * sizeof(*w->interfaces));
	if (grown == NULL)
		return VEGA_ERR(
			-ENOMEM, "need memory for %u interfaces, found none", w->interface_cnt + 1);
	w->interfaces = grown;
	w->interfaces[w->interface_cnt] =
		(struct interface){frame->feed_idx, frame->interface_id, frame->linktype};
	rc = put_interface(w, x, file, frame);
	if (rc < 0)
		return rc;
	w->last = w->interface_cnt++;
	return w->last;
}

static int
pcapng_open(struct vega_export *x)
{
	struct writer *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for an export, found none");
	rc = vega_export_fopen(x->path, &w->out);
	if (rc < 0) {
		free(w);
		return rc;
	}
	x->state = w;
	/* A section that cannot be written is told by close. */
	(void)put_section(w);
	return 0;
}

static int
pcapng_frame(
	struct vega_export *x, const struct vega_journal_file *file, const struct vega_frame *frame)
{
	static const uint8_t zero[4];
	struct writer *w = x->state;
	const uint32_t gap = -frame->captured_bytes & 3u;
	const uint32_t options = frame->drop_cnt != 0 ? 16 : 0;
	const uint32_t length = 32 + frame->captured_bytes + gap + options;
	const int64_t interface = interface_of(x, file, frame);
	const uint32_t head[7] = {EPB_TYPE, length, (uint32_t)interface,
		(uint32_t)(frame->recv_ns >> 32), (uint32_t)frame->recv_ns, frame->captured_bytes,
		frame->wire_bytes};
	const uint32_t option[4] = {EPB_DROPCOUNT | 8u << 16, (uint32_t)frame->drop_cnt,
		(uint32_t)(frame->drop_cnt >> 32), 0};
	int rc;

	if (interface < 0)
		return (int)interface;
	rc = put(w, head, sizeof(head));
	if (rc == 0)
		rc = put(w, frame->data, frame->captured_bytes);
	if (rc == 0)
		rc = put(w, zero, gap);
	if (rc == 0)
		rc = put(w, option, options);
	return rc < 0 ? rc : put(w, &length, sizeof(length));
}

static int
pcapng_close(struct vega_export *x)
{
	struct writer *w = x->state;
	int rc = vega_export_fclose(x->path, w->out);

	free(w->interfaces);
	free(w);
	return rc;
}

const struct vega_export_format vega_export_pcapng = {
	"pcapng", pcapng_open, pcapng_frame, NULL, pcapng_close};
