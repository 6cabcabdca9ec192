/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A column as bytes:
 *
 *	1  predictor
 *	n  unit			numbers of variable length: seven bits a byte, the lowest first, the highest bit says that more follow
 *	n  symbol bytes		0: all symbols are 0; as many as there are symbols: they lie as they are; else one zstd frame
 *	n  extra bytes
 *	   symbols
 *	   extra bits
 */
/* For ZSTD_c_literalCompressionMode alone; a library that does not know it makes larger columns, nothing worse. */
#define ZSTD_STATIC_LINKING_ONLY
#include "store/columns_private.h"

#define LEVEL_BEST    19
#define LEVEL_REPEATS 1     /* live, symbols that repeat in runs and patterns */
#define LEVEL_NUMBERS (-20) /* live, symbols whose frequencies are all there is to learn */
#define NUMBERS_MIN   4096u /* symbols; of fewer, the same */
#define FRAME_MIN     512u  /* live: of fewer symbols, a frame takes longer than it saves */

void
vega_sink_bytes(struct sink *sink, const void *from, size_t bytes)
{
	if (sink->is_full || (size_t)(sink->end - sink->at) < bytes) {
		sink->is_full = true;
		return;
	}
	memcpy(sink->at, from, bytes);
	sink->at += bytes;
}

void
vega_sink_u64(struct sink *sink, uint64_t value)
{
	uint8_t bytes[10];
	uint32_t cnt = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[cnt++] = (uint8_t)(value | 0x80);
	bytes[cnt++] = (uint8_t)value;
	vega_sink_bytes(sink, bytes, cnt);
}

uint64_t
vega_source_u64(struct source *source)
{
	uint64_t value = 0;

	for (uint32_t shift = 0; shift < 63; shift += 7) {
		if (source->at == source->end)
			break;
		value |= (uint64_t)(*source->at & 0x7Fu) << shift;
		if ((*source->at++ & 0x80u) == 0)
			return value;
	}
	source->is_bad = true;
	return 0;
}

void
vega_column_begin(struct column *column)
{
	column->cnt = 0;
	column->any = 0;
	column->unit = 1;
	column->predictor = 0;
	column->bits = (struct vega_bits){.at = column->extra};
}

/* Where there are extra bits, there are many different numbers: looking for repeats takes longer than it is worth. */
static int
level_of(const struct vega_columns *columns, const struct column *column, size_t extra_bytes)
{
	if (columns->effort == VEGA_COLUMNS_BEST)
		return LEVEL_BEST;
	return extra_bytes != 0 || column->cnt < NUMBERS_MIN ? LEVEL_NUMBERS : LEVEL_REPEATS;
}

/* Bytes that a frame must stay below: live, what gains less than a third does not pay for the time. */
static size_t
bytes_worth(const struct vega_columns *columns, const struct column *column, size_t extra_bytes)
{
	if (columns->effort == VEGA_COLUMNS_BEST)
		return column->cnt;
	if (column->cnt < FRAME_MIN)
		return 0;
	return extra_bytes != 0 ? column->cnt - column->cnt / 3 : column->cnt;
}

/* Returns bytes written at `to`, 0: it does not get small enough, or there is no room. */
static size_t
squeeze(struct vega_columns *columns, const struct column *column, size_t extra_bytes, uint8_t *to,
	size_t room)
{
	const size_t worth = bytes_worth(columns, column, extra_bytes);
	ZSTD_CCtx *zstd = columns->zstd_encode;
	size_t bytes;

	if (column->any == 0 || worth == 0)
		return 0;
	(void)ZSTD_CCtx_setParameter(
		zstd, ZSTD_c_compressionLevel, level_of(columns, column, extra_bytes));
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
	bytes = ZSTD_compress2(zstd, to, room, column->symbols, column->cnt);
	return ZSTD_isError(bytes) || bytes >= worth ? 0 : bytes;
}

#define HEAD_BYTES_MAX 24u

void
vega_columns_pack(struct vega_columns *columns, struct column *column, struct sink *sink)
{
	struct vega_bits *bits = &column->bits;
	const size_t extra_bytes = (size_t)(bits->at - column->extra) +
				   (bits->cnt != 0); /* the last is there already */
	uint8_t *body = sink->at + HEAD_BYTES_MAX;
	size_t bytes;

	if (sink->is_full || (size_t)(sink->end - sink->at) < HEAD_BYTES_MAX) {
		sink->is_full = true;
		return;
	}
	bytes = squeeze(columns, column, extra_bytes, body, (size_t)(sink->end - body));
	vega_sink_u64(sink, column->predictor);
	vega_sink_u64(sink, column->unit);
	vega_sink_u64(sink, bytes != 0 ? bytes : column->any != 0 ? column->cnt : 0);
	vega_sink_u64(sink, extra_bytes);
	if (bytes != 0) {
		memmove(sink->at, body, bytes);
		sink->at += bytes;
	} else if (column->any != 0) {
		vega_sink_bytes(sink, column->symbols, column->cnt);
	}
	vega_sink_bytes(sink, column->extra, extra_bytes);
}

static bool
expand(struct vega_columns *columns, struct column *column, uint32_t cnt, const uint8_t *from,
	size_t bytes)
{
	if (bytes == 0) {
		memset(column->symbols, 0, cnt);
		return true;
	}
	if (bytes == cnt) {
		memcpy(column->symbols, from, cnt);
		return true;
	}
	return ZSTD_decompressDCtx(columns->zstd_decode, column->symbols, cnt, from, bytes) == cnt;
}

void
vega_columns_unpack(
	struct vega_columns *columns, struct column *column, uint32_t cnt, struct source *source)
{
	const uint64_t predictor = vega_source_u64(source);
	const uint64_t unit = vega_source_u64(source);
	const uint64_t bytes = vega_source_u64(source);
	const uint64_t extra_bytes = vega_source_u64(source);
	const uint64_t left = (uint64_t)(source->end - source->at);

	vega_column_begin(column);
	if (source->is_bad || predictor >= PREDICTOR_CNT || unit == 0 || unit > UINT32_MAX ||
		bytes > left || extra_bytes > left - bytes ||
		!expand(columns, column, cnt, source->at, bytes)) {
		source->is_bad = true;
		return;
	}
	column->predictor = (uint32_t)predictor;
	column->unit = (uint32_t)unit;
	column->bits_from = source->at + bytes;
	column->at_bit = 0;
	column->bits_end = extra_bytes * 8;
	source->at += bytes + extra_bytes;
}

/* ---- values -------------------------------------------------------------------------------------------------- */

/* A difference that is a multiple of the unit is told in units, times two; any other times two, and one. */
void
vega_put_units(uint64_t *values, uint32_t cnt, uint32_t unit)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const uint64_t size = (values[i] >> 1) + (values[i] & 1);
		const uint64_t units = size / unit;

		if (units * unit == size)
			values[i] = (units << 1) - (values[i] & 1);
		else
			values[i] = values[i];
		values[i] = values[i] << 1 | (units * unit != size);
	}
}

static void
get_units(uint64_t *values, uint32_t cnt, uint32_t unit)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const uint64_t value = values[i] >> 1;
		const uint64_t units = (value >> 1) + (value & 1);

		values[i] = (values[i] & 1) != 0 ? value : (units * unit << 1) - (value & 1);
	}
}

static uint64_t
all_of(const uint64_t *values, uint32_t cnt)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < cnt; i++)
		any |= values[i];
	return any;
}

void
vega_columns_put(const struct vega_columns *columns, struct column *column, const uint64_t *values,
	uint32_t cnt, uint64_t any)
{
	uint8_t *symbols = column->symbols + column->cnt;
	uint64_t scaled[CHUNK_CNT];

	if (column->unit != 1 && any != 0) {
		memcpy(scaled, values, cnt * sizeof(*values));
		vega_put_units(scaled, cnt, column->unit);
		values = scaled;
		any = all_of(values, cnt);
	}
	if (any < 16) {
		for (uint32_t i = 0; i < cnt; i++)
			symbols[i] = (uint8_t)values[i];
	} else {
		struct vega_bits bits = column->bits;

		for (uint32_t i = 0; i < cnt; i++)
			symbols[i] = vega_code_put(&columns->code, &bits, values[i]);
		column->bits = bits;
	}
	column->any |= any != 0;
	column->cnt += cnt;
}

void
vega_columns_put_all(const struct vega_columns *columns, struct column *column,
	const uint64_t *values, uint32_t cnt)
{
	for (uint32_t at = 0; at < cnt; at += CHUNK_CNT) {
		const uint32_t chunk_cnt = cnt - at < CHUNK_CNT ? cnt - at : CHUNK_CNT;

		vega_columns_put(
			columns, column, values + at, chunk_cnt, all_of(values + at, chunk_cnt));
	}
}

void
vega_columns_put_zeros(struct column *column, uint32_t cnt)
{
	memset(column->symbols + column->cnt, 0, cnt);
	column->cnt += cnt;
}

/* Are the extra bits of these symbols there? */
static bool
bits_are_there(const struct vega_code *code, const struct column *column, const uint8_t *symbols,
	uint32_t cnt)
{
	const uint64_t left = column->bits_end - column->at_bit;
	uint64_t need = 0;

	if (left >= (uint64_t)cnt * VEGA_CODE_EXTRA_BITS_MAX)
		return true;
	for (uint32_t i = 0; i < cnt; i++)
		need += code->extra_bits[symbols[i]];
	return need <= left;
}

void
vega_columns_get(const struct vega_columns *columns, struct column *column, uint64_t *values,
	uint32_t cnt, bool *is_bad)
{
	const uint8_t *symbols = column->symbols + column->cnt;
	const uint32_t any = vega_symbols_any(symbols, cnt);

	column->cnt += cnt;
	if (any < 16) {
		for (uint32_t i = 0; i < cnt; i++)
			values[i] = symbols[i];
	} else if (bits_are_there(&columns->code, column, symbols, cnt)) {
		uint64_t at_bit = column->at_bit;

		for (uint32_t i = 0; i < cnt; i++)
			values[i] = vega_code_get(
				&columns->code, column->bits_from, &at_bit, symbols[i]);
		column->at_bit = at_bit;
	} else {
		*is_bad = true;
		memset(values, 0, cnt * sizeof(*values));
	}
	if (column->unit != 1)
		get_units(values, cnt, column->unit);
}
