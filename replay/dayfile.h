/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_DAYFILE_H
#define VEGA_REPLAY_DAYFILE_H
/*
 * Nasdaq's day files ("BinaryFILE"): { u16 length, big-endian; ITCH message }, one after the other, without packets, receive
 * times or sequences. A length of 0 is the end.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

struct vega_dayfile;

/* Does the file begin as one: with a message of ITCH in its length? False too for what cannot be read. */
bool vega_dayfile_is_one(const char *path);

/* Returns 0; -ENOENT (66), -EACCES (77), -ENOMEM, with a message. */
int vega_dayfile_open(const char *path, struct vega_dayfile **ret_file) VEGA_MUST_CHECK;
void vega_dayfile_close(struct vega_dayfile *file);

/*
 * The next message, good until the next call.
 * Returns 1; 0 at the end; -EBADMSG (65) where the file is cut inside a message; -EIO (74).
 */
int vega_dayfile_next(
	struct vega_dayfile *file, const uint8_t **ret_data, uint32_t *ret_bytes) VEGA_MUST_CHECK;

#endif
