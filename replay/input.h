/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_INPUT_H
#define VEGA_REPLAY_INPUT_H
/*
 * An input: one ordered stream of frames, a feed of a journal or a capture file, read ahead of the sender.
 *
 *	reader thread                     queue of 8 blocks                      sender
 *	read, verify or decode  ->  | block | block | block | ... |  ->  walk frame by frame
 *
 * What travels is always a journal's data block: header and Enhanced Packet Blocks. A journal's blocks go as they
 * were read; a capture file's packets are laid into blocks of the same form (pack.h). So the sender knows one kind of input.
 *
 * One writer (the reader thread), one taker (the sender), and no lock. State: `loaded` and `released` count blocks since the
 * start, `walked` is the sender's own place; block n lies in slot n mod 8. released <= walked <= loaded <= released + 8.
 *
 *	Q1 reader  load `released`, acquire; a slot is free while loaded - released < 8. Pairs with Q4.
 *	Q2 reader  fill the slot, store `loaded`, release.
 *	Q3 sender  load `loaded`, acquire; slots below it are whole. Pairs with Q2.
 *	Q4 sender  when no frame of a walked block is held any more, store `released`, release.
 *	Q5 reader  nothing more will come: store `ended`, release, after the last Q2 and after `err`.
 *	Q6 sender  load `ended`, acquire, before Q3: when it is set and no block is left, that is the end. Pairs with Q5.
 *
 * Threads: load on the reader's, everything else on the sender's.
 */
#include "hugepages/base/attr.h"
#include "hugepages/base/err.h"
#include "store/vega_journal.h"

#define VEGA_INPUT_BLOCK_CNT 8u
#define VEGA_INPUT_CNT_MAX   256u

struct vega_input;

/* Where blocks come from. An implementation embeds struct vega_input as its first member. */
struct vega_input_ops {
	/*
	 * Reader thread: the next block, into buffer (VEGA_BLOCK_BYTES_MAX bytes, 4096-aligned).
	 * Returns 1 and the header inside buffer, 0 at the end, or a negative errno with a message: all before it stays good.
	 */
	int (*load)(struct vega_input *input, void *buffer, const struct vega_block_hdr **ret_hdr,
		uint32_t *ret_linktype);
	void (*close)(struct vega_input *input); /* frees the input; after the reader has stopped */
};

struct vega_input_slot {
	const struct vega_block_hdr *hdr;
	uint32_t linktype;
	uint32_t inside; /* 1: every frame lies in [from_ns, to_ns) */
};

/* What is wrong with the data; the frames around it are replayed. */
struct vega_input_damage {
	uint64_t hole_cnt; /* extents of a journal that are damaged */
	uint64_t hole_bytes;
	uint64_t bad_blocks; /* blocks that verify but hold no chain of frames */
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the two threads' words lie apart on purpose */
struct vega_input {
	const struct vega_input_ops *ops;
	char *name;       /* a path, and a feed, for messages */
	const char *feed; /* of a journal, which outlives the input; NULL: a capture file */
	uint8_t *buffers;
	uint64_t from_ns;
	uint64_t to_ns;
	struct vega_journal *journal; /* which may have records of the frames; NULL: none */
	uint32_t feed_idx;            /* in the journal */
	uint32_t linktype;            /* LINKTYPE_ value it begins with */
	uint32_t input_idx;           /* its place among the inputs; given by the merge */
	struct vega_input_slot slots[VEGA_INPUT_BLOCK_CNT];
	struct vega_err err; /* why it ended; rc 0: at its end (written before Q5) */
	struct {
		uint64_t loaded; /* Q2 */
		uint64_t ended;  /* Q5 */
		uint64_t released_seen;
		struct vega_input_damage damage; /* settled by Q5 */
		/* Where exchange time is the clock, frames without one, and those whose records told it; settled by Q5. */
		uint64_t timeless_cnt;
		uint64_t recorded_cnt;
	} reader VEGA_ALIGNED(VEGA_GUARD_BYTES);
	struct {
		uint64_t released; /* Q4 */
		uint64_t walked;
		uint64_t loaded_seen;
		uint64_t bad_blocks;
		uint32_t at; /* of the next frame in block `walked` */
	} sender VEGA_ALIGNED(VEGA_GUARD_BYTES);
};

/*
 * Zeroed memory for an implementation, with its queue (64 MiB of address space, touched as blocks come).
 *
 * Params: bytes	of the implementation's struct
 *	   name		copied
 *	   from_ns, to_ns	frames outside [from_ns, to_ns) are passed over
 * Returns NULL with a message when there is no memory.
 */
void *vega_input_new(size_t bytes, const struct vega_input_ops *ops, const char *name,
	uint64_t from_ns, uint64_t to_ns);

/* The base's part of an implementation's close. */
void vega_input_free(struct vega_input *input);

/*
 * Reader: load one block if a slot is free (Q1, Q2, Q5).
 * Returns 1 when a block was loaded, 0 when the queue is full or the input has ended.
 */
int vega_input_load(struct vega_input *input);

/*
 * Sender: the next frame (Q3, Q6); its data stays valid until the next release.
 * Returns 1; 0 at the end; -EAGAIN: not read yet.
 */
int vega_input_next(struct vega_input *input, struct vega_frame *ret_frame);

/* Sender: give back the blocks that are wholly walked (Q4): no frame of an earlier next is held any more. */
void vega_input_release(struct vega_input *input);

/* After the end: 0, or why the input ended early, with its message. */
int vega_input_error(const struct vega_input *input);

/* After the end: what was damaged. */
struct vega_input_damage vega_input_damage(const struct vega_input *input);

/* A feed of an open journal, and a capture file. Both return 0 or a negative errno with a message. */
int vega_input_open_journal(struct vega_journal *journal, uint32_t feed_idx, const char *path,
	uint64_t from_ns, uint64_t to_ns, struct vega_input **ret_input) VEGA_MUST_CHECK;
int vega_input_open_pcap(const char *path, uint64_t from_ns, uint64_t to_ns, const uint64_t *stop,
	struct vega_input **ret_input) VEGA_MUST_CHECK;

#endif
