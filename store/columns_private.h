/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_COLUMNS_PRIVATE_H
#define VEGA_STORE_COLUMNS_PRIVATE_H
/*
 * What the files of the record codec share.
 *
 *	columns.c		a block: its parts in order, and plain records where columns do not pay
 *	columns_rows_encode.c	a record as a class, a time and a row of differences
 *	columns_rows_decode.c	the way back: the hot loop of every reader
 *	columns_class.c		classes: numbers for what records have in common, and as bytes
 *	columns_names.c		the instruments of a block, numbered by first sight
 *	columns_unit.c		what most differences of price are multiples of
 *	columns_stream.c	a stream as bytes: as it lies, or zstd
 *
 * A class says everything of a record but numbers: kind and flags, which earlier record it is told from, and how many bytes each
 * difference has. So the decoder asks of a record's class whose clock it has, and nothing else.
 */
#include <stdbool.h>
#include <string.h>
#include <zstd.h>

#include "hugepages/base/attr.h"
#include "store/columns.h"

#define CLASS_CNT_MAX  8192u
#define CONTEXT_CNT    256u
#define TIME_BYTES_MAX 6u
#define ROW_BYTES_MAX  24u
#define SLACK_BYTES    32u /* rows are read sixteen bytes at a time, twice */

/*
 * A class as a number, from the lowest bit on:
 *
 *	16	kind and flags, as in the record
 *	 8	context: what tells records of a kind apart
 *	 1	the time is VEGA_TS_NONE
 *	 1	clock: 0 of the exchange, 1 of receipt
 *	 1	the field at 16 is told from the last record of the context, whatever its instrument
 *	 2	the differences at 16, at 24 are in units
 *	 3	bytes of the time's difference, 0 to 6
 *	18	codes of the differences of instrument, 12, 16, 20, 24, 28: 0 to 4 bytes, or CODE_*
 *
 * A difference of n bytes is stored plus half of what n bytes hold: so a decoder adds what the class says, and is done.
 */
#define CLASS_CONTEXT_SHIFT 16u
#define CLASS_NO_TIME       (1ull << 24)
#define CLASS_RECEIPT       (1ull << 25)
#define CLASS_LIKE          (1ull << 26)
#define CLASS_UNIT_SHIFT    27u
#define CLASS_TIME_SHIFT    29u
#define CLASS_CODE_SHIFT    32u
#define CLASS_BITS          50u
#define CLASS_BYTES         7u

#define FIELD_CNT 6u /* instrument, 12, 16, 20, 24, 28 */

/* Differences that are so frequent somewhere that the class says them. */
#define CODE_ONE 5u /* 1: no bytes */
#define CODE_TWO 6u /* 2: no bytes */
#define CODE_CNT 7u

/* Half of what so many bytes hold; of none nothing. */
static VEGA_ALWAYS_INLINE uint64_t
half_of(uint32_t bytes)
{
	return bytes != 0 ? UINT64_C(1) << (8 * bytes - 1) : 0;
}

struct stream {
	uint8_t *bytes;
	size_t room;
	size_t cnt;
};

/* Bytes to write, up to an end: what does not fit makes it full, and counts no more. */
struct sink {
	uint8_t *at;
	uint8_t *end;
	bool is_full;
};

/* Bytes to read; what is not there makes it bad, and reads as 0. */
struct source {
	const uint8_t *at;
	const uint8_t *end;
	bool is_bad;
};

/* A class as the decoder wants it: one line of the cache. What is added makes up for the halves. */
struct VEGA_ALIGNED(64) row_class {
	uint8_t lanes_from[16]; /* of each byte from 16 on, where in the row it is; 0x80: it is 0 */
	uint32_t lanes_add[4];
	uint8_t pair_from[8]; /* likewise instrument and the field at 12 */
	uint32_t pair_add[2];
	uint64_t head; /* of the record's first word; the time all ones where it is not known */
	uint8_t time_bytes;
	uint8_t row_off; /* where the bytes from 16 on begin */
	uint8_t row_bytes;
	uint8_t context;
	uint8_t clock;
	uint8_t is_like;
	uint8_t units; /* which lanes are in units */
	uint8_t reserved;
};

#define ROW_ZERO 0x80u

struct class_slot {
	uint64_t class; /* + 1; 0: free */
	uint32_t number;
};

#define CLASS_SLOT_LG2  15u
#define CLASS_SLOT_CNT  (1u << CLASS_SLOT_LG2)
#define CLASS_PROBE_CNT 64u

struct name_slot {
	uint32_t token;
	uint32_t number; /* of the name by first sight, + 1; 0: free */
};

#define NAME_PROBE_CNT 64u /* places that a token may take */
#define NAME_SLOT_LG2  18u
#define NAME_SLOT_CNT  (1u << NAME_SLOT_LG2) /* twice what a block can name */

/* Tokens side by side lie side by side. */
static VEGA_ALWAYS_INLINE uint32_t
name_slot_of(uint32_t token)
{
	return ((token >> 4) * 0x9E3779B1u >> (32 - NAME_SLOT_LG2) & ~15u) | (token & 15u);
}

/* The last record of each instrument and context: a record's number + 1 + what all blocks before had, so that none is cleared. */
struct links {
	uint32_t *places;
	uint32_t mask; /* of the block at hand */
	uint32_t base; /* numbers up to it are of other blocks */
};

struct vega_columns {
	ZSTD_CCtx *zstd_encode;
	ZSTD_DCtx *zstd_decode;
	enum vega_columns_effort effort;
	bool is_long; /* times and rows are more than most: live, look for what repeats in them */
	struct links links;
	bool has_shuffle; /* of this processor; the plain way is the same and slow */

	/* Of the block at hand. */
	bool is_full; /* too many classes, or names: what they are does not matter any more */
	uint32_t class_cnt;
	uint32_t name_cnt;
	uint32_t unit;
	uint64_t *classes;
	struct class_slot *class_slots;
	uint32_t *class_at; /* slot of each */
	struct row_class *row_classes;
	uint32_t *names; /* tokens */
	struct name_slot *name_slots;
	uint32_t *name_at;        /* slot of each */
	struct stream symbols[2]; /* of each record its class: low bytes, high bytes */
	uint16_t *numbers;        /* symbols, both bytes */
	struct stream times;
	struct stream rows;
	struct stream table; /* classes and names on their way to bytes and back */
};

extern const union vega_record vega_record_zero;

/* The four fields at 16, 20, 24, 28. */
typedef uint32_t vega_lanes VEGA_VECTOR(16);

static VEGA_ALWAYS_INLINE vega_lanes
lanes_of(const union vega_record *record)
{
	vega_lanes lanes;

	memcpy(&lanes, &record->word[2], sizeof(lanes));
	return lanes;
}

static VEGA_ALWAYS_INLINE void
lanes_set(union vega_record *record, vega_lanes lanes)
{
	memcpy(&record->word[2], &lanes, sizeof(lanes));
}

static VEGA_ALWAYS_INLINE uint64_t
load_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, 8);
	return value;
}

/* All ones, up to the highest bit of cnt - 1. */
static VEGA_ALWAYS_INLINE uint32_t
vega_mask_of(uint32_t cnt)
{
	return (2u << (31 - __builtin_clz((cnt - 1) | 1))) - 1;
}

static VEGA_ALWAYS_INLINE uint64_t
vega_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (0 - ((uint64_t)value >> 63));
}

static VEGA_ALWAYS_INLINE uint32_t
zigzag_u32(uint32_t value)
{
	return value << 1 ^ (0 - (value >> 31));
}

static VEGA_ALWAYS_INLINE uint32_t
unzigzag_u32(uint32_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

/* Instruments side by side lie side by side: what shares a place is only told worse. */
static VEGA_ALWAYS_INLINE uint32_t
place_of(uint32_t context)
{
	return context * 0x9E3779B1u;
}

void vega_links_begin(struct links *links, uint32_t cnt);
void vega_links_end(struct links *links, uint32_t cnt);

/* The number of a class by first sight; 0, and is_full: too many. */
uint32_t vega_class_add(struct vega_columns *columns, uint64_t class, uint32_t at);
void vega_classes_forget(struct vega_columns *columns);
void vega_classes_encode(struct vega_columns *columns, struct sink *sink);
void vega_classes_decode(struct vega_columns *columns, struct source *source);

/* The number by first sight of a token; 0, and is_full: no place is left near its own. */
uint32_t vega_names_take(struct vega_columns *columns, uint32_t token);
void vega_names_forget(struct vega_columns *columns);
void vega_names_encode(struct vega_columns *columns, struct sink *sink);
void vega_names_decode(struct vega_columns *columns, struct source *source, uint32_t cnt);

/* The unit of a block's prices, of a sample of them; 1: none. */
uint32_t vega_unit_of(const union vega_record *records, uint32_t cnt);

/* Fills symbols, times, rows, classes and names. Returns false where there are too many of something. */
bool vega_rows_encode(struct vega_columns *columns, const union vega_record *records, uint32_t cnt);
/* Returns false where they do not fit the streams. */
bool vega_rows_decode(struct vega_columns *columns, uint32_t cnt, union vega_record *to);
bool vega_rows_has_shuffle(void);

/* How much a stream is worth the trouble. */
enum stream_worth {
	STREAM_NOISE,  /* live: as it lies, but in a long block */
	STREAM_NUMBERS /* zstd where that is smaller */
};

void vega_stream_pack(struct vega_columns *columns, const struct stream *stream,
	enum stream_worth worth, struct sink *sink);
/* Its bytes: as many as are told, `cnt_max` at most. */
void vega_stream_unpack(
	struct vega_columns *columns, struct stream *stream, size_t cnt_max, struct source *source);
void vega_sink_u64(struct sink *sink, uint64_t value);
uint64_t vega_source_u64(struct source *source);

#endif
