/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all records have: kind and flags, time, instrument; in the order of the records.
 *
 * Kind, flags, and whether there is a time are one symbol, a class. Times go by two clocks, each told from the last time of its own: of
 * receipt (PACKET, GAP, LOSS, SEGMENT, EPOCH, whose instrument is a channel), and of the exchange (all others). No time is told as the
 * last one.
 *
 * An instrument is 0: the one of the record before; 1: the one that followed that one the last time; or its rank and 2.
 */
#include "store/columns_private.h"

#define NAME_CODES 2u

/* Of two times of 48 bits. */
static VEGA_ALWAYS_INLINE uint64_t
time_code(uint64_t ts, uint64_t before)
{
	return vega_zigzag((int64_t)((ts - before) << 16) >> 16);
}

static VEGA_ALWAYS_INLINE uint64_t
time_of(uint64_t code, uint64_t before)
{
	return (before + (uint64_t)vega_unzigzag(code)) & VEGA_TS_NONE;
}

/* ---- encode -------------------------------------------------------------------------------------------------- */

static VEGA_ALWAYS_INLINE uint32_t
class_head(uint64_t word)
{
	return (uint32_t)(word >> 48) | ((word & VEGA_TS_NONE) == VEGA_TS_NONE ? CLASS_NO_TIME : 0);
}

/* A class not seen yet in this block. Returns false when there are too many. */
static VEGA_COLD bool
class_add(struct vega_columns *columns, uint32_t head)
{
	if (columns->class_cnt == CLASS_CNT_MAX)
		return false;
	columns->class_head[columns->class_cnt++] = head;
	columns->class_of[head] = (uint8_t)columns->class_cnt;
	return true;
}

static void
classes_forget(struct vega_columns *columns)
{
	for (uint32_t i = 0; i < columns->class_cnt; i++)
		columns->class_of[columns->class_head[i]] = 0;
	columns->class_cnt = 0;
}

struct walk {
	uint64_t ts[2]; /* exchange, receive */
	uint32_t cnt[2];
	uint32_t token;
	uint32_t name;
	uint32_t channel;
	uint32_t any;
};

/* One pass over the records: classes, time differences, numbers of names, channels. */
static bool
scan(struct vega_columns *columns, const union vega_record *records, uint32_t cnt,
	struct walk *walk)
{
	struct column *classes = &columns->columns[0];
	
	for (uint32_t i = 0; i < cnt; i++) {
		const uint64_t word = records[i].word[0];
		const uint32_t head = class_head(word);
		const uint32_t kind = head & 0xFFu;
		const uint32_t clock = kind_is_local(kind);
		const uint64_t ts =
			(head & CLASS_NO_TIME) != 0 ? walk->ts[clock] : word & VEGA_TS_NONE;
		const uint32_t instrument = (uint32_t)records[i].word[1];
		uint64_t *code = &columns->times[clock][walk->cnt[clock]++];

		if (vega_unlikely(columns->class_of[head] == 0 && !class_add(columns, head)))
			return false;
		classes->symbols[i] = (uint8_t)(columns->class_of[head] - 1);
		*code = time_code(ts, walk->ts[clock]);
		walk->ts[clock] = ts;
		if (clock == 1) {
			columns->numbers[walk->cnt[1] - 1] =
				vega_zigzag((int32_t)(instrument - walk->channel));
			walk->channel = instrument;
			continue;
		}
		if (instrument != walk->token || walk->cnt[0] == 1) {
			walk->token = instrument;
			walk->name = vega_names_take(columns, instrument);
			if (vega_unlikely(walk->name == NAME_NONE))
				return false;
		} else {
			columns->names[walk->name].cnt++;
		}
		columns->name_of[walk->cnt[0] - 1] = walk->name;
	}
	classes->any = columns->class_cnt > 1;
	classes->cnt = cnt;
	return true;
}

static void
times_encode(struct vega_columns *columns, const uint64_t *times, uint32_t cnt, struct sink *sink)
{
	struct column *column = &columns->columns[2];

	vega_column_begin(column);
	column->unit = vega_plan_unit(
		times + cnt / 2, cnt - cnt / 2 < CHUNK_CNT ? cnt - cnt / 2 : CHUNK_CNT);
	for (uint32_t at = 0; at < cnt; at += CHUNK_CNT)
		vega_columns_put(
			columns, column, times + at, cnt - at < CHUNK_CNT ? cnt - at : CHUNK_CNT);
	vega_columns_pack(columns, column, sink);
}

static void
instruments_encode(struct vega_columns *columns, uint32_t cnt, struct sink *sink)
{
	struct column *column = &columns->columns[2];
	uint32_t before = 0;

	vega_column_begin(column);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t rank = columns->rank_of[columns->name_of[i]];

		columns->numbers[i] = 0;
		if (rank == before)
			continue;
		columns->numbers[i] = rank == columns->next[before] ? 1 : rank + NAME_CODES;
		columns->next[before] = rank;
		before = rank;
	}
	vega_columns_put_all(columns, column, columns->numbers, cnt);
	vega_columns_pack(columns, column, sink);
}

/* ---- lists: the record numbers of each kind -------------------------------------------------------------------- */

/*
 * A block is taken as LANE_CNT parts, each with counters of its own, hand in hand: of one counter alone, a run of records of one
 * kind would wait each for the one before.
 */
#define LANE_CNT 4u

struct lists {
	uint32_t lane_records; /* the last lane may have fewer */
	uint32_t seen[LANE_CNT][256]; /* by class */
	uint32_t at[LANE_CNT][KIND_CNT]; /* into list */
};

static void
lists_count(struct lists *lists, const uint8_t *classes, uint32_t cnt)
{
	const uint32_t each = cnt / LANE_CNT;

	memset(lists->seen, 0, sizeof(lists->seen));
	lists->lane_records = each;
	for (uint32_t i = 0; i < each; i++)
		for (uint32_t k = 0; k < LANE_CNT; k++)
			lists->seen[k][classes[k * each + i]]++;
	for (uint32_t i = LANE_CNT * each; i < cnt; i++)
		lists->seen[LANE_CNT - 1][classes[i]]++;
}

static uint32_t
lists_seen(const struct lists *lists, uint32_t class)
{
	uint32_t cnt = 0;

	for (uint32_t k = 0; k < LANE_CNT; k++)
		cnt += lists->seen[k][class];
	return cnt;
}

static void
lists_place(struct vega_columns *columns, struct lists *lists)
{
	uint32_t cnts[LANE_CNT][KIND_CNT] = {0};
	uint32_t sum = 0;

	for (uint32_t k = 0; k < LANE_CNT; k++)
		for (uint32_t i = 0; i < columns->class_cnt; i++)
			cnts[k][kind_batch(columns->class_head[i] & 0xFFu)] += lists->seen[k][i];
	for (uint32_t i = 0; i < KIND_CNT; i++) {
		columns->kind_from[i] = sum;
		for (uint32_t k = 0; k < LANE_CNT; k++) {
			lists->at[k][i] = sum;
			sum += cnts[k][i];
		}
		columns->kind_cnt[i] = sum - columns->kind_from[i];
	}
}

static void
lists_fill(struct vega_columns *columns, struct lists *lists, const uint8_t *classes, uint32_t cnt)
{
	const uint32_t each = lists->lane_records;
	uint8_t batch[256];

	for (uint32_t i = 0; i < columns->class_cnt; i++)
		batch[i] = (uint8_t)kind_batch(columns->class_head[i] & 0xFFu);
	lists_place(columns, lists);
	for (uint32_t i = 0; i < each; i++)
		for (uint32_t k = 0; k < LANE_CNT; k++)
			columns->list[lists->at[k][batch[classes[k * each + i]]]++] = k * each + i;
	for (uint32_t i = LANE_CNT * each; i < cnt; i++)
		columns->list[lists->at[LANE_CNT - 1][batch[classes[i]]]++] = i;
}

/* ---- encode -------------------------------------------------------------------------------------------------- */

bool
vega_heads_encode(struct vega_columns *columns, const union vega_record *records, uint32_t cnt,
	struct sink *sink)
{
	struct column *classes = &columns->columns[0];
	struct column *channels = &columns->columns[1];
	struct walk walk = {0};
	struct lists lists;
	bool is_done;

	vega_column_begin(classes);
	vega_column_begin(channels);
	columns->class_cnt = 0;
	columns->name_cnt = 0;
	is_done = scan(columns, records, cnt, &walk);
	vega_names_forget(columns);
	if (is_done) {
		lists_count(&lists, classes->symbols, cnt);
		lists_fill(columns, &lists, classes->symbols, cnt);
		vega_sink_u64(sink, columns->class_cnt);
		vega_sink_bytes(sink, columns->class_head, columns->class_cnt * 4);
		vega_columns_pack(columns, classes, sink);
		vega_columns_put_all(columns, channels, columns->numbers, walk.cnt[1]);
		vega_columns_pack(columns, channels, sink);
		times_encode(columns, columns->times[0], walk.cnt[0], sink);
		times_encode(columns, columns->times[1], walk.cnt[1], sink);
		vega_names_encode(columns, sink);
		instruments_encode(columns, walk.cnt[0], sink);
	}
	classes_forget(columns);
	return is_done;
}

/* ---- decode -------------------------------------------------------------------------------------------------- */

static void
classes_decode(struct vega_columns *columns, struct source *source, uint32_t cnt,
	uint32_t clock_cnt[static 2])
{
	struct column *column = &columns->columns[0];
	const uint32_t record_cnt = cnt;
	const uint64_t class_cnt = vega_source_u64(source);
	struct lists lists;

	source->is_bad |=
		class_cnt > CLASS_CNT_MAX || class_cnt * 4 > (uint64_t)(source->end - source->at);
	if (source->is_bad)
		return;
	columns->class_cnt = (uint32_t)class_cnt;
	memcpy(columns->class_head, source->at, class_cnt * 4);
	source->at += class_cnt * 4;
	vega_columns_unpack(columns, column, cnt, source);
	if (source->is_bad)
		return;
	lists_count(&lists, column->symbols, cnt);
	for (uint32_t i = 0; i < columns->class_cnt; i++) {
		const uint32_t seen = lists_seen(&lists, i);

		clock_cnt[kind_is_local(columns->class_head[i] & 0xFFu)] += seen;
		cnt -= seen;
	}
	source->is_bad |= cnt != 0; /* a symbol that is no class */
	if (!source->is_bad)
		lists_fill(columns, &lists, column->symbols, record_cnt);
}

struct clock {
	struct column *times;
	struct column *instruments;
	uint64_t ts;
	uint64_t codes[CHUNK_CNT];
	uint64_t instrument_codes[CHUNK_CNT];
	uint32_t at; /* in codes; CHUNK_CNT: take the next */
	uint32_t left;
};

static void
clock_fill(struct vega_columns *columns, struct clock *clock, bool *is_bad)
{
	const uint32_t cnt = clock->left < CHUNK_CNT ? clock->left : CHUNK_CNT;

	vega_columns_get(columns, clock->times, clock->codes, cnt, is_bad);
	vega_columns_get(columns, clock->instruments, clock->instrument_codes, cnt, is_bad);
	clock->left -= cnt;
	clock->at = 0;
}

static VEGA_ALWAYS_INLINE uint32_t
rank_next(struct vega_columns *columns, uint64_t code, uint32_t before, bool *is_bad)
{
	uint64_t rank = code - NAME_CODES;

	if (code == 0)
		return before;
	if (code == 1)
		rank = columns->next[before];
	if (vega_unlikely(rank >= columns->name_cnt)) {
		*is_bad = true;
		return before;
	}
	columns->next[before] = (uint32_t)rank;
	return (uint32_t)rank;
}

static void
place(struct vega_columns *columns, struct clock clocks[static 2], uint32_t cnt,
	union vega_record *to, bool *is_bad)
{
	const uint8_t *classes = columns->columns[0].symbols;
	uint32_t channel = 0;
	uint32_t rank = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t head = columns->class_head[classes[i]];
		const uint32_t which = kind_is_local(head & 0xFFu);
		struct clock *clock = &clocks[which];
		uint64_t code;

		if (vega_unlikely(clock->at == CHUNK_CNT))
			clock_fill(columns, clock, is_bad);
		code = clock->instrument_codes[clock->at];
		clock->ts = time_of(clock->codes[clock->at++], clock->ts);
		to[i].word[0] = (uint64_t)head << 48 |
				((head & CLASS_NO_TIME) != 0 ? VEGA_TS_NONE : clock->ts);
		if (which == 1) {
			channel += (uint32_t)vega_unzigzag(code);
			to[i].word[1] = channel;
		} else {
			rank = rank_next(columns, code, rank, is_bad);
			to[i].word[1] = columns->ranked[rank];
		}
	}
}

void
vega_heads_decode(
	struct vega_columns *columns, struct source *source, uint32_t cnt, union vega_record *to)
{
	struct column *of = columns->columns;
	struct clock clocks[2] = {{.times = &of[2], .instruments = &of[4], .at = CHUNK_CNT},
		{.times = &of[3], .instruments = &of[1], .at = CHUNK_CNT}};
	uint32_t clock_cnt[2] = {0};

	classes_decode(columns, source, cnt, clock_cnt);
	if (source->is_bad)
		return;
	vega_columns_unpack(columns, &of[1], clock_cnt[1], source);
	vega_columns_unpack(columns, &of[2], clock_cnt[0], source);
	vega_columns_unpack(columns, &of[3], clock_cnt[1], source);
	if (!source->is_bad)
		vega_names_decode(columns, clock_cnt[0], source);
	if (!source->is_bad)
		vega_columns_unpack(columns, &of[4], clock_cnt[0], source);
	source->is_bad |= clock_cnt[0] != 0 && columns->name_cnt == 0;
	if (source->is_bad)
		return;
	clocks[0].left = clock_cnt[0];
	clocks[1].left = clock_cnt[1];
	place(columns, clocks, cnt, to, &source->is_bad);
}
