/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all records have: kind and flags, time, instrument; in the order of the records.
 *
 * There are two clocks: of receipt, for PACKET, GAP, LOSS, SEGMENT and EPOCH, whose instrument is a channel; and of the exchange, for all
 * others. Kind, flags, and whether time and instrument are other than the clock's last ones, are one symbol: a class. So what is the same
 * costs nothing more. Of the others:
 *
 *	time		the difference from the last one
 *	channel		likewise
 *	instrument	0: the one that followed the last one the last time; or its rank + 1
 *
 * Each clock begins with time 0 and instrument 0.
 */
#include "store/columns_private.h"

#define CLOCK_CNT 2u

/* The lists of kinds as they are filled: where the next number goes. */
struct lists {
	uint32_t *at[KIND_CNT];
};

static void
lists_begin(const struct vega_columns *columns, struct lists *lists)
{
	for (uint32_t i = 0; i < KIND_CNT; i++)
		lists->at[i] = kind_list(columns, i);
}

static void
lists_end(struct vega_columns *columns, const struct lists *lists)
{
	for (uint32_t i = 0; i < KIND_CNT; i++)
		columns->kind_cnt[i] = (uint32_t)(lists->at[i] - kind_list(columns, i));
}

/* ---- encode -------------------------------------------------------------------------------------------------- */

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
}

struct clock {
	uint64_t ts;
	uint32_t instrument;
	uint32_t step_cnt;
	uint32_t name_cnt;
};

static VEGA_ALWAYS_INLINE bool
name_put(struct vega_columns *columns, struct clock *clock, uint32_t local, uint32_t instrument)
{
	const uint32_t at = clock->name_cnt++;

	if (local != 0) {
		columns->numbers[at] = vega_zigzag((int32_t)(instrument - clock->instrument));
		return true;
	}
	columns->name_of[at] = vega_names_take(columns, instrument);
	return columns->name_of[at] != NAME_NONE;
}

/* One pass over the records: classes, lists of kinds, steps of time, names. Returns false when there are too many of something. */
static bool
scan(struct vega_columns *columns, const union vega_record *records, uint32_t cnt,
	struct clock clocks[static CLOCK_CNT])
{
	uint8_t *const classes = columns->columns[0].symbols;
	uint64_t *const times[CLOCK_CNT] = {columns->times[0], columns->times[1]};
	struct lists lists;

	lists_begin(columns, &lists);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint64_t word = records[i].word[0];
		const uint32_t instrument = (uint32_t)records[i].word[1];
		const uint32_t kind = (uint32_t)(word >> 48) & 0xFFu;
		const uint32_t local = kind_is_local(kind);
		struct clock *clock = &clocks[local];
		const bool has_time = (word & VEGA_TS_NONE) != VEGA_TS_NONE;
		const uint64_t ts = has_time ? word & VEGA_TS_NONE : clock->ts;
		const uint64_t step = ts - clock->ts;
		const bool is_named = instrument != clock->instrument;
		const uint32_t head = (uint32_t)(word >> 48) | (has_time ? 0 : CLASS_NO_TIME) |
				      (step != 0 ? CLASS_STEP : 0) | (is_named ? CLASS_NAME : 0);

		if (vega_unlikely(columns->class_of[head] == 0 && !class_add(columns, head)))
			return false;
		classes[i] = (uint8_t)(columns->class_of[head] - 1);
		*lists.at[kind_batch(kind)]++ = i;
		times[local][clock->step_cnt] = vega_zigzag((int64_t)step);
		clock->step_cnt += step != 0;
		clock->ts = ts;
		if (!is_named)
			continue;
		if (vega_unlikely(!name_put(columns, clock, local, instrument)))
			return false;
		clock->instrument = instrument;
	}
	lists_end(columns, &lists);
	return true;
}

static void
classes_encode(struct vega_columns *columns, uint32_t cnt, struct sink *sink)
{
	struct column *column = &columns->columns[0];

	vega_column_begin(column);
	column->any = columns->class_cnt > 1;
	column->cnt = cnt;
	vega_sink_u64(sink, columns->class_cnt);
	vega_sink_bytes(sink, columns->class_head, columns->class_cnt * sizeof(uint32_t));
	vega_columns_pack(columns, column, sink);
}

static void
numbers_encode(struct vega_columns *columns, const uint64_t *numbers, uint32_t cnt, uint32_t unit,
	struct sink *sink)
{
	struct column *column = &columns->columns[0];

	vega_column_begin(column);
	column->unit = unit;
	vega_columns_put_all(columns, column, numbers, cnt);
	vega_columns_pack(columns, column, sink);
}

static void
times_encode(struct vega_columns *columns, const uint64_t *times, uint32_t cnt, struct sink *sink)
{
	const uint32_t half = cnt - cnt / 2;
	const uint32_t unit = vega_plan_unit(times + cnt / 2, half < CHUNK_CNT ? half : CHUNK_CNT);

	numbers_encode(columns, times, cnt, unit, sink);
}

static void
names_encode(struct vega_columns *columns, uint32_t cnt, struct sink *sink)
{
	uint32_t before = 0;

	vega_names_encode(columns, sink);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t rank = columns->rank_of[columns->name_of[i]];

		columns->numbers[i] = rank == columns->next[before] ? 0 : rank + 1;
		columns->next[before] = rank;
		before = rank;
	}
	numbers_encode(columns, columns->numbers, cnt, 1, sink);
}

bool
vega_heads_encode(struct vega_columns *columns, const union vega_record *records, uint32_t cnt,
	struct sink *sink)
{
	struct clock clocks[CLOCK_CNT] = {0};
	bool is_done;

	columns->class_cnt = 0;
	columns->name_cnt = 0;
	is_done = scan(columns, records, cnt, clocks);
	classes_forget(columns);
	vega_names_forget(columns);
	if (!is_done)
		return false;
	classes_encode(columns, cnt, sink);
	numbers_encode(columns, columns->numbers, clocks[1].name_cnt, 1, sink);
	times_encode(columns, columns->times[0], clocks[0].step_cnt, sink);
	times_encode(columns, columns->times[1], clocks[1].step_cnt, sink);
	names_encode(columns, clocks[0].name_cnt, sink);
	return true;
}

/* ---- decode -------------------------------------------------------------------------------------------------- */

/* How a record of a class is laid. Two counts, one a clock, share a word: 32 bits each. */
struct class
{
	uint64_t head; /* of the record's first word; all ones where the time is not known */
	uint64_t step; /* what is counted */
	uint64_t name;
	const uint64_t *times; /* of its clock; from 1 on */
	const uint32_t *names;
	uint32_t shift; /* to its clock's count */
	uint32_t batch;
};

static uint32_t
count_of(uint64_t counts, uint32_t clock)
{
	return (uint32_t)(counts >> 32 * clock);
}

static struct class class_of(const struct vega_columns *columns, uint32_t head)
{
	const uint32_t clock = kind_is_local(head & 0xFFu);
	const uint64_t one = UINT64_C(1) << 32 * clock;

	return (struct class){
		.head = (uint64_t)head << 48 | ((head & CLASS_NO_TIME) != 0 ? VEGA_TS_NONE : 0),
		.step = (head & CLASS_STEP) != 0 ? one : 0,
		.name = (head & CLASS_NAME) != 0 ? one : 0,
		.times = columns->times[clock],
		.names = clock != 0 ? columns->channels : columns->name_of,
		.shift = 32 * clock,
		.batch = kind_batch(head & 0xFFu),
	};
}

/* Of one counter alone, a run of records of one class would wait each for the one before: so four, hand in hand. */
static void
classes_count(const uint8_t *symbols, uint32_t cnt, uint32_t seen[static 256])
{
	uint32_t lanes[4][256] = {0};

	for (uint32_t i = 0; i < cnt; i++)
		lanes[i % 4][symbols[i]]++;
	for (uint32_t i = 0; i < 256; i++)
		seen[i] = lanes[0][i] + lanes[1][i] + lanes[2][i] + lanes[3][i];
}

/* Returns by clock how many steps and names there are. */
static void
classes_decode(struct vega_columns *columns, struct source *source, uint32_t cnt,
	struct class *classes, uint64_t *ret_step_cnt, uint64_t *ret_name_cnt)
{
	struct column *column = &columns->columns[0];
	const uint64_t class_cnt = vega_source_u64(source);
	const size_t bytes = class_cnt * sizeof(uint32_t);
	uint32_t seen_cnt = 0;
	uint32_t seen[256];

	if (source->is_bad || class_cnt > CLASS_CNT_MAX ||
		bytes > (size_t)(source->end - source->at)) {
		source->is_bad = true;
		return;
	}
	columns->class_cnt = (uint32_t)class_cnt;
	memcpy(columns->class_head, source->at, bytes);
	source->at += bytes;
	vega_columns_unpack(columns, column, cnt, source);
	if (source->is_bad)
		return;
	classes_count(column->symbols, cnt, seen);
	for (uint32_t i = 0; i < columns->class_cnt; i++) {
		classes[i] = class_of(columns, columns->class_head[i]);
		*ret_step_cnt += seen[i] * classes[i].step;
		*ret_name_cnt += seen[i] * classes[i].name;
		seen_cnt += seen[i];
	}
	source->is_bad |= seen_cnt != cnt; /* a symbol that is no class */
}

/* The next numbers of a column, as many as a chunk has: they stay near. Returns how many, 0 at its end. */
static uint32_t
numbers_next(struct vega_columns *columns, struct source *source, uint32_t cnt, uint64_t *numbers)
{
	struct column *column = &columns->columns[1];
	const uint32_t left = cnt - column->cnt;
	const uint32_t chunk_cnt = left < CHUNK_CNT ? left : CHUNK_CNT;

	vega_columns_get(columns, column, numbers, chunk_cnt, &source->is_bad);
	return source->is_bad ? 0 : chunk_cnt;
}

static void
numbers_begin(struct vega_columns *columns, struct source *source, uint32_t *cnt)
{
	if (!source->is_bad)
		vega_columns_unpack(columns, &columns->columns[1], *cnt, source);
	if (source->is_bad)
		columns->columns[1].cnt = *cnt = 0;
}

static void
channels_decode(struct vega_columns *columns, struct source *source, uint32_t cnt)
{
	uint32_t *to = columns->channels;
	uint64_t numbers[CHUNK_CNT];

	*to = 0;
	numbers_begin(columns, source, &cnt);
	for (uint32_t n; (n = numbers_next(columns, source, cnt, numbers)) != 0;)
		for (uint32_t i = 0; i < n; i++, to++)
			to[1] = to[0] + (uint32_t)vega_unzigzag(numbers[i]);
}

static void
times_decode(struct vega_columns *columns, struct source *source, uint32_t cnt, uint64_t *to)
{
	uint64_t numbers[CHUNK_CNT];
	uint64_t ts = 0;

	*to++ = 0;
	numbers_begin(columns, source, &cnt);
	for (uint32_t n; (n = numbers_next(columns, source, cnt, numbers)) != 0;)
		for (uint32_t i = 0; i < n; i++) {
			ts += (uint64_t)vega_unzigzag(numbers[i]);
			*to++ = ts & VEGA_TS_NONE;
		}
}

static void
names_decode(struct vega_columns *columns, struct source *source, uint32_t cnt)
{
	uint32_t *to = columns->name_of;
	uint64_t numbers[CHUNK_CNT];
	uint32_t before = 0;

	*to++ = 0;
	vega_names_decode(columns, cnt, source);
	numbers_begin(columns, source, &cnt);
	for (uint32_t n; (n = numbers_next(columns, source, cnt, numbers)) != 0;)
		for (uint32_t i = 0; i < n; i++) {
			const uint64_t rank =
				numbers[i] == 0 ? columns->next[before] : numbers[i] - 1;

			if (vega_unlikely(rank >= columns->name_cnt)) {
				source->is_bad = true;
				return;
			}
			columns->next[before] = (uint32_t)rank;
			*to++ = columns->ranked[rank];
			before = (uint32_t)rank;
		}
}

/* Also lists the records of each kind. */
static void
place(struct vega_columns *columns, const struct class *classes, uint32_t cnt,
	union vega_record *to)
{
	const uint8_t *symbols = columns->columns[0].symbols;
	uint64_t step_cnt = 0;
	uint64_t name_cnt = 0;
	struct lists lists;

	lists_begin(columns, &lists);
	for (uint32_t i = 0; i < cnt; i++) {
		const struct class *class = &classes[symbols[i]];

		step_cnt += class->step;
		name_cnt += class->name;
		*lists.at[class->batch]++ = i;
		to[i].word[0] = class->head | class->times[(uint32_t)(step_cnt >> class->shift)];
		to[i].word[1] = class->names[(uint32_t)(name_cnt >> class->shift)];
	}
	lists_end(columns, &lists);
}

void
vega_heads_decode(
	struct vega_columns *columns, struct source *source, uint32_t cnt, union vega_record *to)
{
	struct class classes[CLASS_CNT_MAX];
	uint64_t step_cnt = 0;
	uint64_t name_cnt = 0;

	classes_decode(columns, source, cnt, classes, &step_cnt, &name_cnt);
	channels_decode(columns, source, count_of(name_cnt, 1));
	times_decode(columns, source, count_of(step_cnt, 0), columns->times[0]);
	times_decode(columns, source, count_of(step_cnt, 1), columns->times[1]);
	names_decode(columns, source, count_of(name_cnt, 0));
	if (!source->is_bad)
		place(columns, classes, cnt, to);
}
