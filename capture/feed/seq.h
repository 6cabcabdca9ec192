/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_SEQ_H
#define VEGA_FEED_SEQ_H
/*
 * The sequence of one channel, over both its lines: first copy wins, the second is counted, every hole is known.
 *
 *		     gap           gap        expected
 *	... delivered [missing] ... [missing] ... |  not seen yet
 *
 * A span behind `expected` is new; if it begins later, what lies between is a gap, opened at once: nothing waits. A span before
 * it is what still is missing of it (that fills a gap), and for the rest a duplicate. A gap that nobody fills within the hold is
 * declared lost; what comes even later is delivered still, and told as recovered. Times are the packets' own receive times, so
 * that the same packets give the same ledger, live or from a journal.
 *
 * A line begins a new sequence space with another session, when its header says so, with sequence 1 where it was further already,
 * or with a jump far back: what it brings then are no duplicates of the old space. The other line follows when it begins again
 * itself; until then what it brings of the old space is old: counted, not delivered. So is what comes of the session before
 * within the hold. Gaps of the old space are lost.
 *
 * A stray packet can make a space begin that nobody goes on with. Sixteen packets in a row of another session, while the new space
 * gets nowhere, take the channel back: the space before it resumes where it was, and what was passed over is a gap. Likewise a line
 * follows without beginning again once sixteen packets in a row are copies of what the space has just seen.
 *
 * What a line brings from before the first sequence of a space is delivered too: the capture began between the two lines, or the
 * first packets came out of order. Within the hold, sequence 1 is such a one.
 */
#include "capture/feed/format.h"
#include "hugepages/base/atomic.h"
#include "hugepages/vega_counters.h"

#define VEGA_SEQ_GAP_CNT_MAX 64u /* missing ranges known at a time; the oldest is given up first */
#define VEGA_SEQ_SEEN_CNT    1024u /* spans whose first copy's time is remembered, for lead and lag */
/* Pieces of one span that can be missing: all gaps in it, what lies before the floor, and what is new. */
#define VEGA_SEQ_RANGE_CNT (VEGA_SEQ_GAP_CNT_MAX + 3u)

struct vega_seq_gap {
	uint64_t first;
	uint64_t cnt;
	uint64_t opened_ns; /* receive time of the packet that showed it */
	uint8_t line;       /* that showed it */
	bool is_lost;       /* the hold has passed */
};

/* The first copy of a span. */
struct vega_seq_seen {
	uint64_t seq;
	uint64_t recv_ns;
	uint64_t line; /* 0, 1; 2: the other line's copy was here too */
};

struct vega_seq_line {
	uint64_t session;
	uint64_t last;     /* highest sequence it brought in its space */
	uint64_t space;    /* the sequence space it is in; 0: it has brought nothing yet */
	uint64_t copy_cnt; /* copies in a row of what the space has just seen, though not in it */
};

struct vega_seq {
	uint64_t expected; /* next sequence that nobody has brought yet */
	uint64_t session;
	uint64_t session_before; /* of the space before this one */
	uint64_t expected_before;
	uint64_t straggler_expected; /* `expected` when the last straggler came */
	uint64_t straggler_cnt;      /* of spaces left, in a row, since `expected` moved */
	uint64_t begun_ns;           /* receive time of the first packet of the space */
	uint64_t space;              /* counts sequence spaces; 0: nothing has come */
	uint64_t floor;              /* the first sequence of the space */
	uint64_t floor_next;         /* what is delivered from before it goes up from here */
	uint64_t deadline_ns;        /* when the oldest open gap is lost; UINT64_MAX: none open */
	uint64_t hold_ns;
	uint32_t channel; /* the number its records carry */
	uint32_t gap_cnt;
	struct vega_channel_cells *cells;
	struct vega_seq_line lines[2]; /* A, B */
	struct vega_seq_gap
		gaps[VEGA_SEQ_GAP_CNT_MAX + 1]; /* by sequence; one more while a span splits one */
	struct vega_seq_seen seen[VEGA_SEQ_SEEN_CNT];
};

struct vega_seq_range {
	uint64_t skip; /* sequences of the span to pass over */
	uint64_t take; /* to deliver */
};

void vega_seq_init(
	struct vega_seq *seq, uint32_t channel, uint64_t hold_ns, struct vega_channel_cells *cells);

/*
 * Judge a span. Lays GAP and SEGMENT records as they come to be known.
 *
 * Params: line		0 or 1: A or B
 *	   recv_ns	of its packet
 *	   emit		where records go
 *	   ret_ranges	what of the span is to be delivered, in order
 * Returns how many ranges: 0: nothing, it was all here already (or a heartbeat). A span without sequence is delivered whole.
 * Cost: in order, two compares and a remembered time; else a walk of the gaps.
 */
uint32_t vega_seq_take(struct vega_seq *seq, const struct vega_span *span, uint32_t line,
	uint64_t recv_ns, struct vega_emit *emit,
	struct vega_seq_range ret_ranges[VEGA_SEQ_RANGE_CNT]);

/* The first copy of a span is remembered, for the other line's lead or lag. */
static VEGA_ALWAYS_INLINE void
vega_seq_see(struct vega_seq *seq, uint64_t first, uint32_t line, uint64_t recv_ns)
{
	seq->seen[first % VEGA_SEQ_SEEN_CNT] =
		(struct vega_seq_seen){.seq = first, .recv_ns = recv_ns, .line = line};
}

/* Is the line in the space that is, and is there a sequence that it can go on with? */
static VEGA_ALWAYS_INLINE bool
vega_seq_can_go_on(const struct vega_seq *seq, uint32_t line)
{
	return seq->space != 0 && seq->lines[line].space == seq->space &&
	       seq->expected < VEGA_SEQ_NONE - 1;
}

/* So many sequences from the expected one on have come. */
static VEGA_ALWAYS_INLINE void
vega_seq_go_on(struct vega_seq *seq, uint64_t cnt, uint32_t line, uint64_t recv_ns)
{
	const uint64_t last = seq->expected + cnt - 1;

	vega_seq_see(seq, seq->expected, line, recv_ns);
	seq->expected = last + 1;
	seq->lines[line].last = last;
	vega_store_relaxed(&seq->cells->seq_last, last);
}

/*
 * What nearly every span is: the next one of its space, to be delivered whole. In line, for the hot path.
 *
 * Returns false where it is not: nothing is done, vega_seq_take is to judge it.
 */
static VEGA_ALWAYS_INLINE bool
vega_seq_take_next(
	struct vega_seq *seq, const struct vega_span *span, uint32_t line, uint64_t recv_ns)
{
	struct vega_seq_line *own = &seq->lines[line];

	/* Before the first space, expected is 0, which is no sequence. The last: cnt is not 0, and no sequence is VEGA_SEQ_NONE. */
	if (vega_unlikely(((span->seq ^ seq->expected) | (span->session ^ own->session) |
				  (own->space ^ seq->space)) != 0 ||
			  span->is_end || span->seq == 0 ||
			  span->seq_cnt - 1 >= VEGA_SEQ_NONE - 1 - span->seq))
		return false;
	vega_seq_go_on(seq, span->seq_cnt, line, recv_ns);
	return true;
}

/*
 * Of what was to be delivered, `cnt` sequences from `skip` on could not be decoded: they are missing still, and the other line's
 * copy fills them.
 */
void vega_seq_miss(struct vega_seq *seq, const struct vega_span *span, uint64_t skip, uint64_t cnt,
	uint32_t line, uint64_t recv_ns, struct vega_emit *emit);

/* Declare lost what has been open for the hold at `now_ns`, a packet's receive time >= seq->deadline_ns. */
void vega_seq_expire(struct vega_seq *seq, uint64_t now_ns, struct vega_emit *emit);

/* Nothing more will come: what is open still is lost. */
void vega_seq_end(struct vega_seq *seq, uint64_t recv_ns, struct vega_emit *emit);

#endif
