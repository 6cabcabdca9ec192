/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_prng.h"

uint64_t
vega_prng_split(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void
vega_prng_seed(struct vega_prng *prng, uint64_t seed, uint64_t branch)
{
	uint64_t split = branch;

	split = seed ^ vega_prng_split(&split);
	for (unsigned i = 0; i < 4; i++)
		prng->state[i] = vega_prng_split(&split);
}

uint64_t
vega_prng_wait(struct vega_prng *prng, uint64_t mean)
{
	uint64_t u = vega_prng_next(prng) | 1;
	unsigned zeros = (unsigned)__builtin_clzll(u);
	uint64_t fraction = (u << zeros << 1) >> 48;
	uint64_t log2_q16 = ((uint64_t)(zeros + 1) << 16) - fraction;

	/* The mean of log2_q16 is 1.5: 1 for the zeros, 1/2 for the line. */
	return (uint64_t)(((unsigned __int128)(mean * 2 / 3) * log2_q16) >> 16);
}
