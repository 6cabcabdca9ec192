/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_WRITER_PRIVATE_H
#define VEGA_STORE_WRITER_PRIVATE_H
/*
 * Between writer_open.c, writer.c and writer_seal.c.
 */
#include "store/writer.h"

/* Set space aside up to `end`, ahead in steps. Returns 0 or -ENOSPC; a file system that cannot is not asked again. */
int vega_writer_reserve(struct vega_writer *w, uint64_t end);

/* Count a failure and keep the words of the feed's first. */
void vega_writer_fail(struct vega_writer *w, int rc, const char *what);

/* Begin to seal, or give up when the file cannot be; then go on with it. */
void vega_writer_seal_begin(struct vega_writer *w);
unsigned vega_writer_seal_poll(struct vega_writer *w);

#endif
