/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_session.h"

#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "replay/gen_frame.h"

/* From the exchange to the receiver: line A is near, line B takes tens of microseconds longer. */
static const struct {
	uint32_t delay_ns;
	uint32_t jitter_ns;
	uint32_t source; /* addresses set aside for documentation (RFC 5737) */
} line_params[VEGA_GEN_LINE_CNT] = {
	{4000, 1000, 0xc000020a},  /* 192.0.2.10 */
	{38000, 6000, 0xc633640a}, /* 198.51.100.10 */
};

#define BURST_STEP_NS     80u  /* an 80-byte frame with preamble and gap at 10 Gbit/s */
#define DUPLICATE_STEP_NS 400u /* how far a second copy or an overtaken packet follows */
#define GAP_SHIFT         8u   /* gaps carry 2^-8 ns, so that a rate holds over any length */

/* Order ids of a stream begin so much above those of the one before. */
#define STREAM_ID_STEP 1000000000000ull

#define QUEUE_CNT 8192u /* a power of two */
#define STEP_CNT  64u   /* more than one step can push on a line */

/* Independent random numbers, so that one choice never shifts another. */
enum {
	DRAW_PACE,
	DRAW_FATE,
	DRAW_DELAY,
	DRAW_FLOW
};

struct slot {
	uint64_t ns;
	uint32_t bytes; /* 0: empty */
	uint8_t frame[VEGA_FRAME_HEAD_BYTES + VEGA_GEN_PAYLOAD_BYTES_MAX];
};

/* Packets under way on one line, first in, first out. */
struct line {
	uint64_t last_ns; /* of the newest */
	uint32_t head;
	uint32_t tail;
	struct slot *slots;
};

/* One stream on one line. */
struct path {
	struct vega_gen_head head;
	uint16_t ip_id;
	struct slot held; /* waits to be overtaken */
};

struct stream {
	struct vega_gen_stream exchange;
	uint64_t sent_ns;
	struct path paths[VEGA_GEN_LINE_CNT];
};

struct vega_gen_session {
	struct vega_gen_config config;
	struct vega_gen_truth truth;
	struct vega_prng pace;
	struct vega_prng fate;
	struct vega_prng delay;
	uint64_t midnight_ns;       /* before the start, in the feed's zone; 0: it has none */
	uint64_t now_ns;            /* everything earlier has been put on its line */
	uint64_t next_ns;           /* of the next datagram */
	uint64_t next_fraction;     /* of next_ns, in 2^-8 ns */
	uint64_t gap;               /* mean, in 2^-8 ns */
	uint64_t heartbeat_next_ns; /* none is due before */
	uint64_t left;              /* packets still to put on a line */
	uint32_t burst_left;
	uint32_t line_cnt;
	bool ended;
	struct line lines[VEGA_GEN_LINE_CNT];
	struct stream *streams;
};

/* Line queues. */

static struct slot *
head_of(const struct line *line)
{
	return line->head == line->tail ? NULL : &line->slots[line->head & (QUEUE_CNT - 1)];
}

/* Where the next packet goes; it leaves at `ns` or just behind the one before it. */
static struct slot *
push(struct line *line, uint64_t ns)
{
	struct slot *slot = &line->slots[line->tail++ & (QUEUE_CNT - 1)];

	line->last_ns = ns > line->last_ns ? ns : line->last_ns + 1;
	slot->ns = line->last_ns;
	return slot;
}

static void
push_copy(struct line *line, const struct slot *from, uint64_t ns)
{
	struct slot *slot = push(line, ns);

	slot->bytes = from->bytes;
	memcpy(slot->frame, from->frame, from->bytes);
}

static uint64_t
arrival_ns(struct vega_gen_session *s, uint32_t line_idx)
{
	return s->now_ns + line_params[line_idx].delay_ns +
	       vega_prng_below(&s->delay, line_params[line_idx].jitter_ns);
}

/* A packet that waited to be overtaken goes, `overtaken` or because nothing came any more. */
static void
release(struct vega_gen_session *s, struct stream *stream, uint32_t line_idx, bool overtaken)
{
	struct slot *held = &stream->paths[line_idx].held;
	struct line *line = &s->lines[line_idx];

	if (held->bytes == 0)
		return;
	push_copy(line, held, overtaken ? line->last_ns + DUPLICATE_STEP_NS : s->now_ns);
	held->bytes = 0;
	s->truth.packets_reordered += overtaken;
}

/* What becomes of one datagram on one line. Returns whether it arrives. */
static bool
deliver(struct vega_gen_session *s, struct stream *stream, uint32_t line_idx,
	const uint8_t *payload, uint32_t bytes)
{
	struct path *path = &stream->paths[line_idx];
	struct line *line = &s->lines[line_idx];
	uint64_t ns = arrival_ns(s, line_idx);
	uint16_t ip_id = path->ip_id++;
	struct slot *slot;

	if (vega_prng_chance(&s->fate, s->config.loss_ppb)) {
		s->truth.packets_lost[line_idx]++;
		return false;
	}
	s->left--;
	if (path->held.bytes == 0 && vega_prng_chance(&s->fate, s->config.reorder_ppb)) {
		path->held.bytes =
			vega_gen_frame(&path->head, ip_id, payload, bytes, path->held.frame);
		return true;
	}
	slot = push(line, ns);
	slot->bytes = vega_gen_frame(&path->head, ip_id, payload, bytes, slot->frame);
	release(s, stream, line_idx, true);
	/* The lines that follow keep their packet of the budget. */
	if (s->left >= s->line_cnt - line_idx &&
		vega_prng_chance(&s->fate, s->config.duplicate_ppb)) {
		push_copy(line, slot, line->last_ns + DUPLICATE_STEP_NS);
		s->truth.packets_duplicated++;
		s->left--;
	}
	return true;
}

/* Messages of the next datagram: mostly one, sometimes a few, seldom a full one. */
static uint32_t
draw_message_cnt(struct vega_gen_session *s)
{
	uint32_t draw = vega_prng_below(&s->pace, 64);

	if (draw < 54)
		return 1;
	return draw < 63 ? 2 + draw % 3 : VEGA_GEN_MESSAGE_CNT_MAX;
}

static int
publish(struct vega_gen_session *s)
{
	/* The first streams are the busy ones: the smaller of two. */
	uint32_t a = vega_prng_below(&s->pace, s->config.stream_cnt);
	uint32_t b = vega_prng_below(&s->pace, s->config.stream_cnt);
	uint32_t idx = a < b ? a : b;
	uint32_t message_cnt = draw_message_cnt(s);
	struct stream *stream = &s->streams[idx];
	struct vega_gen_loss *lost = &s->truth.stream_lost[idx];
	uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX];
	bool arrived = false;
	uint32_t bytes;

	if (stream->exchange.last_seq + message_cnt > s->config.segment->seq_max)
		return VEGA_ERR_EX(-EOVERFLOW, EX_USAGE,
			"need sequence numbers up to %llu, found stream %u at its end; ask for "
			"fewer packets or more streams",
			(unsigned long long)s->config.segment->seq_max, stream->exchange.id);
	bytes = s->config.feed->datagram(&stream->exchange, s->now_ns, message_cnt, payload);
	stream->sent_ns = s->now_ns;
	s->truth.messages += message_cnt;
	s->truth.stream_last_seq[idx] = stream->exchange.last_seq;
	for (uint32_t i = 0; i < s->line_cnt; i++) {
		if (deliver(s, stream, i, payload, bytes))
			arrived = true;
		else
			lost->line[i] += message_cnt;
	}
	if (!arrived)
		lost->all += message_cnt;
	return 0;
}

/* Heartbeats are never lost: what they tell about a loss must be there to be found. */
static void
send_heartbeat(struct vega_gen_session *s, struct stream *stream, uint32_t line_cnt)
{
	uint8_t payload[VEGA_GEN_PAYLOAD_BYTES_MAX];
	uint32_t bytes = s->config.feed->heartbeat(&stream->exchange, payload);

	stream->sent_ns = s->now_ns;
	for (uint32_t i = 0; i < line_cnt; i++) {
		struct path *path = &stream->paths[i];
		struct slot *slot;

		release(s, stream, i, false);
		slot = push(&s->lines[i], arrival_ns(s, i));
		slot->bytes =
			vega_gen_frame(&path->head, path->ip_id++, payload, bytes, slot->frame);
		s->truth.heartbeats++;
		s->left--;
	}
}

/* The stream whose heartbeat is due first and before the next datagram, or NULL. */
static struct stream *
heartbeat_due(struct vega_gen_session *s)
{
	struct stream *first = &s->streams[0];

	if (s->config.heartbeat_ns == 0 || s->next_ns <= s->heartbeat_next_ns)
		return NULL;
	for (uint32_t i = 1; i < s->config.stream_cnt; i++)
		if (s->streams[i].sent_ns < first->sent_ns)
			first = &s->streams[i];
	s->heartbeat_next_ns = first->sent_ns + s->config.heartbeat_ns;
	return s->next_ns > s->heartbeat_next_ns ? first : NULL;
}

/* When the datagram after this one is published. */
static void
advance(struct vega_gen_session *s)
{
	uint64_t step = (uint64_t)BURST_STEP_NS << GAP_SHIFT;
	uint64_t gap;

	if (step > s->gap)
		step = s->gap;
	if (s->burst_left > 0) {
		s->burst_left--;
		gap = step;
	} else {
		s->burst_left = s->config.burst_cnt - 1;
		gap = vega_prng_wait(&s->pace, s->gap + (s->gap - step) * s->burst_left);
	}
	s->next_fraction += gap;
	s->next_ns += s->next_fraction >> GAP_SHIFT;
	s->next_fraction &= (1u << GAP_SHIFT) - 1;
}

/* Nothing more is published: what waits goes; a packet that one line is short of becomes a heartbeat on line A. */
static void
end(struct vega_gen_session *s)
{
	for (uint32_t i = 0; i < s->config.stream_cnt; i++)
		for (uint32_t k = 0; k < s->line_cnt; k++)
			release(s, &s->streams[i], k, false);
	if (s->left > 0)
		send_heartbeat(s, &s->streams[0], 1);
	for (uint32_t i = 0; i < s->config.stream_cnt; i++) {
		const struct vega_gen_loss *lost = &s->truth.stream_lost[i];

		s->truth.messages_lost.all += lost->all;
		for (uint32_t k = 0; k < s->line_cnt; k++)
			s->truth.messages_lost.line[k] += lost->line[k];
	}
	s->ended = true;
}

/* Let the oldest packet of a full queue leave before more is published; true when one had to. */
static bool
wait_for_room(struct vega_gen_session *s)
{
	for (uint32_t i = 0; i < s->line_cnt; i++) {
		const struct line *line = &s->lines[i];

		if (line->tail - line->head + STEP_CNT <= QUEUE_CNT)
			continue;
		s->now_ns = head_of(line)->ns;
		if (s->next_ns < s->now_ns)
			s->next_ns = s->now_ns;
		return true;
	}
	return false;
}

/* One datagram or one heartbeat further. */
static int
step(struct vega_gen_session *s)
{
	struct stream *idle;
	int rc;

	if (s->left < s->line_cnt) {
		end(s);
		return 0;
	}
	if (wait_for_room(s))
		return 0;
	idle = heartbeat_due(s);
	if (idle != NULL) {
		if (s->now_ns < s->heartbeat_next_ns)
			s->now_ns = s->heartbeat_next_ns;
		send_heartbeat(s, idle, s->line_cnt);
		return 0;
	}
	s->now_ns = s->next_ns;
	rc = publish(s);
	advance(s);
	return rc;
}

/* The line whose first packet is next, or -1 while something earlier may still be published. */
static int
due_line(const struct vega_gen_session *s)
{
	int due = -1;

	for (uint32_t i = 0; i < s->line_cnt; i++) {
		const struct slot *head = head_of(&s->lines[i]);

		if (head == NULL || (!s->ended && head->ns > s->now_ns))
			continue;
		if (due < 0 || head->ns < head_of(&s->lines[due])->ns)
			due = (int)i;
	}
	return due;
}

int
vega_gen_session_next(struct vega_gen_session *session, struct vega_gen_packet *ret_packet)
{
	const struct slot *slot;
	int due;

	for (;;) {
		due = due_line(session);
		if (due >= 0)
			break;
		if (session->ended)
			return 0;
		if (step(session) != 0)
			return -EOVERFLOW;
	}
	slot = head_of(&session->lines[due]);
	session->lines[due].head++;
	*ret_packet = (struct vega_gen_packet){slot->ns, slot->frame, slot->bytes};
	if (session->truth.first_ns == 0)
		session->truth.first_ns = slot->ns;
	session->truth.last_ns = slot->ns;
	session->truth.packets[due]++;
	session->truth.bytes += slot->bytes;
	return 1;
}

const struct vega_gen_truth *
vega_gen_session_truth(const struct vega_gen_session *session)
{
	return &session->truth;
}

/* Making one. */

/* No sum of them leaves 64 bits. */
static int
check_times(const struct vega_gen_config *c)
{
	if (c->heartbeat_ns > VEGA_GEN_HEARTBEAT_NS_MAX)
		return VEGA_ERR(-EINVAL, "--heartbeat: need 365d at most, found more; 0s is none");
	if (c->start_ns / 1000000000 > UINT32_MAX)
		return VEGA_ERR(-EBADMSG, "--start: need a time before 2106-02-07, which pcap can "
					  "hold, found a later "
					  "one");
	if (c->start_ns < c->feed->first_ns)
		return VEGA_ERR(-EINVAL,
			"--start: need a time that %s can express, found one before its epoch; "
			"give a later one",
			c->feed->name);
	return 0;
}

static int
check(const struct vega_gen_config *c)
{
	if (c->stream_cnt == 0 || c->stream_cnt > c->segment->stream_cnt_max)
		return VEGA_ERR(-EINVAL, "--streams: need 1 to %u for segment %s, found %u",
			c->segment->stream_cnt_max, c->segment->name, c->stream_cnt);
	if (c->packet_cnt == 0 || c->rate_pps == 0 || c->rate_pps > VEGA_GEN_RATE_PPS_MAX)
		return VEGA_ERR(-EINVAL, "need at least one packet, at 1 to %u a second",
			VEGA_GEN_RATE_PPS_MAX);
	if (c->loss_ppb > VEGA_GEN_LOSS_PPB_MAX)
		return VEGA_ERR(-EINVAL, "--loss: need a share of at most 0.9, found %g",
			c->loss_ppb / 1e9);
	if (c->burst_cnt == 0 || c->burst_cnt > VEGA_GEN_BURST_CNT_MAX)
		return VEGA_ERR(-EINVAL, "--burst: need 1 to %u, found %u", VEGA_GEN_BURST_CNT_MAX,
			c->burst_cnt);
	return check_times(c);
}

static void
init_path(struct path *path, const struct vega_gen_segment *segment, uint32_t stream_id,
	uint32_t line_idx)
{
	const struct vega_gen_groups *groups = segment->groups;
	uint32_t nth;

	while (stream_id > groups->last)
		groups++;
	nth = stream_id - groups->first;
	vega_gen_head_init(
		&path->head, &(struct vega_gen_path){
				     .source = line_params[line_idx].source,
				     .group = groups->line[line_idx].group + nth,
				     .source_port = (uint16_t)(40000 + stream_id),
				     .group_port = (uint16_t)(groups->line[line_idx].port + nth),
			     });
}

static void
init_stream(struct vega_gen_session *s, uint32_t idx)
{
	const struct vega_gen_segment *segment = s->config.segment;
	struct vega_flow_params params = segment->flow;
	struct stream *stream = &s->streams[idx];

	params.id_base += idx * STREAM_ID_STEP;
	params.token_base += idx * params.token_step * VEGA_FLOW_BOOK_CNT;
	stream->exchange.segment = segment;
	stream->exchange.id = idx + 1;
	stream->exchange.midnight_ns = s->midnight_ns;
	stream->sent_ns = s->config.start_ns;
	vega_flow_init(&stream->exchange.flow, &params, s->config.seed, DRAW_FLOW + idx);
	for (uint32_t i = 0; i < s->line_cnt; i++)
		init_path(&stream->paths[i], segment, stream->exchange.id, i);
}

static int
find_midnight(const struct vega_gen_config *config, uint64_t *ret_ns)
{
	struct vega_zone *zone;
	int rc;

	*ret_ns = 0;
	if (config->feed->zone == NULL)
		return 0;
	rc = vega_zone_new(config->feed->zone, 0, &zone);
	if (rc != 0)
		return rc;
	*ret_ns = vega_zone_day(zone, config->start_ns).midnight_ns;
	vega_zone_delete(zone);
	return 0;
}

int
vega_gen_session_new(const struct vega_gen_config *config, struct vega_gen_session **ret_session)
{
	struct vega_gen_session *s;
	uint64_t midnight_ns;
	int rc = check(config);

	if (rc == 0)
		rc = find_midnight(config, &midnight_ns);
	if (rc != 0)
		return rc;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a session, found none");
	s->config = *config;
	s->midnight_ns = midnight_ns;
	s->line_cnt = config->ab ? 2 : 1;
	s->left = config->packet_cnt;
	s->gap = ((s->line_cnt * 1000000000ull) << GAP_SHIFT) / config->rate_pps;
	s->next_ns = s->now_ns = config->start_ns;
	s->burst_left = config->burst_cnt - 1;
	vega_prng_seed(&s->pace, config->seed, DRAW_PACE);
	vega_prng_seed(&s->fate, config->seed, DRAW_FATE);
	vega_prng_seed(&s->delay, config->seed, DRAW_DELAY);
	s->streams = calloc(config->stream_cnt, sizeof(*s->streams));
	for (uint32_t i = 0; i < s->line_cnt; i++)
		s->lines[i].slots = calloc(QUEUE_CNT, sizeof(struct slot));
	if (s->streams == NULL || s->lines[0].slots == NULL ||
		(config->ab && s->lines[1].slots == NULL)) {
		vega_gen_session_delete(s);
		return VEGA_ERR(
			-ENOMEM, "need memory for %u streams, found none", config->stream_cnt);
	}
	for (uint32_t i = 0; i < config->stream_cnt; i++)
		init_stream(s, i);
	*ret_session = s;
	return 0;
}

void
vega_gen_session_delete(struct vega_gen_session *session)
{
	if (session == NULL)
		return;
	for (uint32_t i = 0; i < VEGA_GEN_LINE_CNT; i++)
		free(session->lines[i].slots);
	free(session->streams);
	free(session);
}
