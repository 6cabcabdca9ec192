/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_RX_H
#define VEGA_CAPTURE_RX_H
/*
 * The hot path: one rx lcore takes bursts from its sources and lays the frames into its feeds' lanes.
 *
 * One lcore owns a feed and both its lines, so a lane has one writer and needs no lock. Nothing here waits, calls the
 * kernel, allocates or logs. A lossless source (a file at full speed) holds the packets that have no room until they have.
 */
#include <stdbool.h>
#include <stdint.h>

#include "capture/feed/feed.h"
#include "capture/feed/match.h"
#include "capture/source.h"
#include "hugepages/frame.h"

/* One feed of this lcore. Counts since the last flush are plain; vega_rx_poll stores them once a burst. */
struct vega_rx_feed {
	struct vega_frame_writer writer;
	struct vega_rx_cells *cells;
	bool frames_only;          /* no record lane: a frame that is not laid is a named drop */
	struct vega_feed *decoder; /* NULL: frames only */
	/* Positions that the drain and the state poll have taken; NULL: nobody. A lossless source waits for both. */
	const uint64_t *records_taken[2];
	uint64_t records_slack; /* they may be so far behind */
	uint64_t put_cnt[3];    /* by enum vega_frame_put */
	uint64_t lost_bytes;    /* of published */
	uint64_t published_bytes;
	uint64_t cut_cnt;
	uint64_t line_cnt[2];
	uint64_t sealed_told; /* of the writer's, in the cells */
};

/* Whose a packet is. */
struct vega_rx_claim {
	struct vega_rx_feed *feed; /* NULL: not looked at yet */
	const uint8_t *payload;    /* of UDP; NULL: none */
	uint32_t payload_bytes;
	uint16_t channel_idx;
	uint8_t line;
};

/*
 * Where the plain datagrams of one destination go, remembered: the same few groups come again and again. Only what a feed of this
 * lcore has claimed is remembered; all else is looked up each time.
 */
#define VEGA_RX_FLOW_LG2 6u

struct vega_rx_flow {
	uint64_t key; /* VEGA_RX_FLOW_TAKEN, interface, UDP port, group; 0: free */
	struct vega_rx_feed *feed;
	uint16_t channel_idx;
	uint8_t line;
};

struct vega_rx {
	struct vega_source **sources;
	uint32_t source_cnt;
	uint32_t feed_cnt;
	struct vega_rx_feed *feeds;
	struct vega_rx_feed *default_feed;
	const struct vega_match *match;    /* NULL: everything goes to default_feed */
	struct vega_rx_feed **feed_of;     /* by index in the region; NULL: another lcore owns it */
	uint32_t if_port[VEGA_IF_CNT_MAX]; /* interface -> port of the configuration */
	struct vega_lcore_cells *cells;
	uint64_t packets_left; /* --count: packets still wanted; UINT64_MAX: no end */
	uint32_t sources_ended;
	int source_rc; /* first damage a source told, 0: none */
	/* A lossless burst whose packets from held_at on are not laid yet. */
	struct vega_source *held_source;
	struct vega_rx_claim held_claim; /* of packet held_at, once it is known */
	uint32_t held_at;
	uint32_t held_cnt;
	struct vega_packet burst[VEGA_BURST_CNT_MAX];
	uint8_t *ended; /* by source */
	struct vega_rx_flow flows[1u << VEGA_RX_FLOW_LG2];
};

/*
 * Poll each source once and look at each feed's block age.
 *
 * Params: now_ns	the lcore's clock: block ages are judged by it
 * Returns packets taken (or laid from a held burst); 0 when idle. The end: vega_rx_done.
 * A damaged source ends; its error is kept in rx->source_rc and the thread's message.
 */
unsigned vega_rx_poll(struct vega_rx *rx, uint64_t now_ns);

/* Every source has ended, or --count is reached, and nothing is held. */
static inline bool
vega_rx_done(const struct vega_rx *rx)
{
	return rx->held_cnt == 0 && (rx->packets_left == 0 || rx->sources_ended == rx->source_cnt);
}

/* Nothing more comes: every feed's open gaps are lost. Before the seal. */
void vega_rx_end(struct vega_rx *rx);

/* Seal every open block, at stop. */
void vega_rx_seal(struct vega_rx *rx, enum vega_seal cause);

/* The clock stepped backward, to what `clock` says: every lane goes on in a new file. */
void vega_rx_step_back(struct vega_rx *rx, const struct vega_clock_block *clock);

/* Lay a clock block into each lane of this lcore. */
void vega_rx_clock(struct vega_rx *rx, const struct vega_clock_block *clock);

/*
 * Tell the port's losses since the last call: they go into the default feed's next block header, and as a LOSS record into every
 * record lane of this lcore, for nobody knows whose packets they were.
 */
void vega_rx_port_losses(struct vega_rx *rx, uint64_t missed, uint64_t nombuf);

#endif
