/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_SESSION_H
#define VEGA_GEN_SESSION_H
/*
 * A whole synthetic session, packet by packet, in the order and at the times a receiver would see it.
 *
 *	pace -> stream -> feed's datagram -> line A -> queue -+-> merged by time
 *				  |				      |
 *				  +-------> line B -> queue -+
 *
 * Each line has its own delay and its own luck: it loses a packet, carries it twice, or lets it be overtaken. What
 * happened is counted in the truth, so that a test can judge a receiver. What the exchange publishes depends on the
 * seed, the streams and the number of packets only: loss, duplicates and reordering do not change the messages.
 * Everything is whole-number arithmetic: the same configuration gives the same bytes on any machine.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "replay/gen_feed.h"

#define VEGA_GEN_RATE_PPS_MAX     100000000u
#define VEGA_GEN_LOSS_PPB_MAX     900000000u /* more would hardly ever fill a file */
#define VEGA_GEN_BURST_CNT_MAX    100000u
#define VEGA_GEN_HEARTBEAT_NS_MAX 31536000000000000u /* 365 days */

struct vega_gen_config {
	const struct vega_gen_feed *feed;
	const struct vega_gen_segment *segment;
	uint64_t seed;
	uint64_t packet_cnt; /* of both lines together, heartbeats and duplicates included */
	uint64_t rate_pps;   /* mean, of both lines together, heartbeats not included */
	uint64_t start_ns;
	uint64_t heartbeat_ns; /* a stream idle for so long sends one; 0: none */
	uint32_t stream_cnt;
	uint32_t burst_cnt; /* datagrams back to back, then a pause; 1: single ones */
	uint32_t loss_ppb;
	uint32_t duplicate_ppb;
	uint32_t reorder_ppb;
	bool ab;
};

/* Messages that did not arrive: on a line, and on every line there is (what no arbitration brings back). */
struct vega_gen_loss {
	uint64_t line[VEGA_GEN_LINE_CNT];
	uint64_t all;
};

struct vega_gen_truth {
	uint64_t packets[VEGA_GEN_LINE_CNT];
	uint64_t bytes;      /* of frames */
	uint64_t messages;   /* published, arrived or not */
	uint64_t heartbeats; /* packets of them */
	uint64_t packets_lost[VEGA_GEN_LINE_CNT];
	uint64_t packets_duplicated; /* the second copies */
	uint64_t packets_reordered;  /* behind a later one of the same stream and line */
	uint64_t first_ns;
	uint64_t last_ns;
	struct vega_gen_loss messages_lost;
	struct vega_gen_loss stream_lost[VEGA_GEN_STREAM_CNT_MAX];
	uint64_t stream_last_seq[VEGA_GEN_STREAM_CNT_MAX]; /* published; the first is 1, 0: none */
};

struct vega_gen_packet {
	uint64_t ns;
	const uint8_t *frame; /* until the next call */
	uint32_t bytes;
};

struct vega_gen_session;

/* Returns 0, -EINVAL (out of range, with a message), -ENOMEM. */
int vega_gen_session_new(const struct vega_gen_config *config,
	struct vega_gen_session **ret_session) VEGA_MUST_CHECK;
void vega_gen_session_delete(struct vega_gen_session *session);

/*
 * The next packet; times never run back.
 *
 * Returns 1, 0 at the end, -EOVERFLOW when a stream has used up its sequence numbers. Cost: no allocation, no syscall.
 */
int vega_gen_session_next(
	struct vega_gen_session *session, struct vega_gen_packet *ret_packet) VEGA_MUST_CHECK;

/* What has happened so far; complete when the session has ended. */
const struct vega_gen_truth *vega_gen_session_truth(const struct vega_gen_session *session);

#endif
