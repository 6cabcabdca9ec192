/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FRAME_H
#define VEGA_FRAME_H
/*
 * The frame lane: rx lays Enhanced Packet Blocks into 1 MiB blocks, the drain writes them to disk as they lie.
 *
 *	0         4096                      + 1 MiB
 *	+---------+------------------------+------------------------+ ...	2^k blocks
 *	| header  | 256 | EPB | EPB | ...  | 256 | EPB | EPB | ...  |
 *	+---------+------------------------+------------------------+
 *
 * One writer (the feed's rx lcore), one reader (the drain). State: `sealed` and `released`, counts of blocks since the
 * generation began; block n lies in slot n mod 2^k. 0 <= sealed - released <= 2^k at all times.
 *
 *	F1 rx	  load `released`, acquire; a slot is free while sealed - released < 2^k. Pairs with F4: the drain's
 *		  last read of the slot happened before. The value is kept until it says "full".
 *	F2 rx	  fill the slot, seal it, store `sealed`, release. After this rx never touches the slot.
 *	F3 drain  load `sealed`, acquire. Pairs with F2: the block is whole.
 *	F4 drain  when the write of the block is complete, store `released`, release.
 *
 * No free slot: the frame is not laid; its interface's next EPB carries epb_dropcount, and the next block header
 * the cause. Where no block follows, rx leaves the causes in the lane when it stops, and the drain tells them when
 * it seals the file. Order of `released` is order of blocks: a later write that completes first waits for the earlier.
 *
 * Cost of vega_frame_put: the copy of the frame and 32 bytes; no syscall, lock or allocation; two branches that are
 * taken once a block.
 */
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/attr.h"
#include "hugepages/vega_block.h"
#include "hugepages/vega_layout.h"

/* pcapng: section 4.3 of draft-ietf-opsawg-pcapng. */
#define VEGA_PCAPNG_EPB          6u
#define VEGA_EPB_OVERHEAD_BYTES  32u
#define VEGA_EPB_DROPCOUNT_BYTES 16u /* option 4, its u64, opt_endofopt */
#define VEGA_EPB_HEAD_BYTES      28u

/* A gap of 4 or 8 bytes cannot hold a padding block: the last 12 bytes of a slot stay free for one. */
#define VEGA_FRAME_PAYLOAD_BYTES_MAX (VEGA_FRAME_BLOCK_BYTES - VEGA_BLOCK_HDR_BYTES - 12u)

/* So far ahead of the frame's own bytes the lane's lines are asked for. */
#define VEGA_FRAME_AHEAD_BYTES 4096u

enum vega_frame_put {
	VEGA_PUT_OK = 0,
	VEGA_PUT_NO_BLOCK = 1,
	VEGA_PUT_OVERSIZE = 2
};

/* Losses to be told in the next block header. */
struct vega_frame_losses {
	uint64_t lane_full;
	uint64_t oversize;
	uint64_t port_missed;
	uint64_t port_nombuf;
};

/* Private to the rx lcore that owns the lane. */
struct vega_frame_writer {
	uint8_t *cursor;     /* where the next EPB goes; NULL: no open block */
	uint8_t *limit;      /* end of the open block's payload */
	uint64_t day_end_ns; /* a packet at or after it rolls the day */
	uint64_t recv_ns_min;
	uint64_t recv_ns_max;
	uint64_t recv_ns_last;
	uint32_t packet_cnt; /* in the open block */
	uint32_t linktype;
	uint64_t frame_next; /* frame number of the next frame laid */
	uint64_t recv_ns_first;
	uint64_t open_since_ns; /* when the open block was seen to hold a packet; 0: not yet */
	uint64_t sealed;        /* our copy of lane->sealed */
	uint64_t released_seen; /* F1's value */
	uint64_t block_cnt;
	uint8_t *blocks;
	struct vega_frame_lane *lane;
	const struct vega_zone *zone;
	uint64_t generation;
	uint32_t day;           /* YYYYMMDD of the open block */
	uint32_t drops_pending; /* interfaces with a dropcount to tell, a bit each */
	struct vega_frame_losses losses;
	uint64_t drop_cnt[VEGA_IF_CNT_MAX];
	uint64_t seal_ns_last;
};

struct vega_zone;

/*
 * Make a lane in zeroed memory / take the writing side of one.
 *
 * Params: lane		memory of vega_frame_lane_bytes(block_cnt), 4096-aligned
 *	   block_cnt	a power of two, 2 to 65536
 *	   zone		rolls the trading day; must outlive the writer
 */
uint64_t vega_frame_lane_bytes(uint64_t block_cnt);
void vega_frame_lane_new(
	struct vega_frame_lane *lane, uint32_t feed_id, uint64_t block_cnt, uint64_t generation);
void vega_frame_writer_init(
	struct vega_frame_writer *w, struct vega_frame_lane *lane, const struct vega_zone *zone);

/*
 * Seal the open block, if it holds a packet or a clock block (F2). VEGA_SEAL_STOP is the last call: what was lost after
 * that block is left in the lane, to be read once the rx lcore has ended.
 */
void vega_frame_seal(struct vega_frame_writer *w, enum vega_seal cause);

/* A live clock stepped backward: what follows goes into a new file, and into the day that its time says. */
void vega_frame_step_back(struct vega_frame_writer *w);

/*
 * The slow half of put: seal what is open (full, or the day rolls at recv_ns), open the next block.
 * Returns 1 when `need` bytes fit now, 0 when no block is free (F1).
 */
int vega_frame_open(struct vega_frame_writer *w, uint64_t need, uint64_t recv_ns);

/* Count a frame that could not be laid, and remember to tell it on its interface. */
void vega_frame_drop(struct vega_frame_writer *w, uint32_t interface_id, enum vega_frame_put why);

/* The link type of what comes next; a change seals. */
void vega_frame_linktype(struct vega_frame_writer *w, uint32_t linktype);

/* Seal a block whose first packet is 100 ms old. Call on every poll, idle ones too. */
static inline void
vega_frame_tick(struct vega_frame_writer *w, uint64_t now_ns)
{
	if (w->packet_cnt == 0)
		return;
	if (w->open_since_ns == 0)
		w->open_since_ns = now_ns;
	else if (vega_unlikely(now_ns - w->open_since_ns >= 100000000u))
		vega_frame_seal(w, VEGA_SEAL_AGE);
}

/* Lay a clock block. Returns 1, or 0 when no block is free. */
int vega_frame_clock(
	struct vega_frame_writer *w, const struct vega_clock_block *clock, uint64_t recv_ns);

/* 1 when a block is open or free: what a lossless source asks before its next burst. */
static inline int
vega_frame_ready(struct vega_frame_writer *w)
{
	if (w->cursor != NULL || w->sealed - w->released_seen < w->block_cnt)
		return 1;
	w->released_seen = vega_load_acquire(&w->lane->released); /* F1: pairs with F4 */
	return w->sealed - w->released_seen < w->block_cnt;
}

/*
 * Copy a frame by vectors in line, the last one overlapping; for a feed's packets a call of memcpy would cost more than it saves.
 * Neither side is read or written outside its bytes. A lane is larger than the caches: its lines are asked for ahead, or the stores of
 * a large frame wait for each. What is asked for may lie behind the lane: nothing comes of it.
 */
static VEGA_ALWAYS_INLINE void
vega_frame_copy(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	if (vega_unlikely(bytes < 32)) {
		memcpy(to, from, bytes);
		return;
	}
	for (uint32_t at = 0; at + 32 < bytes; at += 32) {
		vega_prefetch(to + at + VEGA_FRAME_AHEAD_BYTES);
		memcpy(to + at, from + at, 32);
	}
	memcpy(to + bytes - 32, from + bytes - 32, 32);
}

/* What a frame takes in a block: a pending drop count is told with it. */
static VEGA_ALWAYS_INLINE uint32_t
vega_frame_epb_bytes(
	const struct vega_frame_writer *w, uint32_t captured_bytes, uint32_t interface_id)
{
	const uint32_t bytes = VEGA_EPB_OVERHEAD_BYTES + ((captured_bytes + 3u) & ~3u);

	return vega_unlikely(w->drops_pending & (1u << interface_id))
		       ? bytes + VEGA_EPB_DROPCOUNT_BYTES
		       : bytes;
}

/*
 * Lay one frame as an Enhanced Packet Block.
 *
 * Params: captured_bytes	bytes at data
 *	   wire_bytes		length on the wire, >= captured_bytes as a rule, told as it is
 *	   recv_ns		receive time, ns since the Unix epoch
 * Returns enum vega_frame_put; a frame that was not laid is counted in the writer's losses and drop counts.
 */
static VEGA_ALWAYS_INLINE enum vega_frame_put
vega_frame_put(struct vega_frame_writer *w, const uint8_t *data, uint32_t captured_bytes,
	uint32_t wire_bytes, uint64_t recv_ns, uint32_t interface_id)
{
	const uint32_t padded = (captured_bytes + 3u) & ~3u;
	const uint32_t length = vega_frame_epb_bytes(w, captured_bytes, interface_id);
	uint8_t *epb = w->cursor;
	uint64_t head[3];
	uint32_t tail;

	if (vega_unlikely(captured_bytes > VEGA_FRAME_BYTES_MAX)) {
		vega_frame_drop(w, interface_id, VEGA_PUT_OVERSIZE);
		return VEGA_PUT_OVERSIZE;
	}
	if (vega_unlikely(epb == NULL || (uint64_t)(w->limit - epb) < length ||
			  recv_ns >= w->day_end_ns)) {
		if (!vega_frame_open(w, length, recv_ns)) {
			vega_frame_drop(w, interface_id, VEGA_PUT_NO_BLOCK);
			return VEGA_PUT_NO_BLOCK;
		}
		epb = w->cursor;
	}
	head[0] = VEGA_PCAPNG_EPB | (uint64_t)length << 32;
	head[1] = interface_id | recv_ns >> 32 << 32;
	head[2] = (uint32_t)recv_ns | (uint64_t)captured_bytes << 32;
	memcpy(epb, &head[0], 8);
	memcpy(epb + 8, &head[1], 8);
	memcpy(epb + 16, &head[2], 8);
	memcpy(epb + 24, &wire_bytes, 4);
	if (vega_likely(padded != 0))
		memset(epb + VEGA_EPB_HEAD_BYTES + padded - 4, 0, 4);
	vega_frame_copy(epb + VEGA_EPB_HEAD_BYTES, data, captured_bytes);
	tail = VEGA_EPB_HEAD_BYTES + padded;
	if (vega_unlikely(length != VEGA_EPB_OVERHEAD_BYTES + padded)) {
		const uint32_t option[3] = {4u | 8u << 16, (uint32_t)w->drop_cnt[interface_id],
			(uint32_t)(w->drop_cnt[interface_id] >> 32)};

		memcpy(epb + tail, option, sizeof(option));
		memset(epb + tail + 12, 0, 4);
		tail += VEGA_EPB_DROPCOUNT_BYTES;
		w->drops_pending &= ~(1u << interface_id);
		w->drop_cnt[interface_id] = 0;
	}
	memcpy(epb + tail, &length, 4);
	w->cursor = epb + length;
	if (vega_unlikely(w->packet_cnt == 0))
		w->recv_ns_first = recv_ns;
	w->recv_ns_min = recv_ns < w->recv_ns_min ? recv_ns : w->recv_ns_min;
	w->recv_ns_max = recv_ns > w->recv_ns_max ? recv_ns : w->recv_ns_max;
	w->recv_ns_last = recv_ns;
	w->packet_cnt++;
	w->frame_next++;
	return VEGA_PUT_OK;
}

/* Drain side: blocks sealed and not yet taken (F3), the header of block n, and the release (F4). */
static inline uint64_t
vega_frame_sealed(const struct vega_frame_lane *lane)
{
	return vega_load_acquire(&lane->sealed); /* F3: pairs with F2 */
}

static inline struct vega_block_hdr *
vega_frame_block(struct vega_frame_lane *lane, uint64_t n)
{
	uint8_t *blocks = (uint8_t *)lane + VEGA_LANE_HDR_BYTES;

	return (struct vega_block_hdr *)(void *)(blocks + (n & (lane->block_cnt - 1)) *
								  VEGA_FRAME_BLOCK_BYTES);
}

static inline void
vega_frame_release(struct vega_frame_lane *lane, uint64_t released)
{
	vega_store_release(&lane->released, released); /* F4: pairs with F1 */
}

#endif
