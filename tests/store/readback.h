/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_STORE_READBACK_H
#define VEGA_TESTS_STORE_READBACK_H
/*
 * What the reader serves, and the verifier finds, of a disk in memory that a rig has written.
 */
#include "store/io.h"
#include "tests/store/rig.h"

#define READBACK_FRAMES_MAX 4096u

struct readback {
	int rc; /* of the open, or of the cursor when it failed */
	uint64_t frames;
	uint64_t holes;          /* told by the cursor, but those that recover covered */
	uint64_t damaged_blocks; /* counted when the journal was opened */
	bool seen[READBACK_FRAMES_MAX];
};

/*
 * Read a feed from a time on. Fails the test where a frame is not what the rig laid, comes twice, or out of order.
 */
void readback_feed(struct vega_io *io, uint32_t feed, uint64_t from_ns, struct readback *ret_read);

/* The verifier's word on all files of a feed. Returns the first error; a file without a head counts as damage. */
struct vega_verify_sum;
int readback_verify(struct vega_io *io, uint32_t feed, struct vega_verify_sum *ret_sum);

/* Is it a journal file, not its idx, of this feed? */
bool readback_is_of(const char *path, uint32_t feed);

#endif
