/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_RNG_H
#define VEGA_TESTS_RNG_H
/*
 * The same numbers for the same seed, on every machine (splitmix64).
 */
#include <stdint.h>
#include <stdlib.h>

struct rng {
	uint64_t state;
};

static inline uint64_t
rng_next(struct rng *rng)
{
	uint64_t z = (rng->state += 0x9E3779B97F4A7C15ull);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
	return z ^ (z >> 31);
}

/* 0 to below - 1. */
static inline uint64_t
rng_below(struct rng *rng, uint64_t below)
{
	return rng_next(rng) % below;
}

/* True in one of `of` cases. */
static inline int
rng_one_in(struct rng *rng, uint64_t of)
{
	return rng_below(rng, of) == 0;
}

/* $VEGA_SEED, or the one given. */
static inline uint64_t
rng_seed(uint64_t otherwise)
{
	const char *text = getenv("VEGA_SEED");

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

#endif
