/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream is a row of instructions, each begun by one byte: copy literals from the input, or a match from the output, followed
 * by up to three literals. It ends with an instruction of three bytes. So wherever an instruction begins, three bytes must be
 * left, whatever it is: one comparison covers the instruction and the distance behind it.
 *
 * Written from a description of the format, not from another program.
 */
#include "capture/feed/lzo1z.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "capture/feed/bytes.h"

#define END_BYTES  3u
#define WIDE_BYTES 16u
#define END_DIST   0x4000u /* of an instruction below 32 */

/*
 * A match. Its last byte holds the low six bits of the distance above two bits for the number of literals that follow; which byte
 * that is, and what stands above it, is cut out of the instruction and the two bytes behind it by shift and mask.
 */
struct match {
	uint16_t dist; /* to be added; 0: the last match's distance again */
	uint16_t mask;
	uint8_t shift;      /* bits that are not part of the instruction: 16, 8 or 0 */
	uint8_t bytes;      /* 0: a long one, its length follows */
	uint8_t long_bytes; /* then to be added */
};

/* clang-format off */
#define X4(M, t)  M(t), M((t) + 1), M((t) + 2), M((t) + 3)
#define X16(M, t) X4(M, t), X4(M, (t) + 4), X4(M, (t) + 8), X4(M, (t) + 12)
#define X64(M, t) X16(M, t), X16(M, (t) + 16), X16(M, (t) + 32), X16(M, (t) + 48)

#define AFTER_RUN(t)   {0x701 + ((t) << 6), 0xFF, 8, 3, 0}
#define AFTER_MATCH(t) {1 + ((t) << 6), 0xFF, 8, 2, 0}
#define FAR(t)         {0x4000 + (((t) & 8) << 11), 0xFFFF, 0, ((t) & 7) ? ((t) & 7) + 2 : 0, 7 + 2}
#define MIDDLE(t)      {1, 0xFFFF, 0, ((t) & 31) ? ((t) & 31) + 2 : 0, 31 + 2}
#define NEAR(t)        {((t) & 31) < 28 ? 1 + (((t) & 31) << 6) : 0, 0xFF, \
			((t) & 31) < 28 ? 8 : 16, ((t) >> 5) + 1, 0}

static const struct match matches[256 + 16] = {
	X16(AFTER_RUN, 0), X16(FAR, 16), X16(MIDDLE, 32), X16(MIDDLE, 48),
	X64(NEAR, 64), X64(NEAR, 128), X64(NEAR, 192),
	X16(AFTER_MATCH, 0),
};
/* clang-format on */

/* What an instruction below 16 means; the value is what is added to it to find its match. */
enum after {
	AFTER_A_RUN = 0,
	AFTER_A_MATCH = 256, /* and its literals */
	AFTER_BARE = 1       /* match without literals: a run of literals */
};

struct lzo {
	const uint8_t *in;
	const uint8_t *in_end;
	uint8_t *out;
	const uint8_t *out_begin;
	const uint8_t *out_end;
};

static VEGA_ALWAYS_INLINE size_t
in_left(const struct lzo *z)
{
	return (size_t)(z->in_end - z->in);
}

static VEGA_ALWAYS_INLINE size_t
out_left(const struct lzo *z)
{
	return (size_t)(z->out_end - z->out);
}

/* A length in bytes of 255 each, and a last one; 0 where it ends too late. */
static size_t
take_long(struct lzo *z)
{
	size_t bytes = 0;

	while (in_left(z) >= END_BYTES) {
		const uint8_t more = *z->in++;

		if (more != 0)
			return bytes + more;
		bytes += 255;
	}
	return 0;
}

/*
 * The copies below move whole words, up to WIDE_BYTES too many: the caller has seen that there is room.
 */
static VEGA_ALWAYS_INLINE void
copy_wide(uint8_t *to, const uint8_t *from, size_t bytes)
{
	for (size_t done = 0; done < bytes; done += WIDE_BYTES)
		memcpy(to + done, from + done, WIDE_BYTES);
}

/*
 * From at least eight bytes back. Most matches are no longer than the first eight. What is not needed is not read: from less than
 * sixteen back it would have to wait for the bytes just written.
 */
static VEGA_ALWAYS_INLINE void
copy_apart(uint8_t *to, size_t dist, size_t bytes)
{
	memcpy(to, to - dist, 8);
	for (size_t done = 8; done < bytes; done += 8)
		memcpy(to + done, to + done - dist, 8);
}

/*
 * From less than eight bytes back: the match repeats its first `dist` bytes. A multiplication fills a word with them; the word is
 * laid again and again, as many whole repetitions apart as it holds.
 */
static VEGA_ALWAYS_INLINE void
copy_repeated(uint8_t *to, size_t dist, size_t bytes)
{
	static const struct {
		uint64_t times;
		size_t step;
	} fill[8] = {
		[1] = {UINT64_C(0x0101010101010101), 8},
		[2] = {UINT64_C(0x0001000100010001), 8},
		[3] = {UINT64_C(0x0001000001000001), 6},
		[4] = {UINT64_C(0x0000000100000001), 8},
		[5] = {UINT64_C(0x0000010000000001), 5},
		[6] = {UINT64_C(0x0001000000000001), 6},
		[7] = {UINT64_C(0x0100000000000001), 7},
	};
	const uint64_t first = vega_le64(to - dist) & (UINT64_MAX >> ((64 - 8 * dist) & 63));
	const uint64_t word = first * fill[dist].times;

	for (size_t done = 0; done < bytes; done += fill[dist].step)
		memcpy(to + done, &word, 8);
}

static VEGA_ALWAYS_INLINE bool
copy_literals(struct lzo *z, size_t bytes)
{
	const size_t in = in_left(z);
	const size_t out = out_left(z);

	if (bytes > in || bytes > out)
		return false;
	if (vega_likely(in - bytes >= WIDE_BYTES && out - bytes >= WIDE_BYTES))
		copy_wide(z->out, z->in, bytes);
	else
		memcpy(z->out, z->in, bytes);
	z->in += bytes;
	z->out += bytes;
	return true;
}

static VEGA_ALWAYS_INLINE bool
copy_match(struct lzo *z, size_t dist, size_t bytes)
{
	uint8_t *to = z->out;
	const size_t room = out_left(z);

	/* A distance of 0 wraps: it is before the first byte as well. */
	if (dist - 1 >= (size_t)(to - z->out_begin) || bytes > room)
		return false;
	z->out += bytes;
	if (vega_unlikely(room - bytes < WIDE_BYTES))
		for (size_t i = 0; i < bytes; i++)
			to[i] = *(to + i - dist);
	else if (vega_likely(dist >= 8))
		copy_apart(to, dist, bytes);
	else
		copy_repeated(to, dist, bytes);
	return true;
}

/* The literals behind a match: three at most, moved as four where that is inside. */
static VEGA_ALWAYS_INLINE bool
copy_tail(struct lzo *z, size_t bytes)
{
	if (vega_unlikely(in_left(z) < 4 || out_left(z) < 4))
		return copy_literals(z, bytes);
	memcpy(z->out, z->in, 4);
	z->in += bytes;
	z->out += bytes;
	return true;
}

/* A stream may begin with literals in a form of its own: one byte, their number and 17. */
static bool
take_first(struct lzo *z, enum after *after)
{
	size_t bytes;

	*after = AFTER_BARE;
	if (in_left(z) < END_BYTES || *z->in <= 17)
		return true;
	bytes = *z->in++ - 17u;
	*after = bytes < 4 ? AFTER_A_MATCH : AFTER_A_RUN;
	return copy_literals(z, bytes);
}

static VEGA_ALWAYS_INLINE bool
take_run(struct lzo *z, size_t bytes)
{
	if (vega_unlikely(bytes == 0)) {
		bytes = take_long(z);
		if (bytes == 0)
			return false;
		bytes += 15;
	}
	return copy_literals(z, bytes + 3);
}

int
vega_lzo1z_decode(const uint8_t *in, uint32_t in_bytes, uint8_t *out, uint32_t out_bytes)
{
	struct lzo z = {in, in + in_bytes, out, out, out + out_bytes};
	enum after after;
	size_t last = 0;

	if (!take_first(&z, &after))
		return -EBADMSG;
	while (vega_likely(in_left(&z) >= END_BYTES)) {
		const uint32_t t = *z.in++;
		const struct match *match;
		uint32_t tail;
		size_t bytes;

		if (t < 16 && after == AFTER_BARE) {
			if (!take_run(&z, t))
				return -EBADMSG;
			after = AFTER_A_RUN;
			continue;
		}
		match = &matches[t < 16 ? t + after : t];
		bytes = match->bytes;
		if (vega_unlikely(bytes == 0)) {
			bytes = take_long(&z) + match->long_bytes;
			if (bytes == match->long_bytes)
				return -EBADMSG;
		}
		tail = (t << 16 | vega_be16(z.in)) >> match->shift & match->mask;
		z.in += 2 - match->shift / 8;
		last = match->dist != 0 ? match->dist + (tail >> 2) : last;
		if (vega_unlikely(last == END_DIST && t >= 16 && t < 32))
			return z.in == z.in_end ? (int)(z.out - out) : -EBADMSG;
		if (!copy_match(&z, last, bytes) || !copy_tail(&z, tail & 3))
			return -EBADMSG;
		after = (tail & 3) != 0 ? AFTER_A_MATCH : AFTER_BARE;
	}
	return -EBADMSG;
}
