/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/seq.h"

#include <string.h>

#include "hugepages/base/atomic.h"

enum {
	SEEN_BY_BOTH = 2,
	/* A line does not reorder over so many sequences: further back is a new space. */
	JUMP_BACK = VEGA_SEQ_SEEN_CNT,
	/* So many packets in a row are no stragglers: what was thought to be over goes on. */
	STRAGGLER_CNT_MAX = 16
};

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void
vega_seq_init(
	struct vega_seq *seq, uint32_t channel, uint64_t hold_ns, struct vega_channel_cells *cells)
{
	memset(seq, 0, sizeof(*seq));
	seq->channel = channel;
	seq->hold_ns = hold_ns;
	seq->cells = cells;
	seq->deadline_ns = UINT64_MAX;
	for (uint32_t i = 0; i < VEGA_SEQ_SEEN_CNT; i++)
		seq->seen[i].seq = VEGA_SEQ_NONE;
}

/* ---- telling -------------------------------------------------------------------------------------------------- */

static void
tell_gap(struct vega_seq *seq, struct vega_emit *emit, uint64_t recv_ns, uint32_t line,
	enum vega_gap_state state, uint64_t first, uint64_t cnt)
{
	const uint32_t word = (uint32_t)state | (uint32_t)('A' + line) << 8;

	vega_emit(emit, recv_ns, VEGA_GAP, VEGA_RECORD_LAST, seq->channel, word, first, cnt);
}

static void
tell_segment(struct vega_seq *seq, struct vega_emit *emit, uint64_t recv_ns, enum vega_segment what,
	const struct vega_span *span)
{
	vega_emit(emit, recv_ns, VEGA_SEGMENT, VEGA_RECORD_LAST, seq->channel, (uint32_t)what,
		span->session, span->seq);
}

/* ---- gaps ----------------------------------------------------------------------------------------------------- */

static void
set_deadline(struct vega_seq *seq)
{
	seq->deadline_ns = UINT64_MAX;
	for (uint32_t i = 0; i < seq->gap_cnt; i++)
		if (!seq->gaps[i].is_lost)
			seq->deadline_ns =
				min_u64(seq->deadline_ns, seq->gaps[i].opened_ns + seq->hold_ns);
}

static void
lose_gap(struct vega_seq *seq, struct vega_emit *emit, uint64_t recv_ns, struct vega_seq_gap *gap)
{
	if (gap->is_lost)
		return;
	gap->is_lost = true;
	vega_count(&seq->cells->lost_seqs, gap->cnt);
	tell_gap(seq, emit, recv_ns, gap->line, VEGA_GAP_LOST, gap->first, gap->cnt);
}

static void
remove_gap(struct vega_seq *seq, uint32_t idx)
{
	seq->gap_cnt--;
	memmove(&seq->gaps[idx], &seq->gaps[idx + 1], (seq->gap_cnt - idx) * sizeof(seq->gaps[0]));
}

static void
insert_gap(struct vega_seq *seq, uint32_t idx, const struct vega_seq_gap *gap)
{
	memmove(&seq->gaps[idx + 1], &seq->gaps[idx], (seq->gap_cnt - idx) * sizeof(seq->gaps[0]));
	seq->gaps[idx] = *gap;
	seq->gap_cnt++;
}

/* The table is full: the oldest sequences are given up, for good. */
static void
keep_room(struct vega_seq *seq, struct vega_emit *emit, uint64_t recv_ns, uint32_t cnt_max)
{
	if (seq->gap_cnt <= cnt_max)
		return;
	lose_gap(seq, emit, recv_ns, &seq->gaps[0]);
	remove_gap(seq, 0);
}

static void
open_gap(struct vega_seq *seq, struct vega_emit *emit, uint64_t recv_ns, uint32_t line,
	uint64_t first, uint64_t cnt)
{
	const struct vega_seq_gap gap = {
		.first = first, .cnt = cnt, .opened_ns = recv_ns, .line = (uint8_t)line};
	uint32_t idx;

	keep_room(seq, emit, recv_ns, VEGA_SEQ_GAP_CNT_MAX - 1);
	for (idx = seq->gap_cnt; idx > 0 && seq->gaps[idx - 1].first > first; idx--)
		;
	insert_gap(seq, idx, &gap);
	emit->gap_cnt++;
	vega_count(&seq->cells->gaps, 1);
	vega_count(&seq->cells->gap_seqs, cnt);
	tell_gap(seq, emit, recv_ns, line, VEGA_GAP_OPEN, first, cnt);
	seq->deadline_ns = min_u64(seq->deadline_ns, recv_ns + seq->hold_ns);
}

static void
count_filled(struct vega_seq *seq, const struct vega_seq_gap *gap, bool is_in_time, uint64_t cnt)
{
	vega_count(is_in_time ? &seq->cells->filled_seqs : &seq->cells->recovered_seqs, cnt);
	if (gap->is_lost)
		vega_count(&seq->cells->lost_seqs, 0 - cnt);
}

/* Take [first, end) out of a gap that holds it: what remains is nothing, one end, or both. */
static void
cut_gap(struct vega_seq *seq, uint32_t idx, uint64_t first, uint64_t end)
{
	struct vega_seq_gap *gap = &seq->gaps[idx];
	const uint64_t gap_end = gap->first + gap->cnt;
	struct vega_seq_gap behind = *gap;

	behind.first = end;
	behind.cnt = gap_end - end;
	gap->cnt = first - gap->first;
	if (gap->cnt == 0 && behind.cnt == 0)
		remove_gap(seq, idx);
	else if (gap->cnt == 0)
		*gap = behind;
	else if (behind.cnt != 0)
		insert_gap(seq, idx + 1, &behind);
}

/* What of the span was missing is so no more, and to be delivered. Returns ranges added. */
static uint32_t
fill(struct vega_seq *seq, const struct vega_span *span, uint64_t end, uint32_t line,
	uint64_t recv_ns, struct vega_emit *emit, struct vega_seq_range *ret_ranges)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < seq->gap_cnt;) {
		const struct vega_seq_gap *gap = &seq->gaps[i];
		const uint64_t first = max_u64(gap->first, span->seq);
		const uint64_t last = min_u64(gap->first + gap->cnt, end);
		const bool is_in_time = gap->line != line && !gap->is_lost;

		if (first >= last) {
			i++;
			continue;
		}
		count_filled(seq, gap, is_in_time, last - first);
		tell_gap(seq, emit, recv_ns, line,
			is_in_time ? VEGA_GAP_FILLED : VEGA_GAP_RECOVERED, first, last - first);
		ret_ranges[cnt++] =
			(struct vega_seq_range){.skip = first - span->seq, .take = last - first};
		cut_gap(seq, i, first, last); /* what is left of it is not the span's any more */
	}
	keep_room(seq, emit, recv_ns, VEGA_SEQ_GAP_CNT_MAX);
	if (cnt != 0)
		set_deadline(seq);
	return cnt;
}

void
vega_seq_expire(struct vega_seq *seq, uint64_t now_ns, struct vega_emit *emit)
{
	for (uint32_t i = 0; i < seq->gap_cnt; i++)
		if (now_ns >= seq->gaps[i].opened_ns + seq->hold_ns)
			lose_gap(seq, emit, now_ns, &seq->gaps[i]);
	set_deadline(seq);
}

void
vega_seq_end(struct vega_seq *seq, uint64_t recv_ns, struct vega_emit *emit)
{
	for (uint32_t i = 0; i < seq->gap_cnt; i++)
		lose_gap(seq, emit, recv_ns, &seq->gaps[i]);
	set_deadline(seq);
}

/* ---- sequence spaces ------------------------------------------------------------------------------------------ */

static bool
is_missing(const struct vega_seq *seq, uint64_t first, uint64_t end)
{
	for (uint32_t i = 0; i < seq->gap_cnt; i++)
		if (first < seq->gaps[i].first + seq->gaps[i].cnt && seq->gaps[i].first < end)
			return true;
	return false;
}

/* A copy of what came a moment ago is late, not the beginning of something. */
static bool
is_late_copy(const struct vega_seq *seq, const struct vega_span *span, uint64_t recv_ns)
{
	const struct vega_seq_seen *seen = &seq->seen[span->seq % VEGA_SEQ_SEEN_CNT];

	return seen->seq == span->seq && recv_ns - seen->recv_ns < seq->hold_ns;
}

/* Sequence 1 of a space that began a moment ago with a later one: the first packets came out of order. */
static bool
is_before_floor(const struct vega_seq *seq, const struct vega_seq_line *line,
	const struct vega_span *span, uint64_t recv_ns)
{
	return line->space == seq->space && span->seq < seq->floor &&
	       line->last - span->seq <= JUMP_BACK && recv_ns - seq->begun_ns < seq->hold_ns;
}

static bool
begins_anew(const struct vega_seq *seq, const struct vega_seq_line *line,
	const struct vega_span *span, uint64_t recv_ns)
{
	const uint64_t end = span->seq + span->seq_cnt;

	if (span->session != line->session)
		return true;
	if (span->seq > line->last ||
		(line->space == seq->space && is_missing(seq, span->seq, end)))
		return false;
	if (!span->is_start && is_before_floor(seq, line, span, recv_ns))
		return false;
	if (span->seq == 1 ||
		span->is_start) /* where the other line began already, its copy is no late one */
		return line->space != seq->space || !is_late_copy(seq, span, recv_ns);
	return end < line->last && line->last - end > JUMP_BACK;
}

/* Does it come late, from the session that was left just now? */
static bool
is_of_session_before(const struct vega_seq *seq, const struct vega_span *span, uint64_t recv_ns)
{
	return seq->space > 1 && span->session != seq->session &&
	       span->session == seq->session_before && recv_ns - seq->begun_ns < seq->hold_ns;
}

static void
begin_space(struct vega_seq *seq, const struct vega_span *span, uint64_t recv_ns,
	struct vega_emit *emit)
{
	enum vega_segment what = VEGA_SEGMENT_START;

	vega_seq_end(seq, recv_ns, emit);
	if (seq->space != 0) {
		what = span->session != seq->session ? VEGA_SEGMENT_SESSION : VEGA_SEGMENT_RESTART;
		vega_count(&seq->cells->restarts, 1);
	}
	for (uint32_t i = 0; i < VEGA_SEQ_SEEN_CNT; i++)
		seq->seen[i].seq = VEGA_SEQ_NONE;
	seq->gap_cnt = 0;
	seq->deadline_ns = UINT64_MAX;
	seq->space++;
	seq->session_before = seq->session;
	seq->expected_before = seq->expected;
	seq->session = span->session;
	seq->begun_ns = recv_ns;
	seq->expected = span->seq;
	seq->floor = span->seq;
	seq->floor_next = 0;
	seq->straggler_cnt = 0;
	tell_segment(seq, emit, recv_ns, what, span);
}

/*
 * The space before this one goes on where it was left: what began this one was a stray packet. What was passed over meanwhile is
 * missing, what came before is not given again.
 */
static void
resume_space(struct vega_seq *seq, const struct vega_span *span, uint64_t recv_ns,
	struct vega_emit *emit)
{
	const uint64_t expected = seq->expected_before;
	const bool is_the_same = span->session == seq->session_before;

	begin_space(seq, span, recv_ns, emit);
	if (is_the_same && (span->seq >= expected || expected - span->seq <= JUMP_BACK)) {
		seq->expected = expected;
		seq->floor = expected;
		seq->floor_next = expected;
	}
}

/* So many packets of another session while the space itself gets nowhere: it is not what goes on. */
static bool
is_stuck(struct vega_seq *seq, const struct vega_span *span)
{
	if (span->session == seq->session)
		return false;
	if (seq->straggler_expected != seq->expected)
		seq->straggler_cnt = 0;
	seq->straggler_expected = seq->expected;
	seq->straggler_cnt += span->seq_cnt != 0;
	return seq->straggler_cnt >= STRAGGLER_CNT_MAX;
}

/* A line thought to be behind that brings, time and again, what this space has just seen: it is in it. */
static bool
keeps_up(const struct vega_seq *seq, struct vega_seq_line *line, const struct vega_span *span,
	uint64_t recv_ns)
{
	if (span->session != seq->session || line->space == seq->space ||
		!is_late_copy(seq, span, recv_ns))
		line->copy_cnt = 0;
	else
		line->copy_cnt++;
	return line->copy_cnt >= STRAGGLER_CNT_MAX;
}

static void
join(const struct vega_seq *seq, struct vega_seq_line *line)
{
	line->space = seq->space;
	line->session = seq->session;
	line->last = 0;
	line->copy_cnt = 0;
}

/*
 * Which space does this span belong to? Returns false when to one that is left already.
 *
 * A line that has brought nothing yet is in the space that is; one that begins anew in the space that the other line is in already
 * follows it there, else begins one.
 */
static bool
enter_space(struct vega_seq *seq, struct vega_seq_line *line, const struct vega_span *span,
	uint64_t recv_ns, struct vega_emit *emit)
{
	const bool is_new_line = line->space == 0;
	const bool is_behind = line->space != seq->space;
	bool is_old = is_of_session_before(seq, span, recv_ns);

	if (!is_old && !is_new_line && !begins_anew(seq, line, span, recv_ns)) {
		if (!is_behind)
			return true;
		is_old = true;
	}
	if (is_old && is_stuck(seq, span))
		resume_space(seq, span, recv_ns, emit);
	else if (is_old && !keeps_up(seq, line, span, recv_ns))
		return false;
	else if (!is_old && (seq->space == 0 || !is_behind || span->session != seq->session))
		begin_space(seq, span, recv_ns, emit);
	join(seq, line);
	return true;
}

/* ---- spans ---------------------------------------------------------------------------------------------------- */

/* The other line's copy: how far was the first ahead? */
static void
count_lead(struct vega_seq *seq, uint64_t first, uint32_t line, uint64_t recv_ns)
{
	struct vega_seq_seen *seen = &seq->seen[first % VEGA_SEQ_SEEN_CNT];
	uint64_t lead_ns, bucket;

	if (seen->seq != first || seen->line != (line ^ 1u))
		return;
	lead_ns = recv_ns > seen->recv_ns ? recv_ns - seen->recv_ns : 0;
	bucket = lead_ns == 0 ? 0 : 64u - (uint64_t)__builtin_clzll(lead_ns);
	bucket = min_u64(bucket, VEGA_LEAD_BUCKET_CNT - 1);
	vega_count(&seq->cells->lead_ns_log2[line ^ 1u][bucket], 1);
	seen->line = SEEN_BY_BOTH;
}

/* What lies before the space's first sequence, and goes up. Returns ranges added. */
static uint32_t
take_below_floor(struct vega_seq *seq, const struct vega_span *span, uint64_t end,
	struct vega_seq_range *ret_ranges)
{
	const uint64_t first = max_u64(span->seq, seq->floor_next);
	const uint64_t last = min_u64(end, seq->floor);

	if (first >= last)
		return 0;
	seq->floor_next = last;
	*ret_ranges = (struct vega_seq_range){.skip = first - span->seq, .take = last - first};
	return 1;
}

static VEGA_NOINLINE uint32_t
take_slow(struct vega_seq *seq, const struct vega_span *span, uint32_t line, uint64_t recv_ns,
	struct vega_emit *emit, struct vega_seq_range *ret_ranges)
{
	const uint64_t end = span->seq + span->seq_cnt;
	struct vega_seq_line *own = &seq->lines[line];
	uint32_t cnt;

	if (!enter_space(seq, own, span, recv_ns, emit)) {
		vega_count(&seq->cells->old_space, 1);
		return 0;
	}
	if (end != 0)
		own->last = max_u64(own->last, end - 1);
	cnt = take_below_floor(seq, span, end, ret_ranges);
	cnt += fill(seq, span, end, line, recv_ns, emit, &ret_ranges[cnt]);
	if (end > seq->expected || span->seq > seq->expected) {
		const uint64_t first = max_u64(span->seq, seq->expected);

		if (span->seq > seq->expected)
			open_gap(
				seq, emit, recv_ns, line, seq->expected, span->seq - seq->expected);
		if (end > first)
			ret_ranges[cnt++] = (struct vega_seq_range){
				.skip = first - span->seq, .take = end - first};
		seq->expected = end;
	}
	if (cnt != 0)
		vega_seq_see(seq, span->seq, line, recv_ns);
	else if (span->seq_cnt != 0)
		count_lead(seq, span->seq, line, recv_ns);
	if (span->is_end)
		tell_segment(seq, emit, recv_ns, VEGA_SEGMENT_END, span);
	vega_store_relaxed(&seq->cells->seq_last, seq->expected - 1);
	return cnt;
}

/* No sequence, or none that can be: given whole, and nothing is learnt from it. */
static bool
has_sequence(const struct vega_span *span)
{
	return span->seq != VEGA_SEQ_NONE && span->seq != 0 &&
	       span->seq_cnt < VEGA_SEQ_NONE - span->seq;
}

void
vega_seq_miss(struct vega_seq *seq, const struct vega_span *span, uint64_t skip, uint64_t cnt,
	uint32_t line, uint64_t recv_ns, struct vega_emit *emit)
{
	if (has_sequence(span) && cnt != 0)
		open_gap(seq, emit, recv_ns, line, span->seq + skip, cnt);
}

uint32_t
vega_seq_take(struct vega_seq *seq, const struct vega_span *span, uint32_t line, uint64_t recv_ns,
	struct vega_emit *emit, struct vega_seq_range ret_ranges[VEGA_SEQ_RANGE_CNT])
{
	ret_ranges[0] = (struct vega_seq_range){.skip = 0, .take = UINT64_MAX};
	if (vega_unlikely(!has_sequence(span)) || vega_seq_take_next(seq, span, line, recv_ns))
		return 1;
	return take_slow(seq, span, line, recv_ns, emit, ret_ranges);
}
