/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream as bytes:
 *
 *	n  bytes		numbers of variable length: seven bits a byte, the lowest first, the highest bit says that more follow
 *	n  bytes that follow	as many: they lie as they are; fewer: one zstd frame
 *	   they
 */
/* For ZSTD_c_literalCompressionMode alone; a library that does not know it makes larger streams, nothing worse. */
#define ZSTD_STATIC_LINKING_ONLY
#include "store/columns_private.h"

#define LEVEL_BEST 19
#define LEVEL_LIVE (-20) /* how often bytes come is learned, repeats are hardly looked for */
#define LEVEL_LONG (-1)  /* repeats are looked for: slower, and where blocks are long, worth it */
#define FRAME_MIN  256u  /* live: of fewer bytes, a frame takes longer than it saves */

static void
put_bytes(struct sink *sink, const void *from, size_t bytes)
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
	put_bytes(sink, bytes, cnt);
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

static int
level_of(const struct vega_columns *columns)
{
	if (columns->effort == VEGA_COLUMNS_BEST)
		return LEVEL_BEST;
	return columns->is_long ? LEVEL_LONG : LEVEL_LIVE;
}

/* Returns bytes written at `to`, 0: it does not get smaller, or is not worth the time. */
static size_t
squeeze(struct vega_columns *columns, const struct stream *stream, enum stream_worth worth,
	uint8_t *to, size_t room)
{
	const bool is_hurried = columns->effort != VEGA_COLUMNS_BEST;
	ZSTD_CCtx *zstd = columns->zstd_encode;
	size_t bytes;

	if (stream->cnt == 0 || (is_hurried && stream->cnt < FRAME_MIN) ||
		(is_hurried && !columns->is_long && worth == STREAM_NOISE))
		return 0;
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level_of(columns));
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
	bytes = ZSTD_compress2(zstd, to, room, stream->bytes, stream->cnt);
	return ZSTD_isError(bytes) || bytes >= stream->cnt ? 0 : bytes;
}

#define HEAD_BYTES_MAX 20u

void
vega_stream_pack(struct vega_columns *columns, const struct stream *stream, enum stream_worth worth,
	struct sink *sink)
{
	uint8_t *body = sink->at + HEAD_BYTES_MAX;
	size_t bytes;

	if (sink->is_full || (size_t)(sink->end - sink->at) < HEAD_BYTES_MAX) {
		sink->is_full = true;
		return;
	}
	bytes = squeeze(columns, stream, worth, body, (size_t)(sink->end - body));
	vega_sink_u64(sink, stream->cnt);
	vega_sink_u64(sink, bytes != 0 ? bytes : stream->cnt);
	if (bytes != 0) {
		memmove(sink->at, body, bytes);
		sink->at += bytes;
	} else {
		put_bytes(sink, stream->bytes, stream->cnt);
	}
}

void
vega_stream_unpack(
	struct vega_columns *columns, struct stream *stream, size_t cnt_max, struct source *source)
{
	const uint64_t cnt = vega_source_u64(source);
	const uint64_t bytes = vega_source_u64(source);

	stream->cnt = 0;
	if (source->is_bad || cnt > cnt_max || cnt > stream->room || bytes > cnt ||
		bytes > (size_t)(source->end - source->at)) {
		source->is_bad = true;
		return;
	}
	if (bytes == cnt)
		memcpy(stream->bytes, source->at, cnt);
	else
		source->is_bad = ZSTD_decompressDCtx(columns->zstd_decode, stream->bytes, cnt,
					 source->at, bytes) != cnt;
	source->at += bytes;
	stream->cnt = cnt;
}
