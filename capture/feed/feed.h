/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_FEED_H
#define VEGA_FEED_FEED_H
/*
 * One feed's way from datagram to records: sequence, decoder, lane. The rx lcore calls it live, and `vega-journal derive` with
 * the frames of a journal: the same packets give the same records.
 *
 *	vega_feed_packet
 *	  PACKET record ......... its time, line, sequence, frame number
 *	  format->single ........ the next message, alone in its datagram: its records, and that is all
 *	  else for each span
 *	    vega_seq_take ....... GAP, SEGMENT; what is to be delivered
 *	    format->records ..... the messages' records
 *	  publish
 *
 * No allocation after vega_feed_new, no I/O, one thread.
 */
#include "capture/feed/seq.h"
#include "hugepages/base/zone.h"

#define VEGA_FRAME_LOST UINT64_MAX

struct vega_feed;

/* A channel's claim: lines A and B of one stream give the same stream and format. */
struct vega_feed_channel {
	const struct vega_format *format; /* NULL: raw: PACKET records alone */
	uint32_t stream;                  /* the number its records carry */
};

struct vega_feed_conf {
	struct vega_record_lane *lane;
	uint64_t lane_bytes;
	const struct vega_zone *zone; /* outlives the feed */
	uint64_t hold_ns;             /* an open gap is lost after it; 0: at the next packet */
	uint32_t feed_id;
	uint32_t channel_cnt;
	const struct vega_feed_channel *channels; /* by the index that a packet names; copied */
	/* A row for each sequence, taken as they are seen; what comes when they are all taken is counted in the last. */
	struct vega_channel_cells *cells;
	uint32_t cells_cnt; /* 1 or more */
};

struct vega_feed_packet {
	const uint8_t *payload; /* of UDP; NULL: a fragment, or not UDP: a PACKET record alone */
	uint32_t bytes;
	uint32_t channel_idx;
	uint64_t recv_ns;
	uint64_t frame; /* number in the frame lane, or VEGA_FRAME_LOST */
	uint8_t line;   /* 'A' or 'B' */
	uint8_t interface_id;
};

/* Bytes of a feed: some 30 KiB a row of cells, and what its formats keep. */
size_t vega_feed_bytes(const struct vega_feed_conf *conf);

/*
 * Make a feed in memory of vega_feed_bytes(conf), 64-byte aligned, which stays the caller's. The lane was made by vega_ring_new.
 */
void vega_feed_new(struct vega_feed *feed, const struct vega_feed_conf *conf);

/* Decode one packet into the lane, and publish. Cost: the feed_ rows of `scripts/bench decode`; nothing waits. */
void vega_feed_packet(struct vega_feed *feed, const struct vega_feed_packet *packet);

/* The port lost packets: a LOSS record, published. */
void vega_feed_loss(struct vega_feed *feed, uint64_t recv_ns, uint64_t cnt);

/*
 * No packet will come any more: gaps that are open are lost, at the last packet's receive time, as the hold would have it. Published.
 */
void vega_feed_end(struct vega_feed *feed);

/* A live clock stepped backward: the next packet begins an epoch, in the day that its time says. */
void vega_feed_step_back(struct vega_feed *feed);

/* A name's token is known from an earlier DEFINITION record: before the first packet only. */
void vega_feed_define(struct vega_feed *feed, uint32_t token, const uint8_t *text, uint32_t bytes);

/* Position of the next record. */
uint64_t vega_feed_position(const struct vega_feed *feed);

#endif
