/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_ATOMIC_H
#define VEGA_BASE_ATOMIC_H
/*
 * Atomic access to plain 64-bit words of shared memory.
 *
 * The structs in installed headers hold plain uint64_t, so that they compile as C++ too; every access
 * by two threads or processes goes through these four. On x86 each is one plain mov. The caller
 * labels each use (W1, R2 ...) and names its partner; the protocols stand in frame.h and ring.h.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"

static inline uint64_t
vega_load_acquire(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint64_t
vega_load_relaxed(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void
vega_store_release(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void
vega_store_relaxed(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/*
 * The same for the words of a struct whose fields have other types than uint64_t: the field that a word begins with stands for it.
 */
static inline uint64_t
vega_load_acquire_at(const void *word)
{
	const uint64_t VEGA_MAY_ALIAS *at = word;

	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static inline void
vega_store_release_at(void *word, uint64_t value)
{
	uint64_t VEGA_MAY_ALIAS *at = word;

	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* A counter cell has one writer: load, add and store need no lock prefix. */
static inline void
vega_count(uint64_t *cell, uint64_t n)
{
	vega_store_relaxed(cell, vega_load_relaxed(cell) + n);
}

static inline void
vega_count_max(uint64_t *cell, uint64_t value)
{
	if (value > vega_load_relaxed(cell))
		vega_store_relaxed(cell, value);
}

#endif
