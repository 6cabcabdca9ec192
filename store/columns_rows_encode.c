/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records as classes, times and rows: one pass over the records of a block, in their order.
 *
 * A record is told from the last one of its instrument and context, or where there is none the last one of the context. A context is a
 * kind and, where the byte at 12 says what the rest means (a level and its side, a message type, a line), that byte.
 */
#include "store/columns_private.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef int32_t signed_lanes VEGA_VECTOR(16);
typedef uint64_t words_2 VEGA_VECTOR(16);

/* What is done with a kind. The codec is right whatever stands here: it only decides what is small. */
struct shape {
	uint64_t class;      /* that all its records share */
	uint8_t context;     /* its contexts begin here */
	uint8_t sub_mask;    /* of the byte at 12, what tells apart */
	uint8_t price_lanes; /* at 16, at 24: may be in units */
};

#define RECEIPT CLASS_RECEIPT
#define LIKE    CLASS_LIKE

#define KIND_CNT (VEGA_RECORD_KIND_CNT + 1u) /* all others are the last */

static const struct shape shapes[KIND_CNT] = {
	[VEGA_PACKET] = {RECEIPT, VEGA_PACKET * 37 & 0xFF, 0xFF, 0},
	[VEGA_ORDER_ADD] = {LIKE, VEGA_ORDER_ADD * 37 & 0xFF, 0, 2},
	[VEGA_ORDER_MODIFY] = {LIKE, VEGA_ORDER_MODIFY * 37 & 0xFF, 0, 2},
	[VEGA_ORDER_DELETE] = {LIKE, VEGA_ORDER_DELETE * 37 & 0xFF, 0, 2},
	[VEGA_ORDER_EXECUTE] = {LIKE, VEGA_ORDER_EXECUTE * 37 & 0xFF, 0, 2},
	[VEGA_ORDER_REF] = {LIKE, VEGA_ORDER_REF * 37 & 0xFF, 0xFF, 0},
	[VEGA_TRADE] = {LIKE, VEGA_TRADE * 37 & 0xFF, 0, 2},
	[VEGA_LEVEL] = {0, VEGA_LEVEL * 37 & 0xFF, 0xFF, 3},
	[VEGA_STATUS] = {0, VEGA_STATUS * 37 & 0xFF, 0xFF, 0},
	[VEGA_DEFINITION] = {0, VEGA_DEFINITION * 37 & 0xFF, 0xFF, 0},
	[VEGA_CLEAR] = {0, VEGA_CLEAR * 37 & 0xFF, 0xFF, 0},
	[VEGA_GAP] = {RECEIPT, VEGA_GAP * 37 & 0xFF, 0xFF, 0},
	[VEGA_LOSS] = {RECEIPT, VEGA_LOSS * 37 & 0xFF, 0, 0},
	[VEGA_SEGMENT] = {RECEIPT, VEGA_SEGMENT * 37 & 0xFF, 0, 0},
	[VEGA_EPOCH] = {RECEIPT, VEGA_EPOCH * 37 & 0xFF, 0, 0},
	[VEGA_LAST] = {0, VEGA_LAST * 37 & 0xFF, 0, 0},
	[VEGA_INTEREST] = {0, VEGA_INTEREST * 37 & 0xFF, 0, 0},
	[VEGA_OHLC] = {0, VEGA_OHLC * 37 & 0xFF, 0, 0},
	[VEGA_GREEKS] = {0, VEGA_GREEKS * 37 & 0xFF, 0, 0},
	[VEGA_INDEX] = {0, VEGA_INDEX * 37 & 0xFF, 0, 0},
	[VEGA_TIME] = {0, VEGA_TIME * 37 & 0xFF, 0, 0},
	[VEGA_WIDE] = {0, VEGA_WIDE * 37 & 0xFF, 0, 0},
};

/* What was last on a clock: time, and instrument as name and as token. */
struct clock {
	uint64_t ts;
	uint32_t name;
	uint32_t instrument;
};

/* A block as it is made. */
struct maker {
	struct vega_columns *columns;
	const union vega_record *records;
	const struct class_slot *class_slots;
	uint32_t *places;
	uint16_t *numbers; /* of classes */
	uint8_t *time;
	uint8_t *row;
	uint32_t place_mask;
	uint32_t base;
	uint32_t unit;
	struct clock exchange;
	struct clock receipt;
	const union vega_record *like[CONTEXT_CNT];
};

/* Whom a record is told from. */
struct told {
	const union vega_record *same; /* the last one of the instrument and context, or like */
	const union vega_record *like; /* the last one of the context */
};

static VEGA_ALWAYS_INLINE struct told
find(struct maker *maker, uint32_t i, uint32_t name, uint32_t context)
{
	uint32_t *place = &maker->places[(name + place_of(context)) & maker->place_mask];
	const union vega_record *like = maker->like[context];
	const uint32_t number = *place;

	*place = maker->base + i + 1;
	maker->like[context] = &maker->records[i];
	return (struct told){
		.same = number > maker->base ? &maker->records[number - maker->base - 1] : like,
		.like = like,
	};
}

/* ---- bytes --------------------------------------------------------------------------------------------------- */

/* By which bytes of two values side by side are not 0, a bit each: how the two are stored. */
struct VEGA_ALIGNED(16) pair_form {
	uint32_t half[2]; /* what is added to each */
	uint8_t codes;    /* the bytes of each, three bits */
	uint8_t shift;    /* to the second */
	uint8_t bytes;    /* of both */
	uint8_t highest;  /* of a single value of eight bytes: how many it has */
};

#define BYTES_1(n)  ((n) < 1 ? 0u : (n) < 2 ? 1u : (n) < 4 ? 2u : (n) < 8 ? 3u : 4u)
#define BYTES(n)    ((n) < 16 ? BYTES_1(n) : 4u + BYTES_1((n) >> 4))
#define HALF(bytes) ((bytes) != 0 ? (uint32_t)(UINT64_C(1) << (8 * (bytes) + 31) % 32) : 0)
#define FORM(n)                                                                            \
	{                                                                                  \
		{HALF(BYTES_1((n)&15u)), HALF(BYTES_1((n) >> 4))},                         \
			(uint8_t)(BYTES_1((n)&15u) | BYTES_1((n) >> 4) << 3),              \
			(uint8_t)(8 * BYTES_1((n)&15u)),                                   \
			(uint8_t)(BYTES_1((n)&15u) + BYTES_1((n) >> 4)), (uint8_t)BYTES(n) \
	}
#define FORMS_4(n)  FORM(n), FORM((n) + 1), FORM((n) + 2), FORM((n) + 3)
#define FORMS_16(n) FORMS_4(n), FORMS_4((n) + 4), FORMS_4((n) + 8), FORMS_4((n) + 12)
#define FORMS_64(n) FORMS_16(n), FORMS_16((n) + 16), FORMS_16((n) + 32), FORMS_16((n) + 48)

static const struct pair_form pair_forms[256] = {
	FORMS_64(0u), FORMS_64(64u), FORMS_64(128u), FORMS_64(192u)};

/* What is added to a time's difference of so many bytes. */
static const uint64_t time_half[8] = {
	0, 0x80, 0x8000, 0x800000, 0x80000000, 0x8000000000, 0x800000000000, 0};

static VEGA_ALWAYS_INLINE vega_lanes
zigzag_lanes(vega_lanes values)
{
	return values << 1 ^ (vega_lanes)((signed_lanes)values < 0);
}

/* A bit for each byte that is not 0. */
static VEGA_ALWAYS_INLINE uint32_t
bytes_bits(vega_lanes values)
{
#ifdef __SSE2__
	const __m128i is_zero = _mm_cmpeq_epi8((__m128i)values, _mm_setzero_si128());

	return 0xFFFFu ^ (uint32_t)_mm_movemask_epi8(is_zero);
#else
	uint8_t bytes[16];
	uint32_t bits = 0;

	memcpy(bytes, &values, sizeof(bytes));
	for (uint32_t i = 0; i < 16; i++)
		bits |= (uint32_t)(bytes[i] != 0) << i;
	return bits;
#endif
}

/* Two values side by side. Returns their codes. */
static VEGA_ALWAYS_INLINE uint64_t
pair_put(struct maker *maker, uint64_t pair, uint32_t bits)
{
	const struct pair_form *form = &pair_forms[bits & 0xFFu];
	const uint32_t first = (uint32_t)pair + form->half[0];
	const uint32_t second = (uint32_t)(pair >> 32) + form->half[1];
	const uint64_t both = first | (uint64_t)second << form->shift;

	memcpy(maker->row, &both, 8);
	maker->row += form->bytes;
	return form->codes;
}

/* A step of one or two, that the class says by a code in place of bytes. */
static VEGA_ALWAYS_INLINE uint32_t
step_of(uint32_t difference)
{
	return difference - 1 < 2 ? difference : 0;
}

static VEGA_ALWAYS_INLINE uint64_t
step_code(uint32_t step)
{
	return step != 0 ? CODE_ONE - 1 + step : 0;
}

/* In units, where it is a multiple and not nothing. */
static VEGA_ALWAYS_INLINE uint32_t
units_of(uint32_t difference, uint32_t unit, uint32_t *units, uint32_t bit)
{
	const int32_t cnt = (int32_t)difference / (int32_t)unit;
	const bool is_unit = difference != 0 && (uint32_t)cnt * unit == difference;

	*units |= is_unit ? bit : 0;
	return is_unit ? (uint32_t)cnt : difference;
}

/* ---- records ------------------------------------------------------------------------------------------------- */

/* The fields at 16 to 28. Returns what the class says of them. */
static VEGA_ALWAYS_INLINE uint64_t
lanes_put(struct maker *maker, vega_lanes lanes, uint32_t price_lanes, bool is_counted)
{
	uint32_t units = 0;
	uint64_t steps = 0;
	uint64_t codes;
	uint32_t bits;

	if (is_counted) {
		const vega_lanes step = {step_of(lanes[0]), 0, step_of(lanes[2]), 0};

		lanes -= step;
		steps = step_code(step[0]) | step_code(step[2]) << 6;
	}
	if (price_lanes != 0) {
		lanes[2] = units_of(lanes[2], maker->unit, &units, 2);
		if ((price_lanes & 1u) != 0)
			lanes[0] = units_of(lanes[0], maker->unit, &units, 1);
	}
	bits = bytes_bits(zigzag_lanes(lanes));
	codes = pair_put(maker, ((words_2)lanes)[0], bits);
	codes |= pair_put(maker, ((words_2)lanes)[1], bits >> 8) << 6;
	return (codes | steps) << (CLASS_CODE_SHIFT + 6) | (uint64_t)units << CLASS_UNIT_SHIFT;
}

/* Time, instrument and the field at 12. Returns what the class says of them. */
static VEGA_ALWAYS_INLINE uint64_t
head_put(struct maker *maker, uint64_t time, uint32_t name, uint32_t field)
{
	const uint32_t step = step_of(name);
	const words_2 pair = {(name - step) | (uint64_t)field << 32, 0};
	const words_2 zigzag = {
		((words_2)zigzag_lanes((vega_lanes)pair))[0], vega_zigzag((int64_t)time)};
	const uint32_t bits = bytes_bits((vega_lanes)zigzag);
	const uint32_t bytes = pair_forms[bits >> 8].highest;
	const uint64_t stored = time + time_half[bytes];

	memcpy(maker->time, &stored, 8);
	maker->time += bytes;
	return (pair_put(maker, pair[0], bits) | step_code(step)) << CLASS_CODE_SHIFT |
	       (uint64_t)bytes << CLASS_TIME_SHIFT;
}

/* A difference of 48 bits, as one of 64. */
static VEGA_ALWAYS_INLINE uint64_t
difference_48(uint64_t value, uint64_t from)
{
	return (uint64_t)((int64_t)((value - from) << 16) >> 16);
}

/* A record by its clock; kinds of receipt have a loop's body of their own. Returns its class. */
static VEGA_ALWAYS_INLINE uint64_t
record_put(struct maker *maker, struct clock *clock, const struct shape *shape, uint32_t i,
	bool is_receipt, bool has_unit)
{
	const union vega_record *record = &maker->records[i];
	const uint32_t context = (record->order.qty & shape->sub_mask) + shape->context;
	const uint32_t instrument = vega_record_instrument(record);
	const struct clock before = *clock;
	uint64_t class = shape->class | record->word[0] >> 48;
	struct told told;
	const union vega_record *first;

	clock->ts = vega_record_ts48(record);
	if (vega_unlikely(clock->ts == VEGA_TS_NONE)) {
		clock->ts = before.ts;
		class |= CLASS_NO_TIME;
	}
	if (instrument != before.instrument) {
		clock->instrument = instrument;
		clock->name = vega_names_take(maker->columns, instrument);
	}
	told = find(maker, i, clock->name, context % CONTEXT_CNT);
	first = !is_receipt && (shape->class & LIKE) != 0 ? told.like : told.same;
	class |= head_put(maker, difference_48(clock->ts, before.ts), clock->name - before.name,
		record->order.qty - told.same->order.qty);
	class |= context % CONTEXT_CNT << CLASS_CONTEXT_SHIFT;
	return class |
	       lanes_put(maker,
		       lanes_of(record) - (vega_lanes)(words_2){first->word[2], told.same->word[3]},
		       has_unit ? shape->price_lanes : 0, is_receipt);
}

static VEGA_ALWAYS_INLINE uint32_t
class_number(const struct maker *maker, uint64_t class)
{
	const uint32_t at =
		(uint32_t)(class * UINT64_C(0x9E3779B97F4A7C15) >> (64 - CLASS_SLOT_LG2));
	const struct class_slot *slot = &maker->class_slots[at];

	return vega_likely(slot->class == class + 1) ? slot->number
						     : vega_class_add(maker->columns, class, at);
}

static VEGA_ALWAYS_INLINE void
records_put(struct maker *maker, uint32_t cnt, bool has_unit)
{
	struct maker own = *maker; /* that stores of bytes cannot change */

	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t kind = vega_record_kind(&own.records[i]);
		const struct shape *shape =
			&shapes[kind < VEGA_RECORD_KIND_CNT ? kind : VEGA_RECORD_KIND_CNT];
		const uint64_t class =
			(shape->class & RECEIPT) != 0
				? record_put(&own, &own.receipt, shape, i, true, false)
				: record_put(&own, &own.exchange, shape, i, false, has_unit);

		own.numbers[i] = (uint16_t)class_number(&own, class);
	}
	maker->time = own.time;
	maker->row = own.row;
}

/* The low bytes of all symbols, and where there are more classes than that tells the high ones. */
static void
symbols_put(struct vega_columns *columns, uint32_t cnt)
{
	const uint16_t *numbers = columns->numbers;
	uint8_t *low = columns->symbols[0].bytes;
	uint8_t *high = columns->symbols[1].bytes;

	for (uint32_t i = 0; i < cnt; i++)
		low[i] = (uint8_t)numbers[i];
	columns->symbols[0].cnt = cnt;
	columns->symbols[1].cnt = columns->class_cnt > 256 ? cnt : 0;
	for (uint32_t i = 0; i < columns->symbols[1].cnt; i++)
		high[i] = (uint8_t)(numbers[i] >> 8);
}

bool
vega_rows_encode(struct vega_columns *columns, const union vega_record *records, uint32_t cnt)
{
	struct maker maker = {
		.columns = columns,
		.records = records,
		.class_slots = columns->class_slots,
		.places = columns->links.places,
		.numbers = columns->numbers,
		.time = columns->times.bytes,
		.row = columns->rows.bytes,
	};

	columns->class_cnt = columns->name_cnt = 0;
	columns->is_full = false;
	maker.unit = columns->unit = vega_unit_of(records, cnt);
	for (uint32_t i = 0; i < CONTEXT_CNT; i++)
		maker.like[i] = &vega_record_zero;
	vega_links_begin(&columns->links, cnt);
	maker.place_mask = columns->links.mask;
	maker.base = columns->links.base;
	(void)vega_names_take(columns, 0); /* name 0: what both clocks begin with */
	if (columns->unit != 1)
		records_put(&maker, cnt, true);
	else
		records_put(&maker, cnt, false);
	vega_links_end(&columns->links, cnt);
	vega_classes_forget(columns);
	vega_names_forget(columns);
	symbols_put(columns, cnt);
	columns->times.cnt = (size_t)(maker.time - columns->times.bytes);
	columns->rows.cnt = (size_t)(maker.row - columns->rows.bytes);
	return !columns->is_full;
}
