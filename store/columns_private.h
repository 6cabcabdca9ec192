/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_COLUMNS_PRIVATE_H
#define VEGA_STORE_COLUMNS_PRIVATE_H
/*
 * What the files of the record codec share.
 *
 *	columns.c		a block: its parts in order, and plain records where columns do not pay
 *	columns_heads.c		kind and flags, times, instruments: of all records, as they come
 *	columns_names.c		the instruments of a block, the frequent ones first
 *	columns_bodies*.[ch]	what is left, kind by kind, field by field
 *	columns_plan.c		what a field is best predicted from
 *	columns_pack.c		a column as bytes: zstd
 *	columns_code.[ch]	a number as a symbol and extra bits
 */
#include <stdbool.h>
#include <zstd.h>

#include "store/columns.h"
#include "store/columns_code.h"

#define KIND_CNT      24u /* VEGA_RECORD_KIND_CNT, and all others in the last */
#define CHUNK_CNT     256u /* records at a time: they and what tells them stay in the nearest cache */
#define COLUMN_CNT    6u   /* of a kind's bodies at most */
#define CLASS_CNT_MAX 255u

/* A class: kind and flags as in the record, and: */
#define CLASS_NO_TIME  0x10000u /* VEGA_TS_NONE */
#define CLASS_STEP     0x20000u /* the time is not the last one of its clock */
#define CLASS_NAME     0x40000u /* the instrument is not the last one of its clock */
#define CLASS_HEAD_CNT 0x80000u

#define LIKE_CNT 256u /* sides and levels of a kind */

/* What a field's value is told from. Like is a record of the kind and of the same side or level. */
enum predictor {
	PREDICT_SAME = 0,   /* the last one like it of the instrument; LIKE where there is none */
	PREDICT_LIKE = 1,   /* the last record that is like it; zeros where there is none */
	PREDICT_BEFORE = 2, /* the last record of the kind; zeros where there is none */
	PREDICT_ZERO = 3,   /* zeros: the value itself */
	PREDICT_COUNT = 4,  /* SAME, and the messages that it brought: PACKET's sequence */
	PREDICTOR_CNT = 5
};

/* A column as it is made or read. */
struct column {
	uint8_t *symbols;
	uint8_t *extra; /* to encode */
	uint32_t cnt;   /* symbols made, or taken */
	uint32_t any;   /* all symbols, or-ed */
	uint32_t unit;  /* most differences are multiples of it; 1: none */
	uint32_t predictor;
	struct vega_bits bits;
	const uint8_t *bits_from; /* to decode */
	uint64_t at_bit;
	uint64_t bits_end;
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

/* All symbols, or-ed: 0: all are 0; below 16: each is its value. */
static VEGA_ALWAYS_INLINE uint32_t
vega_symbols_any(const uint8_t *symbols, uint32_t cnt)
{
	uint8_t any = 0;

	for (uint32_t i = 0; i < cnt; i++)
		any |= symbols[i];
	return any;
}

/* The instruments of a block. */
struct name {
	uint32_t token;
	uint32_t cnt;  /* records */
	uint32_t idx;  /* by first sight */
	uint32_t slot; /* where it is found */
};

struct name_slot {
	uint32_t token;
	uint32_t number; /* of the name by first sight, + 1; 0: free */
};

#define NAME_NONE      UINT32_MAX
#define NAME_PROBE_CNT 64u /* places that a token may take */
#define NAME_SLOT_LG2  18u
#define NAME_SLOT_CNT  (1u << NAME_SLOT_LG2) /* twice what a block can name */

struct vega_columns {
	struct vega_code code;
	ZSTD_CCtx *zstd_encode;
	ZSTD_DCtx *zstd_decode;
	enum vega_columns_effort effort;

	/* Of the block at hand. */
	uint32_t kind_cnt[KIND_CNT];
	uint32_t class_cnt;
	uint32_t class_head[256];         /* kind, flags, CLASS_* */
	uint8_t class_of[CLASS_HEAD_CNT]; /* class + 1; 0: none */
	uint32_t name_cnt;

	uint32_t *lists; /* record numbers of each kind: room for a block each */
	/* Of each record with CLASS_NAME: by first sight; to decode, its token. */
	uint32_t *name_of;
	uint32_t *rank_of; /* of names by first sight */
	uint32_t *ranked;  /* token by rank */
	uint32_t *next;    /* rank that came after a rank the last time */
	uint32_t *links;   /* record number + 1 by instrument and what is like it */
	uint32_t *same;    /* to encode: record number + 1 that tells each of a kind; 0: none */
	uint32_t *like;    /* likewise */
	/* Exchange, receive: of each record with CLASS_STEP; to encode, the differences. */
	uint64_t *times[2];
	uint32_t *channels; /* to decode: of each local record with CLASS_NAME */
	uint64_t *numbers;  /* of a column, before or behind it */
	struct name *names;
	struct name *names_sorted;
	struct name_slot *name_slots;
	struct column columns[COLUMN_CNT];
};

/* Kinds whose time is of receipt, and whose instrument is a channel. */
static VEGA_ALWAYS_INLINE bool
kind_is_local(uint32_t kind)
{
	return (1u << VEGA_PACKET | 1u << VEGA_GAP | 1u << VEGA_LOSS | 1u << VEGA_SEGMENT |
		       1u << VEGA_EPOCH) >>
		       (kind & 31u) &
	       1u & (kind < 32);
}

static VEGA_ALWAYS_INLINE uint32_t
kind_batch(uint32_t kind)
{
	return kind < VEGA_RECORD_KIND_CNT ? kind : KIND_CNT - 1;
}

static VEGA_ALWAYS_INLINE uint32_t *
kind_list(const struct vega_columns *columns, uint32_t batch)
{
	return columns->lists + (size_t)batch * VEGA_COLUMNS_RECORD_CNT_MAX;
}

void vega_column_begin(struct column *column);
/* At most CHUNK_CNT at a time; `any`: all of them, or-ed. */
void vega_columns_put(const struct vega_columns *columns, struct column *column,
	const uint64_t *values, uint32_t cnt, uint64_t any);
void vega_columns_put_all(const struct vega_columns *columns, struct column *column,
	const uint64_t *values, uint32_t cnt);
void vega_columns_put_zeros(struct column *column, uint32_t cnt);
void vega_columns_get(const struct vega_columns *columns, struct column *column, uint64_t *values,
	uint32_t cnt, bool *is_bad);

/* Column to bytes and back. */
void vega_columns_pack(struct vega_columns *columns, struct column *column, struct sink *sink);
void vega_columns_unpack(
	struct vega_columns *columns, struct column *column, uint32_t cnt, struct source *source);
void vega_sink_u64(struct sink *sink, uint64_t value);
uint64_t vega_source_u64(struct source *source);
void vega_sink_bytes(struct sink *sink, const void *from, size_t bytes);

/* The unit that serves a column's differences best, of a sample of them; 1: none. */
uint32_t vega_plan_unit(const uint64_t *values, uint32_t cnt);
/* What a sample of values costs, in sixteenths of bits. */
uint64_t vega_plan_cost(
	const struct vega_code *code, const uint64_t *values, uint32_t cnt, uint32_t unit);
void vega_put_units(uint64_t *values, uint32_t cnt, uint32_t unit);

/* The number by first sight of a token, and counts it; NAME_NONE: no place is left near its own. */
uint32_t vega_names_take(struct vega_columns *columns, uint32_t token);
void vega_names_forget(struct vega_columns *columns);
void vega_names_encode(struct vega_columns *columns, struct sink *sink);
void vega_names_decode(struct vega_columns *columns, uint32_t cnt, struct source *source);

bool vega_heads_encode(struct vega_columns *columns, const union vega_record *records, uint32_t cnt,
	struct sink *sink);
void vega_heads_decode(
	struct vega_columns *columns, struct source *source, uint32_t cnt, union vega_record *to);

void vega_bodies_encode(
	struct vega_columns *columns, const union vega_record *records, struct sink *sink);
void vega_bodies_decode(struct vega_columns *columns, struct source *source, union vega_record *to);

#endif
