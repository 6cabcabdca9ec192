/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records from classes, times and rows: one loop that is the same for all records, whatever their kind.
 *
 * What is read is bounded beforehand: a symbol by a mask, into a table that is filled up to it; the name likewise; times and rows by
 * their memory, which has room for as many records of the longest class. What a record is told from is a record before it. So hostile
 * streams make wrong records, which the counts at the end tell, and nothing worse.
 */
#include "store/columns_private.h"

#ifdef __SSE2__
#include <immintrin.h>
#define SHUFFLE_TARGET VEGA_TARGET("ssse3")
#else
#define SHUFFLE_TARGET
#endif

typedef uint8_t bytes_16 VEGA_VECTOR(16);
typedef uint64_t words_2 VEGA_VECTOR(16);

/* The last time and name of the exchange's clock and of the one of receipt. */
struct clock {
	uint64_t ts;
	uint32_t name;
};

/* A block as it is read. */
struct reader {
	const struct row_class *classes;
	const uint16_t *symbols;
	const uint8_t *times;
	const uint8_t *rows;
	const uint32_t *names;
	uint32_t *places;
	uint32_t name_mask;
	uint32_t place_mask;
	uint32_t base;
	struct clock exchange;
	struct clock receipt;
	/* By the bytes that a time's difference has: what of eight bytes is it, and what is added. */
	uint64_t time_mask[8];
	uint64_t time_half[8];
	vega_lanes units[4];
	const union vega_record *like[CONTEXT_CNT];
};

/* Sixteen bytes of a row, each where `from` says. */
static bytes_16
bytes_plain(const uint8_t *row, bytes_16 from)
{
	bytes_16 to = {0};

	for (uint32_t i = 0; i < 16; i++)
		to[i] = from[i] == ROW_ZERO ? 0 : row[from[i] & 15u];
	return to;
}

#ifdef __SSE2__
SHUFFLE_TARGET static inline bytes_16
bytes_shuffled(const uint8_t *row, bytes_16 from)
{
	return (bytes_16)_mm_shuffle_epi8(
		_mm_loadu_si128((const __m128i *)(const void *)row), (__m128i)from);
}
#else
#define bytes_shuffled bytes_plain
#endif

static VEGA_ALWAYS_INLINE bytes_16
bytes_get(const uint8_t *row, bytes_16 from, bool has_shuffle)
{
	return has_shuffle ? bytes_shuffled(row, from) : bytes_plain(row, from);
}

/* The differences of the four fields from 16 on. */
static VEGA_ALWAYS_INLINE vega_lanes
lanes_get(
	const struct reader *reader, const struct row_class *class, bool has_unit, bool has_shuffle)
{
	vega_lanes add;
	bytes_16 from;

	memcpy(&from, class->lanes_from, sizeof(from));
	memcpy(&add, class->lanes_add, sizeof(add));
	add += (vega_lanes)bytes_get(reader->rows + class->row_off, from, has_shuffle);
	return has_unit ? add * reader->units[class->units] : add;
}

/* The differences of instrument and the field at 12, the latter in the upper half. */
static VEGA_ALWAYS_INLINE uint64_t
pair_get(const struct reader *reader, const struct row_class *class, bool has_shuffle)
{
	const words_2 from = {load_u64(class->pair_from), 0};

	return ((words_2)bytes_get(reader->rows, (bytes_16)from, has_shuffle))[0];
}

/* The last record of the instrument and context, or where there is none the last one of the context. */
static VEGA_ALWAYS_INLINE const union vega_record *
same_get(struct reader *reader, uint32_t name, uint32_t context, uint32_t i,
	const union vega_record *to)
{
	uint32_t *place = &reader->places[(name + place_of(context)) & reader->place_mask];
	const uint32_t number = *place;

	*place = reader->base + i + 1;
	return number > reader->base ? &to[number - reader->base - 1] : reader->like[context];
}

static VEGA_ALWAYS_INLINE void
record_get(struct reader *reader, struct clock *clock, uint32_t i, const struct row_class *class,
	bool has_unit, bool has_shuffle, union vega_record *to)
{
	const vega_lanes lanes = lanes_get(reader, class, has_unit, has_shuffle);
	const uint64_t pair = pair_get(reader, class, has_shuffle);
	const uint32_t bytes = class->time_bytes;
	const union vega_record *like = reader->like[class->context];
	const union vega_record *same;
	const union vega_record *first;
	uint32_t name;

	clock->ts +=
		(load_u64(reader->times) & reader->time_mask[bytes]) - reader->time_half[bytes];
	clock->name += (uint32_t)pair + class->pair_add[0];
	name = clock->name & reader->name_mask;
	reader->times += bytes;
	reader->rows += class->row_bytes;
	same = same_get(reader, name, class->context, i, to);
	first = class->is_like ? like : same;
	reader->like[class->context] = &to[i];
	to[i].word[0] = class->head | (clock->ts & VEGA_TS_NONE);
	to[i].order.instrument = reader->names[name];
	to[i].order.qty = same->order.qty + (uint32_t)(pair >> 32) + class->pair_add[1];
	lanes_set(&to[i], (vega_lanes)(words_2){first->word[2], same->word[3]} + lanes);
}

static VEGA_ALWAYS_INLINE void
records_get(
	struct reader *reader, uint32_t cnt, bool has_unit, bool has_shuffle, union vega_record *to)
{
	struct reader own = *reader; /* that stores to records cannot change */

	for (uint32_t i = 0; i < cnt; i++) {
		const struct row_class *class = &own.classes[own.symbols[i]];

		/* one body a clock: so both stay in registers, and a record does not wait for the one before */
		if (class->clock != 0)
			record_get(&own, &own.receipt, i, class, false, has_shuffle, to);
		else
			record_get(&own, &own.exchange, i, class, has_unit, has_shuffle, to);
	}
	*reader = own;
}

/* A loop for each form of block. */
static VEGA_ALWAYS_INLINE void
records_any(struct reader *reader, uint32_t cnt, const struct vega_columns *columns,
	bool has_shuffle, union vega_record *to)
{
	if (columns->unit != 1)
		records_get(reader, cnt, true, has_shuffle, to);
	else
		records_get(reader, cnt, false, has_shuffle, to);
}

static void
records_plain(struct reader *reader, uint32_t cnt, const struct vega_columns *columns,
	union vega_record *to)
{
	records_any(reader, cnt, columns, false, to);
}

SHUFFLE_TARGET static void
records_shuffled(struct reader *reader, uint32_t cnt, const struct vega_columns *columns,
	union vega_record *to)
{
	records_any(reader, cnt, columns, true, to);
}

bool
vega_rows_has_shuffle(void)
{
#ifdef __SSE2__
	return __builtin_cpu_supports("ssse3");
#else
	return false;
#endif
}

static void
reader_begin(struct reader *reader, const struct vega_columns *columns)
{
	const uint32_t unit = columns->unit;

	*reader = (struct reader){
		.classes = columns->row_classes,
		.symbols = columns->numbers,
		.times = columns->times.bytes,
		.rows = columns->rows.bytes,
		.names = columns->names,
		.places = columns->links.places,
		.name_mask = vega_mask_of(columns->name_cnt),
		.place_mask = columns->links.mask,
		.base = columns->links.base,
		.units = {{1, 1, 1, 1}, {unit, 1, 1, 1}, {1, 1, unit, 1}, {unit, 1, unit, 1}},
	};
	for (uint32_t i = 0; i <= TIME_BYTES_MAX; i++) {
		reader->time_mask[i] = (UINT64_C(1) << 8 * i) - 1;
		reader->time_half[i] = half_of(i);
	}
	for (uint32_t i = 0; i < CONTEXT_CNT; i++)
		reader->like[i] = &vega_record_zero;
}

/* Both bytes of each symbol. Returns false where one is no class. */
static bool
numbers_get(struct vega_columns *columns, uint32_t cnt)
{
	const uint8_t *low = columns->symbols[0].bytes;
	const uint8_t *high = columns->symbols[1].bytes;
	const uint16_t last = (uint16_t)(columns->class_cnt - 1);
	uint16_t *numbers = columns->numbers;
	uint16_t bad = 0;

	if (columns->symbols[1].cnt == 0)
		for (uint32_t i = 0; i < cnt; i++)
			numbers[i] = low[i];
	else
		for (uint32_t i = 0; i < cnt; i++)
			numbers[i] = (uint16_t)(low[i] | high[i] << 8);
	for (uint32_t i = 0; i < cnt; i++)
		bad |= numbers[i] > last;
	return bad == 0;
}

bool
vega_rows_decode(struct vega_columns *columns, uint32_t cnt, union vega_record *to)
{
	struct reader reader;

	if (!numbers_get(columns, cnt))
		return false;
	vega_links_begin(&columns->links, cnt);
	reader_begin(&reader, columns);
	if (columns->has_shuffle)
		records_shuffled(&reader, cnt, columns, to);
	else
		records_plain(&reader, cnt, columns, to);
	vega_links_end(&columns->links, cnt);
	return reader.times == columns->times.bytes + columns->times.cnt &&
	       reader.rows == columns->rows.bytes + columns->rows.cnt;
}
