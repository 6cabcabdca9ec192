/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_PRNG_H
#define VEGA_GEN_PRNG_H
/*
 * Seeded pseudo-random numbers: xoshiro256** (Blackman and Vigna), its state filled by splitmix64.
 *
 * Whole numbers only, so that a seed gives the same numbers on every machine. Not for secrets.
 */
#include <stdbool.h>
#include <stdint.h>

/* Parts of one: a probability is a whole number of billionths. */
#define VEGA_PRNG_ONE_PPB 1000000000u

struct vega_prng {
	uint64_t state[4];
};

/* One step of splitmix64: moves *state on and returns its next output. */
uint64_t vega_prng_split(uint64_t *state);

/*
 * Seed a generator.
 *
 * Params: seed	any
 *	   branch	generators of one seed but different branches run independently of each other
 */
void vega_prng_seed(struct vega_prng *prng, uint64_t seed, uint64_t branch);

static inline uint64_t
vega_prng_rotate(uint64_t word, unsigned bits)
{
	return (word << bits) | (word >> (64 - bits));
}

static inline uint64_t
vega_prng_next(struct vega_prng *prng)
{
	uint64_t *s = prng->state;
	uint64_t result = vega_prng_rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = vega_prng_rotate(s[3], 45);
	return result;
}

/* 0 to limit - 1, limit at least 1; the bias is below limit / 2^32. */
static inline uint32_t
vega_prng_below(struct vega_prng *prng, uint32_t limit)
{
	return (uint32_t)(((vega_prng_next(prng) >> 32) * limit) >> 32);
}

/* True in `ppb` of a billion cases; never draws for 0. */
static inline bool
vega_prng_chance(struct vega_prng *prng, uint32_t ppb)
{
	return ppb != 0 && vega_prng_below(prng, VEGA_PRNG_ONE_PPB) < ppb;
}

/*
 * A waiting time of mean `mean`, nearly exponential: -log2 of a uniform number, taken from its leading zeros and
 * with a straight line between the powers of two. No table, no floating point. `mean` is below 2^57.
 */
uint64_t vega_prng_wait(struct vega_prng *prng, uint64_t mean);

#endif
