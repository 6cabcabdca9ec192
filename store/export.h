/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_EXPORT_H
#define VEGA_STORE_EXPORT_H
/*
 * Frames or records of a journal as a file of another format: one feed in recorded order, several merged by receive time.
 *
 * A format is a row of a table: open, frame or record, close. It gets them in order and knows nothing of journals or merging.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hugepages/base/attr.h"
#include "store/feed_names.h"
#include "store/record_rows.h"
#include "store/vega_journal.h"

struct vega_export_conf {
	/* "pcap", "pcapng": frames; "csv", "jsonl": records, where a chosen feed has any, else frames. */
	const char *format;
	bool frames;              /* frames in any case */
	const char *instrument;   /* only its records: a token or a symbol; NULL: all */
	const char *out_path;     /* "-": standard output */
	const char *const *feeds; /* "default" means default.0, default.1 ... too */
	uint32_t feed_cnt;        /* 0: all */
	uint64_t from_ns;
	uint64_t to_ns;
	void (*hole)(void *arg, const struct vega_hole *hole); /* may be NULL */
	/* May be NULL; every 65,536 frames or records. */
	void (*progress)(void *arg, uint64_t cnt, uint64_t recv_ns);
	void *arg;
	const uint64_t *stop; /* not zero: give up, leave nothing behind; may be NULL */
};

struct vega_export_sum {
	uint64_t packets; /* frames */
	uint64_t records;
	uint64_t captured_bytes;
	uint64_t damaged_extents; /* left out */
	uint64_t recovered_holes; /* left out too, but told before */
	uint64_t lost_bytes;      /* of both */
};

/*
 * A file appears complete or not at all: it is written beside its name and renamed. Damaged extents are left out and counted.
 *
 * Returns 0; -EINVAL (64): no such format, or an instrument wanted of frames; -ENOENT (66): no such feed; -EBADMSG (65): the format cannot hold what was asked for
 * (the message names one that can); -EINTR: stopped; -EACCES, -ENOSPC, -EIO ...: the output.
 */
int vega_export(struct vega_journal *journal, const struct vega_export_conf *conf,
	struct vega_export_sum *ret_sum) VEGA_MUST_CHECK;

/* What a format works on. */
struct vega_export {
	const struct vega_journal *journal;
	const char *path;      /* to write to, "-": standard output */
	uint32_t linktype;     /* of the first file that may hold frames */
	bool linktypes_differ; /* among those files */
	void *state;           /* the format's own */
};

struct vega_export_format {
	const char *name;
	int (*open)(struct vega_export *x);
	int (*frame)(struct vega_export *x, const struct vega_journal_file *file,
		const struct vega_frame *frame);
	int (*record)(
		struct vega_export *x, const struct vega_record_row *row); /* instead of frame */
	int (*close)(struct vega_export *x); /* frees in any case; called when open returned 0 */
};

extern const struct vega_export_format vega_export_pcap;
extern const struct vega_export_format vega_export_pcapng;
extern const struct vega_export_format vega_export_csv;
extern const struct vega_export_format vega_export_jsonl;
extern const struct vega_export_format vega_export_record_csv;
extern const struct vega_export_format vega_export_record_jsonl;

/* For formats that write a stream: open path with a large buffer; close and tell what went wrong, if anything did. */
int vega_export_fopen(const char *path, FILE **ret_out) VEGA_MUST_CHECK;
int vega_export_fclose(const char *path, FILE *out) VEGA_MUST_CHECK;

#endif
