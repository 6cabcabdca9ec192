/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The decoder held against liblzo2: what that compresses comes back; damaged streams and streams that no compressor writes are
 * accepted or refused alike, with the same bytes. Only this test needs liblzo2.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/feed/lzo1z.h"
#include "tests/lib/rng.h"

#ifndef WITH_LZO2
int
main(void)
{
	(void)printf(
		"skipped: need liblzo2 (liblzo2-dev) to compare with, found none at build time\n");
	return 77;
}
#else
#include <lzo/lzo1z.h>

#define DATA_BYTES_MAX   60000u
#define STREAM_BYTES_MAX (DATA_BYTES_MAX + DATA_BYTES_MAX / 16 + 67)

static struct rng rng;
static uint64_t accepted_cnt;
static uint64_t refused_cnt;

/* In buffers of exactly these sizes. Returns false where the two disagree. */
static bool
agree(const uint8_t *stream, uint32_t bytes, uint32_t room)
{
	uint8_t *in = malloc(bytes != 0 ? bytes : 1);
	uint8_t *ours = malloc(room != 0 ? room : 1);
	uint8_t *theirs = malloc(room != 0 ? room : 1);
	lzo_uint their_bytes = room;
	bool same;
	bool is_good;
	int our_bytes;

	if (in == NULL || ours == NULL || theirs == NULL)
		abort();
	memcpy(in, stream, bytes);
	our_bytes = vega_lzo1z_decode(in, bytes, ours, room);
	is_good = lzo1z_decompress_safe(in, bytes, theirs, &their_bytes, NULL) == LZO_E_OK;
	same = is_good == (our_bytes >= 0) &&
	       (!is_good || ((lzo_uint)our_bytes == their_bytes &&
				    memcmp(ours, theirs, their_bytes) == 0));
	accepted_cnt += is_good;
	refused_cnt += !is_good;
	free(in);
	free(ours);
	free(theirs);
	return same;
}

/* Zeros, few values, rows that differ little, noise: what the messages are made of. */
static void
fill(uint8_t *data, uint32_t bytes)
{
	const uint32_t kind = (uint32_t)rng_below(&rng, 4);
	const uint32_t row = 4 + (uint32_t)rng_below(&rng, 60);

	for (uint32_t i = 0; i < bytes; i++) {
		const uint64_t r = rng_next(&rng);

		if (kind == 0)
			data[i] = r % 16 == 0 ? (uint8_t)(r >> 8) : 0;
		else if (kind == 1)
			data[i] = (uint8_t)(r % 3);
		else if (kind == 2)
			data[i] = i < row || r % 8 == 0 ? (uint8_t)(r >> 8) : data[i - row];
		else
			data[i] = (uint8_t)(r >> 8);
	}
}

static uint32_t
compress(const uint8_t *data, uint32_t bytes, uint8_t *stream)
{
	static uint8_t work[LZO1Z_999_MEM_COMPRESS];
	lzo_uint stream_bytes = STREAM_BYTES_MAX;

	if (lzo1z_999_compress(data, bytes, stream, &stream_bytes, work) != LZO_E_OK)
		abort();
	return (uint32_t)stream_bytes;
}

static uint32_t
below(uint32_t n)
{
	return (uint32_t)rng_below(&rng, n);
}

static uint32_t
mutate(uint8_t *stream, uint32_t bytes)
{
	const uint32_t at = below(bytes);

	switch (below(4)) {
	case 0:
		stream[at] ^= (uint8_t)(1u << below(8));
		return bytes;
	case 1:
		stream[at] = (uint8_t)rng_next(&rng);
		return bytes;
	case 2:
		memmove(stream + at, stream + at + 1, bytes - at - 1);
		return bytes - 1;
	default:
		return at;
	}
}

/* Any instruction but an end, and not often a far match. */
static uint8_t
instruction(void)
{
	const uint32_t kind = below(8);
	const uint32_t any = below(192);

	if (kind == 0)
		return (uint8_t)(64 + (any | 28)); /* the last distance again */
	if (kind < 3)
		return (uint8_t)(64 + (any & 0xE0));
	if (kind < 5)
		return (uint8_t)(32 + any % 32);
	return (uint8_t)(any % 18);
}

/* Instructions as they come, most of them reaching back not too far. */
static uint32_t
invent(uint8_t *stream)
{
	static const uint8_t end[] = {0x11, 0, 0};
	uint32_t at = 0;

	stream[at++] = (uint8_t)(18 + below(238));
	for (uint32_t i = stream[0] - 17u + below(3); i != 0; i--)
		stream[at++] = (uint8_t)rng_next(&rng);
	for (uint32_t i = below(30); i != 0; i--) {
		stream[at++] = instruction();
		for (uint32_t more = below(4); more != 0; more--) {
			const uint32_t shift = below(6);

			stream[at++] = (uint8_t)(below(8) << shift);
		}
	}
	memcpy(stream + at, end, sizeof(end));
	return at + (uint32_t)sizeof(end);
}

static int
fail(const char *what, uint64_t number)
{
	(void)printf("they differ: %s %llu\n", what, (unsigned long long)number);
	return 1;
}

static int
check_round_trip(uint32_t number, uint32_t bytes_max)
{
	static uint8_t data[DATA_BYTES_MAX];
	static uint8_t stream[STREAM_BYTES_MAX];
	static uint8_t back[DATA_BYTES_MAX];
	const uint32_t bytes = 1 + below(bytes_max);
	uint32_t packed;

	fill(data, bytes);
	packed = compress(data, bytes, stream);
	if (vega_lzo1z_decode(stream, packed, back, sizeof(back)) != (int)bytes ||
		memcmp(data, back, bytes) != 0 || !agree(stream, packed, bytes) ||
		!agree(stream, packed, bytes - 1))
		return fail("round trip", number);
	for (uint32_t i = 0; i < 50; i++) {
		static uint8_t damaged[STREAM_BYTES_MAX];
		uint32_t left = packed;

		memcpy(damaged, stream, packed);
		for (uint32_t n = 1 + below(3); n != 0 && left != 0; n--)
			left = mutate(damaged, left);
		if (!agree(damaged, left, bytes + below(64)))
			return fail("damaged stream", number);
	}
	return 0;
}

int
main(void)
{
	const uint64_t seed = rng_seed(1);
	uint8_t stream[1024];

	rng.state = seed;
	(void)printf("seed %llu\n", (unsigned long long)seed);
	if (lzo_init() != LZO_E_OK)
		return fail("liblzo2 itself", 0);
	for (uint32_t i = 0; i < 4000; i++)
		if (check_round_trip(i, i % 100 == 0 ? DATA_BYTES_MAX : 700) != 0)
			return 1;
	for (uint32_t i = 0; i < 400000; i++) {
		const uint32_t bytes = invent(stream);

		if (!agree(stream, bytes, 100 + below(2000)))
			return fail("invented stream", i);
	}
	(void)printf("%llu accepted, %llu refused alike\n", (unsigned long long)accepted_cnt,
		(unsigned long long)refused_cnt);
	return accepted_cnt > 10000 && refused_cnt > 10000 ? 0 : 1;
}
#endif
