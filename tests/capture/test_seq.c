/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sequence of a channel: scripts of packets, each with what it must deliver and tell; then random ones, against a slow reference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/feed/seq.h"
#include "tests/lib/rng.h"

#define LANE_BYTES (2u << 20)
#define HOLD_NS    1000u
#define CHANNEL    7u
#define TEXT_BYTES 16384u

struct rig {
	struct vega_record_lane *lane;
	struct vega_ring_writer ring;
	struct vega_emit emit;
	struct vega_channel_cells cells;
	struct vega_seq seq;
	uint64_t read; /* position of the next record to be told */
	char delivered[TEXT_BYTES];
	char told[TEXT_BYTES];
};

static struct rig *
rig_new(uint64_t hold_ns)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->lane = calloc(1, LANE_BYTES);
	assert_non_null(rig->lane);
	vega_ring_new(rig->lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	vega_ring_writer_init(&rig->ring, rig->lane, LANE_BYTES);
	rig->emit.ring = &rig->ring;
	vega_seq_init(&rig->seq, CHANNEL, hold_ns, &rig->cells);
	return rig;
}

static void
rig_delete(struct rig *rig)
{
	free(rig->lane);
	free(rig);
}

VEGA_PRINTF(2, 3) static void append(char *text, const char *format, ...)
{
	const size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text + used, TEXT_BYTES - used, format, args);
	va_end(args);
}

/* "open 5+2 A", "restart 1 s3": of every record, what it says. All are of the channel, and end their message. */
static void
tell(struct rig *rig, const union vega_record *r)
{
	static const char *const states[] = {"?", "open", "filled", "recovered", "lost"};
	static const char *const segments[] = {"?", "start", "session", "restart", "end"};
	const char *space = rig->told[0] != '\0' ? " " : "";

	assert_int_equal(r->gap.channel, CHANNEL);
	assert_int_equal(vega_record_flags(r), VEGA_RECORD_LAST);
	if (vega_record_kind(r) == VEGA_GAP) {
		append(rig->told, "%s%s %lu+%lu %c", space, states[r->gap.state & 0xFF],
			(unsigned long)r->gap.first, (unsigned long)r->gap.cnt,
			(char)(r->gap.state >> 8));
		return;
	}
	assert_int_equal(vega_record_kind(r), VEGA_SEGMENT);
	append(rig->told, "%s%s %lu", space, segments[r->segment.what],
		(unsigned long)r->segment.seq);
}

static const union vega_record *
next_record(struct rig *rig)
{
	const union vega_record *records = (const void *)(rig->lane + 1);

	if (rig->read == rig->ring.next)
		return NULL;
	return &records[rig->read++ % rig->ring.capacity];
}

static void
begin_step(struct rig *rig, uint64_t recv_ns)
{
	rig->told[0] = '\0';
	rig->delivered[0] = '\0';
	if (recv_ns >= rig->seq.deadline_ns)
		vega_seq_expire(&rig->seq, recv_ns, &rig->emit);
}

/* As the feed does it: what is due is lost first. */
static void
offer(struct rig *rig, const struct vega_span *span, uint32_t line, uint64_t recv_ns)
{
	struct vega_seq_range ranges[VEGA_SEQ_RANGE_CNT];
	uint32_t cnt;

	begin_step(rig, recv_ns);
	cnt = vega_seq_take(&rig->seq, span, line, recv_ns, &rig->emit, ranges);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint64_t left = span->seq_cnt - ranges[i].skip;
		const uint64_t take = ranges[i].take < left ? ranges[i].take : left;

		append(rig->delivered, "%s%lu+%lu", i != 0 ? " " : "",
			(unsigned long)(span->seq + ranges[i].skip), (unsigned long)take);
	}
	for (const union vega_record *r; (r = next_record(rig)) != NULL;)
		tell(rig, r);
	vega_ring_publish(&rig->ring);
}

/* ---- scripts ----------------------------------------------------------------------------------------------------- */

struct step {
	char line;
	uint64_t seq, cnt, recv_ns;
	const char *delivered, *told;
	uint64_t session;
	char mark; /* 's' the header says start, 'e' end */
};

static void
play(struct rig *rig, const struct step *steps, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const struct step *s = &steps[i];
		const struct vega_span span = {
			.session = s->session,
			.seq = s->seq,
			.seq_cnt = s->cnt,
			.is_start = s->mark == 's',
			.is_end = s->mark == 'e',
		};

		offer(rig, &span, s->line == 'B', s->recv_ns);
		if (strcmp(rig->delivered, s->delivered) != 0 || strcmp(rig->told, s->told) != 0)
			print_message("step %u: delivered \"%s\", told \"%s\"\n", i, rig->delivered,
				rig->told);
		assert_string_equal(rig->delivered, s->delivered);
		assert_string_equal(rig->told, s->told);
	}
}

/* Play a script with a channel of its own, and leave its counters. */
#define PLAY(hold_ns, steps, ret_cells)                   \
	do {                                              \
		struct rig *rig_ = rig_new(hold_ns);      \
		play(rig_, steps, VEGA_ARRAY_CNT(steps)); \
		*(ret_cells) = rig_->cells;               \
		rig_delete(rig_);                         \
	} while (0)

static void
test_in_order(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 3, 0, "1+3", "start 1", 0, 0},
		{'A', 4, 1, 1, "4+1", "", 0, 0},
		{'A', 5, 0, 2, "", "", 0, 0}, /* a heartbeat */
		{'A', 5, 100, 3, "5+100", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.seq_last, 104);
	assert_int_equal(cells.gaps, 0);
}

static void
test_first_copy_wins(void **state)
{
	static const struct step steps[] = {
		{'B', 10, 2, 100, "10+2", "start 10", 0, 0}, {'A', 10, 2, 105, "", "", 0, 0},
		{'A', 12, 1, 200, "12+1", "", 0, 0}, {'B', 12, 1, 200, "", "", 0, 0},
		{'B', 12, 1, 300, "", "", 0, 0}, /* its own, twice: no lead */
		{'A', 12, 1, 301, "", "", 0, 0}, {'B', 13, 1, 400, "13+1", "", 0, 0},
		{'A', 13, 1, 399, "", "", 0, 0}, /* a time that goes back is no lead */
	};
	struct vega_channel_cells cells;
	uint64_t sum = 0;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.lead_ns_log2[1][3], 1); /* B by 5 ns: 4 to 7 */
	assert_int_equal(cells.lead_ns_log2[0][0], 1);
	assert_int_equal(cells.lead_ns_log2[1][0], 1);
	for (uint32_t i = 0; i < VEGA_LEAD_BUCKET_CNT; i++)
		sum += cells.lead_ns_log2[0][i] + cells.lead_ns_log2[1][i];
	assert_int_equal(sum, 3);
}

static void
test_gap_filled_by_the_other_line(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 1, 0, "1+1", "start 1", 0, 0}, {'B', 1, 1, 1, "", "", 0, 0},
		{'A', 5, 1, 10, "5+1", "open 2+3 A", 0, 0},
		{'B', 2, 1, 20, "2+1", "filled 2+1 B", 0, 0},
		{'B', 4, 2, 30, "4+1", "filled 4+1 B", 0, 0}, /* 5 was here */
		{'B', 3, 1, 40, "3+1", "filled 3+1 B", 0, 0},
		{'A', 6, 1, 5000, "6+1", "", 0, 0}, /* nothing is lost after the hold */
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.gaps, 1);
	assert_int_equal(cells.gap_seqs, 3);
	assert_int_equal(cells.filled_seqs, 3);
	assert_int_equal(cells.lost_seqs, 0);
}

static void
test_out_of_order_on_its_own_line(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 1, 0, "1+1", "start 1", 0, 0},
		{'A', 3, 1, 10, "3+1", "open 2+1 A", 0, 0},
		{'A', 2, 1, 20, "2+1", "recovered 2+1 A", 0, 0},
		{'A', 2, 1, 30, "", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.recovered_seqs, 1);
	assert_int_equal(cells.lost_seqs, 0);
}

static void
test_lost_after_the_hold(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 1, 0, "1+1", "start 1", 0, 0},
		{'A', 5, 1, 10, "5+1", "open 2+3 A", 0, 0},
		{'A', 7, 1, 20, "7+1", "open 6+1 A", 0, 0},
		{'B', 3, 1, 1009, "3+1", "filled 3+1 B", 0, 0}, /* one ns before */
		{'A', 8, 1, 1010, "8+1", "lost 2+1 A lost 4+1 A", 0, 0},
		{'A', 9, 1, 1020, "9+1", "lost 6+1 A", 0, 0},
		{'B', 4, 1, 9000, "4+1", "recovered 4+1 B", 0, 0}, /* even so */
		{'B', 4, 1, 9001, "", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.gap_seqs, 4);
	assert_int_equal(cells.filled_seqs, 1);
	assert_int_equal(cells.recovered_seqs, 1);
	assert_int_equal(cells.lost_seqs, 2);
}

static void
test_no_hold(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 1, 0, "1+1", "start 1", 0, 0},
		{'A', 3, 1, 10, "3+1", "open 2+1 A", 0, 0},
		{'B', 2, 1, 10, "2+1", "lost 2+1 A recovered 2+1 B", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(0, steps, &cells);
	assert_int_equal(cells.lost_seqs, 0);
}

static void
test_heartbeat_proves_loss(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 0, 0, "", "start 1", 0, 0}, /* and one before anything else */
		{'A', 1, 0, 1, "", "", 0, 0},
		{'A', 1, 1, 2, "1+1", "", 0, 0},
		{'A', 4, 0, 10, "", "open 2+2 A", 0, 0},
		{'A', 4, 0, 11, "", "", 0, 0},
		{'B', 2, 2, 20, "2+2", "filled 2+2 B", 0, 0},
		{'B', 4, 0, 21, "", "", 0, 0},
		{'B', 3, 0, 22, "", "", 0, 0}, /* an old one */
		{'B', 4, 1, 23, "4+1", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.filled_seqs, 2);
}

static void
test_part_of_a_span(void **state)
{
	static const struct step steps[] = {
		{'A', 10, 1, 0, "10+1", "start 10", 0, 0},
		{'A', 13, 2, 1, "13+2", "open 11+2 A", 0, 0},
		{'A', 17, 1, 2, "17+1", "open 15+2 A", 0, 0},
		{'A', 19, 1, 3, "19+1", "open 18+1 A", 0, 0},
		/* all that is missing, and what is new, of one span; nothing of it twice */
		{'B', 12, 10, 4, "12+1 15+2 18+1 20+2", "filled 12+1 B filled 15+2 B filled 18+1 B",
			0, 0},
		{'B', 10, 12, 5, "11+1", "filled 11+1 B", 0, 0},
		{'A', 8, 30, 6, "8+2 22+16", "", 0, 0}, /* from before the beginning, too */
		{'B', 8, 30, 7, "", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.gap_seqs, 5);
	assert_int_equal(cells.filled_seqs, 5);
}

/* The middle of a gap, with the table full of others: one is given up, and its loss is told, once. */
static void
test_more_gaps_than_the_table_has(void **state)
{
	struct rig *rig = rig_new(HOLD_NS);
	struct vega_span span = {.seq = 1, .seq_cnt = 1};
	char want[64];

	(void)state;
	offer(rig, &span, 0, 0);
	for (uint32_t i = 1; i <= VEGA_SEQ_GAP_CNT_MAX; i++) {
		span.seq = 10ull * i;
		offer(rig, &span, 0, i);
	}
	assert_int_equal(rig->seq.gap_cnt, VEGA_SEQ_GAP_CNT_MAX);
	span.seq += 10;
	offer(rig, &span, 0, 99); /* one more */
	(void)snprintf(want, sizeof(want), "lost 2+8 A open %lu+9 A", (unsigned long)span.seq - 9);
	assert_string_equal(rig->told, want);
	span.seq -= 5;
	offer(rig, &span, 1, 100); /* and one that splits */
	(void)snprintf(want, sizeof(want), "filled %lu+1 B lost 11+9 A", (unsigned long)span.seq);
	assert_string_equal(rig->told, want);
	span.seq = 5; /* given up for good: no second copy can be told from a first */
	offer(rig, &span, 1, 101);
	assert_string_equal(rig->delivered, "");
	assert_int_equal(rig->cells.lost_seqs, 17);
	rig_delete(rig);
}

static void
test_another_session(void **state)
{
	static const struct step steps[] = {
		{'A', 100, 1, 0, "100+1", "start 100", 1, 0},
		{'B', 100, 1, 1, "", "", 1, 0},
		{'A', 103, 1, 2, "103+1", "open 101+2 A", 1, 0},
		{'A', 1, 1, 3, "1+1", "lost 101+2 A session 1", 2, 0},
		{'B', 101, 1, 4, "", "", 1, 0}, /* the old session: over */
		{'A', 2, 1, 5, "2+1", "", 2, 0},
		{'B', 1, 1, 6, "", "", 2, 0},
		{'B', 2, 2, 7, "3+1", "", 2, 0},
		{'A', 3, 2, 8, "4+1", "", 2, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.old_space, 1);
	assert_int_equal(cells.restarts, 1);
	assert_int_equal(cells.lost_seqs, 2);
}

/* A packet of the session just left comes late: it does not begin that session again. */
static void
test_late_packet_of_the_session_before(void **state)
{
	static const struct step steps[] = {
		{'A', 100, 1, 0, "100+1", "start 100", 1, 0},
		{'B', 100, 1, 1, "", "", 1, 0},
		{'A', 1, 1, 3, "1+1", "session 1", 2, 0},
		{'B', 1, 1, 4, "", "", 2, 0},
		{'A', 101, 1, 5, "", "", 1, 0},
		{'B', 2, 1, 6, "2+1", "", 2, 0},
		{'A', 3, 1, 7, "3+1", "", 2, 0},
		{'B', 5, 1, 8, "5+1", "open 4+1 B", 2, 0},
		{'A', 4, 1, 9, "4+1", "filled 4+1 A", 2, 0},
		/* long after, it is begun again */
		{'A', 200, 1, 5000, "200+1", "session 200", 1, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.old_space, 1);
	assert_int_equal(cells.restarts, 2);
}

static void
test_restart(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 5, 0, "1+5", "start 1", 0, 0},
		{'B', 1, 5, 1, "", "", 0, 0},
		{'A', 6, 5, 10, "6+5", "", 0, 0},
		{'A', 1, 2, 5000, "1+2", "restart 1", 0, 0},
		{'B', 6, 5, 5001, "", "", 0, 0}, /* of the old space: late */
		{'A', 3, 2, 5002, "3+2", "", 0, 0},
		{'B', 11, 2, 5003, "", "", 0, 0},   /* and this */
		{'B', 1, 2, 5004, "", "", 0, 0},    /* it follows */
		{'B', 3, 4, 5005, "5+2", "", 0, 0}, /* and leads */
		{'A', 5, 2, 5006, "", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.old_space, 2);
	assert_int_equal(cells.restarts, 1);
	assert_int_equal(cells.gaps, 0);
}

/* The header says so; the same, said where the sequence goes on, is nothing new. */
static void
test_restart_by_the_header(void **state)
{
	static const struct step steps[] = {
		{'A', 50, 5, 0, "50+5", "start 50", 0, 's'},
		{'B', 50, 5, 1, "", "", 0, 's'},
		{'A', 55, 1, 2, "55+1", "", 0, 's'},
		{'B', 55, 1, 3, "", "", 0, 's'},
		{'A', 40, 1, 5000, "40+1", "restart 40", 0, 's'},
		{'B', 40, 1, 5001, "", "", 0, 's'},
		{'B', 41, 1, 5002, "41+1", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.restarts, 1);
}

/* A second copy of the first sequence is no restart, late as it is. */
static void
test_late_copy_of_the_first(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 1, 0, "1+1", "start 1", 0, 0},
		{'A', 2, 1, 1, "2+1", "", 0, 0},
		{'A', 1, 1, 2, "", "", 0, 0},
		{'B', 2, 1, 3, "", "", 0, 0},
		{'B', 1, 1, 4, "", "", 0, 0},
		{'A', 3, 1, 5, "3+1", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.restarts, 0);
}

/* The first packets of a capture change places: the first sequence is late, and nothing begins anew. */
static void
test_first_two_out_of_order(void **state)
{
	static const struct step steps[] = {
		{'A', 2, 1, 0, "2+1", "start 2", 0, 0}, {'A', 1, 1, 1, "1+1", "", 0, 0},
		{'A', 3, 1, 2, "3+1", "", 0, 0}, {'A', 1, 1, 3, "", "", 0, 0},
		{'B', 1, 1, 4, "", "", 0, 0}, {'B', 2, 2, 5, "", "", 0, 0},
		{'A', 1, 1, 5000, "1+1", "restart 1", 0, 0}, /* the hold has passed */
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.restarts, 1);
	assert_int_equal(cells.gaps, 0);
}

/* Spans `first` ... of a session, one sequence each, by both lines; returns how many were delivered. */
static uint64_t
both_lines(struct rig *rig, uint64_t session, uint64_t first, uint64_t cnt, uint64_t *now_ns)
{
	struct vega_seq_range ranges[VEGA_SEQ_RANGE_CNT];
	uint64_t given = 0;

	for (uint64_t seq = first; seq < first + cnt; seq++)
		for (uint32_t line = 0; line < 2; line++) {
			const struct vega_span span = {
				.session = session, .seq = seq, .seq_cnt = 1};

			given += vega_seq_take(
				&rig->seq, &span, line, ++*now_ns, &rig->emit, ranges);
		}
	vega_ring_publish(&rig->ring);
	return given;
}

/*
 * One packet of another session, or of a sequence long past, on a line: both lines go on as before, and the channel with them. Of
 * 1000 sequences, those of 16 packets are passed over and told as missing; not even the redundancy is lost.
 */
static void
test_stray_packets(void **state)
{
	static const struct vega_span strays[] = {
		{.session = 9, .seq = 70000, .seq_cnt = 1},
		{.session = 9, .seq = 1, .seq_cnt = 1},
		{.session = 4, .seq = 1, .seq_cnt = 1},
	};
	struct vega_seq_range ranges[VEGA_SEQ_RANGE_CNT];

	(void)state;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(strays); i++) {
		struct rig *rig = rig_new(HOLD_NS);
		uint64_t now_ns = 1;
		uint64_t given;

		assert_int_equal(both_lines(rig, 4, 5000, 500, &now_ns), 500);
		assert_int_equal(
			vega_seq_take(&rig->seq, &strays[i], 0, ++now_ns, &rig->emit, ranges), 1);
		given = both_lines(rig, 4, 5500, 500, &now_ns);
		assert_in_range(given, 500 - 16, 500);
		assert_int_equal(rig->seq.expected, 6000);
		/* the space is in order, and both lines are in it */
		assert_int_equal(rig->seq.lines[0].space, rig->seq.space);
		assert_int_equal(rig->seq.lines[1].space, rig->seq.space);
		assert_int_equal(rig->seq.session, 4);
		if (strays[i].session != 4)
			assert_int_equal(rig->cells.gap_seqs, 500 - given);
		rig_delete(rig);
	}
}

/* Without any mark: a jump back further than a line reorders. */
static void
test_jump_back(void **state)
{
	static const struct step steps[] = {
		{'A', 100000, 1, 0, "100000+1", "start 100000", 0, 0},
		{'B', 100000, 1, 1, "", "", 0, 0},
		{'A', 99000, 1, 2, "99000+1", "", 0, 0}, /* late, from before the beginning */
		{'A', 50000, 1, 3, "50000+1", "restart 50000", 0, 0},
		{'B', 100001, 1, 4, "", "", 0, 0},
		{'B', 50000, 1, 5, "", "", 0, 0},
		{'B', 50001, 1, 6, "50001+1", "", 0, 0},
		{'A', 50001, 1, 7, "", "", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.old_space, 1);
	assert_int_equal(cells.restarts, 1);
}

static void
test_end_of_session(void **state)
{
	static const struct step steps[] = {
		{'A', 1, 2, 0, "1+2", "start 1", 5, 0},
		{'A', 4, 0, 1, "", "open 3+1 A end 4", 5, 'e'},
		{'B', 3, 1, 2, "3+1", "filled 3+1 B", 5, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
}

static void
test_numbers_at_their_ends(void **state)
{
	static const struct step steps[] = {
		{'A', UINT32_MAX - 1ull, 1, 0, "4294967294+1", "start 4294967294", 0, 0},
		{'A', UINT32_MAX, 1, 1, "4294967295+1", "", 0, 0},
		{'A', UINT32_MAX + 1ull, 1, 2, "4294967296+1", "", 0, 0},
		{'B', UINT32_MAX, 1, 3, "", "", 0, 0},
		{'A', UINT64_MAX - 2, 1, 4, "18446744073709551613+1",
			"open 4294967297+18446744069414584316 A", 0, 0},
		{'A', UINT64_MAX - 1, 1, 5, "18446744073709551614+1", "", 0, 0},
		/* No sequence can be so: given whole, and nothing is learnt from it. */
		{'A', UINT64_MAX, 1, 6, "18446744073709551615+1", "", 0, 0},
		{'A', 5, UINT64_MAX - 5, 7, "5+18446744073709551610", "", 0, 0},
		{'A', 0, 3, 8, "0+3", "", 0, 0},
		{'B', 0, 3, 9, "0+3", "", 0, 0},
		{'B', 4294967297, 2, 10, "4294967297+2", "filled 4294967297+2 B", 0, 0},
	};
	struct vega_channel_cells cells;

	(void)state;
	PLAY(HOLD_NS, steps, &cells);
	assert_int_equal(cells.restarts, 0);
}

/* ---- random ------------------------------------------------------------------------------------------------------ */

#define DOMAIN 4096u

/* What is known of each sequence, by what was delivered and told: nothing is taken from the sequence itself. */
struct reference {
	uint8_t delivered[DOMAIN];
	uint8_t missing[DOMAIN]; /* told as opened, and not as brought since */
	uint8_t offered[DOMAIN];
	uint64_t spaces;
	uint64_t base;
	bool was_full; /* the table of gaps */
};

static uint64_t
place(const struct reference *ref, uint64_t seq)
{
	const uint64_t i = seq - ref->base;

	assert_true(i < DOMAIN);
	return i;
}

static void
hear_gap(struct reference *ref, const struct vega_gap_record *gap)
{
	const uint64_t from = place(ref, gap->first);
	const uint32_t state = gap->state & 0xFF;

	assert_true(gap->cnt >= 1 && gap->cnt <= DOMAIN - from);
	for (uint64_t i = from; i < from + gap->cnt; i++) {
		assert_int_equal(ref->missing[i], state != VEGA_GAP_OPEN);
		if (state != VEGA_GAP_LOST)
			ref->missing[i] = state == VEGA_GAP_OPEN;
	}
}

static void
hear(struct rig *rig, struct reference *ref)
{
	for (const union vega_record *r; (r = next_record(rig)) != NULL;) {
		if (vega_record_kind(r) == VEGA_GAP) {
			hear_gap(ref, &r->gap);
		} else if (r->segment.what != VEGA_SEGMENT_END) {
			memset(ref->delivered, 0, DOMAIN);
			memset(ref->missing, 0, DOMAIN);
			memset(ref->offered, 0, DOMAIN);
			ref->spaces++;
		}
	}
	vega_ring_publish(&rig->ring);
}

/* Ranges go up, lie in the span, and have nothing that was here already. */
static void
deliver(struct reference *ref, const struct vega_span *span, const struct vega_seq_range *ranges,
	uint32_t cnt)
{
	uint64_t behind = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		assert_true(ranges[i].skip >= behind && ranges[i].take != 0);
		if (span->seq_cnt != 0 && ranges[i].take == UINT64_MAX)
			assert_int_equal(i + 1, cnt);
		behind = ranges[i].take == UINT64_MAX ? span->seq_cnt
						      : ranges[i].skip + ranges[i].take;
		assert_true(behind <= span->seq_cnt);
		for (uint64_t j = ranges[i].skip; j < behind; j++) {
			const uint64_t at = place(ref, span->seq + j);

			assert_false(ref->delivered[at]);
			ref->delivered[at] = 1;
		}
	}
}

static void
judge(struct rig *rig, struct reference *ref, const struct vega_span *span, uint32_t line,
	uint64_t now_ns)
{
	struct vega_seq_range ranges[VEGA_SEQ_RANGE_CNT];
	uint32_t cnt;

	if (now_ns >= rig->seq.deadline_ns)
		vega_seq_expire(&rig->seq, now_ns, &rig->emit);
	cnt = vega_seq_take(&rig->seq, span, line, now_ns, &rig->emit, ranges);
	hear(rig, ref); /* a new space first */
	ref->was_full |= rig->seq.gap_cnt == VEGA_SEQ_GAP_CNT_MAX;
	deliver(ref, span, ranges, cnt);
	for (uint64_t i = 0; i < span->seq_cnt; i++)
		ref->offered[place(ref, span->seq + i)] = 1;
}

/* Two lines of one stream, each losing, doubling, reordering and lagging as it likes. */
struct sender {
	uint64_t next;
	struct vega_span late; /* held back; of 0: none */
};

static struct vega_span
next_span(struct sender *sender, struct rng *rng, uint64_t base)
{
	struct vega_span span = {.seq = sender->next, .seq_cnt = 1 + rng_below(rng, 4)};

	if (sender->late.seq != 0 && rng_one_in(rng, 3)) {
		span = sender->late;
		sender->late.seq = 0;
		return span;
	}
	if (rng_one_in(rng, 30)) /* repeated from further back, in other pieces */
		span.seq = base + (span.seq - base) * 7 / 8;
	else
		sender->next += span.seq_cnt;
	if (rng_one_in(rng, 10))
		sender->next += rng_below(rng, 5);
	if (rng_one_in(rng, 20))
		span.seq_cnt = 0;
	if (sender->late.seq == 0 && rng_one_in(rng, 10)) {
		sender->late = span;
		span = (struct vega_span){.seq = sender->next, .seq_cnt = 1};
		sender->next++;
	}
	return span;
}

/* Everything between the first and the last sequence is delivered, or told as missing; once. */
static void
check_ledger(struct rig *rig, const struct reference *ref, uint64_t floor)
{
	const struct vega_channel_cells *c = &rig->cells;
	uint64_t missing = 0, given_up = 0;

	for (uint64_t seq = floor; seq < rig->seq.expected; seq++) {
		const uint64_t i = place(ref, seq);

		assert_int_equal(ref->delivered[i] + ref->missing[i], 1);
		missing += ref->missing[i];
		given_up += ref->missing[i] && ref->offered[i];
	}
	assert_true(given_up == 0 || ref->was_full);
	assert_int_equal(c->gap_seqs, c->filled_seqs + c->recovered_seqs + missing);
	assert_int_equal(c->lost_seqs, missing);
}

static void
random_lines(struct rng *rng, uint64_t base)
{
	struct rig *rig = rig_new(HOLD_NS);
	struct reference *ref = calloc(1, sizeof(*ref));
	struct sender senders[2] = {{.next = base + 100}, {.next = base + 100}};
	uint64_t now_ns = 1;
	uint64_t floor;

	assert_non_null(ref);
	ref->base = base;
	judge(rig, ref, &(struct vega_span){.seq = base + 100, .seq_cnt = 1}, 0, now_ns);
	floor = rig->seq.floor;
	for (;;) {
		const uint32_t line = (uint32_t)rng_below(rng, 2);
		struct vega_span span = next_span(&senders[line], rng, base + 100);

		if (span.seq + span.seq_cnt >= base + DOMAIN || senders[line].next > base + 900)
			break; /* less than a jump back */
		judge(rig, ref, &span, line, now_ns);
		now_ns += rng_below(rng, 200);
	}
	vega_seq_expire(&rig->seq, now_ns + HOLD_NS, &rig->emit);
	hear(rig, ref);
	assert_int_equal(ref->spaces, 1);
	check_ledger(rig, ref, floor);
	free(ref);
	rig_delete(rig);
}

static void
test_random_lines(void **state)
{
	static const uint64_t bases[] = {1, UINT32_MAX - 500ull, UINT64_MAX - DOMAIN - 10};
	struct rng rng = {rng_seed(3)};

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		random_lines(&rng, bases[i % VEGA_ARRAY_CNT(bases)]);
}

/* Where a line stands in a row of sequence spaces, each from 1 to its length. */
struct place_in {
	uint32_t space;
	uint64_t next;
};

#define SPACE_CNT 6u

/*
 * The next piece of a line, no loss. Returns false where it has to wait: not to be a whole space ahead of the other, and not to begin
 * anew before the other has begun at all.
 */
static bool
advance(struct place_in *own, const struct place_in *other, const uint64_t lengths[SPACE_CNT],
	struct rng *rng, uint64_t *now_ns, struct vega_span *ret_span)
{
	uint64_t left;

	if (own->space < SPACE_CNT && own->next > lengths[own->space]) {
		if (own->space > other->space || other->next == 1)
			return false;
		own->space++;
		own->next = 1;
		*now_ns += 2 * HOLD_NS; /* a publisher takes its time to begin again */
	}
	if (own->space >= SPACE_CNT)
		return false;
	left = lengths[own->space] + 1 - own->next;
	*ret_span = (struct vega_span){.seq = own->next, .seq_cnt = 1 + rng_below(rng, 4)};
	if (ret_span->seq_cnt > left)
		ret_span->seq_cnt = left;
	own->next += ret_span->seq_cnt;
	return true;
}

/* Restarts on two lines, either ahead: everything is delivered, once, whichever space it is of. */
static void
restarts(struct rng *rng)
{
	struct rig *rig = rig_new(HOLD_NS);
	struct place_in lines[2] = {{0, 1}, {0, 1}};
	uint64_t lengths[SPACE_CNT], cnt = 0, wanted = 0, now_ns = 1;
	struct vega_seq_range ranges[VEGA_SEQ_RANGE_CNT];
	uint32_t waits = 0;

	for (uint32_t i = 0; i < SPACE_CNT; i++)
		wanted += lengths[i] = 1 + rng_below(rng, rng_one_in(rng, 2) ? 3000 : 20);
	while (waits < 100) {
		const uint32_t line = (uint32_t)rng_below(rng, 2);
		struct vega_span span;

		now_ns += rng_below(rng, 50);
		waits++;
		if (!advance(&lines[line], &lines[line ^ 1], lengths, rng, &now_ns, &span))
			continue;
		waits = 0;
		for (uint32_t i = vega_seq_take(&rig->seq, &span, line, now_ns, &rig->emit, ranges);
			i-- > 0;)
			cnt += ranges[i].take < span.seq_cnt ? ranges[i].take : span.seq_cnt;
		vega_ring_publish(&rig->ring);
	}
	assert_int_equal(cnt, wanted);
	assert_int_equal(rig->cells.restarts, SPACE_CNT - 1);
	assert_int_equal(rig->cells.gaps, 0);
	rig_delete(rig);
}

static void
test_restarts_of_two_lines(void **state)
{
	struct rng rng = {rng_seed(5)};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		restarts(&rng);
}

/* Any spans at all: nothing is delivered twice in a space, and nothing is told that was not opened. */
static void
test_hostile(void **state)
{
	struct rng rng = {rng_seed(4)};
	struct reference *ref = calloc(1, sizeof(*ref));

	(void)state;
	assert_non_null(ref);
	for (uint32_t run = 0; run < 300; run++) {
		struct rig *rig = rig_new(rng_below(&rng, 3) * 500);
		uint64_t now_ns = 1000000;

		memset(ref, 0, sizeof(*ref));
		for (uint32_t i = 0; i < 2000; i++) {
			const struct vega_span span = {
				.session = (uint64_t)rng_one_in(&rng, 40),
				.seq = 1 + rng_below(&rng, rng_one_in(&rng, 4) ? DOMAIN - 20 : 300),
				.seq_cnt = rng_below(&rng, 20),
				.is_start = rng_one_in(&rng, 50),
				.is_end = rng_one_in(&rng, 50),
			};

			judge(rig, ref, &span, (uint32_t)rng_below(&rng, 2), now_ns);
			now_ns = now_ns + rng_below(&rng, 300) - 20; /* back, too */
		}
		assert_int_equal(ref->spaces, rig->cells.restarts + 1);
		rig_delete(rig);
	}
	free(ref);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_first_copy_wins),
		cmocka_unit_test(test_gap_filled_by_the_other_line),
		cmocka_unit_test(test_out_of_order_on_its_own_line),
		cmocka_unit_test(test_lost_after_the_hold),
		cmocka_unit_test(test_no_hold),
		cmocka_unit_test(test_heartbeat_proves_loss),
		cmocka_unit_test(test_part_of_a_span),
		cmocka_unit_test(test_more_gaps_than_the_table_has),
		cmocka_unit_test(test_another_session),
		cmocka_unit_test(test_late_packet_of_the_session_before),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_restart_by_the_header),
		cmocka_unit_test(test_late_copy_of_the_first),
		cmocka_unit_test(test_first_two_out_of_order),
		cmocka_unit_test(test_stray_packets),
		cmocka_unit_test(test_jump_back),
		cmocka_unit_test(test_end_of_session),
		cmocka_unit_test(test_numbers_at_their_ends),
		cmocka_unit_test(test_random_lines),
		cmocka_unit_test(test_restarts_of_two_lines),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
